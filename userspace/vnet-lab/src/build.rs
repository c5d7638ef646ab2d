// SPDX-License-Identifier: GPL-2.0

//! The steps that make parts of a plan real. Each does many objects at once, since a system call for each would be what
//! takes the time with a thousand nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use vnet_topology::plan::{Ends, InterfaceKind, LinkPlan, MediumPlan, NodePlan, Plan};

use crate::cgroup::Cgroups;
use crate::error::{Context, Error, Result};
use crate::netns;
use crate::node::{control, spawn, Node, NodeSpec};
use crate::outside;
use crate::paths::LabPaths;
use crate::rtnl::{index_of, Change, Interface, Rtnl};
use crate::state::write_whole;
use crate::sysctl;
use crate::wire::media::{self, Air};
use crate::wire::{LinkBackend, Wire};

/// Index of the loopback interface in every namespace.
const LOOPBACK: u32 = 1;

/// The nodes of a lab that is being made or changed, with what is needed to do so.
#[derive(Debug)]
pub struct Site<'a> {
    /// What is to be.
    pub plan: &'a Plan,
    /// Where.
    pub paths: &'a LabPaths,
    /// Nodes that live.
    pub nodes: BTreeMap<String, Node>,
    rtnl: BTreeMap<String, Rtnl>,
    cgroups: Option<Cgroups>,
    plans: BTreeMap<&'a str, &'a NodePlan>,
    ends: Ends<'a>,
    /// Indexes of ends of links that have been made, by node and interface.
    indexes: BTreeMap<(&'a str, &'a str), u32>,
}

impl<'a> Site<'a> {
    /// A site with no node yet.
    pub fn new(plan: &'a Plan, paths: &'a LabPaths) -> Self {
        Site {
            plan,
            paths,
            nodes: BTreeMap::new(),
            rtnl: BTreeMap::new(),
            cgroups: Cgroups::find(),
            ends: plan.ends(),
            indexes: BTreeMap::new(),
            plans: plan
                .nodes
                .iter()
                .map(|node| (node.name.as_str(), node))
                .collect(),
        }
    }

    /// Whether limits can be set here.
    pub fn has_cgroups(&self) -> bool {
        self.cgroups.is_some()
    }

    /// Takes in nodes of a running lab.
    pub fn find_nodes(&mut self, names: &BTreeSet<&str>) -> Result<()> {
        let nodes = names
            .iter()
            .map(|name| Node::find(self.paths, name))
            .collect::<Result<Vec<_>>>()?;
        self.take_in(nodes)
    }

    /// Makes nodes with all that is in them except interfaces.
    pub fn make_nodes(&mut self, program: &Path, plans: &[&NodePlan]) -> Result<()> {
        if plans.is_empty() {
            return Ok(());
        }
        self.make_directories(plans)?;
        let specs = plans
            .iter()
            .map(|plan| self.spec(plan))
            .collect::<Result<Vec<_>>>()?;
        netns::prepare_names()?;
        let nodes = spawn::spawn(program, &self.paths.hosts(), specs)?;
        // Only now: a namespace that is mounted somewhere is one more mount for every node made after it.
        for node in &nodes {
            netns::add_name(
                &self.paths.netns(&node.name),
                &self.paths.name_mark(&node.name),
                node,
            )?;
        }
        self.take_in(nodes)?;
        // A node that has anything to do or to show is not left at rest.
        let busy = plans.iter().filter(|plan| {
            !(plan.daemons.is_empty()
                && plan.commands.is_empty()
                && plan.files.is_empty()
                && plan.directories.is_empty())
        });
        control::wake_all(self.paths, busy.map(|plan| plan.name.as_str()))
    }

    fn take_in(&mut self, nodes: Vec<Node>) -> Result<()> {
        let connections = Rtnl::open_in(&nodes)?;
        for (node, rtnl) in nodes.into_iter().zip(connections) {
            self.rtnl.insert(node.name.clone(), rtnl);
            self.nodes.insert(node.name.clone(), node);
        }
        Ok(())
    }

    fn spec(&self, plan: &NodePlan) -> Result<NodeSpec> {
        let cgroup = match &self.cgroups {
            Some(groups) => {
                Some(groups.make_node(self.paths.lab(), &plan.name, &plan.limits)?)
            }
            None if plan.limits.is_none() => None,
            None => {
                return Err(Error::Unsupported(format!(
                    "node {} has limits, but no cgroup v2 hierarchy is mounted here that can be written to",
                    plan.name
                )))
            }
        };
        Ok(NodeSpec {
            name: plan.name.clone(),
            hostname: plan.hostname.clone(),
            directory: self.paths.node(&plan.name),
            cgroup,
            env: plan.env.clone(),
            sysctls: plan
                .sysctls
                .iter()
                .filter(|(name, _)| sysctl::interface(name).is_none())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            directories: plan.directories.clone(),
            files: plan.files.clone(),
        })
    }

    /// The directories of nodes, and the group of the lab.
    fn make_directories(&self, plans: &[&NodePlan]) -> Result<()> {
        if let Some(groups) = &self.cgroups {
            groups.make_lab(self.paths.lab())?;
        }
        let make = |path: &Path| {
            fs::create_dir(path).context(|| format!("cannot make {}", path.display()))
        };
        fs::create_dir_all(self.paths.nodes())
            .context(|| format!("cannot make {}", self.paths.nodes().display()))?;
        self.write_hosts()?;
        for plan in plans {
            make(&self.paths.node(&plan.name))?;
        }
        Ok(())
    }

    /// Writes `/etc/hosts` of all nodes. The file itself is what nodes have mounted, so it is not replaced by another.
    pub fn write_hosts(&self) -> Result<()> {
        let path = self.paths.hosts();
        let text = hosts(self.plan);
        match path.exists() {
            true => fs::write(&path, text).context(|| format!("cannot write {}", path.display())),
            false => write_whole(&path, text.as_bytes()),
        }
    }

    /// Makes links; their devices have no address yet and are down.
    pub fn make_links(
        &mut self,
        backend: &mut dyn LinkBackend,
        links: &[&'a LinkPlan],
    ) -> Result<()> {
        let wires = links
            .iter()
            .map(|plan| {
                Ok(Wire {
                    plan,
                    nodes: [
                        self.node(&plan.ends[0].node)?,
                        self.node(&plan.ends[1].node)?,
                    ],
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let made = backend.add_links(self.paths.lab(), &wires)?;
        for (link, indexes) in links.iter().zip(made) {
            for (end, index) in link.ends.iter().zip(indexes) {
                self.indexes.insert((&end.node, &end.interface), index);
            }
        }
        Ok(())
    }

    /// Makes media; their devices have no address yet and are down.
    pub fn make_media(
        &mut self,
        backend: &mut dyn LinkBackend,
        plans: &[&'a MediumPlan],
    ) -> Result<()> {
        let mut made = Vec::with_capacity(plans.len());
        for plan in plans {
            let ports = plan.ports.iter();
            let nodes = ports.map(|port| self.node(&port.end.node));
            let air = Air {
                plan,
                nodes: nodes.collect::<Result<Vec<_>>>()?,
            };
            made.push(media::add(media::client(backend)?, self.paths.lab(), &air)?);
        }
        for (plan, indexes) in plans.iter().zip(made) {
            for (port, index) in plan.ports.iter().zip(indexes) {
                self.indexes
                    .insert((&port.end.node, &port.end.interface), index);
            }
        }
        Ok(())
    }

    /// Makes instances of nodes.
    pub fn make_instances(
        &self,
        backend: &mut dyn LinkBackend,
        names: &BTreeSet<&str>,
    ) -> Result<()> {
        let nodes = names
            .iter()
            .map(|name| self.node(name))
            .collect::<Result<Vec<_>>>()?;
        backend.add_instances(self.paths.lab(), &nodes)
    }

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

    /// Sets a kernel parameter in a node.
    pub fn set_sysctl(&self, node: &str, name: &str, value: &str) -> Result<()> {
        netns::visit([self.node(node)?], |_| sysctl::set(name, value))
            .map(drop)
            .map_err(|error| in_node(node, error))
    }

    /// Gives a node its routes. Interfaces on both sides of all links have to be up.
    pub fn route(&mut self, name: &str, old: Option<&NodePlan>) -> Result<()> {
        let plan = self.plan_of(name)?;
        let none = Vec::new();
        let before = old.map_or(&none, |old| &old.routes);
        if plan.routes.is_empty() && before.is_empty() {
            return Ok(());
        }
        let rtnl = self.rtnl(name)?;
        let interfaces = rtnl.interfaces()?;
        let index = |interface: &Option<String>| match interface {
            Some(interface) => index_of(&interfaces, interface).map(Some),
            None => Ok(None),
        };
        let mut have = Vec::new();
        if old.is_some() {
            have.extend(rtnl.routes(false)?);
            have.extend(rtnl.routes(true)?);
        }
        let has = |route: &vnet_topology::plan::RoutePlan| {
            have.iter()
                .any(|have| have.destination == route.destination.trunc() && have.via == route.via)
        };
        let mut changes = Vec::new();
        for route in before {
            if !plan.routes.contains(route) && has(route) {
                let index = index(&route.interface).unwrap_or(None);
                changes.push(Change::no_route(
                    route.destination,
                    route.via,
                    index,
                    route.metric,
                ));
            }
        }
        for route in &plan.routes {
            if !(before.contains(route) && has(route)) {
                let index = index(&route.interface)?;
                changes.push(Change::route(
                    route.destination,
                    route.via,
                    index,
                    route.metric,
                ));
            }
        }
        rtnl.change(changes).map_err(|error| in_node(name, error))
    }

    /// A node that lives.
    pub fn node(&self, name: &str) -> Result<&Node> {
        self.nodes
            .get(name)
            .ok_or_else(|| Error::Protocol(format!("node {name} has not been made")))
    }

    /// Connections to all nodes, with their plans.
    pub fn watched(&mut self) -> Vec<crate::wait::Watched<'_>> {
        let plans = &self.plans;
        self.rtnl
            .iter_mut()
            .filter_map(|(name, rtnl)| {
                let plan = *plans.get(name.as_str())?;
                Some(crate::wait::Watched { plan, rtnl })
            })
            .collect()
    }

    fn plan_of(&self, name: &str) -> Result<&'a NodePlan> {
        self.plans
            .get(name)
            .copied()
            .ok_or_else(|| Error::Protocol(format!("the plan has no node {name}")))
    }

    fn rtnl(&mut self, name: &str) -> Result<&mut Rtnl> {
        self.rtnl
            .get_mut(name)
            .ok_or_else(|| Error::Protocol(format!("node {name} has not been made")))
    }
}

/// What the interfaces of a node are to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By interface; so are the others.
    pub(crate) addresses: BTreeMap<String, Vec<ipnet::IpNet>>,
    pub(crate) mtus: BTreeMap<String, u32>,
    pub(crate) up: BTreeMap<String, bool>,
    pub(crate) ports: BTreeMap<String, Option<vnet_topology::plan::PortVlanPlan>>,
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

/// The text of `/etc/hosts`.
fn hosts(plan: &Plan) -> String {
    let mut text = String::from(
        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n\
         ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
    );
    for entry in &plan.hosts {
        text.push_str(&format!("{} {}\n", entry.address, entry.names.join(" ")));
    }
    text
}

fn in_node(node: &str, error: Error) -> Error {
    Error::Setup {
        node: node.into(),
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vnet_topology::plan::{HostEntry, FORMAT};

    #[test]
    fn hosts_file() {
        let plan = Plan {
            format: FORMAT,
            lab: "l".into(),
            seed: 0,
            nodes: Vec::new(),
            links: Vec::new(),
            media: Vec::new(),
            hosts: vec![HostEntry {
                address: "10.0.0.1".parse().unwrap(),
                names: vec!["r1".into(), "r1.l".into()],
            }],
        };
        assert!(hosts(&plan).ends_with("\n10.0.0.1 r1 r1.l\n"));
        assert!(hosts(&plan).starts_with("127.0.0.1 localhost\n"));
    }
}
