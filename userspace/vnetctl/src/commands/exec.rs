// SPDX-License-Identifier: GPL-2.0

//! `exec` and `shell`

use std::ffi::OsString;

use vnet_lab::cgroup::Cgroups;
use vnet_lab::inspect;
use vnet_lab::node::enter::{self, Outcome, Visit};
use vnet_lab::node::Node;
use vnet_lab::paths::LabPaths;

use crate::cli::Cli;
use crate::error::Result;
use crate::place::{self, Place};

/// Runs a program in a node, or a shell.
pub fn run(cli: &Cli, node: &str, command: &[OsString]) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, node, command),
        Place::Guest(guest) => {
            let mut arguments: Vec<OsString> = vec!["exec".into(), node.into(), "--".into()];
            arguments.extend_from_slice(command);
            place::forward(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, name: &str, command: &[OsString]) -> Result<u8> {
    let paths = LabPaths::new(lab)?;
    let plan = inspect::node_plan(&paths, name)?;
    let node = Node::find(&paths, name)?;
    let shell = [enter::shell_in(&node)];
    let argv = match command {
        [] => &shell,
        command => command,
    };
    let cgroup = Cgroups::find().map(|groups| groups.node(lab, name));
    let outcome = enter::run(
        &node,
        &Visit {
            cgroup: cgroup.as_deref(),
            argv,
            env: &plan.env,
        },
    )?;
    match outcome {
        Outcome::Ended(status) => Ok(status),
        Outcome::NotStarted { status, problem } => {
            eprintln!("vnetctl: {problem}");
            Ok(status)
        }
    }
}
