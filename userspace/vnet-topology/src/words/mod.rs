// SPDX-License-Identifier: GPL-2.0

//! Parameters of links on a command line: `delay 20ms loss gilbert-elliott p 1% r 20% queue codel target 5ms`.
//!
//! What is not named stays as it is, so what is read is a list of edits ([`Change`]) to a direction that somebody else
//! knows. [`show`] writes a direction in the same words.

mod jitter;
mod loss;
mod queue;
mod show;

use crate::file::ber;
use crate::names::nearest;
use crate::plan::{DelayLimitPlan, DirectionPlan, Probability, ReorderPlan};
use crate::units::{self, count, UnitError};

pub use show::{show, Shown};

/// What is wrong with the words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WordError(String);

type Result<T, E = WordError> = std::result::Result<T, E>;

/// Changes one thing of a direction, unless that does not go with what it has.
type Edit = Box<dyn Fn(&mut DirectionPlan) -> Result<()>>;

/// A change of a link, as typed.
#[derive(Default)]
pub struct Change {
    /// MTU of both ends.
    pub mtu: Option<u32>,
    /// Whether the cable is plugged.
    pub connected: Option<bool>,
    /// The words with the contents of files in the place of their names, so that they mean the same elsewhere.
    pub words: Vec<String>,
    edits: Vec<Edit>,
}

/// What a link has.
const PARAMETERS: [&str; 17] = [
    "rate",
    "delay",
    "overhead",
    "queue",
    "queue-packets",
    "queue-bytes",
    "queue-time",
    "loss",
    "ber",
    "corrupt",
    "duplicate",
    "jitter",
    "reorder",
    "delay-limit",
    "whole-time",
    "mtu",
    "cable",
];

/// Those of which several parts can be given, each by its own name.
const IN_PARTS: [&str; 4] = ["queue", "loss", "jitter", "delay-limit"];

impl Change {
    /// Reads words. `name=value` is the same as `name value`.
    pub fn parse(words: &[String]) -> Result<Self> {
        let mut words = Words {
            list: words.iter().flat_map(|word| separate(word)).collect(),
            at: 0,
            given: Vec::new(),
        };
        let mut change = Change::default();
        while let Some(name) = words.next() {
            change.parameter(&name.replace('_', "-"), &mut words)?;
        }
        change.words = words.list;
        Ok(change)
    }

    /// Whether anything of a direction changes.
    pub fn changes_directions(&self) -> bool {
        !self.edits.is_empty()
    }

    /// Makes the change, and checks the result.
    pub fn apply(&self, direction: &mut DirectionPlan) -> Result<()> {
        for edit in &self.edits {
            edit(direction)?;
        }
        let checked = direction.check();
        checked.map_err(|error| WordError(error.to_string()))
    }

    fn parameter(&mut self, name: &str, words: &mut Words) -> Result<()> {
        // Those with parts of their own say it of each part.
        if !IN_PARTS.contains(&name) && PARAMETERS.contains(&name) {
            words.once(&name.replacen("queue-", "queue ", 1))?;
        }
        let edit: Edit = match name {
            "rate" => {
                let rate = words.value(name, |text| match text {
                    "none" | "0" => Ok(None),
                    _ => units::rate(text),
                })?;
                edit(move |to| to.rate = rate)
            }
            "delay" => {
                let delay = words.value(name, time)?;
                edit(move |to| to.delay = delay)
            }
            "overhead" => {
                let bytes = words.value(name, |text| count(text, "the overhead", 0, 1000))?;
                edit(move |to| to.overhead = bytes as u32)
            }
            "queue" => return queue::parse(words, &mut self.edits),
            "queue-packets" => {
                let packets = words.value(name, packets)?;
                edit(move |to| to.queue.packets = packets)
            }
            "queue-bytes" => {
                let bytes = words.value(name, bytes)?;
                edit(move |to| to.queue.bytes = bytes)
            }
            "queue-time" => {
                let time = words.value(name, time)?;
                edit(move |to| to.queue.time = (time > 0).then_some(time))
            }
            "loss" => return loss::parse(words, &mut self.edits),
            "ber" => {
                let rate = words.value(name, ber)?;
                edit(move |to| to.ber = rate)
            }
            "corrupt" => {
                let probability = words.value(name, probability)?;
                edit(move |to| to.corrupt = probability)
            }
            "duplicate" => {
                let probability = words.value(name, probability)?;
                edit(move |to| to.duplicate = probability)
            }
            "jitter" => return jitter::parse(words, &mut self.edits),
            "reorder" => {
                let reorder = reorder(words)?;
                edit(move |to| to.reorder = reorder)
            }
            "delay-limit" => return delay_limit(words, &mut self.edits),
            "whole-time" => {
                let time = words.value(name, units::link_time)?;
                edit(move |to| to.whole_time = time)
            }
            "mtu" => {
                let bytes = words.value(name, |text| count(text, "the MTU", 68, 65535))?;
                self.mtu = Some(bytes as u32);
                return Ok(());
            }
            "cable" => {
                self.connected = Some(words.value(name, |text| match text {
                    "plugged" => Ok(true),
                    "pulled" => Ok(false),
                    _ => Err(plain("expected plugged or pulled")),
                })?);
                return Ok(());
            }
            _ => return Err(unknown(name)),
        };
        self.edits.push(edit);
        Ok(())
    }
}

/// An edit that always goes.
fn edit(change: impl Fn(&mut DirectionPlan) + 'static) -> Edit {
    Box::new(move |direction| {
        change(direction);
        Ok(())
    })
}

/// The words of an argument: two where it is an equation.
fn separate(word: &str) -> Vec<String> {
    match word.split_once('=') {
        Some((name, value)) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            vec![name.to_owned(), value.to_owned()]
        }
        _ => vec![word.to_owned()],
    }
}

fn unknown(name: &str) -> WordError {
    let hint = match nearest(name, PARAMETERS) {
        Some(near) => format!("; did you mean {near}?"),
        None => format!("; known are {}", PARAMETERS.join(", ")),
    };
    WordError(format!("links have no parameter {name}{hint}"))
}

/// An error that says what was expected, and no more.
fn plain(message: &str) -> UnitError {
    UnitError {
        message: message.into(),
        help: String::new(),
    }
}

/// The words of a command line.
struct Words {
    list: Vec<String>,
    at: usize,
    /// What has been given so far, by its whole name: `rate`, `queue target`.
    given: Vec<String>,
}

impl Words {
    fn next(&mut self) -> Option<String> {
        let word = self.list.get(self.at).cloned()?;
        self.at += 1;
        Some(word)
    }

    fn peek(&self) -> Option<&str> {
        self.list.get(self.at).map(String::as_str)
    }

    /// Notes that a parameter is given. Of two values the last one would hold, and who typed both meant something else.
    fn once(&mut self, name: &str) -> Result<()> {
        if self.given.iter().any(|given| given == name) {
            return Err(WordError(format!(
                "{name} is given twice, and can have one value only"
            )));
        }
        self.given.push(name.to_owned());
        Ok(())
    }

    /// Notes that all of a parameter is switched off, or that another kind begins with its defaults: what was said of
    /// it before would be in vain.
    fn first(&self, what: &str, of: &[&str]) -> Result<()> {
        match self.given.iter().find(|given| of.contains(&given.as_str())) {
            Some(given) => Err(WordError(format!(
                "{what} would undo {given}, which stands before it"
            ))),
            None => Ok(()),
        }
    }

    /// The word after the next one.
    fn peek_second(&self) -> Option<&str> {
        self.list.get(self.at + 1).map(String::as_str)
    }

    /// The next word if it is one of these.
    fn keyword(&mut self, known: &[&'static str]) -> Option<&'static str> {
        let word = self.peek()?;
        let found = known.iter().copied().find(|known| *known == word)?;
        self.at += 1;
        Some(found)
    }

    /// Skips a word that switches off.
    fn none(&mut self) -> bool {
        let none = matches!(self.peek(), Some("none" | "0"));
        self.at += usize::from(none);
        none
    }

    /// The value of `name`.
    fn value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> std::result::Result<T, UnitError>,
    ) -> Result<T> {
        let Some(value) = self.next() else {
            return Err(WordError(format!("{name} has no value")));
        };
        read(&value).map_err(|error| {
            WordError(match error.help.as_str() {
                "" => format!("{name} {value}: {error}"),
                help => format!("{name} {value}: {error}; {help}"),
            })
        })
    }

    /// The next word is nothing that can stand here.
    fn unexpected<T>(&self, name: &str, expected: &str) -> Result<T> {
        Err(WordError(match self.peek() {
            None => format!("{name} has no value; expected {expected}"),
            Some(word) => format!("{name} {word}: expected {expected}"),
        }))
    }
}

fn time(text: &str) -> std::result::Result<u64, UnitError> {
    match text {
        "none" => Ok(0),
        _ => units::link_time(text),
    }
}

fn probability(text: &str) -> std::result::Result<Probability, UnitError> {
    match text {
        "none" => Ok(Probability::ZERO),
        _ => units::probability(text),
    }
}

/// A bound in packets; 0 is none.
fn packets(text: &str) -> std::result::Result<Option<u32>, UnitError> {
    match text {
        "none" => Ok(None),
        _ => count(text, "a bound in packets", 0, u64::from(u32::MAX))
            .map(|packets| (packets > 0).then_some(packets as u32)),
    }
}

/// A bound in bytes; 0 is none.
fn bytes(text: &str) -> std::result::Result<Option<u64>, UnitError> {
    match text {
        "none" => Ok(None),
        _ => units::size(text).map(|size| (size > 0).then_some(size)),
    }
}

fn reorder(words: &mut Words) -> Result<Option<ReorderPlan>> {
    if words.none() {
        return Ok(None);
    }
    if words.keyword(&["every"]).is_some() {
        let every = words.value("reorder every", |text| {
            count(text, "every how many frames one overtakes", 2, u64::MAX)
        })?;
        return Ok(Some(ReorderPlan::Every(every)));
    }
    words.keyword(&["random"]);
    let probability = words.value("reorder", units::probability)?;
    Ok((!probability.is_zero()).then_some(ReorderPlan::Random(probability)))
}

fn delay_limit(words: &mut Words, edits: &mut Vec<Edit>) -> Result<()> {
    if words.none() {
        words.first(
            "delay-limit none",
            &["delay-limit packets", "delay-limit bytes"],
        )?;
        words.once("delay-limit none")?;
        edits.push(edit(|to| to.delay_limit = DelayLimitPlan::default()));
        return Ok(());
    }
    let mut any = false;
    while let Some(name) = words.keyword(&["packets", "bytes"]) {
        any = true;
        words.once(&format!("delay-limit {name}"))?;
        edits.push(match name {
            "packets" => {
                let packets = words.value("delay-limit packets", packets)?;
                edit(move |to| to.delay_limit.packets = packets)
            }
            _ => {
                let bytes = words.value("delay-limit bytes", bytes)?;
                edit(move |to| to.delay_limit.bytes = bytes)
            }
        });
    }
    match any {
        true => Ok(()),
        false => words.unexpected("delay-limit", "packets N, bytes SIZE, or none"),
    }
}

#[cfg(test)]
mod tests;
