// SPDX-License-Identifier: GPL-2.0

//! `chains:` as written: for each node chains, or blocks and chains that bind them.

use std::collections::BTreeMap;

use crate::chain::{self, ChainError, Hop, CHAIN_HELP};
use crate::decode::{refused, Fields, Problems};
use crate::plan::ParamPlan;
use crate::report::{At, Problem};
use crate::tree::{Data, Key, Value};

/// The chains of a node.
#[derive(Debug)]
pub(crate) struct Chains {
    pub node: At<String>,
    pub blocks: Vec<Block>,
    pub chains: Vec<Vec<At<Hop>>>,
}

/// A block that stands by itself.
#[derive(Debug)]
pub(crate) struct Block {
    pub name: At<String>,
    pub kind: At<String>,
    pub params: Vec<(At<String>, ParamPlan)>,
    /// Those whose events it takes.
    pub publishers: Vec<At<String>>,
}

const NODE_HELP: &str =
    "write a chain, a list of chains, or `blocks` and `bind`, as in\nr1: {blocks: {c1: counter}, bind: [\"eth0:wire -> c1 -> eth0:host\"]}";

/// Reads `chains:`.
pub(super) fn read(problems: &Problems, value: &Value) -> Vec<Chains> {
    let entries = match &value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => &[],
        _ => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("`chains` is a map, not {}", value.describe()),
                )
                .help("write a line `node: chain` for each node, as in\nr1: eth0:wire -> counter c1 -> eth0:host"),
            );
            &[]
        }
    };
    entries
        .iter()
        .map(|(key, value)| read_node(problems, key, value))
        .collect()
}

fn read_node(problems: &Problems, key: &Key, value: &Value) -> Chains {
    let mut found = Chains {
        node: At::new(key.text.clone(), key.span.clone()),
        blocks: Vec::new(),
        chains: Vec::new(),
    };
    match &value.data {
        Data::Text(_) | Data::List(_) => found.chains = read_chains(problems, value),
        Data::Map(_) => {
            let Some(mut fields) = Fields::of(problems, value, "the chains of a node") else {
                return found;
            };
            if let Some(value) = fields.get("blocks") {
                found.blocks = read_blocks(problems, value);
            }
            if let Some(value) = fields.get("bind") {
                found.chains = read_chains(problems, value);
            }
            fields.finish();
        }
        Data::Null => problems.add(
            Problem::new(key.span.clone(), format!("`{}` has no value", key.text)).help(NODE_HELP),
        ),
    }
    found
}

fn read_chains(problems: &Problems, value: &Value) -> Vec<Vec<At<Hop>>> {
    let items = match &value.data {
        Data::List(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let read = |item: &Value| match &item.data {
        Data::Text(text) => {
            let hops = chain::parse(text).map_err(|error| in_text(item, text, error));
            let hops = problems.keep(hops)?;
            let place = |hop: Hop| {
                let span = inside(item, text, &hop);
                At::new(hop, span)
            };
            Some(hops.into_iter().map(place).collect())
        }
        Data::List(words) => read_words(problems, words),
        _ => {
            let message = format!("expected a chain, found {}", item.describe());
            problems.add(refused(&item.span, message, CHAIN_HELP));
            None
        }
    };
    items.iter().filter_map(read).collect()
}

/// A chain as a list: each block stands by itself.
fn read_words(problems: &Problems, words: &[Value]) -> Option<Vec<At<Hop>>> {
    let mut texts = Vec::new();
    for word in words {
        let Data::Text(text) = &word.data else {
            let message = format!("expected a block, found {}", word.describe());
            problems.add(refused(
                &word.span,
                message,
                "a chain as a list has a block in each item, as in [eth0:wire, counter c1, eth0:host]",
            ));
            return None;
        };
        texts.push(text.as_str());
    }
    let last = texts.len().saturating_sub(1);
    let read = |(index, text): (usize, &&str)| {
        let span = words[index].span.clone();
        // What a block may have depends on its place: its neighbours are stood in for.
        let before = if index == 0 { "" } else { "x -> " };
        let after = if index == last { "" } else { " -> x" };
        match chain::parse(&format!("{before}{text}{after}")) {
            Ok(mut hops) => {
                let position = usize::from(index > 0);
                Some(At::new(
                    hops.swap_remove(position.min(hops.len() - 1)),
                    span,
                ))
            }
            Err(error) => {
                problems.add(refused(&span, error.message, &error.help));
                None
            }
        }
    };
    texts.iter().enumerate().map(read).collect()
}

/// Where a hop of a text stands in the file; the whole text if it is written with escapes or on several lines.
fn inside(item: &Value, text: &str, hop: &Hop) -> crate::report::Span {
    match item.span.len().checked_sub(text.len()) {
        // In quotes or not.
        Some(more @ (0 | 2)) => {
            let start = item.span.start + more / 2;
            start + hop.span.start..start + hop.span.end
        }
        _ => item.span.clone(),
    }
}

fn in_text(item: &Value, text: &str, error: ChainError) -> Problem {
    let hop = Hop {
        span: error.span,
        ..Hop::default()
    };
    Problem::new(inside(item, text, &hop), error.message).help(error.help)
}

const BLOCK_HELP: &str = "write `c1: counter`, or with parameters `q1: {type: queue, packets: 10}`";

fn read_blocks(problems: &Problems, value: &Value) -> Vec<Block> {
    let entries = match &value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => &[],
        _ => {
            let message = format!("`blocks` is a map, not {}", value.describe());
            problems.add(refused(&value.span, message, BLOCK_HELP));
            &[]
        }
    };
    entries
        .iter()
        .filter_map(|(key, value)| {
            if let Err(message) = chain::check_name(&key.text) {
                problems.add(refused(
                    &key.span,
                    message,
                    "a name has letters, digits, `-`, `_`, `.` and `@`",
                ));
            }
            read_block(problems, key, value)
        })
        .collect()
}

fn read_block(problems: &Problems, key: &Key, value: &Value) -> Option<Block> {
    let name = At::new(key.text.clone(), key.span.clone());
    let mut block = Block {
        kind: At::new(String::new(), value.span.clone()),
        name,
        params: Vec::new(),
        publishers: Vec::new(),
    };
    let entries = match &value.data {
        Data::Text(kind) => {
            block.kind.value.clone_from(kind);
            return Some(block);
        }
        Data::Map(entries) => entries,
        _ => {
            let message = format!("block `{}` has no type", key.text);
            problems.add(refused(&key.span, message, BLOCK_HELP));
            return None;
        }
    };
    for (field, value) in entries {
        match (field.text.as_str(), &value.data) {
            ("type", Data::Text(kind)) => block.kind = At::new(kind.clone(), value.span.clone()),
            (SUBSCRIBE, _) => block.publishers = publishers(problems, value)?,
            _ => {
                let param = param(problems, field, value)?;
                block
                    .params
                    .push((At::new(field.text.clone(), field.span.clone()), param));
            }
        }
    }
    if block.kind.value.is_empty() {
        let message = format!("block `{}` has no type", key.text);
        problems.add(refused(&key.span, message, BLOCK_HELP));
        return None;
    }
    Some(block)
}

/// The key under which a block says whose events it takes, also in brackets within a chain.
pub(crate) const SUBSCRIBE: &str = "subscribe";

/// Names of blocks: one, or a list.
fn publishers(problems: &Problems, value: &Value) -> Option<Vec<At<String>>> {
    let items = match &value.data {
        Data::List(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let name = |item: &Value| match &item.data {
        Data::Text(name) => Some(At::new(name.clone(), item.span.clone())),
        _ => {
            let message = format!("expected the name of a block, found {}", item.describe());
            let help = "write `subscribe: eth0`, or `subscribe: [eth0, q1]`";
            problems.add(refused(&item.span, message, help));
            None
        }
    };
    items.iter().map(name).collect()
}

/// The value of a parameter: a scalar, or records.
fn param(problems: &Problems, key: &Key, value: &Value) -> Option<ParamPlan> {
    let refuse = |value: &Value| {
        let message = format!("`{}` cannot be {}", key.text, value.describe());
        problems.add(refused(
            &value.span,
            message,
            "a parameter is a number, a text, or a list of records, as in [{port: 80}, {port: 443}]",
        ));
        None
    };
    let items = match &value.data {
        Data::Text(text) => return Some(ParamPlan::Text(text.clone())),
        Data::List(items) => items,
        Data::Map(_) | Data::Null => return refuse(value),
    };
    let mut records = Vec::new();
    for item in items {
        let Data::Map(fields) = &item.data else {
            return refuse(item);
        };
        let mut record = BTreeMap::new();
        for (field, value) in fields {
            let Data::Text(text) = &value.data else {
                return refuse(value);
            };
            record.insert(field.text.clone(), text.clone());
        }
        records.push(record);
    }
    Some(ParamPlan::Records(records))
}
