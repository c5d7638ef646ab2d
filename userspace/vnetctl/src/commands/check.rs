// SPDX-License-Identifier: GPL-2.0

//! `check`

use super::source::Source;
use crate::cli::{Check, Cli};
use crate::error::{Error, Result};
use crate::output;

/// Compiles and touches nothing.
pub fn run(cli: &Cli, check: &Check) -> Result<u8> {
    let mut status = 0;
    for file in &check.files {
        let source = Source {
            file,
            lab: cli.lab.as_deref(),
            seed: None,
            vars: &check.vars,
            foreign: &check.foreign,
            quiet: false,
        };
        match source.compile() {
            Ok(plan) if check.json => output::json(&plan)?,
            Ok(plan) => output::print(&format!(
                "{}: lab {}, {}\n",
                file.display(),
                plan.lab,
                plan.summary()
            ))?,
            Err(error @ (Error::Topology(_) | Error::Message(_))) => {
                error.print();
                status = 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(status)
}

/// `1 node`, `2 nodes`
pub fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
