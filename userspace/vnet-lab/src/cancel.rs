// SPDX-License-Identifier: GPL-2.0

//! Ending what takes long before it is done.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::error::{Context, Error, Result};

/// Tells everything that waits on it to end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Cancel {
    event: Arc<EventFd>,
}

impl Cancel {
    /// One that nobody has used yet.
    pub fn new() -> Result<Self> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .context(|| "cannot make an event descriptor".into())?;
        Ok(Cancel {
            event: Arc::new(event),
        })
    }

    /// A descriptor; whoever writes eight bytes that are not all zero to it cancels. For signal handlers.
    pub fn raw(&self) -> RawFd {
        self.event.as_fd().as_raw_fd()
    }

    /// Cancels.
    pub fn cancel(&self) {
        // It only fails when the counter is full, and then it is cancelled.
        let _ = self.event.write(1);
    }

    /// An error if it has been cancelled.
    pub fn check(&self) -> Result<()> {
        self.wait(&[], Some(Instant::now())).map(drop)
    }

    /// Waits until one of the descriptors can be read (or has an error), or until the deadline; says which ones.
    /// Cancelling ends it with an error.
    pub fn wait(&self, fds: &[BorrowedFd<'_>], deadline: Option<Instant>) -> Result<Vec<usize>> {
        let mut list: Vec<PollFd<'_>> = fds
            .iter()
            .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
            .collect();
        list.push(PollFd::new(self.event.as_fd(), PollFlags::POLLIN));
        loop {
            match poll(&mut list, timeout(deadline)) {
                Ok(_) => break,
                // The handler of the signal has cancelled, or it does not concern us.
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error).context(|| "poll".into()),
            }
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        if is_ready(&list[fds.len()]) {
            return Err(Error::Interrupted);
        }
        Ok((0..fds.len())
            .filter(|index| is_ready(&list[*index]))
            .collect())
    }
}

fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else {
        return PollTimeout::NONE;
    };
    let left = deadline.saturating_duration_since(Instant::now());
    // Rounded up, else the last fraction of a millisecond would be spent spinning.
    let left = left + Duration::from_nanos(999_999);
    PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
}

/// A descriptor of a process, which can be polled for its end.
pub fn pidfd(pid: i32) -> Result<OwnedFd> {
    // SAFETY: the call takes numbers only and returns a new descriptor or an error.
    #[allow(unsafe_code)]
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = Errno::result(fd).context(|| format!("cannot open process {pid}"))?;
    // SAFETY: the kernel has just made this descriptor for us.
    #[allow(unsafe_code)]
    Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(fd as RawFd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_ends_waiting() {
        let cancel = Cancel::new().unwrap();
        assert!(cancel.check().is_ok());
        let deadline = Instant::now() + Duration::from_millis(1);
        assert!(cancel.wait(&[], Some(deadline)).unwrap().is_empty());
        cancel.clone().cancel();
        assert!(matches!(cancel.check(), Err(Error::Interrupted)));
        assert!(matches!(cancel.wait(&[], None), Err(Error::Interrupted)));
    }

    #[test]
    fn a_process_that_ends_is_noticed() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let fd = pidfd(child.id() as i32).unwrap();
        let cancel = Cancel::new().unwrap();
        assert_eq!(cancel.wait(&[fd.as_fd()], None).unwrap(), [0]);
        child.wait().unwrap();
    }
}
