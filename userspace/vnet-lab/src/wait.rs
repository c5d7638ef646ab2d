// SPDX-License-Identifier: GPL-2.0

//! Waiting for the network of a lab: interfaces that work, then routes that lead everywhere.
//!
//! The kernel's notifications drive all of it: whenever something changes in a node, that node is looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use vnet_topology::plan::{NodeKind, NodePlan, Plan};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::rtnl::Rtnl;

/// A node that is waited for.
#[derive(Debug)]
pub struct Watched<'a> {
    /// What it is to be.
    pub plan: &'a NodePlan,
    /// A connection to its namespace.
    pub rtnl: &'a mut Rtnl,
}

/// Waits until all interfaces of these nodes that the plan has set up have carrier and no address is tentative.
pub fn interfaces(
    plan: &Plan,
    nodes: &mut [Watched<'_>],
    cancel: &Cancel,
    limit: Duration,
) -> Result<()> {
    // By node, since going through all links for each node takes its time with a thousand of both.
    let mut all = plan.ends();
    all.values_mut()
        .for_each(|ends| ends.retain(|(segment, _)| segment.up()));
    until(nodes, cancel, limit, |node, rtnl| {
        let ends = all.get(node.name.as_str()).map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = ends.iter().map(|(_, end)| end.interface.as_str()).collect();
        let found = rtnl.interfaces_now(&names)?;
        for ((segment, end), found) in ends.iter().zip(found) {
            if !found.is_some_and(|interface| interface.up && interface.running) {
                return Ok(Some(format!(
                    "no carrier of {} in node {} ({} {})",
                    end.interface,
                    node.name,
                    segment.what(),
                    segment.name()
                )));
            }
        }
        // Nodes do not look for duplicates unless they are told to.
        let dad = |(name, value): (&String, &String)| name.contains("_dad") && value != "0";
        if !node.sysctls.iter().any(dad) {
            return Ok(None);
        }
        for address in rtnl.addresses()? {
            if address.duplicate {
                return Err(Error::Setup {
                    node: node.name.clone(),
                    problem: format!(
                        "another node on the same link has the address {}",
                        address.net
                    ),
                });
            }
            if address.tentative {
                return Ok(Some(format!(
                    "{} in node {} is still checked for duplicates",
                    address.net, node.name
                )));
            }
        }
        Ok(None)
    })
}

/// Waits until every node that has an address leads to every subnet of the lab.
pub fn routes(
    plan: &Plan,
    nodes: &mut [Watched<'_>],
    cancel: &Cancel,
    limit: Duration,
) -> Result<()> {
    let subnets = subnets(plan);
    until(nodes, cancel, limit, |node, rtnl| {
        if node.kind == NodeKind::Switch {
            return Ok(None);
        }
        let mut have: Vec<IpNet> = rtnl
            .addresses()?
            .into_iter()
            .filter(|address| !address.link_local && !address.net.addr().is_loopback())
            .map(|address| address.net)
            .collect();
        for ipv6 in [false, true] {
            let is_family = |net: &IpNet| matches!(net, IpNet::V6(_)) == ipv6;
            // A node without an address of a family does not take part in it.
            if !have.iter().any(is_family) {
                continue;
            }
            have.extend(
                rtnl.routes(ipv6)?
                    .into_iter()
                    .map(|route| route.destination),
            );
            let missing = subnets
                .iter()
                .filter(|subnet| is_family(subnet))
                .find(|subnet| !have.iter().any(|net| covers(net, subnet)));
            if let Some(subnet) = missing {
                return Ok(Some(format!("node {} has no route to {subnet}", node.name)));
            }
        }
        Ok(None)
    })
}

/// The subnets of a lab: those of all addresses in it.
pub fn subnets(plan: &Plan) -> BTreeSet<IpNet> {
    let on_links = plan.all_ends().flat_map(|(_, end)| &end.addresses);
    let interfaces = plan.nodes.iter().flat_map(|node| &node.interfaces);
    let on_others = interfaces.flat_map(|interface| &interface.addresses);
    on_links
        .chain(on_others)
        .filter(|net| !net.addr().is_loopback())
        .map(IpNet::trunc)
        .collect()
}

fn covers(net: &IpNet, subnet: &IpNet) -> bool {
    net.prefix_len() <= subnet.prefix_len() && net.contains(&subnet.network())
}

/// Looks at each node until none lacks anything: first at all, then at those that lack something whenever something
/// happens in them, then at all once more, since what they had can also have gone.
fn until(
    nodes: &mut [Watched<'_>],
    cancel: &Cancel,
    limit: Duration,
    mut missing: impl FnMut(&NodePlan, &mut Rtnl) -> Result<Option<String>>,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    let mut look: Vec<usize> = (0..nodes.len()).collect();
    let mut lacking = BTreeMap::new();
    let mut waited = false;
    loop {
        for index in look {
            let node = &mut nodes[index];
            node.rtnl.drain()?;
            let mut what = missing(node.plan, node.rtnl)?;
            // What happens before somebody listens is heard by nobody.
            if what.is_some() && node.rtnl.subscribe()? {
                what = missing(node.plan, node.rtnl)?;
            }
            match what {
                Some(what) => lacking.insert(index, what),
                None => lacking.remove(&index),
            };
        }
        if lacking.is_empty() && waited {
            waited = false;
            look = (0..nodes.len()).collect();
            continue;
        }
        let Some(what) = lacking.values().next() else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(Error::Timeout {
                seconds: limit.as_secs(),
                missing: match lacking.len() {
                    1 => what.clone(),
                    more => format!("{what}, and {} more", more - 1),
                },
            });
        }
        waited = true;
        // What happened in a node while it was looked at.
        look = (0..nodes.len())
            .filter(|index| nodes[*index].rtnl.has_news())
            .collect();
        if !look.is_empty() {
            continue;
        }
        // The others are not subscribed, or may tell of what they have lost.
        let fds: Vec<_> = nodes.iter().map(|node| node.rtnl.as_fd()).collect();
        look = cancel.wait(&fds, Some(deadline))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_a_subnet() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        assert!(covers(&net("0.0.0.0/0"), &net("10.0.4.0/24")));
        assert!(covers(&net("10.0.4.9/24"), &net("10.0.4.0/24")));
        assert!(!covers(&net("10.0.4.0/25"), &net("10.0.4.0/24")));
        assert!(!covers(&net("::/0"), &net("10.0.4.0/24")));
    }
}
