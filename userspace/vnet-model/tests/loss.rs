// SPDX-License-Identifier: GPL-2.0

//! Chains and patterns: long-run shares, run lengths and scripts.

mod common;

use common::stats;
use proptest::prelude::*;
use vnet_model::{
    loss::{FourStateState, GilbertElliottState},
    Action, Effect, FourState, GilbertElliott, Pattern, Probability, Rule, Source, Subject,
};

const N: u64 = 10_000_000;

fn p(value: f64) -> Probability {
    Probability::new((value * 1e19) as u64).expect("a probability")
}

fn draws(effect: Effect, number: u64) -> [u64; 2] {
    let source = Source {
        seed: 77,
        direction: 1,
    };
    source.draw(
        effect,
        Subject {
            number,
            copy: false,
        },
    )
}

fn gilbert_elliott(model: GilbertElliott) -> Vec<bool> {
    let chances = model.prepare();
    let mut state = GilbertElliottState::default();
    (0..N)
        .map(|n| state.loses(&chances, draws(Effect::LossGilbertElliott, n)))
        .collect()
}

fn count(coins: &[bool]) -> u64 {
    coins.iter().filter(|coin| **coin).count() as u64
}

/// Loses all in the bad state and nothing in the good one: runs are the sojourns in the states.
#[test]
fn sojourns_of_the_simple_gilbert_model() {
    let (to_bad, to_good) = (0.01, 0.25);
    let coins = gilbert_elliott(GilbertElliott {
        p: p(to_bad),
        r: p(to_good),
        h: Probability::ZERO,
        k: Probability::ONE,
    });
    stats::geometric_runs(&coins, true, 1.0 - to_good);
    stats::geometric_runs(&coins, false, 1.0 - to_bad);
    // Frames are correlated by 1 - p - r, so there are less than N independent ones.
    let memory = 1.0 - to_bad - to_good;
    let effective = N as f64 * (1.0 - memory) / (1.0 + memory);
    let share = count(&coins) as f64 / N as f64;
    let hits = (share * effective).round() as u64;
    stats::binomial(effective as u64, to_bad / (to_bad + to_good), hits);
}

#[test]
fn losses_in_both_states() {
    let (to_bad, to_good, h, k) = (0.02, 0.1, 0.3, 0.99);
    let coins = gilbert_elliott(GilbertElliott {
        p: p(to_bad),
        r: p(to_good),
        h: p(h),
        k: p(k),
    });
    let bad = to_bad / (to_bad + to_good);
    let loss = bad * (1.0 - h) + (1.0 - bad) * (1.0 - k);
    let memory = 1.0 - to_bad - to_good;
    let effective = N as f64 * (1.0 - memory) / (1.0 + memory);
    let hits = (count(&coins) as f64 / N as f64 * effective).round() as u64;
    stats::binomial(effective as u64, loss, hits);
}

#[test]
fn certain_steps() {
    // Alternates: good, bad, good ...; loses the bad ones.
    let chances = GilbertElliott {
        p: Probability::ONE,
        r: Probability::ONE,
        h: Probability::ZERO,
        k: Probability::ONE,
    }
    .prepare();
    let mut state = GilbertElliottState::default();
    for frame in 0..100 {
        assert_eq!(state.loses(&chances, [u64::MAX; 2]), frame % 2 == 1);
    }
}

#[test]
fn four_states() {
    let model = FourState {
        p13: p(0.02),
        p31: p(0.2),
        p32: p(0.3),
        p23: p(0.4),
        p14: p(0.01),
    };
    let chances = model.prepare().expect("consistent");
    let mut state = FourStateState::default();
    // Counts of the steps between states, as a Markov chain has them.
    let mut steps = [[0u64; 4]; 4];
    let place = |state: &FourStateState| match state {
        FourStateState::Gap => 0,
        FourStateState::Received => 1,
        FourStateState::Burst => 2,
        FourStateState::Alone => 3,
    };
    let mut lost = 0;
    for n in 0..N {
        let from = place(&state);
        let loses = state.loses(&chances, draws(Effect::LossFourState, n)[0]);
        assert_eq!(loses, place(&state) >= 2);
        lost += u64::from(loses);
        steps[from][place(&state)] += 1;
    }
    let exact = [
        [0.97, 0.0, 0.02, 0.01],
        [0.0, 0.6, 0.4, 0.0],
        [0.2, 0.3, 0.5, 0.0],
        [1.0, 0.0, 0.0, 0.0],
    ];
    for (steps, exact) in steps.iter().zip(&exact) {
        let from: u64 = steps.iter().sum();
        for (count, exact) in steps.iter().zip(exact) {
            match *exact {
                0.0 => assert_eq!(*count, 0),
                1.0 => assert_eq!(*count, from),
                exact => stats::binomial(from, exact, *count),
            }
        }
    }
    // In the long run: gap a, received b, burst c, alone d.
    let c = 1.0;
    let a = c * 0.2 / 0.02;
    let (b, d) = (c * 0.3 / 0.4, a * 0.01);
    let loss = (c + d) / (a + b + c + d);
    let share = lost as f64 / N as f64;
    assert!((share - loss).abs() < 0.002, "{share} for {loss}");
}

#[test]
fn four_states_must_be_consistent() {
    let mut model = FourState {
        p13: p(0.5),
        p31: Probability::ONE,
        p32: Probability::ZERO,
        p23: Probability::ONE,
        p14: p(0.5),
    };
    assert!(model.prepare().is_some());
    model.p14 = p(0.51);
    assert!(model.prepare().is_none());
}

fn rule(frame: u64, action: Action) -> Rule {
    Rule { frame, action }
}

#[test]
fn patterns() {
    let once = Pattern { period: 0 };
    let rules = [
        rule(7, Action::Drop),
        rule(9, Action::Flip(3)),
        rule(9, Action::Delay(5)),
        rule(1 << 40, Action::Drop),
    ];
    assert_eq!(once.check(&rules), Ok(()));
    let prepared = once.prepare();
    assert_eq!(prepared.rules(0, &rules), []);
    assert_eq!(prepared.rules(6, &rules), &rules[0..1]);
    assert_eq!(prepared.rules(8, &rules), &rules[1..3]);
    assert_eq!(prepared.rules((1 << 40) - 1, &rules), &rules[3..]);
    assert_eq!(prepared.rules(u64::MAX, &rules), []);
    assert_eq!(prepared.rules(6, &[]), []);

    let hundredth = Pattern { period: 100 };
    let rules = [rule(100, Action::Drop)];
    assert_eq!(hundredth.check(&rules), Ok(()));
    let dropped: Vec<u64> = (0..1000)
        .filter(|index| !hundredth.prepare().rules(*index, &rules).is_empty())
        .collect();
    assert_eq!(dropped, [99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
}

#[test]
fn wrong_patterns_are_refused() {
    let drop = |frame| rule(frame, Action::Drop);
    let flip = |frame| rule(frame, Action::Flip(0));
    let index = |period, rules: &[Rule]| Pattern { period }.check(rules).map_err(|e| e.index);
    assert_eq!(index(0, &[]), Ok(()));
    assert_eq!(index(0, &[drop(0)]), Err(0));
    assert_eq!(index(0, &[drop(2), drop(1)]), Err(1));
    assert_eq!(index(10, &[drop(10), drop(11)]), Err(1));
    assert_eq!(index(0, &[rule(1, Action::Delay(100_000_000_001))]), Err(0));
    assert_eq!(index(0, &[flip(1), flip(1), flip(1), flip(2)]), Ok(()));
    assert_eq!(index(0, &[flip(1), flip(1), flip(1), flip(1)]), Err(3));
}

proptest! {
    /// The search finds what a look at each rule finds.
    #[test]
    fn rules_are_found(
        period in 0u64..40,
        mut frames in prop::collection::vec(1u64..40, 0..20),
        index in 0u64..200,
    ) {
        frames.sort_unstable();
        let rules: Vec<Rule> = frames.iter().map(|frame| rule(*frame, Action::Drop)).collect();
        let frame = 1 + if period == 0 { index } else { index % period };
        let expected = frames.iter().filter(|number| **number == frame).count();
        prop_assert_eq!(Pattern { period }.prepare().rules(index, &rules).len(), expected);
    }
}
