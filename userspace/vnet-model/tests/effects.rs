// SPDX-License-Identifier: GPL-2.0

//! Effects on a direction: that each does what it says, on its own and beside the others.

mod common;

use std::collections::BTreeSet;

use common::{
    compiled, drain, drain_frames, stats, take_log, with_effects, Fifo, FullDirection, TestFrame,
    TestMemory,
};
use vnet_model::{
    jitter::JitterState, Action, Bare, Cause, Direction, Distribution, Effect, EffectField,
    Effects, FourState, Frame, GilbertElliott, Jitter, Order, Outcome, Params, Pattern,
    Probability, Reorder, Rule, Source, Subject,
};

const MS: u64 = 1_000_000;

fn p(value: f64) -> Probability {
    Probability::new((value * 1e19) as u64).expect("a probability")
}

fn source() -> Source {
    Source {
        seed: 0x1234_5678_9abc_def0,
        direction: 1,
    }
}

/// 1000 bytes on the wire take 8 us at 1 Gbit/s; 10 ms delay.
fn params() -> Params {
    Params {
        rate: Some(1_000_000_000),
        overhead: 0,
        delay: 10 * MS,
        ..Params::default()
    }
}

fn effects() -> Effects {
    Effects {
        source: source(),
        ..Effects::default()
    }
}

fn full(params: Params, effects: Effects) -> FullDirection {
    Direction::with_memory(with_effects(params, effects), TestMemory::default())
}

fn jitter(amount: u64, distribution: Distribution, order: Order) -> Option<Jitter> {
    Some(Jitter {
        amount,
        distribution,
        correlation: Probability::ZERO,
        order,
    })
}

/// Dropped frames.
type Lost = Vec<(u64, Cause)>;

/// Sends `n` frames of 1000 bytes, one every 20 us, and returns what arrived and what was dropped.
fn run(direction: &mut FullDirection, n: u64) -> (Vec<(TestFrame, u64)>, Lost) {
    take_log();
    let mut arrived = Vec::new();
    for id in 0..n {
        let now = id * 20_000;
        direction.enqueue(now, TestFrame::new(id, 1000));
        while let Some(frame) = direction.pop_due(now) {
            let due = frame.stamp().due;
            arrived.push((frame, due));
        }
    }
    arrived.extend(drain_frames(direction));
    let dropped = take_log()
        .into_iter()
        .filter_map(|decision| match decision.outcome {
            Outcome::Dropped(cause) => Some((decision.number, cause)),
            Outcome::Due(_) => None,
        })
        .collect();
    assert!(direction.snapshot(u64::MAX).balanced());
    direction.take_discarded();
    (arrived, dropped)
}

fn of(dropped: &[(u64, Cause)], cause: Cause) -> BTreeSet<u64> {
    dropped
        .iter()
        .filter(|(_, because)| *because == cause)
        .map(|(number, _)| *number)
        .collect()
}

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

#[test]
fn copies_take_their_own_time() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    for id in 0..3 {
        direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
    }
    let snapshot = direction.snapshot(0);
    assert_eq!(snapshot.queued.frames, 4);
    let arrived = drain_frames(&mut direction);
    let order: Vec<_> = arrived
        .iter()
        .map(|(frame, at)| (frame.id, frame.stamp().is_copy(), at - 10 * MS))
        .collect();
    let expected = [
        (0, false, 8_000),
        (0, true, 16_000),
        (1, false, 24_000),
        (1, true, 32_000),
        (2, false, 40_000),
        (2, true, 48_000),
    ];
    assert_eq!(order, expected);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.duplicated.frames, 3);
    assert_eq!(snapshot.counters.delivered.frames, 6);
}

#[test]
fn copies_without_a_rate() {
    let effects = Effects {
        duplicate: Probability::ONE,
        ..effects()
    };
    let mut direction = full(Params::default(), effects);
    direction.enqueue(5, TestFrame::new(0, 1000));
    direction.enqueue(5, TestFrame::new(1, 1000));
    assert_eq!(drain(&mut direction), [(0, 5), (0, 5), (1, 5), (1, 5)]);
    assert!(direction.snapshot(5).balanced());
}

#[test]
fn copies_are_drawn_and_share_nothing() {
    const N: u64 = 50_000;
    let effects = Effects {
        duplicate: p(0.2),
        loss: p(0.1),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, dropped) = run(&mut direction, N);
    let counters = direction.snapshot(u64::MAX).counters;
    stats::binomial(N, 0.2, counters.duplicated.frames);
    let total = N + counters.duplicated.frames;
    stats::binomial(total, 0.1, dropped.len() as u64);
    // A copy's fate is not its original's: both of a pair are lost in one of 100.
    let copies: Vec<u64> = arrived
        .iter()
        .filter(|(frame, _)| frame.stamp().is_copy())
        .map(|(frame, _)| frame.id)
        .collect();
    let originals: BTreeSet<u64> = arrived
        .iter()
        .filter(|(frame, _)| !frame.stamp().is_copy())
        .map(|(frame, _)| frame.id)
        .collect();
    let alone = copies.iter().filter(|id| !originals.contains(id)).count() as u64;
    stats::binomial(copies.len() as u64, 0.1, alone);
}

#[test]
fn copies_that_cannot_be_made_are_counted() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    let mut frame = TestFrame::new(0, 1000);
    frame.poor = true;
    direction.enqueue(0, frame);
    assert_eq!(drain(&mut direction).len(), 1);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.copies_failed, 1);
    assert_eq!(snapshot.counters.duplicated.frames, 0);
}

#[test]
fn copies_are_purged_with_the_rest() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    for id in 0..5 {
        direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
    }
    direction.advance(30_000);
    direction.purge(Cause::Removed);
    let snapshot = direction.snapshot(30_000);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.on_link().frames, 0);
    assert_eq!(snapshot.counters.duplicated.frames, 2);
    assert_eq!(snapshot.counters.drops(Cause::Removed).frames, 7);
    assert_eq!(direction.next_event(), None);
}

#[test]
fn corruption_flips_one_bit_anywhere() {
    const N: u64 = 100_000;
    let effects = Effects {
        corrupt: p(0.3),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, dropped) = run(&mut direction, N);
    assert!(dropped.is_empty());
    let mut places = vec![0u64; 80];
    let mut hits = 0;
    for (frame, _) in &arrived {
        assert!(frame.flips.len() <= 1);
        for bit in &frame.flips {
            places[*bit as usize / 100] += 1;
            hits += 1;
        }
    }
    stats::binomial(N, 0.3, hits);
    stats::chi_square(&places, &[hits as f64 / 80.0; 80]);
    assert_eq!(direction.snapshot(u64::MAX).counters.corrupted.frames, hits);
}

#[test]
fn corruption_without_memory_drops() {
    let mut direction = full(
        params(),
        Effects {
            corrupt: Probability::ONE,
            ..effects()
        },
    );
    let mut frame = TestFrame::new(0, 1000).with_sender();
    frame.poor = true;
    direction.enqueue(0, frame);
    assert_eq!(drain(&mut direction), []);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.drops(Cause::NoMemory).frames, 1);
    assert_eq!(direction.next_event(), None);
}

/// The deviation that a frame draws.
fn deviation(jitter: &Jitter, state: &mut JitterState, number: u64) -> i64 {
    let subject = Subject {
        number,
        copy: false,
    };
    let draw = source().draw(Effect::Jitter, subject)[0];
    state.deviation(&jitter.prepare(), draw, &[])
}

#[test]
fn free_jitter_is_exact_and_reorders() {
    let set = jitter(2 * MS, Distribution::Normal, Order::Free);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    assert!(arrived.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    let mut state = JitterState::default();
    let expected: Vec<u64> = (0..20_000)
        .map(|id| {
            let end = id * 20_000 + 8_000;
            let deviation = deviation(&set.expect("set"), &mut state, id);
            end + (10 * MS).saturating_add_signed(deviation)
        })
        .collect();
    let mut overtaken = 0;
    let mut latest = 0;
    for (frame, at) in &arrived {
        assert_eq!(*at, expected[frame.id as usize]);
        overtaken += u64::from(frame.id < latest);
        latest = latest.max(frame.id);
    }
    assert!(overtaken > 1000);
    // One that overtakes several counts once.
    let mut late_end = 0;
    let mut overtakes = 0;
    for due in &expected {
        overtakes += u64::from(*due < late_end);
        late_end = late_end.max(*due);
    }
    let counters = direction.snapshot(u64::MAX).counters;
    assert_eq!(counters.reordered.frames, overtakes);
}

/// Frames that are due at the same time leave in the order in which they left the wire.
#[test]
fn ties_keep_their_order() {
    let params = Params {
        rate: Some(400_000_000_000),
        overhead: 0,
        delay: 1000,
        ..Params::default()
    };
    let set = jitter(20, Distribution::Uniform, Order::Free);
    let mut direction = full(
        params,
        Effects {
            jitter: set,
            ..effects()
        },
    );
    for id in 0..20_000 {
        direction.enqueue(id * 3, TestFrame::new(id, 50));
    }
    let arrived: Vec<(u64, u64)> = drain_frames(&mut direction)
        .into_iter()
        .map(|(frame, _)| (frame.stamp().due, frame.id))
        .collect();
    assert_eq!(arrived.len(), 20_000);
    assert!(arrived.windows(2).all(|pair| pair[0] < pair[1]));
    let ties = arrived
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .count();
    assert!(ties > 1000, "{ties}");
}

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

#[test]
fn ordered_jitter_holds_back() {
    let set = jitter(2 * MS, Distribution::Normal, Order::Keep);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    let mut state = JitterState::default();
    let mut last = 0;
    for (id, (frame, at)) in (0u64..).zip(&arrived) {
        assert_eq!(frame.id, id);
        let end = id * 20_000 + 8_000;
        let deviation = deviation(&set.expect("set"), &mut state, id);
        last = last.max(end + (10 * MS).saturating_add_signed(deviation));
        assert_eq!(*at, last);
    }
    assert_eq!(direction.snapshot(u64::MAX).counters.reordered.frames, 0);
}

#[test]
fn negative_delays_are_cut_and_counted() {
    let set = jitter(10 * MS, Distribution::Normal, Order::Free);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    assert_eq!(arrived.len(), 20_000);
    let cut = direction.snapshot(u64::MAX).counters.delays_cut;
    // Below one standard deviation.
    stats::binomial(20_000, 0.158_655, cut);
}

#[test]
fn every_nth_overtakes() {
    let effects = Effects {
        reorder: Some(Reorder::Every(5)),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, _) = run(&mut direction, 1000);
    for (frame, at) in &arrived {
        let end = frame.id * 20_000 + 8_000;
        let delay = if frame.id % 5 == 4 { 0 } else { 10 * MS };
        assert_eq!(*at, end + delay);
    }
    assert_eq!(direction.snapshot(u64::MAX).counters.reordered.frames, 200);
}

#[test]
fn some_overtake() {
    let effects = Effects {
        reorder: Some(Reorder::Random(p(0.25))),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, _) = run(&mut direction, 20_000);
    let early = arrived
        .iter()
        .filter(|(frame, at)| *at == frame.id * 20_000 + 8_000)
        .count() as u64;
    stats::binomial(20_000, 0.25, early);
}

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
    assert_eq!(
        refused(Effects {
            ber: p(0.51),
            ..effects()
        }),
        EffectField::Ber
    );
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
