// SPDX-License-Identifier: GPL-2.0
//! What a caller hands to a guest and gets back.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Form;

/// Whether the program in the guest gets a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tty {
    /// A terminal if stdin and stdout are inherited and both are one here, else pipes.
    #[default]
    Auto,
    /// Always a terminal.
    Always,
    /// Always pipes.
    Never,
}

/// A program to run in the guest.
#[derive(Debug, Clone, Default)]
pub struct ExecRequest {
    /// Program and arguments; the program is looked for in the guest's `PATH`.
    pub argv: Vec<OsString>,
    /// Variables added to the agent's own small environment (`PATH`, `HOME`, `TERM` from here when on a terminal).
    pub env: Vec<(OsString, OsString)>,
    /// Working directory in the guest, default `/`.
    pub cwd: Option<PathBuf>,
    /// Terminal or pipes.
    pub tty: Tty,
}

impl ExecRequest {
    /// A request with nothing but the command.
    pub fn new<I, S>(argv: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        ExecRequest {
            argv: argv
                .into_iter()
                .map(|arg| arg.as_ref().to_os_string())
                .collect(),
            ..ExecRequest::default()
        }
    }
}

/// Where a program's input comes from.
#[derive(Default)]
pub enum Input {
    /// This process's stdin.
    Inherit,
    /// Nothing: end of file at once.
    #[default]
    Null,
    /// These bytes.
    Bytes(Vec<u8>),
    /// Whatever this reader gives. It is read in a thread of its own, which lives until its current read returns.
    Reader(Box<dyn Read + Send>),
}

/// Where a program's output goes.
#[derive(Default)]
pub enum Sink {
    /// This process's stdout or stderr.
    Inherit,
    /// Nowhere.
    #[default]
    Null,
    /// Collected; see [`Output`].
    Capture,
    /// Into this writer. `BrokenPipe` ends the program as a closed pipe would; other errors are reported.
    Writer(Box<dyn Write + Send>),
}

/// The three standard streams of a program in the guest.
#[derive(Default)]
pub struct ExecIo {
    /// Its input.
    pub stdin: Input,
    /// Its output.
    pub stdout: Sink,
    /// Its errors. Unused with a terminal, which has one output only.
    pub stderr: Sink,
}

impl ExecIo {
    /// All three are this process's own; signals that reach this process are passed on, too.
    pub fn inherit() -> Self {
        ExecIo {
            stdin: Input::Inherit,
            stdout: Sink::Inherit,
            stderr: Sink::Inherit,
        }
    }

    /// Input from memory, outputs collected.
    pub fn captured(stdin: impl Into<Vec<u8>>) -> Self {
        ExecIo {
            stdin: Input::Bytes(stdin.into()),
            stdout: Sink::Capture,
            stderr: Sink::Capture,
        }
    }
}

/// How a program in the guest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// With this exit status.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

impl ExitStatus {
    /// The exit status to pass on: the program's, or 128 + n for signal n.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal(signal) => 128u8.wrapping_add(signal as u8),
        }
    }

    /// Whether it was 0.
    pub fn success(self) -> bool {
        self == ExitStatus::Code(0)
    }
}

/// A captured run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout, if captured.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr, if captured.
    pub stderr: Vec<u8>,
}

/// What a running guest says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestInfo {
    /// The lab.
    pub lab: String,
    /// The form.
    pub form: Form,
    /// The guest kernel's release, as `uname -r` says there.
    pub kernel: String,
    /// The version of the tool that is the agent.
    pub agent: String,
    /// From the start of the kernel to the agent's hello.
    pub boot_ms: u64,
}

/// What has happened so far while a guest starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Progress {
    /// The kernel process runs; this is what it was started with.
    Started {
        /// Program and arguments.
        command: String,
    },
    /// The agent said hello and the guest can be used.
    Ready {
        /// About it.
        info: GuestInfo,
    },
}

/// A lab in [`crate::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabEntry {
    /// Its name.
    pub lab: String,
    /// What its guest says, none while it starts or when it does not answer.
    pub info: Option<GuestInfo>,
}

/// What [`crate::down`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// The guest was running and has powered off.
    Stopped,
    /// The guest was running, did not power off in time, and was killed.
    Killed,
    /// Nothing ran, but a killed guest had left files, which are gone now.
    CleanedUp,
    /// There was nothing.
    NotRunning,
}
