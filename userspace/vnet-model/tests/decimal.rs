// SPDX-License-Identifier: GPL-2.0

//! Probabilities as text.

use proptest::prelude::*;
use vnet_model::{
    decimal::{parse_probability, Decimal, DecimalError},
    Probability,
};

fn parts(text: &str) -> Result<u64, DecimalError> {
    parse_probability(text).map(Probability::parts)
}

#[test]
fn exact_numbers() {
    const ONE: u64 = Probability::PARTS;
    for (text, value) in [
        ("0", 0),
        ("0.0", 0),
        ("0%", 0),
        ("0e5", 0),
        ("1", ONE),
        ("1.000", ONE),
        ("100%", ONE),
        ("0.01", ONE / 100),
        (".01", ONE / 100),
        ("1%", ONE / 100),
        ("1 %", ONE / 100),
        ("1e-2", ONE / 100),
        ("0.5e-3%", ONE / 200_000),
        ("1e-15", 10_000),
        ("1.234E-15", 12_340),
        ("1e-19", 1),
        ("0.0000000000000000001", 1),
        ("1000000000000000000000000e-24", ONE),
        ("0.9999999999999999999", ONE - 1),
        ("+0", 0),
    ] {
        if text == "+0" {
            assert_eq!(parts(text), Err(DecimalError::NotANumber));
        } else {
            assert_eq!(parts(text), Ok(value), "{text}");
        }
    }
}

#[test]
fn wrong_numbers() {
    use DecimalError::{NotANumber, OutOfRange, TooFine};
    for (text, error) in [
        ("", NotANumber),
        ("%", NotANumber),
        (".", NotANumber),
        ("e-3", NotANumber),
        ("1e", NotANumber),
        ("0x1", NotANumber),
        ("1,5", NotANumber),
        ("nan", NotANumber),
        ("-0.1", OutOfRange),
        ("1.0000000000000000001", OutOfRange),
        ("101%", OutOfRange),
        ("2", OutOfRange),
        ("1e30", OutOfRange),
        ("1e2000", OutOfRange),
        ("1e-20", TooFine),
        ("1e-2000", TooFine),
        ("1.5e-19", TooFine),
        ("0.12345678901234567891", TooFine),
    ] {
        assert_eq!(parts(text), Err(error), "{text}");
    }
}

#[test]
fn shown_briefly() {
    for (text, shown) in [
        ("0", "0"),
        ("100%", "1"),
        ("1%", "0.01"),
        ("0.001", "0.001"),
        ("0.0005", "0.0005"),
        ("0.00005", "5e-5"),
        ("1.25e-12", "1.25e-12"),
        ("1.05e-12", "1.05e-12"),
        ("0.123456789", "0.123456789"),
    ] {
        let probability = parse_probability(text).expect("valid");
        assert_eq!(Decimal(probability).to_string(), shown);
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read(value in 0..=Probability::PARTS, shift in 0u32..64) {
        let probability = Probability::new(value >> shift).expect("in range");
        let shown = Decimal(probability).to_string();
        prop_assert_eq!(parse_probability(&shown), Ok(probability), "{}", shown);
    }

    #[test]
    fn nothing_panics(text in "[0-9.eE%+ -]{0,30}") {
        let _ = parse_probability(&text);
    }
}
