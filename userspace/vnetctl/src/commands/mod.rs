// SPDX-License-Identifier: GPL-2.0

//! What the commands do.

mod check;
mod doctor;
mod down;
mod exec;
mod generate;
mod instance;
mod link;
mod link_set;
mod logs;
mod node;
mod ps;
mod up;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use vnet_topology::plan::Plan;

use crate::cli::{Cli, Command, Instance, Link, Node};
use crate::error::{Error, Result};

/// Does what was asked; returns the exit status.
pub fn run(cli: Cli) -> Result<u8> {
    match &cli.command {
        Command::Up(up) => up::run(&cli, up),
        Command::ApplyPlan(apply) => up::apply(apply),
        Command::Plan(plan) => up::preview(&cli, plan),
        Command::PreviewPlan(plan) => up::preview_plan(plan),
        Command::Down(down) => down::run(&cli, down),
        Command::Ps(ps) => ps::run(&cli, ps),
        Command::Exec(exec) => exec::run(&cli, &exec.node, &exec.command),
        Command::Shell(shell) => exec::run(&cli, &shell.node, &[]),
        Command::Link(Link::Show(show)) => link::show(&cli, show),
        Command::Link(Link::Set(set)) => link_set::run(&cli, set),
        Command::Instance(Instance::Show(names)) => instance::show(&cli, names),
        Command::Node(Node::Show(names)) => node::show(&cli, names),
        Command::Logs(logs) => logs::run(&cli, logs),
        Command::Check(check) => check::run(&cli, check),
        Command::Doctor => doctor::run(),
        Command::Completion(completion) => generate::completion(completion),
        Command::Man(man) => generate::man(man),
    }
}

/// The text of a file, or of standard input.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let result = match file == Path::new("-") {
        true => io::stdin().read_to_string(&mut text).map(drop),
        false => fs::read_to_string(file).map(|content| text = content),
    };
    match result {
        Ok(()) => Ok(text),
        Err(error) => {
            let message = error.to_string();
            let end = message.find(" (os error").unwrap_or(message.len());
            Err(Error::Message(format!(
                "cannot read {}: {}",
                file.display(),
                &message[..end]
            )))
        }
    }
}

/// Compiles a topology file; warnings are printed.
fn compile(
    file: &Path,
    lab: Option<&str>,
    seed: Option<u64>,
    vars: &[(String, String)],
) -> Result<Plan> {
    let text = read(file)?;
    let options = vnet_topology::Options {
        lab: lab.map(Into::into),
        seed,
        read_files: true,
        vars: vars.iter().cloned().collect(),
    };
    let name = file.to_string_lossy();
    let compiled = vnet_topology::compile_with(&name, &text, &options)
        .map_err(|report| Error::Topology(Box::new(report)))?;
    if !compiled.warnings.is_empty() {
        Error::Topology(Box::new(compiled.warnings)).print();
    }
    Ok(compiled.plan)
}
