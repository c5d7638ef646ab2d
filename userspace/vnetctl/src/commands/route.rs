// SPDX-License-Identifier: GPL-2.0

//! `route show`

use clap::Subcommand;
use serde::Serialize;
use vnet_lab::node::Node;
use vnet_lab::paths::LabPaths;
use vnet_lab::routes::{self, Hop, RouteReport};

use super::inspect;
use crate::cli::{Cli, Names};
use crate::error::Result;
use crate::output::{self, Table};
use crate::place::{self, Place};

/// `route`
#[derive(Debug, Subcommand)]
pub enum Route {
    /// Show the routes of nodes, whoever has set them.
    Show(Names),
}

/// A route as this command shows it.
#[derive(Debug, Serialize)]
struct Entry {
    node: String,
    #[serde(flatten)]
    route: RouteReport,
}

/// Shows routes.
pub fn show(cli: &Cli, names: &Names) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, names),
        Place::Guest(guest) => place::relay(&guest, &found.lab, names.arguments("route")),
    }
}

fn here(lab: &str, names: &Names) -> Result<u8> {
    let plan = inspect::plan(lab)?;
    for name in &names.names {
        inspect::known(&plan, name)?;
    }
    let paths = LabPaths::new(lab)?;
    let mut entries = Vec::new();
    for node in &plan.nodes {
        if names.names.is_empty() || names.names.contains(&node.name) {
            let found = routes::of(&Node::find(&paths, &node.name)?)?;
            entries.extend(found.into_iter().map(|route| Entry {
                node: node.name.clone(),
                route,
            }));
        }
    }
    match names.json {
        true => output::json(&entries)?,
        false => table(&entries).print()?,
    }
    Ok(0)
}

fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new(&[
        "NODE",
        "DESTINATION",
        "VIA",
        "INTERFACE",
        ">METRIC",
        "PROTOCOL",
    ]);
    for Entry { node, route } in entries {
        // What has no hop says instead what happens.
        let none = [Hop::default()];
        let hops = match route.hops.is_empty() {
            true => &none[..],
            false => &route.hops,
        };
        for hop in hops {
            table.row(vec![
                node.clone(),
                route.destination.to_string(),
                match hop.via {
                    Some(via) => via.to_string(),
                    None if route.kind == "unicast" => "-".into(),
                    None => route.kind.into(),
                },
                hop.interface.clone().unwrap_or_else(|| "-".into()),
                route.metric.to_string(),
                route.protocol.clone(),
            ]);
        }
    }
    table
}
