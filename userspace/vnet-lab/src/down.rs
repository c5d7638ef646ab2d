// SPDX-License-Identifier: GPL-2.0

//! Taking a lab down, whatever is left of it.
//!
//! Everything is found by the lab's mark: links and instances carry its name in the kernel, processes are in its control
//! group, namespaces and files have it in their path. So it does not matter who made what, or when the maker was killed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::cancel::{pidfd, Cancel};
use crate::cgroup::{self, Cgroups};
use crate::error::{Context, Error, Result};
use crate::netns;
use crate::node::control::{Control, SOCKET};
use crate::outside;
use crate::paths::LabPaths;
use crate::state::Lock;
use crate::wire::LinkBackend;

/// Killed processes are gone in milliseconds; one that is not hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes a lab down. Says whether there was anything of it.
pub fn down(lab: &str, backend: &mut dyn LinkBackend) -> Result<bool> {
    let paths = LabPaths::new(lab)?;
    // Its file stays: whoever has opened it already must not come to hold the lock of a file that is gone.
    let _lock = Lock::take(&paths)?;
    remove(&paths, backend)
}

/// Removes everything of a lab; the caller holds its lock.
pub fn remove(paths: &LabPaths, backend: &mut dyn LinkBackend) -> Result<bool> {
    let lab = paths.lab();
    let cgroups = Cgroups::find();
    let mut nodes: BTreeSet<String> = paths.node_names()?.into_iter().collect();
    if let Some(cgroups) = &cgroups {
        nodes.extend(cgroups.nodes(lab));
    }
    for node in paths.device_nodes()? {
        outside::give_back(paths, &node)?;
    }
    let mut found = paths.exists() || !nodes.is_empty();
    found |= backend.remove_links(lab, None)? > 0;
    kill(paths, cgroups.as_ref(), &nodes)?;
    for node in &nodes {
        remove_name(paths, node)?;
        // Most have nothing else; what has is removed with the rest.
        let directory = paths.node(node);
        let _ = fs::remove_file(directory.join(SOCKET));
        let _ = fs::remove_dir(directory);
    }
    if let Some(cgroups) = &cgroups {
        let group = cgroups.lab(lab);
        cgroup::remove(&group).context(|| format!("cannot remove {}", group.display()))?;
    }
    remove_tree(paths.root())?;
    Ok(found)
}

/// Removes some nodes of a lab.
pub fn remove_nodes(paths: &LabPaths, names: &BTreeSet<String>) -> Result<()> {
    let cgroups = Cgroups::find();
    let mut processes = Vec::new();
    for name in names {
        outside::give_back(paths, name)?;
        processes.extend(kill_node(paths, cgroups.as_ref(), name)?);
    }
    wait_for_end(&processes)?;
    for name in names {
        remove_name(paths, name)?;
        if let Some(cgroups) = &cgroups {
            let group = cgroups.node(paths.lab(), name);
            wait_until_empty(&group)?;
            cgroup::remove(&group).context(|| format!("cannot remove {}", group.display()))?;
        }
        remove_tree(&paths.node(name))?;
    }
    Ok(())
}

/// Takes away the name of a node's namespace, unless it is someone else's. When the node's files are lost, its being
/// called like one of the lab's nodes has to do.
fn remove_name(paths: &LabPaths, node: &str) -> Result<()> {
    let ours = fs::remove_file(paths.name_mark(node)).is_ok() || !paths.node(node).exists();
    match ours {
        true => netns::remove_name(&paths.netns(node)),
        false => Ok(()),
    }
}

fn kill(paths: &LabPaths, cgroups: Option<&Cgroups>, nodes: &BTreeSet<String>) -> Result<()> {
    let mut grouped = BTreeSet::new();
    if let Some(cgroups) = cgroups {
        let group = cgroups.lab(paths.lab());
        if group.exists() {
            grouped.extend(cgroups.nodes(paths.lab()));
            // All at once, also what has moved to a group that is no node's.
            cgroup::kill(&group).context(|| format!("cannot kill {}", group.display()))?;
            wait_until_empty(&group)?;
        }
    }
    let mut processes = Vec::new();
    for node in nodes.difference(&grouped) {
        processes.extend(kill_node(paths, cgroups, node)?);
    }
    wait_for_end(&processes)
}

/// Kills everything in a node; returns descriptors of the processes whose end is the end of all.
fn kill_node(paths: &LabPaths, cgroups: Option<&Cgroups>, node: &str) -> Result<Vec<OwnedFd>> {
    let mut processes = Vec::new();
    // The first process takes all others of its PID namespace with it.
    if let Ok(control) = Control::connect(&paths.node(node)) {
        let process = pidfd(control.peer()?)?;
        send_kill(&process)?;
        processes.push(process);
    }
    if let Some(cgroups) = cgroups {
        let group = cgroups.node(paths.lab(), node);
        if group.exists() {
            cgroup::kill(&group).context(|| format!("cannot kill {}", group.display()))?;
        }
    }
    Ok(processes)
}

fn send_kill(process: &OwnedFd) -> Result<()> {
    // SAFETY: the call takes numbers and a null pointer, which means no further information.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    match Errno::result(result) {
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).context(|| "cannot kill a node".into()),
    }
}

fn wait_for_end(processes: &[OwnedFd]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    // Not to be interrupted: half a removal helps nobody.
    let never = Cancel::new()?;
    for process in processes {
        if never.wait(&[process.as_fd()], Some(deadline))?.is_empty() {
            return Err(Error::Timeout {
                seconds: PATIENCE.as_secs(),
                missing: "the end of killed processes".into(),
            });
        }
    }
    Ok(())
}

/// Waits until no process is left in a group.
fn wait_until_empty(group: &Path) -> Result<()> {
    let empty = cgroup::wait_until_empty(group, PATIENCE);
    match empty.context(|| format!("cannot wait for the end of {}", group.display()))? {
        true => Ok(()),
        false => Err(Error::Timeout {
            seconds: PATIENCE.as_secs(),
            missing: format!("the end of the processes in {}", group.display()),
        }),
    }
}

fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
