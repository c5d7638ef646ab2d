// SPDX-License-Identifier: GPL-2.0

//! GraphML: keys are declared once, nodes and edges have data for them.

use std::collections::BTreeMap;

use crate::xml::{parse, Element};
use crate::zoo::{convert, Graph, GraphEdge, GraphNode};
use crate::{ImportError, Imported, Options};

pub(crate) fn import(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let root = parse(text)?;
    if root.name != "graphml" {
        return Err(ImportError::syntax(format!(
            "not GraphML: the root element is `{}`",
            root.name
        )));
    }
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for key in root.all("key") {
        if let (Some(id), Some(name)) = (
            key.attribute("id"),
            key.attribute("attr.name").or(key.attribute("id")),
        ) {
            keys.insert(id, name);
        }
    }
    let graph = root
        .child("graph")
        .ok_or_else(|| ImportError::syntax("there is no `graph` in the file"))?;
    let data = |element: &Element| -> BTreeMap<String, String> {
        let pairs = element.all("data").filter_map(|data| {
            let key = data.attribute("key")?;
            Some((
                (*keys.get(key).unwrap_or(&key)).to_owned(),
                data.text.trim().to_owned(),
            ))
        });
        pairs.collect()
    };
    let mut result = Graph {
        attributes: data(graph),
        id: graph.attribute("id").map(str::to_owned),
        ..Graph::default()
    };
    for node in graph.all("node") {
        let id = node
            .attribute("id")
            .ok_or_else(|| ImportError::syntax("a node has no id"))?;
        result.nodes.push(GraphNode {
            id: id.to_owned(),
            attributes: data(node),
        });
    }
    for edge in graph.all("edge") {
        let end = |name: &str| edge.attribute(name).map(str::to_owned);
        let (Some(source), Some(target)) = (end("source"), end("target")) else {
            return Err(ImportError::syntax("an edge has no source or no target"));
        };
        result.edges.push(GraphEdge {
            source,
            target,
            attributes: data(edge),
        });
    }
    convert(&result, options)
}
