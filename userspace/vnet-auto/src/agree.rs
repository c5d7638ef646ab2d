// SPDX-License-Identifier: GPL-2.0

//! How both ends come to the same stack.
//!
//! Each end tells its whole state again and again, so that what is lost, doubled or late on the way does no harm: a
//! [`Status`] says which *version* of the wish it follows, and the phase of each layer at it. The end that began first
//! makes the versions; where both have made one, as after a restart, the higher one holds, at a tie that of the later end.
//! A layer comes and goes in these steps:
//!
//! ```text
//!   out -> listening      at once when it is wished
//!   listening -> sending  when the other end listens, at the same version
//!   sending -> strict     where a layer can be: when the other end has been sending for `linger`,
//!                         at the same version
//!   strict -> sending     at once when it is not wished
//!   sending -> listening  when it is not wished, all that is wished is sending, and the other end
//!                         follows the same version and is not strict
//!   listening -> out      when it is not wished, the other end follows the same version, and
//!                         neither has anything on its way, for `linger`
//! ```
//!
//! So an end sends only what the other one understands. For let an end A send: it does so because B listened at
//! version v, at which the layer is wished. B leaves only at a later version, when A has told that it follows that one
//! and does not send; and A, which never goes back to v, does not begin again before B has told at a still later version
//! that it listens. In the same way an end that is strict is sent nothing that it refuses.
//!
//! An end that begins anew knows no version. It leaves its blocks as they are until it hears one, and believes only what
//! was said to it, and not to the one that was there before. Ends are told apart by when they began.

use crate::layer::{Layer, Layers, PerLayer, Phase};
use crate::Nanos;

/// The number of a wish; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Greater than all that its maker knew; 0 is none.
    pub number: u32,
    /// Which end has made it.
    pub by: u64,
}

/// What an end tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Which wish it follows.
    pub version: Version,
    /// The wish.
    pub wish: Layers,
    /// What it does with each layer.
    pub phases: PerLayer<Phase>,
    /// Layers of which it has nothing on the way.
    pub quiet: Layers,
    /// Layers that it could have.
    pub available: Layers,
}

/// From whom to whom, and the how manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// When the sending end began, in ns; it is known by that.
    pub from: u64,
    /// The end to whom it speaks, 0 if it knows none.
    pub to: u64,
    /// Counts what the sending end says.
    pub sequence: u32,
}

/// A step of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer.
    pub layer: Layer,
    /// Its new phase.
    pub to: Phase,
}

/// What is known of the other end.
#[derive(Clone, Copy, Debug)]
struct Peer {
    id: u64,
    sequence: Option<u32>,
    /// What it has said to this end; nothing if it did not yet know it.
    status: Option<Status>,
    /// Since when it has nothing of a layer on its way, at the present version.
    done: PerLayer<Option<Nanos>>,
    /// Since when it sends with a layer, at the present version.
    sends: PerLayer<Option<Nanos>>,
}

/// One end's part of the agreement.
#[derive(Clone, Debug)]
pub struct Agreement {
    id: u64,
    own: Status,
    /// Layers that stay once they are sending, whatever is wished.
    kept: Layers,
    /// Since when nothing of a layer has been on the way.
    done: PerLayer<Option<Nanos>>,
    peer: Option<Peer>,
}

impl Agreement {
    /// An end that begins at `id`, and finds its layers in these phases.
    pub fn new(id: u64, available: Layers, phases: PerLayer<Phase>) -> Self {
        Agreement {
            id,
            own: Status {
                phases,
                available,
                ..Status::default()
            },
            kept: Layers::NONE,
            done: PerLayer::default(),
            peer: None,
        }
    }

    /// Has layers stay once they are sending, whatever the other end wishes.
    pub fn keep(&mut self, kept: Layers) {
        self.kept = kept;
    }

    /// What to tell the other end.
    pub fn status(&self) -> Status {
        self.own
    }

    /// The end as which it speaks, and to whom.
    pub fn ends(&self) -> (u64, u64) {
        (self.id, self.peer.map_or(0, |peer| peer.id))
    }

    /// What the other end has told, if it has.
    pub fn other(&self) -> Option<Status> {
        self.peer?.status
    }

    /// Whether this end makes the versions.
    pub fn leads(&self) -> bool {
        self.peer.is_some_and(|peer| self.id < peer.id)
    }

    /// Whether both ends do what is wished.
    pub fn is_settled(&self) -> bool {
        let as_wished = |status: &Status| {
            let wish = status.wish;
            status.phases.at_least(Phase::Sending) == wish
                && status.phases.at_least(Phase::Listening) == wish
        };
        let other = self.other();
        let same =
            other.is_some_and(|other| other.version == self.own.version && as_wished(&other));
        self.own.version != Version::default() && same && as_wished(&self.own)
    }

    /// Takes what the other end says. False if it is of no use: late, doubled, or of one that has gone.
    pub fn hear(&mut self, now: Nanos, envelope: Envelope, status: &Status) -> bool {
        if envelope.from == self.id {
            return false;
        }
        let known = self.peer.filter(|peer| peer.id >= envelope.from);
        let mut peer = known.unwrap_or(Peer {
            id: envelope.from,
            sequence: None,
            status: None,
            done: PerLayer::default(),
            sends: PerLayer::default(),
        });
        let newer = |last: u32| (envelope.sequence.wrapping_sub(last) as i32) > 0;
        if peer.id != envelope.from || !peer.sequence.is_none_or(newer) {
            return false;
        }
        peer.sequence = Some(envelope.sequence);
        if envelope.to == self.id {
            peer.status = Some(*status);
            if status.version > self.own.version {
                self.own.version = status.version;
                self.own.wish = status.wish;
                peer.done = PerLayer::default();
                peer.sends = PerLayer::default();
            }
            let same = status.version == self.own.version;
            for layer in Layer::ALL {
                let sends = status.phases[layer] >= Phase::Sending;
                let since = |before: Option<Nanos>, holds| match same && holds {
                    true => before.or(Some(now)),
                    false => None,
                };
                peer.done[layer] = since(peer.done[layer], !sends && status.quiet.has(layer));
                peer.sends[layer] = since(peer.sends[layer], sends);
            }
        }
        self.peer = Some(peer);
        true
    }

    /// Forgets the other end, which has been silent for long, so that any may take its place.
    pub fn forget(&mut self) {
        self.peer = None;
    }

    /// Wishes a stack, if it is for this end to do so. True if it is another one than before.
    pub fn wish(&mut self, wish: Layers) -> bool {
        let Some(other) = self.other().filter(|_| self.leads()) else {
            return false;
        };
        let wish = wish.and(self.own.available).and(other.available);
        let none = self.own.version == Version::default();
        if self.own.wish == wish && !none {
            return false;
        }
        self.own.version = Version {
            number: self.own.version.number.saturating_add(1),
            by: self.id,
        };
        self.own.wish = wish;
        if let Some(peer) = &mut self.peer {
            peer.done = PerLayer::default();
            peer.sends = PerLayer::default();
        }
        true
    }

    /// Takes which layers have nothing on the way here. One that sends has.
    pub fn found_quiet(&mut self, now: Nanos, quiet: Layers) {
        let quiet = quiet.without(self.own.phases.at_least(Phase::Sending));
        self.own.quiet = quiet;
        for layer in Layer::ALL {
            self.done[layer] = match quiet.has(layer) {
                true => self.done[layer].or(Some(now)),
                false => None,
            };
        }
    }

    /// What to do next, if there is something. `linger` is how long what was sent may still be on its way, there and
    /// with an answer back.
    pub fn step(&self, now: Nanos, linger: Nanos) -> Option<Step> {
        let peer = self.peer?;
        let other = peer.status?;
        let step = |layer, to| Some(Step { layer, to });
        // After a restart of the other node there may be none to understand it.
        let heard = |layer: &Layer| other.phases[*layer] != Phase::Out;
        let phases = &self.own.phases;
        let sending = phases.at_least(Phase::Sending);
        let kept = self.kept.and(sending);
        if let Some(layer) = sending.without(kept).iter().find(|layer| !heard(layer)) {
            return step(layer, Phase::Listening);
        }
        if self.own.version == Version::default() {
            return None;
        }
        let wish = self.own.wish.or(kept);
        let same = other.version == self.own.version;
        let over =
            |since: Option<Nanos>| since.is_some_and(|since| now >= since.saturating_add(linger));
        for layer in wish.iter() {
            let next = match phases[layer] {
                Phase::Out => Some(Phase::Listening),
                Phase::Listening if same && heard(&layer) => Some(Phase::Sending),
                Phase::Sending if layer.is_strict() && same && over(peer.sends[layer]) => {
                    Some(Phase::Strict)
                }
                _ => None,
            };
            if let Some(next) = next {
                return step(layer, next);
            }
        }
        let strict = phases.at_least(Phase::Strict).without(wish);
        if let Some(layer) = strict.iter().next() {
            return step(layer, Phase::Sending);
        }
        if !wish.without(sending).is_empty() {
            return None;
        }
        let free = |layer: &Layer| same && other.phases[*layer] != Phase::Strict;
        if let Some(layer) = sending.without(wish).iter().find(free) {
            return step(layer, Phase::Listening);
        }
        let listening = phases.at_least(Phase::Listening).without(wish);
        let gone = listening
            .iter()
            .find(|layer| over(self.done[*layer]) && over(peer.done[*layer]));
        gone.and_then(|layer| step(layer, Phase::Out))
    }

    /// The step has been made.
    pub fn stepped(&mut self, step: Step) {
        self.own.phases[step.layer] = step.to;
        self.done[step.layer] = None;
        self.own.quiet = self.own.quiet.set(step.layer, false);
    }
}

#[cfg(test)]
mod tests;
