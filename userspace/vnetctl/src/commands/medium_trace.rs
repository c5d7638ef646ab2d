// SPDX-License-Identifier: GPL-2.0

//! `medium trace`: what is decided about each frame of a medium.

use clap::Args;
use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::{media, Kernel as Module};
use vnet_topology::plan::MediumPlan;

use super::medium::{of, position};
use super::trace::{self, Log, Options, Subject};
use crate::complete;
use crate::error::{Error, Result};

/// `medium trace`
#[derive(Debug, Args)]
pub struct Trace {
    /// Medium.
    #[arg(add = complete::media())]
    pub name: String,

    /// Only what this port sends: a node, or `node:interface`.
    #[arg(long, value_name = "PORT", add = complete::nodes())]
    pub from: Option<String>,

    /// Not the transmitters, but the ways to this port.
    #[arg(long, value_name = "PORT", add = complete::nodes())]
    pub to: Option<String>,

    #[command(flatten)]
    pub options: Options,
}

/// The same command for the lab's guest.
pub fn arguments(trace: &Trace) -> Vec<String> {
    let mut arguments = vec!["medium".to_owned(), "trace".to_owned()];
    for (name, value) in [("from", &trace.from), ("to", &trace.to)] {
        arguments.extend(value.iter().map(|value| format!("--{name}={value}")));
    }
    arguments.extend(trace.options.arguments());
    arguments.extend(["--".to_owned(), trace.name.clone()]);
    arguments
}

/// Follows the logs where the lab is.
pub fn here(lab: &str, trace: &Trace) -> Result<u8> {
    let plan = state::require(&LabPaths::new(lab)?)?;
    let mut module = Module::open()?;
    let id = media::find(module.client(), lab, &trace.name)?;
    let medium = &plan.media[position(&plan, &trace.name)?];
    let logs = logs(id, medium, trace)
        .map_err(|error| Error::Message(format!("cannot trace medium {}: {error}", trace.name)))?;
    trace::run(module.client(), logs, &trace.options)
}

/// Those of transmitters, or of the ways to a port.
fn logs(id: u32, medium: &MediumPlan, trace: &Trace) -> std::result::Result<Vec<Log>, String> {
    let name = |port: usize| {
        let end = &medium.ports[port].end;
        format!("{}:{}", end.node, end.interface)
    };
    let senders = of(medium, &trace.from)?;
    let log = |from: usize, to: Option<usize>| {
        let subject = Subject::Medium {
            id,
            from: from as u32,
            to: to.map(|to| to as u32),
        };
        let way = to.map_or(String::new(), |to| format!("->{}", name(to)));
        Log::new(subject, name(from) + &way)
    };
    if trace.to.is_none() {
        return Ok(senders.into_iter().map(|from| log(from, None)).collect());
    }
    let mut logs = Vec::new();
    for to in of(medium, &trace.to)? {
        let others = senders.iter().filter(|from| **from != to);
        logs.extend(others.map(|from| log(*from, Some(to))));
    }
    match logs.is_empty() {
        true => Err("no way leads from a port to itself".into()),
        false => Ok(logs),
    }
}
