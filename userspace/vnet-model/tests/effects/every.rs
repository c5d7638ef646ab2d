// SPDX-License-Identifier: GPL-2.0

//! What holds for all effects: when they start afresh, chains of directions, other containers, and
//! which settings are none.

use crate::{
    common::{compiled, drain, take_log, with_effects, Fifo, FullDirection, TestFrame, TestMemory},
    deviation, effects, full, jitter, p, params, MS,
};
use vnet_model::{
    jitter::JitterState, Bare, Direction, Distribution, EffectField, Effects, FourState, Frame,
    GilbertElliott, Jitter, Order, Outcome, Params, Probability, Reorder,
};

/// Directions in a row are exact, too: what one delivers enters the next when it was due.
#[test]
fn directions_can_be_chained() {
    let mut first = full(params(), effects());
    let set = jitter(MS, Distribution::Normal, Order::Free);
    let next = Params {
        rate: None,
        delay: 5 * MS,
        ..params()
    };
    let mut second = full(
        next,
        Effects {
            jitter: set,
            loss: p(0.1),
            ..effects()
        },
    );
    let mut arrived = Vec::new();
    let mut now = 0;
    for step in 0..600 {
        // Polled now and then, the first before the second.
        for id in step * 10..step * 10 + 10 {
            if id < 4000 {
                first.enqueue(now, TestFrame::new(id, 1000));
            }
        }
        now += 100_000 + step * 317 % 90_000;
        first.advance(now);
        while let Some(frame) = first.pop_due(now) {
            let (id, due) = (frame.id, frame.stamp().due);
            second.enqueue(due, TestFrame::new(id, 1000));
        }
        second.advance(now);
        while let Some(frame) = second.pop_due(now) {
            let due = frame.stamp().due;
            arrived.push((frame.id, frame.stamp().enqueued, due));
        }
    }
    let mut state = JitterState::default();
    let deviations: Vec<i64> = (0..4000)
        .map(|id| deviation(&set.expect("set"), &mut state, id))
        .collect();
    assert!(arrived.len() > 3000);
    for (id, entered, due) in arrived {
        let delay = (5 * MS).saturating_add_signed(deviations[id as usize]);
        assert_eq!(due, entered + delay);
    }
    let lateness = second.snapshot(now).counters.lateness;
    assert!(lateness.max < 200_000);
    assert_eq!(lateness.histogram.iter().sum::<u64>(), lateness.count);
}

/// Chains go on when something else changes, and start afresh when they are changed themselves.
#[test]
fn changed_effects_start_afresh() {
    let chain = |k| {
        Some(GilbertElliott {
            p: Probability::ONE,
            r: Probability::ZERO,
            h: Probability::ZERO,
            k,
        })
    };
    let gilbert_elliott = chain(Probability::ONE);
    let four = |p23| {
        Some(FourState {
            p13: Probability::ONE,
            p31: Probability::ZERO,
            p32: Probability::ONE,
            p23,
            p14: Probability::ZERO,
        })
    };
    let correlated = |amount| {
        jitter(amount, Distribution::Normal, Order::Keep).map(|jitter| Jitter {
            correlation: p(0.99),
            ..jitter
        })
    };
    let mut direction = full(
        params(),
        Effects {
            gilbert_elliott,
            ..effects()
        },
    );
    let mut id = 0;
    let mut lost = |direction: &mut FullDirection| {
        take_log();
        direction.enqueue(id * 100 * MS, TestFrame::new(id, 1000));
        id += 1;
        drain(direction);
        take_log()
            .iter()
            .any(|decision| matches!(decision.outcome, Outcome::Dropped(_)))
    };
    // Good at first, then bad for ever.
    assert!(!lost(&mut direction));
    assert!(lost(&mut direction));
    let now = |direction: &FullDirection| direction.now();
    let at = now(&direction);
    direction.set_params(
        at,
        with_effects(
            params(),
            Effects {
                gilbert_elliott,
                ber: p(1e-15),
                ..effects()
            },
        ),
    );
    assert!(lost(&mut direction));
    let at = now(&direction);
    let other = Effects {
        gilbert_elliott: chain(p(0.999_999)),
        ..effects()
    };
    direction.set_params(at, with_effects(params(), other));
    assert!(!lost(&mut direction));
    assert!(lost(&mut direction));
    // Lost in a burst, received in a burst, and so on.
    let at = now(&direction);
    direction.set_params(
        at,
        with_effects(
            params(),
            Effects {
                four_state: four(p(0.999_999)),
                ..effects()
            },
        ),
    );
    assert!(lost(&mut direction));
    assert!(!lost(&mut direction));
    assert!(lost(&mut direction));
    let at = now(&direction);
    direction.set_params(
        at,
        with_effects(
            params(),
            Effects {
                four_state: four(p(0.999_998)),
                ..effects()
            },
        ),
    );
    assert!(lost(&mut direction));

    let mut direction = full(
        params(),
        Effects {
            jitter: correlated(MS),
            ..effects()
        },
    );
    let send = |direction: &mut FullDirection, id: u64| {
        direction.enqueue(id * 100 * MS, TestFrame::new(id, 1000));
        drain(direction)[0].1 - id * 100 * MS - 8_000
    };
    let mut state = JitterState::default();
    let expected = |amount, id, state: &mut JitterState| {
        let jitter = correlated(amount).expect("set");
        (10 * MS).saturating_add_signed(deviation(&jitter, state, id))
    };
    for id in 0..5 {
        assert_eq!(send(&mut direction, id), expected(MS, id, &mut state));
    }
    direction.set_params(
        499 * MS,
        with_effects(
            params(),
            Effects {
                jitter: correlated(2 * MS),
                ..effects()
            },
        ),
    );
    let mut state = JitterState::default();
    for id in 5..10 {
        assert_eq!(send(&mut direction, id), expected(2 * MS, id, &mut state));
    }
}

/// The slow container of a direction without tables gives the same order.
#[test]
fn containers_agree() {
    let set = Effects {
        jitter: jitter(3 * MS, Distribution::Pareto, Order::Free),
        reorder: Some(Reorder::Random(p(0.1))),
        duplicate: p(0.1),
        ..effects()
    };
    let compiled = with_effects(params(), set);
    let mut fast: FullDirection = Direction::with_memory(compiled, TestMemory::default());
    let mut slow: Direction<Fifo, Bare<Fifo>> = Direction::new(compiled);
    for id in 0..3000 {
        fast.enqueue(id * 9_000, TestFrame::new(id, 1000));
        slow.enqueue(id * 9_000, TestFrame::new(id, 1000));
    }
    assert_eq!(drain(&mut fast), drain(&mut slow));
}

#[test]
fn nothing_set_is_nothing() {
    let compiled = compiled(Params::default())
        .with_effects(&effects())
        .expect("valid");
    assert!(compiled.is_unshaped());
    assert_eq!(compiled.effects(), None);
    assert!(compiled.keeps_whole(60_000, 40));
    let lossy = with_effects(
        Params::default(),
        Effects {
            loss: p(0.1),
            ..effects()
        },
    );
    assert!(!lossy.is_unshaped());
    assert!(!lossy.keeps_whole(60_000, 40));
    assert!(lossy.keeps_whole(1514, 1));
}

#[test]
fn what_cannot_be_emulated_is_refused() {
    let refused = |effects: Effects| {
        compiled(params())
            .with_effects(&effects)
            .expect_err("refused")
            .field
    };
    for ber in [0.51, 9e-16] {
        assert_eq!(
            refused(Effects {
                ber: p(ber),
                ..effects()
            }),
            EffectField::Ber
        );
    }
    let four_state = FourState {
        p13: p(0.9),
        p31: Probability::ONE,
        p32: Probability::ZERO,
        p23: Probability::ONE,
        p14: p(0.2),
    };
    assert_eq!(
        refused(Effects {
            four_state: Some(four_state),
            ..effects()
        }),
        EffectField::LossFourState
    );
    let uniform = jitter(11 * MS, Distribution::Uniform, Order::Keep);
    assert_eq!(
        refused(Effects {
            jitter: uniform,
            ..effects()
        }),
        EffectField::Jitter
    );
    let long = jitter(100_000 * MS + 1, Distribution::Normal, Order::Keep);
    assert_eq!(
        refused(Effects {
            jitter: long,
            ..effects()
        }),
        EffectField::Jitter
    );
    let constant = Some(Jitter {
        correlation: Probability::ONE,
        ..uniform.expect("set")
    })
    .map(|jitter| Jitter {
        amount: MS,
        ..jitter
    });
    assert_eq!(
        refused(Effects {
            jitter: constant,
            ..effects()
        }),
        EffectField::JitterCorrelation
    );
    for n in [0, 1] {
        let reorder = Some(Reorder::Every(n));
        assert_eq!(
            refused(Effects {
                reorder,
                ..effects()
            }),
            EffectField::Reorder
        );
    }
    let reorder = Some(Reorder::Every(2));
    let error = compiled(Params::default())
        .with_effects(&Effects {
            reorder,
            ..effects()
        })
        .expect_err("refused");
    assert_eq!(error.field, EffectField::Reorder);
}
