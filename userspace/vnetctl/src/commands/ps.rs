// SPDX-License-Identifier: GPL-2.0

//! `ps`

use serde::Serialize;
use serde_json::{Map, Value};
use vnet_lab::inspect;

use crate::cli::{Cli, Ps};
use crate::error::{Error, Result};
use crate::output::{self, Table};
use crate::place::{self, Found, Place};

/// A lab as this command shows it.
#[derive(Debug, Serialize)]
struct Entry {
    kernel: String,
    #[serde(flatten)]
    lab: Map<String, Value>,
}

/// Lists labs and nodes.
pub fn run(cli: &Cli, ps: &Ps) -> Result<u8> {
    let mut labs = place::labs(cli)?;
    if let Some(name) = &cli.lab {
        labs = vec![place::select(cli).map_err(|error| match labs.is_empty() {
            true => Error::Message(format!("lab {name} is not up; none is")),
            false => error,
        })?];
    }
    let entries = labs.iter().map(entry).collect::<Result<Vec<_>>>()?;
    if ps.json {
        output::json(&entries)?;
        return Ok(0);
    }
    if entries.is_empty() {
        output::print("no lab is up\n")?;
        return Ok(0);
    }
    let mut head = vec![
        "LAB",
        "KERNEL",
        "NODE",
        "KIND",
        "STATE",
        ">PROCESSES",
        "ADDRESSES",
    ];
    if ps.wide {
        head.extend([">INIT", "NETNS", "PROGRAMS"]);
    }
    let mut table = Table::new(&head);
    for entry in &entries {
        rows(&mut table, entry, ps.wide);
    }
    table.print()?;
    Ok(0)
}

fn entry(found: &Found) -> Result<Entry> {
    let lab = match found.place()? {
        Place::Here => serde_json::to_value(inspect::lab(&found.lab)?),
        Place::Guest(guest) => {
            let json = place::ask(&guest, &found.lab, ["ps", "--json"]);
            // A guest in which the lab has not come up yet is there all the same.
            json.map(|json| {
                serde_json::from_slice::<Vec<Value>>(&json)
                    .map(|list| list.into_iter().next().unwrap_or_default())
            })
            .unwrap_or(Ok(Value::Null))
        }
    };
    let lab = lab
        .map_err(|error| Error::Message(format!("cannot read about lab {}: {error}", found.lab)))?;
    let mut lab = match lab {
        Value::Object(lab) => lab,
        _ => {
            let mut lab = Map::new();
            lab.insert("lab".into(), found.lab.clone().into());
            lab.insert("state".into(), "incomplete".into());
            lab.insert("nodes".into(), Value::Array(Vec::new()));
            lab
        }
    };
    lab.remove("kernel");
    Ok(Entry {
        kernel: found.kernel(),
        lab,
    })
}

fn rows(table: &mut Table, entry: &Entry, wide: bool) {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let lab = Value::Object(entry.lab.clone());
    let nodes = lab["nodes"].as_array().cloned().unwrap_or_default();
    if nodes.is_empty() {
        let mut row = vec![text(&lab, "lab"), entry.kernel.clone()];
        row.extend(["-".into(), "-".into(), text(&lab, "state"), "0".into()]);
        table.row(row);
    }
    for node in nodes {
        let mut row = vec![
            text(&lab, "lab"),
            entry.kernel.clone(),
            text(&node, "name"),
            text(&node, "kind"),
            text(&node, "state"),
            node["processes"].as_u64().unwrap_or(0).to_string(),
            addresses(&node),
        ];
        if wide {
            let init = node["init"].as_i64();
            row.push(init.map_or("-".into(), |init| init.to_string()));
            row.push(text(&node, "netns"));
            row.push(programs(&node));
        }
        table.row(row);
    }
}

/// Names of the programs that the node's first process has started, with the state of those that do not run.
fn programs(node: &Value) -> String {
    let list = node["programs"].as_array().into_iter().flatten();
    let words = list.filter_map(|program| {
        let name = program["name"].as_str()?;
        Some(match &program["state"] {
            Value::String(state) if state == "running" => name.to_owned(),
            _ => format!("{name} (ended)"),
        })
    });
    words.collect::<Vec<_>>().join(" ")
}

fn addresses(node: &Value) -> String {
    let Some(interfaces) = node["addresses"].as_object() else {
        return String::new();
    };
    let lists = interfaces.values().filter_map(Value::as_array).flatten();
    lists
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}
