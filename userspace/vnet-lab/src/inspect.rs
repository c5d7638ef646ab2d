// SPDX-License-Identifier: GPL-2.0

//! What there is: labs, their nodes and how they fare, as the kernel has it.

use std::collections::BTreeMap;

use serde::Serialize;
use vnet_topology::plan::{NodeKind, NodePlan};

use crate::cgroup::{self, Cgroups};
use crate::error::{near, Context, Error, Result};
use crate::node::control::{Control, ProgramState, State};
use crate::node::Node;
use crate::paths::{self, LabPaths};
use crate::rtnl::Rtnl;
use crate::state;

/// How a lab or node fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// As it should.
    Running,
    /// A daemon has ended.
    Degraded,
    /// Its first process has ended, or one of its nodes'.
    Dead,
    /// Its start has not ended, or was cut short.
    Incomplete,
}

impl Condition {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Running => "running",
            Condition::Degraded => "degraded",
            Condition::Dead => "dead",
            Condition::Incomplete => "incomplete",
        }
    }
}

/// A lab.
#[derive(Clone, Debug, Serialize)]
pub struct LabReport {
    /// Its name.
    pub lab: String,
    /// How it fares: as badly as its worst node.
    pub state: Condition,
    /// Its nodes, sorted by name.
    pub nodes: Vec<NodeReport>,
    /// How many links its plan has.
    pub links: usize,
    /// How many media its plan has.
    pub media: usize,
}

/// A node.
#[derive(Clone, Debug, Serialize)]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Option<NodeKind>,
    /// How it fares.
    pub state: Condition,
    /// Its first process, as a number here; absent if it is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<i32>,
    /// How many processes it has.
    pub processes: usize,
    /// Addresses by interface, without those that reach the same link only.
    pub addresses: BTreeMap<String, Vec<String>>,
    /// Daemons and commands that have been started, and how they fare.
    pub programs: Vec<ProgramState>,
    /// Its network namespace, as `ip netns` knows it.
    pub netns: String,
}

/// All labs.
pub fn labs() -> Result<Vec<LabReport>> {
    paths::labs()?
        .iter()
        .map(|lab| report(&LabPaths::new(lab)?))
        .collect()
}

/// One lab.
pub fn lab(name: &str) -> Result<LabReport> {
    let paths = LabPaths::new(name)?;
    if !paths.exists() {
        let labs = paths::labs()?;
        return Err(Error::NoLab {
            lab: name.into(),
            near: near(name, labs.iter().map(String::as_str)),
        });
    }
    report(&paths)
}

/// The plan of a node of a lab that is up.
pub fn node_plan(paths: &LabPaths, node: &str) -> Result<NodePlan> {
    let mut plan = state::require(paths)?;
    match plan.nodes.iter().position(|have| have.name == node) {
        Some(position) => Ok(plan.nodes.swap_remove(position)),
        None => Err(Error::NoNode {
            lab: paths.lab().into(),
            node: node.into(),
            near: near(node, plan.nodes.iter().map(|node| node.name.as_str())),
        }),
    }
}

fn report(paths: &LabPaths) -> Result<LabReport> {
    let plan = state::load(paths)?;
    let kinds: BTreeMap<&str, NodeKind> = plan
        .iter()
        .flat_map(|plan| &plan.nodes)
        .map(|node| (node.name.as_str(), node.kind))
        .collect();
    let names = match &plan {
        Some(plan) => plan.nodes.iter().map(|node| node.name.clone()).collect(),
        None => paths.node_names()?,
    };
    let cgroups = Cgroups::find();
    let mut nodes = Vec::new();
    for name in names {
        let kind = kinds.get(name.as_str()).copied();
        nodes.push(node_report(paths, cgroups.as_ref(), name, kind)?);
    }
    let worst = nodes.iter().map(|node| node.state).max();
    Ok(LabReport {
        lab: paths.lab().into(),
        state: match plan {
            Some(_) => worst.unwrap_or(Condition::Running),
            None => Condition::Incomplete,
        },
        links: plan.as_ref().map_or(0, |plan| plan.links.len()),
        media: plan.map_or(0, |plan| plan.media.len()),
        nodes,
    })
}

fn node_report(
    paths: &LabPaths,
    cgroups: Option<&Cgroups>,
    name: String,
    kind: Option<NodeKind>,
) -> Result<NodeReport> {
    let mut report = NodeReport {
        netns: paths.netns_name(&name),
        kind,
        state: Condition::Dead,
        init: None,
        processes: 0,
        addresses: BTreeMap::new(),
        programs: Vec::new(),
        name,
    };
    let dead = report.clone();
    match ask(paths, cgroups, &mut report) {
        Ok(()) => Ok(report),
        // It may have died before or while it was asked.
        Err(_) if !lives(paths, &dead.name) => Ok(dead),
        Err(error) => Err(error),
    }
}

/// Whether the first process of a node can be reached and has its namespaces still: one that ends gives them up before
/// its socket.
fn lives(paths: &LabPaths, name: &str) -> bool {
    let Ok(control) = Control::connect(&paths.node(name)) else {
        return false;
    };
    control
        .peer()
        .is_ok_and(|init| std::fs::metadata(format!("/proc/{init}/ns/net")).is_ok())
}

/// Completes the report of a node that lives.
fn ask(paths: &LabPaths, cgroups: Option<&Cgroups>, report: &mut NodeReport) -> Result<()> {
    let mut control = Control::connect(&paths.node(&report.name))
        .context(|| format!("cannot reach the first process of node {}", report.name))?;
    let node = Node::of_process(&report.name, control.peer()?)?;
    report.init = Some(node.init);
    let awake = node.is_awake();
    if awake {
        report.programs = control.status()?;
    }
    report.state = match report.programs.iter().any(has_failed) {
        true => Condition::Degraded,
        false => Condition::Running,
    };
    report.processes = match cgroups {
        Some(groups) => cgroup::processes(&groups.node(paths.lab(), &report.name)).len(),
        None if awake => processes_in(&node),
        None => 1,
    };
    report.addresses = addresses(&node)?;
    Ok(())
}

/// A command may have ended, a daemon not.
fn has_failed(program: &ProgramState) -> bool {
    match program.state {
        State::Running => false,
        State::Exited(0) => !program.name.starts_with("command-"),
        _ => true,
    }
}

fn addresses(node: &Node) -> Result<BTreeMap<String, Vec<String>>> {
    let mut connections = Rtnl::open_in([node])?;
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rtnl in &mut connections {
        let interfaces = rtnl.interfaces()?;
        for address in rtnl.addresses()? {
            let interface = interfaces.iter().find(|have| have.index == address.index);
            if let (Some(interface), false) = (interface, address.link_local) {
                if !address.net.addr().is_loopback() {
                    let list = all.entry(interface.name.clone()).or_default();
                    list.push(address.net.to_string());
                }
            }
        }
    }
    Ok(all)
}

/// How many processes see the node's PID namespace, from the node's own /proc.
fn processes_in(node: &Node) -> usize {
    let Ok(list) = std::fs::read_dir(node.path("/proc")) else {
        return 0;
    };
    list.flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy()
                .bytes()
                .all(|byte| byte.is_ascii_digit())
        })
        .count()
}
