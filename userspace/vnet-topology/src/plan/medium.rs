// SPDX-License-Identifier: GPL-2.0

//! Broadcast media: segments with several ports, and a way of its own between each two of them.

use serde::{Deserialize, Serialize};

use super::{BridgePlan, DirectionPlan, EndPlan, LinkPlan, NodeKind, NodePlan, Plan};

/// Most ports of a medium.
pub const MAX_PORTS: usize = 64;

/// A medium: each port hears each other one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediumPlan {
    /// Name, unique among media and nodes of the lab.
    pub name: String,
    /// MTU of all ports, bytes.
    pub mtu: u32,
    /// Seed of the medium's random processes.
    pub seed: u64,
    /// Whether all ports are set up (administratively) at the start.
    #[serde(default = "super::yes", skip_serializing_if = "super::is_true")]
    pub up: bool,
    /// The ports, 2 to [`MAX_PORTS`]; their numbers in the kernel are their places here.
    pub ports: Vec<MediumPortPlan>,
    /// What happens between any two ports, unless `pairs` says something else. It has neither rate nor queue.
    pub ways: DirectionPlan,
    /// Ways that differ, by the numbers of their ports and in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairPlan>,
}

/// A port of a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediumPortPlan {
    /// The interface.
    pub end: EndPlan,
    /// Its transmitter: rate and queue, and what happens to a frame before it spreads.
    pub tx: DirectionPlan,
}

/// The way from one port to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairPlan {
    /// Number of the port that sends.
    pub from: usize,
    /// Number of the port that hears it.
    pub to: usize,
    /// What happens on the way.
    pub way: DirectionPlan,
}

impl MediumPlan {
    /// What happens on the way from one port to another.
    pub fn way(&self, from: usize, to: usize) -> &DirectionPlan {
        let special = self
            .pairs
            .iter()
            .find(|pair| (pair.from, pair.to) == (from, to));
        special.map_or(&self.ways, |pair| &pair.way)
    }

    /// All pairs of ports, by the sender's number first.
    pub fn all_pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let count = self.ports.len();
        (0..count).flat_map(move |from| {
            (0..count)
                .filter(move |to| *to != from)
                .map(move |to| (from, to))
        })
    }

    /// Gives a way other parameters.
    pub fn set_way(&mut self, from: usize, to: usize, way: DirectionPlan) {
        self.pairs.retain(|pair| (pair.from, pair.to) != (from, to));
        if way != self.ways {
            let pair = PairPlan { from, to, way };
            let place = self
                .pairs
                .partition_point(|pair| (pair.from, pair.to) < (from, to));
            self.pairs.insert(place, pair);
        }
    }
}

impl DirectionPlan {
    /// These parameters with the serialiser and the queue of others: what a port of a medium has, and a pair has not.
    pub fn with_sender_of(self, sender: &DirectionPlan) -> Self {
        DirectionPlan {
            rate: sender.rate,
            overhead: sender.overhead,
            queue: sender.queue.clone(),
            whole_time: sender.whole_time,
            ..self
        }
    }
}

impl Plan {
    /// Nodes, links and media in a few words, as in `2 nodes and 1 link`.
    pub fn summary(&self) -> String {
        let count = |number: usize, one: &str, more: &str| match number {
            1 => format!("1 {one}"),
            _ => format!("{number} {more}"),
        };
        let nodes = count(self.nodes.len(), "node", "nodes");
        let links = count(self.links.len(), "link", "links");
        match self.media.len() {
            0 => format!("{nodes} and {links}"),
            media => format!("{nodes}, {links} and {}", count(media, "medium", "media")),
        }
    }

    /// The medium of that name.
    pub fn medium(&self, name: &str) -> Option<&MediumPlan> {
        self.media.iter().find(|medium| medium.name == name)
    }

    /// The plan with a switch for each medium and a link from each of its ports, for those who draw or export it.
    pub fn with_media_as_switches(&self) -> Plan {
        let mut plan = self.clone();
        for medium in std::mem::take(&mut plan.media) {
            let mut node = NodePlan::new(&medium.name, NodeKind::Switch);
            node.bridge = medium.ports.first().map(|port| BridgePlan {
                name: "br0".into(),
                mac: port.end.mac,
                vlan_filtering: false,
                stp: false,
                ageing: Some(0),
            });
            plan.nodes.push(node);
            for (number, MediumPortPlan { end, tx }) in medium.ports.into_iter().enumerate() {
                let far = EndPlan {
                    node: medium.name.clone(),
                    interface: format!("p{number}"),
                    mac: end.mac,
                    addresses: Vec::new(),
                    vlan: None,
                };
                plan.links.push(LinkPlan {
                    name: format!("{}:{}", end.node, end.interface),
                    mtu: medium.mtu,
                    seed: medium.seed,
                    up: medium.up,
                    ends: [end, far],
                    directions: [tx.clone(), tx],
                });
            }
        }
        plan.nodes.sort_by(|a, b| a.name.cmp(&b.name));
        plan
    }
}
