// SPDX-License-Identifier: GPL-2.0

//! Makes `src/generated.rs` of the interface's spec.
//!
//! Only what the spec of this family uses is understood; anything else in it is an error, so that nothing of the
//! interface is left out silently. Numbers follow the rules of YNL: attributes and operations count from 1 in the order
//! of the spec, notifications included; entries of an enum count from 0.
//!
//! A crate of its own, so that it works when the generated source does not compile.

mod render;
mod spec;

use spec::Spec;

/// The generated source, not yet formatted.
pub fn generate(yaml: &str) -> Result<String, String> {
    let spec: Spec = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
    render::render(&spec)
}
