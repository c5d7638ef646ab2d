// SPDX-License-Identifier: GPL-2.0

//! A direction in the words that make it.

use crate::dscp;
use crate::plan::{
    DirectionPlan, DisciplinePlan, Distribution, JitterPlan, PatternPlan, QueuePlan, ReorderPlan,
    RuleAction,
};
use crate::units::{show_probability as percent, show_rate, show_size, show_time};

/// A parameter and its value.
pub type Shown = (&'static str, String);

/// All parameters of a direction. Typed after `link set`, they make any direction like this one (a table is only told
/// by its length).
pub fn show(direction: &DirectionPlan) -> Vec<Shown> {
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
    } = direction;
    let mut list: Vec<Shown> = vec![
        ("rate", show_rate(*rate)),
        ("delay", show_time(*delay)),
        ("overhead", overhead.to_string()),
        ("queue", show_queue(queue)),
        ("loss", "none".into()),
    ];
    if !loss.random.is_zero() {
        list.push(("loss", format!("random {}", percent(loss.random))));
    }
    if let Some(chain) = &loss.gilbert_elliott {
        let [p, r, h, k] = [chain.p, chain.r, chain.h, chain.k].map(percent);
        list.push(("loss", format!("gilbert-elliott p {p} r {r} h {h} k {k}")));
    }
    if let Some(chain) = &loss.four_state {
        let [p13, p31, p32] = [chain.p13, chain.p31, chain.p32].map(percent);
        let [p23, p14] = [chain.p23, chain.p14].map(percent);
        let text = format!("four-state p13 {p13} p31 {p31} p32 {p32} p23 {p23} p14 {p14}");
        list.push(("loss", text));
    }
    if let Some(pattern) = &loss.pattern {
        list.push(("loss", format!("pattern {}", show_pattern(pattern))));
    }
    if !loss.is_default() {
        // What follows says it.
        list.retain(|(name, value)| *name != "loss" || value != "none");
    }
    list.extend([
        ("ber", percent(*ber)),
        ("corrupt", percent(*corrupt)),
        ("duplicate", percent(*duplicate)),
        ("jitter", show_jitter(jitter)),
        (
            "reorder",
            match reorder {
                None => "none".into(),
                Some(ReorderPlan::Random(probability)) => percent(*probability),
                Some(ReorderPlan::Every(n)) => format!("every {n}"),
            },
        ),
    ]);
    let bounds = [
        delay_limit
            .packets
            .map(|packets| format!("packets {packets}")),
        delay_limit
            .bytes
            .map(|bytes| format!("bytes {}", show_size(bytes))),
    ];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    list.push((
        "delay-limit",
        match bounds.is_empty() {
            true => "none".into(),
            false => bounds.join(" "),
        },
    ));
    list.push(("whole-time", show_time(*whole_time)));
    list
}

fn show_queue(queue: &QueuePlan) -> String {
    let mut parts = vec![queue.discipline.name().to_owned()];
    match &queue.discipline {
        DisciplinePlan::Fifo | DisciplinePlan::Device => {}
        DisciplinePlan::Wfq {
            flows,
            weights,
            matches,
        } => {
            parts.push(format!("flows {flows}"));
            let list: Vec<String> = weights
                .iter()
                .map(|class| format!("{}:{}", dscp::show(class.dscp), class.weight))
                .collect();
            if !list.is_empty() {
                parts.push(format!("weights {}", list.join(",")));
            }
            parts.extend(matches.iter().map(|class| format!("match {class}")));
        }
        DisciplinePlan::Drr { flows, quantum } => {
            parts.push(format!("flows {flows} quantum {quantum}B"));
        }
        DisciplinePlan::Red {
            min,
            max,
            probability,
            weight,
            gentle,
        } => parts.push(format!(
            "min {} max {} probability {} weight {weight} gentle {}",
            show_size(*min),
            show_size(*max),
            percent(*probability),
            on_off(*gentle)
        )),
        DisciplinePlan::Codel {
            target,
            interval,
            floor,
        } => parts.push(show_codel(*target, *interval, *floor)),
        DisciplinePlan::Pie {
            target,
            interval,
            alpha,
            beta,
        } => parts.push(format!(
            "target {} interval {} alpha {alpha} beta {beta}",
            show_time(*target),
            show_time(*interval)
        )),
        DisciplinePlan::FqCodel {
            flows,
            quantum,
            target,
            interval,
            floor,
        } => {
            parts.push(format!("flows {flows} quantum {quantum}B"));
            parts.push(show_codel(*target, *interval, *floor));
        }
    }
    parts.extend(queue.packets.map(|packets| format!("packets {packets}")));
    parts.extend(
        queue
            .bytes
            .map(|bytes| format!("bytes {}", show_size(bytes))),
    );
    parts.extend(queue.time.map(|time| format!("time {}", show_time(time))));
    parts.extend(queue.drop.map(|drop| format!("drop {}", drop.name())));
    parts.extend(queue.ecn.then(|| "ecn on".to_owned()));
    parts.join(" ")
}

fn show_codel(target: u64, interval: u64, floor: u32) -> String {
    let (target, interval) = (show_time(target), show_time(interval));
    format!("target {target} interval {interval} floor {floor}B")
}

fn on_off(on: bool) -> &'static str {
    match on {
        true => "on",
        false => "off",
    }
}

fn show_pattern(pattern: &PatternPlan) -> String {
    let mut parts = Vec::new();
    if pattern.period > 0 {
        parts.push(format!("period {}", pattern.period));
    }
    let drops = pattern
        .rules
        .iter()
        .filter(|rule| rule.action == RuleAction::Drop);
    let drops: Vec<String> = drops.map(|rule| rule.frame.to_string()).collect();
    if !drops.is_empty() {
        parts.push(format!("frames {}", drops.join(",")));
    }
    for rule in &pattern.rules {
        match rule.action {
            RuleAction::Drop => {}
            RuleAction::Flip(bit) => parts.push(format!("flip {}:{bit}", rule.frame)),
            RuleAction::Delay(time) => {
                parts.push(format!("delay {}:{}", rule.frame, show_time(time)));
            }
        }
    }
    parts.join(" ")
}

fn show_jitter(jitter: &JitterPlan) -> String {
    if jitter.is_default() {
        return "none".into();
    }
    let mut parts = vec![show_time(jitter.amount)];
    match jitter.distribution {
        Distribution::Table if jitter.table.is_empty() => parts.push("distribution table".into()),
        Distribution::Table => parts.push(format!("table of {} quantiles", jitter.table.len())),
        other => parts.push(format!("distribution {}", other.name())),
    }
    parts.push(format!("correlation {}", percent(jitter.correlation)));
    parts.push(format!("order {}", jitter.order.name()));
    parts.join(" ")
}
