// SPDX-License-Identifier: GPL-2.0

//! What changes in a node that lives on, and whether it can.

use vnet_topology::plan::{FilePlan, NodePlan};

use super::details::{self, Detail};
use crate::sysctl;

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
    pub files: Vec<&'a FilePlan>,
    /// Daemons to stop.
    pub stop: Vec<&'a str>,
    /// Daemons to start, maybe once more.
    pub start: Vec<&'a str>,
    /// Whether the commands run again.
    pub commands: bool,
}

impl<'a> NodeChange<'a> {
    pub(super) fn between(old: &'a NodePlan, new: &'a NodePlan) -> Self {
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

    pub(super) fn is_empty(&self) -> bool {
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

    pub(super) fn details(&self) -> Vec<Detail> {
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

/// Whether a living node can become the new one.
pub(super) fn can_live_on(old: &NodePlan, new: &NodePlan) -> bool {
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
