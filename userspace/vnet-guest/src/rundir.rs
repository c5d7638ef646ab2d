// SPDX-License-Identifier: GPL-2.0
//! Where running labs are found: one directory per lab, in a directory of the user's own.
//!
//! ```text
//!   $VNET_RUNTIME_DIR | $XDG_RUNTIME_DIR/vnet | /run/vnet-UID | /tmp/vnet-UID
//!     LAB/lock            locked by the lab's supervisor as long as it lives
//!     LAB/socket          where it listens
//!     LAB/kernel.log      the guest's console
//!     LAB/supervisor.log  its own complaints
//! ```
//!
//! Whether a lab is up is asked of the lock, never of a number in a file: a lock goes with its process.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::error::{Error, Result};

/// Longest path of a Unix socket, with its terminating zero.
const SOCKET_PATH_MAX: usize = 108;

/// Checks a lab's name: it becomes a directory's name and part of others.
pub fn check_name(name: &str) -> Result<()> {
    let bad = |reason| {
        Err(Error::LabName {
            name: name.to_owned(),
            reason,
        })
    };
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.len() > 63 {
        return bad("it is longer than 63 characters");
    }
    if !name
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
    {
        return bad("only letters, digits, `_`, `.` and `-` are allowed");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return bad("it must begin with a letter or a digit");
    }
    Ok(())
}

/// The directories that may hold labs, the preferred one first. They need not exist.
fn candidates() -> Vec<PathBuf> {
    if let Some(dir) = std::env::var_os("VNET_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        // The supervisor works in another directory.
        return vec![std::path::absolute(&dir).unwrap_or_else(|_| dir.into())];
    }
    let uid = geteuid();
    let mut dirs = Vec::new();
    if let Some(dir) = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        dirs.push(Path::new(&dir).join("vnet"));
    }
    dirs.push(PathBuf::from(format!("/run/vnet-{uid}")));
    dirs.push(PathBuf::from(format!("/tmp/vnet-{uid}")));
    dirs
}

/// Whether a directory is this user's alone, without following a symbolic link.
fn check_private(dir: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(dir)?;
    let refuse = |why: &str| {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            why.to_owned(),
        ))
    };
    if !meta.is_dir() {
        return refuse("is not a directory");
    }
    if meta.uid() != geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if meta.mode() & 0o077 != 0 {
        return refuse("is open to other users");
    }
    Ok(())
}

fn make_private(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => check_private(dir),
    }
}

/// The directory in which new labs are put, made if necessary.
fn base() -> Result<PathBuf> {
    let mut reasons = Vec::new();
    for dir in candidates() {
        match make_private(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) => reasons.push(format!("{}: {error}", dir.display())),
        }
    }
    Err(Error::RuntimeDir {
        reason: reasons.join("; "),
    })
}

/// A lab's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabDir {
    /// The lab's name.
    pub lab: String,
    /// The directory.
    pub path: PathBuf,
}

impl LabDir {
    /// The directory of a lab that exists, running or not.
    pub fn find(lab: &str) -> Result<Option<LabDir>> {
        check_name(lab)?;
        let mut stale = None;
        for base in candidates()
            .into_iter()
            .filter(|base| check_private(base).is_ok())
        {
            let dir = LabDir {
                lab: lab.to_owned(),
                path: base.join(lab),
            };
            if check_private(&dir.path).is_ok() {
                if dir.is_locked()? {
                    return Ok(Some(dir));
                }
                stale.get_or_insert(dir);
            }
        }
        Ok(stale)
    }

    /// The directory of a lab, made if necessary.
    pub fn create(lab: &str) -> Result<LabDir> {
        if let Some(dir) = LabDir::find(lab)? {
            return Ok(dir);
        }
        let dir = LabDir {
            lab: lab.to_owned(),
            path: base()?.join(lab),
        };
        if dir.socket().as_os_str().len() >= SOCKET_PATH_MAX {
            return Err(Error::RuntimeDir {
                reason: format!("{} is too long a path", dir.socket().display()),
            });
        }
        make_private(&dir.path)
            .map_err(Error::io(format!("cannot make {}", dir.path.display())))?;
        Ok(dir)
    }

    /// All directories of labs, running or not.
    pub fn all() -> Result<Vec<LabDir>> {
        let mut dirs = Vec::new();
        for base in candidates()
            .into_iter()
            .filter(|base| check_private(base).is_ok())
        {
            let entries = fs::read_dir(&base)
                .map_err(Error::io(format!("cannot list {}", base.display())))?;
            for entry in entries.flatten() {
                if let Some(lab) = entry
                    .file_name()
                    .to_str()
                    .filter(|name| check_name(name).is_ok())
                {
                    let dir = LabDir {
                        lab: lab.to_owned(),
                        path: entry.path(),
                    };
                    if check_private(&dir.path).is_ok() {
                        dirs.push(dir);
                    }
                }
            }
        }
        dirs.sort_by(|a, b| a.lab.cmp(&b.lab));
        Ok(dirs)
    }

    /// Where the supervisor listens.
    pub fn socket(&self) -> PathBuf {
        self.path.join("socket")
    }

    /// What the supervisor holds.
    pub fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// The guest's console.
    pub fn kernel_log(&self) -> PathBuf {
        self.path.join("kernel.log")
    }

    /// The supervisor's stderr.
    pub fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    /// Removes what a dead supervisor has left. The caller holds the lock; the lock file goes last.
    pub fn clear(&self, _lock: &File) -> Result<()> {
        let what = || format!("cannot clear {}", self.path.display());
        for entry in fs::read_dir(&self.path)
            .map_err(Error::io(what()))?
            .flatten()
        {
            if entry.path() == self.lock_file() {
                continue;
            }
            let is_dir = entry.file_type().map(|kind| kind.is_dir()).unwrap_or(false);
            let result = if is_dir {
                fs::remove_dir_all(entry.path())
            } else {
                fs::remove_file(entry.path())
            };
            result.or_else(gone_is_fine).map_err(Error::io(what()))?;
        }
        Ok(())
    }

    /// As [`LabDir::clear`], and the directory itself.
    pub fn remove(&self, lock: &File) -> Result<()> {
        self.clear(lock)?;
        let what = || format!("cannot remove {}", self.path.display());
        fs::remove_file(self.lock_file())
            .or_else(gone_is_fine)
            .map_err(Error::io(what()))?;
        match fs::remove_dir(&self.path) {
            // Somebody who starts the same lab just now has put a new lock file there: the directory is theirs.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            result => result.or_else(gone_is_fine).map_err(Error::io(what())),
        }
    }
}

pub(crate) fn gone_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab_in(dir: &Path) -> LabDir {
        let path = dir.join("a");
        make_private(&path).unwrap();
        LabDir {
            lab: "a".into(),
            path,
        }
    }

    #[test]
    fn names() {
        for good in ["a", "lab-1", "R2.d_2", &"x".repeat(63)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-a",
            "a/b",
            "a b",
            "ä",
            "a\n",
            &"x".repeat(64),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lock_is_seen_and_goes_with_its_holder() {
        let temp = tempfile::tempdir().unwrap();
        let lab = lab_in(temp.path());
        assert!(!lab.is_locked().unwrap());
        let lock = lab.try_lock().unwrap().unwrap();
        assert!(lab.is_locked().unwrap());
        assert!(lab.try_lock().unwrap().is_none());
        drop(lock);
        assert!(!lab.is_locked().unwrap());
        assert!(lab.try_lock().unwrap().is_some());
    }

    #[test]
    fn removal_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let lab = lab_in(temp.path());
        fs::create_dir(lab.path.join("uml")).unwrap();
        fs::write(lab.path.join("uml/pid"), "1").unwrap();
        fs::write(lab.kernel_log(), "x").unwrap();
        let lock = lab.try_lock().unwrap().unwrap();
        lab.remove(&lock).unwrap();
        assert!(!lab.path.exists());
        lab.remove(&lock).unwrap_err();
    }

    #[test]
    fn directories_of_others_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("open");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(make_private(&dir).is_err());
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).unwrap();
        assert!(make_private(&link).is_err());
    }
}
