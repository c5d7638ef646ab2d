// SPDX-License-Identifier: GPL-2.0

//! Tables of a jitter distribution: netem's text format, or plain numbers.
//!
//! A table is quantiles at even distances, from the least deviation to the greatest, separated by white space or
//! commas; what follows a `#` is a comment. Whole numbers are in parts of 8192 of the jitter, as in netem's `.dist`
//! files; if any number has a decimal point, all of them are multiples of the jitter.

use crate::plan::MAX_TABLE;

/// One, in a table.
const UNIT: f64 = 8192.0;

/// Reads a table; the error says which line is wrong and why.
pub fn parse(text: &str) -> Result<Vec<i16>, String> {
    let mut words = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let separate = |c: char| c.is_whitespace() || c == ',';
        let parts = line.split(separate).filter(|word| !word.is_empty());
        words.extend(parts.map(|word| (number + 1, word)));
    }
    let multiples = words.iter().any(|(_, word)| word.contains('.'));
    let mut table: Vec<i16> = Vec::with_capacity(words.len());
    for (line, word) in words {
        let value = match multiples {
            true => multiple(word),
            false => word.parse().ok(),
        };
        let Some(value) = value else {
            return Err(match multiples {
                true => format!("line {line}: `{word}` is not a number from -4 to 3.9998"),
                false => format!("line {line}: `{word}` is not a whole number of 16 bits"),
            });
        };
        if table.last().is_some_and(|last| value < *last) {
            return Err(format!(
                "line {line}: `{word}` is less than the number before it; quantiles ascend (see sort -n)"
            ));
        }
        table.push(value);
    }
    match table.len() {
        0 => Err("there are no numbers".into()),
        1 => Err("there is only one number; a distribution has at least 2 quantiles".into()),
        count if count > MAX_TABLE => Err(format!("{count} numbers are more than {MAX_TABLE}")),
        _ => Ok(table),
    }
}

/// A multiple of the jitter in parts of 8192, to the nearest.
fn multiple(word: &str) -> Option<i16> {
    let value = word.parse::<f64>().ok()? * UNIT;
    let rounded = value.round();
    let range = f64::from(i16::MIN)..=f64::from(i16::MAX);
    // Within the range it fits; NaN is in no range.
    range.contains(&rounded).then_some(rounded as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netem_and_plain_numbers() {
        assert_eq!(
            parse("# netem\n -8192 0\n 100\t8191\n"),
            Ok(vec![-8192, 0, 100, 8191])
        );
        assert_eq!(parse("-1.0, 0, 0.5 2"), Ok(vec![-8192, 0, 4096, 16384]));
    }

    #[test]
    fn mistakes_have_a_line() {
        let error = |text: &str| parse(text).unwrap_err();
        assert!(error("1\n2\nx").starts_with("line 3: `x` is not a whole number"));
        assert!(error("2\n1").contains("less than the number before"));
        assert!(error("40000 50000").contains("16 bits"));
        assert!(error("0.5 9").contains("from -4"));
        assert!(error("0.5 nan").contains("from -4"));
        assert_eq!(error("# nothing"), "there are no numbers");
        assert!(error("1").contains("only one number"));
        assert!(error(&"1 ".repeat(16_385)).contains("more than 16384"));
    }
}
