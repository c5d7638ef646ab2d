// SPDX-License-Identifier: GPL-2.0

//! Reading parameters of a block as its type declares them.

use crate::{
    bindings,
    fb::{
        block::{
            Refused,
            Type, //
        },
        param::{
            Access,
            Kind,
            Param,
            Value,
            Values, //
        }, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            Request,
            BLOCK_FIELD_POLICY,
            BLOCK_PARAM_POLICY, //
        }, //
    },
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// What the request is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Make a block, or one in the place of another.
    New,
    /// Change one.
    Set,
}

type ParamNest<'a> = Nest<'a, { bindings::VNET_A_BLOCK_PARAM_PAD as usize + 1 }>;
type FieldNest<'a> = Nest<'a, { bindings::VNET_A_BLOCK_FIELD_PAD as usize + 1 }>;

/// The parameters in a request, with their contents.
fn given<'a>(request: &Request<'a>) -> impl Iterator<Item = Attr<'a>> {
    let all = request.all();
    all.filter(|attr| attr.kind() == bindings::VNET_A_BLOCK_PARAM)
}

/// Changes values as a request says.
pub(super) fn read(request: &Request<'_>, kind: &Type, values: &mut Values, when: When) -> Result {
    let extack = request.extack();
    // One bit for each parameter; no type has more than 64.
    let mut seen = 0u64;
    for attr in given(request) {
        let nest: ParamNest<'_> = attr.nested(&BLOCK_PARAM_POLICY, extack)?;
        let name = name_in(nest.get(bindings::VNET_A_BLOCK_PARAM_NAME), attr, extack)?;
        let place = kind.place_of(name.text());
        let found = place.and_then(|place| Some((place, kind.params.get(place)?)));
        let Some((place, param)) = found else {
            let message = c"the type has no such parameter";
            return Err(extack.refuse(Some(name), message, ENOENT));
        };
        let bit = 1u64.checked_shl(place as u32).unwrap_or(0);
        if seen & bit != 0 {
            return Err(extack.refuse(Some(name), c"the parameter is given twice", EINVAL));
        }
        seen |= bit;
        match (param.access, when) {
            (Access::Told, _) => {
                let message = c"the parameter is read only";
                return Err(extack.refuse(Some(name), message, EINVAL));
            }
            (Access::Initial, When::Set) => {
                let message = c"the parameter is given when the block is made or replaced";
                return Err(extack.refuse(Some(name), message, EINVAL));
            }
            _ => {}
        }
        values.set(place, value_in(param, attr, &nest, extack)?);
    }
    for (place, param) in kind.params.iter().enumerate() {
        if param.required && matches!(values.get(place), Value::Absent) {
            extack.miss(bindings::VNET_A_BLOCK_PARAM);
            return Err(complain(
                extack,
                None,
                EINVAL,
                fmt!(
                    "a block of this type needs the parameter {}",
                    param.name.to_str().unwrap_or("")
                ),
            ));
        }
    }
    Ok(())
}

/// Says why a block refuses its parameters.
pub(super) fn refuse(request: &Request<'_>, kind: &Type, refused: Refused) -> Error {
    let extack = request.extack();
    if let Some(message) = refused.message {
        extack.set_msg(message);
    }
    let param = refused.param.and_then(|place| kind.params.get(place));
    if let Some(param) = param {
        let blamed = given(request).find(|attr| {
            let mut parts = attr.children();
            let name = parts.find(|part| part.kind() == bindings::VNET_A_BLOCK_PARAM_NAME);
            name.is_some_and(|name| name.text() == param.name.to_bytes())
        });
        extack.blame(blamed);
    }
    refused.error
}

fn name_in<'a>(name: Option<Attr<'a>>, within: Attr<'a>, extack: ExtAck) -> Result<Attr<'a>> {
    name.ok_or_else(|| extack.refuse(Some(within), c"a parameter needs a name", EINVAL))
}

/// The value of a parameter.
fn value_in(param: &Param, attr: Attr<'_>, nest: &ParamNest<'_>, extack: ExtAck) -> Result<Value> {
    let Kind::Records(max, fields) = param.kind else {
        if let Some(wrong) = nest.get(bindings::VNET_A_BLOCK_PARAM_RECORD) {
            let message = c"the parameter is not a list of records";
            return Err(extack.refuse(Some(wrong), message, EINVAL));
        }
        let parts = Parts {
            uint: nest.get(bindings::VNET_A_BLOCK_PARAM_UINT),
            text: nest.get(bindings::VNET_A_BLOCK_PARAM_TEXT),
            data: nest.get(bindings::VNET_A_BLOCK_PARAM_DATA),
        };
        return simple(param, attr, &parts, extack);
    };
    let others = [
        bindings::VNET_A_BLOCK_PARAM_UINT,
        bindings::VNET_A_BLOCK_PARAM_TEXT,
        bindings::VNET_A_BLOCK_PARAM_DATA,
    ];
    if let Some(wrong) = others.into_iter().find_map(|kind| nest.get(kind)) {
        return Err(extack.refuse(Some(wrong), c"the parameter is a list of records", EINVAL));
    }
    let mut records = KVVec::new();
    let all = attr.children();
    for record in all.filter(|part| part.kind() == bindings::VNET_A_BLOCK_PARAM_RECORD) {
        if records.len() >= max {
            return Err(complain(
                extack,
                Some(record),
                E2BIG,
                fmt!("there are more than {max} records"),
            ));
        }
        records.push(record_in(fields, record, extack)?, GFP_KERNEL)?;
    }
    Ok(Value::Records(records))
}

fn record_in(fields: &[Param], record: Attr<'_>, extack: ExtAck) -> Result<Values> {
    let mut values = Values::defaults(fields)?;
    let mut seen = 0u64;
    for attr in record.children() {
        let nest: FieldNest<'_> = attr.nested(&BLOCK_FIELD_POLICY, extack)?;
        let name = name_in(nest.get(bindings::VNET_A_BLOCK_FIELD_NAME), attr, extack)?;
        let place = fields
            .iter()
            .position(|field| field.name.to_bytes() == name.text());
        let found = place.and_then(|place| Some((place, fields.get(place)?)));
        let Some((place, field)) = found else {
            let message = c"the record has no such field";
            return Err(extack.refuse(Some(name), message, ENOENT));
        };
        let bit = 1u64.checked_shl(place as u32).unwrap_or(0);
        if seen & bit != 0 {
            return Err(extack.refuse(Some(name), c"the field is given twice", EINVAL));
        }
        seen |= bit;
        let parts = Parts {
            uint: nest.get(bindings::VNET_A_BLOCK_FIELD_UINT),
            text: nest.get(bindings::VNET_A_BLOCK_FIELD_TEXT),
            data: nest.get(bindings::VNET_A_BLOCK_FIELD_DATA),
        };
        values.set(place, simple(field, attr, &parts, extack)?);
    }
    for (place, field) in fields.iter().enumerate() {
        if field.required && matches!(values.get(place), Value::Absent) {
            return Err(complain(
                extack,
                Some(record),
                EINVAL,
                fmt!(
                    "the record needs the field {}",
                    field.name.to_str().unwrap_or("")
                ),
            ));
        }
    }
    Ok(values)
}

/// The attributes of which one is the value.
struct Parts<'a> {
    uint: Option<Attr<'a>>,
    text: Option<Attr<'a>>,
    data: Option<Attr<'a>>,
}

/// A value that is no list.
fn simple(param: &Param, whole: Attr<'_>, parts: &Parts<'_>, extack: ExtAck) -> Result<Value> {
    match (&param.kind, parts.uint, parts.text, parts.data) {
        (Kind::Uint(range), Some(attr), None, None) => {
            let value = attr.uint();
            if value < range.min || value > range.max {
                return Err(complain(
                    extack,
                    Some(attr),
                    ERANGE,
                    fmt!(
                        "{} is not within {} to {}",
                        param.name.to_str().unwrap_or(""),
                        range.min,
                        range.max
                    ),
                ));
            }
            Ok(Value::Uint(value))
        }
        (Kind::Bool(_), Some(attr), None, None) => match attr.uint() {
            value @ 0..=1 => Ok(Value::Uint(value)),
            _ => Err(extack.refuse(Some(attr), c"the parameter is 0 or 1", ERANGE)),
        },
        (Kind::Text(max), None, Some(attr), None) => {
            if attr.text().len() > *max {
                return Err(complain(
                    extack,
                    Some(attr),
                    ERANGE,
                    fmt!(
                        "{} has more than {max} bytes",
                        param.name.to_str().unwrap_or("")
                    ),
                ));
            }
            if attr.text().is_empty() {
                return Err(extack.refuse(Some(attr), c"the text is empty", EINVAL));
            }
            let Ok(text) = core::str::from_utf8(attr.text()) else {
                return Err(extack.refuse(Some(attr), c"the text is not UTF-8", EINVAL));
            };
            Ok(Value::Text(CString::try_from_fmt(fmt!("{text}"))?))
        }
        (Kind::Data(min, max), None, None, Some(attr)) => {
            let bytes = attr.bytes();
            if !(*min..=*max).contains(&bytes.len()) {
                return Err(complain(
                    extack,
                    Some(attr),
                    ERANGE,
                    fmt!(
                        "{} has not {min} to {max} bytes",
                        param.name.to_str().unwrap_or("")
                    ),
                ));
            }
            let mut data = KVVec::with_capacity(bytes.len(), GFP_KERNEL)?;
            data.extend_from_slice(bytes, GFP_KERNEL)?;
            Ok(Value::Data(data))
        }
        (Kind::Uint(_) | Kind::Bool(_), ..) => {
            Err(extack.refuse(Some(whole), c"the parameter is given as uint", EINVAL))
        }
        (Kind::Text(_), ..) => {
            Err(extack.refuse(Some(whole), c"the parameter is given as text", EINVAL))
        }
        (Kind::Data(..) | Kind::Records(..), ..) => {
            Err(extack.refuse(Some(whole), c"the parameter is given as data", EINVAL))
        }
    }
}

/// Refuses with a message that is made now.
fn complain(
    extack: ExtAck,
    attr: Option<Attr<'_>>,
    error: Error,
    message: core::fmt::Arguments<'_>,
) -> Error {
    extack.blame(attr);
    match CString::try_from_fmt(message) {
        Ok(text) => {
            extack.set_text(text.to_str().unwrap_or(""));
            error
        }
        Err(failed) => failed,
    }
}
