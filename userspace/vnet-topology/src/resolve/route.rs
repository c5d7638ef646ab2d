// SPDX-License-Identifier: GPL-2.0

//! Routes: those that the file gives, and default routes of hosts.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::address_in;
use super::paths::ShortestPaths;
use super::{EndId, Lab, NodeState};
use crate::decode::Problems;
use crate::file::{DirectionParams, Gateway, LinkParams, Route, Routing};
use crate::plan::{NodeKind, RoutePlan};
use crate::report::{At, Problem};

/// Rate at which a link costs 1, bit/s; FRR's reference bandwidth.
const REFERENCE_RATE: u64 = 100_000_000_000;
/// Cost of a link without a rate: what FRR takes where it knows no speed.
const UNLIMITED_COST: u32 = 10;

/// The parameters of one direction: the more specific ones win.
pub(crate) fn direction<T: Clone>(
    defaults: &LinkParams,
    link: &LinkParams,
    forward: bool,
    field: impl Fn(&DirectionParams) -> &Option<At<T>>,
) -> Option<At<T>> {
    let side = |params: &LinkParams| match forward {
        true => field(&params.forward).clone(),
        false => field(&params.backward).clone(),
    };
    side(link)
        .or_else(|| field(&link.both).clone())
        .or_else(|| side(defaults))
        .or_else(|| field(&defaults.both).clone())
}

/// Cost of sending from this end: given, else by the rate as OSPF does it.
pub(crate) fn cost(lab: &Lab<'_>, defaults: &LinkParams, id: EndId) -> u32 {
    let link = &lab.links[id.link].file;
    let none = LinkParams::default();
    let defaults = match link.medium {
        // Its ports are no links.
        Some(_) => &none,
        None => defaults,
    };
    let (link, forward) = (&link.params, id.end == 0);
    if let Some(cost) = direction(defaults, link, forward, |d| &d.cost) {
        return cost.value;
    }
    match direction(defaults, link, forward, |d| &d.rate).and_then(|rate| rate.value) {
        None => UNLIMITED_COST,
        Some(rate) => (REFERENCE_RATE / rate.max(1)).clamp(1, 65_535) as u32,
    }
}

/// Routes of all nodes. `pool` is the prefix of a family's automatic addresses.
pub(crate) fn resolve(
    problems: &Problems,
    lab: &Lab<'_>,
    defaults: &LinkParams,
    pool: impl Fn(bool) -> Option<IpNet>,
) -> Vec<Vec<RoutePlan>> {
    let mut routes: Vec<Vec<RoutePlan>> = (0..lab.nodes.len())
        .map(|node| given(problems, lab, node))
        .collect();
    for (index, node) in lab.nodes.iter().enumerate() {
        for ipv6 in [false, true] {
            if has_default(&node.params.routes, ipv6) {
                continue;
            }
            if let Some(via) = gateway(problems, lab, node, ipv6) {
                routes[index].push(RoutePlan {
                    destination: default_destination(ipv6),
                    via: Some(via),
                    interface: None,
                    metric: None,
                });
            }
        }
    }
    for ipv6 in [false, true] {
        let shortest = ShortestPaths::new(lab, defaults, pool(ipv6), ipv6);
        for (index, node) in lab.nodes.iter().enumerate() {
            if node.kind.kind() == NodeKind::Router && node.routing() == Routing::Static {
                shortest.add_routes(index, &mut routes[index]);
            }
        }
    }
    routes
}

fn default_destination(ipv6: bool) -> IpNet {
    match ipv6 {
        false => IpNet::V4(ipnet::Ipv4Net::default()),
        true => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}

fn has_default(routes: &[Route], ipv6: bool) -> bool {
    routes
        .iter()
        .any(|route| route.to.value == default_destination(ipv6))
}

/// The routes that the file gives, if the node can use them.
fn given(problems: &Problems, lab: &Lab<'_>, node: usize) -> Vec<RoutePlan> {
    let node = &lab.nodes[node];
    let interfaces = || {
        let own = node
            .params
            .interfaces
            .iter()
            .map(|interface| interface.name.value.as_str());
        own.chain(node.ends.iter().map(|&id| lab.end(id).interface.as_str()))
    };
    // Where addresses are left to commands, nothing can be said about what is reachable.
    let all_known = node
        .ends
        .iter()
        .all(|&id| !lab.end(id).addresses.is_empty());
    for route in &node.params.routes {
        if let Some(name) = &route.interface {
            if name.value != "lo" && !interfaces().any(|known| known == name.value) {
                let all = interfaces().collect::<Vec<_>>().join(", ");
                problems.add(
                    Problem::new(
                        name.span.clone(),
                        format!("`{}` has no interface `{}`", node.name(), name.value),
                    )
                    .help(format!("its interfaces are: {all}")),
                );
                continue;
            }
        }
        if let Some(via) = &route.via {
            if all_known && !reachable(lab, node, via.value) {
                problems.add(
                    Problem::new(
                        via.span.clone(),
                        format!("`{}` cannot reach the next hop {}", node.name(), via.value),
                    )
                    .label("on none of its links")
                    .help("a next hop is an address on the other side of one of the node's links"),
                );
            }
        }
    }
    let plan = |route: &Route| RoutePlan {
        destination: route.to.value,
        via: route.via.as_ref().map(|via| via.value),
        interface: route
            .interface
            .as_ref()
            .map(|interface| interface.value.clone()),
        metric: route.metric,
    };
    node.params.routes.iter().map(plan).collect()
}

fn reachable(lab: &Lab<'_>, node: &NodeState<'_>, addr: IpAddr) -> bool {
    if matches!(addr, IpAddr::V6(addr) if addr.segments()[0] & 0xffc0 == 0xfe80) {
        return true;
    }
    let own = node
        .params
        .interfaces
        .iter()
        .flat_map(|interface| interface.addresses());
    let ends = node.ends.iter().flat_map(|&id| &lab.end(id).addresses);
    ends.chain(own).any(|at| at.value.contains(&addr))
}

/// The next hop of a node's default route.
fn gateway(problems: &Problems, lab: &Lab<'_>, node: &NodeState<'_>, ipv6: bool) -> Option<IpAddr> {
    let wanted = node.params.gateway.as_ref();
    let host = node.kind.kind() == NodeKind::Host;
    let automatic = host && node.routing() == Routing::Static;
    match wanted.map(|wanted| &wanted.value) {
        Some(Gateway::None) => None,
        Some(Gateway::Address(addr)) if addr.is_ipv6() == ipv6 => {
            let span = &wanted?.span;
            if !reachable(lab, node, *addr) {
                problems.add(
                    Problem::new(span.clone(), format!("`{}` cannot reach its gateway {addr}", node.name()))
                        .label("on none of its links")
                        .help("give the address of a router on one of the node's links, or the router's name"),
                );
            }
            Some(*addr)
        }
        Some(Gateway::Node(name)) => gateway_node(problems, lab, node, wanted?, name, ipv6),
        Some(Gateway::Address(_)) | None if automatic => {
            let mut found = neighbours(lab, node, ipv6);
            found.retain(|(id, _)| lab.is_router(*id));
            let first = found.first().map(|(id, addr)| (lab.end(*id).node, *addr));
            match found
                .iter()
                .find(|(id, _)| Some(lab.end(*id).node) != first.map(|(node, _)| node))
            {
                None => first.map(|(_, addr)| addr),
                Some((other, _)) => {
                    // Once is enough for both families.
                    if !ipv6 {
                        let first = first.map_or("", |(first, _)| lab.nodes[first].name());
                        let other = lab.node_of(*other).name();
                        problems.add(
                            Problem::warning(
                                node.file.name.span.clone(),
                                format!("`{}` gets no default route", node.name()),
                            )
                            .label(format!("both `{first}` and `{other}` could be its gateway"))
                            .help(format!(
                                "say which one, as in `gateway: {first}`, or `gateway: none`"
                            )),
                        );
                    }
                    None
                }
            }
        }
        Some(Gateway::Address(_)) | None => None,
    }
}

fn gateway_node(
    problems: &Problems,
    lab: &Lab<'_>,
    node: &NodeState<'_>,
    wanted: &At<Gateway>,
    name: &str,
    ipv6: bool,
) -> Option<IpAddr> {
    let found = |family| {
        neighbours(lab, node, family)
            .into_iter()
            .find(|(id, _)| lab.node_of(*id).name() == name)
    };
    if let Some((_, addr)) = found(ipv6) {
        return Some(addr);
    }
    // Once, and only if the other family does not have it either.
    if !ipv6 && found(true).is_none() {
        let problem = match lab.nodes.iter().any(|other| other.name() == name) {
            false => Problem::new(wanted.span.clone(), format!("there is no node `{name}`")),
            true => Problem::new(
                wanted.span.clone(),
                format!(
                    "`{}` and `{name}` are on no common link with addresses",
                    node.name()
                ),
            ),
        };
        problems.add(
            problem.help("a gateway is a router on one of the node's links, or an address there"),
        );
    }
    None
}

/// The hosts and routers on the node's LANs with their addresses in common subnets.
fn neighbours(lab: &Lab<'_>, node: &NodeState<'_>, ipv6: bool) -> Vec<(EndId, IpAddr)> {
    let mut found = Vec::new();
    for &own in &node.ends {
        let Some(lan) = lab.end(own).lan else {
            continue;
        };
        for at in lab
            .end(own)
            .addresses
            .iter()
            .filter(|at| at.value.addr().is_ipv6() == ipv6)
        {
            let others = lab.lans[lan]
                .members
                .iter()
                .filter(|&&id| lab.end(id).node != lab.end(own).node);
            found.extend(others.filter_map(|&id| Some((id, address_in(lab, id, &at.value)?))));
        }
    }
    found
}
