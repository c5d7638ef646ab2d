// SPDX-License-Identifier: GPL-2.0

//! What no kernel object holds about a lab: its applied plan, and who is changing it.
//!
//! A lab whose directory has no plan is one whose start has not ended: someone is at it, or was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use vnet_topology::plan::{NodePlan, Plan, FORMAT};

use crate::error::{near, Context, Error, Result};
use crate::paths::{self, LabPaths, LABS};

/// Held while a lab is changed; the kernel releases it however the holder ends.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of a lab, which need not exist.
    pub fn take(paths: &LabPaths) -> Result<Self> {
        fs::create_dir_all(LABS).context(|| format!("cannot make {LABS}"))?;
        let path = paths.lock();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .context(|| format!("cannot open {}", path.display()))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Lock { _file: file }),
            Err((_, Errno::EWOULDBLOCK)) => Err(Error::Busy(paths.lab().into())),
            Err((_, error)) => Err(error).context(|| format!("cannot lock {}", path.display())),
        }
    }
}

/// The applied plan of a lab; `None` if it is not up.
pub fn load(paths: &LabPaths) -> Result<Option<Plan>> {
    let path = paths.plan();
    let json = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.context(|| format!("cannot read {}", path.display()))?,
    };
    parse(&json).map(Some)
}

/// The applied plan of a lab that has to be up.
pub fn require(paths: &LabPaths) -> Result<Plan> {
    let found = load(paths)?;
    found.ok_or_else(|| {
        let labs = paths::labs().unwrap_or_default();
        Error::NoLab {
            lab: paths.lab().into(),
            near: near(paths.lab(), labs.iter().map(String::as_str)),
        }
    })
}

/// A plan from JSON, if this version of the tool understands it.
pub fn parse(json: &[u8]) -> Result<Plan> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    // First the number alone, since a plan of another format may not be readable as one of ours.
    let bad = |error: serde_json::Error| Error::Protocol(format!("not a plan: {error}"));
    let head: Head = serde_json::from_slice(json).map_err(bad)?;
    if head.format != FORMAT {
        return Err(Error::Format(head.format));
    }
    serde_json::from_slice(json).map_err(bad)
}

/// Keeps the applied plan; with it the lab is up.
pub fn store(paths: &LabPaths, plan: &Plan) -> Result<()> {
    let json = serde_json::to_vec(plan).map_err(|error| Error::Protocol(error.to_string()))?;
    // Completion reads the names in it, also for users who may not change the lab.
    let mode = match plan.nodes.iter().any(NodePlan::is_private) {
        true => 0o600,
        false => 0o644,
    };
    write(&paths.plan(), &json, mode)
}

/// Writes a file so that nobody ever sees half of it.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content, 0o644)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let temporary = path.with_extension("new");
    let write = || {
        // What a killed one has left may be open to others.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(mode);
        let mut file = options.open(&temporary)?;
        // What is for all to read is so whatever the caller's umask.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(content)?;
        fs::rename(&temporary, path)
    };
    write().context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_is_private_is_so_from_the_beginning() {
        let name = format!("vnet-state-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(path.with_extension("new"), "left by a killed one").unwrap();
        for (content, mode) in [("secret", 0o600), ("open", 0o644), ("secret", 0o600)] {
            write(&path, content.as_bytes(), mode).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
        }
        fs::remove_file(&path).unwrap();
    }
}
