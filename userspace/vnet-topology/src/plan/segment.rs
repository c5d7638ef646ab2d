// SPDX-License-Identifier: GPL-2.0

//! What interfaces are on: links and media, looked at alike.

use std::collections::BTreeMap;

use super::{EndPlan, LinkPlan, MediumPlan};

/// Ends of links and ports of media, each with what it is on, by node and in the order of the links and media.
pub type Ends<'a> = BTreeMap<&'a str, Vec<(Segment<'a>, &'a EndPlan)>>;

/// What an interface is on.
#[derive(Clone, Copy, Debug)]
pub enum Segment<'a> {
    /// A link.
    Link(&'a LinkPlan),
    /// A medium.
    Medium(&'a MediumPlan),
}

impl<'a> Segment<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        match self {
            Segment::Link(link) => &link.name,
            Segment::Medium(medium) => &medium.name,
        }
    }

    /// What a message calls it.
    pub fn what(self) -> &'static str {
        match self {
            Segment::Link(_) => "link",
            Segment::Medium(_) => "medium",
        }
    }

    /// Whether its interfaces are set up at the start.
    pub fn up(self) -> bool {
        match self {
            Segment::Link(link) => link.up,
            Segment::Medium(medium) => medium.up,
        }
    }

    /// The link, if it is one.
    pub fn link(self) -> Option<&'a LinkPlan> {
        match self {
            Segment::Link(link) => Some(link),
            Segment::Medium(_) => None,
        }
    }

    /// The medium, if it is one.
    pub fn medium(self) -> Option<&'a MediumPlan> {
        match self {
            Segment::Link(_) => None,
            Segment::Medium(medium) => Some(medium),
        }
    }
}
