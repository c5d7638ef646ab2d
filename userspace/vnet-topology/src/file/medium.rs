// SPDX-License-Identifier: GPL-2.0

//! Broadcast media as written in the file.
//!
//! A medium is resolved as a switch with a link from each of its ports: so names, addresses, MACs and routes come out as
//! for any LAN. What it has beyond that (the matrix) is kept here until the plan is made.

use super::link::{self, End, Link, LinkParams};
use super::node::{Kind, Node, NodeParams};
use super::wire::{self, DirectionParams};
use crate::decode::{items, refused, texts, Fields, Problems};
use crate::names::check_link;
use crate::plan::MAX_PORTS;
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::count;

/// Stands for all ports.
pub(crate) const ALL: &str = "all";

/// Parameters of a port: its queue and its serialiser.
const OF_PORTS: [&str; 5] = ["rate", "overhead", "queue", "whole_time", "cost"];
/// Parameters of a pair: what happens to a frame on its way.
const OF_PAIRS: [&str; 8] = [
    "delay",
    "jitter",
    "loss",
    "ber",
    "corrupt",
    "duplicate",
    "reorder",
    "delay_limit",
];

const MEDIUM_HELP: &str =
    "write its ports and parameters below its name, as in\nradio: {ports: [a, b, c], rate: 11mbit, delay: 2us}";
const PAIR_HELP: &str =
    "write `a -> b` for one way, `a <-> b` for both; a side is a port (`node` or `node:interface`), a group or `all`";

/// A medium.
#[derive(Debug)]
pub(crate) struct Medium {
    pub name: At<String>,
    pub seed: Option<At<u64>>,
    pub mtu: Option<At<u32>>,
    pub up: Option<At<bool>>,
    /// Parameters of all pairs.
    pub ways: DirectionParams,
    /// Names for several ports.
    pub groups: Vec<(At<String>, Vec<At<String>>)>,
    /// Groups that the ports themselves name, by the place of the port in the list.
    pub members: Vec<(At<String>, usize)>,
    /// What is special about some pairs; later ones win.
    pub pairs: Vec<Pair>,
    /// Where messages about the whole medium point to.
    pub span: Span,
}

/// Something that holds for all ways from some ports to some others.
#[derive(Debug)]
pub(crate) struct Pair {
    pub from: At<String>,
    pub to: At<String>,
    /// Also the other way round.
    pub both: bool,
    pub params: DirectionParams,
}

/// What is read of `media`: the media, and what stands for them among nodes and links.
#[derive(Debug, Default)]
pub(super) struct Media {
    pub media: Vec<Medium>,
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
}

/// Reads `media:`.
pub(super) fn read(problems: &Problems, value: &Value) -> Media {
    let mut all = Media::default();
    let entries = match &value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => &[],
        _ => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("`media` is a map, not {}", value.describe()),
                )
                .help(MEDIUM_HELP),
            );
            &[]
        }
    };
    for (key, value) in entries {
        if let Err(message) = check_link(&key.text) {
            let help = "a medium's name has letters, digits, `-`, `_` and `.`, at most 63";
            problems.add(refused(&key.span, message, help));
        }
        let index = all.media.len();
        let Some((medium, links)) = read_medium(problems, key, value, index) else {
            continue;
        };
        all.nodes.push(Node {
            name: medium.name.clone(),
            kind: Some(At::new(Kind::Medium, key.span.clone())),
            position: None,
            device: None,
            nat: None,
            params: NodeParams::default(),
        });
        all.links.extend(links);
        all.media.push(medium);
    }
    all
}

fn read_medium(
    problems: &Problems,
    key: &Key,
    value: &Value,
    index: usize,
) -> Option<(Medium, Vec<Link>)> {
    let mut fields = Fields::of(problems, value, "a medium")?.foreign(&[
        ("members", "who is on the medium is under `ports`"),
        ("nodes", "who is on the medium is under `ports`"),
        ("ends", "who is on the medium is under `ports`"),
        ("bandwidth", "the rate of the ports is `rate`, as in `rate: 11mbit`"),
        ("latency", "the delay of all pairs is `delay`, as in `delay: 2us`"),
        ("matrix", "what is special about some pairs is under `pairs`, as in\npairs: {a <-> b: {delay: 5ms}}"),
        ("regions", "names for several ports are under `groups`, as in\ngroups: {east: [a, b], west: [c, d]}"),
        ("range", "who does not hear whom is under `pairs`, as in\npairs: {a <-> c: {loss: 100%}}"),
    ]);
    let ports = fields.get_with_key("ports");
    let seed = fields.scalar("seed", "a number", |text| {
        count(text, "a seed", 0, u64::MAX)
    });
    let both = wire::read(&mut fields);
    let mtu = fields.scalar("mtu", "a number of bytes", link::mtu);
    let up = fields.boolean("up");
    let groups = fields
        .get("groups")
        .map_or(Vec::new(), |value| read_groups(problems, value));
    let pairs = fields
        .get("pairs")
        .map_or(Vec::new(), |value| read_pairs(problems, value));
    fields.finish();
    let (own, ways) = both.split(&OF_PORTS);
    let list = ports.map_or(&[][..], |(_, value)| items(value));
    let place = ports.map_or(&key.span, |(key, _)| &key.span);
    if list.len() < 2 || list.len() > MAX_PORTS {
        problems.add(
            Problem::new(
                place.clone(),
                format!(
                    "a medium has 2 to {MAX_PORTS} ports, this one {}",
                    list.len()
                ),
            )
            .help(MEDIUM_HELP),
        );
        return None;
    }
    let mut links = Vec::with_capacity(list.len());
    let mut members = Vec::new();
    for item in list {
        let Some(port) = link::read_port(problems, item) else {
            continue;
        };
        members.extend(port.groups.iter().map(|group| (group.clone(), links.len())));
        links.push(of_port(problems, key, port, index, &own));
    }
    let medium = Medium {
        name: At::new(key.text.clone(), key.span.clone()),
        seed,
        mtu,
        up,
        ways,
        groups,
        members,
        pairs,
        span: key.span.clone(),
    };
    Some((medium, links))
}

/// A port, as the link from its node to the medium.
fn of_port(
    problems: &Problems,
    key: &Key,
    port: link::Port,
    medium: usize,
    general: &DirectionParams,
) -> Link {
    let link::Port {
        end, params: own, ..
    } = port;
    refuse(
        problems,
        &own,
        &OF_PAIRS,
        "belongs to pairs, not to a port",
        "write it at the medium for all pairs, or under `pairs`",
    );
    let span = end.node.span.clone();
    Link {
        name: None,
        seed: None,
        span: span.clone(),
        params: LinkParams {
            both: own.over(general.clone()),
            ..LinkParams::default()
        },
        ends: [
            end,
            End {
                node: At::new(key.text.clone(), span),
                interface: None,
                addresses: None,
                mac: None,
                vlan: None,
            },
        ],
        medium: Some(medium),
    }
}

/// Reports parameters that do not belong where they stand.
fn refuse(problems: &Problems, params: &DirectionParams, wrong: &[&str], why: &str, help: &str) {
    for name in wrong {
        if let Some(span) = params.place(name) {
            problems.add(Problem::new(span, format!("`{name}` {why}")).help(help));
        }
    }
}

fn read_groups(problems: &Problems, value: &Value) -> Vec<(At<String>, Vec<At<String>>)> {
    const HELP: &str = "write a line for each group, as in\ngroups: {east: [a, b], west: [c, d]}";
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`groups` is a map, not {}", value.describe()),
            )
            .help(HELP),
        );
        return Vec::new();
    };
    entries
        .iter()
        .map(|(key, value)| {
            if key.text == ALL {
                problems.add(
                    Problem::new(key.span.clone(), "a group cannot be called `all`")
                        .help("`all` stands for all ports of the medium"),
                );
            }
            let name = At::new(key.text.clone(), key.span.clone());
            (name, texts(problems, value, "a port"))
        })
        .collect()
}

fn read_pairs(problems: &Problems, value: &Value) -> Vec<Pair> {
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`pairs` is a map, not {}", value.describe()),
            )
            .help("write a line for each pair, as in\npairs: {a <-> b: {delay: 5ms}, a -> c: {loss: 10%}}"),
        );
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|(key, value)| read_pair(problems, key, value))
        .collect()
}

fn read_pair(problems: &Problems, key: &Key, value: &Value) -> Option<Pair> {
    let (from, to, both) = match (key.text.split_once("<->"), key.text.split_once("->")) {
        (Some((from, to)), _) => (from, to, true),
        (None, Some((from, to))) => (from, to, false),
        (None, None) => ("", "", false),
    };
    let (from, to) = (from.trim(), to.trim());
    if from.is_empty() || to.is_empty() {
        problems.add(
            Problem::new(key.span.clone(), format!("`{}` is no pair", key.text)).help(PAIR_HELP),
        );
        return None;
    }
    let mut fields = Fields::of(problems, value, "a pair")?;
    let params = wire::read(&mut fields);
    fields.finish();
    refuse(
        problems,
        &params,
        &OF_PORTS,
        "belongs to a port, not to a pair",
        "write it at the medium for all ports, or at one: `ports: [{node: a, rate: 1mbit}, b]`",
    );
    let side = |name: &str| At::new(name.to_owned(), key.span.clone());
    Some(Pair {
        from: side(from),
        to: side(to),
        both,
        params,
    })
}

/// Reports names that media have in common with nodes, and links and chains that take a medium for a node.
pub(super) fn check(problems: &Problems, file: &super::File) {
    for medium in &file.media {
        let name = &medium.name.value;
        let same = |node: &&Node| node.name.value.eq_ignore_ascii_case(name);
        if let Some(node) = file.nodes.iter().find(same) {
            problems.add(
                Problem::new(
                    medium.name.span.clone(),
                    format!("there is a node `{}`, too", node.name.value),
                )
                .also(node.name.span.clone(), "the node")
                .help("give the medium a name of its own"),
            );
        }
        let ends = file.links.iter().flat_map(|link| &link.ends);
        let of_links = ends.map(|end| &end.node);
        let of_chains = file.chains.iter().map(|chains| &chains.node);
        for at in of_links.chain(of_chains).filter(|at| at.value == *name) {
            problems.add(
                Problem::new(at.span.clone(), format!("`{name}` is a medium, not a node"))
                    .also(medium.name.span.clone(), "the medium")
                    .help("who is on the medium stands under its `ports`"),
            );
        }
    }
}
