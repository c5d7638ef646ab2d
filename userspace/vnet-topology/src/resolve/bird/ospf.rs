// SPDX-License-Identifier: GPL-2.0

//! OSPF, for IPv4 (version 2) and IPv6 (version 3): one area; point to point on links between two routers, stub networks
//! where nobody else speaks it.

use super::{is_border, Family, Port, Router, Text, DEAD, HELLO};
use crate::file::Protocols;

fn wanted(protocols: &Protocols, ipv6: bool) -> bool {
    match ipv6 {
        false => protocols.ospfv2,
        true => protocols.ospfv3,
    }
}

pub(super) fn protocol(router: &Router<'_, '_>, family: &Family, text: &mut Text) {
    let Family {
        ipv6,
        channel,
        digit,
        ..
    } = *family;
    if !wanted(&router.protocols, ipv6) || !router.has_family(ipv6) {
        return;
    }
    let version = if ipv6 { 3 } else { 2 };
    text.line(format_args!("protocol ospf v{version} ospf{digit} {{"));
    text.line(format_args!("    {channel} {{"));
    text.line("        import all;");
    match is_border(router) {
        true => text.line(format_args!(
            "        export where proto = \"default{digit}\";"
        )),
        false => text.line("        export none;"),
    }
    text.line("    };");
    text.line("    area 0.0.0.0 {");
    for port in router.ports() {
        if router.has(port, ipv6) {
            interface(router, port, ipv6, text);
        }
    }
    text.line("    };");
    text.line("}");
}

fn interface(router: &Router<'_, '_>, port: Port<'_>, ipv6: bool, text: &mut Text) {
    // The loopback has no address to speak from, so its own are announced by themselves.
    if let Port::Own(interface) = port {
        let nets = interface.addresses().iter().map(|at| at.value);
        for net in nets.filter(|net| net.addr().is_ipv6() == ipv6 && !net.addr().is_loopback()) {
            text.line(format_args!(
                "        stubnet {} {{ cost 1; }};",
                net.trunc()
            ));
        }
        return;
    }
    text.line(format_args!(
        "        interface \"{}\" {{",
        router.name_of(port)
    ));
    if let Some(cost) = router.cost(port) {
        text.line(format_args!("            cost {cost};"));
    }
    match router.alone(port, |protocols| wanted(protocols, ipv6)) {
        true => text.line("            stub yes;"),
        false => {
            text.line(format_args!("            hello {HELLO};"));
            text.line(format_args!("            dead {DEAD};"));
            let kind = match router.point_to_point(port) {
                true => "ptp",
                false => "bcast",
            };
            text.line(format_args!("            type {kind};"));
        }
    }
    text.line("        };");
}
