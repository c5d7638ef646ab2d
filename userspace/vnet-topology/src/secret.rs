// SPDX-License-Identifier: GPL-2.0

//! What messages do not show: the values of parameters that blocks tell nobody.

use crate::blocks;

/// What is shorter is no key, but maybe the kind of a node that is called like one.
const LEAST: usize = 8;

/// The text with `*` for each byte of such a value, as in `key: ********`, so that all places stay what they are.
pub(crate) fn hide(text: &str) -> String {
    let mut hidden = text.as_bytes().to_vec();
    for name in blocks::secrets() {
        for (at, _) in text.match_indices(name) {
            let value = value_behind(text, at, name.len()).unwrap_or(0..0);
            hidden[value].fill(b'*');
        }
    }
    String::from_utf8_lossy(&hidden).into_owned()
}

/// Where the value is that follows on a name: behind `:` or `=`, maybe in quotes.
fn value_behind(text: &str, at: usize, length: usize) -> Option<std::ops::Range<usize>> {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if text[..at].ends_with(part_of_word) {
        return None;
    }
    const QUOTES: [char; 3] = ['"', '\'', '`'];
    let blank = |c: char| c == ' ' || c == '\t';
    let rest = text[at + length..].trim_start_matches(['"', '\'']);
    let rest = rest
        .trim_start_matches(blank)
        .strip_prefix([':', '='])?
        .trim_start_matches(blank)
        .trim_start_matches(QUOTES);
    let ends = |c: char| c.is_whitespace() || QUOTES.contains(&c) || ",;(){}[]".contains(c);
    let long = rest.find(ends).unwrap_or(rest.len());
    let start = text.len() - rest.len();
    (long >= LEAST).then(|| start..start + long)
}

#[cfg(test)]
mod tests {
    use super::hide;

    #[test]
    fn keys_are_hidden() {
        for (text, shown) in [
            ("key: 0x00112233", "key: **********"),
            (
                "{other-key: \"0x00112233\", window: 3}",
                "{other-key: \"**********\", window: 3}",
            ),
            (
                "crypt c(key=0x00112233) -> e",
                "crypt c(key=**********) -> e",
            ),
            ("\"key\" : 'schlüssel'\n", "\"key\" : '**********'\n"),
            (
                "key: `00112233` is not bytes",
                "key: `********` is not bytes",
            ),
            ("key: host", "key: host"),
            (
                "monkey: somewhere, key-id: 0x00112233",
                "monkey: somewhere, key-id: 0x00112233",
            ),
            ("key: {kind: router}, key", "key: {kind: router}, key"),
        ] {
            assert_eq!(hide(text), shown);
        }
    }
}
