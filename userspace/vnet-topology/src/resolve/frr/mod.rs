// SPDX-License-Identifier: GPL-2.0

//! Configuration and daemons of FRR for the routers that run routing protocols.
//!
//! As Debian's own start script does it, daemons come up empty and `vtysh -b` gives each the part of the integrated
//! configuration that is its own. `mgmtd` has to run: without it zebra (10.3) logs hundreds of errors a second.

mod bgp;
mod isis;
mod ospf;
mod rip;

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv4Addr;

use super::{EndId, Lab, NodeState};
use crate::file::{FrrDaemon, Interface, LinkParams, Protocols, Routing};
use crate::plan::{
    CommandPlan, DaemonPlan, DirectoryPlan, FilePlan, NodePlan, Owner, Ready, Restart,
    DEFAULT_READY_TIMEOUT,
};

/// Seconds between two hellos: the usual 10 are for networks that live longer than a demonstration.
const HELLO: u32 = 1;
/// Seconds without a hello after which a neighbour is gone.
const DEAD: u32 = 4;

/// Where the sockets and pid files of the daemons are; every node has a `/run` of its own.
const RUN: &str = "/run/frr";
const CONFIG: &str = "/etc/frr/frr.conf";
const DAEMONS: &str = "/usr/lib/frr";

/// What routers are called in protocols.
pub(crate) struct Identities {
    /// Router ids by node.
    pub ids: HashMap<usize, Ipv4Addr>,
    /// Autonomous systems by node.
    pub asns: HashMap<usize, u32>,
}

/// A router that is being configured.
struct Router<'r, 'f> {
    lab: &'r Lab<'f>,
    defaults: &'r LinkParams,
    identities: &'r Identities,
    node: &'r NodeState<'f>,
    index: usize,
    id: Ipv4Addr,
    protocols: Protocols,
}

/// An interface of a router.
#[derive(Clone, Copy)]
enum Port<'r> {
    /// The end of a link.
    End(EndId),
    /// One of its own.
    Own(&'r Interface),
}

/// The configuration as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: impl fmt::Display) {
        use fmt::Write as _;
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Whether a node runs FRR at all.
pub(crate) fn wanted(node: &NodeState<'_>) -> bool {
    protocols(node) != Protocols::default() || !node.params.frr.is_empty()
}

fn protocols(node: &NodeState<'_>) -> Protocols {
    match node.routing() {
        Routing::Dynamic(protocols) => protocols,
        Routing::None | Routing::Static => Protocols::default(),
    }
}

/// Adds to the plan of a router what its protocols need.
pub(crate) fn configure(
    lab: &Lab<'_>,
    defaults: &LinkParams,
    identities: &Identities,
    index: usize,
    plan: &mut NodePlan,
) {
    let node = &lab.nodes[index];
    let router = Router {
        lab,
        defaults,
        identities,
        node,
        index,
        id: identities
            .ids
            .get(&index)
            .copied()
            .unwrap_or(Ipv4Addr::LOCALHOST),
        protocols: protocols(node),
    };
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
    plan.files.push(file(CONFIG, router.config()));
    plan.files.push(file(
        "/etc/frr/vtysh.conf",
        "service integrated-vtysh-config\n".into(),
    ));
    plan.daemons
        .extend(router.daemons().into_iter().map(daemon));
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

impl<'r> Router<'r, '_> {
    /// The daemons in the order in which they start.
    fn daemons(&self) -> Vec<FrrDaemon> {
        let protocols = &self.protocols;
        let (ipv4, ipv6) = (self.has_family(false), self.has_family(true));
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
        for daemon in &self.node.params.frr {
            if !daemons.contains(&daemon.value) {
                daemons.push(daemon.value);
            }
        }
        daemons
    }

    fn config(&self) -> String {
        let mut text = Text::default();
        text.line("! Made by vnet from the topology; `files` of the node replaces it.");
        text.line("frr defaults traditional");
        text.line(format_args!("hostname {}", self.node.name()));
        text.line("!");
        for port in self.ports() {
            let mut inner = Text::default();
            ospf::interface(self, port, &mut inner);
            isis::interface(self, port, &mut inner);
            if !inner.0.is_empty() {
                text.line(format_args!("interface {}", self.name_of(port)));
                text.0.push_str(&inner.0);
                text.line("exit");
                text.line("!");
            }
        }
        ospf::process(self, &mut text);
        rip::process(self, &mut text);
        isis::process(self, &mut text);
        bgp::process(self, &mut text);
        text.0
    }

    /// The interfaces that have addresses, own ones first.
    fn ports(&self) -> Vec<Port<'r>> {
        let own = self.node.params.interfaces.iter().map(Port::Own);
        let ends = self.node.ends.iter().map(|&id| Port::End(id));
        own.chain(ends)
            .filter(|&port| self.has(port, false) || self.has(port, true))
            .collect()
    }

    fn name_of(&self, port: Port<'r>) -> &'r str {
        match port {
            Port::End(id) => &self.lab.end(id).interface,
            Port::Own(interface) => &interface.name.value,
        }
    }

    /// Whether an interface has addresses of a family.
    fn has(&self, port: Port<'r>, ipv6: bool) -> bool {
        let addresses = match port {
            Port::End(id) => &self.lab.end(id).addresses,
            Port::Own(interface) => interface.addresses(),
        };
        addresses
            .iter()
            .any(|at| at.value.addr().is_ipv6() == ipv6 && !at.value.addr().is_loopback())
    }

    fn has_family(&self, ipv6: bool) -> bool {
        self.ports().into_iter().any(|port| self.has(port, ipv6))
    }

    /// Whether nobody else speaks the protocol on the interface's LAN.
    fn alone(&self, port: Port<'r>, speaks: impl Fn(&Protocols) -> bool) -> bool {
        let Port::End(id) = port else { return true };
        let Some(lan) = self.lab.end(id).lan else {
            return true;
        };
        let mut others = self.lab.lans[lan]
            .members
            .iter()
            .filter(|&&other| other != id);
        !others.any(|&other| speaks(&protocols(self.lab.node_of(other))))
    }

    /// Whether the interface is the end of a link between two routers, without switches. (The other one may not speak
    /// the protocol; then the interface is passive and this of no interest.)
    fn point_to_point(&self, port: Port<'r>) -> bool {
        match port {
            Port::End(id) => self
                .lab
                .end(id)
                .lan
                .is_some_and(|lan| self.lab.lans[lan].point_to_point),
            Port::Own(_) => false,
        }
    }

    fn cost(&self, port: Port<'r>) -> Option<u32> {
        match port {
            Port::End(id) => Some(super::route::cost(self.lab, self.defaults, id)),
            Port::Own(_) => None,
        }
    }
}
