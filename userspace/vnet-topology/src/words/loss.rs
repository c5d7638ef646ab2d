// SPDX-License-Identifier: GPL-2.0

//! `loss …`

use super::{edit, Edit, Result, WordError, Words};
use crate::plan::{
    FourStatePlan, GilbertElliottPlan, LossPlan, PatternPlan, Probability, RuleAction, RulePlan,
};
use crate::units::{self, count, UnitError};

const KINDS: [&str; 4] = ["random", "gilbert-elliott", "four-state", "pattern"];

pub(super) fn parse(words: &mut Words, edits: &mut Vec<Edit>) -> Result<()> {
    const NAMES: [&str; 4] = [
        "loss random",
        "loss gilbert-elliott",
        "loss four-state",
        "loss pattern",
    ];
    if words.none() {
        words.first("loss none", &NAMES)?;
        words.once("loss none")?;
        edits.push(edit(|to| to.loss = LossPlan::default()));
        return Ok(());
    }
    let kind = words.keyword(&KINDS);
    let full = format!("loss {}", kind.unwrap_or("random"));
    words.once(&full)?;
    edits.push(match kind {
        Some("gilbert-elliott") => gilbert_elliott(words)?,
        Some("four-state") => four_state(words)?,
        Some("pattern") => {
            let pattern = pattern(words)?;
            edit(move |to| to.loss.pattern.clone_from(&pattern))
        }
        _ => {
            let random = words.value("loss", super::probability)?;
            edit(move |to| to.loss.random = random)
        }
    });
    Ok(())
}

/// Probabilities by name.
fn probabilities<const N: usize>(
    words: &mut Words,
    kind: &str,
    names: [&'static str; N],
) -> Result<[Option<Probability>; N]> {
    let mut values = [None; N];
    while let Some(name) = words.keyword(&names) {
        words.once(&format!("loss {kind} {name}"))?;
        let value = words.value(&format!("loss {kind} {name}"), units::probability)?;
        for (slot, known) in values.iter_mut().zip(names) {
            if known == name {
                *slot = Some(value);
            }
        }
    }
    if values.iter().all(Option::is_none) {
        let expected = format!("none, or {}, each with its probability", names.join(", "));
        return words.unexpected(&format!("loss {kind}"), &expected);
    }
    Ok(values)
}

fn gilbert_elliott(words: &mut Words) -> Result<Edit> {
    if words.none() {
        return Ok(edit(|to| to.loss.gilbert_elliott = None));
    }
    let [p, r, h, k] = probabilities(words, "gilbert-elliott", ["p", "r", "h", "k"])?;
    Ok(Box::new(move |to| {
        to.loss.gilbert_elliott = Some(match (to.loss.gilbert_elliott, p) {
            (Some(chain), _) => GilbertElliottPlan {
                p: p.unwrap_or(chain.p),
                r: r.unwrap_or(chain.r),
                h: h.unwrap_or(chain.h),
                k: k.unwrap_or(chain.k),
            },
            (None, Some(p)) => GilbertElliottPlan::new(p, r, h, k),
            (None, None) => return Err(WordError("loss gilbert-elliott needs p".into())),
        });
        Ok(())
    }))
}

fn four_state(words: &mut Words) -> Result<Edit> {
    if words.none() {
        return Ok(edit(|to| to.loss.four_state = None));
    }
    let names = ["p13", "p31", "p32", "p23", "p14"];
    let [p13, p31, p32, p23, p14] = probabilities(words, "four-state", names)?;
    Ok(Box::new(move |to| {
        to.loss.four_state = Some(match (to.loss.four_state, p13) {
            (Some(chain), _) => FourStatePlan {
                p13: p13.unwrap_or(chain.p13),
                p31: p31.unwrap_or(chain.p31),
                p32: p32.unwrap_or(chain.p32),
                p23: p23.unwrap_or(chain.p23),
                p14: p14.unwrap_or(chain.p14),
            },
            (None, Some(p13)) => FourStatePlan::new(p13, [p31, p32, p23, p14]),
            (None, None) => return Err(WordError("loss four-state needs p13".into())),
        });
        Ok(())
    }))
}

/// `every 100`, or `[period 50] frames 7,9 flip 8:100 delay 9:5ms`.
fn pattern(words: &mut Words) -> Result<Option<PatternPlan>> {
    if words.none() {
        return Ok(None);
    }
    if words.keyword(&["every"]).is_some() {
        let every = words.value("loss pattern every", frame)?;
        if let Some(other) = more(words, &["every"]) {
            return Err(by_itself(other));
        }
        return Ok(Some(PatternPlan::every(every)));
    }
    let mut pattern = PatternPlan::default();
    loop {
        if words.peek() == Some("every") {
            return Err(by_itself("frames"));
        }
        match more(words, &[]).and_then(|name| words.keyword(&[name])) {
            Some("period") => {
                words.once("loss pattern period")?;
                pattern.period = words.value("loss pattern period", frame)?;
            }
            Some("frames") => {
                let frames = words.value("loss pattern frames", |text| {
                    text.split(',')
                        .map(frame)
                        .collect::<std::result::Result<Vec<_>, _>>()
                })?;
                pattern.rules.extend(frames.into_iter().map(RulePlan::drop));
            }
            Some("flip") => pattern.rules.push(words.value("loss pattern flip", |text| {
                let bit = |text: &str| count(text, "the number of a bit", 0, u64::from(u32::MAX));
                rule(text, |value| Ok(RuleAction::Flip(bit(value)? as u32)))
            })?),
            Some(_) => pattern
                .rules
                .push(words.value("loss pattern delay", |text| {
                    rule(text, |value| units::link_time(value).map(RuleAction::Delay))
                })?),
            None => break,
        }
    }
    if pattern.rules.is_empty() {
        return words.unexpected(
            "loss pattern",
            "none, every N, or frames N,N flip N:BIT delay N:TIME, and period N",
        );
    }
    pattern.rules.sort_by_key(|rule| rule.frame);
    pattern.rules.dedup();
    Ok(Some(pattern))
}

fn by_itself(other: &str) -> WordError {
    WordError(format!(
        "loss pattern every: that is a pattern by itself, which does not go with {other}; \
         to have both, write the frames of a period, as in period 100 frames 3,100"
    ))
}

/// The next word if it goes on with a pattern.
fn more(words: &Words, others: &[&'static str]) -> Option<&'static str> {
    // A delay of the link itself has no frame.
    let of_frame = words.peek_second().is_some_and(|text| text.contains(':'));
    let known: &[&'static str] = match of_frame {
        true => &["flip", "delay"],
        false => &["period", "frames"],
    };
    let word = words.peek()?;
    known
        .iter()
        .chain(others)
        .copied()
        .find(|known| *known == word)
}

fn frame(text: &str) -> std::result::Result<u64, UnitError> {
    count(text, "the number of a frame", 1, u64::MAX)
}

/// `7:100`.
fn rule(
    text: &str,
    action: impl FnOnce(&str) -> std::result::Result<RuleAction, UnitError>,
) -> std::result::Result<RulePlan, UnitError> {
    let (number, value) = text.split_once(':').unwrap_or((text, ""));
    Ok(RulePlan {
        frame: frame(number)?,
        action: action(value)?,
    })
}
