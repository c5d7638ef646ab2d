// SPDX-License-Identifier: GPL-2.0

//! Sessions of BGP: one with every BGP router of another autonomous system on a common LAN, and those within the own one.
//!
//! Where the own system runs an interior protocol as well, all its BGP routers have sessions with each other, between
//! their main addresses; routers without BGP get a default route to those at the border. Without an interior protocol
//! the sessions are with neighbours, which reflect.

use std::net::IpAddr;

use super::{protocols, Router};
use crate::resolve::address::address_in;
use crate::resolve::{Lab, NodeState};

/// A session as one of its two routers sees it.
pub(in crate::resolve) struct Session {
    /// The other router's address.
    pub peer: IpAddr,
    /// Its autonomous system.
    pub asn: u32,
    /// The own address, for a peer that is not on a common LAN.
    pub source: Option<IpAddr>,
    /// Whether that is the own one.
    pub internal: bool,
}

/// Whether the router has a session with another autonomous system.
pub(in crate::resolve) fn is_border(router: &Router<'_, '_>) -> bool {
    router.protocols.bgp && sessions(router).iter().any(|session| !session.internal)
}

/// Whether the routers of the own system find each other by themselves.
fn interior(node: &NodeState<'_>) -> bool {
    protocols(node).interior()
}

/// All sessions of a router.
pub(in crate::resolve) fn sessions(router: &Router<'_, '_>) -> Vec<Session> {
    let lab = router.lab;
    let own = asn(router, router.index);
    let mut sessions: Vec<Session> = Vec::new();
    for &end in &router.node.ends {
        let Some(lan) = lab.end(end).lan else {
            continue;
        };
        for &other in lab.lans[lan]
            .members
            .iter()
            .filter(|&&other| lab.end(other).node != router.index)
        {
            let node = lab.end(other).node;
            let asn = asn(router, node);
            let internal = asn == own;
            if !protocols(&lab.nodes[node]).bgp || (internal && interior(router.node)) {
                continue;
            }
            for at in &lab.end(end).addresses {
                if let Some(peer) = address_in(lab, other, &at.value) {
                    sessions.push(Session {
                        peer,
                        asn,
                        source: None,
                        internal,
                    });
                }
            }
        }
    }
    if interior(router.node) {
        for (index, node) in lab.nodes.iter().enumerate() {
            let same = asn(router, index) == own && protocols(node).bgp && interior(node);
            if index == router.index || !same {
                continue;
            }
            for ipv6 in [false, true] {
                if let (Some(source), Some(peer)) = (
                    main_address(lab, router.node, ipv6),
                    main_address(lab, node, ipv6),
                ) {
                    sessions.push(Session {
                        peer,
                        asn: own,
                        source: Some(source),
                        internal: true,
                    });
                }
            }
        }
    }
    sessions
}

/// The autonomous system of a node.
pub(in crate::resolve) fn asn(router: &Router<'_, '_>, node: usize) -> u32 {
    router
        .identities
        .asns
        .get(&node)
        .copied()
        .unwrap_or_default()
}

/// The first address of an own interface, else of a link.
fn main_address(lab: &Lab<'_>, node: &NodeState<'_>, ipv6: bool) -> Option<IpAddr> {
    let own = node
        .params
        .interfaces
        .iter()
        .flat_map(|interface| interface.addresses());
    let ends = node.ends.iter().flat_map(|&id| &lab.end(id).addresses);
    own.chain(ends)
        .map(|at| at.value.addr())
        .find(|addr| addr.is_ipv6() == ipv6 && !addr.is_loopback())
}
