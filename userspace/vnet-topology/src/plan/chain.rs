// SPDX-License-Identifier: GPL-2.0

//! Functional blocks of a node and how they are bound.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::blocks::BlockType;

/// The blocks of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainsPlan {
    /// Blocks, by name.
    pub blocks: BTreeMap<String, BlockPlan>,
    /// Bindings, in the order of the file: where a port is not named, the first free one is taken in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<BindingPlan>,
    /// Which block takes the events of which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionPlan>,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionPlan {
    /// Name of the block that takes events.
    pub subscriber: String,
    /// Name of the block that raises them.
    pub publisher: String,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPlan {
    /// Name of its type.
    pub kind: String,
    /// Parameters that are not left to their defaults, as written: what they mean is for the type to say, and the module
    /// knows the types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, ParamPlan>,
}

impl BlockPlan {
    /// The names of its parameters that nobody is to be told.
    pub fn secrets(&self) -> Vec<&'static str> {
        let kind = BlockType::of(&self.kind).ok();
        let secrets = kind.into_iter().flat_map(BlockType::secrets);
        secrets
            .filter(|name| self.params.contains_key(*name))
            .collect()
    }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamPlan {
    /// A number with its unit, a text, bytes.
    Text(String),
    /// Records: fields and their values.
    Records(Vec<BTreeMap<String, String>>),
}

/// A binding. What leaves the block below by its upper port enters the block above by its lower port, and back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingPlan {
    /// The block below, nearer to the wire, and its upper port.
    pub lower: PortPlan,
    /// The block above, and its lower port.
    pub upper: PortPlan,
}

/// A port of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortPlan {
    /// Name of the block.
    pub block: String,
    /// Name of the port; absent: the first free one of that side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

impl ChainsPlan {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.bindings.is_empty()
    }
}
