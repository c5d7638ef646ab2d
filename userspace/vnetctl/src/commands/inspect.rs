// SPDX-License-Identifier: GPL-2.0

//! `inspect`: nodes with their interfaces, and what these are connected to.

use clap::builder::FalseyValueParser;
use clap::Args;
use serde::Serialize;
use vnet_lab::error::near;
use vnet_lab::inspect::{self, NodeReport};
use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_topology::plan::{LinkPlan, MediumPlan, NodePlan, Plan, Segment};
use vnet_topology::units::{show_rate, show_time};

use crate::cli::Cli;
use crate::complete;
use crate::error::{Error, Result};
use crate::output::{self, Table};
use crate::place::{self, Place};

/// `inspect`
#[derive(Debug, Args)]
pub struct Inspect {
    /// Nodes; all without a name.
    #[arg(add = complete::nodes())]
    pub names: Vec<String>,

    /// As JSON, with all that the plan says of the nodes and that is known of them.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,

    /// A table with more columns: rates, delays and MTUs of what the interfaces send on.
    #[arg(short, long, env = "VNET_WIDE", value_parser = FalseyValueParser::new())]
    pub wide: bool,

    /// The whole plan of the lab as JSON, as `plan` and `check` make it.
    #[arg(long, conflicts_with = "names")]
    pub plan: bool,
}

/// A node as this command shows it.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    report: &'a NodeReport,
    links: Vec<&'a LinkPlan>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<&'a MediumPlan>,
    plan: &'a NodePlan,
}

/// Shows nodes.
pub fn run(cli: &Cli, inspect: &Inspect) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, inspect),
        Place::Guest(guest) => {
            let mut arguments = vec!["inspect".to_owned()];
            arguments.extend(inspect.json.then(|| "--json".to_owned()));
            arguments.extend(inspect.wide.then(|| "--wide".to_owned()));
            arguments.extend(inspect.plan.then(|| "--plan".to_owned()));
            arguments.push("--".into());
            arguments.extend_from_slice(&inspect.names);
            place::relay(&guest, &found.lab, arguments)
        }
    }
}

/// The plan of a lab in this kernel.
pub fn plan(lab: &str) -> Result<Plan> {
    Ok(state::require(&LabPaths::new(lab)?)?)
}

fn here(lab: &str, inspect: &Inspect) -> Result<u8> {
    let plan = plan(lab)?;
    if inspect.plan {
        output::json(&plan)?;
        return Ok(0);
    }
    for name in &inspect.names {
        known(&plan, name)?;
    }
    let report = inspect::lab(lab)?;
    let wanted = |name: &String| inspect.names.is_empty() || inspect.names.contains(name);
    let nodes: Vec<Entry> = report
        .nodes
        .iter()
        .filter(|node| wanted(&node.name))
        .filter_map(|report| {
            let ends = || plan.ends_of(&report.name).map(|(segment, _)| segment);
            Some(Entry {
                report,
                links: ends().filter_map(Segment::link).collect(),
                media: ends().filter_map(Segment::medium).collect(),
                plan: plan.nodes.iter().find(|node| node.name == report.name)?,
            })
        })
        .collect();
    match inspect.json {
        true => output::json(&nodes)?,
        false => table(&nodes, inspect.wide).print()?,
    }
    Ok(0)
}

/// An error if the lab has no such node.
pub fn known(plan: &Plan, name: &str) -> Result<()> {
    if plan.nodes.iter().any(|node| node.name == name) {
        return Ok(());
    }
    Err(Error::Lab(vnet_lab::Error::NoNode {
        lab: plan.lab.clone(),
        node: name.into(),
        near: near(name, plan.nodes.iter().map(|node| node.name.as_str())),
    }))
}

fn table(nodes: &[Entry], wide: bool) -> Table {
    let mut head = vec![
        "NODE",
        "KIND",
        "STATE",
        "INTERFACE",
        "LINK",
        "PEER",
        "MAC",
        "ADDRESSES",
    ];
    if wide {
        head.extend([">RATE", ">DELAY", ">MTU"]);
    }
    let mut table = Table::new(&head);
    for node in nodes {
        let name = &node.report.name;
        let mut rows: Vec<[String; 8]> = node
            .links
            .iter()
            .map(|link| {
                let side = usize::from(link.ends[0].node != *name);
                let (end, peer) = (&link.ends[side], &link.ends[1 - side]);
                let addresses = node.report.addresses.get(&end.interface);
                [
                    end.interface.clone(),
                    link.name.clone(),
                    format!("{}:{}", peer.node, peer.interface),
                    end.mac.to_string(),
                    addresses.map_or(String::new(), |list| list.join(" ")),
                    show_rate(link.directions[side].rate),
                    show_time(link.directions[side].delay),
                    link.mtu.to_string(),
                ]
            })
            .collect();
        for medium in &node.media {
            // Its peers are all others.
            let ports = medium.ports.iter().filter(|port| port.end.node == *name);
            rows.extend(ports.map(|port| {
                let end = &port.end;
                let addresses = node.report.addresses.get(&end.interface);
                [
                    end.interface.clone(),
                    medium.name.clone(),
                    format!("{} others", medium.ports.len() - 1),
                    end.mac.to_string(),
                    addresses.map_or(String::new(), |list| list.join(" ")),
                    show_rate(port.tx.rate),
                    show_time(medium.ways.delay),
                    medium.mtu.to_string(),
                ]
            }));
        }
        for (interface, addresses) in &node.report.addresses {
            if !rows.iter().any(|row| row[0] == *interface) {
                let none = || "-".to_owned();
                rows.push([
                    interface.clone(),
                    none(),
                    none(),
                    none(),
                    addresses.join(" "),
                    none(),
                    none(),
                    none(),
                ]);
            }
        }
        if rows.is_empty() {
            rows.push(["-", "-", "-", "-", "", "-", "-", "-"].map(str::to_owned));
        }
        for row in rows {
            let mut cells = vec![
                name.clone(),
                format!("{:?}", node.plan.kind).to_lowercase(),
                node.report.state.name().into(),
            ];
            cells.extend(row.into_iter().take(if wide { 8 } else { 5 }));
            table.row(cells);
        }
    }
    table
}
