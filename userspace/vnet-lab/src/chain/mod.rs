// SPDX-License-Identifier: GPL-2.0

//! Chains of functional blocks in nodes.

pub mod values;
