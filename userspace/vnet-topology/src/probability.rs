// SPDX-License-Identifier: GPL-2.0

//! Probabilities in plans: exact decimals, as text.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use vnet_model::decimal::{parse_probability, Decimal, DecimalError};

/// A probability in parts of 10^19; in JSON a text like `0.01` or `1e-9`, so that no reader rounds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability(vnet_model::Probability);

impl Probability {
    /// Never.
    pub const ZERO: Self = Probability(vnet_model::Probability::ZERO);
    /// Always.
    pub const ONE: Self = Probability(vnet_model::Probability::ONE);

    /// So many parts of 10^19, unless that is more than one.
    pub fn from_parts(parts: u64) -> Option<Self> {
        vnet_model::Probability::new(parts).map(Probability)
    }

    /// In parts of 10^19.
    pub fn parts(self) -> u64 {
        self.0.parts()
    }

    /// The probability of the opposite.
    pub fn complement(self) -> Self {
        Probability(self.0.complement())
    }

    /// Whether it never happens.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// As the model has it.
    pub fn model(self) -> vnet_model::Probability {
        self.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal(self.0).fmt(out)
    }
}

impl FromStr for Probability {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse_probability(text).map(Probability)
    }
}

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
