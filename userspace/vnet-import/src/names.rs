// SPDX-License-Identifier: GPL-2.0

//! Names that vnet takes, made of names that other tools take.

use std::collections::{HashMap, HashSet};

use vnet_topology::names::{check_interface, check_lab, check_node, MAX_LAB_NAME};

/// Longest name of a node that is made; there has to be room for a suffix.
const MAX_NAME: usize = 48;

/// Gives out names of nodes, each once.
#[derive(Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    /// The number to try next for a name.
    next: HashMap<String, usize>,
}

impl Names {
    /// A host name as near to the label as possible. `id` tells nodes of the same label apart.
    pub fn host(&mut self, label: &str, id: &str) -> String {
        let mut name = words(label);
        if check_node(&name).is_err() {
            // Empty, or only digits. Of what has no label the id may be a name by itself.
            let whole = words(&format!("{label} {id}"));
            name = match name.is_empty() && check_node(&whole).is_ok() {
                true => whole,
                false => format!("n{}", whole.trim_start_matches('-')),
            };
        }
        if check_node(&name).is_err() {
            name = "node".into();
        }
        let id = words(id);
        if id.is_empty() {
            return self.number(name, 2);
        }
        match self.taken.insert(name.to_lowercase()) {
            true => name,
            false => self.number(format!("{name}-{id}"), 3),
        }
    }

    /// The name if it is new, else with the first number that is.
    fn number(&mut self, name: String, first: usize) -> String {
        let key = name.to_lowercase();
        if self.taken.insert(key.clone()) {
            return name;
        }
        let next = self.next.entry(key).or_insert(first);
        loop {
            let candidate = format!("{name}-{next}");
            *next += 1;
            if self.taken.insert(candidate.to_lowercase()) {
                return candidate;
            }
        }
    }
}

/// Letters, digits and single hyphens, at most [`MAX_NAME`].
fn words(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            c => match plain(c) {
                Some(letters) => out.push_str(letters),
                // Between words, never at the beginning.
                None if !out.is_empty() && !out.ends_with('-') => out.push('-'),
                None => {}
            },
        }
        if out.len() >= MAX_NAME {
            break;
        }
    }
    out.trim_matches('-').to_owned()
}

/// Letters of European languages without their marks.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'æ' => "ae",
        'Æ' => "Ae",
        'ç' | 'ć' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'ď' | 'đ' | 'ð' => "d",
        'Ď' | 'Đ' => "D",
        'è'..='ë' | 'ē' | 'ę' | 'ě' | 'ė' => "e",
        'È'..='Ë' | 'Ē' | 'Ę' | 'Ě' => "E",
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'Ì'..='Ï' | 'İ' => "I",
        'ł' | 'ľ' | 'ļ' => "l",
        'Ł' | 'Ľ' => "L",
        'ñ' | 'ń' | 'ň' => "n",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'Ò'..='Ö' | 'Ø' | 'Ő' => "O",
        'ř' => "r",
        'Ř' => "R",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'ß' => "ss",
        'ť' | 'ț' | 'þ' => "t",
        'Ť' | 'Ț' => "T",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'Ù'..='Ü' | 'Ů' | 'Ű' => "U",
        'ý' | 'ÿ' => "y",
        'Ý' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        '\'' | '’' | '`' => "",
        _ => return None,
    })
}

/// A name of an interface as near as possible.
pub(crate) fn interface(name: &str) -> String {
    if check_interface(name).is_ok() {
        return name.to_owned();
    }
    let plain: String = name
        .chars()
        .map(|c| match c {
            '-' | '_' | '.' => c,
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        })
        .collect();
    let plain = plain.trim_matches('-');
    let number = plain
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(plain.len());
    let (word, number) = plain.split_at(number);
    // GigabitEthernet0/0/1 is Gi0-0-1 for short.
    let short = format!("{}{number}", &word[..word.len().min(2)]);
    let candidates = [plain, &short, &short[short.len().saturating_sub(15)..]];
    let found = candidates.iter().find(|name| check_interface(name).is_ok());
    found.map_or_else(|| "if0".to_owned(), |name| (*name).to_owned())
}

/// A name of a lab, from the path of a file.
pub(crate) fn lab_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = match file.split_once(".clab.") {
        Some((stem, _)) => stem,
        None => file.rsplit_once('.').map_or(file, |(stem, _)| stem),
    };
    // `lab.conf` is in the directory that has the name.
    let stem = match (stem, path.rsplit('/').nth(1)) {
        ("lab", Some(directory)) if !directory.is_empty() => directory,
        _ => stem,
    };
    let mut name = words(stem);
    name.truncate(MAX_LAB_NAME);
    let name = name.trim_matches('-').to_owned();
    check_lab(&name).ok().map(|()| name)
}

/// A name of a lab that the file itself gives.
pub(crate) fn given_lab_name(name: &str) -> Option<String> {
    match check_lab(name) {
        Ok(()) => Some(name.to_owned()),
        Err(_) => lab_name(&name.replace(['/', '.'], "-")),
    }
}

/// For sorting identifiers as people do: `n2` before `n10`.
pub(crate) fn natural(text: &str) -> (String, u64, String) {
    let start = text
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(start);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    (
        word.to_owned(),
        digits.parse().unwrap_or(u64::MAX),
        rest.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        let mut names = Names::default();
        for (label, id, expected) in [
            ("New York", "0", "New-York"),
            ("new york", "7", "new-york-7"),
            ("New York", "7", "New-York-7-3"),
            ("São Paulo", "1", "Sao-Paulo"),
            ("12", "2", "n12-2"),
            ("", "3", "n3"),
            ("?", "4", "n4"),
            ("(unknown)", "5", "unknown"),
            ("Łódź", "6", "Lodz"),
            ("localhost", "1", "nlocalhost-1"),
        ] {
            assert_eq!(names.host(label, id), expected, "{label}");
        }
        let long = names.host(&"x".repeat(200), "1");
        assert!(check_node(&long).is_ok());
    }

    #[test]
    fn interfaces() {
        for (name, expected) in [
            ("eth0", "eth0"),
            ("ethernet-1/1", "ethernet-1-1"),
            ("GigabitEthernet0/0/1", "Gi0-0-1"),
            ("", "if0"),
            ("a b", "a-b"),
        ] {
            assert_eq!(interface(name), expected);
            assert!(check_interface(expected).is_ok());
        }
    }

    #[test]
    fn lab_names() {
        assert_eq!(lab_name("x/y/frr01.clab.yml").as_deref(), Some("frr01"));
        assert_eq!(
            lab_name("x/static routing/lab.conf").as_deref(),
            Some("static-routing")
        );
        assert_eq!(lab_name("Kdl.graphml").as_deref(), Some("Kdl"));
    }

    #[test]
    fn natural_order() {
        let mut ids = vec!["n10", "n2", "n1", "m"];
        ids.sort_by_key(|id| natural(id));
        assert_eq!(ids, ["m", "n1", "n2", "n10"]);
    }
}
