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

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use chain::{BindingPlan, BlockPlan, ChainsPlan, ParamPlan, PortPlan};
pub(crate) use check::ber_in_range;
pub use check::{ParameterError, MAX_FLOWS, MAX_MATCHES, MAX_RULES, MAX_TABLE};
pub use defaults::DEFAULT_FLOWS;
pub use direction::{
    ClassPlan, DelayLimitPlan, DirectionPlan, DisciplinePlan, Distribution, DropFrom,
    FourStatePlan, GilbertElliottPlan, JitterPlan, LossPlan, MatchPlan, Order, PatternPlan,
    QueuePlan, ReorderPlan, RuleAction, RulePlan, DEFAULT_OVERHEAD,
};

pub use medium::{MediumPlan, MediumPortPlan, PairPlan, MAX_PORTS};

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

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// An end system: it does not forward.
    Host,
    /// A system that forwards IPv4 and IPv6.
    Router,
    /// A learning bridge; all links on it are ports of [`NodePlan::bridge`].
    Switch,
}

/// One node: namespaces of its own, with all that is in them except the ends of links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePlan {
    /// Name, unique in the lab.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Host name inside its UTS namespace.
    pub hostname: String,
    /// Kernel parameters in sysctl(8)'s dotted form (`net.ipv4.ip_forward`) to value. Those that name a single interface
    /// (`net.ipv4.conf.eth0.…`) are set once that interface exists, the others before there are any interfaces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// Interfaces that are not the end of a link. `lo` exists and is up in every node; an entry for it only adds to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<InterfacePlan>,
    /// Routes of the main table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RoutePlan>,
    /// Directories that this node has for itself, empty when it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<DirectoryPlan>,
    /// Files that only this node sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilePlan>,
    /// Programs that run as long as the node exists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daemons: Vec<DaemonPlan>,
    /// Programs that run once when the node has been started; one that fails fails the start of the lab.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandPlan>,
    /// The bridge that joins the node's links; set exactly for [`NodeKind::Switch`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgePlan>,
    /// A device of the machine that is one more port of the bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsidePlan>,
    /// Labels for selecting nodes; no meaning of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Place on a picture: right and down, in units of the file's own; absent: a layout finds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[i32; 2]>,
    /// Environment of everything that runs in the node, in addition to what every node has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Limits of the node's cgroup.
    #[serde(default, skip_serializing_if = "LimitsPlan::is_none")]
    pub limits: LimitsPlan,
    /// Functional blocks and how they are bound.
    #[serde(default, skip_serializing_if = "ChainsPlan::is_empty")]
    pub chains: ChainsPlan,
}

/// An interface that is not the end of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfacePlan {
    /// Name; `lo` exactly for [`InterfaceKind::Loopback`].
    pub name: String,
    /// What kind of device it is.
    pub kind: InterfaceKind,
    /// Addresses with their prefix length.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpNet>,
    /// MTU in bytes; the kernel's default for the kind if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Which VLAN on which interface; set exactly for [`InterfaceKind::Vlan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<VlanInterfacePlan>,
}

/// A VLAN on the end of a link: frames with this tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VlanInterfacePlan {
    /// Name of the interface that it is on, the end of a link of the same node.
    pub parent: String,
    /// The tag, 1 to 4094.
    pub id: u16,
}

/// Kinds of interfaces that are not the end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceKind {
    /// `lo`, which is there already.
    Loopback,
    /// A `dummy` device: always up, drops what is sent.
    Dummy,
    /// An IEEE 802.1Q VLAN on the end of a link, see [`InterfacePlan::vlan`].
    Vlan,
}

/// A route of the main table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutePlan {
    /// Destination; `0.0.0.0/0` or `::/0` is the default route.
    pub destination: IpNet,
    /// Next hop, of the destination's family; absent: directly reachable through `interface`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<IpAddr>,
    /// Interface to leave by; absent: found from `via`. At least one of the two is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Metric (lower wins); absent: the kernel's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<u32>,
}

/// Owner of a file or directory, by names of the guest's `/etc/passwd` and `/etc/group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// User name.
    pub user: String,
    /// Group name.
    pub group: String,
}

/// A directory that the node has for itself, empty when it starts. (`/run` and `/tmp` are so in every node; elsewhere
/// something has to be mounted there.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryPlan {
    /// Absolute path.
    pub path: String,
    /// Permission bits, as a number (0o755 is 493).
    pub mode: u32,
    /// Owner; absent: root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// A file that only this node sees, whatever the guest has at that path. Missing directories above it are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePlan {
    /// Absolute path.
    pub path: String,
    /// Permission bits, as a number (0o644 is 420).
    pub mode: u32,
    /// Owner; absent: root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The whole content.
    pub content: String,
}

/// A program that runs as long as the node exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaemonPlan {
    /// Name, unique in the node: for `logs` and messages.
    pub name: String,
    /// Program and arguments; the program is an absolute path or is looked up in `PATH`. It stays in the foreground.
    pub argv: Vec<String>,
    /// Environment, in addition to the node's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// How to tell that it is up.
    #[serde(default, skip_serializing_if = "Ready::is_started")]
    pub ready: Ready,
    /// How long it may take to become ready, ns.
    #[serde(
        default = "default_ready_timeout",
        skip_serializing_if = "is_default_ready_timeout"
    )]
    pub ready_timeout: u64,
    /// What to do when it exits.
    #[serde(default, skip_serializing_if = "Restart::is_no")]
    pub restart: Restart,
}

/// How to tell that a daemon is up; it also has to be alive then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// As soon as it has been started.
    #[default]
    Started,
    /// When this file exists and is not empty.
    PidFile(String),
    /// When this Unix stream socket accepts a connection.
    Socket(String),
}

/// What to do when a daemon exits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Report it; do not start it again.
    #[default]
    No,
}

/// A program that runs once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandPlan {
    /// Program and arguments; a shell line of the file is `["/bin/sh", "-c", line]`.
    pub argv: Vec<String>,
}

/// The bridge of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgePlan {
    /// Name of the bridge device.
    pub name: String,
    /// MAC address of the bridge device (else it would change with its ports).
    pub mac: MacAddr,
    /// Whether ports have VLANs ([`EndPlan::vlan`]); if not, all ports are one LAN.
    #[serde(default, skip_serializing_if = "is_false")]
    pub vlan_filtering: bool,
    /// Whether the spanning tree protocol runs; without it ports forward at once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stp: bool,
    /// How long a learned address is kept, ns; 0: the bridge floods everything, as a hub does; absent: 300 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ageing: Option<u64>,
}

/// A device of the machine that a node takes over as long as it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsidePlan {
    /// Name of the device.
    pub device: String,
    /// File and line that ask for it, for those who cannot give it.
    pub place: String,
}

/// Limits of a node's cgroup; absent: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsPlan {
    /// Processor time, thousandths of one CPU (1500 = one and a half CPUs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Number of processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
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

/// Default of [`DaemonPlan::ready_timeout`]: 10 s, in ns.
pub const DEFAULT_READY_TIMEOUT: u64 = 10_000_000_000;

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

/// Ends of links and ports of media, each with what it is on, by node and in the order of the links and media.
pub type Ends<'a> = BTreeMap<&'a str, Vec<(Segment<'a>, &'a EndPlan)>>;

/// What an interface is on.
#[derive(Clone, Copy, Debug)]
pub enum Segment<'a> {
    /// A link.
    Link(&'a LinkPlan),
    /// A medium.
    Medium(&'a MediumPlan),
}

impl<'a> Segment<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        match self {
            Segment::Link(link) => &link.name,
            Segment::Medium(medium) => &medium.name,
        }
    }

    /// What a message calls it.
    pub fn what(self) -> &'static str {
        match self {
            Segment::Link(_) => "link",
            Segment::Medium(_) => "medium",
        }
    }

    /// Whether its interfaces are set up at the start.
    pub fn up(self) -> bool {
        match self {
            Segment::Link(link) => link.up,
            Segment::Medium(medium) => medium.up,
        }
    }

    /// The link, if it is one.
    pub fn link(self) -> Option<&'a LinkPlan> {
        match self {
            Segment::Link(link) => Some(link),
            Segment::Medium(_) => None,
        }
    }

    /// The medium, if it is one.
    pub fn medium(self) -> Option<&'a MediumPlan> {
        match self {
            Segment::Link(_) => None,
            Segment::Medium(medium) => Some(medium),
        }
    }
}

impl NodePlan {
    /// A node with nothing in it.
    pub fn new(name: impl Into<String>, kind: NodeKind) -> Self {
        let name = name.into();
        NodePlan {
            hostname: name.clone(),
            name,
            kind,
            sysctls: BTreeMap::new(),
            interfaces: Vec::new(),
            routes: Vec::new(),
            directories: Vec::new(),
            files: Vec::new(),
            daemons: Vec::new(),
            commands: Vec::new(),
            bridge: None,
            outside: None,
            labels: BTreeMap::new(),
            position: None,
            env: BTreeMap::new(),
            limits: LimitsPlan::default(),
            chains: ChainsPlan::default(),
        }
    }
}

impl LimitsPlan {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == LimitsPlan::default()
    }
}

impl Ready {
    fn is_started(&self) -> bool {
        *self == Ready::Started
    }
}

impl Restart {
    fn is_no(&self) -> bool {
        *self == Restart::No
    }
}

fn default_ready_timeout() -> u64 {
    DEFAULT_READY_TIMEOUT
}

fn is_default_ready_timeout(value: &u64) -> bool {
    *value == DEFAULT_READY_TIMEOUT
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
