// SPDX-License-Identifier: GPL-2.0

//! Makes a plan real in the running kernel, and takes it down again.
//!
//! [`up`](up::up) and [`down`](down::down) are the two ends; [`inspect`] tells what is there. Which kernel that is does
//! not matter here: an embedded one or the machine's own. What a lab consists of and where it is found is told in
//! [`paths`], [`node`] and [`wire`].

pub mod build;
pub mod cancel;
pub mod cgroup;
pub mod chain;
pub mod changes;
pub mod down;
pub mod error;
pub mod inspect;
mod lans;
pub mod netns;
pub mod node;
mod outside;
pub mod paths;
mod paths_through;
mod ping;
pub mod programs;
mod ready;
pub mod routes;
pub mod rtnl;
pub mod state;
mod sysctl;
pub mod up;
pub mod wait;
pub mod wire;

pub use cancel::Cancel;
pub use error::{Error, Result};
