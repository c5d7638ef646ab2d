// SPDX-License-Identifier: GPL-2.0

//! The graph of a node's blocks as text, for Graphviz, as JSON.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;
use vnet_uapi::{Block, BlockSide};

use super::report::subscriptions;

/// Types whose blocks packets do not pass: chains end there.
const ENDS: [&str; 3] = ["eth", "vlink", "socket"];

/// The blocks of a node and what binds them.
#[derive(Debug, Serialize)]
pub(super) struct Graph {
    node: String,
    blocks: Vec<Named>,
    bindings: Vec<Binding>,
    subscriptions: Vec<Subscription>,
}

/// That a block takes the events of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Subscription {
    subscriber: String,
    publisher: String,
}

/// A block.
#[derive(Debug, Serialize)]
struct Named {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Binding {
    /// The block below, and its upper port.
    lower: End,
    /// The block above, and its lower port.
    upper: End,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct End {
    block: String,
    port: String,
}

impl Graph {
    pub(super) fn new(node: &str, blocks: &[Block]) -> Self {
        let named = blocks.iter().map(|block| Named {
            name: block.name.clone().unwrap_or_default(),
            kind: block.kind.clone().unwrap_or_default(),
        });
        let mut bindings = Vec::new();
        for block in blocks {
            for port in &block.port {
                let (Some(peer), Some(peer_port)) = (&port.peer, &port.peer_port) else {
                    continue;
                };
                if port.side == Some(BlockSide::Upper as u32) {
                    bindings.push(Binding {
                        lower: End {
                            block: block.name.clone().unwrap_or_default(),
                            port: port.name.clone().unwrap_or_default(),
                        },
                        upper: End {
                            block: peer.clone(),
                            port: peer_port.clone(),
                        },
                    });
                }
            }
        }
        let subscriptions = blocks.iter().flat_map(|block| {
            subscriptions(block).map(|publisher| Subscription {
                subscriber: block.name.clone().unwrap_or_default(),
                publisher: publisher.to_owned(),
            })
        });
        Graph {
            node: node.into(),
            blocks: named.collect(),
            bindings,
            subscriptions: subscriptions.collect(),
        }
    }

    /// Chains in a line each, then what is not bound, then subscriptions.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.node);
        for chain in self.chains() {
            let _ = writeln!(text, "  {}", self.line(&chain));
        }
        let ends = |binding: &Binding| [binding.lower.block.clone(), binding.upper.block.clone()];
        let bound: BTreeSet<String> = self.bindings.iter().flat_map(ends).collect();
        for block in self
            .blocks
            .iter()
            .filter(|block| !bound.contains(&block.name))
        {
            let _ = writeln!(text, "  {} {} (not bound)", block.kind, block.name);
        }
        for one in &self.subscriptions {
            let _ = writeln!(
                text,
                "  {} is subscribed to {}",
                self.name(&one.subscriber),
                self.name(&one.publisher)
            );
        }
        text
    }

    /// Each binding in exactly one chain, each chain from below as long as it can be.
    fn chains(&self) -> Vec<Vec<&Binding>> {
        let mut left: Vec<&Binding> = self.bindings.iter().collect();
        let mut chains = Vec::new();
        let ends = |name: &str| {
            let block = self.blocks.iter().find(|block| block.name == name);
            block.is_some_and(|block| ENDS.contains(&block.kind.as_str()))
        };
        while !left.is_empty() {
            // What nothing enters from below, else whatever is left over of branches that meet.
            let first = left.iter().position(|binding| {
                let name = &binding.lower.block;
                ends(name) || !left.iter().any(|other| other.upper.block == *name)
            });
            let mut chain = vec![left.remove(first.unwrap_or(0))];
            while let Some(last) = chain.last() {
                let name = &last.upper.block;
                let next = left.iter().position(|binding| binding.lower.block == *name);
                match next.filter(|_| !ends(name)) {
                    Some(next) => chain.push(left.remove(next)),
                    None => break,
                }
            }
            chains.push(chain);
        }
        chains
    }

    fn line(&self, chain: &[&Binding]) -> String {
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
            return String::new();
        };
        let mut parts = vec![self.end(&first.lower, "upper")];
        for pair in chain.windows(2) {
            let (enters, leaves) = (&pair[0].upper, &pair[1].lower);
            let name = self.name(&enters.block);
            parts.push(match (enters.port.as_str(), leaves.port.as_str()) {
                ("lower", "upper") => name,
                ("lower", leaves) => format!("{name}::{leaves}"),
                (enters, "upper") => format!("{name}:{enters}:"),
                (enters, leaves) => format!("{name}:{enters}:{leaves}"),
            });
        }
        parts.push(self.end(&last.upper, "lower"));
        parts.join(" -> ")
    }

    fn end(&self, end: &End, usual: &str) -> String {
        let name = self.name(&end.block);
        match end.port == usual {
            true => name,
            false => format!("{name}:{}", end.port),
        }
    }

    /// Type and name.
    fn name(&self, name: &str) -> String {
        let block = self.blocks.iter().find(|block| block.name == name);
        let kind = block.map_or("?", |block| block.kind.as_str());
        format!("{kind} {name}")
    }

    /// All graphs as one, for Graphviz.
    pub(super) fn dot(graphs: &[Graph]) -> String {
        let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut text = String::from("digraph blocks {\n  rankdir=BT;\n  node [shape=box];\n");
        for (index, graph) in graphs.iter().enumerate() {
            let _ = writeln!(text, "  subgraph cluster{index} {{");
            let _ = writeln!(text, "    label={};", quote(&graph.node));
            let id = |name: &str| quote(&format!("{}/{name}", graph.node));
            for block in &graph.blocks {
                // The line break is one of Graphviz.
                let label = quote(&format!("{}\n{}", block.name, block.kind)).replace('\n', "\\n");
                let _ = writeln!(text, "    {} [label={label}];", id(&block.name));
            }
            for Binding { lower, upper } in &graph.bindings {
                let _ = writeln!(
                    text,
                    "    {} -> {} [dir=both, taillabel={}, headlabel={}];",
                    id(&lower.block),
                    id(&upper.block),
                    quote(&lower.port),
                    quote(&upper.port)
                );
            }
            for one in &graph.subscriptions {
                let _ = writeln!(
                    text,
                    "    {} -> {} [style=dashed, constraint=false];",
                    id(&one.publisher),
                    id(&one.subscriber)
                );
            }
            text.push_str("  }\n");
        }
        text.push_str("}\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vnet_uapi::BlockPort;

    /// Blocks of `name type`, bound as `below:port above:port`.
    fn graph(blocks: &[&str], bindings: &[&str]) -> Graph {
        let mut found: Vec<Block> = blocks
            .iter()
            .map(|text| {
                let (name, kind) = text.split_once(' ').unwrap();
                Block {
                    name: Some(name.into()),
                    kind: Some(kind.into()),
                    ..Block::default()
                }
            })
            .collect();
        for binding in bindings {
            let (lower, upper) = binding.split_once(' ').unwrap();
            let (lower, upper) = (
                lower.split_once(':').unwrap(),
                upper.split_once(':').unwrap(),
            );
            for (end, peer, side) in [
                (lower, upper, BlockSide::Upper),
                (upper, lower, BlockSide::Lower),
            ] {
                let block = found.iter_mut().find(|b| b.name.as_deref() == Some(end.0));
                block.unwrap().port.push(BlockPort {
                    name: Some(end.1.into()),
                    side: Some(side as u32),
                    peer: Some(peer.0.into()),
                    peer_port: Some(peer.1.into()),
                    ..BlockPort::default()
                });
            }
        }
        Graph::new("r1", &found)
    }

    #[test]
    fn a_chain_at_a_device() {
        let graph = graph(
            &["c counter", "e eth", "f forward", "x discard"],
            &["e:wire c:lower", "f:upper e:host", "c:upper f:lower"],
        );
        assert_eq!(
            graph.text(),
            "r1\n  eth e:wire -> counter c -> forward f -> eth e:host\n  discard x (not bound)\n"
        );
    }

    #[test]
    fn branches_are_chains_of_their_own() {
        let graph = graph(
            &["e eth", "s split", "a forward", "b forward", "j join"],
            &[
                "e:wire s:lower",
                "s:out0 a:lower",
                "s:out1 b:lower",
                "a:upper j:in0",
                "b:upper j:in1",
                "j:upper e:host",
            ],
        );
        assert_eq!(
            graph.text(),
            "r1\n  eth e:wire -> split s::out0 -> forward a -> join j:in0: -> eth e:host\n  split s:out1 -> forward b -> join j:in1\n"
        );
    }

    #[test]
    fn subscriptions_follow_chains() {
        let mut queue = Block {
            name: Some("q".into()),
            kind: Some("queue".into()),
            ..Block::default()
        };
        queue.subscription.push(vnet_uapi::BlockSubscription {
            publisher: Some("e".into()),
        });
        let eth = Block {
            name: Some("e".into()),
            kind: Some("eth".into()),
            ..Block::default()
        };
        let graph = Graph::new("r1", &[eth, queue]);
        assert_eq!(
            graph.text(),
            "r1\n  eth e (not bound)\n  queue q (not bound)\n  queue q is subscribed to eth e\n"
        );
        let text = Graph::dot(&[graph]);
        let edge = "\"r1/e\" -> \"r1/q\" [style=dashed, constraint=false];";
        assert!(text.contains(edge), "{text}");
    }

    #[test]
    fn for_graphviz() {
        let graph = graph(&["e eth", "c counter"], &["e:wire c:lower"]);
        let text = Graph::dot(&[graph]);
        assert!(text.contains("\"r1/c\" [label=\"c\\ncounter\"];"), "{text}");
        assert!(
            text.contains(
                "\"r1/e\" -> \"r1/c\" [dir=both, taillabel=\"wire\", headlabel=\"lower\"];"
            ),
            "{text}"
        );
    }
}
