// SPDX-License-Identifier: GPL-2.0

//! Directories and files that only one node sees.
//!
//! What lies below `/run`, `/tmp` and `/var/log` is the node's own anyway. Elsewhere a directory of the plan is mounted
//! where it belongs, a file is mounted over the one that is there; what has nothing to be mounted on gets an overlay
//! over the nearest directory that exists, which then belongs to the node as well.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{chown, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::mount::{mount, MsFlags};
use vnet_topology::plan::{DirectoryPlan, FilePlan, Owner};

use crate::error::{Context, Error, Result};

/// Lays directories and files of a plan over the root file system.
pub struct Files {
    /// Where what is mounted comes from, by a path that stays valid.
    store: PathBuf,
    _store: File,
    count: usize,
    /// Directories that belong to the node.
    own: Vec<PathBuf>,
}

impl Files {
    /// For the node with this directory. `/run` has been replaced already, so `directory` is reached through its mount.
    pub fn new(directory: &Path) -> Result<Self> {
        // The working directory still is the node's directory: it was set before anything was mounted.
        let store = File::open(".").context(|| format!("cannot open {}", directory.display()))?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", store.as_raw_fd()));
        Ok(Files {
            store: path,
            _store: store,
            count: 0,
            own: ["/run", "/var/run", "/tmp", "/var/log"]
                .map(PathBuf::from)
                .to_vec(),
        })
    }

    /// Makes a directory of the node's own, empty.
    pub fn directory(&mut self, plan: &DirectoryPlan) -> Result<()> {
        let path = checked(&plan.path)?;
        if !self.owns(path) && path.is_dir() {
            let source = self.fresh("directory")?;
            fs::create_dir(&source).context(|| format!("cannot make {}", plan.path))?;
            set_attributes(&source, plan.mode, plan.owner.as_ref())?;
            bind(&source, path)?;
            self.own.push(path.into());
            return Ok(());
        }
        self.make_directories(path)?;
        set_attributes(path, plan.mode, plan.owner.as_ref())
    }

    /// Makes a file of the node's own.
    pub fn file(&mut self, plan: &FilePlan) -> Result<()> {
        let path = checked(&plan.path)?;
        if !self.owns(path) && path.is_file() {
            let source = self.fresh("file")?;
            write(&source, plan)?;
            return bind(&source, path);
        }
        if let Some(parent) = path.parent() {
            self.make_directories(parent)?;
        }
        write(path, plan)
    }

    fn owns(&self, path: &Path) -> bool {
        self.own.iter().any(|own| path.starts_with(own))
    }

    /// Makes sure that a directory exists and is the node's own.
    fn make_directories(&mut self, path: &Path) -> Result<()> {
        if !self.owns(path) {
            let existing = path
                .ancestors()
                .find(|ancestor| ancestor.is_dir())
                .unwrap_or(Path::new("/"));
            self.shadow(existing)?;
        }
        fs::create_dir_all(path).context(|| format!("cannot make {}", path.display()))
    }

    /// Lets the node change a directory without anyone else seeing it.
    fn shadow(&mut self, path: &Path) -> Result<()> {
        if path == Path::new("/") {
            return Err(Error::Unsupported(
                "a plan cannot add to the root directory itself".into(),
            ));
        }
        // Also what is mounted on files and directories in it stays as it is.
        let inner = mounts_below(path)?;
        let upper = self.fresh("upper")?;
        let work = self.fresh("work")?;
        for directory in [&upper, &work] {
            fs::create_dir(directory).context(|| format!("cannot make {}", directory.display()))?;
        }
        // The overlay's root takes its permissions and owner from the upper directory.
        let below = fs::metadata(path).context(|| format!("cannot read {}", path.display()))?;
        fs::set_permissions(&upper, below.permissions())
            .and_then(|()| {
                use std::os::unix::fs::MetadataExt;
                chown(&upper, Some(below.uid()), Some(below.gid()))
            })
            .context(|| format!("cannot take over the permissions of {}", path.display()))?;
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            escape(path),
            escape(&upper),
            escape(&work)
        );
        mount(
            Some("overlay"),
            path,
            Some("overlay"),
            MsFlags::empty(),
            Some(options.as_str()),
        )
        .context(|| {
            format!(
                "cannot mount an overlay over {} (does this kernel have overlayfs?)",
                path.display()
            )
        })?;
        for (target, mounted) in inner {
            let source = format!("/proc/self/fd/{}", mounted.as_raw_fd());
            bind(Path::new(&source), &target)?;
        }
        self.own.push(path.into());
        Ok(())
    }

    /// A path in the store that is not taken.
    fn fresh(&mut self, kind: &str) -> Result<PathBuf> {
        self.count += 1;
        let directory = self.store.join("own");
        fs::create_dir_all(&directory).context(|| "cannot make the store of files".into())?;
        Ok(directory.join(format!("{}.{kind}", self.count)))
    }
}

fn checked(path: &str) -> Result<&Path> {
    let path = Path::new(path);
    let clean = path.is_absolute()
        && path
            .components()
            .all(|part| !matches!(part, std::path::Component::ParentDir));
    match clean {
        true => Ok(path),
        false => Err(Error::Unsupported(format!(
            "{} is not an absolute path without \"..\"",
            path.display()
        ))),
    }
}

/// What is mounted somewhere below a directory, the outer ones first.
fn mounts_below(directory: &Path) -> Result<Vec<(PathBuf, File)>> {
    let table = "/proc/self/mountinfo";
    let text = fs::read_to_string(table).context(|| format!("cannot read {table}"))?;
    let places: BTreeSet<PathBuf> = mount_points(&text)
        .filter(|place| place.starts_with(directory) && place != directory)
        .collect();
    let open = |place: PathBuf| {
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open(&place)
            .context(|| format!("cannot open {}", place.display()))?;
        Ok((place, opened))
    };
    places.into_iter().map(open).collect()
}

/// The fifth column, in which blanks and backslashes are octal numbers.
fn mount_points(table: &str) -> impl Iterator<Item = PathBuf> + '_ {
    table.lines().filter_map(|line| {
        let mut parts = line.split(' ').nth(4)?.split('\\');
        let mut path = parts.next()?.as_bytes().to_vec();
        for part in parts {
            let (number, rest) = part.split_at_checked(3)?;
            path.push(u8::from_str_radix(number, 8).ok()?);
            path.extend_from_slice(rest.as_bytes());
        }
        Some(PathBuf::from(OsString::from_vec(path)))
    })
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(
        Some(source),
        target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .context(|| format!("cannot mount the node's own {}", target.display()))
}

fn write(path: &Path, plan: &FilePlan) -> Result<()> {
    File::create(path)
        .and_then(|mut file| file.write_all(plan.content.as_bytes()))
        .context(|| format!("cannot write {}", plan.path))?;
    set_attributes(path, plan.mode, plan.owner.as_ref())
}

fn set_attributes(path: &Path, mode: u32, owner: Option<&Owner>) -> Result<()> {
    if let Some(owner) = owner {
        let user = lookup("/etc/passwd", &owner.user, "user")?;
        let group = lookup("/etc/group", &owner.group, "group")?;
        chown(path, Some(user), Some(group))
            .context(|| format!("cannot give {} to {}", path.display(), owner.user))?;
    }
    // After chown, which clears the set-user-id bits.
    fs::set_permissions(path, Permissions::from_mode(mode))
        .context(|| format!("cannot set the permissions of {}", path.display()))
}

/// The number of a user or group. (Not by libc, which would have to load its name services into this static program.)
fn lookup(database: &str, name: &str, kind: &str) -> Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let text = fs::read_to_string(database).context(|| format!("cannot read {database}"))?;
    number_of(&text, name).ok_or_else(|| {
        Error::Unsupported(format!(
            "there is no {kind} {name} in {database}; is the package that brings it installed?"
        ))
    })
}

fn number_of(database: &str, name: &str) -> Option<u32> {
    database.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// Overlayfs separates its options with commas and lower directories with colons.
fn escape(path: &Path) -> String {
    let mut out = String::new();
    for character in path.to_string_lossy().chars() {
        if matches!(character, '\\' | ',' | ':') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_by_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\nfrr:x:105:108::/nonexistent:/usr/sbin/nologin\n";
        assert_eq!(number_of(passwd, "frr"), Some(105));
        assert_eq!(number_of(passwd, "fr"), None);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        assert!(checked("/etc/frr/frr.conf").is_ok());
        assert!(checked("etc/frr").is_err());
        assert!(checked("/run/../etc/shadow").is_err());
    }

    #[test]
    fn mount_points_with_blanks() {
        let table = "22 1 0:20 / /proc rw - proc proc rw\n\
                     23 1 0:21 / /a\\040b\\134c rw,relatime shared:1 - tmpfs run rw\n";
        let found: Vec<PathBuf> = mount_points(table).collect();
        assert_eq!(found, [Path::new("/proc"), Path::new("/a b\\c")]);
    }

    #[test]
    fn overlay_options_are_escaped() {
        assert_eq!(escape(Path::new("/a,b:c\\d")), "/a\\,b\\:c\\\\d");
    }
}
