// SPDX-License-Identifier: GPL-2.0

//! One direction against the naive reference, and case by case.

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod cases;

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;
