// SPDX-License-Identifier: GPL-2.0

//! Values of parameters, as text, by what a type declares of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use crate::plan::MacAddr;
use crate::units::{self, show_rate, show_size, show_time};

/// What is wrong with the value of a parameter, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

/// The names of a number's unit, as the module tells them.
const TIME: &str = "ns";
const SIZE: &str = "bytes";
const RATE: &str = "bit/s";

/// How many nanoseconds a unit of time has.
fn nanoseconds(unit: Option<&str>) -> Option<u64> {
    match unit? {
        TIME => Some(1),
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        _ => None,
    }
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A number.
    Uint,
    /// A number that is 0 or 1.
    Bool,
    /// A text.
    Text,
    /// Bytes.
    Data,
    /// A list of records with named fields.
    Records,
}

/// A value that is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simple {
    /// A number.
    Uint(u64),
    /// A text.
    Text(String),
    /// Bytes.
    Data(Vec<u8>),
}

/// What is needed to read a value, of a parameter or of a record's field.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is; none if that is of a kind that is not known.
    pub kind: Option<Kind>,
    /// Least number, or bytes.
    pub least: u64,
    /// Greatest number, or most bytes.
    pub most: u64,
    /// Unit of a number.
    pub unit: Option<&'a str>,
}

impl Rule<'_> {
    /// What such a value is, in words.
    pub fn describe(&self) -> &'static str {
        match (self.kind, self.unit) {
            (Some(Kind::Uint), unit) if nanoseconds(unit).is_some() => "a time",
            (Some(Kind::Uint), Some(SIZE)) => "a size",
            (Some(Kind::Uint), Some(RATE)) => "a rate",
            (Some(Kind::Uint), _) => "a number",
            (Some(Kind::Bool), _) => "true or false",
            (Some(Kind::Text), _) => "a text",
            (Some(Kind::Data), _) => "bytes",
            (Some(Kind::Records), _) => "a list of records",
            (None, _) => "of a kind that only a newer vnetctl knows",
        }
    }

    /// Reads a value that is no list.
    pub fn read(&self, text: &str) -> Result<Simple, ValueError> {
        let name = self.name;
        match self.kind {
            Some(Kind::Uint) => self.number(text).map(Simple::Uint),
            Some(Kind::Bool) => match text {
                "true" | "on" | "yes" | "1" => Ok(Simple::Uint(1)),
                "false" | "off" | "no" | "0" => Ok(Simple::Uint(0)),
                _ => Err(ValueError(format!(
                    "{name}: `{text}` is neither true nor false"
                ))),
            },
            Some(Kind::Text) => {
                self.length(text.len())?;
                Ok(Simple::Text(text.into()))
            }
            Some(Kind::Data) => {
                let data = bytes(text).ok_or_else(|| {
                    ValueError(format!(
                        "{name}: `{text}` is not bytes; write them as 0x0a0b0c, or as a MAC or IP address"
                    ))
                })?;
                self.length(data.len())?;
                Ok(Simple::Data(data))
            }
            Some(Kind::Records) | None => Err(ValueError(format!("{name} is {}", self.describe()))),
        }
    }

    fn number(&self, text: &str) -> Result<u64, ValueError> {
        let plain = text.parse::<u64>();
        let hexadecimal = text
            .strip_prefix("0x")
            .map(|digits| u64::from_str_radix(digits, 16));
        let value = match (plain, hexadecimal, self.unit) {
            (Ok(value), ..) | (_, Some(Ok(value)), _) => Ok(value),
            (.., unit) if nanoseconds(unit).is_some() => return self.time(text),
            (.., Some(SIZE)) => units::size(text),
            (.., Some(RATE)) => units::rate(text).map(|rate| rate.unwrap_or(0)),
            _ => units::count(text, self.name, self.least, self.most),
        };
        let value = value.map_err(|error| {
            ValueError(format!("{}: {}; {}", self.name, error.message, error.help))
        })?;
        self.within(text, value)
    }

    /// A time that is not a plain number, in the unit that it is declared in.
    fn time(&self, text: &str) -> Result<u64, ValueError> {
        let time = units::time(text).map_err(|error| {
            ValueError(format!("{}: {}; {}", self.name, error.message, error.help))
        })?;
        let unit = self.unit.unwrap_or(TIME);
        match nanoseconds(self.unit) {
            Some(one) if time.is_multiple_of(one) => self.within(text, time / one),
            _ => Err(ValueError(format!(
                "{}: `{text}` is not a whole number of {unit}",
                self.name
            ))),
        }
    }

    fn within(&self, text: &str, value: u64) -> Result<u64, ValueError> {
        match (self.least..=self.most).contains(&value) {
            true => Ok(value),
            false => Err(ValueError(format!(
                "{}: `{text}` is not within {} and {}",
                self.name,
                show_number(self.least, self.unit),
                show_number(self.most, self.unit)
            ))),
        }
    }

    fn length(&self, length: usize) -> Result<(), ValueError> {
        match (self.least..=self.most).contains(&(length as u64)) {
            true => Ok(()),
            false if self.least == self.most => Err(ValueError(format!(
                "{} has {} bytes, not {length}",
                self.name, self.most
            ))),
            false => Err(ValueError(format!(
                "{} has {} to {} bytes, not {length}",
                self.name, self.least, self.most
            ))),
        }
    }
}

/// Records on a command line: `proto:6,port:80; proto:17`.
pub fn split_records(name: &str, text: &str) -> Result<Vec<BTreeMap<String, String>>, ValueError> {
    let filled = |part: &&str| !part.trim().is_empty();
    text.split(';')
        .filter(filled)
        .map(|record| {
            record
                .split(',')
                .filter(filled)
                .map(|field| match field.split_once(':') {
                    Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
                    None => Err(ValueError(format!(
                        "`{}` of {name} has no value; records are written FIELD:VALUE,FIELD:VALUE;FIELD:VALUE",
                        field.trim()
                    ))),
                })
                .collect()
        })
        .collect()
}

/// Bytes: hexadecimal digits, or an address.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("0x") {
        let pairs = digits.as_bytes().chunks(2);
        return pairs
            .map(|pair| {
                let [high, low] = pair else { return None };
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
            })
            .collect();
    }
    if let Ok(mac) = text.parse::<MacAddr>() {
        return Some(mac.0.to_vec());
    }
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some(address.octets().to_vec()),
        IpAddr::V6(address) => Some(address.octets().to_vec()),
    }
}

/// A number with its unit.
pub fn show_number(value: u64, unit: Option<&str>) -> String {
    let time = nanoseconds(unit).and_then(|one| value.checked_mul(one));
    match unit {
        Some(_) if time.is_some() => show_time(time.unwrap_or_default()),
        Some(SIZE) => show_size(value),
        Some(RATE) => show_rate(Some(value).filter(|rate| *rate > 0)),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, show_number, Kind, Rule, Simple};

    #[test]
    fn times_are_in_the_unit_that_is_declared() {
        let read = |unit, text| {
            let rule = Rule {
                name: "timeout",
                kind: Some(Kind::Uint),
                least: 1,
                most: 60_000,
                unit: Some(unit),
            };
            rule.read(text).map_err(|error| error.to_string())
        };
        for (unit, text, value, shown) in [
            ("ms", "20ms", 20, "20ms"),
            ("ms", "20", 20, "20ms"),
            ("ms", "1.5s", 1500, "1.5s"),
            ("s", "300s", 300, "300s"),
            ("s", "2000ms", 2, "2s"),
            ("ns", "2us", 2000, "2us"),
        ] {
            assert_eq!(read(unit, text), Ok(Simple::Uint(value)), "{text}");
            assert_eq!(show_number(value, Some(unit)), shown);
        }
        for (unit, text, wrong) in [
            (
                "ms",
                "1500us",
                "timeout: `1500us` is not a whole number of ms",
            ),
            ("ms", "2000s", "timeout: `2000s` is not within 1ms and 60s"),
            ("s", "300ms", "timeout: `300ms` is not a whole number of s"),
        ] {
            assert_eq!(read(unit, text), Err(wrong.into()), "{text}");
        }
        assert_eq!(show_number(u64::MAX, Some("ms")), u64::MAX.to_string());
    }

    #[test]
    fn bytes_are_digits_only() {
        assert_eq!(bytes("0x0aF9"), Some(vec![10, 249]));
        for wrong in ["0x0", "0x+f", "0x-1", "0x0g", "0x\u{e9}"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
