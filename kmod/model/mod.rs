// SPDX-License-Identifier: GPL-2.0

//! The link model: all arithmetic of the emulation, and nothing else.
//!
//! Plain `no_std` Rust over `core`: no kernel, no allocation, no floating point, no `unsafe`, no
//! path that can panic. It is compiled twice, into the module and into the host crate
//! `userspace/vnet-model`, so that the kernel and the tests cannot disagree. Clock, randomness and
//! containers come from the caller.
//!
//! # Vocabulary
//!
//! - **direction**: one way through a link, from one end's transmit to the other end's receive.
//!   Everything here belongs to exactly one direction ([`Direction`]).
//! - **frame**: what the caller hands in: an Ethernet frame, or a *super-packet* (GSO) that stands
//!   for several. **Wire frames** are what a real wire would carry; a super-packet counts as many.
//! - **transmitter**: admission, queue and serialiser of the sending end.
//! - **queue**: the frames that wait for the wire. The one that is being serialised is not in it.
//! - **serialiser**: puts a frame's bits on the wire, one frame at a time, at the line's rate.
//! - **delay line**: the frames whose last bit has left the sender and not yet reached the
//!   receiver. A frame leaves it when it is **due**.
//! - **modelled time**: the times at which things happen on the emulated wire. The caller's clock
//!   only says how far the model may be advanced; a late call delays a delivery, which is counted
//!   as *lateness*, but never changes a decision.
//!
//! # Units
//!
//! Times are nanoseconds of one monotonic clock as `u64`, rates bit/s, sizes L2 bytes (from the
//! destination address to the end of the payload, without FCS) unless a name says *wire*: then
//! they include the per-frame `overhead`.
//!
//! # Order of effects
//!
//! Admission, queue, copies, serialiser, then loss (bit errors, random, Gilbert-Elliott, four-state,
//! pattern), the delay line's limit, corruption, delay with jitter and reordering. What is lost has
//! used the wire; a copy takes its own time on it.
//!
//! # Order of events at the same instant
//!
//! The end of a serialisation comes before the start of the next one, that before an arrival.
//! Calls made at the same instant happen in the order in which they are made.

#![deny(unsafe_code)]
// The module does not use everything that the host's tools do; its own interface ends at its crate.
#![allow(dead_code, unreachable_pub, unused_imports)]

pub mod arq;
pub mod ber;
pub mod bucket;
pub mod counters;
pub mod direction;
pub mod discipline;
pub mod effects;
pub mod exponential;
pub mod fec;
pub mod flows;
pub mod forwarding;
pub mod frame;
pub mod graph;
pub mod headers;
pub mod jitter;
pub mod loss;
pub mod memory;
pub mod params;
pub mod pattern;
pub mod probability;
pub mod random;
pub mod seal;
pub mod serialiser;
pub mod units;
pub mod watermark;

mod ledger;
mod line;

pub use self::{
    counters::{Cause, Counters, Lateness, Snapshot, Tally},
    direction::{Admission, Direction},
    discipline::{
        Codel, Discipline, DropFrom, Flow, Pie, Queueing, QueueingError, QueueingField, Red,
    },
    effects::{EffectError, EffectField, Effects, Reorder},
    frame::{Decision, Frame, FrameQueue, Log, Outcome, Stamp},
    jitter::{Distribution, Jitter, Order},
    loss::{FourState, GilbertElliott},
    memory::{Bare, FrameTree, Memory, Sorted, Tables, Weight},
    params::{Compiled, Field, LineLimit, ParamError, Params, QueueLimit},
    pattern::{Action, Pattern, Rule, RuleError},
    probability::{Chance, Probability},
    random::{seed_of, Effect, Source, Subject},
    serialiser::{LineRate, Serialiser}, //
};
