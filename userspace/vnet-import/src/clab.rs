// SPDX-License-Identifier: GPL-2.0

//! containerlab: nodes are containers. What of them runs in a node of ours is carried over: links, `exec`, files that are
//! bound, FRR; a node of a vendor's operating system becomes a plain forwarding node.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};
use vnet_topology::plan::MacAddr;
use vnet_topology::write::{End, File, Link, Node, Topology};

use crate::surroundings::{reason, Surroundings};
use crate::yaml::parse;
use crate::{frr, names, net_tools, units, ImportError, Imported, Warnings};

/// Keys of a node that mean nothing for a network, or that are used.
const KNOWN: &[&str] = &[
    "kind",
    "group",
    "image",
    "exec",
    "binds",
    "env",
    "labels",
    "type",
    "cmd",
    "entrypoint",
    "position",
    "image-pull-policy",
    "license",
    "user",
    "auto-remove",
    "restart-policy",
    "startup-delay",
    "sysctls",
    "cpu",
    "memory",
];

pub(crate) fn import(text: &str, surroundings: &dyn Surroundings) -> Result<Imported, ImportError> {
    let root = parse(text)?;
    let mut warnings = Warnings::default();
    let mut topology = Topology {
        name: root
            .get("name")
            .and_then(Value::as_str)
            .and_then(names::given_lab_name),
        ..Topology::default()
    };
    let body = root
        .get("topology")
        .and_then(Value::as_object)
        .ok_or_else(|| ImportError::syntax("there is no `topology` in the file"))?;
    for key in ["mgmt", "settings"] {
        if root.contains_key(key) {
            warnings.add(
                "",
                format!("`{key}` is containerlab's own and not carried over"),
            );
        }
    }
    if text.contains("${") {
        warnings.add(
            "",
            "variables of the environment (`${...}`) are not put in: their text is carried over",
        );
    }
    let mut importer = Importer {
        body,
        surroundings,
        warnings: &mut warnings,
        names: HashMap::new(),
        devices: BTreeMap::new(),
        configured: HashSet::new(),
    };
    let mut given = names::Names::default();
    let nodes = body
        .get("nodes")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if nodes.is_empty() {
        return Err(ImportError::syntax("there are no `nodes` in the file"));
    }
    let mut ids: Vec<&String> = nodes.keys().collect();
    ids.sort_by_key(|id| names::natural(id));
    for id in ids {
        let name = given.host(id, "");
        if name != *id {
            importer
                .warnings
                .add(format!("node {id}"), format!("is called {name}"));
        }
        importer.names.insert(id.clone(), name);
        let node = importer.node(id, &nodes[id]);
        topology.nodes.push(node);
    }
    for (index, link) in body
        .get("links")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        if let Some(link) = importer.link(index, link) {
            topology.links.push(link);
        }
    }
    for (device, name) in importer.devices {
        topology.nodes.push(Node {
            name,
            kind: "rj45".into(),
            device: Some(device),
            ..Node::default()
        });
    }
    Ok(Imported {
        topology,
        warnings: warnings.list,
    })
}

struct Importer<'a> {
    body: &'a Map<String, Value>,
    surroundings: &'a dyn Surroundings,
    warnings: &'a mut Warnings,
    /// Names of nodes by their ids.
    names: HashMap<String, String>,
    /// Devices of the machine that links lead to, with the nodes that stand for them.
    devices: BTreeMap<String, String>,
    /// Nodes whose addresses are set by what they run.
    configured: HashSet<String>,
}

/// A scalar as a text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

fn list(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(value) => vec![text(value)],
    }
}

fn map(value: Option<&Value>) -> Vec<(String, String)> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// Whether there is a command of `ip` for such objects, which may be shortened: `ip -6 a add`, `sh -c 'ip addr add ...'`.
fn of_ip(line: &str, object: &str) -> bool {
    let mut words =
        line.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ';' | '&' | '('));
    while words.any(|word| word == "ip" || word.ends_with("/ip")) {
        let mut rest = words.clone().skip_while(|word| word.starts_with('-'));
        if rest
            .next()
            .is_some_and(|word| !word.is_empty() && object.starts_with(word))
        {
            return true;
        }
    }
    false
}

impl Importer<'_> {
    /// A node's fields over its group's, its kind's and everybody's. Lists and maps are joined.
    fn merged(&self, node: &Value) -> Map<String, Value> {
        let own = node.as_object().cloned().unwrap_or_default();
        let section = |name: &str, key: Option<String>| -> Map<String, Value> {
            let section = self.body.get(name).and_then(|section| section.get(key?));
            section
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let group = section("groups", own.get("group").map(text));
        let defaults = self
            .body
            .get("defaults")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let kind = own
            .get("kind")
            .or(group.get("kind"))
            .or(defaults.get("kind"))
            .map(text);
        let mut merged = defaults;
        for layer in [section("kinds", kind), group, own] {
            for (key, value) in layer {
                match (merged.get_mut(&key), value) {
                    (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
                    (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                    (_, value) => {
                        merged.insert(key, value);
                    }
                }
            }
        }
        merged
    }

    fn node(&mut self, id: &str, value: &Value) -> Node {
        let about = format!("node {id}");
        let fields = self.merged(value);
        let kind = fields.get("kind").map(text).unwrap_or_default();
        let mut node = Node {
            name: self.names[id].clone(),
            labels: map(fields.get("labels"))
                .into_iter()
                .filter(|(key, _)| !key.starts_with("graph-"))
                .collect(),
            ..Node::default()
        };
        self.position(&fields, &mut node);
        match kind.as_str() {
            "bridge" | "ovs-bridge" => {
                node.kind = "switch".into();
                for key in ["exec", "binds", "startup-config"] {
                    if fields.contains_key(key) {
                        self.not_carried_over(&about, key);
                    }
                }
            }
            "linux" | "host" | "k8s-kind" | "ext-container" => {
                if matches!(kind.as_str(), "k8s-kind" | "ext-container") {
                    self.warnings.add(
                        &about,
                        format!("{kind} becomes a plain host: what runs in it elsewhere does not"),
                    );
                }
                self.container(&about, &fields, &mut node);
                if fields.contains_key("startup-config") {
                    self.not_carried_over(&about, "startup-config");
                }
            }
            kind => {
                node.kind = "router".into();
                let kind = if kind.is_empty() { "no kind" } else { kind };
                self.warnings.add(&about, format!("{kind} cannot run here: it becomes a plain forwarding node with static routes"));
                for key in ["startup-config", "config"] {
                    if fields.contains_key(key) {
                        self.not_carried_over(&about, key);
                    }
                }
                if !list(fields.get("exec")).is_empty() {
                    self.warnings.add(
                        &about,
                        "`exec` is for another operating system and not carried over",
                    );
                }
            }
        }
        for key in fields.keys() {
            if !KNOWN.contains(&key.as_str())
                && !matches!(key.as_str(), "startup-config" | "config")
            {
                self.not_carried_over(&about, key);
            }
        }
        node
    }

    fn not_carried_over(&mut self, about: &str, key: &str) {
        self.warnings
            .add(about, format!("`{key}` is not carried over"));
    }

    fn position(&self, fields: &Map<String, Value>, node: &mut Node) {
        let labels: BTreeMap<String, String> = map(fields.get("labels")).into_iter().collect();
        let number = |key: &str| {
            labels
                .get(key)?
                .parse::<f64>()
                .ok()
                .filter(|n| n.abs() <= 1e6)
        };
        if let (Some(x), Some(y)) = (number("graph-posX"), number("graph-posY")) {
            node.position = Some((x, y));
        }
    }

    /// A container of Linux: its commands and files.
    fn container(&mut self, about: &str, fields: &Map<String, Value>, node: &mut Node) {
        node.kind = "host".into();
        node.env = map(fields.get("env"));
        let sysctls = map(fields.get("sysctls"));
        let forwards = sysctls
            .iter()
            .any(|(key, value)| key.contains("forward") && value == "1");
        for (key, value) in sysctls {
            match key.starts_with("net.") {
                true => node.sysctls.push((key, value)),
                false => self.not_carried_over(about, &format!("sysctls: {key}")),
            }
        }
        if let Some(cpu) = fields.get("cpu") {
            node.cpu = Some(text(cpu));
        }
        if let Some(memory) = fields.get("memory").map(text) {
            match units::memory(&memory) {
                Some(memory) => node.memory = Some(memory),
                None => self.warnings.add(
                    about,
                    format!("the limit of memory `{memory}` is not carried over"),
                ),
            }
        }
        for key in ["cmd", "entrypoint"] {
            if let Some(command) = fields.get(key) {
                self.warnings.add(
                    about,
                    format!(
                        "`{key}: {}` is not run: put it under `daemons`",
                        text(command)
                    ),
                );
            }
        }
        let mut started = None;
        let mut config = None;
        for bind in list(fields.get("binds")) {
            self.bind(about, &bind, node, &mut started, &mut config);
        }
        let image = fields.get("image").map(text).unwrap_or_default();
        let routes = image.contains("frr") || image.contains("quagga") || image.contains("bird");
        if config.is_some() || forwards || routes {
            node.kind = "router".into();
            node.routing = vec!["none".into()];
        }
        let mut sets_addresses = false;
        if let Some(config) = &config {
            sets_addresses |= frr::sets_addresses(config);
            node.frr = vec!["zebra".into()];
            node.frr.extend(frr::daemons(config));
            for daemon in started
                .into_iter()
                .flatten()
                .filter(|daemon| !node.frr.contains(daemon))
            {
                self.warnings.add(
                    about,
                    format!("{daemon} is not started: nothing in frr.conf is for it"),
                );
            }
        }
        for line in list(fields.get("exec")) {
            let (line, left) = net_tools::translate(&line);
            let line = line.trim_end().to_owned();
            for line in left {
                self.warnings.add(
                    about,
                    format!("`{line}` is of the net-tools, which are not here: say it with `ip`"),
                );
            }
            // A script that is bound may do it, too.
            let scripts = node.files.iter();
            let scripts = scripts.filter(|file| line.contains(&file.path));
            for text in scripts.map(|file| &file.content).chain([&line]) {
                sets_addresses |= text
                    .lines()
                    .any(|line| of_ip(line, "address") || line.contains("ifconfig"));
                if text.lines().any(|line| of_ip(line, "route")) {
                    node.gateway = Some("none".into());
                }
            }
            node.commands.push(line);
        }
        if sets_addresses {
            self.configured.insert(node.name.clone());
        }
        if image.is_empty() || routes || config.is_some() {
            return;
        }
        self.warnings.add(
            about,
            format!("programs of the image {image} are not here, those of the guest are"),
        );
    }

    /// `source:target[:options]`.
    fn bind(
        &mut self,
        about: &str,
        bind: &str,
        node: &mut Node,
        started: &mut Option<Vec<String>>,
        config: &mut Option<String>,
    ) {
        let mut parts = bind.split(':');
        let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
            self.warnings
                .add(about, format!("the bind `{bind}` is not carried over"));
            return;
        };
        let source = source
            .trim_start_matches("./")
            .replace("__clabNodeName__", &node.name);
        let content = match self.surroundings.read(&source) {
            Ok(content) => content,
            Err(error) => {
                let listed = self.surroundings.list(&source);
                if listed.is_empty() {
                    self.warnings.add(
                        about,
                        format!(
                            "cannot read {source}, which is bound to {target}: {}",
                            reason(&error)
                        ),
                    );
                }
                for file in listed {
                    self.bind(
                        about,
                        &format!("{source}/{file}:{target}/{file}"),
                        node,
                        started,
                        config,
                    );
                }
                return;
            }
        };
        match target {
            "/etc/frr/daemons" => *started = Some(frr::started(&content)),
            // There is one already.
            "/etc/frr/vtysh.conf" => {}
            target if !target.starts_with('/') || target.ends_with('/') => {
                self.warnings
                    .add(about, format!("the bind `{bind}` is not carried over"));
            }
            target => {
                if target == frr::CONFIG {
                    *config = Some(content.clone());
                }
                node.files.push(File {
                    path: target.to_owned(),
                    content,
                    ..File::default()
                });
            }
        }
    }

    fn link(&mut self, index: usize, value: &Value) -> Option<Link> {
        let about = format!("link {}", index + 1);
        let kind = value.get("type").map(text).unwrap_or_default();
        if let ("host", Some(end), Some(device)) = (
            kind.as_str(),
            value.get("endpoint"),
            value.get("host-interface").map(text),
        ) {
            let end = self.end(&about, end)?;
            let device = End::of(self.device(&device));
            return Some(self.with_settings(&about, value, [end, device]));
        }
        if !matches!(kind.as_str(), "" | "veth") {
            self.warnings
                .add(about, format!("a link of type {kind} is not carried over"));
            return None;
        }
        let ends = value
            .get("endpoints")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let [a, b] = ends.as_slice() else {
            self.warnings
                .add(about, "it has not two `endpoints`: left out");
            return None;
        };
        let [a, b] = [a, b].map(|end| self.end(&about, end));
        let (a, b) = (a?, b?);
        if a.node == b.node {
            self.warnings
                .add(about, "leads from a node to itself: left out");
            return None;
        }
        Some(self.with_settings(&about, value, [a, b]))
    }

    /// A link with what is said of it beside its ends.
    fn with_settings(&mut self, about: &str, value: &Value, ends: [End; 2]) -> Link {
        let mtu = value.get("mtu").and_then(|given| {
            let mtu = given.as_u64().and_then(|mtu| u32::try_from(mtu).ok());
            let mtu = mtu.filter(|mtu| (68..=65_535).contains(mtu));
            if mtu.is_none() {
                self.not_carried_over(about, &format!("mtu: {}", text(given)));
            }
            mtu
        });
        for key in value.as_object().into_iter().flat_map(Map::keys) {
            let known = ["type", "endpoints", "endpoint", "host-interface", "mtu"];
            if !known.contains(&key.as_str()) {
                self.not_carried_over(about, key);
            }
        }
        Link {
            ends,
            mtu,
            ..Link::default()
        }
    }

    /// The node that stands for a device of the machine.
    fn device(&mut self, device: &str) -> String {
        if let Some(name) = self.devices.get(device) {
            return name.clone();
        }
        let taken = |name: &String| {
            let mut all = self.names.values().chain(self.devices.values());
            all.any(|known| known == name)
        };
        let name = (1..)
            .map(|number| format!("host-{number}"))
            .find(|name| !taken(name))
            .unwrap_or_default();
        self.warnings.add(
            format!("node {name}"),
            format!("stands for the machine's {device}, which it has with `--kernel host` only"),
        );
        self.devices.insert(device.to_owned(), name.clone());
        name
    }

    /// `node:interface`, or a map.
    fn end(&mut self, about: &str, value: &Value) -> Option<End> {
        let (node, interface, mac) = match value {
            Value::Object(fields) => {
                let field = |key: &str| fields.get(key).map(text);
                for key in fields.keys() {
                    if !matches!(key.as_str(), "node" | "interface" | "mac") {
                        self.not_carried_over(about, &format!("{key}: {}", text(&fields[key])));
                    }
                }
                (field("node")?, field("interface"), field("mac"))
            }
            value => {
                let text = text(value);
                let (node, interface) = text
                    .split_once(':')
                    .map_or((text.as_str(), None), |(node, interface)| {
                        (node, Some(interface))
                    });
                (node.to_owned(), interface.map(str::to_owned), None)
            }
        };
        if let ("host", false, Some(device)) =
            (node.as_str(), self.names.contains_key("host"), &interface)
        {
            return Some(End::of(self.device(device)));
        }
        let Some(name) = self.names.get(&node) else {
            self.warnings.add(
                about,
                format!("it leads to `{node}`, which is outside of the lab: left out"),
            );
            return None;
        };
        let mut end = End {
            node: name.clone(),
            // What the node runs sets them.
            addresses: self.configured.contains(name).then(Vec::new),
            ..End::default()
        };
        if let Some(mac) = mac {
            match mac.parse::<MacAddr>() {
                Ok(mac) => end.mac = Some(mac.to_string()),
                Err(_) => self
                    .warnings
                    .add(about, format!("`{mac}` is no MAC address")),
            }
        }
        if let Some(interface) = interface {
            let made = names::interface(&interface);
            if made != interface {
                self.warnings.add(
                    format!("node {node}"),
                    format!("its interface {interface} is called {made}"),
                );
            }
            end.interface = Some(made);
        }
        Some(end)
    }
}
