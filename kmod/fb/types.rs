// SPDX-License-Identifier: GPL-2.0

//! All types of blocks.

use super::{
    arq,
    block::{
        Port,
        Type, //
    },
    bpf,
    classifier,
    compress,
    counter,
    crypt,
    discard,
    eth,
    fec,
    flow_stats,
    forward,
    frame,
    graph::node::Bound,
    hash,
    mux,
    paint,
    param::Values,
    pipe,
    queue,
    rate_limit,
    socket,
    source,
    switch,
    tee,
    vlink, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// The types, in the order in which they are told.
pub(crate) static TYPES: &[&Type] = &[
    &eth::TYPE,
    &forward::TYPE,
    &counter::TYPE,
    &tee::TYPE,
    &discard::TYPE,
    &source::TYPE,
    &classifier::TYPE,
    &bpf::TYPE,
    &hash::TYPE,
    &queue::TYPE,
    &rate_limit::TYPE,
    &paint::PAINT,
    &paint::CHECK_PAINT,
    &switch::TYPE,
    &flow_stats::TYPE,
    &pipe::TYPE,
    &vlink::TYPE,
    &mux::TYPE,
    &socket::TYPE,
    &frame::TYPE,
    &arq::TYPE,
    &fec::TYPE,
    &compress::TYPE,
    &crypt::TYPE,
];

impl Type {
    /// The type of a name.
    pub(crate) fn of(name: &[u8]) -> Option<&'static Self> {
        let types = TYPES.iter().copied();
        types.into_iter().find(|kind| kind.name.to_bytes() == name)
    }

    /// The place of a parameter.
    pub(crate) fn place_of(&self, name: &[u8]) -> Option<usize> {
        let mut params = self.params.iter();
        params.position(|param| param.name.to_bytes() == name)
    }

    /// The ports of a block with such parameters, with nothing bound to them.
    pub(super) fn bounds(&self, values: &Values) -> Result<KVec<Bound>> {
        let mut bounds = KVec::new();
        for port in self.ports {
            let Some(place) = port.numbered else {
                let name = CString::try_from_fmt(fmt!("{}", port.name.to_str()?))?;
                bounds.push(port.bound(name), GFP_KERNEL)?;
                continue;
            };
            for number in 0..values.uint(place) {
                let name = CString::try_from_fmt(fmt!("{}{number}", port.name.to_str()?))?;
                bounds.push(port.bound(name), GFP_KERNEL)?;
            }
        }
        Ok(bounds)
    }
}

impl Port {
    fn bound(&self, name: CString) -> Bound {
        Bound {
            name,
            side: self.side,
            carries: self.carries,
            peer: None,
        }
    }
}
