// SPDX-License-Identifier: GPL-2.0

//! Completion of names by asking the labs that are up, while the command is typed.
//!
//! The shell runs this program again with what has been typed so far; whatever goes wrong then means no names.

use std::collections::BTreeSet;
use std::env;

use clap::ValueEnum;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use serde_json::Value;
use vnet_topology::plan::Plan;

use crate::cli::{Cli, Command, Kernel};
use crate::place::{self, Place};

/// Names of nodes.
pub fn nodes() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        candidates(current, |plan| {
            plan.nodes.iter().map(|node| node.name.clone()).collect()
        })
    })
}

/// Names of links.
pub fn links() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        candidates(current, |plan| {
            plan.links.iter().map(|link| link.name.clone()).collect()
        })
    })
}

/// Names of media.
pub fn media() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        candidates(current, |plan| {
            plan.media
                .iter()
                .map(|medium| medium.name.clone())
                .collect()
        })
    })
}

/// Names of daemons, of the nodes that the line has.
pub fn daemons() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        let words: Vec<String> = env::args().collect();
        candidates(current, |plan| {
            let meant = plan.nodes.iter().filter(|node| words.contains(&node.name));
            let daemons = meant.flat_map(|node| &node.daemons);
            daemons.map(|daemon| daemon.name.clone()).collect()
        })
    })
}

/// `NODE:` for files of nodes, and files of the host.
pub fn places() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        let mut found = PathCompleter::any().complete(current);
        found.extend(candidates(current, |plan| {
            plan.nodes
                .iter()
                .map(|node| format!("{}:", node.name))
                .collect()
        }));
        found
    })
}

/// Names of blocks, of the nodes that the line has.
pub fn blocks() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        let found = asked(&["fb", "list", "--json"]).unwrap_or_default();
        let words: Vec<String> = env::args().collect();
        let text = |block: &Value, key: &str| Some(block.get(key)?.as_str()?.to_owned());
        let named = found.iter().filter(|block| {
            let node = text(block, "node");
            node.is_some_and(|node| words.contains(&node))
        });
        matching(current, named.filter_map(|block| text(block, "name")))
    })
}

/// Names of types of blocks.
pub fn block_types() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        let found = asked(&["fb", "types", "--json"]).unwrap_or_default();
        let names = found
            .iter()
            .filter_map(|kind| Some(kind.get("name")?.as_str()?.to_owned()));
        matching(current, names)
    })
}

/// What a command prints as a JSON list about the lab that the line is about.
fn asked(arguments: &[&str]) -> Option<Vec<Value>> {
    let found = place::select(&typed()).ok()?;
    let json = match found.place().ok()? {
        Place::Here => {
            let program = env::current_exe().ok()?;
            let mut command = std::process::Command::new(program);
            // This one is to do what it says, not to complete it.
            command
                .env_remove("COMPLETE")
                .args(["--kernel", "host", "--lab", &found.lab]);
            command.args(arguments).output().ok()?.stdout
        }
        Place::Guest(guest) => place::ask(&guest, &found.lab, arguments.iter().copied()).ok()?,
    };
    serde_json::from_slice(&json).ok()
}

/// Names of labs.
pub fn labs() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &std::ffi::OsStr| {
        let labs = place::labs(&typed()).unwrap_or_default();
        matching(current, labs.into_iter().map(|found| found.lab))
    })
}

fn candidates(
    current: &std::ffi::OsStr,
    names: impl Fn(&Plan) -> Vec<String>,
) -> Vec<CompletionCandidate> {
    let names = plan().map(|plan| names(&plan)).unwrap_or_default();
    matching(current, names.into_iter())
}

fn matching(
    current: &std::ffi::OsStr,
    names: impl Iterator<Item = String>,
) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let names: BTreeSet<String> = names.filter(|name| name.starts_with(&*begin)).collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The plan of the lab that the line is about.
fn plan() -> Option<Plan> {
    let found = place::select(&typed()).ok()?;
    match found.place().ok()? {
        Place::Here => crate::commands::plan(&found.lab).ok(),
        Place::Guest(guest) => {
            let json = place::ask(&guest, &found.lab, ["inspect", "--plan"]).ok()?;
            vnet_lab::state::parse(&json).ok()
        }
    }
}

/// What of the line says which lab it is; the rest need not be right yet.
fn typed() -> Cli {
    let words: Vec<String> = env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let value = |long: &str, short: &str| {
        let joined = format!("--{long}=");
        words.iter().enumerate().find_map(|(index, word)| {
            if let Some(value) = word.strip_prefix(&joined) {
                return Some(value.to_owned());
            }
            let named = *word == format!("--{long}") || (!short.is_empty() && *word == short);
            words.get(index + 1).filter(|_| named).cloned()
        })
    };
    let kernel = value("kernel", "").or_else(|| env::var("VNET_KERNEL").ok());
    Cli {
        kernel: kernel.and_then(|name| Kernel::from_str(&name, true).ok()),
        lab: value("lab", "-l").or_else(|| env::var("VNET_LAB").ok()),
        command: Command::Doctor,
    }
}
