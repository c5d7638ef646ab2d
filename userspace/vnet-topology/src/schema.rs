// SPDX-License-Identifier: GPL-2.0

//! The format as a JSON schema, for editors: the types here are only that, their comments are what the editor shows.
//!
//! What a schema can say is checked twice; what it cannot (that a node exists, that addresses fit) is the compiler's.
//! A test compares the keys with those that the reader of the file knows.

#![allow(dead_code, reason = "of the types only their schemas are used")]

mod wire;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use wire::{Direction, Medium};

/// The schema of topology files, as JSON.
pub fn schema() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<Topology>()
}

/// A vnet topology: nodes, and links between them.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Topology {
    /// Name of the lab. Default: the name of the file.
    #[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"))]
    name: Option<String>,
    /// For people.
    description: Option<String>,
    /// Seed of all random processes: a number, or `random`. Default 1.
    seed: Option<Seed>,
    /// Variables: `${name}` stands for them in all texts.
    vars: Option<BTreeMap<String, Scalar>>,
    /// Parameters that nodes and links take over by `template`.
    templates: Option<Templates>,
    /// Where automatic addresses come from.
    addressing: Option<Addressing>,
    /// Parameters of all links, of all nodes, or of all nodes of a kind.
    defaults: Option<Defaults>,
    /// The nodes by name; `pc1: host` is short for `pc1: {kind: host}`.
    nodes: BTreeMap<String, Option<NodeForms>>,
    /// The links; `- [a, b]` is short for `- ends: [a, b]`.
    links: Option<Vec<LinkForms>>,
    /// Chains of functional blocks by node, as in `r1: eth0:wire -> counter c1 -> eth0:host`.
    chains: Option<BTreeMap<String, ChainForms>>,
    /// Broadcast media by name: segments on which each port hears each other one.
    media: Option<BTreeMap<String, Medium>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum ChainForms {
    One(String),
    Several(Vec<ChainForm>),
    Map(Box<Chains>),
}

/// A chain: from the wire upwards, in a line or as a list.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum ChainForm {
    Line(String),
    List(Vec<String>),
}

/// The functional blocks of a node and what binds them.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Chains {
    /// Blocks by name; `c1: counter` is short for `c1: {type: counter}`.
    blocks: Option<BTreeMap<String, BlockForms>>,
    /// Chains.
    bind: Option<BindForms>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum BindForms {
    One(String),
    Several(Vec<ChainForm>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum BlockForms {
    Type(String),
    Map(Block),
}

/// A block: its type, and parameters by their names (`vnetctl fb types TYPE` lists them).
#[derive(JsonSchema)]
struct Block {
    /// Its type.
    #[schemars(rename = "type")]
    kind: String,
    /// Blocks whose events it takes, by their names.
    subscribe: Option<Names>,
    #[schemars(flatten)]
    parameters: BTreeMap<String, BlockValue>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Names {
    One(String),
    Several(Vec<String>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum BlockValue {
    Scalar(Scalar),
    Records(Vec<BTreeMap<String, Scalar>>),
}

/// Parameters that nodes and links take over by `template`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Templates {
    /// Templates of nodes by name.
    node: Option<BTreeMap<String, NodeDefaults>>,
    /// Templates of links by name.
    link: Option<BTreeMap<String, LinkParams>>,
}

/// What a node or link is repeated for: `{i: 1..4}`, `{city: [graz, linz]}`; all combinations of several.
#[derive(JsonSchema)]
struct For(BTreeMap<String, Range>);

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Range {
    Numbers(String),
    List(Vec<Scalar>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Seed {
    Number(u64),
    Text(#[schemars(regex(pattern = r"^(random|[0-9]+)$|\$\{"))] String),
}

/// Where automatic addresses come from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Addressing {
    /// Pool of IPv4 addresses: a prefix of at most 24 bits, `auto` (10.0.0.0/8) or `none`.
    ipv4: Option<String>,
    /// Pool of IPv6 addresses: a prefix of at most 64 bits, `auto` (a unique local /48 of the lab) or `none`.
    ipv6: Option<String>,
    /// Whether two links may have the same prefix, as private networks behind NAT do.
    overlap: Option<Or<Overlap>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Overlap {
    Refuse,
    Allow,
}

/// Parameters of all links, of all nodes, or of all nodes of a kind.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Defaults {
    /// All links.
    link: Option<LinkParams>,
    /// All nodes.
    node: Option<NodeDefaults>,
    /// All hosts.
    host: Option<NodeParams>,
    /// All routers.
    router: Option<NodeParams>,
    /// All switches and hubs.
    switch: Option<NodeParams>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum NodeForms {
    Kind(Or<Kind>),
    Map(Box<Node>),
}

/// What a node is.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Kind {
    /// An end system.
    Host,
    /// A system that forwards IPv4 and IPv6.
    Router,
    /// A learning bridge.
    Switch,
    /// A bridge that floods.
    Hub,
    /// A device of the machine, joined to the lab by a bridge.
    Rj45,
}

/// Parameters of all nodes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NodeDefaults {
    /// What they are. Default: host.
    kind: Option<Or<Kind>>,
    #[schemars(flatten)]
    params: NodeParams,
}

/// A node.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Node {
    /// What it is. Default: host.
    kind: Option<Or<Kind>>,
    /// Makes one for each value; `${i}` stands for it.
    r#for: Option<For>,
    /// Template or templates whose parameters it takes over.
    template: Option<OneOrMany<String>>,
    /// Place on a picture: right and down.
    #[schemars(length(min = 2, max = 2))]
    position: Option<Vec<Or<f64>>>,
    /// Rj45 nodes: the device of the machine.
    device: Option<String>,
    /// Routers: the rj45 node at the other end of a link towards which addresses are translated.
    nat: Option<String>,
    #[schemars(flatten)]
    params: NodeParams,
}

/// Parameters of a node.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct NodeParams {
    /// How it gets its routes. Routers: static (default), none, or one or several of ospf, rip, isis, bgp (for both
    /// families), ospfv2, ospfv3, ripv2, ripng; with bird, BIRD speaks them instead of FRR. Hosts: static (default: a
    /// default route), none.
    routing: Option<OneOrMany<Or<Routing>>>,
    /// Next hop of the default route: a node, an address, or `none`.
    gateway: Option<String>,
    /// Autonomous system of BGP. Default: one for each router.
    asn: Option<Or<u32>>,
    /// Daemons of FRR beyond those of `routing`.
    frr: Option<OneOrMany<String>>,
    /// Router id of routing protocols, written as an IPv4 address.
    #[schemars(regex(pattern = r"\$\{|^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$"))]
    router_id: Option<String>,
    /// Interfaces that are not the end of a link: `lo` is the loopback, others are dummies.
    interfaces: Option<BTreeMap<String, InterfaceForms>>,
    /// Routes: `10.9.0.0/16 via 10.0.0.1`, or maps.
    routes: Option<OneOrMany<RouteForms>>,
    /// Kernel parameters below `net.` by their dotted names.
    sysctls: Option<BTreeMap<String, Scalar>>,
    /// Environment of all programs in the node.
    env: Option<BTreeMap<String, Option<Scalar>>>,
    /// For selecting nodes.
    labels: Option<BTreeMap<String, Option<Scalar>>>,
    /// Files that only this node sees: path to content or to a map.
    files: Option<BTreeMap<String, Option<FileForms>>>,
    /// Programs that keep running.
    daemons: Option<OneOrMany<DaemonForms>>,
    /// Programs that run once, when the daemons are up.
    commands: Option<OneOrMany<Command>>,
    /// Processor time, as in 0.5 or 50%.
    cpu: Option<Scalar>,
    /// Memory, as in 256MiB.
    memory: Option<Size>,
    /// Number of processes.
    pids: Option<Pids>,
    /// Switches: whether the spanning tree protocol runs. Default: false.
    stp: Option<Or<bool>>,
    /// Switches: how long a learned address is kept. Default: 300s.
    ageing: Option<Time>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Routing {
    None,
    Static,
    Ospf,
    Ospfv2,
    Ospfv3,
    Rip,
    Ripv2,
    Ripng,
    Isis,
    Bgp,
    Bird,
}

/// A text or a number.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Scalar {
    Text(String),
    Number(f64),
    Boolean(bool),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum InterfaceForms {
    Addresses(OneOrMany<String>),
    Map(Interface),
}

/// An interface that is not the end of a link.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Interface {
    /// Addresses with their prefix lengths, as in 10.255.0.1/32. Default: assigned for a VLAN, else none.
    addresses: Option<OneOrMany<String>>,
    /// A VLAN on the end of a link: its number.
    vlan: Option<VlanId>,
    /// A VLAN on the end of a link: the end's interface.
    parent: Option<String>,
    /// MTU in bytes.
    mtu: Option<Mtu>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum RouteForms {
    Text(String),
    Map(Route),
}

/// A route.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Route {
    /// Destination, as in 10.9.0.0/16; `default` is everything.
    to: String,
    /// Next hop.
    via: Option<String>,
    /// Interface.
    interface: Option<String>,
    /// Metric; lower wins.
    metric: Option<Or<u32>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum FileForms {
    Content(String),
    Map(File),
}

/// A file that only this node sees.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct File {
    /// The content itself.
    content: Option<String>,
    /// A file beside the topology file.
    source: Option<String>,
    /// Permissions in octal. Default: 0644.
    mode: Option<Scalar>,
    /// `user:group`. Default: root.
    owner: Option<String>,
}

/// A line for the shell, or the program and its arguments.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Command {
    Line(String),
    Words(Vec<Scalar>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum DaemonForms {
    Command(Command),
    Map(Daemon),
}

/// A program that keeps running.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Daemon {
    /// For logs and messages. Default: the program's name.
    name: Option<String>,
    /// A line for the shell, or the program and its arguments.
    command: Command,
    /// Environment of this program.
    env: Option<BTreeMap<String, Option<Scalar>>>,
    /// How to tell that it is up: `started` (default), `{pid-file: PATH}`, `{socket: PATH}`.
    ready: Option<ReadyForms>,
    /// How long it may take to become ready. Default: 10s.
    timeout: Option<Time>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum ReadyForms {
    Word(Started),
    Map(Ready),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Started {
    Started,
}

/// How to tell that a daemon is up.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Ready {
    /// When this file exists and is not empty.
    pid_file: Option<String>,
    /// When this Unix socket accepts a connection.
    socket: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum LinkForms {
    Ends(#[schemars(length(min = 2, max = 2))] Vec<EndForms>),
    Map(Box<Link>),
}

/// A link.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Link {
    /// Makes one for each value; `${i}` stands for it.
    r#for: Option<For>,
    /// Template or templates whose parameters it takes over.
    template: Option<OneOrMany<String>>,
    /// Default: the names of the nodes, `a-b`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$|\$\{"))]
    name: Option<String>,
    /// The two ends: `node`, `node:interface`, or maps.
    #[schemars(length(min = 2, max = 2))]
    ends: Vec<EndForms>,
    /// Seed of this link's random processes. Default: a function of the lab's seed and the link's name.
    seed: Option<Or<u64>>,
    #[schemars(flatten)]
    params: LinkParams,
}

/// Parameters of a link.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct LinkParams {
    #[schemars(flatten)]
    both: Direction,
    /// What the first end sends to the second.
    forward: Option<Direction>,
    /// What the second end sends to the first.
    backward: Option<Direction>,
    /// MTU in bytes. Default: 1500.
    mtu: Option<Mtu>,
    /// Whether the interfaces are set up at the start. Default: true.
    up: Option<Or<bool>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum EndForms {
    Text(String),
    Map(End),
}

/// One end of a link.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct End {
    /// Name of the node.
    node: String,
    /// Name of the interface. Default: `to-` and the other node.
    #[schemars(length(min = 1, max = 15))]
    interface: Option<String>,
    /// Addresses with their prefix lengths, as in 10.0.0.1/24; `none`. Default: assigned.
    addresses: Option<OneOrMany<String>>,
    /// MAC address. Default: a function of names.
    #[schemars(regex(pattern = r"\$\{|^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"))]
    mac: Option<String>,
    /// Ports of switches: the VLAN of untagged frames, or a map.
    vlan: Option<VlanForms>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum VlanForms {
    Access(VlanId),
    Map(Vlan),
}

/// VLANs of a port.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Vlan {
    /// VLAN of frames without a tag; they are dropped if absent.
    untagged: Option<VlanId>,
    /// VLANs that pass with a tag.
    tagged: Option<OneOrMany<VlanId>>,
}

/// Rate.
#[derive(JsonSchema)]
#[schemars(inline, extend("pattern" = r"\$\{|^(unlimited|[0-9]+(\.[0-9]+)? *([kKmMgGtT]i?)?([bB][iI][tT][sS]?(/s|/sec|ps)?|b(/s|/sec|ps)))$"))]
struct Rate(String);

/// Time.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Time {
    Text(
        #[schemars(regex(pattern = r"\$\{|^[0-9]+(\.[0-9]+)? *(n|u|µ|μ|m)?s(ecs?)?$|^0$"))] String,
    ),
    Zero(#[schemars(range(min = 0, max = 0))] u8),
}

/// Size.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Size {
    Text(
        #[schemars(regex(pattern = r"\$\{|^[0-9]+(\.[0-9]+)? *([kKmMgG]i?)?(B|[bB]ytes?)?$"))]
        String,
    ),
    Bytes(u64),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Mtu {
    Number(#[schemars(range(min = 68, max = 65535))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Overhead {
    Number(#[schemars(range(max = 1000))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Cost {
    Number(#[schemars(range(min = 1, max = 65535))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Pids {
    Number(#[schemars(range(min = 1))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum VlanId {
    Number(#[schemars(range(min = 1, max = 4094))] u32),
    Expression(Expression),
}

/// A word, a number or the like, or what becomes one.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Or<T> {
    Value(T),
    Expression(Expression),
}

/// A text with `${…}` in it, which becomes something else.
#[derive(JsonSchema)]
#[schemars(inline, extend("pattern" = r"\$\{"))]
struct Expression(String);
