// SPDX-License-Identifier: GPL-2.0

//! OSPF, for IPv4 (version 2) and IPv6 (version 3): one area; point to point on links between two routers, passive
//! where nobody else speaks it.

use super::{is_border, Port, Protocols, Router, Text, DEAD, HELLO};

fn wanted(protocols: &Protocols, ipv6: bool) -> bool {
    match ipv6 {
        false => protocols.ospfv2,
        true => protocols.ospfv3,
    }
}

/// What commands of a family begin with.
fn words(ipv6: bool) -> &'static str {
    match ipv6 {
        false => "ip ospf",
        true => "ipv6 ospf6",
    }
}

pub(super) fn interface(router: &Router<'_, '_>, port: Port<'_>, text: &mut Text) {
    for ipv6 in [false, true] {
        if !wanted(&router.protocols, ipv6) || !router.has(port, ipv6) {
            continue;
        }
        let ospf = words(ipv6);
        text.line(format_args!(" {ospf} area 0.0.0.0"));
        if let Some(cost) = router.cost(port) {
            text.line(format_args!(" {ospf} cost {cost}"));
        }
        if router.alone(port, |protocols| wanted(protocols, ipv6)) {
            text.line(format_args!(" {ospf} passive"));
            continue;
        }
        text.line(format_args!(" {ospf} hello-interval {HELLO}"));
        text.line(format_args!(" {ospf} dead-interval {DEAD}"));
        if router.point_to_point(port) {
            text.line(format_args!(" {ospf} network point-to-point"));
        }
    }
}

pub(super) fn process(router: &Router<'_, '_>, text: &mut Text) {
    if wanted(&router.protocols, false) && router.has_family(false) {
        text.line("router ospf");
        text.line(format_args!(" ospf router-id {}", router.id));
        // A change of the network is a few lines of a demonstration: announce it at once.
        text.line(" timers throttle spf 50 100 1000");
        text.line(" timers throttle lsa all 100");
        text.line(" timers lsa min-arrival 50");
        if is_border(router) {
            text.line(" default-information originate always");
        }
        text.line("exit");
        text.line("!");
    }
    if wanted(&router.protocols, true) && router.has_family(true) {
        text.line("router ospf6");
        text.line(format_args!(" ospf6 router-id {}", router.id));
        text.line(" timers throttle spf 50 100 1000");
        text.line(" timers lsa min-arrival 50");
        if is_border(router) {
            text.line(" default-information originate always");
        }
        text.line("exit");
        text.line("!");
    }
}
