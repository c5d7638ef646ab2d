// SPDX-License-Identifier: GPL-2.0

//! Nodes: namespaces with a small init.
//!
//! A node is a network, mount, UTS and PID namespace. [`spawn`] makes them; their first processes [`rest`] until a
//! program is to run in them. Then [`setup`] mounts what the node has for itself, and [`init`] starts its daemons and
//! reaps. [`control`] is how the tool talks to it, [`enter`] how a program gets into a node.

pub mod control;
pub mod enter;
mod files;
mod init;
mod rest;
mod setup;
pub mod spawn;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::fcntl::{openat, openat2, OFlag, OpenHow, ResolveFlag, AT_FDCWD};
use nix::sys::stat::Mode;
use serde::{Deserialize, Serialize};
use vnet_topology::plan::{DirectoryPlan, FilePlan};

use crate::cancel::pidfd;
use crate::error::{Context, Error, Result};
use crate::paths::LabPaths;
use control::Control;

/// What the spawner needs to know of a lab.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    /// The file that all nodes see as `/etc/hosts`.
    hosts: PathBuf,
    nodes: Vec<NodeSpec>,
}

/// What the spawner needs to know of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Name of the node.
    pub name: String,
    /// Host name inside.
    pub hostname: String,
    /// Its directory; exists.
    pub directory: PathBuf,
    /// Its control group, if it has one; exists.
    pub cgroup: Option<PathBuf>,
    /// Environment of its programs.
    pub env: BTreeMap<String, String>,
    /// Kernel parameters, without those of single interfaces.
    pub sysctls: BTreeMap<String, String>,
    /// Directories that it has for itself.
    pub directories: Vec<DirectoryPlan>,
    /// Files that only it sees.
    pub files: Vec<FilePlan>,
}

/// A node that lives.
#[derive(Debug)]
pub struct Node {
    /// Name of the node.
    pub name: String,
    /// Its first process, as a number here.
    pub init: i32,
    netns: File,
}

impl Node {
    /// The node whose first process is `init`.
    pub fn of_process(name: &str, init: i32) -> Result<Self> {
        let path = format!("/proc/{init}/ns/net");
        let netns = File::open(&path).context(|| format!("cannot open {path}"))?;
        Ok(Node {
            name: name.into(),
            init,
            netns,
        })
    }

    /// A node of a running lab, found by its control socket.
    pub fn find(paths: &LabPaths, name: &str) -> Result<Self> {
        let control = Control::connect(&paths.node(name)).map_err(|_| Error::DeadNode {
            lab: paths.lab().into(),
            node: name.into(),
        })?;
        Node::of_process(name, control.peer()?)
    }

    /// Whether programs have run in it, or could: one that has never been needed rests.
    pub fn is_awake(&self) -> bool {
        std::fs::read(format!("/proc/{}/cmdline", self.init)).is_ok_and(|line| {
            line.split(|byte| *byte == 0)
                .any(|word| word == rest::AWAKE.as_bytes())
        })
    }

    /// Its network namespace.
    pub fn netns(&self) -> BorrowedFd<'_> {
        self.netns.as_fd()
    }

    /// Its first process. That it is the same one as when the node was found is seen from its namespace.
    pub fn process(&self) -> Result<OwnedFd> {
        let process = pidfd(self.init)?;
        let path = format!("/proc/{}/ns/net", self.init);
        let what = || format!("cannot look at {path}");
        let (now, then) = (
            fs::metadata(&path).context(what)?,
            self.netns.metadata().context(what)?,
        );
        match (now.dev(), now.ino()) == (then.dev(), then.ino()) {
            true => Ok(process),
            false => Err(Error::Unsupported(format!(
                "node {} has just ended",
                self.name
            ))),
        }
    }

    /// Opens a file for reading as a program in the node would, which is to say that links lead to where they do there.
    pub fn open(&self, inside: &str) -> std::io::Result<File> {
        let root = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let root = openat(AT_FDCWD, &self.path("/"), root, Mode::empty())?;
        // Who opens a pipe does not wait for its other end.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let how = OpenHow::new()
            .flags(flags)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT);
        Ok(File::from(openat2(root, inside, how)?))
    }

    /// A path in the node as one that leads there from here.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.init))
    }
}
