// SPDX-License-Identifier: GPL-2.0

//! Parameters that do not stand on the command line, where other users see them.

use std::path::PathBuf;

use clap::Args;

use super::super::read;
use crate::cli::variable;
use crate::error::{Error, Result};

/// A parameter and its value, as text.
pub(super) type Pair = (String, String);

/// Where more parameters are.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Take more parameters from a file, or from standard input (`-`): PARAMETER=VALUE, a line each. Keys belong there,
    /// since other users see the command line while the command runs.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Source {
    /// The parameters, if there is a file.
    pub(super) fn read(&self) -> Result<Vec<Pair>> {
        let Some(file) = &self.from else {
            return Ok(Vec::new());
        };
        // What is in the file is not repeated.
        pairs(&read(file)?).map_err(|line| {
            let file = file.display();
            Error::Message(format!("{file}: line {line} is not PARAMETER=VALUE"))
        })
    }

    /// What has a guest take them from standard input.
    pub(super) fn option(&self) -> Option<String> {
        self.from.is_some().then(|| "--from=-".into())
    }
}

/// Lines with such parameters.
pub(super) fn lines(pairs: &[Pair]) -> String {
    let lines = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"));
    lines.collect()
}

/// The parameters in a text, or the number of the line that has none.
fn pairs(text: &str) -> std::result::Result<Vec<Pair>, usize> {
    let lines = text.lines().map(str::trim).zip(1..);
    let filled = lines.filter(|(line, _)| !line.is_empty());
    filled
        .map(|(line, number)| variable(line).map_err(|_| number))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{lines, pairs};

    #[test]
    fn a_line_is_a_parameter() {
        let text = "key=0x00ff\n\n  algorithm=gcm(aes) \nlabel=a=b\n";
        let found = pairs(text).unwrap();
        let expected = [
            ("key", "0x00ff"),
            ("algorithm", "gcm(aes)"),
            ("label", "a=b"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
        assert_eq!(pairs(&lines(&found)), Ok(found));
        assert_eq!(pairs("key=0x00\n\n0x11\n"), Err(3));
    }
}
