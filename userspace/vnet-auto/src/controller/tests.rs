// SPDX-License-Identifier: GPL-2.0

//! Two controllers over a wire of their own.

use super::*;
use crate::agree::Status;

const INTERVAL: Nanos = 10 * MS;

struct World {
    now: Nanos,
    ends: [Controller; 2],
    wire: Vec<(Nanos, usize, Vec<u8>)>,
    /// One of so many is lost; 0 is none.
    lose: u64,
    delay: Nanos,
    /// bit/s; 0 is none.
    rate: u64,
    sent: u64,
    told: Vec<(usize, Event)>,
}

fn settings(needs: &[Need], available: u8) -> Settings {
    Settings {
        needs: needs.iter().copied().collect(),
        available: Layers::from_bits(available),
        interval: INTERVAL,
        size: 500,
    }
}

impl World {
    fn new(needs: &[Need]) -> Self {
        let end = |id| Controller::new(id, settings(needs, 15), PerLayer::default());
        World {
            now: 1000 * MS,
            ends: [end(1), end(2)],
            wire: Vec::new(),
            lose: 0,
            delay: 10 * MS,
            rate: 0,
            sent: 0,
            told: Vec::new(),
        }
    }

    fn arrive(&mut self) {
        while let Some(place) = self.wire.iter().position(|(at, ..)| *at <= self.now) {
            let (at, to, bytes) = self.wire.remove(place);
            self.ends[to].receive(at, &bytes);
        }
    }

    fn turn(&mut self) {
        self.now += INTERVAL;
        self.arrive();
        for at in [0, 1] {
            let end = &mut self.ends[at];
            let quiet = Layer::ALL.into_iter().collect();
            end.turn(
                self.now,
                &Observation {
                    quiet,
                    ..Observation::default()
                },
            );
            while let Some(step) = end.step(self.now) {
                end.stepped(step);
            }
            let told = end.events();
            self.told.extend(told.into_iter().map(|event| (at, event)));
            let mut leaves = self.now;
            for bytes in self.ends[at].reports(self.now) {
                self.sent += 1;
                let time = (bytes.len() as u64 + AROUND) * 8_000_000_000;
                leaves += time.checked_div(self.rate).unwrap_or(0);
                if self.lose == 0 || !self.sent.is_multiple_of(self.lose) {
                    self.wire.push((leaves + self.delay, 1 - at, bytes));
                }
            }
        }
    }

    /// Until both have a stack; how long it takes.
    fn until(&mut self, stack: &str) -> Nanos {
        let begin = self.now;
        let settled =
            |end: &Controller| end.agreement.is_settled() && end.wish().to_string() == stack;
        while !self.ends.iter().all(settled) {
            self.turn();
            assert!(
                self.now < begin + 60_000 * MS,
                "no {stack}: {:?}",
                self.told
            );
        }
        self.now - begin
    }

    /// So much time, in which nothing changes.
    fn still(&mut self, time: Nanos) {
        let before = self.told.len();
        let until = self.now + time;
        while self.now < until {
            self.turn();
        }
        assert_eq!(&self.told[before..], []);
    }
}

#[test]
fn the_stack_follows_the_link() {
    let mut world = World::new(&[Need::Reliable]);
    world.until("forward");
    world.turn();
    world.still(5000 * MS);
    assert_eq!(world.ends[0].link().round_trip / MS, 20);
    world.lose = 21;
    assert!(world.until("arq") < 2000 * MS);
    world.turn();
    world.still(5000 * MS);
    let loss = world.ends[1].link().loss;
    assert!((30_000..70_000).contains(&loss), "{loss}");
    world.delay = 60 * MS;
    assert!(world.until("arq+fec") < 2000 * MS);
    world.delay = 10 * MS;
    world.until("arq");
    world.lose = 0;
    let back = world.until("forward");
    assert!((2500 * MS..10_000 * MS).contains(&back), "{}", back / MS);
    let leader =
        |event: Event| world.told.contains(&(0, event)) && !world.told.contains(&(1, event));
    let arq = Layers::NONE.set(Layer::Arq, true);
    assert!(leader(Event::Chosen(arq)));
    assert!(world.told.contains(&(1, Event::Asked(arq))));
    assert!(world.told.contains(&(1, Event::Met)));
}

#[test]
fn a_narrow_link_is_seen_by_pairs() {
    let mut world = World::new(&[]);
    world.rate = 800_000;
    world.until("compress");
    assert_eq!(world.ends[0].link().rate, Some(800_000));
    world.turn();
    world.still(3000 * MS);
    world.rate = 10_000_000;
    world.until("forward");
}

#[test]
fn the_needs_of_both_ends_hold_also_those_of_a_new_one() {
    let mut world = World::new(&[Need::Reliable]);
    world.lose = 20;
    world.until("arq");
    let phases = world.ends[1].phases();
    // The second one begins anew with another need, the first one goes on; then the first one.
    world.ends[1] = Controller::new(world.now, settings(&[Need::Confidential], 15), phases);
    world.until("crypt+arq");
    world.ends[0] = Controller::new(world.now, settings(&[], 15), world.ends[0].phases());
    let before = world.now;
    world.until("crypt+fec");
    assert!(world.now - before > 500 * MS, "arq is kept for a while");
    let both = [0, 1].map(|at| world.ends[at].phases());
    world.ends = [0, 1].map(|at| {
        let id = world.now + at as u64;
        Controller::new(
            id,
            settings(&[Need::Confidential, Need::Reliable], 15),
            both[at],
        )
    });
    world.until("crypt+arq");
}

#[test]
fn nobody_on_the_way_takes_what_is_confidential_away() {
    let mut world = World::new(&[Need::Confidential]);
    world.until("crypt");
    let strict = |world: &World| world.ends[1].phases()[Layer::Crypt] == Phase::Strict;
    while !strict(&world) {
        world.turn();
    }
    // What is wrong with this report is not to be seen.
    let (_, last) = world.ends[1].last.unwrap();
    let mut forged = last;
    forged.envelope.sequence += 1;
    forged.status = Status {
        available: last.status.available,
        version: Version {
            number: 1000,
            by: 1,
        },
        quiet: Layers::from_bits(15),
        ..Status::default()
    };
    for _ in 0..1000 {
        forged.envelope.sequence += 1;
        world.now += INTERVAL;
        let end = &mut world.ends[1];
        end.receive(world.now, &forged.encode(500));
        end.turn(
            world.now,
            &Observation {
                quiet: Layers::from_bits(15),
                ..Observation::default()
            },
        );
        while let Some(step) = end.step(world.now) {
            end.stepped(step);
        }
        assert!(end.phases()[Layer::Crypt] >= Phase::Sending);
    }
}

#[test]
fn what_one_does_not_have_is_not_used() {
    let mut world = World::new(&[Need::Confidential]);
    world.ends[1] = Controller::new(2, settings(&[], 3), PerLayer::default());
    world.until("forward");
    let crypt = Layers::NONE.set(Layer::Crypt, true);
    assert!(
        world.told.contains(&(0, Event::Missing(crypt))),
        "{:?}",
        world.told
    );
    world.turn();
    world.still(2000 * MS);
}

#[test]
fn a_silent_end_is_noticed() {
    let mut world = World::new(&[Need::Reliable]);
    world.lose = 20;
    world.until("arq");
    world.lose = 1;
    for _ in 0..FORGOTTEN + 100 {
        world.turn();
    }
    assert_eq!(world.told.last(), Some(&(1, Event::Silent)));
    world.lose = 20;
    world.until("arq");
    assert_eq!(
        world.ends[0].phases().at_least(Phase::Sending).to_string(),
        "arq"
    );
}
