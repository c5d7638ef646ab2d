// SPDX-License-Identifier: GPL-2.0

//! Which nodes the links join, and what links and interfaces are called.

use std::collections::{HashMap, HashSet};

use super::{EndId, EndState, LinkState, NodeState};
use crate::decode::Problems;
use crate::file::{End, File, Interface, Link};
use crate::hash::hash;
use crate::names::{nearest, MAX_OBJECT_NAME};
use crate::plan::{MacAddr, NodeKind, MAX_INTERFACE_NAME};
use crate::report::{Problem, Span};

/// Name of the bridge in a switch.
pub(crate) const BRIDGE: &str = "br0";

/// All links of the file whose ends exist; also tells the nodes which ends they have.
pub(crate) fn resolve<'f>(
    problems: &Problems,
    file: &'f File,
    nodes: &mut [NodeState<'f>],
) -> Vec<LinkState<'f>> {
    let index: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (node.file.name.value.as_str(), index))
        .collect();
    let names = link_names(problems, &file.links);
    let mut links: Vec<LinkState<'f>> = Vec::new();
    for (link, name) in file.links.iter().zip(names) {
        // Look for both before giving up, so that both are reported.
        let [a, b] = [0, 1].map(|end| find(problems, &index, nodes, &link.ends[end]));
        let (Some(a), Some(b)) = (a, b) else {
            continue;
        };
        if a == b {
            problems.add(
                Problem::new(link.span.clone(), format!("`{}` is linked to itself", nodes[a].name()))
                    .help("a link needs two nodes; an interface without a peer is under `interfaces` of the node"),
            );
            continue;
        }
        for (end, node) in [(0, a), (1, b)] {
            check_end(problems, &nodes[node], &link.ends[end]);
            nodes[node].ends.push(EndId {
                link: links.len(),
                end,
                vlan: 0,
            });
        }
        let state = |end: usize, node: usize| EndState {
            file: &link.ends[end],
            node,
            interface: String::new(),
            mac: MacAddr([0; 6]),
            addresses: link.ends[end].addresses.clone().unwrap_or_default(),
            automatic: link.ends[end].addresses.is_none(),
            span: link.ends[end].node.span.clone(),
            lan: None,
            vlans: Vec::new(),
        };
        links.push(LinkState {
            file: link,
            name,
            ends: [state(0, a), state(1, b)],
        });
    }
    for node in 0..nodes.len() {
        name_interfaces(problems, &nodes[node], nodes, &mut links);
        attach_vlans(problems, &mut nodes[node], &mut links);
    }
    links
}

fn find(
    problems: &Problems,
    index: &HashMap<&str, usize>,
    nodes: &[NodeState<'_>],
    end: &End,
) -> Option<usize> {
    let name = &end.node.value;
    if let Some(&node) = index.get(name.as_str()) {
        return Some(node);
    }
    let problem = Problem::new(end.node.span.clone(), format!("there is no node `{name}`"));
    let near = nearest(name, nodes.iter().map(|node| node.file.name.value.as_str()));
    problems.add(
        match near {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None => problem.label("not under `nodes`"),
        }
        .help(format!(
            "add it under `nodes`, as in `{name}: host`, or correct the name"
        )),
    );
    None
}

fn check_end(problems: &Problems, node: &NodeState<'_>, end: &End) {
    let name = node.name();
    if node.kind.kind() == NodeKind::Switch {
        if let Some(address) = end.addresses.iter().flatten().next() {
            problems.add(
                Problem::new(
                    address.span.clone(),
                    format!("`{name}` is a switch, its ports have no addresses"),
                )
                .help("give the addresses to the hosts and routers at the other ends"),
            );
        }
    } else if let Some(vlan) = &end.vlan {
        problems.add(
            Problem::new(
                vlan.span.clone(),
                format!("`{name}` is not a switch, its interfaces are in no VLAN"),
            )
            .help("set `vlan` at the switch's end of the link"),
        );
    }
}

/// Given names, and those of the ends for the others, with a number where that is taken.
fn link_names(problems: &Problems, links: &[Link]) -> Vec<String> {
    let mut given: HashMap<&str, &Span> = HashMap::new();
    for link in links {
        let Some(name) = &link.name else { continue };
        match given.get(name.value.as_str()) {
            Some(&first) => problems.add(
                Problem::new(
                    name.span.clone(),
                    format!("there are two links `{}`", name.value),
                )
                .label("the second one")
                .also(first.clone(), "the first one")
                .help("give each link its own name, or none: then they are named after their ends"),
            ),
            None => {
                given.insert(&name.value, &name.span);
            }
        }
    }
    let mut taken: HashSet<String> = given.keys().map(|name| (*name).to_owned()).collect();
    let mut counters: HashMap<String, usize> = HashMap::new();
    links
        .iter()
        .map(|link| {
            if let Some(name) = &link.name {
                return name.value.clone();
            }
            let [a, b] = [0, 1].map(|end| link.ends[end].node.value.as_str());
            let counter = counters.entry(format!("{a}-{b}")).or_insert(0);
            loop {
                *counter += 1;
                let name = automatic_link_name(a, b, *counter);
                if taken.insert(name.clone()) {
                    return name;
                }
            }
        })
        .collect()
}

/// `a-b`, `a-b-2` …; what would be too long is cut, with a hash of all of it.
fn automatic_link_name(a: &str, b: &str, number: usize) -> String {
    let suffix = match number {
        1 => String::new(),
        _ => format!("-{number}"),
    };
    let (base, room) = (format!("{a}-{b}"), MAX_OBJECT_NAME - suffix.len());
    if base.len() <= room {
        return base + &suffix;
    }
    let tag = format!(".{:06x}", hash("link name", &[a, b]) & 0xff_ffff);
    // Names of nodes are ASCII; one that is not is refused elsewhere.
    let kept: String = base.chars().take(room - tag.len()).collect();
    kept + &tag + &suffix
}

/// Given names, and `to-peer` for the others, with a number where that is taken.
fn name_interfaces(
    problems: &Problems,
    node: &NodeState<'_>,
    nodes: &[NodeState<'_>],
    links: &mut [LinkState<'_>],
) {
    let mut taken: HashMap<&str, &Span> = HashMap::new();
    let clash = |taken: &mut HashMap<&'_ str, _>, name: &str, span: &Span, first: Option<&Span>| {
        let _ = taken;
        let problem = Problem::new(
            span.clone(),
            format!("`{}` has two interfaces `{name}`", node.name()),
        )
        .help(
            "give each interface of a node its own name, or none: then it is named after the peer",
        );
        problems.add(match first {
            Some(first) => problem
                .label("the second one")
                .also(first.clone(), "the first one"),
            None => problem.label("the node has this one by itself"),
        });
    };
    let own: &[&str] = match node.kind.kind() {
        NodeKind::Switch => &["lo", BRIDGE],
        _ => &["lo"],
    };
    for Interface { name, .. } in &node.params.interfaces {
        if let Some(first) = taken.insert(&name.value, &name.span) {
            clash(&mut taken, &name.value, &name.span, Some(first));
        }
    }
    // It keeps its name in the node.
    if let Some(device) = &node.file.device {
        if let Some(first) = taken.insert(&device.value, &device.span) {
            clash(&mut taken, &device.value, &device.span, Some(first));
        }
    }
    for id in &node.ends {
        let Some(name) = &links[id.link].ends[id.end].file.interface else {
            continue;
        };
        if own.contains(&name.value.as_str()) {
            clash(&mut taken, &name.value, &name.span, None);
        } else if let Some(first) = taken.insert(&name.value, &name.span) {
            clash(&mut taken, &name.value, &name.span, Some(first));
        }
    }
    let mut used: HashSet<String> = taken.keys().map(|name| (*name).to_owned()).collect();
    for &id in &node.ends {
        let name = match &links[id.link].ends[id.end].file.interface {
            Some(name) => name.value.clone(),
            None => {
                let peer = links[id.link].ends[1 - id.end].node;
                automatic_name(nodes[peer].name(), &mut used)
            }
        };
        links[id.link].ends[id.end].interface = name;
    }
}

/// Moves the node's VLAN interfaces to the ends that they are on.
fn attach_vlans<'f>(problems: &Problems, node: &mut NodeState<'f>, links: &mut [LinkState<'f>]) {
    let interfaces = std::mem::take(&mut node.params.interfaces);
    let ends = node.ends.clone();
    for interface in interfaces {
        let Some(vlan) = &interface.vlan else {
            node.params.interfaces.push(interface);
            continue;
        };
        let name = |id: &EndId| links[id.link].ends[id.end].interface.as_str();
        let Some(&parent) = ends.iter().find(|id| name(id) == vlan.parent.value) else {
            let all = ends.iter().map(name).collect::<Vec<_>>().join(", ");
            problems.add(
                Problem::new(
                    vlan.parent.span.clone(),
                    format!(
                        "`{}` has no end of a link `{}`",
                        node.name(),
                        vlan.parent.value
                    ),
                )
                .help(format!("its ends are: {all}")),
            );
            continue;
        };
        let end = &mut links[parent.link].ends[parent.end];
        if end.vlans.iter().any(|(id, _)| *id == vlan.id.value) {
            problems.add(
                Problem::new(
                    vlan.id.span.clone(),
                    format!(
                        "`{}` has VLAN {} on `{}` twice",
                        node.name(),
                        vlan.id.value,
                        vlan.parent.value
                    ),
                )
                .help("give each VLAN one interface"),
            );
            continue;
        }
        let state = EndState {
            file: end.file,
            node: end.node,
            interface: interface.name.value.clone(),
            mac: end.mac,
            addresses: interface.given.clone().unwrap_or_default(),
            automatic: interface.given.is_none(),
            span: interface.name.span.clone(),
            lan: None,
            vlans: Vec::new(),
        };
        end.vlans.push((vlan.id.value, state));
        node.ends.push(EndId {
            vlan: vlan.id.value,
            ..parent
        });
    }
}

/// `to-peer`, `to-peer-2` …; a peer whose name is too long is shortened, with a hash of all of it.
fn automatic_name(peer: &str, used: &mut HashSet<String>) -> String {
    let mut number = 1;
    loop {
        let suffix = match number {
            1 => String::new(),
            _ => format!("-{number}"),
        };
        let room = MAX_INTERFACE_NAME - "to-".len() - suffix.len();
        let name = match peer.len() <= room {
            true => format!("to-{peer}{suffix}"),
            // Names are ASCII.
            false => {
                let tag = hash("interface", &[peer]) & 0xfff;
                format!("to-{}~{tag:03x}{suffix}", &peer[..room - 4])
            }
        };
        if used.insert(name.clone()) {
            return name;
        }
        number += 1;
    }
}
