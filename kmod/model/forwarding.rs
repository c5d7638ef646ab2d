// SPDX-License-Identifier: GPL-2.0

//! What a learning bridge knows: behind which port an address is.
//!
//! The table is a hash table of sets of four entries. An address has its place in one set; if that
//! is full of addresses which have not aged, the one that was silent longest makes room and is
//! counted as displaced. So learning costs the same whatever the table holds, and never fails.

use super::headers::mix;
use core::ops::DerefMut;

/// Entries of a set.
const WAYS: usize = 4;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// What is known of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The address; zero, which no station has, if the entry is free.
    pub address: Mac,
    /// The port behind which it is.
    pub port: u32,
    /// When it sent last, ns.
    pub seen: u64,
}

impl Entry {
    /// Whether it says something at `now`.
    fn is_valid(&self, now: u64, ageing: u64) -> bool {
        self.address != Mac::default() && now.saturating_sub(self.seen) < ageing
    }
}

/// The table, in the memory of its owner.
#[derive(Debug)]
pub struct Forwarding<S> {
    entries: S,
    /// Addresses that came up behind another port than before.
    pub moved: u64,
    /// Addresses that had to make room before they had aged.
    pub displaced: u64,
}

/// Whether an address is that of a group.
pub fn is_group(address: &Mac) -> bool {
    let [first, ..] = address;
    first & 1 != 0
}

/// Whether an address is one of those that no bridge forwards (IEEE 802.1Q, table 8-1).
pub fn is_link_local(address: &Mac) -> bool {
    let [rest @ .., last] = address;
    *rest == [0x01, 0x80, 0xc2, 0, 0] && *last < 16
}

impl<S: DerefMut<Target = [Entry]>> Forwarding<S> {
    /// How many entries a table for so many addresses needs.
    pub fn size(addresses: u64) -> usize {
        let size = addresses.clamp(WAYS as u64, 1 << 20);
        size.next_power_of_two() as usize
    }

    /// An empty table in `entries`, of which there are as many as [`Self::size`] said.
    pub fn new(entries: S) -> Self {
        Self {
            entries,
            moved: 0,
            displaced: 0,
        }
    }

    /// How many addresses it can hold.
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// The set in which an address has its place.
    fn set(&self, address: &Mac) -> core::ops::Range<usize> {
        let mut state = 0;
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        mix(&mut state, address.iter().fold(0, fold));
        // The number of sets is a power of two.
        let last = (self.entries.len() / WAYS).saturating_sub(1);
        let first = (state as usize & last).wrapping_mul(WAYS);
        first..first.wrapping_add(WAYS)
    }

    /// Notes that `address` has sent by `port` at `now`; addresses age in `ageing` ns.
    pub fn learn(&mut self, address: &Mac, port: u32, now: u64, ageing: u64) {
        if is_group(address) || *address == Mac::default() {
            return;
        }
        let set = self.set(address);
        let Some(set) = self.entries.get_mut(set) else {
            return;
        };
        if let Some(known) = set.iter_mut().find(|entry| entry.address == *address) {
            if known.port != port && known.is_valid(now, ageing) {
                self.moved = self.moved.wrapping_add(1);
            }
            known.port = port;
            known.seen = now;
            return;
        }
        // Free and aged ones come first: they were silent longest.
        let oldest = set
            .iter_mut()
            .min_by_key(|entry| match entry.is_valid(now, ageing) {
                true => entry.seen.saturating_add(1),
                false => 0,
            });
        if let Some(place) = oldest {
            if place.is_valid(now, ageing) {
                self.displaced = self.displaced.wrapping_add(1);
            }
            *place = Entry {
                address: *address,
                port,
                seen: now,
            };
        }
    }

    /// The port behind which an address is, if that is known.
    pub fn port_of(&self, address: &Mac, now: u64, ageing: u64) -> Option<u32> {
        let mut set = self.entries.get(self.set(address))?.iter();
        let found = set.find(|entry| entry.address == *address)?;
        found.is_valid(now, ageing).then_some(found.port)
    }

    /// What is known at `now`.
    pub fn known(&self, now: u64, ageing: u64) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| entry.is_valid(now, ageing))
    }

    /// Forgets all addresses.
    pub fn flush(&mut self) {
        for entry in self.entries.iter_mut() {
            *entry = Entry::default();
        }
    }
}
