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

mod client;
mod config;
mod error;

pub use client::types::{
    Down, ExecIo, ExecRequest, ExitStatus, GuestInfo, Input, LabEntry, Output, Progress, Sink, Tty,
};
pub use client::Guest;
pub use config::{Form, GuestConfig};
pub use error::{Error, Result};

use std::time::Duration;

/// The labs that are up now.
pub fn list() -> Result<Vec<LabEntry>> {
    Ok(Vec::new())
}

/// Ends a lab's guest, whatever state it is in: powers it off, kills it (and its supervisor) if that takes longer than
/// `limit`, or clears away what a killed one has left.
pub fn down(_lab: &str, _limit: Duration) -> Result<Down> {
    Ok(Down::NotRunning)
}

/// What the lab's kernel has written to its console, also after its death until [`down`] or the next start.
pub fn kernel_log(lab: &str) -> Result<Vec<u8>> {
    Err(Error::NotRunning {
        lab: lab.to_owned(),
    })
}

/// The process in the guest: `vnetctl agent [--init]`.
pub mod agent {
    use std::ffi::OsString;
    use std::process::ExitCode;

    /// Runs the agent with the arguments after `agent`.
    pub fn main(_args: Vec<OsString>) -> ExitCode {
        ExitCode::from(125)
    }
}

/// The process on the host that keeps a guest: `vnetctl guest-supervisor ...`.
pub mod supervisor {
    use std::ffi::OsString;
    use std::process::ExitCode;

    /// Runs the supervisor with the arguments after `guest-supervisor`.
    pub fn main(_args: Vec<OsString>) -> ExitCode {
        ExitCode::from(125)
    }
}
