// SPDX-License-Identifier: GPL-2.0

//! The topology file as written: every field with its place, nothing resolved yet.

mod chain;
mod link;
mod medium;
mod node;
mod wire;

use ipnet::IpNet;

use crate::decode::{refused, Fields, Problems};
use crate::names::{check_lab, check_link, check_node, NODE_NAME_HELP};
use crate::plan::NodeKind;
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Value};
use crate::units::{count, UnitError};

pub(crate) use chain::{Chains, SUBSCRIBE};
pub(crate) use link::{End, Link, LinkParams, PortVlan};
pub(crate) use medium::{Medium, ALL};
pub(crate) use node::{
    Content, FrrDaemon, Gateway, Interface, Kind, Node, NodeParams, Protocols, Route, Routing,
    Suite,
};
pub(crate) use wire::{ber, DirectionParams};

/// A topology file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub name: Option<At<String>>,
    pub seed: Option<At<Seed>>,
    pub addressing: Addressing,
    pub defaults: Defaults,
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
    pub chains: Vec<Chains>,
    /// What stands for them among nodes and links is at the end of both.
    pub media: Vec<Medium>,
}

/// `seed:` of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
    Fixed(u64),
    Random,
}

/// `addressing:`, where automatic addresses come from.
#[derive(Debug, Default)]
pub(crate) struct Addressing {
    pub ipv4: Option<At<Pool>>,
    pub ipv6: Option<At<Pool>>,
    pub allow_overlap: bool,
}

/// Where automatic addresses of a family come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Nowhere: only what the file gives.
    None,
    /// The family's default.
    Auto,
    /// A prefix.
    Prefix(IpNet),
}

/// `defaults:`.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub kind: Option<At<NodeKind>>,
    pub node: NodeParams,
    pub host: NodeParams,
    pub router: NodeParams,
    pub switch: NodeParams,
    pub link: LinkParams,
}

/// Reads the tree of a file.
pub(crate) fn read(problems: &Problems, value: &Value) -> File {
    let mut file = File::default();
    let Some(fields) = Fields::of(problems, value, "a topology") else {
        return file;
    };
    let mut fields = fields.foreign(&[
        (
            "topology",
            "`nodes` and `links` stand at the top level; `vnetctl import` reads containerlab files",
        ),
        ("version", "there is no version to give"),
        ("edges", "links are under `links`"),
        ("switches", "switches are nodes: `nodes: {sw1: switch}`"),
        ("hosts", "hosts are nodes: `nodes: {pc1: host}`"),
        ("routers", "routers are nodes: `nodes: {r1: router}`"),
    ]);
    file.name = fields.text("name", "the name of the lab").and_then(|name| {
        let checked = check_lab(&name.value).map_err(|message| {
            refused(
                &name.span,
                message,
                "a lab's name has letters, digits, `-`, `_` and `.`, at most 32",
            )
        });
        problems.keep(checked).map(|()| name)
    });
    // Gone by now; only to know them.
    let _ = (fields.get("vars"), fields.get("templates"));
    // For people; nothing is done with it.
    let _ = fields.text("description", "a text");
    file.seed = fields.scalar("seed", "a number or `random`", seed);
    if let Some(value) = fields.get("addressing") {
        file.addressing = read_addressing(problems, value);
    }
    if let Some(value) = fields.get("defaults") {
        file.defaults = read_defaults(problems, value);
    }
    match fields.get_with_key("nodes") {
        Some((key, nodes)) => read_nodes(problems, &key.span, nodes, &mut file.nodes),
        None => problems.add(
            Problem::new(value.span.clone(), "the file has no `nodes`")
                .help("a topology is `nodes:` and `links:`, as in\nnodes: {a: host, b: host}\nlinks: [[a, b]]"),
        ),
    }
    if let Some(value) = fields.get("links") {
        read_links(problems, value, &mut file.links);
    }
    if let Some(value) = fields.get("chains") {
        file.chains = chain::read(problems, value);
    }
    if let Some(value) = fields.get("media") {
        let read = medium::read(problems, value);
        file.media = read.media;
        medium::check(problems, &file);
        file.nodes.extend(read.nodes);
        file.links.extend(read.links);
    }
    fields.finish();
    file
}

fn seed(text: &str) -> Result<Seed, UnitError> {
    match text {
        "random" => Ok(Seed::Random),
        _ => count(text, "a seed", 0, u64::MAX).map(Seed::Fixed),
    }
}

fn read_addressing(problems: &Problems, value: &Value) -> Addressing {
    let mut addressing = Addressing::default();
    if let Some(mut fields) = Fields::of(problems, value, "`addressing`") {
        addressing.ipv4 = fields.scalar("ipv4", "a prefix, `auto` or `none`", |text| {
            pool(text, false)
        });
        addressing.ipv6 = fields.scalar("ipv6", "a prefix, `auto` or `none`", |text| {
            pool(text, true)
        });
        let overlap = fields.scalar("overlap", "`refuse` or `allow`", |text| match text {
            "allow" => Ok(true),
            "refuse" => Ok(false),
            _ => Err(UnitError {
                message: format!("`{text}` is neither `refuse` nor `allow`"),
                help:
                    "`allow` lets two links have the same prefix, as private networks behind NAT do"
                        .into(),
            }),
        });
        addressing.allow_overlap = overlap.is_some_and(|overlap| overlap.value);
        fields.finish();
    }
    addressing
}

fn pool(text: &str, ipv6: bool) -> Result<Pool, UnitError> {
    let refuse = |message: String| {
        Err(UnitError {
            message,
            help: match ipv6 {
                false => "a prefix of at most 24 bits, as in 10.0.0.0/8; or `auto`, `none`".into(),
                true => "a prefix of at most 64 bits, as in fd00:1::/48; or `auto`, `none`".into(),
            },
        })
    };
    let net: IpNet = match (text, text.parse()) {
        ("none", _) => return Ok(Pool::None),
        ("auto", _) => return Ok(Pool::Auto),
        (_, Ok(net)) => net,
        (_, Err(_)) => return refuse(format!("`{text}` is not a prefix")),
    };
    match net {
        IpNet::V4(_) if ipv6 => refuse(format!("`{text}` is an IPv4 prefix")),
        IpNet::V6(_) if !ipv6 => refuse(format!("`{text}` is an IPv6 prefix")),
        _ if net.addr() != net.network() => {
            refuse(format!("`{text}` has bits set behind its length"))
        }
        _ if net.prefix_len() > if ipv6 { 64 } else { 24 } => {
            refuse(format!("`{text}` is too small for a lab"))
        }
        _ => Ok(Pool::Prefix(net)),
    }
}

fn read_defaults(problems: &Problems, value: &Value) -> Defaults {
    let mut defaults = Defaults::default();
    let Some(mut fields) = Fields::of(problems, value, "`defaults`") else {
        return defaults;
    };
    if let Some(value) = fields.get("link") {
        if let Some(mut fields) = Fields::of(problems, value, "`defaults: link`") {
            fields = fields.foreign(link::FOREIGN);
            defaults.link = link::read_params(&mut fields);
            fields.finish();
        }
    }
    if let Some(value) = fields.get("node") {
        if let Some(mut fields) = Fields::of(problems, value, "`defaults: node`") {
            fields = fields.foreign(node::FOREIGN);
            defaults.kind = node::read_kind(&mut fields).map(|kind| kind.map(|kind| kind.kind()));
            defaults.node = node::read_params(&mut fields);
            fields.finish();
        }
    }
    for (key, what, params) in [
        ("host", "`defaults: host`", &mut defaults.host),
        ("router", "`defaults: router`", &mut defaults.router),
        ("switch", "`defaults: switch`", &mut defaults.switch),
    ] {
        if let Some(value) = fields.get(key) {
            if let Some(mut fields) = Fields::of(problems, value, what) {
                fields = fields.foreign(node::FOREIGN);
                *params = node::read_params(&mut fields);
                fields.finish();
            }
        }
    }
    fields.finish();
    defaults
}

fn read_nodes(problems: &Problems, key: &Span, value: &Value, nodes: &mut Vec<Node>) {
    let entries = match &value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => &[],
        _ => {
            return problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("`nodes` is a map, not {}", value.describe()),
                )
                .help("write a line `name: kind` for each node, as in `pc1: host`"),
            )
        }
    };
    if entries.is_empty() {
        problems.add(
            Problem::new(key.clone(), "there are no nodes").label("expected at least one node"),
        );
    }
    for (key, value) in entries {
        if let Err(message) = check_node(&key.text) {
            // Read it all the same, for its other problems and for those who refer to it.
            problems.add(refused(&key.span, message, NODE_NAME_HELP));
        }
        nodes.push(node::read(problems, key, value));
    }
    // DNS and /etc/hosts know no case.
    let mut names: std::collections::HashMap<String, &Node> = std::collections::HashMap::new();
    for node in nodes.iter() {
        let Some(other) = names.insert(node.name.value.to_lowercase(), node) else {
            continue;
        };
        let (name, first) = (&node.name.value, &other.name.value);
        problems.add(if name == first {
            Problem::new(
                node.name.span.clone(),
                format!("there are two nodes `{name}`"),
            )
            .label("`for` makes several of this name")
            .help("put the variable of `for` into the name, as in `r${i}`")
        } else {
            Problem::new(
                node.name.span.clone(),
                format!("`{first}` and `{name}` differ only in upper and lower case"),
            )
            .also(other.name.span.clone(), "the other one")
            .help("host names know no case: call one of them something else")
        });
    }
}

fn read_links(problems: &Problems, value: &Value, links: &mut Vec<Link>) {
    let items = match &value.data {
        Data::List(items) => items.as_slice(),
        Data::Null => &[],
        _ => {
            return problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("`links` is a list, not {}", value.describe()),
                )
                .help("write a line `- ends: [a, b]` for each link, with its parameters below it"),
            )
        }
    };
    for item in items {
        if let Some(link) = link::read(problems, item) {
            if let Some(name) = &link.name {
                if let Err(message) = check_link(&name.value) {
                    problems.add(refused(
                        &name.span,
                        message,
                        "a link's name has letters, digits, `-`, `_` and `.`, at most 63",
                    ));
                }
            }
            links.push(link);
        }
    }
}
