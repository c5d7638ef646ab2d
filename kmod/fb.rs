// SPDX-License-Identifier: GPL-2.0

//! Functional blocks: pieces of protocol processing, bound to each other while packets pass.
//!
//! # Vocabulary
//!
//! - *block*: an instance of a *type*, with a name that is unique in its namespace, parameters, state,
//!   counters and ports. See `model::graph` for ports, bindings and directions.
//! - *outlet*: by which a block emits packets that do not come to it from another block, such as
//!   those that a device receives or a timer lets go.
//! - *program*: the graph of a namespace, compiled: an immutable array of steps, one for each block,
//!   each with where its ports lead.
//! - *entry*: where a block's outlet is in the present program; published by RCU.
//! - *event*: what blocks tell those that are subscribed to them, see [`event`].
//!
//! # A packet's way
//!
//! ```text
//!  device hook, timer, socket
//!      | Outlet::offer, emit          the CPU's turn: if it is at work on another packet, this
//!      v                              one waits until that is done (sync::turns)
//!  Entry -> Run::pass: step -> Block::receive -> step -> Block::receive -> ... -> consumed, queued,
//!                                   |                                            dropped, handed out
//!                                   +-- Run::emit: made here, comes after this one
//! ```
//!
//! A packet is an owned `SkBuff` that goes from call to call, so it cannot be in two places or nowhere.
//! On its way there is no name, no lock, no reference count and no allocation, unless a block does
//! one of these itself; the engine's work for a block is an array access each for step, counters
//! and way, and an indirect call, which blocks that are straight do without.
//!
//! # A change's way
//!
//! Under RTNL and the graph's mutex: the change is made in the table of blocks, `model::graph` checks
//! it (ports, what they carry, loops, depth), a new program is compiled and an entry for each block
//! allocated, and only then all entries are published, which cannot fail. Packets that began in the
//! old program end there; blocks whose bodies were exchanged share one state object, so that it
//! does not matter by which a packet goes. After a grace period the last entry frees the program.

pub(crate) mod block;
pub(crate) mod counters;
pub(crate) mod event;
pub(crate) mod graph;
pub(crate) mod outlet;
pub(crate) mod param;
pub(crate) mod program;
pub(crate) mod types;

mod arq;
mod bpf;
mod classifier;
mod compress;
mod counter;
mod crypt;
mod discard;
mod eth;
mod fec;
mod flow_stats;
mod format;
mod forward;
mod frame;
mod hash;
mod held;
mod mux;
mod paint;
mod pipe;
mod prelude;
mod queue;
mod rate_limit;
mod rules;
pub(crate) mod socket;
mod source;
mod switch;
mod tee;
pub(crate) mod vlink;
