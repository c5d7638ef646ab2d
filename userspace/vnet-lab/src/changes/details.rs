// SPDX-License-Identifier: GPL-2.0

//! What an operation changes, field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnet::IpNet;
use serde::Serialize;
use vnet_topology::diff::{self, FieldChange};
use vnet_topology::plan::{DirectionPlan, LinkPlan, MediumPlan, PortVlanPlan, RoutePlan};

use crate::build::Wanted;

/// One thing that an operation does to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// A field gets another value.
    Value {
        /// Which one, from the outside to the inside: `mtu`, `to-b addresses`, `route 10.0.0.0/8`.
        field: String,
        /// What it was, as people write it; absent: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What it will be; absent: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// What is done, where a value would say nothing or too much: a file, a daemon, a functional block.
    Step {
        /// In words.
        step: String,
    },
}

impl Detail {
    /// What is done, in words.
    pub fn step(step: impl Into<String>) -> Self {
        Detail::Step { step: step.into() }
    }

    /// A field with its values before and after, if they differ.
    fn value(field: String, from: Option<String>, to: Option<String>) -> Option<Self> {
        (from != to).then_some(Detail::Value { field, from, to })
    }

    /// A field with both values.
    pub(super) fn between(
        field: impl Into<String>,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Detail::Value {
            field: field.into(),
            from: Some(from.into()),
            to: Some(to.into()),
        }
    }

    fn prefixed(self, prefix: &str) -> Self {
        match self {
            Detail::Value { field, from, to } => Detail::Value {
                field: format!("{prefix}{field}"),
                from,
                to,
            },
            Detail::Step { step } => Detail::Step {
                step: format!("{prefix}{step}"),
            },
        }
    }
}

impl From<FieldChange> for Detail {
    fn from(change: FieldChange) -> Self {
        match change.values() {
            Some((from, to)) => Detail::between(change.path.join(" "), from, to),
            None => Detail::step(change.to_string()),
        }
    }
}

/// `mtu: 1500 -> 9000`.
impl fmt::Display for Detail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
        match self {
            Detail::Value { field, from, to } => {
                write!(out, "{field}: {} -> {}", show(from), show(to))
            }
            Detail::Step { step } => out.write_str(step),
        }
    }
}

/// All that plans of an object that is made anew differ in.
pub(super) fn of_fields(changes: Vec<FieldChange>) -> Vec<Detail> {
    changes.into_iter().map(Detail::from).collect()
}

/// What differs between the interfaces of a node. Whatever makes two [`Wanted`] unequal is told here.
pub(super) fn of_interfaces(old: &Wanted, new: &Wanted) -> Vec<Detail> {
    let names: BTreeSet<&String> = [old, new]
        .iter()
        .flat_map(|wanted| wanted.up.keys().chain(wanted.addresses.keys()))
        .collect();
    let mut details = Vec::new();
    for name in names {
        let field = |what: &str| format!("{name} {what}");
        let state = |wanted: &Wanted| {
            let up = wanted.up.get(name)?;
            Some(if *up { "up" } else { "down" }.to_owned())
        };
        let mtu = |wanted: &Wanted| Some(wanted.mtus.get(name)?.to_string());
        let vlan = |wanted: &Wanted| Some(show_port(wanted.ports.get(name)?.as_ref()?));
        let parent = |wanted: &Wanted| wanted.vlans.get(name).cloned();
        let all = [
            Detail::value(field("state"), state(old), state(new)),
            Detail::value(
                field("addresses"),
                show_addresses(old, name),
                show_addresses(new, name),
            ),
            Detail::value(field("mtu"), mtu(old), mtu(new)),
            Detail::value(field("vlan"), vlan(old), vlan(new)),
            Detail::value(field("parent"), parent(old), parent(new)),
        ];
        details.extend(all.into_iter().flatten());
    }
    details
}

fn show_addresses(wanted: &Wanted, interface: &str) -> Option<String> {
    let addresses = wanted.addresses.get(interface)?;
    let texts: Vec<String> = addresses.iter().map(IpNet::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn show_port(vlan: &PortVlanPlan) -> String {
    let mut parts = Vec::new();
    parts.extend(vlan.untagged.map(|id| format!("untagged {id}")));
    parts.extend(vlan.tagged.iter().map(|id| format!("tagged {id}")));
    match parts.is_empty() {
        true => "no VLAN".into(),
        false => parts.join(", "),
    }
}

/// What differs between the routes of a node, by destination and metric.
pub(super) fn of_routes(old: &[RoutePlan], new: &[RoutePlan]) -> Vec<Detail> {
    let (old, new) = (routes(old), routes(new));
    let keys: BTreeSet<&(IpNet, Option<u32>)> = old.keys().chain(new.keys()).collect();
    let mut details = Vec::new();
    for key in keys {
        let (destination, metric) = key;
        let metric = metric.map_or(String::new(), |metric| format!(" metric {metric}"));
        details.extend(Detail::value(
            format!("route {destination}{metric}"),
            old.get(key).cloned(),
            new.get(key).cloned(),
        ));
    }
    details
}

fn routes(routes: &[RoutePlan]) -> BTreeMap<(IpNet, Option<u32>), String> {
    let mut all = BTreeMap::new();
    for route in routes {
        let via = route.via.map(|via| format!("via {via}"));
        let interface = route.interface.as_ref().map(|name| format!("dev {name}"));
        let hop: Vec<String> = via.into_iter().chain(interface).collect();
        let text: &mut String = all.entry((route.destination, route.metric)).or_default();
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&hop.join(" "));
    }
    all
}

/// What differs between the parameters of a link that goes on living.
pub(super) fn of_link(old: &LinkPlan, new: &LinkPlan) -> Vec<Detail> {
    let mut details = Vec::new();
    if old.mtu != new.mtu {
        details.push(Detail::between(
            "mtu",
            old.mtu.to_string(),
            new.mtu.to_string(),
        ));
    }
    let sides: Vec<Vec<Detail>> = old
        .directions
        .iter()
        .zip(&new.directions)
        .map(|(old, new)| of_direction(old, new))
        .collect();
    if sides[0] == sides[1] {
        details.extend(sides[0].iter().cloned());
        return details;
    }
    for (side, end) in sides.into_iter().zip(&new.ends) {
        let prefix = format!("from {}: ", end.node);
        details.extend(side.into_iter().map(|detail| detail.prefixed(&prefix)));
    }
    details
}

/// What differs between the parameters of a medium that goes on living: what all ports or all pairs have in common once,
/// else each with its name.
pub(super) fn of_medium(old: &MediumPlan, new: &MediumPlan) -> Vec<Detail> {
    let mut details = Vec::new();
    if old.mtu != new.mtu {
        let (from, to) = (old.mtu.to_string(), new.mtu.to_string());
        details.push(Detail::between("mtu", from, to));
    }
    let node = |port: usize| new.ports.get(port).map_or("?", |port| &port.end.node);
    let ports = old.ports.iter().zip(&new.ports).enumerate();
    let ports = ports.map(|(number, (old, new))| {
        let details = of_direction(&old.tx, &new.tx);
        (node(number).to_owned(), details)
    });
    details.extend(in_common(ports.collect()));
    let pairs = new.all_pairs().map(|(from, to)| {
        let details = of_direction(old.way(from, to), new.way(from, to));
        (format!("{} -> {}", node(from), node(to)), details)
    });
    details.extend(in_common(pairs.collect()));
    details
}

/// The details themselves if all have the same, else each with its name.
fn in_common(named: Vec<(String, Vec<Detail>)>) -> Vec<Detail> {
    match named.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, details)| details == first) => {
            first.clone()
        }
        _ => {
            let each = |(name, details): (String, Vec<Detail>)| {
                let prefix = format!("{name}: ");
                details
                    .into_iter()
                    .map(move |detail| detail.prefixed(&prefix))
                    .collect::<Vec<_>>()
            };
            named.into_iter().flat_map(each).collect()
        }
    }
}

fn of_direction(old: &DirectionPlan, new: &DirectionPlan) -> Vec<Detail> {
    of_fields(diff::direction(old, new))
}
