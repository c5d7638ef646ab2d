// SPDX-License-Identifier: GPL-2.0

//! Subscribing blocks to each other's events.

use super::{
    find,
    notify,
    target, //
};
use crate::{
    bindings,
    fb::graph::{
        Nodes,
        SubscribeError, //
    },
    instance::Instance,
    net::{
        extack::{
            code,
            ExtAck, //
        },
        netlink::{
            Attr,
            Attrs,
            Request, //
        },
        netns::Net,
        rtnl::{
            self,
            Rtnl, //
        },
    },
};
use kernel::prelude::*;

/// `block-subscribe`.
pub(crate) fn subscribe(request: &Request<'_>) -> Result {
    let extack = request.extack();
    let command = bindings::VNET_CMD_BLOCK_SUBSCRIBE_NTF;
    change(request, command, |nodes, (own, other), publisher, rtnl| {
        nodes
            .subscribe(own, other, rtnl)
            .map_err(|error| refuse(error, publisher, extack))
    })
}

/// `block-unsubscribe`.
pub(crate) fn unsubscribe(request: &Request<'_>) -> Result {
    let extack = request.extack();
    let command = bindings::VNET_CMD_BLOCK_UNSUBSCRIBE_NTF;
    change(request, command, |nodes, (own, other), publisher, rtnl| {
        nodes.unsubscribe(own, other, rtnl).map_err(|error| {
            if error != ENOENT {
                return error;
            }
            let message = c"the block is not subscribed to this one";
            extack.refuse(Some(publisher), message, code::enotconn())
        })
    })
}

/// Does something with the two blocks that a request names, by their places, and tells of it.
fn change(
    request: &Request<'_>,
    command: u32,
    then: impl FnOnce(&mut Nodes, (usize, usize), Attr<'_>, &Rtnl) -> Result,
) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let publisher = attrs.require(
        bindings::VNET_A_BLOCK_PUBLISHER,
        extack,
        c"a subscription needs a publisher",
    )?;
    let rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let own = find(request, nodes)?;
        let other = nodes
            .find(publisher.text())
            .ok_or_else(|| extack.refuse(Some(publisher), c"there is no such block", ENOENT))?;
        then(nodes, (own, other), publisher, &rtnl)?;
        if let Some(node) = nodes.get(own) {
            notify(&net, command, nodes, node.id());
        }
        Ok(())
    })
}

/// Says why a block cannot be subscribed to another one.
fn refuse(error: SubscribeError, publisher: Attr<'_>, extack: ExtAck) -> Error {
    let (message, error) = match error {
        SubscribeError::Error(error) => return error,
        SubscribeError::Itself => (c"a block is not subscribed to itself", EINVAL),
        SubscribeError::Already => (c"the block is subscribed to this one already", EEXIST),
        SubscribeError::Silent => (c"this block raises no events", code::eopnotsupp()),
        SubscribeError::Deaf => (c"the block takes no events", code::eopnotsupp()),
        SubscribeError::Other => (
            c"the block takes none of the events that this one raises",
            code::eopnotsupp(),
        ),
        SubscribeError::Ring => (c"blocks would wait for each other", code::eloop()),
        SubscribeError::TooMany => (
            c"a block has at most 64 subscriptions and 64 subscribers",
            ENOSPC,
        ),
    };
    extack.refuse(Some(publisher), message, error)
}

/// Why a block must not go, if it is for a subscription.
pub(super) fn in_the_way(nodes: &Nodes, place: usize) -> Option<&'static CStr> {
    let node = nodes.get(place)?;
    if !node.publishers().is_empty() {
        return Some(c"the block is subscribed to another one");
    }
    let mut subscribers = nodes.subscribers(node.id());
    subscribers.next().map(|_| c"the block has subscribers")
}

/// The numbers of those that are subscribed to a block.
pub(super) fn subscribers(nodes: &Nodes, id: u32) -> Result<KVec<u32>> {
    let mut found = KVec::new();
    for node in nodes.subscribers(id).filter_map(|place| nodes.get(place)) {
        found.push(node.id(), GFP_KERNEL)?;
    }
    Ok(found)
}

/// Tells of those that have lost their subscription to a block that was replaced.
pub(super) fn tell_lost(net: &Net, nodes: &Nodes, id: u32, before: &[u32]) {
    for subscriber in before {
        let node = nodes.by_id(*subscriber);
        if node.is_some_and(|node| !node.publishers().contains(&id)) {
            let command = bindings::VNET_CMD_BLOCK_UNSUBSCRIBE_NTF;
            notify(net, command, nodes, *subscriber);
        }
    }
}
