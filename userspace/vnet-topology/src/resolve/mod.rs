// SPDX-License-Identifier: GPL-2.0

//! From the file as written to what is meant: which node, which LAN, which address, which way.

pub(crate) mod address;
pub(crate) mod aggregate;
mod bird;
pub(crate) mod chain;
pub(crate) mod direction;
mod frr;
pub(crate) mod identity;
pub(crate) mod lan;
pub(crate) mod links;
pub(crate) mod medium;
pub(crate) mod nodes;
pub(crate) mod outside;
pub(crate) mod paths;
pub(crate) mod pool;
pub(crate) mod route;
pub(crate) mod router;

use ipnet::IpNet;

use crate::file::{End, Kind, Link, Node, NodeParams};
use crate::plan::{MacAddr, NodeKind};
use crate::report::{At, Span};

/// The lab while it is being resolved. Nodes and links refer to each other by their index.
pub(crate) struct Lab<'f> {
    pub name: String,
    pub seed: u64,
    pub nodes: Vec<NodeState<'f>>,
    pub links: Vec<LinkState<'f>>,
    pub lans: Vec<Lan>,
}

/// A node.
pub(crate) struct NodeState<'f> {
    pub file: &'f Node,
    pub kind: Kind,
    /// Its own parameters over those of its kind over those of all nodes.
    pub params: NodeParams,
    /// Its ends of links, in the order of the file.
    pub ends: Vec<EndId>,
    /// Whether its bridge filters VLANs.
    pub vlan_filtering: bool,
}

/// A link.
pub(crate) struct LinkState<'f> {
    pub file: &'f Link,
    pub name: String,
    pub ends: [EndState<'f>; 2],
}

/// One end of a link.
pub(crate) struct EndState<'f> {
    pub file: &'f End,
    pub node: usize,
    pub interface: String,
    pub mac: MacAddr,
    /// Given ones first.
    pub addresses: Vec<At<IpNet>>,
    /// Whether addresses are to be assigned.
    pub automatic: bool,
    /// Where messages about the addresses point to.
    pub span: Span,
    /// The LAN it is on; none for the ports of switches.
    pub lan: Option<usize>,
    /// VLANs on it, by their ids; they have none themselves.
    pub vlans: Vec<(u16, EndState<'f>)>,
}

/// Which end of which link, or which VLAN on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndId {
    pub link: usize,
    /// 0 or 1.
    pub end: usize,
    /// A VLAN on it; 0: the end itself.
    pub vlan: u16,
}

/// A broadcast domain: hosts and routers that reach each other without a router.
pub(crate) struct Lan {
    /// What it is called for the purpose of numbering: a function of the link's or a switch's name.
    pub key: String,
    /// Whether it is a single link between two nodes that are not switches.
    pub point_to_point: bool,
    /// Ends of hosts and routers, in the order of the file.
    pub members: Vec<EndId>,
}

impl<'f> Lab<'f> {
    pub fn end(&self, id: EndId) -> &EndState<'f> {
        let end = &self.links[id.link].ends[id.end];
        let vlan = end.vlans.iter().find(|(vlan, _)| *vlan == id.vlan);
        vlan.map_or(end, |(_, state)| state)
    }

    pub fn end_mut(&mut self, id: EndId) -> &mut EndState<'f> {
        let end = &mut self.links[id.link].ends[id.end];
        match end.vlans.iter().position(|(vlan, _)| *vlan == id.vlan) {
            Some(index) => &mut end.vlans[index].1,
            None => end,
        }
    }

    /// The node that has this end.
    pub fn node_of(&self, id: EndId) -> &NodeState<'f> {
        &self.nodes[self.end(id).node]
    }

    /// Whether the node that has this end is a router.
    pub fn is_router(&self, id: EndId) -> bool {
        self.node_of(id).kind.kind() == NodeKind::Router
    }
}

impl NodeState<'_> {
    pub fn name(&self) -> &str {
        &self.file.name.value
    }
}
