// SPDX-License-Identifier: GPL-2.0

//! From the table of blocks to a program: checked, compiled, published.

use super::{
    super::program::{
        Entry,
        Hop,
        Program,
        Step, //
    },
    BindError,
    Nodes, //
};
use crate::{
    model::graph as model,
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// An entry for each block.
pub(super) type Entries = KVVec<RcuBox<Entry>>;

impl Nodes {
    /// The program of the graph, if the graph makes sense.
    pub(super) fn check_and_compile(&self) -> Result<Entries, BindError> {
        self.check()?;
        Ok(self.compile()?)
    }

    /// Asks the model what it thinks of the graph.
    fn check(&self) -> Result<(), BindError> {
        let mut blocks = KVVec::with_capacity(self.nodes.len(), GFP_KERNEL)?;
        let mut count = 0usize;
        for node in &self.nodes {
            let ports = node.body.bounds.len();
            let block = model::Block {
                first: count,
                ports,
                passage: node.body.kind.passage,
            };
            blocks.push(block, GFP_KERNEL)?;
            count = count.saturating_add(ports);
        }
        let mut ports = KVVec::with_capacity(count, GFP_KERNEL)?;
        for (block, node) in self.nodes.iter().enumerate() {
            for bound in &node.body.bounds {
                let peer = bound.peer.and_then(|(id, port)| {
                    let first = blocks.get(self.place_of(id)?)?.first;
                    first.checked_add(port)
                });
                let port = model::Port {
                    block,
                    side: bound.side,
                    carries: bound.carries,
                    peer,
                };
                ports.push(port, GFP_KERNEL)?;
            }
        }
        let mut marks = KVVec::from_elem(model::Mark::default(), count, GFP_KERNEL)?;
        let graph = model::Graph {
            blocks: &blocks,
            ports: &ports,
        };
        graph
            .check_carried(&mut marks)
            .and_then(|()| graph.check_paths(&mut marks))
            .map_err(BindError::Refused)
    }

    /// The program of the graph, as entries for all blocks in their order.
    pub(super) fn compile(&self) -> Result<Entries> {
        let mut steps = KVVec::with_capacity(self.nodes.len(), GFP_KERNEL)?;
        for (place, node) in self.nodes.iter().enumerate() {
            let mut ways = KVec::with_capacity(node.body.bounds.len(), GFP_KERNEL)?;
            for bound in &node.body.bounds {
                let hop = bound.peer.and_then(|(id, port)| {
                    let step = u32::try_from(self.place_of(id)?).ok()?;
                    Some(Hop::new(step, u32::try_from(port).ok()?))
                });
                ways.push(hop.unwrap_or(Hop::NONE), GFP_KERNEL)?;
            }
            let (block, counters) = (node.body.block.clone(), node.counters.clone());
            let step = Step::new(block, counters, ways, self.events_of(place)?);
            steps.push(step, GFP_KERNEL)?;
        }
        let program = Arc::new(Program { steps }, GFP_KERNEL)?;
        let mut entries = KVVec::with_capacity(self.nodes.len(), GFP_KERNEL)?;
        for step in 0..self.nodes.len() {
            let entry = Entry {
                program: program.clone(),
                step: u32::try_from(step)?,
            };
            entries.push(RcuBox::new(entry)?, GFP_KERNEL)?;
        }
        Ok(entries)
    }

    /// Has packets that begin from here on run through a new program.
    pub(super) fn publish(&mut self, entries: Entries) {
        for (node, entry) in self.nodes.iter().zip(entries) {
            node.outlet.publish(entry);
        }
        self.changed();
    }
}
