// SPDX-License-Identifier: GPL-2.0

//! Topology files of vnet: their format, their checks, and the compiler that makes a [`plan::Plan`] of one.

#![warn(missing_docs)]

mod mac;
pub mod plan;
