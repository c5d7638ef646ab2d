// SPDX-License-Identifier: GPL-2.0

//! A direction case by case.

use crate::{
    common::{compiled, direction, drain, keep_log, TestDirection, TestFrame},
    MS, S,
};
use vnet_model::{Admission, Cause, Frame, LineLimit, Params, QueueLimit, Tally};

/// Back-to-back frames at rates that no frame time divides: after a million the end is exact.
#[test]
fn no_drift() {
    for rate in [
        100,
        7_000_000,
        999_999_937,
        1_544_000,
        142_857_143,
        9_953_280_000,
        399_999_999_989,
        400_000_000_000,
    ] {
        for bytes in [1u32, 64, 1514, 65_535] {
            let count: u64 = 1_000_000;
            let mut direction = direction(Params {
                rate: Some(rate),
                queue: QueueLimit {
                    packets: Some(2),
                    ..QueueLimit::default()
                },
                ..Params::default()
            });
            let exact = |frames: u64| {
                let bits = 8 * u128::from(bytes + 24) * u128::from(frames);
                (bits * 1_000_000_000 / u128::from(rate)) as u64
            };
            let start = 12_345;
            direction.enqueue(start, TestFrame::new(0, bytes));
            for frame in 1..count {
                // One frame ahead, so that the wire never idles.
                let verdict =
                    direction.enqueue(start + exact(frame - 1), TestFrame::new(frame, bytes));
                assert_eq!(verdict, Admission::Accepted);
                direction.advance(start + exact(frame));
                let popped = direction.pop_due(u64::MAX).expect("one a time");
                assert_eq!(
                    popped.stamp().due,
                    start + exact(frame),
                    "rate {rate} bytes {bytes}"
                );
            }
        }
    }
}

#[test]
fn a_frame_that_arrives_when_the_last_ends_is_back_to_back() {
    // 88 bytes at 400 Gbit/s take 1.76 ns.
    let mut direction = direction(Params {
        rate: Some(400_000_000_000),
        ..Params::default()
    });
    let mut at = 0;
    for id in 0..100 {
        direction.enqueue(at, TestFrame::new(id, 64));
        at = direction.next_event().expect("on the wire");
        direction.advance(at);
        direction.pop_due(at).expect("due");
    }
    assert_eq!(at, 176);
}

#[test]
fn idle_time_drops_the_fraction() {
    let mut direction = direction(Params {
        rate: Some(400_000_000_000),
        ..Params::default()
    });
    direction.enqueue(0, TestFrame::new(0, 64));
    assert_eq!(drain(&mut direction), [(0, 1)]);
    direction.enqueue(2, TestFrame::new(1, 64));
    assert_eq!(drain(&mut direction), [(1, 3)]);
}

#[test]
fn extremes() {
    let mut slow = direction(Params {
        rate: Some(100),
        delay: 100 * S,
        ..Params::default()
    });
    slow.enqueue(5, TestFrame::new(0, 65_535));
    let end = 5 + (65_535 + 24) * 8 * S / 100;
    assert_eq!(drain(&mut slow), [(0, end + 100 * S)]);

    let mut fast = direction(Params {
        rate: Some(400_000_000_000),
        overhead: 0,
        ..Params::default()
    });
    fast.enqueue(u64::MAX - 10, TestFrame::whole(0, u32::MAX, u32::MAX));
    fast.enqueue(u64::MAX, TestFrame::whole(1, 0, 0));
    fast.advance(u64::MAX);
    assert!(fast.pop_due(u64::MAX).is_some());
}

#[test]
fn unshaped_frames_are_due_at_once() {
    let mut direction = direction(Params::default());
    assert!(direction.params().is_unshaped());
    for id in 0..3 {
        direction.enqueue(10, TestFrame::new(id, 64).with_sender());
    }
    assert_eq!(direction.next_event(), Some(10));
    assert_eq!(drain(&mut direction), [(0, 10), (1, 10), (2, 10)]);
    assert_eq!(direction.next_event(), None);
}

/// Nobody knows when it was sent, so nobody can say that it is late.
#[test]
fn what_crossed_is_punctual() {
    keep_log(false);
    let mut direction = direction(Params::default());
    direction.cross(TestFrame::new(0, 64).with_sender());
    assert!(direction.snapshot(1_000_000).balanced());
    assert!(direction.is_instant());
    let frame = direction.pop_crossed().expect("is there");
    assert_eq!((frame.id, frame.released), (0, 1));
    assert!(direction.pop_crossed().is_none());
    let snapshot = direction.snapshot(2_000_000);
    let lateness = snapshot.counters.lateness;
    assert_eq!(
        (lateness.count, lateness.max, lateness.histogram[0]),
        (1, 0, 1)
    );
    assert!(snapshot.balanced());
}

/// Nor is it when the time begins to matter before it is handed over.
#[test]
fn what_crossed_is_not_late_for_what_came_after() {
    for begin in [
        |direction: &mut TestDirection| {
            let slow = Params {
                delay: 100,
                ..Params::default()
            };
            direction.set_params(3_600 * S, compiled(slow));
        },
        |direction: &mut TestDirection| {
            direction.advance(3_600 * S);
            direction.log();
            keep_log(true);
        },
    ] {
        keep_log(false);
        let mut direction = direction(Params::default());
        direction.cross(TestFrame::new(0, 64));
        begin(&mut direction);
        assert!(!direction.is_instant());
        let now = 3_600 * S + 7;
        direction.enqueue(now, TestFrame::new(1, 64));
        direction.advance(now + 200);
        while direction.pop_due(now + 200).is_some() {}
        let lateness = direction.snapshot(now + 200).counters.lateness;
        assert_eq!(lateness.count, 2);
        assert!(lateness.max <= 207, "{lateness:?}");
    }
}

#[test]
fn lateness_is_counted() {
    let mut direction = direction(Params {
        delay: 100,
        ..Params::default()
    });
    direction.enqueue(0, TestFrame::new(0, 64));
    direction.enqueue(50, TestFrame::new(1, 64));
    direction.advance(170);
    while direction.pop_due(170).is_some() {}
    let lateness = direction.snapshot(170).counters.lateness;
    assert_eq!(
        (lateness.count, lateness.sum, lateness.max),
        (2, 70 + 20, 70)
    );
}

/// 1000 bytes on the wire take 1 ms at 8 Mbit/s.
fn millisecond_frames(delay: u64) -> Params {
    Params {
        rate: Some(8_000_000),
        overhead: 0,
        delay,
        ..Params::default()
    }
}

#[test]
fn a_change_spares_what_is_on_the_wire() {
    let mut direction = direction(millisecond_frames(5 * MS));
    for id in 0..3 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    // Frame 0 is in the line, 1 on the wire, 2 waits.
    direction.set_params(
        MS + MS / 2,
        compiled(Params {
            rate: Some(80_000_000),
            delay: MS,
            ..millisecond_frames(0)
        }),
    );
    // 2 would be due at 3.1 ms, but does not overtake.
    assert_eq!(
        drain(&mut direction),
        [(0, 6 * MS), (1, 7 * MS), (2, 7 * MS)]
    );
    direction.enqueue(10 * MS, TestFrame::new(3, 1000));
    assert_eq!(drain(&mut direction), [(3, 10 * MS + MS / 10 + MS)]);
}

#[test]
fn no_rate_empties_the_queue_when_the_wire_is_free() {
    let mut direction = direction(millisecond_frames(0));
    for id in 0..3 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    direction.set_params(1, compiled(Params::default()));
    direction.enqueue(2, TestFrame::new(3, 1000));
    assert_eq!(drain(&mut direction), [(0, MS), (1, MS), (2, MS), (3, MS)]);
}

#[test]
fn senders_are_released_when_their_frame_has_left() {
    let mut direction = direction(millisecond_frames(100 * S));
    direction.enqueue(0, TestFrame::new(0, 1000).with_sender());
    assert_eq!(direction.next_event(), Some(MS), "alone: at once");
    direction.enqueue(0, TestFrame::new(1, 1000).with_sender());
    assert_eq!(direction.next_event(), Some(MS));
    direction.advance(MS);
    assert_eq!(direction.next_event(), Some(2 * MS));
    direction.advance(2 * MS);
    assert_eq!(direction.next_event(), Some(MS + 100 * S), "nobody waits");
    // A frame nobody waits for in front of one that somebody waits for.
    direction.enqueue(3 * MS, TestFrame::new(2, 1000));
    assert_eq!(direction.next_event(), Some(MS + 100 * S));
    direction.enqueue(3 * MS, TestFrame::new(3, 1000).with_sender());
    assert_eq!(direction.next_event(), Some(4 * MS));
}

#[test]
fn the_sender_of_a_brief_frame_is_released_when_that_begins() {
    for (whole_time, wanted) in [(MS, [S + MS, S + MS]), (MS - 1, [MS, 2 * MS])] {
        let mut direction = direction(Params {
            whole_time,
            ..millisecond_frames(S)
        });
        direction.enqueue(0, TestFrame::new(0, 1000).with_sender());
        assert_eq!(direction.next_event(), Some(wanted[0]), "on an idle wire");
        direction.enqueue(0, TestFrame::new(1, 1000).with_sender());
        assert_eq!(direction.next_event(), Some(MS), "in the queue");
        direction.advance(MS);
        assert_eq!(direction.next_event(), Some(wanted[1]), "on the wire");
    }
}

#[test]
fn releases_are_coalesced_on_a_fast_link() {
    let mut direction = direction(Params {
        rate: Some(100_000_000_000),
        delay: S,
        ..Params::default()
    });
    for id in 0..1_000 {
        direction.enqueue(0, TestFrame::new(id, 1514).with_sender());
    }
    let mut events = 0;
    while let Some(at) = direction.next_event().filter(|at| *at < S) {
        direction.advance(at);
        events += 1;
    }
    // 123 us of frames.
    assert!((2..=8).contains(&events), "{events} events");
}

#[test]
fn releases_wait_for_half_of_the_queue_at_most() {
    // A frame takes 10 us.
    for (waiting, slack) in [(0, 10), (1, 20), (4, 20), (10, 50), (20, 100), (1000, 100)] {
        let mut direction = direction(Params {
            rate: Some(1_000_000_000),
            overhead: 0,
            delay: S,
            queue: QueueLimit {
                packets: Some(1000),
                ..QueueLimit::default()
            },
            whole_time: 0,
            ..Params::default()
        });
        for id in 0..=waiting {
            direction.enqueue(0, TestFrame::new(id, 1250).with_sender());
        }
        assert_eq!(direction.next_event(), Some(slack * 1000), "{waiting} wait");
    }
}

#[test]
fn everything_is_handed_over_in_order() {
    for now in [0, MS / 2, 2 * MS + 1, 30 * MS] {
        let mut direction = direction(millisecond_frames(10 * MS));
        for id in 0..5 {
            direction.enqueue(0, TestFrame::new(id, 1000));
        }
        direction.advance(now);
        let all = direction.hand_over();
        let ids: Vec<_> = all.0.iter().map(|frame| frame.id).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4], "at {now}");
        assert_eq!(direction.queued(), Tally::default(), "at {now}");
        assert_eq!(direction.in_flight(), Tally::default(), "at {now}");
        assert_eq!(direction.next_event(), None, "at {now}");
    }
}

#[test]
fn purge_and_refuse_are_counted() {
    let mut direction = direction(Params {
        line: LineLimit {
            packets: Some(10),
            bytes: None,
        },
        ..millisecond_frames(MS)
    });
    for id in 0..5 {
        direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
    }
    direction.refuse(TestFrame::new(5, 70), Cause::FrameCap);
    let before = direction.snapshot(4 * MS);
    assert_eq!(before.queued.frames, 1);
    assert_eq!(before.in_flight.frames, 4);
    direction.purge(Cause::Removed);
    let after = direction.snapshot(4 * MS);
    assert!(after.balanced() && after.balanced_since(&before));
    assert_eq!(after.on_link(), Tally::default());
    assert_eq!(after.counters.drops(Cause::Removed).frames, 5);
    assert_eq!(
        after.counters.drops(Cause::FrameCap),
        Tally {
            frames: 1,
            bytes: 70
        }
    );
    assert_eq!(direction.take_discarded().0.len(), 6);
    assert!(!direction.has_discarded());
    assert_eq!(direction.next_event(), None);
}

#[test]
fn a_cut_keeps_what_has_arrived() {
    let mut direction = direction(millisecond_frames(0));
    for id in 0..3 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    direction.cut(MS, Cause::LinkDown);
    assert_eq!(drain(&mut direction), [(0, MS)]);
    let snapshot = direction.snapshot(MS);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.drops(Cause::LinkDown).frames, 2);
    // The wire is free again.
    direction.enqueue(MS, TestFrame::new(3, 1000));
    assert_eq!(drain(&mut direction), [(3, 2 * MS)]);
}

#[test]
fn an_unwanted_frame_is_not_delivered() {
    let mut direction = direction(Params::default());
    direction.enqueue(0, TestFrame::new(0, 64));
    let frame = direction.pop_due(0).expect("due");
    direction.undelivered(frame.stamp(), Cause::ReceiverDown);
    let snapshot = direction.snapshot(0);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.delivered, Tally::default());
    assert_eq!(snapshot.counters.drops(Cause::ReceiverDown).frames, 1);
}

#[test]
fn a_frame_that_never_came_to_be_is_sent_and_dropped() {
    let mut direction = direction(Params::default());
    direction.enqueue(0, TestFrame::new(0, 64));
    direction.miss(*TestFrame::whole(1, 3, 300).stamp(), Cause::NoMemory);
    direction.enqueue(MS, TestFrame::new(2, 64));
    assert_eq!(drain(&mut direction), [(0, 0), (2, MS)]);
    let snapshot = direction.snapshot(MS);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.sent.frames, 5);
    assert_eq!(
        snapshot.counters.drops(Cause::NoMemory),
        Tally {
            frames: 3,
            bytes: 300
        }
    );
    assert!(!direction.has_discarded());
}

/// A transmitter and the ways from it, as on a shared medium, served at these times.
fn spread(times: impl Iterator<Item = u64>) -> [Vec<(u64, u64)>; 2] {
    let mut transmitter = direction(millisecond_frames(0));
    let mut ways = [3, 0].map(|delay| {
        direction(Params {
            delay: delay * MS,
            ..Params::default()
        })
    });
    for id in 0..5 {
        transmitter.enqueue(0, TestFrame::new(id, 1000));
    }
    let mut arrived = [Vec::new(), Vec::new()];
    for now in times {
        transmitter.advance(now);
        while let Some(frame) = transmitter.pop_due(now) {
            for way in &mut ways {
                way.enqueue(frame.stamp().due, TestFrame::new(frame.id, 1000));
            }
        }
        for (way, arrived) in ways.iter_mut().zip(&mut arrived) {
            while let Some(frame) = way.pop_due(now) {
                arrived.push((frame.id, frame.stamp().due));
            }
        }
    }
    arrived
}

#[test]
fn it_does_not_matter_when_a_chain_is_served() {
    let wanted = [4, 1].map(|first| (0..5).map(|id| (id, (first + id) * MS)).collect::<Vec<_>>());
    assert_eq!(spread((0..10_000).map(|time| time * 1000)), wanted);
    assert_eq!(spread([0, 3_500_000, 20 * MS].into_iter()), wanted);
}

#[test]
fn default_queue_is_the_larger_of_100_packets_and_50_ms() {
    // 1 ms a frame: 100 packets is larger. 0.1 ms a frame: 50 ms is.
    for (rate, room) in [(8_000_000, 100), (80_000_000, 500)] {
        let mut direction = direction(Params {
            rate: Some(rate),
            ..millisecond_frames(0)
        });
        let mut accepted = 0;
        while direction.enqueue(0, TestFrame::new(accepted, 1000)) == Admission::Accepted {
            accepted += 1;
        }
        assert_eq!(accepted, room + 1, "the queue and the frame on the wire");
    }
}

#[test]
fn small_types() {
    assert_eq!(size_of::<vnet_model::Stamp>(), 32);
    println!(
        "Direction {} bytes, Compiled {}, Counters {}",
        size_of::<TestDirection>(),
        size_of::<vnet_model::Compiled>(),
        size_of::<vnet_model::Counters>()
    );
}
