// SPDX-License-Identifier: GPL-2.0

//! GML: keys with numbers, texts in quotes, or lists of the same in brackets.

use std::collections::BTreeMap;

use crate::zoo::{convert, Graph, GraphEdge, GraphNode};
use crate::{ImportError, Imported, Options};

/// Deepest nesting of lists that is read.
const MAX_DEPTH: usize = 32;

enum Value {
    Text(String),
    List(Vec<(String, Value)>),
}

pub(crate) fn import(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let mut parser = Parser { text, at: 0 };
    let top = parser.list(0)?;
    let graphs = top
        .iter()
        .filter(|(key, value)| key == "graph" && matches!(value, Value::List(_)));
    let several = graphs.count() > 1;
    let graph = top.into_iter().find_map(|(key, value)| match value {
        Value::List(graph) if key == "graph" => Some(graph),
        _ => None,
    });
    let Some(graph) = graph else {
        return Err(ImportError::syntax(
            "there is no `graph [ ... ]` in the file",
        ));
    };
    let mut result = Graph::default();
    if several {
        let left = "only the first graph of the file is read".to_owned();
        result.left_out.push(left);
    }
    for (key, value) in graph {
        match (key.as_str(), value) {
            ("node", Value::List(fields)) => {
                let attributes = texts(fields);
                let id = attributes
                    .get("id")
                    .ok_or_else(|| ImportError::syntax("a node has no id"))?
                    .clone();
                result.nodes.push(GraphNode { id, attributes });
            }
            ("edge", Value::List(fields)) => {
                let attributes = texts(fields);
                let end = |key: &str| {
                    let found = attributes.get(key).cloned();
                    found.ok_or_else(|| ImportError::syntax(format!("an edge has no {key}")))
                };
                result.edges.push(GraphEdge {
                    source: end("source")?,
                    target: end("target")?,
                    directed: false,
                    attributes: attributes.clone(),
                });
            }
            (_, Value::Text(text)) => {
                result.attributes.insert(key, text);
            }
            (key, Value::List(_)) => result.left_out.push(format!("`{key}` is not carried over")),
        }
    }
    if result
        .attributes
        .get("directed")
        .is_some_and(|directed| directed == "1")
    {
        for edge in &mut result.edges {
            edge.directed = true;
        }
    }
    convert(&result, options)
}

/// The fields as texts. Of a drawing, `graphics [ x 1 y 2 ]`, the place is a field; of other lists, that they are there.
fn texts(fields: Vec<(String, Value)>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (key, value) in fields {
        match value {
            Value::Text(text) => {
                texts.insert(key, text);
            }
            Value::List(inner) if key == "graphics" => {
                for (key, value) in inner {
                    if let (true, Value::Text(text)) = (key == "x" || key == "y", value) {
                        texts.entry(key).or_insert(text);
                    }
                }
            }
            Value::List(_) => {
                texts.insert(key, "a list".into());
            }
        }
    }
    texts
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn refuse(&self, message: &str) -> ImportError {
        let before = self.text.get(..self.at).unwrap_or_default();
        ImportError::at(before.matches('\n').count() + 1, message)
    }

    /// Goes over white space and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            match trimmed.starts_with('#') {
                true => self.at += trimmed.find('\n').unwrap_or(trimmed.len()),
                false => return,
            }
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '"'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Pairs of key and value, up to the end or the closing bracket.
    fn list(&mut self, depth: usize) -> Result<Vec<(String, Value)>, ImportError> {
        let mut pairs = Vec::new();
        loop {
            self.skip();
            let rest = &self.text[self.at..];
            if rest.is_empty() || rest.starts_with(']') {
                return match (depth, rest.is_empty()) {
                    (0, true) => Ok(pairs),
                    (0, false) => Err(self.refuse("a bracket is closed that was not opened")),
                    (_, true) => Err(self.refuse("a bracket is not closed")),
                    (_, false) => {
                        self.at += 1;
                        Ok(pairs)
                    }
                };
            }
            let key = self.word().to_owned();
            if key.is_empty() {
                return Err(self.refuse("expected a key"));
            }
            self.skip();
            let rest = &self.text[self.at..];
            let value = if rest.starts_with('[') {
                if depth >= MAX_DEPTH {
                    return Err(self.refuse("lists are nested too deeply"));
                }
                self.at += 1;
                Value::List(self.list(depth + 1)?)
            } else if let Some(quoted) = rest.strip_prefix('"') {
                let Some(end) = quoted.find('"') else {
                    return Err(self.refuse("a quote is not closed"));
                };
                self.at += end + 2;
                Value::Text(unescape(&quoted[..end]))
            } else {
                let word = self.word();
                if word.is_empty() {
                    return Err(self.refuse("expected a value"));
                }
                Value::Text(word.to_owned())
            };
            pairs.push((key, value));
        }
    }
}

/// GML has characters beyond ASCII as in HTML.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        let end = inside.find(';').filter(|&end| end <= 8);
        let c = end.and_then(|end| {
            let name = &inside[..end];
            match name {
                "amp" => Some('&'),
                "quot" => Some('"'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "apos" => Some('\''),
                _ => name
                    .strip_prefix('#')?
                    .parse::<u32>()
                    .ok()
                    .and_then(char::from_u32),
            }
        });
        match (c, end) {
            (Some(c), Some(end)) => {
                out.push(c);
                rest = &inside[end + 1..];
            }
            _ => {
                out.push('&');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}
