// SPDX-License-Identifier: GPL-2.0

//! What a node does to itself before it can be used: host name, mounts, files, kernel parameters.
//!
//! Runs in the node's first process, inside all its namespaces.

use std::fs::{self, OpenOptions, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::mount::{mount, MsFlags};
use nix::sys::stat::{umask, Mode};
use nix::unistd::{chdir, setsid};

use super::control::SOCKET;
use super::files::Files;
use super::NodeSpec;
use crate::error::{Context, Result};
use crate::sysctl;

/// Parameters that every node starts with; those of its spec override them.
///
/// Duplicate address detection delays every address by up to two seconds, of which one is random, to find what the
/// compiler has already ruled out. What is attached to a link later and wants it can switch it on again.
const SYSCTLS: [(&str, &str); 1] = [("net.ipv6.conf.default.accept_dad", "0")];

/// Makes the node what its spec says; returns the socket of its control.
pub fn prepare(spec: &NodeSpec, hosts: &Path) -> Result<UnixListener> {
    nix::unistd::sethostname(&spec.hostname).context(|| "cannot set the host name".into())?;
    let _ = setsid();
    umask(Mode::from_bits_truncate(0o022));
    let listener = listen(&spec.directory)?;
    mount_kernel_file_systems()?;
    mount_own(spec, hosts)?;
    let mut files = Files::new(&spec.directory)?;
    for directory in &spec.directories {
        files.directory(directory)?;
    }
    for file in &spec.files {
        files.file(file)?;
    }
    set_sysctls(spec)?;
    chdir("/").context(|| "cannot change to /".into())?;
    Ok(listener)
}

/// The directory's path may be longer than a socket's address takes, so it is bound relative to it.
fn listen(directory: &Path) -> Result<UnixListener> {
    chdir(directory).context(|| format!("cannot change to {}", directory.display()))?;
    let listener =
        UnixListener::bind(SOCKET).context(|| "cannot make the control socket".into())?;
    fs::set_permissions(SOCKET, Permissions::from_mode(0o600))
        .context(|| "cannot protect the control socket".into())?;
    Ok(listener)
}

fn mount_kernel_file_systems() -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
        .context(|| "cannot mount /proc".into())?;
    // It shows the devices of the namespace that mounts it. Not everyone may; all works without, but /sys lies then.
    let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), flags, None::<&str>);
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

fn set_sysctls(spec: &NodeSpec) -> Result<()> {
    for (name, value) in SYSCTLS {
        // A kernel without IPv6 has none of this.
        if !spec.sysctls.contains_key(name) {
            let _ = sysctl::set(name, value);
        }
    }
    for (name, value) in &spec.sysctls {
        sysctl::set(name, value)?;
    }
    Ok(())
}
