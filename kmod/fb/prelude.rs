// SPDX-License-Identifier: GPL-2.0

//! What most types of blocks use: `use super::prelude::*`.

pub(super) use super::{
    block::{
        of_type,
        opposite,
        takes_over,
        Block,
        Made,
        Port,
        Refused,
        Site,
        Type,
        Verdict,
        ANY_THROUGH,
        FRAMES_THROUGH,
        LOWER,
        UPPER, //
    },
    counters::Cause,
    event::{
        Conditions,
        Event,
        EventUse,
        Heard, //
    },
    param::{
        Access,
        Kind,
        Param,
        Value,
        Values, //
    },
    program::Run, //
};
pub(super) use crate::{
    model::graph::{
        Carries,
        Passage, //
    },
    net::{
        rtnl::Rtnl,
        skbuff::SkBuff, //
    }, //
};
pub(super) use kernel::{
    prelude::*,
    sync::Arc, //
};
