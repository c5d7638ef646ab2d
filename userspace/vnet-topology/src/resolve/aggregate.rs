// SPDX-License-Identifier: GPL-2.0

//! Fewer routes for the same ways.
//!
//! A router in a network of a thousand links has a thousand routes, most of them to the same few next hops. Within the
//! pool of automatic addresses, routes of neighbouring prefixes are put together: what is in no LAN does not matter, so
//! it may go anywhere. The smallest table is found as ORTC does (Draves et al., 1999): from the bottom up each place of
//! the trie gets the set of next hops that serve it best, from the top down a route stands where the next hop changes.
//!
//! The trie is the same for all routers and made once.

use ipnet::IpNet;

use super::pool::number;

/// Prefixes in a binary trie without the places that have only one branch.
pub(crate) struct Trie {
    /// In the order in which a place's branches come before it.
    places: Vec<Place>,
}

struct Place {
    net: IpNet,
    kind: Kind,
}

enum Kind {
    /// One of the prefixes, by its index.
    Leaf(usize),
    /// The two branches, by their places.
    Fork(usize, usize),
}

impl Trie {
    /// The trie of prefixes of one family; none if one of them contains another, or there are none.
    pub fn new(prefixes: &[IpNet]) -> Option<Self> {
        let mut order: Vec<usize> = (0..prefixes.len()).collect();
        order.sort_by_key(|&index| {
            (
                number(prefixes[index].network()),
                prefixes[index].prefix_len(),
            )
        });
        let disjoint = order
            .windows(2)
            .all(|pair| !prefixes[pair[0]].contains(&prefixes[pair[1]]));
        if prefixes.is_empty() || !disjoint {
            return None;
        }
        let mut places: Vec<Place> = Vec::with_capacity(2 * prefixes.len());
        // The branches on the right edge of what there is so far.
        let mut open: Vec<usize> = Vec::new();
        for (at, &index) in order.iter().enumerate() {
            places.push(Place {
                net: prefixes[index],
                kind: Kind::Leaf(index),
            });
            open.push(places.len() - 1);
            // How much the next prefix has in common with this one: deeper forks are complete.
            let common = order
                .get(at + 1)
                .map(|&next| common_length(&prefixes[index], &prefixes[next]));
            while let [.., left, right] = open[..] {
                let fork = common_length(&places[left].net, &places[right].net);
                if common.is_some_and(|common| common >= fork) {
                    break;
                }
                let net = IpNet::new(places[left].net.network(), fork).ok()?.trunc();
                places.push(Place {
                    net,
                    kind: Kind::Fork(left, right),
                });
                open.truncate(open.len() - 2);
                open.push(places.len() - 1);
            }
        }
        Some(Trie { places })
    }

    /// The fewest routes that take every prefix to its next hop, by number; `None` is a prefix that may go anywhere
    /// (because something more specific takes care of it).
    pub fn aggregate(&self, next_hops: &[Option<usize>]) -> Vec<(IpNet, usize)> {
        let hops = next_hops.iter().flatten().max().map_or(0, |hop| hop + 1);
        let words = hops.div_ceil(64).max(1);
        // Sets of next hops as bits, one row for each place.
        let mut sets = vec![0u64; words * self.places.len()];
        for (at, place) in self.places.iter().enumerate() {
            let (before, rest) = sets.split_at_mut(at * words);
            let row = &mut rest[..words];
            match place.kind {
                Kind::Leaf(index) => match next_hops[index] {
                    Some(hop) => row[hop / 64] |= 1 << (hop % 64),
                    None => row.fill(u64::MAX),
                },
                Kind::Fork(left, right) => {
                    let left = &before[left * words..][..words];
                    let right = &before[right * words..][..words];
                    let meet = left.iter().zip(right).any(|(a, b)| a & b != 0);
                    for (out, (a, b)) in row.iter_mut().zip(left.iter().zip(right)) {
                        *out = if meet { a & b } else { a | b };
                    }
                }
            }
        }
        let mut routes = Vec::new();
        // What is inherited on the way down.
        let mut todo: Vec<(usize, Option<usize>)> = vec![(self.places.len() - 1, None)];
        while let Some((at, inherited)) = todo.pop() {
            let row = &sets[at * words..][..words];
            let contains = |hop: usize| row[hop / 64] & 1 << (hop % 64) != 0;
            let free = row.iter().all(|word| *word == u64::MAX);
            let hop = match inherited {
                Some(hop) if contains(hop) => Some(hop),
                // Nothing below needs a route.
                _ if free => continue,
                _ => {
                    let first = (0..hops).find(|&hop| contains(hop));
                    routes.extend(first.map(|hop| (self.places[at].net, hop)));
                    first
                }
            };
            if let Kind::Fork(left, right) = self.places[at].kind {
                todo.push((right, hop));
                todo.push((left, hop));
            }
        }
        routes
    }
}

/// How many leading bits two prefixes have in common.
fn common_length(a: &IpNet, b: &IpNet) -> u8 {
    let bits = u32::from(a.max_prefix_len());
    let differ = number(a.network()) ^ number(b.network());
    let common = differ.leading_zeros() - (128 - bits);
    (common as u8).min(a.prefix_len()).min(b.prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::pool::address;
    use proptest::prelude::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn show(routes: &[(IpNet, usize)]) -> Vec<String> {
        routes
            .iter()
            .map(|(net, hop)| format!("{net} {hop}"))
            .collect()
    }

    #[test]
    fn neighbours_with_one_next_hop_are_one_route() {
        let prefixes = nets(&["10.0.0.0/24", "10.0.1.0/24", "10.200.0.0/24"]);
        let trie = Trie::new(&prefixes).unwrap();
        assert_eq!(
            show(&trie.aggregate(&[Some(0), Some(0), Some(0)])),
            ["10.0.0.0/8 0"]
        );
        assert_eq!(
            show(&trie.aggregate(&[Some(0), Some(0), Some(1)])),
            ["10.0.0.0/8 0", "10.200.0.0/24 1"]
        );
        assert_eq!(
            show(&trie.aggregate(&[None, Some(1), None])),
            ["10.0.0.0/8 1"]
        );
        assert!(trie.aggregate(&[None, None, None]).is_empty());
    }

    #[test]
    fn what_contains_another_is_not_touched() {
        assert!(Trie::new(&nets(&["10.0.0.0/8", "10.0.1.0/24"])).is_none());
        assert!(Trie::new(&[]).is_none());
    }

    proptest! {
        #[test]
        fn every_prefix_goes_its_way(
            slots in prop::collection::btree_map(0u32..2000, prop::option::of(0usize..70), 1..80),
            ipv6 in any::<bool>(),
        ) {
            let prefixes: Vec<IpNet> = slots.keys().map(|slot| match ipv6 {
                false => format!("10.{}.{}.0/24", slot / 256, slot % 256).parse().unwrap(),
                true => format!("fd00:0:0:{slot:x}::/64").parse().unwrap(),
            }).collect();
            let hops: Vec<Option<usize>> = slots.values().copied().collect();
            let routes = Trie::new(&prefixes).unwrap().aggregate(&hops);
            prop_assert!(routes.len() <= hops.iter().flatten().count());
            for (net, hop) in prefixes.iter().zip(&hops) {
                let Some(hop) = hop else { continue };
                let addr = address(number(net.network()) + 7, net);
                let best = routes.iter().filter(|(route, _)| route.contains(&addr)).max_by_key(|(route, _)| route.prefix_len());
                prop_assert_eq!(best.map(|(_, hop)| *hop), Some(*hop));
            }
        }
    }
}
