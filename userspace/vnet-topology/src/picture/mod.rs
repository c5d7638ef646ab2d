// SPDX-License-Identifier: GPL-2.0

//! Pictures of labs: SVG, and one HTML file that can be moved, magnified and asked.
//!
//! Nodes stand where the file puts them; the others are laid out so that their distances on the picture are those in the
//! network.

mod html;
mod labels;
mod layout;
mod svg;
mod symbols;

pub use html::html;
pub use layout::layout;
pub use svg::svg;
