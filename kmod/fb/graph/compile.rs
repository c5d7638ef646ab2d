// SPDX-License-Identifier: GPL-2.0

//! From the table of blocks to programs: checked, compiled, published.
//!
//! What hangs together is a program of its own, so that a change costs what it has to do with, and not
//! what else there is in the namespace.

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

/// Entries for the blocks at some places.
pub(super) type Entries = KVVec<(usize, RcuBox<Entry>)>;

/// Not in the program.
const NO_STEP: u32 = u32::MAX;

impl Nodes {
    /// [`Self::compile`], if the graph makes sense.
    pub(super) fn check_and_compile(&self, roots: &[usize]) -> Result<Entries, BindError> {
        self.check()?;
        Ok(self.compile(roots)?)
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

    /// New programs for the blocks at `roots` and all that hangs together with them.
    pub(super) fn compile(&self, roots: &[usize]) -> Result<Entries> {
        let mut entries = KVVec::new();
        let mut steps = KVVec::from_elem(NO_STEP, self.nodes.len(), GFP_KERNEL)?;
        for root in roots {
            if steps.get(*root) == Some(&NO_STEP) {
                let places = self.part(*root, &mut steps)?;
                self.compile_part(&places, &steps, &mut entries)?;
            }
        }
        Ok(entries)
    }

    /// The places of all blocks that hang together with the one at `root`, by bindings or by
    /// subscriptions. The number of each is noted in `steps`.
    fn part(&self, root: usize, steps: &mut [u32]) -> Result<KVVec<usize>> {
        let mut places = KVVec::new();
        add(root, &mut places, steps)?;
        let mut next = 0;
        while let Some(node) = places.get(next).and_then(|place| self.nodes.get(*place)) {
            let bound = node.body.bounds.iter().filter_map(|bound| bound.peer);
            let publishers = node.publishers.iter().copied();
            let others = Iterator::chain(bound.map(|(id, _)| id), publishers);
            for place in others.filter_map(|id| self.place_of(id)) {
                add(place, &mut places, steps)?;
            }
            if node.kind().raises() {
                for place in self.subscribers(node.id) {
                    add(place, &mut places, steps)?;
                }
            }
            next = next.saturating_add(1);
        }
        Ok(places)
    }

    /// The program of the blocks at `places`, whose numbers are in `steps`.
    fn compile_part(&self, places: &[usize], steps: &[u32], entries: &mut Entries) -> Result {
        let mut program = KVVec::with_capacity(places.len(), GFP_KERNEL)?;
        for (place, node) in places
            .iter()
            .filter_map(|at| Some((*at, self.nodes.get(*at)?)))
        {
            let mut ways = KVec::with_capacity(node.body.bounds.len(), GFP_KERNEL)?;
            for bound in &node.body.bounds {
                let hop = bound.peer.and_then(|(id, port)| {
                    let step = steps.get(self.place_of(id)?)?;
                    Some(Hop::new(*step, u32::try_from(port).ok()?))
                });
                ways.push(hop.unwrap_or(Hop::NONE), GFP_KERNEL)?;
            }
            let (block, counters) = (node.body.block.clone(), node.counters.clone());
            let step = Step::new(block, counters, ways, self.events_of(place, steps)?);
            program.push(step, GFP_KERNEL)?;
        }
        let program = Arc::new(Program { steps: program }, GFP_KERNEL)?;
        entries.reserve(places.len(), GFP_KERNEL)?;
        for (step, place) in places.iter().enumerate() {
            let entry = Entry {
                program: program.clone(),
                step: u32::try_from(step)?,
            };
            entries.push((*place, RcuBox::new(entry)?), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Has packets that begin from here on run through new programs.
    pub(super) fn publish(&mut self, entries: Entries) {
        for (place, entry) in entries {
            if let Some(node) = self.nodes.get(place) {
                node.outlet.publish(entry);
            }
        }
        self.changed();
    }
}

/// Gives a place the next number, unless it has one.
fn add(place: usize, places: &mut KVVec<usize>, steps: &mut [u32]) -> Result {
    if let Some(step) = steps.get_mut(place).filter(|step| **step == NO_STEP) {
        *step = u32::try_from(places.len())?;
        places.push(place, GFP_KERNEL)?;
    }
    Ok(())
}
