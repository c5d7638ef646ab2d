// SPDX-License-Identifier: GPL-2.0

//! `vnetctl`: brings emulated networks up and works with them.
//!
//! Everything that a lab needs happens in the kernel that the lab lives in, by `vnetctl --kernel host …`. When that is an
//! embedded kernel, the tool on the outside compiles, starts the guest and runs itself inside; see [`place`].

mod cli;
mod commands;
mod complete;
mod error;
mod interrupt;
mod negative;
mod output;
mod place;
mod progress;
#[cfg(test)]
mod transcripts;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use vnet_lab::node::spawn::{helper_main, HELPER};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    // These are other programs that happen to be in the same file. They run before anything could start a thread, and
    // know nothing of the options below.
    if arguments.first().is_some_and(|name| name == HELPER) {
        return ExitCode::from(helper_main() as u8);
    }
    match arguments.get(1).and_then(|argument| argument.to_str()) {
        Some("agent") => return vnet_guest::agent::main(arguments[2..].to_vec()),
        Some("guest-supervisor") => return vnet_guest::supervisor::main(arguments[2..].to_vec()),
        _ => {}
    }
    // Ends the program if a shell asks for completions.
    CompleteEnv::with_factory(cli::Cli::command).complete();
    let cli = negative::parse(&arguments).unwrap_or_else(|error| error.exit());
    let failure = cli.command.failure_status();
    match commands::run(cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            error.print();
            ExitCode::from(error.status().unwrap_or(failure))
        }
    }
}
