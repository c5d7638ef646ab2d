// SPDX-License-Identifier: GPL-2.0

//! The resolved plan of a lab: what is to exist, with nothing left to decide.
//!
//! The compiler makes a [`Plan`] from a topology file; as JSON it is what the tool on the host hands to the agent in the
//! guest, and what the guest keeps as the lab's applied plan. Units are the smallest ones throughout: bit/s, bytes, ns;
//! probabilities are exact decimals.
//!
//! The order in which a node is brought up, which the fields below rely on:
//! namespaces, hostname, `directories`, `files`, `sysctls` (all but those of single interfaces), `bridge`, interfaces and
//! ends of links with their addresses, the sysctls of single interfaces, `routes`, `chains`, `daemons` in their order (each one
//! [ready](Ready) before the next starts), `commands` in their order.
//!
//! A field that has its default value is left out of the JSON; a field that the reader does not know is an error, so
//! that nothing is ignored silently when the two sides differ. [`FORMAT`] is raised with every incompatible change.

mod chain;
mod check;
mod defaults;
mod direction;
mod medium;
mod node;
mod program;
mod segment;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use chain::{BindingPlan, BlockPlan, ChainsPlan, ParamPlan, PortPlan, SubscriptionPlan};
pub(crate) use check::ber_in_range;
pub use check::{ParameterError, MAX_FLOWS, MAX_MATCHES, MAX_RULES, MAX_TABLE};
pub use defaults::DEFAULT_FLOWS;
pub use direction::{
    ClassPlan, DelayLimitPlan, DirectionPlan, DisciplinePlan, Distribution, DropFrom,
    FourStatePlan, GilbertElliottPlan, JitterPlan, LossPlan, MatchPlan, Order, PatternPlan,
    QueuePlan, ReorderPlan, RuleAction, RulePlan, DEFAULT_OVERHEAD,
};

pub use medium::{MediumPlan, MediumPortPlan, PairPlan, MAX_PORTS};
pub use node::{
    BridgePlan, DirectoryPlan, FilePlan, InterfaceKind, InterfacePlan, LimitsPlan, NodeKind,
    NodePlan, OutsidePlan, Owner, RoutePlan, VlanInterfacePlan,
};
pub use program::{CommandPlan, DaemonPlan, Ready, Restart, DEFAULT_READY_TIMEOUT};
pub use segment::{Ends, Segment};

pub use crate::mac::MacAddr;
pub use crate::probability::Probability;

/// The format number of the plans that this version writes and accepts.
pub const FORMAT: u32 = 1;

/// The longest name that Linux takes for an interface, in bytes (`IFNAMSIZ` without the terminating zero).
pub const MAX_INTERFACE_NAME: usize = 15;

/// A whole lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// Name of the lab: `name:` of the file or what `-l` said.
    pub lab: String,
    /// Seed from which the seeds of the links were derived.
    pub seed: u64,
    /// Nodes, sorted by name.
    pub nodes: Vec<NodePlan>,
    /// Links in the order of the file.
    pub links: Vec<LinkPlan>,
    /// Broadcast media in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediumPlan>,
    /// What `/etc/hosts` of every node contains besides `localhost`; one list for all nodes of the lab.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostEntry>,
}

/// One line of `/etc/hosts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostEntry {
    /// The address.
    pub address: IpAddr,
    /// The names that resolve to it, the canonical one first.
    pub names: Vec<String>,
}

/// One link: a wire between two interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPlan {
    /// Name, unique in the lab.
    pub name: String,
    /// MTU of both ends, bytes.
    pub mtu: u32,
    /// Seed of the link's random processes.
    pub seed: u64,
    /// Whether both ends are set up (administratively) at the start.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub up: bool,
    /// The two ends.
    pub ends: [EndPlan; 2],
    /// Index 0: what end 0 sends to end 1. Index 1: what end 1 sends to end 0.
    pub directions: [DirectionPlan; 2],
}

/// One end of a link: an Ethernet interface in a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndPlan {
    /// The node's name.
    pub node: String,
    /// Name of the interface, unique in the node, at most [`MAX_INTERFACE_NAME`] bytes.
    pub interface: String,
    /// MAC address. The kernel derives the IPv6 link-local address from it ([`MacAddr::link_local`]).
    pub mac: MacAddr,
    /// Addresses with their prefix length; none on the ports of a switch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpNet>,
    /// VLANs of this port; set only on a switch whose bridge filters VLANs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<PortVlanPlan>,
}

/// VLAN membership of a switch port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortVlanPlan {
    /// VLAN of frames without a tag, in and out; absent: such frames are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untagged: Option<u16>,
    /// VLANs that pass with a tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tagged: Vec<u16>,
}

impl Plan {
    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&NodePlan> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The link of that name.
    pub fn link(&self, name: &str) -> Option<&LinkPlan> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The interfaces of a node that are ends of links or ports of media, each with what it is on, in the order of the
    /// links and media.
    pub fn ends_of<'a>(
        &'a self,
        node: &'a str,
    ) -> impl Iterator<Item = (Segment<'a>, &'a EndPlan)> + 'a {
        self.all_ends().filter(move |(_, end)| end.node == node)
    }

    /// Ends of links and ports of media by node: what [`Plan::ends_of`] says of each, for those who ask about many.
    pub fn ends(&self) -> Ends<'_> {
        let mut ends = Ends::new();
        for (segment, end) in self.all_ends() {
            ends.entry(&end.node).or_default().push((segment, end));
        }
        ends
    }

    /// All ends of links and ports of media, each with what it is on.
    pub fn all_ends(&self) -> impl Iterator<Item = (Segment<'_>, &EndPlan)> {
        let of_links = self.links.iter().flat_map(|link| {
            let segment = Segment::Link(link);
            link.ends.iter().map(move |end| (segment, end))
        });
        let of_media = self.media.iter().flat_map(|medium| {
            let segment = Segment::Medium(medium);
            medium.ports.iter().map(move |port| (segment, &port.end))
        });
        of_links.chain(of_media)
    }
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn small() -> Plan {
        let end = |node: &str| EndPlan {
            node: node.into(),
            interface: "eth0".into(),
            mac: MacAddr([2, 0, 0, 0, 0, 1]),
            addresses: vec!["10.0.0.1/30".parse().unwrap()],
            vlan: None,
        };
        let mut node = NodePlan::new("a", NodeKind::Router);
        node.daemons.push(DaemonPlan {
            name: "zebra".into(),
            argv: vec!["/usr/lib/frr/zebra".into()],
            env: BTreeMap::new(),
            ready: Ready::Socket("/run/frr/zserv.api".into()),
            ready_timeout: DEFAULT_READY_TIMEOUT,
            restart: Restart::No,
        });
        Plan {
            format: FORMAT,
            lab: "small".into(),
            seed: u64::MAX,
            nodes: vec![node, NodePlan::new("b", NodeKind::Host)],
            links: vec![LinkPlan {
                name: "a-b".into(),
                mtu: 1500,
                seed: 7,
                up: true,
                ends: [end("a"), end("b")],
                directions: [
                    DirectionPlan::default(),
                    DirectionPlan {
                        rate: Some(10_000_000),
                        ..Default::default()
                    },
                ],
            }],
            media: Vec::new(),
            hosts: Vec::new(),
        }
    }

    #[test]
    fn json_round_trip() {
        let plan = small();
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let json = serde_json::to_string(&small()).unwrap();
        let json = json.replacen("\"mtu\"", "\"loss\":1,\"mtu\"", 1);
        let error = serde_json::from_str::<Plan>(&json).unwrap_err();
        assert!(
            error.to_string().contains("unknown field `loss`"),
            "{error}"
        );
    }
}
