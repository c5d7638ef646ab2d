// SPDX-License-Identifier: GPL-2.0

//! Packets, bytes and rates of flows, in a table of bounded size.
//!
//! As the table of a bridge it consists of sets of four entries; a new flow takes the place of one
//! of its set that has been idle long enough, or of the one that has been so longest, which is
//! counted as displaced.

use super::headers::{
    mix,
    Address,
    Headers, //
};
use core::ops::DerefMut;

/// Entries of a set.
const WAYS: usize = 4;

/// One way of a conversation: what its packets have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Ethernet type.
    pub ethertype: u16,
    /// Source and destination address.
    pub addresses: Addresses,
    /// IP protocol; 0 if it is none.
    pub protocol: u8,
    /// Source and destination port, if there are some.
    pub ports: Option<[u16; 2]>,
}

/// Source and destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Of the network.
    Ip(Address, Address),
    /// Of the link, of frames that are not IP.
    Ethernet([u8; 6], [u8; 6]),
}

impl Key {
    /// The flow of a frame with such headers.
    pub fn of(headers: &Headers) -> Self {
        match &headers.ip {
            Some(ip) => Self {
                ethertype: headers.ethertype,
                addresses: Addresses::Ip(ip.source, ip.destination),
                protocol: ip.protocol,
                ports: headers.ports,
            },
            None => Self {
                ethertype: headers.ethertype,
                addresses: Addresses::Ethernet(headers.eth_source, headers.eth_destination),
                protocol: 0,
                ports: None,
            },
        }
    }

    fn hash(&self) -> u64 {
        let mut state = u64::from(self.ethertype);
        let mac = |address: &[u8; 6]| {
            let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
            address.iter().fold(0u64, fold)
        };
        match &self.addresses {
            Addresses::Ip(from, to) => {
                for word in from.words().into_iter().chain(to.words()) {
                    mix(&mut state, word);
                }
            }
            Addresses::Ethernet(from, to) => {
                mix(&mut state, mac(from));
                mix(&mut state, mac(to));
            }
        }
        let [from, to] = self.ports.unwrap_or_default();
        let rest = u64::from(from) << 32 | u64::from(to) << 16 | u64::from(self.protocol);
        mix(&mut state, rest);
        state
    }
}

/// Packets, bytes, and bytes in windows of time, of which the last complete one gives the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Packets.
    pub packets: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// When the present window began, ns.
    begin: u64,
    /// Bytes in the present window.
    now: u64,
    /// Bytes in the one before.
    before: u64,
}

impl Meter {
    /// Counts a packet of `bytes` at the time `now`, with windows of `window` ns.
    pub fn count(&mut self, bytes: u32, now: u64, window: u64) {
        self.advance(now, window);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(u64::from(bytes));
        self.now = self.now.saturating_add(u64::from(bytes));
    }

    fn advance(&mut self, now: u64, window: u64) {
        let age = now.saturating_sub(self.begin);
        if age < window {
            return;
        }
        let next = age < window.saturating_mul(2);
        self.before = if next { self.now } else { 0 };
        self.now = 0;
        // Windows follow each other without a gap while something comes; after a pause a new
        // series begins.
        self.begin = match next {
            true => self.begin.saturating_add(window),
            false => now,
        };
    }

    /// Bit/s in the last complete window before `now`. Divides, so it is for readers.
    pub fn rate(&self, now: u64, window: u64) -> u64 {
        let mut copy = *self;
        copy.advance(now, window);
        let bits = copy.before.saturating_mul(8);
        let (seconds, rest) = (bits / window.max(1), bits % window.max(1));
        let whole = seconds.saturating_mul(1_000_000_000);
        whole.saturating_add(rest.saturating_mul(1_000_000_000) / window.max(1))
    }
}

/// A flow and what it did.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Which one.
    pub key: Key,
    /// What it did.
    pub meter: Meter,
    /// When its first packet came, ns.
    pub first: u64,
    /// When its last packet came, ns.
    pub last: u64,
}

impl Flow {
    fn is_idle(&self, now: u64, timeout: u64) -> bool {
        now.saturating_sub(self.last) >= timeout
    }
}

/// The table, in the memory of its owner.
#[derive(Debug)]
pub struct Flows<S> {
    entries: S,
    /// Flows that had to make room before they were idle.
    pub displaced: u64,
}

impl<S: DerefMut<Target = [Option<Flow>]>> Flows<S> {
    /// How many entries a table for so many flows needs.
    pub fn size(flows: u64) -> usize {
        let size = flows.clamp(WAYS as u64, 1 << 20);
        size.next_power_of_two() as usize
    }

    /// An empty table in `entries`, of which there are as many as [`Self::size`] said.
    pub fn new(entries: S) -> Self {
        Self {
            entries,
            displaced: 0,
        }
    }

    /// How many flows it can hold.
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// The entry of a flow; a new one, if it has none that is not idle.
    pub fn entry(&mut self, key: &Key, now: u64, timeout: u64) -> Option<&mut Meter> {
        // The number of sets is a power of two.
        let last = (self.entries.len() / WAYS).saturating_sub(1);
        let begin = (key.hash() as usize & last).wrapping_mul(WAYS);
        let set = self.entries.get_mut(begin..begin.wrapping_add(WAYS))?;
        let is_it = |entry: &Option<Flow>| {
            let flow = entry.as_ref();
            flow.is_some_and(|flow| flow.key == *key && !flow.is_idle(now, timeout))
        };
        // Free and idle ones come first: they were silent longest.
        let age = |entry: &Option<Flow>| match entry {
            Some(flow) if !flow.is_idle(now, timeout) => flow.last.saturating_add(1),
            _ => 0,
        };
        let place = match set.iter().position(is_it) {
            Some(place) => place,
            None => {
                let places = set.iter().enumerate();
                let (place, old) = places.min_by_key(|(_, entry)| age(entry))?;
                if age(old) != 0 {
                    self.displaced = self.displaced.wrapping_add(1);
                }
                *set.get_mut(place)? = Some(Flow {
                    key: *key,
                    meter: Meter {
                        begin: now,
                        ..Meter::default()
                    },
                    first: now,
                    last: now,
                });
                place
            }
        };
        let flow = set.get_mut(place)?.as_mut()?;
        flow.last = now;
        Some(&mut flow.meter)
    }

    /// The flows that are not idle at `now`.
    pub fn live(&self, now: u64, timeout: u64) -> impl Iterator<Item = &Flow> {
        let flows = self.entries.iter().flatten();
        flows.filter(move |flow| !flow.is_idle(now, timeout))
    }
}
