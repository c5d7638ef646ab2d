// SPDX-License-Identifier: GPL-2.0

//! What the ends see of the link: of the reports that they send each other all the time.

use std::collections::VecDeque;

use crate::Nanos;

/// Reports of which losses are counted.
pub const WINDOW: usize = 256;
/// Before there were so many, those that are missing count as of so many.
const LEAST: usize = WINDOW / 2;
/// Parts of a whole.
pub const PARTS: u64 = 1_000_000;

/// Counts what does not arrive of what is numbered.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Whether the last ones have arrived, the newest at the end.
    arrived: VecDeque<bool>,
    newest: u32,
}

impl Losses {
    /// A number has arrived.
    pub fn arrive(&mut self, number: u32) {
        if self.arrived.is_empty() {
            self.newest = number;
            return self.arrived.push_back(true);
        }
        let ahead = number.wrapping_sub(self.newest) as i32;
        if ahead <= 0 {
            // It was overtaken.
            let behind = ahead.unsigned_abs() as usize;
            let place = self.arrived.len().checked_sub(behind + 1);
            if let Some(arrived) = place.and_then(|place| self.arrived.get_mut(place)) {
                *arrived = true;
            }
            return;
        }
        let missing = (ahead as usize - 1).min(WINDOW);
        self.arrived.extend(std::iter::repeat_n(false, missing));
        self.arrived.push_back(true);
        self.newest = number;
        let old = self.arrived.len().saturating_sub(WINDOW);
        self.arrived.drain(..old);
    }

    /// How many do not arrive, in parts of [`PARTS`].
    pub fn share(&self) -> u32 {
        let lost = self.arrived.iter().filter(|arrived| !**arrived).count();
        (lost as u64 * PARTS / self.arrived.len().max(LEAST) as u64) as u32
    }
}

/// The time there and back.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundTrip {
    mean: Option<Nanos>,
    longest: Nanos,
}

impl RoundTrip {
    /// One was so long. The mean follows by an eighth, as that of TCP (RFC 6298).
    pub fn add(&mut self, time: Nanos) {
        self.mean = Some(match self.mean {
            None => time,
            Some(mean) => mean - mean / 8 + time / 8,
        });
        self.longest = (self.longest - self.longest / 64).max(time);
    }

    /// The mean, if there was any.
    pub fn mean(&self) -> Option<Nanos> {
        self.mean
    }

    /// The longest one lately.
    pub fn longest(&self) -> Nanos {
        self.longest
    }
}

/// Most pairs that are looked at.
const PAIRS: usize = 9;

/// The rate of the link, by the time between two reports that were sent right after each other.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    rates: VecDeque<u64>,
}

impl Pairs {
    /// The second one, of so many bytes on the wire, came so long after the first.
    pub fn add(&mut self, bytes: u64, gap: Nanos) {
        if self.rates.len() == PAIRS {
            self.rates.pop_front();
        }
        let bits = bytes.saturating_mul(8).saturating_mul(1_000_000_000);
        self.rates.push_back(bits / gap.max(1));
    }

    /// The median in bit/s, if there were enough of them.
    pub fn rate(&self) -> Option<u64> {
        let mut rates: Vec<u64> = self.rates.iter().copied().collect();
        rates.sort_unstable();
        (rates.len() == PAIRS).then(|| rates[PAIRS / 2])
    }
}

/// How much of what passes has to be repaired, by counters that only grow.
#[derive(Clone, Debug, Default)]
pub struct Repairs {
    /// When, how much was repaired, how much passed.
    readings: VecDeque<(Nanos, u64, u64)>,
}

impl Repairs {
    /// Takes counters, and forgets those that are older than `span`.
    pub fn add(&mut self, now: Nanos, repaired: u64, passed: u64, span: Nanos) {
        let behind = |(_, r, p): &(Nanos, u64, u64)| repaired < *r || passed < *p;
        if self.readings.back().is_some_and(behind) {
            // Another block counts from the beginning.
            self.readings.clear();
        }
        self.readings.push_back((now, repaired, passed));
        while self.readings.len() > 2 && now.saturating_sub(self.readings[1].0) >= span {
            self.readings.pop_front();
        }
    }

    /// In parts of [`PARTS`]; 0 if too few have passed to say so.
    pub fn share(&self) -> u32 {
        let (Some(first), Some(last)) = (self.readings.front(), self.readings.back()) else {
            return 0;
        };
        let (repaired, passed) = (last.1 - first.1, last.2 - first.2);
        match passed < LEAST as u64 {
            true => 0,
            false => (repaired.saturating_mul(PARTS) / passed).min(PARTS) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_counted_and_forgotten() {
        let mut losses = Losses::default();
        let start = u32::MAX - 100;
        for number in 0..256u32 {
            if number % 16 != 3 {
                losses.arrive(start.wrapping_add(number));
            }
        }
        assert_eq!(losses.share(), 62_500);
        for number in 256..512u32 {
            losses.arrive(start.wrapping_add(number));
        }
        assert_eq!(losses.share(), 0);
        losses.arrive(start.wrapping_add(100_000));
        assert_eq!(losses.share(), 996_093);
    }

    #[test]
    fn what_is_late_is_not_lost() {
        let mut losses = Losses::default();
        for number in [10, 12, 11, 15, 14, 2] {
            losses.arrive(number);
        }
        assert_eq!(losses.share(), 7_812, "one of 128 until there are more");
    }

    #[test]
    fn the_rate_is_that_of_most_pairs() {
        let mut pairs = Pairs::default();
        for number in 0..9 {
            assert_eq!(pairs.rate(), None);
            pairs.add(500, if number % 4 == 0 { 1 } else { 4_000_000 });
        }
        assert_eq!(pairs.rate(), Some(1_000_000));
    }

    #[test]
    fn round_trips_are_smoothed() {
        let mut trip = RoundTrip::default();
        assert_eq!(trip.mean(), None);
        trip.add(8000);
        trip.add(16000);
        assert_eq!((trip.mean(), trip.longest()), (Some(9000), 16000));
    }

    #[test]
    fn repairs_are_those_of_the_last_time() {
        let mut repairs = Repairs::default();
        for number in 0..10 {
            repairs.add(number * 10, number * 5, number * 100, 50);
        }
        assert_eq!(repairs.share(), 50_000);
        for number in 10..20 {
            repairs.add(number * 10, 45, number * 100, 50);
        }
        assert_eq!(repairs.share(), 0);
        repairs.add(200, 0, 0, 50);
        assert_eq!(repairs.share(), 0);
    }
}
