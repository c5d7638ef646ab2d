// SPDX-License-Identifier: GPL-2.0

//! Variables, repetition and templates: what is written once and holds several times.
//!
//! All of it happens on the tree, before anything is read from it; places stay those of the file.

mod expression;

use std::collections::BTreeMap;

use crate::decode::Problems;
use crate::names::nearest;
use crate::report::{Problem, Span};
use crate::tree::{Data, Key, Value};
use expression::Scope;

/// Most objects that repetition makes, and most values that are copied for it.
const MAX_OBJECTS: usize = 100_000;
const MAX_VALUES: usize = 2_000_000;
/// Most bytes of text that variables make.
const MAX_BYTES: usize = 64 << 20;

/// What a text of a file without variables means.
#[cfg(test)]
pub(crate) fn without_variables(text: &str) -> Result<String, String> {
    Scope::default().substitute(text)
}

/// Expands the tree of a file. `overrides` are variables that the caller sets.
pub(crate) fn expand(
    problems: &Problems,
    mut file: Value,
    overrides: &BTreeMap<String, String>,
) -> Value {
    let Data::Map(entries) = &mut file.data else {
        return file;
    };
    let mut expander = Expander {
        problems,
        scope: Scope::default(),
        objects: 0,
        values: 0,
        bytes: 0,
    };
    let vars = take(entries, "vars");
    expander.variables(vars, overrides);
    let templates = take(entries, "templates");
    let templates = expander.templates(templates);
    for (key, value) in entries.iter_mut() {
        match (key.text.as_str(), &mut value.data) {
            ("nodes", Data::Map(nodes)) => {
                let mut out = Vec::with_capacity(nodes.len());
                for (key, value) in std::mem::take(nodes) {
                    expander.repeat(key, value, &templates.node, &mut |key, value| {
                        out.push((key, value))
                    });
                }
                *nodes = out;
            }
            ("links", Data::List(links)) => expander.list_of(links, &templates.link),
            ("media", Data::Map(media)) => {
                for (key, value) in media {
                    expander.medium(key, value);
                }
            }
            _ => expander.substitute(value),
        }
    }
    file
}

/// Takes a key out of a map.
fn take(entries: &mut Vec<(Key, Value)>, name: &str) -> Option<(Key, Value)> {
    let index = entries.iter().position(|(key, _)| key.text == name)?;
    Some(entries.remove(index))
}

type Templates = BTreeMap<String, Vec<(Key, Value)>>;

#[derive(Default)]
struct AllTemplates {
    node: Templates,
    link: Templates,
}

struct Expander<'p> {
    problems: &'p Problems,
    scope: Scope,
    objects: usize,
    values: usize,
    bytes: usize,
}

/// A name that can be a variable.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

const RANGE_HELP: &str = "write `1..4` (both included), or a list as in `[graz, linz]`";
const NAME_HELP: &str = "a variable has letters, digits and underscores, and begins with a letter";

impl Expander<'_> {
    fn refuse(&self, span: &Span, message: String, help: &str) {
        self.problems
            .add(Problem::new(span.clone(), message).help(help));
    }

    /// `vars:`, each of which may use those before it.
    fn variables(&mut self, vars: Option<(Key, Value)>, overrides: &BTreeMap<String, String>) {
        let mut known: Vec<String> = Vec::new();
        let entries = match vars {
            None => Vec::new(),
            Some((
                _,
                Value {
                    data: Data::Map(entries),
                    ..
                },
            )) => entries,
            Some((
                _,
                Value {
                    data: Data::Null, ..
                },
            )) => Vec::new(),
            Some((_, value)) => {
                self.refuse(
                    &value.span,
                    format!("`vars` is a map, not {}", value.describe()),
                    "write a line `name: value` for each variable; `${name}` stands for it",
                );
                Vec::new()
            }
        };
        for (key, value) in entries {
            if !is_name(&key.text) {
                self.refuse(
                    &key.span,
                    format!("`{}` cannot be a variable", key.text),
                    NAME_HELP,
                );
                continue;
            }
            let text = match (overrides.get(&key.text), &value.data) {
                (Some(text), _) => Some(text.clone()),
                (None, Data::Text(text)) => self.text(text, &value.span),
                (None, _) => {
                    self.refuse(
                        &value.span,
                        format!("`{}` cannot be {}", key.text, value.describe()),
                        "a variable is a text or a number",
                    );
                    None
                }
            };
            known.push(key.text.clone());
            self.scope.set(&key.text, text.unwrap_or_default());
        }
        for name in overrides.keys().filter(|name| !known.contains(name)) {
            let all = match known.is_empty() {
                true => "the file has no `vars`".to_owned(),
                false => format!("its variables are: {}", known.join(", ")),
            };
            self.refuse(
                &(0..0),
                format!("the file has no variable `{name}` to set"),
                &all,
            );
        }
    }

    fn templates(&mut self, templates: Option<(Key, Value)>) -> AllTemplates {
        let mut all = AllTemplates::default();
        const HELP: &str = "write `templates: {node: {edge: {...}}, link: {dsl: {...}}}`";
        let Some((_, value)) = templates else {
            return all;
        };
        let Data::Map(kinds) = value.data else {
            self.refuse(
                &value.span,
                format!("`templates` is a map, not {}", value.describe()),
                HELP,
            );
            return all;
        };
        for (key, value) in kinds {
            let templates = match key.text.as_str() {
                "node" => &mut all.node,
                "link" => &mut all.link,
                _ => {
                    self.refuse(
                        &key.span,
                        format!("unknown key `{}` in `templates`", key.text),
                        HELP,
                    );
                    continue;
                }
            };
            let Data::Map(entries) = value.data else {
                self.refuse(
                    &value.span,
                    format!("`{}` is a map, not {}", key.text, value.describe()),
                    HELP,
                );
                continue;
            };
            for (key, value) in entries {
                match value.data {
                    Data::Map(fields) => {
                        templates.insert(key.text, fields);
                    }
                    _ => self.refuse(
                        &value.span,
                        format!("a template is a map, not {}", value.describe()),
                        HELP,
                    ),
                }
            }
        }
        all
    }

    /// Makes of one object as many as its `for` says.
    fn repeat(
        &mut self,
        key: Key,
        mut value: Value,
        templates: &Templates,
        out: &mut impl FnMut(Key, Value),
    ) {
        let (mut ranges, mut template) = (None, None);
        if let Data::Map(fields) = &mut value.data {
            ranges = take(fields, "for");
            template = take(fields, "template");
        }
        let ranges = match ranges {
            None => Vec::new(),
            Some((
                _,
                Value {
                    data: Data::Map(ranges),
                    ..
                },
            )) => ranges,
            Some((key, value)) => {
                self.refuse(
                    &key.span,
                    format!("`for` is a map, not {}", value.describe()),
                    "write `for: {i: 1..4}` or `for: {city: [graz, linz]}`; `${i}` stands for each",
                );
                return;
            }
        };
        self.each(&ranges, &mut |expander| {
            let size = size_of(&value);
            expander.objects += 1;
            expander.values += size;
            if expander.objects > MAX_OBJECTS || expander.values > MAX_VALUES {
                return false;
            }
            let mut key = key.clone();
            if let Some(text) = expander.text(&key.text, &key.span) {
                key.text = text;
            }
            let mut value = value.clone();
            if let Some((template_key, template)) = &template {
                expander.apply(templates, template_key, template, &mut value);
            }
            expander.substitute(&mut value);
            out(key, value);
            true
        });
        if self.objects > MAX_OBJECTS || self.values > MAX_VALUES {
            // Once is enough.
            if self.objects != usize::MAX / 2 {
                self.refuse(
                    &key.span,
                    "repetition makes too much of it".into(),
                    "at most 100,000 nodes and links are made by `for`",
                );
            }
            self.objects = usize::MAX / 2;
        }
    }

    /// Repeats the items of a list.
    fn list_of(&mut self, list: &mut Vec<Value>, templates: &Templates) {
        let mut out = Vec::with_capacity(list.len());
        for value in std::mem::take(list) {
            let key = Key {
                text: String::new(),
                span: value.span.clone(),
            };
            self.repeat(key, value, templates, &mut |_, value| out.push(value));
        }
        *list = out;
    }

    /// A medium, whose ports can be repeated.
    fn medium(&mut self, key: &mut Key, value: &mut Value) {
        if let Some(new) = self.text(&key.text, &key.span) {
            key.text = new;
        }
        let Data::Map(fields) = &mut value.data else {
            return self.substitute(value);
        };
        for (key, value) in fields {
            match (key.text.as_str(), &mut value.data) {
                ("ports", Data::List(ports)) => self.list_of(ports, &Templates::new()),
                _ => self.substitute(value),
            }
        }
    }

    /// Calls back for every combination of the ranges' values; those of inner ranges may depend on outer ones.
    fn each(&mut self, ranges: &[(Key, Value)], body: &mut impl FnMut(&mut Self) -> bool) -> bool {
        let Some(((key, range), rest)) = ranges.split_first() else {
            return body(self);
        };
        if !is_name(&key.text) {
            self.refuse(
                &key.span,
                format!("`{}` cannot be a variable", key.text),
                NAME_HELP,
            );
            return false;
        }
        let Some(values) = self.range(range) else {
            return false;
        };
        let depth = self.scope.len();
        for value in values {
            self.scope.set(&key.text, value);
            let go_on = self.each(rest, body);
            self.scope.truncate(depth);
            if !go_on {
                return false;
            }
        }
        true
    }

    /// The values of `1..4`, or of a list.
    fn range(&mut self, range: &Value) -> Option<Vec<String>> {
        let values = match &range.data {
            Data::List(items) => return self.list(items),
            Data::Text(text) => {
                let text = self.text(text, &range.span)?;
                let bounds = text.split_once("..");
                let number = |text: &str| text.trim().parse::<i64>().ok();
                match bounds.and_then(|(first, last)| Some((number(first)?, number(last)?))) {
                    Some((first, last)) if last.saturating_sub(first) < MAX_OBJECTS as i64 => {
                        Ok(first..=last)
                    }
                    Some(_) => Err(format!("`{text}` is too much")),
                    None => Err(format!("`{text}` is not a range")),
                }
            }
            _ => Err(format!("a range cannot be {}", range.describe())),
        };
        match values {
            Ok(values) => Some(values.map(|number| number.to_string()).collect()),
            Err(message) => {
                self.refuse(&range.span, message, RANGE_HELP);
                None
            }
        }
    }

    fn list(&mut self, items: &[Value]) -> Option<Vec<String>> {
        let mut text = |item: &Value| match &item.data {
            Data::Text(text) => self.text(text, &item.span),
            _ => {
                self.refuse(
                    &item.span,
                    format!("a value of `for` cannot be {}", item.describe()),
                    RANGE_HELP,
                );
                None
            }
        };
        items.iter().map(&mut text).collect()
    }

    /// Adds what the template has and the object has not. Both being maps, they are joined.
    fn apply(&mut self, templates: &Templates, key: &Key, template: &Value, value: &mut Value) {
        let names: Vec<(String, Span)> = match &template.data {
            Data::Text(text) => vec![(text.clone(), template.span.clone())],
            Data::List(items) => items
                .iter()
                .filter_map(|item| match &item.data {
                    Data::Text(text) => Some((text.clone(), item.span.clone())),
                    _ => None,
                })
                .collect(),
            _ => {
                self.refuse(
                    &key.span,
                    "`template` is a name or a list of names".into(),
                    "templates are under `templates`",
                );
                return;
            }
        };
        // The last one named wins over those before it, the object over all.
        for (name, span) in names.iter().rev() {
            let Some(name) = self.text(name, span) else {
                continue;
            };
            match templates.get(&name) {
                Some(fields) => {
                    if let Data::Map(own) = &mut value.data {
                        join(own, fields);
                    }
                }
                None => {
                    let help = match nearest(&name, templates.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "templates of nodes are under `templates: {node: ...}`, those of links under `templates: {link: ...}`".into(),
                    };
                    self.refuse(span, format!("there is no template `{name}`"), &help);
                }
            }
        }
    }

    /// Replaces `${…}` in all texts and keys.
    fn substitute(&mut self, value: &mut Value) {
        match &mut value.data {
            Data::Null => {}
            Data::Text(text) => {
                if let Some(new) = self.text(text, &value.span) {
                    *text = new;
                }
            }
            Data::List(items) => items.iter_mut().for_each(|item| self.substitute(item)),
            Data::Map(entries) => {
                for (key, value) in entries {
                    if let Some(new) = self.text(&key.text, &key.span) {
                        key.text = new;
                    }
                    self.substitute(value);
                }
            }
        }
    }

    fn text(&mut self, text: &str, span: &Span) -> Option<String> {
        let message = match self.scope.substitute(text) {
            Ok(result) if !text.contains("${") => return Some(result),
            Ok(result) if self.bytes.saturating_add(result.len()) <= MAX_BYTES => {
                self.bytes += result.len();
                return Some(result);
            }
            Ok(_) => "variables make too much text".to_owned(),
            Err(message) => message,
        };
        self.refuse(
            span,
            message,
            "in `${...}` there are names, whole numbers, + - * / % and parentheses",
        );
        None
    }
}

fn size_of(value: &Value) -> usize {
    match &value.data {
        Data::Null | Data::Text(_) => 1,
        Data::List(items) => 1 + items.iter().map(size_of).sum::<usize>(),
        Data::Map(entries) => {
            1 + entries
                .iter()
                .map(|(_, value)| 1 + size_of(value))
                .sum::<usize>()
        }
    }
}

/// Adds the entries of `more` that `own` does not have.
fn join(own: &mut Vec<(Key, Value)>, more: &[(Key, Value)]) {
    for (key, value) in more {
        match own.iter_mut().find(|(known, _)| known.text == key.text) {
            None => own.push((key.clone(), value.clone())),
            Some((_, mine)) => {
                if let (Data::Map(mine), Data::Map(theirs)) = (&mut mine.data, &value.data) {
                    join(mine, theirs);
                }
            }
        }
    }
}
