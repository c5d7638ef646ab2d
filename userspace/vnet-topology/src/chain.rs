// SPDX-License-Identifier: GPL-2.0

//! Chains of functional blocks as people write them: `eth0:wire -> counter c1 -> eth0:host`.
//!
//! A chain goes from the wire towards the application; what is sent goes against the arrows. Each block on the way is
//! `[TYPE] NAME[:PORT][(PARAMETER=VALUE, ...)]`. The port of the first block is the one by which the chain leaves it
//! upwards, that of the last block the one by which the chain enters it. A block between them has two ports:
//! `NAME:LOWER:UPPER`, either of which may be left empty.

use crate::names::MAX_OBJECT_NAME;
use crate::plan::{BindingPlan, PortPlan};
use crate::report::Span;

/// A block of a chain, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Its type, where the chain makes the block.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// The port by which the chain enters it from below.
    pub lower: Option<String>,
    /// The port by which the chain leaves it upwards.
    pub upper: Option<String>,
    /// Parameters.
    pub params: Vec<(String, String)>,
    /// Where it stands in the text.
    pub span: Span,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChainError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Where in the text.
    pub span: Span,
}

/// How a chain is written.
pub const CHAIN_HELP: &str =
    "a chain goes upwards from the wire, as in\neth0:wire -> counter c1 -> eth0:host";

/// Reads a chain.
pub fn parse(text: &str) -> Result<Vec<Hop>, ChainError> {
    let mut parts = Vec::new();
    let mut start = 0;
    // An arrow within brackets belongs to a value.
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            '-' if open == 0 && at >= start && text[at..].starts_with("->") => {
                parts.push(start..at);
                start = at + 2;
            }
            _ => {}
        }
    }
    parts.push(start..text.len());
    hops(
        parts
            .into_iter()
            .map(|span| (&text[span.clone()], span.start)),
    )
}

/// Reads a chain that stands as separate words, each with where it begins.
pub fn hops<'a>(
    words: impl ExactSizeIterator<Item = (&'a str, usize)>,
) -> Result<Vec<Hop>, ChainError> {
    let last = words.len().saturating_sub(1);
    words
        .enumerate()
        .map(|(index, (word, start))| {
            let lead = word.len() - word.trim_start().len();
            let word = word.trim();
            let span = start + lead..start + lead + word.len();
            hop(word, span.clone(), index == 0, index == last).map_err(|(message, help)| {
                ChainError {
                    message,
                    help,
                    span,
                }
            })
        })
        .collect()
}

/// The bindings of a chain.
pub fn bindings(hops: &[Hop]) -> impl Iterator<Item = BindingPlan> + '_ {
    let port = |hop: &Hop, port: &Option<String>| PortPlan {
        block: hop.name.clone(),
        port: port.clone(),
    };
    hops.windows(2).filter_map(move |pair| match pair {
        [below, above] => Some(BindingPlan {
            lower: port(below, &below.upper),
            upper: port(above, &above.lower),
        }),
        _ => None,
    })
}

/// Checks the name of a block; the error says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name of the block is missing".into());
    }
    if name.len() > MAX_OBJECT_NAME {
        return Err(format!(
            "`{name}` is longer than {MAX_OBJECT_NAME} characters"
        ));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    match name.chars().find(|c| !good(*c)) {
        Some(bad) => Err(format!("{bad:?} cannot be in the name of a block")),
        None => Ok(()),
    }
}

fn hop(word: &str, span: Span, first: bool, last: bool) -> Result<Hop, (String, String)> {
    let refuse = |message: String, help: &str| Err((message, help.to_owned()));
    if word.is_empty() {
        return refuse("a block is missing here".into(), CHAIN_HELP);
    }
    let (head, params) = match word.split_once('(') {
        None => (word, Vec::new()),
        Some((head, rest)) => match rest.strip_suffix(')') {
            None => return refuse("a `)` is missing here".into(), PARAM_HELP),
            Some(list) => (head.trim_end(), params(list)?),
        },
    };
    let words: Vec<&str> = head.split_whitespace().collect();
    let (kind, name) = match words[..] {
        [name] => (None, name),
        [kind, name] => (Some(kind.to_owned()), name),
        _ => {
            return refuse(
                format!("`{head}` is not a block"),
                "a block is its name, or its type and its name, as in `counter c1`",
            )
        }
    };
    let mut parts = name.split(':');
    let name = parts.next().unwrap_or_default().to_owned();
    if let Err(message) = check_name(&name) {
        return refuse(message, "a name has letters, digits, `-`, `_`, `.` and `@`");
    }
    let filled = |part: &str| (!part.is_empty()).then(|| part.to_owned());
    let ports: Vec<Option<String>> = parts.map(filled).collect();
    let (lower, upper) = match (&ports[..], first, last) {
        ([], ..) => (None, None),
        // A chain of a single block binds nothing; which way the port faces, the block knows.
        ([port], true, _) => (None, port.clone()),
        ([port], false, true) => (port.clone(), None),
        ([lower, upper], ..) => (lower.clone(), upper.clone()),
        ([Some(port)], ..) => {
            return refuse(
                format!("which way does `{port}` face?"),
                &format!("within a chain a block has two ports: write `{name}:{port}:` if the chain enters by it from below, `{name}::{port}` if it leaves by it"),
            )
        }
        _ => {
            return refuse(
                format!("`{word}` has too many ports"),
                "at most two: NAME:LOWER:UPPER",
            )
        }
    };
    Ok(Hop {
        kind,
        name,
        lower,
        upper,
        params,
        span,
    })
}

const PARAM_HELP: &str = "parameters are written as in `queue q1(packets=10, bytes=64KB)`";

fn params(list: &str) -> Result<Vec<(String, String)>, (String, String)> {
    let parts = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => Err((format!("`{part}` has no value"), PARAM_HELP.to_owned())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str) -> Vec<String> {
        let end = |port: &PortPlan| match &port.port {
            Some(name) => format!("{}:{name}", port.block),
            None => port.block.clone(),
        };
        let hops = parse(text).unwrap();
        bindings(&hops)
            .map(|binding| format!("{} {}", end(&binding.lower), end(&binding.upper)))
            .collect()
    }

    #[test]
    fn arrows_bind() {
        assert_eq!(
            bound("eth0:wire -> counter c1 -> f1->eth0:host"),
            ["eth0:wire c1", "c1 f1", "f1 eth0:host"]
        );
        assert_eq!(bound("a -> b:in:out -> c"), ["a b:in", "b:out c"]);
        assert_eq!(bound("a -> b::out -> c"), ["a b", "b:out c"]);
        assert!(bound("a").is_empty());
    }

    #[test]
    fn types_and_parameters() {
        let hops = parse("eth0:wire -> queue q (packets=10, label=a->b) -> eth0:host").unwrap();
        assert_eq!(hops.len(), 3);
        assert_eq!(hops[1].kind.as_deref(), Some("queue"));
        assert_eq!(
            hops[1].params,
            [
                ("packets".into(), "10".into()),
                ("label".into(), "a->b".into())
            ]
        );
        assert_eq!(hops[1].span, 13..45);
    }

    #[test]
    fn mistakes() {
        for (text, message, span) in [
            ("a -> ", "a block is missing here", 5..5),
            ("a -> b:x -> c", "which way does `x` face?", 5..8),
            ("a -> b:x:y:z -> c", "`b:x:y:z` has too many ports", 5..12),
            ("a -> q(x -> c", "a `)` is missing here", 5..13),
            ("q(x)", "`x` has no value", 0..4),
            ("one two three", "`one two three` is not a block", 0..13),
            ("a -> :x", "the name of the block is missing", 5..7),
            ("a -> ü", "'ü' cannot be in the name of a block", 5..7),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                (error.message.as_str(), error.span),
                (message, span),
                "{text}"
            );
        }
    }
}
