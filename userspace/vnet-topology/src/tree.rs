// SPDX-License-Identifier: GPL-2.0

//! The YAML file as a tree of texts with their places.
//!
//! YAML guesses types: `no` is a boolean, `010` a float, `1_0` an integer. A node may be called `no`, so the tree keeps
//! every scalar as it was written and leaves it to the reader of a field what it takes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::report::{Problem, Span};

/// Longest file that is read, bytes.
const MAX_BYTES: usize = 64 << 20;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub data: Data,
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Nothing, or `~`.
    Null,
    /// A scalar: the text as written, without quotes.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order of the file. Keys differ.
    Map(Vec<(Key, Value)>),
}

/// A key of a map with its place.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub text: String,
    pub span: Span,
}

impl Value {
    /// What a message calls it.
    pub fn describe(&self) -> String {
        match &self.data {
            Data::Null => "nothing".into(),
            Data::Text(text) => format!("`{}`", shorten(text)),
            Data::List(_) => "a list".into(),
            Data::Map(_) => "a map".into(),
        }
    }
}

/// The first line of a text, cut to what fits a message.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Reads a file. What YAML itself refuses is a single problem, as nothing after it can be trusted.
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::new(0..0, "the file is longer than 64 MiB"));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
        // Enough for 10,000 nodes with 100,000 links; aliases may not multiply that.
        budget: serde_saphyr::budget! {
            max_events: 10_000_000,
            max_nodes: 5_000_000,
            max_depth: 32,
            max_documents: 1,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 1_000_000,
            max_replay_stack_depth: 16,
        },
    };
    let node: Spanned<Node> = match serde_saphyr::from_str_with_options(text, options) {
        Ok(node) => node,
        Err(error) => return Err(syntax_problem(text, &error)),
    };
    Ok(node.value.place(&node.defined, text))
}

fn syntax_problem(text: &str, error: &serde_saphyr::Error) -> Problem {
    let error = error.without_snippet();
    let span = error.location().map_or(0..0, |place| span_of(&place, text));
    let message = error.to_string();
    // The place is shown with the text; the library also puts it in words.
    let message = match message.split_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => match message.split_once(": ") {
            Some((place, message))
                if place.starts_with("line ") || place.starts_with("error: line ") =>
            {
                message.to_owned()
            }
            _ => message,
        },
    };
    Problem::new(span, message)
}

fn span_of(place: &Location, text: &str) -> Span {
    let span = place.span();
    let start = span
        .byte_offset()
        .and_then(|offset| usize::try_from(offset).ok())
        .unwrap_or_default()
        .min(text.len());
    let length = span
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or_default();
    let end = start.saturating_add(length).min(text.len());
    // A block scalar includes the indentation of what follows.
    let trimmed = text
        .get(start..end)
        .map_or(0, |slice| slice.trim_end().len());
    start..start + trimmed
}

/// What serde sees. `Plain` is a scalar that YAML takes for something other than a string: its text is in the source.
enum Node {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<Node>, Spanned<Node>)>),
}

impl Node {
    fn place(self, place: &Location, text: &str) -> Value {
        let mut span = span_of(place, text);
        let source = |span: &Span| text.get(span.clone()).unwrap_or_default().to_owned();
        let data = match self {
            Node::Null => Data::Null,
            Node::Plain => Data::Text(source(&span)),
            Node::Text(text) => Data::Text(text),
            Node::List(items) => Data::List(
                items
                    .into_iter()
                    .map(|item| item.value.place(&item.defined, text))
                    .collect(),
            ),
            Node::Map(entries) => Data::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let span = span_of(&key.defined, text);
                        let key = Key {
                            text: match key.value {
                                Node::Text(text) => text,
                                _ => source(&span),
                            },
                            span,
                        };
                        (key, value.value.place(&value.defined, text))
                    })
                    .collect(),
            ),
        };
        // The place of a map or list is only its beginning: show its first key or item instead of a single character.
        match &data {
            Data::Map(entries) => {
                if let Some((key, _)) = entries.first() {
                    span = key.span.clone();
                }
            }
            Data::List(items) => {
                if let (Some(first), Some(last)) = (items.first(), items.last()) {
                    span = match text.get(first.span.start..last.span.end) {
                        Some(slice) if !slice.contains('\n') => first.span.start..last.span.end,
                        _ => first.span.clone(),
                    };
                }
            }
            Data::Null | Data::Text(_) => {}
        }
        Value { data, span }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(Spanned<Node>, Spanned<Node>)> = Vec::new();
        while let Some((key, value)) = access.next_entry::<Spanned<Node>, Spanned<Node>>()? {
            if matches!(key.value, Node::List(_) | Node::Map(_)) {
                return Err(A::Error::custom("a key has to be a text"));
            }
            entries.push((key, value));
        }
        Ok(Node::Map(entries))
    }
}
