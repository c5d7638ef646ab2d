// SPDX-License-Identifier: GPL-2.0
//! This process's terminal while a program in the guest has it.

#![allow(unsafe_code)] // Asking the terminal's size.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Mutex, Once};

use nix::libc;
use nix::sys::termios::{cfmakeraw, tcgetattr, tcsetattr, SetArg, Termios};

use super::conn::lock;
use crate::proto::msg::Winsize;

mod ioctl {
    use nix::libc;
    nix::ioctl_read_bad!(get_winsize, libc::TIOCGWINSZ, libc::winsize);
}

/// The settings to go back to, while they are changed.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// The size of the terminal on stdin, or a usual one.
pub fn size() -> Winsize {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the pointer is to a winsize that lives for the call, which TIOCGWINSZ fills.
    let known = unsafe { ioctl::get_winsize(io::stdin().as_raw_fd(), &mut size) }.is_ok();
    if !known || size.ws_row == 0 || size.ws_col == 0 {
        return Winsize {
            rows: 24,
            columns: 80,
            width: 0,
            height: 0,
        };
    }
    Winsize {
        rows: size.ws_row,
        columns: size.ws_col,
        width: size.ws_xpixel,
        height: size.ws_ypixel,
    }
}

/// Raw mode of the terminal on stdin, until it is dropped; also a panic puts the terminal back.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Switches it on.
    pub fn new() -> nix::Result<Raw> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        let settings = tcgetattr(io::stdin())?;
        *lock(&SAVED) = Some(settings);
        let raw = Raw(());
        raw.again()?;
        Ok(raw)
    }

    /// Switches it on once more, after this process was stopped and its shell had the terminal.
    pub fn again(&self) -> nix::Result<()> {
        if let Some(mut settings) = lock(&SAVED).clone() {
            cfmakeraw(&mut settings);
            tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &settings)?;
        }
        Ok(())
    }
}

fn restore() {
    if let Some(settings) = lock(&SAVED).take() {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &settings);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}
