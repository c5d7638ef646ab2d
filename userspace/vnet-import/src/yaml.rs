// SPDX-License-Identifier: GPL-2.0

//! YAML with bounds: what aliases make of a small file is counted.

use serde_json::{Map, Value};

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
                message: error.without_snippet().to_string(),
            })
        }
    }
}
