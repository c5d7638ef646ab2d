// SPDX-License-Identifier: GPL-2.0

//! What nodes of IMUNES are here.

use super::Node;

/// The kind of a node, and what to say about it.
pub(super) fn kind(node: &Node) -> (&'static str, Option<&'static str>) {
    match (node.kind.as_str(), node.model.as_str()) {
        // CORE's older files are of the same form.
        ("router", "PC" | "pc" | "host") => ("host", None),
        ("router" | "mdr" | "prouter", _) => ("router", None),
        ("nat64", _) => (
            "router",
            Some("translation between IPv6 and IPv4 is not carried over: it only forwards"),
        ),
        ("pc" | "host", _) => ("host", None),
        ("lanswitch", _) => ("switch", None),
        ("stpswitch", _) => ("switch", None),
        ("hub", _) => ("hub", None),
        ("wlan", _) => (
            "hub",
            Some("a radio network becomes a hub: all hear all, without loss"),
        ),
        ("rj45", _) => (
            "rj45",
            Some("a device of the machine, which it has with `--kernel host` only"),
        ),
        ("filter", _) => ("hub", Some("a filter becomes a hub: it passes everything")),
        ("click_l2" | "cloud" | "frswitch", _) => (
            "switch",
            Some("of a type that is not known: becomes a switch"),
        ),
        _ => ("host", Some("of a type that is not known: becomes a host")),
    }
}
