// SPDX-License-Identifier: GPL-2.0

//! Graphviz: `vnetctl convert --to dot lab.yaml | neato -n -Tsvg`.

use std::fmt::Write as _;

use super::link_label;
use crate::plan::{NodeKind, Plan};

/// The lab as an undirected graph of Graphviz.
pub fn dot(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_dot(&plan.with_media_as_switches(), &mut out);
    out
}

fn write_dot(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out, "graph {} {{", quoted(&plan.lab))?;
    writeln!(out, "  layout=neato; overlap=false; splines=true;")?;
    writeln!(out, "  node [fontname=\"sans-serif\", style=filled]; edge [fontname=\"sans-serif\", fontsize=9];")?;
    for node in &plan.nodes {
        let (shape, color) = match node.kind {
            NodeKind::Host => ("box", "#dbeafe"),
            NodeKind::Router => ("ellipse", "#fde68a"),
            NodeKind::Switch => ("diamond", "#d1fae5"),
        };
        write!(
            out,
            "  {} [shape={shape}, fillcolor=\"{color}\"",
            quoted(&node.name)
        )?;
        // Points, upwards.
        if let Some([x, y]) = node.position {
            write!(out, ", pos=\"{x},{}\"", -y)?;
        }
        writeln!(out, "];")?;
    }
    for link in &plan.links {
        let [a, b] = &link.ends;
        write!(out, "  {} -- {}", quoted(&a.node), quoted(&b.node))?;
        let label = link_label(link);
        match label.is_empty() {
            true => writeln!(out, " [id={}];", quoted(&link.name))?,
            false => writeln!(
                out,
                " [id={}, label={}];",
                quoted(&link.name),
                quoted(&label)
            )?,
        }
    }
    writeln!(out, "}}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
