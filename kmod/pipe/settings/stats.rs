// SPDX-License-Identifier: GPL-2.0

//! Counters of a direction as netlink attributes.

use super::super::lane::Reading;
use crate::{
    bindings,
    model::{
        Cause,
        Lateness,
        Tally, //
    },
    net::netlink::Writer, //
};
use kernel::prelude::*;

/// Writes the counters of a direction as the nest `kind`.
///
/// The histogram of lateness is left out where there is little room.
pub(crate) fn put_stats(
    writer: &mut Writer<'_>,
    kind: u32,
    reading: &Reading<'_>,
    histogram: bool,
) -> Result {
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
        nest.uint(bindings::VNET_A_STATS_LATE_MAX, counters.lateness.max)?;
        let mut seldom = |frames, bytes, tally: Tally| {
            if tally == Tally::default() {
                return Ok(());
            }
            nest.uint(frames, tally.frames)?;
            nest.uint(bytes, tally.bytes)
        };
        seldom(
            bindings::VNET_A_STATS_MARKED_FRAMES,
            bindings::VNET_A_STATS_MARKED_BYTES,
            counters.marked,
        )?;
        seldom(
            bindings::VNET_A_STATS_CORRUPTED_FRAMES,
            bindings::VNET_A_STATS_CORRUPTED_BYTES,
            counters.corrupted,
        )?;
        seldom(
            bindings::VNET_A_STATS_REORDERED_FRAMES,
            bindings::VNET_A_STATS_REORDERED_BYTES,
            counters.reordered,
        )?;
        let mut count = |kind, value| match value {
            0 => Ok(()),
            _ => nest.uint(kind, value),
        };
        count(bindings::VNET_A_STATS_COPIES_FAILED, counters.copies_failed)?;
        count(bindings::VNET_A_STATS_DELAYS_CUT, counters.delays_cut)?;
        match histogram {
            true => put_histogram(nest, &counters.lateness),
            false => Ok(()),
        }
    })
}

fn put_histogram(writer: &mut Writer<'_>, lateness: &Lateness) -> Result {
    for (bucket, count) in lateness.histogram.iter().enumerate() {
        if *count == 0 {
            continue;
        }
        let from = bucket.checked_sub(1).map_or(0, |power| 1 << power);
        writer.nest(bindings::VNET_A_STATS_LATE_HISTOGRAM, |nest| {
            nest.uint(bindings::VNET_A_LATE_BUCKET_FROM, from)?;
            nest.uint(bindings::VNET_A_LATE_BUCKET_COUNT, *count)
        })?;
    }
    Ok(())
}

fn put_drop(writer: &mut Writer<'_>, cause: Cause, lost: Tally) -> Result {
    writer.nest(bindings::VNET_A_STATS_DROP, |nest| {
        nest.u32(bindings::VNET_A_DROP_CAUSE, number_of(cause))?;
        nest.uint(bindings::VNET_A_DROP_FRAMES, lost.frames)?;
        nest.uint(bindings::VNET_A_DROP_BYTES, lost.bytes)
    })
}

/// The number of a cause in the control interface, which does not change between releases.
pub(crate) fn number_of(cause: Cause) -> u32 {
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
