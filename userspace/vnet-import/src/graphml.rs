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
    let graph = root
        .child("graph")
        .ok_or_else(|| ImportError::syntax("there is no `graph` in the file"))?;
    let mut reader = Reader {
        keys: root.all("key").filter_map(Key::of).collect(),
        graph: Graph {
            id: graph.attribute("id").map(str::to_owned),
            ..Graph::default()
        },
    };
    reader.graph.attributes = reader.data(graph, "graph");
    reader.read(graph)?;
    if root.all("graph").count() > 1 {
        let left = "only the first graph of the file is read".to_owned();
        reader.graph.left_out.push(left);
    }
    convert(&reader.graph, options)
}

/// What data means.
struct Key<'x> {
    id: &'x str,
    name: &'x str,
    /// `node`, `edge`, `graph` or `all`.
    of: &'x str,
    /// What it is where nothing is said.
    default: Option<&'x str>,
}

impl<'x> Key<'x> {
    fn of(element: &'x Element) -> Option<Self> {
        let id = element.attribute("id")?;
        Some(Key {
            id,
            name: element.attribute("attr.name").unwrap_or(id),
            of: element.attribute("for").unwrap_or("all"),
            default: element.child("default").map(|value| value.text.trim()),
        })
    }
}

struct Reader<'x> {
    keys: Vec<Key<'x>>,
    graph: Graph,
}

/// What yEd draws: a label, and where it is.
fn drawing(element: &Element, data: &mut BTreeMap<String, String>) {
    for child in &element.children {
        match child.name.rsplit(':').next().unwrap_or_default() {
            "NodeLabel" | "EdgeLabel" if !child.text.trim().is_empty() => {
                let words: Vec<&str> = child.text.split_whitespace().collect();
                let label = || words.join(" ");
                data.entry("label".to_owned()).or_insert_with(label);
            }
            "Geometry" => {
                for key in ["x", "y"] {
                    if let Some(number) = child.attribute(key) {
                        data.entry(key.to_owned()).or_insert(number.to_owned());
                    }
                }
            }
            _ => drawing(child, data),
        }
    }
}

impl Reader<'_> {
    /// What is said of a node, edge or graph.
    fn data(&self, element: &Element, of: &str) -> BTreeMap<String, String> {
        let defaults = self.keys.iter().filter_map(|key| {
            let fits = key.of == of || key.of == "all";
            Some((
                key.name.to_owned(),
                key.default.filter(|_| fits)?.to_owned(),
            ))
        });
        let mut data: BTreeMap<String, String> = defaults.collect();
        for given in element.all("data") {
            let Some(id) = given.attribute("key") else {
                continue;
            };
            let key = self.keys.iter().find(|key| key.id == id);
            let name = key.map_or(id, |key| key.name);
            match given.children.is_empty() {
                true => {
                    data.insert(name.to_owned(), given.text.trim().to_owned());
                }
                // Drawings of other programs are elements.
                false => drawing(given, &mut data),
            }
        }
        // Where on a node an edge ends.
        for port in ["sourceport", "targetport"] {
            if let Some(name) = element.attribute(port) {
                data.insert(port.to_owned(), name.to_owned());
            }
        }
        data
    }

    /// Nodes and edges of a graph and of those within its nodes.
    fn read(&mut self, graph: &Element) -> Result<(), ImportError> {
        for node in graph.all("node") {
            let id = node
                .attribute("id")
                .ok_or_else(|| ImportError::syntax("a node has no id"))?;
            match node.child("graph") {
                // A frame around others.
                Some(inner) => {
                    self.graph.left_out.push(format!(
                        "node {id} is a group: what is in it is carried over, it itself is not"
                    ));
                    self.read(inner)?;
                }
                None => {
                    let attributes = self.data(node, "node");
                    let id = id.to_owned();
                    self.graph.nodes.push(GraphNode { id, attributes });
                }
            }
        }
        for edge in graph.all("edge") {
            let end = |name: &str| edge.attribute(name).map(str::to_owned);
            let (Some(source), Some(target)) = (end("source"), end("target")) else {
                return Err(ImportError::syntax("an edge has no source or no target"));
            };
            let attributes = self.data(edge, "edge");
            let directed = match edge.attribute("directed") {
                Some(own) => own == "true",
                None => graph.attribute("edgedefault") == Some("directed"),
            };
            self.graph.edges.push(GraphEdge {
                source,
                target,
                directed,
                attributes,
            });
        }
        for (index, hyperedge) in graph.all("hyperedge").enumerate() {
            self.hyperedge(index, hyperedge);
        }
        Ok(())
    }

    /// A line with any number of ends becomes a node of the kind that the Topology Zoo has for it.
    fn hyperedge(&mut self, index: usize, element: &Element) {
        let id = element.attribute("id");
        let id = id.map_or(format!("hyperedge {}", index + 1), str::to_owned);
        for end in element.all("endpoint") {
            self.graph.edges.push(GraphEdge {
                source: id.clone(),
                target: end.attribute("node").unwrap_or_default().to_owned(),
                directed: false,
                attributes: self.data(element, "hyperedge"),
            });
        }
        let attributes = BTreeMap::from([("hyperedge".to_owned(), "1".to_owned())]);
        self.graph.nodes.push(GraphNode { id, attributes });
    }
}
