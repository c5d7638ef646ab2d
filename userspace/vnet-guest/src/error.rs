// SPDX-License-Identifier: GPL-2.0
//! What can go wrong, in words that say where and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that this crate reports.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lab's name cannot be used as the name of a directory and a socket.
    #[error("`{name}` cannot be a lab's name: {reason}")]
    LabName {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// No directory for sockets and locks that belongs to this user alone.
    #[error("no usable runtime directory: {reason}; set VNET_RUNTIME_DIR to a directory of yours with mode 0700")]
    RuntimeDir {
        /// What was tried and why it was refused.
        reason: String,
    },

    /// The embedded kernel of this form has not been built.
    #[error("no guest of form `{form}`: {} does not exist; run: {make}", .path.display())]
    NoManifest {
        /// The form asked for.
        form: String,
        /// Where its manifest should be.
        path: PathBuf,
        /// The command that makes it.
        make: &'static str,
    },

    /// The manifest is there but not usable.
    #[error("{}: {reason}; run: {make}", .path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// The command that makes it anew.
        make: &'static str,
    },

    /// A lab of that name is up (or being started) already.
    #[error("lab `{lab}` is already running; `vnetctl -l {lab} down` ends it, or give this one another name with -l")]
    AlreadyRunning {
        /// The lab.
        lab: String,
    },

    /// No lab of that name.
    #[error("lab `{lab}` is not running; `vnetctl ps` lists those that are")]
    NotRunning {
        /// The lab.
        lab: String,
    },

    /// The guest did not come up.
    #[error("the guest of lab `{lab}` did not start: {reason}; `vnetctl doctor` looks for what could keep it from doing so{}", log_tail(.log))]
    StartFailed {
        /// The lab.
        lab: String,
        /// Why.
        reason: String,
        /// The kernel log's last lines, may be empty.
        log: String,
    },

    /// The guest (or its supervisor) went away while it was used.
    #[error("the guest of lab `{lab}` is gone: {reason}; `vnetctl up` with its file makes it anew{}", log_tail(.log))]
    GuestDied {
        /// The lab.
        lab: String,
        /// How it ended, as far as known.
        reason: String,
        /// The kernel log's last lines, may be empty.
        log: String,
    },

    /// Tool and guest do not speak the same protocol.
    #[error("the agent in the guest speaks protocol {agent}, this tool {tool}; run `vnetctl down` and build the guest anew with: make guests")]
    Version {
        /// The agent's protocol version.
        agent: u16,
        /// Ours.
        tool: u16,
    },

    /// The other end sent something that the protocol does not allow.
    #[error("protocol error from {peer}: {reason}; run `vnetctl down` and build tool and guest anew with: make guests")]
    Protocol {
        /// Who.
        peer: &'static str,
        /// What.
        reason: String,
    },

    /// The program does not exist in the guest.
    #[error("{program}: not found in the guest")]
    NotFound {
        /// As asked for.
        program: String,
    },

    /// The program exists but cannot be executed.
    #[error("{program}: cannot be executed: {reason}")]
    NotExecutable {
        /// As asked for.
        program: String,
        /// The system's reason.
        reason: String,
    },

    /// The agent could not do what was asked for other reasons.
    #[error("{what}: {reason}")]
    Agent {
        /// The operation.
        what: String,
        /// The agent's words.
        reason: String,
    },

    /// Something took longer than it may.
    #[error("{what} took longer than {} s; try again when the machine has less to do", .limit.as_secs())]
    Timeout {
        /// What.
        what: String,
        /// The limit.
        limit: Duration,
    },

    /// A system call failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation and its object.
        what: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

fn log_tail(log: &str) -> String {
    if log.is_empty() {
        String::new()
    } else {
        format!("\nthe kernel's last lines:\n{}", log.trim_end())
    }
}

impl Error {
    /// The exit status that stands for this error (DESIGN section 6): 127 not found, 126 not executable, else 125.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::NotFound { .. } => 127,
            Error::NotExecutable { .. } => 126,
            _ => 125,
        }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    pub(crate) fn errno(what: impl Into<String>) -> impl FnOnce(nix::errno::Errno) -> Error {
        let what = what.into();
        move |errno| Error::Io {
            what,
            source: errno.into(),
        }
    }
}

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;
