// SPDX-License-Identifier: GPL-2.0

//! Broadcast media: which ports a pair means, and what happens on the way between them.
//!
//! Until here a medium was a switch with a link from each port; now these leave the plan, and the medium takes their
//! place.

use std::collections::{BTreeMap, BTreeSet};

use super::direction::{self, ReadFile};
use super::{identity, Lab};
use crate::compile::DEFAULT_MTU;
use crate::decode::Problems;
use crate::file::{DirectionParams, LinkParams, Medium, ALL};
use crate::names::nearest;
use crate::plan::{DisciplinePlan, EndPlan, LinkPlan, MediumPlan, MediumPortPlan, PairPlan, Plan};
use crate::report::{At, Problem};

/// Moves what stands for media out of nodes and links.
pub(crate) fn resolve(
    problems: &Problems,
    read_file: ReadFile<'_>,
    media: &[Medium],
    lab: &Lab<'_>,
    plan: &mut Plan,
) {
    let mut ports: Vec<Vec<LinkPlan>> = media.iter().map(|_| Vec::new()).collect();
    let mut links = Vec::with_capacity(plan.links.len());
    for (link, state) in std::mem::take(&mut plan.links).into_iter().zip(&lab.links) {
        match state.file.medium.and_then(|index| ports.get_mut(index)) {
            Some(ports) => {
                if link.directions[0].queue.discipline == DisciplinePlan::Device {
                    let place = state.file.params.both.place("queue discipline");
                    let message = "`queue discipline`: `device` is nothing for a port of a medium";
                    problems.add_once(
                        Problem::new(place.unwrap_or_else(|| state.file.span.clone()), message)
                            .help("a port has a queue of its own, in front of what spreads"),
                    );
                }
                ports.push(link);
            }
            None => links.push(link),
        }
    }
    plan.links = links;
    let names: BTreeSet<&str> = media
        .iter()
        .map(|medium| medium.name.value.as_str())
        .collect();
    plan.nodes
        .retain(|node| !names.contains(node.name.as_str()));
    plan.media = media
        .iter()
        .zip(ports)
        .map(|(medium, links)| one(problems, read_file, medium, lab.seed, links))
        .collect();
}

fn one(
    problems: &Problems,
    read_file: ReadFile<'_>,
    medium: &Medium,
    seed: u64,
    links: Vec<LinkPlan>,
) -> MediumPlan {
    let name = medium.name.value.clone();
    let ports: Vec<MediumPortPlan> = links
        .into_iter()
        .map(|link| {
            let ([end, _], [tx, _]) = (link.ends, link.directions);
            MediumPortPlan { end, tx }
        })
        .collect();
    let way = |params: DirectionParams| {
        let params = LinkParams {
            both: params,
            ..LinkParams::default()
        };
        let none = LinkParams::default();
        direction::plan(problems, read_file, &none, &params, true, &medium.span)
    };
    let ways = way(medium.ways.clone());
    // Also of groups that no pair names.
    for member in medium.groups.iter().flat_map(|(_, members)| members) {
        if !ports.iter().any(|port| is_port(&port.end, &member.value)) {
            unknown(problems, medium, &ports, member);
        }
    }
    let mut special: BTreeMap<(usize, usize), DirectionParams> = BTreeMap::new();
    for pair in &medium.pairs {
        let sides = [&pair.from, &pair.to].map(|side| members(problems, medium, &ports, side));
        let [Some(from), Some(to)] = sides else {
            continue;
        };
        let mut found = false;
        let mut add = |from: usize, to: usize| {
            if from != to {
                let general = special.remove(&(from, to));
                let general = general.unwrap_or_else(|| medium.ways.clone());
                let params = pair.params.clone().over(general);
                special.insert((from, to), params);
                found = true;
            }
        };
        for &from in &from {
            for &to in &to {
                add(from, to);
            }
        }
        // What is in both groups is met both ways already.
        if pair.both {
            let done = |one: usize, other: usize| from.contains(&one) && to.contains(&other);
            for (&from, &to) in from
                .iter()
                .flat_map(|from| to.iter().map(move |to| (from, to)))
            {
                if !done(to, from) {
                    add(to, from);
                }
            }
        }
        if !found {
            problems.add(
                Problem::new(pair.from.span.clone(), "no two ports make this pair")
                    .help("a port does not hear itself"),
            );
        }
    }
    let pairs = special
        .into_iter()
        .map(|((from, to), params)| PairPlan {
            from,
            to,
            way: way(params),
        })
        .filter(|pair| pair.way != ways)
        .collect();
    MediumPlan {
        mtu: medium.mtu.as_ref().map_or(DEFAULT_MTU, |mtu| mtu.value),
        seed: medium.seed.as_ref().map_or_else(
            || identity::link_seed(seed, &format!("medium:{name}")),
            |seed| seed.value,
        ),
        up: medium.up.as_ref().is_none_or(|up| up.value),
        name,
        ports,
        ways,
        pairs,
    }
}

/// The ports that a side of a pair means: all, those of a group, or those of a node.
fn members(
    problems: &Problems,
    medium: &Medium,
    ports: &[MediumPortPlan],
    side: &At<String>,
) -> Option<BTreeSet<usize>> {
    let name = side.value.as_str();
    if name == ALL {
        return Some((0..ports.len()).collect());
    }
    let mut found: BTreeSet<usize> = (0..ports.len())
        .filter(|port| is_port(&ports[*port].end, name))
        .collect();
    let group = medium
        .groups
        .iter()
        .filter(|(group, _)| group.value == name);
    for member in group.flat_map(|(_, members)| members) {
        let here = (0..ports.len()).filter(|port| is_port(&ports[*port].end, &member.value));
        let here: Vec<usize> = here.collect();
        if here.is_empty() {
            // It has been told.
            return None;
        }
        found.extend(here);
    }
    let own = medium
        .members
        .iter()
        .filter(|(group, _)| group.value == name);
    found.extend(own.map(|(_, port)| *port));
    if found.is_empty() {
        unknown(problems, medium, ports, side);
        return None;
    }
    Some(found)
}

/// Whether a port is what a name says: a node, or a node and an interface of it.
fn is_port(end: &EndPlan, name: &str) -> bool {
    match name.split_once(':') {
        Some((node, interface)) => end.node == node && end.interface == interface,
        None => end.node == name,
    }
}

fn unknown(problems: &Problems, medium: &Medium, ports: &[MediumPortPlan], name: &At<String>) {
    let groups = medium.groups.iter().map(|(group, _)| group);
    let groups = groups.chain(medium.members.iter().map(|(group, _)| group));
    let nodes = ports.iter().map(|port| port.end.node.as_str());
    let known: BTreeSet<&str> = groups
        .map(|group| group.value.as_str())
        .chain(nodes)
        .chain([ALL])
        .collect();
    let message = format!(
        "`{}` is no port or group of `{}`",
        name.value, medium.name.value
    );
    let problem = Problem::new(name.span.clone(), message);
    let problem = match nearest(&name.value, known.iter().copied()) {
        Some(near) => problem.label(format!("did you mean `{near}`?")),
        None => problem,
    };
    let known: Vec<&str> = known.into_iter().collect();
    problems.add_once(problem.help(format!("known here: {}", known.join(", "))));
}
