// SPDX-License-Identifier: GPL-2.0

//! What is being done, on one line of a terminal; nothing of it in a pipe. With `VNET_VERBOSE` in the environment, each
//! step on a line of its own with its time, anywhere.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// The line.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    /// When it began, if every step is to be told with its time.
    verbose: Option<Instant>,
}

impl Progress {
    /// On standard error.
    pub fn new() -> Self {
        Progress {
            terminal: io::stderr().is_terminal(),
            verbose: env::var_os("VNET_VERBOSE").map(|_| Instant::now()),
        }
    }

    /// Shows a text until the next one.
    pub fn show(&mut self, text: &str) {
        if let Some(begin) = self.verbose {
            eprintln!("{:8.3} {text}", begin.elapsed().as_secs_f64());
        } else if self.terminal {
            let width = crate::output::width().saturating_sub(1);
            let text: String = text.chars().take(width).collect();
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
            let _ = io::stderr().flush();
        }
    }

    /// Says something that stays.
    pub fn note(&mut self, text: &str) {
        self.clear();
        eprintln!("vnetctl: {text}");
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
            let _ = io::stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
