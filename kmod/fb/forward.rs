// SPDX-License-Identifier: GPL-2.0

//! `forward`: hands everything on.

use super::{
    block::{
        Block,
        Made,
        Port,
        Site,
        Type,
        Verdict, //
    },
    param::Values,
    program::Run,
};
use crate::{
    model::graph::{
        Carries,
        Passage, //
    },
    net::skbuff::SkBuff,
};
use core::any::Any;
use kernel::{
    prelude::*,
    sync::Arc, //
};

const LOWER: u32 = 0;
const UPPER: u32 = 1;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"forward",
    doc: c"hands everything on",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Any, c"leads to upper"),
        Port::upper(c"upper", Carries::Any, c"leads to lower"),
    ],
    params: &[],
    state: false,
    make,
};

/// A block without state.
struct Forward;

fn make(_site: &Site<'_>, _values: &Values, _old: Option<&dyn Block>) -> Made {
    Ok(Arc::new(Forward, GFP_KERNEL)?)
}

impl Block for Forward {
    #[inline]
    fn receive(&self, packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        let to = if from == LOWER { UPPER } else { LOWER };
        Verdict::leave(packet, to)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
