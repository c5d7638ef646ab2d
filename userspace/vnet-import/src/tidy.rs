// SPDX-License-Identifier: GPL-2.0

//! What no topology file can have, whatever it was imported from.

use std::collections::{HashMap, HashSet};

use vnet_topology::plan::MAX_INTERFACE_NAME;

use crate::{Imported, Warning};

/// Longest key: YAML has no longer ones than 1024 characters, quotes and escapes included.
const MAX_KEY: usize = 250;

/// Gives those interfaces another name whose name the node has already: names are shortened, or twice in the file.
pub(crate) fn interfaces(imported: &mut Imported) {
    let own = imported.topology.nodes.iter().flat_map(|node| {
        let names = node.interfaces.iter();
        names.map(|interface| (node.name.clone(), interface.name.clone()))
    });
    let mut taken: HashSet<(String, String)> = own.collect();
    // The number to try next for a name.
    let mut numbers = HashMap::new();
    for end in imported
        .topology
        .links
        .iter_mut()
        .flat_map(|link| &mut link.ends)
    {
        let Some(name) = &end.interface else { continue };
        if taken.insert((end.node.clone(), name.clone())) {
            continue;
        }
        let key = (end.node.clone(), name.clone());
        let next = numbers.entry(key).or_insert(1usize);
        let start: String = name.chars().take(MAX_INTERFACE_NAME - 6).collect();
        let free = (*next..100_000)
            .map(|number| format!("{start}.{number}"))
            .inspect(|_| *next += 1)
            .find(|free| taken.insert((end.node.clone(), free.clone())));
        imported.warnings.push(Warning {
            about: format!("node {}", end.node),
            message: match &free {
                Some(free) => format!("has {name} twice: one of them is called {free}"),
                None => format!("has {name} too often: some get other names"),
            },
        });
        end.interface = free;
    }
}

/// Leaves out what has a name that is too long.
pub(crate) fn keys(imported: &mut Imported) {
    let warnings = &mut imported.warnings;
    for node in &mut imported.topology.nodes {
        let mut fits = |what: &str, key: &str| {
            let fits = key.len() <= MAX_KEY;
            if !fits {
                let begin: String = key.chars().take(20).collect();
                warnings.push(Warning {
                    about: format!("node {}", node.name),
                    message: format!("the name of the {what} `{begin}...` is too long: left out"),
                });
            }
            fits
        };
        node.sysctls.retain(|(key, _)| fits("sysctl", key));
        node.env.retain(|(key, _)| fits("variable", key));
        node.labels.retain(|(key, _)| fits("label", key));
        node.files.retain(|file| fits("file", &file.path));
    }
}
