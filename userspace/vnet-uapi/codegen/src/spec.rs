// SPDX-License-Identifier: GPL-2.0

//! The parts of a YNL spec that the generator reads.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    pub name: String,
    #[allow(dead_code)]
    pub doc: Option<String>,
    pub protocol: String,
    /// Every family has one; the plain genetlink schema fixes it at 1.
    #[serde(default = "one")]
    pub version: u8,
    #[serde(default)]
    pub definitions: Vec<Definition>,
    pub attribute_sets: Vec<AttributeSet>,
    pub operations: Operations,
    #[serde(default)]
    pub mcast_groups: Groups,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub doc: String,
    pub value: Option<u64>,
    /// Where the kernel's header has it; all are of use here.
    #[allow(dead_code)]
    pub scope: Option<String>,
    #[allow(dead_code)]
    pub render_max: Option<bool>,
    #[serde(default)]
    pub entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: String,
    #[serde(default)]
    pub doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeSet {
    pub name: String,
    #[serde(default)]
    pub doc: String,
    pub attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attribute {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub doc: String,
    #[serde(rename = "enum")]
    pub enumeration: Option<String>,
    pub nested_attributes: Option<String>,
    #[serde(default)]
    pub multi_attr: bool,
    #[allow(dead_code)]
    pub display_hint: Option<String>,
    #[serde(default)]
    pub checks: Checks,
}

/// The kernel checks; only what determines a type matters here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checks {
    pub exact_len: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    pub list: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Operation {
    pub name: String,
    #[serde(default)]
    pub doc: String,
    pub notify: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    pub list: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
}

fn one() -> u8 {
    1
}
