// SPDX-License-Identifier: GPL-2.0

//! Chooses the stack of a chain of blocks by what applications need and what the link is like, and agrees on it with the
//! controller at the other end.
//!
//! Nothing here does input or output: [`Controller`] is told what arrives and how its blocks are, and says what to send
//! and what to change. The caller has the clock, which counts nanoseconds from anywhere.
//!
//! # Vocabulary
//!
//! - **layer**: a place in the chain with the type of block that can be there, see [`Layer`].
//! - **stack**: the layers that are in use.
//! - **phase** of a layer at an end: *out*, *listening* (it understands what the other end sends) or *sending*.
//! - **report**: what the controllers send to each other, see [`message`]: state, measurement and probe in one.
//!
//! # Parts
//!
//! - [`policy`]: needs and measurement -> stack
//! - [`agree`]: how both ends come to that stack without one sending what the other does not understand
//! - [`measure`]: loss, delay and rate, from the reports themselves

pub mod agree;
pub mod controller;
pub mod layer;
pub mod measure;
pub mod message;
pub mod policy;

pub use controller::{Controller, Event, Settings};
pub use layer::{Layer, Layers, PerLayer, Phase};
pub use policy::{Need, Needs};

/// A time or a span of it, in ns.
pub type Nanos = u64;

/// Nanoseconds of a millisecond.
pub const MS: Nanos = 1_000_000;
