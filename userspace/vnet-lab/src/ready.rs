// SPDX-License-Identifier: GPL-2.0

//! Waiting for what a daemon does when it is ready: a file or a socket of its own appears in its node.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use vnet_topology::plan::Ready;

use crate::cancel::Cancel;
use crate::error::{Context, Result};
use crate::node::control::{Control, State};
use crate::node::Node;

/// Between a socket's appearance and its first accept() nothing tells of listen(); this is how often it is tried.
const LISTEN_RETRY: Duration = Duration::from_millis(5);

/// How waiting for a daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is ready.
    Ready,
    /// It has ended instead.
    Ended(State),
    /// Time is up.
    Late,
}

/// Waits until a daemon that was started over `control` is ready.
pub fn wait(
    node: &Node,
    control: &mut Control,
    daemon: &str,
    ready: &Ready,
    cancel: &Cancel,
    deadline: Instant,
) -> Result<Outcome> {
    let target = match ready {
        Ready::Started => return Ok(Outcome::Ready),
        Ready::PidFile(path) | Ready::Socket(path) => node.path(path),
    };
    loop {
        // Watch first, then look: what happens in between is not missed.
        let watch = Watch::near(&target)?;
        let wake = match look(ready, &target) {
            Look::Ready => return Ok(Outcome::Ready),
            Look::NotYet => deadline,
            Look::Soon => deadline.min(Instant::now() + LISTEN_RETRY),
        };
        if let Some(state) = control.ended(daemon)? {
            return Ok(Outcome::Ended(state));
        }
        let events = cancel.wait(&[watch.inotify.as_fd(), control.as_fd()], Some(wake))?;
        if events.contains(&1) {
            control.read_end()?;
        }
        if Instant::now() >= deadline {
            return Ok(Outcome::Late);
        }
    }
}

enum Look {
    Ready,
    /// It is there, but not as it has to be, and nobody will say when that changes.
    Soon,
    NotYet,
}

fn look(ready: &Ready, target: &Path) -> Look {
    match ready {
        Ready::Started => Look::Ready,
        Ready::PidFile(_) => match fs::metadata(target) {
            Ok(metadata) if metadata.len() > 0 => Look::Ready,
            _ => Look::NotYet,
        },
        Ready::Socket(_) => match connect(target) {
            Ok(()) => Look::Ready,
            Err(_) if target.exists() => Look::Soon,
            Err(_) => Look::NotYet,
        },
    }
}

/// By way of the directory's descriptor, as the path may be longer than a socket's address takes.
fn connect(target: &Path) -> std::io::Result<()> {
    use std::os::fd::AsRawFd;
    let directory = fs::File::open(target.parent().unwrap_or(Path::new("/")))?;
    let name = target.file_name().unwrap_or_default();
    let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
    UnixStream::connect(path).map(drop)
}

/// Watches the nearest directory above a path that exists.
struct Watch {
    inotify: Inotify,
}

impl Watch {
    fn near(target: &Path) -> Result<Self> {
        let what = || format!("cannot watch for {}", target.display());
        let inotify =
            Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).context(what)?;
        let directory = target
            .ancestors()
            .skip(1)
            .find(|directory| directory.is_dir())
            .unwrap_or(Path::new("/"));
        inotify
            .add_watch(
                directory,
                AddWatchFlags::IN_CREATE
                    | AddWatchFlags::IN_MOVED_TO
                    | AddWatchFlags::IN_CLOSE_WRITE
                    | AddWatchFlags::IN_MODIFY
                    | AddWatchFlags::IN_ATTRIB,
            )
            .context(what)?;
        Ok(Watch { inotify })
    }
}
