// SPDX-License-Identifier: GPL-2.0

//! `routing: static`: the shortest paths by cost from every router to every prefix of the lab.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::address::address_in;
use super::aggregate::Trie;
use super::route::cost;
use super::{EndId, Lab};
use crate::file::{LinkParams, Routing};
use crate::plan::{NodeKind, RoutePlan};

/// Routes are put together where the lab has more automatic subnets than this of a family; below, a table with a line
/// for each of them is easier to read.
const AGGREGATE_ABOVE: usize = 100;

/// Routers and LANs of one family, and the prefixes that are on them. From a router to a LAN costs what the link costs,
/// from a LAN to a router nothing.
pub(crate) struct ShortestPaths<'l, 'f> {
    lab: &'l Lab<'f>,
    /// For each node: its ends, their LANs and costs. Empty for what does not forward.
    ends: Vec<Vec<(EndId, usize, u64)>>,
    /// For each LAN: the ends of routers.
    routers: Vec<Vec<EndId>>,
    /// The prefixes, and where they are; those whose routes can be put together are first.
    prefixes: Vec<(IpNet, Target)>,
    /// Of the first prefixes, if their routes are put together.
    trie: Option<Trie>,
    /// How many prefixes are in the trie.
    in_trie: usize,
}

#[derive(Clone, Copy)]
enum Target {
    Lan(usize),
    Node(usize),
}

/// How the source gets to a place.
#[derive(Clone, Copy)]
enum Hop {
    /// It is there.
    Here,
    /// Through its own end: the LAN is connected.
    Through(EndId),
    /// Through its own end, to this end of a neighbour.
    Via(EndId, EndId),
}

impl<'l, 'f> ShortestPaths<'l, 'f> {
    pub fn new(lab: &'l Lab<'f>, defaults: &LinkParams, pool: Option<IpNet>, ipv6: bool) -> Self {
        let has_family = |id: EndId| {
            lab.end(id)
                .addresses
                .iter()
                .any(|at| at.value.addr().is_ipv6() == ipv6)
        };
        let ends = lab.nodes.iter().map(|node| {
            let forwards = node.kind.kind() == NodeKind::Router && node.routing() != Routing::None;
            let ends = node.ends.iter().filter(|&&id| forwards && has_family(id));
            ends.filter_map(|&id| Some((id, lab.end(id).lan?, u64::from(cost(lab, defaults, id)))))
                .collect()
        });
        let routers = lab.lans.iter().map(|lan| {
            let members = lan.members.iter().copied();
            members
                .filter(|&id| lab.is_router(id) && has_family(id))
                .collect()
        });
        let mut prefixes = prefixes(lab, ipv6);
        let in_pool = |net: &IpNet| pool.is_some_and(|pool| pool.contains(net));
        prefixes.sort_by_key(|(net, _)| !in_pool(net));
        let in_trie = prefixes.iter().take_while(|(net, _)| in_pool(net)).count();
        let trie = match in_trie > AGGREGATE_ABOVE {
            true => Trie::new(
                &prefixes[..in_trie]
                    .iter()
                    .map(|(net, _)| *net)
                    .collect::<Vec<_>>(),
            ),
            false => None,
        };
        ShortestPaths {
            lab,
            ends: ends.collect(),
            routers: routers.collect(),
            prefixes,
            trie,
            in_trie,
        }
    }

    /// Adds the routes of a router to what it has; a route that it has already wins.
    pub fn add_routes(&self, source: usize, routes: &mut Vec<RoutePlan>) {
        let hops = self.paths(source);
        let given: HashSet<IpNet> = routes.iter().map(|route| route.destination).collect();
        // Next hops by number.
        let mut known: Vec<(EndId, EndId, Option<IpAddr>)> = Vec::new();
        let mut next_hops: Vec<Option<usize>> = Vec::with_capacity(self.prefixes.len());
        for (net, target) in &self.prefixes {
            let hop = match *target {
                Target::Lan(lan) => hops[self.lab.nodes.len() + lan],
                Target::Node(node) => hops[node],
            };
            next_hops.push(match hop {
                Some(Hop::Via(out, to)) if !given.contains(net) => {
                    let found = known.iter().position(|(o, t, _)| (*o, *t) == (out, to));
                    let index = found.unwrap_or_else(|| {
                        known.push((out, to, self.via(out, to, net)));
                        known.len() - 1
                    });
                    known[index].2.map(|_| index)
                }
                _ => None,
            });
        }
        let mut add = |destination: IpNet, hop: usize| {
            routes.push(RoutePlan {
                destination,
                via: known[hop].2,
                interface: None,
                metric: None,
            });
        };
        let plain = match &self.trie {
            Some(trie) => {
                for (net, hop) in trie.aggregate(&next_hops[..self.in_trie]) {
                    add(net, hop);
                }
                self.in_trie
            }
            None => 0,
        };
        for ((net, _), hop) in self.prefixes.iter().zip(&next_hops).skip(plain) {
            if let Some(hop) = hop {
                add(*net, *hop);
            }
        }
    }

    /// The address of a neighbour's end in a subnet that the own end is in as well; of the family of `like`.
    fn via(&self, out: EndId, to: EndId, like: &IpNet) -> Option<IpAddr> {
        let own = self.lab.end(out).addresses.iter();
        own.filter(|at| at.value.addr().is_ipv6() == like.addr().is_ipv6())
            .find_map(|at| address_in(self.lab, to, &at.value))
    }

    /// Dijkstra from one router: how it gets to every node, and behind them to every LAN.
    fn paths(&self, source: usize) -> Vec<Option<Hop>> {
        let nodes = self.lab.nodes.len();
        let mut best: Vec<Option<(u64, Hop)>> = vec![None; nodes + self.lab.lans.len()];
        let mut heap = BinaryHeap::new();
        best[source] = Some((0, Hop::Here));
        heap.push(Reverse((0u64, source)));
        while let Some(Reverse((distance, place))) = heap.pop() {
            let Some((known, hop)) = best[place] else {
                continue;
            };
            if known < distance {
                continue;
            }
            let mut reach = |next: usize, distance: u64, hop: Hop| {
                if best[next].is_none_or(|(known, _)| distance < known) {
                    best[next] = Some((distance, hop));
                    heap.push(Reverse((distance, next)));
                }
            };
            if place < nodes {
                for &(id, lan, cost) in &self.ends[place] {
                    let hop = if place == source {
                        Hop::Through(id)
                    } else {
                        hop
                    };
                    reach(nodes + lan, distance + cost, hop);
                }
            } else {
                for &id in &self.routers[place - nodes] {
                    let hop = match hop {
                        Hop::Through(out) => Hop::Via(out, id),
                        hop => hop,
                    };
                    reach(self.lab.end(id).node, distance, hop);
                }
            }
        }
        best.into_iter()
            .map(|best| best.map(|(_, hop)| hop))
            .collect()
    }
}

/// All prefixes of a family in the lab: those of the LANs, and those of the routers' own interfaces.
fn prefixes(lab: &Lab<'_>, ipv6: bool) -> Vec<(IpNet, Target)> {
    let mut seen: HashSet<IpNet> = HashSet::new();
    let mut found = Vec::new();
    let lans = lab.lans.iter().enumerate().flat_map(|(index, lan)| {
        let addresses = lan.members.iter().flat_map(|&id| &lab.end(id).addresses);
        addresses.map(move |at| (at.value, Target::Lan(index)))
    });
    let nodes = lab
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.kind.kind() == NodeKind::Router);
    let own = nodes.flat_map(|(index, node)| {
        let addresses = node
            .params
            .interfaces
            .iter()
            .flat_map(|interface| interface.addresses());
        addresses.map(move |at| (at.value, Target::Node(index)))
    });
    for (net, target) in lans.chain(own) {
        let usable = net.addr().is_ipv6() == ipv6 && !net.addr().is_loopback();
        if usable && seen.insert(net.trunc()) {
            found.push((net.trunc(), target));
        }
    }
    found
}
