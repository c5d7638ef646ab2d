// SPDX-License-Identifier: GPL-2.0

//! Two ends over a wire that loses, doubles and reorders all that they say, and that are restarted at any time: neither
//! ever gets what it does not understand, and both always come to the same stack.

use super::*;
use crate::MS;

/// Longest time on the wire, each way.
const WIRE: Nanos = 40 * MS;
/// What an end waits for.
const LINGER: Nanos = 2 * WIRE + MS;
/// An end works, and speaks, so often.
const TICK: Nanos = 10 * MS;

/// A generator of numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn stack(&mut self) -> Layers {
        Layers::from_bits(self.next() as u8)
    }
}

/// What is on the wire.
#[derive(Clone, Copy, Debug)]
enum Packet {
    Report(Envelope, Status),
    /// A message of a layer's block, and whether it is to be acknowledged.
    Data(Layer, bool),
    /// What a layer's block has not worked on.
    Plain(Layer),
}

struct End {
    agreement: Agreement,
    sequence: u32,
    /// Until when a block has something to do after it has stopped to send.
    busy: PerLayer<Nanos>,
    speaks_at: Nanos,
}

impl End {
    fn new(id: u64, phases: PerLayer<Phase>) -> Self {
        let all = Layer::ALL.into_iter().collect();
        End {
            agreement: Agreement::new(id, all, phases),
            sequence: 0,
            busy: PerLayer::default(),
            speaks_at: 0,
        }
    }

    fn phase(&self, layer: Layer) -> Phase {
        self.agreement.status().phases[layer]
    }
}

struct World {
    random: Random,
    now: Nanos,
    ends: [End; 2],
    /// When it arrives, at which end, what.
    wire: Vec<(Nanos, usize, Packet)>,
    loss: u64,
    seed: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let loss = random.below(60);
        let phases = PerLayer::default();
        World {
            random,
            now: 1,
            ends: [End::new(1, phases), End::new(2, phases)],
            wire: Vec::new(),
            loss,
            seed,
        }
    }

    fn send(&mut self, from: usize, packet: Packet) {
        let copies = match () {
            () if self.random.percent(self.loss) => 0,
            () if self.random.percent(20) => 2,
            () => 1,
        };
        for _ in 0..copies {
            let at = self.now + self.random.below(WIRE);
            self.wire.push((at, 1 - from, packet));
        }
    }

    fn arrive(&mut self) {
        let now = self.now;
        let (due, rest) = self.wire.iter().partition(|(at, ..)| *at <= now);
        self.wire = rest;
        let due: Vec<(Nanos, usize, Packet)> = due;
        for (_, to, packet) in due {
            match packet {
                Packet::Report(envelope, status) => {
                    self.ends[to].agreement.hear(now, envelope, &status);
                }
                Packet::Data(layer, answer) => {
                    let phase = self.ends[to].phase(layer);
                    assert_ne!(
                        phase,
                        Phase::Out,
                        "seed {}: at {} ms end {to} does not understand {layer:?}",
                        self.seed,
                        now / MS
                    );
                    if answer {
                        self.send(to, Packet::Data(layer, false));
                    }
                }
                Packet::Plain(layer) => assert_ne!(
                    self.ends[to].phase(layer),
                    Phase::Strict,
                    "seed {}: at {} ms end {to} refuses what is without {layer:?}",
                    self.seed,
                    now / MS
                ),
            }
        }
    }

    /// What a controller does in a turn; it may be interrupted after each step.
    fn work(&mut self, at: usize) {
        let now = self.now;
        let end = &mut self.ends[at];
        let quiet = Layer::ALL
            .into_iter()
            .filter(|layer| end.busy[*layer] <= now);
        end.agreement.found_quiet(now, quiet.collect());
        for _ in 0..=self.random.below(6) {
            let Some(step) = end.agreement.step(now, LINGER) else {
                break;
            };
            if step.to == Phase::Listening && end.phase(step.layer) == Phase::Sending {
                end.busy[step.layer] = now + self.random.below(100 * MS);
            }
            end.agreement.stepped(step);
        }
        if now >= end.speaks_at {
            end.speaks_at = now + TICK;
            end.sequence += 1;
            let (from, to) = end.agreement.ends();
            let envelope = Envelope {
                from,
                to,
                sequence: end.sequence,
            };
            let report = Packet::Report(envelope, end.agreement.status());
            self.send(at, report);
        }
        // The traffic: a block that sends does, and one that has just stopped may repeat.
        for layer in Layer::ALL {
            let end = &self.ends[at];
            let repeats = end.phase(layer) == Phase::Listening && end.busy[layer] > now;
            let sends = end.phase(layer) >= Phase::Sending;
            if !sends {
                self.send(at, Packet::Plain(layer));
            }
            if sends || repeats {
                self.send(at, Packet::Data(layer, true));
            }
        }
    }

    fn turn(&mut self) {
        self.now += 1 + self.random.below(3 * MS);
        self.arrive();
        for at in [0, 1] {
            if self.random.percent(70) {
                self.work(at);
            }
        }
    }

    /// A controller ends and begins anew; the blocks stay.
    fn restart(&mut self, at: usize) {
        let old = &self.ends[at];
        let mut new = End::new(self.now, old.agreement.status().phases);
        new.busy = old.busy;
        self.ends[at] = new;
        // What takes its place has a time of its own.
        self.now += 1;
    }

    fn settle(&mut self, wish: Layers) {
        let until = self.now + 20_000 * MS;
        let done = |world: &World| world.ends.iter().all(|end| end.agreement.is_settled());
        while !done(self) || self.ends[0].agreement.status().wish != wish {
            assert!(
                self.now < until,
                "seed {}: they do not come to {wish}",
                self.seed
            );
            self.turn();
            for end in &mut self.ends {
                end.agreement.wish(wish);
            }
        }
        let [a, b] = &self.ends;
        assert_eq!(a.agreement.status().version, b.agreement.status().version);
        let sending = |end: &End| end.agreement.status().phases.at_least(Phase::Sending);
        assert_eq!(sending(a), sending(b));
    }
}

#[test]
fn neither_sends_what_the_other_does_not_understand() {
    for seed in 0..400 {
        let mut world = World::new(seed);
        let restarts = seed % 2 == 0;
        for _ in 0..4 {
            for _ in 0..world.random.below(400) {
                world.turn();
                if world.random.percent(3) {
                    let (at, wish) = (world.random.below(2) as usize, world.random.stack());
                    world.ends[at].agreement.wish(wish);
                }
                if restarts && world.random.percent(1) {
                    let at = world.random.below(2) as usize;
                    world.restart(at);
                }
            }
            let wish = world.random.stack();
            world.settle(wish);
        }
    }
}

#[test]
fn nothing_goes_before_what_takes_its_place_works() {
    let mut world = World::new(7);
    world.settle(Layers::from_bits(1));
    let mut both = Layers::NONE;
    let wish = Layers::from_bits(2);
    while !world.ends[0].agreement.wish(wish) {
        world.turn();
    }
    while !world.ends.iter().all(|end| end.agreement.is_settled()) {
        world.turn();
        for end in &world.ends {
            let sending = end.agreement.status().phases.at_least(Phase::Sending);
            assert!(!sending.is_empty(), "one of them protects");
            both = both.or(sending);
        }
    }
    assert_eq!(both, Layers::from_bits(3));
}

#[test]
fn what_can_be_strict_is_so_in_the_end() {
    let mut world = World::new(11);
    let crypt = Layers::NONE.set(Layer::Crypt, true);
    for _ in 0..3 {
        world.settle(crypt);
        let strict = |end: &End| end.phase(Layer::Crypt) == Phase::Strict;
        let limit = world.now + 5000 * MS;
        while !world.ends.iter().all(strict) {
            assert!(world.now < limit);
            world.turn();
        }
        world.settle(Layers::NONE);
    }
}

#[test]
fn a_wire_that_is_gone_changes_nothing() {
    let mut world = World::new(3);
    world.settle(Layers::from_bits(6));
    world.loss = 100;
    let wish = Layers::NONE;
    for _ in 0..500 {
        world.turn();
        for end in &mut world.ends {
            end.agreement.wish(wish);
            assert_eq!(
                end.agreement.status().phases.at_least(Phase::Listening),
                Layers::from_bits(6)
            );
        }
    }
    world.loss = 30;
    world.settle(wish);
}

#[test]
fn a_node_that_lost_its_blocks_gets_them_again() {
    let mut world = World::new(5);
    world.settle(Layers::from_bits(2));
    world.wire.clear();
    // Until the other end knows, what it sends is lost: nobody could have told it before.
    let end = End::new(world.now, PerLayer::default());
    world.ends[1] = end;
    let status = world.ends[1].agreement.status();
    let envelope = Envelope {
        from: world.now,
        to: 1,
        sequence: 1,
    };
    let first = &mut world.ends[0].agreement;
    assert!(first.hear(world.now, envelope, &status));
    let step = first.step(world.now, LINGER);
    assert_eq!(
        step,
        Some(Step {
            layer: Layer::Arq,
            to: Phase::Listening
        })
    );
    first.stepped(step.unwrap());
    world.settle(Layers::from_bits(2));
}

#[test]
fn only_the_earlier_end_makes_versions() {
    let (mut a, mut b) = (
        Agreement::new(1, Layers::from_bits(3), PerLayer::default()),
        Agreement::new(2, Layers::from_bits(6), PerLayer::default()),
    );
    assert!(!a.wish(Layers::from_bits(2)), "it knows nobody");
    let says = |end: &Agreement, sequence| {
        let (from, to) = end.ends();
        (Envelope { from, to, sequence }, end.status())
    };
    let (envelope, status) = says(&a, 1);
    assert!(b.hear(0, envelope, &status));
    assert!(!b.hear(0, envelope, &status), "it came a second time");
    let (envelope, status) = says(&b, 1);
    assert!(a.hear(0, envelope, &status));
    assert!(!b.wish(Layers::from_bits(2)));
    assert!(a.wish(Layers::from_bits(0xf)));
    assert_eq!(a.status().wish, Layers::from_bits(2), "what both have");
    let (envelope, status) = says(&a, 2);
    assert!(b.hear(0, envelope, &status));
    assert_eq!(
        (b.status().version, b.status().wish),
        (status.version, status.wish)
    );
}
