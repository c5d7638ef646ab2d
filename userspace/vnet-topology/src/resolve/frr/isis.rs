// SPDX-License-Identifier: GPL-2.0

//! IS-IS for both families: one area, level 2, wide metrics.

use super::{is_border, Port, Protocols, Router, Text, DEAD, HELLO};

/// Largest cost of an interface with wide metrics.
const MAX_METRIC: u32 = 0xff_ffff;

fn wanted(protocols: &Protocols) -> bool {
    protocols.isis
}

pub(super) fn interface(router: &Router<'_, '_>, port: Port<'_>, text: &mut Text) {
    if !wanted(&router.protocols) {
        return;
    }
    for (ipv6, ip) in [(false, "ip"), (true, "ipv6")] {
        if router.has(port, ipv6) {
            text.line(format_args!(" {ip} router isis vnet"));
        }
    }
    if let Some(cost) = router.cost(port) {
        text.line(format_args!(" isis metric {}", cost.min(MAX_METRIC)));
    }
    if router.alone(port, wanted) {
        text.line(" isis passive");
        return;
    }
    text.line(format_args!(" isis hello-interval {HELLO}"));
    text.line(format_args!(" isis hello-multiplier {}", DEAD / HELLO));
    if router.point_to_point(port) {
        text.line(" isis network point-to-point");
    }
}

pub(super) fn process(router: &Router<'_, '_>, text: &mut Text) {
    if !wanted(&router.protocols) {
        return;
    }
    // The system id is the router id in decimal digits, as everybody does it.
    let digits: String = router
        .id
        .octets()
        .iter()
        .map(|octet| format!("{octet:03}"))
        .collect();
    let system = [&digits[..4], &digits[4..8], &digits[8..]].join(".");
    text.line("router isis vnet");
    text.line(format_args!(" net 49.0001.{system}.00"));
    text.line(" is-type level-2-only");
    text.line(" metric-style wide");
    text.line(" lsp-gen-interval 1");
    text.line(" spf-interval 1");
    if is_border(router) {
        for (ipv6, family) in [(false, "ipv4"), (true, "ipv6")] {
            if router.has_family(ipv6) {
                text.line(format_args!(
                    " default-information originate {family} level-2 always"
                ));
            }
        }
    }
    text.line("exit");
    text.line("!");
}
