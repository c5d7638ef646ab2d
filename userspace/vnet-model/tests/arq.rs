// SPDX-License-Identifier: GPL-2.0

//! Selective repeat over a channel that loses, doubles and reorders.

use proptest::prelude::*;
use vnet_model::arq::{Due, Message, Receiver, Sender, Slot, HEADER};

const WAIT: u64 = 100;

fn slots<T>(count: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(count).collect()
}

fn sender(window: usize, epoch: u32) -> Sender<Vec<Option<Slot<u32>>>> {
    Sender::new(slots(window), epoch)
}

/// What a channel does with the messages that it is given, one decision for each.
struct Channel {
    decisions: Vec<u8>,
    used: usize,
    /// Time of arrival, message, packet.
    way: Vec<(u64, Message, u32)>,
}

impl Channel {
    fn send(&mut self, now: u64, message: Message, packet: u32) {
        let decision = self.decisions[self.used % self.decisions.len()];
        self.used += 1;
        let copies = match decision % 8 {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        };
        for copy in 0..copies {
            let delay = 1 + u64::from(decision / 8) * (copy + 1);
            self.way.push((now + delay, message, packet));
        }
    }

    fn arrivals(&mut self, now: u64) -> Vec<(Message, u32)> {
        let (here, there) = self.way.drain(..).partition(|(at, ..)| *at <= now);
        self.way = there;
        let mut here: Vec<_> = here;
        here.sort_by_key(|(at, ..)| *at);
        here.into_iter()
            .map(|(_, message, packet)| (message, packet))
            .collect()
    }
}

/// Packets that come out when `count` are sent, in their order, and how many were given up.
fn converse(decisions: &[u8], count: u32, window: usize, tries: u32) -> (Vec<u32>, Vec<u32>) {
    let channel = |rotated: usize| Channel {
        decisions: decisions
            .iter()
            .cycle()
            .skip(rotated)
            .take(decisions.len())
            .copied()
            .collect(),
        used: 0,
        way: Vec::new(),
    };
    let (mut there, mut back) = (channel(0), channel(decisions.len() / 2));
    let (mut from, mut to) = (sender(window, 7), Receiver::new(slots(window)));
    let (mut sent, mut out, mut lost) = (0, Vec::new(), Vec::new());
    for now in 0.. {
        while sent < count && from.has_room() {
            let number = from.push(sent, now + WAIT);
            there.send(now, from.data(number), sent);
            sent += 1;
        }
        for (message, packet) in there.arrivals(now) {
            match message {
                Message::Data {
                    epoch,
                    base,
                    sequence,
                } => {
                    to.skip(epoch, base, |packet| out.push(packet));
                    to.arrive(sequence, packet, |packet| out.push(packet));
                }
                Message::Skip { epoch, base } => to.skip(epoch, base, |packet| out.push(packet)),
                Message::Ack { .. } => unreachable!("this way there are none"),
            }
            back.send(now, to.acknowledgement().expect("something came"), 0);
        }
        for (message, _) in back.arrivals(now) {
            if let Message::Ack {
                epoch,
                expected,
                received,
            } = message
            {
                from.acknowledge((epoch, expected, received), now, drop);
            }
        }
        while let Some(due) = from.due(now, tries, |_| WAIT) {
            match due {
                Due::Again(number, packet) => {
                    let packet = *packet;
                    there.send(now, from.data(number), packet);
                }
                Due::GivenUp(packet) => {
                    lost.push(packet);
                    there.send(now, from.skip(), 0);
                }
            }
        }
        let done = sent == count && from.next_event().is_none();
        if done && there.way.is_empty() {
            to.clear(|packet| out.push(packet));
            return (out, lost);
        }
        assert!(now < 10_000_000, "it comes to an end");
    }
    unreachable!("the loop has no end")
}

proptest! {
    #[test]
    fn all_arrive_once_and_in_order(
        decisions in prop::collection::vec(any::<u8>(), 50..200),
        window in 0u32..6,
    ) {
        let lossless = decisions.iter().filter(|decision| *decision % 8 > 1).count();
        prop_assume!(lossless > decisions.len() / 3);
        let (out, lost) = converse(&decisions, 200, 1 << window, u32::MAX);
        prop_assert_eq!(lost, vec![]);
        prop_assert_eq!(out, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_given_up_does_not_hold_the_others_up(
        decisions in prop::collection::vec(any::<u8>(), 50..200),
    ) {
        let (out, lost) = converse(&decisions, 200, 16, 2);
        let mut sorted = out.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(&out, &sorted, "in order, none twice");
        // What was given up may have arrived all the same.
        let mut all = [out, lost].concat();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn messages_are_read_as_they_were_written(epoch: u32, a: u32, b: u32, kind in 0..3, bit in 0..HEADER * 8) {
        let message = match kind {
            0 => Message::Data { epoch, base: a, sequence: b },
            1 => Message::Ack { epoch, expected: a, received: b },
            _ => Message::Skip { epoch, base: a },
        };
        let mut bytes = message.encode();
        prop_assert_eq!(Message::decode(&bytes), Some(message));
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Message::decode(&bytes), None);
    }
}

#[test]
fn a_new_epoch_begins_anew() {
    let mut to = Receiver::new(slots(8));
    let mut out = Vec::new();
    let mut data = |to: &mut Receiver<_>, epoch, base, sequence, packet| {
        to.skip(epoch, base, |packet| out.push(packet));
        to.arrive(sequence, packet, |packet| out.push(packet))
            .is_none()
    };
    assert!(data(&mut to, 1, 0, 0, 10) && data(&mut to, 1, 0, 2, 12) && data(&mut to, 1, 0, 3, 13));
    assert!(!data(&mut to, 1, 0, 2, 12), "it came before");
    // The one who would send number 1 has gone.
    assert!(data(&mut to, 2, 0, 0, 20));
    assert!(
        data(&mut to, 3, 1000, 1000, 30),
        "a receiver that comes later begins at the base"
    );
    assert!(!data(&mut to, 3, 1000, 1009, 31), "beyond the window");
    assert_eq!(out, [10, 12, 13, 20, 30]);
    let told = Message::Ack {
        epoch: 3,
        expected: 1001,
        received: 0,
    };
    assert_eq!(to.acknowledgement(), Some(told));
}

#[test]
fn a_gap_is_filled_at_once() {
    let mut from = sender(8, 1);
    for packet in 0..4 {
        from.push(packet, WAIT);
    }
    let mut freed = Vec::new();
    from.acknowledge((1, 0, 0b110), 10, |packet| freed.push(packet));
    assert_eq!(freed, [2, 3]);
    let mut again = Vec::new();
    while let Some(Due::Again(number, _)) = from.due(10, 5, |_| WAIT) {
        again.push(number);
    }
    assert_eq!(again, [0, 1]);
    from.acknowledge((2, 4, 0), 10, |packet| freed.push(packet));
    from.acknowledge((1, 5, 0), 10, |packet| freed.push(packet));
    assert_eq!(
        freed,
        [2, 3],
        "of another epoch, and of what was never sent"
    );
    from.acknowledge((1, 4, 0), 10, |packet| freed.push(packet));
    assert_eq!(
        (freed.as_slice(), from.next_event()),
        ([2, 3, 0, 1].as_slice(), None)
    );
}
