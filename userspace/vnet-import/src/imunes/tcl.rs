// SPDX-License-Identifier: GPL-2.0

//! The Tcl form: `node n0 { type router network-config { … } interface-peer {eth0 n1} }`, `link l0 { nodes {n0 n1} }`.

use std::collections::HashMap;

use super::{position, Custom, Experiment, Interface, Link, Node};
use crate::ImportError;

/// Deepest nesting of braces that is read.
const MAX_DEPTH: usize = 64;

pub(super) fn read(text: &str) -> Result<Experiment, ImportError> {
    let words = words(text)?;
    let mut experiment = Experiment::default();
    let mut rest = words.as_slice();
    while let [kind, after @ ..] = rest {
        // CORE also writes sections without an id, as `comments { … }`.
        let length = match after {
            [body, ..] if body.braced => 2,
            _ => 3,
        };
        match (kind.text.as_str(), after) {
            ("node", [id, body, ..]) => experiment.nodes.push(read_node(&id.text, &body.text)?),
            ("link", [id, body, ..]) => experiment.links.push(read_link(&id.text, &body.text)?),
            ("canvas" | "option" | "annotation" | "image", _) => {}
            (_, [body, ..]) if length == 2 && body.text.trim().is_empty() => {}
            (kind, _) => experiment.others.push(kind.to_owned()),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    if experiment.nodes.is_empty() {
        return Err(ImportError::syntax(
            "this is no IMUNES experiment: there is no `node` in it",
        ));
    }
    let places: HashMap<String, usize> = experiment
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (node.id.clone(), index))
        .collect();
    for link in &mut experiment.links {
        attach(link, &mut experiment.nodes, &places);
    }
    Ok(experiment)
}

/// A word of a Tcl list.
struct Word {
    text: String,
    /// Whether it stood in braces.
    braced: bool,
}

/// The words of a Tcl list: bare, in braces (which nest), or in quotes.
fn words(text: &str) -> Result<Vec<Word>, ImportError> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(words);
        }
        let refuse = |message: &str| {
            let before = text.len() - rest.len();
            ImportError::at(text[..before].matches('\n').count() + 1, message)
        };
        let (word, used) = match rest.as_bytes()[0] {
            b'{' => {
                let end = closing(rest)
                    .ok_or_else(|| refuse("a brace is not closed, or there are too many"))?;
                (rest[1..end].to_owned(), end + 1)
            }
            b'"' => {
                let end = rest[1..]
                    .find('"')
                    .ok_or_else(|| refuse("a quote is not closed"))?;
                (rest[1..end + 1].to_owned(), end + 2)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
                (rest[..end].to_owned(), end)
            }
        };
        words.push(Word {
            text: word,
            braced: rest.starts_with('{'),
        });
        rest = &rest[used..];
    }
}

/// Where the brace at the beginning is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        if depth > MAX_DEPTH {
            return None;
        }
    }
    None
}

/// The pairs of key and value of a body.
fn pairs(body: &str) -> Result<Vec<(String, String)>, ImportError> {
    // IMUNES has left empty words between pairs.
    let mut words = words(body)?
        .into_iter()
        .map(|word| word.text)
        .skip_while(String::is_empty)
        .peekable();
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        pairs.push((key, value));
        while words.next_if(String::is_empty).is_some() {}
    }
    Ok(pairs)
}

fn read_node(id: &str, body: &str) -> Result<Node, ImportError> {
    let mut node = Node {
        id: id.to_owned(),
        name: id.to_owned(),
        ..Node::default()
    };
    let (mut custom, mut enabled, mut selected) = (Vec::new(), false, String::new());
    for (key, value) in pairs(body)? {
        match key.as_str() {
            "type" => node.kind = value,
            "model" => node.model = value,
            "network-config" => read_config(&mut node, &value),
            "iconcoords" => node.position = position(&value),
            "interface-peer" => {
                let mut words = value.split_whitespace();
                let (Some(name), Some(peer)) = (words.next(), words.next()) else {
                    continue;
                };
                // Until the link is known, the peer stands for it.
                interface(&mut node, name).link = format!("peer {peer}");
            }
            "auto_default_routes" => node.default_routes = Some(value == "enabled"),
            "services" => node.services = value.split_whitespace().map(str::to_owned).collect(),
            "custom-configs" => {
                let words = words(&value)?;
                for config in words.chunks(3) {
                    // custom-config-id NAME { custom-command X config { … } }
                    if let [_, name, body] = config {
                        custom.push((name.text.clone(), read_custom(&body.text)?));
                    }
                }
            }
            "custom-enabled" => enabled = value == "true",
            "custom-selected" => selected = value,
            "canvas" | "labelcoords" | "cpu" | "snapshot" | "custom-image" | "customIcon"
            | "icon" | "docker-attach" => {}
            _ => {
                node.others.insert(key, value);
            }
        }
    }
    if enabled {
        let selected: Vec<&str> = selected.split_whitespace().collect();
        node.custom = custom
            .into_iter()
            .filter(|(name, _)| selected.contains(&name.as_str()))
            .map(|(_, custom)| custom)
            .collect();
    }
    Ok(node)
}

fn read_custom(body: &str) -> Result<Custom, ImportError> {
    let mut custom = Custom {
        hook: "NODE_CONFIG".into(),
        ..Custom::default()
    };
    for (key, value) in pairs(body)? {
        match key.as_str() {
            "custom-command" => custom.command = value,
            "config" => custom.text = value,
            _ => {}
        }
    }
    Ok(custom)
}

/// The interface of a name, which is made if need be.
fn interface<'n>(node: &'n mut Node, name: &str) -> &'n mut Interface {
    let index = match node
        .interfaces
        .iter()
        .position(|interface| interface.name == name)
    {
        Some(index) => index,
        None => {
            node.interfaces.push(Interface {
                id: name.to_owned(),
                name: name.to_owned(),
                kind: if name.starts_with("lo") { "lo" } else { "phys" }.into(),
                ..Interface::default()
            });
            node.interfaces.len() - 1
        }
    };
    &mut node.interfaces[index]
}

/// `network-config`: lines as a router's configuration has them.
fn read_config(node: &mut Node, config: &str) {
    let mut inside = String::new();
    for line in config.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["!"] | [] => inside.clear(),
            ["hostname", name] => node.name = (*name).to_owned(),
            ["interface", name] => {
                interface(node, name);
                inside = (*name).to_owned();
            }
            ["router", protocol, ..] => {
                inside.clear();
                node.protocols.push((*protocol).to_owned());
            }
            ["ip" | "ipv6", "route", destination, next] => {
                node.routes.push(format!("{destination} {next}"))
            }
            ["vlan_filtering", on] => node.vlan_filtering = *on == "1",
            ["bridge", ..] => {
                node.others.insert("bridge".into(), line.to_owned());
            }
            words if !inside.is_empty() => {
                let interface = interface(node, &inside);
                match words {
                    ["ip" | "ipv6", "address", address] => {
                        interface.addresses.push((*address).to_owned())
                    }
                    ["mac", "address", mac] => interface.mac = (*mac).to_owned(),
                    ["mtu", mtu] => interface.mtu = (*mtu).to_owned(),
                    ["shutdown"] => interface.down = true,
                    ["nat"] => interface.nat = true,
                    ["type", kind] => interface.kind = (*kind).to_owned(),
                    ["vlan-dev", device] => interface.vlan_device = (*device).to_owned(),
                    ["vlan-tag", tag] => interface.vlan_tag = (*tag).to_owned(),
                    ["vlan-type", kind] => interface.trunk = *kind == "trunk",
                    ["fair-queue"] => {
                        interface.queue.insert("ifc_qdisc".into(), "WFQ".into());
                    }
                    ["drr-queue"] => {
                        interface.queue.insert("ifc_qdisc".into(), "DRR".into());
                    }
                    ["drop-head"] => {
                        interface
                            .queue
                            .insert("ifc_qdrop".into(), "drop-head".into());
                    }
                    ["queue-len", len] => {
                        interface
                            .queue
                            .insert("queue_len".into(), (*len).to_owned());
                    }
                    // An interface of FreeBSD's and Linux' that needs no words.
                    ["no", "shutdown"] => {}
                    _ => interface.others.push(line.to_owned()),
                }
            }
            _ => {}
        }
    }
}

fn read_link(id: &str, body: &str) -> Result<Link, ImportError> {
    let mut link = Link {
        id: id.to_owned(),
        ..Link::default()
    };
    let two = |value: &str| {
        let mut words = value.split_whitespace().map(str::to_owned);
        [
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        ]
    };
    for (key, value) in pairs(body)? {
        match key.as_str() {
            "nodes" => link.peers = two(&value),
            "ifaces" => link.interfaces = two(&value),
            "mirror" => link.mirror = value,
            "color" | "width" => {}
            _ => {
                link.properties.insert(key.replace('-', "_"), value);
            }
        }
    }
    Ok(link)
}

/// Finds the interfaces of a link: the first ones whose peers are each other's nodes and that have no link yet.
fn attach(link: &mut Link, nodes: &mut [Node], places: &HashMap<String, usize>) {
    for side in 0..2 {
        let wanted = format!("peer {}", link.peers[1 - side]);
        let given = link.interfaces[side].clone();
        let place = places.get(&link.peers[side]);
        let Some(node) = place.and_then(|&index| nodes.get_mut(index)) else {
            continue;
        };
        let fits = |interface: &&mut Interface| match given.is_empty() {
            true => interface.link == wanted,
            false => interface.name == given,
        };
        if let Some(interface) = node.interfaces.iter_mut().find(fits) {
            interface.link.clone_from(&link.id);
            link.interfaces[side].clone_from(&interface.id);
        }
    }
}
