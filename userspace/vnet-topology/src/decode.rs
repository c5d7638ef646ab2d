// SPDX-License-Identifier: GPL-2.0

//! Reading fields of the tree into typed values, collecting what is wrong instead of stopping at it.

use std::cell::RefCell;

use crate::names::nearest;
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::UnitError;

/// Collects problems.
#[derive(Default)]
pub(crate) struct Problems {
    list: RefCell<Vec<Problem>>,
}

impl Problems {
    pub fn add(&self, problem: Problem) {
        self.list.borrow_mut().push(problem);
    }

    /// Adds a problem unless it is one of the last ones, as with what holds for both directions of a link or many links.
    pub fn add_once(&self, problem: Problem) {
        let mut list = self.list.borrow_mut();
        if !list.iter().rev().take(8).any(|last| *last == problem) {
            list.push(problem);
        }
    }

    pub fn has_errors(&self) -> bool {
        self.list.borrow().iter().any(|problem| !problem.warning)
    }

    pub fn take(self) -> Vec<Problem> {
        self.list.into_inner()
    }

    /// The value, or nothing and its problem on the list.
    pub fn keep<T>(&self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }
}

/// The fields of a map: each is asked for by its key, and what was not asked for is unknown.
pub(crate) struct Fields<'v, 'p> {
    /// What has these fields, for messages: "a link".
    what: &'static str,
    entries: &'v [(Key, Value)],
    taken: Vec<bool>,
    known: Vec<&'static str>,
    /// Keys that other tools have for something, and what to say about them.
    foreign: &'static [(&'static str, &'static str)],
    pub problems: &'p Problems,
}

impl<'v, 'p> Fields<'v, 'p> {
    /// The fields of a map; nothing at all is an empty map.
    pub fn of(problems: &'p Problems, value: &'v Value, what: &'static str) -> Option<Self> {
        let entries = match &value.data {
            Data::Map(entries) => entries.as_slice(),
            Data::Null => &[],
            Data::Text(_) | Data::List(_) => {
                problems.add(
                    Problem::new(
                        value.span.clone(),
                        format!("{what} is a map, not {}", value.describe()),
                    )
                    .label("expected `key: value` pairs here"),
                );
                return None;
            }
        };
        Some(Fields {
            what,
            entries,
            taken: vec![false; entries.len()],
            known: Vec::new(),
            foreign: &[],
            problems,
        })
    }

    /// Adds keys that do not exist here and what to say about them.
    pub fn foreign(mut self, foreign: &'static [(&'static str, &'static str)]) -> Self {
        self.foreign = foreign;
        self
    }

    /// The value of a key, if it is there.
    pub fn get(&mut self, key: &'static str) -> Option<&'v Value> {
        self.get_with_key(key).map(|(_, value)| value)
    }

    /// The key as it stands in the file, and its value.
    pub fn get_with_key(&mut self, key: &'static str) -> Option<(&'v Key, &'v Value)> {
        self.known.push(key);
        let index = self
            .entries
            .iter()
            .position(|(candidate, _)| candidate.text == key)?;
        self.taken[index] = true;
        let (key, value) = &self.entries[index];
        Some((key, value))
    }

    /// The value of a key as a scalar, read by a function that knows its units.
    pub fn scalar<T>(
        &mut self,
        key: &'static str,
        what: &'static str,
        read: impl FnOnce(&str) -> Result<T, UnitError>,
    ) -> Option<At<T>> {
        let (key, value) = self.get_with_key(key)?;
        scalar(self.problems, value, key, what, read)
    }

    /// The value of a key as a text.
    pub fn text(&mut self, key: &'static str, what: &'static str) -> Option<At<String>> {
        self.scalar(key, what, |text| Ok(text.to_owned()))
    }

    /// The value of a key as `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<At<bool>> {
        self.scalar(key, "true or false", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(UnitError {
                message: format!("`{text}` is neither true nor false"),
                help: "write true or false".into(),
            }),
        })
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self) {
        for ((key, _), taken) in self.entries.iter().zip(&self.taken) {
            if !taken {
                self.problems.add(self.unknown(key));
            }
        }
    }

    fn unknown(&self, key: &Key) -> Problem {
        let problem = Problem::new(
            key.span.clone(),
            format!("unknown key `{}` in {}", key.text, self.what),
        );
        if let Some((_, hint)) = self
            .foreign
            .iter()
            .find(|(foreign, _)| *foreign == key.text)
        {
            return problem.help(*hint);
        }
        let known = || self.known.iter().copied();
        match nearest(&key.text, known()) {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None => problem,
        }
        .help(format!(
            "known keys of {}: {}",
            self.what,
            known().collect::<Vec<_>>().join(", ")
        ))
    }
}

/// A scalar, read by a function that knows its units. `key` is shown where the value is missing.
pub(crate) fn scalar<T>(
    problems: &Problems,
    value: &Value,
    key: &Key,
    what: &str,
    read: impl FnOnce(&str) -> Result<T, UnitError>,
) -> Option<At<T>> {
    match &value.data {
        Data::Text(text) => match read(text) {
            Ok(read) => Some(At::new(read, value.span.clone())),
            Err(_) if text.contains("${") => {
                problems.add(
                    Problem::new(
                        value.span.clone(),
                        format!("there is no variable for `{}`", crate::tree::shorten(text)),
                    )
                    .label(format!("expected {what}"))
                    .help("variables are under `vars`, or in the `for` of the node or link"),
                );
                None
            }
            Err(error) => {
                problems.add(Problem::new(value.span.clone(), error.message).help(error.help));
                None
            }
        },
        Data::Null => {
            problems.add(
                Problem::new(key.span.clone(), format!("`{}` has no value", key.text))
                    .label(format!("expected {what}")),
            );
            None
        }
        Data::List(_) | Data::Map(_) => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("`{}` cannot be {}", key.text, value.describe()),
                )
                .label(format!("expected {what}")),
            );
            None
        }
    }
}

/// The items of a list. A single scalar or map is a list of one, nothing is an empty one.
pub(crate) fn items(value: &Value) -> &[Value] {
    match &value.data {
        Data::List(items) => items,
        Data::Null => &[],
        Data::Text(_) | Data::Map(_) => std::slice::from_ref(value),
    }
}

/// A list of texts; a single text is a list of one.
pub(crate) fn texts(problems: &Problems, value: &Value, what: &str) -> Vec<At<String>> {
    items(value)
        .iter()
        .filter_map(|item| match &item.data {
            Data::Text(text) => Some(At::new(text.clone(), item.span.clone())),
            _ => {
                problems.add(Problem::new(
                    item.span.clone(),
                    format!("expected {what}, found {}", item.describe()),
                ));
                None
            }
        })
        .collect()
}

/// A map from texts to texts.
pub(crate) fn text_map(
    problems: &Problems,
    value: &Value,
    what: &'static str,
) -> Vec<(At<String>, At<String>)> {
    let entries = match &value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => &[],
        _ => {
            problems.add(Problem::new(
                value.span.clone(),
                format!("expected {what}, found {}", value.describe()),
            ));
            &[]
        }
    };
    entries
        .iter()
        .filter_map(|(key, value)| {
            let value = match &value.data {
                Data::Text(text) => At::new(text.clone(), value.span.clone()),
                Data::Null => At::new(String::new(), key.span.clone()),
                _ => {
                    problems.add(Problem::new(
                        value.span.clone(),
                        format!("`{}` is a text, not {}", key.text, value.describe()),
                    ));
                    return None;
                }
            };
            Some((At::new(key.text.clone(), key.span.clone()), value))
        })
        .collect()
}

/// A problem with a name or address found by one of the `check_` functions.
pub(crate) fn refused(span: &Span, message: String, help: &str) -> Problem {
    Problem::new(span.clone(), message).help(help)
}
