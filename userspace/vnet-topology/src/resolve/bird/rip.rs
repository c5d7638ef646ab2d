// SPDX-License-Identifier: GPL-2.0

//! RIP, for IPv4 (version 2) and IPv6 (RIPng): what it says of a router's own networks it has from `direct`.

use super::{is_border, Family, Router, Text, RIP_GARBAGE, RIP_TIMEOUT, RIP_UPDATE};
use crate::file::Protocols;

fn wanted(protocols: &Protocols, ipv6: bool) -> bool {
    match ipv6 {
        false => protocols.rip,
        true => protocols.ripng,
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
    let version = if ipv6 { " ng" } else { "" };
    text.line(format_args!("protocol rip{version} rip{digit} {{"));
    text.line(format_args!("    {channel} {{"));
    text.line("        import all;");
    let own = "source ~ [RTS_DEVICE, RTS_RIP]";
    match is_border(router) {
        true => text.line(format_args!(
            "        export where {own} || proto = \"default{digit}\";"
        )),
        false => text.line(format_args!("        export where {own};")),
    }
    text.line("    };");
    for port in router.ports() {
        if !router.has(port, ipv6) || router.alone(port, |protocols| wanted(protocols, ipv6)) {
            continue;
        }
        text.line(format_args!(
            "    interface \"{}\" {{",
            router.name_of(port)
        ));
        text.line(format_args!("        update time {RIP_UPDATE};"));
        text.line(format_args!("        timeout time {RIP_TIMEOUT};"));
        text.line(format_args!("        garbage time {RIP_GARBAGE};"));
        text.line("    };");
    }
    text.line("}");
}
