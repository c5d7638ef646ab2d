// SPDX-License-Identifier: GPL-2.0

//! Configuration and daemons of FRR for the routers that run routing protocols.
//!
//! As Debian's own start script does it, daemons come up empty and `vtysh -b` gives each the part of the integrated
//! configuration that is its own. `mgmtd` has to run: without it zebra (10.3) logs hundreds of errors a second.

mod bgp;
mod isis;
mod ospf;
mod rip;

use super::router::{
    asn, is_border, sessions, Port, Router, Session, Text, DEAD, HELLO, RIP_GARBAGE, RIP_TIMEOUT,
    RIP_UPDATE,
};
use crate::file::{FrrDaemon, Protocols};
use crate::plan::{
    CommandPlan, DaemonPlan, DirectoryPlan, FilePlan, NodePlan, Owner, Ready, Restart,
    DEFAULT_READY_TIMEOUT,
};

/// Where the sockets and pid files of the daemons are; every node has a `/run` of its own.
const RUN: &str = "/run/frr";
const CONFIG: &str = "/etc/frr/frr.conf";
const DAEMONS: &str = "/usr/lib/frr";

/// Adds to the plan of a router what its protocols need.
pub(super) fn configure(router: &Router<'_, '_>, plan: &mut NodePlan) {
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
    plan.files.push(file(CONFIG, config(router)));
    plan.files.push(file(
        "/etc/frr/vtysh.conf",
        "service integrated-vtysh-config\n".into(),
    ));
    plan.daemons.extend(daemons(router).into_iter().map(daemon));
    plan.commands.push(CommandPlan {
        argv: vec!["/usr/bin/vtysh".into(), "-b".into()],
    });
}

fn daemon(name: FrrDaemon) -> DaemonPlan {
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

/// The daemons in the order in which they start.
fn daemons(router: &Router<'_, '_>) -> Vec<FrrDaemon> {
    let protocols = &router.protocols;
    let (ipv4, ipv6) = (router.has_family(false), router.has_family(true));
    let mut daemons: Vec<FrrDaemon> = vec!["mgmtd", "zebra"];
    for (wanted, daemon) in [
        (protocols.ospfv2 && ipv4, "ospfd"),
        (protocols.ospfv3 && ipv6, "ospf6d"),
        (protocols.rip && ipv4, "ripd"),
        (protocols.ripng && ipv6, "ripngd"),
        (protocols.isis, "isisd"),
        (protocols.bgp, "bgpd"),
    ] {
        if wanted {
            daemons.push(daemon);
        }
    }
    for daemon in &router.node.params.frr {
        if !daemons.contains(&daemon.value) {
            daemons.push(daemon.value);
        }
    }
    daemons
}

fn config(router: &Router<'_, '_>) -> String {
    let mut text = Text::default();
    text.line("! Made by vnet from the topology; `files` of the node replaces it.");
    text.line("frr defaults traditional");
    text.line(format_args!("hostname {}", router.node.name()));
    text.line("!");
    for port in router.ports() {
        let mut inner = Text::default();
        ospf::interface(router, port, &mut inner);
        isis::interface(router, port, &mut inner);
        if !inner.0.is_empty() {
            text.line(format_args!("interface {}", router.name_of(port)));
            text.0.push_str(&inner.0);
            text.line("exit");
            text.line("!");
        }
    }
    ospf::process(router, &mut text);
    rip::process(router, &mut text);
    isis::process(router, &mut text);
    bgp::process(router, &mut text);
    text.0
}
