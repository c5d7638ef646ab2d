// SPDX-License-Identifier: GPL-2.0

//! Telling the types of blocks.

use super::tell::{
    carries,
    side, //
};
use crate::{
    bindings,
    control::{
        filter_of,
        passes, //
    },
    fb::{
        block::{
            Port,
            Type, //
        },
        event::EventUse,
        param::{
            Kind,
            Param, //
        },
        types::TYPES, //
    },
    net::netlink::{
        Dump,
        Writer, //
    },
};
use kernel::prelude::*;

/// `block-type-get`.
pub(crate) fn dump(dump: &mut Dump<'_>) -> Result {
    let filter = filter_of(dump, bindings::VNET_A_BLOCK_TYPE_NAME)?;
    while let Some(kind) = TYPES.get(dump.cursor() as usize) {
        if passes(Some(kind.name), filter) {
            // If the piece is full, the next one begins with this type.
            dump.item(bindings::VNET_CMD_BLOCK_TYPE_GET, |writer| {
                fill(writer, kind)
            })?;
        }
        dump.set_cursor(dump.cursor().saturating_add(1));
    }
    Ok(())
}

fn fill(writer: &mut Writer<'_>, kind: &Type) -> Result {
    writer.text(bindings::VNET_A_BLOCK_TYPE_NAME, kind.name)?;
    writer.text(bindings::VNET_A_BLOCK_TYPE_DOC, kind.doc)?;
    for port in kind.ports {
        writer.nest(bindings::VNET_A_BLOCK_TYPE_PORT, |nest| {
            fill_port(nest, port)
        })?;
    }
    for param in kind.params {
        writer.nest(bindings::VNET_A_BLOCK_TYPE_PARAM, |nest| {
            fill_param(nest, param)
        })?;
    }
    for event in kind.events {
        writer.nest(bindings::VNET_A_BLOCK_TYPE_EVENT, |nest| {
            fill_event(nest, event)
        })?;
    }
    Ok(())
}

fn fill_event(writer: &mut Writer<'_>, one: &EventUse) -> Result {
    writer.u32(bindings::VNET_A_BLOCK_TYPE_EVENT_EVENT, one.event as u32)?;
    writer.u32(
        bindings::VNET_A_BLOCK_TYPE_EVENT_RAISED,
        u32::from(one.raised),
    )?;
    writer.text(bindings::VNET_A_BLOCK_TYPE_EVENT_DOC, one.doc)
}

fn fill_port(writer: &mut Writer<'_>, port: &Port) -> Result {
    writer.text(bindings::VNET_A_BLOCK_TYPE_PORT_NAME, port.name)?;
    writer.u32(bindings::VNET_A_BLOCK_TYPE_PORT_SIDE, side(port.side))?;
    writer.u32(
        bindings::VNET_A_BLOCK_TYPE_PORT_CARRIES,
        carries(port.carries),
    )?;
    writer.u32(
        bindings::VNET_A_BLOCK_TYPE_PORT_NUMBERED,
        u32::from(port.numbered.is_some()),
    )?;
    writer.text(bindings::VNET_A_BLOCK_TYPE_PORT_DOC, port.doc)
}

/// The attributes that a parameter and a field have in common.
struct Kinds {
    name: u32,
    doc: u32,
    kind: u32,
    required: u32,
    least: u32,
    most: u32,
    default: u32,
    unit: u32,
}

const PARAM: Kinds = Kinds {
    name: bindings::VNET_A_BLOCK_TYPE_PARAM_NAME,
    doc: bindings::VNET_A_BLOCK_TYPE_PARAM_DOC,
    kind: bindings::VNET_A_BLOCK_TYPE_PARAM_KIND,
    required: bindings::VNET_A_BLOCK_TYPE_PARAM_REQUIRED,
    least: bindings::VNET_A_BLOCK_TYPE_PARAM_LEAST,
    most: bindings::VNET_A_BLOCK_TYPE_PARAM_MOST,
    default: bindings::VNET_A_BLOCK_TYPE_PARAM_DEFAULT,
    unit: bindings::VNET_A_BLOCK_TYPE_PARAM_UNIT,
};

const FIELD: Kinds = Kinds {
    name: bindings::VNET_A_BLOCK_TYPE_FIELD_NAME,
    doc: bindings::VNET_A_BLOCK_TYPE_FIELD_DOC,
    kind: bindings::VNET_A_BLOCK_TYPE_FIELD_KIND,
    required: bindings::VNET_A_BLOCK_TYPE_FIELD_REQUIRED,
    least: bindings::VNET_A_BLOCK_TYPE_FIELD_LEAST,
    most: bindings::VNET_A_BLOCK_TYPE_FIELD_MOST,
    default: bindings::VNET_A_BLOCK_TYPE_FIELD_DEFAULT,
    unit: bindings::VNET_A_BLOCK_TYPE_FIELD_UNIT,
};

fn fill_param(writer: &mut Writer<'_>, param: &Param) -> Result {
    fill_common(writer, param, &PARAM)?;
    writer.u32(
        bindings::VNET_A_BLOCK_TYPE_PARAM_ACCESS,
        param.access as u32,
    )?;
    if let Kind::Records(_, fields) = param.kind {
        for field in fields {
            writer.nest(bindings::VNET_A_BLOCK_TYPE_PARAM_FIELD, |nest| {
                fill_common(nest, field, &FIELD)
            })?;
        }
    }
    Ok(())
}

fn fill_common(writer: &mut Writer<'_>, param: &Param, kinds: &Kinds) -> Result {
    writer.text(kinds.name, param.name)?;
    writer.text(kinds.doc, param.doc)?;
    writer.u32(kinds.required, u32::from(param.required))?;
    let (kind, least, most) = match &param.kind {
        Kind::Uint(uint) => (
            bindings::vnet_block_param_kind_VNET_BLOCK_PARAM_KIND_UINT,
            uint.min,
            uint.max,
        ),
        Kind::Bool(_) => (
            bindings::vnet_block_param_kind_VNET_BLOCK_PARAM_KIND_BOOL,
            0,
            1,
        ),
        Kind::Text(max) => (
            bindings::vnet_block_param_kind_VNET_BLOCK_PARAM_KIND_TEXT,
            1,
            *max as u64,
        ),
        Kind::Data(min, max) => (
            bindings::vnet_block_param_kind_VNET_BLOCK_PARAM_KIND_DATA,
            *min as u64,
            *max as u64,
        ),
        Kind::Records(max, _) => (
            bindings::vnet_block_param_kind_VNET_BLOCK_PARAM_KIND_RECORDS,
            0,
            *max as u64,
        ),
    };
    writer.u32(kinds.kind, kind)?;
    writer.uint(kinds.least, least)?;
    writer.uint(kinds.most, most)?;
    match &param.kind {
        Kind::Uint(uint) => {
            if let Some(default) = uint.default {
                writer.uint(kinds.default, default)?;
            }
            if let Some(unit) = uint.unit {
                writer.text(kinds.unit, unit)?;
            }
        }
        Kind::Bool(default) => writer.uint(kinds.default, u64::from(*default))?,
        Kind::Text(_) | Kind::Data(..) | Kind::Records(..) => {}
    }
    Ok(())
}
