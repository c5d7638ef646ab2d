// SPDX-License-Identifier: GPL-2.0

//! Texts inside of files.

/// A text without empty lines around it and what all its lines are indented by.
pub(crate) fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let full = |line: &&&str| !line.is_empty();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let margin = lines.iter().filter(full).map(indent).min().unwrap_or(0);
    let lines = lines.iter().map(|line| line.get(margin..).unwrap_or(""));
    format!(
        "{}\n",
        lines.collect::<Vec<_>>().join("\n").trim_matches('\n')
    )
}
