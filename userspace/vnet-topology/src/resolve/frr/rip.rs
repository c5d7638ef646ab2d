// SPDX-License-Identifier: GPL-2.0

//! RIP, for IPv4 (version 2) and IPv6 (RIPng): on all interfaces, passive where nobody else speaks it.

use super::{is_border, Protocols, Router, Text, RIP_GARBAGE, RIP_TIMEOUT, RIP_UPDATE};

fn wanted(protocols: &Protocols, ipv6: bool) -> bool {
    match ipv6 {
        false => protocols.rip,
        true => protocols.ripng,
    }
}

pub(super) fn process(router: &Router<'_, '_>, text: &mut Text) {
    for (ipv6, name) in [(false, "rip"), (true, "ripng")] {
        if !wanted(&router.protocols, ipv6) || !router.has_family(ipv6) {
            continue;
        }
        text.line(format_args!("router {name}"));
        if !ipv6 {
            text.line(" version 2");
        }
        text.line(format_args!(
            " timers basic {RIP_UPDATE} {RIP_TIMEOUT} {RIP_GARBAGE}"
        ));
        for port in router.ports() {
            if !router.has(port, ipv6) {
                continue;
            }
            let interface = router.name_of(port);
            text.line(format_args!(" network {interface}"));
            if router.alone(port, |protocols| wanted(protocols, ipv6)) {
                text.line(format_args!(" passive-interface {interface}"));
            }
        }
        if is_border(router) {
            text.line(" default-information originate");
        }
        text.line("exit");
        text.line("!");
    }
}
