// SPDX-License-Identifier: GPL-2.0

//! What the interfaces of a node are to have.

use std::collections::BTreeMap;

use ipnet::IpNet;
use vnet_topology::plan::{Ends, NodePlan, PortVlanPlan};

/// What the interfaces of a node are to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By interface; so are the others.
    pub(crate) addresses: BTreeMap<String, Vec<IpNet>>,
    pub(crate) mtus: BTreeMap<String, u32>,
    pub(crate) up: BTreeMap<String, bool>,
    pub(crate) ports: BTreeMap<String, Option<PortVlanPlan>>,
    /// What VLANs are on.
    pub(crate) vlans: BTreeMap<String, String>,
}

impl Wanted {
    /// Of a node of a plan.
    pub fn of(ends: &Ends<'_>, node: &NodePlan) -> Self {
        let mut wanted = Wanted::default();
        wanted.up.insert("lo".into(), true);
        for interface in &node.interfaces {
            let name = || interface.name.clone();
            wanted.addresses.insert(name(), interface.addresses.clone());
            wanted.up.insert(name(), true);
            wanted.mtus.extend(interface.mtu.map(|mtu| (name(), mtu)));
            let parent = interface.vlan.as_ref().map(|vlan| vlan.parent.clone());
            wanted.vlans.extend(parent.map(|parent| (name(), parent)));
        }
        if let Some(bridge) = &node.bridge {
            wanted.up.insert(bridge.name.clone(), true);
        }
        if let Some(outside) = &node.outside {
            wanted.up.insert(outside.device.clone(), true);
            wanted.ports.insert(outside.device.clone(), None);
        }
        for (segment, end) in ends.get(node.name.as_str()).into_iter().flatten() {
            let name = || end.interface.clone();
            wanted.addresses.insert(name(), end.addresses.clone());
            wanted.up.insert(name(), segment.up());
            if node.bridge.is_some() {
                wanted.ports.insert(name(), end.vlan.clone());
            }
        }
        // A VLAN goes up and down with what it is on.
        for (vlan, parent) in &wanted.vlans {
            if wanted.up.get(parent) == Some(&false) {
                wanted.up.insert(vlan.clone(), false);
            }
        }
        wanted
    }
}
