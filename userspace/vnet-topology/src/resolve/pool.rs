// SPDX-License-Identifier: GPL-2.0

//! Picking free subnets and addresses by hash: what a name gets does not depend on what else there is, except where
//! two hashes meet; then the earlier one in the file keeps its place.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::hash::hash_with;

/// How many places are tried by hash before the next free one is taken.
const TRIES: u64 = 32;

/// A set of prefixes, for finding overlaps.
#[derive(Default)]
pub(crate) struct Prefixes {
    /// First to last address; ranges do not overlap. One map for each family.
    ranges: [BTreeMap<u128, u128>; 2],
}

fn family(net: &IpNet) -> usize {
    usize::from(matches!(net, IpNet::V6(_)))
}

/// An address as a number.
pub(crate) fn number(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(addr) => u128::from(u32::from(addr)),
        IpAddr::V6(addr) => u128::from(addr),
    }
}

/// The address with a number, of the family of `like`.
pub(crate) fn address(number: u128, like: &IpNet) -> IpAddr {
    match like {
        // The low 32 bits are all that there is.
        IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from(number as u32)),
        IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

fn range(net: &IpNet) -> (u128, u128) {
    (number(net.network()), number(net.broadcast()))
}

impl Prefixes {
    /// Adds a prefix, whatever it overlaps.
    pub fn add(&mut self, net: &IpNet) {
        let (mut first, mut last) = range(net);
        let ranges = &mut self.ranges[family(net)];
        let overlapping: Vec<u128> = ranges
            .range(..=last)
            .rev()
            .take_while(|(_, &end)| end >= first)
            .map(|(&start, _)| start)
            .collect();
        for start in overlapping {
            if let Some(end) = ranges.remove(&start) {
                first = first.min(start);
                last = last.max(end);
            }
        }
        ranges.insert(first, last);
    }

    /// The end of a range that the prefix overlaps.
    fn overlap(&self, net: &IpNet) -> Option<u128> {
        let (first, last) = range(net);
        let (_, &end) = self.ranges[family(net)].range(..=last).next_back()?;
        (end >= first).then_some(end)
    }

    /// Picks a free prefix of the length in the pool and takes it; none if the pool is full.
    pub fn allocate(&mut self, pool: &IpNet, length: u8, key: &str) -> Option<IpNet> {
        let bits = length.checked_sub(pool.prefix_len())?;
        let width = u32::from(pool.max_prefix_len() - length);
        let base = number(pool.network());
        let count = 1u128 << bits.min(64);
        let net = |slot: u128| IpNet::new(address(base + (slot << width), pool), length).ok();
        for attempt in 0..TRIES {
            let candidate = net(u128::from(hash_with(attempt, "subnet", &[key])) % count)?;
            if self.overlap(&candidate).is_none() {
                self.add(&candidate);
                return Some(candidate);
            }
        }
        // The pool is rather full: take the first free one, stepping over whole ranges.
        let mut slot = 0;
        while slot < count {
            let candidate = net(slot)?;
            match self.overlap(&candidate) {
                None => {
                    self.add(&candidate);
                    return Some(candidate);
                }
                Some(end) => slot = (end.saturating_sub(base) >> width) + 1,
            }
        }
        None
    }
}

/// Picks a free address in a subnet for an interface: `preferred` if it is free, else one by hash.
pub(crate) fn pick_address(
    net: &IpNet,
    preferred: Option<u64>,
    key: &[&str],
    taken: impl Fn(IpAddr) -> bool,
) -> Option<IpNet> {
    let base = number(net.network());
    let (first, last) = match net {
        IpNet::V4(net) => usable_v4(net),
        IpNet::V6(net) => usable_v6(net),
    };
    let at = |host: u128| {
        let addr = address(base + host, net);
        (!taken(addr))
            .then(|| IpNet::new(addr, net.prefix_len()).ok())
            .flatten()
    };
    if let Some(preferred) = preferred.map(u128::from) {
        if (first..=last).contains(&preferred) {
            if let Some(found) = at(preferred) {
                return Some(found);
            }
        }
    }
    let count = last.checked_sub(first)? + 1;
    (0..TRIES)
        .find_map(|attempt| at(first + u128::from(hash_with(attempt, "host", key)) % count))
        .or_else(|| (first..=last).take(1 << 16).find_map(at))
}

/// First and last number of a host in the subnet.
fn usable_v4(net: &Ipv4Net) -> (u128, u128) {
    let size = 1u128 << (32 - net.prefix_len());
    match size {
        1 | 2 => (0, size - 1),
        _ => (1, size - 2),
    }
}

/// Small numbers are easier to read: 16 bits of them are enough.
fn usable_v6(net: &Ipv6Net) -> (u128, u128) {
    let bits = 128 - net.prefix_len();
    match bits {
        0 | 1 => (0, (1 << bits) - 1),
        _ => (1, (1 << bits.min(16)) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocates_every_block_once() {
        let pool: IpNet = "10.0.0.0/22".parse().unwrap();
        let mut used = Prefixes::default();
        used.add(&"10.0.2.128/25".parse().unwrap());
        let mut got: Vec<IpNet> = (0..3)
            .map(|i| used.allocate(&pool, 24, &i.to_string()).unwrap())
            .collect();
        got.sort();
        assert_eq!(
            got,
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.3.0/24"].map(|net| net.parse::<IpNet>().unwrap())
        );
        assert_eq!(used.allocate(&pool, 24, "x"), None);
    }

    #[test]
    fn a_subnet_is_a_function_of_its_key() {
        let pool: IpNet = "fd00::/48".parse().unwrap();
        let alone = Prefixes::default().allocate(&pool, 64, "b").unwrap();
        let mut used = Prefixes::default();
        used.allocate(&pool, 64, "a").unwrap();
        assert_eq!(used.allocate(&pool, 64, "b"), Some(alone));
    }

    #[test]
    fn addresses_of_a_small_subnet() {
        let net: IpNet = "10.0.0.0/30".parse().unwrap();
        let taken: IpAddr = "10.0.0.1".parse().unwrap();
        let got = pick_address(&net, Some(1), &["a"], |addr| addr == taken).unwrap();
        assert_eq!(got.to_string(), "10.0.0.2/30");
        assert_eq!(pick_address(&net, None, &["a"], |_| true), None);
    }
}
