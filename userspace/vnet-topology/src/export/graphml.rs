// SPDX-License-Identifier: GPL-2.0

//! GraphML, for yEd, Gephi, NetworkX; with the rate in the key that the Topology Zoo has for it.

use std::fmt::Write as _;

use super::xml;
use crate::plan::{NodeKind, Plan};

/// Keys: name, type, and what they are for.
const KEYS: &[(&str, &str, &str)] = &[
    ("label", "string", "node"),
    ("kind", "string", "node"),
    ("x", "double", "node"),
    ("y", "double", "node"),
    ("name", "string", "edge"),
    ("LinkSpeedRaw", "double", "edge"),
    ("delay_ns", "long", "edge"),
    ("backward_speed", "double", "edge"),
    ("backward_delay_ns", "long", "edge"),
];

/// The lab as GraphML. The rate is in bit/s, the delay in ns; `backward_` where the other direction differs.
pub fn graphml(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_graphml(&plan.with_media_as_switches(), &mut out);
    out
}

fn write_graphml(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>")?;
    writeln!(
        out,
        "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
    )?;
    for (name, kind, domain) in KEYS {
        writeln!(out, "  <key id=\"{domain}_{name}\" for=\"{domain}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>")?;
    }
    writeln!(
        out,
        "  <graph id=\"{}\" edgedefault=\"undirected\">",
        xml(&plan.lab)
    )?;
    for node in &plan.nodes {
        let kind = match node.kind {
            NodeKind::Host => "host",
            NodeKind::Router => "router",
            NodeKind::Switch => "switch",
        };
        let name = xml(&node.name);
        writeln!(out, "    <node id=\"{name}\">")?;
        writeln!(out, "      <data key=\"node_label\">{name}</data>")?;
        writeln!(out, "      <data key=\"node_kind\">{kind}</data>")?;
        if let Some([x, y]) = node.position {
            writeln!(out, "      <data key=\"node_x\">{x}</data>")?;
            writeln!(out, "      <data key=\"node_y\">{y}</data>")?;
        }
        writeln!(out, "    </node>")?;
    }
    for link in &plan.links {
        let [a, b] = &link.ends;
        let [forward, backward] = &link.directions;
        writeln!(
            out,
            "    <edge source=\"{}\" target=\"{}\">",
            xml(&a.node),
            xml(&b.node)
        )?;
        writeln!(
            out,
            "      <data key=\"edge_name\">{}</data>",
            xml(&link.name)
        )?;
        if let Some(rate) = forward.rate {
            writeln!(out, "      <data key=\"edge_LinkSpeedRaw\">{rate}</data>")?;
        }
        writeln!(
            out,
            "      <data key=\"edge_delay_ns\">{}</data>",
            forward.delay
        )?;
        if let Some(rate) = backward.rate.filter(|_| backward.rate != forward.rate) {
            writeln!(out, "      <data key=\"edge_backward_speed\">{rate}</data>")?;
        }
        if backward.delay != forward.delay {
            writeln!(
                out,
                "      <data key=\"edge_backward_delay_ns\">{}</data>",
                backward.delay
            )?;
        }
        writeln!(out, "    </edge>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")
}
