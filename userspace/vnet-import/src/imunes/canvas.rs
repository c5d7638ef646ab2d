// SPDX-License-Identifier: GPL-2.0

//! Links between canvases.

use std::collections::{HashMap, HashSet};

use super::{Experiment, Link};

/// A link between canvases is two, each from a node to a pseudo node: makes one of them.
pub(super) fn join_mirrors(experiment: &mut Experiment) {
    let pseudo: HashSet<String> = experiment
        .nodes
        .iter()
        .filter(|node| node.kind == "pseudo")
        .map(|node| node.id.clone())
        .collect();
    let real = |link: &Link| (0..2).find(|&side| !pseudo.contains(&link.peers[side]));
    let mut joined: Vec<Link> = Vec::new();
    let mut done: HashSet<String> = HashSet::new();
    let by_id: HashMap<String, usize> = experiment
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| (link.id.clone(), index))
        .collect();
    for link in &experiment.links {
        if link.mirror.is_empty() {
            joined.push(Link {
                id: link.id.clone(),
                peers: link.peers.clone(),
                interfaces: link.interfaces.clone(),
                mirror: String::new(),
                properties: link.properties.clone(),
            });
            continue;
        }
        let Some(other) = by_id
            .get(&link.mirror)
            .map(|&index| &experiment.links[index])
        else {
            continue;
        };
        if !done.insert(link.id.clone()) || done.contains(&other.id) {
            continue;
        }
        if let (Some(a), Some(b)) = (real(link), real(other)) {
            joined.push(Link {
                id: link.id.clone(),
                peers: [link.peers[a].clone(), other.peers[b].clone()],
                interfaces: [link.interfaces[a].clone(), other.interfaces[b].clone()],
                mirror: String::new(),
                properties: link.properties.clone(),
            });
        }
    }
    experiment.links = joined;
    experiment.nodes.retain(|node| node.kind != "pseudo");
}
