// SPDX-License-Identifier: GPL-2.0

//! Which way packets take through a lab, by its routing tables.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use ipnet::IpNet;

use crate::error::Result;
use crate::rtnl::Route;
use crate::wait::Watched;

/// Longer ways are loops.
const MOST_HOPS: usize = 255;

/// The tables of all nodes, kept up to date by notifications.
pub struct Network<'a> {
    nodes: Vec<(Watched<'a>, Table)>,
    /// Which node has an address.
    owners: BTreeMap<IpAddr, usize>,
    fresh: bool,
}

/// What a node knows.
#[derive(Default)]
struct Table {
    addresses: Vec<IpNet>,
    routes: Vec<Route>,
}

impl<'a> Network<'a> {
    /// Of these nodes.
    pub fn new(nodes: Vec<Watched<'a>>) -> Self {
        Network {
            nodes: nodes
                .into_iter()
                .map(|node| (node, Table::default()))
                .collect(),
            owners: BTreeMap::new(),
            fresh: true,
        }
    }

    /// Descriptors that can be read when something has changed.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.nodes.iter().map(|(node, _)| node.rtnl.as_fd())
    }

    /// Whether something has changed of which the descriptors do not tell, because it came while tables were read.
    pub fn has_news(&self) -> bool {
        self.nodes.iter().any(|(node, _)| node.rtnl.has_news())
    }

    /// Reads the tables of nodes in which something has changed.
    pub fn refresh(&mut self) -> Result<()> {
        for (node, table) in &mut self.nodes {
            if node.rtnl.drain()? || node.rtnl.subscribe()? || self.fresh {
                let addresses = node.rtnl.addresses()?.into_iter();
                table.addresses = addresses
                    .filter(|address| !address.tentative)
                    .map(|address| address.net)
                    .collect();
                table.routes = node.rtnl.routes(false)?;
                table.routes.extend(node.rtnl.routes(true)?);
            }
        }
        self.fresh = false;
        self.owners = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(index, (_, table))| {
                let own = table.addresses.iter().map(|net| net.addr());
                own.filter(|address| !address.is_loopback())
                    .map(move |address| (address, index))
            })
            .collect();
        Ok(())
    }

    /// Whether the tables lead from a node to an address.
    pub fn joined(&self, from: &str, target: IpAddr) -> bool {
        let start = self
            .nodes
            .iter()
            .position(|(node, _)| node.plan.name == from);
        let (Some(mut here), Some(end)) = (start, self.owners.get(&target)) else {
            return false;
        };
        for _ in 0..MOST_HOPS {
            if here == *end {
                return true;
            }
            let next = match self.nodes[here].1.lookup(target) {
                None => return false,
                // On the link itself: the next one is the target.
                Some(Route { via: None, .. }) => return true,
                Some(Route { via: Some(via), .. }) => self.owners.get(via),
            };
            match next {
                Some(next) => here = *next,
                None => return false,
            }
        }
        false
    }
}

impl Table {
    /// The route to an address: the longest prefix, of those the lowest metric.
    fn lookup(&self, target: IpAddr) -> Option<&Route> {
        self.routes
            .iter()
            .filter(|route| route.destination.contains(&target))
            .min_by_key(|route| {
                let length = route.destination.prefix_len();
                (std::cmp::Reverse(length), route.metric)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_and_the_lowest_metric_win() {
        let route = |destination: &str, via: Option<&str>, metric| Route {
            destination: destination.parse().unwrap(),
            via: via.map(|via| via.parse().unwrap()),
            metric,
        };
        let table = Table {
            addresses: Vec::new(),
            routes: vec![
                route("0.0.0.0/0", Some("10.0.0.1"), 0),
                route("10.0.4.0/24", Some("10.0.0.2"), 20),
                route("10.0.4.0/24", Some("10.0.0.3"), 10),
                route("10.0.5.0/24", None, 0),
            ],
        };
        let via = |target: &str| table.lookup(target.parse().unwrap()).map(|route| route.via);
        assert_eq!(via("10.0.4.2"), Some(Some("10.0.0.3".parse().unwrap())));
        assert_eq!(via("10.0.5.9"), Some(None));
        assert_eq!(via("192.0.2.1"), Some(Some("10.0.0.1".parse().unwrap())));
        assert_eq!(via("2001:db8::1"), None);
    }
}
