// SPDX-License-Identifier: GPL-2.0

//! Programs that run in nodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Default of [`DaemonPlan::ready_timeout`]: 10 s, in ns.
pub const DEFAULT_READY_TIMEOUT: u64 = 10_000_000_000;

/// A program that runs as long as the node exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaemonPlan {
    /// Name, unique in the node: for `logs` and messages.
    pub name: String,
    /// Program and arguments; the program is an absolute path or is looked up in `PATH`. It stays in the foreground.
    pub argv: Vec<String>,
    /// Environment, in addition to the node's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// How to tell that it is up.
    #[serde(default, skip_serializing_if = "Ready::is_started")]
    pub ready: Ready,
    /// How long it may take to become ready, ns.
    #[serde(
        default = "default_ready_timeout",
        skip_serializing_if = "is_default_ready_timeout"
    )]
    pub ready_timeout: u64,
    /// What to do when it exits.
    #[serde(default, skip_serializing_if = "Restart::is_no")]
    pub restart: Restart,
}

/// How to tell that a daemon is up; it also has to be alive then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// As soon as it has been started.
    #[default]
    Started,
    /// When this file exists and is not empty.
    PidFile(String),
    /// When this Unix stream socket accepts a connection.
    Socket(String),
}

/// What to do when a daemon exits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Report it; do not start it again.
    #[default]
    No,
}

/// A program that runs once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandPlan {
    /// Program and arguments; a shell line of the file is `["/bin/sh", "-c", line]`.
    pub argv: Vec<String>,
}

impl Ready {
    fn is_started(&self) -> bool {
        *self == Ready::Started
    }
}

impl Restart {
    fn is_no(&self) -> bool {
        *self == Restart::No
    }
}

fn default_ready_timeout() -> u64 {
    DEFAULT_READY_TIMEOUT
}

fn is_default_ready_timeout(value: &u64) -> bool {
    *value == DEFAULT_READY_TIMEOUT
}
