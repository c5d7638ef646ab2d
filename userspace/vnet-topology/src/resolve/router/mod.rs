// SPDX-License-Identifier: GPL-2.0

//! Routers that run routing protocols: what FRR and BIRD have to know to be configured.

mod session;

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv4Addr;

use super::{bird, frr, EndId, Lab, NodeState};
use crate::file::{Interface, LinkParams, Protocols, Routing, Suite};
use crate::plan::NodePlan;
pub(super) use session::{asn, is_border, sessions, Session};

/// Seconds between two hellos: the usual 10 are for networks that live longer than a demonstration.
pub(super) const HELLO: u32 = 1;
/// Seconds without a hello after which a neighbour is gone.
pub(super) const DEAD: u32 = 4;
/// Seconds from one update of RIP to the next. The shortest that FRR takes; the usual 30, 180 and 120 are for networks
/// that live longer than a demonstration.
pub(super) const RIP_UPDATE: u32 = 5;
/// Seconds until a route of RIP is invalid.
pub(super) const RIP_TIMEOUT: u32 = 15;
/// Seconds until it is forgotten.
pub(super) const RIP_GARBAGE: u32 = 10;

/// What routers are called in protocols.
pub(crate) struct Identities {
    /// Router ids by node.
    pub ids: HashMap<usize, Ipv4Addr>,
    /// Autonomous systems by node.
    pub asns: HashMap<usize, u32>,
}

/// A router that is being configured.
pub(super) struct Router<'r, 'f> {
    pub lab: &'r Lab<'f>,
    pub defaults: &'r LinkParams,
    pub identities: &'r Identities,
    pub node: &'r NodeState<'f>,
    pub index: usize,
    pub id: Ipv4Addr,
    pub protocols: Protocols,
}

/// An interface of a router.
#[derive(Clone, Copy)]
pub(super) enum Port<'r> {
    /// The end of a link.
    End(EndId),
    /// One of its own.
    Own(&'r Interface),
}

/// The configuration as it grows.
#[derive(Default)]
pub(super) struct Text(pub String);

impl Text {
    pub fn line(&mut self, line: impl fmt::Display) {
        use fmt::Write as _;
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Whether a node runs routing programs at all.
pub(crate) fn wanted(node: &NodeState<'_>) -> bool {
    protocols(node) != Protocols::default() || !node.params.frr.is_empty()
}

pub(super) fn protocols(node: &NodeState<'_>) -> Protocols {
    match node.routing() {
        Routing::Dynamic(protocols) => protocols,
        Routing::None | Routing::Static => Protocols::default(),
    }
}

/// Adds to the plan of a router what its protocols need.
pub(crate) fn configure(
    lab: &Lab<'_>,
    defaults: &LinkParams,
    identities: &Identities,
    index: usize,
    plan: &mut NodePlan,
) {
    let node = &lab.nodes[index];
    let router = Router {
        lab,
        defaults,
        identities,
        node,
        index,
        id: identities
            .ids
            .get(&index)
            .copied()
            .unwrap_or(Ipv4Addr::LOCALHOST),
        protocols: protocols(node),
    };
    match router.protocols.suite {
        Suite::Frr => frr::configure(&router, plan),
        Suite::Bird => bird::configure(&router, plan),
    }
}

impl<'r> Router<'r, '_> {
    /// The interfaces that have addresses, own ones first.
    pub fn ports(&self) -> Vec<Port<'r>> {
        let own = self.node.params.interfaces.iter().map(Port::Own);
        let ends = self.node.ends.iter().map(|&id| Port::End(id));
        own.chain(ends)
            .filter(|&port| self.has(port, false) || self.has(port, true))
            .collect()
    }

    pub fn name_of(&self, port: Port<'r>) -> &'r str {
        match port {
            Port::End(id) => &self.lab.end(id).interface,
            Port::Own(interface) => &interface.name.value,
        }
    }

    /// Whether an interface has addresses of a family.
    pub fn has(&self, port: Port<'r>, ipv6: bool) -> bool {
        let addresses = match port {
            Port::End(id) => &self.lab.end(id).addresses,
            Port::Own(interface) => interface.addresses(),
        };
        addresses
            .iter()
            .any(|at| at.value.addr().is_ipv6() == ipv6 && !at.value.addr().is_loopback())
    }

    pub fn has_family(&self, ipv6: bool) -> bool {
        self.ports().into_iter().any(|port| self.has(port, ipv6))
    }

    /// Whether nobody else speaks the protocol on the interface's LAN.
    pub fn alone(&self, port: Port<'r>, speaks: impl Fn(&Protocols) -> bool) -> bool {
        let Port::End(id) = port else { return true };
        let Some(lan) = self.lab.end(id).lan else {
            return true;
        };
        let mut others = self.lab.lans[lan]
            .members
            .iter()
            .filter(|&&other| other != id);
        !others.any(|&other| speaks(&protocols(self.lab.node_of(other))))
    }

    /// Whether the interface is the end of a link between two routers, without switches. (The other one may not speak
    /// the protocol; then the interface is passive and this of no interest.)
    pub fn point_to_point(&self, port: Port<'r>) -> bool {
        match port {
            Port::End(id) => self
                .lab
                .end(id)
                .lan
                .is_some_and(|lan| self.lab.lans[lan].point_to_point),
            Port::Own(_) => false,
        }
    }

    pub fn cost(&self, port: Port<'r>) -> Option<u32> {
        match port {
            Port::End(id) => Some(super::route::cost(self.lab, self.defaults, id)),
            Port::Own(_) => None,
        }
    }
}
