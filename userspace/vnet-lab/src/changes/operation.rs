// SPDX-License-Identifier: GPL-2.0

//! Operations in words, for people and for `plan --json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::details::{self, Detail};
use super::Changes;

/// One operation in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// What is done.
    pub action: Action,
    /// Node, link, medium, chains or hosts.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// Field by field, for what changes or is made anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Makes something.
    Add,
    /// Changes something that goes on living.
    Change,
    /// Makes something anew.
    Replace,
    /// Removes something.
    Remove,
}

impl Changes<'_> {
    /// All operations in words, in the order in which they are carried out.
    pub fn operations(&self) -> Vec<Operation> {
        let mut list = Vec::new();
        let mut push = |action, kind, name: &str, details| {
            list.push(Operation {
                action,
                kind,
                name: name.into(),
                details,
            });
        };
        let kind_of = |replaced: &BTreeSet<&str>, name: &str| match replaced.contains(name) {
            true => Action::Replace,
            false => Action::Add,
        };
        let fields_of = |fields: &BTreeMap<&str, Vec<Detail>>, name: &str| {
            fields.get(name).cloned().unwrap_or_default()
        };
        for node in &self.add_nodes {
            push(
                kind_of(&self.replaced_nodes, &node.name),
                "node",
                &node.name,
                fields_of(&self.replaced_node_fields, &node.name),
            );
        }
        for link in &self.add_links {
            push(
                kind_of(&self.replaced_links, &link.name),
                "link",
                &link.name,
                fields_of(&self.replaced_link_fields, &link.name),
            );
        }
        for (old, new) in &self.change_links {
            let mut details = details::of_link(old, new);
            if self.plug_links.contains(new.name.as_str()) {
                details.push(Detail::between("cable", "pulled", "plugged"));
            }
            push(Action::Change, "link", &new.name, details);
        }
        for medium in &self.add_media {
            let action = kind_of(&self.replaced_media, &medium.name);
            let fields = fields_of(&self.replaced_medium_fields, &medium.name);
            push(action, "medium", &medium.name, fields);
        }
        for (old, new) in &self.change_media {
            let details = details::of_medium(old, new);
            push(Action::Change, "medium", &new.name, details);
        }
        for change in &self.change_nodes {
            let details = change.details();
            // Interfaces of links that are made anew need no words of their own.
            if !details.is_empty() {
                push(Action::Change, "node", &change.new.name, details);
            }
        }
        for (node, steps) in &self.chains {
            let steps = steps.iter().map(|step| Detail::step(step.describe()));
            let details = steps.collect();
            push(Action::Change, "chains", node, details);
        }
        let added: BTreeSet<&str> = self
            .add_links
            .iter()
            .map(|link| link.name.as_str())
            .collect();
        for name in self
            .replaced_links
            .difference(&added)
            .chain(&self.remove_links)
        {
            push(Action::Remove, "link", name, Vec::new());
        }
        let added: BTreeSet<&str> = self
            .add_media
            .iter()
            .map(|medium| medium.name.as_str())
            .collect();
        for name in self
            .replaced_media
            .difference(&added)
            .chain(&self.remove_media)
        {
            push(Action::Remove, "medium", name, Vec::new());
        }
        for name in &self.remove_nodes {
            push(Action::Remove, "node", name, Vec::new());
        }
        if self.hosts {
            push(Action::Change, "hosts", "/etc/hosts", Vec::new());
        }
        list
    }
}
