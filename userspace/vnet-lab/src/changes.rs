// SPDX-License-Identifier: GPL-2.0

//! What has to be done to make one plan of another: the list of operations, for people to read and for [`crate::up`] to
//! carry out.
//!
//! Only what differs is touched. A node whose difference cannot be made in a living node is made anew, with all its
//! links; so is a link that joins something else than before.

mod details;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vnet_topology::diff;
use vnet_topology::plan::{EndPlan, LinkPlan, MediumPlan, NodePlan, Plan};

use crate::build::Wanted;
use crate::chain::steps::Step;
use crate::sysctl;
pub use details::Detail;

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

/// What changes in a living node.
#[derive(Clone, Debug)]
pub struct NodeChange<'a> {
    /// The node before.
    pub old: &'a NodePlan,
    /// The node after.
    pub new: &'a NodePlan,
    /// Interfaces, addresses, or the links they are ends of.
    pub interfaces: bool,
    /// What differs in them. Nothing where only a link is made anew.
    pub fields: Vec<Detail>,
    /// Routes.
    pub routes: bool,
    /// Kernel parameters that get another value.
    pub sysctls: Vec<(&'a str, &'a str)>,
    /// Files that get another content.
    pub files: Vec<&'a vnet_topology::plan::FilePlan>,
    /// Daemons to stop.
    pub stop: Vec<&'a str>,
    /// Daemons to start, maybe once more.
    pub start: Vec<&'a str>,
    /// Whether the commands run again.
    pub commands: bool,
}

/// One operation in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// What is done.
    pub action: Action,
    /// Node, link, medium, chains or hosts.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// Field by field, for what changes or is made anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Makes something.
    Add,
    /// Changes something that goes on living.
    Change,
    /// Makes something anew.
    Replace,
    /// Removes something.
    Remove,
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
                Some(old) if !facts.nodes.contains(&node.name) || !can_live_on(old, node) => {
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

    /// All operations in words, in the order in which they are carried out.
    pub fn operations(&self) -> Vec<Operation> {
        let mut list = Vec::new();
        let mut push = |action, kind, name: &str, details| {
            list.push(Operation {
                action,
                kind,
                name: name.into(),
                details,
            });
        };
        let kind_of = |replaced: &BTreeSet<&str>, name: &str| match replaced.contains(name) {
            true => Action::Replace,
            false => Action::Add,
        };
        let fields_of = |fields: &BTreeMap<&str, Vec<Detail>>, name: &str| {
            fields.get(name).cloned().unwrap_or_default()
        };
        for node in &self.add_nodes {
            push(
                kind_of(&self.replaced_nodes, &node.name),
                "node",
                &node.name,
                fields_of(&self.replaced_node_fields, &node.name),
            );
        }
        for link in &self.add_links {
            push(
                kind_of(&self.replaced_links, &link.name),
                "link",
                &link.name,
                fields_of(&self.replaced_link_fields, &link.name),
            );
        }
        for (old, new) in &self.change_links {
            let mut details = details::of_link(old, new);
            if self.plug_links.contains(new.name.as_str()) {
                details.push(Detail::between("cable", "pulled", "plugged"));
            }
            push(Action::Change, "link", &new.name, details);
        }
        for medium in &self.add_media {
            let action = kind_of(&self.replaced_media, &medium.name);
            let fields = fields_of(&self.replaced_medium_fields, &medium.name);
            push(action, "medium", &medium.name, fields);
        }
        for (old, new) in &self.change_media {
            let details = details::of_medium(old, new);
            push(Action::Change, "medium", &new.name, details);
        }
        for change in &self.change_nodes {
            let details = change.details();
            // Interfaces of links that are made anew need no words of their own.
            if !details.is_empty() {
                push(Action::Change, "node", &change.new.name, details);
            }
        }
        for (node, steps) in &self.chains {
            let steps = steps.iter().map(|step| Detail::step(step.describe()));
            let details = steps.collect();
            push(Action::Change, "chains", node, details);
        }
        let added: BTreeSet<&str> = self
            .add_links
            .iter()
            .map(|link| link.name.as_str())
            .collect();
        for name in self
            .replaced_links
            .difference(&added)
            .chain(&self.remove_links)
        {
            push(Action::Remove, "link", name, Vec::new());
        }
        let added: BTreeSet<&str> = self
            .add_media
            .iter()
            .map(|medium| medium.name.as_str())
            .collect();
        for name in self
            .replaced_media
            .difference(&added)
            .chain(&self.remove_media)
        {
            push(Action::Remove, "medium", name, Vec::new());
        }
        for name in &self.remove_nodes {
            push(Action::Remove, "node", name, Vec::new());
        }
        if self.hosts {
            push(Action::Change, "hosts", "/etc/hosts", Vec::new());
        }
        list
    }
}

impl<'a> NodeChange<'a> {
    fn between(old: &'a NodePlan, new: &'a NodePlan) -> Self {
        let files: Vec<_> = new
            .files
            .iter()
            .filter(|file| !old.files.contains(file))
            .collect();
        let sysctls = new
            .sysctls
            .iter()
            .filter(|(name, value)| old.sysctls.get(*name) != Some(value))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // Daemons read their files when they start.
        let restart = !files.is_empty();
        let stop: Vec<&str> = old
            .daemons
            .iter()
            .filter(|daemon| restart || !new.daemons.contains(daemon))
            .map(|daemon| daemon.name.as_str())
            .collect();
        let start: Vec<&str> = new
            .daemons
            .iter()
            .filter(|daemon| restart || !old.daemons.contains(daemon))
            .map(|daemon| daemon.name.as_str())
            .collect();
        NodeChange {
            commands: restart || old.commands != new.commands,
            routes: old.routes != new.routes,
            interfaces: false,
            fields: Vec::new(),
            old,
            new,
            sysctls,
            files,
            stop,
            start,
        }
    }

    fn is_empty(&self) -> bool {
        let NodeChange {
            old: _,
            new,
            interfaces,
            fields: _,
            routes,
            sysctls,
            files,
            stop,
            start,
            commands,
        } = self;
        let runs_commands = *commands && !new.commands.is_empty();
        !(*interfaces || *routes || runs_commands)
            && sysctls.is_empty()
            && files.is_empty()
            && stop.is_empty()
            && start.is_empty()
    }

    fn details(&self) -> Vec<Detail> {
        let mut details = self.fields.clone();
        details.extend(details::of_routes(&self.old.routes, &self.new.routes));
        for (name, value) in &self.sysctls {
            let old = self.old.sysctls.get(*name).map_or("unset", String::as_str);
            details.push(Detail::between(*name, old, *value));
        }
        let mut step = |text: String| details.push(Detail::step(text));
        for file in &self.files {
            step(format!("file {}", file.path));
        }
        for daemon in &self.stop {
            if !self.start.contains(daemon) {
                step(format!("daemon {daemon} stops"));
            }
        }
        for daemon in &self.start {
            match self.stop.contains(daemon) {
                true => step(format!("daemon {daemon} starts again")),
                false => step(format!("daemon {daemon} starts")),
            }
        }
        if self.commands && !self.new.commands.is_empty() {
            step("commands run".into());
        }
        details
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

/// Whether a living node can become the new one.
fn can_live_on(old: &NodePlan, new: &NodePlan) -> bool {
    let kept_sysctls = old
        .sysctls
        .keys()
        .all(|name| new.sysctls.contains_key(name));
    let settable = new
        .sysctls
        .iter()
        .filter(|(name, value)| old.sysctls.get(*name) != Some(value))
        .all(|(name, _)| name.starts_with("net.") || sysctl::interface(name).is_some());
    let kept_interfaces = old.interfaces.iter().all(|old| {
        new.interfaces.iter().any(|new| {
            // Nobody knows any more what the MTU was before one was set.
            let mtu = old.mtu.is_none() || new.mtu.is_some();
            old.name == new.name && old.kind == new.kind && old.vlan == new.vlan && mtu
        })
    });
    old.kind == new.kind
        && old.hostname == new.hostname
        && old.directories == new.directories
        && old.env == new.env
        && old.limits == new.limits
        && old.bridge == new.bridge
        && device(old) == device(new)
        && kept_sysctls
        && settable
        && kept_interfaces
        && same_places(old, new)
}

fn device(node: &NodePlan) -> Option<&str> {
    node.outside.as_ref().map(|outside| outside.device.as_str())
}

/// Whether all files are where they were, so that only what is in them may differ: what has nothing mounted on it would
/// be written for all nodes.
fn same_places(old: &NodePlan, new: &NodePlan) -> bool {
    old.files.len() == new.files.len()
        && old.files.iter().zip(&new.files).all(|(old, new)| {
            old.path == new.path && old.mode == new.mode && old.owner == new.owner
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "
name: t
nodes: {a: host, b: router, c: host}
links:
  - {ends: [a, b], rate: 10mbit, delay: 1ms}
  - [b, c]
";

    fn plan(text: &str) -> Plan {
        vnet_topology::compile("t.yaml", text)
            .map_err(|report| report.render(false, 100))
            .unwrap()
    }

    fn all(plan: &Plan) -> Facts {
        Facts {
            nodes: plan.nodes.iter().map(|node| node.name.clone()).collect(),
            links: plan.links.iter().map(|link| link.name.clone()).collect(),
            media: plan
                .media
                .iter()
                .map(|medium| medium.name.clone())
                .collect(),
            ..Facts::default()
        }
    }

    fn words(old: &Plan, new: &Plan, facts: &Facts) -> Vec<String> {
        let list = Changes::between(Some(old), new, facts).operations();
        list.iter()
            .map(|operation| {
                let Operation {
                    action,
                    kind,
                    name,
                    details,
                } = operation;
                let details: Vec<String> = details.iter().map(ToString::to_string).collect();
                format!("{action:?} {kind} {name} {}", details.join("; "))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn nothing_changes_when_nothing_differs() {
        let base = plan(BASE);
        assert!(Changes::between(Some(&base), &base, &all(&base)).is_empty());
    }

    #[test]
    fn parameters_change_in_place() {
        let base = plan(BASE);
        let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms, mtu: 9000"));
        assert_eq!(
            words(&base, &new, &all(&base)),
            ["Change link a-b mtu: 1500 -> 9000; delay: 1ms -> 2ms"]
        );
    }

    #[test]
    fn each_parameter_is_told() {
        let base = plan(BASE);
        let new = plan(&BASE.replace(
            "delay: 1ms",
            "delay: 1ms, backward: {loss: 1%, queue: {discipline: codel}}",
        ));
        assert_eq!(
            words(&base, &new, &all(&base)),
            ["Change link a-b from b: queue discipline: fifo -> codel floor 1514B interval 100ms target 5ms; from b: loss random: 0 -> 0.01"]
        );
    }

    const AIR: &str = "
name: t
nodes: {a: host, b: host, c: host}
media:
  radio: {ports: [a, b, c], rate: 2mbit, delay: 1ms, pairs: {a -> c: {delay: 5ms}}}
";

    #[test]
    fn a_matrix_changes_in_place() {
        let base = plan(AIR);
        assert!(Changes::between(Some(&base), &base, &all(&base)).is_empty());
        let new = plan(&AIR.replace("delay: 5ms", "delay: 6ms, loss: 1%"));
        assert_eq!(
            words(&base, &new, &all(&base)),
            ["Change medium radio a -> c: delay: 5ms -> 6ms; a -> c: loss random: 0 -> 0.01"]
        );
        let new = plan(&AIR.replace("rate: 2mbit", "rate: 4mbit, loss: 1%"));
        assert_eq!(
            words(&base, &new, &all(&base)),
            ["Change medium radio rate: 2mbit -> 4mbit; loss random: 0 -> 0.01"]
        );
    }

    #[test]
    fn a_medium_with_other_ports_is_made_anew() {
        let base = plan(AIR);
        let new = plan(&AIR.replace("rate: 2mbit", "rate: 2mbit, seed: 5"));
        let list = words(&base, &new, &all(&base));
        assert!(
            list[0].starts_with("Replace medium radio seed: "),
            "{list:?}"
        );
        let mut facts = all(&base);
        facts.media.clear();
        assert_eq!(words(&base, &base, &facts)[0], "Replace medium radio");
        let without = plan("name: t\nnodes: {a: host, b: host, c: host}\n");
        let list = words(&base, &without, &all(&base));
        assert!(list.contains(&"Remove medium radio".to_owned()), "{list:?}");
    }

    #[test]
    fn addresses_and_routes_are_told() {
        let text = "
name: t
nodes:
  a: {kind: host, interfaces: {d0: 10.9.0.1/32}}
  b: {kind: router, routes: [10.8.0.0/16 via 10.0.0.1]}
links:
  - {ends: [{node: a, addresses: 10.0.0.1/24}, {node: b, addresses: 10.0.0.2/24}]}
";
        let base = plan(text);
        let new = plan(
            &text
                .replace(
                    "10.9.0.1/32",
                    "{addresses: [10.9.0.1/32, 10.9.0.2/32], mtu: 1400}",
                )
                .replace("10.0.0.2/24", "10.0.0.3/24")
                .replace("10.8.0.0/16 via", "10.7.0.0/16 via"),
        );
        assert_eq!(
            words(&base, &new, &all(&base)),
            [
                "Change node a d0 addresses: 10.9.0.1/32 -> 10.9.0.1/32, 10.9.0.2/32; \
                 d0 mtu: none -> 1400; route 0.0.0.0/0: via 10.0.0.2 -> via 10.0.0.3",
                "Change node b to-a addresses: 10.0.0.2/24 -> 10.0.0.3/24; \
                 route 10.7.0.0/16: none -> via 10.0.0.1; route 10.8.0.0/16: via 10.0.0.1 -> none",
                "Change hosts /etc/hosts",
            ]
        );
    }

    #[test]
    fn what_is_made_anew_tells_why() {
        let base = plan(BASE);
        let new = plan(&BASE.replace("a: host", "a: {kind: host, env: {LANG: C}}"));
        let list = words(&base, &new, &all(&base));
        assert!(
            list.contains(&"Replace node a env LANG: - -> C".to_owned()),
            "{list:?}"
        );
    }

    #[test]
    fn json_tells_fields() {
        let base = plan(BASE);
        let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms"));
        let list = Changes::between(Some(&base), &new, &all(&base)).operations();
        assert_eq!(
            serde_json::to_value(&list).unwrap(),
            serde_json::json!([{
                "action": "change",
                "kind": "link",
                "name": "a-b",
                "details": [{"field": "delay", "from": "1ms", "to": "2ms"}],
            }])
        );
    }

    #[test]
    fn a_pulled_cable_is_a_difference() {
        let base = plan(BASE);
        let mut facts = all(&base);
        facts.pulled.insert("a-b".into());
        assert_eq!(
            words(&base, &base, &facts),
            ["Change link a-b cable: pulled -> plugged"]
        );
        let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms"));
        assert_eq!(
            words(&base, &new, &facts),
            ["Change link a-b delay: 1ms -> 2ms; cable: pulled -> plugged"]
        );
    }

    #[test]
    fn what_the_kernel_has_lost_is_made_anew() {
        let base = plan(BASE);
        let mut facts = all(&base);
        facts.nodes.remove("a");
        let list = words(&base, &base, &facts);
        assert!(list.contains(&"Replace node a".to_owned()), "{list:?}");
        assert!(list.contains(&"Replace link a-b".to_owned()), "{list:?}");
        assert!(!list.iter().any(|line| line.contains("b-c")), "{list:?}");
    }

    #[test]
    fn nodes_and_links_come_and_go() {
        let base = plan(BASE);
        let new = plan("name: t\nnodes: {a: host, b: router, d: host}\nlinks:\n  - {ends: [a, b], rate: 10mbit, delay: 1ms}\n  - [b, d]\n");
        let list = words(&base, &new, &all(&base));
        for expected in ["Add node d", "Add link b-d", "Remove node c"] {
            assert!(
                list.iter().any(|line| line.starts_with(expected)),
                "{expected}: {list:?}"
            );
        }
        assert!(
            !list.iter().any(|line| line.contains("link a-b")),
            "{list:?}"
        );
    }

    #[test]
    fn from_nothing_everything_is_added() {
        let base = plan(BASE);
        let changes = Changes::between(None, &base, &Facts::default());
        assert_eq!((changes.add_nodes.len(), changes.add_links.len()), (3, 2));
        assert!(changes.change_nodes.is_empty());
    }
}
