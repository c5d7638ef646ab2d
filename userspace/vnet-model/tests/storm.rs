// SPDX-License-Identifier: GPL-2.0

//! Everything at once: random frames, parameters, effects, disciplines and tables, changed in
//! flight. Whatever happens, every frame is accounted for, frames leave when they are due, and it
//! does not matter when the model is polled.

mod common;

use common::{keep_log, take_log, FullDirection, TestFrame, TestMemory};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use vnet_model::{
    Action, Cause, Codel, Compiled, Counters, Decision, Direction, Discipline, Distribution,
    DropFrom, Effects, FourState, Frame, FrameQueue, GilbertElliott, Jitter, LineLimit, Order,
    Params, Pattern, Pie, Probability, QueueLimit, Queueing, Red, Reorder, Rule, Source, Tally,
    Weight,
};

const MS: u64 = 1_000_000;

#[derive(Clone, Debug)]
struct Setting {
    params: Params,
    effects: Effects,
    queueing: Queueing,
}

/// Tables, as the seeds of them.
#[derive(Clone, Debug)]
struct Tables {
    flows: usize,
    weights: Vec<u32>,
    jitter: Vec<i16>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
enum Step {
    Send {
        frames: u32,
        bytes: u32,
        flow: u32,
        class: u8,
        flags: u8,
    },
    Refuse,
    Change(Box<Setting>),
    Hand(Box<Setting>, Tables),
    Cut,
    Purge,
    Poll,
}

fn probability() -> impl Strategy<Value = Probability> {
    let some = |range: std::ops::Range<u64>| {
        range.prop_map(|parts| Probability::new(parts).expect("in range"))
    };
    prop_oneof![
        4 => Just(Probability::ZERO),
        1 => Just(Probability::ONE),
        4 => some(0..Probability::PARTS / 5),
        1 => some(0..Probability::PARTS),
    ]
}

fn params() -> impl Strategy<Value = Params> {
    (
        prop_oneof![
            1 => Just(None),
            4 => (1_000_000u64..1_000_000_000).prop_map(Some),
            1 => (1_000u64..400_000_000_000).prop_map(Some),
        ],
        0u32..100,
        prop_oneof![Just(0u64), 1u64..50 * MS],
        (
            prop::option::of(0u32..50),
            prop::option::of(0u64..100_000),
            prop::option::of(0u64..20 * MS),
        ),
        (prop::option::of(1u32..50), prop::option::of(1u64..100_000)),
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

fn jitter() -> impl Strategy<Value = Jitter> {
    (
        0u64..30 * MS,
        prop_oneof![
            Just(Distribution::Uniform),
            Just(Distribution::Normal),
            Just(Distribution::Pareto),
            Just(Distribution::ParetoNormal),
            Just(Distribution::Table),
        ],
        probability(),
        prop_oneof![Just(Order::Keep), Just(Order::Free)],
    )
        .prop_map(|(amount, distribution, correlation, order)| Jitter {
            amount,
            distribution,
            correlation,
            order,
        })
}

fn effects() -> impl Strategy<Value = Effects> {
    let gilbert = (probability(), probability(), probability(), probability())
        .prop_map(|(p, r, h, k)| GilbertElliott { p, r, h, k });
    let four =
        (probability(), probability(), probability()).prop_map(|(p13, p31, p23)| FourState {
            p13,
            p31,
            p32: p31.complement(),
            p23,
            p14: p13.complement(),
        });
    (
        (any::<u64>(), 0u32..2),
        (probability(), probability(), probability(), probability()),
        prop::option::of(gilbert),
        prop::option::of(four),
        prop::option::of((0u64..30).prop_map(|period| Pattern { period })),
        prop::option::of(jitter()),
        prop::option::of(prop_oneof![
            probability().prop_map(Reorder::Random),
            (2u64..9).prop_map(Reorder::Every),
        ]),
    )
        .prop_map(
            |(source, chances, gilbert_elliott, four_state, pattern, jitter, reorder)| Effects {
                source: Source {
                    seed: source.0,
                    direction: source.1,
                },
                duplicate: chances.0,
                ber: Probability::new(chances.1.parts() / 1000).expect("less"),
                loss: chances.2,
                corrupt: chances.3,
                gilbert_elliott,
                four_state,
                pattern,
                jitter,
                reorder,
            },
        )
}

fn queueing() -> impl Strategy<Value = Queueing> {
    let codel = || {
        (1u64..20 * MS, 1u64..100 * MS, 0u32..3000).prop_map(|(target, interval, floor)| Codel {
            target,
            interval,
            floor,
        })
    };
    let red = (
        1u64..20_000,
        1u64..50_000,
        probability(),
        1u32..10,
        any::<bool>(),
    )
        .prop_map(|(min, more, probability, weight, gentle)| {
            Discipline::Red(Red {
                min,
                max: min + more,
                probability,
                weight,
                gentle,
            })
        });
    let pie = (1u64..20 * MS, MS..20 * MS, 0u32..33, 0u32..33).prop_map(
        |(target, update, alpha, beta)| {
            Discipline::Pie(Pie {
                target,
                update,
                alpha,
                beta,
            })
        },
    );
    let discipline = prop_oneof![
        Just(Discipline::Fifo),
        Just(Discipline::Wfq),
        (64u32..4000).prop_map(|quantum| Discipline::Drr { quantum }),
        red,
        codel().prop_map(Discipline::Codel),
        pie,
        (64u32..4000, codel()).prop_map(|(quantum, codel)| Discipline::FqCodel { quantum, codel }),
        Just(Discipline::Device),
    ];
    let drop = prop_oneof![
        Just(None),
        Just(Some(DropFrom::Head)),
        Just(Some(DropFrom::Tail))
    ];
    (discipline, drop, any::<bool>()).prop_map(|(discipline, drop, ecn)| Queueing {
        discipline,
        drop,
        ecn,
    })
}

fn setting() -> impl Strategy<Value = Setting> {
    let effects = prop_oneof![1 => Just(Effects::default()), 2 => effects()];
    (params(), effects, queueing()).prop_map(|(params, effects, queueing)| Setting {
        params,
        effects,
        queueing,
    })
}

fn tables() -> impl Strategy<Value = Tables> {
    let action = prop_oneof![
        Just(Action::Drop),
        (0u32..20_000).prop_map(Action::Flip),
        (0u64..20 * MS).prop_map(Action::Delay),
    ];
    let rules = prop::collection::vec((1u64..40, action), 0..9);
    (
        prop_oneof![Just(0usize), 1usize..40],
        prop::collection::vec(1u32..20, 0..9),
        prop::collection::vec(any::<i16>(), 0..9),
        rules,
    )
        .prop_map(|(flows, weights, mut jitter, rules)| {
            jitter.sort_unstable();
            let mut rules: Vec<Rule> = rules
                .into_iter()
                .map(|(frame, action)| Rule { frame, action })
                .collect();
            rules.sort_by_key(|rule| rule.frame);
            Tables {
                flows,
                weights,
                jitter,
                rules,
            }
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (
            prop_oneof![8 => Just(1u32), 1 => 2u32..45],
            1u32..1600,
            any::<u32>(),
            0u8..12,
            any::<u8>(),
        )
            .prop_map(|(frames, bytes, flow, class, flags)| Step::Send {
                frames,
                bytes: bytes * frames,
                flow,
                class,
                flags,
            }),
        1 => Just(Step::Refuse),
        2 => setting().prop_map(|setting| Step::Change(Box::new(setting))),
        1 => (setting(), tables()).prop_map(|(setting, tables)| Step::Hand(Box::new(setting), tables)),
        1 => Just(Step::Cut),
        1 => Just(Step::Purge),
        6 => Just(Step::Poll),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let gap = prop_oneof![
        4 => Just(0u64),
        4 => 0u64..20_000,
        3 => 0u64..2 * MS,
        1 => 0u64..300 * MS,
    ];
    prop::collection::vec((gap, step()), 1..300)
}

impl Setting {
    /// What of it can be emulated.
    fn compile(&self) -> Compiled {
        let compiled = self.params.compile().expect("valid parameters");
        let compiled = compiled.with_queueing(&self.queueing).unwrap_or(compiled);
        compiled.with_effects(&self.effects).unwrap_or(compiled)
    }
}

impl Tables {
    fn build(&self, setting: &Setting) -> TestMemory {
        let pattern = setting.effects.pattern.unwrap_or_default();
        let good = pattern.check(&self.rules).is_ok();
        TestMemory {
            weights: self
                .weights
                .iter()
                .map(|weight| Weight::new(*weight).expect("valid"))
                .collect(),
            jitter: self.jitter.clone(),
            rules: if good { self.rules.clone() } else { Vec::new() },
            ..TestMemory::with_flows(self.flows)
        }
    }
}

/// What a run gave.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Each delivered frame, whether it is a copy, and its due time.
    delivered: Vec<(u64, bool, u64)>,
    /// What was decided, in modelled time.
    log: Vec<Decision>,
    counts: Option<(Tally, Tally, Tally, Tally, Tally)>,
}

/// All counters, what is queued and what is in flight, after each step.
type History = Vec<(Counters, Tally, Tally)>;

struct Run {
    direction: FullDirection,
    outcome: Outcome,
    history: History,
    last: Option<u64>,
    discarded: u64,
    delivered: u64,
}

impl Run {
    fn poll(&mut self, now: u64) {
        self.direction.advance(now);
        while let Some(frame) = self.direction.pop_due(now) {
            let stamp = *frame.stamp();
            assert_eq!(frame.released, 1);
            assert!(stamp.due <= now);
            assert!(self.last.is_none_or(|last| last <= stamp.due));
            self.last = Some(stamp.due);
            self.delivered += u64::from(stamp.frames);
            self.outcome
                .delivered
                .push((frame.id, stamp.is_copy(), stamp.due));
        }
    }

    fn step(&mut self, now: u64, id: u64, step: &Step) {
        match step {
            Step::Send {
                frames,
                bytes,
                flow,
                class,
                flags,
            } => {
                let mut frame = TestFrame::whole(id, *frames, *bytes).of_class(*class);
                frame.stamp_mut().flow = *flow;
                frame.sender = flags & 1 != 0;
                frame.ect = flags & 2 != 0;
                frame.poor = flags & 60 == 0;
                self.direction.enqueue(now, frame);
            }
            Step::Refuse => {
                self.direction.advance(now);
                self.direction
                    .refuse(TestFrame::new(id, 100), Cause::FrameCap);
            }
            Step::Change(setting) => self.direction.set_params(now, setting.compile()),
            Step::Hand(setting, tables) => {
                let memory = tables.build(setting);
                let mut old = self.direction.set_memory(now, setting.compile(), memory);
                assert!(old.flows.drain(..).all(|flow| flow.is_empty()));
            }
            Step::Cut => self.direction.cut(now, Cause::LinkDown),
            Step::Purge => {
                // What is due is taken first: the rest is the same whoever polls.
                self.poll(now);
                self.direction.purge(Cause::Removed);
            }
            Step::Poll => self.poll(now),
        }
        let snapshot = self.direction.snapshot(now);
        assert!(snapshot.balanced(), "{snapshot:?}");
        self.history
            .push((snapshot.counters, snapshot.queued, snapshot.in_flight));
        let mut discarded = self.direction.take_discarded();
        while let Some(frame) = discarded.pop_front() {
            self.discarded += u64::from(frame.stamp().frames);
        }
    }

    fn finish(mut self, mut now: u64) -> (Outcome, History) {
        while let Some(at) = self.direction.next_event() {
            now = now.max(at);
            self.poll(now);
        }
        let mut discarded = self.direction.take_discarded();
        while let Some(frame) = discarded.pop_front() {
            self.discarded += u64::from(frame.stamp().frames);
        }
        let snapshot = self.direction.snapshot(now);
        let counters = snapshot.counters;
        assert!(snapshot.balanced());
        assert_eq!(snapshot.on_link(), Tally::default());
        assert_eq!(counters.delivered.frames, self.delivered);
        assert_eq!(counters.all_drops().frames, self.discarded);
        self.outcome.log = take_log();
        self.outcome.counts = Some((
            counters.sent,
            counters.duplicated,
            counters.marked,
            counters.corrupted,
            counters.reordered,
        ));
        (self.outcome, self.history)
    }
}

/// Runs the steps; `eager` polls in between, whenever the model asks for it and sometimes later.
fn run(setting: &Setting, steps: &[(u64, Step)], eager: Option<u64>) -> (Outcome, History) {
    take_log();
    let mut run = Run {
        direction: Direction::with_memory(setting.compile(), TestMemory::default()),
        outcome: Outcome::default(),
        history: History::new(),
        last: None,
        discarded: 0,
        delivered: 0,
    };
    let mut now = 1_000;
    for (id, (gap, step)) in (0u64..).zip(steps) {
        let next = now + gap;
        if let Some(late) = eager {
            for look in 0..50 {
                let Some(at) = run.direction.next_event().filter(|at| *at < next) else {
                    break;
                };
                now = (now.max(at) + look % 3 * late).min(next);
                run.poll(now);
            }
        }
        now = next;
        run.step(now, id, step);
    }
    run.finish(now)
}

/// How many runs: more of them with `VNET_STORM=100000 cargo test --release --test storm`.
fn cases() -> u32 {
    let wanted = std::env::var("VNET_STORM").ok();
    wanted.and_then(|cases| cases.parse().ok()).unwrap_or(1500)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn everything_at_once(setting in setting(), steps in steps(), late in 1u64..100_000) {
        let (lazy, _) = run(&setting, &steps, None);
        let (eager, history) = run(&setting, &steps, Some(late));
        prop_assert_eq!(&lazy, &eager);

        // Without a log there are shorter ways to the same.
        keep_log(false);
        let (unseen, seen) = run(&setting, &steps, Some(late));
        keep_log(true);
        prop_assert_eq!(&unseen.delivered, &eager.delivered);
        prop_assert_eq!(unseen.counts, eager.counts);
        for (step, (unseen, seen)) in seen.iter().zip(&history).enumerate() {
            prop_assert_eq!(unseen, seen, "after step {}", step);
        }
    }
}
