// SPDX-License-Identifier: GPL-2.0

//! Configuration of BIRD 2 for the routers that run routing protocols with it.
//!
//! One process speaks all protocols. The routes of interfaces come from `direct` and go to no kernel table, since they
//! are there; all others do. What is said in each protocol, and how fast, is what FRR says ([`super::frr`]), so that
//! routers with the one and the other are neighbours.

mod bgp;
mod ospf;
mod rip;

use super::router::{
    asn, is_border, sessions, Port, Router, Session, Text, DEAD, HELLO, RIP_GARBAGE, RIP_TIMEOUT,
    RIP_UPDATE,
};
use crate::plan::{
    DaemonPlan, DirectoryPlan, FilePlan, NodePlan, Ready, Restart, DEFAULT_READY_TIMEOUT,
};

const PROGRAM: &str = "/usr/sbin/bird";
const CONFIG: &str = "/etc/bird/bird.conf";
/// Where `birdc` looks for the socket; every node has a `/run` of its own.
const RUN: &str = "/run/bird";
const SOCKET: &str = "/run/bird/bird.ctl";

/// What a family is called in the configuration.
struct Family {
    ipv6: bool,
    /// The channel.
    channel: &'static str,
    /// The last character of names of protocols.
    digit: char,
    default: &'static str,
}

const FAMILIES: [Family; 2] = [
    Family {
        ipv6: false,
        channel: "ipv4",
        digit: '4',
        default: "0.0.0.0/0",
    },
    Family {
        ipv6: true,
        channel: "ipv6",
        digit: '6',
        default: "::/0",
    },
];

/// Adds to the plan of a router what its protocols need.
pub(super) fn configure(router: &Router<'_, '_>, plan: &mut NodePlan) {
    plan.directories.push(DirectoryPlan {
        path: RUN.into(),
        mode: 0o755,
        owner: None,
    });
    plan.files.push(FilePlan {
        path: CONFIG.into(),
        mode: 0o644,
        owner: None,
        content: config(router),
    });
    plan.daemons.push(DaemonPlan {
        name: "bird".into(),
        argv: [PROGRAM, "-f", "-c", CONFIG, "-s", SOCKET]
            .map(String::from)
            .into(),
        env: Default::default(),
        ready: Ready::Socket(SOCKET.into()),
        ready_timeout: DEFAULT_READY_TIMEOUT,
        restart: Restart::No,
    });
}

fn config(router: &Router<'_, '_>) -> String {
    let mut text = Text::default();
    text.line("# Made by vnet from the topology; `files` of the node replaces it.");
    text.line("log stderr { info, remote, warning, error, auth, fatal, bug };");
    text.line(format_args!("router id {};", router.id));
    text.line("protocol device {");
    text.line("    scan time 1;");
    text.line("}");
    text.line("protocol direct {");
    text.line("    ipv4;");
    text.line("    ipv6;");
    text.line("}");
    for family in &FAMILIES {
        kernel(family, &mut text);
        if is_border(router) && router.has_family(family.ipv6) {
            default_route(family, &mut text);
        }
    }
    for family in &FAMILIES {
        ospf::protocol(router, family, &mut text);
        rip::protocol(router, family, &mut text);
    }
    bgp::protocols(router, &mut text);
    text.0
}

/// What is written to the kernel's table.
fn kernel(family: &Family, text: &mut Text) {
    let Family { channel, digit, .. } = family;
    text.line(format_args!("protocol kernel kernel{digit} {{"));
    text.line(format_args!("    {channel} {{"));
    text.line("        import none;");
    text.line("        export where source !~ [RTS_DEVICE, RTS_STATIC];");
    text.line("    };");
    text.line("}");
}

/// The default route that a router at the border of its autonomous system announces to the others, always: what it does
/// not know itself it drops.
fn default_route(family: &Family, text: &mut Text) {
    let Family {
        channel,
        digit,
        default,
        ..
    } = family;
    text.line(format_args!("protocol static default{digit} {{"));
    text.line(format_args!("    {channel} {{"));
    // Before whatever another one at the border announces, which would keep this one from being announced.
    text.line("        preference 255;");
    text.line("    };");
    text.line(format_args!("    route {default} unreachable;"));
    text.line("}");
}
