// SPDX-License-Identifier: GPL-2.0

//! One direction of a link, with every parameter at its value.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use vnet_model::params::DEFAULT_WHOLE_TIME;

use super::is_zero;
use crate::probability::Probability;

/// Default of [`DirectionPlan::overhead`]: 8 bytes preamble, 4 FCS, 12 gap.
pub const DEFAULT_OVERHEAD: u32 = 24;
/// One direction of a link. Absent or default: an ideal wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionPlan {
    /// Rate in bit/s; absent: unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    /// Bytes of wire time that each frame costs beyond its own length (24 on Ethernet).
    pub overhead: u32,
    /// Propagation delay (one way), ns.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay: u64,
    /// The queue in front of the serialiser.
    #[serde(default, skip_serializing_if = "QueuePlan::is_default")]
    pub queue: QueuePlan,
    /// Probability that a frame is sent twice.
    #[serde(default, skip_serializing_if = "Probability::is_zero")]
    pub duplicate: Probability,
    /// Probability that a bit on the wire is in error.
    #[serde(default, skip_serializing_if = "Probability::is_zero")]
    pub ber: Probability,
    /// Loss of frames.
    #[serde(default, skip_serializing_if = "LossPlan::is_default")]
    pub loss: LossPlan,
    /// Probability that one bit of a frame is flipped.
    #[serde(default, skip_serializing_if = "Probability::is_zero")]
    pub corrupt: Probability,
    /// Variation of the delay.
    #[serde(default, skip_serializing_if = "JitterPlan::is_default")]
    pub jitter: JitterPlan,
    /// Which frames overtake; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder: Option<ReorderPlan>,
    /// Bounds of the delay line.
    #[serde(default, skip_serializing_if = "DelayLimitPlan::is_default")]
    pub delay_limit: DelayLimitPlan,
    /// Longest time on the wire with which a segmentation offload packet stays whole, ns.
    #[serde(
        default = "default_whole_time",
        skip_serializing_if = "is_default_whole_time"
    )]
    pub whole_time: u64,
}

/// A queue; each bound that is set holds. None set: the larger of 100 packets and 50 ms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueuePlan {
    /// Packets that may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u32>,
    /// Bytes that may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Time that it takes to send what may wait, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// Which frame is sent next, and which are dropped early.
    #[serde(default, skip_serializing_if = "DisciplinePlan::is_fifo")]
    pub discipline: DisciplinePlan,
    /// Which frame is dropped at the limit; absent: the head with fq-codel, else the tail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropFrom>,
    /// Whether frames are marked instead of dropped early, where they allow it.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub ecn: bool,
}

/// A queue discipline with its parameters: times in ns, sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DisciplinePlan {
    /// One queue, first in, first out.
    #[default]
    Fifo,
    /// Weighted fair queueing of flows.
    Wfq {
        /// Size of the table of flows.
        flows: u32,
        /// Weights by DSCP, sorted; others have the weight 1.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        weights: Vec<ClassPlan>,
        /// Weights by more than the DSCP: the first that a frame matches counts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        matches: Vec<MatchPlan>,
    },
    /// Deficit round robin of flows.
    Drr {
        /// Size of the table of flows.
        flows: u32,
        /// Bytes on the wire per flow and round.
        quantum: u32,
    },
    /// Random early detection.
    Red {
        /// Average queue from which on frames may be dropped.
        min: u64,
        /// Average queue at which the probability is reached.
        max: u64,
        /// Probability at `max`.
        probability: Probability,
        /// A sample counts 2^-weight in the average.
        weight: u32,
        /// Whether the probability grows to 1 at twice `max` instead of at `max`.
        gentle: bool,
    },
    /// CoDel.
    Codel {
        /// Acceptable delay.
        target: u64,
        /// How long it must be exceeded.
        interval: u64,
        /// Nothing is dropped while no more bytes wait.
        floor: u32,
    },
    /// PIE.
    Pie {
        /// Acceptable delay.
        target: u64,
        /// Time between two updates.
        interval: u64,
        /// Gain for the distance from the target, 1/16 per second.
        alpha: u32,
        /// Gain for the change of the delay, 1/16 per second.
        beta: u32,
    },
    /// Deficit round robin of flows with CoDel in each.
    FqCodel {
        /// Size of the table of flows.
        flows: u32,
        /// Bytes on the wire per flow and round.
        quantum: u32,
        /// Acceptable delay.
        target: u64,
        /// How long it must be exceeded.
        interval: u64,
        /// Nothing is dropped while no more bytes wait.
        floor: u32,
    },
    /// The queueing discipline of the kernel has the backlog.
    Device,
}

/// Weight of a traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPlan {
    /// DS code point.
    pub dscp: u8,
    /// 1 to 1024.
    pub weight: u32,
}

/// Weight of the frames that have everything that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchPlan {
    /// IP protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    /// IP source network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpNet>,
    /// IP destination network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<IpNet>,
    /// Source port of TCP, UDP, DCCP or SCTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// Destination port of TCP, UDP, DCCP or SCTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
    /// DS code point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp: Option<u8>,
    /// 1 to 1024.
    pub weight: u32,
}

/// Which frame is dropped when the queue is at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropFrom {
    /// The arriving one; with flows, the youngest of the longest flow.
    Tail,
    /// The oldest one; with flows, that of the longest flow.
    Head,
}

/// Loss of frames; what is set acts together, each with a counter of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossPlan {
    /// Probability that a frame is lost.
    #[serde(default, skip_serializing_if = "Probability::is_zero")]
    pub random: Probability,
    /// Loss in two states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gilbert_elliott: Option<GilbertElliottPlan>,
    /// Loss in four states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_state: Option<FourStatePlan>,
    /// What happens to frames by their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternPlan>,
}

/// Loss in two states, see [`vnet_model::GilbertElliott`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GilbertElliottPlan {
    /// From good to bad.
    pub p: Probability,
    /// From bad to good.
    pub r: Probability,
    /// That a frame survives in the bad state.
    pub h: Probability,
    /// That a frame survives in the good state.
    pub k: Probability,
}

/// Loss in four states, see [`vnet_model::FourState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FourStatePlan {
    /// A burst begins.
    pub p13: Probability,
    /// A burst ends.
    pub p31: Probability,
    /// A received stretch inside a burst begins.
    pub p32: Probability,
    /// It ends.
    pub p23: Probability,
    /// An isolated loss.
    pub p14: Probability,
}

/// What happens to single frames, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternPlan {
    /// After how many frames the count starts over; 0: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub period: u64,
    /// In the order of their frames.
    pub rules: Vec<RulePlan>,
}

/// A frame and what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePlan {
    /// The frame's number.
    pub frame: u64,
    /// What happens to it.
    pub action: RuleAction,
}

/// What a rule of a pattern does to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleAction {
    /// Loses it on the wire.
    Drop,
    /// Flips the bit of this number.
    Flip(u32),
    /// Delays it by so many ns.
    Delay(u64),
}

/// Variation of the delay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JitterPlan {
    /// Standard deviation (half width, if uniform), ns.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount: u64,
    /// Distribution.
    #[serde(default, skip_serializing_if = "Distribution::is_uniform")]
    pub distribution: Distribution,
    /// Correlation with the previous frame's.
    #[serde(default, skip_serializing_if = "Probability::is_zero")]
    pub correlation: Probability,
    /// Whether frames may overtake each other.
    #[serde(default, skip_serializing_if = "Order::is_keep")]
    pub order: Order,
    /// Quantiles of a distribution of one's own, 8192 being the amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<i16>,
}

/// Distribution of the jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Between the amount to either side.
    #[default]
    Uniform,
    /// Normal.
    Normal,
    /// Pareto with the shape 3.
    Pareto,
    /// A quarter of the normal and three quarters of the Pareto quantile.
    ParetoNormal,
    /// [`JitterPlan::table`].
    Table,
}

/// Whether frames with jitter may overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A frame waits until its predecessors are out.
    #[default]
    Keep,
    /// Each frame has the delay that it drew.
    Free,
}

/// Which frames overtake by skipping delay and jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReorderPlan {
    /// Each with this probability.
    Random(Probability),
    /// Every n-th.
    Every(u64),
}

/// Bounds of the delay line; absent: none but the instance's caps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelayLimitPlan {
    /// Packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u32>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

fn default_whole_time() -> u64 {
    DEFAULT_WHOLE_TIME
}

fn is_default_whole_time(value: &u64) -> bool {
    *value == DEFAULT_WHOLE_TIME
}
