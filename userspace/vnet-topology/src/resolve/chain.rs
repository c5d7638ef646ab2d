// SPDX-License-Identifier: GPL-2.0

//! Chains of functional blocks: which blocks there are, and what binds them.
//!
//! It is checked that nodes and devices exist, that the blocks of a chain are there, and by the table in [`crate::blocks`] types,
//! ports, parameters and who takes whose events. What depends on the whole graph, such as loops, the module checks when the
//! chain is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::blocks::{BlockType, Side};
use crate::chain::{bindings, Hop};
use crate::decode::Problems;
use crate::file::{Chains, File, SUBSCRIBE};
use crate::names::nearest;
use crate::plan::{
    BlockPlan, ChainsPlan, LinkPlan, NodePlan, ParamPlan, PortPlan, SubscriptionPlan,
};
use crate::report::{At, Problem, Span};

/// The type of blocks that stand for a device, and their parameter.
const DEVICE_TYPE: &str = "eth";
const DEVICE: &str = "device";

/// Gives nodes their chains.
pub(crate) fn resolve(
    problems: &Problems,
    file: &File,
    nodes: &mut [NodePlan],
    links: &[LinkPlan],
) {
    for chains in &file.chains {
        let name = &chains.node.value;
        let names = || file.nodes.iter().map(|node| node.name.value.as_str());
        match nodes.iter_mut().find(|node| node.name == *name) {
            Some(node) => {
                let devices = devices(node, links);
                node.chains = of_node(problems, chains, &devices);
            }
            None => {
                let message = format!("there is no node `{name}`");
                let problem = Problem::new(chains.node.span.clone(), message);
                problems.add(match nearest(name, names()) {
                    Some(near) => problem.label(format!("did you mean `{near}`?")),
                    None => problem.help("chains belong to nodes of the file"),
                });
            }
        }
    }
}

/// Names of the devices in a node that a chain can be on.
fn devices(node: &NodePlan, links: &[LinkPlan]) -> BTreeSet<String> {
    let ends = links.iter().flat_map(|link| &link.ends);
    let ends = ends.filter(|end| end.node == node.name);
    let own = node.interfaces.iter().map(|interface| &interface.name);
    let bridge = node.bridge.iter().map(|bridge| &bridge.name);
    let all = ends.map(|end| &end.interface).chain(own).chain(bridge);
    all.filter(|name| *name != "lo").cloned().collect()
}

/// A parameter as it is given.
struct Given<'a> {
    name: &'a str,
    value: ParamPlan,
    span: &'a Span,
}

/// What is wrong by the table of types.
fn of_types(span: &Span, message: String) -> Problem {
    Problem::new(span.clone(), message)
        .help("`vnetctl fb types` lists the types, `vnetctl fb types TYPE` ports and parameters")
}

/// A node's chains while they are put together.
struct Node<'a> {
    problems: &'a Problems,
    name: &'a str,
    devices: &'a BTreeSet<String>,
    plan: ChainsPlan,
    /// Where each block is made.
    made: BTreeMap<String, Span>,
    /// Where each port is bound: block, port, whether it is the upper one.
    bound: BTreeMap<(String, String, bool), Span>,
    /// What the types are, of blocks whose type is known.
    kinds: BTreeMap<String, &'static BlockType>,
    /// Where each subscription stands.
    subscribed: Vec<(SubscriptionPlan, Span)>,
}

fn of_node(problems: &Problems, chains: &Chains, devices: &BTreeSet<String>) -> ChainsPlan {
    let mut node = Node {
        problems,
        name: &chains.node.value,
        devices,
        plan: ChainsPlan::default(),
        made: BTreeMap::new(),
        bound: BTreeMap::new(),
        kinds: BTreeMap::new(),
        subscribed: Vec::new(),
    };
    for block in &chains.blocks {
        let params = block.params.iter().map(|(name, value)| Given {
            name: &name.value,
            value: value.clone(),
            span: &name.span,
        });
        let kind = (block.kind.value.as_str(), &block.kind.span);
        node.make(&block.name.value, &block.name.span, kind, params.collect());
        for publisher in &block.publishers {
            node.subscribe(&block.name.value, &publisher.value, &publisher.span);
        }
    }
    let hops = || chains.chains.iter().flatten();
    for At { value: hop, span } in hops() {
        let Some(kind) = &hop.kind else {
            continue;
        };
        let params = hop.params.iter().filter(|(name, _)| name != SUBSCRIBE);
        let params = params.map(|(name, value)| Given {
            name,
            value: ParamPlan::Text(value.clone()),
            span,
        });
        node.make(&hop.name, span, (kind, span), params.collect());
        let names = hop.params.iter().filter(|(name, _)| name == SUBSCRIBE);
        for publisher in names.flat_map(|(_, names)| names.split_whitespace()) {
            node.subscribe(&hop.name, publisher, span);
        }
    }
    for hop in hops() {
        node.known(hop);
    }
    for chain in &chains.chains {
        node.bind(chain);
    }
    node.check_subscriptions();
    node.plan
}

impl Node<'_> {
    fn make(
        &mut self,
        name: &str,
        span: &Span,
        (kind, kind_span): (&str, &Span),
        given: Vec<Given<'_>>,
    ) {
        if let Some(first) = self.made.get(name) {
            return self.problems.add(
                Problem::new(
                    span.clone(),
                    format!("`{}` has two blocks `{name}`", self.name),
                )
                .also(first.clone(), "the other one")
                .help("only one place says the type; elsewhere its name is enough"),
            );
        }
        self.check(name, span, (kind, kind_span), &given);
        let params = given.into_iter();
        let params: BTreeMap<String, ParamPlan> = params
            .map(|param| (param.name.to_owned(), param.value))
            .collect();
        if let (DEVICE_TYPE, Some(ParamPlan::Text(device))) = (kind, params.get(DEVICE)) {
            if !self.devices.contains(device) {
                self.no_device(
                    span,
                    format!("`{}` has no device `{device}`", self.name),
                    device,
                );
            }
        }
        self.made.insert(name.to_owned(), span.clone());
        let kind = kind.to_owned();
        self.plan
            .blocks
            .insert(name.to_owned(), BlockPlan { kind, params });
    }

    /// Checks type and parameters of a block.
    fn check(
        &mut self,
        name: &str,
        span: &Span,
        (kind, kind_span): (&str, &Span),
        given: &[Given<'_>],
    ) {
        let found = match BlockType::of(kind) {
            Ok(found) => found,
            Err(message) => return self.problems.add(of_types(kind_span, message)),
        };
        self.kinds.insert(name.to_owned(), found);
        for (index, param) in given.iter().enumerate() {
            if given[..index].iter().any(|other| other.name == param.name) {
                let message = format!("`{name}` gets `{}` twice", param.name);
                let problem = Problem::new(param.span.clone(), message);
                self.problems
                    .add(problem.help("each parameter has one value"));
            } else if let Err(message) = found.check(param.name, &param.value) {
                self.problems.add(of_types(param.span, message));
            }
        }
        let names = given.iter().map(|param| param.name);
        if let Some(missing) = found.missing(names) {
            let message = format!("a block of type `{kind}` needs `{missing}`");
            self.problems.add(of_types(span, message));
        }
    }

    /// Checks that a block has the port by which a chain passes it.
    fn check_port(&self, port: &PortPlan, side: Side, span: &Span) {
        let kind = self.kinds.get(&port.block);
        let plan = self.plan.blocks.get(&port.block);
        if let (Some(kind), Some(plan)) = (kind, plan) {
            if let Err(message) = kind.check_port(&plan.params, port.port.as_deref(), side) {
                self.problems.add(of_types(span, message));
            }
        }
    }

    fn subscribe(&mut self, subscriber: &str, publisher: &str, span: &Span) {
        let subscription = SubscriptionPlan {
            subscriber: subscriber.to_owned(),
            publisher: publisher.to_owned(),
        };
        self.subscribed.push((subscription, span.clone()));
    }

    /// Takes the subscriptions that make sense, when all blocks are known.
    fn check_subscriptions(&mut self) {
        for (one, span) in std::mem::take(&mut self.subscribed) {
            let SubscriptionPlan {
                subscriber,
                publisher,
            } = &one;
            let refuse = |message: String, help: &str| {
                self.problems
                    .add(Problem::new(span.clone(), message).help(help));
            };
            if !self.plan.blocks.contains_key(publisher) {
                let message = format!("`{}` has no block `{publisher}`", self.name);
                let problem = Problem::new(span.clone(), message);
                let known = self.plan.blocks.keys().map(String::as_str);
                self.problems.add(match nearest(publisher, known) {
                    Some(near) => problem.label(format!("did you mean `{near}`?")),
                    None => problem.help("a block takes the events of blocks of the same node"),
                });
            } else if subscriber == publisher {
                refuse(
                    format!("`{subscriber}` is subscribed to itself"),
                    "a block takes the events of others",
                );
            } else if self.plan.subscriptions.contains(&one) {
                refuse(
                    format!("`{subscriber}` is subscribed to `{publisher}` twice"),
                    "once is enough",
                );
            } else if self.waits_for(publisher, subscriber) {
                refuse(
                    format!("`{subscriber}` and `{publisher}` would wait for each other"),
                    "subscriptions must not form a ring",
                );
            } else if let Err(message) = self.check_subscription(&one) {
                refuse(
                    message,
                    "`vnetctl fb types TYPE` says which events a type raises and takes",
                );
            } else {
                self.plan.subscriptions.push(one);
            }
        }
        self.plan.subscriptions.sort();
    }

    fn check_subscription(&self, one: &SubscriptionPlan) -> Result<(), String> {
        match (
            self.kinds.get(&one.subscriber),
            self.kinds.get(&one.publisher),
        ) {
            (Some(kind), Some(publisher)) => kind.check_subscription(publisher),
            _ => Ok(()),
        }
    }

    /// Whether subscriptions lead from a block to another one.
    fn waits_for(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            if name == to {
                return true;
            }
            let all = self.plan.subscriptions.iter();
            for one in all.filter(|one| one.subscriber == name) {
                if seen.insert(&one.publisher) {
                    open.push(&one.publisher);
                }
            }
        }
        false
    }

    /// Whether the block of a chain is there. The name of a device makes one for it.
    fn known(&mut self, At { value: hop, span }: &At<Hop>) {
        if self.plan.blocks.contains_key(&hop.name) {
            if hop.kind.is_none() && !hop.params.is_empty() {
                let message = format!("`{}` gets parameters without its type", hop.name);
                self.problems.add(
                    Problem::new(span.clone(), message)
                        .help("parameters stand where the type stands, where the block is made"),
                );
            }
            return;
        }
        if self.devices.contains(&hop.name) {
            let device = Given {
                name: DEVICE,
                value: ParamPlan::Text(hop.name.clone()),
                span,
            };
            return self.make(&hop.name, span, (DEVICE_TYPE, span), vec![device]);
        }
        let message = format!("`{}` has no block or device `{}`", self.name, hop.name);
        self.no_device(span, message, &hop.name);
    }

    fn no_device(&self, span: &Span, message: String, name: &str) {
        let known = || {
            let blocks = self.plan.blocks.keys();
            self.devices.iter().chain(blocks).map(String::as_str)
        };
        let problem = Problem::new(span.clone(), message);
        let problem = match nearest(name, known()) {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None => problem,
        };
        let all: BTreeSet<&str> = known().collect();
        let all: Vec<&str> = all.into_iter().collect();
        self.problems.add(problem.help(match all.is_empty() {
            true => "a block is made with its type in front, as in `counter c1`".to_owned(),
            false => format!(
                "known here: {}; a block is made with its type in front, as in `counter c1`",
                all.join(", ")
            ),
        }));
    }

    fn bind(&mut self, chain: &[At<Hop>]) {
        let hops: Vec<Hop> = chain.iter().map(|hop| hop.value.clone()).collect();
        if let [only] = chain {
            if only.value.upper.is_some() || only.value.kind.is_none() {
                self.problems.add(
                    Problem::new(only.span.clone(), "a single block is no chain")
                        .help(crate::chain::CHAIN_HELP),
                );
            }
        }
        for (pair, binding) in chain.windows(2).zip(bindings(&hops)) {
            self.check_port(&binding.lower, Side::Upper, &pair[0].span);
            self.check_port(&binding.upper, Side::Lower, &pair[1].span);
            self.take(&binding.lower, true, &pair[0].span);
            self.take(&binding.upper, false, &pair[1].span);
            self.plan.bindings.push(binding);
        }
    }

    /// Marks a port as bound.
    fn take(&mut self, port: &PortPlan, upper: bool, span: &Span) {
        let Some(name) = &port.port else {
            return;
        };
        let key = (port.block.clone(), name.clone(), upper);
        if let Some(first) = self.bound.insert(key, span.clone()) {
            self.problems.add(
                Problem::new(span.clone(), format!("`{}:{name}` is bound twice", port.block))
                    .also(first, "here, too")
                    .help("a port joins two blocks; for more, put a block between that has several ports, such as tee"),
            );
        }
    }
}
