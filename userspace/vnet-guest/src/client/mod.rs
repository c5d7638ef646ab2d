// SPDX-License-Identifier: GPL-2.0
//! The host's side of a running guest.

mod conn;
mod exec;
mod files;
mod opening;
mod pump;
mod signals;
pub mod start;
mod terminal;
pub mod types;

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::GuestConfig;
use crate::error::{Error, Result};
use crate::proto::msg::Msg;
use crate::rundir::LabDir;
use crate::supervisor::run::POWERED_OFF;
use conn::Conn;
use opening::{Heard, Opening};
use types::{Down, ExecIo, ExecRequest, ExitStatus, GuestInfo, LabEntry, Output, Progress};

/// How long a supervisor may take from locking its lab to listening on its socket: two system calls.
const LISTEN_LIMIT: Duration = Duration::from_secs(2);

/// How long to wait for a supervisor's word when many are asked.
const GLANCE: Duration = Duration::from_secs(1);

/// How long a killed supervisor's lock may take to go.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

/// A connection to a running guest. Cheap to clone, usable from many threads at once. When the last clone is dropped,
/// programs that still run over it get `SIGHUP`.
#[derive(Debug, Clone)]
pub struct Guest {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle(Arc<Conn>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.shutdown();
    }
}

impl Guest {
    /// Starts a guest for a lab and returns when commands can run in it. `progress` hears what happens meanwhile. If
    /// this process is killed before that, the guest goes, too; afterwards it stays until [`crate::down`].
    pub fn start(
        lab: &str,
        config: &GuestConfig,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Guest> {
        let dir = start::start(lab, config, progress)?;
        Guest::open(&dir)?.ok_or_else(|| Error::NotRunning {
            lab: lab.to_owned(),
        })
    }

    /// Connects to a lab's guest. If it is just being started, waits until it is ready. `None` if there is none.
    pub fn connect(lab: &str) -> Result<Option<Guest>> {
        match LabDir::find(lab)? {
            Some(dir) => Guest::open(&dir),
            None => Ok(None),
        }
    }

    fn open(dir: &LabDir) -> Result<Option<Guest>> {
        let released = Instant::now() + RELEASE_LIMIT;
        while let Some(opening) = reach(dir)? {
            if let Some(conn) = opening.finish()? {
                let handle = Arc::new(Handle(conn));
                return Ok(Some(Guest { handle }));
            }
            // It has just ended. Its lock goes last: whoever hears that there is no guest may start one.
            if Instant::now() >= released {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(None)
    }

    fn conn(&self) -> &Arc<Conn> {
        &self.handle.0
    }

    /// About the guest.
    pub fn info(&self) -> &GuestInfo {
        &self.conn().info
    }

    /// Runs a program and blocks until it has ended and its output is written. With inherited streams everything
    /// passes through: terminal, signals, end of file, closed outputs.
    pub fn exec(&self, request: &ExecRequest, io: ExecIo) -> Result<ExitStatus> {
        self.exec_output(request, io).map(|output| output.status)
    }

    /// As [`Guest::exec`], also returning what went to [`types::Sink::Capture`].
    pub fn exec_output(&self, request: &ExecRequest, io: ExecIo) -> Result<Output> {
        exec::run(self.conn(), request, io)
    }

    /// Runs a program with the given input and collects its outputs.
    pub fn run_captured<I, S>(&self, argv: I, stdin: &[u8]) -> Result<Output>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.exec_output(&ExecRequest::new(argv), ExecIo::captured(stdin))
    }

    /// Writes a file in the guest; it appears complete or not at all.
    pub fn put(&self, path: &Path, mode: u32, from: &mut (dyn Read + Send)) -> Result<()> {
        files::put(self.conn(), path, mode, from)
    }

    /// Reads a file of the guest; returns its length.
    pub fn get(&self, path: &Path, to: &mut (dyn Write + Send)) -> Result<u64> {
        files::get(self.conn(), path, to)
    }

    /// Asks the agent for an answer and says how long it took.
    pub fn ping(&self, limit: Duration) -> Result<Duration> {
        self.conn().ping(limit)
    }

    /// Waits until the guest is gone; false if it is not in time.
    pub fn wait_gone(&self, limit: Duration) -> bool {
        self.conn().wait_gone(limit)
    }
}

/// Connects to a lab's supervisor; none if there is none.
fn reach(dir: &LabDir) -> Result<Option<Opening>> {
    let deadline = Instant::now() + LISTEN_LIMIT;
    loop {
        if !dir.is_locked()? {
            return Ok(None);
        }
        match Opening::new(dir) {
            Ok(opening) => return Ok(Some(opening)),
            // Locked but not listening: it begins or ends just now.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => {
                return Err(Error::io(format!("cannot connect to lab `{}`", dir.lab))(
                    error,
                ))
            }
        }
    }
}

/// The labs that are up now.
pub fn list() -> Result<Vec<LabEntry>> {
    let mut entries = Vec::new();
    for dir in LabDir::all()? {
        if dir.is_locked()? {
            // One that does not answer is listed all the same: it is there.
            let info = glance(&dir).ok().flatten();
            entries.push(LabEntry { lab: dir.lab, info });
        }
    }
    Ok(entries)
}

fn glance(dir: &LabDir) -> Result<Option<GuestInfo>> {
    let Some(mut opening) = reach(dir)? else {
        return Ok(None);
    };
    if !opening.greet(GLANCE)? {
        return Ok(None);
    }
    opening.ready(Some(Instant::now() + GLANCE))
}

/// Ends a lab's guest, whatever state it is in: powers it off, kills it (and its supervisor) if that takes longer than
/// `limit`, or clears away what a killed one has left.
pub fn down(lab: &str, limit: Duration) -> Result<Down> {
    let Some(dir) = LabDir::find(lab)? else {
        return Ok(Down::NotRunning);
    };
    let deadline = Instant::now() + limit;
    let mut outcome = Down::CleanedUp;
    if dir.is_locked()? {
        outcome = Down::Stopped;
        // One that cannot be reached, or does not end, is killed; its guest dies with it.
        let ended = reach(&dir)
            .ok()
            .flatten()
            .and_then(|opening| ask_to_end(opening, deadline));
        if ended.is_none() && dir.is_locked()? {
            dir.kill_holder()?;
            outcome = Down::Killed;
        }
        outcome = ended.unwrap_or(outcome);
    }
    let released = Instant::now() + RELEASE_LIMIT;
    loop {
        match dir.try_lock() {
            Ok(Some(lock)) => {
                dir.remove(&lock)?;
                return Ok(outcome);
            }
            // It has cleaned up after itself.
            Err(_) if !dir.path.exists() => return Ok(outcome),
            Err(error) => return Err(error),
            Ok(None) if Instant::now() >= released => {
                return Err(Error::Timeout {
                    what: format!("the end of lab `{lab}`"),
                    limit: RELEASE_LIMIT,
                });
            }
            // The lock goes when the kernel has taken the process apart, of which it tells only the parent.
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Asks a supervisor to power off; how that went, if the connection has been closed in time.
fn ask_to_end(mut opening: Opening, deadline: Instant) -> Option<Down> {
    let left = deadline.saturating_duration_since(Instant::now());
    // One that closes the connection without another word has ended by itself just now.
    if !opening.greet(left).ok()? || opening.send(&Msg::PowerOff).is_err() {
        return Some(Down::Stopped);
    }
    let mut outcome = Down::Stopped;
    loop {
        match opening.receive(Some(deadline)).ok()? {
            Heard::Msg(Msg::Bye { reason, .. }) if reason != POWERED_OFF => outcome = Down::Killed,
            Heard::Msg(_) => {}
            Heard::End => return Some(outcome),
            Heard::Nothing => return None,
        }
    }
}

/// What the lab's kernel has written to its console, also after its death until [`down`] or the next start.
pub fn kernel_log(lab: &str) -> Result<Vec<u8>> {
    let dir = LabDir::find(lab)?.ok_or_else(|| Error::NotRunning {
        lab: lab.to_owned(),
    })?;
    match std::fs::read(dir.kernel_log()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotRunning {
            lab: lab.to_owned(),
        }),
        result => result.map_err(Error::io(format!(
            "cannot read {}",
            dir.kernel_log().display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn where_there_is_no_guest_one_can_be_started() {
        let temp = tempfile::tempdir().unwrap();
        let dir = LabDir {
            lab: "a".into(),
            path: temp.path().into(),
        };
        // As the kernel takes a killed supervisor apart: first its connections end, at last its lock.
        let lock = dir.try_lock().unwrap().unwrap();
        let listener = UnixListener::bind(dir.socket()).unwrap();
        let ending = std::thread::spawn(move || {
            drop(listener.accept().unwrap());
            drop(listener);
            std::thread::sleep(Duration::from_millis(100));
            drop(lock);
        });
        assert!(Guest::open(&dir).unwrap().is_none());
        assert!(!dir.is_locked().unwrap());
        ending.join().unwrap();
    }
}
