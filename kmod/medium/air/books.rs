// SPDX-License-Identifier: GPL-2.0

//! What has been counted on a medium, and what of it instances are told.

use super::{
    Air,
    Reported,
    Way, //
};
use crate::{
    instance::Traffic,
    model::Tally,
    pipe::lane::Reading, //
};

impl Air {
    /// Calls `then` with counters and contents of a transmitter.
    pub(in super::super) fn read_port<R>(
        &self,
        port: usize,
        then: impl FnOnce(Reading<'_>) -> R,
    ) -> Option<R> {
        let terminal = self.terminals.get(port)?;
        Some(then(reading(&terminal.transmitter)))
    }

    /// Calls `then` with counters and contents of a way.
    pub(in super::super) fn read_way<R>(
        &self,
        from: usize,
        to: usize,
        then: impl FnOnce(Reading<'_>) -> R,
    ) -> Option<R> {
        let way = self.ways.get(self.index(from, to))?.as_deref()?;
        Some(then(reading(&way.model)))
    }

    /// What was lost of a port's frames, on its ways included.
    pub(in super::super) fn drops_of(&self, port: usize) -> Tally {
        let own = self.read_port(port, |reading| reading.counters.all_drops());
        (0..self.terminals.len()).fold(own.unwrap_or_default(), |sum, to| {
            let lost = self.read_way(port, to, |reading| reading.counters.all_drops());
            sum.plus(lost.unwrap_or_default())
        })
    }

    /// What was delivered to a port.
    pub(in super::super) fn delivered_to(&self, port: usize) -> Tally {
        (0..self.terminals.len()).fold(Tally::default(), |sum, from| {
            let came = self.read_way(from, port, |reading| reading.counters.delivered);
            sum.plus(came.unwrap_or_default())
        })
    }

    /// Reports what happened since the last time to the instance of a port, and gives back what has
    /// been granted in excess.
    pub(in super::super) fn settle(&mut self, port: usize, softirq_time: u64) {
        let sent = self
            .read_port(port, |reading| reading.counters.sent)
            .unwrap_or_default();
        let (drops, delivered) = (self.drops_of(port), self.delivered_to(port));
        let Some(terminal) = self.terminal(port) else {
            return;
        };
        let Some(instance) = &terminal.instance else {
            return;
        };
        terminal.charge.settle(instance.account());
        let old = core::mem::replace(
            &mut terminal.reported,
            Reported {
                sent,
                drops,
                delivered,
                softirq_time,
            },
        );
        let (new, came) = (sent.minus(old.sent), delivered.minus(old.delivered));
        instance.totals().add_sent(Traffic {
            packets: new.frames,
            bytes: new.bytes,
            drops: drops.minus(old.drops).frames,
        });
        instance.totals().add_received(
            Traffic {
                packets: came.frames,
                bytes: came.bytes,
                drops: 0,
            },
            softirq_time.wrapping_sub(old.softirq_time),
        );
    }
}

/// Counters and contents.
fn reading(way: &Way) -> Reading<'_> {
    Reading {
        counters: way.counters(),
        queued: way.queued(),
        in_flight: way.in_flight(),
    }
}
