// SPDX-License-Identifier: GPL-2.0

//! Signals that end what takes long, so that it can undo what it has done.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{sigaction, SaFlags, SigAction, SigHandler, SigSet, Signal};
use vnet_lab::Cancel;

/// Descriptor of the event that the handler raises.
static EVENT: AtomicI32 = AtomicI32::new(-1);

extern "C" fn handler(_: libc::c_int) {
    let fd: RawFd = EVENT.load(Ordering::Relaxed);
    let one = 1u64.to_ne_bytes();
    // SAFETY: write is async-signal-safe, the buffer lives for the call, and the descriptor is open until the program
    // ends, see `cancel`. A failure means that the event has been raised before.
    #[allow(unsafe_code)]
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(fd, one.as_ptr().cast(), one.len());
        *libc::__errno_location() = errno;
    }
}

/// What the signals of the keyboard, and those that ask to end, cancel from now on.
pub fn cancel() -> vnet_lab::Result<Cancel> {
    let cancel = Cancel::new()?;
    EVENT.store(cancel.raw(), Ordering::Relaxed);
    // The descriptor must outlive the handler, which stays for good.
    std::mem::forget(cancel.clone());
    let action = SigAction::new(
        SigHandler::Handler(handler),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler makes only async-signal-safe calls.
        #[allow(unsafe_code)]
        let _ = unsafe { sigaction(signal, &action) };
    }
    Ok(cancel)
}
