// SPDX-License-Identifier: GPL-2.0

//! Configuration and daemons of FRR for the routers that run OSPF.
//!
//! As Debian's own start script does it, daemons come up empty and `vtysh -b` gives each the part of the integrated
//! configuration that is its own. `mgmtd` has to run: without it zebra (10.3) logs hundreds of errors a second.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::route::cost;
use super::{EndId, Lab, NodeState};
use crate::file::{LinkParams, Routing};
use crate::plan::{
    CommandPlan, DaemonPlan, DirectoryPlan, FilePlan, NodePlan, Owner, Ready, Restart,
    DEFAULT_READY_TIMEOUT,
};

/// Seconds between two hellos: FRR's 10 s are for networks that live longer than a demonstration.
const HELLO: u32 = 1;
/// Seconds without a hello after which a neighbour is gone.
const DEAD: u32 = 4;

/// Where the sockets and pid files of the daemons are; every node has a `/run` of its own.
const RUN: &str = "/run/frr";
const CONFIG: &str = "/etc/frr/frr.conf";
const DAEMONS: &str = "/usr/lib/frr";

/// Adds to the plan of a router what OSPF needs.
pub(crate) fn configure(
    lab: &Lab<'_>,
    defaults: &LinkParams,
    node: usize,
    id: Ipv4Addr,
    plan: &mut NodePlan,
) {
    let state = &lab.nodes[node];
    let owner = |group: &str| Owner {
        user: "frr".into(),
        group: group.into(),
    };
    for (path, group) in [
        (RUN, "frrvty"),
        ("/var/lib/frr", "frr"),
        ("/var/tmp/frr", "frr"),
    ] {
        plan.directories.push(DirectoryPlan {
            path: path.into(),
            mode: 0o775,
            owner: Some(owner(group)),
        });
    }
    let file = |path: &str, content: String| FilePlan {
        path: path.into(),
        mode: 0o640,
        owner: Some(owner("frr")),
        content,
    };
    plan.files
        .push(file(CONFIG, config(lab, defaults, state, id)));
    plan.files.push(file(
        "/etc/frr/vtysh.conf",
        "service integrated-vtysh-config\n".into(),
    ));
    let (ipv4, ipv6) = (has_family(lab, state, false), has_family(lab, state, true));
    let daemons = [
        ("mgmtd", true),
        ("zebra", true),
        ("ospfd", ipv4),
        ("ospf6d", ipv6),
    ];
    for (name, _) in daemons.iter().filter(|(_, wanted)| *wanted) {
        plan.daemons.push(daemon(name));
    }
    plan.commands.push(CommandPlan {
        argv: vec!["/usr/bin/vtysh".into(), "-b".into()],
    });
}

fn daemon(name: &str) -> DaemonPlan {
    let argv = [
        &format!("{DAEMONS}/{name}"),
        "-A",
        "127.0.0.1",
        "--log",
        "stdout",
    ];
    DaemonPlan {
        name: name.into(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: Default::default(),
        ready: Ready::Socket(match name {
            "mgmtd" => format!("{RUN}/mgmtd_be.sock"),
            "zebra" => format!("{RUN}/zserv.api"),
            _ => format!("{RUN}/{name}.vty"),
        }),
        ready_timeout: DEFAULT_READY_TIMEOUT,
        restart: Restart::No,
    }
}

fn has_family(lab: &Lab<'_>, node: &NodeState<'_>, ipv6: bool) -> bool {
    let own = node
        .params
        .interfaces
        .iter()
        .flat_map(|interface| &interface.addresses);
    let ends = node.ends.iter().flat_map(|&id| &lab.end(id).addresses);
    own.chain(ends).any(|at| at.value.addr().is_ipv6() == ipv6)
}

/// Whether two OSPF routers and nobody else are on the LAN of this end, on no LAN but a single link.
fn point_to_point(lab: &Lab<'_>, id: EndId) -> bool {
    let lan = lab.end(id).lan.map(|lan| &lab.lans[lan]);
    lan.is_some_and(|lan| lan.point_to_point) && speaks_ospf(lab, id.peer())
}

/// Whether nobody else speaks OSPF on the LAN of this end.
fn alone(lab: &Lab<'_>, id: EndId) -> bool {
    let Some(lan) = lab.end(id).lan else {
        return true;
    };
    !lab.lans[lan]
        .members
        .iter()
        .any(|&other| other != id && speaks_ospf(lab, other))
}

fn speaks_ospf(lab: &Lab<'_>, id: EndId) -> bool {
    lab.node_of(id).routing() == Routing::Ospf
}

fn config(lab: &Lab<'_>, defaults: &LinkParams, node: &NodeState<'_>, id: Ipv4Addr) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{line}");
    };
    line(format_args!(
        "! Made by vnet from the topology; `files:` of the node replaces it."
    ));
    line(format_args!("frr defaults traditional"));
    line(format_args!("hostname {}", node.name()));
    line(format_args!("!"));
    for interface in node
        .params
        .interfaces
        .iter()
        .filter(|interface| !interface.addresses.is_empty())
    {
        line(format_args!("interface {}", interface.name.value));
        for ipv6 in [false, true] {
            if interface
                .addresses
                .iter()
                .any(|at| at.value.addr().is_ipv6() == ipv6)
            {
                let (ip, ospf) = words(ipv6);
                line(format_args!(" {ip} {ospf} area 0.0.0.0"));
                line(format_args!(" {ip} {ospf} passive"));
            }
        }
        line(format_args!("exit"));
        line(format_args!("!"));
    }
    for &end_id in &node.ends {
        let end = lab.end(end_id);
        if end.addresses.is_empty() {
            continue;
        }
        line(format_args!("interface {}", end.interface));
        for ipv6 in [false, true] {
            if !end
                .addresses
                .iter()
                .any(|at| at.value.addr().is_ipv6() == ipv6)
            {
                continue;
            }
            let (ip, ospf) = words(ipv6);
            line(format_args!(" {ip} {ospf} area 0.0.0.0"));
            line(format_args!(
                " {ip} {ospf} cost {}",
                cost(lab, defaults, end_id)
            ));
            if alone(lab, end_id) {
                line(format_args!(" {ip} {ospf} passive"));
                continue;
            }
            line(format_args!(" {ip} {ospf} hello-interval {HELLO}"));
            line(format_args!(" {ip} {ospf} dead-interval {DEAD}"));
            if point_to_point(lab, end_id) {
                line(format_args!(" {ip} {ospf} network point-to-point"));
            }
        }
        line(format_args!("exit"));
        line(format_args!("!"));
    }
    if has_family(lab, node, false) {
        line(format_args!("router ospf"));
        line(format_args!(" ospf router-id {id}"));
        // A change of the network is a few lines of a demonstration: announce it at once.
        line(format_args!(" timers throttle spf 50 100 1000"));
        line(format_args!(" timers throttle lsa all 100"));
        line(format_args!(" timers lsa min-arrival 50"));
        line(format_args!("exit"));
        line(format_args!("!"));
    }
    if has_family(lab, node, true) {
        line(format_args!("router ospf6"));
        line(format_args!(" ospf6 router-id {id}"));
        line(format_args!(" timers throttle spf 50 100 1000"));
        line(format_args!(" timers lsa min-arrival 50"));
        line(format_args!("exit"));
        line(format_args!("!"));
    }
    text
}

fn words(ipv6: bool) -> (&'static str, &'static str) {
    match ipv6 {
        false => ("ip", "ospf"),
        true => ("ipv6", "ospf6"),
    }
}
