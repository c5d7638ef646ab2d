// SPDX-License-Identifier: GPL-2.0

//! Parameters: what a type declares, and the values that a block has.
//!
//! A type declares its parameters once. The control interface checks requests against the
//! declaration, tells values by it and tells the declaration itself; see `control::block`.

use kernel::{
    prelude::*,
    str::CString, //
};

/// A parameter of a type, or a field of its records.
pub(crate) struct Param {
    /// Name, in lower case with hyphens.
    pub(crate) name: &'static CStr,
    /// What it means, in one line.
    pub(crate) doc: &'static CStr,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// When it can be given.
    pub(crate) access: Access,
    /// Whether a block cannot be made without.
    pub(crate) required: bool,
}

/// What values a parameter takes.
pub(crate) enum Kind {
    /// A number.
    Uint(Uint),
    /// 0 or 1; the default.
    Bool(bool),
    /// A text of at most so many bytes.
    Text(usize),
    /// Bytes: least and greatest length.
    Data(usize, usize),
    /// So many records at most, with these fields.
    Records(usize, &'static [Param]),
}

/// A number's range.
pub(crate) struct Uint {
    /// Least value.
    pub(crate) min: u64,
    /// Greatest value.
    pub(crate) max: u64,
    /// Value if it is not given; none in a field means that anything matches.
    pub(crate) default: Option<u64>,
    /// Unit, if it has one.
    pub(crate) unit: Option<&'static CStr>,
}

/// When a parameter can be given; the numbers are those of the control interface.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Access {
    /// When the block is made, and afterwards.
    AnyTime = 0,
    /// When the block is made or replaced.
    Initial,
    /// Never: it is a reading.
    Told,
    /// As [`Self::AnyTime`], but it is not told.
    Secret,
}

impl Param {
    /// A number that can be given at any time.
    pub(crate) const fn uint(
        name: &'static CStr,
        doc: &'static CStr,
        range: core::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Self {
        Self::new(
            name,
            doc,
            Kind::Uint(Uint {
                min: *range.start(),
                max: *range.end(),
                default: Some(default),
                unit: None,
            }),
        )
    }

    /// A reading.
    pub(crate) const fn reading(name: &'static CStr, doc: &'static CStr) -> Self {
        Self::uint(name, doc, 0..=u64::MAX, 0).access(Access::Told)
    }

    /// A parameter of any kind that can be given at any time.
    pub(crate) const fn new(name: &'static CStr, doc: &'static CStr, kind: Kind) -> Self {
        Self {
            name,
            doc,
            kind,
            access: Access::AnyTime,
            required: false,
        }
    }

    /// The same with a unit, if it is a number.
    pub(crate) const fn unit(mut self, unit: &'static CStr) -> Self {
        if let Kind::Uint(uint) = &mut self.kind {
            uint.unit = Some(unit);
        }
        self
    }

    /// The same with another access.
    pub(crate) const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The same, which a block cannot be made without.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The value if none is given.
    fn default(&self) -> Value {
        match &self.kind {
            Kind::Uint(uint) => uint.default.map_or(Value::Absent, Value::Uint),
            Kind::Bool(value) => Value::Uint(u64::from(*value)),
            _ => Value::Absent,
        }
    }
}

/// A value.
pub(crate) enum Value {
    /// There is none.
    Absent,
    /// A number, or a bool.
    Uint(u64),
    /// A text.
    Text(CString),
    /// Bytes.
    Data(KVVec<u8>),
    /// Records, each with a value for each field.
    Records(KVVec<Values>),
}

impl Value {
    fn copy(&self) -> Result<Self> {
        Ok(match self {
            Self::Absent => Self::Absent,
            Self::Uint(value) => Self::Uint(*value),
            Self::Text(text) => Self::Text(CString::try_from_fmt(fmt!("{}", text.to_str()?))?),
            Self::Data(data) => {
                let mut copy = KVVec::with_capacity(data.len(), GFP_KERNEL)?;
                copy.extend_from_slice(data, GFP_KERNEL)?;
                Self::Data(copy)
            }
            Self::Records(records) => {
                let mut copy = KVVec::with_capacity(records.len(), GFP_KERNEL)?;
                for record in records {
                    copy.push(record.copy()?, GFP_KERNEL)?;
                }
                Self::Records(copy)
            }
        })
    }
}

/// The values of a block's parameters, in the order of the declaration.
pub(crate) struct Values(KVec<Value>);

impl Values {
    /// The defaults.
    pub(crate) fn defaults(params: &[Param]) -> Result<Self> {
        let mut values = KVec::with_capacity(params.len(), GFP_KERNEL)?;
        for param in params {
            values.push(param.default(), GFP_KERNEL)?;
        }
        Ok(Self(values))
    }

    /// A copy.
    pub(crate) fn copy(&self) -> Result<Self> {
        let mut values = KVec::with_capacity(self.0.len(), GFP_KERNEL)?;
        for value in &self.0 {
            values.push(value.copy()?, GFP_KERNEL)?;
        }
        Ok(Self(values))
    }

    /// The value at a place.
    pub(crate) fn get(&self, place: usize) -> &Value {
        self.0.get(place).unwrap_or(&Value::Absent)
    }

    /// Gives a value.
    pub(crate) fn set(&mut self, place: usize, value: Value) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = value;
        }
    }

    /// A number; 0 if there is none.
    pub(crate) fn uint(&self, place: usize) -> u64 {
        self.given(place).unwrap_or(0)
    }

    /// A number, if there is one.
    pub(crate) fn given(&self, place: usize) -> Option<u64> {
        match self.get(place) {
            Value::Uint(value) => Some(*value),
            _ => None,
        }
    }

    /// A text, if there is one.
    pub(crate) fn text(&self, place: usize) -> Option<&CStr> {
        match self.get(place) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Bytes; none if there are none.
    pub(crate) fn data(&self, place: usize) -> &[u8] {
        match self.get(place) {
            Value::Data(data) => data,
            _ => &[],
        }
    }

    /// Records; none if there are none.
    pub(crate) fn records(&self, place: usize) -> &[Values] {
        match self.get(place) {
            Value::Records(records) => records,
            _ => &[],
        }
    }
}
