// SPDX-License-Identifier: GPL-2.0

//! Patterns: what happens to which frame.

use crate::{
    common::{drain, drain_frames, with_effects, FullDirection, TestFrame, TestMemory},
    effects, full, params, MS,
};
use vnet_model::{Action, Effects, Frame, Params, Pattern, Probability, Rule};

fn rule(frame: u64, action: Action) -> Rule {
    Rule { frame, action }
}

#[test]
fn a_pattern_counts_from_when_it_is_set() {
    let with_pattern = Effects {
        pattern: Some(Pattern { period: 0 }),
        ..effects()
    };
    let memory = || TestMemory {
        rules: vec![
            rule(1, Action::Drop),
            rule(3, Action::Flip(17)),
            rule(3, Action::Flip(8000)),
            rule(4, Action::Delay(5 * MS)),
        ],
        ..TestMemory::default()
    };
    let mut direction = full(params(), effects());
    for id in 0..10 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    // The frames that wait are none of the pattern's.
    let compiled = with_effects(params(), with_pattern);
    direction.set_memory(1, compiled, memory());
    for id in 10..20 {
        direction.enqueue(1, TestFrame::new(id, 1000));
    }
    let arrived = drain_frames(&mut direction);
    let ids: Vec<u64> = arrived.iter().map(|(frame, _)| frame.id).collect();
    let expected: Vec<u64> = (0..20).filter(|id| *id != 10).collect();
    assert_eq!(ids, expected);
    for (frame, at) in &arrived {
        let flips: &[u32] = if frame.id == 12 { &[17] } else { &[] };
        assert_eq!(frame.flips, flips);
        let held_back = if frame.id < 13 { 0 } else { 5 * MS };
        let exact = (frame.id + 1) * 8_000 + 10 * MS;
        // Those behind wait for the delayed one.
        assert_eq!(
            *at,
            exact
                .max(14 * 8_000 + 10 * MS + held_back)
                .min(exact + held_back)
        );
    }
    // Another parameter leaves the count alone; the same rules do, too.
    let changed = Effects {
        loss: Probability::ZERO,
        corrupt: Probability::ZERO,
        ..with_pattern
    };
    direction.set_params(
        100 * MS,
        with_effects(
            Params {
                delay: 1,
                ..params()
            },
            changed,
        ),
    );
    direction.set_memory(100 * MS, compiled, memory());
    direction.enqueue(100 * MS, TestFrame::new(20, 1000));
    assert_eq!(drain(&mut direction).len(), 1);
    // Other rules start afresh.
    let mut other = memory();
    other.rules.pop();
    direction.set_memory(200 * MS, compiled, other);
    direction.enqueue(200 * MS, TestFrame::new(21, 1000));
    assert_eq!(drain(&mut direction).len(), 0);
    assert!(direction.snapshot(u64::MAX).balanced());
}

#[test]
fn a_pattern_leaves_copies_alone() {
    let set = Effects {
        duplicate: Probability::ONE,
        pattern: Some(Pattern { period: 2 }),
        ..effects()
    };
    let memory = TestMemory {
        rules: vec![rule(1, Action::Drop)],
        ..TestMemory::default()
    };
    let mut direction = FullDirection::with_memory(with_effects(params(), set), memory);
    for id in 0..4 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    let ids: Vec<(u64, bool)> = drain_frames(&mut direction)
        .iter()
        .map(|(frame, _)| (frame.id, frame.stamp().is_copy()))
        .collect();
    let expected = [
        (0, true),
        (1, false),
        (1, true),
        (2, true),
        (3, false),
        (3, true),
    ];
    assert_eq!(ids, expected);
}

#[test]
fn queue_drops_count_for_the_pattern() {
    let effects = Effects {
        pattern: Some(Pattern { period: 4 }),
        ..effects()
    };
    let mut params = params();
    params.queue.packets = Some(1);
    let mut direction = FullDirection::with_memory(
        with_effects(params, effects),
        TestMemory {
            rules: vec![rule(1, Action::Drop)],
            ..TestMemory::default()
        },
    );
    // Of each four that come at once, one is on the wire, one waits, two are dropped.
    let mut ids = Vec::new();
    for burst in 0..3 {
        for id in 0..4 {
            direction.enqueue(burst * MS, TestFrame::new(burst * 4 + id, 1000));
        }
    }
    ids.extend(drain(&mut direction).into_iter().map(|(id, _)| id));
    assert_eq!(ids, [1, 5, 9]);
}
