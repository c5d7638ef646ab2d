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

const KEY_IS_NO_TEXT: &str = "a key has to be a text";

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
            max_recorded_anchor_events: 200_000,
            max_documents: 1,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 200_000,
            max_replay_stack_depth: 16,
        },
    };
    let node: Spanned<Node> = match serde_saphyr::from_str_with_options(text, options) {
        Ok(node) => node,
        Err(error) => return Err(syntax_problem(text, &error)),
    };
    Ok(node.value.place(&node.defined, text))
}

/// What YAML refuses, in words that need no knowledge of the library.
fn syntax_problem(text: &str, error: &serde_saphyr::Error) -> Problem {
    use serde_saphyr::budget::BudgetBreach;
    use serde_saphyr::Error;

    let error = error.without_snippet();
    let span = error.location().map_or(0..0, |place| span_of(&place, text));
    let problem = |message: String| Problem::new(span.clone(), message);
    // What went wrong while an alias was expanded is shown where the alias stands.
    let error = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        error => error,
    };
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or_default();
            problem(format!(
                "there are two keys `{}` in the same map",
                shorten(key)
            ))
            .label("the second one")
            .help("each key, and so each node, has a name of its own: remove or rename one of them")
        }
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Documents { .. } => problem("a file holds one topology".into())
                .label("a second one begins here")
                .help("make it a file of its own"),
            BudgetBreach::Depth { .. } => problem("lists and maps are nested too deeply".into())
                .help("a topology needs less than 32 levels"),
            _ => too_large(problem),
        },
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => too_large(problem),
        Error::Message { msg, .. } if msg == KEY_IS_NO_TEXT => {
            problem(msg.clone()).help("quote the key if it is meant to have brackets in it")
        }
        Error::UnsupportedTag { .. } => problem("a YAML tag has no meaning here".into())
            .help("remove the word that begins with `!`; quote it if it is text"),
        error => {
            let message = error.to_string();
            // The place is shown with the text; the library also puts it in words.
            let message = match message.split_once(" at line ") {
                Some((message, _)) => message,
                None => match message.split_once(": ") {
                    Some((place, message)) if place.contains("line ") => message,
                    _ => &message,
                },
            };
            problem(message.to_owned()).help("this is not YAML: look at the indentation, and for what is missing just before here")
        }
    }
}

fn too_large(problem: impl Fn(String) -> Problem) -> Problem {
    problem("the file is too large, or its aliases multiply to too much".into()).help(
        "aliases (`*name`) may expand to at most 200,000 values; a file has at most 5,000,000",
    )
}

fn span_of(place: &Location, text: &str) -> Span {
    let span = place.span();
    let start = match span
        .byte_offset()
        .and_then(|offset| usize::try_from(offset).ok())
    {
        Some(start) => start.min(text.len()),
        None => offset_of(place, text),
    };
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

/// The place by line and column, where the library does not tell the byte.
fn offset_of(place: &Location, text: &str) -> usize {
    let line = usize::try_from(place.line())
        .unwrap_or_default()
        .saturating_sub(1);
    let column = usize::try_from(place.column())
        .unwrap_or_default()
        .saturating_sub(1);
    let Some(line) = text.split_inclusive('\n').nth(line) else {
        return text.len();
    };
    let start = line.as_ptr() as usize - text.as_ptr() as usize;
    let within = line
        .trim_end()
        .char_indices()
        .nth(column)
        .map_or(line.trim_end().len(), |(at, _)| at);
    start + within
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
                return Err(A::Error::custom(KEY_IS_NO_TEXT));
            }
            entries.push((key, value));
        }
        Ok(Node::Map(entries))
    }
}
