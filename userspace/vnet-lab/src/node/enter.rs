// SPDX-License-Identifier: GPL-2.0

//! Running a program in a node as if it had been started there: terminal, signals and exit status are the caller's.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{setns, CloneFlags};
use nix::sys::prctl;
use nix::sys::signal::{kill, raise, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{getpgid, pipe2, Pid};

use super::Node;
use crate::error::{Context, Error, Result};

/// The tool itself failed.
pub const EXIT_TOOL: u8 = 125;
/// The program was found but cannot be executed.
pub const EXIT_NOT_EXECUTABLE: u8 = 126;
/// The program was not found.
pub const EXIT_NOT_FOUND: u8 = 127;

/// Signals that are passed on to the program. Those of the keyboard reach it without us.
const PASSED_ON: [Signal; 7] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGINT,
    Signal::SIGQUIT,
];

/// What to run, and with what.
#[derive(Debug)]
pub struct Visit<'a> {
    /// Control group of the node, if it has one.
    pub cgroup: Option<&'a Path>,
    /// Program and arguments; the program is looked for in the node.
    pub argv: &'a [OsString],
    /// Environment on top of the caller's.
    pub env: &'a BTreeMap<String, String>,
}

/// How a visit to a node went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The program ended; this is the exit status to pass on.
    Ended(u8),
    /// It could not be started.
    NotStarted {
        /// The exit status that says so.
        status: u8,
        /// Why.
        problem: String,
    },
}

/// What programs in nodes find in their environment when nobody says otherwise.
pub fn base_environment() -> BTreeMap<String, String> {
    [
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr",
        ),
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// Runs a program in a node and waits for its end. The calling process must have one thread only; afterwards it cannot
/// start any, since its children belong to another PID namespace.
pub fn run(node: &Node, visit: &Visit<'_>) -> Result<Outcome> {
    let Some((program, arguments)) = visit.argv.split_first() else {
        return Err(Error::Unsupported("there is no program to run".into()));
    };
    let (mut trouble, trouble_in) = pipe2(OFlag::O_CLOEXEC)
        .map(|(reader, writer)| (File::from(reader), File::from(writer)))
        .context(|| "cannot make a pipe".into())?;
    let mask = SigSet::thread_get_mask().context(|| "cannot read the signal mask".into())?;
    let mut entry = Entry::new(node, visit.cgroup, mask, trouble_in)?;
    let signals = take_signals()?;
    setns(node.process()?, CloneFlags::CLONE_NEWPID)
        .context(|| format!("cannot enter the PID namespace of node {}", node.name))?;
    let mut command = Command::new(program);
    command.args(arguments).envs(visit.env);
    if env::var_os("PATH").is_none() {
        command.envs(base_environment());
    }
    // SAFETY: `enter` makes system calls only and allocates nothing; see there.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(move || entry.enter());
    }
    let child = command.spawn();
    // With it goes our end of the pipe, so that reading from the other end does not wait for ever.
    drop(command);
    match child {
        Ok(child) => {
            let status = attend(Pid::from_raw(child.id() as i32), &signals)?;
            Ok(Outcome::Ended(status))
        }
        Err(error) => {
            let mut step = [0];
            match trouble.read(&mut step) {
                Ok(1) => Err(error).context(|| {
                    let what = STEPS.get(usize::from(step[0])).unwrap_or(&"enter it");
                    format!("node {}: cannot {what}", node.name)
                }),
                _ => Ok(not_started(program, &error)),
            }
        }
    }
}

fn not_started(program: &OsStr, error: &io::Error) -> Outcome {
    let (status, why) = match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR) => (EXIT_NOT_FOUND, "not found in the node".to_owned()),
        Some(libc::EACCES) => (EXIT_NOT_EXECUTABLE, "permission denied".to_owned()),
        Some(libc::ENOEXEC) => (EXIT_NOT_EXECUTABLE, "not a program".to_owned()),
        _ => (EXIT_NOT_EXECUTABLE, error.to_string()),
    };
    Outcome::NotStarted {
        status,
        problem: format!("{}: {why}", program.to_string_lossy()),
    }
}

/// What can fail between fork and exec, by the number that tells of it.
const STEPS: [&str; 2] = ["join its control group", "enter its namespaces"];

/// All that is needed between fork and exec, made before.
struct Entry {
    group: Option<File>,
    process: File,
    directory: Option<CString>,
    /// The signals that were blocked before we took some.
    mask: SigSet,
    trouble: File,
}

impl Entry {
    fn new(node: &Node, cgroup: Option<&Path>, mask: SigSet, trouble: File) -> Result<Self> {
        let group = match cgroup {
            Some(path) => {
                let path = path.join("cgroup.procs");
                let file = OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .context(|| format!("cannot open {}", path.display()))?;
                Some(file)
            }
            None => None,
        };
        let process = node.process()?;
        let directory = env::current_dir()
            .ok()
            .and_then(|path| CString::new(path.as_os_str().as_bytes()).ok());
        Ok(Entry {
            group,
            process: process.into(),
            directory,
            mask,
            trouble,
        })
    }

    /// Runs in the child between fork and exec, so it may only make system calls: no locks, no memory.
    fn enter(&mut self) -> io::Result<()> {
        if let Some(group) = &self.group {
            // 0 is the process that writes.
            nix::unistd::write(group, b"0").map_err(|error| self.fail(0, error))?;
        }
        let all = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWUTS;
        setns(self.process.as_fd(), all).map_err(|error| self.fail(1, error))?;
        // Where the caller is, if the node sees that, too; setns has put us at the root.
        if let Some(directory) = &self.directory {
            let _ = nix::unistd::chdir(directory.as_c_str());
        }
        self.mask.thread_set_mask()?;
        // When the tool is killed, the program hears of it like one whose terminal has gone.
        let _ = prctl::set_pdeathsig(Signal::SIGHUP);
        Ok(())
    }

    fn fail(&self, step: u8, error: Errno) -> io::Error {
        let _ = nix::unistd::write(&self.trouble, &[step]);
        error.into()
    }
}

/// Blocks the signals that `attend` deals with.
fn take_signals() -> Result<SignalFd> {
    let mut signals = SigSet::empty();
    for signal in PASSED_ON {
        signals.add(signal);
    }
    signals.add(Signal::SIGCHLD);
    signals
        .thread_block()
        .and_then(|()| SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC))
        .context(|| "cannot wait for signals".into())
}

/// Waits for the program's end; passes signals on.
fn attend(child: Pid, signals: &SignalFd) -> Result<u8> {
    loop {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        match waitpid(child, Some(flags)).context(|| "cannot wait for the program".into())? {
            WaitStatus::Exited(_, status) => return Ok(status as u8),
            WaitStatus::Signaled(_, signal, _) => return Ok(128 + signal as u8),
            WaitStatus::Stopped(..) => {
                // So that the caller's shell sees a stopped job; whoever continues us continues the program.
                let _ = raise(Signal::SIGSTOP);
                let _ = kill(child, Signal::SIGCONT);
                continue;
            }
            _ => {}
        }
        let info = signals
            .read_signal()
            .context(|| "cannot wait for signals".into())?;
        let signal = info.and_then(|info| Signal::try_from(info.ssi_signo as i32).ok());
        match signal {
            None | Some(Signal::SIGCHLD) => {}
            // The keyboard's and the agent's go to the whole process group.
            Some(Signal::SIGINT | Signal::SIGQUIT) if getpgid(Some(child)) == getpgid(None) => {}
            Some(signal) => {
                let _ = kill(child, signal);
            }
        }
    }
}

/// The shell that the node has.
pub fn shell_in(node: &Node) -> OsString {
    for shell in ["/bin/bash", "/bin/sh"] {
        if node.path(shell).exists() {
            return shell.into();
        }
    }
    "/bin/sh".into()
}
