// SPDX-License-Identifier: GPL-2.0

//! `fb auto`

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use serde::Serialize;
use vnet_auto::policy::arq_timeout;
use vnet_auto::{message, Controller, Event, Layer, Layers, Nanos, Need, Phase, Settings};
use vnet_lab::chain::slot::{number, Channel, Slot};
use vnet_lab::node::Node;
use vnet_lab::Cancel;
use vnet_topology::units::{show_rate, show_time};
use vnet_uapi::{BlockParam, Client};

use super::super::reason;
use super::Here;
use crate::cli::time;
use crate::complete;
use crate::error::{Error, Result};
use crate::{interrupt, output};

/// Longest file of a key that is read, with all blanks around it.
const KEY_FILE: u64 = 4096;

/// `fb auto`
#[derive(Debug, Args)]
pub struct Auto {
    /// Nodes whose chain is to be controlled, NODE:SLOT where the slot has a name: one end of the chain, or both.
    #[arg(required = true, num_args = 1..=2, value_name = "NODE[:SLOT]", add = complete::nodes())]
    ends: Vec<String>,

    /// What applications need: reliable, confidential, low-latency. What one end needs the other one provides, too.
    #[arg(short, long = "need", value_name = "NEED", value_delimiter = ',')]
    needs: Vec<Need>,

    /// File in the node with the key of crypt, the same at both ends: 32, 48 or 64 hexadecimal digits. Only its owner may be
    /// able to read it. Without it there is no crypt.
    #[arg(long, value_name = "PATH")]
    key_file: Option<String>,

    /// Time between two reports to the other end; of the last 256 losses are counted.
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = interval)]
    interval: Duration,

    /// Bytes of a report; as long as packets are, since longer ones have more bit errors.
    #[arg(long, value_name = "BYTES", default_value = "500", value_parser = clap::value_parser!(u16).range(message::LENGTH as i64..=1400))]
    size: u16,

    /// End after this time; the stack stays as it is then.
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    duration: Option<Duration>,

    /// As JSON, a line each.
    #[arg(long)]
    json: bool,
}

fn interval(text: &str) -> std::result::Result<Duration, String> {
    let interval = time(text)?;
    match (Duration::from_millis(1)..=Duration::from_secs(10)).contains(&interval) {
        true => Ok(interval),
        false => Err("it is from 1ms to 10s".into()),
    }
}

impl Auto {
    /// Options and words that say the same in a guest.
    pub(super) fn arguments(&self) -> (Vec<Option<String>>, Vec<String>) {
        let needs = self
            .needs
            .iter()
            .map(|need| Some(format!("--need={}", need.name())));
        let mut options: Vec<Option<String>> = needs.collect();
        options.push(
            self.key_file
                .as_ref()
                .map(|file| format!("--key-file={file}")),
        );
        options.push(Some(format!("--interval={}ns", self.interval.as_nanos())));
        options.push(Some(format!("--size={}", self.size)));
        options.push(
            self.duration
                .map(|time| format!("--for={}ns", time.as_nanos())),
        );
        options.push(self.json.then(|| "--json".into()));
        (options, self.ends.clone())
    }
}

/// One end with its controller.
struct End {
    slot: Slot,
    channel: Channel,
    controller: Controller,
    /// When it has its next turn.
    due: Instant,
    /// What `arq` was told to wait, ms.
    timeout: u64,
}

/// A line of output.
#[derive(Serialize)]
struct Line<'a> {
    /// Since the beginning, s.
    time: f64,
    node: &'a str,
    event: &'static str,
    /// From the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<Vec<&'static str>>,
    /// How long it took, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<f64>,
    /// The share of reports that are lost.
    loss: f64,
    /// The share of packets that the stack repairs.
    repaired: f64,
    /// s
    round_trip: f64,
    /// bit/s
    rate: Option<u64>,
}

/// Controls ends until a signal comes, or the time is over.
pub(super) fn run(here: &mut Here, auto: &Auto) -> Result<()> {
    let cancel = interrupt::cancel()?;
    let begin = Instant::now();
    let mut ends = Vec::new();
    for name in &auto.ends {
        ends.push(open(here, auto, name, begin, ends.len() as u64)?);
    }
    let until = auto.duration.map(|duration| begin + duration);
    match control(here.module.client(), &mut ends, auto, &cancel, begin, until) {
        // That is how it ends.
        Err(Error::Lab(vnet_lab::Error::Interrupted)) => Ok(()),
        other => other,
    }
}

fn open(here: &mut Here, auto: &Auto, name: &str, begin: Instant, place: u64) -> Result<End> {
    let (node, slot) = match name.split_once(':') {
        Some((node, slot)) => (node, Some(slot)),
        None => (name, None),
    };
    let node = here.node(node)?;
    let client = here.module.client();
    let key = auto
        .key_file
        .as_ref()
        .map(|file| key(&node, file))
        .transpose()?;
    let mut slot = Slot::find(client, node, slot)?;
    let available = slot.available();
    let available = available.set(Layer::Crypt, available.has(Layer::Crypt) && key.is_some());
    slot.give(Layer::Crypt, key.into_iter().collect());
    let settings = Settings {
        needs: auto.needs.iter().copied().collect(),
        available,
        interval: auto.interval.as_nanos() as Nanos,
        size: auto.size.into(),
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // Two ends of one program begin one after the other.
    let id = now.unwrap_or_default().as_nanos() as u64 + place;
    let phases = slot.phases(client)?;
    Ok(End {
        channel: slot.open()?,
        controller: Controller::new(id, settings, phases),
        slot,
        due: begin,
        timeout: 0,
    })
}

/// The key in a file that a node sees. What is wrong with it is told without what is in it.
fn key(node: &Node, file: &str) -> Result<BlockParam> {
    let what = |problem: &str| Error::Message(format!("node {}: {file}: {problem}", node.name));
    let failed = |error: io::Error| what(&reason(&error));
    if !file.starts_with('/') {
        return Err(what("say where it is in the node, from `/` on"));
    }
    let opened = node.open(file).map_err(failed)?;
    let about = opened.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(what("it is no file"));
    }
    if about.mode() & 0o077 != 0 {
        let mode = about.mode() & 0o7777;
        let problem = format!("others may read the key, the mode is {mode:04o}: make it 0600, with `mode` in the topology file or chmod");
        return Err(what(&problem));
    }
    let mut text = Vec::new();
    let mut limited = opened.take(KEY_FILE);
    limited.read_to_end(&mut text).map_err(failed)?;
    let data = digits(text.trim_ascii());
    if data.is_none() {
        return Err(what("a key has 32, 48 or 64 hexadecimal digits"));
    }
    Ok(BlockParam {
        name: Some("key".into()),
        data,
        ..BlockParam::default()
    })
}

/// The bytes of a key.
fn digits(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16)?).ok();
    let digits: Option<Vec<u8>> = text.iter().map(digit).collect();
    let digits = digits.filter(|digits| matches!(digits.len(), 32 | 48 | 64))?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

fn control(
    client: &mut Client,
    ends: &mut [End],
    auto: &Auto,
    cancel: &Cancel,
    begin: Instant,
    until: Option<Instant>,
) -> Result<()> {
    // Nothing has happened at 0.
    let clock = || begin.elapsed().as_nanos() as Nanos + 1;
    let mut buffer = [0; 2048];
    loop {
        let due = ends.iter().map(|end| end.due).chain(until).min();
        let sockets: Vec<_> = ends.iter().map(|end| end.channel.as_fd()).collect();
        let ready = cancel.wait(&sockets, due)?;
        for end in ready {
            let end = &mut ends[end];
            while let Some(bytes) = end.channel.receive(&mut buffer)? {
                end.controller.receive(clock(), bytes);
            }
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return Ok(());
        }
        for end in &mut *ends {
            if Instant::now() >= end.due {
                end.turn(client, &clock)?;
                // After a pause the missing turns are not made up for.
                end.due = (end.due + auto.interval).max(Instant::now());
            }
            for event in end.controller.events() {
                end.tell(event, clock(), auto.json)?;
            }
        }
    }
}

impl End {
    fn turn(&mut self, client: &mut Client, clock: &impl Fn() -> Nanos) -> Result<()> {
        let phases = self.controller.phases();
        let seen = self.slot.observe(client, &phases)?;
        self.controller.turn(clock(), &seen);
        self.tune(client)?;
        while let Some(step) = self.controller.step(clock()) {
            let now = self.controller.phases()[step.layer];
            self.slot.step(client, step, now)?;
            self.controller.stepped(step);
        }
        for report in self.controller.reports(clock()) {
            self.channel.send(&report)?;
        }
        Ok(())
    }

    /// Has `arq` wait as long as the way there and back now takes.
    fn tune(&mut self, client: &mut Client) -> Result<()> {
        let timeout = arq_timeout(self.controller.link().round_trip);
        if (self.timeout / 4 * 3..=self.timeout / 2 * 3).contains(&timeout) {
            return Ok(());
        }
        self.timeout = timeout;
        let param = number("timeout", timeout);
        self.slot.give(Layer::Arq, vec![param.clone()]);
        match self.controller.phases()[Layer::Arq] {
            Phase::Out => Ok(()),
            _ => Ok(self.slot.tune(client, Layer::Arq, param)?),
        }
    }

    fn tell(&self, event: Event, now: Nanos, json: bool) -> Result<()> {
        let link = self.controller.link();
        let time = now as f64 / 1e9;
        let (name, stack, after): (_, Option<Layers>, _) = match event {
            Event::Met => ("met", None, None),
            Event::Silent => ("silent", None, None),
            Event::Chosen(stack) => ("chosen", Some(stack), None),
            Event::Asked(stack) => ("asked", Some(stack), None),
            Event::Settled(stack, after) => ("settled", Some(stack), Some(after)),
            Event::Missing(stack) => ("missing", Some(stack), None),
        };
        if json {
            let names = |stack: Layers| {
                let mut names: Vec<&str> = stack.iter().map(Layer::name).collect();
                names.reverse();
                names
            };
            let line = Line {
                time,
                node: self.slot.node(),
                event: name,
                stack: stack.map(names),
                after: after.map(|after| after as f64 / 1e9),
                loss: f64::from(link.loss) / 1e6,
                repaired: f64::from(link.repaired) / 1e6,
                round_trip: link.round_trip as f64 / 1e9,
                rate: link.rate,
            };
            let line = serde_json::to_string(&line);
            let line = line.map_err(|error| Error::Message(error.to_string()))?;
            return output::print(&format!("{line}\n"));
        }
        let percent = f64::from(link.loss) / 1e4;
        let trip = show_time(link.round_trip / 100_000 * 100_000);
        let rate = match link
            .rate
            .filter(|_| stack.is_some_and(|stack| stack.has(Layer::Compress)))
        {
            Some(rate) => format!("  rate {}", show_rate(Some(rate / 1000 * 1000))),
            None => String::new(),
        };
        let words = match event {
            Event::Met => "the other end is there".into(),
            Event::Silent => "nothing is heard of the other end".into(),
            Event::Chosen(stack) => format!("-> {stack}"),
            Event::Asked(stack) => format!("-> {stack}, as the other end has chosen"),
            Event::Settled(stack, after) => {
                format!(
                    "{stack} in use at both ends after {}",
                    show_time(after / 1_000_000 * 1_000_000)
                )
            }
            Event::Missing(stack) => format!("{stack} would fit, but not both ends have it"),
        };
        let node = self.slot.node();
        output::print(&format!(
            "{time:7.1} s  {node}  loss {percent:.1} %  rtt {trip}{rate}  {words}\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn keys_are_digits_only() {
        let key = "00ff".repeat(8);
        assert_eq!(digits(key.as_bytes()), Some([0, 255].repeat(8)));
        let signed = "+f".repeat(16);
        for wrong in [
            "",
            "00ff",
            &key[1..],
            &signed,
            &format!("{}\u{e9}", &key[2..]),
        ] {
            assert_eq!(digits(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
