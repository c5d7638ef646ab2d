// SPDX-License-Identifier: GPL-2.0
//! Signals to this process, taken while a program in the guest is to have them instead.

#![allow(unsafe_code)] // Installing handlers.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{sigaction, SaFlags, SigAction, SigHandler, SigSet, Signal};
use nix::unistd::{pipe2, read};

use super::conn::lock;

/// Passed on to the program.
const FORWARDED: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// For ourselves: the terminal's size, and its mode after a stop.
const OWN: [Signal; 2] = [Signal::SIGWINCH, Signal::SIGCONT];

/// The pipe that the handler writes to; -1 before there is one. It stays open, since a handler may run late.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// The pipe's other end, held by the one that takes signals at present.
static READER: Mutex<Option<OwnedFd>> = Mutex::new(None);

extern "C" fn handler(signal: libc::c_int) {
    let errno = Errno::last_raw();
    let byte = [signal as u8];
    // SAFETY: write is async-signal-safe; the buffer lives for the call; the descriptor is never closed. A full pipe
    // holds thousands of signals that nobody has looked at, one more says nothing new.
    unsafe { libc::write(PIPE.load(Ordering::Relaxed), byte.as_ptr().cast(), 1) };
    Errno::set_raw(errno);
}

/// Signals arrive here, not at their usual actions, until this is dropped.
pub struct Taken {
    reader: MutexGuard<'static, Option<OwnedFd>>,
    before: Vec<(Signal, SigAction)>,
}

impl Taken {
    /// Takes the signals. Waits for another thread that has them. Those that this process ignores (as under `nohup`)
    /// stay ignored.
    pub fn new() -> io::Result<Taken> {
        let mut reader = lock(&READER);
        if reader.is_none() {
            let (read_end, write_end) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
            PIPE.store(write_end.into_raw_fd(), Ordering::Relaxed);
            *reader = Some(read_end);
        }
        let mut taken = Taken {
            reader,
            before: Vec::new(),
        };
        let action = SigAction::new(
            SigHandler::Handler(handler),
            SaFlags::SA_RESTART,
            SigSet::empty(),
        );
        for signal in FORWARDED.into_iter().chain(OWN) {
            // SAFETY: the handler only does what is allowed in one, see there.
            let before = unsafe { sigaction(signal, &action)? };
            if matches!(before.handler(), SigHandler::SigIgn) {
                // SAFETY: this is what it was.
                unsafe { sigaction(signal, &before)? };
            } else {
                taken.before.push((signal, before));
            }
        }
        Ok(taken)
    }

    /// Readable when there is a signal.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.reader.as_ref().map(AsFd::as_fd)
    }

    /// Those that have arrived.
    pub fn take(&self) -> Vec<Signal> {
        let mut bytes = [0; 64];
        let n = self
            .fd()
            .map_or(Ok(0), |fd| read(fd, &mut bytes))
            .unwrap_or(0);
        bytes[..n]
            .iter()
            .filter_map(|byte| Signal::try_from(i32::from(*byte)).ok())
            .collect()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            // SAFETY: this is what it was.
            let _ = unsafe { sigaction(*signal, before) };
        }
        // None that came in the last moment is for the next one to see.
        while !self.take().is_empty() {}
    }
}
