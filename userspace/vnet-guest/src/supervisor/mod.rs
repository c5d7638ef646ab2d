// SPDX-License-Identifier: GPL-2.0
//! The process on the host that keeps one guest, one per lab.
//!
//! It holds the lab's lock, owns the kernel's process (which dies with it) and its channel, and serves clients on the
//! lab's socket. It tells its starter over stdout how starting went ([`report`]) and lives on without it afterwards,
//! in a session of its own.

#![allow(unsafe_code)] // Closing inherited descriptors.

pub(crate) mod command;
mod console;
mod hear;
mod initrd;
mod kernel;
mod processor;
mod relay;
pub(crate) mod report;
pub(crate) mod run;
mod tsc;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;

use nix::libc;
use nix::sys::stat::{umask, Mode};
use nix::unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use crate::error::{Error, Result};
use crate::rundir::LabDir;
use report::{Report, Spec};
use run::{End, Supervisor};

/// Runs the supervisor with the arguments after `guest-supervisor`: its specification, in JSON.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let spec = match args.as_slice() {
        [spec] => serde_json::from_slice::<Spec>(spec.as_encoded_bytes())
            .map_err(|error| error.to_string()),
        _ => Err("expected one argument; this is started by `vnetctl up`, not by hand".into()),
    };
    let result = spec.and_then(|spec| supervise(spec).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // On stdout for the starter, if it is still connected, and on stderr for the log, or a curious user.
            let report = Report::Failed {
                reason: reason.clone(),
                log: String::new(),
            };
            if let Ok(line) = serde_json::to_string(&report) {
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            eprintln!("{reason}");
            ExitCode::from(125)
        }
    }
}

fn supervise(spec: Spec) -> Result<()> {
    close_inherited();
    // Fails only for a leader of a process group, whose starter has seen to that already.
    let _ = setsid();
    let io = |what: &'static str| Error::errno(what);
    chdir("/").map_err(io("cannot change to /"))?;
    umask(Mode::from_bits_truncate(0o077));
    // Before anything else is started: what arrives from now on waits until it is looked at.
    let signals = run::take_signals().map_err(Error::io("cannot take signals"))?;

    let dir = LabDir {
        lab: spec.lab.clone(),
        path: spec.dir.clone(),
    };
    let Some(lock) = dir.try_lock()? else {
        println!(
            "{}",
            serde_json::to_string(&Report::Busy).unwrap_or_default()
        );
        return Ok(());
    };
    dir.clear(&lock)?;
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(dir.supervisor_log())
        .map_err(Error::io("cannot open the supervisor's log"))?;
    // The lab's socket is there as soon as the lab is locked: who connects early waits for `Ready`.
    let listener =
        UnixListener::bind(dir.socket()).map_err(Error::io("cannot listen on the lab's socket"))?;
    listener
        .set_nonblocking(true)
        .map_err(Error::io("cannot set up the lab's socket"))?;
    let starter = detach(&log)?;

    let supervisor =
        match Supervisor::start(spec.clone(), starter, listener, signals, dir.kernel_log()) {
            Ok(supervisor) => supervisor,
            Err((error, mut starter)) => {
                let reason = format!("{}: {error}", spec.program.display());
                let report = Report::Failed {
                    reason: reason.clone(),
                    log: String::new(),
                };
                if let Ok(line) = serde_json::to_string(&report) {
                    let _ = writeln!(starter, "{line}");
                }
                eprintln!("{reason}");
                return dir.remove(&lock);
            }
        };
    match supervisor.run() {
        End::Asked | End::Forced => dir.remove(&lock),
        // The logs are left for whoever wants to know what happened; the next start or `down` clears them away.
        End::Broken(_) => {
            let _ = std::fs::remove_file(dir.socket());
            Ok(())
        }
    }
}

/// Closes what the starter had open and was not meant for us: a pipe among it would never end for its reader.
fn close_inherited() {
    // SAFETY: this is the beginning of the process; nothing in it has opened a descriptor above stderr, so nobody is
    // left with a number that means another file. An old kernel's refusal changes nothing.
    let _ = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// Lets go of the starter's stdio; returns the way to report to it.
fn detach(log: &File) -> Result<OwnedFd> {
    let io = |what: &'static str| Error::errno(what);
    let starter = std::io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map_err(Error::io("cannot keep stdout"))?;
    let null = OpenOptions::new()
        .read(true)
        .open("/dev/null")
        .map_err(Error::io("cannot open /dev/null"))?;
    dup2_stdin(&null).map_err(io("cannot redirect stdin"))?;
    dup2_stdout(log).map_err(io("cannot redirect stdout"))?;
    dup2_stderr(log).map_err(io("cannot redirect stderr"))?;
    Ok(starter)
}
