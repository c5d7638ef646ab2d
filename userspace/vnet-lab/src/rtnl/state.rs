// SPDX-License-Identifier: GPL-2.0

//! What the kernel tells: interfaces, addresses and routes that there are.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkFlags};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage as Message};

use crate::error::{Error, Result};

/// An interface as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is administratively up.
    pub up: bool,
    /// Whether it can be used: it has carrier, and the kernel has finished making that known (which routing daemons wait
    /// for, and which comes later).
    pub running: bool,
    /// Its MTU.
    pub mtu: u32,
}

/// An address as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Index of its interface.
    pub index: u32,
    /// The address and its prefix.
    pub net: IpNet,
    /// Whether it still has to pass duplicate address detection.
    pub tentative: bool,
    /// Whether it did not pass.
    pub duplicate: bool,
    /// Whether it only reaches the same link.
    pub link_local: bool,
}

/// A route of the main table as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub destination: IpNet,
    /// The next hop, if it is not on the link itself; the first one of several.
    pub via: Option<IpAddr>,
    /// What decides between routes to the same destination; the lowest wins.
    pub metric: u32,
}
/// An interface, if the message tells of one.
pub(super) fn interface(message: Message) -> Option<Interface> {
    let Message::NewLink(link) = message else {
        return None;
    };
    let mut name = None;
    let mut mtu = 0;
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = Some(text.clone()),
            LinkAttribute::Mtu(bytes) => mtu = *bytes,
            _ => {}
        }
    }
    Some(Interface {
        index: link.header.index,
        name: name?,
        up: link.header.flags.contains(LinkFlags::Up),
        running: link
            .header
            .flags
            .contains(LinkFlags::LowerUp | LinkFlags::Running),
        mtu,
    })
}

/// An address, if the message tells of one.
pub(super) fn address(message: Message) -> Option<Address> {
    let Message::NewAddress(message) = message else {
        return None;
    };
    let mut local = None;
    let mut other = None;
    let mut flags = AddressFlags::from_bits_retain(message.header.flags.bits().into());
    for attribute in &message.attributes {
        match attribute {
            // On point-to-point interfaces the two differ, and this one is ours.
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Address(address) => other = Some(*address),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    Some(Address {
        index: message.header.index,
        net: IpNet::new(local.or(other)?, message.header.prefix_len).ok()?,
        tentative: flags.contains(AddressFlags::Tentative),
        duplicate: flags.contains(AddressFlags::Dadfailed),
        link_local: message.header.scope == AddressScope::Link,
    })
}

/// A route of the main table, if it is one.
pub(super) fn route(message: &RouteMessage) -> Option<Route> {
    let main = message.header.table == RouteHeader::RT_TABLE_MAIN;
    if !main || message.header.kind != RouteType::Unicast {
        return None;
    }
    let mut destination = match message.header.address_family {
        AddressFamily::Inet => IpAddr::from([0; 4]),
        AddressFamily::Inet6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let mut via = None;
    let mut metric = 0;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address)?,
            RouteAttribute::Gateway(address) => via = ip(address),
            RouteAttribute::Via(RouteVia::Inet6(address)) => via = Some((*address).into()),
            RouteAttribute::Priority(number) => metric = *number,
            RouteAttribute::MultiPath(hops) => {
                let first = hops.iter().flat_map(|hop| &hop.attributes);
                via = first
                    .filter_map(|attribute| match attribute {
                        RouteAttribute::Gateway(address) => ip(address),
                        _ => None,
                    })
                    .next();
            }
            _ => {}
        }
    }
    Some(Route {
        destination: IpNet::new(destination, message.header.destination_prefix_length).ok()?,
        via,
        metric,
    })
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}
/// The index of an interface by its name.
pub fn index_of(interfaces: &[Interface], name: &str) -> Result<u32> {
    interfaces
        .iter()
        .find(|interface| interface.name == name)
        .map(|interface| interface.index)
        .ok_or_else(|| Error::Protocol(format!("there is no interface {name}")))
}
