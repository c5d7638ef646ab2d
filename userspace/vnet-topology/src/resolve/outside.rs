// SPDX-License-Identifier: GPL-2.0

//! Ways out of the lab: devices of the machine, and the translation of addresses towards them.

use std::collections::HashMap;

use super::{Lab, NodeState};
use crate::decode::Problems;
use crate::file::Kind;
use crate::plan::{CommandPlan, FilePlan, NodePlan, OutsidePlan};
use crate::report::Problem;

/// The rules that translate addresses.
const RULES: &str = "/etc/nftables-vnet.conf";

/// The device of an rj45 node, with the place in the file for those who have to refuse it.
pub(crate) fn device(source_name: &str, text: &str, node: &NodeState<'_>) -> Option<OutsidePlan> {
    let device = node.file.device.as_ref()?;
    let before = text.get(..device.span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    Some(OutsidePlan {
        device: device.value.clone(),
        place: format!("{source_name}:{line}"),
    })
}

/// A device can be in one place only.
pub(crate) fn check(problems: &Problems, lab: &Lab<'_>) {
    let mut taken = HashMap::new();
    for node in &lab.nodes {
        let Some(device) = &node.file.device else {
            continue;
        };
        if let Some(first) = taken.insert(device.value.as_str(), &device.span) {
            problems.add(
                Problem::new(
                    device.span.clone(),
                    format!("the device `{}` is in two nodes", device.value),
                )
                .also(first.clone(), "the first one")
                .help("link several nodes to one rj45 node"),
            );
        }
    }
}

/// Has a router give what it sends to an rj45 node the address of the interface it leaves by.
pub(crate) fn translate(
    problems: &Problems,
    lab: &Lab<'_>,
    node: &NodeState<'_>,
    plan: &mut NodePlan,
) {
    let Some(nat) = &node.file.nat else {
        return;
    };
    let towards: Vec<String> = node
        .ends
        .iter()
        .filter(|id| id.vlan == 0)
        .filter(|id| {
            let peer = &lab.nodes[lab.links[id.link].ends[1 - id.end].node];
            peer.kind == Kind::Rj45 && peer.name() == nat.value
        })
        .map(|&id| format!("\"{}\"", lab.end(id).interface))
        .collect();
    if towards.is_empty() {
        problems.add(
            Problem::new(
                nat.span.clone(),
                format!(
                    "`{}` has no link to an rj45 node `{}`",
                    node.name(),
                    nat.value
                ),
            )
            .help("name the rj45 node, and link the router to it without switches between them"),
        );
        return;
    }
    // The first two lines remove what an earlier run has left.
    plan.files.push(FilePlan {
        path: RULES.into(),
        mode: 0o644,
        owner: None,
        content: format!(
            "# Made by vnet from the topology; `files` of the node replaces it.\n\
             table inet vnet_nat\n\
             delete table inet vnet_nat\n\
             table inet vnet_nat {{\n    \
             chain postrouting {{\n        \
             type nat hook postrouting priority srcnat; policy accept;\n        \
             oifname {{ {} }} masquerade\n    \
             }}\n\
             }}\n",
            towards.join(", ")
        ),
    });
    plan.commands.push(CommandPlan {
        argv: vec!["/usr/sbin/nft".into(), "-f".into(), RULES.into()],
    });
}
