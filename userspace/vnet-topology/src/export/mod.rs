// SPDX-License-Identifier: GPL-2.0

//! A lab in the formats of other tools: Graphviz, Mermaid, GraphML, containerlab.

mod clab;
mod dot;
mod graphml;
mod mermaid;

pub use clab::containerlab;
pub use dot::dot;
pub use graphml::graphml;
pub use mermaid::mermaid;

use crate::plan::{DirectionPlan, LinkPlan};
use crate::units::{show_rate, show_time};

/// What stands at a link on a picture: rate and delay, both directions if they differ; empty for an ideal wire.
pub(crate) fn link_label(link: &LinkPlan) -> String {
    label(link, |number| number)
}

/// The same with three digits, as more of them have no room on a picture.
pub(crate) fn picture_label(link: &LinkPlan) -> String {
    label(link, |number| {
        let scale = 10u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(2));
        (number + scale / 2) / scale * scale
    })
}

fn label(link: &LinkPlan, round: fn(u64) -> u64) -> String {
    let [forward, backward] = [0, 1].map(|way| direction_label(&link.directions[way], round));
    match (forward == backward, forward.is_empty(), backward.is_empty()) {
        (true, _, _) => forward,
        (false, true, _) => format!("← {backward}"),
        (false, _, true) => format!("→ {forward}"),
        (false, false, false) => format!("→ {forward} ← {backward}"),
    }
}

fn direction_label(direction: &DirectionPlan, round: fn(u64) -> u64) -> String {
    let mut parts = Vec::new();
    if direction.rate.is_some() {
        parts.push(show_rate(direction.rate.map(round)));
    }
    if direction.delay > 0 {
        parts.push(show_time(round(direction.delay)));
    }
    parts.join(" ")
}

/// A text in XML.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // XML has no place for others of them, not even escaped.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
