// SPDX-License-Identifier: GPL-2.0

//! `link trace`: what is decided about each frame.

use std::time::{Duration, Instant};

use serde::Serialize;
use vnet_lab::cancel::Cancel;
use vnet_lab::paths::LabPaths;
use vnet_lab::state;
use vnet_lab::wire::Kernel as Module;
use vnet_topology::units::show_time;
use vnet_uapi::{Client, DropCause, Record, Side, Trace};

use crate::cli::{Cli, LinkTrace};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::output;
use crate::place::{self, Place};

/// Records that the kernel keeps for us.
const SIZE: u32 = 16_384;
/// How often we look for new ones; the kernel does not say when there are any.
const PERIOD: Duration = Duration::from_millis(20);

/// Follows the log of a link.
pub fn run(cli: &Cli, trace: &LinkTrace) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, trace),
        Place::Guest(guest) => {
            let mut arguments = vec!["link".to_owned(), "trace".to_owned()];
            arguments.extend(trace.json.then(|| "--json".to_owned()));
            arguments.extend(trace.count.map(|count| format!("--count={count}")));
            arguments.extend(trace.off.then(|| "--off".to_owned()));
            arguments.extend(trace.from.iter().map(|node| format!("--from={node}")));
            arguments.extend(["--".to_owned(), trace.name.clone()]);
            place::forward(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, trace: &LinkTrace) -> Result<u8> {
    let plan = state::require(&LabPaths::new(lab)?)?;
    let mut module = Module::open()?;
    let id = module.link(lab, &trace.name)?.id.unwrap_or_default();
    let link = plan.links.iter().find(|plan| plan.name == trace.name);
    let link = link.ok_or_else(|| {
        Error::Message(format!("the plan of lab {lab} has no link {}", trace.name))
    })?;
    let cancel = interrupt::cancel()?;
    let client = module.client();
    let sides = super::link_set::sides(link, trace.from.as_deref())?;
    let mut logs = Vec::new();
    for side in sides {
        let end = &link.ends[side];
        logs.push(Log {
            id,
            side: if side == 0 { Side::A } else { Side::B },
            from: format!("{}:{}", end.node, end.interface),
            next: None,
            ours: false,
        });
    }
    if trace.off {
        return logs.iter().try_for_each(|log| log.off(client)).map(|()| 0);
    }
    let followed = logs
        .iter_mut()
        .try_for_each(|log| log.begin(client))
        .and_then(|()| follow(client, &mut logs, trace, &cancel));
    // Also after an error, and when a signal ended it.
    let ended: Vec<Result<()>> = logs.iter().map(|log| log.end(client)).collect();
    followed?;
    ended.into_iter().collect::<Result<()>>()?;
    Ok(0)
}

/// Prints records as they come, in the order of the decisions.
fn follow(client: &mut Client, logs: &mut [Log], trace: &LinkTrace, cancel: &Cancel) -> Result<()> {
    let mut left = trace.count.unwrap_or(u64::MAX);
    while left > 0 {
        let mut lines = Vec::new();
        for log in &mut *logs {
            let lost = log.read(client, &mut lines)?;
            if lost > 0 {
                eprintln!(
                    "vnetctl: {lost} records of {} lost, they came faster than they were read",
                    log.from
                );
            }
        }
        // The sort is stable: of one direction the order stays.
        lines.sort_by_key(|line| line.decided);
        let some = usize::try_from(left).unwrap_or(usize::MAX).min(lines.len());
        let mut text = String::new();
        for line in &lines[..some] {
            text.push_str(&match trace.json {
                true => serde_json::to_string(line)
                    .map_err(|error| Error::Message(error.to_string()))?,
                false => line.describe(),
            });
            text.push('\n');
        }
        output::print(&text)?;
        left -= some as u64;
        if left > 0 {
            cancel.wait(&[], Some(Instant::now() + PERIOD))?;
        }
    }
    Ok(())
}

/// The log of a direction.
struct Log {
    id: u32,
    side: Side,
    from: String,
    /// The record to read next; none: those yet to come.
    next: Option<u64>,
    /// Whether we began it, so that we end it.
    ours: bool,
}

impl Log {
    fn request(&self) -> Trace {
        Trace {
            id: Some(self.id),
            end: Some(self.side as u32),
            ..Default::default()
        }
    }

    /// Begins the log, or joins it if somebody else has.
    fn begin(&mut self, client: &mut Client) -> Result<()> {
        let present = self.ask(client)?;
        match present.size.unwrap_or(0) {
            0 => self.switch_on(client),
            _ => {
                self.next = present.next;
                Ok(())
            }
        }
    }

    fn switch_on(&mut self, client: &mut Client) -> Result<()> {
        let request = Trace {
            size: Some(SIZE),
            ..self.request()
        };
        client.link_trace_set(request)?;
        self.next = Some(0);
        self.ours = true;
        Ok(())
    }

    fn end(&self, client: &mut Client) -> Result<()> {
        match self.ours {
            true => self.off(client),
            false => Ok(()),
        }
    }

    /// Ends the log, whoever has begun it.
    fn off(&self, client: &mut Client) -> Result<()> {
        let request = Trace {
            size: Some(0),
            ..self.request()
        };
        Ok(client.link_trace_set(request)?)
    }

    fn ask(&self, client: &mut Client) -> Result<Trace> {
        let request = Trace {
            since: self.next,
            ..self.request()
        };
        Ok(client.link_trace_get(request)?)
    }

    /// Reads all records that there are; says how many were lost.
    fn read(&mut self, client: &mut Client, lines: &mut Vec<Line>) -> Result<u64> {
        let mut lost = 0;
        loop {
            let answer = self.ask(client)?;
            if answer.size.unwrap_or(0) == 0 {
                // Who began it has ended it.
                self.switch_on(client)?;
                return Ok(lost);
            }
            lost += answer.lost.unwrap_or(0);
            self.next = answer.next;
            if answer.record.is_empty() {
                return Ok(lost);
            }
            let read = answer.record.into_iter();
            lines.extend(read.map(|record| Line::new(&self.from, record)));
        }
    }
}

/// A record as users see it; times in ns of the monotonic clock.
#[derive(Debug, Serialize)]
struct Line {
    from: String,
    number: u64,
    bytes: u32,
    frames: u32,
    copy: bool,
    enqueued: u64,
    decided: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<String>,
    marked: bool,
    corrupted: bool,
    reordered: bool,
}

impl Line {
    fn new(from: &str, record: Record) -> Self {
        let is = |mark: Option<u32>| mark.unwrap_or(0) != 0;
        let cause = |number| match DropCause::from_number(number) {
            Some(cause) => cause.name().to_owned(),
            None => format!("cause-{number}"),
        };
        Line {
            from: from.to_owned(),
            number: record.number.unwrap_or(0),
            bytes: record.bytes.unwrap_or(0),
            frames: record.frames.unwrap_or(1),
            copy: is(record.copy),
            enqueued: record.enqueued.unwrap_or(0),
            decided: record.decided.unwrap_or(0),
            due: record.due,
            dropped: record.cause.map(cause),
            marked: is(record.marked),
            corrupted: is(record.corrupted),
            reordered: is(record.reordered),
        }
    }

    /// As in `12.000123456 a:to-b #17 1514B sent after 1.2304ms, due in 5ms, marked`.
    fn describe(&self) -> String {
        let (seconds, rest) = (self.decided / 1_000_000_000, self.decided % 1_000_000_000);
        let waited = show_time(self.decided.saturating_sub(self.enqueued));
        let frames = match self.frames {
            1 => String::new(),
            frames => format!(" in {frames} frames"),
        };
        let mut text = format!(
            "{seconds}.{rest:09} {} #{} {}B{frames}",
            self.from, self.number, self.bytes
        );
        text.push_str(&match (&self.dropped, self.due) {
            (Some(cause), _) => format!(" dropped after {waited}: {cause}"),
            (None, due) => {
                let flight = due.unwrap_or(0).saturating_sub(self.decided);
                format!(" sent after {waited}, due in {}", show_time(flight))
            }
        });
        for (name, is) in [
            ("copy", self.copy),
            ("marked", self.marked),
            ("corrupted", self.corrupted),
            ("reordered", self.reordered),
        ] {
            if is {
                text.push_str(", ");
                text.push_str(name);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_described() {
        let sent = Record {
            number: Some(17),
            bytes: Some(1514),
            frames: Some(1),
            enqueued: Some(12_000_000_000),
            decided: Some(12_001_230_400),
            due: Some(12_006_230_400),
            marked: Some(1),
            ..Default::default()
        };
        assert_eq!(
            Line::new("a:to-b", sent).describe(),
            "12.001230400 a:to-b #17 1514B sent after 1230.4us, due in 5ms, marked"
        );
        let lost = Record {
            number: Some(18),
            bytes: Some(3000),
            frames: Some(2),
            cause: Some(DropCause::Ber as u32),
            ..Default::default()
        };
        assert_eq!(
            Line::new("b:to-a", lost).describe(),
            "0.000000000 b:to-a #18 3000B in 2 frames dropped after 0: ber"
        );
    }
}
