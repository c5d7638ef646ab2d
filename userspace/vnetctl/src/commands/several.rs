// SPDX-License-Identifier: GPL-2.0

//! `exec` in several nodes at once.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use serde::Serialize;
use vnet_topology::plan::{NodePlan, Plan};

use super::exec::Exec;
use super::inspect;
use crate::cli::Cli;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::output;
use crate::place::{self, Place};

/// Programs that run at the same time.
const TOGETHER: usize = 16;
/// How often it is looked whether all have ended.
const LOOK: Duration = Duration::from_millis(100);

/// What `--json` tells of a node.
#[derive(Debug, Serialize)]
struct Told<'a> {
    node: &'a str,
    status: u8,
    stdout: String,
    stderr: String,
}

/// Runs a program in several nodes; the highest exit status.
pub fn run(cli: &Cli, exec: &Exec) -> Result<u8> {
    let words = exec.words();
    if words.is_empty() {
        return Err("say what to run: shells are for single nodes".into());
    }
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, exec, &words),
        Place::Guest(guest) => place::forward(&guest, &found.lab, arguments(exec, &words)),
    }
}

fn arguments(exec: &Exec, words: &[OsString]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["exec".into()];
    arguments.extend(exec.all.then(|| "--all".into()));
    arguments.extend(exec.json.then(|| "--json".into()));
    arguments.extend(
        exec.labels
            .iter()
            .map(|label| format!("--label={label}").into()),
    );
    arguments.push("--".into());
    arguments.extend(exec.node.iter().filter(|_| !exec.several()).cloned());
    arguments.extend_from_slice(words);
    arguments
}

fn here(lab: &str, exec: &Exec, words: &[OsString]) -> Result<u8> {
    let plan = inspect::plan(lab)?;
    let nodes = select(&plan, exec)?;
    let cancel = interrupt::cancel()?;
    let visits = Visits {
        lab,
        words,
        json: exec.json,
        running: Mutex::new(Vec::new()),
        stop: AtomicBool::new(false),
    };
    let (next, highest, left) = (
        AtomicUsize::new(0),
        AtomicU8::new(0),
        AtomicUsize::new(nodes.len().min(TOGETHER)),
    );
    let worker = || {
        while let Some(node) = nodes.get(next.fetch_add(1, Ordering::Relaxed)) {
            if visits.stop.load(Ordering::Relaxed) {
                break;
            }
            let status = visits.visit(node).unwrap_or_else(|error| {
                eprintln!("vnetctl: node {node}: {error}");
                vnet_lab::node::enter::EXIT_TOOL
            });
            highest.fetch_max(status, Ordering::Relaxed);
        }
        left.fetch_sub(1, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for _ in 0..nodes.len().min(TOGETHER) {
            scope.spawn(worker);
        }
        while left.load(Ordering::Relaxed) > 0 {
            if cancel.wait(&[], Some(Instant::now() + LOOK)).is_err() {
                visits.end();
                // It has been heard; from now on only the ends are waited for.
                thread::sleep(LOOK);
            }
        }
    });
    match visits.stop.load(Ordering::Relaxed) {
        true => Err(Error::Lab(vnet_lab::Error::Interrupted)),
        false => Ok(highest.load(Ordering::Relaxed)),
    }
}

/// The nodes that are meant.
fn select<'p>(plan: &'p Plan, exec: &Exec) -> Result<Vec<&'p str>> {
    let fits = |node: &NodePlan| {
        exec.labels.iter().all(|label| match label.split_once('=') {
            Some((key, value)) => node.labels.get(key).is_some_and(|have| have == value),
            None => node.labels.contains_key(label),
        })
    };
    if let (Some(node), false) = (&exec.node, exec.several()) {
        let name = node.to_string_lossy();
        inspect::known(plan, &name)?;
        let found = plan.nodes.iter().filter(|node| node.name == name);
        return Ok(found.map(|node| node.name.as_str()).collect());
    }
    let found = plan.nodes.iter().filter(|node| fits(node));
    let names: Vec<&str> = found.map(|node| node.name.as_str()).collect();
    if names.is_empty() {
        return Err(Error::Message(format!(
            "no node of lab {} has the label {}; `labels` of nodes in its file are what can be asked for",
            plan.lab,
            exec.labels.join(" and ")
        )));
    }
    Ok(names)
}

/// What is the same for all nodes.
struct Visits<'a> {
    lab: &'a str,
    words: &'a [OsString],
    json: bool,
    /// Processes that run.
    running: Mutex<Vec<u32>>,
    stop: AtomicBool,
}

impl Visits<'_> {
    /// Asks all that run to end, and starts no more.
    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Ok(running) = self.running.lock() {
            for process in running.iter() {
                // One that has just ended has been waited for only after it was taken from the list.
                let _ = kill(Pid::from_raw(*process as i32), Signal::SIGTERM);
            }
        }
    }

    /// Runs the program in a node. A program of its own does so, since whoever enters a node cannot leave it.
    fn visit(&self, node: &str) -> io::Result<u8> {
        let mut child = Command::new("/proc/self/exe")
            .args(["--kernel=host", "--lab", self.lab, "exec", node, "--"])
            .args(self.words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Ok(mut running) = self.running.lock() {
            running.push(child.id());
        }
        let result = self.listen(node, &mut child);
        if let Ok(mut running) = self.running.lock() {
            running.retain(|process| *process != child.id());
        }
        let told = result?;
        let status = child
            .wait()?
            .code()
            .and_then(|code| u8::try_from(code).ok());
        let status = status.unwrap_or(vnet_lab::node::enter::EXIT_TOOL);
        if let Some((stdout, stderr)) = told {
            let told = Told {
                node,
                status,
                stdout,
                stderr,
            };
            let line = serde_json::to_string(&told)?;
            let _ = output::print(&format!("{line}\n"));
        }
        Ok(status)
    }

    /// Passes on what it prints, line by line, or collects it.
    fn listen(&self, node: &str, child: &mut Child) -> io::Result<Option<(String, String)>> {
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Ok(None);
        };
        if self.json {
            return thread::scope(|scope| {
                let err = scope.spawn(|| all(err));
                let out = all(out);
                Ok(Some((
                    out?,
                    err.join().unwrap_or_else(|_| Ok(String::new()))?,
                )))
            });
        }
        thread::scope(|scope| {
            scope.spawn(|| pass_on(node, err, io::stderr()));
            pass_on(node, out, io::stdout());
        });
        Ok(None)
    }
}

fn all(mut from: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines with the node's name in front; when nobody reads them any more, the program hears of it.
fn pass_on(node: &str, from: impl Read, mut to: impl Write) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        // In one piece, so that lines of several nodes do not mix.
        let whole = [format!("{node}: ").as_bytes(), line.as_slice()].concat();
        if to.write_all(&whole).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}
