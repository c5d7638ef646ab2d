// SPDX-License-Identifier: GPL-2.0

//! Which names labs, nodes, links and interfaces can have.

use crate::plan::MAX_INTERFACE_NAME;

/// Longest name of a lab, bytes.
pub const MAX_LAB_NAME: usize = 32;
/// Longest name of a node, bytes: what `sethostname` takes, less one.
pub const MAX_NODE_NAME: usize = 63;
/// Longest name of a link, a medium or a block, bytes: what the module takes.
pub const MAX_OBJECT_NAME: usize = 63;

/// Checks the name of a lab; the error says what is wrong with it.
pub fn check_lab(name: &str) -> Result<(), String> {
    check_words(name, MAX_LAB_NAME)
}

/// Checks the name of a link or a medium; the error says what is wrong with it.
pub fn check_link(name: &str) -> Result<(), String> {
    check_words(name, MAX_OBJECT_NAME)
}

fn check_words(name: &str, longest: usize) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name is empty".into());
    }
    if name.len() > longest {
        return Err(format!("`{name}` is longer than {longest} characters"));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(bad) = name.chars().find(|&c| !good(c)) {
        return Err(format!("{bad:?} cannot be in a name"));
    }
    match name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err("a name begins with a letter or a digit".into()),
    }
}

/// Checks the name of a node, which is its host name; the error says what is wrong with it.
pub fn check_node(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name is empty".into());
    }
    if name.len() > MAX_NODE_NAME {
        return Err(format!(
            "`{name}` is longer than {MAX_NODE_NAME} characters"
        ));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(format!("`{name}` has an empty part"));
        }
        if let Some(bad) = label
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            return Err(format!("{bad:?} cannot be in a host name"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(format!("`{label}` begins or ends with a hyphen"));
        }
    }
    if name.eq_ignore_ascii_case("localhost") {
        return Err("every node calls itself `localhost`".into());
    }
    // `ping 12` is a ping to 0.0.0.12.
    let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    match name.split('.').all(number) {
        true => Err(format!("`{name}` would be taken for an address")),
        false => Ok(()),
    }
}

/// What a host name may be, for the help of a message.
pub const NODE_NAME_HELP: &str =
    "a node's name is its host name: letters, digits and hyphens, not only digits, at most 63 characters";

/// Checks the name of an interface; the error says what is wrong with it.
pub fn check_interface(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name of the interface is empty".into());
    }
    if name.len() > MAX_INTERFACE_NAME {
        return Err(format!(
            "`{name}` is longer than the {MAX_INTERFACE_NAME} characters that an interface name can have"
        ));
    }
    if matches!(name, "." | ".." | "all" | "default") {
        return Err(format!("an interface cannot be called `{name}`"));
    }
    let bad = |c: char| {
        c == '/' || c == ':' || c == '%' || c.is_whitespace() || c.is_control() || !c.is_ascii()
    };
    match name.chars().find(|&c| bad(c)) {
        Some(bad) => Err(format!("{bad:?} cannot be in the name of an interface")),
        None => Ok(()),
    }
}

/// The name among `known` that was probably meant by `name`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            // One slip in three letters; in shorter words every other word is near.
            *distance <= candidate.chars().count().max(name.chars().count()) / 3
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    // What is so long is not a slip of the fingers, and the table would be large.
    if a.len() > 100 || b.len() > 100 {
        return usize::MAX;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names() {
        for good in ["pc1", "no", "on", "R-1", "a.example", "x1"] {
            assert_eq!(check_node(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a_b",
            "-a",
            "a-",
            "a..b",
            "12",
            "1.2",
            "ä",
            "a b",
            "a:b",
            &"x".repeat(64),
        ] {
            assert!(check_node(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nearest_key() {
        assert_eq!(nearest("dealy", ["rate", "delay"]), Some("delay"));
        assert_eq!(nearest("Rates", ["rate", "delay"]), Some("rate"));
        assert_eq!(nearest("colour", ["rate", "delay"]), None);
    }
}
