// SPDX-License-Identifier: GPL-2.0
//! One hop: a non-blocking descriptor with frames going in and out.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg, OFlag};
use nix::unistd::{read, write};

use crate::proto::frame::{Decoder, Frame, FrameError};
use crate::proto::msg::Msg;

/// What is usually read in one go at most, so that a busy peer does not keep everybody else waiting.
pub const FILL: usize = 256 * 1024;

/// Makes a descriptor return instead of wait.
pub fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A descriptor that carries frames both ways. Nothing here waits.
#[derive(Debug)]
pub struct Link {
    fd: OwnedFd,
    /// Where to write, if that is another descriptor.
    other: Option<OwnedFd>,
    decoder: Decoder,
    out: Vec<u8>,
    written: usize,
    /// How much more may be written until the other end acknowledges some.
    window: usize,
    unacked: u32,
}

impl Link {
    /// Takes a socket, a terminal in raw mode or a virtio port.
    pub fn new(fd: OwnedFd) -> io::Result<Link> {
        set_nonblocking(&fd)?;
        Ok(Link {
            fd,
            other: None,
            decoder: Decoder::default(),
            out: Vec::new(),
            written: 0,
            window: usize::MAX,
            unacked: 0,
        })
    }

    /// Takes a descriptor to read from and one to write to.
    pub fn split(from: OwnedFd, to: OwnedFd) -> io::Result<Link> {
        set_nonblocking(&to)?;
        let mut link = Link::new(from)?;
        link.other = Some(to);
        Ok(link)
    }

    /// The descriptor that is written to.
    pub fn writer(&self) -> BorrowedFd<'_> {
        self.other.as_ref().unwrap_or(&self.fd).as_fd()
    }

    /// Queues a message.
    pub fn send(&mut self, stream: u32, msg: &Msg) {
        msg.encode(stream, &mut self.out);
    }

    /// Where frames may be appended that are not messages.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Bytes that wait to be written.
    pub fn queued(&self) -> usize {
        self.out.len() - self.written
    }

    /// Bounds what may be on its way to the other end; 0 is no bound.
    pub fn set_window(&mut self, bytes: u32) {
        self.window = if bytes == 0 {
            usize::MAX
        } else {
            bytes as usize
        };
    }

    /// The other end has read so much.
    pub fn acked(&mut self, bytes: u32) {
        self.window = self.window.saturating_add(bytes as usize);
    }

    /// Bytes read that the other end has not been told of.
    pub fn unacked(&self) -> u32 {
        self.unacked
    }

    /// The same, about to be told.
    pub fn take_unacked(&mut self) -> u32 {
        std::mem::take(&mut self.unacked)
    }

    /// Whether there is something that may be written now.
    pub fn can_flush(&self) -> bool {
        self.queued() > 0 && self.window > 0
    }

    /// Writes as much as the descriptor takes.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.can_flush() {
            let end = self.out.len().min(self.written.saturating_add(self.window));
            match write(self.writer(), &self.out[self.written..end]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.written += n;
                    if self.window != usize::MAX {
                        self.window -= n;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
        } else if self.written > FILL {
            self.out.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }

    /// Reads what is there, about `most` bytes; false at the end of the stream.
    pub fn fill(&mut self, most: usize) -> io::Result<bool> {
        let mut buffer = [0; 64 * 1024];
        let mut total = 0;
        while total < most {
            let room = buffer.len().min(most - total);
            match read(&self.fd, &mut buffer[..room]) {
                // A terminal whose other side is closed says EIO.
                Ok(0) | Err(Errno::EIO | Errno::ECONNRESET) => return Ok(false),
                Ok(n) => {
                    self.decoder.feed(&buffer[..n]);
                    self.unacked = self.unacked.saturating_add(n as u32);
                    total += n;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(true)
    }

    /// The next frame that has arrived completely.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        self.decoder.next_frame()
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
