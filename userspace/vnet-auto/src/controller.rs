// SPDX-License-Identifier: GPL-2.0

//! The controller of one end.

use crate::agree::{Agreement, Envelope, Step, Version};
use crate::layer::{Layer, Layers, PerLayer, Phase};
use crate::measure::{Losses, Pairs, Repairs, RoundTrip, WINDOW};
use crate::message::Report;
use crate::policy::{self, Chooser, Link, Need, Needs};
use crate::{Nanos, MS};

/// One in so many reports is followed by a second one at once.
const PAIR_EVERY: u32 = 8;
/// What a report has around it on the wire: Ethernet with preamble, checksum and gap, `mux` and `frame`.
const AROUND: u64 = 14 + 24 + 6 + 2;
/// Besides twice the way there and back, how long something may be under way: groups of `fec` end late.
const LATE: Nanos = 50 * MS;
/// After so many intervals without a report the other end is said to be silent ...
const SILENT: u64 = 60;
/// ... and after so many forgotten.
const FORGOTTEN: u64 = 600;

/// What does not change.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What applications here need.
    pub needs: Needs,
    /// Layers that could be had here.
    pub available: Layers,
    /// Time between two reports.
    pub interval: Nanos,
    /// Bytes of a report.
    pub size: usize,
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The other end is there.
    Met,
    /// Nothing has been heard of the other end for a while.
    Silent,
    /// This end has chosen a stack.
    Chosen(Layers),
    /// The other end has chosen a stack.
    Asked(Layers),
    /// Both ends use the stack, after so long.
    Settled(Layers, Nanos),
    /// These would fit, too, but not both ends have them.
    Missing(Layers),
}

/// What the blocks of this end say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation {
    /// Layers that have nothing left to do.
    pub quiet: Layers,
    /// How much they have repaired.
    pub repaired: u64,
    /// Of how many packets.
    pub passed: u64,
}

/// The controller of one end of a chain.
#[derive(Clone, Debug)]
pub struct Controller {
    settings: Settings,
    agreement: Agreement,
    chooser: Chooser,
    losses: Losses,
    pairs: Pairs,
    repairs: Repairs,
    trip: RoundTrip,
    sequence: u32,
    /// The last report of the other end, and when it came.
    last: Option<(Nanos, Report)>,
    silent: bool,
    /// Since when the present wish is not fulfilled.
    since: Option<Nanos>,
    missing: Layers,
    events: Vec<Event>,
}

impl Controller {
    /// One that begins at `id`, a time that tells it from those before it, with its layers in these phases.
    pub fn new(id: u64, settings: Settings, phases: PerLayer<Phase>) -> Self {
        let mut agreement = Agreement::new(id, settings.available, phases);
        if settings.needs.has(Need::Confidential) {
            // Nobody on the way can have it taken away.
            agreement.keep(Layers::NONE.set(Layer::Crypt, true));
        }
        Controller {
            settings,
            agreement,
            // As long as the losses that are counted.
            chooser: Chooser::new(settings.interval.saturating_mul(WINDOW as u64 / 4)),
            losses: Losses::default(),
            pairs: Pairs::default(),
            repairs: Repairs::default(),
            trip: RoundTrip::default(),
            sequence: 0,
            last: None,
            silent: true,
            since: None,
            missing: Layers::NONE,
            events: Vec::new(),
        }
    }

    /// What the link is like.
    pub fn link(&self) -> Link {
        let other = self.last.map(|(_, report)| report);
        let rates = [
            self.pairs.rate(),
            other.map(|other| other.rate).filter(|rate| *rate != 0),
        ];
        Link {
            loss: other.map_or(0, |other| other.loss).max(self.losses.share()),
            repaired: other
                .map_or(0, |other| other.repaired)
                .max(self.repairs.share()),
            round_trip: self.trip.mean().unwrap_or(0),
            rate: rates.into_iter().flatten().min(),
        }
    }

    /// What each of the layers does here.
    pub fn phases(&self) -> PerLayer<Phase> {
        self.agreement.status().phases
    }

    /// The stack that both are to have.
    pub fn wish(&self) -> Layers {
        self.agreement.status().wish
    }

    /// What has happened since this was asked the last time.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Takes a datagram of the control channel.
    pub fn receive(&mut self, now: Nanos, bytes: &[u8]) {
        let Some(report) = Report::decode(bytes) else {
            return;
        };
        let Envelope { from, sequence, .. } = report.envelope;
        let version = self.agreement.status().version;
        let heard = self.agreement.hear(now, report.envelope, &report.status);
        let last = self.last.filter(|(_, last)| last.envelope.from == from);
        if heard && last.is_none() {
            self.losses = Losses::default();
        }
        if heard || last.is_some() {
            self.losses.arrive(sequence);
        }
        if !heard {
            return;
        }
        if let (true, Some((at, last))) = (report.second, last) {
            if last.envelope.sequence.wrapping_add(1) == sequence {
                self.pairs
                    .add(bytes.len() as u64 + AROUND, now.saturating_sub(at));
            }
        }
        if report.envelope.to == self.agreement.ends().0 && report.answered != 0 {
            let gone = now.saturating_sub(report.answered);
            self.trip.add(gone.saturating_sub(report.held));
        }
        self.last = Some((now, report));
        if self.silent && self.agreement.other().is_some() {
            self.silent = false;
            self.events.push(Event::Met);
        }
        let status = self.agreement.status();
        if status.version != version {
            self.since = Some(now);
            self.events.push(Event::Asked(status.wish));
        }
    }

    /// Takes what the blocks say, and decides. To be called once in an interval, before [`Self::step`].
    pub fn turn(&mut self, now: Nanos, seen: &Observation) {
        let interval = self.settings.interval;
        self.agreement.found_quiet(now, seen.quiet);
        let span = interval.saturating_mul(WINDOW as u64);
        self.repairs.add(now, seen.repaired, seen.passed, span);
        let age = self.last.map_or(0, |(at, _)| now.saturating_sub(at));
        if age > interval.saturating_mul(SILENT) {
            if !self.silent {
                self.silent = true;
                self.events.push(Event::Silent);
            }
            if age > interval.saturating_mul(FORGOTTEN) {
                self.agreement.forget();
            }
            return;
        }
        self.decide(now);
        if self.agreement.is_settled() {
            if let Some(since) = self.since.take() {
                let wish = self.wish();
                self.events
                    .push(Event::Settled(wish, now.saturating_sub(since)));
            }
        }
    }

    fn decide(&mut self, now: Nanos) {
        let Some(other) = self.agreement.other() else {
            return;
        };
        let theirs = self
            .last
            .map_or(Needs::default(), |(_, report)| report.needs);
        let needs = self.settings.needs.or(theirs);
        let current = match self.agreement.status().version {
            // The first wish takes over what is there.
            Version { number: 0, .. } => {
                let sending = |phases: PerLayer<Phase>| phases.at_least(Phase::Sending);
                sending(self.phases()).or(sending(other.phases))
            }
            _ => self.wish(),
        };
        let fitting = policy::fitting(needs, &self.link(), current);
        let both = self.settings.available.and(other.available);
        let missing = fitting.without(both);
        if missing != self.missing {
            self.missing = missing;
            if !missing.is_empty() {
                self.events.push(Event::Missing(missing));
            }
        }
        if !self.agreement.leads() {
            return;
        }
        let chosen = self.chooser.choose(now, fitting.and(both), current);
        if self.agreement.wish(chosen.unwrap_or(current)) {
            self.since = Some(now);
            self.events.push(Event::Chosen(self.wish()));
        }
    }

    /// What to change now, if there is something.
    pub fn step(&self, now: Nanos) -> Option<Step> {
        let linger = self.trip.longest().saturating_mul(2).saturating_add(LATE);
        self.agreement.step(now, linger)
    }

    /// It has been changed.
    pub fn stepped(&mut self, step: Step) {
        self.agreement.stepped(step);
    }

    /// What to send now: a report, or two right after each other. To be called once in an interval.
    pub fn reports(&mut self, now: Nanos) -> Vec<Vec<u8>> {
        let mut all = vec![self.report(now, false)];
        if self.sequence.is_multiple_of(PAIR_EVERY) {
            all.push(self.report(now, true));
        }
        all
    }

    fn report(&mut self, now: Nanos, second: bool) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let (from, to) = self.agreement.ends();
        let (answered, held) = match self.last {
            None => (0, 0),
            Some((at, report)) => (report.sent, now.saturating_sub(at)),
        };
        let report = Report {
            second,
            envelope: Envelope {
                from,
                to,
                sequence: self.sequence,
            },
            status: self.agreement.status(),
            needs: self.settings.needs,
            loss: self.losses.share(),
            repaired: self.repairs.share(),
            rate: self.pairs.rate().unwrap_or(0),
            sent: now,
            answered,
            held,
        };
        report.encode(self.settings.size)
    }
}

#[cfg(test)]
mod tests;
