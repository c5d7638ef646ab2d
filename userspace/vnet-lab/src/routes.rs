// SPDX-License-Identifier: GPL-2.0

//! The routes of nodes, whoever has set them.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteType, RouteVia,
};
use netlink_packet_route::AddressFamily;
use serde::Serialize;

use crate::error::Result;
use crate::node::Node;
use crate::rtnl::{Interface, Rtnl};

/// A route of the main table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteReport {
    /// Where it leads.
    pub destination: IpNet,
    /// `unicast`, or what happens to the packets otherwise: `blackhole`, `unreachable`, `prohibit`, `throw`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Who has set it: `kernel`, `static`, `ospf` …
    pub protocol: String,
    /// What decides between routes to the same destination; the lowest wins.
    pub metric: u32,
    /// The ways there, of which each packet flow takes one.
    pub hops: Vec<Hop>,
}

/// A next hop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Address of the next node; absent if the destination is on the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<IpAddr>,
    /// The interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// The routes of a node, IPv4 first, without those that lead to link-local addresses only.
pub fn of(node: &Node) -> Result<Vec<RouteReport>> {
    let mut all = Vec::new();
    for rtnl in &mut Rtnl::open_in([node])? {
        let interfaces = rtnl.interfaces()?;
        for ipv6 in [false, true] {
            let messages = rtnl.route_messages(ipv6)?;
            let mut routes: Vec<RouteReport> = messages
                .iter()
                .filter_map(|message| report(message, &interfaces))
                .collect();
            routes.sort_by_key(|route| (route.destination, route.metric));
            all.extend(routes);
        }
    }
    Ok(all)
}

fn report(message: &RouteMessage, interfaces: &[Interface]) -> Option<RouteReport> {
    if message.header.table != RouteHeader::RT_TABLE_MAIN {
        return None;
    }
    let kind = match message.header.kind {
        RouteType::Unicast => "unicast",
        RouteType::BlackHole => "blackhole",
        RouteType::Unreachable => "unreachable",
        RouteType::Prohibit => "prohibit",
        RouteType::Throw => "throw",
        _ => return None,
    };
    let mut destination = match message.header.address_family {
        AddressFamily::Inet => IpAddr::from([0; 4]),
        AddressFamily::Inet6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let (mut metric, mut hops) = (0, Vec::new());
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address)?,
            RouteAttribute::Priority(number) => metric = *number,
            RouteAttribute::MultiPath(list) => {
                hops.extend(list.iter().map(|next| {
                    let mut hop = hop(&next.attributes, interfaces);
                    hop.interface = name(next.interface_index, interfaces);
                    hop
                }));
            }
            _ => {}
        }
    }
    if hops.is_empty() && kind == "unicast" {
        hops.push(hop(&message.attributes, interfaces));
    }
    let link_local = match destination {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_multicast(),
    };
    (!link_local).then_some(RouteReport {
        destination: IpNet::new(destination, message.header.destination_prefix_length).ok()?,
        kind,
        protocol: protocol(message.header.protocol),
        metric,
        hops,
    })
}

fn hop(attributes: &[RouteAttribute], interfaces: &[Interface]) -> Hop {
    let mut hop = Hop::default();
    for attribute in attributes {
        match attribute {
            RouteAttribute::Gateway(address) => hop.via = ip(address),
            RouteAttribute::Via(RouteVia::Inet6(address)) => hop.via = Some((*address).into()),
            RouteAttribute::Oif(index) => hop.interface = name(*index, interfaces),
            _ => {}
        }
    }
    hop
}

fn name(index: u32, interfaces: &[Interface]) -> Option<String> {
    let found = interfaces.iter().find(|interface| interface.index == index);
    found.map(|interface| interface.name.clone())
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

/// As `ip route` calls it.
fn protocol(protocol: RouteProtocol) -> String {
    match protocol {
        RouteProtocol::IcmpRedirect => "redirect".into(),
        // FRR's, which the kernel's header does not name.
        RouteProtocol::Other(190) => "ripng".into(),
        RouteProtocol::Other(196) => "frr-static".into(),
        RouteProtocol::Other(number) => number.to_string(),
        known => format!("{known:?}").to_lowercase(),
    }
}
