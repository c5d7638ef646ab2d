// SPDX-License-Identifier: GPL-2.0

//! What a user has set for one direction, and what a lane works with.
//!
//! A [`Config`] holds the user's values and is changed attribute by attribute. Compiled it becomes
//! [`Parameters`], which are immutable and replaced as a whole, and, where its tables differ from
//! those in force, the [`LaneMemory`] that goes with them.

use super::frame::{
    FrameList,
    FrameTree, //
};
use crate::{
    model::{
        headers,
        Compiled,
        Discipline,
        EffectError,
        Effects,
        Flow,
        Memory,
        ParamError,
        Params,
        Queueing,
        QueueingError,
        Rule,
        Source,
        Tables as ModelTables,
        Weight, //
    },
    net::skbuff::SkBuff,
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Size of the table of flows, unless one is given.
pub(crate) const DEFAULT_FLOWS: u32 = 1024;
/// Number of traffic classes by code point.
const CLASSES: usize = 64;

/// Most classes by more than a code point.
pub(crate) const MAX_MATCHES: usize = 64;

/// A traffic class as a user gives it.
#[derive(Clone, Copy)]
pub(crate) struct Class {
    /// The frames that are in it.
    pub(crate) rule: headers::Rule,
    /// Its weight.
    pub(crate) weight: u32,
}

impl Class {
    /// The code point, if nothing else is asked of a frame.
    pub(crate) fn only_dscp(&self) -> Option<u8> {
        let headers::Rule {
            ethertype: None,
            eth_source: None,
            eth_destination: None,
            protocol: None,
            dscp,
            source: None,
            destination: None,
            source_port: None,
            destination_port: None,
            target: _,
        } = self.rule
        else {
            return None;
        };
        dscp
    }
}

/// Weights of traffic classes.
///
/// The class of a frame is its code point, or for those that a rule matches [`CLASSES`] and the
/// rule's number.
pub(crate) struct Classes {
    /// As they were given.
    pub(crate) given: KVec<Class>,
    /// By class.
    weights: KVec<Weight>,
    /// Those by more than a code point, in the order in which they are tried.
    rules: KVec<headers::Rule>,
}

impl Classes {
    /// Prepares weights; none if one is out of range, or if there are too many.
    pub(crate) fn new(given: KVec<Class>) -> Result<Option<Self>> {
        let mut weights = KVec::with_capacity(CLASSES, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..CLASSES {
            weights.push(Weight::ONE, GFP_KERNEL_ACCOUNT)?;
        }
        let mut rules = KVec::new();
        for class in given.iter() {
            let Some(weight) = Weight::new(class.weight) else {
                return Ok(None);
            };
            match class.only_dscp() {
                Some(dscp) => match weights.get_mut(usize::from(dscp)) {
                    Some(place) => *place = weight,
                    None => return Ok(None),
                },
                None if rules.len() == MAX_MATCHES => return Ok(None),
                None => {
                    let rule = headers::Rule {
                        target: weights.len() as u32,
                        ..class.rule
                    };
                    weights.push(weight, GFP_KERNEL_ACCOUNT)?;
                    rules.push(rule, GFP_KERNEL_ACCOUNT)?;
                }
            }
        }
        Ok(Some(Self {
            given,
            weights,
            rules,
        }))
    }

    /// The class of the first rule that a packet matches.
    pub(crate) fn matched(&self, skb: &mut SkBuff) -> Option<u8> {
        if self.rules.is_empty() {
            return None;
        }
        let len = skb.len().min(headers::LOOKED_AT);
        let found = skb.first(len).and_then(headers::Headers::of)?;
        let rule = self.rules.iter().find(|rule| rule.matches(&found))?;
        Some(rule.target as u8)
    }
}

/// Tables of a direction; each is absent where no parameter needs it.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    /// Rules of the loss pattern, checked.
    pub(crate) rules: Option<Arc<KVVec<Rule>>>,
    /// Quantiles of the jitter.
    pub(crate) jitter: Option<Arc<KVVec<i16>>>,
    /// Weights of traffic classes.
    pub(crate) classes: Option<Arc<Classes>>,
}

impl Tables {
    /// Whether they are the very same tables.
    fn are(&self, other: &Self) -> bool {
        fn same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        same(&self.rules, &other.rules)
            && same(&self.jitter, &other.jitter)
            && same(&self.classes, &other.classes)
    }
}

/// What a user has set for a direction.
#[derive(Clone)]
pub(crate) struct Config {
    /// Rate, delay and limits.
    pub(crate) params: Params,
    /// What the wire does to frames.
    pub(crate) effects: Effects,
    /// The discipline of the queue.
    pub(crate) queueing: Queueing,
    /// Size of the table of flows.
    pub(crate) flows: u32,
    /// Tables.
    pub(crate) tables: Tables,
}

/// Which part of a configuration was refused, and why.
pub(crate) enum Refusal {
    /// A parameter.
    Param(ParamError),
    /// An effect.
    Effect(EffectError),
    /// Queueing.
    Queueing(QueueingError),
}

impl Config {
    /// The configuration of a new direction, whose random decisions are those of stream `direction`
    /// of `seed`.
    pub(crate) fn new(seed: u64, direction: u32) -> Self {
        Self {
            params: Params::default(),
            effects: Effects {
                source: Source { seed, direction },
                ..Effects::default()
            },
            queueing: Queueing::default(),
            flows: DEFAULT_FLOWS,
            tables: Tables::default(),
        }
    }

    /// Checks and prepares. What is large is on the heap.
    pub(crate) fn compile(&self) -> Result<Result<RcuBox<Parameters>, Refusal>> {
        let compiled = match self.params.compile() {
            Ok(compiled) => compiled,
            Err(error) => return Ok(Err(Refusal::Param(error))),
        };
        let mut parameters = RcuBox::new(Parameters {
            compiled,
            flow_key: self.effects.source.seed,
            flows: self.flows,
            tables: self.tables.clone(),
        })?;
        let compiled = &mut parameters.compiled;
        if let Err(error) = compiled.set_effects(&self.effects) {
            return Ok(Err(Refusal::Effect(error)));
        }
        if let Err(error) = compiled.set_queueing(&self.queueing) {
            return Ok(Err(Refusal::Queueing(error)));
        }
        Ok(Ok(parameters))
    }
}

/// Parameters in force.
pub(crate) struct Parameters {
    compiled: Compiled,
    flow_key: u64,
    flows: u32,
    tables: Tables,
}

impl core::ops::Deref for Parameters {
    type Target = Compiled;

    #[inline]
    fn deref(&self) -> &Compiled {
        &self.compiled
    }
}

impl Parameters {
    /// What the user has set, for stream `direction` of `seed`.
    pub(crate) fn config(&self, seed: u64, direction: u32) -> Config {
        Config {
            params: *self.compiled.params(),
            effects: self
                .compiled
                .effects()
                .copied()
                .unwrap_or_else(|| Config::new(seed, direction).effects),
            queueing: *self.compiled.queueing(),
            flows: self.flows,
            tables: self.tables.clone(),
        }
    }

    /// The key of the flows' hash, if flows are kept apart.
    #[inline]
    pub(crate) fn flow_key(&self) -> Option<u64> {
        self.compiled.needs_flows().then_some(self.flow_key)
    }

    /// Whether the device stops its transmit queue while the wire is busy.
    pub(crate) fn pushes_back(&self) -> bool {
        self.compiled.queueing().discipline == Discipline::Device
    }

    /// Whether nothing differs.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.compiled == other.compiled
            && self.flows == other.flows
            && self.tables.are(&other.tables)
    }

    /// Size of the table of flows that the user has set.
    pub(crate) fn flows(&self) -> u32 {
        self.flows
    }

    /// The tables.
    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The memory that goes with these parameters.
    pub(crate) fn memory(&self) -> Result<LaneMemory> {
        let count = self.used_flows() as usize;
        let mut flows = KVVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..count {
            flows.push(Flow::default(), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(LaneMemory {
            flows,
            tables: self.tables.clone(),
        })
    }

    /// Whether these parameters can do with the memory of `old` ones.
    pub(crate) fn shares_memory(&self, old: &Self) -> bool {
        self.used_flows() == old.used_flows() && self.tables.are(&old.tables)
    }

    fn used_flows(&self) -> u32 {
        if self.compiled.needs_flows() {
            self.flows
        } else {
            0
        }
    }
}

/// Memory that a lane's model works in.
pub(crate) struct LaneMemory {
    flows: KVVec<Flow<FrameList>>,
    tables: Tables,
}

impl Memory for LaneMemory {
    type Queue = FrameList;
    type Tree = FrameTree;

    #[inline]
    fn tables(&mut self) -> ModelTables<'_, FrameList> {
        let Tables {
            rules,
            jitter,
            classes,
        } = &self.tables;
        ModelTables {
            flows: self.flows.as_mut_slice(),
            weights: classes
                .as_ref()
                .map_or(&[], |classes| classes.weights.as_slice()),
            jitter: jitter.as_ref().map_or(&[], |table| table.as_slice()),
            rules: rules.as_ref().map_or(&[], |rules| rules.as_slice()),
        }
    }
}
