// SPDX-License-Identifier: GPL-2.0

//! Topology files of vnet: their format, their checks, and the compiler that makes a [`plan::Plan`] of one.
//!
//! ```
//! let text = "
//! nodes: {pc1: host, r1: router, pc2: host}
//! links:
//!   - {ends: [pc1, r1], rate: 100mbit, delay: 2ms}
//!   - [r1, pc2]
//! ";
//! let plan = vnet_topology::compile("small.yaml", text).map_err(|report| report.render(false, 100));
//! assert_eq!(plan.unwrap().links[0].directions[0].rate, Some(100_000_000));
//! ```

pub mod blocks;
pub mod chain;
mod compile;
mod decode;
pub mod diff;
mod dscp;
mod expand;
pub mod export;
mod file;
pub mod generate;
mod hash;
mod mac;
mod matching;
pub mod names;
pub mod picture;
pub mod plan;
mod probability;
pub mod report;
mod resolve;
mod schema;
mod secret;
pub mod table;
mod tree;
pub mod units;
pub mod words;
pub mod write;

pub use compile::{compile, compile_with, is_default_route, Compiled, Options, DEFAULT_MTU};
pub use diff::diff;
pub use report::{Problem, Report};
pub use schema::schema;
