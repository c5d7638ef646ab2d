// SPDX-License-Identifier: GPL-2.0

//! The fields of nodes and links that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{direction, json};
use crate::plan::{
    BlockPlan, ChainsPlan, EndPlan, FilePlan, HostEntry, LinkPlan, MediumPlan, NodePlan,
    OutsidePlan, ParamPlan, Plan,
};
use crate::units::{show_rate, show_size, show_time};

/// Stands for a value that is too long for a line.
const LONG: &str = "…";

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Where it is, from the outside to the inside: `forward`, `delay`; `files`, `/etc/motd`; `ends`, `r1`, `addresses`.
    /// The direction `forward` is from end 0 to end 1, `backward` the other.
    pub path: Vec<String>,
    /// What it was; absent: nothing, or the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What it will be; absent: nothing, or the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// Collects the fields of an object that differ.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) changes: Vec<FieldChange>,
}

impl Fields {
    /// A single value.
    pub(super) fn value<T: PartialEq + Serialize>(&mut self, path: &[&str], old: &T, new: &T) {
        if old != new {
            let filled = |value: &T| match json(value) {
                Value::Null => None,
                value => Some(value),
            };
            self.add(path, filled(old), filled(new));
        }
    }

    /// Values by a key of theirs.
    pub(super) fn keyed<T: PartialEq + Serialize>(
        &mut self,
        path: &[&str],
        old: &[T],
        new: &[T],
        key: impl Fn(&T) -> String,
    ) {
        let before: BTreeMap<String, &T> = old.iter().map(|value| (key(value), value)).collect();
        let after: BTreeMap<String, &T> = new.iter().map(|value| (key(value), value)).collect();
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let (old, new) = (before.get(key), after.get(key));
            if old != new {
                let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                self.add(
                    &path,
                    old.map(|value| json(*value)),
                    new.map(|value| json(*value)),
                );
            }
        }
    }

    /// Values that are their own key and have no order.
    fn set<T: PartialEq + Serialize>(&mut self, path: &[&str], old: &[T], new: &[T]) {
        for value in old.iter().filter(|value| !new.contains(value)) {
            self.add(path, Some(json(value)), None);
        }
        for value in new.iter().filter(|value| !old.contains(value)) {
            self.add(path, None, Some(json(value)));
        }
    }

    /// A map of texts.
    fn map(
        &mut self,
        path: &[&str],
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
    ) {
        let pairs = |map: &BTreeMap<String, String>| -> Vec<(String, String)> {
            map.iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        let (old, new) = (pairs(old), pairs(new));
        let before: BTreeMap<&String, &String> =
            old.iter().map(|(key, value)| (key, value)).collect();
        let after: BTreeMap<&String, &String> =
            new.iter().map(|(key, value)| (key, value)).collect();
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).copied().collect();
        for key in keys {
            if before.get(key) != after.get(key) {
                let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                self.add(&path, before.get(key).map(json), after.get(key).map(json));
            }
        }
    }

    pub(super) fn add(&mut self, path: &[&str], from: Option<Value>, to: Option<Value>) {
        self.changes.push(FieldChange {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            from,
            to,
        });
    }
}

pub(super) fn of_lab(old: &Plan, new: &Plan) -> Vec<FieldChange> {
    let Plan {
        format: _,
        lab,
        seed,
        nodes: _,
        links: _,
        media: _,
        hosts: _,
    } = old;
    let mut fields = Fields::default();
    fields.value(&["lab"], lab, &new.lab);
    fields.value(&["seed"], seed, &new.seed);
    fields.changes
}

pub(super) fn of_hosts(old: &[HostEntry], new: &[HostEntry]) -> Vec<FieldChange> {
    let mut fields = Fields::default();
    fields.keyed(&["hosts"], old, new, |entry| entry.address.to_string());
    fields.changes
}

pub(super) fn of_node(old: &NodePlan, new: &NodePlan) -> Vec<FieldChange> {
    // Taken apart so that a new field cannot be forgotten here.
    let NodePlan {
        name: _,
        kind,
        hostname,
        sysctls,
        interfaces,
        routes,
        directories,
        files,
        daemons,
        commands,
        bridge,
        outside,
        labels,
        position,
        env,
        limits,
        chains,
    } = old;
    let mut fields = Fields::default();
    fields.value(&["kind"], kind, &new.kind);
    fields.value(&["hostname"], hostname, &new.hostname);
    fields.map(&["sysctls"], sysctls, &new.sysctls);
    fields.keyed(&["interfaces"], interfaces, &new.interfaces, |interface| {
        interface.name.clone()
    });
    fields.keyed(&["routes"], routes, &new.routes, |route| {
        match route.metric {
            Some(metric) => format!("{} metric {metric}", route.destination),
            None => route.destination.to_string(),
        }
    });
    fields.keyed(
        &["directories"],
        directories,
        &new.directories,
        |directory| directory.path.clone(),
    );
    let hidden = |files: &[FilePlan], others: &[FilePlan]| -> Vec<FilePlan> {
        files
            .iter()
            .map(|file| without_content(file, others))
            .collect()
    };
    fields.keyed(
        &["files"],
        &hidden(files, &[]),
        &hidden(&new.files, files),
        |file| file.path.clone(),
    );
    fields.keyed(&["daemons"], daemons, &new.daemons, |daemon| {
        daemon.name.clone()
    });
    fields.value(&["commands"], commands, &new.commands);
    match (bridge, &new.bridge) {
        (Some(old), Some(new)) => {
            fields.value(&["bridge", "name"], &old.name, &new.name);
            fields.value(&["bridge", "mac"], &old.mac, &new.mac);
            fields.value(
                &["bridge", "vlan_filtering"],
                &old.vlan_filtering,
                &new.vlan_filtering,
            );
            fields.value(&["bridge", "stp"], &old.stp, &new.stp);
            fields.value(&["bridge", "ageing"], &old.ageing, &new.ageing);
        }
        (old, new) => fields.value(&["bridge"], old, new),
    }
    let device = |outside: &Option<OutsidePlan>| outside.as_ref().map(|it| it.device.clone());
    fields.value(&["device"], &device(outside), &device(&new.outside));
    fields.map(&["labels"], labels, &new.labels);
    fields.value(&["position"], position, &new.position);
    fields.map(&["env"], env, &new.env);
    fields.value(&["limits", "cpu"], &limits.cpu, &new.limits.cpu);
    fields.value(&["limits", "memory"], &limits.memory, &new.limits.memory);
    fields.value(&["limits", "pids"], &limits.pids, &new.limits.pids);
    of_chains(&mut fields, chains, &new.chains);
    fields.changes
}

/// A file, but not what only its owner may read. Of one that takes the place of another it is told whether it is the same.
fn without_content(file: &FilePlan, before: &[FilePlan]) -> FilePlan {
    if !file.is_private() {
        return file.clone();
    }
    let mut before = before.iter().filter(|other| other.path == file.path);
    let changed = before
        .next()
        .is_some_and(|other| other.content != file.content);
    FilePlan {
        content: secret(changed),
        ..file.clone()
    }
}

/// A block, but not its keys, in the same way.
fn without_secrets(name: &str, block: &BlockPlan, before: &ChainsPlan) -> BlockPlan {
    let mut block = block.clone();
    let before = before.blocks.get(name);
    for name in block.secrets() {
        let old = before.and_then(|before| before.params.get(name));
        let changed = old.is_some_and(|old| Some(old) != block.params.get(name));
        let hidden = ParamPlan::Text(secret(changed));
        block.params.insert(name.to_owned(), hidden);
    }
    block
}

/// Stands for what is not shown.
fn secret(changed: bool) -> String {
    match changed {
        true => "(another secret)".into(),
        false => "(secret)".into(),
    }
}

/// Parameters of blocks that stay, blocks by name, bindings by what they bind.
fn of_chains(fields: &mut Fields, old: &ChainsPlan, new: &ChainsPlan) {
    let nothing = ChainsPlan::default();
    let names: BTreeSet<&String> = old.blocks.keys().chain(new.blocks.keys()).collect();
    for name in names {
        let path = ["chains", "blocks", name.as_str()];
        match (old.blocks.get(name), new.blocks.get(name)) {
            (Some(before), Some(after)) if before.kind == after.kind => {
                let params = before.params.keys().chain(after.params.keys());
                let params: BTreeSet<&String> = params.collect();
                let before = without_secrets(name, before, &nothing);
                let after = without_secrets(name, after, old);
                for param in params {
                    let path = [path[0], path[1], path[2], param.as_str()];
                    fields.value(&path, &before.params.get(param), &after.params.get(param));
                }
            }
            (before, after) => {
                let before = before.map(|block| json(&without_secrets(name, block, &nothing)));
                let after = after.map(|block| json(&without_secrets(name, block, &nothing)));
                fields.add(&path, before, after);
            }
        }
    }
    fields.set(&["chains", "bindings"], &old.bindings, &new.bindings);
    fields.set(
        &["chains", "subscriptions"],
        &old.subscriptions,
        &new.subscriptions,
    );
}

pub(super) fn of_link(old: &LinkPlan, new: &LinkPlan) -> Vec<FieldChange> {
    let LinkPlan {
        name: _,
        mtu,
        seed,
        up,
        ends,
        directions,
    } = old;
    let mut fields = Fields::default();
    for (side, (old, new)) in ["0", "1"].into_iter().zip(ends.iter().zip(&new.ends)) {
        of_end(&mut fields, side, old, new);
    }
    for (way, (old, new)) in ["forward", "backward"]
        .into_iter()
        .zip(directions.iter().zip(&new.directions))
    {
        direction::of_direction(&mut fields, &[way], old, new);
    }
    fields.value(&["mtu"], mtu, &new.mtu);
    fields.value(&["seed"], seed, &new.seed);
    fields.value(&["up"], up, &new.up);
    fields.changes
}

/// Ports by their places, which say which they are; then all ways, and each that differs from before. `pairs` alone is
/// not told: it is how the plan is written.
pub(super) fn of_medium(old: &MediumPlan, new: &MediumPlan) -> Vec<FieldChange> {
    let MediumPlan {
        name: _,
        mtu,
        seed,
        up,
        ports,
        ways,
        pairs: _,
    } = old;
    let mut fields = Fields::default();
    for (number, (old, new)) in ports.iter().zip(&new.ports).enumerate() {
        of_end(&mut fields, &number.to_string(), &old.end, &new.end);
        direction::of_direction(&mut fields, &["ports", &new.end.node], &old.tx, &new.tx);
    }
    fields.value(&["ports"], &ports.len(), &new.ports.len());
    fields.value(&["mtu"], mtu, &new.mtu);
    fields.value(&["seed"], seed, &new.seed);
    fields.value(&["up"], up, &new.up);
    direction::of_direction(&mut fields, &["all"], ways, &new.ways);
    let same = direction::direction(ways, &new.ways);
    for (from, to) in new.all_pairs() {
        let name = |port: usize| new.ports.get(port).map_or("", |port| &port.end.node);
        let changes = direction::direction(old.way(from, to), new.way(from, to));
        // What all ways have in common has been told.
        if changes != same {
            let pair = format!("{} -> {}", name(from), name(to));
            direction::of_direction(&mut fields, &[&pair], old.way(from, to), new.way(from, to));
        }
    }
    fields.changes
}

fn of_end(fields: &mut Fields, side: &str, old: &EndPlan, new: &EndPlan) {
    let EndPlan {
        node,
        interface,
        mac,
        addresses,
        vlan,
    } = old;
    // By its node's name; by its number where that is what changes.
    let side = if old.node == new.node {
        node.as_str()
    } else {
        side
    };
    fields.value(&["ends", side, "node"], node, &new.node);
    fields.value(&["ends", side, "interface"], interface, &new.interface);
    fields.value(&["ends", side, "mac"], mac, &new.mac);
    fields.set(&["ends", side, "addresses"], addresses, &new.addresses);
    fields.value(&["ends", side, "vlan"], vlan, &new.vlan);
}

impl FieldChange {
    /// The values before and after as people write them; none where they are too long for a line or look the same.
    pub fn values(&self) -> Option<(String, String)> {
        let (from, to) = (self.show(&self.from), self.show(&self.to));
        let long = |text: &str| text == LONG;
        (from != to && !long(&from) && !long(&to)).then_some((from, to))
    }

    /// A value as people write it.
    fn show(&self, value: &Option<Value>) -> String {
        let field = self.path.last().map_or("", String::as_str);
        let Some(value) = value else {
            return match field {
                "rate" => "unlimited".into(),
                _ => "-".into(),
            };
        };
        if let Some(text) = direction::show(&self.path, value) {
            return text;
        }
        match (field, value, value.as_u64()) {
            ("rate", _, Some(rate)) => show_rate(Some(rate)),
            ("delay" | "time" | "ageing", _, Some(time)) => show_time(time),
            ("bytes" | "memory", _, Some(size)) => show_size(size),
            ("cpu", _, Some(thousandths)) => format!("{}", thousandths as f64 / 1000.0),
            (_, Value::String(text), _) => text.clone(),
            // A file or a daemon is too long for a line.
            (_, Value::Object(object), _) => match (object.get("via"), object.get("interface")) {
                (Some(Value::String(via)), _) => format!("via {via}"),
                (None, Some(Value::String(interface))) => format!("dev {interface}"),
                _ => LONG.into(),
            },
            (_, Value::Array(items), _) => format!("{} of them", items.len()),
            (_, value, _) => value.to_string(),
        }
    }
}

/// `forward delay: 2ms -> 20ms`.
impl fmt::Display for FieldChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(" ");
        let (from, to) = (self.show(&self.from), self.show(&self.to));
        match (&self.from, &self.to) {
            (Some(Value::Object(_) | Value::Array(_)), Some(_)) if from == to => {
                write!(out, "~ {path}")
            }
            (None, Some(Value::Object(_))) if to == LONG => write!(out, "+ {path}"),
            (Some(Value::Object(_)), None) if from == LONG => write!(out, "- {path}"),
            (None, Some(_)) if self.path.iter().any(|part| part == "addresses") => {
                write!(out, "+ {path} {to}")
            }
            (Some(_), None) if self.path.iter().any(|part| part == "addresses") => {
                write!(out, "- {path} {from}")
            }
            _ => write!(out, "{path}: {from} -> {to}"),
        }
    }
}
