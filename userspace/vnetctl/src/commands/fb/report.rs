// SPDX-License-Identifier: GPL-2.0

//! A block as these commands show it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vnet_lab::chain::values;
use vnet_uapi::{Block, BlockCarries, BlockCounters, BlockDropCause, BlockSide};

/// A block.
#[derive(Debug, Serialize)]
pub(super) struct BlockReport {
    pub node: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub id: u32,
    /// Whether the topology file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lab: Option<String>,
    /// In the order of the type.
    pub parameters: serde_json::Map<String, Value>,
    pub ports: Vec<PortReport>,
    /// Blocks whose events it takes.
    pub subscriptions: Vec<String>,
    pub counters: BTreeMap<&'static str, u64>,
    /// Packets by cause.
    pub drops: BTreeMap<String, u64>,
}

/// A port.
#[derive(Debug, Serialize)]
pub(super) struct PortReport {
    pub name: String,
    pub side: &'static str,
    pub carries: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_port: Option<String>,
}

impl BlockReport {
    pub(super) fn new(node: &str, block: &Block) -> Self {
        let parameters = block.param.iter().map(|param| {
            let name = param.name.clone().unwrap_or_default();
            (name, values::to_json(param))
        });
        let ports = block.port.iter().map(|port| PortReport {
            name: port.name.clone().unwrap_or_default(),
            side: port
                .side
                .and_then(BlockSide::from_number)
                .map_or("unknown", BlockSide::name),
            carries: port
                .carries
                .and_then(BlockCarries::from_number)
                .map_or("unknown", BlockCarries::name),
            peer: port.peer.clone(),
            peer_port: port.peer_port.clone(),
        });
        let counters = block.counters.clone().unwrap_or_default();
        BlockReport {
            node: node.into(),
            name: block.name.clone().unwrap_or_default(),
            kind: block.kind.clone().unwrap_or_default(),
            id: block.id.unwrap_or_default(),
            lab: block.lab.clone(),
            parameters: parameters.collect(),
            ports: ports.collect(),
            subscriptions: subscriptions(block).map(str::to_owned).collect(),
            drops: drops(&counters),
            counters: numbers(&counters),
        }
    }

    /// Whether anything is bound to it.
    pub(super) fn bound(&self) -> usize {
        self.ports.iter().filter(|port| port.peer.is_some()).count()
    }
}

/// The names of the blocks that one is subscribed to.
pub(super) fn subscriptions(block: &Block) -> impl Iterator<Item = &str> {
    let all = block.subscription.iter();
    all.filter_map(|subscription| subscription.publisher.as_deref())
}

fn numbers(counters: &BlockCounters) -> BTreeMap<&'static str, u64> {
    [
        ("in-packets", counters.in_packets),
        ("in-bytes", counters.in_bytes),
        ("generated-packets", counters.generated_packets),
        ("generated-bytes", counters.generated_bytes),
        ("out-packets", counters.out_packets),
        ("out-bytes", counters.out_bytes),
        ("consumed-packets", counters.consumed_packets),
        ("consumed-bytes", counters.consumed_bytes),
        ("queued-packets", counters.queued_packets),
        ("queued-bytes", counters.queued_bytes),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.unwrap_or(0)))
    .collect()
}

fn drops(counters: &BlockCounters) -> BTreeMap<String, u64> {
    let all = counters.drop.iter().map(|drop| {
        let number = drop.cause.unwrap_or(u32::MAX);
        let cause = match BlockDropCause::from_number(number) {
            Some(cause) => cause.name().to_owned(),
            None => format!("cause-{number}"),
        };
        (cause, drop.packets.unwrap_or(0))
    });
    all.filter(|(_, packets)| *packets > 0).collect()
}
