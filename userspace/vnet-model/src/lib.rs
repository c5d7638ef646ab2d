// SPDX-License-Identifier: GPL-2.0

//! `kmod/model/` as a host crate.
//!
//! The module compiles the same files. What is tested here is what runs there. Text is only read
//! and written here: see [`decimal`].

#![no_std]

pub mod decimal;

#[path = "../../../kmod/model/mod.rs"]
mod model;

pub use model::*;
