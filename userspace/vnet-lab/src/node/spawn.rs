// SPDX-License-Identifier: GPL-2.0

//! Making nodes.
//!
//! A helper process, this very program with other arguments, makes them all: it has a mount namespace of its own from
//! which the mounts of other nodes are gone (each node copies all mounts it starts from, which would cost time and
//! memory quadratic in their number), it runs one thread, and nothing of the caller's is inherited by a node.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::mount::{mount, umount2, MntFlags, MsFlags};
use nix::sched::{unshare, CloneFlags};
use nix::sys::prctl;
use serde::{Deserialize, Serialize};

use super::{init, setup, Node, NodeSpec, Order};
use crate::error::{Context, Error, Result};
use crate::paths::NETNS;

/// The name under which the program is the helper. It is what nodes show as their first process.
pub const HELPER: &str = "vnet-init";

/// libc's constant of that name has lost the bit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// What the helper and the nodes report, one line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Report {
    /// The first process of a node has this number.
    Made(usize, i32),
    /// A node is as its spec wants it.
    Ready(usize),
    /// A node could not be made so.
    Failed(usize, String),
    /// Nothing works.
    Broken(String),
}

/// Makes nodes. What fails leaves those that were made behind.
pub fn spawn(program: &Path, hosts: &Path, nodes: Vec<NodeSpec>) -> Result<Vec<Node>> {
    let order = Order {
        hosts: hosts.into(),
        nodes,
    };
    let mut child = Command::new(program)
        .arg0(HELPER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context(|| format!("cannot start {}", program.display()))?;
    let input = child.stdin.take();
    let output = child.stdout.take();
    let result = converse(&order, input, output);
    // It ends as soon as all nodes have been made, whatever becomes of them.
    let status = child
        .wait()
        .context(|| "cannot wait for the helper that makes nodes".into())?;
    match result {
        Err(Error::Protocol(text)) if !status.success() => {
            Err(Error::Protocol(format!("{text} (helper: {status})")))
        }
        other => other,
    }
}

fn converse(
    order: &Order,
    input: Option<impl Write>,
    output: Option<impl Read>,
) -> Result<Vec<Node>> {
    let broken = || Error::Protocol("the helper that makes nodes has no pipe".into());
    let mut input = input.ok_or_else(broken)?;
    let output = output.ok_or_else(broken)?;
    let json = serde_json::to_vec(order).map_err(|error| Error::Protocol(error.to_string()))?;
    input
        .write_all(&json)
        .context(|| "cannot tell the helper which nodes to make".into())?;
    drop(input);
    let name = |index: usize| match order.nodes.get(index) {
        Some(spec) => spec.name.clone(),
        None => format!("number {index}"),
    };
    let mut processes = BTreeMap::new();
    let mut ready = 0;
    let mut failure = None;
    // All report on one pipe: it ends when the last of them has reported or is gone.
    for line in BufReader::new(output).lines() {
        let line = line.context(|| "cannot read from the helper that makes nodes".into())?;
        let report =
            serde_json::from_str(&line).map_err(|error| Error::Protocol(error.to_string()))?;
        match report {
            Report::Made(index, process) => {
                processes.insert(index, process);
            }
            Report::Ready(_) => ready += 1,
            Report::Failed(index, problem) => {
                failure.get_or_insert(Error::Setup {
                    node: name(index),
                    problem,
                });
            }
            Report::Broken(problem) => return Err(Error::Protocol(problem)),
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if ready != order.nodes.len() {
        return Err(Error::Protocol(format!(
            "{} of {} nodes have ended while they were made",
            order.nodes.len() - ready,
            order.nodes.len()
        )));
    }
    processes
        .iter()
        .map(|(index, process)| Node::of_process(&name(*index), *process))
        .collect()
}

/// The helper: makes the nodes that it reads of, then ends. Call it before any thread is started.
pub fn helper_main() -> i32 {
    match helper() {
        Ok(()) => 0,
        Err(error) => {
            report(&Report::Broken(error.to_string()));
            1
        }
    }
}

fn helper() -> Result<()> {
    let mut json = Vec::new();
    io::stdin()
        .read_to_end(&mut json)
        .context(|| "cannot read which nodes to make".into())?;
    let order: Order =
        serde_json::from_slice(&json).map_err(|error| Error::Protocol(error.to_string()))?;
    drop(json);
    // Else it is called like the link that it was started by.
    let _ = prctl::set_name(c"vnet-init");
    base_mounts()?;
    for (index, spec) in order.nodes.iter().enumerate() {
        let cgroup = match &spec.cgroup {
            Some(path) => Some(
                File::open(path)
                    .context(|| format!("cannot open the control group {}", path.display()))?,
            ),
            None => None,
        };
        match clone_into(cgroup.as_ref()) {
            Ok(None) => become_node(index, spec, &order),
            Ok(Some(process)) => report(&Report::Made(index, process)),
            Err(error) => report(&Report::Failed(
                index,
                format!("cannot make its namespaces: {error}"),
            )),
        }
    }
    Ok(())
}

/// A mount namespace that nodes start from: nothing in it propagates, and no other node's namespaces are mounted.
fn base_mounts() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context(|| "cannot make a mount namespace".into())?;
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .context(|| "cannot make mounts private".into())?;
    // `ip netns` mounts the directory on itself; this takes it off with all that is mounted in it.
    while umount2(NETNS, MntFlags::MNT_DETACH).is_ok() {}
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below = format!("{NETNS}/");
    for path in mounts.lines().filter_map(|line| line.split(' ').nth(1)) {
        if path.starts_with(&below) {
            let _ = umount2(path, MntFlags::MNT_DETACH);
        }
    }
    Ok(())
}

/// Forks into new namespaces and a control group: `None` in the child, its number in the parent.
fn clone_into(cgroup: Option<&File>) -> io::Result<Option<i32>> {
    let flags = libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWPID;
    // SAFETY: all bytes zero is a valid value of this plain structure.
    #[allow(unsafe_code)]
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(group) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = group.as_raw_fd() as u64;
    }
    // SAFETY: without CLONE_VM this is a fork: the child has a copy of everything. This process has one thread, so no
    // lock can be held by a thread that the copy lacks.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<libc::clone_args>(),
        )
    };
    match result {
        0 => Ok(None),
        process if process > 0 => Ok(Some(process as i32)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The first process of a node, from its first instruction on.
fn become_node(index: usize, spec: &NodeSpec, order: &Order) -> ! {
    let listener = match setup::prepare(spec, &order.hosts) {
        Ok(listener) => listener,
        Err(error) => {
            report(&Report::Failed(index, error.to_string()));
            std::process::exit(1);
        }
    };
    report(&Report::Ready(index));
    init::run(listener, spec)
}

/// Lines are shorter than a pipe's atomic size, so that those of many processes do not mix.
fn report(report: &Report) {
    let mut line = serde_json::to_string(report).unwrap_or_default();
    line.truncate(4000);
    line.push('\n');
    // Nobody is left to tell if this fails; the reader notices that the report is missing.
    let _ = io::stdout().write_all(line.as_bytes());
    let _ = io::stdout().flush();
}
