// SPDX-License-Identifier: GPL-2.0

//! `link trace`: what is decided about each frame of a link.

use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::Kernel as Module;
use vnet_uapi::Side;

use super::trace::{self, Log, Subject};
use crate::cli::{Cli, LinkTrace};
use crate::error::{Error, Result};
use crate::place::{self, Place};

/// Follows the log of a link.
pub fn run(cli: &Cli, trace: &LinkTrace) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, trace),
        Place::Guest(guest) => {
            let mut arguments = vec!["link".to_owned(), "trace".to_owned()];
            arguments.extend(trace.options.arguments());
            arguments.extend(trace.from.iter().map(|node| format!("--from={node}")));
            arguments.extend(["--".to_owned(), trace.name.clone()]);
            place::forward(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, trace: &LinkTrace) -> Result<u8> {
    let plan = state::require(&LabPaths::new(lab)?)?;
    let mut module = Module::open()?;
    let id = module.link(lab, &trace.name)?.id.unwrap_or_default();
    let link = plan.links.iter().find(|plan| plan.name == trace.name);
    let link = link.ok_or_else(|| {
        Error::Message(format!("the plan of lab {lab} has no link {}", trace.name))
    })?;
    let mut logs = Vec::new();
    for number in super::link_set::sides(link, trace.from.as_deref())? {
        let end = &link.ends[number];
        let side = if number == 0 { Side::A } else { Side::B };
        let from = format!("{}:{}", end.node, end.interface);
        logs.push(Log::new(Subject::Link { id, side }, from));
    }
    trace::run(module.client(), logs, &trace.options)
}
