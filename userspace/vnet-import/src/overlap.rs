// SPDX-License-Identifier: GPL-2.0

//! Whether the same prefix is on two LANs.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;
use vnet_topology::write::Topology;

/// Whether two LANs may have the same prefix: where an address or prefix stands at several, not joined nodes it was
/// meant. That an end is on the same LAN is found by the compiler; here it is enough that allowing does no harm.
pub(crate) fn overlaps(topology: &Topology) -> bool {
    let switches: HashSet<&str> = topology
        .nodes
        .iter()
        .filter(|node| matches!(node.kind.as_str(), "switch" | "hub"))
        .map(|node| node.name.as_str())
        .collect();
    // LANs: a link between two nodes, or all that hangs on joined switches (by the first switch's name).
    let mut joined: HashMap<&str, &str> = HashMap::new();
    fn root<'a>(joined: &HashMap<&'a str, &'a str>, mut at: &'a str) -> &'a str {
        while let Some(&next) = joined.get(at) {
            at = next;
        }
        at
    }
    for link in &topology.links {
        let [a, b] = [link.ends[0].node.as_str(), link.ends[1].node.as_str()];
        if switches.contains(a) && switches.contains(b) {
            let (a, b) = (root(&joined, a), root(&joined, b));
            if a != b {
                joined.insert(a, b);
            }
        }
    }
    let vlans = topology
        .links
        .iter()
        .flat_map(|link| &link.ends)
        .any(|end| end.vlan.is_some());
    let mut places: HashMap<IpNet, String> = HashMap::new();
    for (index, link) in topology.links.iter().enumerate() {
        let lan = match link
            .ends
            .iter()
            .find(|end| switches.contains(end.node.as_str()))
        {
            Some(end) => format!("switch {}", root(&joined, &end.node)),
            None => format!("link {index}"),
        };
        for address in link
            .ends
            .iter()
            .flat_map(|end| end.addresses.iter().flatten())
        {
            let Ok(net) = address.parse::<IpNet>() else {
                continue;
            };
            let known = places.entry(net.trunc()).or_insert_with(|| lan.clone());
            // In different VLANs of one switch it is the same LAN only by name.
            if *known != lan || vlans {
                return true;
            }
        }
    }
    false
}
