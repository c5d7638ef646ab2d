// SPDX-License-Identifier: GPL-2.0

//! `link set`

use vnet_lab::error::near;
use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::Kernel as Module;
use vnet_topology::plan::LinkPlan;
use vnet_topology::units;
use vnet_uapi::{Direction, End, Link, LinkKey};

use crate::cli::{Cli, LinkSet};
use crate::error::{Error, Result};
use crate::place::{self, Place};

const PARAMETERS: [&str; 8] = [
    "rate",
    "delay",
    "overhead",
    "queue-packets",
    "queue-bytes",
    "queue-time",
    "mtu",
    "cable",
];

/// What is to change.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    direction: Direction,
    mtu: Option<u32>,
    connected: Option<u32>,
}

/// Changes parameters of a running link.
pub fn run(cli: &Cli, set: &LinkSet) -> Result<u8> {
    // Before anything is asked or started.
    let wanted = parse(&set.parameters)?;
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, set, wanted),
        Place::Guest(guest) => {
            let mut arguments = vec!["link".to_owned(), "set".to_owned()];
            arguments.extend(set.from.iter().map(|node| format!("--from={node}")));
            arguments.push("--".into());
            arguments.push(set.name.clone());
            arguments.extend_from_slice(&set.parameters);
            place::relay(&guest, &found.lab, arguments)
        }
    }
}

/// Pairs of name and value, each as two words or as `name=value`.
fn parse(words: &[String]) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some(pair) => pair,
            None => {
                let value = words.next().map(String::as_str);
                let missing = || match PARAMETERS.contains(&word.as_str()) {
                    true => Error::Message(format!("{word} has no value")),
                    false => unknown(word),
                };
                (word.as_str(), value.ok_or_else(missing)?)
            }
        };
        wanted.set(name, value)?;
    }
    Ok(wanted)
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let wrong = |error: units::UnitError| Error::Message(explain(name, value, &error));
        let direction = &mut self.direction;
        match name {
            "rate" => direction.rate = Some(units::rate(value).map_err(wrong)?.unwrap_or(0)),
            "delay" => direction.delay = Some(units::link_time(value).map_err(wrong)?),
            "overhead" => {
                let bytes = units::count(value, "the overhead", 0, 1000).map_err(wrong)?;
                direction.overhead = Some(bytes as u32);
            }
            "queue-packets" => {
                let most = u64::from(u32::MAX);
                let packets = units::count(value, "the queue", 0, most).map_err(wrong)?;
                direction.queue_packets = Some(packets as u32);
            }
            "queue-bytes" => direction.queue_bytes = Some(units::size(value).map_err(wrong)?),
            "queue-time" => direction.queue_time = Some(units::link_time(value).map_err(wrong)?),
            "mtu" => {
                let bytes = units::count(value, "the MTU", 68, 65535).map_err(wrong)?;
                self.mtu = Some(bytes as u32);
            }
            "cable" => {
                self.connected = Some(match value {
                    "plugged" => 1,
                    "pulled" => 0,
                    _ => {
                        return Err(Error::Message(format!(
                            "cable {value}: expected plugged or pulled"
                        )))
                    }
                });
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    /// The same change to the lab's plan, so that the next `up` sees what differs from the file.
    fn apply_to(&self, plan: &mut LinkPlan, sides: &[usize]) {
        let change = &self.direction;
        for side in sides {
            let direction = &mut plan.directions[*side];
            if let Some(rate) = change.rate {
                direction.rate = (rate > 0).then_some(rate);
            }
            direction.delay = change.delay.unwrap_or(direction.delay);
            direction.overhead = change.overhead.unwrap_or(direction.overhead);
            let queue = &mut direction.queue;
            if let Some(packets) = change.queue_packets {
                queue.packets = (packets > 0).then_some(packets);
            }
            if let Some(bytes) = change.queue_bytes {
                queue.bytes = (bytes > 0).then_some(bytes);
            }
            if let Some(time) = change.queue_time {
                queue.time = (time > 0).then_some(time);
            }
        }
        plan.mtu = self.mtu.unwrap_or(plan.mtu);
    }
}

fn unknown(name: &str) -> Error {
    let hint = match near(name, PARAMETERS) {
        Some(near) => format!("; did you mean {near}?"),
        None => format!("; known are {}", PARAMETERS.join(", ")),
    };
    Error::Message(format!("links have no parameter {name}{hint}"))
}

fn explain(name: &str, value: &str, error: &units::UnitError) -> String {
    match &error.help {
        help if help.is_empty() => format!("{name} {value}: {error}"),
        help => format!("{name} {value}: {error}; {help}"),
    }
}

fn here(lab: &str, set: &LinkSet, wanted: Wanted) -> Result<u8> {
    let paths = LabPaths::new(lab)?;
    let _lock = state::Lock::take(&paths)?;
    let mut plan = state::require(&paths)?;
    let mut module = Module::open()?;
    let link = module.link(lab, &set.name)?;
    let position = plan.links.iter().position(|plan| plan.name == set.name);
    let position = position
        .ok_or_else(|| Error::Message(format!("the plan of lab {lab} has no link {}", set.name)))?;
    let sides = sides(&plan.links[position], set.from.as_deref())?;
    let end = |side: usize| {
        (sides.contains(&side) && wanted.direction != Direction::default()).then(|| End {
            tx: Some(wanted.direction.clone()),
            ..Default::default()
        })
    };
    let change = Link {
        mtu: wanted.mtu,
        connected: wanted.connected,
        end_a: end(0),
        end_b: end(1),
        ..Default::default()
    };
    let id = link.id.unwrap_or_default();
    module
        .client()
        .link_set(LinkKey::Id(id), change)
        .map_err(|error| Error::Message(format!("cannot change link {}: {error}", set.name)))?;
    wanted.apply_to(&mut plan.links[position], &sides);
    state::store(&paths, &plan)?;
    Ok(0)
}

/// Which directions are meant.
fn sides(link: &LinkPlan, from: Option<&str>) -> Result<Vec<usize>> {
    let Some(from) = from.filter(|from| *from != "both") else {
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

    fn parse_line(line: &str) -> Result<Wanted> {
        parse(&line.split(' ').map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn pairs_and_equations() {
        let wanted = parse_line("delay 20ms rate=10mbit mtu 9000 cable pulled").unwrap();
        assert_eq!(wanted.direction.delay, Some(20_000_000));
        assert_eq!(wanted.direction.rate, Some(10_000_000));
        assert_eq!((wanted.mtu, wanted.connected), (Some(9000), Some(0)));
        assert_eq!(
            parse_line("rate unlimited").unwrap().direction.rate,
            Some(0)
        );
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |line: &str| parse_line(line).unwrap_err().to_string();
        assert_eq!(
            error("delya 20ms"),
            "links have no parameter delya; did you mean delay?"
        );
        assert_eq!(error("delay"), "delay has no value");
        assert!(
            error("delay 20").starts_with("delay 20: "),
            "{}",
            error("delay 20")
        );
        assert_eq!(error("cable cut"), "cable cut: expected plugged or pulled");
    }
}
