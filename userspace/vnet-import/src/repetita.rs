// SPDX-License-Identifier: GPL-2.0

//! Repetita's `.graph`: a table of nodes, and a table of directed edges with weight, kbit/s and delay in microseconds.

use std::collections::{HashMap, VecDeque};

use vnet_topology::units::{show_rate, show_time, MAX_RATE, MAX_TIME, MIN_RATE};
use vnet_topology::write::{End, Link, Node, Parameters, Topology};

use crate::names::Names;
use crate::{ImportError, Imported, Options, Warnings};

struct Edge {
    label: String,
    from: usize,
    to: usize,
    parameters: Parameters,
    paired: bool,
}

pub(crate) fn import(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let mut warnings = Warnings::default();
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty());
    let mut names = Names::default();
    let mut topology = Topology {
        routing: options.routing.clone(),
        ..Topology::default()
    };
    let places = table(&mut lines, "NODES")?;
    let geographic = places.iter().all(|(_, row)| {
        let number = |index: usize| row.get(index).and_then(|text| text.parse::<f64>().ok());
        matches!((number(1), number(2)), (Some(x), Some(y)) if x.abs() <= 180.0 && y.abs() <= 90.0)
    });
    for (index, (line, row)) in places.iter().enumerate() {
        let [label, coordinates @ ..] = row.as_slice() else {
            return Err(ImportError::at(*line, "a node needs a label"));
        };
        // `3_UTAH` is node 3.
        let short = label.strip_prefix(&format!("{index}_")).unwrap_or(label);
        let numbers: Vec<f64> = coordinates
            .iter()
            .filter_map(|text| text.parse().ok())
            .filter(|n: &f64| n.is_finite())
            .collect();
        let position = match numbers[..] {
            // Longitude and latitude: north is up.
            [x, y, ..] if geographic => Some(((x * 10.0).round(), (-y * 10.0).round())),
            [x, y, ..] if x.abs() <= 1e6 && y.abs() <= 1e6 => Some((x, y)),
            _ => None,
        };
        topology.nodes.push(Node {
            name: names.host(short, &index.to_string()),
            kind: "router".into(),
            position,
            ..Node::default()
        });
    }
    let mut edges: Vec<Edge> = Vec::new();
    for (line, row) in table(&mut lines, "EDGES")? {
        edges.push(
            edge(&mut warnings, &row, topology.nodes.len())
                .map_err(|message| ImportError::at(line, message))?,
        );
    }
    if let Some((line, text)) = lines.next() {
        warnings.add(
            "",
            format!("what follows the edges (`{text}` in line {line}) is not carried over"),
        );
    }
    pair(&mut warnings, edges, &mut topology);
    Ok(Imported {
        topology,
        warnings: warnings.list,
    })
}

/// A table: `NODES 4`, a heading, and so many rows, each with the number of its line.
fn table<'t>(
    lines: &mut impl Iterator<Item = (usize, &'t str)>,
    name: &str,
) -> Result<Vec<(usize, Vec<&'t str>)>, ImportError> {
    let Some((line, head)) = lines.next() else {
        return Err(ImportError::syntax(format!(
            "there is no `{name}` in the file"
        )));
    };
    let mut words = head.split_whitespace();
    let count = match (words.next(), words.next().map(str::parse::<usize>)) {
        (Some(word), Some(Ok(count))) if word == name => count,
        _ => {
            return Err(ImportError::at(
                line,
                format!("expected `{name}` and their number"),
            ))
        }
    };
    lines.next();
    let mut rows = Vec::new();
    for _ in 0..count {
        let Some((line, row)) = lines.next() else {
            return Err(ImportError::syntax(format!(
                "there are fewer {name} than it says"
            )));
        };
        rows.push((line, row.split_whitespace().collect()));
    }
    Ok(rows)
}

fn edge(warnings: &mut Warnings, row: &[&str], nodes: usize) -> Result<Edge, String> {
    let [label, from, to, weight, rate, delay, ..] = row else {
        return Err("an edge needs label, src, dest, weight, bw and delay".into());
    };
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && *n >= 0.0)
            .ok_or(format!("`{text}` is not a number"))
    };
    let node = |text: &str| match text.parse::<usize>() {
        Ok(index) if index < nodes => Ok(index),
        _ => Err(format!("there is no node {text}")),
    };
    let mut parameters = Parameters::default();
    let rate = number(rate)? * 1000.0;
    match rate.round() as u64 {
        rate @ MIN_RATE..=MAX_RATE => parameters.set("rate", show_rate(Some(rate))),
        rate => warnings.add(
            format!("edge {label}"),
            format!("a rate of {rate} bit/s cannot be emulated: unlimited"),
        ),
    }
    let delay = number(delay)? * 1000.0;
    if delay > MAX_TIME as f64 {
        warnings.add(format!("edge {label}"), "a delay above 100 s: it has 100 s");
    }
    match (delay.round() as u64).min(MAX_TIME) {
        0 => {}
        delay => parameters.set("delay", show_time(delay)),
    }
    match number(weight)?.round() as u64 {
        cost @ 1..=65_535 => parameters.set("cost", cost.to_string()),
        weight => warnings.add(
            format!("edge {label}"),
            format!("a weight of {weight} is no cost: by the rate"),
        ),
    }
    Ok(Edge {
        label: (*label).to_owned(),
        from: node(from)?,
        to: node(to)?,
        parameters,
        paired: false,
    })
}

/// Makes links of edges there and back.
fn pair(warnings: &mut Warnings, mut edges: Vec<Edge>, topology: &mut Topology) {
    // Edges that have no way back so far, the earliest first.
    let mut waiting: HashMap<(usize, usize), VecDeque<usize>> = HashMap::new();
    let mut partners: Vec<Option<usize>> = vec![None; edges.len()];
    for (index, edge) in edges.iter_mut().enumerate() {
        let back = waiting.get_mut(&(edge.to, edge.from));
        match back.and_then(VecDeque::pop_front) {
            Some(partner) => {
                partners[partner] = Some(index);
                edge.paired = true;
            }
            None => {
                let list = waiting.entry((edge.from, edge.to)).or_default();
                list.push_back(index);
            }
        }
    }
    for (index, edge) in edges.iter().enumerate().filter(|(_, edge)| !edge.paired) {
        if edge.from == edge.to {
            warnings.add(
                format!("edge {}", edge.label),
                "leads to where it comes from: left out",
            );
            continue;
        }
        let mut link = Link {
            ends: [edge.from, edge.to].map(|node| End::of(&topology.nodes[node].name)),
            ..Link::default()
        };
        match partners[index].map(|partner| &edges[partner]) {
            Some(back) if back.parameters != edge.parameters => {
                link.forward = edge.parameters.clone();
                link.backward = back.parameters.clone();
            }
            Some(_) => link.both = edge.parameters.clone(),
            None => {
                warnings.add(
                    format!("edge {}", edge.label),
                    "has no way back: the link has the same in both directions",
                );
                link.both = edge.parameters.clone();
            }
        }
        topology.links.push(link);
    }
}
