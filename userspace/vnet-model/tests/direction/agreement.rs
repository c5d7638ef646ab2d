// SPDX-License-Identifier: GPL-2.0

//! Whatever is done to a direction, and whenever it is polled, it does what the reference does.

use std::collections::BTreeMap;

use crate::{
    common::{
        compiled, direction, keep_log,
        reference::{Item, Reference},
        TestDirection, TestFrame,
    },
    MS, S,
};
use proptest::prelude::*;
use vnet_model::{Admission, Cause, Frame, FrameQueue, LineLimit, Params, QueueLimit, Tally};

/// What a caller can do to a direction.
#[derive(Clone, Debug)]
enum Step {
    Send {
        frames: u32,
        bytes: u32,
        sender: bool,
    },
    Change(Params),
    Cut,
    /// Advance and pop, or only look.
    Poll {
        pop: bool,
    },
    Snapshot,
}

fn any_rate() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(100)),
        1 => Just(Some(400_000_000_000)),
        2 => (100u64..100_000).prop_map(Some),
        3 => (100_000u64..10_000_000_000).prop_map(Some),
        2 => (10_000_000_000u64..=400_000_000_000).prop_map(Some),
    ]
}

fn any_params() -> impl Strategy<Value = Params> {
    (
        any_rate(),
        prop_oneof![Just(24u32), Just(0), 0u32..=1000],
        prop_oneof![Just(0u64), 0u64..5_000, 0u64..10 * MS, Just(100 * S)],
        (
            prop::option::of(0u32..40),
            prop::option::of(0u64..100_000),
            prop::option::of(0u64..10 * MS),
        ),
        (prop::option::of(1u32..40), prop::option::of(1u64..100_000)),
    )
        .prop_map(|(rate, overhead, delay, queue, line)| Params {
            rate,
            overhead,
            delay,
            queue: QueueLimit {
                packets: queue.0,
                bytes: queue.1,
                time: queue.2,
            },
            line: LineLimit {
                packets: line.0,
                bytes: line.1,
            },
            ..Params::default()
        })
}

/// Half of the time nothing but what is on the way from before makes a frame wait.
fn instant_or_any_params() -> impl Strategy<Value = Params> {
    prop_oneof![Just(Params::default()), any_params()]
}

fn step_with(params: impl Strategy<Value = Params> + 'static) -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (prop_oneof![8 => Just(1u32), 1 => 2u32..45], 1u32..1600, any::<bool>())
            .prop_map(|(frames, bytes, sender)| Step::Send { frames, bytes: bytes * frames, sender }),
        1 => Just(Step::Send { frames: 1, bytes: 65_535, sender: false }),
        2 => params.prop_map(Step::Change),
        1 => Just(Step::Cut),
        4 => any::<bool>().prop_map(|pop| Step::Poll { pop }),
        1 => Just(Step::Snapshot),
    ]
}

/// A step and how long after the previous one it happens.
fn any_steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    steps_with(any_params())
}

/// The same with changes to such parameters.
fn steps_with(
    params: impl Strategy<Value = Params> + 'static,
) -> impl Strategy<Value = Vec<(u64, Step)>> {
    let gap = prop_oneof![4 => Just(0u64), 4 => 0u64..3_000, 2 => 0u64..2 * MS, 1 => 0u64..20 * S];
    prop::collection::vec((gap, step_with(params)), 1..250)
}

/// What a run of the model gave.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Frame and its due time, in the order of delivery.
    delivered: Vec<(u64, u64)>,
    dropped: BTreeMap<u64, Cause>,
}

struct Driver {
    direction: TestDirection,
    /// Whether frames cross where the direction is instant.
    crosses: bool,
    outcome: Outcome,
    /// What the counters should say.
    drops: BTreeMap<&'static str, Tally>,
    sizes: BTreeMap<u64, (u64, u64)>,
}

impl Driver {
    fn new(params: Params) -> Self {
        Self {
            direction: direction(params),
            crosses: false,
            outcome: Outcome::default(),
            drops: BTreeMap::new(),
            sizes: BTreeMap::new(),
        }
    }

    fn poll(&mut self, now: u64) {
        self.direction.advance(now);
        while let Some(frame) = self.direction.pop_due(now) {
            assert_eq!(frame.released, 1);
            assert!(frame.stamp().due <= now);
            self.outcome.delivered.push((frame.id, frame.stamp().due));
        }
    }

    fn step(&mut self, now: u64, id: u64, step: &Step) {
        match step {
            Step::Send {
                frames,
                bytes,
                sender,
            } => {
                self.sizes.insert(id, ((*frames).into(), (*bytes).into()));
                let mut frame = TestFrame::whole(id, *frames, *bytes);
                frame.sender = *sender;
                if self.crosses {
                    self.direction.advance(now);
                    self.settle();
                    if self.direction.is_instant() {
                        return self.direction.cross(frame);
                    }
                }
                let verdict = self.direction.enqueue(now, frame);
                let discarded = self.discarded();
                match verdict {
                    Admission::Dropped(cause) => self.note(id, cause),
                    // What was discarded on the way was so by the delay line's limit.
                    Admission::Accepted => {
                        for id in discarded {
                            self.note(id, Cause::DelayLimit);
                        }
                        return;
                    }
                }
                for other in discarded {
                    if other != id {
                        self.note(other, Cause::DelayLimit);
                    }
                }
            }
            Step::Change(params) => {
                self.direction.set_params(now, compiled(*params));
                self.settle();
            }
            Step::Cut => {
                self.direction.advance(now);
                self.settle();
                self.direction.cut(now, Cause::LinkDown);
                for id in self.discarded() {
                    self.note(id, Cause::LinkDown);
                }
            }
            Step::Poll { pop: true } => {
                self.poll(now);
                self.settle();
            }
            Step::Poll { pop: false } => self.direction.advance(now),
            Step::Snapshot => assert!(self.direction.snapshot(now).balanced()),
        }
    }

    fn settle(&mut self) {
        for id in self.discarded() {
            self.note(id, Cause::DelayLimit);
        }
    }

    fn discarded(&mut self) -> Vec<u64> {
        let mut frames = self.direction.take_discarded();
        std::iter::from_fn(|| frames.pop_front())
            .map(|frame| frame.id)
            .collect()
    }

    fn note(&mut self, id: u64, cause: Cause) {
        assert_eq!(self.outcome.dropped.insert(id, cause), None, "dropped once");
        let (frames, bytes) = self.sizes[&id];
        let tally = self.drops.entry(cause.name()).or_default();
        tally.frames += frames;
        tally.bytes += bytes;
    }

    fn finish(mut self, mut now: u64) -> Outcome {
        while let Some(at) = self.direction.next_event() {
            now = now.max(at);
            self.poll(now);
        }
        self.settle();
        let snapshot = self.direction.snapshot(now);
        assert!(snapshot.balanced());
        assert_eq!(snapshot.on_link(), Tally::default());
        for cause in Cause::ALL {
            let expected = self.drops.get(cause.name()).copied().unwrap_or_default();
            assert_eq!(
                snapshot.counters.drops(*cause),
                expected,
                "{}",
                cause.name()
            );
        }
        let sent: u64 = self.sizes.values().map(|(frames, _)| frames).sum();
        assert_eq!(snapshot.counters.sent.frames, sent);
        self.outcome
    }
}

fn run_reference(params: Params, steps: &[(u64, Step)]) -> Outcome {
    let mut reference = Reference::new(params);
    let mut now = 1_000;
    for (id, (gap, step)) in (0u64..).zip(steps) {
        now += gap;
        match step {
            Step::Send { frames, bytes, .. } => reference.arrive(
                now,
                Item {
                    id,
                    frames: (*frames).into(),
                    bytes: (*bytes).into(),
                },
            ),
            Step::Change(params) => reference.change(now, *params),
            Step::Cut => reference.cut(now, Cause::LinkDown),
            Step::Poll { .. } | Step::Snapshot => {}
        }
    }
    reference.finish();
    Outcome {
        delivered: reference
            .landed
            .iter()
            .map(|(item, due)| (item.id, *due))
            .collect(),
        dropped: reference.dropped.iter().copied().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The model and the reference agree on the due time of each frame and the cause of each drop,
    /// whenever the model is polled.
    #[test]
    fn agrees_with_reference(params in any_params(), steps in any_steps()) {
        let mut driver = Driver::new(params);
        let mut now = 1_000;
        for (id, (gap, step)) in (0u64..).zip(&steps) {
            now += gap;
            driver.step(now, id, step);
        }
        prop_assert_eq!(driver.finish(now), run_reference(params, &steps));
    }

    /// Nor does it matter whether frames that need no time cross or are enqueued.
    #[test]
    fn crossing_is_enqueueing(
        params in instant_or_any_params(),
        steps in steps_with(instant_or_any_params()),
    ) {
        // One that keeps a log has to know the time.
        keep_log(false);
        let mut driver = Driver::new(params);
        driver.crosses = true;
        let mut now = 1_000;
        for (id, (gap, step)) in (0u64..).zip(&steps) {
            now += gap;
            driver.step(now, id, step);
        }
        prop_assert_eq!(driver.finish(now), run_reference(params, &steps));
    }

    /// A caller who serves every event in time, and who looks when nothing happens, changes nothing.
    #[test]
    fn polls_decide_nothing(params in any_params(), steps in any_steps(), extra in 1u64..10_000) {
        let mut punctual = Driver::new(params);
        let mut now = 1_000;
        for (id, (gap, step)) in (0u64..).zip(&steps) {
            let next = now + gap;
            let mut looks = 0;
            while let Some(at) = punctual.direction.next_event() {
                // At 100 bit/s a gap of 20 s would be looked at for ever.
                if at >= next || looks > 50 {
                    break;
                }
                now = now.max(at) + if looks % 3 == 0 { extra } else { 0 };
                now = now.min(next);
                punctual.poll(now);
                punctual.settle();
                looks += 1;
            }
            now = next;
            punctual.step(now, id, step);
        }
        prop_assert_eq!(punctual.finish(now), run_reference(params, &steps));
    }
}
