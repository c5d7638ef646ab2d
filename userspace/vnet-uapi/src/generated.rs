// SPDX-License-Identifier: GPL-2.0
// Generated from Documentation/netlink/specs/vnet.yaml; do not edit.
// To renew it: VNET_REGEN=1 cargo test -p vnet-uapi-codegen

//! Numbers and message types of the control interface.

use netlink_packet_core::DecodeError;
use serde::{Deserialize, Serialize};

use crate::attr::{self, AttrSpec, Attributes, Encoder, SetSpec};

/// Name of the generic netlink family.
pub const FAMILY_NAME: &str = "vnet";
/// Version of the interface.
pub const FAMILY_VERSION: u8 = 1;
/// Name of a multicast group.
pub const GROUP_CONFIG: &str = "config";
/// Longest name of an instance, a link or a lab, in bytes.
pub const NAME_MAX: u64 = 63;
/// Highest rate of a link, in bit/s.
pub const RATE_MAX: u64 = 400000000000;
/// Longest delay of a link, in nanoseconds.
pub const DELAY_MAX: u64 = 100000000000;
/// Overhead max.
pub const OVERHEAD_MAX: u64 = 1000;
/// Flows max.
pub const FLOWS_MAX: u64 = 65536;
/// Jitter table max.
pub const JITTER_TABLE_MAX: u64 = 32766;
/// Mtu min.
pub const MTU_MIN: u64 = 68;
/// Mtu max.
pub const MTU_MAX: u64 = 65535;
/// Most ports of a medium.
pub const MEDIUM_PORTS_MAX: u64 = 64;
/// Longest name of a block type, of a port or of a parameter, in bytes.
pub const BLOCK_TYPE_MAX: u64 = 31;
/// Longest text or data of a block's parameter, in bytes.
pub const BLOCK_DATA_MAX: u64 = 16384;
/// Which way a port of a block faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockSide {
    /// Towards the wire. Bound to an upper port of the block below.
    Lower,
    /// Towards the application. Bound to a lower port of the block above.
    Upper,
}
impl BlockSide {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockSide] = &[BlockSide::Lower, BlockSide::Upper];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockSide::Lower => "lower",
            BlockSide::Upper => "upper",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// What passes through a port of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockCarries {
    /// Either; all such ports of a block carry the same.
    Any,
    /// Ethernet frames.
    Frame,
    /// What an application sends at once, without a header.
    Datagram,
}
impl BlockCarries {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockCarries] = &[
        BlockCarries::Any,
        BlockCarries::Frame,
        BlockCarries::Datagram,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockCarries::Any => "any",
            BlockCarries::Frame => "frame",
            BlockCarries::Datagram => "datagram",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// What a parameter of a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockParamKind {
    /// Uint.
    Uint,
    /// A uint of 0 or 1.
    Bool,
    /// Text.
    Text,
    /// Bytes.
    Data,
    /// Any number of records with named fields, in their order.
    Records,
}
impl BlockParamKind {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockParamKind] = &[
        BlockParamKind::Uint,
        BlockParamKind::Bool,
        BlockParamKind::Text,
        BlockParamKind::Data,
        BlockParamKind::Records,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockParamKind::Uint => "uint",
            BlockParamKind::Bool => "bool",
            BlockParamKind::Text => "text",
            BlockParamKind::Data => "data",
            BlockParamKind::Records => "records",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// When a parameter of a block can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockParamAccess {
    /// When the block is made, and afterwards.
    AnyTime,
    /// Only when the block is made or replaced.
    Initial,
    /// Never; it is a reading of the block.
    Told,
    /// As any-time, but it is not told.
    Secret,
}
impl BlockParamAccess {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockParamAccess] = &[
        BlockParamAccess::AnyTime,
        BlockParamAccess::Initial,
        BlockParamAccess::Told,
        BlockParamAccess::Secret,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockParamAccess::AnyTime => "any-time",
            BlockParamAccess::Initial => "initial",
            BlockParamAccess::Told => "told",
            BlockParamAccess::Secret => "secret",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// What becomes of a block's state when the block is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockState {
    /// It is handed over; the replacement is refused if it cannot be.
    Keep,
    /// It is dropped, and packets in it are counted as removed.
    Drop,
}
impl BlockState {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockState] = &[BlockState::Keep, BlockState::Drop];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockState::Keep => "keep",
            BlockState::Drop => "drop",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// What a block tells those that are subscribed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockEvent {
    /// Its device is up and has carrier, or not any more.
    Carrier,
    /// What it may hold, or let pass, is nearly used up, or not any more.
    Congestion,
}
impl BlockEvent {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockEvent] = &[BlockEvent::Carrier, BlockEvent::Congestion];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockEvent::Carrier => "carrier",
            BlockEvent::Congestion => "congestion",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Why a packet ended in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockDropCause {
    /// It left by a port that is not bound.
    Unbound,
    /// The block was removed or replaced while it held the packet.
    Removed,
    /// The kernel had no memory for what had to be done with the packet.
    NoMemory,
    /// The device of the block is gone or down.
    NoDevice,
    /// The device or its queueing discipline did not take the packet.
    Refused,
    /// The packet was not what the block can work on.
    Malformed,
    /// The block's program or rules say so.
    Filtered,
    /// The block's queue held its limit.
    QueueFull,
    /// The packet was beyond the block's rate.
    Rate,
    /// Too many packets waited on the processor to enter a graph.
    Backlog,
    /// The wire that the block emulates lost the packet.
    Lost,
    /// No application has a socket on the chain.
    NoSocket,
    /// The instance, or a user namespace above it, holds as much as it may.
    Limit,
    /// The packet is not what the other end has sealed.
    Authentication,
    /// The packet has come before, or too late for the block to know that.
    Replayed,
}
impl BlockDropCause {
    /// All values in the order of their numbers.
    pub const ALL: &[BlockDropCause] = &[
        BlockDropCause::Unbound,
        BlockDropCause::Removed,
        BlockDropCause::NoMemory,
        BlockDropCause::NoDevice,
        BlockDropCause::Refused,
        BlockDropCause::Malformed,
        BlockDropCause::Filtered,
        BlockDropCause::QueueFull,
        BlockDropCause::Rate,
        BlockDropCause::Backlog,
        BlockDropCause::Lost,
        BlockDropCause::NoSocket,
        BlockDropCause::Limit,
        BlockDropCause::Authentication,
        BlockDropCause::Replayed,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            BlockDropCause::Unbound => "unbound",
            BlockDropCause::Removed => "removed",
            BlockDropCause::NoMemory => "no-memory",
            BlockDropCause::NoDevice => "no-device",
            BlockDropCause::Refused => "refused",
            BlockDropCause::Malformed => "malformed",
            BlockDropCause::Filtered => "filtered",
            BlockDropCause::QueueFull => "queue-full",
            BlockDropCause::Rate => "rate",
            BlockDropCause::Backlog => "backlog",
            BlockDropCause::Lost => "lost",
            BlockDropCause::NoSocket => "no-socket",
            BlockDropCause::Limit => "limit",
            BlockDropCause::Authentication => "authentication",
            BlockDropCause::Replayed => "replayed",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Why a frame that was sent into a link did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropCause {
    /// The queue held its limit of packets.
    QueuePackets,
    /// The queue held its limit of bytes.
    QueueBytes,
    /// The queue held as much as the line sends in its limit of time.
    QueueTime,
    /// The delay line held its limit of packets or bytes.
    DelayLimit,
    /// The sending instance, or its user namespace, has too many frames in flight.
    FrameCap,
    /// The sending instance, or its user namespace, has too many bytes in flight.
    ByteCap,
    /// The link was down, or went down while the frame was on it.
    LinkDown,
    /// The device at the far end was down.
    ReceiverDown,
    /// The frame was longer than the link's MTU allows.
    Mtu,
    /// The frame had no complete Ethernet header or could not be segmented.
    Segmentation,
    /// The kernel had no memory for what had to be done with the frame.
    NoMemory,
    /// The link was removed while the frame was on it.
    Removed,
    /// Random early detection.
    Red,
    /// CoDel, alone or in fq-codel.
    Codel,
    /// PIE.
    Pie,
    /// Bit errors on the wire.
    Ber,
    /// Random loss.
    LossRandom,
    /// Gilbert-Elliott loss.
    LossGilbertElliott,
    /// Loss by the four-state model.
    LossFourState,
    /// Loss by pattern.
    LossPattern,
}
impl DropCause {
    /// All values in the order of their numbers.
    pub const ALL: &[DropCause] = &[
        DropCause::QueuePackets,
        DropCause::QueueBytes,
        DropCause::QueueTime,
        DropCause::DelayLimit,
        DropCause::FrameCap,
        DropCause::ByteCap,
        DropCause::LinkDown,
        DropCause::ReceiverDown,
        DropCause::Mtu,
        DropCause::Segmentation,
        DropCause::NoMemory,
        DropCause::Removed,
        DropCause::Red,
        DropCause::Codel,
        DropCause::Pie,
        DropCause::Ber,
        DropCause::LossRandom,
        DropCause::LossGilbertElliott,
        DropCause::LossFourState,
        DropCause::LossPattern,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            DropCause::QueuePackets => "queue-packets",
            DropCause::QueueBytes => "queue-bytes",
            DropCause::QueueTime => "queue-time",
            DropCause::DelayLimit => "delay-limit",
            DropCause::FrameCap => "frame-cap",
            DropCause::ByteCap => "byte-cap",
            DropCause::LinkDown => "link-down",
            DropCause::ReceiverDown => "receiver-down",
            DropCause::Mtu => "mtu",
            DropCause::Segmentation => "segmentation",
            DropCause::NoMemory => "no-memory",
            DropCause::Removed => "removed",
            DropCause::Red => "red",
            DropCause::Codel => "codel",
            DropCause::Pie => "pie",
            DropCause::Ber => "ber",
            DropCause::LossRandom => "loss-random",
            DropCause::LossGilbertElliott => "loss-gilbert-elliott",
            DropCause::LossFourState => "loss-four-state",
            DropCause::LossPattern => "loss-pattern",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Discipline of the queue in front of the serialiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discipline {
    /// One queue, first in, first out.
    Fifo,
    /// Weighted fair queueing of flows.
    Wfq,
    /// Deficit round robin of flows.
    Drr,
    /// One queue with random early detection.
    Red,
    /// One queue with CoDel (RFC 8289).
    Codel,
    /// One queue with PIE (RFC 8033).
    Pie,
    /// Deficit round robin of flows with CoDel in each (RFC 8290).
    FqCodel,
    /// No queue of the link's own; the device stops its transmit queue, so that the kernel's queueing
    /// discipline has the backlog.
    Device,
}
impl Discipline {
    /// All values in the order of their numbers.
    pub const ALL: &[Discipline] = &[
        Discipline::Fifo,
        Discipline::Wfq,
        Discipline::Drr,
        Discipline::Red,
        Discipline::Codel,
        Discipline::Pie,
        Discipline::FqCodel,
        Discipline::Device,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Discipline::Fifo => "fifo",
            Discipline::Wfq => "wfq",
            Discipline::Drr => "drr",
            Discipline::Red => "red",
            Discipline::Codel => "codel",
            Discipline::Pie => "pie",
            Discipline::FqCodel => "fq-codel",
            Discipline::Device => "device",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Which frame is dropped when the queue is at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropFrom {
    /// The head with fq-codel, else the tail.
    Default,
    /// The arriving one; with flows, the youngest of the longest flow.
    Tail,
    /// The oldest one; with flows, that of the longest flow.
    Head,
}
impl DropFrom {
    /// All values in the order of their numbers.
    pub const ALL: &[DropFrom] = &[DropFrom::Default, DropFrom::Tail, DropFrom::Head];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            DropFrom::Default => "default",
            DropFrom::Tail => "tail",
            DropFrom::Head => "head",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Distribution of the jitter. Its mean is 0, and the jitter is its standard deviation, but for
/// uniform: there it is the half width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Uniform.
    Uniform,
    /// Normal.
    Normal,
    /// Shape 3.
    Pareto,
    /// A quarter of the normal and three quarters of the Pareto quantile.
    ParetoNormal,
    /// Quantiles in jitter-table.
    Table,
}
impl Distribution {
    /// All values in the order of their numbers.
    pub const ALL: &[Distribution] = &[
        Distribution::Uniform,
        Distribution::Normal,
        Distribution::Pareto,
        Distribution::ParetoNormal,
        Distribution::Table,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Distribution::Uniform => "uniform",
            Distribution::Normal => "normal",
            Distribution::Pareto => "pareto",
            Distribution::ParetoNormal => "pareto-normal",
            Distribution::Table => "table",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Whether frames with jitter may overtake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A frame waits until its predecessors are out.
    Keep,
    /// Each frame has the delay that it drew.
    Free,
}
impl Order {
    /// All values in the order of their numbers.
    pub const ALL: &[Order] = &[Order::Keep, Order::Free];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Order::Keep => "keep",
            Order::Free => "free",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// An end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The first one.
    A,
    /// The second one.
    B,
}
impl Side {
    /// All values in the order of their numbers.
    pub const ALL: &[Side] = &[Side::A, Side::B];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Side::A => "a",
            Side::B => "b",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// What a rule of a pattern does to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternAction {
    /// Loses it on the wire.
    Drop,
    /// Flips the bit whose number is the value, from the first of the frame.
    Flip,
    /// Delays it by the value, in nanoseconds.
    Delay,
}
impl PatternAction {
    /// All values in the order of their numbers.
    pub const ALL: &[PatternAction] = &[
        PatternAction::Drop,
        PatternAction::Flip,
        PatternAction::Delay,
    ];
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            PatternAction::Drop => "drop",
            PatternAction::Flip => "flip",
            PatternAction::Delay => "delay",
        }
    }
    /// The value of that number; `None` for one that only a newer kernel knows.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}
/// Commands and notifications of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Command {
    /// Makes an instance of a network namespace. Needs CAP_NET_ADMIN in the user namespace that owns it.
    InstanceNew = 1,
    /// Reads one instance, or all that the caller may administrate and that of its own namespace.
    InstanceGet = 2,
    /// Changes the name or the limits of an instance.
    InstanceSet = 3,
    /// Makes the namespace a plain one again. Its links stay; an instance also ends with its namespace.
    InstanceDel = 4,
    /// An instance was made.
    InstanceNewNtf = 5,
    /// An instance was changed.
    InstanceSetNtf = 6,
    /// An instance is gone.
    InstanceDelNtf = 7,
    /// Makes a link. Needs CAP_NET_ADMIN in the user namespaces that own the network namespaces of both
    /// ends.
    LinkNew = 8,
    /// Reads one link, or all that have an end in a namespace that the caller may administrate or that is
    /// its own.
    LinkGet = 9,
    /// Changes a link. What is not named stays as it is; no packet is lost or reordered by a change of
    /// parameters.
    LinkSet = 10,
    /// Removes a link with both its devices.
    LinkDel = 11,
    /// A link was made.
    LinkNewNtf = 12,
    /// A link was changed by link-set or by rtnetlink. What rtnetlink tells of devices by itself (names,
    /// state, carrier, moves) is not repeated here.
    LinkSetNtf = 13,
    /// A link is gone.
    LinkDelNtf = 14,
    /// Reads the types of blocks that the module has, all or the one of a name.
    BlockTypeGet = 15,
    /// Makes a block. Needs CAP_NET_ADMIN in the user namespace that owns the network namespace, as do all
    /// operations that change something.
    BlockNew = 16,
    /// Reads one block, or all of a namespace.
    BlockGet = 17,
    /// Changes parameters of a block. What is not named stays as it is.
    BlockSet = 18,
    /// Removes a block that is neither bound nor part of a subscription.
    BlockDel = 19,
    /// Binds a lower port of one block to an upper port of another.
    BlockBind = 20,
    /// Takes a binding apart; the block above it, the block below it or both are named. A block that has
    /// several bindings on that side needs its port's name.
    BlockUnbind = 21,
    /// Puts another block in the place of a block, whose name and bindings it takes over. The type stays if
    /// it is absent; parameters that are not given are those of the old block if the type stays, else the
    /// defaults. No packet is lost or reordered if the state is kept.
    BlockReplace = 22,
    /// A block was made.
    BlockNewNtf = 23,
    /// Parameters of a block were changed, or it was replaced.
    BlockSetNtf = 24,
    /// A block is gone.
    BlockDelNtf = 25,
    /// A block was bound to one below it; the block above is told.
    BlockBindNtf = 26,
    /// A binding was taken apart; the block above is told.
    BlockUnbindNtf = 27,
    /// Begins or ends the log of what is decided about the frames that an end of a link transmits. A log
    /// that is there is not emptied unless its size changes.
    LinkTraceSet = 28,
    /// Reads records of such a log, from a number on, in the order of the decisions. Reading does not take
    /// them away. With next of the reply as since of the following request nothing is read twice; a reply
    /// without records says that there are no more by now.
    LinkTraceGet = 29,
    /// Begins or ends the log of what is decided about the frames in the transmitter of a port, or on the
    /// way from it to another one. A log that is there is not emptied unless its size changes.
    MediumTraceSet = 30,
    /// Reads records of such a log, as link-trace-get does.
    MediumTraceGet = 31,
    /// Makes a medium. Needs CAP_NET_ADMIN in the user namespaces that own the network namespaces of all
    /// ports.
    MediumNew = 32,
    /// Reads one medium, or all that have a port in a namespace that the caller may administrate or that is
    /// its own.
    MediumGet = 33,
    /// Changes a medium. What is not named stays as it is; no packet is lost or reordered by a change of
    /// parameters.
    MediumSet = 34,
    /// Removes a medium with all its devices.
    MediumDel = 35,
    /// Reads the ports of a medium, one a message.
    MediumPortGet = 36,
    /// Reads the ways between the ports of a medium, one a message.
    MediumPairGet = 37,
    /// A medium was made.
    MediumNewNtf = 38,
    /// A medium was changed by medium-set.
    MediumSetNtf = 39,
    /// A medium is gone, or one of its ports with its device or the namespace of that; ports says how many
    /// are left, 0 if the medium is gone.
    MediumDelNtf = 40,
    /// Subscribes the block of a name to another one: it is told of the events that the other one raises
    /// and it takes.
    BlockSubscribe = 41,
    /// Ends a subscription.
    BlockUnsubscribe = 42,
    /// A block was subscribed to another one; it is told.
    BlockSubscribeNtf = 43,
    /// A subscription has ended; the block that had it is told.
    BlockUnsubscribeNtf = 44,
}
impl Command {
    /// The command of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Command::InstanceNew,
            2 => Command::InstanceGet,
            3 => Command::InstanceSet,
            4 => Command::InstanceDel,
            5 => Command::InstanceNewNtf,
            6 => Command::InstanceSetNtf,
            7 => Command::InstanceDelNtf,
            8 => Command::LinkNew,
            9 => Command::LinkGet,
            10 => Command::LinkSet,
            11 => Command::LinkDel,
            12 => Command::LinkNewNtf,
            13 => Command::LinkSetNtf,
            14 => Command::LinkDelNtf,
            15 => Command::BlockTypeGet,
            16 => Command::BlockNew,
            17 => Command::BlockGet,
            18 => Command::BlockSet,
            19 => Command::BlockDel,
            20 => Command::BlockBind,
            21 => Command::BlockUnbind,
            22 => Command::BlockReplace,
            23 => Command::BlockNewNtf,
            24 => Command::BlockSetNtf,
            25 => Command::BlockDelNtf,
            26 => Command::BlockBindNtf,
            27 => Command::BlockUnbindNtf,
            28 => Command::LinkTraceSet,
            29 => Command::LinkTraceGet,
            30 => Command::MediumTraceSet,
            31 => Command::MediumTraceGet,
            32 => Command::MediumNew,
            33 => Command::MediumGet,
            34 => Command::MediumSet,
            35 => Command::MediumDel,
            36 => Command::MediumPortGet,
            37 => Command::MediumPairGet,
            38 => Command::MediumNewNtf,
            39 => Command::MediumSetNtf,
            40 => Command::MediumDelNtf,
            41 => Command::BlockSubscribe,
            42 => Command::BlockUnsubscribe,
            43 => Command::BlockSubscribeNtf,
            44 => Command::BlockUnsubscribeNtf,
            _ => return None,
        })
    }
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Command::InstanceNew => "instance-new",
            Command::InstanceGet => "instance-get",
            Command::InstanceSet => "instance-set",
            Command::InstanceDel => "instance-del",
            Command::InstanceNewNtf => "instance-new-ntf",
            Command::InstanceSetNtf => "instance-set-ntf",
            Command::InstanceDelNtf => "instance-del-ntf",
            Command::LinkNew => "link-new",
            Command::LinkGet => "link-get",
            Command::LinkSet => "link-set",
            Command::LinkDel => "link-del",
            Command::LinkNewNtf => "link-new-ntf",
            Command::LinkSetNtf => "link-set-ntf",
            Command::LinkDelNtf => "link-del-ntf",
            Command::BlockTypeGet => "block-type-get",
            Command::BlockNew => "block-new",
            Command::BlockGet => "block-get",
            Command::BlockSet => "block-set",
            Command::BlockDel => "block-del",
            Command::BlockBind => "block-bind",
            Command::BlockUnbind => "block-unbind",
            Command::BlockReplace => "block-replace",
            Command::BlockNewNtf => "block-new-ntf",
            Command::BlockSetNtf => "block-set-ntf",
            Command::BlockDelNtf => "block-del-ntf",
            Command::BlockBindNtf => "block-bind-ntf",
            Command::BlockUnbindNtf => "block-unbind-ntf",
            Command::LinkTraceSet => "link-trace-set",
            Command::LinkTraceGet => "link-trace-get",
            Command::MediumTraceSet => "medium-trace-set",
            Command::MediumTraceGet => "medium-trace-get",
            Command::MediumNew => "medium-new",
            Command::MediumGet => "medium-get",
            Command::MediumSet => "medium-set",
            Command::MediumDel => "medium-del",
            Command::MediumPortGet => "medium-port-get",
            Command::MediumPairGet => "medium-pair-get",
            Command::MediumNewNtf => "medium-new-ntf",
            Command::MediumSetNtf => "medium-set-ntf",
            Command::MediumDelNtf => "medium-del-ntf",
            Command::BlockSubscribe => "block-subscribe",
            Command::BlockUnsubscribe => "block-unsubscribe",
            Command::BlockSubscribeNtf => "block-subscribe-ntf",
            Command::BlockUnsubscribeNtf => "block-unsubscribe-ntf",
        }
    }
    /// Whether the kernel sends it on its own.
    pub fn is_notification(self) -> bool {
        matches!(
            self,
            Command::InstanceNewNtf
                | Command::InstanceSetNtf
                | Command::InstanceDelNtf
                | Command::LinkNewNtf
                | Command::LinkSetNtf
                | Command::LinkDelNtf
                | Command::BlockNewNtf
                | Command::BlockSetNtf
                | Command::BlockDelNtf
                | Command::BlockBindNtf
                | Command::BlockUnbindNtf
                | Command::MediumNewNtf
                | Command::MediumSetNtf
                | Command::MediumDelNtf
                | Command::BlockSubscribeNtf
                | Command::BlockUnsubscribeNtf
        )
    }
}
/// The emulator's view of one network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Instance {
    /// Number of the instance; never used twice while the module is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// File descriptor of the network namespace (in requests). Without it the namespace of the socket is
    /// meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_fd: Option<u32>,
    /// Name of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the lab that owns the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab: Option<String>,
    /// Inode number of the namespace's file in nsfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_inode: Option<u64>,
    /// Number of link ends in the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<u32>,
    /// Most link ends the namespace may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_links: Option<u32>,
    /// Most wire frames that the namespace may have in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_frames: Option<u64>,
    /// Most bytes that the namespace may have in flight, in memory (truesize).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// Wire frames in flight now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// Bytes in flight now, in memory (truesize).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Wire frames sent into links by the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_packets: Option<u64>,
    /// Bytes of these frames, with Ethernet header, without overhead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_bytes: Option<u64>,
    /// Wire frames delivered to the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rx_packets: Option<u64>,
    /// Bytes of these frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rx_bytes: Option<u64>,
    /// Wire frames sent by the instance that a link dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drops: Option<u64>,
    /// Softirq time spent on delivery to the instance, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub softirq_time: Option<u64>,
}
impl Attributes for Instance {
    const SPEC: SetSpec = SetSpec {
        name: "instance",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "id",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "netns-fd",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "lab",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "netns-inode",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "links",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "max-links",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "max-frames",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "max-bytes",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "frames",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "bytes",
                nested: None,
            },
            AttrSpec {
                number: 12,
                name: "tx-packets",
                nested: None,
            },
            AttrSpec {
                number: 13,
                name: "tx-bytes",
                nested: None,
            },
            AttrSpec {
                number: 14,
                name: "rx-packets",
                nested: None,
            },
            AttrSpec {
                number: 15,
                name: "rx-bytes",
                nested: None,
            },
            AttrSpec {
                number: 16,
                name: "drops",
                nested: None,
            },
            AttrSpec {
                number: 17,
                name: "softirq-time",
                nested: None,
            },
            AttrSpec {
                number: 18,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.id {
            out.u32(1, value);
        }
        if let Some(value) = self.netns_fd {
            out.u32(2, value);
        }
        if let Some(value) = &self.name {
            out.string(3, value);
        }
        if let Some(value) = &self.lab {
            out.string(4, value);
        }
        if let Some(value) = self.netns_inode {
            out.uint(5, value);
        }
        if let Some(value) = self.links {
            out.u32(6, value);
        }
        if let Some(value) = self.max_links {
            out.u32(7, value);
        }
        if let Some(value) = self.max_frames {
            out.uint(8, value);
        }
        if let Some(value) = self.max_bytes {
            out.uint(9, value);
        }
        if let Some(value) = self.frames {
            out.uint(10, value);
        }
        if let Some(value) = self.bytes {
            out.uint(11, value);
        }
        if let Some(value) = self.tx_packets {
            out.uint(12, value);
        }
        if let Some(value) = self.tx_bytes {
            out.uint(13, value);
        }
        if let Some(value) = self.rx_packets {
            out.uint(14, value);
        }
        if let Some(value) = self.rx_bytes {
            out.uint(15, value);
        }
        if let Some(value) = self.drops {
            out.uint(16, value);
        }
        if let Some(value) = self.softirq_time {
            out.uint(17, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.id = Some(attr::u32(value)?),
                2 => set.netns_fd = Some(attr::u32(value)?),
                3 => set.name = Some(attr::string(value)?),
                4 => set.lab = Some(attr::string(value)?),
                5 => set.netns_inode = Some(attr::uint(value)?),
                6 => set.links = Some(attr::u32(value)?),
                7 => set.max_links = Some(attr::u32(value)?),
                8 => set.max_frames = Some(attr::uint(value)?),
                9 => set.max_bytes = Some(attr::uint(value)?),
                10 => set.frames = Some(attr::uint(value)?),
                11 => set.bytes = Some(attr::uint(value)?),
                12 => set.tx_packets = Some(attr::uint(value)?),
                13 => set.tx_bytes = Some(attr::uint(value)?),
                14 => set.rx_packets = Some(attr::uint(value)?),
                15 => set.rx_bytes = Some(attr::uint(value)?),
                16 => set.drops = Some(attr::uint(value)?),
                17 => set.softirq_time = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Parameters of one direction of a link. In a change an absent attribute means unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Direction {
    /// Rate of the serialiser in bit/s, 100 to 400e9; 0 means unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    /// Bytes a frame takes on the wire beyond its own length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overhead: Option<u32>,
    /// Propagation delay, one way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// Most frames waiting for the serialiser; 0 means no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_packets: Option<u32>,
    /// Most bytes waiting for the serialiser; 0 means no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_bytes: Option<u64>,
    /// Longest wait for the serialiser; 0 means no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_time: Option<u64>,
    /// Most frames in the delay line; 0 means no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_packets: Option<u32>,
    /// Most bytes in the delay line; 0 means no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_bytes: Option<u64>,
    /// Longest wire time of a segmentation offload packet that crosses the link as a whole; longer ones are
    /// segmented before the queue. A fifth of it bounds how long frames wait to be delivered together. A
    /// frame that takes no longer lets go of its socket when its serialisation begins, any other when it
    /// ends. Default 100000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_time: Option<u64>,
    /// The discipline of the queue and its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queueing: Option<Queueing>,
    /// Probability that a frame is lost, in parts of 10^19; 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<u64>,
    /// Probability that a bit on the wire is in error, in parts of 10^19, at most one half. A frame with an
    /// error is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ber: Option<u64>,
    /// Probability that a frame is sent twice, in parts of 10^19.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<u64>,
    /// Probability that one bit of a frame is flipped, in parts of 10^19.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<u64>,
    /// Loss in two states; an empty nest is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_gilbert_elliott: Option<GilbertElliott>,
    /// Loss in four states; an empty nest is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_four_state: Option<FourState>,
    /// What happens to frames by their number; an empty nest is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_pattern: Option<Pattern>,
    /// Variation of the delay, see jitter-distribution; 0 is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<u64>,
    /// Jitter distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_distribution: Option<u32>,
    /// Correlation with the previous frame's, in parts of 10^19, below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_correlation: Option<u64>,
    /// Jitter order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_order: Option<u32>,
    /// Quantiles of the distribution at even distances, as 16 bit integers in the machine's byte order,
    /// 8192 being the jitter; 2 to 16383 of them. With it the distribution is table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_table: Option<Vec<u8>>,
    /// Probability that a frame overtakes by skipping delay and jitter, in parts of 10^19; 0 is never.
    /// Takes the place of reorder-every.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<u64>,
    /// Each frame whose number is a multiple of this overtakes; at least 2, 0 is none. Takes the place of
    /// reorder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder_every: Option<u64>,
}
impl Attributes for Direction {
    const SPEC: SetSpec = SetSpec {
        name: "direction",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "rate",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "overhead",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "delay",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "queue-packets",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "queue-bytes",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "queue-time",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "line-packets",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "line-bytes",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "whole-time",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "queueing",
                nested: Some(&Queueing::SPEC),
            },
            AttrSpec {
                number: 11,
                name: "loss",
                nested: None,
            },
            AttrSpec {
                number: 12,
                name: "ber",
                nested: None,
            },
            AttrSpec {
                number: 13,
                name: "duplicate",
                nested: None,
            },
            AttrSpec {
                number: 14,
                name: "corrupt",
                nested: None,
            },
            AttrSpec {
                number: 15,
                name: "loss-gilbert-elliott",
                nested: Some(&GilbertElliott::SPEC),
            },
            AttrSpec {
                number: 16,
                name: "loss-four-state",
                nested: Some(&FourState::SPEC),
            },
            AttrSpec {
                number: 17,
                name: "loss-pattern",
                nested: Some(&Pattern::SPEC),
            },
            AttrSpec {
                number: 18,
                name: "jitter",
                nested: None,
            },
            AttrSpec {
                number: 19,
                name: "jitter-distribution",
                nested: None,
            },
            AttrSpec {
                number: 20,
                name: "jitter-correlation",
                nested: None,
            },
            AttrSpec {
                number: 21,
                name: "jitter-order",
                nested: None,
            },
            AttrSpec {
                number: 22,
                name: "jitter-table",
                nested: None,
            },
            AttrSpec {
                number: 23,
                name: "reorder",
                nested: None,
            },
            AttrSpec {
                number: 24,
                name: "reorder-every",
                nested: None,
            },
            AttrSpec {
                number: 25,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.rate {
            out.uint(1, value);
        }
        if let Some(value) = self.overhead {
            out.u32(2, value);
        }
        if let Some(value) = self.delay {
            out.uint(3, value);
        }
        if let Some(value) = self.queue_packets {
            out.u32(4, value);
        }
        if let Some(value) = self.queue_bytes {
            out.uint(5, value);
        }
        if let Some(value) = self.queue_time {
            out.uint(6, value);
        }
        if let Some(value) = self.line_packets {
            out.u32(7, value);
        }
        if let Some(value) = self.line_bytes {
            out.uint(8, value);
        }
        if let Some(value) = self.whole_time {
            out.uint(9, value);
        }
        if let Some(value) = &self.queueing {
            out.nest(10, value);
        }
        if let Some(value) = self.loss {
            out.uint(11, value);
        }
        if let Some(value) = self.ber {
            out.uint(12, value);
        }
        if let Some(value) = self.duplicate {
            out.uint(13, value);
        }
        if let Some(value) = self.corrupt {
            out.uint(14, value);
        }
        if let Some(value) = &self.loss_gilbert_elliott {
            out.nest(15, value);
        }
        if let Some(value) = &self.loss_four_state {
            out.nest(16, value);
        }
        if let Some(value) = &self.loss_pattern {
            out.nest(17, value);
        }
        if let Some(value) = self.jitter {
            out.uint(18, value);
        }
        if let Some(value) = self.jitter_distribution {
            out.u32(19, value);
        }
        if let Some(value) = self.jitter_correlation {
            out.uint(20, value);
        }
        if let Some(value) = self.jitter_order {
            out.u32(21, value);
        }
        if let Some(value) = &self.jitter_table {
            out.bytes(22, value);
        }
        if let Some(value) = self.reorder {
            out.uint(23, value);
        }
        if let Some(value) = self.reorder_every {
            out.uint(24, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.rate = Some(attr::uint(value)?),
                2 => set.overhead = Some(attr::u32(value)?),
                3 => set.delay = Some(attr::uint(value)?),
                4 => set.queue_packets = Some(attr::u32(value)?),
                5 => set.queue_bytes = Some(attr::uint(value)?),
                6 => set.queue_time = Some(attr::uint(value)?),
                7 => set.line_packets = Some(attr::u32(value)?),
                8 => set.line_bytes = Some(attr::uint(value)?),
                9 => set.whole_time = Some(attr::uint(value)?),
                10 => set.queueing = Some(Queueing::decode(value)?),
                11 => set.loss = Some(attr::uint(value)?),
                12 => set.ber = Some(attr::uint(value)?),
                13 => set.duplicate = Some(attr::uint(value)?),
                14 => set.corrupt = Some(attr::uint(value)?),
                15 => set.loss_gilbert_elliott = Some(GilbertElliott::decode(value)?),
                16 => set.loss_four_state = Some(FourState::decode(value)?),
                17 => set.loss_pattern = Some(Pattern::decode(value)?),
                18 => set.jitter = Some(attr::uint(value)?),
                19 => set.jitter_distribution = Some(attr::u32(value)?),
                20 => set.jitter_correlation = Some(attr::uint(value)?),
                21 => set.jitter_order = Some(attr::u32(value)?),
                22 => set.jitter_table = Some(value.to_vec()),
                23 => set.reorder = Some(attr::uint(value)?),
                24 => set.reorder_every = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A queue discipline. With kind all else has its default if it is absent; without, the present
/// discipline changes in what is named. What the discipline does not have is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Queueing {
    /// Kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<u32>,
    /// Any but device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<u32>,
    /// Whether to mark frames that allow it, 0 or 1 (red, codel, pie, fq-codel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecn: Option<u32>,
    /// Size of the table of flows, 1024 if absent (wfq, drr, fq-codel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows: Option<u32>,
    /// Bytes on the wire per flow and round, 1538 if absent (drr, fq-codel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantum: Option<u32>,
    /// Acceptable delay, 5 ms if absent (codel, fq-codel), 15 ms (pie).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// How long the target must be exceeded, 100 ms if absent (codel, fq-codel); time between two updates,
    /// 15 ms (pie).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Nothing is dropped while no more bytes than this wait, 1514 if absent (codel, fq-codel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<u32>,
    /// Gain for the distance from the target in 1/16 per second, 2 if absent (pie).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<u32>,
    /// Gain for the change of the delay in 1/16 per second, 20 if absent (pie).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<u32>,
    /// Average queue in bytes from which on frames may be dropped (red; needed).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_bytes: Option<u64>,
    /// Average queue in bytes at which the probability is reached (red; needed).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// Probability at max-bytes, in parts of 10^19; 0.02 if absent (red).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<u64>,
    /// A sample counts 2^-weight in the average; 1 to 24, 9 if absent (red).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Whether the probability grows to 1 at twice max-bytes instead of at max-bytes; 0 or 1, 1 if absent
    /// (red).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gentle: Option<u32>,
    /// Weights of frames (wfq). The first class that has more than a DSCP and that a frame matches counts;
    /// a frame that matches none has the weight of its DSCP, or 1. At most 64 classes have more than a
    /// DSCP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<Class>,
}
impl Attributes for Queueing {
    const SPEC: SetSpec = SetSpec {
        name: "queueing",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "kind",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "drop",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "ecn",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "flows",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "quantum",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "target",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "interval",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "floor",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "alpha",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "beta",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "min-bytes",
                nested: None,
            },
            AttrSpec {
                number: 12,
                name: "max-bytes",
                nested: None,
            },
            AttrSpec {
                number: 13,
                name: "probability",
                nested: None,
            },
            AttrSpec {
                number: 14,
                name: "weight",
                nested: None,
            },
            AttrSpec {
                number: 15,
                name: "gentle",
                nested: None,
            },
            AttrSpec {
                number: 16,
                name: "class",
                nested: Some(&Class::SPEC),
            },
            AttrSpec {
                number: 17,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.kind {
            out.u32(1, value);
        }
        if let Some(value) = self.drop {
            out.u32(2, value);
        }
        if let Some(value) = self.ecn {
            out.u32(3, value);
        }
        if let Some(value) = self.flows {
            out.u32(4, value);
        }
        if let Some(value) = self.quantum {
            out.u32(5, value);
        }
        if let Some(value) = self.target {
            out.uint(6, value);
        }
        if let Some(value) = self.interval {
            out.uint(7, value);
        }
        if let Some(value) = self.floor {
            out.u32(8, value);
        }
        if let Some(value) = self.alpha {
            out.u32(9, value);
        }
        if let Some(value) = self.beta {
            out.u32(10, value);
        }
        if let Some(value) = self.min_bytes {
            out.uint(11, value);
        }
        if let Some(value) = self.max_bytes {
            out.uint(12, value);
        }
        if let Some(value) = self.probability {
            out.uint(13, value);
        }
        if let Some(value) = self.weight {
            out.u32(14, value);
        }
        if let Some(value) = self.gentle {
            out.u32(15, value);
        }
        for value in &self.class {
            out.nest(16, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.kind = Some(attr::u32(value)?),
                2 => set.drop = Some(attr::u32(value)?),
                3 => set.ecn = Some(attr::u32(value)?),
                4 => set.flows = Some(attr::u32(value)?),
                5 => set.quantum = Some(attr::u32(value)?),
                6 => set.target = Some(attr::uint(value)?),
                7 => set.interval = Some(attr::uint(value)?),
                8 => set.floor = Some(attr::u32(value)?),
                9 => set.alpha = Some(attr::u32(value)?),
                10 => set.beta = Some(attr::u32(value)?),
                11 => set.min_bytes = Some(attr::uint(value)?),
                12 => set.max_bytes = Some(attr::uint(value)?),
                13 => set.probability = Some(attr::uint(value)?),
                14 => set.weight = Some(attr::u32(value)?),
                15 => set.gentle = Some(attr::u32(value)?),
                16 => set.class.push(Class::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A traffic class and its weight. It has all frames that have everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Class {
    /// DS code point, 0 to 63.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dscp: Option<u32>,
    /// 1 to 1024.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// IP protocol, 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// IP source address or network, 4 or 16 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Vec<u8>>,
    /// Its length in bits; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_prefix: Option<u32>,
    /// IP destination address or network, 4 or 16 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Vec<u8>>,
    /// Its length in bits; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_prefix: Option<u32>,
    /// TCP, UDP, DCCP or SCTP port. Fragments have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u32>,
    /// TCP, UDP, DCCP or SCTP port. Fragments have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u32>,
}
impl Attributes for Class {
    const SPEC: SetSpec = SetSpec {
        name: "class",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "dscp",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "weight",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "protocol",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "source",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "source-prefix",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "destination",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "destination-prefix",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "source-port",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "destination-port",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.dscp {
            out.u32(1, value);
        }
        if let Some(value) = self.weight {
            out.u32(2, value);
        }
        if let Some(value) = self.protocol {
            out.u32(3, value);
        }
        if let Some(value) = &self.source {
            out.bytes(4, value);
        }
        if let Some(value) = self.source_prefix {
            out.u32(5, value);
        }
        if let Some(value) = &self.destination {
            out.bytes(6, value);
        }
        if let Some(value) = self.destination_prefix {
            out.u32(7, value);
        }
        if let Some(value) = self.source_port {
            out.u32(8, value);
        }
        if let Some(value) = self.destination_port {
            out.u32(9, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.dscp = Some(attr::u32(value)?),
                2 => set.weight = Some(attr::u32(value)?),
                3 => set.protocol = Some(attr::u32(value)?),
                4 => set.source = Some(value.to_vec()),
                5 => set.source_prefix = Some(attr::u32(value)?),
                6 => set.destination = Some(value.to_vec()),
                7 => set.destination_prefix = Some(attr::u32(value)?),
                8 => set.source_port = Some(attr::u32(value)?),
                9 => set.destination_port = Some(attr::u32(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Loss in two states, probabilities in parts of 10^19. A frame is lost by the state that it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct GilbertElliott {
    /// From the good to the bad state; needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<u64>,
    /// From the bad to the good state; 1 - p if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<u64>,
    /// That a frame survives in the bad state; 0 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h: Option<u64>,
    /// That a frame survives in the good state; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
}
impl Attributes for GilbertElliott {
    const SPEC: SetSpec = SetSpec {
        name: "gilbert-elliott",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "p",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "r",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "h",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "k",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.p {
            out.uint(1, value);
        }
        if let Some(value) = self.r {
            out.uint(2, value);
        }
        if let Some(value) = self.h {
            out.uint(3, value);
        }
        if let Some(value) = self.k {
            out.uint(4, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.p = Some(attr::uint(value)?),
                2 => set.r = Some(attr::uint(value)?),
                3 => set.h = Some(attr::uint(value)?),
                4 => set.k = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Loss in four states (1 received, 2 received in a burst, 3 lost in a burst, 4 lost alone),
/// probabilities in parts of 10^19.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct FourState {
    /// A burst begins; needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p13: Option<u64>,
    /// A burst ends; 1 - p13 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p31: Option<u64>,
    /// A received stretch inside a burst begins; 0 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p32: Option<u64>,
    /// It ends; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p23: Option<u64>,
    /// An isolated loss; 0 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p14: Option<u64>,
}
impl Attributes for FourState {
    const SPEC: SetSpec = SetSpec {
        name: "four-state",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "p13",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "p31",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "p32",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "p23",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "p14",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.p13 {
            out.uint(1, value);
        }
        if let Some(value) = self.p31 {
            out.uint(2, value);
        }
        if let Some(value) = self.p32 {
            out.uint(3, value);
        }
        if let Some(value) = self.p23 {
            out.uint(4, value);
        }
        if let Some(value) = self.p14 {
            out.uint(5, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.p13 = Some(attr::uint(value)?),
                2 => set.p31 = Some(attr::uint(value)?),
                3 => set.p32 = Some(attr::uint(value)?),
                4 => set.p23 = Some(attr::uint(value)?),
                5 => set.p14 = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// What happens to single frames, which are counted from 1 from the moment at which the pattern is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Pattern {
    /// After how many frames the count starts over; 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u64>,
    /// In the order of their frames; at most 1024.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<PatternRule>,
}
impl Attributes for Pattern {
    const SPEC: SetSpec = SetSpec {
        name: "pattern",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "period",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "rule",
                nested: Some(&PatternRule::SPEC),
            },
            AttrSpec {
                number: 3,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.period {
            out.uint(1, value);
        }
        for value in &self.rule {
            out.nest(2, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.period = Some(attr::uint(value)?),
                2 => set.rule.push(PatternRule::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A frame and what happens to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct PatternRule {
    /// Its number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// Action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<u32>,
    /// Which bit flips, or by how much the frame is delayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
}
impl Attributes for PatternRule {
    const SPEC: SetSpec = SetSpec {
        name: "pattern-rule",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "frame",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "action",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "value",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.frame {
            out.uint(1, value);
        }
        if let Some(value) = self.action {
            out.u32(2, value);
        }
        if let Some(value) = self.value {
            out.uint(3, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.frame = Some(attr::uint(value)?),
                2 => set.action = Some(attr::u32(value)?),
                3 => set.value = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Frames lost for one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Drop {
    /// Cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<u32>,
    /// Frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}
impl Attributes for Drop {
    const SPEC: SetSpec = SetSpec {
        name: "drop",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "cause",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "frames",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "bytes",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.cause {
            out.u32(1, value);
        }
        if let Some(value) = self.frames {
            out.uint(2, value);
        }
        if let Some(value) = self.bytes {
            out.uint(3, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.cause = Some(attr::u32(value)?),
                2 => set.frames = Some(attr::uint(value)?),
                3 => set.bytes = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Counters of one direction, from one snapshot, in wire frames and bytes without overhead. At any time
/// sent + duplicated = delivered + the sum of drops + queued + in-flight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Stats {
    /// Frames handed to the link by the sending end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_frames: Option<u64>,
    /// Sent bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    /// Copies made by the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicated_frames: Option<u64>,
    /// Duplicated bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicated_bytes: Option<u64>,
    /// Frames handed to the stack of the receiving end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_frames: Option<u64>,
    /// Delivered bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_bytes: Option<u64>,
    /// Frames in front of the wire now, the one being serialised included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_frames: Option<u64>,
    /// Queued bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_bytes: Option<u64>,
    /// Frames in the delay line now, those included that are due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight_frames: Option<u64>,
    /// In flight bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight_bytes: Option<u64>,
    /// One for each cause that has occurred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Drop>,
    /// Packets handed over. One that nothing made wait counts as in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_count: Option<u64>,
    /// Sum of their lateness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_sum: Option<u64>,
    /// Largest lateness seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_max: Option<u64>,
    /// One for each range of lateness that has occurred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub late_histogram: Vec<LateBucket>,
    /// Frames in which congestion was marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_frames: Option<u64>,
    /// Marked bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_bytes: Option<u64>,
    /// Frames of which bits were flipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupted_frames: Option<u64>,
    /// Corrupted bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupted_bytes: Option<u64>,
    /// Frames that overtook another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reordered_frames: Option<u64>,
    /// Reordered bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reordered_bytes: Option<u64>,
    /// Copies that could not be made for want of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copies_failed: Option<u64>,
    /// Frames whose jitter would have made the delay negative; it was 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delays_cut: Option<u64>,
}
impl Attributes for Stats {
    const SPEC: SetSpec = SetSpec {
        name: "stats",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "sent-frames",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "sent-bytes",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "duplicated-frames",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "duplicated-bytes",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "delivered-frames",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "delivered-bytes",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "queued-frames",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "queued-bytes",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "in-flight-frames",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "in-flight-bytes",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "drop",
                nested: Some(&Drop::SPEC),
            },
            AttrSpec {
                number: 12,
                name: "late-count",
                nested: None,
            },
            AttrSpec {
                number: 13,
                name: "late-sum",
                nested: None,
            },
            AttrSpec {
                number: 14,
                name: "late-max",
                nested: None,
            },
            AttrSpec {
                number: 15,
                name: "late-histogram",
                nested: Some(&LateBucket::SPEC),
            },
            AttrSpec {
                number: 16,
                name: "marked-frames",
                nested: None,
            },
            AttrSpec {
                number: 17,
                name: "marked-bytes",
                nested: None,
            },
            AttrSpec {
                number: 18,
                name: "corrupted-frames",
                nested: None,
            },
            AttrSpec {
                number: 19,
                name: "corrupted-bytes",
                nested: None,
            },
            AttrSpec {
                number: 20,
                name: "reordered-frames",
                nested: None,
            },
            AttrSpec {
                number: 21,
                name: "reordered-bytes",
                nested: None,
            },
            AttrSpec {
                number: 22,
                name: "copies-failed",
                nested: None,
            },
            AttrSpec {
                number: 23,
                name: "delays-cut",
                nested: None,
            },
            AttrSpec {
                number: 24,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.sent_frames {
            out.uint(1, value);
        }
        if let Some(value) = self.sent_bytes {
            out.uint(2, value);
        }
        if let Some(value) = self.duplicated_frames {
            out.uint(3, value);
        }
        if let Some(value) = self.duplicated_bytes {
            out.uint(4, value);
        }
        if let Some(value) = self.delivered_frames {
            out.uint(5, value);
        }
        if let Some(value) = self.delivered_bytes {
            out.uint(6, value);
        }
        if let Some(value) = self.queued_frames {
            out.uint(7, value);
        }
        if let Some(value) = self.queued_bytes {
            out.uint(8, value);
        }
        if let Some(value) = self.in_flight_frames {
            out.uint(9, value);
        }
        if let Some(value) = self.in_flight_bytes {
            out.uint(10, value);
        }
        for value in &self.drop {
            out.nest(11, value);
        }
        if let Some(value) = self.late_count {
            out.uint(12, value);
        }
        if let Some(value) = self.late_sum {
            out.uint(13, value);
        }
        if let Some(value) = self.late_max {
            out.uint(14, value);
        }
        for value in &self.late_histogram {
            out.nest(15, value);
        }
        if let Some(value) = self.marked_frames {
            out.uint(16, value);
        }
        if let Some(value) = self.marked_bytes {
            out.uint(17, value);
        }
        if let Some(value) = self.corrupted_frames {
            out.uint(18, value);
        }
        if let Some(value) = self.corrupted_bytes {
            out.uint(19, value);
        }
        if let Some(value) = self.reordered_frames {
            out.uint(20, value);
        }
        if let Some(value) = self.reordered_bytes {
            out.uint(21, value);
        }
        if let Some(value) = self.copies_failed {
            out.uint(22, value);
        }
        if let Some(value) = self.delays_cut {
            out.uint(23, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.sent_frames = Some(attr::uint(value)?),
                2 => set.sent_bytes = Some(attr::uint(value)?),
                3 => set.duplicated_frames = Some(attr::uint(value)?),
                4 => set.duplicated_bytes = Some(attr::uint(value)?),
                5 => set.delivered_frames = Some(attr::uint(value)?),
                6 => set.delivered_bytes = Some(attr::uint(value)?),
                7 => set.queued_frames = Some(attr::uint(value)?),
                8 => set.queued_bytes = Some(attr::uint(value)?),
                9 => set.in_flight_frames = Some(attr::uint(value)?),
                10 => set.in_flight_bytes = Some(attr::uint(value)?),
                11 => set.drop.push(Drop::decode(value)?),
                12 => set.late_count = Some(attr::uint(value)?),
                13 => set.late_sum = Some(attr::uint(value)?),
                14 => set.late_max = Some(attr::uint(value)?),
                15 => set.late_histogram.push(LateBucket::decode(value)?),
                16 => set.marked_frames = Some(attr::uint(value)?),
                17 => set.marked_bytes = Some(attr::uint(value)?),
                18 => set.corrupted_frames = Some(attr::uint(value)?),
                19 => set.corrupted_bytes = Some(attr::uint(value)?),
                20 => set.reordered_frames = Some(attr::uint(value)?),
                21 => set.reordered_bytes = Some(attr::uint(value)?),
                22 => set.copies_failed = Some(attr::uint(value)?),
                23 => set.delays_cut = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Packets that were late by a time in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct LateBucket {
    /// Least lateness of the range, 0 or a power of two; it ends below twice that, the first one below 1
    /// ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}
impl Attributes for LateBucket {
    const SPEC: SetSpec = SetSpec {
        name: "late-bucket",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "from",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "count",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.from {
            out.uint(1, value);
        }
        if let Some(value) = self.count {
            out.uint(2, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.from = Some(attr::uint(value)?),
                2 => set.count = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// One end of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct End {
    /// File descriptor of the end's network namespace (in requests). Without it the namespace of the socket
    /// is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_fd: Option<u32>,
    /// Inode number of the end's namespace in nsfs (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_inode: Option<u64>,
    /// Instance of the end's namespace, absent if it has none (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<u32>,
    /// Name of the device; the kernel chooses one if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifname: Option<String>,
    /// Index of the device in its namespace (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifindex: Option<u32>,
    /// Ethernet address; a random one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<[u8; 6]>,
    /// Parameters of what this end transmits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx: Option<Direction>,
    /// Counters of what this end transmits (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// Whether the device is administratively up, 0 or 1 (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<u32>,
    /// Whether the device has carrier, 0 or 1 (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<u32>,
}
impl Attributes for End {
    const SPEC: SetSpec = SetSpec {
        name: "end",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "netns-fd",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "netns-inode",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "instance",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "ifname",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "ifindex",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "address",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "tx",
                nested: Some(&Direction::SPEC),
            },
            AttrSpec {
                number: 8,
                name: "stats",
                nested: Some(&Stats::SPEC),
            },
            AttrSpec {
                number: 9,
                name: "up",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "carrier",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.netns_fd {
            out.u32(1, value);
        }
        if let Some(value) = self.netns_inode {
            out.uint(2, value);
        }
        if let Some(value) = self.instance {
            out.u32(3, value);
        }
        if let Some(value) = &self.ifname {
            out.string(4, value);
        }
        if let Some(value) = self.ifindex {
            out.u32(5, value);
        }
        if let Some(value) = &self.address {
            out.bytes(6, value);
        }
        if let Some(value) = &self.tx {
            out.nest(7, value);
        }
        if let Some(value) = &self.stats {
            out.nest(8, value);
        }
        if let Some(value) = self.up {
            out.u32(9, value);
        }
        if let Some(value) = self.carrier {
            out.u32(10, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.netns_fd = Some(attr::u32(value)?),
                2 => set.netns_inode = Some(attr::uint(value)?),
                3 => set.instance = Some(attr::u32(value)?),
                4 => set.ifname = Some(attr::string(value)?),
                5 => set.ifindex = Some(attr::u32(value)?),
                6 => set.address = Some(attr::array(value)?),
                7 => set.tx = Some(Direction::decode(value)?),
                8 => set.stats = Some(Stats::decode(value)?),
                9 => set.up = Some(attr::u32(value)?),
                10 => set.carrier = Some(attr::u32(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// What was decided about a frame: one record when it is dropped or leaves the sender, another one if
/// it is lost on its way to the receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Record {
    /// Number of the frame, how many frames the end had sent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// When it was handed to the link, in ns of the monotonic clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enqueued: Option<u64>,
    /// When it was dropped, or its last bit left the sender, in ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<u64>,
    /// When it is due at the receiver, in ns; absent if it was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// Why it was dropped; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<u32>,
    /// Its length, without overhead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    /// Frames that it stands for; more than one for an offload packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Whether it is a copy, made by the link, of the frame with this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<u32>,
    /// Whether the queue discipline marked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<u32>,
    /// Whether bits of it were flipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupted: Option<u32>,
    /// Whether it overtook another frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reordered: Option<u32>,
}
impl Attributes for Record {
    const SPEC: SetSpec = SetSpec {
        name: "record",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "number",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "enqueued",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "decided",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "due",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "cause",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "bytes",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "frames",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "copy",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "marked",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "corrupted",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "reordered",
                nested: None,
            },
            AttrSpec {
                number: 12,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.number {
            out.uint(1, value);
        }
        if let Some(value) = self.enqueued {
            out.uint(2, value);
        }
        if let Some(value) = self.decided {
            out.uint(3, value);
        }
        if let Some(value) = self.due {
            out.uint(4, value);
        }
        if let Some(value) = self.cause {
            out.u32(5, value);
        }
        if let Some(value) = self.bytes {
            out.u32(6, value);
        }
        if let Some(value) = self.frames {
            out.u32(7, value);
        }
        if let Some(value) = self.copy {
            out.u32(8, value);
        }
        if let Some(value) = self.marked {
            out.u32(9, value);
        }
        if let Some(value) = self.corrupted {
            out.u32(10, value);
        }
        if let Some(value) = self.reordered {
            out.u32(11, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.number = Some(attr::uint(value)?),
                2 => set.enqueued = Some(attr::uint(value)?),
                3 => set.decided = Some(attr::uint(value)?),
                4 => set.due = Some(attr::uint(value)?),
                5 => set.cause = Some(attr::u32(value)?),
                6 => set.bytes = Some(attr::u32(value)?),
                7 => set.frames = Some(attr::u32(value)?),
                8 => set.copy = Some(attr::u32(value)?),
                9 => set.marked = Some(attr::u32(value)?),
                10 => set.corrupted = Some(attr::u32(value)?),
                11 => set.reordered = Some(attr::u32(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// The log of decisions of one direction of a link, or of a transmitter or a way of a medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Trace {
    /// Number of the link or the medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The end of the link that transmits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// Number of the port of the medium that transmits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// Number of the port to which a way leads; the log is that of the transmitter if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// How many records are kept, the youngest; 0 if there is no log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// Number of the first record that is wanted, counted from 0 when the log begins. Without it only the
    /// records yet to come are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Number of the record after the last one of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// How many of the records that were wanted had been overwritten by younger ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<Record>,
}
impl Attributes for Trace {
    const SPEC: SetSpec = SetSpec {
        name: "trace",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "id",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "end",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "from",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "to",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "size",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "since",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "next",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "lost",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "record",
                nested: Some(&Record::SPEC),
            },
            AttrSpec {
                number: 10,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.id {
            out.u32(1, value);
        }
        if let Some(value) = self.end {
            out.u32(2, value);
        }
        if let Some(value) = self.from {
            out.u32(3, value);
        }
        if let Some(value) = self.to {
            out.u32(4, value);
        }
        if let Some(value) = self.size {
            out.u32(5, value);
        }
        if let Some(value) = self.since {
            out.uint(6, value);
        }
        if let Some(value) = self.next {
            out.uint(7, value);
        }
        if let Some(value) = self.lost {
            out.uint(8, value);
        }
        for value in &self.record {
            out.nest(9, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.id = Some(attr::u32(value)?),
                2 => set.end = Some(attr::u32(value)?),
                3 => set.from = Some(attr::u32(value)?),
                4 => set.to = Some(attr::u32(value)?),
                5 => set.size = Some(attr::u32(value)?),
                6 => set.since = Some(attr::uint(value)?),
                7 => set.next = Some(attr::uint(value)?),
                8 => set.lost = Some(attr::uint(value)?),
                9 => set.record.push(Record::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A pair of devices that behaves like a wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Link {
    /// Number of the link; never used twice while the module is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Name of the link; not unique to the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the lab that owns the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab: Option<String>,
    /// MTU of both devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Seed of the link's random decisions. If it is not given, it follows from the names of lab and link,
    /// or else from those of its devices; equal names have equal seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// 1 is a plugged cable (the default), 0 a pulled one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<u32>,
    /// End a.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_a: Option<End>,
    /// End b.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_b: Option<End>,
    /// With ifindex: namespace of the device whose link is meant (in requests). Without it the namespace of
    /// the socket is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_fd: Option<u32>,
    /// Device of either end, instead of id (in requests).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifindex: Option<u32>,
}
impl Attributes for Link {
    const SPEC: SetSpec = SetSpec {
        name: "link",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "id",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "lab",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "mtu",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "seed",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "connected",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "end-a",
                nested: Some(&End::SPEC),
            },
            AttrSpec {
                number: 8,
                name: "end-b",
                nested: Some(&End::SPEC),
            },
            AttrSpec {
                number: 9,
                name: "netns-fd",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "ifindex",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.id {
            out.u32(1, value);
        }
        if let Some(value) = &self.name {
            out.string(2, value);
        }
        if let Some(value) = &self.lab {
            out.string(3, value);
        }
        if let Some(value) = self.mtu {
            out.u32(4, value);
        }
        if let Some(value) = self.seed {
            out.uint(5, value);
        }
        if let Some(value) = self.connected {
            out.u32(6, value);
        }
        if let Some(value) = &self.end_a {
            out.nest(7, value);
        }
        if let Some(value) = &self.end_b {
            out.nest(8, value);
        }
        if let Some(value) = self.netns_fd {
            out.u32(9, value);
        }
        if let Some(value) = self.ifindex {
            out.u32(10, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.id = Some(attr::u32(value)?),
                2 => set.name = Some(attr::string(value)?),
                3 => set.lab = Some(attr::string(value)?),
                4 => set.mtu = Some(attr::u32(value)?),
                5 => set.seed = Some(attr::uint(value)?),
                6 => set.connected = Some(attr::u32(value)?),
                7 => set.end_a = Some(End::decode(value)?),
                8 => set.end_b = Some(End::decode(value)?),
                9 => set.netns_fd = Some(attr::u32(value)?),
                10 => set.ifindex = Some(attr::u32(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// One device on a medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct MediumPort {
    /// Number of the port, from 0; those of a new medium are numbered in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// File descriptor of the port's network namespace (in requests). Without it the namespace of the
    /// socket is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_fd: Option<u32>,
    /// Inode number of the port's namespace in nsfs (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_inode: Option<u64>,
    /// Instance of the port's namespace, absent if it has none (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<u32>,
    /// Name of the device; the kernel chooses one if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifname: Option<String>,
    /// Index of the device in its namespace (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifindex: Option<u32>,
    /// Ethernet address; a random one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<[u8; 6]>,
    /// Parameters of the port's transmitter: what happens to a frame before it spreads, and so in the same
    /// way for all receivers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx: Option<Direction>,
    /// Counters of the transmitter (in replies). Delivered is what has been handed to the medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// Whether the device is administratively up, 0 or 1 (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<u32>,
}
impl Attributes for MediumPort {
    const SPEC: SetSpec = SetSpec {
        name: "medium-port",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "number",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "netns-fd",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "netns-inode",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "instance",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "ifname",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "ifindex",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "address",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "tx",
                nested: Some(&Direction::SPEC),
            },
            AttrSpec {
                number: 9,
                name: "stats",
                nested: Some(&Stats::SPEC),
            },
            AttrSpec {
                number: 10,
                name: "up",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.number {
            out.u32(1, value);
        }
        if let Some(value) = self.netns_fd {
            out.u32(2, value);
        }
        if let Some(value) = self.netns_inode {
            out.uint(3, value);
        }
        if let Some(value) = self.instance {
            out.u32(4, value);
        }
        if let Some(value) = &self.ifname {
            out.string(5, value);
        }
        if let Some(value) = self.ifindex {
            out.u32(6, value);
        }
        if let Some(value) = &self.address {
            out.bytes(7, value);
        }
        if let Some(value) = &self.tx {
            out.nest(8, value);
        }
        if let Some(value) = &self.stats {
            out.nest(9, value);
        }
        if let Some(value) = self.up {
            out.u32(10, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.number = Some(attr::u32(value)?),
                2 => set.netns_fd = Some(attr::u32(value)?),
                3 => set.netns_inode = Some(attr::uint(value)?),
                4 => set.instance = Some(attr::u32(value)?),
                5 => set.ifname = Some(attr::string(value)?),
                6 => set.ifindex = Some(attr::u32(value)?),
                7 => set.address = Some(attr::array(value)?),
                8 => set.tx = Some(Direction::decode(value)?),
                9 => set.stats = Some(Stats::decode(value)?),
                10 => set.up = Some(attr::u32(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// The way from one port of a medium to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct MediumPair {
    /// Number of the sending port; all if absent (in requests).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// Number of the receiving port; all others if absent (in requests).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// What happens on this way; a way has neither rate, overhead nor queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Direction>,
    /// Counters (in replies). Each frame that a transmitter hands to the medium is sent once on each of its
    /// ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
}
impl Attributes for MediumPair {
    const SPEC: SetSpec = SetSpec {
        name: "medium-pair",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "from",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "to",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "params",
                nested: Some(&Direction::SPEC),
            },
            AttrSpec {
                number: 4,
                name: "stats",
                nested: Some(&Stats::SPEC),
            },
            AttrSpec {
                number: 5,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.from {
            out.u32(1, value);
        }
        if let Some(value) = self.to {
            out.u32(2, value);
        }
        if let Some(value) = &self.params {
            out.nest(3, value);
        }
        if let Some(value) = &self.stats {
            out.nest(4, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.from = Some(attr::u32(value)?),
                2 => set.to = Some(attr::u32(value)?),
                3 => set.params = Some(Direction::decode(value)?),
                4 => set.stats = Some(Stats::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A shared wire or radio channel with a device at each port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Medium {
    /// Number of the medium; never used twice while the module is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Name of the medium; not unique to the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the lab that owns the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab: Option<String>,
    /// MTU of all devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Seed of the medium's random decisions. If it is not given, it follows from the medium's name, and is
    /// 0 if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Number of ports (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<u32>,
    /// A port; a new medium has 2 to 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub port: Vec<MediumPort>,
    /// Ways between ports; what comes later in a request counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pair: Vec<MediumPair>,
}
impl Attributes for Medium {
    const SPEC: SetSpec = SetSpec {
        name: "medium",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "id",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "lab",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "mtu",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "seed",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "ports",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "port",
                nested: Some(&MediumPort::SPEC),
            },
            AttrSpec {
                number: 8,
                name: "pair",
                nested: Some(&MediumPair::SPEC),
            },
            AttrSpec {
                number: 9,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.id {
            out.u32(1, value);
        }
        if let Some(value) = &self.name {
            out.string(2, value);
        }
        if let Some(value) = &self.lab {
            out.string(3, value);
        }
        if let Some(value) = self.mtu {
            out.u32(4, value);
        }
        if let Some(value) = self.seed {
            out.uint(5, value);
        }
        if let Some(value) = self.ports {
            out.u32(6, value);
        }
        for value in &self.port {
            out.nest(7, value);
        }
        for value in &self.pair {
            out.nest(8, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.id = Some(attr::u32(value)?),
                2 => set.name = Some(attr::string(value)?),
                3 => set.lab = Some(attr::string(value)?),
                4 => set.mtu = Some(attr::u32(value)?),
                5 => set.seed = Some(attr::uint(value)?),
                6 => set.ports = Some(attr::u32(value)?),
                7 => set.port.push(MediumPort::decode(value)?),
                8 => set.pair.push(MediumPair::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A type of blocks, with all that has to be known to use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockType {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What such a block does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Ports, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub port: Vec<BlockTypePort>,
    /// Parameters, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub param: Vec<BlockTypeParam>,
    /// Events that such a block raises or takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<BlockTypeEvent>,
}
impl Attributes for BlockType {
    const SPEC: SetSpec = SetSpec {
        name: "block-type",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "doc",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "port",
                nested: Some(&BlockTypePort::SPEC),
            },
            AttrSpec {
                number: 4,
                name: "param",
                nested: Some(&BlockTypeParam::SPEC),
            },
            AttrSpec {
                number: 5,
                name: "event",
                nested: Some(&BlockTypeEvent::SPEC),
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = &self.doc {
            out.string(2, value);
        }
        for value in &self.port {
            out.nest(3, value);
        }
        for value in &self.param {
            out.nest(4, value);
        }
        for value in &self.event {
            out.nest(5, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.doc = Some(attr::string(value)?),
                3 => set.port.push(BlockTypePort::decode(value)?),
                4 => set.param.push(BlockTypeParam::decode(value)?),
                5 => set.event.push(BlockTypeEvent::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// What a type of blocks has to do with an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockTypeEvent {
    /// Event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// 1 if such a block raises the event, 0 if it takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<u32>,
    /// When it is raised, or what is done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}
impl Attributes for BlockTypeEvent {
    const SPEC: SetSpec = SetSpec {
        name: "block-type-event",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "event",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "raised",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "doc",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.event {
            out.u32(1, value);
        }
        if let Some(value) = self.raised {
            out.u32(2, value);
        }
        if let Some(value) = &self.doc {
            out.string(3, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.event = Some(attr::u32(value)?),
                2 => set.raised = Some(attr::u32(value)?),
                3 => set.doc = Some(attr::string(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A port of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockTypePort {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<u32>,
    /// Carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carries: Option<u32>,
    /// 1 if it stands for as many ports as the parameter ports says, with the numbers from 0 after the
    /// name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbered: Option<u32>,
    /// Doc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}
impl Attributes for BlockTypePort {
    const SPEC: SetSpec = SetSpec {
        name: "block-type-port",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "side",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "carries",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "numbered",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "doc",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = self.side {
            out.u32(2, value);
        }
        if let Some(value) = self.carries {
            out.u32(3, value);
        }
        if let Some(value) = self.numbered {
            out.u32(4, value);
        }
        if let Some(value) = &self.doc {
            out.string(5, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.side = Some(attr::u32(value)?),
                3 => set.carries = Some(attr::u32(value)?),
                4 => set.numbered = Some(attr::u32(value)?),
                5 => set.doc = Some(attr::string(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A parameter of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockTypeParam {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Doc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<u32>,
    /// Access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<u32>,
    /// 1 if a block cannot be made without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<u32>,
    /// Least value of a uint, or length of text or data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<u64>,
    /// Greatest value of a uint, length of text or data, or number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Value of a uint that is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<u64>,
    /// ns, bytes, packets, bit/s and so on; absent for a plain number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Fields of a record, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub field: Vec<BlockTypeField>,
}
impl Attributes for BlockTypeParam {
    const SPEC: SetSpec = SetSpec {
        name: "block-type-param",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "doc",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "kind",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "access",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "required",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "least",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "most",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "default",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "unit",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "field",
                nested: Some(&BlockTypeField::SPEC),
            },
            AttrSpec {
                number: 11,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = &self.doc {
            out.string(2, value);
        }
        if let Some(value) = self.kind {
            out.u32(3, value);
        }
        if let Some(value) = self.access {
            out.u32(4, value);
        }
        if let Some(value) = self.required {
            out.u32(5, value);
        }
        if let Some(value) = self.least {
            out.uint(6, value);
        }
        if let Some(value) = self.most {
            out.uint(7, value);
        }
        if let Some(value) = self.default {
            out.uint(8, value);
        }
        if let Some(value) = &self.unit {
            out.string(9, value);
        }
        for value in &self.field {
            out.nest(10, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.doc = Some(attr::string(value)?),
                3 => set.kind = Some(attr::u32(value)?),
                4 => set.access = Some(attr::u32(value)?),
                5 => set.required = Some(attr::u32(value)?),
                6 => set.least = Some(attr::uint(value)?),
                7 => set.most = Some(attr::uint(value)?),
                8 => set.default = Some(attr::uint(value)?),
                9 => set.unit = Some(attr::string(value)?),
                10 => set.field.push(BlockTypeField::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A field of the records of a parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockTypeField {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Doc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<u32>,
    /// 1 if a record cannot be without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<u32>,
    /// Least value of a uint, or length of text or data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<u64>,
    /// Greatest value of a uint, length of text or data, or number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Value of a uint that is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<u64>,
    /// ns, bytes, packets, bit/s and so on; absent for a plain number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}
impl Attributes for BlockTypeField {
    const SPEC: SetSpec = SetSpec {
        name: "block-type-field",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "doc",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "kind",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "required",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "least",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "most",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "default",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "unit",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = &self.doc {
            out.string(2, value);
        }
        if let Some(value) = self.kind {
            out.u32(3, value);
        }
        if let Some(value) = self.required {
            out.u32(4, value);
        }
        if let Some(value) = self.least {
            out.uint(5, value);
        }
        if let Some(value) = self.most {
            out.uint(6, value);
        }
        if let Some(value) = self.default {
            out.uint(7, value);
        }
        if let Some(value) = &self.unit {
            out.string(8, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.doc = Some(attr::string(value)?),
                3 => set.kind = Some(attr::u32(value)?),
                4 => set.required = Some(attr::u32(value)?),
                5 => set.least = Some(attr::uint(value)?),
                6 => set.most = Some(attr::uint(value)?),
                7 => set.default = Some(attr::uint(value)?),
                8 => set.unit = Some(attr::string(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A parameter of a block and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockParam {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Uint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uint: Option<u64>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<u8>>,
    /// The records, in their order; a parameter without any is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<BlockRecord>,
}
impl Attributes for BlockParam {
    const SPEC: SetSpec = SetSpec {
        name: "block-param",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "uint",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "text",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "data",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "record",
                nested: Some(&BlockRecord::SPEC),
            },
            AttrSpec {
                number: 6,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = self.uint {
            out.uint(2, value);
        }
        if let Some(value) = &self.text {
            out.string(3, value);
        }
        if let Some(value) = &self.data {
            out.bytes(4, value);
        }
        for value in &self.record {
            out.nest(5, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.uint = Some(attr::uint(value)?),
                3 => set.text = Some(attr::string(value)?),
                4 => set.data = Some(value.to_vec()),
                5 => set.record.push(BlockRecord::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// One record of a parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockRecord {
    /// Fields that are not given have their default, or match anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub field: Vec<BlockField>,
}
impl Attributes for BlockRecord {
    const SPEC: SetSpec = SetSpec {
        name: "block-record",
        attributes: &[AttrSpec {
            number: 1,
            name: "field",
            nested: Some(&BlockField::SPEC),
        }],
    };
    fn encode(&self, out: &mut Encoder) {
        for value in &self.field {
            out.nest(1, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.field.push(BlockField::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A field of a record and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockField {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Uint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uint: Option<u64>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<u8>>,
}
impl Attributes for BlockField {
    const SPEC: SetSpec = SetSpec {
        name: "block-field",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "uint",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "text",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "data",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = self.uint {
            out.uint(2, value);
        }
        if let Some(value) = &self.text {
            out.string(3, value);
        }
        if let Some(value) = &self.data {
            out.bytes(4, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.uint = Some(attr::uint(value)?),
                3 => set.text = Some(attr::string(value)?),
                4 => set.data = Some(value.to_vec()),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A port of a block, and what is bound to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockPort {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<u32>,
    /// Carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carries: Option<u32>,
    /// The block at the other side of the binding, absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Peer port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_port: Option<String>,
}
impl Attributes for BlockPort {
    const SPEC: SetSpec = SetSpec {
        name: "block-port",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "side",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "carries",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "peer",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "peer-port",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.name {
            out.string(1, value);
        }
        if let Some(value) = self.side {
            out.u32(2, value);
        }
        if let Some(value) = self.carries {
            out.u32(3, value);
        }
        if let Some(value) = &self.peer {
            out.string(4, value);
        }
        if let Some(value) = &self.peer_port {
            out.string(5, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.name = Some(attr::string(value)?),
                2 => set.side = Some(attr::u32(value)?),
                3 => set.carries = Some(attr::u32(value)?),
                4 => set.peer = Some(attr::string(value)?),
                5 => set.peer_port = Some(attr::string(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Packets lost in a block for one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockDrop {
    /// Cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<u32>,
    /// Packets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}
impl Attributes for BlockDrop {
    const SPEC: SetSpec = SetSpec {
        name: "block-drop",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "cause",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "packets",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "bytes",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.cause {
            out.u32(1, value);
        }
        if let Some(value) = self.packets {
            out.uint(2, value);
        }
        if let Some(value) = self.bytes {
            out.uint(3, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.cause = Some(attr::u32(value)?),
                2 => set.packets = Some(attr::uint(value)?),
                3 => set.bytes = Some(attr::uint(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// Counters of a block, from one snapshot. At any time, in packets, in + generated = out + consumed +
/// the sum of drops + queued. A segmentation offload packet is one packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockCounters {
    /// Packets that entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_packets: Option<u64>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_bytes: Option<u64>,
    /// Packets that the block made, copies included, or that came to it from outside of the graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_packets: Option<u64>,
    /// Generated bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_bytes: Option<u64>,
    /// Packets that left by a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_packets: Option<u64>,
    /// Out bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_bytes: Option<u64>,
    /// Packets that ended in the block as they should, or that it handed to the outside of the graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumed_packets: Option<u64>,
    /// Consumed bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumed_bytes: Option<u64>,
    /// Packets that the block holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_packets: Option<u64>,
    /// Queued bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_bytes: Option<u64>,
    /// One for each cause that has occurred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<BlockDrop>,
}
impl Attributes for BlockCounters {
    const SPEC: SetSpec = SetSpec {
        name: "block-counters",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "in-packets",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "in-bytes",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "generated-packets",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "generated-bytes",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "out-packets",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "out-bytes",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "consumed-packets",
                nested: None,
            },
            AttrSpec {
                number: 8,
                name: "consumed-bytes",
                nested: None,
            },
            AttrSpec {
                number: 9,
                name: "queued-packets",
                nested: None,
            },
            AttrSpec {
                number: 10,
                name: "queued-bytes",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "drop",
                nested: Some(&BlockDrop::SPEC),
            },
            AttrSpec {
                number: 12,
                name: "pad",
                nested: None,
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.in_packets {
            out.uint(1, value);
        }
        if let Some(value) = self.in_bytes {
            out.uint(2, value);
        }
        if let Some(value) = self.generated_packets {
            out.uint(3, value);
        }
        if let Some(value) = self.generated_bytes {
            out.uint(4, value);
        }
        if let Some(value) = self.out_packets {
            out.uint(5, value);
        }
        if let Some(value) = self.out_bytes {
            out.uint(6, value);
        }
        if let Some(value) = self.consumed_packets {
            out.uint(7, value);
        }
        if let Some(value) = self.consumed_bytes {
            out.uint(8, value);
        }
        if let Some(value) = self.queued_packets {
            out.uint(9, value);
        }
        if let Some(value) = self.queued_bytes {
            out.uint(10, value);
        }
        for value in &self.drop {
            out.nest(11, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.in_packets = Some(attr::uint(value)?),
                2 => set.in_bytes = Some(attr::uint(value)?),
                3 => set.generated_packets = Some(attr::uint(value)?),
                4 => set.generated_bytes = Some(attr::uint(value)?),
                5 => set.out_packets = Some(attr::uint(value)?),
                6 => set.out_bytes = Some(attr::uint(value)?),
                7 => set.consumed_packets = Some(attr::uint(value)?),
                8 => set.consumed_bytes = Some(attr::uint(value)?),
                9 => set.queued_packets = Some(attr::uint(value)?),
                10 => set.queued_bytes = Some(attr::uint(value)?),
                11 => set.drop.push(BlockDrop::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// That a block takes the events of another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct BlockSubscription {
    /// Name of the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
}
impl Attributes for BlockSubscription {
    const SPEC: SetSpec = SetSpec {
        name: "block-subscription",
        attributes: &[AttrSpec {
            number: 1,
            name: "publisher",
            nested: None,
        }],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = &self.publisher {
            out.string(1, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.publisher = Some(attr::string(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
/// A functional block of a network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Block {
    /// Number of the block; never used twice while the module is loaded (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// File descriptor of the network namespace (in requests). Without it the namespace of the socket is
    /// meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_fd: Option<u32>,
    /// Inode number of the namespace in nsfs (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_inode: Option<u64>,
    /// Name of the block, unique in its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name of the lab that owns the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab: Option<String>,
    /// Param.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub param: Vec<BlockParam>,
    /// Its ports, in their order (in replies).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub port: Vec<BlockPort>,
    /// Its counters (in replies).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<BlockCounters>,
    /// What becomes of the state; keep if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<u32>,
    /// The block above the binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<String>,
    /// Its port; the first free lower port if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_port: Option<String>,
    /// The block below the binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<String>,
    /// Its port; the first free upper port if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_port: Option<String>,
    /// The block whose events are taken (in requests).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The blocks whose events it takes (in replies).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subscription: Vec<BlockSubscription>,
}
impl Attributes for Block {
    const SPEC: SetSpec = SetSpec {
        name: "block",
        attributes: &[
            AttrSpec {
                number: 1,
                name: "id",
                nested: None,
            },
            AttrSpec {
                number: 2,
                name: "netns-fd",
                nested: None,
            },
            AttrSpec {
                number: 3,
                name: "netns-inode",
                nested: None,
            },
            AttrSpec {
                number: 4,
                name: "name",
                nested: None,
            },
            AttrSpec {
                number: 5,
                name: "kind",
                nested: None,
            },
            AttrSpec {
                number: 6,
                name: "lab",
                nested: None,
            },
            AttrSpec {
                number: 7,
                name: "param",
                nested: Some(&BlockParam::SPEC),
            },
            AttrSpec {
                number: 8,
                name: "port",
                nested: Some(&BlockPort::SPEC),
            },
            AttrSpec {
                number: 9,
                name: "counters",
                nested: Some(&BlockCounters::SPEC),
            },
            AttrSpec {
                number: 10,
                name: "state",
                nested: None,
            },
            AttrSpec {
                number: 11,
                name: "upper",
                nested: None,
            },
            AttrSpec {
                number: 12,
                name: "upper-port",
                nested: None,
            },
            AttrSpec {
                number: 13,
                name: "lower",
                nested: None,
            },
            AttrSpec {
                number: 14,
                name: "lower-port",
                nested: None,
            },
            AttrSpec {
                number: 15,
                name: "pad",
                nested: None,
            },
            AttrSpec {
                number: 16,
                name: "publisher",
                nested: None,
            },
            AttrSpec {
                number: 17,
                name: "subscription",
                nested: Some(&BlockSubscription::SPEC),
            },
        ],
    };
    fn encode(&self, out: &mut Encoder) {
        if let Some(value) = self.id {
            out.u32(1, value);
        }
        if let Some(value) = self.netns_fd {
            out.u32(2, value);
        }
        if let Some(value) = self.netns_inode {
            out.uint(3, value);
        }
        if let Some(value) = &self.name {
            out.string(4, value);
        }
        if let Some(value) = &self.kind {
            out.string(5, value);
        }
        if let Some(value) = &self.lab {
            out.string(6, value);
        }
        for value in &self.param {
            out.nest(7, value);
        }
        for value in &self.port {
            out.nest(8, value);
        }
        if let Some(value) = &self.counters {
            out.nest(9, value);
        }
        if let Some(value) = self.state {
            out.u32(10, value);
        }
        if let Some(value) = &self.upper {
            out.string(11, value);
        }
        if let Some(value) = &self.upper_port {
            out.string(12, value);
        }
        if let Some(value) = &self.lower {
            out.string(13, value);
        }
        if let Some(value) = &self.lower_port {
            out.string(14, value);
        }
        if let Some(value) = &self.publisher {
            out.string(16, value);
        }
        for value in &self.subscription {
            out.nest(17, value);
        }
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for item in attr::iterate(bytes) {
            let (number, value) = item?;
            match number {
                1 => set.id = Some(attr::u32(value)?),
                2 => set.netns_fd = Some(attr::u32(value)?),
                3 => set.netns_inode = Some(attr::uint(value)?),
                4 => set.name = Some(attr::string(value)?),
                5 => set.kind = Some(attr::string(value)?),
                6 => set.lab = Some(attr::string(value)?),
                7 => set.param.push(BlockParam::decode(value)?),
                8 => set.port.push(BlockPort::decode(value)?),
                9 => set.counters = Some(BlockCounters::decode(value)?),
                10 => set.state = Some(attr::u32(value)?),
                11 => set.upper = Some(attr::string(value)?),
                12 => set.upper_port = Some(attr::string(value)?),
                13 => set.lower = Some(attr::string(value)?),
                14 => set.lower_port = Some(attr::string(value)?),
                16 => set.publisher = Some(attr::string(value)?),
                17 => set.subscription.push(BlockSubscription::decode(value)?),
                _ => {}
            }
        }
        Ok(set)
    }
}
