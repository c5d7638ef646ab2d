// SPDX-License-Identifier: GPL-2.0

//! What is asked of the kernel: interfaces, addresses and routes to make, change and remove.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    AfSpecBridge, BridgeStpState, BridgeVlanInfo, BridgeVlanInfoFlags, InfoBridge, InfoData,
    InfoKind, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use vnet_topology::plan::{BridgePlan, MacAddr, PortVlanPlan};

/// One request, with words for the case that it fails.
#[derive(Clone, Debug)]
pub struct Change {
    pub(super) message: Message,
    pub(super) flags: u16,
    pub(super) what: String,
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

    /// Moves an interface to another network namespace, where it keeps its name.
    pub fn netns(index: u32, name: &str, namespace: BorrowedFd<'_>) -> Self {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.attributes = vec![LinkAttribute::NetNsFd(namespace.as_raw_fd())];
        Change::new(
            Message::SetLink(link),
            format!("cannot move {name} to another network namespace"),
        )
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
