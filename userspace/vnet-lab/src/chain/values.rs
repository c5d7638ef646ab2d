// SPDX-License-Identifier: GPL-2.0

//! Values of parameters: from text as the type declares it, and back.

use std::collections::BTreeMap;

use serde_json::{json, Value};
pub use vnet_topology::blocks::value::{show_number, ValueError};
use vnet_topology::blocks::value::{split_records, Kind, Rule, Simple};
use vnet_topology::plan::ParamPlan;
use vnet_uapi::{
    BlockField, BlockParam, BlockParamKind, BlockRecord, BlockType, BlockTypeField, BlockTypeParam,
};

use crate::error::near;

/// A parameter by name, with its declaration.
pub fn find<'t>(kind: &'t BlockType, name: &str) -> Result<&'t BlockTypeParam, ValueError> {
    let known = || kind.param.iter().filter_map(|param| param.name.as_deref());
    let found = kind
        .param
        .iter()
        .find(|param| param.name.as_deref() == Some(name));
    found.ok_or_else(|| {
        let type_name = kind.name.as_deref().unwrap_or_default();
        let hint = match (near(name, known()), known().next()) {
            (Some(near), _) => format!("; did you mean {near}?"),
            (None, Some(_)) => format!("; it has {}", known().collect::<Vec<_>>().join(", ")),
            (None, None) => "; it has none".into(),
        };
        ValueError(format!(
            "the type {type_name} has no parameter {name}{hint}"
        ))
    })
}

/// A parameter for a request.
pub fn read(kind: &BlockType, name: &str, value: &ParamPlan) -> Result<BlockParam, ValueError> {
    let declared = find(kind, name)?;
    let rule = of_param(declared);
    let records = match (rule.kind, value) {
        (Some(Kind::Records), ParamPlan::Text(text)) => split_records(name, text)?,
        (Some(Kind::Records), ParamPlan::Records(records)) => records.clone(),
        (_, ParamPlan::Records(_)) => {
            return Err(ValueError(format!(
                "{name} is {}, not a list",
                rule.describe()
            )))
        }
        (_, ParamPlan::Text(text)) => {
            let field = field(name, rule.read(text)?);
            return Ok(BlockParam {
                name: field.name,
                uint: field.uint,
                text: field.text,
                data: field.data,
                ..Default::default()
            });
        }
    };
    let record = records
        .iter()
        .map(|record| read_record(declared, record))
        .collect::<Result<_, _>>()?;
    Ok(BlockParam {
        name: Some(name.into()),
        record,
        ..Default::default()
    })
}

fn read_record(
    declared: &BlockTypeParam,
    record: &BTreeMap<String, String>,
) -> Result<BlockRecord, ValueError> {
    let of = declared.name.as_deref().unwrap_or_default();
    let known = || {
        declared
            .field
            .iter()
            .filter_map(|field| field.name.as_deref())
    };
    let field = record
        .iter()
        .map(|(name, value)| {
            let declared = declared
                .field
                .iter()
                .find(|field| field.name.as_deref() == Some(name));
            let declared = declared.ok_or_else(|| {
                let all: Vec<&str> = known().collect();
                ValueError(format!(
                    "a record of {of} has no field {name}; it has {}",
                    all.join(", ")
                ))
            })?;
            Ok(field(name, of_field(declared).read(value)?))
        })
        .collect::<Result<_, ValueError>>()?;
    Ok(BlockRecord { field })
}

/// What the value of a parameter has to be.
fn of_param(param: &BlockTypeParam) -> Rule<'_> {
    Rule {
        name: param.name.as_deref().unwrap_or_default(),
        kind: kind_of(param.kind),
        least: param.least.unwrap_or(0),
        most: param.most.unwrap_or(u64::MAX),
        unit: param.unit.as_deref(),
    }
}

/// What the value of a record's field has to be.
fn of_field(field: &BlockTypeField) -> Rule<'_> {
    Rule {
        name: field.name.as_deref().unwrap_or_default(),
        kind: kind_of(field.kind),
        least: field.least.unwrap_or(0),
        most: field.most.unwrap_or(u64::MAX),
        unit: field.unit.as_deref(),
    }
}

fn kind_of(number: Option<u32>) -> Option<Kind> {
    Some(match number.and_then(BlockParamKind::from_number)? {
        BlockParamKind::Uint => Kind::Uint,
        BlockParamKind::Bool => Kind::Bool,
        BlockParamKind::Text => Kind::Text,
        BlockParamKind::Data => Kind::Data,
        BlockParamKind::Records => Kind::Records,
    })
}

/// As a request has it.
fn field(name: &str, simple: Simple) -> BlockField {
    let mut field = BlockField {
        name: Some(name.into()),
        ..Default::default()
    };
    match simple {
        Simple::Uint(value) => field.uint = Some(value),
        Simple::Text(text) => field.text = Some(text),
        Simple::Data(data) => field.data = Some(data),
    }
    field
}

/// A value in words that can be written in its place.
pub fn show(value: &BlockParam, declared: Option<&BlockTypeParam>) -> String {
    if let Some(text) = show_simple(
        value.uint,
        value.text.as_deref(),
        value.data.as_deref(),
        declared.and_then(|param| param.kind),
        declared.and_then(|param| param.unit.as_deref()),
    ) {
        return text;
    }
    let fields = |record: &BlockRecord| -> String {
        let all: Vec<String> = record
            .field
            .iter()
            .map(|field| {
                let name = field.name.as_deref().unwrap_or_default();
                let known = declared
                    .and_then(|param| param.field.iter().find(|f| f.name.as_deref() == Some(name)));
                let value = show_simple(
                    field.uint,
                    field.text.as_deref(),
                    field.data.as_deref(),
                    known.and_then(|field| field.kind),
                    known.and_then(|field| field.unit.as_deref()),
                );
                format!("{name}:{}", value.unwrap_or_default())
            })
            .collect();
        all.join(",")
    };
    let records: Vec<String> = value.record.iter().map(fields).collect();
    records.join("; ")
}

fn show_simple(
    uint: Option<u64>,
    text: Option<&str>,
    data: Option<&[u8]>,
    kind: Option<u32>,
    unit: Option<&str>,
) -> Option<String> {
    match (uint, text, data) {
        (Some(value), ..) if kind == Some(BlockParamKind::Bool as u32) => {
            Some((value != 0).to_string())
        }
        (Some(value), ..) => Some(show_number(value, unit)),
        (_, Some(text), _) => Some(text.to_owned()),
        (.., Some(data)) => Some(hexadecimal(data)),
        _ => None,
    }
}

/// A value as JSON: numbers without unit, bytes in hexadecimal digits.
pub fn to_json(value: &BlockParam) -> Value {
    let simple =
        |uint: Option<u64>, text: &Option<String>, data: &Option<Vec<u8>>| match (uint, text, data)
        {
            (Some(value), ..) => Some(json!(value)),
            (_, Some(text), _) => Some(json!(text)),
            (.., Some(data)) => Some(json!(hexadecimal(data))),
            _ => None,
        };
    simple(value.uint, &value.text, &value.data).unwrap_or_else(|| {
        let records = value.record.iter().map(|record| {
            let fields = record.field.iter().map(|field| {
                let value = simple(field.uint, &field.text, &field.data);
                (
                    field.name.clone().unwrap_or_default(),
                    value.unwrap_or(Value::Null),
                )
            });
            Value::Object(fields.collect())
        });
        Value::Array(records.collect())
    })
}

fn hexadecimal(data: &[u8]) -> String {
    let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(
        name: &str,
        kind: BlockParamKind,
        range: (u64, u64),
        unit: Option<&str>,
    ) -> BlockTypeParam {
        BlockTypeParam {
            name: Some(name.into()),
            kind: Some(kind as u32),
            least: Some(range.0),
            most: Some(range.1),
            unit: unit.map(Into::into),
            ..Default::default()
        }
    }

    fn kind() -> BlockType {
        let field = |name: &str, kind| BlockTypeField {
            name: Some(name.into()),
            kind: Some(kind as u32),
            ..Default::default()
        };
        BlockType {
            name: Some("sample".into()),
            param: vec![
                declared("wait", BlockParamKind::Uint, (1, 1_000_000), Some("ns")),
                declared("size", BlockParamKind::Uint, (0, 1 << 20), Some("bytes")),
                declared("number", BlockParamKind::Uint, (1, 9), None),
                declared("strict", BlockParamKind::Bool, (0, 1), None),
                declared("device", BlockParamKind::Text, (1, 15), None),
                declared("mac", BlockParamKind::Data, (6, 6), None),
                BlockTypeParam {
                    field: vec![
                        field("port", BlockParamKind::Uint),
                        field("source", BlockParamKind::Data),
                    ],
                    ..declared("rules", BlockParamKind::Records, (0, 8), None)
                },
            ],
            ..Default::default()
        }
    }

    fn text(name: &str, value: &str) -> Result<String, String> {
        let kind = kind();
        read(&kind, name, &ParamPlan::Text(value.into()))
            .map(|param| show(&param, find(&kind, name).ok()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_come_back() {
        for (name, value, shown) in [
            ("wait", "150us", "150us"),
            ("wait", "1000", "1us"),
            ("size", "64KB", "64KB"),
            ("number", "7", "7"),
            ("strict", "on", "true"),
            ("device", "eth0", "eth0"),
            ("mac", "02:00:00:00:00:01", "0x020000000001"),
            ("mac", "0x0a0b0c0d0e0f", "0x0a0b0c0d0e0f"),
            (
                "rules",
                "port:80,source:10.0.0.1; port:443",
                "port:80,source:0x0a000001; port:443",
            ),
            ("rules", "", ""),
        ] {
            assert_eq!(text(name, value).as_deref(), Ok(shown), "{name}={value}");
        }
    }

    #[test]
    fn mistakes_say_what_to_do() {
        for (name, value, message) in [
            ("wiat", "1", "the type sample has no parameter wiat; did you mean wait?"),
            ("wait", "1s", "wait: `1s` is not within 1ns and 1ms"),
            ("number", "x", "number: `x` is not a number; number is a whole number from 1 to 9"),
            ("strict", "2", "strict: `2` is neither true nor false"),
            ("device", "a-very-long-name", "device has 1 to 15 bytes, not 16"),
            ("mac", "10.0.0.1", "mac has 6 bytes, not 4"),
            ("mac", "zz", "mac: `zz` is not bytes; write them as 0x0a0b0c, or as a MAC or IP address"),
            ("rules", "port", "`port` of rules has no value; records are written FIELD:VALUE,FIELD:VALUE;FIELD:VALUE"),
            ("rules", "x:1", "a record of rules has no field x; it has port, source"),
        ] {
            assert_eq!(text(name, value), Err(message.into()), "{name}={value}");
        }
        let list = ParamPlan::Records(Vec::new());
        let error = read(&kind(), "wait", &list).unwrap_err();
        assert_eq!(error.to_string(), "wait is a time, not a list");
    }

    #[test]
    fn json_is_plain() {
        let kind = kind();
        let value = |name: &str, text: &str| {
            to_json(&read(&kind, name, &ParamPlan::Text(text.into())).unwrap())
        };
        assert_eq!(value("wait", "1us"), json!(1000));
        assert_eq!(value("rules", "port:80"), json!([{"port": 80}]));
        assert_eq!(value("mac", "0x000000000001"), json!("0x000000000001"));
    }
}
