// SPDX-License-Identifier: GPL-2.0

//! What is different between two plans of a lab, field by field: what `plan` shows and `apply` does.
//!
//! Objects are compared by what identifies them, not by their place: nodes, links, interfaces and daemons by name, files
//! and directories by path, routes by destination and metric, addresses by themselves. What can only be had by removing
//! the object and making it again says so ([`Change::Replaced`]); everything else can be changed while the lab runs.

mod direction;
mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::plan::{LinkPlan, MediumPlan, NodePlan, Plan};
pub use direction::direction;
pub use fields::FieldChange;

/// The difference between two plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Fields of the lab itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lab: Vec<FieldChange>,
    /// Nodes that differ, by name.
    pub nodes: BTreeMap<String, Change>,
    /// Links that differ, by name.
    pub links: BTreeMap<String, Change>,
    /// Media that differ, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Change>,
    /// Lines of `/etc/hosts`: those that go, and those that come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<FieldChange>,
}

/// What happens to a node or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// It stays, and these fields change.
    Changed {
        /// What changes.
        fields: Vec<FieldChange>,
    },
    /// It has to be removed and made again.
    Replaced {
        /// What changes. Empty for a link whose node is replaced.
        fields: Vec<FieldChange>,
    },
}

/// Compares two plans.
pub fn diff(old: &Plan, new: &Plan) -> Diff {
    let mut diff = Diff {
        lab: fields::of_lab(old, new),
        nodes: compare(&old.nodes, &new.nodes, |node| &node.name, node_change),
        links: compare(&old.links, &new.links, |link| &link.name, link_change),
        media: compare(&old.media, &new.media, |medium| &medium.name, medium_change),
        hosts: fields::of_hosts(&old.hosts, &new.hosts),
    };
    // The links of a node go with it.
    let replaced: BTreeSet<&str> = diff
        .nodes
        .iter()
        .filter(|(_, change)| matches!(change, Change::Replaced { .. }))
        .map(|(name, _)| name.as_str())
        .collect();
    let gone = |node: &str| replaced.contains(node);
    for link in &new.links {
        if link.ends.iter().any(|end| gone(&end.node)) {
            replace(&mut diff.links, &link.name);
        }
    }
    for medium in &new.media {
        if medium.ports.iter().any(|port| gone(&port.end.node)) {
            replace(&mut diff.media, &medium.name);
        }
    }
    diff
}

/// What differs between two plans of a node.
pub fn node(old: &NodePlan, new: &NodePlan) -> Vec<FieldChange> {
    fields::of_node(old, new)
}

/// What differs between two plans of a link.
pub fn link(old: &LinkPlan, new: &LinkPlan) -> Vec<FieldChange> {
    fields::of_link(old, new)
}

/// What differs between two plans of a medium.
pub fn medium(old: &MediumPlan, new: &MediumPlan) -> Vec<FieldChange> {
    fields::of_medium(old, new)
}

/// What is there has to be made again.
fn replace(changes: &mut BTreeMap<String, Change>, name: &str) {
    let fields = match changes.remove(name) {
        None => Vec::new(),
        Some(Change::Changed { fields } | Change::Replaced { fields }) => fields,
        Some(other) => {
            changes.insert(name.to_owned(), other);
            return;
        }
    };
    changes.insert(name.to_owned(), Change::Replaced { fields });
}

fn compare<T: PartialEq>(
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> &str,
    change: impl Fn(&T, &T) -> Option<Change>,
) -> BTreeMap<String, Change> {
    let before: BTreeMap<&str, &T> = old.iter().map(|object| (name(object), object)).collect();
    let after: BTreeMap<&str, &T> = new.iter().map(|object| (name(object), object)).collect();
    let mut changes = BTreeMap::new();
    for (&name, &object) in &after {
        let change = match before.get(name) {
            None => Some(Change::Added),
            Some(&old) if old == object => None,
            Some(&old) => change(old, object),
        };
        if let Some(change) = change {
            changes.insert(name.to_owned(), change);
        }
    }
    for &name in before.keys() {
        if !after.contains_key(name) {
            changes.insert(name.to_owned(), Change::Removed);
        }
    }
    changes
}

fn node_change(old: &NodePlan, new: &NodePlan) -> Option<Change> {
    let fields = fields::of_node(old, new);
    // A bridge cannot become a host: its interfaces, sysctls and daemons are of another kind.
    let replaced = old.kind != new.kind;
    changed(fields, replaced)
}

fn link_change(old: &LinkPlan, new: &LinkPlan) -> Option<Change> {
    let place = |link: &LinkPlan| {
        let [a, b] = &link.ends;
        [
            (a.node.clone(), a.interface.clone()),
            (b.node.clone(), b.interface.clone()),
        ]
    };
    let replaced = place(old) != place(new);
    changed(fields::of_link(old, new), replaced)
}

fn medium_change(old: &MediumPlan, new: &MediumPlan) -> Option<Change> {
    let place = |medium: &MediumPlan| -> Vec<(String, String)> {
        let ends = medium.ports.iter().map(|port| &port.end);
        ends.map(|end| (end.node.clone(), end.interface.clone()))
            .collect()
    };
    let replaced = place(old) != place(new);
    changed(fields::of_medium(old, new), replaced)
}

fn changed(fields: Vec<FieldChange>, replaced: bool) -> Option<Change> {
    match (fields.is_empty(), replaced) {
        (_, true) => Some(Change::Replaced { fields }),
        (false, false) => Some(Change::Changed { fields }),
        // Only the order of things that have none.
        (true, false) => None,
    }
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lab.is_empty()
            && self.nodes.is_empty()
            && self.links.is_empty()
            && self.media.is_empty()
            && self.hosts.is_empty()
    }

    /// How many objects are added, changed (replaced included) and removed.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Change) -> bool| {
            self.nodes
                .values()
                .chain(self.links.values())
                .chain(self.media.values())
                .filter(|change| wanted(change))
                .count()
        };
        (
            count(|change| matches!(change, Change::Added)),
            count(|change| matches!(change, Change::Changed { .. } | Change::Replaced { .. })),
            count(|change| matches!(change, Change::Removed)),
        )
    }
}

impl Change {
    /// The fields that change.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Change::Added | Change::Removed => &[],
            Change::Changed { fields } | Change::Replaced { fields } => fields,
        }
    }
}

/// As `plan` shows it: `+` added, `-` removed, `~` changed, `±` made again, each with its fields below.
impl fmt::Display for Diff {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = |what: &str, changes: &BTreeMap<String, Change>| {
            for (name, change) in changes {
                let sign = match change {
                    Change::Added => '+',
                    Change::Removed => '-',
                    Change::Changed { .. } => '~',
                    Change::Replaced { .. } => '±',
                };
                writeln!(out, "{sign} {what} {name}")?;
                for field in change.fields() {
                    writeln!(out, "    {field}")?;
                }
            }
            Ok(())
        };
        section("node", &self.nodes)?;
        section("link", &self.links)?;
        section("medium", &self.media)?;
        for field in &self.lab {
            writeln!(out, "~ lab {field}")?;
        }
        // Each line of the hosts file follows from a change above.
        let (added, changed, removed) = self.counts();
        match self.is_empty() {
            true => writeln!(out, "no changes"),
            false => writeln!(
                out,
                "{added} to add, {changed} to change, {removed} to remove"
            ),
        }
    }
}

/// A value of a plan as JSON; plans always have one.
fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
