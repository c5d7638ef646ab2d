// SPDX-License-Identifier: GPL-2.0

//! The parameters of a direction.

mod medium;

use std::collections::BTreeMap;

use schemars::JsonSchema;

pub(super) use medium::Medium;

use super::{Cost, Expression, OneOrMany, Or, Overhead, Rate, Scalar, Size, Time};

/// Parameters of one direction.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Direction {
    /// Rate, as in 100mbit or 1.5 Mbit/s; `unlimited` (default).
    rate: Option<Rate>,
    /// One-way delay, as in 20ms. Default: 0.
    delay: Option<Time>,
    /// Bytes that each frame costs on the wire beyond its own length. Default: 24.
    overhead: Option<Overhead>,
    /// Bound of the queue: `100 packets`, `64KB`, `50ms`, or a map. Default: the larger of 100 packets and 50ms.
    queue: Option<QueueForms>,
    /// Cost for routing. Default: 100 Gbit/s divided by the rate.
    cost: Option<Cost>,
    /// Probability that a frame is sent twice, as in 1%.
    duplicate: Option<Probability>,
    /// Probability of an error in each bit on the wire, 1e-15 to 0.5. A frame with an error is lost.
    ber: Option<Probability>,
    /// Loss: a probability, as in 1%; a map of kinds, which act together; or a list of both.
    loss: Option<LossForms>,
    /// Probability that one bit of a frame is flipped.
    corrupt: Option<Probability>,
    /// Variation of the delay: a time, as in 2ms, or a map.
    jitter: Option<JitterForms>,
    /// Frames that overtake by skipping the delay: a probability, or `{every: 100}`.
    reorder: Option<ReorderForms>,
    /// Bound of what is on the wire: `1000 packets`, `1MB`, or a map. Default: none.
    delay_limit: Option<DelayLimitForms>,
    /// Longest time on the wire with which a segmentation offload packet stays whole. Default: 100us.
    whole_time: Option<Time>,
}

/// Probability.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Probability {
    Text(
        #[schemars(regex(pattern = r"\$\{|^none$|^[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)? *%?$"))] String,
    ),
    Number(#[schemars(range(min = 0, max = 1))] f64),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum QueueForms {
    Bound(OneOrMany<String>),
    Map(Box<Queue>),
}

/// A queue: its bounds, each of which holds, and its discipline.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Queue {
    /// Bound, as in `100 packets`, `64KB`, `50ms`, or a list of them.
    limit: Option<OneOrMany<String>>,
    /// Packets.
    packets: Option<Scalar>,
    /// Bytes, as in 64KB.
    bytes: Option<Size>,
    /// Time that it takes to send what waits, as in 50ms.
    time: Option<Time>,
    /// Which frame is sent next and which are dropped early: a name, or `{codel: {target: 5ms}}`. Default: fifo.
    discipline: Option<DisciplineForms>,
    /// Which frame is dropped at the bound. Default: head with fq-codel, else tail.
    drop: Option<Or<Drop>>,
    /// Whether frames are marked instead of dropped early (red, codel, pie, fq-codel). Default: false.
    ecn: Option<Or<bool>>,
    /// Size of the table of flows (wfq, drr, fq-codel). Default: 1024.
    flows: Option<Flows>,
    /// Weights by DSCP, as in `{ef: 10, af41: 5}` (wfq). Others have the weight 1.
    weights: Option<BTreeMap<String, Weight>>,
    /// Weights by more than the DSCP (wfq): the first class that a frame matches counts, for others its DSCP.
    r#match: Option<OneOrMany<Match>>,
}

/// A class: frames that have everything that is given, and their weight.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Match {
    /// IP protocol: a number, or tcp, udp, icmp, icmpv6, sctp, dccp, gre, esp, ospf.
    protocol: Option<Scalar>,
    /// IP source: a network or an address.
    source: Option<String>,
    /// IP destination: a network or an address.
    destination: Option<String>,
    /// Source port of TCP, UDP, DCCP or SCTP.
    source_port: Option<Scalar>,
    /// Destination port of TCP, UDP, DCCP or SCTP.
    destination_port: Option<Scalar>,
    /// DSCP, as a number or a name.
    dscp: Option<Scalar>,
    /// Weight, 1 to 1024.
    weight: Weight,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Drop {
    Tail,
    Head,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Flows {
    Number(#[schemars(range(min = 1, max = 65536))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Weight {
    Number(#[schemars(range(min = 1, max = 1024))] u32),
    Expression(Expression),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum DisciplineForms {
    Name(Or<DisciplineName>),
    Map(Box<Discipline>),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum DisciplineName {
    /// One queue, first in, first out.
    Fifo,
    /// Weighted fair queueing of flows.
    Wfq,
    /// Deficit round robin of flows.
    Drr,
    /// One queue with CoDel.
    Codel,
    /// One queue with PIE.
    Pie,
    /// Deficit round robin of flows with CoDel in each.
    FqCodel,
    /// No queue of the link's own: the kernel's queueing discipline has the backlog.
    Device,
}

/// A queue discipline with parameters.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case", extend("maxProperties" = 1, "minProperties" = 1))]
struct Discipline {
    /// One queue, first in, first out.
    fifo: Option<Nothing>,
    /// Weighted fair queueing of flows.
    wfq: Option<Nothing>,
    /// Deficit round robin of flows.
    drr: Option<Drr>,
    /// One queue with random early detection.
    red: Option<Red>,
    /// One queue with CoDel.
    codel: Option<Codel>,
    /// One queue with PIE.
    pie: Option<Pie>,
    /// Deficit round robin of flows with CoDel in each.
    fq_codel: Option<FqCodel>,
    /// No queue of the link's own: the kernel's queueing discipline has the backlog.
    device: Option<Nothing>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
struct Nothing {}

/// Deficit round robin.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Drr {
    /// Bytes on the wire per flow and round. Default: 1538B.
    quantum: Option<Size>,
}

/// Random early detection.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Red {
    /// Average queue from which on frames may be dropped, as in 30KB.
    min: Size,
    /// Average queue at which the probability is reached.
    max: Size,
    /// Probability at `max`. Default: 2%.
    probability: Option<Probability>,
    /// A sample counts 2^-weight in the average; 1 to 24. Default: 9.
    weight: Option<Scalar>,
    /// Whether the probability grows to 1 at twice `max` instead of at `max`. Default: true.
    gentle: Option<Or<bool>>,
}

/// CoDel.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Codel {
    /// Acceptable delay. Default: 5ms.
    target: Option<Time>,
    /// How long it must be exceeded. Default: 100ms.
    interval: Option<Time>,
    /// Nothing is dropped while no more bytes wait. Default: 1514B.
    floor: Option<Size>,
}

/// PIE.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Pie {
    /// Acceptable delay. Default: 15ms.
    target: Option<Time>,
    /// Time between two updates. Default: 15ms.
    interval: Option<Time>,
    /// Gain for the distance from the target in 1/16 per second. Default: 2.
    alpha: Option<Scalar>,
    /// Gain for the change of the delay in 1/16 per second. Default: 20.
    beta: Option<Scalar>,
}

/// FQ-CoDel.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FqCodel {
    /// Bytes on the wire per flow and round. Default: 1538B.
    quantum: Option<Size>,
    /// Acceptable delay. Default: 5ms.
    target: Option<Time>,
    /// How long it must be exceeded. Default: 100ms.
    interval: Option<Time>,
    /// Nothing is dropped while no more bytes wait. Default: 1514B.
    floor: Option<Size>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum LossForms {
    Random(Probability),
    Map(Box<Loss>),
    List(Vec<LossItem>),
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum LossItem {
    Random(Probability),
    Map(Box<Loss>),
}

/// Kinds of loss, which act together.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Loss {
    /// Probability that a frame is lost.
    random: Option<Probability>,
    /// Loss in two states, in bursts.
    gilbert_elliott: Option<OrNone<GilbertElliott>>,
    /// Loss in four states.
    four_state: Option<OrNone<FourState>>,
    /// What happens to frames by their number.
    pattern: Option<OrNone<Pattern>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum OrNone<T> {
    None(None),
    Map(T),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum None {
    None,
}

/// Loss in two states.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct GilbertElliott {
    /// From the good to the bad state.
    p: Probability,
    /// From the bad to the good state. Default: 1 - p.
    r: Option<Probability>,
    /// That a frame survives in the bad state. Default: 0.
    h: Option<Probability>,
    /// That a frame survives in the good state. Default: 100%.
    k: Option<Probability>,
}

/// Loss in four states.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FourState {
    /// A burst begins.
    p13: Probability,
    /// A burst ends. Default: 1 - p13.
    p31: Option<Probability>,
    /// A received stretch inside a burst begins. Default: 0.
    p32: Option<Probability>,
    /// It ends. Default: 100%.
    p23: Option<Probability>,
    /// An isolated loss. Default: 0.
    p14: Option<Probability>,
}

/// What happens to single frames, which are counted from 1.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Pattern {
    /// Loses every n-th frame.
    every: Option<Scalar>,
    /// Loses these frames.
    frames: Option<OneOrMany<Scalar>>,
    /// After how many frames the count starts over. Default: never.
    period: Option<Scalar>,
    /// Frames and what happens to them.
    rules: Option<OneOrMany<Rule>>,
}

/// A frame and the one thing that happens to it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Rule {
    /// Number of the frame.
    frame: Scalar,
    /// It is lost.
    drop: Option<Or<bool>>,
    /// The bit of this number is flipped.
    flip: Option<Scalar>,
    /// It is delayed by this time.
    delay: Option<Time>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum JitterForms {
    Amount(Time),
    None(None),
    Map(Jitter),
}

/// Variation of the delay.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Jitter {
    /// Standard deviation; with uniform the half width.
    amount: Option<Time>,
    /// Distribution. Default: uniform.
    distribution: Option<Or<Distribution>>,
    /// Correlation with the previous frame's, below 1. Default: 0.
    correlation: Option<Probability>,
    /// Whether frames keep their order. Default: keep.
    order: Option<Or<Order>>,
    /// File beside the topology with the quantiles of a distribution of one's own (netem's .dist format).
    table: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Distribution {
    Uniform,
    Normal,
    Pareto,
    ParetoNormal,
    Table,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
enum Order {
    /// A frame waits until its predecessors are out.
    Keep,
    /// Frames may overtake.
    Free,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum ReorderForms {
    Random(Probability),
    Every(Every),
}

/// Every n-th frame.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Every {
    /// At least 2.
    every: Scalar,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum DelayLimitForms {
    Bound(OneOrMany<String>),
    Map(DelayLimit),
}

/// Bounds of the delay line.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DelayLimit {
    /// Packets.
    packets: Option<Scalar>,
    /// Bytes.
    bytes: Option<Size>,
}
