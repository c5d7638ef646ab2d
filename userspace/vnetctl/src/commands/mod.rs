// SPDX-License-Identifier: GPL-2.0

//! What the commands do.

mod check;
pub mod convert;
mod counters;
pub mod cp;
mod doctor;
mod down;
pub mod exec;
pub mod fb;
mod generate;
mod import;
pub mod inspect;
mod instance;
mod link;
mod link_detail;
mod link_set;
mod link_trace;
mod logs;
pub mod medium;
mod medium_trace;
mod node;
mod outside;
mod ps;
pub mod restart;
pub mod route;
mod several;
pub mod shapes;
mod source;
pub mod trace;
mod up;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::{Cli, Command, Instance, Link, Node};
use crate::error::{Error, Result};

pub use inspect::plan;

/// Does what was asked; returns the exit status.
pub fn run(cli: Cli) -> Result<u8> {
    match &cli.command {
        Command::Up(up) => up::run(&cli, up),
        Command::ApplyPlan(apply) => up::apply(apply),
        Command::Plan(plan) => up::preview(&cli, plan),
        Command::PreviewPlan(plan) => up::preview_plan(plan),
        Command::Down(down) => down::run(&cli, down),
        Command::Ps(ps) => ps::run(&cli, ps),
        Command::Exec(exec) => exec::command(&cli, exec),
        Command::Shell(shell) => exec::run(&cli, &shell.node, &[]),
        Command::Cp(cp) => cp::run(&cli, cp),
        Command::Pack(pack) => cp::pack(pack),
        Command::Unpack(unpack) => cp::unpack(unpack),
        Command::Restart(restart) => restart::run(&cli, restart),
        Command::Route(route::Route::Show(names)) => route::show(&cli, names),
        Command::Link(Link::Show(show)) => link::show(&cli, show),
        Command::Link(Link::Set(set)) => link_set::run(&cli, set),
        Command::Link(Link::Trace(trace)) => link_trace::run(&cli, trace),
        Command::Link(Link::Down(link)) => link_set::cable(&cli, link, "pulled"),
        Command::Link(Link::Up(link)) => link_set::cable(&cli, link, "plugged"),
        Command::Medium(medium) => medium::run(&cli, medium),
        Command::Fb(fb) => fb::run(&cli, fb),
        Command::Instance(Instance::Show(names)) => instance::show(&cli, names),
        Command::Node(Node::Show(names)) => node::show(&cli, names),
        Command::Logs(logs) => logs::run(&cli, logs),
        Command::Check(check) => check::run(&cli, check),
        Command::Import(import) => import::run(import),
        Command::Convert(convert) => convert::convert(&cli, convert),
        Command::Graph(graph) => convert::graph(&cli, graph),
        Command::Generate(generate) => shapes::generate(generate),
        Command::Schema => shapes::schema(),
        Command::Inspect(inspect) => inspect::run(&cli, inspect),
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
        Err(error) => Err(Error::Message(format!(
            "cannot read {}: {}",
            file.display(),
            reason(&error)
        ))),
    }
}

/// Writes a file.
fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|error| {
        Error::Message(format!(
            "cannot write {}: {}",
            file.display(),
            reason(&error)
        ))
    })
}

/// What the system says, without its number.
fn reason(error: &io::Error) -> String {
    let message = error.to_string();
    let end = message.find(" (os error").unwrap_or(message.len());
    message[..end].to_owned()
}
