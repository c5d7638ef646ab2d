// SPDX-License-Identifier: GPL-2.0
//! The kernel's process.

#![allow(unsafe_code)] // Tying the child's life to ours, between fork and exec.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg, FdFlag, OFlag};
use nix::pty::openpty;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{killpg, SigSet, Signal};
use nix::sys::socket::{socketpair, AddressFamily, SockFlag, SockType};
use nix::sys::wait::{waitid, waitpid, Id, WaitPidFlag, WaitStatus};
use nix::unistd::{getpid, getppid, pipe2, Pid};

use super::processor::Processor;
use super::report::{Spec, Wire};
use crate::link::Link;

/// A running kernel.
#[derive(Debug)]
pub struct Kernel {
    pid: Pid,
    /// Its own processor, if it wants one and one was free.
    _processor: Option<Processor>,
    ended: Option<String>,
}

/// Starts the kernel; also returns our ends of its channel and of its console.
pub fn start(spec: &Spec) -> io::Result<(Kernel, Link, OwnedFd)> {
    let sockets = || {
        socketpair(
            AddressFamily::Unix,
            SockType::Stream,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
    };
    let mut input = None;
    let (link, theirs) = match spec.wire {
        Wire::Socket => {
            let (ours, theirs) = sockets()?;
            (Link::new(ours)?, theirs)
        }
        Wire::Split => {
            let (from, theirs) = sockets()?;
            let (pipe, to) = pipe2(OFlag::O_CLOEXEC)?;
            input = Some(pipe);
            (Link::split(from, to)?, theirs)
        }
        Wire::Pty => {
            let pty = openpty(None, None)?;
            crate::agent::make_raw(&pty.slave)?;
            // An end that the child inherits besides its stdin would outlive us, and nothing would hang up.
            for fd in [&pty.master, &pty.slave] {
                fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
            }
            (Link::new(pty.master.try_clone()?)?, pty.slave.try_clone()?)
        }
    };
    let (console, console_theirs) = pipe2(OFlag::O_CLOEXEC)?;
    let mut command = Command::new(&spec.program);
    let number = input
        .as_ref()
        .map(|fd| fd.as_raw_fd().to_string())
        .unwrap_or_default();
    command
        .args(spec.args.iter().map(|arg| arg.replace("{in}", &number)))
        .current_dir("/");
    command.stdin(Stdio::from(theirs));
    command
        .stdout(Stdio::from(console_theirs.try_clone()?))
        .stderr(Stdio::from(console_theirs));
    // A group of its own: User-Mode Linux ends by a signal to its whole group.
    command.process_group(0);
    let supervisor = getpid();
    // SAFETY: between fork and exec the closure makes a few system calls and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            // The supervisor takes some signals through a descriptor; that is not for its child.
            SigSet::empty().thread_set_mask()?;
            if let Some(input) = &input {
                fcntl(input, FcntlArg::F_SETFD(FdFlag::empty()))?;
            }
            // Had we died before that call, nobody would tell the child.
            if getppid() != supervisor {
                return Err(Errno::ESRCH.into());
            }
            Ok(())
        });
    }
    let processor = spec.processors.as_deref().and_then(Processor::claim);
    let child = match &processor {
        Some(processor) => processor.bind(|| command.spawn())?,
        None => command.spawn()?,
    };
    Ok((
        Kernel {
            pid: Pid::from_raw(child.id() as i32),
            _processor: processor,
            ended: None,
        },
        link,
        console,
    ))
}

impl Kernel {
    /// How it ended, if it has; whatever is left of its group then goes, too.
    pub fn ended(&mut self) -> Option<&str> {
        if self.ended.is_none() {
            let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
            if !matches!(waitid(Id::Pid(self.pid), look), Ok(WaitStatus::StillAlive)) {
                // While it is not reaped its number stands for this group and no other.
                let _ = killpg(self.pid, Signal::SIGKILL);
                self.ended = Some(match waitpid(self.pid, None) {
                    Ok(WaitStatus::Exited(_, code)) => {
                        format!("the kernel's process ended with exit status {code}")
                    }
                    Ok(WaitStatus::Signaled(_, signal, _)) => {
                        format!("the kernel's process was killed by {}", signal.as_str())
                    }
                    _ => "the kernel's process has gone".to_owned(),
                });
            }
        }
        self.ended.as_deref()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            let _ = killpg(self.pid, Signal::SIGKILL);
        }
    }

    /// Ends it at once and waits until it has gone.
    pub fn kill_and_wait(&mut self) {
        self.kill();
        if self.ended.is_none() {
            // SIGKILL cannot be refused, so this returns soon.
            let _ = waitid(
                Id::Pid(self.pid),
                WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT,
            );
            self.ended();
        }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.kill_and_wait();
    }
}
