// SPDX-License-Identifier: GPL-2.0

//! Parameters of a direction as netlink attributes.

use super::{
    super::config::{
        Config,
        Parameters,
        Refusal, //
    },
    effects,
    queueing, //
};
use crate::{
    bindings,
    model::{
        Field,
        Params, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            Writer,
            DIRECTION_POLICY, //
        }, //
    },
    sync::rcu::RcuBox, //
};
use kernel::prelude::*;

/// Entries of a table of a direction's attributes.
const DIRECTION_TABLE: usize = bindings::VNET_A_DIRECTION_PAD as usize + 1;

/// The attributes of a direction.
pub(crate) type DirectionNest<'a> = Nest<'a, DIRECTION_TABLE>;

/// Changes what a request names.
pub(crate) fn read(config: &mut Config, attr: Attr<'_>, extack: ExtAck) -> Result {
    let nest: DirectionNest<'_> = attr.nested(&DIRECTION_POLICY, extack)?;
    read_params(&mut config.params, &nest);
    if let Some(attr) = nest.get(bindings::VNET_A_DIRECTION_QUEUEING) {
        queueing::read(config, attr, extack)?;
    }
    effects::read(config, &nest, extack)?;
    // A value that is refused is one of these, so that the attribute can be told.
    compile(config, Some(&nest), extack).map(drop)
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

/// Prepares parameters, or says what is wrong with them and which attribute is to blame, if it is
/// among `attrs`.
///
/// Not inlined, so that what is large is not on the stack when devices are made.
#[inline(never)]
pub(crate) fn compile(
    config: &Config,
    attrs: Option<&DirectionNest<'_>>,
    extack: ExtAck,
) -> Result<RcuBox<Parameters>> {
    let refusal = match config.compile()? {
        Ok(parameters) => return Ok(parameters),
        Err(refusal) => refusal,
    };
    let (kind, reason) = match &refusal {
        Refusal::Param(error) => (kind_of(error.field), error.reason),
        Refusal::Effect(error) => (effects::kind_of(error.field), error.reason),
        Refusal::Queueing(error) => (bindings::VNET_A_DIRECTION_QUEUEING, error.reason),
    };
    let attr = attrs.and_then(|attrs| {
        // Reordering has two attributes, of which only one is given.
        let every = (kind == bindings::VNET_A_DIRECTION_REORDER)
            .then_some(bindings::VNET_A_DIRECTION_REORDER_EVERY);
        attrs
            .get(kind)
            .or_else(|| every.and_then(|kind| attrs.get(kind)))
    });
    extack.blame(match (&refusal, attr) {
        (Refusal::Queueing(error), Some(attr)) => Some(queueing::culprit(attr, error.field)),
        _ => attr,
    });
    extack.set_text(reason);
    Err(EINVAL)
}

/// Writes the parameters of a direction as the nest `kind`.
pub(crate) fn put_direction(writer: &mut Writer<'_>, kind: u32, parameters: &Parameters) -> Result {
    let params = parameters.params();
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
        nest.uint(bindings::VNET_A_DIRECTION_WHOLE_TIME, params.whole_time)?;
        queueing::put(nest, parameters)?;
        match parameters.effects() {
            Some(effects) => effects::put(nest, effects, parameters.tables()),
            None => Ok(()),
        }
    })
}
