// SPDX-License-Identifier: GPL-2.0

//! What a node does to itself before programs can run in it: mounts and files.
//!
//! Runs in the node's first process, inside all its namespaces, when it awakes.

use std::fs::{self, OpenOptions, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{chown, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::mount::{mount, MsFlags};
use nix::sys::stat::{umask, Mode};
use nix::unistd::chdir;

use super::files::Files;
use super::NodeSpec;
use crate::error::{Context, Result};

/// Makes the node what its spec says. What does not need a process of its own has been done before; see [`super::rest`].
pub fn prepare(spec: &NodeSpec, hosts: &Path) -> Result<()> {
    umask(Mode::from_bits_truncate(0o022));
    chdir(&spec.directory).context(|| format!("cannot change to {}", spec.directory.display()))?;
    make_own(spec)?;
    mount_kernel_file_systems()?;
    mount_own(spec, hosts)?;
    let mut files = Files::new(&spec.directory)?;
    for directory in &spec.directories {
        files.directory(directory)?;
    }
    for file in &spec.files {
        files.file(file)?;
    }
    chdir("/").context(|| "cannot change to /".into())
}

/// Directories and files that every node has for itself; they lie in its directory, which is the working directory.
fn make_own(spec: &NodeSpec) -> Result<()> {
    for (name, mode) in [("run", 0o755), ("tmp", 0o1777), ("log", 0o755)] {
        fs::create_dir(name)
            // The mode of mkdir is subject to the umask, and has no sticky bit.
            .and_then(|()| fs::set_permissions(name, Permissions::from_mode(mode)))
            .context(|| format!("cannot make the node's own {name}"))?;
    }
    for log in log_directories() {
        log.make(Path::new("log"))?;
    }
    fs::write("hostname", format!("{}\n", spec.hostname))
        .context(|| "cannot write the node's own hostname".into())
}

fn mount_kernel_file_systems() -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
        .context(|| "cannot mount /proc".into())?;
    // It shows the devices of the namespace that mounts it. Not everyone may; all works without, but /sys lies then.
    let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), flags, None::<&str>);
    // tc and ip pin what they load there, below the /sys that this one covers. Kernels without BPF have no such place.
    let _ = mount(
        Some("bpf"),
        "/sys/fs/bpf",
        Some("bpf"),
        flags,
        Some("mode=0700"),
    );
    Ok(())
}

/// Puts the node's own directories and files where its programs look for them.
fn mount_own(spec: &NodeSpec, hosts: &Path) -> Result<()> {
    // Descriptors, since the paths themselves disappear behind the first of these mounts.
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(&spec.directory)
        .context(|| format!("cannot open {}", spec.directory.display()))?;
    let hosts_file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(hosts)
        .context(|| format!("cannot open {}", hosts.display()))?;
    let own = |name: &str| format!("/proc/self/fd/{}/{name}", directory.as_raw_fd());
    let hosts = format!("/proc/self/fd/{}", hosts_file.as_raw_fd());
    for (source, target) in [
        (own("log"), "/var/log"),
        (own("tmp"), "/tmp"),
        (hosts, "/etc/hosts"),
        (own("hostname"), "/etc/hostname"),
        (own("run"), "/run"),
    ] {
        bind(Path::new(&source), Path::new(target))?;
    }
    // On most systems /var/run leads to /run.
    let run = Path::new("/var/run");
    if fs::symlink_metadata(run).is_ok_and(|metadata| metadata.is_dir()) {
        bind(Path::new(&own("run")), run)?;
    }
    Ok(())
}

/// Mounts a file or directory over another; where there is no other, the root file system has no use for it.
fn bind(source: &Path, target: &Path) -> Result<()> {
    if !target.exists() {
        return Ok(());
    }
    mount(
        Some(source),
        target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .context(|| format!("cannot mount the node's own {}", target.display()))
}

/// A directory below `/var/log` that packages have made for their daemons.
struct LogDirectory {
    name: PathBuf,
    mode: u32,
    user: u32,
    group: u32,
}

impl LogDirectory {
    fn make(&self, parent: &Path) -> Result<()> {
        let path = parent.join(&self.name);
        let what = || format!("cannot make {}", path.display());
        fs::create_dir(&path).context(what)?;
        chown(&path, Some(self.user), Some(self.group)).context(what)?;
        fs::set_permissions(&path, Permissions::from_mode(self.mode)).context(what)
    }
}

fn log_directories() -> Vec<LogDirectory> {
    let Ok(list) = fs::read_dir("/var/log") else {
        return Vec::new();
    };
    list.flatten()
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            metadata.is_dir().then(|| LogDirectory {
                name: entry.file_name().into(),
                mode: metadata.mode() & 0o7777,
                user: metadata.uid(),
                group: metadata.gid(),
            })
        })
        .collect()
}
