// SPDX-License-Identifier: GPL-2.0
//! A connection to a supervisor before it is one to its guest: greetings, and waiting for the guest.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conn::{send_all, Conn};
use super::types::GuestInfo;
use crate::error::{Error, Result};
use crate::proto::frame::Decoder;
use crate::proto::msg::{Hello, Msg};
use crate::proto::VERSION;
use crate::rundir::LabDir;

/// How long a living supervisor may take to greet.
const GREETING_LIMIT: Duration = Duration::from_secs(10);

/// What [`Opening::receive`] has to say.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Msg(Msg),
    /// The connection has been closed.
    End,
    /// The time is up.
    Nothing,
}

/// A connection that has not been greeted yet.
pub struct Opening {
    socket: UnixStream,
    decoder: Decoder,
    lab: String,
}

impl Opening {
    /// Connects to the lab's socket.
    pub fn new(dir: &LabDir) -> io::Result<Opening> {
        let socket = UnixStream::connect(dir.socket())?;
        Ok(Opening {
            socket,
            decoder: Decoder::default(),
            lab: dir.lab.clone(),
        })
    }

    /// Sends something.
    pub fn send(&mut self, msg: &Msg) -> io::Result<()> {
        let mut out = Vec::new();
        msg.encode(0, &mut out);
        // An absent reader is seen as an error, whatever the program does about SIGPIPE.
        send_all(&self.socket, &out)
    }

    /// The next message.
    pub fn receive(&mut self, deadline: Option<Instant>) -> Result<Heard> {
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => {
                    return Msg::decode(&frame)
                        .map(Heard::Msg)
                        .map_err(|_| nonsense("malformed frame"))
                }
                Ok(None) => {}
                Err(error) => return Err(nonsense(error.to_string())),
            }
            let left = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return Ok(Heard::Nothing),
                left => left,
            };
            self.socket
                .set_read_timeout(left)
                .map_err(Error::io("cannot set a time limit"))?;
            let mut buffer = [0; 4096];
            match self.socket.read(&mut buffer) {
                Ok(0) => return Ok(Heard::End),
                Ok(n) => self.decoder.feed(&buffer[..n]),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                        return Ok(Heard::Nothing)
                    }
                    io::ErrorKind::ConnectionReset => return Ok(Heard::End),
                    _ => return Err(Error::io("cannot hear the supervisor")(error)),
                },
            }
        }
    }

    /// Exchanges greetings; false if the supervisor is just going.
    pub fn greet(&mut self, limit: Duration) -> Result<bool> {
        let hello = Hello {
            version: VERSION,
            window: 0,
            program: env!("CARGO_PKG_VERSION").into(),
            kernel: String::new(),
            trouble: String::new(),
        };
        // If it has gone meanwhile, it may have said good-bye before.
        let _ = self.send(&Msg::Hello(hello));
        match self.receive(Some(Instant::now() + limit))? {
            Heard::Msg(Msg::Hello(hello)) if hello.version == VERSION => Ok(true),
            Heard::Msg(Msg::Hello(hello)) => Err(Error::Version {
                agent: hello.version,
                tool: VERSION,
            }),
            Heard::Msg(_) => Err(nonsense("no greeting")),
            Heard::End => Ok(false),
            Heard::Nothing => Err(Error::Timeout {
                what: format!("the supervisor of lab `{}`", self.lab),
                limit,
            }),
        }
    }

    /// Waits for the guest to be ready, as long as it takes or until `deadline`.
    pub fn ready(&mut self, deadline: Option<Instant>) -> Result<Option<GuestInfo>> {
        match self.receive(deadline)? {
            Heard::Msg(Msg::Ready(info)) => serde_json::from_slice(&info)
                .map(Some)
                .map_err(|error| nonsense(error.to_string())),
            Heard::Msg(Msg::Bye { reason, log }) => Err(Error::StartFailed {
                lab: self.lab.clone(),
                reason,
                log,
            }),
            Heard::Msg(_) => Err(nonsense("not ready, not over")),
            Heard::Nothing => Ok(None),
            Heard::End => Err(Error::GuestDied {
                lab: self.lab.clone(),
                reason: "its supervisor has gone".into(),
                log: String::new(),
            }),
        }
    }

    /// Makes it a connection for use; none if the supervisor is just going.
    pub fn finish(mut self) -> Result<Option<Arc<Conn>>> {
        if !self.greet(GREETING_LIMIT)? {
            return Ok(None);
        }
        let info = self.ready(None)?.ok_or_else(|| Error::NotRunning {
            lab: self.lab.clone(),
        })?;
        self.socket
            .set_read_timeout(None)
            .map_err(Error::io("cannot set a time limit"))?;
        Conn::start(self.socket, self.decoder, info).map(Some)
    }
}

fn nonsense(reason: impl Into<String>) -> Error {
    Error::Protocol {
        peer: "the supervisor",
        reason: reason.into(),
    }
}
