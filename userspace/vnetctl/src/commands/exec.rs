// SPDX-License-Identifier: GPL-2.0

//! `exec` and `shell`

use std::ffi::OsString;

use clap::Args;
use vnet_lab::cgroup::Cgroups;
use vnet_lab::inspect;
use vnet_lab::node::control;
use vnet_lab::node::enter::{self, Outcome, Visit};
use vnet_lab::node::Node;
use vnet_lab::paths::LabPaths;

use super::several;
use crate::cli::Cli;
use crate::complete;
use crate::error::Result;
use crate::place::{self, Place};

/// `exec`
#[derive(Debug, Args)]
pub struct Exec {
    /// In all nodes; what they print has their names in front.
    #[arg(long)]
    pub all: bool,

    /// In all nodes with this label, or with this value of it; several must all fit.
    #[arg(long = "label", value_name = "KEY[=VALUE]")]
    pub labels: Vec<String>,

    /// A line of JSON for each node: its name, the exit status, and what was printed.
    #[arg(long)]
    pub json: bool,

    /// Node; none with --all or --label.
    #[arg(required_unless_present_any = ["all", "labels"], add = complete::nodes())]
    pub node: Option<OsString>,

    /// Program and its arguments.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}

impl Exec {
    /// Whether it is about several nodes, or is told of as if it were.
    pub fn several(&self) -> bool {
        self.all || !self.labels.is_empty()
    }

    /// The program and its arguments; with several nodes, what would be the node is the program.
    pub fn words(&self) -> Vec<OsString> {
        let first = self.node.iter().filter(|_| self.several());
        first.chain(&self.command).cloned().collect()
    }
}

/// Runs a program.
pub fn command(cli: &Cli, exec: &Exec) -> Result<u8> {
    match &exec.node {
        Some(node) if !exec.several() && !exec.json => {
            run(cli, &node.to_string_lossy(), &exec.command)
        }
        _ => several::run(cli, exec),
    }
}

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
    control::wake_all(&paths, [name].into_iter())?;
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
