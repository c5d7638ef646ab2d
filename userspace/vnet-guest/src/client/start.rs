// SPDX-License-Identifier: GPL-2.0
//! Starting a lab's supervisor, and hearing from it how that goes.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::types::Progress;
use crate::config::GuestConfig;
use crate::error::{Error, Result};
use crate::rundir::{check_name, LabDir};
use crate::supervisor::command;
use crate::supervisor::report::{Report, Spec};

fn busy(lab: &str) -> Error {
    Error::AlreadyRunning {
        lab: lab.to_owned(),
    }
}

/// Starts a supervisor and returns when its guest can be used.
pub fn start(
    lab: &str,
    config: &GuestConfig,
    progress: &mut dyn FnMut(&Progress),
) -> Result<LabDir> {
    check_name(lab)?;
    let dir = LabDir::create(lab)?;
    if dir.is_locked()? {
        return Err(busy(lab));
    }
    let spec = command::spec(&dir, config)?;
    let (reader, mut child) = spawn(config, &spec)?;
    let result = hear(reader, lab, progress);
    if result.is_ok() {
        reap_later(child);
    } else {
        // It ends now. When this returns, the lab is free again and its files are as they will stay.
        let _ = child.wait();
    }
    result.map(|()| dir)
}

/// Takes the supervisor's reports until the guest is ready.
fn hear(reader: OwnedFd, lab: &str, progress: &mut dyn FnMut(&Progress)) -> Result<()> {
    // What is not a report is the supervisor's dying words.
    let mut words = String::new();
    for line in BufReader::new(std::fs::File::from(reader)).lines() {
        let line = line.map_err(Error::io("cannot hear the supervisor"))?;
        match serde_json::from_str(&line) {
            Ok(Report::Progress(step)) => {
                progress(&step);
                if matches!(step, Progress::Ready { .. }) {
                    return Ok(());
                }
            }
            Ok(Report::Busy) => return Err(busy(lab)),
            Ok(Report::Failed { reason, log }) => {
                return Err(Error::StartFailed {
                    lab: lab.to_owned(),
                    reason,
                    log,
                });
            }
            Err(_) => words = words + &line + "\n",
        }
    }
    let reason = match words.trim_end() {
        "" => "its supervisor has ended".to_owned(),
        words => format!("its supervisor has ended: {words}"),
    };
    Err(Error::StartFailed {
        lab: lab.to_owned(),
        reason,
        log: String::new(),
    })
}

fn spawn(config: &GuestConfig, spec: &Spec) -> Result<(OwnedFd, Child)> {
    // This very program, even if its file has been replaced since.
    let default = || vec![OsString::from("/proc/self/exe"), "guest-supervisor".into()];
    let words = config.supervisor.clone().unwrap_or_else(default);
    let [program, args @ ..] = words.as_slice() else {
        return Err(Error::io("no command for the supervisor")(
            std::io::ErrorKind::InvalidInput.into(),
        ));
    };
    let spec = serde_json::to_string(spec)
        .map_err(|e| Error::io("cannot describe the guest")(e.into()))?;
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).map_err(Error::errno("cannot make a pipe"))?;
    let other = writer
        .try_clone()
        .map_err(Error::io("cannot make a pipe"))?;
    let mut command = Command::new(program);
    command
        .args(args)
        .arg(spec)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(other);
    if program == "/proc/self/exe" {
        command.arg0("vnetctl");
    }
    let what = format!("cannot start the supervisor, {}", program.to_string_lossy());
    command
        .spawn()
        .map(|child| (reader, child))
        .map_err(Error::io(what))
}

/// It outlives this process as a rule; if not, it should not stay behind as a zombie.
fn reap_later(mut child: Child) {
    std::thread::spawn(move || child.wait());
}
