// SPDX-License-Identifier: GPL-2.0

//! BGP: a session with every BGP router of another autonomous system on a common LAN, and sessions within the own one.
//!
//! Where the own system runs an interior protocol as well, all its BGP routers have sessions with each other, between
//! their main addresses; routers without BGP get a default route to those at the border. Without an interior protocol
//! the sessions are with neighbours, which reflect.

use std::net::IpAddr;

use super::{protocols, Router, Text};
use crate::resolve::address::address_in;
use crate::resolve::{Lab, NodeState};

struct Session {
    peer: IpAddr,
    asn: u32,
    /// The own address, for a peer that is not on a common LAN.
    source: Option<IpAddr>,
    internal: bool,
}

/// Whether the router has a session with another autonomous system.
pub(super) fn is_border(router: &Router<'_, '_>) -> bool {
    router.protocols.bgp && sessions(router).iter().any(|session| !session.internal)
}

/// Whether the routers of the own system find each other by themselves.
fn interior(node: &NodeState<'_>) -> bool {
    protocols(node).interior()
}

fn sessions(router: &Router<'_, '_>) -> Vec<Session> {
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

fn asn(router: &Router<'_, '_>, node: usize) -> u32 {
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

pub(super) fn process(router: &Router<'_, '_>, text: &mut Text) {
    if !router.protocols.bgp {
        return;
    }
    let sessions = sessions(router);
    text.line(format_args!("router bgp {}", asn(router, router.index)));
    text.line(format_args!(" bgp router-id {}", router.id));
    // Without policies everything is announced and accepted.
    text.line(" no bgp ebgp-requires-policy");
    text.line(" no bgp default ipv4-unicast");
    text.line(" timers bgp 1 4");
    for Session {
        peer, asn, source, ..
    } in &sessions
    {
        text.line(format_args!(" neighbor {peer} remote-as {asn}"));
        text.line(format_args!(" neighbor {peer} timers connect 1"));
        text.line(format_args!(" neighbor {peer} advertisement-interval 0"));
        if let Some(source) = source {
            text.line(format_args!(" neighbor {peer} update-source {source}"));
        }
    }
    for (ipv6, family) in [(false, "ipv4"), (true, "ipv6")] {
        if !router.has_family(ipv6) {
            continue;
        }
        text.line(" !");
        text.line(format_args!(" address-family {family} unicast"));
        text.line("  redistribute connected");
        for (wanted, protocol) in [
            (router.protocols.ospfv2 && !ipv6, "ospf"),
            (router.protocols.ospfv3 && ipv6, "ospf6"),
            (router.protocols.rip && !ipv6, "rip"),
            (router.protocols.ripng && ipv6, "ripng"),
            (router.protocols.isis, "isis"),
        ] {
            if wanted {
                text.line(format_args!("  redistribute {protocol}"));
            }
        }
        for Session {
            peer,
            internal,
            source,
            ..
        } in sessions
            .iter()
            .filter(|session| session.peer.is_ipv6() == ipv6)
        {
            text.line(format_args!("  neighbor {peer} activate"));
            match (internal, source) {
                (false, _) => {}
                (true, Some(_)) => text.line(format_args!("  neighbor {peer} next-hop-self")),
                (true, None) => {
                    text.line(format_args!("  neighbor {peer} next-hop-self force"));
                    text.line(format_args!("  neighbor {peer} route-reflector-client"));
                }
            }
        }
        text.line(" exit-address-family");
    }
    text.line("exit");
    text.line("!");
}
