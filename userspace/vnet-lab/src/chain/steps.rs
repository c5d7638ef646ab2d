// SPDX-License-Identifier: GPL-2.0

//! What has to be done to make the blocks of a node what the plan says.
//!
//! The kernel's view is compared, not an older plan: whoever has changed a chain by hand gets back what the file says.
//! Blocks that are not the lab's stay, unless they stand in the way of a binding.

use std::collections::{BTreeMap, BTreeSet};

use vnet_topology::plan::{BindingPlan, BlockPlan, ChainsPlan, PortPlan, SubscriptionPlan};
use vnet_uapi::{
    Block, BlockParam, BlockParamAccess, BlockParamKind, BlockSide, BlockSubscription, BlockType,
    BlockTypeParam, PortKey,
};

use super::digest::sha256;
use super::values::{self, ValueError};
use crate::error::near;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Takes a binding apart.
    Unbind {
        /// The block below and its port.
        lower: PortKey,
        /// The block above and its port.
        upper: PortKey,
    },
    /// Removes a block.
    Remove(String),
    /// Makes a block.
    Add {
        /// Its name.
        name: String,
        /// Its type.
        kind: String,
        /// Its parameters.
        params: Vec<BlockParam>,
    },
    /// Changes parameters of a block.
    Set {
        /// Its name.
        name: String,
        /// What changes.
        params: Vec<BlockParam>,
    },
    /// Puts another block in the place of one.
    Replace {
        /// Its name.
        name: String,
        /// Its type, if it is another one.
        kind: Option<String>,
        /// Its parameters.
        params: Vec<BlockParam>,
        /// Whether the old one's state is of no use.
        drop: bool,
    },
    /// Binds two blocks.
    Bind {
        /// The block below and its port.
        lower: PortKey,
        /// The block above and its port.
        upper: PortKey,
    },
    /// Has a block take the events of another one.
    Subscribe(SubscriptionPlan),
    /// Ends that.
    Unsubscribe(SubscriptionPlan),
}

impl Step {
    /// In words.
    pub fn describe(&self) -> String {
        let end = |key: &PortKey| match &key.port {
            Some(port) => format!("{}:{port}", key.block),
            None => key.block.clone(),
        };
        let names = |params: &[BlockParam]| -> String {
            let names: Vec<&str> = params.iter().filter_map(|p| p.name.as_deref()).collect();
            match names.is_empty() {
                true => String::new(),
                false => format!(" ({})", names.join(", ")),
            }
        };
        match self {
            Step::Unbind { lower, upper } => format!("unbind {} -> {}", end(lower), end(upper)),
            Step::Remove(name) => format!("block {name} goes"),
            Step::Add { name, kind, .. } => format!("block {name} comes, {kind}"),
            Step::Set { name, params } => format!("block {name} changes{}", names(params)),
            Step::Replace {
                name,
                kind: Some(kind),
                ..
            } => {
                format!("block {name} becomes {kind}")
            }
            Step::Replace { name, params, .. } => {
                format!("block {name} is replaced{}", names(params))
            }
            Step::Bind { lower, upper } => format!("bind {} -> {}", end(lower), end(upper)),
            Step::Subscribe(one) => format!("subscribe {} to {}", one.subscriber, one.publisher),
            Step::Unsubscribe(one) => {
                format!("unsubscribe {} from {}", one.subscriber, one.publisher)
            }
        }
    }
}

/// A binding as it is: the block below and its upper port, the block above and its lower port.
type Bound<'a> = ((&'a str, &'a str), (&'a str, &'a str));

/// The steps, in the order in which they can be done.
pub fn between(
    lab: &str,
    now: &[Block],
    wanted: &ChainsPlan,
    types: &[BlockType],
) -> Result<Vec<Step>, ValueError> {
    let mut removed = BTreeSet::new();
    let mut changes = Vec::new();
    let found: BTreeMap<&str, &Block> = now
        .iter()
        .filter_map(|block| Some((block.name.as_deref()?, block)))
        .collect();
    for (name, plan) in &wanted.blocks {
        let kind = type_of(types, &plan.kind).map_err(|error| at(name, error))?;
        let params = read(kind, plan).map_err(|error| at(name, error))?;
        let step = match found.get(name.as_str()) {
            None => Some(Step::Add {
                name: name.clone(),
                kind: plan.kind.clone(),
                params,
            }),
            Some(block) if block.kind.as_deref() != Some(plan.kind.as_str()) => {
                Some(Step::Replace {
                    name: name.clone(),
                    kind: Some(plan.kind.clone()),
                    params,
                    drop: false,
                })
            }
            Some(block) => match change(block, kind, params) {
                Change::None => None,
                Change::Set(params) => Some(Step::Set {
                    name: name.clone(),
                    params,
                }),
                Change::Replace { params, drop } => Some(Step::Replace {
                    name: name.clone(),
                    kind: None,
                    params,
                    drop,
                }),
                Change::Anew(params) => {
                    removed.insert(name.as_str());
                    Some(Step::Add {
                        name: name.clone(),
                        kind: plan.kind.clone(),
                        params,
                    })
                }
            },
        };
        changes.extend(step);
    }
    let ours = |name: &str| {
        wanted.blocks.contains_key(name)
            || found
                .get(name)
                .is_some_and(|block| block.lab.as_deref() == Some(lab))
    };
    removed.extend(
        found
            .keys()
            .filter(|name| ours(name) && !wanted.blocks.contains_key(**name)),
    );
    let (unbinds, binds) = bindings(now, wanted, &removed, ours);
    let other = |name: &str| {
        let plan = wanted.blocks.get(name);
        let kind = found.get(name).and_then(|block| block.kind.as_deref());
        removed.contains(name) || plan.is_some_and(|plan| kind != Some(plan.kind.as_str()))
    };
    let (unsubscribes, subscribes) = subscriptions(now, wanted, other, ours);
    let removes = removed
        .into_iter()
        .map(|name| Step::Remove(name.to_owned()));
    Ok(unsubscribes
        .into_iter()
        .chain(unbinds)
        .chain(removes)
        .chain(changes)
        .chain(binds)
        .chain(subscribes)
        .collect())
}

fn at(name: &str, error: ValueError) -> ValueError {
    ValueError(format!("block {name}: {error}"))
}

fn type_of<'t>(types: &'t [BlockType], name: &str) -> Result<&'t BlockType, ValueError> {
    let found = types.iter().find(|kind| kind.name.as_deref() == Some(name));
    found.ok_or_else(|| {
        let known = || types.iter().filter_map(|kind| kind.name.as_deref());
        let hint = match near(name, known()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        };
        ValueError(format!("there is no type {name}; {hint}"))
    })
}

fn read(kind: &BlockType, plan: &BlockPlan) -> Result<Vec<BlockParam>, ValueError> {
    let params = plan.params.iter();
    let params: Vec<BlockParam> = params
        .map(|(name, value)| {
            let declared = values::find(kind, name)?;
            match access(declared) {
                Some(BlockParamAccess::Told) => Err(ValueError(format!(
                    "{name} is a reading of the block and cannot be set"
                ))),
                _ => values::read(kind, name, value),
            }
        })
        .collect::<Result<_, _>>()?;
    let missing = kind.param.iter().find(|declared| {
        let name = declared.name.as_deref().unwrap_or_default();
        declared.required == Some(1) && !plan.params.contains_key(name)
    });
    match missing.and_then(|declared| declared.name.as_deref()) {
        Some(name) => Err(ValueError(format!(
            "a block of type {} needs {name}",
            plan.kind
        ))),
        None => Ok(params),
    }
}

fn access(declared: &BlockTypeParam) -> Option<BlockParamAccess> {
    declared.access.and_then(BlockParamAccess::from_number)
}

/// How parameters become what they are to be.
enum Change {
    None,
    Set(Vec<BlockParam>),
    Replace {
        params: Vec<BlockParam>,
        drop: bool,
    },
    /// The block has to be made anew: a value goes for which there is no default.
    Anew(Vec<BlockParam>),
}

fn change(block: &Block, kind: &BlockType, wanted: Vec<BlockParam>) -> Change {
    let told = |name: &Option<String>| block.param.iter().find(|param| param.name == *name);
    // The device of the block has gone; one of its name may have come.
    let gone = told(&Some("ifindex".into())).is_some_and(|param| param.uint == Some(0));
    let mut different = Vec::new();
    let mut initial = gone;
    for declared in &kind.param {
        let access = access(declared);
        if access == Some(BlockParamAccess::Told) {
            continue;
        }
        let given = wanted.iter().find(|param| param.name == declared.name);
        let new = match (given, told(&declared.name)) {
            // A key is known by its digest; what else is not told is given again, as it may be another one.
            (Some(given), None) if has_key(block, given) => continue,
            (Some(given), None) => given.clone(),
            (Some(given), Some(now)) if given == now => continue,
            (Some(given), Some(_)) => given.clone(),
            (None, None) => continue,
            (None, Some(now)) => match unset(declared, now) {
                Unset::Already => continue,
                Unset::By(param) => param,
                Unset::Never => return Change::Anew(wanted),
            },
        };
        initial |= access == Some(BlockParamAccess::Initial);
        different.push(new);
    }
    match (gone, initial, different.is_empty()) {
        // Its state is the device that it had.
        (true, ..) => Change::Replace {
            params: wanted,
            drop: true,
        },
        (false, true, _) => Change::Replace {
            params: different,
            drop: false,
        },
        (false, false, true) => Change::None,
        (false, false, false) => Change::Set(different),
    }
}

/// Whether a block has this key, which it tells as `key-id`: how the SHA-256 of `key` begins.
fn has_key(block: &Block, key: &BlockParam) -> bool {
    let name = key.name.as_deref().map(|name| format!("{name}-id"));
    let told = block.param.iter().find(|param| param.name == name);
    let id = told.and_then(|param| param.data.as_deref());
    match (id, &key.data) {
        (Some(id), Some(key)) => id.len() >= 8 && sha256(key).starts_with(id),
        _ => false,
    }
}

/// How a parameter gets its default.
enum Unset {
    Already,
    By(BlockParam),
    Never,
}

fn unset(declared: &BlockTypeParam, now: &BlockParam) -> Unset {
    let default = BlockParam {
        name: declared.name.clone(),
        uint: declared.default,
        ..BlockParam::default()
    };
    let records = declared.kind == Some(BlockParamKind::Records as u32);
    match () {
        () if *now == default => Unset::Already,
        () if records || declared.default.is_some() => Unset::By(default),
        () => Unset::Never,
    }
}

/// Which bindings to take apart, and which to make.
fn bindings(
    now: &[Block],
    wanted: &ChainsPlan,
    removed: &BTreeSet<&str>,
    ours: impl Fn(&str) -> bool,
) -> (Vec<Step>, Vec<Step>) {
    let mut left = bound(now);
    let fits = |plan: &PortPlan, (block, port): (&str, &str)| {
        plan.block == block && plan.port.as_deref().is_none_or(|name| name == port)
    };
    let gone = |(lower, upper): &Bound<'_>| removed.contains(lower.0) || removed.contains(upper.0);
    let mut missing: Vec<&BindingPlan> = Vec::new();
    for plan in &wanted.bindings {
        let same = left
            .iter()
            .position(|both| fits(&plan.lower, both.0) && fits(&plan.upper, both.1) && !gone(both));
        match same {
            Some(same) => drop(left.remove(same)),
            None => missing.push(plan),
        }
    }
    let key = |(block, port): (&str, &str)| PortKey {
        block: block.to_owned(),
        port: Some(port.to_owned()),
    };
    let unbinds = left
        .into_iter()
        .filter(|(lower, upper)| ours(lower.0) || ours(upper.0))
        .map(|(lower, upper)| Step::Unbind {
            lower: key(lower),
            upper: key(upper),
        });
    let key = |port: &PortPlan| PortKey {
        block: port.block.clone(),
        port: port.port.clone(),
    };
    let binds = missing.into_iter().map(|plan| Step::Bind {
        lower: key(&plan.lower),
        upper: key(&plan.upper),
    });
    (unbinds.collect(), binds.collect())
}

/// Which subscriptions to end, and which to make. Those of a block that is made anew, or is to be of
/// another type, are both.
fn subscriptions(
    now: &[Block],
    wanted: &ChainsPlan,
    other: impl Fn(&str) -> bool,
    ours: impl Fn(&str) -> bool,
) -> (Vec<Step>, Vec<Step>) {
    let subscribed = now.iter().flat_map(|block| {
        let one = |subscription: &BlockSubscription| {
            Some(SubscriptionPlan {
                subscriber: block.name.clone()?,
                publisher: subscription.publisher.clone()?,
            })
        };
        block.subscription.iter().filter_map(one)
    });
    let (stay, go): (Vec<_>, Vec<_>) = subscribed
        .filter(|one| ours(&one.subscriber) || ours(&one.publisher))
        .partition(|one| {
            let same = !other(&one.subscriber) && !other(&one.publisher);
            same && wanted.subscriptions.contains(one)
        });
    let new = wanted.subscriptions.iter();
    let new = new.filter(|one| !stay.contains(one)).cloned();
    (
        go.into_iter().map(Step::Unsubscribe).collect(),
        new.map(Step::Subscribe).collect(),
    )
}

/// All bindings of the blocks of a namespace.
fn bound(blocks: &[Block]) -> Vec<Bound<'_>> {
    let mut all = Vec::new();
    for block in blocks {
        for port in &block.port {
            if port.side != Some(BlockSide::Upper as u32) {
                continue;
            }
            if let (Some(name), Some(port), Some(peer), Some(peer_port)) =
                (&block.name, &port.name, &port.peer, &port.peer_port)
            {
                all.push((
                    (name.as_str(), port.as_str()),
                    (peer.as_str(), peer_port.as_str()),
                ));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
