// SPDX-License-Identifier: GPL-2.0

//! Binding blocks to each other.

use super::{
    notify,
    target, //
};
use crate::{
    bindings,
    fb::graph::{
        node::Bound,
        BindError,
        Nodes, //
    },
    instance::Instance,
    model::graph::{
        Refusal,
        Side, //
    },
    net::{
        extack::{
            code,
            ExtAck, //
        },
        netlink::{
            Attr,
            Attrs,
            Request,
            Table, //
        },
        netns::Net,
        rtnl, //
    },
};
use kernel::prelude::*;

/// What a request says of one of the blocks.
struct End<'a> {
    block: Attr<'a>,
    port: Option<Attr<'a>>,
    /// Which way the port has to face.
    side: Side,
}

/// The block above.
fn upper<'a>(attrs: &Table<'a>) -> Option<End<'a>> {
    Some(End {
        block: attrs.get(bindings::VNET_A_BLOCK_UPPER)?,
        port: attrs.get(bindings::VNET_A_BLOCK_UPPER_PORT),
        side: Side::Lower,
    })
}

/// The block below.
fn lower<'a>(attrs: &Table<'a>) -> Option<End<'a>> {
    Some(End {
        block: attrs.get(bindings::VNET_A_BLOCK_LOWER)?,
        port: attrs.get(bindings::VNET_A_BLOCK_LOWER_PORT),
        side: Side::Upper,
    })
}

/// `block-bind`.
pub(crate) fn bind(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let (Some(above), Some(below)) = (upper(&attrs), lower(&attrs)) else {
        return Err(extack.refuse(None, c"a binding needs upper and lower", EINVAL));
    };
    let _rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let a = above.find(nodes, false, extack)?;
        let b = below.find(nodes, false, extack)?;
        nodes.bind(a, b).map_err(|error| refuse(error, extack))?;
        tell(&net, bindings::VNET_CMD_BLOCK_BIND_NTF, nodes, a.0);
        Ok(())
    })
}

/// `block-unbind`.
pub(crate) fn unbind(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let (above, below) = (upper(&attrs), lower(&attrs));
    let _rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let (first, other) = match (above, below) {
            (Some(above), below) => (above, below),
            (None, Some(below)) => (below, None),
            (None, None) => {
                let message = c"a binding is named by upper, lower or both";
                return Err(extack.refuse(None, message, EINVAL));
            }
        };
        let (a, b) = match &other {
            None => {
                let a = first.find(nodes, true, extack)?;
                (a, nodes.peer(a))
            }
            Some(other) => first.find_pair(other, nodes, extack)?,
        };
        let not_bound = || {
            extack.refuse(
                Some(first.block),
                c"the port is not bound",
                code::enotconn(),
            )
        };
        let b = b.ok_or_else(not_bound)?;
        let above = if first.side == Side::Lower { a } else { b };
        nodes.unbind(a)?;
        tell(&net, bindings::VNET_CMD_BLOCK_UNBIND_NTF, nodes, above.0);
        Ok(())
    })
}

/// Tells of a change that has been made, which cannot fail any more.
fn tell(net: &Net, command: u32, nodes: &Nodes, place: usize) {
    if let Some(node) = nodes.get(place) {
        notify(net, command, nodes, node.id());
    }
}

impl End<'_> {
    /// The place of the block, and the number of the port: of the one that is named, or the first
    /// one that is bound, or free.
    fn find(&self, nodes: &Nodes, bound: bool, extack: ExtAck) -> Result<(usize, usize)> {
        let (place, bounds) = self.block(nodes, extack)?;
        if let Some(name) = self.port {
            let port = self.named(name, bounds, extack)?;
            let taken = bounds.get(port).is_some_and(|port| port.peer.is_some());
            return match (taken, bound) {
                (true, false) => {
                    Err(extack.refuse(Some(name), c"the port is bound already", EBUSY))
                }
                (false, true) => {
                    Err(extack.refuse(Some(name), c"the port is not bound", code::enotconn()))
                }
                _ => Ok((place, port)),
            };
        }
        let mut ports = bounds.iter().enumerate();
        let fits = |port: &Bound| port.side == self.side && port.peer.is_some() == bound;
        let found = ports.find(|(_, port)| fits(port)).map(|(port, _)| port);
        let message = match (self.side, bound) {
            (Side::Lower, false) => c"the block has no free lower port",
            (Side::Upper, false) => c"the block has no free upper port",
            (Side::Lower, true) => c"no lower port of the block is bound",
            (Side::Upper, true) => c"no upper port of the block is bound",
        };
        let error = if bound { code::enotconn() } else { EBUSY };
        let port = found.ok_or_else(|| extack.refuse(Some(self.block), message, error))?;
        if bound && ports.any(|(_, port)| fits(port)) {
            let message = c"the block is bound by several ports of that side; name one";
            return Err(extack.refuse(Some(self.block), message, EINVAL));
        }
        Ok((place, port))
    }

    /// The port that is bound to one of `other`.
    #[expect(clippy::type_complexity, reason = "two ports")]
    fn find_pair(
        &self,
        other: &Self,
        nodes: &Nodes,
        extack: ExtAck,
    ) -> Result<((usize, usize), Option<(usize, usize)>)> {
        let (place, bounds) = self.block(nodes, extack)?;
        let (other_place, other_bounds) = other.block(nodes, extack)?;
        let own = self.port.map(|name| self.named(name, bounds, extack));
        let others = other
            .port
            .map(|name| other.named(name, other_bounds, extack));
        let (own, others) = (own.transpose()?, others.transpose()?);
        let mut pairs = bounds.iter().enumerate().filter_map(|(port, bound)| {
            let peer = nodes.peer((place, port))?;
            let fits = bound.side == self.side
                && peer.0 == other_place
                && own.is_none_or(|own| own == port)
                && others.is_none_or(|other| other == peer.1);
            fits.then_some((port, peer))
        });
        let Some((port, peer)) = pairs.next() else {
            let message = c"the blocks are not bound to each other like that";
            return Err(extack.refuse(Some(other.block), message, code::enotconn()));
        };
        if pairs.next().is_some() {
            let message = c"the blocks are bound by several ports; name one";
            return Err(extack.refuse(Some(other.block), message, EINVAL));
        }
        Ok(((place, port), Some(peer)))
    }

    fn block<'n>(&self, nodes: &'n Nodes, extack: ExtAck) -> Result<(usize, &'n [Bound])> {
        let missing = || extack.refuse(Some(self.block), c"there is no such block", ENOENT);
        let place = nodes.find(self.block.text()).ok_or_else(missing)?;
        let node = nodes.get(place).ok_or_else(missing)?;
        Ok((place, node.bounds()))
    }

    fn named(&self, name: Attr<'_>, bounds: &[Bound], extack: ExtAck) -> Result<usize> {
        let found = bounds
            .iter()
            .position(|port| port.name.to_bytes() == name.text());
        let port = found
            .ok_or_else(|| extack.refuse(Some(name), c"the block has no such port", ENOENT))?;
        if bounds.get(port).is_some_and(|port| port.side != self.side) {
            let message = match self.side {
                Side::Lower => c"the block above is bound by a lower port",
                Side::Upper => c"the block below is bound by an upper port",
            };
            return Err(extack.refuse(Some(name), message, EINVAL));
        }
        Ok(port)
    }
}

/// Says why blocks cannot be bound.
pub(super) fn refuse(error: BindError, extack: ExtAck) -> Error {
    match error {
        BindError::Error(error) => error,
        BindError::Refused(Refusal::Carries) => extack.refuse(
            None,
            c"one side carries frames, the other one datagrams",
            code::eprototype(),
        ),
        BindError::Refused(Refusal::Loop) => {
            extack.refuse(None, c"packets could go round in a loop", code::eloop())
        }
        BindError::Refused(Refusal::TooDeep) => {
            extack.refuse(None, c"packets could pass more than 64 blocks", E2BIG)
        }
    }
}
