// SPDX-License-Identifier: GPL-2.0

//! Devices of the machine that nodes take over, and give back when they go.
//!
//! A mark in the lab's directory says which one it has, so that it is given back whatever has become of the plan. When a
//! node dies by itself the kernel gives a physical device back; one that only exists in software goes with the node.

use std::fs::{self, File};
use std::os::fd::AsFd;

use vnet_topology::plan::{NodePlan, OutsidePlan};

use crate::error::{Context, Error, Result};
use crate::netns;
use crate::node::Node;
use crate::paths::LabPaths;
use crate::rtnl::{index_of, Change, Rtnl};

/// Moves the device of a node into it, unless it is there.
pub fn take(paths: &LabPaths, node: &Node, plan: &NodePlan, inside: &mut Rtnl) -> Result<()> {
    let Some(OutsidePlan { device, place }) = &plan.outside else {
        return Ok(());
    };
    if inside.interfaces()?.iter().any(|have| have.name == *device) {
        return Ok(());
    }
    let mut here = Rtnl::open()?;
    let interfaces = here.interfaces()?;
    let Ok(index) = index_of(&interfaces, device) else {
        return Err(Error::Unsupported(format!(
            "{place}: node {} is to have the device {device}, which this machine has not got; `ip link` lists those it has",
            plan.name
        )));
    };
    let used = here
        .addresses()?
        .into_iter()
        .find(|address| address.index == index && !address.link_local);
    if let Some(address) = used {
        return Err(Error::Unsupported(format!(
            "{place}: node {} is to have the device {device}, which this machine uses with the address {}; \
             take another device, or its addresses away from it (`ip address flush dev {device}`)",
            plan.name, address.net
        )));
    }
    let mark = paths.device_mark(&node.name);
    fs::create_dir_all(mark.parent().unwrap_or(paths.root()))
        .context(|| format!("cannot make the directory of {}", mark.display()))?;
    fs::write(&mark, device).context(|| format!("cannot write {}", mark.display()))?;
    here.change(vec![Change::netns(index, device, node.netns())])
}

/// Moves the device of a node back to where this process is. A node that is dead has none any more.
pub fn give_back(paths: &LabPaths, name: &str) -> Result<()> {
    let mark = paths.device_mark(name);
    let Ok(device) = fs::read_to_string(&mark) else {
        return Ok(());
    };
    fs::remove_file(&mark).context(|| format!("cannot remove {}", mark.display()))?;
    let Ok(node) = Node::find(paths, name) else {
        return Ok(());
    };
    let what = || "cannot open the network namespace".to_owned();
    let home = File::open("/proc/self/ns/net").context(what)?;
    let back = |_: &Node| {
        let mut inside = Rtnl::open()?;
        match index_of(&inside.interfaces()?, &device) {
            Ok(index) => inside.change(vec![Change::netns(index, &device, home.as_fd())]),
            // Somebody has taken it out.
            Err(_) => Ok(()),
        }
    };
    netns::visit([&node], back).map(drop)
}
