// SPDX-License-Identifier: GPL-2.0

//! Making nodes.
//!
//! A helper process, this very program with other arguments, makes them all: it has a mount namespace of its own from
//! which the mounts of other nodes are gone (each node copies all mounts it starts from, which would cost time and
//! memory quadratic in their number), it runs one thread, and nothing of the caller's is inherited by a node.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg};
use nix::mount::{mount, umount2, MntFlags, MsFlags};
use nix::sched::{unshare, CloneFlags};
use nix::sys::prctl;
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::signal::{signal, SigHandler, Signal};
use nix::sys::socket::{bind, socket, AddressFamily, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{umask, Mode};
use nix::unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use serde::{Deserialize, Serialize};

use super::control::SOCKET;
use super::rest::{self, Bed, Notice, Stacks, AWAKE, FIRST_OWN};
use super::{init, Node, NodeSpec, Order};
use crate::error::{Context, Error, Result};
use crate::paths::NETNS;
use crate::sysctl;

/// The name under which the program is the helper. It is what nodes show as their first process.
pub const HELPER: &str = "vnet-init";

/// Parameters that every node starts with; those of its spec override them.
///
/// Duplicate address detection delays every address by up to two seconds, of which one is random, to find what the
/// compiler has already ruled out. What is attached to a link later and wants it can switch it on again.
const SYSCTLS: [(&str, &str); 1] = [("net.ipv6.conf.default.accept_dad", "0")];

/// The limit of descriptors that programs expect.
const USUAL_DESCRIPTORS: u64 = 1024;

/// What the helper reports, one line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Report {
    /// The first process of a node has this number.
    Made(usize, i32),
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
    let mut failure = None;
    for line in BufReader::new(output).lines() {
        let line = line.context(|| "cannot read from the helper that makes nodes".into())?;
        let report =
            serde_json::from_str(&line).map_err(|error| Error::Protocol(error.to_string()))?;
        match report {
            Report::Made(index, process) => {
                processes.insert(index, process);
            }
            Report::Failed(index, problem) => {
                failure.get_or_insert(Error::Setup {
                    node: name(index),
                    problem,
                });
            }
            Report::Broken(problem) => return Err(Error::Unsupported(problem)),
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if processes.len() != order.nodes.len() {
        return Err(Error::Protocol(format!(
            "{} of {} nodes have not been made",
            order.nodes.len() - processes.len(),
            order.nodes.len()
        )));
    }
    processes
        .iter()
        .map(|(index, process)| Node::of_process(&name(*index), *process))
        .collect()
}

/// The helper: makes the nodes that it reads of, then ends. Or a node that it has made and that awakes. Call it before
/// any thread is started.
pub fn helper_main() -> i32 {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == AWAKE)
    {
        init::awake();
    }
    let output = io::stdout().as_fd().try_clone_to_owned();
    let Some(output) = output.ok().and_then(|output| moved(output).ok()) else {
        return 1;
    };
    let mut output = Output(BufWriter::new(output.into()));
    match helper(&mut output) {
        Ok(()) => 0,
        Err(error) => {
            output.tell(&Report::Broken(error.to_string()));
            1
        }
    }
}

fn helper(output: &mut Output) -> Result<()> {
    let mut json = Vec::new();
    io::stdin()
        .read_to_end(&mut json)
        .context(|| "cannot read which nodes to make".into())?;
    let order: Order =
        serde_json::from_slice(&json).map_err(|error| Error::Protocol(error.to_string()))?;
    drop(json);
    let_go()?;
    // Else it is called like the link that it was started by.
    let _ = prctl::set_name(c"vnet-init");
    // The first process is the node, and at rest it is all nodes. Not everyone may do this; all works without.
    let _ = fs::write("/proc/self/oom_score_adj", "-1000");
    // Sockets are nobody else's business.
    umask(Mode::from_bits_truncate(0o177));
    // A child that could not be made is of no use to anyone; and orphans in the nodes, which inherit this, are reaped by
    // the kernel.
    ignore_children();
    let _ = setsid();
    usual_limits();
    base_mounts()?;
    let helper = Helper {
        hosts: order.hosts,
        // A kernel without IPv6 has none of this.
        sysctls: SYSCTLS
            .into_iter()
            .filter(|(name, _)| sysctl::path(name).exists())
            .collect(),
        stacks: Stacks::new(order.nodes.len())?,
        notice: Notice::new()?,
    };
    for (index, spec) in order.nodes.iter().enumerate() {
        let result = match make(index, spec, &helper) {
            Ok(process) => Report::Made(index, process),
            Err(error) => Report::Failed(index, error.to_string()),
        };
        output.tell(&result);
    }
    Ok(())
}

/// Nodes do not keep what the helper was started with: their standard input and output lead nowhere.
fn let_go() -> Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .context(|| "cannot open /dev/null".into())?;
    dup2_stdin(&null)
        .and_then(|()| dup2_stdout(&null))
        .and_then(|()| dup2_stderr(&null))
        .context(|| "cannot let go of standard input and output".into())
}

/// The caller needs many descriptors. Programs may have as many, if they ask for them; some go through all that they
/// could have.
fn usual_limits() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(USUAL_DESCRIPTORS), hard);
    }
}

fn ignore_children() {
    // SAFETY: there is no handler that could run.
    #[allow(unsafe_code)]
    let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) };
}

/// What all nodes are made with.
struct Helper {
    hosts: PathBuf,
    sysctls: Vec<(&'static str, &'static str)>,
    stacks: Stacks,
    notice: &'static Notice,
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

/// Makes the first process of a node; returns its number as soon as it rests.
fn make(index: usize, spec: &NodeSpec, helper: &Helper) -> Result<i32> {
    // First, since it then has the number that it is to have in the node.
    let listener = listener(&spec.directory).context(|| "cannot make the control socket".into())?;
    let cgroup = match &spec.cgroup {
        Some(path) => Some(
            File::open(path)
                .context(|| format!("cannot open the control group {}", path.display()))?,
        ),
        None => None,
    };
    let order = Order {
        hosts: helper.hosts.clone(),
        nodes: vec![spec.clone()],
    };
    let json = serde_json::to_vec(&order).map_err(|error| Error::Protocol(error.to_string()))?;
    let mut sysctls: Vec<(&str, &str)> = helper
        .sysctls
        .iter()
        .copied()
        .filter(|(name, _)| !spec.sysctls.contains_key(*name))
        .collect();
    sysctls.extend(
        spec.sysctls
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    // It is used as long as the node rests, when the helper has ended.
    let bed: &'static Bed = Box::leak(Box::new(Bed::new(
        spec,
        &sysctls,
        json,
        listener.as_raw_fd(),
        helper.notice,
    )?));
    let process = rest::start(index, &helper.stacks, bed, cgroup.as_ref())
        .context(|| "cannot make its namespaces".into())?;
    let report = helper.notice.wait(process)?;
    bed.outcome(report).map(|()| process)
}

/// A node's control socket, which is to survive when the node awakes.
fn listener(directory: &Path) -> nix::Result<OwnedFd> {
    let flags = SockFlag::empty();
    let listener = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let address = match UnixAddr::new(&directory.join(SOCKET)) {
        // The path is longer than an address takes.
        Err(Errno::ENAMETOOLONG) => {
            chdir(directory)?;
            UnixAddr::new(SOCKET)?
        }
        other => other?,
    };
    bind(listener.as_raw_fd(), &address)?;
    Ok(listener)
}

/// The same with a number that no node uses for something else.
fn moved(descriptor: OwnedFd) -> Result<OwnedFd> {
    let copy = fcntl(&descriptor, FcntlArg::F_DUPFD_CLOEXEC(FIRST_OWN))
        .context(|| "cannot copy a descriptor".into())?;
    // SAFETY: a descriptor that has just been made, which nobody else knows of.
    #[allow(unsafe_code)]
    unsafe {
        Ok(OwnedFd::from_raw_fd(copy))
    }
}

/// Where reports go.
struct Output(BufWriter<File>);

impl Output {
    fn tell(&mut self, report: &Report) {
        let mut line = serde_json::to_vec(report).unwrap_or_default();
        line.push(b'\n');
        // Nobody is left to tell if this fails; the reader notices that the report is missing.
        let _ = self.0.write_all(&line);
    }
}
