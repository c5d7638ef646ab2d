// SPDX-License-Identifier: GPL-2.0

//! What has to be done to make one plan of another: the list of operations, for people to read and for [`crate::up`] to
//! carry out.
//!
//! Only what differs is touched. A node whose difference cannot be made in a living node is made anew, with all its
//! links; so is a link that joins something else than before.

mod details;
mod node;
mod operation;

use std::collections::{BTreeMap, BTreeSet};

use vnet_topology::diff;
use vnet_topology::plan::{EndPlan, LinkPlan, MediumPlan, NodePlan, Plan};

use crate::build::Wanted;
use crate::chain::steps::Step;

pub use details::Detail;
pub use node::NodeChange;
pub use operation::{Action, Operation};

/// What the kernel still has of a lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Nodes that live.
    pub nodes: BTreeSet<String>,
    /// Links that exist.
    pub links: BTreeSet<String>,
    /// Those whose cable is pulled.
    pub pulled: BTreeSet<String>,
    /// Media that exist with all their ports.
    pub media: BTreeSet<String>,
    /// What is to be done to the chains of living nodes.
    pub chains: BTreeMap<String, Vec<Step>>,
}

/// The operations, by kind.
#[derive(Clone, Debug, Default)]
pub struct Changes<'a> {
    /// Nodes to make, also in the place of one of the same name.
    pub add_nodes: Vec<&'a NodePlan>,
    /// Names of nodes to remove before that.
    pub replaced_nodes: BTreeSet<&'a str>,
    /// What differs in those, by name.
    pub replaced_node_fields: BTreeMap<&'a str, Vec<Detail>>,
    /// Names of nodes to remove at the end.
    pub remove_nodes: BTreeSet<&'a str>,
    /// Links to make, also in the place of one of the same name.
    pub add_links: Vec<&'a LinkPlan>,
    /// Names of links to remove before that.
    pub replaced_links: BTreeSet<&'a str>,
    /// What differs in those, by name.
    pub replaced_link_fields: BTreeMap<&'a str, Vec<Detail>>,
    /// What differs in those, by name.
    pub replaced_medium_fields: BTreeMap<&'a str, Vec<Detail>>,
    /// Names of links to remove at the end.
    pub remove_links: BTreeSet<&'a str>,
    /// Links whose parameters change: before and after.
    pub change_links: Vec<(&'a LinkPlan, &'a LinkPlan)>,
    /// Names of those whose cable is plugged again, for a plan has no pulled ones.
    pub plug_links: BTreeSet<&'a str>,
    /// Media to make, also in the place of one of the same name.
    pub add_media: Vec<&'a MediumPlan>,
    /// Names of media to remove before that.
    pub replaced_media: BTreeSet<&'a str>,
    /// Names of media to remove at the end.
    pub remove_media: BTreeSet<&'a str>,
    /// Media whose parameters change: before and after.
    pub change_media: Vec<(&'a MediumPlan, &'a MediumPlan)>,
    /// Nodes that change while they live.
    pub change_nodes: Vec<NodeChange<'a>>,
    /// What is done to the chains of nodes that live on.
    pub chains: BTreeMap<String, Vec<Step>>,
    /// Whether the names of nodes resolve to something else.
    pub hosts: bool,
}

impl<'a> Changes<'a> {
    /// From one plan, or from nothing, to another.
    pub fn between(old: Option<&'a Plan>, new: &'a Plan, facts: &Facts) -> Self {
        let mut changes = Changes::default();
        changes.compare_nodes(old, new, facts);
        changes.compare_links(old, new, facts);
        changes.compare_media(old, new, facts);
        changes.remove_unwanted(old, new);
        let Some(old) = old else {
            return changes;
        };
        changes.hosts = old.hosts != new.hosts;
        changes.compare_living(old, new);
        let chains = facts.chains.iter();
        let chains = chains.filter(|(node, _)| !changes.goes(node));
        changes.chains = chains
            .map(|(node, steps)| (node.clone(), steps.clone()))
            .collect();
        changes
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations().is_empty()
    }

    fn compare_nodes(&mut self, old: Option<&'a Plan>, new: &'a Plan, facts: &Facts) {
        let before = by_name(old);
        for node in &new.nodes {
            match before.get(node.name.as_str()) {
                None => self.add_nodes.push(node),
                Some(old) if !facts.nodes.contains(&node.name) || !node::can_live_on(old, node) => {
                    let fields = details::of_fields(diff::node(old, node));
                    self.replaced_node_fields.insert(&node.name, fields);
                    self.replaced_nodes.insert(&node.name);
                    self.add_nodes.push(node);
                }
                Some(_) => {}
            }
        }
        let after = by_name(Some(new));
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        self.remove_nodes.extend(gone);
    }

    fn compare_links(&mut self, old: Option<&'a Plan>, new: &'a Plan, facts: &Facts) {
        let links = |plan: Option<&'a Plan>| -> BTreeMap<&'a str, &'a LinkPlan> {
            let all = plan.into_iter().flat_map(|plan| &plan.links);
            all.map(|link| (link.name.as_str(), link)).collect()
        };
        let before = links(old);
        for link in &new.links {
            let Some(old) = before.get(link.name.as_str()) else {
                self.add_links.push(link);
                continue;
            };
            let lost = !facts.links.contains(&link.name)
                || old.ends.iter().any(|end| self.goes(&end.node));
            if lost || !same_wire(old, link) {
                let fields = details::of_fields(diff::link(old, link));
                self.replaced_link_fields.insert(&link.name, fields);
                self.replaced_links.insert(&link.name);
                self.add_links.push(link);
                continue;
            }
            let pulled = facts.pulled.contains(&link.name);
            if pulled {
                self.plug_links.insert(&link.name);
            }
            if pulled || old.directions != link.directions || old.mtu != link.mtu {
                self.change_links.push((old, link));
            }
        }
    }

    fn compare_media(&mut self, old: Option<&'a Plan>, new: &'a Plan, facts: &Facts) {
        for medium in &new.media {
            let Some(old) = old.and_then(|old| old.medium(&medium.name)) else {
                self.add_media.push(medium);
                continue;
            };
            let goes = old.ports.iter().any(|port| self.goes(&port.end.node));
            if goes || !facts.media.contains(&medium.name) || !same_air(old, medium) {
                let fields = details::of_fields(diff::medium(old, medium));
                self.replaced_medium_fields.insert(&medium.name, fields);
                self.replaced_media.insert(&medium.name);
                self.add_media.push(medium);
            } else if old.mtu != medium.mtu
                || old.ports != medium.ports
                || !details::of_medium(old, medium).is_empty()
            {
                self.change_media.push((old, medium));
            }
        }
    }

    /// Links and media that the new plan has no more. One whose interface is needed for another cannot wait until the end.
    fn remove_unwanted(&mut self, old: Option<&'a Plan>, new: &'a Plan) {
        let Some(old) = old else {
            return;
        };
        let made: BTreeSet<(&str, &str)> = self
            .made_ends()
            .map(|end| (end.node.as_str(), end.interface.as_str()))
            .collect();
        let needed = |end: &EndPlan| made.contains(&(end.node.as_str(), end.interface.as_str()));
        for link in &old.links {
            if new.link(&link.name).is_none() {
                match link.ends.iter().any(needed) {
                    true => self.replaced_links.insert(&link.name),
                    false => self.remove_links.insert(&link.name),
                };
            }
        }
        for medium in &old.media {
            if new.medium(&medium.name).is_none() {
                match medium.ports.iter().any(|port| needed(&port.end)) {
                    true => self.replaced_media.insert(&medium.name),
                    false => self.remove_media.insert(&medium.name),
                };
            }
        }
    }

    /// Ends of links and ports of media that are made.
    fn made_ends(&self) -> impl Iterator<Item = &'a EndPlan> + '_ {
        let of_links = self.add_links.iter().flat_map(|link| &link.ends);
        let ports = self.add_media.iter().flat_map(|medium| &medium.ports);
        of_links.chain(ports.map(|port| &port.end))
    }

    fn compare_living(&mut self, old: &'a Plan, new: &'a Plan) {
        let before = by_name(Some(old));
        let made = self.made_ends();
        let relinked: BTreeSet<&str> = made.map(|end| end.node.as_str()).collect();
        let (old_ends, new_ends) = (old.ends(), new.ends());
        for node in &new.nodes {
            let Some(previous) = before.get(node.name.as_str()) else {
                continue;
            };
            if self.replaced_nodes.contains(node.name.as_str()) {
                continue;
            }
            let mut change = NodeChange::between(previous, node);
            let wanted = [Wanted::of(&old_ends, previous), Wanted::of(&new_ends, node)];
            change.interfaces = wanted[0] != wanted[1] || relinked.contains(node.name.as_str());
            change.fields = details::of_interfaces(&wanted[0], &wanted[1]);
            // Routes go with the addresses and interfaces that they use.
            change.routes |= change.interfaces;
            if !change.is_empty() {
                self.change_nodes.push(change);
            }
        }
    }

    fn goes(&self, node: &str) -> bool {
        self.replaced_nodes.contains(node) || self.remove_nodes.contains(node)
    }
}

fn by_name(plan: Option<&Plan>) -> BTreeMap<&str, &NodePlan> {
    let all = plan.into_iter().flat_map(|plan| &plan.nodes);
    all.map(|node| (node.name.as_str(), node)).collect()
}

/// Whether the same devices are joined, so that parameters are all that may differ.
fn same_wire(old: &LinkPlan, new: &LinkPlan) -> bool {
    old.seed == new.seed
        && old.ends.iter().zip(&new.ends).all(|(old, new)| {
            old.node == new.node
                && old.interface == new.interface
                && old.mac == new.mac
                && old.vlan == new.vlan
        })
}

/// Whether the same devices are the same ports, so that parameters are all that may differ.
fn same_air(old: &MediumPlan, new: &MediumPlan) -> bool {
    old.seed == new.seed
        && old.ports.len() == new.ports.len()
        && old.ports.iter().zip(&new.ports).all(|(old, new)| {
            old.end.node == new.end.node
                && old.end.interface == new.end.interface
                && old.end.mac == new.end.mac
                && old.end.vlan == new.end.vlan
        })
}

#[cfg(test)]
mod tests;
