// SPDX-License-Identifier: GPL-2.0

//! rtnetlink: interfaces, addresses and routes of one network namespace.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use ipnet::IpNet;
use netlink_packet_core::{NetlinkMessage, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    AfSpecBridge, BridgeStpState, BridgeVlanInfo, BridgeVlanInfoFlags, InfoBridge, InfoData,
    InfoKind, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
    RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use netlink_sys::protocols::NETLINK_ROUTE;
use vnet_topology::plan::{BridgePlan, MacAddr, PortVlanPlan};
use vnet_uapi::netlink::{Connection, Outgoing};

use crate::error::{Context, Error, Result};
use crate::node::Node;

/// Multicast groups of rtnetlink (`enum rtnetlink_groups`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Group {
    /// Changes of interfaces.
    Link = 1,
    /// Changes of IPv4 addresses.
    Ipv4Address = 5,
    /// Changes of IPv4 routes.
    Ipv4Route = 7,
    /// Changes of IPv6 addresses.
    Ipv6Address = 9,
    /// Changes of IPv6 routes.
    Ipv6Route = 11,
}

/// All of them.
const GROUPS: [Group; 5] = [
    Group::Link,
    Group::Ipv4Address,
    Group::Ipv6Address,
    Group::Ipv4Route,
    Group::Ipv6Route,
];

/// A connection to rtnetlink in one namespace.
#[derive(Debug)]
pub struct Rtnl {
    connection: Connection,
    subscribed: bool,
}

/// One request, with words for the case that it fails.
#[derive(Clone, Debug)]
pub struct Change {
    message: Message,
    flags: u16,
    what: String,
}

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

impl Rtnl {
    /// Opens a connection in the network namespace of the calling thread.
    pub fn open() -> Result<Self> {
        let connection = Connection::open(NETLINK_ROUTE, 0)
            .context(|| "cannot open an rtnetlink socket".into())?;
        Ok(Rtnl {
            connection,
            subscribed: false,
        })
    }

    /// Opens a connection in each of the nodes.
    pub fn open_in<'a>(nodes: impl IntoIterator<Item = &'a Node> + Send) -> Result<Vec<Self>> {
        crate::netns::visit(nodes, |_| Rtnl::open())
    }

    /// Has the kernel tell about changes from now on; false if it did so already.
    ///
    /// The kernel goes through all who want to be told, of all namespaces, at each change. A thousand of them would take
    /// most of the time that a thousand nodes need, so nobody subscribes who need not wait.
    pub fn subscribe(&mut self) -> Result<bool> {
        if self.subscribed {
            return Ok(false);
        }
        for group in GROUPS {
            self.connection
                .subscribe(group as u32)
                .context(|| "cannot subscribe to rtnetlink".into())?;
        }
        self.subscribed = true;
        Ok(true)
    }

    /// Forgets what has been told so far; says whether anything was. Lost news count as news.
    pub fn drain(&mut self) -> Result<bool> {
        let mut any = false;
        loop {
            match self.connection.notifications::<Message>(false) {
                Ok(list) if list.is_empty() => return Ok(any),
                Ok(_) => any = true,
                Err(error) if error.errno() == Some(libc::ENOBUFS) => any = true,
                // One that this library cannot read is news all the same.
                Err(vnet_uapi::Error::Decode(_)) => any = true,
                Err(error) => return Err(error).context(|| "rtnetlink".into()),
            }
        }
    }

    /// Whether something has been told while the answer to a request was waited for, which polling does not show.
    pub fn has_news(&self) -> bool {
        self.connection.has_pending()
    }

    /// Makes changes in their order; all are tried, the first refusal is the error.
    pub fn change(&mut self, changes: Vec<Change>) -> Result<()> {
        let (requests, words): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .map(|change| {
                let message = NetlinkMessage::from(change.message);
                (Outgoing::new(message, change.flags), change.what)
            })
            .unzip();
        let outcomes = self
            .connection
            .batch(requests)
            .context(|| "rtnetlink".into())?;
        for (outcome, what) in outcomes.into_iter().zip(words) {
            outcome.context(|| what)?;
        }
        Ok(())
    }

    /// All interfaces.
    pub fn interfaces(&mut self) -> Result<Vec<Interface>> {
        let list = self.dump(Message::GetLink(LinkMessage::default()), "interfaces")?;
        Ok(list.into_iter().filter_map(interface).collect())
    }

    /// The interfaces of these names, in their order, as they are now: asking for one by name has the kernel finish
    /// what a change of its carrier has begun, which takes up to a second for each hundred otherwise.
    pub fn interfaces_now(&mut self, names: &[&str]) -> Result<Vec<Option<Interface>>> {
        let request = |name: &&str| {
            let mut link = LinkMessage::default();
            link.attributes = vec![LinkAttribute::IfName((*name).into())];
            Outgoing::new(NetlinkMessage::from(Message::GetLink(link)), 0)
        };
        let outcomes = self
            .connection
            .batch(names.iter().map(request).collect())
            .context(|| "rtnetlink".into())?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.ok()?.into_iter().find_map(interface))
            .collect())
    }

    /// All addresses.
    pub fn addresses(&mut self) -> Result<Vec<Address>> {
        let list = self.dump(Message::GetAddress(AddressMessage::default()), "addresses")?;
        Ok(list.into_iter().filter_map(address).collect())
    }

    /// The routes of the main table, of one family.
    pub fn routes(&mut self, ipv6: bool) -> Result<Vec<Route>> {
        let list = self.route_messages(ipv6)?;
        Ok(list.iter().filter_map(route).collect())
    }

    /// All routes, of all tables, as the kernel tells of them.
    pub fn route_messages(&mut self, ipv6: bool) -> Result<Vec<RouteMessage>> {
        let mut request = RouteMessage::default();
        request.header.address_family = match ipv6 {
            true => AddressFamily::Inet6,
            false => AddressFamily::Inet,
        };
        let list = self.dump(Message::GetRoute(request), "routes")?;
        let route = |message| match message {
            Message::NewRoute(message) => Some(message),
            _ => None,
        };
        Ok(list.into_iter().filter_map(route).collect())
    }

    fn dump(&mut self, request: Message, what: &str) -> Result<Vec<Message>> {
        self.connection
            .dump(Outgoing::new(NetlinkMessage::from(request), 0))
            .context(|| format!("cannot list the {what}"))
    }
}

impl AsFd for Rtnl {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl Change {
    fn new(message: Message, what: String) -> Self {
        Change {
            message,
            flags: 0,
            what,
        }
    }

    fn creating(mut self) -> Self {
        self.flags = NLM_F_CREATE | NLM_F_EXCL;
        self
    }

    /// Sets an interface up or down.
    pub fn up(index: u32, name: &str, up: bool) -> Self {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.header.change_mask = LinkFlags::Up;
        if up {
            link.header.flags = LinkFlags::Up;
        }
        let state = if up { "up" } else { "down" };
        Change::new(Message::SetLink(link), format!("cannot set {name} {state}"))
    }

    /// Makes an interface a port of a bridge.
    pub fn master(index: u32, name: &str, bridge: u32) -> Self {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.attributes = vec![LinkAttribute::Controller(bridge)];
        Change::new(
            Message::SetLink(link),
            format!("cannot make {name} a port of the bridge"),
        )
    }

    /// Makes a dummy interface.
    pub fn dummy(name: &str, mtu: Option<u32>) -> Self {
        let mut link = LinkMessage::default();
        link.attributes = vec![
            LinkAttribute::IfName(name.into()),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Dummy)]),
        ];
        link.attributes.extend(mtu.map(LinkAttribute::Mtu));
        Change::new(Message::NewLink(link), format!("cannot make dummy {name}")).creating()
    }

    /// Makes a VLAN on an interface.
    pub fn vlan(parent: u32, name: &str, id: u16) -> Self {
        let mut link = LinkMessage::default();
        link.attributes = vec![
            LinkAttribute::IfName(name.into()),
            LinkAttribute::Link(parent),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Vlan),
                LinkInfo::Data(InfoData::Vlan(vec![InfoVlan::Id(id)])),
            ]),
        ];
        let what = format!("cannot make {name}, VLAN {id}");
        Change::new(Message::NewLink(link), what).creating()
    }

    /// Sets the MTU of an interface.
    pub fn mtu(index: u32, name: &str, mtu: u32) -> Self {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.attributes = vec![LinkAttribute::Mtu(mtu)];
        Change::new(
            Message::SetLink(link),
            format!("cannot set the MTU of {name} to {mtu}"),
        )
    }

    /// Makes a bridge.
    pub fn bridge(plan: &BridgePlan) -> Self {
        let stp = match plan.stp {
            true => BridgeStpState::KernelStp,
            false => BridgeStpState::Disabled,
        };
        let mut data = vec![
            InfoBridge::StpState(stp),
            InfoBridge::VlanFiltering(plan.vlan_filtering),
        ];
        if !plan.stp {
            // Else a port would listen and learn for 30 s before it forwards.
            data.push(InfoBridge::ForwardDelay(0));
        }
        if plan.vlan_filtering {
            // Ports are in the VLANs that the plan says and in no other.
            data.push(InfoBridge::VlanDefaultPvid(0));
        }
        // The kernel takes hundredths of a second.
        data.extend(
            plan.ageing
                .map(|ns| InfoBridge::AgeingTime((ns / 10_000_000) as u32)),
        );
        let mut link = LinkMessage::default();
        link.attributes = vec![
            LinkAttribute::IfName(plan.name.clone()),
            LinkAttribute::Address(plan.mac.0.to_vec()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Bridge),
                LinkInfo::Data(InfoData::Bridge(data)),
            ]),
        ];
        let what = format!("cannot make bridge {}", plan.name);
        Change::new(Message::NewLink(link), what).creating()
    }

    /// Puts a port of a bridge into VLANs.
    pub fn vlans(index: u32, name: &str, plan: &PortVlanPlan) -> Vec<Self> {
        let untagged = plan.untagged.map(|vid| BridgeVlanInfo {
            vid,
            flags: BridgeVlanInfoFlags::Pvid | BridgeVlanInfoFlags::Untagged,
        });
        let tagged = plan.tagged.iter().map(|vid| BridgeVlanInfo {
            vid: *vid,
            flags: BridgeVlanInfoFlags::empty(),
        });
        untagged
            .into_iter()
            .chain(tagged)
            .map(|info| {
                let mut link = LinkMessage::default();
                link.header.interface_family = AddressFamily::Bridge;
                link.header.index = index;
                link.attributes = vec![LinkAttribute::AfSpecBridge(vec![AfSpecBridge::VlanInfo(
                    info,
                )])];
                Change::new(
                    Message::SetLink(link),
                    format!("cannot put {name} into VLAN {}", info.vid),
                )
            })
            .collect()
    }

    /// Removes an interface.
    pub fn remove(index: u32, name: &str) -> Self {
        let mut link = LinkMessage::default();
        link.header.index = index;
        Change::new(Message::DelLink(link), format!("cannot remove {name}"))
    }

    /// Gives an interface an address.
    pub fn address(index: u32, name: &str, net: IpNet) -> Self {
        Change::new(
            Message::NewAddress(address_message(index, net)),
            format!("cannot give {name} the address {net}"),
        )
        .creating()
    }

    /// Takes an address from an interface.
    pub fn no_address(index: u32, name: &str, net: IpNet) -> Self {
        Change::new(
            Message::DelAddress(address_message(index, net)),
            format!("cannot take the address {net} from {name}"),
        )
    }

    /// Adds a route to the main table.
    pub fn route(
        destination: IpNet,
        via: Option<IpAddr>,
        interface: Option<u32>,
        metric: Option<u32>,
    ) -> Self {
        let message = route_message(destination, via, interface, metric);
        let what = match via {
            Some(via) => format!("cannot add the route to {destination} via {via}"),
            None => format!("cannot add the route to {destination}"),
        };
        Change::new(Message::NewRoute(message), what).creating()
    }

    /// Removes a route from the main table.
    pub fn no_route(
        destination: IpNet,
        via: Option<IpAddr>,
        interface: Option<u32>,
        metric: Option<u32>,
    ) -> Self {
        let message = route_message(destination, via, interface, metric);
        Change::new(
            Message::DelRoute(message),
            format!("cannot remove the route to {destination}"),
        )
    }

    /// Makes a veth pair with the other end in another namespace; for tests of what needs no module.
    #[doc(hidden)]
    pub fn veth(ends: [(&str, MacAddr); 2], mtu: u32, peer_netns: i32) -> Self {
        use netlink_packet_route::link::InfoVeth;
        let attributes = |(name, mac): (&str, MacAddr)| {
            vec![
                LinkAttribute::IfName(name.into()),
                LinkAttribute::Address(mac.0.to_vec()),
                LinkAttribute::Mtu(mtu),
            ]
        };
        let mut peer = LinkMessage::default();
        peer.attributes = attributes(ends[1]);
        peer.attributes.push(LinkAttribute::NetNsFd(peer_netns));
        let mut link = LinkMessage::default();
        link.attributes = attributes(ends[0]);
        link.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        let what = format!("cannot make the veth pair {} - {}", ends[0].0, ends[1].0);
        Change::new(Message::NewLink(link), what).creating()
    }
}

fn address_message(index: u32, net: IpNet) -> AddressMessage {
    let mut message = AddressMessage::default();
    let address = net.addr();
    message.header.index = index;
    message.header.prefix_len = net.prefix_len();
    message.header.scope = match address.is_loopback() {
        true => AddressScope::Host,
        false => AddressScope::Universe,
    };
    match net {
        IpNet::V4(net) => {
            message.header.family = AddressFamily::Inet;
            message.attributes.push(AddressAttribute::Local(address));
            if net.prefix_len() < 31 {
                message
                    .attributes
                    .push(AddressAttribute::Broadcast(net.broadcast()));
            }
        }
        IpNet::V6(_) => {
            message.header.family = AddressFamily::Inet6;
            // The compiler has made sure that there is no duplicate; see also the parameters that nodes start with.
            message
                .attributes
                .push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
    }
    message.attributes.push(AddressAttribute::Address(address));
    message
}

fn route_message(
    destination: IpNet,
    via: Option<IpAddr>,
    interface: Option<u32>,
    metric: Option<u32>,
) -> RouteMessage {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = match destination {
        IpNet::V4(_) => AddressFamily::Inet,
        IpNet::V6(_) => AddressFamily::Inet6,
    };
    header.destination_prefix_length = destination.prefix_len();
    header.table = RouteHeader::RT_TABLE_MAIN;
    header.protocol = RouteProtocol::Static;
    header.kind = RouteType::Unicast;
    header.scope = match via {
        Some(_) => RouteScope::Universe,
        None => RouteScope::Link,
    };
    let attributes = &mut message.attributes;
    if destination.prefix_len() > 0 {
        let address = RouteAddress::from(destination.network());
        attributes.push(RouteAttribute::Destination(address));
    }
    attributes.extend(via.map(|via| RouteAttribute::Gateway(RouteAddress::from(via))));
    attributes.extend(interface.map(RouteAttribute::Oif));
    attributes.extend(metric.map(RouteAttribute::Priority));
    message
}

fn interface(message: Message) -> Option<Interface> {
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

fn address(message: Message) -> Option<Address> {
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

fn route(message: &RouteMessage) -> Option<Route> {
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
