// SPDX-License-Identifier: GPL-2.0

//! Each command has a transcript: with a lab that is up, or on the host where no lab is needed to see what it does.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// Transcripts, and how their names end: without a lab, and with one.
const PLACES: [(&str, &str); 2] = [
    ("tests/cmd", ".trycmd"),
    ("../../tests/topology/transcripts", ".md"),
];

/// The words of all command lines of all transcripts, behind `vnetctl`.
fn typed() -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for (place, ending) in PLACES {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{place}: {error}"));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.to_string_lossy().ends_with(ending) {
                let text = fs::read_to_string(&path).unwrap();
                lines.extend(
                    text.lines()
                        .filter_map(|line| line.strip_prefix("$ "))
                        .map(str::to_owned),
                );
            }
        }
    }
    let calls = lines.iter().flat_map(|line| line.split("vnetctl ").skip(1));
    let words = |call: &str| call.split_whitespace().map(str::to_owned).collect();
    calls.map(words).collect()
}

/// The commands that do something, as people type them.
fn commands(command: &Command, words: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let inner: Vec<&Command> = command
        .get_subcommands()
        .filter(|it| !it.is_hide_set())
        .collect();
    if inner.is_empty() {
        found.push(words.clone());
    }
    for command in inner {
        words.push(command.get_name().to_owned());
        commands(command, words, found);
        words.pop();
    }
}

/// Options in front of the command, and their values.
fn without_options(call: &[String]) -> &[String] {
    match call {
        [option, _, rest @ ..] if matches!(option.as_str(), "--kernel" | "-l" | "--lab") => {
            without_options(rest)
        }
        call => call,
    }
}

#[test]
fn each_command_has_one() {
    let mut all = Vec::new();
    commands(&Cli::command(), &mut Vec::new(), &mut all);
    assert!(all.len() > 30, "{all:?}");
    let typed = typed();
    let shown = |command: &Vec<String>| {
        typed.iter().any(|call| {
            let call = without_options(call);
            // What it says about itself is not what it does.
            call.starts_with(command) && !call.contains(&"--help".to_owned())
        })
    };
    let missing: Vec<String> = all
        .iter()
        .filter(|command| !shown(command))
        .map(|command| command.join(" "))
        .collect();
    assert!(
        missing.is_empty(),
        "no transcript has: {}",
        missing.join(", ")
    );
}
