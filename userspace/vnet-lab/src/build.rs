// SPDX-License-Identifier: GPL-2.0

//! The steps that make parts of a plan real. Each does many objects at once, since a system call for each would be what
//! takes the time with a thousand nodes.

mod interfaces;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use vnet_topology::plan::{Ends, LinkPlan, MediumPlan, NodePlan, Plan};

use crate::cgroup::Cgroups;
use crate::error::{Context, Error, Result};
use crate::netns;
use crate::node::{control, spawn, Node, NodeSpec};
use crate::paths::LabPaths;
use crate::rtnl::{index_of, Change, Rtnl};
use crate::state::write_whole;
use crate::sysctl;
use crate::wire::media::{self, Air};
use crate::wire::{LinkBackend, Wire};

pub use wanted::Wanted;

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
                    "node {} has limits, but no cgroup v2 hierarchy is mounted here that can be written to; mount one \
                     (`mount -t cgroup2 none /sys/fs/cgroup`), or leave the limits out",
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
