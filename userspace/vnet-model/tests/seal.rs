// SPDX-License-Identifier: GPL-2.0

//! Nonces and the window against packets that come twice.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vnet_model::seal::{Header, Nonce, Numbers, Window, HEADER, MAX_WINDOW};

fn nonce(number: u128) -> Nonce {
    let bytes = number.to_be_bytes();
    Nonce::from_bytes(bytes[4..].try_into().unwrap())
}

/// What a window should say, from all that was ever noted: by how far each is ahead of the first.
#[derive(Default)]
struct Memory {
    epoch: u64,
    seen: BTreeSet<i64>,
}

impl Memory {
    fn is_new(&self, epoch: u64, at: i64, width: u64) -> bool {
        let Some(newest) = self.seen.last() else {
            return true;
        };
        match epoch.cmp(&self.epoch) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => {
                at > *newest || (at > *newest - width as i64 && !self.seen.contains(&at))
            }
        }
    }

    fn note(&mut self, epoch: u64, at: i64) {
        if epoch != self.epoch {
            self.seen.clear();
        }
        self.epoch = epoch;
        self.seen.insert(at);
    }
}

proptest! {
    #[test]
    fn the_window_remembers(
        start in any::<u128>(),
        width in 1..=MAX_WINDOW,
        steps in proptest::collection::vec((0..50u8, -9000..9000i64), 1..400),
    ) {
        let (mut window, mut memory) = (Window::default(), Memory::default());
        let (mut epoch, mut at) = (1u64, 0i64);
        for (what, step) in steps {
            // Mostly near the newest; now and then far from it, and rarely in another epoch.
            let (epoch_now, here) = match what {
                0 => { epoch += 1; (epoch, at) }
                1 => (epoch.saturating_sub(1), at + 1),
                2..=9 => (epoch, at + step),
                _ => (epoch, at + step % 80),
            };
            let number = nonce(start.wrapping_add(here as u128));
            let is_new = memory.is_new(epoch_now, here, width);
            prop_assert_eq!(window.is_new(epoch_now, number, width), is_new, "{} {}", epoch_now, here);
            if is_new {
                window.note(epoch_now, number);
                memory.note(epoch_now, here);
                at = at.max(here);
            }
        }
    }

    #[test]
    fn headers_come_back(key: [u8; 2], length: u16, epoch: u64, number: u128) {
        let header = Header { key, length, epoch, nonce: nonce(number) };
        prop_assert_eq!(Header::decode(&header.encode()), Some(header));
    }

    #[test]
    fn other_messages_are_none(mut bytes: [u8; HEADER]) {
        bytes[0] %= 7;
        prop_assert_eq!(Header::decode(&bytes), None);
    }

    #[test]
    fn nonces_count_up(start: u128, count in 1..200u64, other: u128) {
        let mut numbers = Numbers::new(7, nonce(start));
        prop_assert!(!numbers.has_drawn(nonce(start)));
        for step in 0..count {
            prop_assert_eq!(numbers.draw(), nonce(start.wrapping_add(step.into())));
        }
        prop_assert!(numbers.has_drawn(nonce(start)));
        prop_assert!(numbers.has_drawn(nonce(start.wrapping_add(u128::from(count) - 1))));
        prop_assert!(!numbers.has_drawn(nonce(start.wrapping_add(count.into()))));
        let ahead = other.wrapping_sub(start) & ((1 << 96) - 1);
        prop_assert_eq!(numbers.has_drawn(nonce(other)), ahead < count.into());
    }
}

#[test]
fn nonces_wrap_round() {
    let mut numbers = Numbers::new(1, nonce(u128::MAX));
    assert_eq!(numbers.draw().to_bytes(), [0xff; 12]);
    assert_eq!(numbers.draw().to_bytes(), [0; 12]);
    assert_eq!(numbers.epoch(), 1);
}
