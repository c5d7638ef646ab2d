// SPDX-License-Identifier: GPL-2.0

//! Which stack fits what is needed and what the link is like.
//!
//! Each threshold has two values, for coming and for going, so that a link near it does not have the stack change all the
//! time; what is to go goes only after it has not been wanted for a while, twice as long each time that it comes
//! back soon.

use std::fmt;
use std::str::FromStr;

use crate::layer::{Layer, Layers};
use crate::{Nanos, MS};

/// What applications need of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Everything arrives, in order.
    Reliable,
    /// Nobody between the ends can read it.
    Confidential,
    /// What is lost is not waited for.
    LowLatency,
}

impl Need {
    /// All of them.
    pub const ALL: [Need; 3] = [Need::Reliable, Need::Confidential, Need::LowLatency];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Need::Reliable => "reliable",
            Need::Confidential => "confidential",
            Need::LowLatency => "low-latency",
        }
    }
}

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Need::ALL.into_iter().find(|need| need.name() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Need::ALL.into_iter().map(Need::name).collect();
            format!("there are {}", names.join(", "))
        })
    }
}

/// A set of needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(u8);

impl Needs {
    /// From its bits; those that mean nothing are left out.
    pub fn from_bits(bits: u8) -> Self {
        Needs(bits & 7)
    }

    /// A bit for each.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether it is one of them.
    pub fn has(self, need: Need) -> bool {
        self.0 & (1 << need as u8) != 0
    }

    /// What is in one of them.
    pub fn or(self, other: Self) -> Self {
        Needs(self.0 | other.0)
    }
}

impl FromIterator<Need> for Needs {
    fn from_iter<I: IntoIterator<Item = Need>>(needs: I) -> Self {
        Needs(needs.into_iter().fold(0, |set, need| set | 1 << need as u8))
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Need::ALL.into_iter().filter(|need| self.has(*need));
        let names: Vec<&str> = all.map(Need::name).collect();
        f.write_str(&names.join(", "))
    }
}

/// What the link is like, the worse of its two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Reports that do not arrive, in parts of a million.
    pub loss: u32,
    /// Packets that the stack has to repair, in parts of a million.
    pub repaired: u32,
    /// There and back, ns.
    pub round_trip: Nanos,
    /// Its rate, where it can be told, bit/s.
    pub rate: Option<u64>,
}

/// A threshold: below the first value something goes, from the second on it comes.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// To go.
    pub low: u64,
    /// To come.
    pub high: u64,
}

impl Threshold {
    fn crossed(self, value: u64, is_in: bool) -> bool {
        match is_in {
            true => value >= self.low,
            false => value >= self.high,
        }
    }
}

/// Loss, in parts of a million. From 1 % on it is three of 256 reports, which are not a mishap any more, and TCP falls
/// to less than a tenth of what it could do over 50 ms; 0.25 % means that none of 256 is lost.
pub const LOSS: Threshold = Threshold {
    low: 2_500,
    high: 10_000,
};

/// Round trip, ns. What has to be sent again comes so much later: from 100 ms on people notice.
pub const FAR: Threshold = Threshold {
    low: 70 * MS,
    high: 100 * MS,
};

/// Time of a bit, ps. Below 1 Mbit/s a packet of 1500 bytes is on the wire for 12 ms, far longer than it takes to
/// compress it.
pub const NARROW: Threshold = Threshold {
    low: 500_000,
    high: 1_000_000,
};

/// The stack that fits, if `current` is in use.
pub fn fitting(needs: Needs, link: &Link, current: Layers) -> Layers {
    let repairs = current.has(Layer::Arq) || current.has(Layer::Fec);
    // What the stack repairs tells more than what the reports show, which are fewer and shorter; but only of a stack that
    // is there.
    let loss = match repairs {
        true => link.loss.max(link.repaired),
        false => link.loss,
    };
    let lossy = LOSS.crossed(loss.into(), repairs);
    let both = current.has(Layer::Arq) && current.has(Layer::Fec);
    let far = FAR.crossed(link.round_trip, both);
    let bit = link.rate.map_or(0, |rate| 1_000_000_000_000 / rate.max(1));
    let narrow = NARROW.crossed(bit, current.has(Layer::Compress));
    let reliable = needs.has(Need::Reliable);
    let quick = needs.has(Need::LowLatency) || far;
    Layers::NONE
        .set(Layer::Fec, lossy && (quick || !reliable))
        .set(Layer::Arq, lossy && reliable)
        .set(Layer::Crypt, needs.has(Need::Confidential))
        .set(Layer::Compress, narrow)
}

/// Longest that something is kept, in times of the normal one.
const MOST: u32 = 16;

/// Has the stack follow what fits, not too fast.
#[derive(Clone, Debug)]
pub struct Chooser {
    hold: Nanos,
    /// Since when something of the stack is not wanted.
    unwanted: Option<Nanos>,
    /// When something went the last time, and what.
    went: Option<(Nanos, Layers)>,
    /// How often `hold` it is kept.
    times: u32,
}

impl Chooser {
    /// One that keeps what is not wanted for `hold`.
    pub fn new(hold: Nanos) -> Self {
        Chooser {
            hold,
            unwanted: None,
            went: None,
            times: 1,
        }
    }

    /// The stack to take instead of the current one, if it is another one.
    pub fn choose(&mut self, now: Nanos, fitting: Layers, current: Layers) -> Option<Layers> {
        let kept = self.hold.saturating_mul(self.times.into());
        if let Some((at, what)) = self.went {
            let settled = now.saturating_sub(at) > kept.saturating_mul(4);
            if settled || !fitting.and(what).is_empty() {
                self.times = match settled {
                    true => 1,
                    false => (self.times * 2).min(MOST),
                };
                self.went = None;
            }
        }
        if !fitting.without(current).is_empty() {
            // What comes does so at once; what it replaces goes later.
            self.unwanted = None;
            return Some(fitting.or(current));
        }
        if fitting == current {
            self.unwanted = None;
            return None;
        }
        let since = *self.unwanted.get_or_insert(now);
        if now.saturating_sub(since) < kept {
            return None;
        }
        self.unwanted = None;
        self.went = Some((now, current.without(fitting)));
        Some(fitting)
    }
}

/// How long `arq` should wait for an acknowledgement, in ms: one and a half round trips and what the ends may need, so
/// that it sends nothing twice that was only late.
pub fn arq_timeout(round_trip: Nanos) -> u64 {
    (round_trip.saturating_mul(3) / 2 / MS + 20).min(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(text: &str) -> Needs {
        text.split_whitespace()
            .map(|name| name.parse().unwrap())
            .collect()
    }

    fn link(loss: u32, ms: u64) -> Link {
        Link {
            loss,
            round_trip: ms * MS,
            ..Link::default()
        }
    }

    #[test]
    fn need_and_link_choose() {
        for (text, loss, ms, stack) in [
            ("", 0, 20, "forward"),
            ("", 20_000, 20, "fec"),
            ("reliable", 0, 20, "forward"),
            ("reliable", 9_999, 20, "forward"),
            ("reliable", 10_000, 20, "arq"),
            ("reliable", 20_000, 120, "arq+fec"),
            ("reliable low-latency", 20_000, 20, "arq+fec"),
            ("low-latency", 20_000, 200, "fec"),
            ("confidential", 0, 20, "crypt"),
            ("confidential reliable", 50_000, 20, "crypt+arq"),
        ] {
            let found = fitting(needs(text), &link(loss, ms), Layers::NONE);
            assert_eq!(found.to_string(), stack, "{text}, {loss}, {ms} ms");
        }
        assert!("fast"
            .parse::<Need>()
            .unwrap_err()
            .contains("reliable, confidential"));
        assert_eq!(
            needs("low-latency reliable").to_string(),
            "reliable, low-latency"
        );
    }

    #[test]
    fn a_narrow_link_compresses() {
        let mut link = link(0, 20);
        let none = Layers::NONE;
        let zip = none.set(Layer::Compress, true);
        for (rate, current, wanted) in [
            (None, none, none),
            (Some(10_000_000), none, none),
            (Some(1_500_000), none, none),
            (Some(1_000_000), none, zip),
            (Some(1_500_000), zip, zip),
            (Some(2_100_000), zip, none),
            (Some(0), none, zip),
        ] {
            link.rate = rate;
            assert_eq!(fitting(needs(""), &link, current), wanted, "{rate:?}");
        }
    }

    #[test]
    fn what_repairs_stays_while_it_does() {
        let arq = Layers::NONE.set(Layer::Arq, true);
        let mut link = link(5_000, 20);
        assert_eq!(fitting(needs("reliable"), &link, arq), arq);
        link.loss = 0;
        assert_eq!(fitting(needs("reliable"), &link, arq), Layers::NONE);
        link.repaired = 5_000;
        assert_eq!(fitting(needs("reliable"), &link, arq), arq);
        assert_eq!(
            fitting(needs("reliable"), &link, Layers::NONE),
            Layers::NONE
        );
    }

    #[test]
    fn what_comes_does_so_at_once_and_goes_later() {
        let mut chooser = Chooser::new(1000);
        let (fec, arq) = (Layers::from_bits(1), Layers::from_bits(2));
        assert_eq!(chooser.choose(0, fec, Layers::NONE), Some(fec));
        assert_eq!(chooser.choose(1, arq, fec), Some(fec.or(arq)));
        assert_eq!(chooser.choose(2, arq, fec.or(arq)), None);
        assert_eq!(chooser.choose(900, fec.or(arq), fec.or(arq)), None);
        assert_eq!(
            chooser.choose(1100, arq, fec.or(arq)),
            None,
            "it was wanted meanwhile"
        );
        assert_eq!(chooser.choose(2100, arq, fec.or(arq)), Some(arq));
    }

    #[test]
    fn what_comes_back_stays_longer() {
        let mut chooser = Chooser::new(1000);
        let arq = Layers::from_bits(2);
        let mut now = 0;
        let mut stay = |now: &mut Nanos| {
            assert_eq!(chooser.choose(*now, arq, Layers::NONE), Some(arq));
            let begin = *now;
            while chooser.choose(*now, Layers::NONE, arq).is_none() {
                *now += 100;
            }
            *now - begin
        };
        assert_eq!(stay(&mut now), 1000);
        now += 500;
        assert_eq!(stay(&mut now), 2000);
        now += 500;
        assert_eq!(stay(&mut now), 4000);
        now += 100_000;
        assert_eq!(stay(&mut now), 1000);
    }
}
