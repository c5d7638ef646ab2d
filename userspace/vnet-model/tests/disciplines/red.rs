// SPDX-License-Identifier: GPL-2.0

//! RED against a reference.

use crate::{
    common::{TestFrame, TestMemory},
    control::{difference, gaps, simulate, through_model, Event},
    draw, of, params, queueing, red,
};
use vnet_model::{Discipline, Effect, Red};

#[test]
fn red_drops_as_it_should() {
    const N: u64 = 100_000;
    let red = red();
    let (mut average, mut since, mut idle_from) = (0f64, None, 0);
    let weight = 2f64.powi(-(red.weight as i32));
    let (expected, mean) = simulate(gaps(N), |now, waiting, event| {
        let id = match event {
            Event::Departure => return false,
            Event::Idle => {
                idle_from = now;
                return false;
            }
            Event::Pass => {
                average *= (1.0 - weight).powf((now - idle_from) as f64 / 1e6);
                since = None;
                return false;
            }
            Event::Arrival(id) => id,
        };
        average += (waiting as f64 * 1000.0 - average) * weight;
        let (min, max) = (red.min as f64, red.max as f64);
        if average < min {
            since = None;
            return false;
        }
        let p = if average < max {
            0.1 * (average - min) / (max - min)
        } else {
            0.1 + 0.9 * (average - max) / max
        };
        let frames = since.map_or(0.0, |frames| frames + 1.0);
        let hit = draw(Effect::Red, id) as f64 / 2f64.powi(64) * (1.0 - frames * p) < p;
        since = Some(if hit { 0.0 } else { frames });
        hit
    });
    let lost = through_model(Discipline::Red(red), gaps(N));
    println!(
        "{} and {} dropped, {mean:.1} waiting",
        lost.len(),
        expected.len()
    );
    assert!(lost.len() > 2000);
    assert!(
        difference(&lost, &expected) < 1e-9,
        "{}",
        difference(&lost, &expected)
    );
}

#[test]
fn red_without_gentleness_drops_all_above() {
    let red = Red {
        gentle: false,
        weight: 1,
        ..red()
    };
    let mut direction = of(
        params(100_000),
        queueing(Discipline::Red(red)),
        TestMemory::default(),
    );
    for id in 0..500 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    let queued = direction.snapshot(0).queued.frames;
    assert!((60..64).contains(&queued), "{queued}");
}
