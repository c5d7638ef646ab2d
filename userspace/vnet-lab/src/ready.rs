// SPDX-License-Identifier: GPL-2.0

//! Waiting for what a daemon does when it is ready: a file or a socket of its own appears in its node.

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
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
        let wake = match look(node, ready, &target) {
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

fn look(node: &Node, ready: &Ready, target: &Path) -> Look {
    match ready {
        Ready::Started => Look::Ready,
        Ready::PidFile(_) => match fs::metadata(target) {
            Ok(metadata) if metadata.len() > 0 => Look::Ready,
            _ => Look::NotYet,
        },
        Ready::Socket(path) => match (listens(node, path), target.exists()) {
            (true, _) => Look::Ready,
            (false, true) => Look::Soon,
            (false, false) => Look::NotYet,
        },
    }
}

/// Whether a process in the node listens there, from the kernel's list of its sockets. Not by connecting: that is not
/// without effect on every daemon (zebra loses its connected routes when a client goes that has just come).
fn listens(node: &Node, path: &str) -> bool {
    let list = format!("/proc/{}/net/unix", node.init);
    fs::read_to_string(list).is_ok_and(|list| is_listening(&list, path))
}

fn is_listening(list: &str, path: &str) -> bool {
    /// `__SO_ACCEPTCON`
    const LISTENS: &str = "00010000";
    list.lines().any(|line| {
        // Address, references, protocol, flags, type, state, inode, path.
        let mut fields = line.split_whitespace();
        fields.nth(3) == Some(LISTENS) && fields.nth(3) == Some(path)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_found() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                    0000000000000000: 00000002 00000000 00010000 0001 01   912 /run/frr/zserv.api\n\
                    0000000000000000: 00000003 00000000 00000000 0001 03   913 /run/frr/zebra.vty\n";
        assert!(is_listening(list, "/run/frr/zserv.api"));
        assert!(
            !is_listening(list, "/run/frr/zebra.vty"),
            "bound or connected only"
        );
        assert!(!is_listening(list, "/run/frr/zserv"));
    }
}
