// SPDX-License-Identifier: GPL-2.0

//! CORE: scenarios as XML, in the present form (`node1`, `iface1`) and the one before (`node_one`, `interface_one`).

use std::collections::{HashMap, HashSet};

use vnet_topology::plan::{MacAddr, MAX_PORTS};
use vnet_topology::units::{show_rate, show_time, MAX_RATE, MAX_TIME, MIN_RATE};
use vnet_topology::write::{End, Link, Medium, Node, Parameters, Topology};

use crate::xml::{parse, Element};
use crate::{names, ImportError, Imported, Warnings};

/// Services of routing, and the word of `routing` for them.
const ROUTING: &[(&str, &str)] = &[
    ("OSPFv2", "ospfv2"),
    ("FRROSPFv2", "ospfv2"),
    ("OSPFv3", "ospfv3"),
    ("FRROSPFv3", "ospfv3"),
    ("OSPFv3MDR", "ospfv3"),
    ("RIP", "ripv2"),
    ("FRRRIP", "ripv2"),
    ("RIPNG", "ripng"),
    ("FRRRIPNG", "ripng"),
    ("BGP", "bgp"),
    ("FRRBGP", "bgp"),
    ("FRRISIS", "isis"),
];

/// Services that need nothing: what they do is done anyway.
const DONE: &[&str] = &["zebra", "FRRzebra", "IPForward", "DefaultRoute", "vtysh"];

/// Sections that are carried over, or say nothing of the network.
const SECTIONS: &[&str] = &[
    "networks",
    "devices",
    "links",
    "mobility_configurations",
    "default_services",
    "session_origin",
    "session_metadata",
];

pub(crate) fn import(text: &str) -> Result<Imported, ImportError> {
    let root = parse(text)?;
    if root.name != "scenario" {
        return Err(ImportError::syntax(format!(
            "not a scenario of CORE: the root element is `{}`",
            root.name
        )));
    }
    let mut warnings = Warnings::default();
    let mut topology = Topology::default();
    let mut importer = Importer {
        names: HashMap::new(),
        switches: HashSet::new(),
        radio: HashMap::new(),
        devices: HashSet::new(),
        macs: HashSet::new(),
        warnings: &mut warnings,
    };
    let mut given = names::Names::default();
    for network in root
        .child("networks")
        .into_iter()
        .flat_map(|networks| networks.all("network"))
    {
        importer.network(network, &mut given, &mut topology)?;
    }
    let defaults = root.child("default_services");
    for device in root
        .child("devices")
        .into_iter()
        .flat_map(|devices| devices.all("device"))
    {
        importer.device(device, defaults, &mut given, &mut topology)?;
    }
    if topology.nodes.is_empty() {
        return Err(ImportError::syntax("there are no devices in the scenario"));
    }
    for link in root
        .child("links")
        .into_iter()
        .flat_map(|links| links.all("link"))
    {
        importer.link(link, &mut topology);
    }
    importer.radios(root.child("mobility_configurations"), &mut topology);
    for section in &root.children {
        let name = section.name.as_str();
        let what = match name {
            "session_options" => {
                importer.session(section);
                continue;
            }
            name if SECTIONS.contains(&name) || section.children.is_empty() => continue,
            "emane_configurations" | "emane_global_configuration" => "parameters of EMANE",
            "service_configurations" | "configservice_configurations" => {
                "changed configurations of services"
            }
            "session_hooks" => "hooks",
            "servers" => "other machines",
            _ => "things that are not known",
        };
        importer
            .warnings
            .add("", format!("{what} ({name}) are not carried over"));
    }
    Ok(Imported {
        topology,
        warnings: warnings.list,
    })
}

struct Importer<'w> {
    /// Names of nodes by their ids.
    names: HashMap<String, String>,
    /// Those that are switches or hubs, by name.
    switches: HashSet<String>,
    /// Radio networks by name, with their places and what is on them.
    radio: HashMap<String, Radio>,
    /// Those that are devices of the machine, by name.
    devices: HashSet<String>,
    macs: HashSet<MacAddr>,
    warnings: &'w mut Warnings,
}

/// A radio network.
#[derive(Default)]
struct Radio {
    medium: Medium,
    id: String,
    position: Option<(f64, f64)>,
}

fn position(element: &Element) -> Option<(f64, f64)> {
    let place = element.child("position")?;
    let number = |name: &str| {
        place
            .attribute(name)?
            .parse::<f64>()
            .ok()
            .filter(|n| n.abs() <= 1e6)
    };
    Some((number("x")?, number("y")?))
}

impl Importer<'_> {
    /// The name of a node; its id has to be new.
    fn name(&mut self, element: &Element, given: &mut names::Names) -> Result<String, ImportError> {
        let id = element
            .attribute("id")
            .ok_or_else(|| ImportError::syntax(format!("a {} has no id", element.name)))?;
        let label = element.attribute("name").unwrap_or(id);
        let name = given.host(label, id);
        if name != label {
            self.warnings
                .add(format!("node {label}"), format!("is called {name}"));
        }
        match self.names.insert(id.to_owned(), name.clone()) {
            None => Ok(name),
            Some(_) => Err(ImportError::syntax(format!(
                "there are two nodes with the id {id}"
            ))),
        }
    }

    fn network(
        &mut self,
        network: &Element,
        given: &mut names::Names,
        topology: &mut Topology,
    ) -> Result<(), ImportError> {
        let kind = network.attribute("type").unwrap_or_default();
        let name = self.name(network, given)?;
        let about = format!("node {name}");
        let ours = match kind {
            "SWITCH" | "PEER_TO_PEER" => "switch",
            "HUB" => "hub",
            "WIRELESS_LAN" | "WIRELESS" | "EMANE" => {
                if kind == "EMANE" {
                    self.warnings.add(
                        &about,
                        "a radio network of EMANE becomes a medium: all hear all, without loss",
                    );
                }
                let radio = Radio {
                    medium: Medium {
                        name: name.clone(),
                        ..Medium::default()
                    },
                    id: network.attribute("id").unwrap_or_default().to_owned(),
                    position: position(network),
                };
                self.radio.insert(name, radio);
                return Ok(());
            }
            "RJ45" => {
                self.warnings.add(
                    &about,
                    "a device of the machine, which it has with `--kernel host` only",
                );
                let device = network.attribute("name").unwrap_or_default();
                // Its interface is the device: nothing is set on it.
                self.switches.insert(name.clone());
                self.devices.insert(name.clone());
                topology.nodes.push(Node {
                    name,
                    kind: "rj45".into(),
                    device: Some(device.to_owned()),
                    position: position(network),
                    ..Node::default()
                });
                return Ok(());
            }
            "TUNNEL" | "CONTROL_NET" => {
                self.warnings.add(
                    &about,
                    format!("a connection to the outside ({kind}): left out with its links"),
                );
                self.names
                    .remove(network.attribute("id").unwrap_or_default());
                return Ok(());
            }
            kind => {
                self.warnings.add(
                    &about,
                    format!("of the type {kind}, which is not known: becomes a switch"),
                );
                "switch"
            }
        };
        self.switches.insert(name.clone());
        topology.nodes.push(Node {
            name,
            kind: ours.into(),
            position: position(network),
            ..Node::default()
        });
        Ok(())
    }

    fn device(
        &mut self,
        device: &Element,
        defaults: Option<&Element>,
        given: &mut names::Names,
        topology: &mut Topology,
    ) -> Result<(), ImportError> {
        let name = self.name(device, given)?;
        let about = format!("node {name}");
        let kind = device.attribute("type").unwrap_or_default();
        let names = |element: &Element| -> Vec<String> {
            element
                .all("service")
                .filter_map(|service| service.attribute("name").map(str::to_owned))
                .collect()
        };
        // A file may have both, one of them empty.
        let own = ["services", "configservices"].map(|name| device.child(name).map(names));
        let services = own.into_iter().flatten().reduce(|mut all, more| {
            all.extend(
                more.into_iter()
                    .filter(|name| !all.contains(name))
                    .collect::<Vec<_>>(),
            );
            all
        });
        let services = services.unwrap_or_else(|| {
            let default = defaults.and_then(|defaults| {
                defaults
                    .all("node")
                    .find(|node| node.attribute("type") == Some(kind))
            });
            default.map(names).unwrap_or_default()
        });
        if let Some(image @ ("docker" | "lxc" | "podman")) = device.attribute("class") {
            let programs = device.attribute("image").filter(|image| !image.is_empty());
            self.warnings.add(
                &about,
                format!(
                    "programs of its image {} ({image}) are not here, those of the guest are",
                    programs.unwrap_or("without a name")
                ),
            );
        }
        let mut node = Node {
            name,
            position: position(device),
            ..Node::default()
        };
        for service in &services {
            match ROUTING.iter().find(|(known, _)| known == service) {
                Some((_, word)) => {
                    if service == "OSPFv3MDR" {
                        self.warnings.add(
                            &about,
                            "OSPFv3 without the extension for radio networks (MDR)",
                        );
                    }
                    if !node.routing.iter().any(|known| known == word) {
                        node.routing.push((*word).to_owned());
                    }
                }
                None if DONE.contains(&service.as_str()) => {}
                None => self.warnings.add(
                    &about,
                    format!("the service {service} is not started: put it under `daemons`"),
                ),
            }
        }
        let forwards = services
            .iter()
            .any(|service| service == "IPForward" || service.contains("zebra"));
        let router =
            matches!(kind, "router" | "mdr" | "prouter") || forwards || !node.routing.is_empty();
        node.kind = if router { "router" } else { "host" }.into();
        if router && node.routing.is_empty() {
            node.routing = vec!["none".into()];
        }
        if router && node.routing == ["ospfv2", "ospfv3"] {
            node.routing = vec!["ospf".into()];
        }
        topology.nodes.push(node);
        Ok(())
    }

    /// Settings of the whole session that make networks or processes.
    fn session(&mut self, options: &Element) {
        for option in options.all("configuration") {
            let (name, value) = (option.attribute("name"), option.attribute("value"));
            if let (Some(name), Some(value)) = (name, value) {
                if name.starts_with("controlnet") && !value.trim().is_empty() {
                    self.warnings.add(
                        "",
                        format!("the control network ({name} {value}) is not carried over"),
                    );
                }
            }
        }
    }

    fn link(&mut self, link: &Element, topology: &mut Topology) {
        let id = |side: usize| {
            ["node1", "node2"]
                .get(side)
                .and_then(|new| link.attribute(new))
                .or(link.attribute(["node_one", "node_two"][side]))
        };
        let (Some(one), Some(two)) = (id(0), id(1)) else {
            self.warnings.add("a link", "has no two nodes: left out");
            return;
        };
        let about = format!("link {one} to {two}");
        let (Some(a), Some(b)) = (self.names.get(one).cloned(), self.names.get(two).cloned())
        else {
            self.warnings
                .add(about, "leads to what is not carried over: left out");
            return;
        };
        if a == b {
            self.warnings
                .add(about, "leads from a node to itself: left out");
            return;
        }
        let ends = [self.end(link, 0, &a, &b), self.end(link, 1, &b, &a)];
        match (self.radio.contains_key(&a), self.radio.contains_key(&b)) {
            (false, false) => {}
            (true, true) => {
                self.warnings
                    .add(about, "joins two radio networks: left out");
                return;
            }
            (is_first, _) => {
                let (radio, end) = if is_first { (&a, 1) } else { (&b, 0) };
                if let Some(radio) = self.radio.get_mut(radio) {
                    radio.medium.ports.push(ends[end].clone());
                }
                return;
            }
        }
        let options = link.child("options");
        let parameters = options
            .map(|options| self.parameters(&about, options))
            .unwrap_or_default();
        let one_way = options.and_then(|options| options.attribute("unidirectional")) == Some("1");
        if !one_way {
            topology.links.push(Link {
                ends,
                both: parameters,
                ..Link::default()
            });
            return;
        }
        // The other direction is a link of its own, between the same interfaces.
        let same = |known: &&mut Link| {
            let key = |end: &End| (end.node.clone(), end.interface.clone());
            key(&known.ends[0]) == key(&ends[1]) && key(&known.ends[1]) == key(&ends[0])
        };
        match topology.links.iter_mut().find(same) {
            Some(known) => known.backward = parameters,
            None => topology.links.push(Link {
                ends,
                forward: parameters,
                ..Link::default()
            }),
        }
    }

    /// Makes media of the radio networks, with the parameters of their model.
    fn radios(&mut self, models: Option<&Element>, topology: &mut Topology) {
        let mut radios: Vec<Radio> = std::mem::take(&mut self.radio).into_values().collect();
        radios.sort_by(|a, b| a.medium.name.cmp(&b.medium.name));
        for mut radio in radios {
            let about = format!("network {}", radio.medium.name);
            let ports = radio.medium.ports.len();
            if !(2..=MAX_PORTS).contains(&ports) {
                self.warnings.add(
                    &about,
                    format!("a radio network of {ports} nodes: it becomes a hub, a medium has 2 to {MAX_PORTS}"),
                );
                self.hub(radio, topology);
                continue;
            }
            let models = models.into_iter();
            for model in models.flat_map(|models| models.all("mobility_configuration")) {
                if model.attribute("node") == Some(&radio.id) {
                    self.model(&about, model, &mut radio.medium, topology);
                }
            }
            topology.media.push(radio.medium);
        }
    }

    /// A radio network that cannot be a medium.
    fn hub(&mut self, radio: Radio, topology: &mut Topology) {
        let Medium { name, ports, .. } = radio.medium;
        for port in ports {
            topology.links.push(Link {
                ends: [port, End::of(name.clone())],
                ..Link::default()
            });
        }
        topology.nodes.push(Node {
            name,
            kind: "hub".into(),
            position: radio.position,
            ..Node::default()
        });
    }

    /// The parameters of a model of a radio network; who is out of range hears nothing.
    fn model(&mut self, about: &str, model: &Element, medium: &mut Medium, topology: &Topology) {
        match model.attribute("model") {
            Some("basic_range") => {}
            model => {
                let model = model.unwrap_or("without a name");
                self.warnings.add(
                    about,
                    format!(
                        "the model {model} is not carried over: nodes do not move, all hear all"
                    ),
                );
                return;
            }
        }
        let mut options = Element::default();
        let mut range = None;
        for option in model.all("configuration") {
            let (Some(name), Some(value)) = (option.attribute("name"), option.attribute("value"))
            else {
                continue;
            };
            match name {
                "range" => range = value.parse::<f64>().ok(),
                // Range is symmetric with positions alone.
                "promiscuous" => {}
                _ => options.attributes.push((name.to_owned(), value.to_owned())),
            }
        }
        medium.parameters = self.parameters(about, &options);
        let Some(range) = range else { return };
        let place = |port: &End| {
            let node = topology.nodes.iter().find(|node| node.name == port.node)?;
            node.position
        };
        for (index, one) in medium.ports.iter().enumerate() {
            for other in &medium.ports[index + 1..] {
                let (Some(a), Some(b)) = (place(one), place(other)) else {
                    continue;
                };
                if (a.0 - b.0).hypot(a.1 - b.1) > range && one.node != other.node {
                    let pair = format!("{} <-> {}", one.node, other.node);
                    medium
                        .pairs
                        .push((pair, Parameters::default().with("loss", "100%")));
                }
            }
        }
    }

    fn end(&mut self, link: &Element, side: usize, node: &str, peer: &str) -> End {
        let element = link
            .child(["iface1", "iface2"][side])
            .or(link.child(["interface_one", "interface_two"][side]));
        let mut end = End::of(node);
        let Some(element) = element.filter(|_| !self.devices.contains(node)) else {
            return end;
        };
        if let Some(name) = element.attribute("name") {
            end.interface = Some(names::interface(name));
        }
        if self.switches.contains(node) {
            return end;
        }
        let about = format!("node {node}");
        let mut addresses = Vec::new();
        for (address, mask, lan) in [("ip4", "ip4_mask", "24"), ("ip6", "ip6_mask", "64")] {
            if let (Some(address), Some(mask)) =
                (element.attribute(address), element.attribute(mask))
            {
                // Radio interfaces have no subnet in CORE; on a medium they need one.
                let whole = self.radio.contains_key(peer) && matches!(mask, "32" | "128");
                if whole {
                    self.warnings.add(
                        &about,
                        format!("{address}/{mask} on the radio network is {address}/{lan}"),
                    );
                }
                let text = format!("{address}/{}", if whole { lan } else { mask });
                match text.parse::<ipnet::IpNet>() {
                    Ok(net) => addresses.push(net.to_string()),
                    Err(_) => self
                        .warnings
                        .add(&about, format!("`{text}` is no address: left out")),
                }
            }
        }
        end.addresses = Some(addresses);
        if let Some(mac) = element
            .attribute("mac")
            .and_then(|mac| mac.parse::<MacAddr>().ok())
        {
            match mac.is_multicast() || mac.is_zero() || !self.macs.insert(mac) {
                true => self.warnings.add(
                    &about,
                    format!("the MAC address {mac} cannot be used: it gets another"),
                ),
                false => end.mac = Some(mac.to_string()),
            }
        }
        end
    }

    fn parameters(&mut self, about: &str, options: &Element) -> Parameters {
        let mut parameters = Parameters::default();
        for (key, value) in &options.attributes {
            let number = value.parse::<f64>().ok().filter(|n| n.is_finite());
            match (key.as_str(), number) {
                ("unidirectional" | "type" | "key", _) | (_, Some(0.0)) => {}
                ("bandwidth", Some(rate)) => match rate.round() as u64 {
                    rate @ MIN_RATE..=MAX_RATE => parameters.set("rate", show_rate(Some(rate))),
                    rate => self.warnings.add(
                        about,
                        format!("a bandwidth of {rate} bit/s cannot be emulated: unlimited"),
                    ),
                },
                ("delay", Some(delay)) => parameters.set(
                    "delay",
                    show_time(((delay * 1000.0).round() as u64).min(MAX_TIME)),
                ),
                ("jitter", Some(jitter)) => parameters.set(
                    "jitter",
                    show_time(((jitter * 1000.0).round() as u64).min(MAX_TIME)),
                ),
                // `per`, packet error rate, is what it was called before.
                ("loss" | "per" | "error", Some(percent)) if (0.0..=100.0).contains(&percent) => {
                    parameters.set("loss", format!("{percent}%"));
                }
                ("dup", Some(percent)) if (0.0..=100.0).contains(&percent) => {
                    parameters.set("duplicate", format!("{percent}%"));
                }
                ("buffer", Some(packets)) => {
                    parameters.set("queue", format!("{} packets", packets.round() as u32))
                }
                _ => self
                    .warnings
                    .add(about, format!("`{key} {value}` is not carried over")),
            }
        }
        parameters
    }
}
