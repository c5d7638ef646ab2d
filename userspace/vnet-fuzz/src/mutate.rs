// SPDX-License-Identifier: GPL-2.0

//! Inputs: right files that are damaged a little or a lot.

use crate::target::Target;

/// Longest input, bytes.
const LONGEST: usize = 1 << 16;
/// Values that are at the edge of something, or beyond.
const VALUES: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "4095",
    "65536",
    "4294967296",
    "18446744073709551616",
    "1e308",
    "-1e-308",
    "nan",
    "inf",
    "0x10",
    "1.5gbit",
    "99999999999999999999s",
    "10.0.0.1/24",
    "255.255.255.255/32",
    "::/0",
    "fe80::1%eth0/64",
    "ff:ff:ff:ff:ff:ff",
    "null",
    "~",
    "true",
    "\u{e4}\u{1f600}\u{202e}",
    "\u{0}",
    "\u{feff}",
    "\r\n",
    "\t",
    "${i}",
    "${",
    "$${x}",
    "a/../../b",
    "1..3",
    "1..999999999",
];

/// Makes the inputs of a reader.
pub struct Mutator {
    files: &'static [&'static str],
    words: &'static [&'static str],
    seed: u64,
}

/// Steele, Lea, Flood: SplitMix, 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % (bound as u64).max(1)) as usize
    }

    fn of<T: Copy>(&mut self, list: &[T], otherwise: T) -> T {
        list.get(self.below(list.len()))
            .copied()
            .unwrap_or(otherwise)
    }
}

impl Mutator {
    /// For a reader.
    pub fn new(target: &Target, seed: u64) -> Self {
        Mutator {
            files: target.files,
            words: target.words,
            seed,
        }
    }

    /// The input of a number.
    pub fn input(&self, number: u64) -> String {
        let mut random = Random(self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ number);
        if random.below(50) == 0 {
            return self.worded(&mut random);
        }
        let file = random.of(self.files, "");
        let mut tokens = tokens(file);
        // Mostly little is wrong, since what is quite wrong is refused early.
        let edits = 1 + random.below(4).min(random.below(16));
        for _ in 0..edits {
            self.edit(&mut tokens, &mut random);
        }
        let mut text: String = tokens.concat();
        if text.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or(0));
        }
        text
    }

    /// Nothing but words.
    fn worded(&self, random: &mut Random) -> String {
        (0..random.below(60)).map(|_| self.word(random)).collect()
    }

    fn word(&self, random: &mut Random) -> &'static str {
        match random.below(3) {
            0 => random.of(VALUES, ""),
            1 => random.of(&[" ", "\n", "\n  ", "\n    ", ": ", ", "], " "),
            _ => random.of(self.words, ""),
        }
    }

    fn edit(&self, tokens: &mut Vec<String>, random: &mut Random) {
        if tokens.is_empty() {
            tokens.push(self.word(random).to_owned());
        }
        let (at, other) = (random.below(tokens.len()), random.below(tokens.len()));
        let (from, to) = (at.min(other), at.max(other));
        match random.below(12) {
            0 => drop(tokens.remove(at)),
            1 => drop(tokens.drain(from..to.min(from + 20))),
            2 => tokens.swap(at, other),
            3 => tokens[at] = tokens[other].clone(),
            4 => tokens.insert(at, tokens[other].clone()),
            5 => tokens[at] = random.of(VALUES, "").to_owned(),
            6 => tokens.insert(at, self.word(random).to_owned()),
            7 => tokens[at] = self.word(random).to_owned(),
            8 => {
                // Something that is there several times, or very often.
                let piece: Vec<String> = tokens[from..to.min(from + 30)].to_vec();
                let times = random.of(&[1, 2, 3, 50], 1);
                for _ in 0..times {
                    tokens.splice(from..from, piece.iter().cloned());
                }
            }
            9 => {
                let depth = random.of(&[3, 70, 3000], 3);
                tokens.insert(at, self.word(random).repeat(depth));
            }
            10 => {
                // A part of another file.
                let file = random.of(self.files, "");
                let others = self::tokens(file);
                let begin = random.below(others.len());
                let end = (begin + random.below(40)).min(others.len());
                tokens.splice(at..at, others[begin..end].iter().cloned());
            }
            _ => {
                // Another character.
                let mut characters: Vec<char> = tokens[at].chars().collect();
                let place = random.below(characters.len());
                if let Some(character) = characters.get_mut(place) {
                    let code = random.below(0x300) as u32;
                    *character = char::from_u32(code).unwrap_or('?');
                }
                tokens[at] = characters.into_iter().collect();
            }
        }
    }
}

/// Words, and what stands between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        match tokens.last_mut() {
            Some(last) if word && in_word => last.push(c),
            _ => tokens.push(c.to_string()),
        }
        in_word = word;
    }
    tokens
}
