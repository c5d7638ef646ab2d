// SPDX-License-Identifier: GPL-2.0

//! DS code points by name (RFC 2474, 2597, 3246, 5865, 8622) or number.

/// Names of code points; of several the first one is shown.
const NAMES: [(&str, u8); 25] = [
    ("cs0", 0),
    ("default", 0),
    ("be", 0),
    ("le", 1),
    ("cs1", 8),
    ("af11", 10),
    ("af12", 12),
    ("af13", 14),
    ("cs2", 16),
    ("af21", 18),
    ("af22", 20),
    ("af23", 22),
    ("cs3", 24),
    ("af31", 26),
    ("af32", 28),
    ("af33", 30),
    ("cs4", 32),
    ("af41", 34),
    ("af42", 36),
    ("af43", 38),
    ("cs5", 40),
    ("va", 44),
    ("ef", 46),
    ("cs6", 48),
    ("cs7", 56),
];

/// What can be written for a code point.
pub(crate) const HELP: &str =
    "a DSCP is a number from 0 to 63, or a name: cs0 to cs7, af11 to af43, ef, va, le, default";

/// The code point of that name or number.
pub(crate) fn parse(text: &str) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == lower);
    match named {
        Some((_, number)) => Some(*number),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok().filter(|number| *number < 64)
        }
        None => None,
    }
}

/// The name of a code point, or its number.
pub(crate) fn show(number: u8) -> String {
    match NAMES.iter().find(|(_, named)| *named == number) {
        Some((name, _)) => (*name).to_owned(),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(parse("EF"), Some(46));
        assert_eq!(parse("af41"), Some(34));
        assert_eq!(parse("0"), Some(0));
        for text in ["64", "-1", "", "ef1", "300"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for number in 0..64 {
            assert_eq!(parse(&show(number)), Some(number));
        }
    }
}
