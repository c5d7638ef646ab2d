// SPDX-License-Identifier: GPL-2.0

//! From an experiment of IMUNES to a topology.

use std::collections::{BTreeSet, HashMap, HashSet};

use ipnet::IpNet;
use vnet_topology::plan::MacAddr;
use vnet_topology::units::{show_rate, show_time, MAX_RATE, MAX_TIME, MIN_RATE};
use vnet_topology::write::{self, End, File, Parameters, Topology};

use super::canvas::join_mirrors;
use super::kind::kind;
use super::{Experiment, Interface, Link, Node};
use crate::overlap::overlaps;
use crate::text::dedent;
use crate::{frr, names, Imported, Warnings};

/// Nodes that lead out of the experiment or make traffic, without which the rest still works.
const OUTSIDE: &[(&str, &str)] = &[
    ("ext", "a connection to the outside"),
    ("extelem", "interfaces of the machine"),
    ("packgen", "a packet generator"),
];

pub(super) fn convert(mut experiment: Experiment) -> Imported {
    let mut warnings = Warnings::default();
    join_mirrors(&mut experiment);
    let mut topology = Topology::default();
    for other in &experiment.others {
        warnings.add(
            "",
            format!("`{other}` of the experiment is not carried over"),
        );
    }
    let mut given = names::Names::default();
    let mut converter = Converter {
        names: HashMap::new(),
        tags: experiment
            .nodes
            .iter()
            .flat_map(|node| node.interfaces.iter().filter_map(tag))
            .filter(|tag| *tag != 1)
            .collect(),
        macs: HashSet::new(),
        index: index(&experiment.nodes),
        warnings: &mut warnings,
    };
    for node in &experiment.nodes {
        if let Some((_, what)) = OUTSIDE.iter().find(|(kind, _)| *kind == node.kind) {
            converter.warnings.add(
                format!("node {}", node.name),
                format!("{what} ({}): left out with its links", node.kind),
            );
            continue;
        }
        let label = if node.name.is_empty() {
            &node.id
        } else {
            &node.name
        };
        let name = given.host(label, &node.id);
        if name != *label {
            converter
                .warnings
                .add(format!("node {label}"), format!("is called {name}"));
        }
        converter.names.insert(node.id.clone(), name);
    }
    for node in &experiment.nodes {
        if converter.names.contains_key(&node.id) {
            let node = converter.node(node);
            topology.nodes.push(node);
        }
    }
    for link in &experiment.links {
        if let Some(link) = converter.link(&experiment, link) {
            topology.links.push(link);
        }
    }
    topology.allow_overlap = overlaps(&topology);
    Imported {
        topology,
        warnings: warnings.list,
    }
}

/// Where nodes are in a list, by their ids.
fn index(nodes: &[Node]) -> HashMap<String, usize> {
    let numbered = nodes.iter().enumerate();
    numbered
        .map(|(index, node)| (node.id.clone(), index))
        .collect()
}

/// The machine's device that an rj45 node stands for: its interface has its name, and in older files the node itself.
fn device(node: &Node) -> &str {
    let named = node
        .interfaces
        .iter()
        .filter(|interface| interface.kind != "lo")
        .map(|interface| interface.name.as_str())
        .find(|name| name.parse::<u32>().is_err() && !matches!(*name, "" | "UNASSIGNED"));
    named.unwrap_or(&node.name)
}

fn tag(interface: &Interface) -> Option<u16> {
    interface
        .vlan_tag
        .trim()
        .parse()
        .ok()
        .filter(|tag| (1..=4094).contains(tag))
}

struct Converter<'w> {
    /// Where nodes are in the list, by their ids.
    index: HashMap<String, usize>,
    /// Names of nodes by their ids.
    names: HashMap<String, String>,
    /// All VLANs of the experiment: what passes a trunk.
    tags: BTreeSet<u16>,
    macs: HashSet<MacAddr>,
    warnings: &'w mut Warnings,
}

impl Converter<'_> {
    fn node(&mut self, node: &Node) -> write::Node {
        let about = format!("node {}", node.name);
        let (kind, note) = kind(node);
        if let Some(note) = note {
            self.warnings.add(&about, note);
        }
        let mut out = write::Node {
            name: self.names[&node.id].clone(),
            kind: kind.into(),
            position: node.position,
            stp: node.kind == "stpswitch",
            ..write::Node::default()
        };
        for key in node.others.keys() {
            self.warnings
                .add(&about, format!("`{key}` is not carried over"));
        }
        for service in &node.services {
            self.warnings.add(
                &about,
                format!("the service {service} is not started: put it under `daemons`"),
            );
        }
        for interface in &node.interfaces {
            for other in &interface.others {
                self.warnings.add(
                    &about,
                    format!("`{other}` of {} is not carried over", interface.name),
                );
            }
        }
        if kind == "rj45" {
            out.device = Some(device(node).to_owned());
        }
        if matches!(kind, "switch" | "hub" | "rj45") {
            return out;
        }
        self.own_interfaces(node, &mut out);
        for route in &node.routes {
            match route.split_whitespace().collect::<Vec<_>>()[..] {
                [to, via]
                    if to.parse::<IpNet>().is_ok() && via.parse::<std::net::IpAddr>().is_ok() =>
                {
                    // What is behind the length of a prefix is no part of it.
                    let net = to
                        .parse::<IpNet>()
                        .map_or_else(|_| to.to_owned(), |net| net.trunc().to_string());
                    out.routes.push(format!("{net} via {via}"));
                }
                _ => self
                    .warnings
                    .add(&about, format!("the route `{route}` is not carried over")),
            }
        }
        match kind {
            "router" => self.routing(node, &about, &mut out),
            _ if node.default_routes.unwrap_or(node.routes.is_empty()) => {}
            // The routes above are all that it shall have.
            _ => out.gateway = Some("none".into()),
        }
        self.custom(node, &about, &mut out);
        out
    }

    /// Interfaces that are not the end of a link.
    fn own_interfaces(&mut self, node: &Node, out: &mut write::Node) {
        let about = format!("node {}", node.name);
        for interface in &node.interfaces {
            if interface.nat {
                self.warnings.add(
                    &about,
                    format!("NAT on {} is not carried over", interface.name),
                );
            }
            let addresses = self.addresses(&about, interface);
            match interface.kind.as_str() {
                "vlan" => match tag(interface) {
                    Some(tag) => out.interfaces.push(write::Interface {
                        name: names::interface(&interface.name),
                        addresses: Some(addresses),
                        vlan: Some((names::interface(&interface.vlan_device), tag)),
                    }),
                    None => self.warnings.add(
                        &about,
                        format!("the VLAN {} has no number: left out", interface.name),
                    ),
                },
                "lo" if !addresses.is_empty() => {
                    match out.interfaces.iter_mut().find(|lo| lo.name == "lo") {
                        Some(lo) => lo.addresses.get_or_insert_default().extend(addresses),
                        None => out.interfaces.push(write::Interface {
                            name: "lo".into(),
                            addresses: Some(addresses),
                            vlan: None,
                        }),
                    }
                }
                "lo" | "phys" | "" => {}
                kind => self.warnings.add(
                    &about,
                    format!(
                        "the interface {} of type {kind} is not carried over",
                        interface.name
                    ),
                ),
            }
        }
    }

    /// Addresses of an interface, without those that every node has by itself.
    fn addresses(&mut self, about: &str, interface: &Interface) -> Vec<String> {
        let mut addresses = Vec::new();
        for text in &interface.addresses {
            match text.parse::<IpNet>() {
                Ok(net) if net.addr().is_loopback() => {}
                Ok(net) => addresses.push(net.to_string()),
                Err(_) => self.warnings.add(
                    about,
                    format!("`{text}` on {} is no address: left out", interface.name),
                ),
            }
        }
        addresses
    }

    fn routing(&mut self, node: &Node, about: &str, out: &mut write::Node) {
        let model = node.model.as_str();
        if model == "static" || node.protocols.is_empty() {
            out.routing = vec!["none".into()];
            return;
        }
        let on = |name: &str| node.protocols.iter().any(|protocol| protocol == name);
        let mut add = |word: &str| out.routing.push(word.to_owned());
        for (both, four, six, v4, v6) in [
            ("ospf", "ospfv2", "ospfv3", "ospf", "ospf6"),
            ("rip", "ripv2", "ripng", "rip", "ripng"),
        ] {
            match (on(v4), on(v6)) {
                (true, true) => add(both),
                (true, false) => add(four),
                (false, true) => add(six),
                (false, false) => {}
            }
        }
        for protocol in ["isis", "bgp"] {
            if on(protocol) {
                add(protocol);
            }
        }
        for protocol in &node.protocols {
            if !matches!(
                protocol.as_str(),
                "ospf" | "ospf6" | "rip" | "ripng" | "isis" | "bgp"
            ) {
                self.warnings.add(
                    about,
                    format!("the protocol {protocol} is not carried over"),
                );
            }
        }
        if out.routing.is_empty() {
            out.routing = vec!["none".into()];
        }
    }

    fn custom(&mut self, node: &Node, about: &str, out: &mut write::Node) {
        for custom in &node.custom {
            if custom.hook != "NODE_CONFIG" {
                self.warnings.add(
                    about,
                    format!(
                        "the custom configuration at {} is not carried over",
                        custom.hook
                    ),
                );
                continue;
            }
            let program = custom.command.rsplit('/').next().unwrap_or_default();
            match program {
                "frrboot.sh" | "quaggaboot.sh" | "vtysh" if out.kind == "router" => {
                    let config = dedent(&custom.text).replace("interface lo0", "interface lo");
                    out.routing = vec!["none".into()];
                    out.frr = frr::daemons(&config);
                    out.frr.insert(0, "zebra".into());
                    out.files.push(File {
                        path: frr::CONFIG.into(),
                        content: config.clone(),
                        ..File::default()
                    });
                    // The configuration replaces what IMUNES generates, static routes included.
                    if config.contains("ip route ") {
                        out.routes.clear();
                    }
                }
                "sh" | "bash" => {
                    out.commands.push(dedent(&custom.text));
                    self.warnings.add(
                        about,
                        "its custom configuration is run as a shell script: look through it",
                    );
                }
                _ => self.warnings.add(
                    about,
                    format!(
                        "its custom configuration for {} is not carried over",
                        custom.command
                    ),
                ),
            }
        }
    }

    fn link(&mut self, experiment: &Experiment, link: &Link) -> Option<write::Link> {
        let about = format!("link {}", link.id);
        let nodes = [0, 1].map(|side| {
            let index = self.index.get(&link.peers[side])?;
            experiment.nodes.get(*index)
        });
        let [Some(a), Some(b)] = nodes else {
            self.warnings
                .add(about, "one of its nodes does not exist: left out");
            return None;
        };
        // Those that are left out have said so.
        if !self.names.contains_key(&a.id) || !self.names.contains_key(&b.id) {
            return None;
        }
        if a.id == b.id {
            self.warnings
                .add(about, "leads from a node to itself: left out");
            return None;
        }
        let mut out = write::Link {
            ends: [self.end(a, link, 0), self.end(b, link, 1)],
            ..write::Link::default()
        };
        out.both = self.parameters(&about, link);
        let interfaces = || {
            [(a, 0), (b, 1)]
                .into_iter()
                .filter_map(|(node, side)| find_interface(node, link, side))
        };
        out.down = interfaces().any(|interface| interface.down);
        let mut mtus: Vec<u32> = Vec::new();
        for interface in interfaces() {
            match interface.mtu.trim() {
                "" => {}
                text => match text.parse().ok().filter(|mtu| (68..=65_535).contains(mtu)) {
                    Some(mtu) => mtus.push(mtu),
                    None => self.warnings.add(
                        &about,
                        format!("the MTU `{text}` of {} is not carried over", interface.name),
                    ),
                },
            }
        }
        let smallest = mtus.iter().copied().min();
        if mtus.iter().copied().max() != smallest {
            self.warnings.add(
                &about,
                "its ends have different MTUs: both have the smaller one",
            );
        }
        out.mtu = smallest.filter(|mtu| *mtu != 1500);
        for (side, (node, parameters)) in [(a, &mut out.forward), (b, &mut out.backward)]
            .into_iter()
            .enumerate()
        {
            if let Some(interface) = find_interface(node, link, side) {
                if let Some(queue) = self.queue(&about, interface) {
                    parameters.set("queue", queue);
                }
            }
        }
        Some(out)
    }

    fn end(&mut self, node: &Node, link: &Link, side: usize) -> End {
        let name = self.names[&node.id].clone();
        let Some(interface) = find_interface(node, link, side) else {
            return End::of(name);
        };
        let about = format!("node {}", node.name);
        if kind(node).0 == "rj45" {
            // The name is the device's, which is beside this interface.
            return End::of(name);
        }
        let switch = matches!(kind(node).0, "switch" | "hub");
        let mut end = End {
            node: name,
            interface: Some(names::interface(&interface.name)),
            addresses: match switch {
                true => None,
                false => Some(self.addresses(&about, interface)),
            },
            ..End::default()
        };
        if !interface.mac.is_empty() && !switch {
            match interface.mac.parse::<MacAddr>() {
                Ok(mac) if mac.is_multicast() || mac.is_zero() => self.warnings.add(
                    &about,
                    format!(
                        "{mac} on {} is no MAC address: it gets another",
                        interface.name
                    ),
                ),
                Ok(mac) if !self.macs.insert(mac) => self.warnings.add(
                    &about,
                    format!(
                        "{mac} is on another interface, too: {} gets another",
                        interface.name
                    ),
                ),
                Ok(mac) => end.mac = Some(mac.to_string()),
                Err(_) => self.warnings.add(
                    &about,
                    format!(
                        "`{}` is no MAC address: {} gets one",
                        interface.mac, interface.name
                    ),
                ),
            }
        }
        if switch && node.vlan_filtering {
            let untagged = tag(interface).unwrap_or(1);
            end.vlan = Some(match interface.trunk {
                true => (
                    Some(untagged),
                    self.tags
                        .iter()
                        .copied()
                        .filter(|tag| *tag != untagged)
                        .collect(),
                ),
                false => (Some(untagged), Vec::new()),
            });
        }
        end
    }

    /// The queue of what an interface sends. The default of IMUNES is the one that a link has anyway.
    fn queue(&mut self, about: &str, interface: &Interface) -> Option<String> {
        let mut parts = Vec::new();
        for (key, value) in &interface.queue {
            match (key.as_str(), value.as_str(), value.parse::<u32>()) {
                (_, "FIFO" | "drop-tail" | "50", _) => {}
                ("ifc_qdisc", "WFQ", _) => parts.push("discipline: wfq".to_owned()),
                ("ifc_qdisc", "DRR", _) => parts.push("discipline: drr".to_owned()),
                ("ifc_qdrop", "drop-head", _) => parts.push("drop: head".to_owned()),
                ("queue_len", _, Ok(packets @ 1..)) => {
                    parts.push(format!("limit: {packets} packets"))
                }
                _ => self.warnings.add(
                    about,
                    format!("`{key} {value}` of {} is not carried over", interface.name),
                ),
            }
        }
        // The other ones drop from the longest flow.
        let flows = parts.iter().any(|part| part.starts_with("discipline"));
        if flows && parts.iter().any(|part| part == "drop: head") {
            parts.retain(|part| part != "drop: head");
            self.warnings.add(
                about,
                format!("`drop-head` of {} is not carried over: its discipline drops from the longest flow", interface.name),
            );
        }
        (!parts.is_empty()).then(|| format!("{{{}}}", parts.join(", ")))
    }

    fn parameters(&mut self, about: &str, link: &Link) -> Parameters {
        let mut parameters = Parameters::default();
        for (key, value) in &link.properties {
            let number = value
                .split_whitespace()
                .next()
                .and_then(|word| word.parse::<f64>().ok())
                .filter(|number| number.is_finite());
            match (key.as_str(), number) {
                (_, Some(0.0)) => {}
                ("bandwidth", Some(rate)) => match rate.round() as u64 {
                    rate @ MIN_RATE..=MAX_RATE => parameters.set("rate", show_rate(Some(rate))),
                    rate => self.warnings.add(
                        about,
                        format!("a bandwidth of {rate} bit/s cannot be emulated: unlimited"),
                    ),
                },
                ("delay", Some(delay)) => match (delay * 1000.0).round() as u64 {
                    delay if delay > MAX_TIME => {
                        self.warnings
                            .add(about, "a delay above 100 s: it has 100 s");
                        parameters.set("delay", show_time(MAX_TIME));
                    }
                    delay => parameters.set("delay", show_time(delay)),
                },
                // Of so many bits one is wrong.
                ("ber", Some(bits)) if bits > 1.0 => {
                    parameters.set("ber", format!("{:e}", 1.0 / bits));
                }
                ("loss", Some(percent)) if (0.0..=100.0).contains(&percent) => {
                    parameters.set("loss", format!("{percent}%"));
                }
                ("duplicate", Some(percent)) if (0.0..=100.0).contains(&percent) => {
                    parameters.set("duplicate", format!("{percent}%"));
                }
                // A link without emulation is what one without parameters is here.
                ("direct", _) => {}
                _ => self
                    .warnings
                    .add(about, format!("`{key} {value}` is not carried over")),
            }
        }
        parameters
    }
}

/// The interface of a node that a link has.
fn find_interface<'n>(node: &'n Node, link: &Link, side: usize) -> Option<&'n Interface> {
    let wanted = &link.interfaces[side];
    let named = node.interfaces.iter().find(|interface| {
        !wanted.is_empty() && (interface.id == *wanted || interface.name == *wanted)
    });
    named.or_else(|| {
        node.interfaces
            .iter()
            .find(|interface| interface.link == link.id)
    })
}
