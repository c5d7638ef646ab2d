// SPDX-License-Identifier: GPL-2.0
//! What starter and supervisor exchange: one argument to it, lines of JSON back over its stdout.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::initrd::Initrd;
use crate::client::types::Progress;
use crate::config::Form;

/// How the kernel's end of the channel is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// One half of a pair of sockets.
    Socket,
    /// The same for what comes from the guest, and a pipe to it; the pipe's number takes the place of `{in}` in the
    /// arguments. User-Mode Linux reads its lines byte by byte, and that costs half as much with a pipe.
    Split,
    /// The slave of a pseudo terminal.
    Pty,
}

/// Everything that a supervisor needs to know. The kernel gets the channel as descriptor 0 and its console as 1 and 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The lab's name.
    pub lab: String,
    /// Its directory.
    pub dir: PathBuf,
    /// The form, to tell others.
    pub form: Form,
    /// The kernel's program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The kind of channel.
    pub wire: Wire,
    /// A file to make first.
    pub initrd: Option<Initrd>,
    /// Where it is noted which processors are taken, for a kernel that is to have one of its own.
    pub processors: Option<PathBuf>,
    /// How long it may take to say hello, in milliseconds.
    pub boot_limit: u64,
    /// How long it may take to power off, in milliseconds.
    pub end_limit: u64,
}

/// One line from the supervisor to whoever started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// It goes on.
    Progress(Progress),
    /// Another supervisor has this lab.
    Busy,
    /// It is over.
    Failed {
        /// Why.
        reason: String,
        /// The kernel's last lines.
        log: String,
    },
}
