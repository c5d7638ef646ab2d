// SPDX-License-Identifier: GPL-2.0

//! The types of blocks that the module has, so that a file can be checked where there is no module.
//!
//! `types.json` is what the module tells of its types, without the texts for people. `tests/fb/known_types.py` compares the two,
//! and writes the file.

pub mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::names::nearest;
use crate::plan::ParamPlan;
use value::{split_records, Kind, Rule, Simple};

/// The parameter that says how many there are of a port with numbers.
const PORTS: &str = "ports";

/// A type of blocks.
#[derive(Debug, Deserialize)]
pub struct BlockType {
    /// Its name.
    pub name: String,
    #[serde(default)]
    port: Vec<Port>,
    #[serde(default)]
    param: Vec<Param>,
    #[serde(default)]
    event: Vec<EventUse>,
}

/// Which way a port faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Towards the wire.
    Lower,
    /// Towards the application.
    Upper,
}

#[derive(Debug, Deserialize)]
struct Port {
    name: String,
    side: Side,
    /// Whether there are several, with numbers after the name.
    #[serde(default)]
    numbered: u32,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Access {
    AnyTime,
    Initial,
    Told,
    Secret,
}

#[derive(Debug, Deserialize)]
struct Param {
    #[serde(flatten)]
    field: Field,
    access: Access,
    #[serde(default, rename = "field")]
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    kind: Kind,
    #[serde(default)]
    required: u32,
    least: u64,
    most: u64,
    default: Option<u64>,
    unit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct EventUse {
    event: String,
    raised: u32,
}

static TYPES: LazyLock<Vec<BlockType>> =
    LazyLock::new(|| serde_json::from_str(include_str!("types.json")).unwrap_or_default());

/// The parameters of all types that are not told to anybody.
pub(crate) fn secrets() -> BTreeSet<&'static str> {
    TYPES.iter().flat_map(BlockType::secrets).collect()
}

impl BlockType {
    /// The type of that name; the error says what there is.
    pub fn of(name: &str) -> Result<&'static Self, String> {
        let found = TYPES.iter().find(|kind| kind.name == name);
        found.ok_or_else(|| {
            let known = || TYPES.iter().map(|kind| kind.name.as_str());
            let hint = hint(name, known, "there are");
            format!("there is no type `{name}` of blocks{hint}")
        })
    }

    /// The parameters that are not told to anybody.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let secret = self.param.iter();
        let secret = secret.filter(|param| param.access == Access::Secret);
        secret.map(|param| param.field.name.as_str())
    }

    /// Checks a parameter that a block is made with.
    pub fn check(&self, name: &str, value: &ParamPlan) -> Result<(), String> {
        let found = self.param.iter().find(|param| param.field.name == name);
        let param = found.ok_or_else(|| {
            let settable = || {
                let all = self
                    .param
                    .iter()
                    .filter(|param| param.access != Access::Told);
                all.map(|param| param.field.name.as_str())
            };
            let hint = hint(name, settable, "it has");
            format!("the type `{}` has no parameter `{name}`{hint}", self.name)
        })?;
        if param.access == Access::Told {
            return Err(format!(
                "`{name}` is a reading of the block and cannot be set"
            ));
        }
        param.check(value)
    }

    /// The parameter without which there is no such block, if that is not among those given.
    pub fn missing<'a>(&self, given: impl Iterator<Item = &'a str> + Clone) -> Option<&str> {
        let mut needed = self.param.iter().filter(|param| param.field.required == 1);
        let missing = needed.find(|param| !given.clone().any(|name| name == param.field.name));
        missing.map(|param| param.field.name.as_str())
    }

    /// Checks that a block with such parameters has a port of a side, of that name if one is given.
    pub fn check_port(
        &self,
        params: &BTreeMap<String, ParamPlan>,
        name: Option<&str>,
        side: Side,
    ) -> Result<(), String> {
        let word = match side {
            Side::Lower => "lower",
            Side::Upper => "upper",
        };
        let Some(name) = name else {
            let any = self.port.iter().any(|port| port.side == side);
            return match any {
                true => Ok(()),
                false => Err(format!(
                    "a block of type `{}` has no {word} port",
                    self.name
                )),
            };
        };
        let count = self.count(params);
        let found = self.port.iter().find(|port| port.has(name, count));
        let port = found.ok_or_else(|| {
            let names: Vec<String> = self.port.iter().map(|port| port.names(count)).collect();
            let names = names.join(", ");
            format!(
                "this block of type `{}` has no port `{name}`; it has {names}",
                self.name
            )
        })?;
        match port.side == side {
            true => Ok(()),
            false => Err(format!(
                "`{name}` is no {word} port of a block of type `{}`",
                self.name
            )),
        }
    }

    /// How many ports with numbers a block has.
    fn count(&self, params: &BTreeMap<String, ParamPlan>) -> u64 {
        let declared = self.param.iter().find(|param| param.field.name == PORTS);
        let given = match params.get(PORTS) {
            Some(ParamPlan::Text(text)) => {
                declared.and_then(|param| param.field.rule().read(text).ok())
            }
            _ => None,
        };
        match given {
            Some(Simple::Uint(count)) => count,
            _ => declared.and_then(|param| param.field.default).unwrap_or(0),
        }
    }

    /// Checks that a block can take events of one of another type.
    pub fn check_subscription(&self, publisher: &Self) -> Result<(), String> {
        let raised = || publisher.events(true);
        let taken = || self.events(false);
        if raised().next().is_none() {
            return Err(format!(
                "blocks of type `{}` raise no events",
                publisher.name
            ));
        }
        if taken().next().is_none() {
            return Err(format!("blocks of type `{}` take no events", self.name));
        }
        match taken().any(|event| raised().any(|other| other == event)) {
            true => Ok(()),
            false => Err(format!(
                "blocks of type `{}` take none of the events that a `{}` raises",
                self.name, publisher.name
            )),
        }
    }

    fn events(&self, raised: bool) -> impl Iterator<Item = &str> {
        let all = self
            .event
            .iter()
            .filter(move |one| (one.raised == 1) == raised);
        all.map(|one| one.event.as_str())
    }
}

impl Port {
    fn has(&self, name: &str, count: u64) -> bool {
        if self.numbered == 0 {
            return self.name == name;
        }
        let number = name
            .strip_prefix(&self.name)
            .and_then(|rest| rest.parse::<u64>().ok());
        number.is_some_and(|number| number < count && name == format!("{}{number}", self.name))
    }

    fn names(&self, count: u64) -> String {
        match (self.numbered, count) {
            (0, _) => self.name.clone(),
            (_, 0 | 1) => format!("{}0", self.name),
            _ => format!("{0}0 to {0}{1}", self.name, count - 1),
        }
    }
}

impl Param {
    fn check(&self, value: &ParamPlan) -> Result<(), String> {
        let rule = self.field.rule();
        let refused = |error: value::ValueError| error.0;
        let records = match (self.field.kind, value) {
            (Kind::Records, ParamPlan::Text(text)) => {
                split_records(&self.field.name, text).map_err(refused)?
            }
            (Kind::Records, ParamPlan::Records(records)) => records.clone(),
            (_, ParamPlan::Text(text)) => return rule.read(text).map(|_| ()).map_err(refused),
            (_, ParamPlan::Records(_)) => {
                return Err(format!("{} is {}, not a list", rule.name, rule.describe()));
            }
        };
        if records.len() as u64 > self.field.most {
            let most = self.field.most;
            return Err(format!("{} has at most {most} records", rule.name));
        }
        for (name, text) in records.iter().flatten() {
            let found = self.fields.iter().find(|field| field.name == *name);
            let field = found.ok_or_else(|| {
                let all: Vec<&str> = self
                    .fields
                    .iter()
                    .map(|field| field.name.as_str())
                    .collect();
                let all = all.join(", ");
                format!(
                    "a record of {} has no field {name}; it has {all}",
                    rule.name
                )
            })?;
            field.rule().read(text).map_err(refused)?;
        }
        let needed = || self.fields.iter().filter(|field| field.required == 1);
        for record in &records {
            if let Some(field) = needed().find(|field| !record.contains_key(&field.name)) {
                return Err(format!("a record of {} needs {}", rule.name, field.name));
            }
        }
        Ok(())
    }
}

impl Field {
    fn rule(&self) -> Rule<'_> {
        Rule {
            name: &self.name,
            kind: Some(self.kind),
            least: self.least,
            most: self.most,
            unit: self.unit.as_deref(),
        }
    }
}

/// What to say of a name that is not known.
fn hint<'a, I: Iterator<Item = &'a str>>(name: &str, known: impl Fn() -> I, have: &str) -> String {
    match nearest(name, known()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            let all: Vec<&str> = known().collect();
            match all.is_empty() {
                true => "; it has none".to_owned(),
                false => format!("; {have} {}", all.join(", ")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(given: &[(&str, &str)]) -> BTreeMap<String, ParamPlan> {
        let all = given.iter();
        all.map(|(name, value)| ((*name).into(), ParamPlan::Text((*value).into())))
            .collect()
    }

    #[test]
    fn the_table_is_there() {
        assert!(TYPES.len() > 20);
        assert!(BlockType::of("eth").unwrap().missing([].into_iter()) == Some("device"));
    }

    #[test]
    fn ports_with_numbers() {
        let hash = BlockType::of("hash").unwrap();
        let three = params(&[("ports", "3")]);
        assert_eq!(hash.check_port(&three, Some("upper2"), Side::Upper), Ok(()));
        assert_eq!(
            hash.check_port(&three, Some("upper3"), Side::Upper),
            Err(
                "this block of type `hash` has no port `upper3`; it has lower, upper0 to upper2"
                    .into()
            )
        );
        assert!(hash
            .check_port(&params(&[]), Some("upper2"), Side::Upper)
            .is_err());
        assert!(hash
            .check_port(&three, Some("upper02"), Side::Upper)
            .is_err());
    }

    #[test]
    fn mistakes_are_told() {
        let queue = BlockType::of("queue").unwrap();
        let check = |name: &str, value: &str| queue.check(name, &ParamPlan::Text(value.into()));
        assert_eq!(check("rate", "10mbit"), Ok(()));
        assert_eq!(
            check("packts", "1"),
            Err("the type `queue` has no parameter `packts`; did you mean `packets`?".into())
        );
        assert!(check("packets", "0").is_err());
        assert!(check("paused", "1").unwrap_err().contains("cannot be set"));
        assert!(BlockType::of("queu")
            .unwrap_err()
            .contains("did you mean `queue`?"));
        let of = |name: &str| BlockType::of(name).unwrap();
        assert_eq!(of("queue").check_subscription(of("eth")), Ok(()));
        assert!(of("arq").check_subscription(of("queue")).is_err());
    }
}
