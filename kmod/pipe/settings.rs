// SPDX-License-Identifier: GPL-2.0

//! What a link can be told and tells, as netlink attributes.
//!
//! Generic netlink and rtnetlink have the same attributes for a direction and for its counters;
//! they differ only in how a direction is named: by the end where it begins, or as `tx` and `rx`
//! of a device.

use super::{
    lane::Reading,
    End,
    Label,
    Link,
    Side, //
};
use crate::{
    bindings,
    instance::Instance,
    model::{
        Cause,
        Compiled,
        Field,
        Params,
        Tally, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            Table,
            Writer,
            DIRECTION_POLICY, //
        }, //
    },
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};

/// Entries of a table of a direction's attributes.
const DIRECTION_TABLE: usize = bindings::VNET_A_DIRECTION_PAD as usize + 1;

/// What a link is made with, or should be from now on.
pub(crate) struct Options {
    /// Name and lab. In a change no name means that it stays, and the lab always stays.
    pub(crate) label: Label,
    /// Who asks, if from a third namespace; only for a new link.
    pub(crate) maker: Option<Arc<Instance>>,
    /// Seed; only for a new link.
    pub(crate) seed: u64,
    /// MTU of both devices, if it is given.
    pub(crate) mtu: Option<u32>,
    /// Whether the cable is plugged.
    pub(crate) connected: bool,
    /// Parameters of both directions.
    pub(crate) directions: [Params; 2],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            label: Label::default(),
            maker: None,
            seed: 0,
            mtu: None,
            connected: true,
            directions: [Params::default(), Params::default()],
        }
    }
}

impl Options {
    /// The present state of a link, to be changed.
    pub(crate) fn of(link: &Link) -> Self {
        Self {
            label: Label::default(),
            maker: None,
            seed: link.seed(),
            mtu: None,
            connected: link.is_connected(),
            directions: Side::BOTH.map(|side| link.lane_from(side).with_params(|p| *p.params())),
        }
    }

    /// The parameters, checked and prepared. They are large, so they live on the heap.
    pub(crate) fn compile(&self, extack: ExtAck) -> Result<[RcuBox<Compiled>; 2]> {
        let [a, b] = &self.directions;
        Ok([compile(a, extack)?, compile(b, extack)?])
    }

    /// Reads `IFLA_INFO_DATA` of the device at `side`.
    pub(crate) fn read_link(&mut self, side: Side, attrs: &Table<'_>, extack: ExtAck) -> Result {
        let nests = [
            (bindings::IFLA_VNET_TX, side),
            (bindings::IFLA_VNET_RX, side.other()),
        ];
        for (kind, side) in nests {
            if let Some(nest) = attrs.get(kind) {
                self.read_direction(side, nest, extack)?;
            }
        }
        if let Some(name) = attrs.get(bindings::IFLA_VNET_NAME) {
            self.label.name = Some(name_of(name, extack)?);
        }
        if let Some(lab) = attrs.get(bindings::IFLA_VNET_LAB) {
            self.label.lab = Some(name_of(lab, extack)?);
        }
        if let Some(seed) = attrs.get(bindings::IFLA_VNET_SEED) {
            self.seed = seed.uint();
        }
        if let Some(connected) = attrs.get(bindings::IFLA_VNET_CONNECTED) {
            self.connected = connected.u32() != 0;
        }
        Ok(())
    }

    /// Reads the parameters of the direction that begins at `side`.
    pub(crate) fn read_direction(&mut self, side: Side, attr: Attr<'_>, extack: ExtAck) -> Result {
        let nest: Nest<'_, DIRECTION_TABLE> = attr.nested(&DIRECTION_POLICY, extack)?;
        let [a, b] = &mut self.directions;
        let params = match side {
            Side::A => a,
            Side::B => b,
        };
        read_params(params, &nest);
        // A value that is refused is one of these, so that the attribute can be told.
        check(params, &nest, extack)
    }
}

/// Changes those parameters that a request names.
fn read_params<'a>(params: &mut Params, attrs: &impl Attrs<'a>) {
    // Zero means "none" for whatever can be without bound.
    let some = |value: u64| (value != 0).then_some(value);
    let uint = |kind| attrs.get(kind).map(Attr::uint);
    let small = |kind| attrs.get(kind).map(Attr::u32);

    if let Some(rate) = uint(bindings::VNET_A_DIRECTION_RATE) {
        params.rate = some(rate);
    }
    if let Some(overhead) = small(bindings::VNET_A_DIRECTION_OVERHEAD) {
        params.overhead = overhead;
    }
    if let Some(delay) = uint(bindings::VNET_A_DIRECTION_DELAY) {
        params.delay = delay;
    }
    if let Some(packets) = small(bindings::VNET_A_DIRECTION_QUEUE_PACKETS) {
        params.queue.packets = (packets != 0).then_some(packets);
    }
    if let Some(bytes) = uint(bindings::VNET_A_DIRECTION_QUEUE_BYTES) {
        params.queue.bytes = some(bytes);
    }
    if let Some(time) = uint(bindings::VNET_A_DIRECTION_QUEUE_TIME) {
        params.queue.time = some(time);
    }
    if let Some(packets) = small(bindings::VNET_A_DIRECTION_LINE_PACKETS) {
        params.line.packets = (packets != 0).then_some(packets);
    }
    if let Some(bytes) = uint(bindings::VNET_A_DIRECTION_LINE_BYTES) {
        params.line.bytes = some(bytes);
    }
    if let Some(time) = uint(bindings::VNET_A_DIRECTION_WHOLE_TIME) {
        params.whole_time = time;
    }
}

/// The attribute of a parameter.
fn kind_of(field: Field) -> u32 {
    match field {
        Field::Rate => bindings::VNET_A_DIRECTION_RATE,
        Field::Overhead => bindings::VNET_A_DIRECTION_OVERHEAD,
        Field::Delay => bindings::VNET_A_DIRECTION_DELAY,
        Field::QueuePackets => bindings::VNET_A_DIRECTION_QUEUE_PACKETS,
        Field::QueueBytes => bindings::VNET_A_DIRECTION_QUEUE_BYTES,
        Field::QueueTime => bindings::VNET_A_DIRECTION_QUEUE_TIME,
        Field::LinePackets => bindings::VNET_A_DIRECTION_LINE_PACKETS,
        Field::LineBytes => bindings::VNET_A_DIRECTION_LINE_BYTES,
        Field::WholeTime => bindings::VNET_A_DIRECTION_WHOLE_TIME,
    }
}

/// Prepares parameters, or says what is wrong with them.
///
/// Not inlined, so that what is large is not on the stack when devices are made.
#[inline(never)]
fn compile(params: &Params, extack: ExtAck) -> Result<RcuBox<Compiled>> {
    match params.compile() {
        Ok(compiled) => Ok(RcuBox::new(compiled)?),
        Err(error) => {
            extack.set_text(error.reason);
            Err(EINVAL)
        }
    }
}

/// Says what is wrong with parameters, if anything, and which attribute is to blame.
#[inline(never)]
fn check<'a>(params: &Params, attrs: &impl Attrs<'a>, extack: ExtAck) -> Result {
    let Err(error) = params.compile() else {
        return Ok(());
    };
    extack.blame(attrs.get(kind_of(error.field)));
    extack.set_text(error.reason);
    Err(EINVAL)
}

/// A name from a request; the policy has refused those that are too long.
pub(crate) fn name_of(attr: Attr<'_>, extack: ExtAck) -> Result<CString> {
    let text = attr.text();
    if text.is_empty() {
        return Err(extack.refuse(Some(attr), c"the name is empty", EINVAL));
    }
    let Ok(text) = core::str::from_utf8(text) else {
        return Err(extack.refuse(Some(attr), c"the name is not UTF-8", EINVAL));
    };
    CString::try_from_fmt(fmt!("{text}"))
}

/// Writes the parameters of a direction as the nest `kind`.
pub(crate) fn put_direction(writer: &mut Writer<'_>, kind: u32, params: &Params) -> Result {
    writer.nest(kind, |nest| {
        nest.uint(bindings::VNET_A_DIRECTION_RATE, params.rate.unwrap_or(0))?;
        nest.u32(bindings::VNET_A_DIRECTION_OVERHEAD, params.overhead)?;
        nest.uint(bindings::VNET_A_DIRECTION_DELAY, params.delay)?;
        nest.u32(
            bindings::VNET_A_DIRECTION_QUEUE_PACKETS,
            params.queue.packets.unwrap_or(0),
        )?;
        nest.uint(
            bindings::VNET_A_DIRECTION_QUEUE_BYTES,
            params.queue.bytes.unwrap_or(0),
        )?;
        nest.uint(
            bindings::VNET_A_DIRECTION_QUEUE_TIME,
            params.queue.time.unwrap_or(0),
        )?;
        nest.u32(
            bindings::VNET_A_DIRECTION_LINE_PACKETS,
            params.line.packets.unwrap_or(0),
        )?;
        nest.uint(
            bindings::VNET_A_DIRECTION_LINE_BYTES,
            params.line.bytes.unwrap_or(0),
        )?;
        nest.uint(bindings::VNET_A_DIRECTION_WHOLE_TIME, params.whole_time)
    })
}

/// Writes the counters of a direction as the nest `kind`.
pub(crate) fn put_stats(writer: &mut Writer<'_>, kind: u32, reading: &Reading<'_>) -> Result {
    let counters = reading.counters;
    writer.nest(kind, |nest| {
        let mut tally = |frames, bytes, tally: Tally| {
            nest.uint(frames, tally.frames)?;
            nest.uint(bytes, tally.bytes)
        };
        tally(
            bindings::VNET_A_STATS_SENT_FRAMES,
            bindings::VNET_A_STATS_SENT_BYTES,
            counters.sent,
        )?;
        tally(
            bindings::VNET_A_STATS_DUPLICATED_FRAMES,
            bindings::VNET_A_STATS_DUPLICATED_BYTES,
            counters.duplicated,
        )?;
        tally(
            bindings::VNET_A_STATS_DELIVERED_FRAMES,
            bindings::VNET_A_STATS_DELIVERED_BYTES,
            counters.delivered,
        )?;
        tally(
            bindings::VNET_A_STATS_QUEUED_FRAMES,
            bindings::VNET_A_STATS_QUEUED_BYTES,
            reading.queued,
        )?;
        tally(
            bindings::VNET_A_STATS_IN_FLIGHT_FRAMES,
            bindings::VNET_A_STATS_IN_FLIGHT_BYTES,
            reading.in_flight,
        )?;
        for cause in Cause::ALL.iter().copied() {
            let lost = counters.drops(cause);
            if lost != Tally::default() {
                put_drop(nest, cause, lost)?;
            }
        }
        nest.uint(bindings::VNET_A_STATS_LATE_COUNT, counters.lateness.count)?;
        nest.uint(bindings::VNET_A_STATS_LATE_SUM, counters.lateness.sum)?;
        nest.uint(bindings::VNET_A_STATS_LATE_MAX, counters.lateness.max)
    })
}

fn put_drop(writer: &mut Writer<'_>, cause: Cause, lost: Tally) -> Result {
    writer.nest(bindings::VNET_A_STATS_DROP, |nest| {
        nest.u32(bindings::VNET_A_DROP_CAUSE, number_of(cause))?;
        nest.uint(bindings::VNET_A_DROP_FRAMES, lost.frames)?;
        nest.uint(bindings::VNET_A_DROP_BYTES, lost.bytes)
    })
}

/// The number of a cause in the control interface, which does not change between releases.
fn number_of(cause: Cause) -> u32 {
    match cause {
        Cause::QueuePackets => bindings::vnet_drop_cause_VNET_DROP_CAUSE_QUEUE_PACKETS,
        Cause::QueueBytes => bindings::vnet_drop_cause_VNET_DROP_CAUSE_QUEUE_BYTES,
        Cause::QueueTime => bindings::vnet_drop_cause_VNET_DROP_CAUSE_QUEUE_TIME,
        Cause::DelayLimit => bindings::vnet_drop_cause_VNET_DROP_CAUSE_DELAY_LIMIT,
        Cause::FrameCap => bindings::vnet_drop_cause_VNET_DROP_CAUSE_FRAME_CAP,
        Cause::ByteCap => bindings::vnet_drop_cause_VNET_DROP_CAUSE_BYTE_CAP,
        Cause::LinkDown => bindings::vnet_drop_cause_VNET_DROP_CAUSE_LINK_DOWN,
        Cause::ReceiverDown => bindings::vnet_drop_cause_VNET_DROP_CAUSE_RECEIVER_DOWN,
        Cause::Mtu => bindings::vnet_drop_cause_VNET_DROP_CAUSE_MTU,
        Cause::Segmentation => bindings::vnet_drop_cause_VNET_DROP_CAUSE_SEGMENTATION,
        Cause::NoMemory => bindings::vnet_drop_cause_VNET_DROP_CAUSE_NO_MEMORY,
        Cause::Removed => bindings::vnet_drop_cause_VNET_DROP_CAUSE_REMOVED,
        Cause::Red => bindings::vnet_drop_cause_VNET_DROP_CAUSE_RED,
        Cause::Codel => bindings::vnet_drop_cause_VNET_DROP_CAUSE_CODEL,
        Cause::Pie => bindings::vnet_drop_cause_VNET_DROP_CAUSE_PIE,
        Cause::Ber => bindings::vnet_drop_cause_VNET_DROP_CAUSE_BER,
        Cause::LossRandom => bindings::vnet_drop_cause_VNET_DROP_CAUSE_LOSS_RANDOM,
        Cause::LossGilbertElliott => bindings::vnet_drop_cause_VNET_DROP_CAUSE_LOSS_GILBERT_ELLIOTT,
        Cause::LossFourState => bindings::vnet_drop_cause_VNET_DROP_CAUSE_LOSS_FOUR_STATE,
        Cause::LossPattern => bindings::vnet_drop_cause_VNET_DROP_CAUSE_LOSS_PATTERN,
    }
}

/// Writes `IFLA_INFO_DATA` of a device.
pub(crate) fn fill_link(end: &End, writer: &mut Writer<'_>) -> Result {
    let link = end.link();
    writer.u32(bindings::IFLA_VNET_ID, link.id())?;
    link.with_label(|label| {
        if let Some(name) = &label.name {
            writer.text(bindings::IFLA_VNET_NAME, name)?;
        }
        if let Some(lab) = &label.lab {
            writer.text(bindings::IFLA_VNET_LAB, lab)?;
        }
        Ok::<(), Error>(())
    })?;
    writer.bytes(bindings::IFLA_VNET_SEED, &link.seed().to_ne_bytes())?;
    writer.u32(
        bindings::IFLA_VNET_CONNECTED,
        u32::from(link.is_connected()),
    )?;
    let nests = [
        (
            end.side(),
            bindings::IFLA_VNET_TX,
            bindings::IFLA_VNET_TX_STATS,
        ),
        (
            end.side().other(),
            bindings::IFLA_VNET_RX,
            bindings::IFLA_VNET_RX_STATS,
        ),
    ];
    for (side, params_kind, stats_kind) in nests {
        let lane = link.lane_from(side);
        lane.with_params(|params| put_direction(writer, params_kind, params.params()))?;
        lane.read(|reading| put_stats(writer, stats_kind, &reading))?;
    }
    Ok(())
}
