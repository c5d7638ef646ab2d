// SPDX-License-Identifier: GPL-2.0

//! Losses of all kinds, beside each other and beside other effects.

use std::collections::BTreeSet;

use crate::{
    common::{drain, TestFrame},
    effects, full, jitter, of, p, params, run, source, MS,
};
use vnet_model::{
    Cause, Distribution, Effects, FourState, GilbertElliott, Order, Probability, Reorder, Source,
};

#[test]
fn lost_frames_use_the_wire() {
    let mut direction = full(
        params(),
        Effects {
            loss: p(0.5),
            ..effects()
        },
    );
    for id in 0..1000 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    let arrived = drain(&mut direction);
    assert!((400..600).contains(&arrived.len()));
    for (id, at) in arrived {
        assert_eq!(at, (id + 1) * 8_000 + 10 * MS);
    }
}

/// Each loss hits the frames that it hits alone, whatever else is set; the first in order is
/// counted.
#[test]
fn effects_do_not_change_each_other() {
    const N: u64 = 20_000;
    let ber = Effects {
        ber: p(1e-5),
        ..effects()
    };
    let random = Effects {
        loss: p(0.05),
        ..effects()
    };
    let gilbert = Effects {
        gilbert_elliott: Some(GilbertElliott {
            p: p(0.01),
            r: p(0.3),
            h: p(0.2),
            k: Probability::ONE,
        }),
        ..effects()
    };
    let four = Effects {
        four_state: Some(FourState {
            p13: p(0.01),
            p31: p(0.3),
            p32: p(0.1),
            p23: p(0.5),
            p14: p(0.01),
        }),
        ..effects()
    };
    let alone = |effects: Effects, cause| {
        let (arrived, dropped) = run(&mut full(params(), effects), N);
        let lost = of(&dropped, cause);
        assert_eq!(arrived.len() + lost.len(), N as usize);
        assert!(lost.len() > 100);
        lost
    };
    let causes = [
        (Cause::Ber, alone(ber, Cause::Ber)),
        (Cause::LossRandom, alone(random, Cause::LossRandom)),
        (
            Cause::LossGilbertElliott,
            alone(gilbert, Cause::LossGilbertElliott),
        ),
        (Cause::LossFourState, alone(four, Cause::LossFourState)),
    ];
    let all = Effects {
        ber: ber.ber,
        loss: random.loss,
        gilbert_elliott: gilbert.gilbert_elliott,
        four_state: four.four_state,
        corrupt: p(0.1),
        jitter: jitter(MS, Distribution::Normal, Order::Free),
        reorder: Some(Reorder::Random(p(0.1))),
        ..effects()
    };
    let (arrived, dropped) = run(&mut full(params(), all), N);
    let mut before = BTreeSet::new();
    for (cause, alone) in &causes {
        let expected: BTreeSet<u64> = alone.difference(&before).copied().collect();
        assert_eq!(of(&dropped, *cause), expected, "{}", cause.name());
        before.extend(alone);
    }
    assert_eq!(arrived.len() + before.len(), N as usize);
}

#[test]
fn seeds_and_directions_differ() {
    let lost = |source| {
        let effects = Effects {
            loss: p(0.1),
            source,
            ..effects()
        };
        of(
            &run(&mut full(params(), effects), 2000).1,
            Cause::LossRandom,
        )
    };
    let base = lost(source());
    assert_eq!(base, lost(source()));
    assert_ne!(
        base,
        lost(Source {
            direction: 0,
            ..source()
        })
    );
    assert_ne!(
        base,
        lost(Source {
            seed: 1,
            ..source()
        })
    );
}
