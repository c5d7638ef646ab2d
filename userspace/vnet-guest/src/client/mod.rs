// SPDX-License-Identifier: GPL-2.0
//! The host's side of a running guest.

pub mod types;

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use crate::config::GuestConfig;
use crate::error::{Error, Result};
use types::{ExecIo, ExecRequest, ExitStatus, GuestInfo, Output, Progress};

/// A connection to a running guest. Cheap to clone, usable from many threads at once.
#[derive(Clone)]
pub struct Guest {
    info: GuestInfo,
}

fn todo<T>() -> Result<T> {
    Err(Error::Protocol {
        peer: "vnet-guest",
        reason: "not written yet".into(),
    })
}

impl Guest {
    /// Starts a guest for a lab and returns when commands can run in it. `progress` hears what happens meanwhile.
    pub fn start(
        _lab: &str,
        _config: &GuestConfig,
        _progress: &mut dyn FnMut(&Progress),
    ) -> Result<Guest> {
        todo()
    }

    /// Connects to a lab's guest. If it is just being started, waits until it is ready. `None` if there is none.
    pub fn connect(_lab: &str) -> Result<Option<Guest>> {
        todo()
    }

    /// About the guest.
    pub fn info(&self) -> &GuestInfo {
        &self.info
    }

    /// Runs a program and blocks until it has ended and its output is written. With inherited streams everything
    /// passes through: terminal, signals, end of file, closed outputs.
    pub fn exec(&self, _request: &ExecRequest, _io: ExecIo) -> Result<ExitStatus> {
        todo()
    }

    /// As [`Guest::exec`], also returning what went to [`types::Sink::Capture`].
    pub fn exec_output(&self, _request: &ExecRequest, _io: ExecIo) -> Result<Output> {
        todo()
    }

    /// Runs a program with the given input and collects its outputs.
    pub fn run_captured<I, S>(&self, argv: I, stdin: &[u8]) -> Result<Output>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        self.exec_output(&ExecRequest::new(argv), ExecIo::captured(stdin))
    }

    /// Writes a file in the guest; it appears complete or not at all.
    pub fn put(&self, _path: &Path, _mode: u32, _from: &mut (dyn Read + Send)) -> Result<()> {
        todo()
    }

    /// Reads a file of the guest.
    pub fn get(&self, _path: &Path, _to: &mut (dyn Write + Send)) -> Result<u64> {
        todo()
    }

    /// Asks the agent for an answer.
    pub fn ping(&self, _limit: Duration) -> Result<Duration> {
        todo()
    }
}
