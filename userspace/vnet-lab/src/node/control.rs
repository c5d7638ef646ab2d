// SPDX-License-Identifier: GPL-2.0

//! How the tool talks to the first process of a node: lines of JSON over a Unix socket in the node's directory.
//!
//! Whether the socket answers is also how the tool knows that the node lives, and who answers is how it knows the
//! process: no number is ever remembered. Connecting does not wake a node that rests, asking does.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::error::{Context, Error, Result};
use crate::paths::LabPaths;

/// Name of the socket in the node's directory.
pub(crate) const SOCKET: &str = "init.sock";

/// What the tool asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// Start a program. Who asks is told about its end.
    Start(Program),
    /// List the programs.
    Status,
    /// Send a signal to a program. From now on who asks is told about its end.
    Signal(String, i32),
}

/// What the node answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// It runs, with this number in the node.
    Started(i32),
    /// It could not be started.
    NotStarted(String),
    /// All programs that have been started, in that order.
    Status(Vec<ProgramState>),
    /// A program that was started over this connection has ended.
    Ended(String, State),
    /// The signal was sent.
    Sent,
    /// No such program runs.
    NotRunning,
    /// The request makes no sense.
    Refused(String),
}

/// A program that the node's first process starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name, also that of its log.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment besides the node's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// How a program fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramState {
    /// Its name.
    pub name: String,
    /// Its number in the node.
    pub process: i32,
    /// Whether it runs.
    pub state: State,
}

/// Whether a program runs, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It runs.
    Running,
    /// It ended with this status.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
}

impl State {
    /// Whether it ended well.
    pub fn success(self) -> bool {
        self == State::Exited(0)
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Running => write!(out, "is running"),
            State::Exited(status) => write!(out, "exited with status {status}"),
            State::Killed(signal) => match nix::sys::signal::Signal::try_from(*signal) {
                Ok(signal) => write!(out, "was killed by {signal}"),
                Err(_) => write!(out, "was killed by signal {signal}"),
            },
        }
    }
}

/// A connection to the first process of a node.
#[derive(Debug)]
pub struct Control {
    stream: BufReader<UnixStream>,
    /// Ends that were told while an answer was waited for.
    ended: Vec<(String, State)>,
}

impl Control {
    /// Connects to the node with this directory.
    pub fn connect(directory: &Path) -> std::io::Result<Self> {
        // By way of a descriptor: the path may be longer than a socket's address takes.
        let directory = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
            .open(directory)?;
        let path = format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd());
        Ok(Control {
            stream: BufReader::new(UnixStream::connect(path)?),
            ended: Vec::new(),
        })
    }

    /// The process at the other end: the node's first one.
    pub fn peer(&self) -> Result<i32> {
        let credentials = getsockopt(self.stream.get_ref(), PeerCredentials)
            .context(|| "cannot tell who answers for the node".into())?;
        match credentials.pid() {
            // Its number means nothing in our PID namespace.
            0 => Err(Error::Unsupported(
                "the lab was started outside of the PID namespace of this shell".into(),
            )),
            process => Ok(process),
        }
    }

    /// Starts a program; `Err` inside says why it could not be.
    pub fn start(&mut self, program: &Program) -> Result<Result<i32, String>> {
        match self.ask(&Request::Start(program.clone()))? {
            Answer::Started(process) => {
                // The end of an earlier one of that name is not this one's.
                self.ended.retain(|(name, _)| *name != program.name);
                Ok(Ok(process))
            }
            Answer::NotStarted(problem) | Answer::Refused(problem) => Ok(Err(problem)),
            other => Err(surprise(&other)),
        }
    }

    /// All programs that have been started in the node.
    pub fn status(&mut self) -> Result<Vec<ProgramState>> {
        match self.ask(&Request::Status)? {
            Answer::Status(list) => Ok(list),
            Answer::Refused(problem) => Err(Error::Unsupported(problem)),
            other => Err(surprise(&other)),
        }
    }

    /// Sends a signal to a program; false if it does not run. From now on this connection is told about its end.
    pub fn signal(&mut self, name: &str, signal: i32) -> Result<bool> {
        match self.ask(&Request::Signal(name.into(), signal))? {
            Answer::Sent => Ok(true),
            Answer::NotRunning => Ok(false),
            other => Err(surprise(&other)),
        }
    }

    /// How a program that was started over this connection ended, as soon as it has. `None` at the deadline.
    pub fn wait_end(
        &mut self,
        name: &str,
        cancel: &Cancel,
        deadline: Option<Instant>,
    ) -> Result<Option<State>> {
        loop {
            if let Some(state) = self.ended(name)? {
                return Ok(Some(state));
            }
            let ready = cancel.wait(&[self.as_fd()], deadline)?;
            if ready.is_empty() {
                return Ok(None);
            }
            self.read_end()?;
        }
    }

    /// How a program that was started over this connection ended, if that is known.
    pub fn ended(&mut self, name: &str) -> Result<Option<State>> {
        // News may have come together with an answer; then nothing makes the descriptor readable any more.
        while !self.stream.buffer().is_empty() {
            self.read_end()?;
        }
        Ok(self
            .ended
            .iter()
            .rfind(|(ended, _)| ended == name)
            .map(|(_, state)| *state))
    }

    /// Reads the news that has made the descriptor readable.
    pub fn read_end(&mut self) -> Result<()> {
        match self.read()? {
            Answer::Ended(name, state) => {
                self.ended.push((name, state));
                Ok(())
            }
            other => Err(surprise(&other)),
        }
    }

    /// Has the node awake if it rests, so that it has all its files. [`Control::awake`] waits for it.
    pub fn wake(&mut self) -> Result<()> {
        self.send(&Request::Status)
    }

    /// Waits until the node that was to awake has done so.
    pub fn awake(&mut self) -> Result<()> {
        match self.answer()? {
            Answer::Status(_) => Ok(()),
            Answer::Refused(problem) => Err(Error::Unsupported(problem)),
            other => Err(surprise(&other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer> {
        self.send(request)?;
        self.answer()
    }

    fn send(&mut self, request: &Request) -> Result<()> {
        let mut line =
            serde_json::to_vec(request).map_err(|error| Error::Protocol(error.to_string()))?;
        line.push(b'\n');
        self.stream
            .get_mut()
            .write_all(&line)
            .context(|| "cannot talk to the node's first process".into())
    }

    fn answer(&mut self) -> Result<Answer> {
        loop {
            match self.read()? {
                Answer::Ended(name, state) => self.ended.push((name, state)),
                answer => return Ok(answer),
            }
        }
    }

    fn read(&mut self) -> Result<Answer> {
        let mut line = String::new();
        let length = self
            .stream
            .read_line(&mut line)
            .context(|| "cannot hear from the node's first process".into())?;
        if length == 0 {
            return Err(Error::Protocol("the node's first process has ended".into()));
        }
        serde_json::from_str(&line).map_err(|error| Error::Protocol(error.to_string()))
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }
}

/// Has nodes awake that may rest, all at the same time.
pub fn wake_all<'a>(paths: &LabPaths, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let in_node = |node: &str| {
        let node = node.to_owned();
        move |error: Error| Error::Setup {
            node,
            problem: error.to_string(),
        }
    };
    let mut waking = Vec::new();
    for name in names {
        let mut control = Control::connect(&paths.node(name)).map_err(|_| Error::DeadNode {
            lab: paths.lab().into(),
            node: name.into(),
        })?;
        control.wake().map_err(in_node(name))?;
        waking.push((name, control));
    }
    waking
        .into_iter()
        .try_for_each(|(name, mut control)| control.awake().map_err(in_node(name)))
}

fn surprise(answer: &Answer) -> Error {
    Error::Protocol(format!("unexpected answer of the node: {answer:?}"))
}
