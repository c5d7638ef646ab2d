// SPDX-License-Identifier: GPL-2.0

//! `queue …`

use super::{bytes, edit, packets, plain, time, Edit, Result, WordError, Words};
use crate::dscp;
use crate::matching;
use crate::plan::{
    ClassPlan, DirectionPlan, DisciplinePlan, DropFrom, MatchPlan, Probability, QueuePlan,
};
use crate::units::{self, count, UnitError};

/// What goes with all disciplines.
const COMMON: [&str; 5] = ["packets", "bytes", "time", "drop", "ecn"];
/// What goes with some.
const OWN: [&str; 14] = [
    "flows",
    "weights",
    "match",
    "quantum",
    "target",
    "interval",
    "floor",
    "alpha",
    "beta",
    "min",
    "max",
    "probability",
    "weight",
    "gentle",
];

pub(super) fn parse(words: &mut Words, edits: &mut Vec<Edit>) -> Result<()> {
    let before = edits.len();
    if words.none() {
        another(words, "none")?;
        edits.push(kind(DisciplinePlan::Fifo));
    } else if let Some(name) = words.keyword(&DisciplinePlan::NAMES) {
        another(words, name)?;
        edits.push(kind(DisciplinePlan::named(name).unwrap_or_default()));
    }
    loop {
        if let Some(name) = words.keyword(&COMMON) {
            words.once(&format!("queue {name}"))?;
            edits.push(common(words, name)?);
        } else if let Some(name) = words.keyword(&OWN) {
            words.once(&format!("queue {name}"))?;
            edits.push(own(words, name)?);
        } else {
            break;
        }
    }
    match edits.len() > before {
        true => Ok(()),
        false => {
            let names = DisciplinePlan::NAMES.join(", ");
            words.unexpected(
                "queue",
                &format!("{names}, or packets, bytes, time, drop, ecn and parameters"),
            )
        }
    }
}

/// Notes that the discipline is named, which begins with its defaults.
fn another(words: &mut Words, name: &str) -> Result<()> {
    words.once("queue discipline")?;
    // Bounds stay.
    let own = OWN.iter().chain(&["drop", "ecn"]);
    let own: Vec<String> = own.map(|own| format!("queue {own}")).collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    words.first(&format!("queue {name}"), &own)
}

/// Another discipline: all that belongs to it at its default, the bounds as they are.
fn kind(discipline: DisciplinePlan) -> Edit {
    edit(move |to| {
        to.queue = QueuePlan {
            packets: to.queue.packets,
            bytes: to.queue.bytes,
            time: to.queue.time,
            discipline: discipline.clone(),
            ..QueuePlan::default()
        }
    })
}

fn common(words: &mut Words, name: &'static str) -> Result<Edit> {
    let full = format!("queue {name}");
    Ok(match name {
        "packets" => {
            let packets = words.value(&full, packets)?;
            edit(move |to| to.queue.packets = packets)
        }
        "bytes" => {
            let bytes = words.value(&full, bytes)?;
            edit(move |to| to.queue.bytes = bytes)
        }
        "time" => {
            let time = words.value(&full, time)?;
            edit(move |to| to.queue.time = (time > 0).then_some(time))
        }
        "drop" => {
            let drop = words.value(&full, |text| match (text, DropFrom::named(text)) {
                ("default", _) => Ok(None),
                (_, Some(drop)) => Ok(Some(drop)),
                (_, None) => Err(plain("expected tail, head or default")),
            })?;
            edit(move |to| to.queue.drop = drop)
        }
        _ => {
            let ecn = words.value(&full, on_off)?;
            edit(move |to| to.queue.ecn = ecn)
        }
    })
}

fn on_off(text: &str) -> std::result::Result<bool, UnitError> {
    match text {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(plain("expected on or off")),
    }
}

/// The value of a discipline's own parameter.
enum Value {
    Number(u64),
    Probability(Probability),
    Flag(bool),
    Weights(Vec<ClassPlan>),
    Matches(Vec<MatchPlan>),
}

fn own(words: &mut Words, name: &'static str) -> Result<Edit> {
    let full = format!("queue {name}");
    let small = |text: &str| count(text, name, 0, u64::from(u32::MAX));
    let value = match name {
        "flows" | "alpha" | "beta" | "weight" => Value::Number(words.value(&full, small)?),
        "quantum" | "floor" => Value::Number(words.value(&full, units::short_size)?.into()),
        "min" | "max" => Value::Number(words.value(&full, units::size)?),
        "target" | "interval" => Value::Number(words.value(&full, units::link_time)?),
        "probability" => Value::Probability(words.value(&full, units::probability)?),
        "gentle" => Value::Flag(words.value(&full, on_off)?),
        "match" => Value::Matches(matches(words)?),
        _ => Value::Weights(words.value(&full, weights)?),
    };
    Ok(Box::new(move |to: &mut DirectionPlan| {
        let discipline = &mut to.queue.discipline;
        let kind = discipline.name();
        match set(discipline, name, &value) {
            true => Ok(()),
            false => Err(WordError(format!(
                "queue {name}: {kind} has no such parameter"
            ))),
        }
    }))
}

/// Sets a parameter; false if the discipline has none of that name.
fn set(discipline: &mut DisciplinePlan, name: &str, value: &Value) -> bool {
    match value {
        Value::Number(number) => set_number(discipline, name, *number),
        Value::Probability(new) => match discipline {
            DisciplinePlan::Red { probability, .. } => {
                *probability = *new;
                true
            }
            _ => false,
        },
        Value::Flag(new) => match discipline {
            DisciplinePlan::Red { gentle, .. } => {
                *gentle = *new;
                true
            }
            _ => false,
        },
        Value::Weights(new) => match discipline {
            DisciplinePlan::Wfq { weights, .. } => {
                weights.clone_from(new);
                true
            }
            _ => false,
        },
        Value::Matches(new) => match discipline {
            DisciplinePlan::Wfq { matches, .. } => {
                matches.clone_from(new);
                true
            }
            _ => false,
        },
    }
}

fn set_number(discipline: &mut DisciplinePlan, name: &str, value: u64) -> bool {
    use DisciplinePlan::{Codel, Drr, FqCodel, Pie, Red, Wfq};
    // Within 32 bits, as it was read.
    let short = value as u32;
    match (name, discipline) {
        ("flows", Wfq { flows, .. } | Drr { flows, .. } | FqCodel { flows, .. }) => *flows = short,
        ("quantum", Drr { quantum, .. } | FqCodel { quantum, .. }) => *quantum = short,
        ("target", Codel { target, .. } | FqCodel { target, .. } | Pie { target, .. }) => {
            *target = value;
        }
        ("interval", Codel { interval, .. } | FqCodel { interval, .. } | Pie { interval, .. }) => {
            *interval = value;
        }
        ("floor", Codel { floor, .. } | FqCodel { floor, .. }) => *floor = short,
        ("alpha", Pie { alpha, .. }) => *alpha = short,
        ("beta", Pie { beta, .. }) => *beta = short,
        ("min", Red { min, .. }) => *min = value,
        ("max", Red { max, .. }) => *max = value,
        ("weight", Red { weight, .. }) => *weight = short,
        _ => return false,
    }
    true
}

/// `protocol udp destination-port 5060 weight 8`, with `match` in front of each further class; or `none`.
fn matches(words: &mut Words) -> Result<Vec<MatchPlan>> {
    if words.none() {
        return Ok(Vec::new());
    }
    let mut classes = Vec::new();
    loop {
        let mut class = MatchPlan::default();
        let mut given = Vec::new();
        // The weight is what a class ends with.
        while class.weight == 0 {
            let Some(key) = words.keyword(&matching::KEYS) else {
                let keys = matching::KEYS.join(", ");
                return words.unexpected("queue match", &format!("{keys}; weight comes last"));
            };
            if given.contains(&key) {
                return Err(WordError(format!(
                    "queue match {key} is given twice in a class, and can have one value only"
                )));
            }
            given.push(key);
            words.value(&format!("queue match {key}"), |text| {
                matching::set(&mut class, key, text)
            })?;
        }
        classes.push(class);
        if words.keyword(&["match"]).is_none() {
            return Ok(classes);
        }
    }
}

/// `ef:10,af41:5`, or `none`.
fn weights(text: &str) -> std::result::Result<Vec<ClassPlan>, UnitError> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let mut classes: Vec<ClassPlan> = Vec::new();
    for item in text.split(',') {
        let Some((name, weight)) = item.split_once(':') else {
            return Err(plain("expected weights by DSCP, as in ef:10,af41:5"));
        };
        let dscp = dscp::parse(name).ok_or_else(|| UnitError {
            message: format!("`{name}` is not a DSCP"),
            help: dscp::HELP.into(),
        })?;
        if classes.iter().any(|class| class.dscp == dscp) {
            return Err(plain("a DSCP has two weights"));
        }
        classes.push(ClassPlan {
            dscp,
            weight: count(weight, "a weight", 1, 1024)? as u32,
        });
    }
    classes.sort_unstable();
    Ok(classes)
}
