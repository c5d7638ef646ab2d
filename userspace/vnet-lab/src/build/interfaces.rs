// SPDX-License-Identifier: GPL-2.0

//! Interfaces of nodes: those that are not ends of links are made, all get addresses and what else the plan says.

use vnet_topology::plan::{InterfaceKind, NodePlan};

use super::{in_node, Site, Wanted};
use crate::error::{Error, Result};
use crate::netns;
use crate::node::Node;
use crate::outside;
use crate::rtnl::{index_of, Change, Interface, Rtnl};
use crate::sysctl;

/// Index of the loopback interface in every namespace.
const LOOPBACK: u32 = 1;

impl Site<'_> {
    /// Gives a node's interfaces what the plan says, whatever part of it they have already; `old` is what they may have
    /// had from an earlier plan, which goes.
    pub fn configure(&mut self, name: &str, old: Option<&Wanted>) -> Result<()> {
        let wanted = Wanted::of(&self.ends, self.plan_of(name)?);
        let plan = self.plan_of(name)?;
        let fresh = old.is_none();
        let known = self.known_interfaces(plan).filter(|_| fresh);
        if plan.outside.is_some() {
            let paths = self.paths;
            let node = self
                .nodes
                .get(name)
                .ok_or_else(|| Error::Protocol(format!("node {name} has not been made")))?;
            let rtnl = self
                .rtnl
                .get_mut(name)
                .ok_or_else(|| Error::Protocol(format!("node {name} has not been made")))?;
            outside::take(paths, node, plan, rtnl)?;
        }
        let rtnl = self.rtnl(name)?;
        make_devices(rtnl, plan)?;
        let interfaces = match known {
            Some(interfaces) => interfaces,
            None => rtnl.interfaces()?,
        };
        let have = match fresh {
            true => Vec::new(),
            false => rtnl.addresses()?,
        };
        let bridge = match &plan.bridge {
            Some(bridge) => Some(index_of(&interfaces, &bridge.name)?),
            None => None,
        };
        let mut changes = Vec::new();
        let mut removes = false;
        let mut ups = Vec::new();
        for (interface, addresses) in &wanted.addresses {
            let index = index_of(&interfaces, interface)?;
            for net in addresses {
                if !have
                    .iter()
                    .any(|have| have.index == index && have.net == *net)
                {
                    changes.push(Change::address(index, interface, *net));
                }
            }
        }
        for (interface, addresses) in old.iter().flat_map(|old| &old.addresses) {
            let Ok(index) = index_of(&interfaces, interface) else {
                continue;
            };
            let keep = wanted.addresses.get(interface);
            for net in addresses {
                let gone = !keep.is_some_and(|keep| keep.contains(net));
                if gone
                    && have
                        .iter()
                        .any(|have| have.index == index && have.net == *net)
                {
                    removes = true;
                    changes.push(Change::no_address(index, interface, *net));
                }
            }
        }
        for (interface, mtu) in &wanted.mtus {
            changes.push(Change::mtu(
                index_of(&interfaces, interface)?,
                interface,
                *mtu,
            ));
        }
        for (interface, up) in &wanted.up {
            let found = interfaces
                .iter()
                .find(|found| found.name == *interface)
                .ok_or_else(|| Error::Protocol(format!("there is no interface {interface}")))?;
            if let (Some(bridge), true) = (bridge, wanted.ports.contains_key(interface)) {
                changes.push(Change::master(found.index, interface, bridge));
                if let Some(Some(vlan)) = wanted.ports.get(interface) {
                    changes.extend(Change::vlans(found.index, interface, vlan));
                }
            }
            if found.up != *up {
                // A VLAN cannot be up before what it is on.
                let change = Change::up(found.index, interface, *up);
                match wanted.vlans.contains_key(interface) {
                    true => ups.push(change),
                    false => ups.insert(0, change),
                }
            }
        }
        changes.extend(ups);
        if removes {
            // Else the first address of a subnet takes those that came after it along, also the one in its place.
            self.set_sysctl(name, "net.ipv4.conf.all.promote_secondaries", "1")?;
        }
        self.rtnl(name)?
            .change(changes)
            .map_err(|error| in_node(name, error))?;
        self.set_interface_sysctls(name)
    }

    /// The interfaces of a new node that has nothing but ends of links; the kernel need not be asked for them.
    fn known_interfaces(&self, plan: &NodePlan) -> Option<Vec<Interface>> {
        if plan.bridge.is_some() || plan.interfaces.iter().any(|have| have.name != "lo") {
            return None;
        }
        let new = |name: &str, index| Interface {
            index,
            name: name.into(),
            up: false,
            running: false,
            mtu: 0,
        };
        let mut interfaces = vec![new("lo", LOOPBACK)];
        for (_, end) in self.ends.get(plan.name.as_str()).into_iter().flatten() {
            let index = self
                .indexes
                .get(&(end.node.as_str(), end.interface.as_str()))?;
            interfaces.push(new(&end.interface, *index));
        }
        Some(interfaces)
    }

    fn set_interface_sysctls(&self, name: &str) -> Result<()> {
        let plan = self.plan_of(name)?;
        let single: Vec<(&String, &String)> = plan
            .sysctls
            .iter()
            .filter(|(name, _)| sysctl::interface(name).is_some())
            .collect();
        if single.is_empty() {
            return Ok(());
        }
        let set = |_: &Node| {
            single
                .iter()
                .try_for_each(|(name, value)| sysctl::set(name, value))
        };
        netns::visit([self.node(name)?], set)
            .map(drop)
            .map_err(|error| in_node(name, error))
    }
}

/// Makes the interfaces that are not ends of links, where they do not exist.
fn make_devices(rtnl: &mut Rtnl, plan: &NodePlan) -> Result<()> {
    let dummies: Vec<_> = plan
        .interfaces
        .iter()
        .filter(|interface| interface.kind == InterfaceKind::Dummy)
        .collect();
    // They are on ends of links, which are there by now; those that a removed link took with it come again.
    let vlans: Vec<_> = plan
        .interfaces
        .iter()
        .filter_map(|interface| Some((interface, interface.vlan.as_ref()?)))
        .collect();
    if dummies.is_empty() && vlans.is_empty() && plan.bridge.is_none() {
        return Ok(());
    }
    let interfaces = rtnl.interfaces()?;
    let exists = |name: &str| interfaces.iter().any(|have| have.name == name);
    let mut changes = Vec::new();
    changes.extend(
        plan.bridge
            .iter()
            .filter(|bridge| !exists(&bridge.name))
            .map(Change::bridge),
    );
    changes.extend(
        dummies
            .iter()
            .filter(|dummy| !exists(&dummy.name))
            .map(|dummy| Change::dummy(&dummy.name, dummy.mtu)),
    );
    for (interface, vlan) in vlans {
        if !exists(&interface.name) {
            let parent = index_of(&interfaces, &vlan.parent)?;
            changes.push(Change::vlan(parent, &interface.name, vlan.id));
        }
    }
    rtnl.change(changes)
        .map_err(|error| in_node(&plan.name, error))
}
