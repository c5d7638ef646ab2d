// SPDX-License-Identifier: GPL-2.0
//! The guest's console: into a file of bounded size, the end of it at hand.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::unistd::read;

use crate::link::set_nonblocking;

/// The file is put aside when it is this long, so that a chatty kernel cannot fill memory.
const FILE_MAX: u64 = 8 << 20;

/// How much of the end is kept at hand.
const TAIL: usize = 16 << 10;

/// How many lines of it are shown.
const TAIL_LINES: usize = 30;

/// The console's reading end.
#[derive(Debug)]
pub struct Console {
    pipe: OwnedFd,
    path: PathBuf,
    file: File,
    written: u64,
    tail: VecDeque<u8>,
}

fn create(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

impl Console {
    /// Writes what comes from `pipe` into a new file.
    pub fn new(pipe: OwnedFd, path: PathBuf) -> io::Result<Console> {
        set_nonblocking(&pipe)?;
        let file = create(&path)?;
        Ok(Console {
            pipe,
            path,
            file,
            written: 0,
            tail: VecDeque::new(),
        })
    }

    /// Takes what is there; false when nobody has the other end any more.
    pub fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        loop {
            match read(&self.pipe, &mut buffer) {
                Ok(0) => return Ok(false),
                Ok(n) => self.keep(&buffer[..n])?,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(true),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn keep(&mut self, text: &[u8]) -> io::Result<()> {
        self.tail.extend(text);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        if self.written > FILE_MAX {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            self.file = create(&self.path)?;
            self.written = 0;
        }
        self.written += text.len() as u64;
        self.file.write_all(text)
    }

    /// The last lines.
    pub fn tail(&self) -> String {
        let (a, b) = self.tail.as_slices();
        last_lines(&[a, b].concat())
    }
}

/// The last lines of a console's text, for a message.
pub fn last_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace('\r', "");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

impl AsFd for Console {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
