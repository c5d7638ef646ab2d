// SPDX-License-Identifier: GPL-2.0

//! PIE against a reference.

use crate::{
    control::{difference, gaps, simulate, through_model, Event},
    draw, MS,
};
use vnet_model::{Discipline, Effect, Pie};

/// PIE of RFC 8033 in floating point, with the model's draws.
struct PieReference {
    p: f64,
    accumulated: f64,
    old_delay: f64,
    burst: f64,
    next: u64,
}

impl PieReference {
    fn update(&mut self, now: u64, ns: u64) {
        let delay = ns as f64 / 1e9;
        if self.next == 0 {
            self.next = now + 15 * MS;
            return;
        }
        while self.next <= now {
            let mut scale = 1.0;
            if self.p < 0.1 {
                scale /= 2.0;
                for bound in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] {
                    if self.p < bound {
                        scale /= 4.0;
                    }
                }
            }
            // The gains are whole parts of 2^56 per ns.
            let gain =
                |gain: f64| (gain * 72_057_594.0 / 16.0 * scale).floor() / 2f64.powi(56) * 1e9;
            let mut change = gain(2.0) * (delay - 0.015) + gain(20.0) * (delay - self.old_delay);
            if self.p >= 0.1 {
                change = change.min(0.02);
            }
            if delay > 0.25 {
                change += 0.02;
            }
            self.p = (self.p + change).clamp(0.0, 1.0);
            if delay == 0.0 && self.old_delay == 0.0 {
                self.p *= 1.0 - 1.0 / 64.0;
            }
            let rested = delay < 0.0075 && self.old_delay < 0.0075;
            self.burst = if rested && self.p == 0.0 {
                0.15
            } else {
                (self.burst - 0.015).max(0.0)
            };
            self.old_delay = delay;
            // After a rest the intervals begin anew.
            let resting =
                self.p == 0.0 && delay == 0.0 && self.old_delay == 0.0 && self.burst == 0.15;
            self.next = if resting { now } else { self.next } + 15 * MS;
        }
    }

    fn drops(&mut self, waiting: u64, draw: u64) -> bool {
        if self.burst > 1e-12 || (self.old_delay < 0.0075 && self.p < 0.2) || waiting < 3028 {
            return false;
        }
        self.accumulated = if self.p == 0.0 {
            0.0
        } else {
            self.accumulated + self.p
        };
        if self.accumulated < 0.85 {
            return false;
        }
        if self.accumulated < 8.5 && draw as f64 / 2f64.powi(64) >= self.p {
            return false;
        }
        self.accumulated = 0.0;
        true
    }
}

#[test]
fn pie_controls_as_it_should() {
    const N: u64 = 100_000;
    let mut pie = PieReference {
        p: 0.0,
        accumulated: 0.0,
        old_delay: 0.0,
        burst: 0.15,
        next: 0,
    };
    let (expected, mean) = simulate(gaps(N), |now, waiting, event| {
        pie.update(now, waiting * MS);
        match event {
            Event::Arrival(id) => pie.drops(waiting * 1000, draw(Effect::Pie, id)),
            _ => false,
        }
    });
    let lost = through_model(Discipline::Pie(Pie::default()), gaps(N));
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
