// SPDX-License-Identifier: GPL-2.0

//! Control groups: one for each node, below one for its lab, below `vnet`.
//!
//! They hold the limits of a node and find all its processes even when everything else about the lab is lost. Without a
//! cgroup v2 hierarchy that may be written to, labs work all the same: a node's processes are those of its PID
//! namespace. Only limits are then refused.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::{poll, PollFd, PollFlags};
use vnet_topology::plan::LimitsPlan;

use crate::error::{Context, Error, Result};

/// Period of the processor time limit, µs; the kernel's own default.
const PERIOD: u64 = 100_000;

/// The `vnet` group, below which all labs are.
#[derive(Clone, Debug)]
pub struct Cgroups {
    root: PathBuf,
}

impl Cgroups {
    /// Where cgroup v2 is mounted, if it is and groups can be made.
    pub fn find() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let root = mount_of(&mounts)?.join("vnet");
        match fs::create_dir(&root) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
        Some(Cgroups { root })
    }

    /// Group of a lab.
    pub fn lab(&self, lab: &str) -> PathBuf {
        self.root.join(lab)
    }

    /// Group of a node.
    pub fn node(&self, lab: &str, node: &str) -> PathBuf {
        self.lab(lab).join(node)
    }

    /// Makes the group of a lab.
    pub fn make_lab(&self, lab: &str) -> Result<()> {
        make(&self.lab(lab))
    }

    /// Makes the group of a node, with its limits.
    pub fn make_node(&self, lab: &str, node: &str, limits: &LimitsPlan) -> Result<PathBuf> {
        let path = self.node(lab, node);
        if !limits.is_none() {
            self.enable(lab, limits)?;
        }
        make(&path)?;
        for (file, value) in limit_values(limits) {
            write(&path.join(file), &value)?;
        }
        Ok(path)
    }

    /// Makes controllers available in the groups of nodes.
    fn enable(&self, lab: &str, limits: &LimitsPlan) -> Result<()> {
        let mut controllers = Vec::new();
        controllers.extend(limits.cpu.map(|_| "cpu"));
        controllers.extend(limits.memory.map(|_| "memory"));
        controllers.extend(limits.pids.map(|_| "pids"));
        let top = self.root.parent().unwrap_or(&self.root);
        let available = fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
        for controller in controllers {
            if !available.split_whitespace().any(|have| have == controller) {
                return Err(Error::Unsupported(format!(
                    "lab {lab} limits {controller}, but this kernel's cgroup v2 has no {controller} controller; leave these limits out, or use another kernel"
                )));
            }
            for group in [top, &self.root, &self.lab(lab)] {
                write(
                    &group.join("cgroup.subtree_control"),
                    &format!("+{controller}"),
                )?;
            }
        }
        Ok(())
    }

    /// Names of the labs that have a group.
    pub fn labs(&self) -> Vec<String> {
        subgroups(&self.root)
    }

    /// Names of the nodes of a lab that have a group.
    pub fn nodes(&self, lab: &str) -> Vec<String> {
        subgroups(&self.lab(lab))
    }
}

/// Kills all processes in a group and those below it.
pub fn kill(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.kill"), "1")
}

/// Removes a group and those below it, which hold no process any more.
pub fn remove(group: &Path) -> io::Result<()> {
    // Most have none below them, and looking for some takes more time than the removal.
    match fs::remove_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
        Ok(()) => return Ok(()),
    }
    for name in subgroups(group) {
        remove(&group.join(name))?;
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Waits until a group and those below it hold no process; false if that takes longer.
pub fn wait_until_empty(group: &Path, patience: Duration) -> io::Result<bool> {
    let mut file = match fs::File::open(group.join("cgroup.events")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        other => other?,
    };
    let deadline = Instant::now() + patience;
    loop {
        // A change after this is urgent data. One before it, even before the file was opened, is so until it is read.
        let mut events = String::new();
        file.seek(SeekFrom::Start(0))?;
        match file.read_to_string(&mut events) {
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => return Ok(true),
            other => other?,
        };
        if !holds_process(&events) {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLPRI)];
        let _ = poll(&mut fds, 100u8);
    }
}

/// Whether a group or one below it holds a process.
fn holds_process(events: &str) -> bool {
    events.lines().any(|line| line == "populated 1")
}

/// The processes in a group, as numbers of the reader's PID namespace.
pub fn processes(group: &Path) -> Vec<i32> {
    fs::read_to_string(group.join("cgroup.procs"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect()
}

fn subgroups(group: &Path) -> Vec<String> {
    let Ok(list) = fs::read_dir(group) else {
        return Vec::new();
    };
    let mut names: Vec<String> = list
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn make(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.context(|| format!("cannot make the control group {}", path.display())),
    }
}

fn write(path: &Path, value: &str) -> Result<()> {
    fs::write(path, value).context(|| format!("cannot write {value} to {}", path.display()))
}

fn limit_values(limits: &LimitsPlan) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    if let Some(cpu) = limits.cpu {
        let quota = u64::from(cpu) * PERIOD / 1000;
        values.push(("cpu.max", format!("{quota} {PERIOD}")));
    }
    if let Some(memory) = limits.memory {
        values.push(("memory.max", memory.to_string()));
    }
    if let Some(pids) = limits.pids {
        values.push(("pids.max", pids.to_string()));
    }
    values
}

/// The mount point of the cgroup v2 hierarchy, from the text of `/proc/self/mounts`.
fn mount_of(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (_, path, kind) = (fields.next()?, fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_found() {
        let mounts = "proc /proc proc rw 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(
            mount_of(mounts).unwrap(),
            Path::new("/sys/fs/cgroup/unified")
        );
        assert_eq!(mount_of("proc /proc proc rw 0 0\n"), None);
    }

    #[test]
    fn limits_in_the_kernels_units() {
        let limits = LimitsPlan {
            cpu: Some(1500),
            memory: Some(64 << 20),
            pids: None,
        };
        assert_eq!(
            limit_values(&limits),
            [
                ("cpu.max", "150000 100000".to_owned()),
                ("memory.max", "67108864".to_owned())
            ]
        );
    }
}
