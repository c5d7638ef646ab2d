// SPDX-License-Identifier: GPL-2.0

//! Frames that overtake those on the line.

use crate::{common::stats, effects, full, p, params, run, MS};
use vnet_model::{Effects, Reorder};

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
