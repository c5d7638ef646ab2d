// SPDX-License-Identifier: GPL-2.0

//! Nodes: all that is in them except the ends of links.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{is_false, ChainsPlan, CommandPlan, DaemonPlan, MacAddr};

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

impl FilePlan {
    /// Whether only its owner may read it.
    pub fn is_private(&self) -> bool {
        self.mode & 0o077 == 0
    }
}

/// The bridge of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgePlan {
    /// Name of the bridge device.
    pub name: String,
    /// MAC address of the bridge device (else it would change with its ports).
    pub mac: MacAddr,
    /// Whether ports have VLANs ([`EndPlan::vlan`](super::EndPlan::vlan)); if not, all ports are one LAN.
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

impl NodePlan {
    /// Whether something of it is not for everybody to read.
    pub fn is_private(&self) -> bool {
        let mut blocks = self.chains.blocks.values();
        self.files.iter().any(FilePlan::is_private)
            || blocks.any(|block| !block.secrets().is_empty())
    }

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
