// SPDX-License-Identifier: GPL-2.0

//! Where the files of a lab are.
//!
//! ```text
//! /run/vnet/LAB/plan.json          the applied plan
//! /run/vnet/LAB/hosts              /etc/hosts of all its nodes
//! /run/vnet/LAB/nodes/NODE/        init.sock, run/, tmp/, log/ ... of a node
//! /run/vnet/.LAB.lock              held while a lab is changed
//! /run/netns/LAB-NODE              the node's network namespace, for `ip netns`
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Context, Error, Result};

/// Where all labs are.
pub const LABS: &str = "/run/vnet";
/// Where `ip netns` looks.
pub const NETNS: &str = "/run/netns";

/// Names in these paths may be anything but what would lead elsewhere. (The compiler is stricter, but names also come
/// from the command line.)
pub fn check_name(name: &str) -> Result<()> {
    let bad =
        name.is_empty() || name.starts_with('.') || name.len() > 63 || name.contains(['/', '\0']);
    match bad {
        true => Err(Error::Name(name.into())),
        false => Ok(()),
    }
}

/// The files of one lab.
#[derive(Clone, Debug)]
pub struct LabPaths {
    lab: String,
    root: PathBuf,
}

impl LabPaths {
    /// Of a lab, whether it exists or not.
    pub fn new(lab: &str) -> Result<Self> {
        check_name(lab)?;
        Ok(LabPaths {
            lab: lab.into(),
            root: Path::new(LABS).join(lab),
        })
    }

    /// Name of the lab.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The applied plan.
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// `/etc/hosts` of its nodes.
    pub fn hosts(&self) -> PathBuf {
        self.root.join("hosts")
    }

    /// Where the directories of its nodes are.
    pub fn nodes(&self) -> PathBuf {
        self.root.join("nodes")
    }

    /// Directory of a node.
    pub fn node(&self, node: &str) -> PathBuf {
        self.nodes().join(node)
    }

    /// The log of a daemon.
    pub fn log(&self, node: &str, daemon: &str) -> PathBuf {
        self.node(node).join("log").join(format!("{daemon}.log"))
    }

    /// The file that is locked while the lab is changed.
    pub fn lock(&self) -> PathBuf {
        Path::new(LABS).join(format!(".{}.lock", self.lab))
    }

    /// The name under which `ip netns` shows a node.
    pub fn netns_name(&self, node: &str) -> String {
        format!("{}-{node}", self.lab)
    }

    /// Where the node's network namespace is mounted.
    pub fn netns(&self, node: &str) -> PathBuf {
        Path::new(NETNS).join(self.netns_name(node))
    }

    /// Names the device of the machine that the node has, if it has one.
    pub fn device_mark(&self, node: &str) -> PathBuf {
        self.devices().join(node)
    }

    /// Where these are.
    fn devices(&self) -> PathBuf {
        self.root.join("devices")
    }

    /// Names of the nodes that have a device of the machine, sorted.
    pub fn device_nodes(&self) -> Result<Vec<String>> {
        entries(&self.devices())
    }

    /// Exists if the name of the node's network namespace is the lab's.
    pub fn name_mark(&self, node: &str) -> PathBuf {
        self.node(node).join("named")
    }

    /// Whether anything of the lab is there.
    pub fn exists(&self) -> bool {
        self.root.is_dir()
    }

    /// Names of the nodes that have a directory, sorted.
    pub fn node_names(&self) -> Result<Vec<String>> {
        entries(&self.nodes())
    }
}

/// Names of the labs that have a directory, sorted.
pub fn labs() -> Result<Vec<String>> {
    let mut labs = entries(Path::new(LABS))?;
    labs.retain(|name| !name.starts_with('.'));
    Ok(labs)
}

fn entries(directory: &Path) -> Result<Vec<String>> {
    let what = || format!("cannot read {}", directory.display());
    let list = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.context(what)?,
    };
    let mut names = Vec::new();
    for entry in list {
        let name = entry.context(what)?.file_name();
        names.extend(name.into_string().ok());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for bad in ["", ".", "..", "../x", "a/b", ".hidden"] {
            assert!(LabPaths::new(bad).is_err(), "{bad}");
        }
        let paths = LabPaths::new("imunes").unwrap();
        assert_eq!(paths.netns("pc2"), Path::new("/run/netns/imunes-pc2"));
    }
}
