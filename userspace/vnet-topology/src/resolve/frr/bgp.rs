// SPDX-License-Identifier: GPL-2.0

//! BGP: everything is announced and accepted, over the sessions of [`sessions`].

use super::{asn, sessions, Router, Session, Text};

pub(super) fn process(router: &Router<'_, '_>, text: &mut Text) {
    if !router.protocols.bgp {
        return;
    }
    let sessions = sessions(router);
    text.line(format_args!("router bgp {}", asn(router, router.index)));
    text.line(format_args!(" bgp router-id {}", router.id));
    // Without policies everything is announced and accepted.
    text.line(" no bgp ebgp-requires-policy");
    text.line(" no bgp default ipv4-unicast");
    text.line(" timers bgp 1 4");
    for Session {
        peer, asn, source, ..
    } in &sessions
    {
        text.line(format_args!(" neighbor {peer} remote-as {asn}"));
        text.line(format_args!(" neighbor {peer} timers connect 1"));
        text.line(format_args!(" neighbor {peer} advertisement-interval 0"));
        if let Some(source) = source {
            text.line(format_args!(" neighbor {peer} update-source {source}"));
        }
    }
    for (ipv6, family) in [(false, "ipv4"), (true, "ipv6")] {
        if !router.has_family(ipv6) {
            continue;
        }
        text.line(" !");
        text.line(format_args!(" address-family {family} unicast"));
        text.line("  redistribute connected");
        for (wanted, protocol) in [
            (router.protocols.ospfv2 && !ipv6, "ospf"),
            (router.protocols.ospfv3 && ipv6, "ospf6"),
            (router.protocols.rip && !ipv6, "rip"),
            (router.protocols.ripng && ipv6, "ripng"),
            (router.protocols.isis, "isis"),
        ] {
            if wanted {
                text.line(format_args!("  redistribute {protocol}"));
            }
        }
        for Session {
            peer,
            internal,
            source,
            ..
        } in sessions
            .iter()
            .filter(|session| session.peer.is_ipv6() == ipv6)
        {
            text.line(format_args!("  neighbor {peer} activate"));
            match (internal, source) {
                (false, _) => {}
                (true, Some(_)) => text.line(format_args!("  neighbor {peer} next-hop-self")),
                (true, None) => {
                    text.line(format_args!("  neighbor {peer} next-hop-self force"));
                    text.line(format_args!("  neighbor {peer} route-reflector-client"));
                }
            }
        }
        text.line(" exit-address-family");
    }
    text.line("exit");
    text.line("!");
}
