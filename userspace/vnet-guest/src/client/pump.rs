// SPDX-License-Identifier: GPL-2.0
//! Moving bytes between a stream and this process's world, one direction at a time.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::unistd::{getpgrp, read, tcgetpgrp, write};

use super::conn::{no_sigpipe, Conn, Stream};
use crate::proto::msg::{Channel, Msg, STDIN};
use crate::proto::{Grants, CHUNK};

/// How often a background process looks whether it has got the terminal.
const FOREGROUND_CHECK_MS: u16 = 250;

/// Waits for credit; none when the input is of no more use.
fn credit(stream: &Stream) -> Option<usize> {
    stream.wait(|state| {
        if state.input_stopped || state.end.is_some() {
            Some(None)
        } else if state.credit > 0 {
            Some(Some(state.credit as usize))
        } else {
            None
        }
    })
}

fn send(conn: &Conn, stream: &Stream, data: &[u8]) {
    stream.update(|state| state.credit -= data.len() as u32);
    conn.send_data(stream.id, data);
}

/// Sends bytes, then the end of file.
pub fn input_from_bytes(conn: &Conn, stream: &Stream, mut data: &[u8]) {
    while !data.is_empty() {
        let Some(credit) = credit(stream) else { return };
        let (now, later) = data.split_at(data.len().min(credit).min(CHUNK));
        send(conn, stream, now);
        data = later;
    }
    conn.send(stream.id, &Msg::Eof(STDIN));
}

/// Sends what a reader gives, then the end of file.
pub fn input_from_reader(conn: &Conn, stream: &Stream, from: &mut dyn Read) -> io::Result<()> {
    let mut buffer = [0; CHUNK];
    loop {
        let Some(credit) = credit(stream) else {
            return Ok(());
        };
        match from.read(&mut buffer[..credit.min(CHUNK)]) {
            Ok(0) => {
                conn.send(stream.id, &Msg::Eof(STDIN));
                return Ok(());
            }
            Ok(n) => send(conn, stream, &buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether this process may read from its terminal without being stopped.
fn in_foreground(fd: BorrowedFd<'_>) -> bool {
    tcgetpgrp(fd).map_or(true, |group| group == getpgrp())
}

/// Sends what comes from this process's stdin until its end or until `wake` becomes readable.
pub fn input_from_stdin(conn: &Conn, stream: &Stream, wake: BorrowedFd<'_>) {
    let stdin = io::stdin();
    let fd = stdin.as_fd();
    let mut buffer = [0; CHUNK];
    while let Some(credit) = credit(stream) {
        // In the background a read would stop this process, though the program may never want input.
        let foreground = in_foreground(fd);
        let mut fds = vec![PollFd::new(wake, PollFlags::POLLIN)];
        if foreground {
            fds.push(PollFd::new(fd, PollFlags::POLLIN));
        }
        let timeout = if foreground {
            PollTimeout::NONE
        } else {
            FOREGROUND_CHECK_MS.into()
        };
        if poll(&mut fds, timeout).is_err() {
            continue;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        if ready[0] {
            return;
        }
        if ready.get(1) != Some(&true) || !in_foreground(fd) {
            continue;
        }
        match read(fd, &mut buffer[..credit.min(CHUNK)]) {
            Ok(0) => break,
            Ok(n) => send(conn, stream, &buffer[..n]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // A terminal that has hung up, a directory as stdin: for the program it is the end of its input.
            Err(_) => break,
        }
    }
    conn.send(stream.id, &Msg::Eof(STDIN));
}

/// Where an output goes.
pub enum Target<'a> {
    /// A descriptor of this process, which may or may not be non-blocking.
    Fd(BorrowedFd<'a>),
    /// A writer.
    Writer(Box<dyn Write + Send + 'a>),
    /// Memory.
    Memory(&'a mut Vec<u8>),
    /// Nowhere.
    Null,
}

impl Target<'_> {
    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Target::Fd(fd) => write_fd(*fd, data),
            Target::Writer(writer) => writer.write_all(data).and_then(|()| writer.flush()),
            Target::Memory(memory) => {
                memory.extend_from_slice(data);
                Ok(())
            }
            Target::Null => Ok(()),
        }
    }
}

fn write_fd(fd: BorrowedFd<'_>, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match write(fd, data) {
            Ok(n) => data = &data[n..],
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                // Somebody else has made it non-blocking.
                let _ = poll(
                    &mut [PollFd::new(fd, PollFlags::POLLOUT)],
                    PollTimeout::NONE,
                );
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Moves an output to its target until it ends, granting credit for what has been written. If the target is closed,
/// the program's end of the pipe is, too; any other error is returned, in the end.
pub fn output(
    conn: &Conn,
    stream: &Stream,
    channel: Channel,
    mut target: Target<'_>,
) -> io::Result<()> {
    no_sigpipe();
    let at = usize::from(channel - 1);
    let mut grants = Grants::default();
    let mut result = Ok(());
    loop {
        let chunk = stream.wait(|state| {
            let incoming = &mut state.incoming[at];
            match incoming.chunks.pop_front() {
                Some(chunk) => Some(Some(chunk)),
                None => (incoming.eof || state.end.is_some()).then_some(None),
            }
        });
        let Some(chunk) = chunk else { return result };
        if result.is_err() {
            continue;
        }
        match target.write_all(&chunk) {
            Ok(()) => {
                if let Some(credit) = grants.consumed(chunk.len()) {
                    conn.send(stream.id, &Msg::Credit(channel, credit));
                }
            }
            Err(error) => {
                conn.send(stream.id, &Msg::Stop(channel));
                result = Err(error);
            }
        }
    }
}
