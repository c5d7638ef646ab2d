// SPDX-License-Identifier: GPL-2.0

//! `link set a-b delay -1ms`: a value that begins with a minus is a value, also without `--` before it.
//!
//! No option of `vnetctl` begins with a digit, but clap takes every word with a hyphen for options, or none after the
//! first parameter, where `--from` may stand as well.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::Parser;

use crate::cli::{Cli, Command, Link};
use crate::commands::medium::Medium;

/// What stands for the hyphen of a value while clap reads: nothing that could be typed.
const HYPHEN: char = '\u{1}';

/// Reads the command line.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let error = match Cli::try_parse_from(arguments) {
        Err(error) if is_value(&error) => error,
        result => return result,
    };
    let hidden = arguments.iter().map(|argument| hide(argument));
    let Ok(mut cli) = Cli::try_parse_from(hidden) else {
        return Err(error);
    };
    let Some(words) = words(&mut cli.command) else {
        return Err(error);
    };
    if words.options.iter().any(|value| value.contains(HYPHEN)) {
        return Err(error);
    }
    for word in words.parameters.iter_mut().chain([words.name]) {
        *word = word.replace(HYPHEN, "-");
    }
    Ok(cli)
}

/// The words of a command that takes parameters of links.
struct Words<'a> {
    name: &'a mut String,
    parameters: &'a mut Vec<String>,
    /// Values of options, which name nodes.
    options: Vec<&'a String>,
}

/// Whether clap does not know an option that looks like a number.
fn is_value(error: &clap::Error) -> bool {
    let option = error.get(ContextKind::InvalidArg);
    error.kind() == ErrorKind::UnknownArgument
        && matches!(option, Some(ContextValue::String(option)) if is_negative(option))
}

fn is_negative(word: &str) -> bool {
    let value = word.strip_prefix('-').unwrap_or("");
    value.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

fn hide(argument: &OsStr) -> OsString {
    match argument.to_str().and_then(|word| word.strip_prefix('-')) {
        Some(value) if is_negative(&format!("-{value}")) => format!("{HYPHEN}{value}").into(),
        _ => argument.to_owned(),
    }
}

fn words(command: &mut Command) -> Option<Words<'_>> {
    match command {
        Command::Link(Link::Set(set)) => Some(Words {
            name: &mut set.name,
            parameters: &mut set.parameters,
            options: set.from.iter().collect(),
        }),
        Command::Medium(Medium::Set(set)) => Some(Words {
            name: &mut set.name,
            parameters: &mut set.parameters,
            options: [&set.port, &set.from, &set.to]
                .into_iter()
                .flatten()
                .collect(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, Vec<String>), String> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut cli = parse(&arguments).map_err(|error| error.to_string())?;
        let words = words(&mut cli.command).ok_or("another command")?;
        Ok((words.name.clone(), words.parameters.clone()))
    }

    #[test]
    fn negative_values_are_values() {
        for (line, expected) in [
            ("vnetctl link set a-b delay -1ms", "delay -1ms"),
            (
                "vnetctl link set a-b delay -.5ms rate 1mbit --from a",
                "delay -.5ms rate 1mbit",
            ),
            ("vnetctl link set -l t a-b --from b loss -1%", "loss -1%"),
            (
                "vnetctl medium set a-b --from a jitter -5ms --to b",
                "jitter -5ms",
            ),
            (
                "vnetctl link set a-b jitter table -8192,0,8192",
                "jitter table -8192,0,8192",
            ),
            ("vnetctl link set a-b -- delay -1ms", "delay -1ms"),
        ] {
            let expected = expected.split(' ').map(String::from).collect();
            assert_eq!(read(line), Ok(("a-b".into(), expected)), "{line}");
        }
    }

    #[test]
    fn other_mistakes_stay() {
        for (line, expected) in [
            ("vnetctl link set a-b delay -x", "unexpected argument '-x'"),
            (
                "vnetctl link set a-b --form a delay -1ms",
                "unexpected argument '--form'",
            ),
            ("vnetctl ps -1", "unexpected argument '-1'"),
            (
                "vnetctl link set a-b --from -1 delay 1ms",
                "unexpected argument '-1'",
            ),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
        // What is a program's own stays with it.
        let line = ["vnetctl", "exec", "a", "head", "-1"].map(OsString::from);
        let Ok(Command::Exec(exec)) = parse(&line).map(|cli| cli.command) else {
            panic!("exec");
        };
        assert!(format!("{exec:?}").contains("\"-1\""), "{exec:?}");
    }
}
