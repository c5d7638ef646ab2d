// SPDX-License-Identifier: GPL-2.0

//! MAC addresses and seeds: functions of names, so that they stay when something else is added.

use std::collections::HashMap;

use super::Lab;
use crate::decode::Problems;
use crate::hash::{hash, hash_with};
use crate::plan::{MacAddr, NodeKind};
use crate::report::{Problem, Span};

/// Seed of a lab that does not say one.
pub(crate) const DEFAULT_SEED: u64 = 1;

/// The seed of a link.
pub(crate) fn link_seed(seed: u64, link: &str) -> u64 {
    hash_with(seed, "link-seed", &[link])
}

/// A locally administered unicast address from 46 bits of a hash.
fn mac(attempt: u64, lab: &str, link: &str, node: &str) -> MacAddr {
    let [a, b, c, d, e, f, ..] = hash_with(attempt, "mac", &[lab, link, node]).to_be_bytes();
    MacAddr([a & 0xfc | 0x02, b, c, d, e, f])
}

/// Gives every end its MAC address, and returns those of the bridges by node.
pub(crate) fn resolve(problems: &Problems, lab: &mut Lab<'_>) -> HashMap<usize, MacAddr> {
    let mut given: HashMap<MacAddr, &Span> = HashMap::new();
    for end in lab.links.iter().flat_map(|link| &link.ends) {
        let Some(mac) = &end.file.mac else { continue };
        if let Some(first) = given.insert(mac.value, &mac.span) {
            problems.add(
                Problem::new(
                    mac.span.clone(),
                    format!("the MAC address {} is taken", mac.value),
                )
                .label("the second one")
                .also(first.clone(), "the first one")
                .help("give each interface its own, or none to have one assigned"),
            );
        }
    }
    let mut taken: std::collections::HashSet<MacAddr> = given.keys().copied().collect();
    let mut assign = |lab: &str, link: &str, node: &str| {
        let mut attempt = 0;
        loop {
            let mac = mac(attempt, lab, link, node);
            if taken.insert(mac) {
                return mac;
            }
            attempt += 1;
        }
    };
    for link in 0..lab.links.len() {
        for end in 0..2 {
            let state = &lab.links[link].ends[end];
            let mac = match &state.file.mac {
                Some(mac) => mac.value,
                None => assign(
                    &lab.name,
                    &lab.links[link].name,
                    lab.nodes[state.node].name(),
                ),
            };
            lab.links[link].ends[end].mac = mac;
        }
    }
    let switches = lab
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.kind.kind() == NodeKind::Switch);
    switches
        .map(|(index, node)| (index, assign(&lab.name, "", node.name())))
        .collect()
}

/// Router ids: given ones, else the first IPv4 address of an own interface, else a function of the name.
pub(crate) fn router_ids(problems: &Problems, lab: &Lab<'_>) -> HashMap<usize, std::net::Ipv4Addr> {
    let mut ids: HashMap<std::net::Ipv4Addr, (usize, Option<Span>)> = HashMap::new();
    let mut result = HashMap::new();
    let routers = || {
        lab.nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.kind.kind() == NodeKind::Router)
    };
    for (index, node) in routers() {
        let own = node
            .params
            .interfaces
            .iter()
            .flat_map(|interface| interface.addresses());
        let given = node.params.router_id.clone().or_else(|| {
            own.filter_map(|at| match at.value.addr() {
                std::net::IpAddr::V4(addr) if !addr.is_loopback() => Some(at.clone().map(|_| addr)),
                _ => None,
            })
            .next()
        });
        let Some(given) = given else { continue };
        let explicit = node.params.router_id.is_some();
        let span = Some(given.span.clone());
        if let Some((other, first)) = ids.insert(given.value, (index, span)) {
            // Where both are addresses, it is these that clash, and the check of addresses says so.
            if explicit || lab.nodes[other].params.router_id.is_some() {
                let (first_name, name) = (lab.nodes[other].name(), node.name());
                problems.add(
                    Problem::new(
                        given.span,
                        format!(
                            "`{first_name}` and `{name}` have the router id {}",
                            given.value
                        ),
                    )
                    .label(name)
                    .also(first.unwrap_or_default(), first_name)
                    .help("give each router its own `router-id`"),
                );
            }
        }
        result.insert(index, given.value);
    }
    for (index, node) in routers() {
        if result.contains_key(&index) {
            continue;
        }
        let mut attempt = hash("router-id", &[node.name()]);
        let id = loop {
            // Looks like an address of nobody: 240 to 255.
            let id = std::net::Ipv4Addr::from(0xf000_0000 | (attempt as u32 & 0x0fff_ffff));
            if !ids.contains_key(&id) && !id.is_broadcast() {
                break id;
            }
            attempt = attempt.wrapping_add(1);
        };
        ids.insert(id, (index, None));
        result.insert(index, id);
    }
    result
}

/// Autonomous systems: given ones, else one for each router, of the private numbers of 32 bits (RFC 6996).
pub(crate) fn asns(lab: &Lab<'_>) -> HashMap<usize, u32> {
    const FIRST: u32 = 4_200_000_000;
    const COUNT: u64 = 94_967_295;
    let given = |node: &super::NodeState<'_>| node.params.asn.as_ref().map(|asn| asn.value);
    let mut taken: std::collections::HashSet<u32> = lab.nodes.iter().filter_map(given).collect();
    let routers = lab
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.kind.kind() == NodeKind::Router);
    routers
        .map(|(index, node)| {
            let asn = given(node).unwrap_or_else(|| {
                let mut number = hash("asn", &[node.name()]) % COUNT;
                // Below 2^27, so that it fits.
                while !taken.insert(FIRST + number as u32) {
                    number = (number + 1) % COUNT;
                }
                FIRST + number as u32
            });
            (index, asn)
        })
        .collect()
}
