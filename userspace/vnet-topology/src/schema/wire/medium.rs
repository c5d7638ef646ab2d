// SPDX-License-Identifier: GPL-2.0

//! Broadcast media.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::super::{Cost, For, Mtu, OneOrMany, Or, Overhead, Rate, Time, VlanForms};
use super::{
    DelayLimitForms, Direction, JitterForms, LossForms, Probability, QueueForms, ReorderForms,
};

/// A broadcast medium: what a port sends, each other one hears, with the delay and the losses of that pair. `rate`,
/// `overhead`, `queue`, `whole_time` and `cost` are those of each port, the other parameters those of each pair.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in super::super) struct Medium {
    /// The ports, 2 to 64: `node`, `node:interface`, or maps.
    #[schemars(length(min = 1, max = 64))]
    ports: Vec<PortForms>,
    /// Seed of this medium's random processes. Default: a function of the lab's seed and the medium's name.
    seed: Option<Or<u64>>,
    /// MTU in bytes. Default: 1500.
    mtu: Option<Mtu>,
    /// Whether the interfaces are set up at the start. Default: true.
    up: Option<Or<bool>>,
    /// Names for several ports, as in `{east: [a, b], west: [c, d]}`.
    groups: Option<BTreeMap<String, OneOrMany<String>>>,
    /// What is special about some pairs, as in `{a <-> b: {delay: 5ms}, east -> west: {loss: 10%}}`: `->` is one way,
    /// `<->` both; a side is a port, a group or `all`. Later lines win.
    pairs: Option<BTreeMap<String, Way>>,
    #[schemars(flatten)]
    params: Direction,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum PortForms {
    Text(String),
    Map(Box<Port>),
}

/// A port of a medium.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Port {
    /// Makes one for each value; `${i}` stands for it.
    r#for: Option<For>,
    /// Name of the node.
    node: String,
    /// Name of the interface. Default: `to-` and the medium.
    #[schemars(length(min = 1, max = 15))]
    interface: Option<String>,
    /// Addresses with their prefix lengths, as in 10.0.0.1/24; `none`. Default: assigned.
    addresses: Option<OneOrMany<String>>,
    /// MAC address. Default: a function of names.
    #[schemars(regex(pattern = r"\$\{|^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"))]
    mac: Option<String>,
    /// Ports of switches: the VLAN of untagged frames, or a map.
    vlan: Option<VlanForms>,
    /// Group or groups that it is in.
    group: Option<OneOrMany<String>>,
    /// Rate of this port, instead of the medium's.
    rate: Option<Rate>,
    /// Bytes that each frame of this port costs on the wire beyond its own length.
    overhead: Option<Overhead>,
    /// Queue of this port.
    queue: Option<QueueForms>,
    /// Cost of this port for routing.
    cost: Option<Cost>,
    /// Longest time on the wire with which a segmentation offload packet of this port stays whole.
    whole_time: Option<Time>,
}

/// What happens between two ports.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Way {
    /// One-way delay, as in 20ms.
    delay: Option<Time>,
    /// Variation of the delay: a time, as in 2ms, or a map.
    jitter: Option<JitterForms>,
    /// Loss: a probability, as in 1%; a map of kinds, which act together; or a list of both. 100% for who hears nothing.
    loss: Option<LossForms>,
    /// Probability of an error in each bit, 1e-15 to 0.5. A frame with an error is lost.
    ber: Option<Probability>,
    /// Probability that one bit of a frame is flipped.
    corrupt: Option<Probability>,
    /// Probability that a frame arrives twice, as in 1%.
    duplicate: Option<Probability>,
    /// Frames that overtake by skipping the delay: a probability, or `{every: 100}`.
    reorder: Option<ReorderForms>,
    /// Bound of what is on the way: `1000 packets`, `1MB`, or a map. Default: none.
    delay_limit: Option<DelayLimitForms>,
}
