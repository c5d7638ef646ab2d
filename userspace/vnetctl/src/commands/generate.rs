// SPDX-License-Identifier: GPL-2.0

//! `completion` and `man`: made from the definition of the command line.

use std::fs;

use clap::CommandFactory;
use clap_complete::env::Shells;

use crate::cli::{Cli, Completion, Man};
use crate::error::{Error, Result};
use crate::output;

/// Prints a completion script.
pub fn completion(completion: &Completion) -> Result<u8> {
    let shells = Shells::builtins();
    let shell = completion.shell.to_string();
    let completer = shells
        .completer(&shell)
        .ok_or_else(|| Error::Message(format!("there is no completion for {shell}")))?;
    let mut script = Vec::new();
    completer
        .write_registration("COMPLETE", "vnetctl", "vnetctl", "vnetctl", &mut script)
        .map_err(|error| Error::Message(format!("cannot write the script: {error}")))?;
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Prints the manual page, or writes one for each command.
pub fn man(man: &Man) -> Result<u8> {
    let failed =
        |error: std::io::Error| Error::Message(format!("cannot write manual pages: {error}"));
    match &man.directory {
        Some(directory) => {
            fs::create_dir_all(directory).map_err(failed)?;
            clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
        }
        None => {
            let mut page = Vec::new();
            let command = find(&man.command)?;
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(failed)?;
            output::print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(0)
}

/// A command by its words, with all options that it takes.
fn find(words: &[String]) -> Result<clap::Command> {
    let mut command = Cli::command();
    // Only now do the commands within others know how they are called.
    command.build();
    for word in words {
        let found = command.find_subcommand(word).filter(|it| !it.is_hide_set());
        command = found.cloned().ok_or_else(|| {
            let name = command.get_bin_name().unwrap_or_default();
            Error::Message(format!(
                "{name} has no command {word}; `{name} --help` lists those it has"
            ))
        })?;
    }
    Ok(command)
}
