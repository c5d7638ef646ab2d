// SPDX-License-Identifier: GPL-2.0

//! A block in its place: what a graph keeps of it.

use super::super::{
    block::{
        Block,
        Type, //
    },
    counters::{
        Counters,
        Reading, //
    },
    outlet::Outlet,
    param::Values,
    program::Entry, //
};
use crate::{
    model::graph as model,
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};

/// A port of a block.
pub(crate) struct Bound {
    /// Its name.
    pub(crate) name: CString,
    /// Which way it faces.
    pub(crate) side: model::Side,
    /// What it carries.
    pub(crate) carries: model::Carries,
    /// Number of the block that it is bound to, and of that one's port.
    pub(crate) peer: Option<(u32, usize)>,
}

/// A block in its place.
pub(crate) struct Node {
    pub(super) id: u32,
    pub(super) name: CString,
    pub(super) lab: Option<CString>,
    pub(super) body: Body,
    /// The numbers of the blocks that it is subscribed to, in the order in which that was done.
    pub(super) publishers: KVec<u32>,
    pub(super) counters: Arc<Counters>,
    pub(super) outlet: Arc<Outlet>,
    /// Published when the block goes: a block holds its outlet, so the outlet must not hold it.
    pub(super) parting: RcuBox<Entry>,
}

/// What a replacement exchanges.
pub(super) struct Body {
    pub(super) kind: &'static Type,
    pub(super) values: Values,
    pub(super) block: Arc<dyn Block>,
    pub(super) bounds: KVec<Bound>,
}

impl Node {
    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Its name.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The lab that owns it.
    pub(crate) fn lab(&self) -> Option<&CStr> {
        self.lab.as_deref()
    }

    /// Its type.
    pub(crate) fn kind(&self) -> &'static Type {
        self.body.kind
    }

    /// Its parameters.
    pub(crate) fn values(&self) -> &Values {
        &self.body.values
    }

    /// The block itself.
    pub(crate) fn block(&self) -> &dyn Block {
        &*self.body.block
    }

    /// Its ports.
    pub(crate) fn bounds(&self) -> &[Bound] {
        &self.body.bounds
    }

    /// The numbers of the blocks that it is subscribed to.
    pub(crate) fn publishers(&self) -> &[u32] {
        &self.publishers
    }

    /// Its counters.
    pub(crate) fn counters(&self) -> Reading {
        self.outlet.read(&self.counters)
    }
}
