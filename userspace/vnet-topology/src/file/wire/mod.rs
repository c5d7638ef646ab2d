// SPDX-License-Identifier: GPL-2.0

//! Parameters of one direction of a link as written in the file.
//!
//! They are found in up to four places: `defaults: link` and the link itself, each for both directions and for one.
//! The more specific place wins, parameter by parameter. `queue`, `loss` and `jitter` have parts: written as maps they
//! are joined part by part, too; written in any other form they stand alone.

mod jitter;
mod loss;
mod queue;

use crate::decode::{items, scalar, Fields, Problems};
use crate::plan::{ber_in_range, DelayLimitPlan, Probability, ReorderPlan};
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::{self, count, UnitError};

pub(crate) use jitter::JitterParams;
pub(crate) use loss::LossParams;
pub(crate) use queue::QueueParams;

/// Parameters of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct DirectionParams {
    /// bit/s; inside: `unlimited`.
    pub rate: Option<At<Option<u64>>>,
    /// ns.
    pub delay: Option<At<u64>>,
    /// Bytes a frame.
    pub overhead: Option<At<u32>>,
    pub queue: Option<At<QueueParams>>,
    pub cost: Option<At<u32>>,
    pub duplicate: Option<At<Probability>>,
    pub ber: Option<At<Probability>>,
    pub loss: Option<At<LossParams>>,
    pub corrupt: Option<At<Probability>>,
    pub jitter: Option<At<JitterParams>>,
    pub reorder: Option<At<Option<ReorderPlan>>>,
    pub delay_limit: Option<At<DelayLimitPlan>>,
    /// ns.
    pub whole_time: Option<At<u64>>,
}

/// Something that has parts.
trait Join {
    /// The parts of something more specific, and where it has none those of `general`.
    fn over(self, general: Self) -> Self;
}

/// Parts of a parameter and where they stand.
type Places = Vec<(&'static str, Span)>;

impl DirectionParams {
    /// These parameters, and where they are not given those of a more general place.
    pub fn over(self, general: Self) -> Self {
        DirectionParams {
            rate: self.rate.or(general.rate),
            delay: self.delay.or(general.delay),
            overhead: self.overhead.or(general.overhead),
            queue: join(self.queue, general.queue),
            cost: self.cost.or(general.cost),
            duplicate: self.duplicate.or(general.duplicate),
            ber: self.ber.or(general.ber),
            loss: join(self.loss, general.loss),
            corrupt: self.corrupt.or(general.corrupt),
            jitter: join(self.jitter, general.jitter),
            reorder: self.reorder.or(general.reorder),
            delay_limit: self.delay_limit.or(general.delay_limit),
            whole_time: self.whole_time.or(general.whole_time),
        }
    }

    /// The parameters of these names, and the others.
    pub fn split(self, names: &[&str]) -> (Self, Self) {
        fn one<T>(here: bool, value: Option<T>) -> (Option<T>, Option<T>) {
            match here {
                true => (value, None),
                false => (None, value),
            }
        }
        let (mut named, mut rest) = (Self::default(), Self::default());
        macro_rules! sort {
            ($($field:ident)*) => {
                $((named.$field, rest.$field) =
                    one(names.contains(&stringify!($field)), self.$field);)*
            };
        }
        sort!(rate delay overhead queue cost duplicate ber loss corrupt jitter reorder delay_limit whole_time);
        (named, rest)
    }

    /// Where a parameter stands that is refused, by its name as in [`crate::plan::ParameterError`].
    pub fn place(&self, parameter: &str) -> Option<Span> {
        fn span<T>(at: &Option<At<T>>) -> Option<Span> {
            at.as_ref().map(|at| at.span.clone())
        }
        let (name, part) = parameter.split_once(' ').unwrap_or((parameter, ""));
        match name {
            "rate" => span(&self.rate),
            "delay" => span(&self.delay),
            "overhead" => span(&self.overhead),
            "queue" => self
                .queue
                .as_ref()
                .and_then(|at| at.value.place(part))
                .or(span(&self.queue)),
            "duplicate" => span(&self.duplicate),
            "ber" => span(&self.ber),
            "loss" => self
                .loss
                .as_ref()
                .and_then(|at| at.value.place(part))
                .or(span(&self.loss)),
            "corrupt" => span(&self.corrupt),
            "jitter" => self
                .jitter
                .as_ref()
                .and_then(|at| at.value.place(part))
                .or(span(&self.jitter)),
            "reorder" => span(&self.reorder),
            "delay_limit" => span(&self.delay_limit),
            "whole_time" => span(&self.whole_time),
            "cost" => span(&self.cost),
            _ => None,
        }
    }
}

fn join<T: Join>(specific: Option<At<T>>, general: Option<At<T>>) -> Option<At<T>> {
    match (specific, general) {
        (Some(specific), Some(general)) => Some(At {
            value: specific.value.over(general.value),
            span: specific.span,
        }),
        (specific, general) => specific.or(general),
    }
}

/// Reads the parameters of a direction.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> DirectionParams {
    DirectionParams {
        rate: fields.scalar("rate", "a rate, as in 100mbit", units::rate),
        delay: fields.scalar("delay", "a time, as in 20ms", units::link_time),
        overhead: fields.scalar("overhead", "a number of bytes", |text| {
            count(text, "the overhead of a frame in bytes", 0, 1000).map(|bytes| bytes as u32)
        }),
        queue: fields
            .get_with_key("queue")
            .and_then(|(key, value)| queue::read(fields.problems, key, value)),
        cost: fields.scalar("cost", "a number", |text| {
            count(text, "the cost of a link", 1, 65_535).map(|cost| cost as u32)
        }),
        duplicate: fields.scalar("duplicate", PROBABILITY, probability_or_none),
        ber: fields.scalar("ber", "a bit error rate, as in 1e-9", ber),
        loss: fields
            .get_with_key("loss")
            .and_then(|(key, value)| loss::read(fields.problems, key, value)),
        corrupt: fields.scalar("corrupt", PROBABILITY, probability_or_none),
        jitter: fields
            .get_with_key("jitter")
            .and_then(|(key, value)| jitter::read(fields.problems, key, value)),
        reorder: fields
            .get_with_key("reorder")
            .and_then(|(key, value)| read_reorder(fields.problems, key, value)),
        delay_limit: fields
            .get_with_key("delay_limit")
            .and_then(|(key, value)| read_delay_limit(fields.problems, key, value)),
        whole_time: fields.scalar("whole_time", "a time, as in 100us", units::link_time),
    }
}

const PROBABILITY: &str = "a probability, as in 1% or 0.01";

fn probability_or_none(text: &str) -> Result<Probability, UnitError> {
    match text {
        "none" => Ok(Probability::ZERO),
        _ => units::probability(text),
    }
}

/// Reads a bit error rate.
pub(crate) fn ber(text: &str) -> Result<Probability, UnitError> {
    let ber = probability_or_none(text)?;
    match ber_in_range(ber) {
        true => Ok(ber),
        false => Err(UnitError {
            message: format!("a bit error rate of `{text}` is not 1e-15 to 0.5"),
            help: "it is the probability of an error in each bit, as in 1e-9; for the loss of whole frames use `loss`".into(),
        }),
    }
}

fn read_reorder(problems: &Problems, key: &Key, value: &Value) -> Option<At<Option<ReorderPlan>>> {
    const WHAT: &str = "a probability, as in 1%, or `{every: 100}`";
    if !matches!(value.data, Data::Map(_)) {
        let read = |text: &str| match probability_or_none(text)? {
            none if none.is_zero() => Ok(None),
            probability => Ok(Some(ReorderPlan::Random(probability))),
        };
        return scalar(problems, value, key, WHAT, read);
    }
    let mut fields = Fields::of(problems, value, "`reorder`")?;
    let every = fields.get_with_key("every").map(|(key, value)| {
        scalar(problems, value, key, "a number of frames", |text| {
            count(text, "every how many frames one overtakes", 2, u64::MAX)
        })
    });
    fields.finish();
    let Some(every) = every else {
        problems.add(
            Problem::new(value.span.clone(), "which frames overtake?")
                .help(format!("write {WHAT}")),
        );
        return None;
    };
    every.map(|at| at.map(|every| Some(ReorderPlan::Every(every))))
}

/// Bounds of packets, bytes or time; of each at most one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub packets: Option<u32>,
    pub bytes: Option<u64>,
    pub time: Option<u64>,
}

const DELAY_LIMIT: &str =
    "a bound, as in `1000 packets` or `1MB`, a list of both, or a map with packets, bytes";

fn read_delay_limit(problems: &Problems, key: &Key, value: &Value) -> Option<At<DelayLimitPlan>> {
    let bounds = match &value.data {
        Data::Map(_) => {
            let mut fields = Fields::of(problems, value, "`delay_limit`")?;
            let bounds = Bounds {
                packets: read_packets(&mut fields).map(|at| at.value),
                bytes: read_bytes(&mut fields).map(|at| at.value),
                time: None,
            };
            fields.finish();
            At::new(bounds, key.span.clone())
        }
        Data::Text(text) if text == "none" => At::new(Bounds::default(), value.span.clone()),
        _ => read_bounds(problems, key, value, DELAY_LIMIT)?,
    };
    if bounds.value.time.is_some() {
        problems.add(
            Problem::new(
                bounds.span,
                "the delay line has no bound in time: frames stay for the delay",
            )
            .help(format!("`delay_limit` is {DELAY_LIMIT}")),
        );
        return None;
    }
    Some(bounds.map(|bounds| DelayLimitPlan {
        packets: bounds.packets,
        bytes: bounds.bytes,
    }))
}

fn read_packets(fields: &mut Fields<'_, '_>) -> Option<At<u32>> {
    fields.scalar("packets", "a number of packets", |text| {
        packets(text.trim_end_matches("packets").trim_end())
    })
}

fn read_bytes(fields: &mut Fields<'_, '_>) -> Option<At<u64>> {
    fields.scalar("bytes", "a number of bytes", units::size)
}

/// A bound, or a list of them.
fn read_bounds(
    problems: &Problems,
    key: &Key,
    value: &Value,
    what: &'static str,
) -> Option<At<Bounds>> {
    let mut bounds = Bounds::default();
    if !matches!(value.data, Data::List(_)) {
        return scalar(problems, value, key, what, |text| {
            bound(text, &mut bounds, what).map(|()| bounds)
        });
    }
    for item in items(value) {
        scalar(problems, item, key, what, |text| {
            bound(text, &mut bounds, what)
        })?;
    }
    Some(At::new(bounds, value.span.clone()))
}

/// A bound whose unit says of what.
fn bound(text: &str, bounds: &mut Bounds, what: &str) -> Result<(), UnitError> {
    let unit = text
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_start();
    let number = text[..text.len() - unit.len()].trim_end();
    let help = || format!("expected {what}");
    let twice = match unit {
        "packets" | "packet" => bounds.packets.replace(packets(number)?).is_some(),
        "ns" | "us" | "µs" | "μs" | "ms" | "s" => {
            bounds.time.replace(units::link_time(text)?).is_some()
        }
        "" => {
            return Err(UnitError {
                message: format!("`{text}` has no unit"),
                help: help(),
            })
        }
        _ => {
            let size = units::size(text).map_err(|error| UnitError {
                help: help(),
                ..error
            })?;
            bounds.bytes.replace(size).is_some()
        }
    };
    match twice {
        false => Ok(()),
        true => Err(UnitError {
            message: format!("`{text}` is a second bound of the same kind"),
            help: help(),
        }),
    }
}

fn packets(text: &str) -> Result<u32, UnitError> {
    count(text, "the queue in packets", 0, u64::from(u32::MAX)).map(|packets| packets as u32)
}
