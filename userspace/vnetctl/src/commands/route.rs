// SPDX-License-Identifier: GPL-2.0

//! `route show`

use std::collections::BTreeMap;
use std::net::IpAddr;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use vnet_lab::node::Node;
use vnet_lab::paths::LabPaths;
use vnet_lab::routes::{self, Hop, RouteReport};
use vnet_topology::plan::Plan;

use super::inspect;
use crate::cli::{Cli, Names};
use crate::error::Result;
use crate::output::{self, Table};
use crate::place::{self, Place};

/// `route`
#[derive(Debug, Subcommand)]
pub enum Route {
    /// Show the routes of nodes, whoever has set them.
    Show(RouteShow),
}

/// `route show`
#[derive(Debug, Args)]
pub struct RouteShow {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub names: Names,

    /// A table with more columns: types of routes, and the nodes that next hops are.
    #[arg(short, long, env = "VNET_WIDE", value_parser = FalseyValueParser::new())]
    pub wide: bool,
}

/// A route as this command shows it.
#[derive(Debug, Serialize)]
struct Entry {
    node: String,
    #[serde(flatten)]
    route: RouteReport,
}

/// Shows routes.
pub fn show(cli: &Cli, show: &RouteShow) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, show),
        Place::Guest(guest) => {
            let mut arguments = show.names.arguments("route");
            if show.wide {
                arguments.insert(2, "--wide".into());
            }
            place::relay(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, show: &RouteShow) -> Result<u8> {
    let RouteShow { names, wide } = show;
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
        false => table(&entries, wide.then_some(&plan)).print()?,
    }
    Ok(0)
}

/// Names of nodes by the addresses that the plan gives them.
fn owners(plan: &Plan) -> BTreeMap<IpAddr, &str> {
    let ports = plan.media.iter().flat_map(|medium| &medium.ports);
    let ends = plan.links.iter().flat_map(|link| &link.ends);
    let ends = ends.chain(ports.map(|port| &port.end));
    let on_links = ends.map(|end| (&end.addresses, end.node.as_str()));
    let on_others = plan.nodes.iter().flat_map(|node| {
        let interfaces = node.interfaces.iter();
        interfaces.map(|interface| (&interface.addresses, node.name.as_str()))
    });
    on_links
        .chain(on_others)
        .flat_map(|(addresses, node)| addresses.iter().map(move |net| (net.addr(), node)))
        .collect()
}

/// With more columns if there is a plan.
fn table(entries: &[Entry], wide: Option<&Plan>) -> Table {
    let mut head = vec![
        "NODE",
        "DESTINATION",
        "VIA",
        "INTERFACE",
        ">METRIC",
        "PROTOCOL",
    ];
    if wide.is_some() {
        head.extend(["TYPE", "NEXT"]);
    }
    let mut table = Table::new(&head);
    let owners = wide.map(owners);
    for Entry { node, route } in entries {
        // What has no hop says instead what happens.
        let none = [Hop::default()];
        let hops = match route.hops.is_empty() {
            true => &none[..],
            false => &route.hops,
        };
        for hop in hops {
            let mut row = vec![
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
            ];
            if let Some(owners) = &owners {
                let next = hop.via.and_then(|via| owners.get(&via));
                row.extend([route.kind, next.copied().unwrap_or("-")].map(str::to_owned));
            }
            table.row(row);
        }
    }
    table
}
