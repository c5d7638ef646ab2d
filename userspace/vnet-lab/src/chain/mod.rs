// SPDX-License-Identifier: GPL-2.0

//! Chains of functional blocks in nodes: what the plan says of them is made so, and only what differs is touched.

mod digest;
pub mod slot;
pub mod steps;
pub mod values;

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::time::Duration;

use vnet_topology::plan::{ChainsPlan, NodePlan, Plan};
use vnet_uapi::{Block, BlockState, BlockType, Client};

use crate::error::{Context, Error, Result};
use crate::node::Node;
use crate::paths::LabPaths;
use crate::wire::LinkBackend;
use steps::Step;

/// How long a block is waited for that cannot let go yet what it holds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// What would be done to the chains of living nodes, by node.
pub fn preview(
    old: &Plan,
    new: &Plan,
    living: &std::collections::BTreeSet<String>,
    paths: &LabPaths,
    backend: &mut dyn LinkBackend,
) -> Result<BTreeMap<String, Vec<Step>>> {
    let mut found = BTreeMap::new();
    let Some((client, types)) = open([Some(old), Some(new)], backend)? else {
        return Ok(found);
    };
    for node in concerned(Some(old), new).filter(|node| living.contains(&node.name)) {
        let steps = steps_of(
            client,
            &types,
            &new.lab,
            &Node::find(paths, &node.name)?,
            node,
        )?;
        if !steps.is_empty() {
            found.insert(node.name.clone(), steps);
        }
    }
    Ok(found)
}

/// Makes the chains of all nodes what the new plan says; `note` hears what that costs.
pub fn apply(
    old: Option<&Plan>,
    new: &Plan,
    nodes: &BTreeMap<String, Node>,
    backend: &mut dyn LinkBackend,
    note: &mut dyn FnMut(String),
) -> Result<()> {
    let Some((client, types)) = open([old, Some(new)], backend)? else {
        return Ok(());
    };
    for plan in concerned(old, new) {
        let Some(node) = nodes.get(&plan.name) else {
            continue;
        };
        for step in steps_of(client, &types, &new.lab, node, plan)? {
            let what = || format!("node {}: {}", node.name, step.describe());
            if run(client, &new.lab, node, &step).context(what)? == State::Dropped {
                note(format!(
                    "{}, and the state that it had is dropped: the new type cannot take it",
                    what()
                ));
            }
        }
    }
    Ok(())
}

/// The module with its types, if any of the plans has chains.
fn open<'b>(
    plans: [Option<&Plan>; 2],
    backend: &'b mut dyn LinkBackend,
) -> Result<Option<(&'b mut Client, Vec<BlockType>)>> {
    let mut nodes = plans.into_iter().flatten().flat_map(|plan| &plan.nodes);
    if nodes.all(|node| node.chains.is_empty()) {
        return Ok(None);
    }
    let client = backend
        .client()
        .ok_or_else(|| Error::Unsupported("chains of blocks need the module vnet".into()))?;
    let types = client.block_types();
    let types = types.context(|| "cannot read the types of blocks".into())?;
    Ok(Some((client, types)))
}

/// Nodes that have chains, or had some.
fn concerned<'a>(old: Option<&'a Plan>, new: &'a Plan) -> impl Iterator<Item = &'a NodePlan> {
    let had = move |node: &NodePlan| {
        let mut before = old.into_iter().flat_map(|plan| &plan.nodes);
        before.any(|old| old.name == node.name && !old.chains.is_empty())
    };
    let nodes = new.nodes.iter();
    nodes.filter(move |node| !node.chains.is_empty() || had(node))
}

fn steps_of(
    client: &mut Client,
    types: &[BlockType],
    lab: &str,
    node: &Node,
    plan: &NodePlan,
) -> Result<Vec<Step>> {
    let chains: &ChainsPlan = &plan.chains;
    let blocks = client
        .blocks(node.netns().as_raw_fd())
        .context(|| format!("cannot read the blocks of node {}", node.name))?;
    steps::between(lab, &blocks, chains, types)
        .map_err(|error| Error::Unsupported(format!("chains of node {}: {error}", node.name)))
}

/// What a step leaves of a block's state where it was to be kept.
#[derive(PartialEq)]
enum State {
    Kept,
    Dropped,
}

fn run(
    client: &mut Client,
    lab: &str,
    node: &Node,
    step: &Step,
) -> std::result::Result<State, vnet_uapi::Error> {
    let netns = node.netns().as_raw_fd();
    match step.clone() {
        Step::Unbind { lower, upper } => client.block_unbind(netns, Some(upper), Some(lower))?,
        Step::Remove(name) => client.block_del(netns, &name)?,
        Step::Add { name, kind, params } => {
            let block = Block {
                name: Some(name),
                kind: Some(kind),
                lab: Some(lab.into()),
                param: params,
                ..Block::default()
            };
            client.block_new(netns, block)?;
        }
        Step::Set { name, params } => client.block_set(netns, &name, params)?,
        Step::Replace {
            name,
            kind,
            params,
            drop: true,
        } => client.block_replace(netns, &name, kind, params, BlockState::Drop)?,
        Step::Replace {
            name,
            kind,
            params,
            drop: false,
        } => {
            let mut replace =
                |state| client.block_replace(netns, &name, kind.clone(), params.clone(), state);
            let mut left = PATIENCE;
            loop {
                match (replace(BlockState::Keep), left.is_zero()) {
                    // What the block holds is acknowledged soon.
                    (Err(error), false) if error.errno() == Some(libc::EAGAIN) => {
                        std::thread::sleep(PAUSE);
                        left = left.saturating_sub(PAUSE);
                    }
                    // The file's new block is wanted all the same.
                    (Err(error), _)
                        if matches!(error.errno(), Some(libc::EOPNOTSUPP | libc::EAGAIN)) =>
                    {
                        replace(BlockState::Drop)?;
                        return Ok(State::Dropped);
                    }
                    (other, _) => break other?,
                }
            }
        }
        Step::Bind { lower, upper } => client.block_bind(netns, upper, lower)?,
        Step::Subscribe(one) => {
            client.block_subscribe(netns, &one.subscriber, &one.publisher)?;
        }
        Step::Unsubscribe(one) => {
            client.block_unsubscribe(netns, &one.subscriber, &one.publisher)?;
        }
    }
    Ok(State::Kept)
}
