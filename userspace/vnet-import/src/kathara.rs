// SPDX-License-Identifier: GPL-2.0

//! Kathará and Netkit: `lab.conf` says which devices are on which collision domains, `NAME.startup` is a shell script,
//! and `NAME/` has files of the device.

use std::collections::{BTreeMap, HashMap};

use vnet_topology::plan::MacAddr;
use vnet_topology::write::{End, File, Link, Node, Topology};

use crate::surroundings::{reason, Surroundings};
use crate::{frr, interfaces, names, net_tools, units, ImportError, Imported, Warnings};

/// What the service `networking` reads.
const INTERFACES: &str = "/etc/network/interfaces";

/// Largest number of an interface.
const MAX_INTERFACE: usize = 1000;

#[derive(Default)]
struct Device {
    /// Collision domain and MAC address by the number of the interface.
    interfaces: BTreeMap<usize, (String, Option<String>)>,
    options: Vec<(String, String)>,
}

pub(crate) fn import(text: &str, surroundings: &dyn Surroundings) -> Result<Imported, ImportError> {
    let mut warnings = Warnings::default();
    let mut topology = Topology::default();
    let mut devices: BTreeMap<String, Device> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refuse = || {
            ImportError::at(
                index + 1,
                format!("expected `device[0]=\"domain\"`, found `{line}`"),
            )
        };
        let (key, value) = line.split_once('=').ok_or_else(refuse)?;
        let value = unquote(value);
        if let Some(key) = key.strip_prefix("LAB_") {
            match key.trim() {
                "NAME" => topology.name = names::given_lab_name(&value),
                "DESCRIPTION" if !value.is_empty() => topology.description = Some(value),
                // Who has made it.
                _ => {}
            }
            continue;
        }
        if key.trim() == "machines" {
            // Netkit's list, which may have some that are on nothing.
            for name in value.split_whitespace() {
                devices.entry(name.to_owned()).or_default();
            }
            continue;
        }
        let (name, argument) = key
            .trim()
            .strip_suffix(']')
            .and_then(|key| key.split_once('['))
            .ok_or_else(refuse)?;
        let device = devices.entry(name.trim().to_owned()).or_default();
        match argument.trim().parse::<usize>() {
            Ok(number) if number <= MAX_INTERFACE => {
                let (domain, mac) = match value.split_once('/') {
                    Some((domain, mac)) => (domain.to_owned(), Some(mac.to_owned())),
                    None => (value, None),
                };
                device.interfaces.insert(number, (domain, mac));
            }
            Ok(_) => return Err(refuse()),
            Err(_) => device
                .options
                .push((argument.trim().trim_matches('"').to_owned(), value)),
        }
    }
    if devices.is_empty() {
        return Err(ImportError::syntax("there are no devices in the file"));
    }
    for file in ["lab.dep", "lab.ext", "shared.shutdown"] {
        if surroundings.read(file).is_ok() {
            warnings.add("", format!("{file} is not carried over"));
        }
    }
    let mut given = names::Names::default();
    let mut made: HashMap<String, String> = HashMap::new();
    let mut ids: Vec<&String> = devices.keys().collect();
    ids.sort_by_key(|id| names::natural(id));
    for id in ids {
        let name = given.host(id, "");
        if name != *id {
            warnings.add(format!("device {id}"), format!("is called {name}"));
        }
        let mut importer = Importer {
            surroundings,
            warnings: &mut warnings,
        };
        topology
            .nodes
            .push(importer.device(id, &name, &devices[id]));
        made.insert(id.clone(), name);
    }
    domains(&devices, &made, &mut given, &mut warnings, &mut topology);
    Ok(Imported {
        topology,
        warnings: warnings.list,
    })
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote))
    };
    if let Some((inside, _)) = quoted('"').or_else(|| quoted('\'')) {
        return inside.to_owned();
    }
    value
        .split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Device, number of its interface, and MAC address.
type Member<'a> = (&'a str, usize, Option<&'a str>);

/// A collision domain of two devices is a link, one of more (or fewer) a hub.
fn domains(
    devices: &BTreeMap<String, Device>,
    made: &HashMap<String, String>,
    given: &mut names::Names,
    warnings: &mut Warnings,
    topology: &mut Topology,
) {
    let mut members: BTreeMap<&str, Vec<Member<'_>>> = BTreeMap::new();
    for (id, device) in devices {
        for (number, (domain, mac)) in &device.interfaces {
            members
                .entry(domain)
                .or_default()
                .push((id, *number, mac.as_deref()));
        }
    }
    let mut end = |(id, number, mac): Member<'_>| {
        let parsed = mac
            .and_then(|mac| mac.parse::<MacAddr>().ok())
            .filter(|mac| !mac.is_multicast());
        if mac.is_some() && parsed.is_none() {
            warnings.add(
                format!("device {id}"),
                format!("`{}` is no MAC address", mac.unwrap_or_default()),
            );
        }
        End {
            node: made[id].clone(),
            interface: Some(format!("eth{number}")),
            // Its script sets them.
            addresses: Some(Vec::new()),
            mac: parsed.map(|mac| mac.to_string()),
            ..End::default()
        }
    };
    for (domain, members) in members {
        if let [a, b] = members[..] {
            if a.0 != b.0 {
                topology.links.push(Link {
                    ends: [end(a), end(b)],
                    ..Link::default()
                });
                continue;
            }
        }
        let hub = given.host(&format!("lan-{domain}"), "");
        topology.nodes.push(Node {
            name: hub.clone(),
            kind: "hub".into(),
            ..Node::default()
        });
        for member in members {
            topology.links.push(Link {
                ends: [end(member), End::of(&hub)],
                ..Link::default()
            });
        }
    }
}

struct Importer<'a> {
    surroundings: &'a dyn Surroundings,
    warnings: &'a mut Warnings,
}

impl Importer<'_> {
    fn device(&mut self, id: &str, name: &str, device: &Device) -> Node {
        let about = format!("device {id}");
        let mut node = Node {
            name: name.to_owned(),
            kind: "host".into(),
            gateway: Some("none".into()),
            ..Node::default()
        };
        for (key, value) in &device.options {
            match key.as_str() {
                // Only which programs there are.
                "image" | "shell" | "num_terms" | "hidden" => {}
                "sysctl" => match value.split_once('=') {
                    Some((key, value)) if key.trim().starts_with("net.") => {
                        node.sysctls
                            .push((key.trim().to_owned(), value.trim().to_owned()));
                    }
                    _ => self
                        .warnings
                        .add(&about, format!("the sysctl `{value}` is not carried over")),
                },
                "env" => match value.split_once('=') {
                    Some((key, value)) => node.env.push((key.to_owned(), value.to_owned())),
                    None => self
                        .warnings
                        .add(&about, format!("`env={value}` is not carried over")),
                },
                "exec" => {
                    let command = self.with_ip(&about, value);
                    node.commands.push(command.trim_end().to_owned());
                }
                "cpus" => node.cpu = Some(value.clone()),
                "mem" => match units::memory(value) {
                    Some(memory) => node.memory = Some(memory),
                    None => self.warnings.add(
                        &about,
                        format!("the limit of memory `{value}` is not carried over"),
                    ),
                },
                key => self
                    .warnings
                    .add(&about, format!("`{key}={value}` is not carried over")),
            }
        }
        self.files(id, &about, &mut node);
        let daemons = !node.frr.is_empty();
        // Kathará's devices forward; with one interface there is nowhere to.
        if daemons || device.interfaces.len() > 1 {
            node.kind = "router".into();
            node.gateway = None;
            node.routing = vec!["none".into()];
        }
        let scripts: Vec<String> = ["shared.startup".to_owned(), format!("{id}.startup")]
            .iter()
            .filter_map(|path| self.surroundings.read(path).ok())
            .collect();
        let script = self.script(&about, &scripts.join("\n"), &node);
        if !script.trim().is_empty() {
            let path = format!("/etc/vnet/{name}.startup");
            node.commands.push(format!("sh {path}"));
            node.files.push(File {
                path,
                content: script,
                ..File::default()
            });
        }
        if self.surroundings.read(&format!("{id}.shutdown")).is_ok() {
            self.warnings
                .add(&about, format!("{id}.shutdown is not carried over"));
        }
        node
    }

    /// Files of the device, and what of them is for FRR.
    fn files(&mut self, id: &str, about: &str, node: &mut Node) {
        let mut started: Vec<String> = Vec::new();
        let mut configs = String::new();
        for directory in ["shared", id] {
            for path in self.surroundings.list(directory) {
                if directory == "shared" {
                    self.shared(&path, node);
                }
                let content = match self.surroundings.read(&format!("{directory}/{path}")) {
                    Ok(content) if !content.contains('\0') => content,
                    Ok(_) => {
                        self.warnings
                            .add(about, format!("/{path} is no text: left out"));
                        continue;
                    }
                    Err(error) => {
                        self.warnings
                            .add(about, format!("cannot read {path}: {}", reason(&error)));
                        continue;
                    }
                };
                // Where Netkit's Quagga has its files.
                let path = path.replacen("etc/quagga/", "etc/frr/", 1).replacen(
                    "etc/zebra/",
                    "etc/frr/",
                    1,
                );
                let file = path.strip_prefix("etc/frr/").unwrap_or_default();
                match file {
                    "daemons" => {
                        started = frr::started(&content);
                        continue;
                    }
                    "vtysh.conf" => continue,
                    "" => {}
                    _ => {
                        configs.push_str(&content);
                        configs.push('\n');
                        let daemon = file.strip_suffix(".conf").unwrap_or_default();
                        if daemon.ends_with('d')
                            && daemon != "mgmtd"
                            && !node.frr.iter().any(|known| known == daemon)
                        {
                            node.frr.push(daemon.to_owned());
                        }
                    }
                }
                let frr_file = !file.is_empty();
                let path = format!("/{path}");
                node.files.retain(|known| known.path != path);
                node.files.push(File {
                    path,
                    content,
                    mode: frr_file.then(|| "0640".to_owned()),
                    owner: frr_file.then(|| "frr:frr".to_owned()),
                });
            }
        }
        if configs.is_empty() && started.is_empty() {
            return;
        }
        for daemon in std::iter::once("zebra".to_owned()).chain(frr::daemons(&configs)) {
            if !node.frr.contains(&daemon) {
                node.frr.push(daemon);
            }
        }
        for daemon in started.iter().filter(|daemon| !node.frr.contains(daemon)) {
            self.warnings.add(
                about,
                format!("{daemon} is not started: no configuration is for it"),
            );
        }
    }

    /// A file that all devices share. Kathará has it below `/shared`, Netkit had it below `/`.
    fn shared(&mut self, path: &str, node: &mut Node) {
        if let Ok(content) = self.surroundings.read(&format!("shared/{path}")) {
            if !content.contains('\0') {
                node.files.push(File {
                    path: format!("/shared/{path}"),
                    content,
                    ..File::default()
                });
            }
        }
    }

    /// A script without programs of the net-tools, as far as there are other words.
    fn with_ip(&mut self, about: &str, script: &str) -> String {
        let (script, left) = net_tools::translate(script);
        for line in left {
            self.warnings.add(
                about,
                format!("`{line}` is of the net-tools, which are not here: say it with `ip`"),
            );
        }
        script
    }

    /// The script without the starts of services, for which there is no init system; what `networking` would do is done.
    fn script(&mut self, about: &str, script: &str, node: &Node) -> String {
        let mut out = String::new();
        let script = self.with_ip(about, script);
        let interfaces = node.files.iter().find(|file| file.path == INTERFACES);
        for line in script.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let service = match words.as_slice() {
                ["systemctl", "start" | "restart" | "enable", service, ..] => Some(*service),
                ["service", service, "start" | "restart", ..] => Some(*service),
                [program, "start" | "restart", ..] => program.strip_prefix("/etc/init.d/"),
                _ => None,
            };
            match service.map(|service| service.trim_end_matches(".service")) {
                None => out.push_str(line),
                Some("frr" | "quagga" | "zebra") => {
                    out.push_str(&format!("# {line}: it runs already"))
                }
                Some("networking") if interfaces.is_some() => {
                    out.push_str(&format!("# {line}:"));
                    let file = interfaces.map_or("", |file| &file.content);
                    let (commands, left) = interfaces::commands(file);
                    for command in commands {
                        out.push_str(&format!("\n{command}"));
                    }
                    for left in left {
                        self.warnings.add(
                            about,
                            format!("`{left}` in {INTERFACES} is not carried over"),
                        );
                    }
                }
                Some(service) => {
                    out.push_str(&format!("# {line}: there is no init system"));
                    self.warnings.add(
                        about,
                        format!("the service {service} is not started: put it under `daemons`"),
                    );
                }
            }
            out.push('\n');
        }
        out
    }
}
