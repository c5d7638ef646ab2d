// SPDX-License-Identifier: GPL-2.0

//! Broadcast domains: which hosts and routers reach each other through nothing but links and switches.

use std::collections::{BTreeMap, HashMap};

use super::{EndId, Lab, Lan};
use crate::decode::Problems;
use crate::file::PortVlan;
use crate::plan::NodeKind;
use crate::report::Problem;

/// VLAN of the ports for which a switch with VLANs says nothing.
pub(crate) const DEFAULT_VLAN: u16 = 1;

/// A place where frames are: at the end of a link on a host or router, or in (a VLAN of) a switch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    End(EndId),
    /// VLAN 0 of a switch without VLANs.
    Switch(usize, u16),
}

/// Finds the LANs of the lab, and tells the ends which one they are on.
pub(crate) fn resolve(problems: &Problems, lab: &mut Lab<'_>) {
    for node in 0..lab.nodes.len() {
        lab.nodes[node].vlan_filtering = lab.nodes[node]
            .ends
            .iter()
            .any(|&id| lab.end(id).file.vlan.is_some());
    }
    let tags = tags(lab);
    check_loops(problems, lab, &tags);
    let mut sets = Sets::default();
    for link in 0..lab.links.len() {
        let [a, b] = [0, 1].map(|end| EndId { link, end, vlan: 0 });
        for (inside, outside) in joined(lab, &tags, a, b) {
            sets.join(inside, outside);
        }
    }
    let mut lans: BTreeMap<usize, Lan> = BTreeMap::new();
    let places: Vec<Place> = sets.places.clone();
    for place in places {
        let root = sets.find(place);
        let lan = lans.entry(root).or_insert_with(|| Lan {
            key: String::new(),
            point_to_point: true,
            members: Vec::new(),
        });
        match place {
            Place::End(id) => lan.members.push(id),
            Place::Switch(node, vlan) => {
                lan.point_to_point = false;
                // The first in the alphabet names it, whatever else is there.
                let key = match vlan {
                    0 => format!("switch:{}", lab.nodes[node].name()),
                    _ => format!("switch:{}:{vlan}", lab.nodes[node].name()),
                };
                if lan.key.is_empty() || key < lan.key {
                    lan.key = key;
                }
            }
        }
    }
    let mut lans: Vec<Lan> = lans
        .into_values()
        .filter(|lan| !lan.members.is_empty())
        .collect();
    for lan in &mut lans {
        lan.members.sort_unstable();
        if lan.point_to_point {
            let EndId { link, vlan, .. } = lan.members[0];
            lan.key = match vlan {
                0 => format!("link:{}", lab.links[link].name),
                vlan => format!("link:{}:{vlan}", lab.links[link].name),
            };
        }
    }
    lans.sort_by_key(|lan| lan.members[0]);
    for (index, lan) in lans.iter().enumerate() {
        for &id in &lan.members {
            lab.end_mut(id).lan = Some(index);
        }
    }
    lab.lans = lans;
}

/// Which places a link joins.
fn joined(lab: &Lab<'_>, tags: &[u16], a: EndId, b: EndId) -> Vec<(Place, Place)> {
    let (port_a, port_b) = (port(lab, a), port(lab, b));
    let place = |id: EndId, port: &Port, vlan: u16| match port {
        Port::End => Place::End(id),
        Port::Plain => Place::Switch(lab.end(id).node, 0),
        Port::Vlan(_) => Place::Switch(lab.end(id).node, vlan),
    };
    let mut pairs = Vec::new();
    if let (Some(vlan_a), Some(vlan_b)) = (port_a.untagged(), port_b.untagged()) {
        pairs.push((place(a, &port_a, vlan_a), place(b, &port_b, vlan_b)));
    } else {
        // The end of a host exists even where its frames are dropped.
        for (id, port) in [(a, &port_a), (b, &port_b)] {
            if let Port::End = port {
                pairs.push((Place::End(id), Place::End(id)));
            }
        }
    }
    // Frames with a tag pass through a switch without VLANs as they are.
    let tagged = |id: EndId, port: &Port, tag: u16| match port {
        Port::End => {
            let vlans = &lab.end(id).vlans;
            let there = vlans.iter().any(|(vlan, _)| *vlan == tag);
            there.then_some(Place::End(EndId { vlan: tag, ..id }))
        }
        Port::Plain => Some(Place::Switch(lab.end(id).node, tag)),
        Port::Vlan(vlan) => vlan
            .tagged
            .contains(&tag)
            .then_some(Place::Switch(lab.end(id).node, tag)),
    };
    for &tag in tags {
        match (tagged(a, &port_a, tag), tagged(b, &port_b, tag)) {
            (Some(a), Some(b)) => pairs.push((a, b)),
            // The VLAN of a host exists even where nobody else is in it.
            (Some(Place::End(id)), None) | (None, Some(Place::End(id))) => {
                pairs.push((Place::End(id), Place::End(id)))
            }
            _ => {}
        }
    }
    pairs
}

/// The tags that are used anywhere in the lab.
fn tags(lab: &Lab<'_>) -> Vec<u16> {
    let ends = || lab.links.iter().flat_map(|link| &link.ends);
    let ports = ends().filter_map(|end| end.file.vlan.as_ref());
    let mut tags: Vec<u16> = ports
        .flat_map(|vlan| vlan.value.tagged.iter().copied())
        .collect();
    tags.extend(ends().flat_map(|end| end.vlans.iter().map(|(vlan, _)| *vlan)));
    tags.sort_unstable();
    tags.dedup();
    tags
}

enum Port {
    /// Not a switch.
    End,
    /// A switch without VLANs.
    Plain,
    Vlan(PortVlan),
}

impl Port {
    /// The VLAN of untagged frames; 0 where there are no VLANs.
    fn untagged(&self) -> Option<u16> {
        match self {
            Port::End | Port::Plain => Some(0),
            Port::Vlan(vlan) => vlan.untagged,
        }
    }
}

fn port(lab: &Lab<'_>, id: EndId) -> Port {
    let node = lab.node_of(id);
    match (node.kind.kind(), node.vlan_filtering) {
        (NodeKind::Switch, false) => Port::Plain,
        (NodeKind::Switch, true) => Port::Vlan(port_vlan(lab, id)),
        _ => Port::End,
    }
}

/// VLANs of a port of a switch that filters VLANs.
pub(crate) fn port_vlan(lab: &Lab<'_>, id: EndId) -> PortVlan {
    match &lab.end(id).file.vlan {
        Some(vlan) => vlan.value.clone(),
        None => PortVlan {
            untagged: Some(DEFAULT_VLAN),
            tagged: Vec::new(),
        },
    }
}

/// Refuses a loop of switches none of which runs the spanning tree protocol: the first broadcast would circle in it
/// for ever, at full speed. (Switches without STP pass on the messages of those with it, so that one is enough.)
fn check_loops(problems: &Problems, lab: &Lab<'_>, tags: &[u16]) {
    let plain = |id: EndId| {
        let node = lab.node_of(id);
        node.kind.kind() == NodeKind::Switch
            && !node.params.stp.as_ref().is_some_and(|stp| stp.value)
    };
    let mut sets = Sets::default();
    for (index, link) in lab.links.iter().enumerate() {
        let [a, b] = [0, 1].map(|end| EndId {
            link: index,
            end,
            vlan: 0,
        });
        if !plain(a) || !plain(b) {
            continue;
        }
        let mut closed = false;
        for (a, b) in joined(lab, tags, a, b) {
            closed |= sets.find(a) == sets.find(b);
            sets.join(a, b);
        }
        if closed {
            problems.add(
                Problem::new(
                    link.file.span.clone(),
                    "this link closes a loop of switches",
                )
                .label("frames would circle for ever")
                .help("leave it out, or set `stp: true` at one of the switches of the loop"),
            );
        }
    }
}

/// Disjoint sets of places.
#[derive(Default)]
struct Sets {
    index: HashMap<Place, usize>,
    places: Vec<Place>,
    parent: Vec<usize>,
}

impl Sets {
    fn find(&mut self, place: Place) -> usize {
        let next = self.places.len();
        let mut at = *self.index.entry(place).or_insert(next);
        if at == next {
            self.places.push(place);
            self.parent.push(next);
        }
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: Place, b: Place) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
    }
}
