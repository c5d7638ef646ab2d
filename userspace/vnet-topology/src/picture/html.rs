// SPDX-License-Identifier: GPL-2.0

//! One HTML file with the picture and what is known of nodes and links; nothing is loaded from anywhere.

use serde_json::json;

use super::svg;
use crate::export::{link_label, xml};
use crate::plan::Plan;

/// The page around the picture.
const PAGE: &str = include_str!("page.html");

/// The lab as one HTML file: the picture can be moved and magnified, nodes and links tell what they are.
pub fn html(plan: &Plan) -> String {
    let plan = &plan.with_media_as_switches();
    let nodes = plan.nodes.iter().map(|node| {
        let mut lines: Vec<String> = vec![format!("{:?}", node.kind).to_lowercase()];
        for (segment, end) in plan.ends_of(&node.name) {
            let Some(link) = segment.link() else { continue };
            let addresses: Vec<String> = end.addresses.iter().map(ToString::to_string).collect();
            let peer = &link.ends[usize::from(link.ends[0].node == node.name)].node;
            lines.push(format!(
                "{} to {peer}: {}",
                end.interface,
                addresses.join(", ")
            ));
        }
        for interface in &node.interfaces {
            let addresses: Vec<String> = interface
                .addresses
                .iter()
                .map(ToString::to_string)
                .collect();
            lines.push(format!("{}: {}", interface.name, addresses.join(", ")));
        }
        let daemons: Vec<&str> = node
            .daemons
            .iter()
            .map(|daemon| daemon.name.as_str())
            .collect();
        if !daemons.is_empty() {
            lines.push(format!("runs {}", daemons.join(", ")));
        }
        lines.extend(
            node.labels
                .iter()
                .map(|(key, value)| format!("{key}: {value}")),
        );
        (node.name.clone(), json!(lines))
    });
    let links = plan.links.iter().map(|link| {
        let ends = link
            .ends
            .iter()
            .map(|end| format!("{}:{}", end.node, end.interface))
            .collect::<Vec<_>>();
        let mut lines = vec![ends.join(" to ")];
        let label = link_label(link);
        if !label.is_empty() {
            lines.push(label);
        }
        lines.push(format!("MTU {}", link.mtu));
        (link.name.clone(), json!(lines))
    });
    let data = json!({
        "nodes": serde_json::Value::Object(nodes.collect()),
        "links": serde_json::Value::Object(links.collect()),
    });
    // Within a script, `</` would end it and `<!--` begin a comment.
    let data = data.to_string().replace('<', "\\u003c");
    let title = xml(&plan.lab);
    let svg = svg(plan);
    fill(
        PAGE,
        &[("@TITLE@", &title), ("@DATA@", &data), ("@SVG@", &svg)],
    )
}

/// Replaces words; what is filled in is not looked through again, as it may contain them.
fn fill(text: &str, words: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (word, value) = words
            .iter()
            .find(|(word, _)| rest.starts_with(word))
            .unwrap_or(&("@", "@"));
        out.push_str(value);
        rest = &rest[word.len()..];
    }
    out + rest
}
