// SPDX-License-Identifier: GPL-2.0
//! Embedded kernels for labs: starting them, keeping them, running commands inside.
//!
//! Per lab there is one **supervisor** process on the host. It owns the kernel's process (User-Mode Linux or QEMU) and
//! the byte channel into it, and listens on a Unix socket for any number of clients. In the guest, the **agent** is
//! PID 1's last stage and runs what it is told. Client, supervisor and agent are the same `vnetctl` binary.
//!
//! All calls block; a [`Guest`] may be shared by threads.

#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod agent;
mod client;
mod config;
mod error;
mod lablock;
mod link;
mod manifest;
#[doc(hidden)] // Public for the tests that speak it.
pub mod proto;
mod rundir;
pub mod supervisor;

pub use client::types::{
    Down, ExecIo, ExecRequest, ExitStatus, GuestInfo, Input, LabEntry, Output, Progress, Sink, Tty,
};
pub use client::{down, kernel_log, list, Guest};
pub use config::{Form, GuestConfig};
pub use error::{Error, Result};
pub use manifest::cache_dir;
