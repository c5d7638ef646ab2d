// SPDX-License-Identifier: GPL-2.0
//! The agent's end of a stream: a program or a file, with its flow control.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::unistd::{read, write, Pid};

use crate::proto::msg::{encode_data, Channel, Failure, Msg, STDIN};
use crate::proto::{Grants, CHUNK, WINDOW};

/// Bytes on their way from the client into a program or a file.
#[derive(Debug)]
pub struct Inlet {
    fd: Option<OwnedFd>,
    buffer: VecDeque<u8>,
    granted: u32,
    grants: Grants,
    eof: bool,
    terminal: bool,
    /// Whether the last byte received ended a line.
    line_ended: bool,
}

/// The client has sent more than it may.
#[derive(Debug, PartialEq, Eq)]
pub struct Overrun;

impl Inlet {
    /// For a descriptor that does not block. The client has been granted [`WINDOW`] bytes.
    pub fn new(fd: OwnedFd, terminal: bool) -> Inlet {
        Inlet {
            fd: Some(fd),
            buffer: VecDeque::new(),
            granted: WINDOW,
            grants: Grants::default(),
            eof: false,
            terminal,
            line_ended: true,
        }
    }

    /// Takes bytes from the client.
    pub fn receive(&mut self, data: &[u8]) -> Result<(), Overrun> {
        self.granted = u32::try_from(data.len())
            .ok()
            .and_then(|n| self.granted.checked_sub(n))
            .ok_or(Overrun)?;
        if self.fd.is_some() && !self.eof {
            self.buffer.extend(data);
            self.line_ended = data.last().map_or(self.line_ended, |byte| *byte == b'\n');
        }
        Ok(())
    }

    /// The client will send nothing more.
    pub fn receive_eof(&mut self) {
        if !self.eof {
            self.eof = true;
            // A terminal cannot be half closed; its end of file is a character, which after half a line only says
            // that the line ends here.
            let mark: &[u8] = if self.line_ended {
                b"\x04"
            } else {
                b"\x04\x04"
            };
            self.buffer.extend(mark.iter().filter(|_| self.terminal));
        }
    }

    /// The descriptor to wait for, if there is something to write.
    pub fn waiting(&self) -> Option<BorrowedFd<'_>> {
        self.fd
            .as_ref()
            .filter(|_| !self.buffer.is_empty())
            .map(AsFd::as_fd)
    }

    /// Whether everything has been written and the descriptor is closed.
    pub fn is_done(&self) -> bool {
        self.fd.is_none()
    }

    /// Writes what can be written and queues credit for it.
    pub fn pump(&mut self, id: u32, out: &mut Vec<u8>) -> Result<(), Errno> {
        while let Some(fd) = self.fd.as_ref().filter(|_| !self.buffer.is_empty()) {
            match write(fd, self.buffer.as_slices().0) {
                Ok(n) => {
                    self.buffer.drain(..n);
                    if let Some(credit) = self.grants.consumed(n).filter(|_| !self.eof) {
                        self.granted = self.granted.saturating_add(credit);
                        Msg::Credit(STDIN, credit).encode(id, out);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(errno) => {
                    self.close();
                    return Err(errno);
                }
            }
        }
        if self.eof && self.buffer.is_empty() {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        self.fd = None;
        self.buffer = VecDeque::new();
    }
}

/// Bytes on their way from a program or a file to the client.
#[derive(Debug)]
pub struct Outlet {
    /// What they come from; none when it has ended.
    pub fd: Option<OwnedFd>,
    /// Which channel they go to.
    pub channel: Channel,
    credit: u32,
}

/// What one turn of [`Outlet::pump`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Pumped {
    /// Bytes were sent.
    Some,
    /// There is nothing to read now.
    Dry,
    /// The client must grant credit first.
    NoCredit,
    /// There is nothing more to come.
    End,
}

impl Outlet {
    /// For a descriptor that does not block.
    pub fn new(fd: OwnedFd, channel: Channel, credit: u32) -> Outlet {
        Outlet {
            fd: Some(fd),
            channel,
            credit,
        }
    }

    /// The client has room for more.
    pub fn grant(&mut self, credit: u32) {
        self.credit = self.credit.saturating_add(credit);
    }

    /// The descriptor to wait for, if anything may be sent.
    pub fn waiting(&self) -> Option<BorrowedFd<'_>> {
        self.fd
            .as_ref()
            .filter(|_| self.credit > 0)
            .map(AsFd::as_fd)
    }

    /// Sends one chunk.
    pub fn pump(&mut self, id: u32, out: &mut Vec<u8>) -> Result<Pumped, Errno> {
        let Some(fd) = &self.fd else {
            return Ok(Pumped::End);
        };
        if self.credit == 0 {
            return Ok(Pumped::NoCredit);
        }
        let mut chunk = [0; CHUNK];
        let most = CHUNK.min(self.credit as usize);
        match read(fd, &mut chunk[..most]) {
            // EIO is how a terminal says that nobody has it open any more.
            Ok(0) | Err(Errno::EIO) => {
                self.fd = None;
                Msg::Eof(self.channel).encode(id, out);
                Ok(Pumped::End)
            }
            Ok(n) => {
                self.credit -= n as u32;
                encode_data(out, id, self.channel, &chunk[..n]);
                Ok(Pumped::Some)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(Pumped::Dry),
            Err(errno) => {
                self.fd = None;
                Err(errno)
            }
        }
    }
}

/// How a stream's program ended: exit status or signal, as in [`Msg::Exit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The status, or the signal's number.
    pub value: u8,
    /// Which of the two.
    pub signal: bool,
}

/// A file that is being written under a name of its own until it is complete.
#[derive(Debug)]
pub struct Pending {
    /// Where it is now.
    pub temporary: PathBuf,
    /// Where it will be.
    pub path: PathBuf,
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After the renaming there is nothing of this name, and nothing to say about it.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    /// Its number.
    pub id: u32,
    /// The program's process, leader of its session, until it has been reaped.
    pub leader: Option<Pid>,
    /// How it ended, once it has. A file that is read is a program that has ended but not said everything yet.
    pub status: Option<Status>,
    /// Towards the program.
    pub inlet: Option<Inlet>,
    /// From the program.
    pub outlets: Vec<Outlet>,
    /// The terminal's master side.
    pub terminal: Option<OwnedFd>,
    /// The file that is being written.
    pub pending: Option<Pending>,
}

impl Stream {
    /// Moves input on. Returns the stream's failure, if it is over because of that.
    pub fn pump_in(&mut self, out: &mut Vec<u8>) -> Option<Msg> {
        if self.pending.is_some() && self.status.is_some() {
            return None; // The file is in its place.
        }
        let inlet = self.inlet.as_mut()?;
        let result = inlet.pump(self.id, out);
        match (&self.pending, result) {
            (Some(pending), Err(errno)) => Some(failed(format!(
                "cannot write {}: {}",
                pending.path.display(),
                errno.desc()
            ))),
            (Some(pending), Ok(())) if inlet.is_done() => {
                let result = std::fs::rename(&pending.temporary, &pending.path);
                match result {
                    Ok(()) => {
                        self.status = Some(Status {
                            value: 0,
                            signal: false,
                        });
                        None
                    }
                    Err(error) => Some(failed(format!(
                        "cannot write {}: {error}",
                        pending.path.display()
                    ))),
                }
            }
            (None, Err(_)) => {
                // The program reads no more: its end of the pipe is closed.
                Msg::Stop(STDIN).encode(self.id, out);
                None
            }
            _ => None,
        }
    }

    /// Sends one chunk of each output; whether there was any.
    pub fn pump_out(&mut self, out: &mut Vec<u8>) -> Result<bool, Msg> {
        let mut any = false;
        for outlet in &mut self.outlets {
            match outlet.pump(self.id, out) {
                Ok(pumped) => any |= pumped == Pumped::Some,
                Err(errno) => return Err(failed(format!("cannot read: {}", errno.desc()))),
            }
        }
        Ok(any)
    }

    /// If the program has ended and all that it wrote is sent: how it ended. What others still hold open of its
    /// outputs remains in the outlets.
    pub fn finished(&mut self, out: &mut Vec<u8>) -> Option<Result<Status, Msg>> {
        let status = self.status?;
        for outlet in &mut self.outlets {
            match outlet.pump(self.id, out) {
                Ok(Pumped::Some | Pumped::NoCredit) => return None,
                Ok(Pumped::Dry | Pumped::End) => {}
                Err(errno) => return Some(Err(failed(format!("cannot read: {}", errno.desc())))),
            }
        }
        Some(Ok(status))
    }

    /// The client wants no more of a channel. For a terminal that means that it hangs up.
    pub fn stop(&mut self, channel: Channel) {
        if self.terminal.take().is_some() {
            self.inlet = None;
        }
        for outlet in self
            .outlets
            .iter_mut()
            .filter(|outlet| outlet.channel == channel)
        {
            outlet.fd = None;
        }
    }
}

/// A failure that is nothing special.
pub fn failed(text: impl Into<String>) -> Msg {
    Msg::Failed {
        why: Failure::Other,
        text: text.into(),
    }
}
