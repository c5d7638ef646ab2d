// SPDX-License-Identifier: GPL-2.0

//! Starting the daemons and commands of nodes.
//!
//! Within a node one comes after the other, as the plan has them; nodes do not wait for each other.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use vnet_topology::plan::{CommandPlan, DaemonPlan, FilePlan, NodePlan, Ready};

use crate::cancel::Cancel;
use crate::error::{Context, Error, Result};
use crate::node::control::{Control, Program};
use crate::node::Node;
use crate::paths::LabPaths;
use crate::ready::{self, Outcome};

/// Nodes that start their programs at the same time; each has a thread, which mostly waits.
const TOGETHER: usize = 64;
/// How long a daemon may take to end when it is asked to, and when it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of a log is shown when its daemon has failed.
const TAIL: usize = 2000;

/// What is to be started in a node.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The node.
    pub node: &'a Node,
    /// Daemons, in this order.
    pub daemons: Vec<&'a DaemonPlan>,
    /// Then commands, in this order, with their position in the plan.
    pub commands: Vec<(usize, &'a CommandPlan)>,
}

impl<'a> Job<'a> {
    /// All programs of a node.
    pub fn all(node: &'a Node, plan: &'a NodePlan) -> Self {
        Job {
            node,
            daemons: plan.daemons.iter().collect(),
            commands: plan.commands.iter().enumerate().collect(),
        }
    }

    /// Whether there is nothing to start.
    pub fn is_empty(&self) -> bool {
        self.daemons.is_empty() && self.commands.is_empty()
    }
}

/// Starts everything; `done` hears of each node that has all its programs. The first failure ends it.
pub fn start(
    paths: &LabPaths,
    jobs: &[Job<'_>],
    cancel: &Cancel,
    done: &mut (dyn FnMut(&str) + Send),
) -> Result<()> {
    let jobs: Vec<&Job<'_>> = jobs.iter().filter(|job| !job.is_empty()).collect();
    let next = AtomicUsize::new(0);
    let stop = Cancel::new()?;
    let failure = Mutex::new(None);
    let done = Mutex::new(done);
    let worker = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.check().is_err() {
                return;
            }
            match start_node(paths, job, cancel, &stop) {
                Ok(()) => {
                    if let Ok(mut done) = done.lock() {
                        done(&job.node.name);
                    }
                }
                Err(error) => {
                    if let Ok(mut failure) = failure.lock() {
                        failure.get_or_insert(error);
                    }
                    stop.cancel();
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.len().min(TOGETHER) {
            scope.spawn(worker);
        }
    });
    match failure.into_inner() {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(error),
        Err(_) => Err(Error::Protocol(
            "a thread that starts programs panicked".into(),
        )),
    }
}

/// Stops daemons that run.
pub fn stop(paths: &LabPaths, node: &Node, names: &[&str]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let never = Cancel::new()?;
    let mut control = connect(paths, node)?;
    // Last started, first stopped.
    for name in names.iter().rev() {
        for (signal, patience) in [(libc::SIGTERM, PATIENCE), (libc::SIGKILL, PATIENCE)] {
            // One that does not run has nothing to be stopped.
            if !control.signal(name, signal)? {
                break;
            }
            let deadline = Some(Instant::now() + patience);
            if control.wait_end(name, &never, deadline)?.is_some() {
                break;
            }
        }
    }
    Ok(())
}

/// Gives a file of a node's own another content; it stays the same file, which is what is mounted.
pub fn rewrite(node: &Node, file: &FilePlan) -> Result<()> {
    let path = node.path(&file.path);
    let text = || format!("cannot write {} in node {}", file.path, node.name);
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .and_then(|mut target| target.write_all(file.content.as_bytes()))
        .context(text)
}

fn connect(paths: &LabPaths, node: &Node) -> Result<Control> {
    Control::connect(&paths.node(&node.name)).map_err(|_| Error::DeadNode {
        lab: paths.lab().into(),
        node: node.name.clone(),
    })
}

fn start_node(paths: &LabPaths, job: &Job<'_>, cancel: &Cancel, stop: &Cancel) -> Result<()> {
    let node = job.node;
    let mut control = connect(paths, node)?;
    for daemon in &job.daemons {
        stop.check()?;
        start_daemon(paths, node, &mut control, daemon, cancel)?;
    }
    for (index, command) in &job.commands {
        stop.check()?;
        run_command(paths, node, &mut control, *index, command, cancel)?;
    }
    // One may have died while the next one was waited for.
    for daemon in &job.daemons {
        if let Some(state) = control.ended(&daemon.name)? {
            return Err(died(paths, &node.name, &daemon.name, state.to_string()));
        }
    }
    Ok(())
}

fn start_daemon(
    paths: &LabPaths,
    node: &Node,
    control: &mut Control,
    daemon: &DaemonPlan,
    cancel: &Cancel,
) -> Result<()> {
    let begin = Instant::now();
    let program = Program {
        name: daemon.name.clone(),
        argv: daemon.argv.clone(),
        env: daemon.env.clone(),
    };
    if let Err(problem) = control.start(&program)? {
        return Err(Error::NoStart {
            node: node.name.clone(),
            daemon: daemon.name.clone(),
            problem,
        });
    }
    let deadline = begin + Duration::from_nanos(daemon.ready_timeout);
    match ready::wait(node, control, &daemon.name, &daemon.ready, cancel, deadline)? {
        Outcome::Ready => Ok(()),
        Outcome::Ended(state) => Err(died(paths, &node.name, &daemon.name, state.to_string())),
        Outcome::Late => Err(Error::NotReady {
            node: node.name.clone(),
            daemon: daemon.name.clone(),
            seconds: begin.elapsed().as_secs_f64(),
            expected: expectation(&daemon.ready),
            log: log_tail(paths, &node.name, &daemon.name),
        }),
    }
}

fn run_command(
    paths: &LabPaths,
    node: &Node,
    control: &mut Control,
    index: usize,
    command: &CommandPlan,
    cancel: &Cancel,
) -> Result<()> {
    let program = Program {
        name: format!("command-{}", index + 1),
        argv: command.argv.clone(),
        env: BTreeMap::new(),
    };
    let failed = |status: String| Error::Failed {
        node: node.name.clone(),
        command: line(&command.argv),
        status,
        log: log_tail(paths, &node.name, &program.name),
    };
    if let Err(problem) = control.start(&program)? {
        return Err(failed(format!("cannot be started: {problem}")));
    }
    match control.wait_end(&program.name, cancel, None) {
        Ok(Some(state)) if state.success() => Ok(()),
        Ok(Some(state)) => Err(failed(state.to_string())),
        interrupted => {
            // It must not run on when all that was done is undone.
            control.signal(&program.name, libc::SIGKILL)?;
            Err(interrupted.err().unwrap_or(Error::Interrupted))
        }
    }
}

fn died(paths: &LabPaths, node: &str, daemon: &str, status: String) -> Error {
    Error::Died {
        node: node.into(),
        daemon: daemon.into(),
        status,
        log: log_tail(paths, node, daemon),
    }
}

/// A command line as one would type it.
fn line(argv: &[String]) -> String {
    match argv {
        [shell, option, line] if shell == "/bin/sh" && option == "-c" => line.clone(),
        _ => argv.join(" "),
    }
}

fn expectation(ready: &Ready) -> String {
    match ready {
        Ready::Started => "it has not started".into(),
        Ready::PidFile(path) => format!("there is no {path}, or it is empty"),
        Ready::Socket(path) => format!("nothing accepts connections at {path}"),
    }
}

/// The last lines of a program's log.
pub fn log_tail(paths: &LabPaths, node: &str, program: &str) -> String {
    let bytes = fs::read(paths.log(node, program)).unwrap_or_default();
    let start = bytes.len().saturating_sub(TAIL);
    let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
    match (start, text.split_once('\n')) {
        // The first line is not whole.
        (1.., Some((_, rest))) => rest.into(),
        _ => text,
    }
}
