// SPDX-License-Identifier: GPL-2.0

//! `link show`

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use vnet_lab::error::near;
use vnet_lab::paths::LabPaths;
use vnet_lab::wire::attributes::decode;
use vnet_lab::wire::Kernel as Module;
use vnet_lab::Cancel;
use vnet_topology::plan::{DirectionPlan, QueuePlan, ReorderPlan};
use vnet_topology::units::{show_rate, show_size, show_time};
use vnet_uapi::{Direction, End, Link, Stats};

use super::{counters, link_detail};
use crate::cli::{Cli, LinkShow};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::output::{self, Table};
use crate::place::{self, Place};

/// A link as this command shows it.
#[derive(Debug, Serialize)]
pub(super) struct LinkReport {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) mtu: u32,
    pub(super) seed: u64,
    pub(super) connected: bool,
    pub(super) directions: Vec<DirectionReport>,
}

/// What one end sends to the other.
#[derive(Debug, Serialize)]
pub(super) struct DirectionReport {
    pub(super) from: Location,
    pub(super) to: Location,
    up: bool,
    carrier: bool,
    /// As the kernel has it.
    pub(super) configured: Direction,
    /// As the kernel has counted since the link was made.
    #[serde(serialize_with = "counters::with_names")]
    pub(super) counters: Stats,
    pub(super) measured: Measured,
}

/// An end: where it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Location {
    node: String,
    interface: String,
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.node, self.interface)
    }
}

/// What follows from the counters.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    /// Over how long rates were measured.
    pub(super) seconds: f64,
    /// Delivered frames without overhead, bit/s.
    pub(super) rate: f64,
    /// The same with overhead: what the line carried.
    pub(super) wire_rate: f64,
    /// Part of the configured rate that was used; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) utilisation: Option<f64>,
    /// Delivered frames per second.
    pub(super) frame_rate: f64,
    /// Part of the frames handed to the link that it dropped.
    pub(super) loss: f64,
    /// How late frames were delivered, ns: mean over all of them, and the largest.
    pub(super) lateness_mean: u64,
    pub(super) lateness_max: u64,
}

/// Shows links.
pub fn show(cli: &Cli, show: &LinkShow) -> Result<u8> {
    let found = place::select(cli)?;
    let lab = &found.lab;
    match found.place()? {
        Place::Here => here(lab, show),
        Place::Guest(guest) => place::relay(&guest, lab, arguments(show)),
    }
}

fn arguments(show: &LinkShow) -> Vec<String> {
    let mut arguments = vec!["link".to_owned(), "show".to_owned()];
    arguments.extend(show.json.then(|| "--json".to_owned()));
    arguments.extend(show.wide.then(|| "--wide".to_owned()));
    arguments.extend(
        show.interval
            .map(|time| format!("--interval={}ns", time.as_nanos())),
    );
    arguments.push("--".into());
    arguments.extend_from_slice(&show.names);
    arguments
}

fn here(lab: &str, show: &LinkShow) -> Result<u8> {
    let mut module = Module::open()?;
    let nodes: BTreeMap<u32, String> = module
        .lab_instances(lab)?
        .into_iter()
        .filter_map(|instance| Some((instance.id?, instance.name?)))
        .collect();
    let before = match show.interval {
        Some(time) => {
            let links = select(&mut module, lab, &show.names)?;
            sleep(time)?;
            Some((time, links))
        }
        None => None,
    };
    let links = select(&mut module, lab, &show.names)?;
    let reports: Vec<LinkReport> = links
        .iter()
        .map(|link| {
            let earlier = before
                .as_ref()
                .and_then(|(_, links)| links.iter().find(|earlier| earlier.id == link.id));
            let time = before
                .as_ref()
                .map_or_else(|| age(lab, link, &nodes), |(time, _)| *time);
            report(link, earlier, time, &nodes)
        })
        .collect();
    if show.json {
        output::json(&reports)?;
    } else if !show.names.is_empty() && !show.wide {
        link_detail::print(&reports)?;
    } else {
        table(&reports, show.wide).print()?;
    }
    Ok(0)
}

/// The links of these names in this order, or all of the lab by name.
fn select(module: &mut Module, lab: &str, names: &[String]) -> Result<Vec<Link>> {
    let mut links = module.lab_links(lab)?;
    links.sort_by(|a, b| a.name.cmp(&b.name));
    if names.is_empty() {
        return Ok(links);
    }
    let known = links.clone();
    names
        .iter()
        .map(|name| {
            let found = known.iter().find(|link| link.name.as_ref() == Some(name));
            found.cloned().ok_or_else(|| {
                Error::Lab(vnet_lab::Error::NoLink {
                    lab: lab.into(),
                    link: name.clone(),
                    near: near(name, known.iter().filter_map(|link| link.name.as_deref())),
                })
            })
        })
        .collect()
}

/// Waits; a signal ends it.
fn sleep(time: Duration) -> Result<()> {
    let cancel: Cancel = interrupt::cancel()?;
    cancel.wait(&[], Some(std::time::Instant::now() + time))?;
    Ok(())
}

/// How long a link has existed: as long as the younger of its nodes, whose sockets are as old as they are.
fn age(lab: &str, link: &Link, nodes: &BTreeMap<u32, String>) -> Duration {
    let Ok(paths) = LabPaths::new(lab) else {
        return Duration::ZERO;
    };
    let ends = [&link.end_a, &link.end_b].into_iter().flatten();
    let names = ends.filter_map(|end| nodes.get(&end.instance?));
    let times = names.filter_map(|name| {
        let socket = paths.node(name).join("init.sock");
        fs::metadata(socket).ok()?.modified().ok()
    });
    times
        .max()
        .and_then(|time| SystemTime::now().duration_since(time).ok())
        .unwrap_or_default()
}

fn report(
    link: &Link,
    earlier: Option<&Link>,
    time: Duration,
    nodes: &BTreeMap<u32, String>,
) -> LinkReport {
    let ends = [&link.end_a, &link.end_b].map(|end| end.clone().unwrap_or_default());
    let before =
        earlier.map(|link| [&link.end_a, &link.end_b].map(|end| end.clone().unwrap_or_default()));
    let directions = (0..2)
        .map(|side| {
            let end = &ends[side];
            let stats = end.stats.clone().unwrap_or_default();
            let earlier = before.as_ref().and_then(|ends| ends[side].stats.clone());
            let configured = end.tx.clone().unwrap_or_default();
            DirectionReport {
                from: place_of(end, nodes),
                to: place_of(&ends[1 - side], nodes),
                up: end.up == Some(1),
                carrier: end.carrier == Some(1),
                measured: measure(&configured, &stats, &earlier.unwrap_or_default(), time),
                configured,
                counters: stats,
            }
        })
        .collect();
    LinkReport {
        name: link.name.clone().unwrap_or_default(),
        id: link.id.unwrap_or_default(),
        mtu: link.mtu.unwrap_or_default(),
        seed: link.seed.unwrap_or_default(),
        connected: link.connected != Some(0),
        directions,
    }
}

fn place_of(end: &End, nodes: &BTreeMap<u32, String>) -> Location {
    let node = end.instance.and_then(|id| nodes.get(&id));
    Location {
        node: match (node, end.netns_inode) {
            (Some(name), _) => name.clone(),
            (None, Some(inode)) => format!("netns:{inode}"),
            (None, None) => "?".into(),
        },
        interface: end.ifname.clone().unwrap_or_default(),
    }
}

fn measure(configured: &Direction, now: &Stats, before: &Stats, time: Duration) -> Measured {
    let since = |now: Option<u64>, before: Option<u64>| {
        now.unwrap_or(0).saturating_sub(before.unwrap_or(0)) as f64
    };
    let seconds = time.as_secs_f64();
    let per_second = |value: f64| match seconds > 0.0 {
        true => value / seconds,
        false => 0.0,
    };
    let frames = since(now.delivered_frames, before.delivered_frames);
    let bytes = since(now.delivered_bytes, before.delivered_bytes);
    let overhead = f64::from(configured.overhead.unwrap_or(0));
    let wire_rate = per_second((bytes + frames * overhead) * 8.0);
    let sent = since(now.sent_frames, before.sent_frames);
    let dropped = drops(now) as f64 - drops(before) as f64;
    Measured {
        seconds,
        rate: per_second(bytes * 8.0),
        wire_rate,
        utilisation: configured
            .rate
            .filter(|rate| *rate > 0)
            .map(|rate| wire_rate / rate as f64),
        frame_rate: per_second(frames),
        loss: if sent > 0.0 {
            dropped.max(0.0) / sent
        } else {
            0.0
        },
        lateness_mean: now.late_sum.unwrap_or(0) / now.delivered_frames.unwrap_or(0).max(1),
        lateness_max: now.late_max.unwrap_or(0),
    }
}

fn drops(stats: &Stats) -> u64 {
    stats.drop.iter().filter_map(|drop| drop.frames).sum()
}

fn table(reports: &[LinkReport], wide: bool) -> Table {
    let mut head = vec![
        "LINK",
        "FROM",
        "TO",
        "STATE",
        ">RATE",
        ">DELAY",
        ">JITTER",
        ">LOSS",
        "QUEUE",
        ">MEASURED",
        ">USED",
        ">SENT",
        ">DELIVERED",
        ">DROPPED",
        ">QUEUED",
        ">IN-FLIGHT",
    ];
    if wide {
        head.extend([
            ">MTU",
            ">OVERHEAD",
            ">BER",
            ">CORRUPT",
            ">DUPLICATE",
            "REORDER",
            ">DUPLICATED",
            ">MARKED",
            ">CORRUPTED",
            ">REORDERED",
            ">LATE(MEAN)",
            ">LATE(MAX)",
            "DROPS",
        ]);
    }
    let mut table = Table::new(&head);
    for link in reports {
        for direction in &link.directions {
            table.row(row(link, direction, wide));
        }
    }
    table
}

fn row(link: &LinkReport, direction: &DirectionReport, wide: bool) -> Vec<String> {
    let counters = &direction.counters;
    let plan = decode(&direction.configured);
    let number = |value: Option<u64>| value.unwrap_or(0).to_string();
    let mut row = vec![
        link.name.clone(),
        direction.from.to_string(),
        direction.to.to_string(),
        state(link, direction).into(),
        show_rate(plan.rate),
        show_time(plan.delay),
        show_time(plan.jitter.amount),
        losses(&plan),
        queue(&plan.queue, wide),
        rounded_rate(direction.measured.wire_rate),
        match direction.measured.utilisation {
            Some(part) => format!("{:.1}%", part * 100.0),
            None => "-".into(),
        },
        number(counters.sent_frames),
        number(counters.delivered_frames),
        drops(counters).to_string(),
        number(counters.queued_frames),
        number(counters.in_flight_frames),
    ];
    if wide {
        row.extend([
            link.mtu.to_string(),
            plan.overhead.to_string(),
            plan.ber.to_string(),
            plan.corrupt.to_string(),
            plan.duplicate.to_string(),
            match plan.reorder {
                None => "-".into(),
                Some(ReorderPlan::Random(probability)) => probability.to_string(),
                Some(ReorderPlan::Every(n)) => format!("every {n}"),
            },
            number(counters.duplicated_frames),
            number(counters.marked_frames),
            number(counters.corrupted_frames),
            number(counters.reordered_frames),
            rounded_time(direction.measured.lateness_mean),
            rounded_time(direction.measured.lateness_max),
            causes(counters),
        ]);
    }
    row
}

/// What loses frames on the wire, in a word or some.
pub(super) fn losses(plan: &DirectionPlan) -> String {
    let loss = &plan.loss;
    let mut kinds = Vec::new();
    kinds.extend((!loss.random.is_zero()).then(|| loss.random.to_string()));
    kinds.extend(loss.gilbert_elliott.map(|_| "ge".to_owned()));
    kinds.extend(loss.four_state.map(|_| "4-state".to_owned()));
    kinds.extend(loss.pattern.as_ref().map(|_| "pattern".to_owned()));
    kinds.extend((!plan.ber.is_zero()).then(|| "ber".to_owned()));
    match kinds.is_empty() {
        true => "0".into(),
        false => kinds.join("+"),
    }
}

pub(super) fn state(link: &LinkReport, direction: &DirectionReport) -> &'static str {
    match (link.connected, direction.up, direction.carrier) {
        (false, ..) => "unplugged",
        (true, false, _) => "down",
        (true, true, false) => "no-carrier",
        (true, true, true) => "up",
    }
}

pub(super) fn queue(queue: &QueuePlan, wide: bool) -> String {
    let mut text = queue.discipline.name().to_owned();
    if !wide {
        return text;
    }
    let mut bounds = Vec::new();
    bounds.extend(queue.packets.map(|packets| format!("{packets}p")));
    bounds.extend(queue.bytes.map(show_size));
    bounds.extend(queue.time.map(show_time));
    text.push(' ');
    match bounds.is_empty() {
        // No bound at all means the default.
        true => text.push_str("100p|50ms"),
        false => text.push_str(&bounds.join(",")),
    }
    text
}

pub(super) fn causes(stats: &Stats) -> String {
    let list: Vec<String> = causes_of(stats)
        .map(|(cause, frames, _)| format!("{cause}={frames}"))
        .collect();
    match list.is_empty() {
        true => "-".into(),
        false => list.join(" "),
    }
}

/// What was lost, with its cause: frames and bytes.
pub(super) fn causes_of(stats: &Stats) -> impl Iterator<Item = (String, u64, u64)> + '_ {
    let lost = stats
        .drop
        .iter()
        .filter(|drop| drop.frames.unwrap_or(0) > 0);
    lost.map(|drop| {
        let cause = counters::cause(drop.cause.unwrap_or(u32::MAX));
        (cause, drop.frames.unwrap_or(0), drop.bytes.unwrap_or(0))
    })
}

/// Four digits are enough of something measured.
pub(super) fn rounded_rate(rate: f64) -> String {
    show_rate(Some(significant(rate)).filter(|_| rate >= 0.5)).replace("unlimited", "0bit")
}

pub(super) fn rounded_time(time: u64) -> String {
    match time {
        0 => "0".into(),
        time => show_time(significant(time as f64)),
    }
}

fn significant(value: f64) -> u64 {
    if value < 10_000.0 {
        return value.round() as u64;
    }
    let scale = 10f64.powf(value.log10().floor() - 3.0);
    ((value / scale).round() * scale) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_count_overhead_and_differences() {
        let configured = Direction {
            rate: Some(10_000_000),
            overhead: Some(24),
            ..Default::default()
        };
        let before = Stats {
            delivered_frames: Some(1000),
            delivered_bytes: Some(1_000_000),
            ..Default::default()
        };
        let now = Stats {
            delivered_frames: Some(2000),
            delivered_bytes: Some(2_226_000),
            ..Default::default()
        };
        let measured = measure(&configured, &now, &before, Duration::from_secs(1));
        assert_eq!(measured.rate, 9_808_000.0);
        assert_eq!(measured.wire_rate, 10_000_000.0);
        assert_eq!(measured.utilisation, Some(1.0));
    }

    #[test]
    fn measured_numbers_have_four_digits() {
        assert_eq!(rounded_rate(94_153_218.3), "94.15mbit");
        assert_eq!(rounded_rate(0.0), "0bit");
        assert_eq!(rounded_time(1_234_567), "1.235ms");
    }
}
