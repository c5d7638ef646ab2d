// SPDX-License-Identifier: GPL-2.0

//! What is decided about each frame: the logs of links and media, as `link trace` and `medium trace` follow them.

use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use vnet_lab::cancel::Cancel;
use vnet_topology::units::show_time;
use vnet_uapi::{Client, DropCause, Record, Side, Trace};

use crate::error::{Error, Result};
use crate::interrupt;
use crate::output;

/// Records that the kernel keeps for us.
const SIZE: u32 = 16_384;
/// How often we look for new ones; the kernel does not say when there are any.
const PERIOD: Duration = Duration::from_millis(20);

/// What all traces can be asked for.
#[derive(Debug, Args)]
pub struct Options {
    /// A JSON object a line.
    #[arg(long)]
    pub json: bool,

    /// End after so many records.
    #[arg(short, long, value_name = "N")]
    pub count: Option<u64>,

    /// End the log, whoever has begun it, and print nothing.
    #[arg(long, conflicts_with_all = ["json", "count"])]
    pub off: bool,
}

impl Options {
    /// The same for the lab's guest.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        arguments.extend(self.json.then(|| "--json".to_owned()));
        arguments.extend(self.count.map(|count| format!("--count={count}")));
        arguments.extend(self.off.then(|| "--off".to_owned()));
        arguments
    }
}

/// Follows logs until that was enough, or ends them.
pub fn run(client: &mut Client, mut logs: Vec<Log>, options: &Options) -> Result<u8> {
    let cancel = interrupt::cancel()?;
    if options.off {
        return logs.iter().try_for_each(|log| log.off(client)).map(|()| 0);
    }
    let followed = logs
        .iter_mut()
        .try_for_each(|log| log.begin(client))
        .and_then(|()| follow(client, &mut logs, options, &cancel));
    // Also after an error, and when a signal ended it.
    let ended: Vec<Result<()>> = logs.iter().map(|log| log.end(client)).collect();
    followed?;
    ended.into_iter().collect::<Result<()>>()?;
    Ok(0)
}

/// Prints records as they come, in the order of the decisions.
fn follow(client: &mut Client, logs: &mut [Log], options: &Options, cancel: &Cancel) -> Result<()> {
    let mut left = options.count.unwrap_or(u64::MAX);
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
            text.push_str(&match options.json {
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

/// Whose log it is.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// What an end of a link transmits.
    Link { id: u32, side: Side },
    /// The transmitter of a port of a medium, or the way from there to another port.
    Medium { id: u32, from: u32, to: Option<u32> },
}

/// The log of a direction.
pub struct Log {
    subject: Subject,
    from: String,
    /// The record to read next; none: those yet to come.
    next: Option<u64>,
    /// Whether we began it, so that we end it.
    ours: bool,
}

impl Log {
    /// A log with the name of the direction.
    pub fn new(subject: Subject, from: String) -> Self {
        Log {
            subject,
            from,
            next: None,
            ours: false,
        }
    }

    fn request(&self) -> Trace {
        match self.subject {
            Subject::Link { id, side } => Trace {
                id: Some(id),
                end: Some(side as u32),
                ..Default::default()
            },
            Subject::Medium { id, from, to } => Trace {
                id: Some(id),
                from: Some(from),
                to,
                ..Default::default()
            },
        }
    }

    fn set(&self, client: &mut Client, size: u32) -> Result<()> {
        let request = Trace {
            size: Some(size),
            ..self.request()
        };
        match self.subject {
            Subject::Link { .. } => client.link_trace_set(request)?,
            Subject::Medium { .. } => client.medium_trace_set(request)?,
        }
        Ok(())
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
        self.set(client, SIZE)?;
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
        self.set(client, 0)
    }

    fn ask(&self, client: &mut Client) -> Result<Trace> {
        let request = Trace {
            since: self.next,
            ..self.request()
        };
        Ok(match self.subject {
            Subject::Link { .. } => client.link_trace_get(request)?,
            Subject::Medium { .. } => client.medium_trace_get(request)?,
        })
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
