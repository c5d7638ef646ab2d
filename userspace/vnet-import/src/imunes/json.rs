// SPDX-License-Identifier: GPL-2.0

//! The JSON form: dictionaries of nodes and links; where they are on the canvas is under `gui`.

use serde_json::{Map, Value};

use super::{position, switched_on, Custom, Experiment, Interface, Link, Node};
use crate::names::natural;
use crate::ImportError;

/// Properties of nodes that say nothing of the network.
const IGNORED: &[&str] = &[
    "canvas",
    "iconcoords",
    "labelcoords",
    "label",
    "snapshot",
    "custom_icon",
    "icon",
    "docker_attach",
    "docker_image",
    "events",
];

/// Properties of interfaces that are read.
const INTERFACE: &[&str] = &[
    "name",
    "type",
    "link",
    "mac",
    "mtu",
    "oper_state",
    "nat_state",
    "vlan_dev",
    "vlan_tag",
    "vlan_type",
    "ipv4_addrs",
    "ipv6_addrs",
    "ifc_qdisc",
    "ifc_qdrop",
    "queue_len",
];

pub(super) fn read(text: &str) -> Result<Experiment, ImportError> {
    let escaped = escape_controls(text);
    let root: Value = serde_json::from_str(&escaped)
        .map_err(|error| ImportError::at(error.line(), error.to_string()))?;
    let empty = Map::new();
    let object = |value: Option<&Value>| {
        value
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let root = root.as_object().unwrap_or(&empty);
    let gui = object(root.get("gui"));
    let places = object(gui.get("nodes"));
    let mut experiment = Experiment::default();
    for (id, node) in sorted(object(root.get("nodes"))) {
        let place = places
            .get(&id)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        experiment
            .nodes
            .push(read_node(id, &object(Some(&node)), &place));
    }
    if experiment.nodes.is_empty() {
        return Err(ImportError::syntax("there are no `nodes` in the file"));
    }
    for (id, link) in sorted(object(root.get("links"))) {
        experiment.links.push(read_link(id, &object(Some(&link))));
    }
    for key in root.keys() {
        if !matches!(
            key.as_str(),
            "nodes" | "links" | "gui" | "options" | "canvases" | "annotations" | "images"
        ) {
            experiment.others.push(key.clone());
        }
    }
    Ok(experiment)
}

/// IMUNES writes line ends into texts as they are, which JSON does not know.
fn escape_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' if inside => out.push_str("\\n"),
            '\t' if inside => out.push_str("\\t"),
            '\r' if inside => out.push_str("\\r"),
            c if inside && c.is_ascii_control() => out.push(' '),
            c => out.push(c),
        }
        inside ^= c == '"' && !escaped;
        escaped = c == '\\' && inside && !escaped;
    }
    out
}

fn sorted(map: Map<String, Value>) -> Vec<(String, Value)> {
    let mut entries: Vec<(String, Value)> = map.into_iter().collect();
    entries.sort_by_key(|(id, _)| natural(id));
    entries
}

/// A value as a text; lists by lines.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| text(Some(item)))
            .collect::<Vec<_>>()
            .join("\n"),
        Some(other) => other.to_string(),
    }
}

/// A value as a list of texts; a single text is split at white space.
fn list(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(|item| text(Some(item))).collect(),
        value => text(value).split_whitespace().map(str::to_owned).collect(),
    }
}

fn read_node(id: String, fields: &Map<String, Value>, place: &Map<String, Value>) -> Node {
    let mut node = Node {
        id,
        ..Node::default()
    };
    for (key, value) in fields {
        match key.as_str() {
            "type" => node.kind = text(Some(value)),
            "model" => node.model = text(Some(value)),
            "name" => node.name = text(Some(value)),
            "router_config" => node.protocols = switched_on(&text(Some(value))),
            "croutes4" | "croutes6" => node.routes.extend(match value {
                Value::Array(_) => list(Some(value)),
                value => vec![text(Some(value))],
            }),
            "auto_default_routes" => {
                node.default_routes = Some(text(Some(value)) == "enabled");
            }
            "vlan_filtering" => node.vlan_filtering = text(Some(value)) == "1",
            "services" => node.services = list(Some(value)),
            "ifaces" | "logifaces" => {
                for (id, interface) in sorted(value.as_object().cloned().unwrap_or_default()) {
                    node.interfaces.push(read_interface(id, &interface));
                }
            }
            "custom_configs" => {}
            "custom_enabled" | "custom_selected" | "cpu" => {}
            key if IGNORED.contains(&key) => {}
            key => {
                node.others.insert(key.to_owned(), text(Some(value)));
            }
        }
    }
    if text(fields.get("custom_enabled")) == "true" {
        node.custom = read_custom(
            fields.get("custom_configs"),
            &text(fields.get("custom_selected")),
        );
    }
    let at = |key: &str| text(place.get(key).or(fields.get(key)));
    node.position = position(&at("iconcoords"));
    node
}

/// `custom_selected` is `HOOK name`, or pairs of them; configurations are by hook and name.
fn read_custom(configs: Option<&Value>, selected: &str) -> Vec<Custom> {
    let words: Vec<&str> = selected.split_whitespace().collect();
    let mut custom = Vec::new();
    let Some(configs) = configs.and_then(Value::as_object) else {
        return custom;
    };
    for pair in words.chunks(2) {
        let (hook, found) = match pair {
            [hook, name] => (*hook, configs.get(*hook).and_then(|hook| hook.get(name))),
            // The oldest JSON files have no hooks.
            [name] => ("NODE_CONFIG", configs.get(*name)),
            _ => continue,
        };
        if let Some(config) = found {
            custom.push(Custom {
                hook: hook.to_owned(),
                command: text(config.get("custom_command")),
                text: text(config.get("custom_config")),
            });
        }
    }
    custom
}

fn read_interface(id: String, value: &Value) -> Interface {
    let field = |key: &str| text(value.get(key));
    let mut interface = Interface {
        name: match field("name") {
            // The oldest JSON files have the name as the key.
            name if name.is_empty() => id.clone(),
            name => name,
        },
        kind: field("type"),
        link: field("link"),
        mac: field("mac"),
        mtu: field("mtu"),
        down: field("oper_state") == "down",
        nat: field("nat_state") == "on",
        vlan_device: field("vlan_dev"),
        vlan_tag: field("vlan_tag"),
        trunk: field("vlan_type") == "trunk",
        id,
        ..Interface::default()
    };
    let others = value.as_object().into_iter().flat_map(Map::keys);
    interface.others.extend(
        others
            .filter(|key| !INTERFACE.contains(&key.as_str()))
            .cloned(),
    );
    for key in ["ipv4_addrs", "ipv6_addrs"] {
        interface.addresses.extend(list(value.get(key)));
    }
    for key in ["ifc_qdisc", "ifc_qdrop", "queue_len"] {
        if !field(key).is_empty() {
            interface.queue.insert(key.to_owned(), field(key));
        }
    }
    interface
}

fn read_link(id: String, fields: &Map<String, Value>) -> Link {
    let pair = |key: &str| {
        let mut words = list(fields.get(key)).into_iter();
        [
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        ]
    };
    let known = ["peers", "peers_ifaces", "mirror", "color", "width"];
    let properties = fields
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()));
    Link {
        id,
        peers: pair("peers"),
        interfaces: pair("peers_ifaces"),
        mirror: text(fields.get("mirror")),
        properties: properties
            .map(|(key, value)| (key.clone(), text(Some(value))))
            .collect(),
    }
}
