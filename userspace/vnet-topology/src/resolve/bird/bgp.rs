// SPDX-License-Identifier: GPL-2.0

//! BGP: everything but the default route is announced, and everything accepted, over the sessions of [`sessions`].

use super::{asn, sessions, Router, Session, Text, FAMILIES};

/// Where routes come from that are announced.
const SOURCES: &str =
    "[RTS_DEVICE, RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2, RTS_RIP, RTS_BGP]";

pub(super) fn protocols(router: &Router<'_, '_>, text: &mut Text) {
    if !router.protocols.bgp {
        return;
    }
    let own = asn(router, router.index);
    for (index, session) in sessions(router).into_iter().enumerate() {
        let Session {
            peer,
            asn,
            source,
            internal,
        } = session;
        let number = index + 1;
        text.line(format_args!("protocol bgp bgp{number} {{"));
        match source {
            Some(source) => text.line(format_args!("    local {source} as {own};")),
            None => text.line(format_args!("    local as {own};")),
        }
        text.line(format_args!("    neighbor {peer} as {asn};"));
        if source.is_none() {
            text.line("    direct;");
        }
        text.line("    hold time 4;");
        text.line("    keepalive time 1;");
        text.line("    connect delay time 1;");
        text.line("    connect retry time 1;");
        text.line("    error wait time 1, 4;");
        if internal && source.is_none() {
            text.line("    rr client;");
        }
        for family in FAMILIES
            .iter()
            .filter(|family| family.ipv6 == peer.is_ipv6())
        {
            text.line(format_args!("    {} {{", family.channel));
            match (internal, source) {
                (false, _) => {}
                (true, Some(_)) => text.line("        next hop self ebgp;"),
                (true, None) => text.line("        next hop self;"),
            }
            text.line("        import all;");
            text.line(format_args!(
                "        export where source ~ {SOURCES} && net != {};",
                family.default
            ));
            text.line("    };");
        }
        text.line("}");
    }
}
