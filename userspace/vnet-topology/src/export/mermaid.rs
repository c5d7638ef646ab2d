// SPDX-License-Identifier: GPL-2.0

//! Mermaid, which many places that show Markdown draw.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::link_label;
use crate::plan::{NodeKind, Plan};

/// The lab as a flow chart of Mermaid.
pub fn mermaid(plan: &Plan) -> String {
    let plan = &plan.with_media_as_switches();
    let mut out = String::from("flowchart LR\n");
    // Names may be words of the language: nodes are called by their number.
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        ids.insert(&node.name, index);
        let (open, close) = match node.kind {
            NodeKind::Host => ("[", "]"),
            NodeKind::Router => ("((", "))"),
            NodeKind::Switch => ("{{", "}}"),
        };
        let _ = writeln!(out, "  n{index}{open}\"{}\"{close}", node.name);
    }
    for link in &plan.links {
        let [a, b] = [0, 1].map(|end| {
            ids.get(link.ends[end].node.as_str())
                .copied()
                .unwrap_or_default()
        });
        let label = link_label(link);
        let _ = match label.is_empty() {
            true => writeln!(out, "  n{a} --- n{b}"),
            false => writeln!(out, "  n{a} ---|\"{label}\"| n{b}"),
        };
    }
    out
}
