// SPDX-License-Identifier: GPL-2.0

//! `loss:`.

use super::{Join, PROBABILITY};
use crate::decode::{items, scalar, Fields, Problems};
use crate::plan::{
    FourStatePlan, GilbertElliottPlan, LossPlan, PatternPlan, Probability, RuleAction, RulePlan,
};
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::{self, count, UnitError};

/// Loss as written; inside: `none`.
#[derive(Clone, Debug, Default)]
pub(crate) struct LossParams {
    /// It was not a map: what more general places say does not hold.
    alone: bool,
    random: Option<At<Probability>>,
    gilbert_elliott: Option<At<Option<GilbertElliottPlan>>>,
    four_state: Option<At<Option<FourStatePlan>>>,
    pattern: Option<At<Option<PatternPlan>>>,
}

const LOSS: &str =
    "a probability, as in 1%, or a map with random, gilbert-elliott, four-state, pattern";

impl Join for LossParams {
    fn over(self, general: Self) -> Self {
        if self.alone {
            return self;
        }
        LossParams {
            alone: general.alone,
            random: self.random.or(general.random),
            gilbert_elliott: self.gilbert_elliott.or(general.gilbert_elliott),
            four_state: self.four_state.or(general.four_state),
            pattern: self.pattern.or(general.pattern),
        }
    }
}

impl LossParams {
    /// Where a part stands.
    pub fn place(&self, part: &str) -> Option<Span> {
        match part {
            "random" => self.random.as_ref().map(|at| at.span.clone()),
            "gilbert-elliott" => self.gilbert_elliott.as_ref().map(|at| at.span.clone()),
            "four-state" => self.four_state.as_ref().map(|at| at.span.clone()),
            "pattern" => self.pattern.as_ref().map(|at| at.span.clone()),
            _ => None,
        }
    }

    /// The loss that it makes.
    pub fn plan(&self) -> LossPlan {
        LossPlan {
            random: self.random.as_ref().map(|at| at.value).unwrap_or_default(),
            gilbert_elliott: self.gilbert_elliott.as_ref().and_then(|at| at.value),
            four_state: self.four_state.as_ref().and_then(|at| at.value),
            pattern: self.pattern.as_ref().and_then(|at| at.value.clone()),
        }
    }
}

pub(super) fn read(problems: &Problems, key: &Key, value: &Value) -> Option<At<LossParams>> {
    let mut loss = LossParams::default();
    match &value.data {
        Data::Map(_) => read_parts(problems, value, &mut loss)?,
        Data::List(list) => {
            loss.alone = true;
            for item in list {
                match &item.data {
                    Data::Map(_) => read_parts(problems, item, &mut loss)?,
                    _ => {
                        let random = scalar(problems, item, key, LOSS, units::probability)?;
                        once(problems, &mut loss.random, random);
                    }
                }
            }
        }
        Data::Text(_) | Data::Null => {
            loss.alone = true;
            loss.random = Some(scalar(
                problems,
                value,
                key,
                LOSS,
                super::probability_or_none,
            )?);
        }
    }
    Some(At::new(loss, value.span.clone()))
}

fn once<T>(problems: &Problems, slot: &mut Option<At<T>>, at: At<T>) {
    if let Some(first) = slot {
        problems.add(
            Problem::new(at.span.clone(), "the same kind of loss is given twice")
                .also(first.span.clone(), "the first one")
                .help("a direction has at most one of each kind"),
        );
        return;
    }
    *slot = Some(at);
}

fn read_parts(problems: &Problems, value: &Value, loss: &mut LossParams) -> Option<()> {
    let mut fields = Fields::of(problems, value, "`loss`")?.foreign(FOREIGN);
    if let Some(random) = fields.scalar("random", PROBABILITY, super::probability_or_none) {
        once(problems, &mut loss.random, random);
    }
    if let Some(value) = fields.get("gilbert-elliott") {
        let chain = part(value, || read_gilbert_elliott(problems, value))?;
        once(problems, &mut loss.gilbert_elliott, chain);
    }
    if let Some(value) = fields.get("four-state") {
        let chain = part(value, || read_four_state(problems, value))?;
        once(problems, &mut loss.four_state, chain);
    }
    if let Some(value) = fields.get("pattern") {
        let pattern = part(value, || read_pattern(problems, value))?;
        once(problems, &mut loss.pattern, pattern);
    }
    fields.finish();
    Some(())
}

const FOREIGN: &[(&str, &str)] = &[
    ("gemodel", GILBERT_ELLIOTT),
    ("gilbert", GILBERT_ELLIOTT),
    ("state", FOUR_STATE),
    ("p", GILBERT_ELLIOTT),
    ("every", "write `pattern: {every: 100}`"),
];
const GILBERT_ELLIOTT: &str =
    "write `gilbert-elliott: {p: 1%, r: 20%}`; optional are h (survival in the bad state, default 0) and k (in the good state, default 100%)";
const FOUR_STATE: &str =
    "write `four-state: {p13: 1%, p31: 20%, p32: 5%, p23: 50%, p14: 0.1%}`; only p13 is needed";
const PATTERN: &str = "write `pattern: {every: 100}`, `pattern: {frames: [7, 9]}`, or `pattern: {period: 50, rules: [{frame: 7, flip: 100}]}`";

/// A part, or `none`.
fn part<T>(value: &Value, read: impl FnOnce() -> Option<T>) -> Option<At<Option<T>>> {
    let part = match &value.data {
        Data::Text(text) if text == "none" => None,
        _ => Some(read()?),
    };
    Some(At::new(part, value.span.clone()))
}

fn missing<T>(problems: &Problems, value: &Value, what: &str, help: &str) -> Option<T> {
    problems.add(Problem::new(value.span.clone(), what).help(help));
    None
}

fn read_gilbert_elliott(problems: &Problems, value: &Value) -> Option<GilbertElliottPlan> {
    let mut fields = Fields::of(problems, value, "`gilbert-elliott`")?.foreign(&[
        (
            "1-h",
            "write `h`, the probability that a frame survives in the bad state",
        ),
        (
            "1-k",
            "write `k`, the probability that a frame survives in the good state",
        ),
    ]);
    let mut take = |key| {
        let at = fields.scalar(key, PROBABILITY, units::probability);
        at.map(|at| at.value)
    };
    let [p, r, h, k] = ["p", "r", "h", "k"].map(&mut take);
    fields.finish();
    match p {
        Some(p) => Some(GilbertElliottPlan::new(p, r, h, k)),
        None => missing(
            problems,
            value,
            "`gilbert-elliott` needs `p`",
            GILBERT_ELLIOTT,
        ),
    }
}

fn read_four_state(problems: &Problems, value: &Value) -> Option<FourStatePlan> {
    let mut fields = Fields::of(problems, value, "`four-state`")?;
    let mut take = |key| {
        let at = fields.scalar(key, PROBABILITY, units::probability);
        at.map(|at| at.value)
    };
    let p13 = take("p13");
    let rest = ["p31", "p32", "p23", "p14"].map(&mut take);
    fields.finish();
    match p13 {
        Some(p13) => Some(FourStatePlan::new(p13, rest)),
        None => missing(problems, value, "`four-state` needs `p13`", FOUR_STATE),
    }
}

fn frame(text: &str) -> Result<u64, UnitError> {
    count(text, "the number of a frame", 1, u64::MAX)
}

fn read_pattern(problems: &Problems, value: &Value) -> Option<PatternPlan> {
    let mut fields = Fields::of(problems, value, "`pattern`")?;
    let every = fields.scalar("every", "a number of frames", frame);
    let period = fields.scalar("period", "a number of frames", |text| {
        count(text, "the period of a pattern in frames", 0, u64::MAX)
    });
    let mut rules: Vec<RulePlan> = Vec::new();
    let frames = fields.get_with_key("frames");
    if let Some((key, value)) = frames {
        for item in items(value) {
            let at = scalar(problems, item, key, "the number of a frame", frame)?;
            rules.push(RulePlan::drop(at.value));
        }
    }
    let listed = fields.get("rules");
    if let Some(value) = listed {
        for item in items(value) {
            rules.push(read_rule(problems, item)?);
        }
    }
    fields.finish();
    if let Some(every) = every {
        if frames.is_some() || listed.is_some() || period.is_some() {
            let help =
                "`every` is a pattern by itself; with other rules write `period` and `rules`";
            return missing(
                problems,
                value,
                "`every` does not go with other rules",
                help,
            );
        }
        return Some(PatternPlan::every(every.value));
    }
    if rules.is_empty() {
        return missing(problems, value, "the pattern has no rules", PATTERN);
    }
    // What happens to a frame does not depend on the order in which it is written.
    rules.sort_by_key(|rule| rule.frame);
    rules.dedup();
    Some(PatternPlan {
        period: period.map_or(0, |at| at.value),
        rules,
    })
}

fn read_rule(problems: &Problems, value: &Value) -> Option<RulePlan> {
    const RULE: &str = "write a frame and what happens to it: `{frame: 7, drop: true}`, `{frame: 7, flip: 100}`, `{frame: 7, delay: 5ms}`";
    let mut fields = Fields::of(problems, value, "a rule")?;
    let number = fields.scalar("frame", "the number of a frame", frame);
    let drop = fields.get("drop").map(|value| match &value.data {
        // `{frame: 7, drop}` is short for `drop: true`.
        Data::Null => true,
        Data::Text(text) => text == "true",
        _ => false,
    });
    let flip = fields.scalar("flip", "the number of a bit", |text| {
        count(text, "the number of a bit", 0, u64::from(u32::MAX)).map(|bit| bit as u32)
    });
    let delay = fields.scalar("delay", "a time, as in 5ms", units::link_time);
    fields.finish();
    let action = match (drop, flip, delay) {
        (Some(true), None, None) => RuleAction::Drop,
        (None, Some(bit), None) => RuleAction::Flip(bit.value),
        (None, None, Some(time)) => RuleAction::Delay(time.value),
        _ => return missing(problems, value, "a rule does one thing", RULE),
    };
    match number {
        Some(frame) => Some(RulePlan {
            frame: frame.value,
            action,
        }),
        None => missing(problems, value, "the rule has no `frame`", RULE),
    }
}
