// SPDX-License-Identifier: GPL-2.0

//! `logs`

use std::fs;

use vnet_lab::error::near;
use vnet_lab::inspect;
use vnet_lab::paths::LabPaths;

use crate::cli::{Cli, Logs};
use crate::error::{Error, Result};
use crate::output;
use crate::place::{self, Place};

/// Prints what the daemons of a node have written.
pub fn run(cli: &Cli, logs: &Logs) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, logs),
        Place::Guest(guest) => {
            let mut arguments = vec!["logs".to_owned(), logs.node.clone()];
            arguments.extend(logs.daemon.clone());
            place::relay(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, logs: &Logs) -> Result<u8> {
    let paths = LabPaths::new(lab)?;
    let plan = inspect::node_plan(&paths, &logs.node)?;
    let mut names: Vec<String> = plan
        .daemons
        .iter()
        .map(|daemon| daemon.name.clone())
        .collect();
    names.extend((1..=plan.commands.len()).map(|number| format!("command-{number}")));
    if let Some(daemon) = &logs.daemon {
        if !names.contains(daemon) {
            let hint = match (
                near(daemon, names.iter().map(String::as_str)),
                names.is_empty(),
            ) {
                (Some(near), _) => format!("; did you mean {near}?"),
                (None, false) => format!("; it has {}", names.join(", ")),
                (None, true) => "; it has none".into(),
            };
            return Err(Error::Message(format!(
                "node {} has no daemon {daemon}{hint}",
                logs.node
            )));
        }
        names = vec![daemon.clone()];
    }
    let several = names.len() > 1;
    for name in names {
        let path = paths.log(&logs.node, &name);
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        for line in text.lines() {
            match several {
                true => output::print(&format!("{name}: {line}\n"))?,
                false => output::print(&format!("{line}\n"))?,
            }
        }
    }
    Ok(0)
}
