// SPDX-License-Identifier: GPL-2.0

//! `link set`, `link down`, `link up`

use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::attributes::{decode_as, difference, encode};
use vnet_lab::wire::Kernel as Module;
use vnet_topology::plan::{DirectionPlan, LinkPlan};
use vnet_topology::words::Change;
use vnet_uapi::{End, Link, LinkKey};

use crate::cli::{Cli, LinkName, LinkSet};
use crate::error::{Error, Result};
use crate::place::{self, Place};

/// Changes parameters of a running link.
pub fn run(cli: &Cli, set: &LinkSet) -> Result<u8> {
    // Before anything is asked or started.
    let change = parse(&set.parameters)?;
    of_a_direction(set, &change)?;
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, set, &change),
        Place::Guest(guest) => {
            let mut arguments = vec!["link".to_owned(), "set".to_owned()];
            arguments.extend(set.from.iter().map(|node| format!("--from={node}")));
            arguments.push("--".into());
            arguments.push(set.name.clone());
            // Files are here, not there.
            arguments.extend(change.words);
            place::relay(&guest, &found.lab, arguments)
        }
    }
}

/// Pulls or plugs a cable.
pub fn cable(cli: &Cli, link: &LinkName, state: &str) -> Result<u8> {
    let set = LinkSet {
        name: link.name.clone(),
        from: None,
        parameters: vec!["cable".into(), state.into()],
    };
    run(cli, &set)
}

fn parse(words: &[String]) -> Result<Change> {
    Change::parse(words).map_err(|error| Error::Message(error.to_string()))
}

/// Refuses what is the whole link's where only a direction is meant.
fn of_a_direction(set: &LinkSet, change: &Change) -> Result<()> {
    if set.from.as_deref().is_none_or(|from| from == BOTH) {
        return Ok(());
    }
    let what = match (change.mtu, change.connected) {
        (Some(_), _) => "mtu is that of both ends",
        (None, Some(_)) => "a cable is plugged or pulled for both directions",
        (None, None) => return Ok(()),
    };
    Err(Error::Message(format!(
        "{what}; say it without --from, in a command of its own"
    )))
}

fn here(lab: &str, set: &LinkSet, change: &Change) -> Result<u8> {
    let paths = LabPaths::new(lab)?;
    let _lock = state::Lock::take(&paths)?;
    let mut plan = state::require(&paths)?;
    let mut module = Module::open()?;
    let link = module.link(lab, &set.name)?;
    let position = plan.links.iter().position(|plan| plan.name == set.name);
    let position = position
        .ok_or_else(|| Error::Message(format!("the plan of lab {lab} has no link {}", set.name)))?;
    let sides = sides(&plan.links[position], set.from.as_deref())?;
    let refused = |error: &dyn std::fmt::Display| {
        Error::Message(format!("cannot change link {}: {error}", set.name))
    };
    let plans = &plan.links[position].directions;
    let (request, directions) =
        request(&link, plans, &sides, change).map_err(|error| refused(&error))?;
    let id = link.id.unwrap_or_default();
    module
        .client()
        .link_set(LinkKey::Id(id), request)
        .map_err(|error| refused(&error))?;
    // So that the next `up` sees what differs from the file.
    let plan_of_link = &mut plan.links[position];
    for (side, direction) in directions {
        plan_of_link.directions[side] = direction;
    }
    plan_of_link.mtu = change.mtu.unwrap_or(plan_of_link.mtu);
    state::store(&paths, &plan)?;
    Ok(0)
}

/// What to ask of the kernel, and what it then has of the directions that change. The kernel's view is where it starts
/// from: others may have changed the link as well.
fn request(
    link: &Link,
    plans: &[DirectionPlan; 2],
    sides: &[usize],
    change: &Change,
) -> std::result::Result<(Link, Vec<(usize, DirectionPlan)>), vnet_topology::words::WordError> {
    let mut request = Link {
        mtu: change.mtu,
        connected: change.connected.map(u32::from),
        ..Default::default()
    };
    let mut directions = Vec::new();
    if !change.changes_directions() {
        return Ok((request, directions));
    }
    for &side in sides {
        let ends = [&link.end_a, &link.end_b];
        let tx = ends[side].as_ref().and_then(|end| end.tx.clone());
        let old = decode_as(&tx.unwrap_or_default(), &plans[side]);
        let mut new = old.clone();
        change.apply(&mut new)?;
        let end = difference(&encode(&old), &encode(&new)).map(|tx| End {
            tx: Some(tx),
            ..Default::default()
        });
        match side {
            0 => request.end_a = end,
            _ => request.end_b = end,
        }
        directions.push((side, new));
    }
    Ok((request, directions))
}

/// What stands for both directions.
const BOTH: &str = "both";

/// Which directions are meant.
pub(super) fn sides(link: &LinkPlan, from: Option<&str>) -> Result<Vec<usize>> {
    let Some(from) = from.filter(|from| *from != BOTH) else {
        return Ok(vec![0, 1]);
    };
    let matches = |side: &usize| {
        let end = &link.ends[*side];
        end.node == from || format!("{}:{}", end.node, end.interface) == from
    };
    let sides: Vec<usize> = (0..2).filter(matches).collect();
    match sides.len() {
        0 => Err(Error::Message(format!(
            "link {} has no end in node {from}; it joins {} and {}",
            link.name, link.ends[0].node, link.ends[1].node
        ))),
        _ => Ok(sides),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vnet_uapi::Direction;

    fn requested(tx: Direction, sides: &[usize], line: &str) -> Link {
        let end = Some(End {
            tx: Some(tx),
            ..Default::default()
        });
        let link = Link {
            end_a: end.clone(),
            end_b: end,
            ..Default::default()
        };
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        let plans = [DirectionPlan::default(), DirectionPlan::default()];
        request(&link, &plans, sides, &parse(&words).unwrap())
            .unwrap()
            .0
    }

    #[test]
    fn what_is_the_links_has_no_direction() {
        let refused = |from: Option<&str>, line: &str| {
            let set = LinkSet {
                name: "a-b".into(),
                from: from.map(String::from),
                parameters: line.split(' ').map(String::from).collect(),
            };
            let change = parse(&set.parameters).unwrap();
            of_a_direction(&set, &change)
                .err()
                .map(|error| error.to_string())
        };
        for line in ["mtu 9000", "delay 1ms mtu 9000", "cable pulled"] {
            let error = refused(Some("a"), line).unwrap();
            assert!(error.contains("say it without --from"), "{error}");
            assert_eq!(refused(None, line), None);
            assert_eq!(refused(Some("both"), line), None);
        }
        assert_eq!(refused(Some("a"), "delay 1ms"), None);
    }

    #[test]
    fn only_what_changes_is_asked_for() {
        let tx = Direction {
            rate: Some(1_000_000),
            delay: Some(5),
            ..Default::default()
        };
        let wanted = requested(tx.clone(), &[1], "delay 20ms rate 1mbit");
        assert_eq!((&wanted.end_a, wanted.mtu), (&None, None));
        let expected = Direction {
            delay: Some(20_000_000),
            ..Default::default()
        };
        assert_eq!(wanted.end_b.unwrap().tx, Some(expected));
        // What is so already needs no request of its own.
        let wanted = requested(tx, &[0, 1], "rate 1mbit cable pulled mtu 9000");
        assert_eq!((wanted.end_a, wanted.end_b), (None, None));
        assert_eq!((wanted.mtu, wanted.connected), (Some(9000), Some(0)));
    }
}
