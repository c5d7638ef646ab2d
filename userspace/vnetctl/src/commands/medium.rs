// SPDX-License-Identifier: GPL-2.0

//! `medium`: broadcast media, their ports and the ways between them.

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use vnet_lab::error::near;
use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::attributes::decode;
use vnet_lab::wire::{media, Kernel as Module};
use vnet_topology::plan::{DirectionPlan, EndPlan, MediumPlan, Plan};
use vnet_topology::units::{show_rate, show_time};
use vnet_topology::words::{self, Change};
use vnet_uapi::generated::{Direction, Medium as Told};
use vnet_uapi::Stats;

use super::counters;
use super::link::{causes, losses, queue};
use super::medium_trace::{self, Trace};
use crate::cli::Cli;
use crate::complete;
use crate::error::{Error, Result};
use crate::output::{self, Table};
use crate::place::{self, Place};

/// `medium`
#[derive(Debug, Subcommand)]
pub enum Medium {
    /// Show media: their ports, and with a name the ways between them.
    Show(Show),
    /// Change parameters of a running medium; what is not named stays as it is, and no frame is lost.
    ///
    /// PARAMETERS are those of `link set`. Rate, overhead, queue and whole-time are those of ports, of all or of one
    /// (--port); the others are those of the ways, of all or of some (--from, --to). mtu is that of all ports.
    Set(Set),
    /// Tell what is decided about each frame: what transmitters send or drop, or (--to) what becomes of it on the ways to
    /// a port.
    ///
    /// As `link trace`: the log begins with the first reader and ends with it, --off ends one that was left behind, and
    /// times are those of the kernel's monotonic clock.
    Trace(Trace),
}

/// `medium show`
#[derive(Debug, Args)]
pub struct Show {
    /// Media, in detail; a table of the ports of all without a name.
    #[arg(add = complete::media())]
    pub names: Vec<String>,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `medium set`
#[derive(Debug, Args)]
pub struct Set {
    /// Medium.
    #[arg(add = complete::media())]
    pub name: String,

    /// Only this port: a node, or `node:interface`.
    #[arg(long, value_name = "PORT", conflicts_with_all = ["from", "to", "both"], add = complete::nodes())]
    pub port: Option<String>,

    /// Only the ways from this port.
    #[arg(long, value_name = "PORT", add = complete::nodes())]
    pub from: Option<String>,

    /// Only the ways to this port.
    #[arg(long, value_name = "PORT", add = complete::nodes())]
    pub to: Option<String>,

    /// Also the other way round.
    #[arg(long)]
    pub both: bool,

    /// Names and values.
    #[arg(required = true, value_name = "PARAMETERS")]
    pub parameters: Vec<String>,
}

/// A medium as this command shows it.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    id: u32,
    mtu: u32,
    seed: u64,
    ports: Vec<PortReport>,
    /// Only of media that are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<PairReport>,
}

/// A port: what its transmitter is like and has counted.
#[derive(Debug, Serialize)]
struct PortReport {
    number: u32,
    node: String,
    interface: String,
    up: bool,
    /// As the kernel has it.
    configured: Direction,
    /// As the kernel has counted since the medium was made.
    #[serde(serialize_with = "counters::with_names")]
    counters: Stats,
}

/// The way between two ports.
#[derive(Debug, Serialize)]
struct PairReport {
    from: String,
    to: String,
    configured: Direction,
    #[serde(serialize_with = "counters::with_names")]
    counters: Stats,
}

/// Does what was asked.
pub fn run(cli: &Cli, medium: &Medium) -> Result<u8> {
    // Before anything is asked or started.
    let change = match medium {
        Medium::Set(set) => Some(parse(&set.parameters)?),
        Medium::Show(_) | Medium::Trace(_) => None,
    };
    let found = place::select(cli)?;
    let lab = &found.lab;
    match (found.place()?, medium, change) {
        (Place::Here, Medium::Show(show), _) => show_here(lab, show),
        (Place::Here, Medium::Trace(trace), _) => medium_trace::here(lab, trace),
        (Place::Guest(guest), Medium::Trace(trace), _) => {
            place::forward(&guest, lab, medium_trace::arguments(trace))
        }
        (Place::Here, Medium::Set(set), Some(change)) => set_here(lab, set, &change),
        (Place::Guest(guest), medium, change) => {
            place::relay(&guest, lab, arguments(medium, change))
        }
        (Place::Here, Medium::Set(_), None) => Ok(0),
    }
}

fn parse(words: &[String]) -> Result<Change> {
    let change = Change::parse(words).map_err(|error| Error::Message(error.to_string()))?;
    match change.connected {
        Some(_) => Err(Error::Message(
            "a medium has no cable; set a port down in its node, or lose all of a pair: loss 100%"
                .into(),
        )),
        None => Ok(change),
    }
}

/// The same command for the lab's guest.
fn arguments(medium: &Medium, change: Option<Change>) -> Vec<String> {
    let mut arguments = vec!["medium".to_owned()];
    match medium {
        Medium::Trace(trace) => return medium_trace::arguments(trace),
        Medium::Show(show) => {
            arguments.push("show".into());
            arguments.extend(show.json.then(|| "--json".to_owned()));
            arguments.push("--".into());
            arguments.extend_from_slice(&show.names);
        }
        Medium::Set(set) => {
            arguments.push("set".into());
            for (name, value) in [("port", &set.port), ("from", &set.from), ("to", &set.to)] {
                arguments.extend(value.iter().map(|value| format!("--{name}={value}")));
            }
            arguments.extend(set.both.then(|| "--both".to_owned()));
            arguments.extend(["--".to_owned(), set.name.clone()]);
            // Files are here, not there.
            arguments.extend(change.map(|change| change.words).unwrap_or_default());
        }
    }
    arguments
}

fn set_here(lab: &str, set: &Set, change: &Change) -> Result<u8> {
    let paths = LabPaths::new(lab)?;
    let _lock = state::Lock::take(&paths)?;
    let mut plan = state::require(&paths)?;
    let mut module = Module::open()?;
    let client = module.client();
    let told = media::of_lab(client, lab)?;
    let id = media::find(client, lab, &set.name)?;
    let position = position(&plan, &set.name)?;
    let refused = |error: &dyn std::fmt::Display| {
        Error::Message(format!("cannot change medium {}: {error}", set.name))
    };
    // The kernel's view is where it starts from: others may have changed the medium as well.
    let mut old = plan.media[position].clone();
    if let Some(told) = told.get(&set.name) {
        media::read_one(client, told, &mut old).map_err(|error| refused(&error))?;
    }
    let new = changed(&old, set, change).map_err(|error| refused(&error))?;
    media::change_by_id(client, id, &old, &new).map_err(|error| refused(&error))?;
    // So that the next `up` sees what differs from the file.
    plan.media[position] = new;
    state::store(&paths, &plan)?;
    Ok(0)
}

pub(super) fn position(plan: &Plan, name: &str) -> Result<usize> {
    let found = plan.media.iter().position(|medium| medium.name == name);
    found
        .ok_or_else(|| Error::Message(format!("the plan of lab {} has no medium {name}", plan.lab)))
}

/// The medium as it is to be.
fn changed(
    old: &MediumPlan,
    set: &Set,
    change: &Change,
) -> std::result::Result<MediumPlan, String> {
    let mut new = old.clone();
    let one = set.from.is_some() || set.to.is_some() || set.port.is_some();
    if change.mtu.is_some() && one {
        return Err(NOT_OF_ONE.into());
    }
    new.mtu = change.mtu.unwrap_or(new.mtu);
    if !change.changes_directions() {
        return Ok(new);
    }
    let applied = |direction: &DirectionPlan| {
        let mut direction = direction.clone();
        change
            .apply(&mut direction)
            .map_err(|error| error.to_string())?;
        Ok::<_, String>(direction)
    };
    let (some_pairs, ports) = (set.from.is_some() || set.to.is_some(), of(old, &set.port)?);
    for number in ports {
        let tx = &old.ports[number].tx;
        let wanted = applied(tx)?;
        let own = tx.clone().with_sender_of(&wanted);
        match (own == wanted, some_pairs, set.port.is_some()) {
            (false, _, true) => return Err(NOT_OF_PORTS.into()),
            (_, true, _) if own != *tx => return Err(NOT_OF_PAIRS.into()),
            _ => new.ports[number].tx = own,
        }
    }
    if set.port.is_some() {
        return Ok(new);
    }
    let (from, to) = (of(old, &set.from)?, of(old, &set.to)?);
    let meant = |pair: (usize, usize)| from.contains(&pair.0) && to.contains(&pair.1);
    if !old.all_pairs().any(meant) {
        return Err(NO_WAY.into());
    }
    if !some_pairs {
        new.ways = applied(&old.ways)?.with_sender_of(&old.ways);
    }
    new.pairs.clear();
    for pair in old.all_pairs() {
        let way = old.way(pair.0, pair.1);
        let way = match meant(pair) || (set.both && meant((pair.1, pair.0))) {
            true => applied(way)?.with_sender_of(way),
            false => way.clone(),
        };
        new.set_way(pair.0, pair.1, way);
    }
    Ok(new)
}

const NOT_OF_ONE: &str =
    "mtu is that of all ports; say it without --port, --from and --to, in a command of its own";
const NO_WAY: &str = "from a port to itself there is no way; a port does not hear itself";
const NOT_OF_PORTS: &str =
    "only rate, overhead, queue and whole-time are a port's; for the others say --from or --to";
const NOT_OF_PAIRS: &str =
    "rate, overhead, queue and whole-time are a port's, not a pair's; say --port, or neither --from nor --to";

/// The numbers of the ports that are meant; all without a name.
pub(super) fn of(
    medium: &MediumPlan,
    name: &Option<String>,
) -> std::result::Result<Vec<usize>, String> {
    let is = |end: &EndPlan, name: &str| {
        end.node == name || name == format!("{}:{}", end.node, end.interface)
    };
    let ports = medium.ports.iter().enumerate();
    let found: Vec<usize> = ports
        .filter(|(_, port)| name.as_deref().is_none_or(|name| is(&port.end, name)))
        .map(|(number, _)| number)
        .collect();
    match (found.is_empty(), name) {
        (true, Some(name)) => {
            let nodes = medium.ports.iter().map(|port| port.end.node.as_str());
            let hint =
                near(name, nodes).map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(format!("it has no port in node {name}{hint}"))
        }
        _ => Ok(found),
    }
}

fn show_here(lab: &str, show: &Show) -> Result<u8> {
    let plan = super::plan(lab)?;
    let mut module = Module::open()?;
    let client = module.client();
    let told = media::of_lab(client, lab)?;
    for name in &show.names {
        media::find(client, lab, name)?;
    }
    let detailed = !show.names.is_empty();
    let names: Vec<&String> = match detailed {
        true => show.names.iter().collect(),
        false => told.keys().collect(),
    };
    let mut reports = Vec::new();
    for name in names {
        if let Some(medium) = told.get(name) {
            let report = report(client, medium, plan.medium(name), detailed);
            reports.push(report.map_err(|error| Error::Message(error.to_string()))?);
        }
    }
    match (show.json, detailed) {
        (true, _) => output::json(&reports)?,
        (false, true) => {
            let texts: Vec<String> = reports.iter().map(describe).collect();
            output::print(&texts.join("\n"))?;
        }
        (false, false) => ports(&reports, true).print()?,
    }
    Ok(0)
}

fn report(
    client: &mut vnet_uapi::Client,
    medium: &Told,
    plan: Option<&MediumPlan>,
    detailed: bool,
) -> std::result::Result<Report, vnet_uapi::Error> {
    let id = medium.id.unwrap_or_default();
    let node = |number: u32| {
        let port = plan.and_then(|plan| plan.ports.get(number as usize));
        port.map_or_else(|| number.to_string(), |port| port.end.node.clone())
    };
    let ports = client.medium_ports(id)?.into_iter().map(|port| PortReport {
        number: port.number.unwrap_or_default(),
        node: node(port.number.unwrap_or_default()),
        // One that has gone has no name any more.
        interface: port.ifname.unwrap_or_else(|| "-".into()),
        up: port.up == Some(1),
        configured: port.tx.unwrap_or_default(),
        counters: port.stats.unwrap_or_default(),
    });
    let ports = ports.collect();
    let pairs = match detailed {
        true => client.medium_pairs(id)?,
        false => Vec::new(),
    };
    let pairs = pairs.into_iter().map(|pair| PairReport {
        from: node(pair.from.unwrap_or_default()),
        to: node(pair.to.unwrap_or_default()),
        configured: pair.params.unwrap_or_default(),
        counters: pair.stats.unwrap_or_default(),
    });
    Ok(Report {
        name: medium.name.clone().unwrap_or_default(),
        id,
        mtu: medium.mtu.unwrap_or_default(),
        seed: medium.seed.unwrap_or_default(),
        ports,
        pairs: pairs.collect(),
    })
}

fn describe(report: &Report) -> String {
    let mut text = format!(
        "medium {}  id {}  mtu {}  seed {}\n",
        report.name, report.id, report.mtu, report.seed
    );
    text.push_str(&ports(std::slice::from_ref(report), false).render());
    text.push_str(&pairs(report).render());
    // What has no column of its own.
    let mut rest = Vec::new();
    for pair in &report.pairs {
        let told = words::show(&decode(&pair.configured));
        let more: Vec<String> = told
            .into_iter()
            .filter(|(name, value)| {
                matches!(*name, "corrupt" | "duplicate" | "reorder" | "ber")
                    && value != "0"
                    && value != "none"
            })
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        rest.push((format!("{} -> {}", pair.from, pair.to), more.join("  ")));
    }
    match rest.split_first() {
        Some(((_, first), others)) if others.iter().all(|(_, more)| more == first) => {
            rest = vec![("all".into(), first.clone())];
        }
        _ => {}
    }
    for (pair, more) in rest.iter().filter(|(_, more)| !more.is_empty()) {
        text.push_str(&format!("{pair}: {more}\n"));
    }
    text
}

fn number(value: Option<u64>) -> String {
    value.unwrap_or(0).to_string()
}

fn dropped(stats: &Stats) -> String {
    let frames = stats.drop.iter().filter_map(|drop| drop.frames);
    frames.sum::<u64>().to_string()
}

/// The ports, with what their transmitters have done.
fn ports(reports: &[Report], named: bool) -> Table {
    let mut head = vec![
        "PORT", "STATE", ">RATE", "QUEUE", ">SENT", ">SPREAD", ">DROPPED", ">QUEUED", "DROPS",
    ];
    if named {
        head.insert(0, "MEDIUM");
    }
    let mut table = Table::new(&head);
    for report in reports {
        for port in &report.ports {
            let (plan, counters) = (decode(&port.configured), &port.counters);
            let mut row = vec![
                format!("{}:{}", port.node, port.interface),
                if port.up { "up" } else { "down" }.into(),
                show_rate(plan.rate),
                queue(&plan.queue, false),
                number(counters.sent_frames),
                number(counters.delivered_frames),
                dropped(counters),
                number(counters.queued_frames),
                causes(counters),
            ];
            if named {
                row.insert(0, report.name.clone());
            }
            table.row(row);
        }
    }
    table
}

/// The matrix, a line for each way.
fn pairs(report: &Report) -> Table {
    let mut table = Table::new(&[
        "FROM",
        "TO",
        ">DELAY",
        ">JITTER",
        ">LOSS",
        ">SENT",
        ">DELIVERED",
        ">DROPPED",
        ">IN-FLIGHT",
        "DROPS",
    ]);
    for pair in &report.pairs {
        let (plan, counters) = (decode(&pair.configured), &pair.counters);
        table.row(vec![
            pair.from.clone(),
            pair.to.clone(),
            show_time(plan.delay),
            show_time(plan.jitter.amount),
            losses(&plan),
            number(counters.sent_frames),
            number(counters.delivered_frames),
            dropped(counters),
            number(counters.in_flight_frames),
            causes(counters),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        set: Set,
    }

    fn plan() -> MediumPlan {
        let text = "name: t\nnodes: {a: host, b: host, c: host}\nmedia: {m: {ports: [a, b, c], rate: 1mbit, delay: 1ms, pairs: {a -> b: {delay: 9ms}}}}";
        vnet_topology::compile("t.yaml", text)
            .unwrap()
            .media
            .remove(0)
    }

    fn after(line: &str) -> std::result::Result<MediumPlan, String> {
        let words = std::iter::once("set").chain(line.split(' '));
        let set = Line::parse_from(words).set;
        changed(&plan(), &set, &parse(&set.parameters).unwrap())
    }

    #[test]
    fn parameters_go_where_they_belong() {
        let new = after("m rate 2mbit loss 1%").unwrap();
        assert!(new.ports.iter().all(|port| port.tx.rate == Some(2_000_000)));
        assert!(new
            .ports
            .iter()
            .all(|port| port.tx.loss == Default::default()));
        let lost = |from, to| !new.way(from, to).loss.random.is_zero();
        assert!(new.all_pairs().all(|(from, to)| lost(from, to)));
        assert_eq!(
            (new.way(0, 1).delay, new.way(1, 0).delay),
            (9_000_000, 1_000_000)
        );
        assert_eq!(new.way(0, 1).rate, None);
    }

    #[test]
    fn some_pairs_or_one_port() {
        let new = after("m --from a --to c --both delay 4ms").unwrap();
        let delays: Vec<u64> = new
            .all_pairs()
            .map(|(from, to)| new.way(from, to).delay / 1_000_000)
            .collect();
        assert_eq!(delays, [9, 4, 1, 1, 4, 1]);
        let new = after("m --port b rate unlimited").unwrap();
        assert_eq!(
            (new.ports[1].tx.rate, new.ports[0].tx.rate),
            (None, Some(1_000_000))
        );
        assert_eq!(after("m --port b delay 1s").unwrap_err(), NOT_OF_PORTS);
        assert_eq!(after("m --from b rate 5mbit").unwrap_err(), NOT_OF_PAIRS);
        for line in ["--from a --to c", "--from a", "--port a"] {
            let line = format!("m {line} mtu 9000");
            assert_eq!(after(&line).unwrap_err(), NOT_OF_ONE);
        }
        assert_eq!(after("m mtu 9000").unwrap().mtu, 9000);
        let itself = after("m --from a --to a delay 1ms");
        assert_eq!(itself.unwrap_err(), NO_WAY);
        assert!(after("m --from x delay 5ms")
            .unwrap_err()
            .contains("no port in node x"));
    }
}
