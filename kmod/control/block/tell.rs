// SPDX-License-Identifier: GPL-2.0

//! Telling a block.

use crate::{
    bindings,
    fb::{
        block::Type,
        counters::{
            Amount,
            Cause,
            Reading, //
        },
        graph::{
            node::{
                Bound,
                Node, //
            },
            Nodes, //
        },
        param::{
            Access,
            Kind,
            Param,
            Value,
            Values, //
        }, //
    },
    model::graph::{
        Carries,
        Side, //
    },
    net::{
        netlink::Writer,
        netns::Net, //
    },
};
use kernel::prelude::*;

/// Room that the description of a block takes in a message, in bytes, without parameters.
const ROOM: usize = 2048;
/// Room for a parameter or a field, without its bytes.
const PARAM_ROOM: usize = 64;
/// Room for a port with the names of its peer.
const PORT_ROOM: usize = 192;
/// Room for the name of a block.
const PUBLISHER_ROOM: usize = 96;

/// Room that the description of a block takes in a message, in bytes.
pub(super) fn room(values: &Values, kind: &Type, publishers: &[u32]) -> usize {
    let numbered = kind.ports.iter().find_map(|port| port.numbered);
    let ports = numbered.map_or(0, |place| values.uint(place) as usize);
    ROOM.saturating_add(ports.saturating_mul(PORT_ROOM))
        .saturating_add(publishers.len().saturating_mul(PUBLISHER_ROOM))
        .saturating_add(room_of(values, kind.params))
}

fn room_of(values: &Values, params: &[Param]) -> usize {
    let mut room = 0usize;
    for (place, param) in params.iter().enumerate() {
        let bytes = match (values.get(place), &param.kind) {
            (Value::Text(text), _) => text.to_bytes_with_nul().len(),
            (Value::Data(data), _) => data.len(),
            (Value::Records(records), Kind::Records(_, fields)) => {
                records.iter().fold(0usize, |sum, record| {
                    sum.saturating_add(room_of(record, fields))
                        .saturating_add(8)
                })
            }
            // What a reading will be is not known.
            _ if param.access == Access::Told => match param.kind {
                Kind::Records(max, fields) => {
                    max.saturating_mul(fields.len()).saturating_mul(PARAM_ROOM)
                }
                _ => 0,
            },
            _ => 0,
        };
        room = room.saturating_add(bytes).saturating_add(PARAM_ROOM);
    }
    room
}

/// Describes a block.
pub(super) fn block(writer: &mut Writer<'_>, node: &Node, nodes: &Nodes, net: &Net) -> Result {
    writer.u32(bindings::VNET_A_BLOCK_ID, node.id())?;
    writer.uint(bindings::VNET_A_BLOCK_NETNS_INODE, net.inode())?;
    writer.text(bindings::VNET_A_BLOCK_NAME, node.name())?;
    writer.text(bindings::VNET_A_BLOCK_KIND, node.kind().name)?;
    if let Some(lab) = node.lab() {
        writer.text(bindings::VNET_A_BLOCK_LAB, lab)?;
    }
    for (place, declared) in node.kind().params.iter().enumerate() {
        match declared.access {
            Access::Told => param(writer, declared, &node.block().read(place)?)?,
            Access::Secret => {}
            _ => param(writer, declared, node.values().get(place))?,
        }
    }
    for publisher in node.publishers().iter().filter_map(|id| nodes.by_id(*id)) {
        writer.nest(bindings::VNET_A_BLOCK_SUBSCRIPTION, |nest| {
            nest.text(
                bindings::VNET_A_BLOCK_SUBSCRIPTION_PUBLISHER,
                publisher.name(),
            )
        })?;
    }
    for bound in node.bounds() {
        writer.nest(bindings::VNET_A_BLOCK_PORT, |nest| port(nest, bound, nodes))?;
    }
    writer.nest(bindings::VNET_A_BLOCK_COUNTERS, |nest| {
        counters(nest, &node.counters())
    })
}

/// Writes a parameter; nothing if there is no value.
fn param(writer: &mut Writer<'_>, declared: &Param, value: &Value) -> Result {
    if matches!(value, Value::Absent) {
        return Ok(());
    }
    writer.nest(bindings::VNET_A_BLOCK_PARAM, |nest| {
        nest.text(bindings::VNET_A_BLOCK_PARAM_NAME, declared.name)?;
        match value {
            Value::Absent => Ok(()),
            Value::Uint(value) => nest.uint(bindings::VNET_A_BLOCK_PARAM_UINT, *value),
            Value::Text(text) => nest.text(bindings::VNET_A_BLOCK_PARAM_TEXT, text),
            Value::Data(data) => nest.bytes(bindings::VNET_A_BLOCK_PARAM_DATA, data),
            Value::Records(list) => records(nest, declared, list),
        }
    })
}

fn records(writer: &mut Writer<'_>, declared: &Param, list: &[Values]) -> Result {
    let Kind::Records(_, fields) = declared.kind else {
        return Ok(());
    };
    for record in list {
        writer.nest(bindings::VNET_A_BLOCK_PARAM_RECORD, |nest| {
            for (place, declared) in fields.iter().enumerate() {
                field(nest, declared, record.get(place))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn field(writer: &mut Writer<'_>, declared: &Param, value: &Value) -> Result {
    if matches!(value, Value::Absent | Value::Records(_)) {
        return Ok(());
    }
    writer.nest(bindings::VNET_A_BLOCK_RECORD_FIELD, |nest| {
        nest.text(bindings::VNET_A_BLOCK_FIELD_NAME, declared.name)?;
        match value {
            Value::Uint(value) => nest.uint(bindings::VNET_A_BLOCK_FIELD_UINT, *value),
            Value::Text(text) => nest.text(bindings::VNET_A_BLOCK_FIELD_TEXT, text),
            Value::Data(data) => nest.bytes(bindings::VNET_A_BLOCK_FIELD_DATA, data),
            Value::Absent | Value::Records(_) => Ok(()),
        }
    })
}

fn port(writer: &mut Writer<'_>, bound: &Bound, nodes: &Nodes) -> Result {
    writer.text(bindings::VNET_A_BLOCK_PORT_NAME, &bound.name)?;
    writer.u32(bindings::VNET_A_BLOCK_PORT_SIDE, side(bound.side))?;
    writer.u32(bindings::VNET_A_BLOCK_PORT_CARRIES, carries(bound.carries))?;
    let peer = bound.peer.and_then(|(id, port)| {
        let node = nodes.by_id(id)?;
        Some((node.name(), node.bounds().get(port)?))
    });
    if let Some((name, port)) = peer {
        writer.text(bindings::VNET_A_BLOCK_PORT_PEER, name)?;
        writer.text(bindings::VNET_A_BLOCK_PORT_PEER_PORT, &port.name)?;
    }
    Ok(())
}

fn counters(writer: &mut Writer<'_>, reading: &Reading) -> Result {
    let mut both = |packets, bytes, amount: &Amount| {
        writer.uint(packets, amount.packets)?;
        writer.uint(bytes, amount.bytes)
    };
    both(
        bindings::VNET_A_BLOCK_COUNTERS_IN_PACKETS,
        bindings::VNET_A_BLOCK_COUNTERS_IN_BYTES,
        &reading.entered,
    )?;
    both(
        bindings::VNET_A_BLOCK_COUNTERS_GENERATED_PACKETS,
        bindings::VNET_A_BLOCK_COUNTERS_GENERATED_BYTES,
        &reading.generated,
    )?;
    both(
        bindings::VNET_A_BLOCK_COUNTERS_OUT_PACKETS,
        bindings::VNET_A_BLOCK_COUNTERS_OUT_BYTES,
        &reading.left,
    )?;
    both(
        bindings::VNET_A_BLOCK_COUNTERS_CONSUMED_PACKETS,
        bindings::VNET_A_BLOCK_COUNTERS_CONSUMED_BYTES,
        &reading.consumed,
    )?;
    both(
        bindings::VNET_A_BLOCK_COUNTERS_QUEUED_PACKETS,
        bindings::VNET_A_BLOCK_COUNTERS_QUEUED_BYTES,
        &reading.queued,
    )?;
    for (cause, amount) in Cause::ALL.into_iter().zip(&reading.dropped) {
        if *amount == Amount::default() {
            continue;
        }
        writer.nest(bindings::VNET_A_BLOCK_COUNTERS_DROP, |nest| {
            nest.u32(bindings::VNET_A_BLOCK_DROP_CAUSE, cause as u32)?;
            nest.uint(bindings::VNET_A_BLOCK_DROP_PACKETS, amount.packets)?;
            nest.uint(bindings::VNET_A_BLOCK_DROP_BYTES, amount.bytes)
        })?;
    }
    Ok(())
}

/// The number of a side.
pub(super) fn side(side: Side) -> u32 {
    match side {
        Side::Lower => bindings::vnet_block_side_VNET_BLOCK_SIDE_LOWER,
        Side::Upper => bindings::vnet_block_side_VNET_BLOCK_SIDE_UPPER,
    }
}

/// The number of what a port carries.
pub(super) fn carries(carries: Carries) -> u32 {
    match carries {
        Carries::Any => bindings::vnet_block_carries_VNET_BLOCK_CARRIES_ANY,
        Carries::Frame => bindings::vnet_block_carries_VNET_BLOCK_CARRIES_FRAME,
        Carries::Datagram => bindings::vnet_block_carries_VNET_BLOCK_CARRIES_DATAGRAM,
    }
}
