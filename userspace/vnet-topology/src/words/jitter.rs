// SPDX-License-Identifier: GPL-2.0

//! `jitter …`

use super::{edit, plain, Edit, Result, WordError, Words};
use crate::plan::{Distribution, JitterPlan, Order};
use crate::table;
use crate::units;

const NAMES: [&str; 5] = ["amount", "distribution", "correlation", "order", "table"];
const PARTS: [&str; 5] = [
    "jitter amount",
    "jitter distribution",
    "jitter correlation",
    "jitter order",
    "jitter table",
];

pub(super) fn parse(words: &mut Words, edits: &mut Vec<Edit>) -> Result<()> {
    let before = edits.len();
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    if words.none() {
        words.first("jitter none", &PARTS)?;
        words.once("jitter none")?;
        edits.push(edit(|to| to.jitter = JitterPlan::default()));
    } else if words.peek().is_some_and(number) {
        words.once("jitter amount")?;
        let amount = words.value("jitter", units::link_time)?;
        edits.push(edit(move |to| to.jitter.amount = amount));
    }
    while let Some(name) = words.keyword(&NAMES) {
        edits.push(part(words, name)?);
    }
    match edits.len() > before {
        true => Ok(()),
        false => words.unexpected(
            "jitter",
            "a time, none, or distribution, correlation, order, table",
        ),
    }
}

/// Noted beside `jitter distribution` where that is not `table`, which goes with a table.
const ANOTHER: &str = "jitter distribution, not a table";

fn one_distribution(words: &Words) -> Result<()> {
    let given = |name: &str| words.given.iter().any(|given| given == name);
    match given(ANOTHER) && given("jitter table") {
        true => Err(WordError(
            "jitter table: a table is itself the distribution, and another one is given".into(),
        )),
        false => Ok(()),
    }
}

fn part(words: &mut Words, name: &'static str) -> Result<Edit> {
    let full = format!("jitter {name}");
    words.once(&full)?;
    Ok(match name {
        "amount" => {
            let amount = words.value(&full, units::link_time)?;
            edit(move |to| to.jitter.amount = amount)
        }
        "distribution" => {
            let distribution = words.value(&full, |text| {
                Distribution::named(text).ok_or_else(|| {
                    plain("expected uniform, normal, pareto, pareto-normal or table")
                })
            })?;
            if distribution != Distribution::Table {
                words.once(ANOTHER)?;
                one_distribution(words)?;
            }
            edit(move |to| {
                to.jitter.distribution = distribution;
                if distribution != Distribution::Table {
                    to.jitter.table.clear();
                }
            })
        }
        "correlation" => {
            let correlation = words.value(&full, super::probability)?;
            edit(move |to| to.jitter.correlation = correlation)
        }
        "order" => {
            let order = words.value(&full, |text| {
                Order::named(text).ok_or_else(|| plain("expected keep or free"))
            })?;
            edit(move |to| to.jitter.order = order)
        }
        _ => {
            one_distribution(words)?;
            let table = read_table(words)?;
            edit(move |to| {
                to.jitter.distribution = Distribution::Table;
                to.jitter.table.clone_from(&table);
            })
        }
    })
}

/// A file, or the numbers themselves with commas between them. Of a file, its numbers take the place of its name.
fn read_table(words: &mut Words) -> Result<Vec<i16>> {
    let place = words.at;
    let Some(value) = words.next() else {
        return Err(WordError("jitter table has no value".into()));
    };
    let text = match value.contains(',') {
        true => value.clone(),
        false => std::fs::read_to_string(&value)
            .map_err(|error| WordError(format!("jitter table {value}: {error}")))?,
    };
    let table =
        table::parse(&text).map_err(|problem| WordError(format!("jitter table: {problem}")))?;
    let numbers: Vec<String> = table.iter().map(ToString::to_string).collect();
    words.list[place] = numbers.join(",");
    Ok(table)
}
