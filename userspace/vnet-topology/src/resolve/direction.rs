// SPDX-License-Identifier: GPL-2.0

//! Parameters of one direction, from all places where they can be given, and whether a link can have them together.

use std::io;

use crate::decode::Problems;
use crate::file::{DirectionParams, LinkParams};
use crate::plan::{DirectionPlan, DEFAULT_OVERHEAD};
use crate::report::{At, Problem, Span};
use crate::table;

/// Reads a file beside the topology.
pub(crate) type ReadFile<'r> = &'r dyn Fn(&str) -> io::Result<String>;

/// One direction of a link at `span`.
pub(crate) fn plan(
    problems: &Problems,
    read_file: ReadFile<'_>,
    defaults: &LinkParams,
    link: &LinkParams,
    forward: bool,
    span: &Span,
) -> DirectionPlan {
    let params = joined(defaults, link, forward);
    let default = DirectionPlan::default();
    fn value<T: Clone>(at: &Option<At<T>>) -> Option<T> {
        at.as_ref().map(|at| at.value.clone())
    }
    let table = table(problems, read_file, &params);
    let readable = table.is_some();
    let plan = DirectionPlan {
        rate: value(&params.rate).flatten(),
        overhead: value(&params.overhead).unwrap_or(DEFAULT_OVERHEAD),
        delay: value(&params.delay).unwrap_or_default(),
        queue: params
            .queue
            .as_ref()
            .map(|at| at.value.plan(problems))
            .unwrap_or_default(),
        duplicate: value(&params.duplicate).unwrap_or_default(),
        ber: value(&params.ber).unwrap_or_default(),
        loss: params
            .loss
            .as_ref()
            .map(|at| at.value.plan())
            .unwrap_or_default(),
        corrupt: value(&params.corrupt).unwrap_or_default(),
        jitter: params
            .jitter
            .as_ref()
            .map(|at| at.value.plan(table.unwrap_or_default()))
            .unwrap_or_default(),
        reorder: value(&params.reorder).flatten(),
        delay_limit: value(&params.delay_limit).unwrap_or_default(),
        whole_time: value(&params.whole_time).unwrap_or(default.whole_time),
    };
    if readable {
        check(problems, &params, &plan, span);
    }
    plan
}

fn joined(defaults: &LinkParams, link: &LinkParams, forward: bool) -> DirectionParams {
    let side = |params: &LinkParams| match forward {
        true => params.forward.clone(),
        false => params.backward.clone(),
    };
    let general = side(defaults).over(defaults.both.clone());
    side(link).over(link.both.clone().over(general))
}

fn check(problems: &Problems, params: &DirectionParams, plan: &DirectionPlan, span: &Span) {
    let Err(error) = plan.check() else { return };
    let place = params.place(error.parameter).unwrap_or(span.clone());
    let problem = Problem::new(place, format!("`{}`: {}", error.parameter, error.reason));
    problems.add_once(match hint(error.parameter, plan) {
        Some(hint) => problem.help(hint),
        None => problem.help("see Documentation/links.md for what goes together"),
    });
}

/// What to do about values that are right by themselves.
fn hint(parameter: &str, plan: &DirectionPlan) -> Option<String> {
    Some(match parameter {
        "jitter" if plan.jitter.amount == 0 => "say how much it is, as in `amount: 2ms`".into(),
        "queue packets" | "queue bytes" | "queue time" => "the smallest queue is `1 packets`; leave the bound out for the default one".into(),
        "jitter" => format!(
            "the delay is {}; raise it to at least the jitter, so that no frame arrives before it was sent",
            crate::units::show_time(plan.delay)
        ),
        "reorder" => "a frame overtakes by skipping the delay: give the link one, as in `delay: 10ms`".into(),
        "queue ecn" => "`ecn` goes with red, codel, pie, fq-codel".into(),
        "loss four-state" => "p13 + p14 and p31 + p32 are at most 100% each".into(),
        "queue min" => "write `min` and `max` of red with 0 < min < max".into(),
        _ => return None,
    })
}

/// The table of the jitter, empty if there is none; nothing if it cannot be read.
fn table(
    problems: &Problems,
    read_file: ReadFile<'_>,
    params: &DirectionParams,
) -> Option<Vec<i16>> {
    let file = params
        .jitter
        .as_ref()
        .and_then(|at| at.value.table.as_ref());
    let Some(file) = file else {
        return Some(Vec::new());
    };
    let read = read_file(&file.value)
        .map_err(|error| {
            let text = error.to_string();
            // std adds the number, which says nothing to a reader.
            let end = text.find(" (os error").unwrap_or(text.len());
            text[..end].to_owned()
        })
        .and_then(|text| table::parse(&text));
    match read {
        Ok(table) => Some(table),
        Err(problem) => {
            problems.add_once(
                Problem::new(
                    file.span.clone(),
                    format!("the table `{}` cannot be used: {problem}", file.value),
                )
                .help("a table is a file beside the topology: quantiles in netem's .dist format, or as multiples of the jitter (-1.0 0 1.0)"),
            );
            None
        }
    }
}
