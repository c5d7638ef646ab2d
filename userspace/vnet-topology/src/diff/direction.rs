// SPDX-License-Identifier: GPL-2.0

//! The parameters of a direction that differ, each by itself.

use serde::Serialize;
use serde_json::Value;

use super::fields::{FieldChange, Fields};
use super::json;
use crate::plan::{
    DelayLimitPlan, DirectionPlan, DisciplinePlan, JitterPlan, LossPlan, MatchPlan, QueuePlan,
};
use crate::units::{show_size, show_time};

/// What differs between two directions; a path is the parameter's.
pub fn direction(old: &DirectionPlan, new: &DirectionPlan) -> Vec<FieldChange> {
    let mut fields = Fields::default();
    of_direction(&mut fields, &[], old, new);
    fields.changes
}

pub(super) fn of_direction(
    fields: &mut Fields,
    way: &[&str],
    old: &DirectionPlan,
    new: &DirectionPlan,
) {
    // Taken apart so that a new field cannot be forgotten here.
    let DirectionPlan {
        rate,
        overhead,
        delay,
        queue,
        duplicate,
        ber,
        loss,
        corrupt,
        jitter,
        reorder,
        delay_limit,
        whole_time,
    } = old;
    let path = |name: &'static str| [way, &[name]].concat();
    fields.value(&path("rate"), rate, &new.rate);
    fields.value(&path("overhead"), overhead, &new.overhead);
    fields.value(&path("delay"), delay, &new.delay);
    of_queue(fields, &path("queue"), queue, &new.queue);
    fields.value(&path("duplicate"), duplicate, &new.duplicate);
    fields.value(&path("ber"), ber, &new.ber);
    of_loss(fields, &path("loss"), loss, &new.loss);
    fields.value(&path("corrupt"), corrupt, &new.corrupt);
    of_jitter(fields, &path("jitter"), jitter, &new.jitter);
    object(fields, &path("reorder"), reorder, &new.reorder);
    let DelayLimitPlan { packets, bytes } = delay_limit;
    let name = path("delay_limit");
    let part = |part: &'static str| [name.as_slice(), &[part]].concat();
    fields.value(&part("packets"), packets, &new.delay_limit.packets);
    fields.value(&part("bytes"), bytes, &new.delay_limit.bytes);
    fields.value(&path("whole_time"), whole_time, &new.whole_time);
}

fn of_queue(fields: &mut Fields, name: &[&str], old: &QueuePlan, new: &QueuePlan) {
    let QueuePlan {
        packets,
        bytes,
        time,
        discipline,
        drop,
        ecn,
    } = old;
    let path = |part: &'static str| [name, &[part]].concat();
    fields.value(&path("packets"), packets, &new.packets);
    fields.value(&path("bytes"), bytes, &new.bytes);
    fields.value(&path("time"), time, &new.time);
    if discipline.name() == new.discipline.name() {
        of_discipline(fields, name, discipline, &new.discipline);
    } else {
        fields.value(&path("discipline"), discipline, &new.discipline);
    }
    fields.value(&path("drop"), drop, &new.drop);
    fields.value(&path("ecn"), ecn, &new.ecn);
}

/// Parameters of one discipline.
fn of_discipline(fields: &mut Fields, name: &[&str], old: &DisciplinePlan, new: &DisciplinePlan) {
    let tables = |discipline: &DisciplinePlan| match discipline {
        DisciplinePlan::Wfq {
            weights, matches, ..
        } => Some((weights.clone(), in_words(matches))),
        _ => None,
    };
    let (before, after) = (tables(old), tables(new));
    if let (Some((weights, matches)), Some((new_weights, new_matches))) = (&before, &after) {
        fields.keyed(
            &[name, &["weights"]].concat(),
            weights,
            new_weights,
            |class| crate::dscp::show(class.dscp),
        );
        fields.value(&[name, &["match"]].concat(), matches, new_matches);
    }
    let (Value::Object(before), Value::Object(after)) = (json(old), json(new)) else {
        return;
    };
    for (key, value) in &after {
        let old = before.get(key);
        if !matches!(key.as_str(), "weights" | "matches") && old != Some(value) {
            fields.add(
                &[name, &[key.as_str()]].concat(),
                old.cloned(),
                Some(value.clone()),
            );
        }
    }
}

/// Classes in their order, which counts.
fn in_words(classes: &[MatchPlan]) -> String {
    let all: Vec<String> = classes.iter().map(ToString::to_string).collect();
    match all.is_empty() {
        true => "none".into(),
        false => all.join(", "),
    }
}

fn of_loss(fields: &mut Fields, name: &[&str], old: &LossPlan, new: &LossPlan) {
    let LossPlan {
        random,
        gilbert_elliott,
        four_state,
        pattern,
    } = old;
    let path = |part: &'static str| [name, &[part]].concat();
    fields.value(&path("random"), random, &new.random);
    object(
        fields,
        &path("gilbert-elliott"),
        gilbert_elliott,
        &new.gilbert_elliott,
    );
    object(fields, &path("four-state"), four_state, &new.four_state);
    fields.value(&path("pattern"), pattern, &new.pattern);
}

fn of_jitter(fields: &mut Fields, name: &[&str], old: &JitterPlan, new: &JitterPlan) {
    let JitterPlan {
        amount,
        distribution,
        correlation,
        order,
        table,
    } = old;
    let path = |part: &'static str| [name, &[part]].concat();
    fields.value(&path("amount"), amount, &new.amount);
    fields.value(&path("distribution"), distribution, &new.distribution);
    fields.value(&path("correlation"), correlation, &new.correlation);
    fields.value(&path("order"), order, &new.order);
    fields.value(&path("table"), table, &new.table);
}

/// Something that is there or not: key by key where it is on both sides.
fn object<T: PartialEq + Serialize>(
    fields: &mut Fields,
    path: &[&str],
    old: &Option<T>,
    new: &Option<T>,
) {
    let (Value::Object(before), Value::Object(after)) = (json(old), json(new)) else {
        return fields.value(path, old, new);
    };
    if !before.keys().eq(after.keys()) {
        return fields.value(path, old, new);
    }
    for (key, value) in &after {
        let old = before.get(key);
        if old != Some(value) {
            fields.add(
                &[path, &[key.as_str()]].concat(),
                old.cloned(),
                Some(value.clone()),
            );
        }
    }
}

/// The value of a direction's parameter as people write it; `None` where there is nothing to add to what all fields do.
pub(super) fn show(path: &[String], value: &Value) -> Option<String> {
    let field = path.last().map_or("", String::as_str);
    let of_wire = path.iter().any(|part| {
        matches!(
            part.as_str(),
            "queue" | "loss" | "jitter" | "reorder" | "delay_limit"
        )
    });
    match value {
        Value::Object(_) if of_wire => Some(words(value)),
        Value::Number(number) if of_wire || field == "whole_time" => {
            Some(show_number(field, number.as_u64()?))
        }
        _ => None,
    }
}

fn show_number(field: &str, number: u64) -> String {
    match field {
        "time" | "amount" | "target" | "interval" | "whole_time" => show_time(number),
        "floor" | "quantum" => format!("{number}B"),
        "bytes" | "min" | "max" => show_size(number),
        _ => number.to_string(),
    }
}

/// Keys and values in a line.
fn words(value: &Value) -> String {
    let Value::Object(object) = value else {
        return value.to_string();
    };
    let mut parts = Vec::new();
    for (key, value) in object {
        match (key.as_str(), value) {
            // Alone it says everything.
            ("kind" | "weight", Value::String(text)) => parts.insert(0, text.clone()),
            ("dscp", _) => {}
            ("weight", Value::Number(number)) if object.len() == 2 => {
                parts.push(number.to_string())
            }
            (key, Value::Number(number)) => {
                let number = number.as_u64().unwrap_or_default();
                parts.push(format!("{key} {}", show_number(key, number)));
            }
            (key, Value::String(text)) => parts.push(format!("{key} {text}")),
            (key, Value::Array(items)) => parts.push(format!("{} {key}", items.len())),
            (key, value) => parts.push(format!("{key} {value}")),
        }
    }
    parts.join(" ")
}
