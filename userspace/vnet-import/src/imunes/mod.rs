// SPDX-License-Identifier: GPL-2.0

//! IMUNES: `.imn` files, as JSON (since 2024) and as Tcl lists (before).
//!
//! Both are read into an [`Experiment`], whose node properties have the names of the JSON form.

mod canvas;
mod convert;
mod json;
mod kind;
mod tcl;

use std::collections::BTreeMap;

use crate::{ImportError, Imported};

/// An experiment.
#[derive(Debug, Default)]
struct Experiment {
    nodes: Vec<Node>,
    links: Vec<Link>,
    /// What is in the file beside nodes and links and means something: what it is called.
    others: Vec<String>,
}

#[derive(Debug, Default)]
struct Node {
    id: String,
    kind: String,
    model: String,
    name: String,
    position: Option<(f64, f64)>,
    interfaces: Vec<Interface>,
    /// Protocols that are on: `rip`, `ripng`, `ospf`, `ospf6`, `bgp`, `isis`, `ldp`.
    protocols: Vec<String>,
    /// Static routes: destination and next hop.
    routes: Vec<String>,
    /// Whether it has default routes by itself, where the file says so.
    default_routes: Option<bool>,
    vlan_filtering: bool,
    /// What is run or configured instead of what IMUNES generates.
    custom: Vec<Custom>,
    services: Vec<String>,
    /// Other properties, which have no counterpart.
    others: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Custom {
    /// When: `NODE_CONFIG` and others.
    hook: String,
    /// By what.
    command: String,
    text: String,
}

#[derive(Debug, Default, Clone)]
struct Interface {
    id: String,
    name: String,
    /// `phys`, `lo`, `vlan`, `stolen` …
    kind: String,
    link: String,
    addresses: Vec<String>,
    mac: String,
    mtu: String,
    down: bool,
    nat: bool,
    vlan_device: String,
    vlan_tag: String,
    trunk: bool,
    /// Queue settings: `ifc_qdisc`, `ifc_qdrop`, `queue_len`.
    queue: BTreeMap<String, String>,
    /// Other properties, which have no counterpart.
    others: Vec<String>,
}

#[derive(Debug, Default)]
struct Link {
    id: String,
    peers: [String; 2],
    /// Ids or names of the interfaces; empty if the file does not say.
    interfaces: [String; 2],
    /// The other half of a link between canvases.
    mirror: String,
    /// `bandwidth`, `delay`, `ber`, `loss`, `duplicate`, `jitter_…`, `direct`.
    properties: BTreeMap<String, String>,
}

pub(crate) fn import(text: &str) -> Result<Imported, ImportError> {
    let experiment = match text.trim_start().starts_with('{') {
        true => json::read(text)?,
        false => tcl::read(text)?,
    };
    Ok(convert::convert(experiment))
}

/// The texts of `rip 1 ripng 0` that are on.
fn switched_on(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.chunks(2).filter(|pair| pair.get(1) == Some(&"1"));
    pairs.map(|pair| pair[0].to_owned()).collect()
}

/// `144.0 48.0`.
fn position(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text
        .split_whitespace()
        .map(|word| word.parse::<f64>().ok().filter(|n| n.abs() <= 1e6));
    Some((numbers.next()??, numbers.next()??))
}
