// SPDX-License-Identifier: GPL-2.0
//! What kind of guest to start.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The forms of embedded kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// User-Mode Linux without SMP: a kernel as an unprivileged process.
    Uml,
    /// User-Mode Linux with SMP and the kernel's debugging aids.
    UmlDebug,
    /// QEMU with an unmodified Debian kernel.
    Debian,
    /// No kernel: the agent as a plain process on this machine, for tests of everything else.
    #[doc(hidden)]
    Loopback,
    /// The same over a pseudo terminal, which has a serial line's small buffers.
    #[doc(hidden)]
    LoopbackPty,
}

impl Form {
    /// The name used in commands, manifests and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Uml => "uml",
            Form::UmlDebug => "uml-debug",
            Form::Debian => "debian",
            Form::Loopback => "loopback",
            Form::LoopbackPty => "loopback-pty",
        }
    }

    /// The command that builds this form.
    pub fn make_hint(self) -> &'static str {
        match self {
            Form::Debian => "make guests KERNEL=debian",
            Form::UmlDebug => "make guests KERNEL=uml-debug",
            _ => "make guests",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [
            Form::Uml,
            Form::UmlDebug,
            Form::Debian,
            Form::Loopback,
            Form::LoopbackPty,
        ]
        .into_iter()
        .find(|form| form.as_str() == s)
        .ok_or_else(|| format!("`{s}` is not a form of guest; expected uml, uml-debug or debian"))
    }
}

/// How to start a guest. [`GuestConfig::new`] gives what nearly everyone wants.
#[derive(Debug, Clone)]
pub struct GuestConfig {
    /// The form.
    pub form: Form,
    /// Memory, as `512M` or `2G`; the manifest's if none.
    pub memory: Option<String>,
    /// Number of CPUs; the manifest's if none.
    pub smp: Option<u32>,
    /// Simulated time (UML only): time jumps over idle.
    pub time_travel: bool,
    /// Whether the agent is to load the module; without it the guest is a plain kernel.
    pub module: bool,
    /// More words for the kernel's command line.
    pub append: Vec<String>,
    /// How long the guest may take to say hello.
    pub boot_timeout: Duration,
    /// The manifest to use instead of the one in the cache.
    pub manifest: Option<PathBuf>,
    /// The command that runs [`crate::supervisor::main`]: program and leading arguments. Default: this program with
    /// the argument `guest-supervisor`.
    pub supervisor: Option<Vec<OsString>>,
}

impl GuestConfig {
    /// The defaults for a form.
    pub fn new(form: Form) -> Self {
        GuestConfig {
            form,
            memory: None,
            smp: None,
            time_travel: false,
            module: true,
            append: Vec::new(),
            // Emulated CPUs on a busy machine are slow; a kernel that is a process is not.
            boot_timeout: Duration::from_secs(if form == Form::Debian { 240 } else { 60 }),
            manifest: None,
            supervisor: None,
        }
    }
}
