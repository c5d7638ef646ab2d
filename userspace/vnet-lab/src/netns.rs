// SPDX-License-Identifier: GPL-2.0

//! Network namespaces: visiting them, and the names under which `ip netns` knows them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{mount, umount2, MntFlags, MsFlags};
use nix::sched::{setns, CloneFlags};
use nix::sys::stat::{mknod, Mode, SFlag};

use crate::error::{Context, Error, Result};
use crate::node::Node;
use crate::paths::NETNS;

/// Does something in the network namespace of each node, in a thread made for it: the caller stays where it is.
pub fn visit<'a, T: Send>(
    nodes: impl IntoIterator<Item = &'a Node> + Send,
    mut work: impl FnMut(&Node) -> Result<T> + Send,
) -> Result<Vec<T>> {
    let all = || {
        nodes
            .into_iter()
            .map(|node| {
                setns(node.netns(), CloneFlags::CLONE_NEWNET)
                    .context(|| format!("cannot enter the network namespace of {}", node.name))?;
                work(node)
            })
            .collect()
    };
    std::thread::scope(|scope| scope.spawn(all).join())
        .unwrap_or_else(|_| Err(Error::Protocol("a thread in a namespace panicked".into())))
}

/// Makes the directory of names ready, as `ip netns` does: mounted on itself and shared, so that what is mounted in it
/// appears in other mount namespaces, too.
pub fn prepare_names() -> Result<()> {
    let what = || format!("cannot prepare {NETNS}");
    fs::create_dir_all(NETNS).context(what)?;
    let share = || {
        mount(
            None::<&str>,
            NETNS,
            None::<&str>,
            MsFlags::MS_SHARED | MsFlags::MS_REC,
            None::<&str>,
        )
    };
    match share() {
        Err(Errno::EINVAL) => {
            let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(Some(NETNS), NETNS, None::<&str>, bind, None::<&str>).context(what)?;
            share().context(what)
        }
        other => other.context(what),
    }
}

/// Gives the namespace of a node a name. As soon as it is ours, `mark` says so, for whoever removes it.
pub fn add_name(path: &Path, mark: &Path, node: &Node) -> Result<()> {
    let what = || format!("cannot make {}", path.display());
    match touch(path) {
        // An empty file is what a killed start has left; a namespace is not ours to take the name from.
        Err(error @ Errno::EEXIST) if is_mounted(path) => return Err(error).context(what),
        Err(Errno::EEXIST) => {}
        other => other.context(what)?,
    }
    match touch(mark) {
        Err(Errno::EEXIST) => {}
        other => other.context(|| format!("cannot make {}", mark.display()))?,
    }
    let source = format!("/proc/{}/ns/net", node.init);
    mount(
        Some(source.as_str()),
        path,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .context(what)
}

/// Makes an empty file, unless there is something, by a single system call.
fn touch(path: &Path) -> nix::Result<()> {
    mknod(path, SFlag::S_IFREG, Mode::from_bits_truncate(0o644), 0)
}

/// Takes a name away; it is no error if there is none.
pub fn remove_name(path: &Path) -> Result<()> {
    loop {
        let unmounted = umount2(path, MntFlags::MNT_DETACH).is_ok();
        return match fs::remove_file(path) {
            // Another namespace was mounted below.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && unmounted => continue,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        };
    }
}

/// Whether a namespace is mounted there: its file lies in another file system than the directory.
fn is_mounted(path: &Path) -> bool {
    match (fs::metadata(path), fs::metadata(NETNS)) {
        (Ok(file), Ok(directory)) => file.dev() != directory.dev(),
        _ => false,
    }
}
