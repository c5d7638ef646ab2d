// SPDX-License-Identifier: GPL-2.0

//! `node show`

use vnet_lab::error::near;
use vnet_lab::inspect::{self, NodeReport};

use crate::cli::{Cli, Names};
use crate::error::{Error, Result};
use crate::output;
use crate::place::{self, Place};

/// Shows nodes with all that is known of them.
pub fn show(cli: &Cli, names: &Names) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, names),
        Place::Guest(guest) => place::relay(&guest, &found.lab, names.arguments("node")),
    }
}

fn here(lab: &str, names: &Names) -> Result<u8> {
    let report = inspect::lab(lab)?;
    let mut nodes: Vec<&NodeReport> = report.nodes.iter().collect();
    for name in &names.names {
        if !nodes.iter().any(|node| node.name == *name) {
            return Err(Error::Lab(vnet_lab::Error::NoNode {
                lab: lab.into(),
                node: name.clone(),
                near: near(name, nodes.iter().map(|node| node.name.as_str())),
            }));
        }
    }
    if !names.names.is_empty() {
        nodes.retain(|node| names.names.contains(&node.name));
    }
    if names.json {
        output::json(&nodes)?;
        return Ok(0);
    }
    for node in nodes {
        output::print(&text(node))?;
    }
    Ok(0)
}

fn text(node: &NodeReport) -> String {
    let mut text = format!("{}: {}", node.name, node.state.name());
    if let Some(kind) = node.kind {
        text.push_str(&format!(", {}", format!("{kind:?}").to_lowercase()));
    }
    text.push('\n');
    let mut line = |what: &str, value: String| text.push_str(&format!("  {what:<12}{value}\n"));
    if let Some(init) = node.init {
        line("init", format!("process {init}"));
    }
    line("processes", node.processes.to_string());
    line("netns", node.netns.clone());
    for (interface, addresses) in &node.addresses {
        line(interface, addresses.join(" "));
    }
    for program in &node.programs {
        line(&program.name, program.state.to_string());
    }
    text
}
