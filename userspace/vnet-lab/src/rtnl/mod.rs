// SPDX-License-Identifier: GPL-2.0

//! rtnetlink: interfaces, addresses and routes of one network namespace.

mod change;
mod state;

use std::os::fd::{AsFd, BorrowedFd};

use netlink_packet_core::NetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkMessage};
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use netlink_sys::protocols::NETLINK_ROUTE;
use vnet_uapi::netlink::{Connection, Outgoing};

use crate::error::{Context, Result};
use crate::node::Node;
pub use change::Change;
pub use state::{index_of, Address, Interface, Route};

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
        if !self.subscribed {
            return Ok(any);
        }
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
        Ok(list.into_iter().filter_map(state::interface).collect())
    }

    /// The interfaces of these names, in their order, as they are now: asking for one by name has the kernel finish
    /// what a change of its carrier has begun, which takes up to a second for each hundred otherwise.
    pub fn interfaces_now(&mut self, names: &[&str]) -> Result<Vec<Option<Interface>>> {
        let request = |name: &&str| {
            let mut link = LinkMessage::default();
            link.attributes = vec![
                LinkAttribute::IfName((*name).into()),
                // Gathering counters takes longer than the rest.
                LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]),
            ];
            Outgoing::new(NetlinkMessage::from(Message::GetLink(link)), 0)
        };
        let outcomes = self
            .connection
            .batch(names.iter().map(request).collect())
            .context(|| "rtnetlink".into())?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.ok()?.into_iter().find_map(state::interface))
            .collect())
    }

    /// All addresses.
    pub fn addresses(&mut self) -> Result<Vec<Address>> {
        let list = self.dump(Message::GetAddress(AddressMessage::default()), "addresses")?;
        Ok(list.into_iter().filter_map(state::address).collect())
    }

    /// The routes of the main table, of one family.
    pub fn routes(&mut self, ipv6: bool) -> Result<Vec<Route>> {
        let list = self.route_messages(ipv6)?;
        Ok(list.iter().filter_map(state::route).collect())
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
