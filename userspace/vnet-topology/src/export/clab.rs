// SPDX-License-Identifier: GPL-2.0

//! containerlab: nodes become containers of Linux that are configured by `exec`. Its links have no parameters, and files
//! would have to lie beside: what is lost stands as a comment in front.

use std::fmt::Write as _;

use super::link_label;
use crate::plan::{NodeKind, NodePlan, Plan};
use crate::write::scalar;

/// The lab as a file of containerlab.
pub fn containerlab(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_clab(&plan.with_media_as_switches(), &mut out);
    out
}

fn write_clab(plan: &Plan, out: &mut String) -> std::fmt::Result {
    for line in lost(plan) {
        writeln!(out, "# {line}")?;
    }
    writeln!(out, "name: {}", scalar(&plan.lab))?;
    writeln!(out, "topology:\n  nodes:")?;
    for node in &plan.nodes {
        writeln!(out, "    {}:", scalar(&node.name))?;
        writeln!(out, "      kind: linux")?;
        writeln!(
            out,
            "      image: {}",
            if node.daemons.is_empty() {
                "alpine:3"
            } else {
                "quay.io/frrouting/frr:10.3.0"
            }
        )?;
        let exec = commands(plan, node);
        if !exec.is_empty() {
            writeln!(out, "      exec:")?;
            for line in exec {
                writeln!(out, "        - {}", scalar(&line))?;
            }
        }
    }
    writeln!(out, "  links:")?;
    for link in &plan.links {
        let [a, b] = &link.ends;
        let mtu = if link.mtu == crate::DEFAULT_MTU {
            String::new()
        } else {
            format!(", mtu: {}", link.mtu)
        };
        writeln!(
            out,
            "    - {{endpoints: [\"{}:{}\", \"{}:{}\"]{mtu}}}",
            a.node, a.interface, b.node, b.interface
        )?;
    }
    Ok(())
}

fn lost(plan: &Plan) -> Vec<String> {
    let mut lines = vec!["Made by vnetctl; what containerlab has no place for:".to_owned()];
    for link in &plan.links {
        let label = link_label(link);
        if !label.is_empty() {
            lines.push(format!("link {}: {label}", link.name));
        }
    }
    for node in &plan.nodes {
        let daemons: Vec<&str> = node
            .daemons
            .iter()
            .map(|daemon| daemon.name.as_str())
            .collect();
        if !daemons.is_empty() {
            lines.push(format!(
                "node {}: daemons {}",
                node.name,
                daemons.join(", ")
            ));
        }
        if !node.files.is_empty() {
            let files: Vec<&str> = node.files.iter().map(|file| file.path.as_str()).collect();
            lines.push(format!("node {}: files {}", node.name, files.join(", ")));
        }
    }
    if lines.len() == 1 {
        lines[0] = "Made by vnetctl.".into();
    }
    lines
}

/// What a container has to run to be the node.
fn commands(plan: &Plan, node: &NodePlan) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (key, value) in &node.sysctls {
        // Those that every node of ours has for its own reasons are of no use there.
        if !key.ends_with("accept_dad") && !key.ends_with("rp_filter") {
            lines.push(format!("sysctl -w {key}={value}"));
        }
    }
    if let Some(bridge) = &node.bridge {
        lines.push(format!(
            "ip link add {} type bridge vlan_filtering {}",
            bridge.name,
            u8::from(bridge.vlan_filtering)
        ));
        lines.push(format!("ip link set {} up", bridge.name));
    }
    for (_, end) in plan.ends_of(&node.name) {
        if node.kind == NodeKind::Switch {
            if let Some(bridge) = &node.bridge {
                lines.push(format!(
                    "ip link set {} master {}",
                    end.interface, bridge.name
                ));
            }
        }
        lines.extend(
            end.addresses
                .iter()
                .map(|net| format!("ip address add {net} dev {}", end.interface)),
        );
        if let Some(vlan) = &end.vlan {
            lines.push(format!("bridge vlan del dev {} vid 1", end.interface));
            lines.extend(vlan.untagged.map(|id| {
                format!(
                    "bridge vlan add dev {} vid {id} pvid untagged",
                    end.interface
                )
            }));
            lines.extend(
                vlan.tagged
                    .iter()
                    .map(|id| format!("bridge vlan add dev {} vid {id}", end.interface)),
            );
        }
    }
    for interface in &node.interfaces {
        if let Some(vlan) = &interface.vlan {
            lines.push(format!(
                "ip link add link {} name {} type vlan id {}",
                vlan.parent, interface.name, vlan.id
            ));
        } else if interface.name != "lo" {
            lines.push(format!("ip link add {} type dummy", interface.name));
        }
        lines.push(format!("ip link set {} up", interface.name));
        lines.extend(
            interface
                .addresses
                .iter()
                .map(|net| format!("ip address add {net} dev {}", interface.name)),
        );
    }
    for route in &node.routes {
        let mut line = format!("ip route replace {}", route.destination);
        if let Some(via) = route.via {
            let _ = write!(line, " via {via}");
        }
        if let Some(interface) = &route.interface {
            let _ = write!(line, " dev {interface}");
        }
        lines.push(line);
    }
    lines
}
