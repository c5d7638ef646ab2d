// SPDX-License-Identifier: GPL-2.0

//! Rates, times and sizes as people write them, read strictly.
//!
//! Rates are in bits, sizes in bytes, and every unit says which: `10mbit` is a rate, `64KB` a size, and `10MB/s` is
//! refused rather than taken for one or the other. Prefixes are decimal (`k` = 1000); `Ki`, `Mi`, `Gi` are binary.
//! A number is exact: `1.5mbit` is 1,500,000 bit/s, and a fraction of a bit or a nanosecond is refused.

use vnet_model::decimal::DecimalError;

use crate::plan::Probability;

/// Lowest rate of a link, bit/s.
pub const MIN_RATE: u64 = 100;
/// Highest rate of a link, bit/s.
pub const MAX_RATE: u64 = 400_000_000_000;
/// Longest delay and longest queue by time, ns.
pub const MAX_TIME: u64 = 100_000_000_000;

/// Why a text is not a quantity. The text says what is wrong, `help` what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnitError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// What can be written for a rate.
pub const RATE_UNITS: &str =
    "rates are bits per second: bit, kbit, mbit, gbit (or kbit/s, kbps, Kibit ...), as in 100mbit, 1.5 Mbit/s, 10Gbps; or `unlimited`";
/// What can be written for a time.
pub const TIME_UNITS: &str = "times are in ns, us, ms or s, as in 150us, 20ms, 1.5s";
/// What can be written for a size.
pub const SIZE_UNITS: &str =
    "sizes are in bytes: B, KB, MB, GB (thousands) or KiB, MiB, GiB (1024), as in 64KB, 1.5 MiB";

fn error(message: impl Into<String>, help: &str) -> UnitError {
    UnitError {
        message: message.into(),
        help: help.to_owned(),
    }
}

/// Reads a rate in bit/s; `None` is `unlimited`. The limits are those of a link.
pub fn rate(text: &str) -> Result<Option<u64>, UnitError> {
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(None);
    }
    let (number, unit) = split(text, "rate", RATE_UNITS)?;
    if unit.is_empty() {
        return Err(error(
            format!("`{text}` has no unit"),
            &format!("did you mean {text}mbit? {RATE_UNITS}"),
        ));
    }
    let scale = rate_scale(unit).map_err(|trap| match trap {
        Some(trap) => error(format!("`{text}`: {trap}"), RATE_UNITS),
        None => error(format!("`{unit}` is not a unit of a rate"), RATE_UNITS),
    })?;
    let rate = number.times(scale).map_err(|problem| match problem {
        Inexact::Fraction => error(
            format!("`{text}` is not a whole number of bit/s"),
            "write it in a smaller unit",
        ),
        Inexact::Overflow => error(
            format!("`{text}` is above 400 Gbit/s"),
            "for no limit write `unlimited`",
        ),
    })?;
    match rate {
        0 => Err(error(
            format!("a rate of `{text}` lets nothing through"),
            "for no limit write `unlimited`; to take a link down write `up: false`",
        )),
        rate if rate < MIN_RATE => Err(error(
            format!("`{text}` is below 100 bit/s"),
            "the lowest rate of a link is 100bit",
        )),
        rate if rate > MAX_RATE => Err(error(
            format!("`{text}` is above 400 Gbit/s"),
            "for no limit write `unlimited`",
        )),
        rate => Ok(Some(rate)),
    }
}

/// The unit's bit/s; the error is what makes the unit a trap, if it is one.
fn rate_scale(unit: &str) -> Result<u64, Option<&'static str>> {
    // Bytes: an upper-case B, or the word. tc's `mbps` means megabytes, everybody else's `Mbps` megabits.
    let base = unit
        .strip_suffix("/s")
        .or_else(|| unit.strip_suffix("/sec"))
        .or_else(|| unit.strip_suffix("ps"))
        .unwrap_or(unit);
    let per_second = base.len() != unit.len();
    let lower = base.to_ascii_lowercase();
    if lower.ends_with("byte") || lower.ends_with("bytes") || base.ends_with('B') {
        return Err(Some(
            "rates are in bits, this is in bytes (times 8 is bits)",
        ));
    }
    let prefix = match lower
        .strip_suffix("bits")
        .or_else(|| lower.strip_suffix("bit"))
    {
        Some(prefix) => prefix,
        None if per_second => lower.strip_suffix('b').ok_or(None)?,
        None if matches!(lower.as_str(), "k" | "m" | "g" | "t") => {
            return Err(Some("bits or bytes? write the unit, as in 10mbit"))
        }
        None if matches!(lower.as_str(), "kb" | "mb" | "gb" | "tb") => {
            return Err(Some("bits or bytes? write 10mbit or 10Mb/s for bits"))
        }
        None => return Err(None),
    };
    decimal(prefix).or_else(|| binary(prefix)).ok_or(None)
}

fn decimal(prefix: &str) -> Option<u64> {
    Some(match prefix {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        _ => return None,
    })
}

fn binary(prefix: &str) -> Option<u64> {
    Some(match prefix {
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        "ti" => 1 << 40,
        _ => return None,
    })
}

/// Reads a time in ns.
pub fn time(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text, "time", TIME_UNITS)?;
    let scale = match unit.to_lowercase().as_str() {
        "ns" | "nsec" | "nsecs" => 1,
        // The micro sign and the Greek letter.
        "us" | "usec" | "usecs" | "µs" | "μs" => 1_000,
        "ms" | "msec" | "msecs" => 1_000_000,
        "s" | "sec" | "secs" => 1_000_000_000,
        "" if number.is_zero() => 1,
        "" => {
            return Err(error(
                format!("`{text}` has no unit"),
                &format!("did you mean {text}ms? {TIME_UNITS}"),
            ))
        }
        _ => return Err(error(format!("`{unit}` is not a unit of time"), TIME_UNITS)),
    };
    number.times(scale).map_err(|problem| match problem {
        Inexact::Fraction => error(
            format!("`{text}` is not a whole number of nanoseconds"),
            TIME_UNITS,
        ),
        Inexact::Overflow => error(format!("`{text}` is too long"), TIME_UNITS),
    })
}

/// Reads the time of a link's parameter in ns: at most 100 s.
pub fn link_time(text: &str) -> Result<u64, UnitError> {
    match time(text)? {
        time if time > MAX_TIME => Err(error(
            format!("`{text}` is above 100 s"),
            "the longest time is 100s",
        )),
        time => Ok(time),
    }
}

/// Reads a size in bytes. A number alone is bytes.
pub fn size(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text, "size", SIZE_UNITS)?;
    let lower = unit.to_ascii_lowercase();
    let scale = if lower.contains("bit") {
        Err(Some(
            "sizes are in bytes, this is in bits (divided by 8 is bytes)",
        ))
    } else if let Some(prefix) = lower
        .strip_suffix("bytes")
        .or_else(|| lower.strip_suffix("byte"))
    {
        decimal(prefix).or_else(|| binary(prefix)).ok_or(None)
    } else if let Some(prefix) = unit.strip_suffix('B') {
        let prefix = prefix.to_ascii_lowercase();
        decimal(&prefix).or_else(|| binary(&prefix)).ok_or(None)
    } else if unit.is_empty() {
        Ok(1)
    } else if matches!(
        lower.as_str(),
        "b" | "kb" | "mb" | "gb" | "k" | "m" | "g" | "ki" | "mi" | "gi"
    ) {
        Err(Some(
            "bits or bytes? bytes have an upper-case B, as in 64KB",
        ))
    } else {
        Err(None)
    };
    let scale = scale.map_err(|trap| match trap {
        Some(trap) => error(format!("`{text}`: {trap}"), SIZE_UNITS),
        None => error(format!("`{unit}` is not a unit of a size"), SIZE_UNITS),
    })?;
    number.times(scale).map_err(|problem| match problem {
        Inexact::Fraction => error(
            format!("`{text}` is not a whole number of bytes"),
            SIZE_UNITS,
        ),
        Inexact::Overflow => error(format!("`{text}` is too large"), SIZE_UNITS),
    })
}

/// Reads a size in bytes that fits 32 bits.
pub fn short_size(text: &str) -> Result<u32, UnitError> {
    u32::try_from(size(text)?)
        .map_err(|_| error(format!("`{text}` is above 4 GiB"), "write a smaller size"))
}

/// What can be written for a probability.
pub const PROBABILITY_UNITS: &str =
    "probabilities are parts of 1, as in 0.01 or 1e-9, or percent, as in 1% or 0.1%";

/// Reads a probability. `1` alone could be meant as certainty or as one percent, and is refused.
pub fn probability(text: &str) -> Result<Probability, UnitError> {
    let text = text.trim();
    if text == "1" {
        return Err(error("`1` could be 1 % or certainty", "write 1% or 100%"));
    }
    text.parse().map_err(|problem| match problem {
        DecimalError::OutOfRange
            if text
                .parse()
                .is_ok_and(|number: f64| (1.0..=100.0).contains(&number)) =>
        {
            error(
                format!("`{text}` is not a probability: it is above 1"),
                &format!("did you mean {text}%? {PROBABILITY_UNITS}"),
            )
        }
        problem => error(
            format!("`{text}` is not a probability: {problem}"),
            PROBABILITY_UNITS,
        ),
    })
}

/// Reads a plain number within limits. `what` is what a message calls it.
pub fn count(text: &str, what: &str, min: u64, max: u64) -> Result<u64, UnitError> {
    let range = format!("{what} is a whole number from {min} to {max}");
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error(format!("`{text}` is not a number"), &range));
    }
    match text.parse::<u64>() {
        Ok(number) if number < min => Err(error(format!("`{text}` is below {min}"), &range)),
        Ok(number) if number <= max => Ok(number),
        _ => Err(error(format!("`{text}` is above {max}"), &range)),
    }
}

/// Reads a number of processors in thousandths: `1.5` or `150%`.
pub fn cpus(text: &str) -> Result<u32, UnitError> {
    const HELP: &str = "a number of processors, as in 0.5, 2 or 50%";
    let (number, unit) = split(text, "number of processors", HELP)?;
    let scale = match unit {
        "" | "cpu" | "cpus" => 1000,
        "%" => 10,
        _ => {
            return Err(error(
                format!("`{unit}` is not a unit of processor time"),
                HELP,
            ))
        }
    };
    match number.times(scale).map(u32::try_from) {
        Ok(Ok(0)) => Err(error("no processor time at all", HELP)),
        Ok(Ok(thousandths)) => Ok(thousandths),
        Err(Inexact::Fraction) => Err(error(format!("`{text}` is finer than a thousandth"), HELP)),
        _ => Err(error(format!("`{text}` is too large"), HELP)),
    }
}

/// A decimal number: `digits / 10^places`.
struct Decimal {
    digits: u128,
    places: u32,
}

enum Inexact {
    Fraction,
    Overflow,
}

impl Decimal {
    fn is_zero(&self) -> bool {
        self.digits == 0
    }

    fn times(&self, scale: u64) -> Result<u64, Inexact> {
        // At most 10^24 times 2^40, below 2^128.
        let product = self.digits * u128::from(scale);
        let divisor = 10u128.pow(self.places);
        if !product.is_multiple_of(divisor) {
            return Err(Inexact::Fraction);
        }
        u64::try_from(product / divisor).map_err(|_| Inexact::Overflow)
    }
}

/// Splits `1.5 Mbit/s` into number and unit.
fn split<'a>(text: &'a str, what: &str, help: &str) -> Result<(Decimal, &'a str), UnitError> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(error(format!("`{text}` is not a {what}"), help)),
        None => (number, ""),
    };
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|byte| byte.is_ascii_digit()) {
        if text.starts_with('-') {
            return Err(error(format!("`{text}` is negative"), help));
        }
        return Err(error(format!("`{text}` is not a {what}"), help));
    }
    if whole.len() + fraction.len() > 24 {
        return Err(error(format!("`{text}` has too many digits"), help));
    }
    let value = digits().fold(0u128, |value, byte| value * 10 + u128::from(byte - b'0'));
    let places = fraction.len() as u32;
    Ok((
        Decimal {
            digits: value,
            places,
        },
        unit.trim_start(),
    ))
}

/// Writes a rate as people do: `100mbit`, `1.5mbit`, `unlimited`.
pub fn show_rate(rate: Option<u64>) -> String {
    match rate {
        None => "unlimited".into(),
        Some(rate) => show(
            rate,
            &[
                (1_000_000_000, "gbit"),
                (1_000_000, "mbit"),
                (1_000, "kbit"),
                (1, "bit"),
            ],
        ),
    }
}

/// Writes a probability so that it is read back: `0.01`, `1e-9`, and `100%` for certainty.
pub fn show_probability(probability: Probability) -> String {
    match probability == Probability::ONE {
        true => "100%".into(),
        false => probability.to_string(),
    }
}

/// Writes a time in ns as people do: `20ms`, `1.5s`, `0`.
pub fn show_time(time: u64) -> String {
    match time {
        0 => "0".into(),
        time => show(
            time,
            &[
                (1_000_000_000, "s"),
                (1_000_000, "ms"),
                (1_000, "us"),
                (1, "ns"),
            ],
        ),
    }
}

/// Writes a size in bytes as people do: `64KB`, `1GiB`.
pub fn show_size(size: u64) -> String {
    for (scale, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        // 64,000 is as much a multiple of 128 as of 1000: only round numbers of 1024 are meant as such.
        if size >= scale && size.is_multiple_of(scale) && !size.is_multiple_of(1000) {
            return format!("{}{unit}", size / scale);
        }
    }
    show(
        size,
        &[
            (1_000_000_000, "GB"),
            (1_000_000, "MB"),
            (1_000, "KB"),
            (1, "B"),
        ],
    )
}

fn show(value: u64, units: &[(u64, &str)]) -> String {
    for &(scale, unit) in units {
        if value >= scale && value.is_multiple_of((scale / 1000).max(1)) {
            let fraction = format!("{:03}", value % scale / (scale / 1000).max(1));
            let fraction = fraction.trim_end_matches('0');
            return match scale {
                1 => format!("{value}{unit}"),
                _ if fraction.is_empty() => format!("{}{unit}", value / scale),
                _ => format!("{}.{fraction}{unit}", value / scale),
            };
        }
    }
    let smallest = units.last().map_or("", |(_, unit)| unit);
    format!("{value}{smallest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        for (text, expected) in [
            ("100mbit", 100_000_000),
            ("10Gbps", 10_000_000_000),
            ("1.5 Mbit/s", 1_500_000),
            ("1.5mbit", 1_500_000),
            ("64kbit", 64_000),
            ("9600bit", 9600),
            ("100bps", 100),
            ("56Kb/s", 56_000),
            ("1Mibit", 1 << 20),
            ("400gbit", MAX_RATE),
        ] {
            assert_eq!(rate(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(rate("unlimited"), Ok(None));
        for text in [
            "100",
            "0mbit",
            "99bit",
            "401gbit",
            "10MB/s",
            "10MBps",
            "10M",
            "10Mb",
            "1.0005kbit",
            "-1mbit",
            "fast",
            "",
            "1..5mbit",
            "1.mbit",
            "10mbyte",
            "99999999999999999999999gbit",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("20ms", 20_000_000),
            ("150us", 150_000),
            ("150µs", 150_000),
            ("1.5s", 1_500_000_000),
            ("0", 0),
            ("0ms", 0),
            ("7 ns", 7),
        ] {
            assert_eq!(time(text), Ok(expected), "{text}");
        }
        for text in ["20", "1.5ns", "20min", "ms", "-1ms"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(link_time("100s").is_ok());
        assert!(link_time("100.000000001s").is_err());
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("64KB", 64_000),
            ("64kB", 64_000),
            ("64KiB", 65_536),
            ("1500", 1500),
            ("1.5 MB", 1_500_000),
            ("3 bytes", 3),
        ] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["64kb", "64k", "64kbit", "0.5B", "x"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn probabilities() {
        for (text, parts) in [
            ("1%", 10u64.pow(17)),
            ("0.01", 10u64.pow(17)),
            ("1e-15", 10_000),
            ("0", 0),
            ("100%", 10u64.pow(19)),
            ("1.0", 10u64.pow(19)),
            ("0.1 %", 10u64.pow(16)),
        ] {
            let probability = probability(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(probability.parts(), parts, "{text}");
            assert_eq!(probability.to_string().parse(), Ok(probability), "{text}");
        }
        for text in ["1", "5", "101%", "-1%", "x", "", "1e-20"] {
            assert!(probability(text).is_err(), "{text}");
        }
        assert!(probability("5").unwrap_err().help.contains("5%?"));
    }

    #[test]
    fn what_is_shown_reads_back() {
        for value in [
            0,
            1 << 20,
            3 << 30,
            1,
            999,
            1_000,
            1_500,
            1_000_001,
            20_000_000,
            1_234_567_890,
            94_150_000,
            MAX_TIME,
        ] {
            assert_eq!(time(&show_time(value)), Ok(value));
            assert_eq!(size(&show_size(value)), Ok(value));
            if value >= MIN_RATE {
                assert_eq!(rate(&show_rate(Some(value))), Ok(Some(value)));
            }
        }
        assert_eq!(show_time(1_500_000), "1.5ms");
        assert_eq!(show_rate(Some(10_000_000)), "10mbit");
    }
}
