// SPDX-License-Identifier: GPL-2.0

//! From the spec to Rust.

use std::fmt::Write;

use super::spec::{Attribute, AttributeSet, Definition, Spec};

const HEAD: &str = "\
// SPDX-License-Identifier: GPL-2.0
// Generated from Documentation/netlink/specs/vnet.yaml; do not edit.
// To renew it: VNET_REGEN=1 cargo test -p vnet-uapi-codegen

//! Numbers and message types of the control interface.

use netlink_packet_core::DecodeError;
use serde::{Deserialize, Serialize};

use crate::attr::{self, AttrSpec, Attributes, Encoder, SetSpec};

";

pub fn render(spec: &Spec) -> Result<String, String> {
    if spec.protocol != "genetlink" {
        return Err(format!("protocol {} is not known", spec.protocol));
    }
    let mut out = String::from(HEAD);
    line(&mut out, "/// Name of the generic netlink family.");
    line(
        &mut out,
        &format!("pub const FAMILY_NAME: &str = {:?};", spec.name),
    );
    line(&mut out, "/// Version of the interface.");
    line(
        &mut out,
        &format!("pub const FAMILY_VERSION: u8 = {};", spec.version),
    );
    for group in &spec.mcast_groups.list {
        line(&mut out, "/// Name of a multicast group.");
        let name = upper(&group.name);
        line(
            &mut out,
            &format!("pub const GROUP_{name}: &str = {:?};", group.name),
        );
    }
    for definition in &spec.definitions {
        render_definition(&mut out, definition)?;
    }
    render_operations(&mut out, spec);
    for set in &spec.attribute_sets {
        render_set(&mut out, set)?;
    }
    Ok(out)
}

fn render_definition(out: &mut String, definition: &Definition) -> Result<(), String> {
    match definition.kind.as_str() {
        "const" => {
            doc(out, &definition.doc, &definition.name);
            let value = definition
                .value
                .ok_or_else(|| format!("constant {} has no value", definition.name))?;
            let name = upper(&definition.name);
            line(out, &format!("pub const {name}: u64 = {value};"));
            Ok(())
        }
        "enum" => {
            render_enum(out, definition);
            Ok(())
        }
        other => Err(format!("definitions of type {other} are not known")),
    }
}

fn render_enum(out: &mut String, definition: &Definition) {
    let name = camel(&definition.name);
    doc(out, &definition.doc, &definition.name);
    line(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]",
    );
    line(out, "#[serde(rename_all = \"kebab-case\")]");
    line(out, &format!("pub enum {name} {{"));
    for entry in &definition.entries {
        doc(out, &entry.doc, &entry.name);
        line(out, &format!("{},", camel(&entry.name)));
    }
    line(out, "}");
    line(out, &format!("impl {name} {{"));
    line(out, "/// All values in the order of their numbers.");
    line(out, &format!("pub const ALL: &[{name}] = &["));
    for entry in &definition.entries {
        line(out, &format!("{name}::{},", camel(&entry.name)));
    }
    line(out, "];");
    line(out, "/// The name in the spec.");
    line(out, "pub fn name(self) -> &'static str { match self {");
    for entry in &definition.entries {
        let variant = camel(&entry.name);
        line(out, &format!("{name}::{variant} => {:?},", entry.name));
    }
    line(out, "} }");
    line(
        out,
        "/// The value of that number; `None` for one that only a newer kernel knows.",
    );
    line(
        out,
        "pub fn from_number(number: u32) -> Option<Self> { Self::ALL.get(number as usize).copied() }",
    );
    line(out, "}");
}

fn render_operations(out: &mut String, spec: &Spec) {
    line(out, "/// Commands and notifications of the family.");
    line(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]",
    );
    line(out, "#[repr(u8)]");
    line(out, "pub enum Command {");
    for (index, operation) in spec.operations.list.iter().enumerate() {
        doc(out, &operation.doc, &operation.name);
        line(out, &format!("{} = {},", camel(&operation.name), index + 1));
    }
    line(out, "}");
    line(out, "impl Command {");
    line(out, "/// The command of that number.");
    line(
        out,
        "pub fn from_number(number: u8) -> Option<Self> { Some(match number {",
    );
    for (index, operation) in spec.operations.list.iter().enumerate() {
        line(
            out,
            &format!("{} => Command::{},", index + 1, camel(&operation.name)),
        );
    }
    line(out, "_ => return None, }) }");
    line(out, "/// The name in the spec.");
    line(out, "pub fn name(self) -> &'static str { match self {");
    for operation in &spec.operations.list {
        line(
            out,
            &format!(
                "Command::{} => {:?},",
                camel(&operation.name),
                operation.name
            ),
        );
    }
    line(out, "} }");
    line(out, "/// Whether the kernel sends it on its own.");
    line(out, "pub fn is_notification(self) -> bool { matches!(self,");
    let notifications: Vec<String> = spec
        .operations
        .list
        .iter()
        .filter(|operation| operation.notify.is_some())
        .map(|operation| format!("Command::{}", camel(&operation.name)))
        .collect();
    line(out, &notifications.join(" | "));
    line(out, ") }");
    line(out, "}");
}

fn render_set(out: &mut String, set: &AttributeSet) -> Result<(), String> {
    let name = camel(&set.name);
    doc(out, &set.doc, &set.name);
    line(
        out,
        "#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]",
    );
    line(out, "#[serde(default, rename_all = \"kebab-case\")]");
    line(out, &format!("pub struct {name} {{"));
    let mut encode = String::new();
    let mut decode = String::new();
    let mut specs = String::new();
    for (index, attribute) in set.attributes.iter().enumerate() {
        let number = index + 1;
        let nested = match &attribute.nested_attributes {
            Some(nested) => format!("Some(&{}::SPEC)", camel(nested)),
            None => "None".into(),
        };
        line(
            &mut specs,
            &format!(
                "AttrSpec {{ number: {number}, name: {:?}, nested: {nested} }},",
                attribute.name
            ),
        );
        let field = snake(&attribute.name);
        let Some(ty) = RustType::of(attribute)? else {
            continue;
        };
        doc(out, &attribute.doc, &attribute.name);
        line(out, ty.serde_skip());
        line(out, &format!("pub {field}: {},", ty.field()));
        line(&mut encode, &ty.encode(number, &field));
        line(&mut decode, &ty.decode(number, &field));
    }
    line(out, "}");
    line(out, &format!("impl Attributes for {name} {{"));
    line(
        out,
        &format!(
            "const SPEC: SetSpec = SetSpec {{ name: {:?}, attributes: &[{specs}] }};",
            set.name
        ),
    );
    line(
        out,
        &format!("fn encode(&self, out: &mut Encoder) {{ {encode} }}"),
    );
    line(
        out,
        &format!(
            "fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {{
                let mut set = Self::default();
                for item in attr::iterate(bytes) {{
                    let (number, value) = item?;
                    match number {{ {decode} _ => {{}} }}
                }}
                Ok(set)
            }}"
        ),
    );
    line(out, "}");
    Ok(())
}

/// How an attribute appears in Rust.
enum RustType {
    U32,
    Uint,
    Text,
    Bytes(usize),
    Blob,
    Nest(String),
    Nests(String),
}

impl RustType {
    /// `None` for padding, which has no field.
    fn of(attribute: &Attribute) -> Result<Option<RustType>, String> {
        let nested = || {
            attribute
                .nested_attributes
                .as_deref()
                .map(camel)
                .ok_or_else(|| format!("nest {} has no attributes", attribute.name))
        };
        if attribute.enumeration.is_some() && attribute.kind != "u32" {
            return Err(format!("enum {} is not u32", attribute.name));
        }
        Ok(Some(
            match (attribute.kind.as_str(), attribute.multi_attr) {
                ("pad", false) => return Ok(None),
                ("u32", false) => RustType::U32,
                ("uint", false) => RustType::Uint,
                ("string", false) => RustType::Text,
                ("binary", false) => match attribute.checks.exact_len {
                    Some(length) => RustType::Bytes(length),
                    None => RustType::Blob,
                },
                ("nest", false) => RustType::Nest(nested()?),
                ("nest", true) => RustType::Nests(nested()?),
                (kind, multi) => {
                    return Err(format!(
                        "attribute {}: type {kind}, multi-attr {multi} is not known",
                        attribute.name
                    ))
                }
            },
        ))
    }

    fn field(&self) -> String {
        match self {
            RustType::U32 => "Option<u32>".into(),
            RustType::Uint => "Option<u64>".into(),
            RustType::Text => "Option<String>".into(),
            RustType::Bytes(length) => format!("Option<[u8; {length}]>"),
            RustType::Blob => "Option<Vec<u8>>".into(),
            RustType::Nest(name) => format!("Option<{name}>"),
            RustType::Nests(name) => format!("Vec<{name}>"),
        }
    }

    fn serde_skip(&self) -> &'static str {
        match self {
            RustType::Nests(_) => "#[serde(skip_serializing_if = \"Vec::is_empty\")]",
            _ => "#[serde(skip_serializing_if = \"Option::is_none\")]",
        }
    }

    fn encode(&self, number: usize, field: &str) -> String {
        match self {
            RustType::U32 => {
                format!("if let Some(value) = self.{field} {{ out.u32({number}, value); }}")
            }
            RustType::Uint => {
                format!("if let Some(value) = self.{field} {{ out.uint({number}, value); }}")
            }
            RustType::Text => {
                format!("if let Some(value) = &self.{field} {{ out.string({number}, value); }}")
            }
            RustType::Bytes(_) | RustType::Blob => {
                format!("if let Some(value) = &self.{field} {{ out.bytes({number}, value); }}")
            }
            RustType::Nest(_) => {
                format!("if let Some(value) = &self.{field} {{ out.nest({number}, value); }}")
            }
            RustType::Nests(_) => {
                format!("for value in &self.{field} {{ out.nest({number}, value); }}")
            }
        }
    }

    fn decode(&self, number: usize, field: &str) -> String {
        match self {
            RustType::U32 => format!("{number} => set.{field} = Some(attr::u32(value)?),"),
            RustType::Uint => format!("{number} => set.{field} = Some(attr::uint(value)?),"),
            RustType::Text => format!("{number} => set.{field} = Some(attr::string(value)?),"),
            RustType::Bytes(_) => format!("{number} => set.{field} = Some(attr::array(value)?),"),
            RustType::Blob => format!("{number} => set.{field} = Some(value.to_vec()),"),
            RustType::Nest(name) => {
                format!("{number} => set.{field} = Some({name}::decode(value)?),")
            }
            RustType::Nests(name) => {
                format!("{number} => set.{field}.push({name}::decode(value)?),")
            }
        }
    }
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

/// A doc comment; the name stands in where the spec says nothing.
fn doc(out: &mut String, text: &str, name: &str) {
    let text = match text.trim() {
        "" => {
            let mut words = name.replace('-', " ");
            words[..1].make_ascii_uppercase();
            words + "."
        }
        text => text.to_string(),
    };
    for part in wrap(&text, 100) {
        line(out, &format!("/// {part}"));
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("never empty");
        if last.is_empty() {
            last.push_str(word);
        } else if last.len() + 1 + word.len() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}

fn upper(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn camel(name: &str) -> String {
    name.split('-')
        .map(|part| {
            let mut part = part.to_string();
            part[..1].make_ascii_uppercase();
            part
        })
        .collect()
}
