// SPDX-License-Identifier: GPL-2.0

//! YAML with bounds: what aliases make of a small file is counted.

use serde_json::{Map, Value};
use serde_saphyr::Error;

use crate::ImportError;

/// Most aliases that are expanded, as for topology files.
const MAX_REPLAYED: usize = 200_000;

/// Reads a map.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, ImportError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_documents: 1,
            max_nodes: 2_000_000,
            max_events: 4_000_000,
            max_recorded_anchor_events: MAX_REPLAYED,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: 16,
        },
    };
    match serde_saphyr::from_str_with_options::<Value>(text, options) {
        Ok(Value::Object(root)) => Ok(root),
        Ok(_) => Err(ImportError::syntax("the file is no map of keys and values")),
        Err(error) => {
            let line = error
                .location()
                .and_then(|place| usize::try_from(place.line()).ok());
            Err(ImportError::Syntax {
                line,
                message: message(&error),
            })
        }
    }
}

fn message(error: &Error) -> String {
    let error = match error.without_snippet() {
        Error::AliasError { error, .. } => error.without_snippet(),
        error => error,
    };
    match error {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "the file is too large or too deep, or its aliases (`*name`) multiply to too much"
                .into()
        }
        error => error.to_string(),
    }
}
