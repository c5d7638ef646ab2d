// SPDX-License-Identifier: GPL-2.0

//! Probabilities as text: exact in both directions, or refused.

use core::fmt;

use crate::Probability;

/// Decimal places of a [`Probability`].
const PLACES: i32 = 19;

/// Why a text is not a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// It is not a number.
    NotANumber,
    /// It is negative or above 1 (100 %).
    OutOfRange,
    /// It has more than 19 decimal places.
    TooFine,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "expected a number like 0.01, 1e-9 or 1%",
            Self::OutOfRange => "a probability lies between 0 and 1",
            Self::TooFine => "a probability has at most 19 decimal places",
        })
    }
}

impl core::error::Error for DecimalError {}

/// Reads a probability: digits with an optional point, exponent and percent sign.
pub fn parse_probability(text: &str) -> Result<Probability, DecimalError> {
    let (text, mut exponent) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), -2),
        None => (text, 0),
    };
    if text.starts_with('-') {
        return Err(DecimalError::OutOfRange);
    }
    let (digits, power) = match text.split_once(['e', 'E']) {
        Some((digits, power)) => (digits, parse_exponent(power)?),
        None => (text, 0),
    };
    exponent += power;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return Err(DecimalError::NotANumber);
    }
    exponent -= i32::try_from(part.len()).map_err(|_| DecimalError::TooFine)?;

    // The number is `value` x 10^exponent; zeros at the end go to the exponent.
    let mut value: u64 = 0;
    let mut zeros: i32 = 0;
    for digit in whole.bytes().chain(part.bytes()) {
        if !digit.is_ascii_digit() {
            return Err(DecimalError::NotANumber);
        }
        if digit == b'0' {
            zeros += i32::from(value != 0);
            continue;
        }
        value = scale(value, zeros + 1)?
            .checked_add(u64::from(digit - b'0'))
            .ok_or(DecimalError::TooFine)?;
        zeros = 0;
    }
    if value == 0 {
        return Ok(Probability::ZERO);
    }
    let places = exponent + zeros + PLACES;
    if places < 0 {
        return Err(DecimalError::TooFine);
    }
    let parts = scale(value, places).map_err(|_| DecimalError::OutOfRange)?;
    Probability::new(parts).ok_or(DecimalError::OutOfRange)
}

fn parse_exponent(text: &str) -> Result<i32, DecimalError> {
    let exponent: i32 = text.parse().map_err(|_| DecimalError::NotANumber)?;
    if exponent.unsigned_abs() > 1000 {
        return Err(if exponent < 0 {
            DecimalError::TooFine
        } else {
            DecimalError::OutOfRange
        });
    }
    Ok(exponent)
}

/// `value` x 10^`power`.
fn scale(value: u64, power: i32) -> Result<u64, DecimalError> {
    u32::try_from(power)
        .ok()
        .and_then(|power| 10u64.checked_pow(power))
        .and_then(|factor| value.checked_mul(factor))
        .ok_or(DecimalError::TooFine)
}

/// Shows a probability as [`parse_probability`] reads it: 0.01, and 1e-9 below 0.0001.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(pub Probability);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.0.parts();
        if digits == 0 {
            return f.write_str("0");
        }
        let mut exponent = -PLACES;
        while digits % 10 == 0 {
            digits /= 10;
            exponent += 1;
        }
        if exponent >= 0 {
            return f.write_str("1");
        }
        let length = digits.ilog10() as i32 + 1;
        let places = exponent.unsigned_abs() as usize;
        if exponent + length > -4 {
            return write!(f, "0.{digits:0places$}");
        }
        let fraction = 10u64.pow(length as u32 - 1);
        write!(f, "{}", digits / fraction)?;
        if length > 1 {
            let width = length as usize - 1;
            write!(f, ".{:0width$}", digits % fraction)?;
        }
        write!(f, "e{}", exponent + length - 1)
    }
}
