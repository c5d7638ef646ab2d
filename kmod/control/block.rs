// SPDX-License-Identifier: GPL-2.0

//! Operations on functional blocks.

pub(crate) mod bind;
pub(crate) mod subscribe;
pub(crate) mod types;

mod params;
mod tell;

use super::{
    filter_of,
    passes,
    Target, //
};
use crate::{
    bindings,
    fb::{
        block::Type,
        graph::{
            Nodes,
            Plan,
            ReplaceError, //
        },
        param::Values, //
    },
    instance::Instance,
    net::{
        extack::{
            code,
            ExtAck, //
        },
        netlink::{
            self,
            Attr,
            Attrs,
            Dump,
            Request, //
        },
        netns::Net,
        rtnl, //
    },
    pipe::settings::name_of, //
};
use kernel::prelude::*;

/// `block-new`.
pub(crate) fn new(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let name = attrs.require(bindings::VNET_A_BLOCK_NAME, extack, c"a block needs a name")?;
    let kind = attrs.require(bindings::VNET_A_BLOCK_KIND, extack, c"a block needs a type")?;
    let kind = type_of(kind, extack)?;
    let mut values = Values::defaults(kind.params)?;
    params::read(request, kind, &mut values, params::When::New)?;
    let plan = Plan {
        name: name_of(name, extack)?,
        lab: attrs
            .get(bindings::VNET_A_BLOCK_LAB)
            .map(|lab| name_of(lab, extack))
            .transpose()?,
        kind,
        values,
    };
    let reply = request.prepare_reply(tell::room(&plan.values, kind, &[]))?;

    let rtnl = rtnl::lock();
    let instance = Instance::of(&net);
    let graph = instance.blocks();
    if graph.with(|nodes| nodes.find(name.text())).is_some() {
        return Err(extack.refuse(
            Some(name),
            c"a block of this name exists in the network namespace",
            EEXIST,
        ));
    }
    let id = graph
        .add(plan, &net, &rtnl)
        .map_err(|refused| params::refuse(request, kind, refused))?;
    graph.with(|nodes| {
        let node = nodes.by_id(id).ok_or(ENOENT)?;
        let told = reply.send(bindings::VNET_CMD_BLOCK_NEW, |writer| {
            tell::block(writer, node, nodes, &net)
        });
        // Readings may want memory; a command that fails for want of it leaves nothing behind.
        match (told, nodes.find(name.text())) {
            (Err(_), Some(place)) => nodes.remove(place, &rtnl)?,
            _ => notify(&net, bindings::VNET_CMD_BLOCK_NEW_NTF, nodes, id),
        }
        told
    })
}

/// `block-get` of one.
pub(crate) fn get(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    check_names(request)?;
    let fd = attrs.get(bindings::VNET_A_BLOCK_NETNS_FD);
    let net = Target::find_visible(fd, request.requester(), extack)?;
    Instance::of(&net).blocks().with(|nodes| {
        let place = find(request, nodes)?;
        let node = nodes.get(place).ok_or(ENOENT)?;
        let room = tell::room(node.values(), node.kind(), node.publishers());
        request.reply(bindings::VNET_CMD_BLOCK_GET, room, |writer| {
            tell::block(writer, node, nodes, &net)
        })
    })
}

/// `block-get` of all.
pub(crate) fn dump(dump: &mut Dump<'_>) -> Result {
    let filter = filter_of(dump, bindings::VNET_A_BLOCK_LAB)?;
    let fd = dump.attrs().get(bindings::VNET_A_BLOCK_NETNS_FD);
    let net = Target::find_visible(fd, dump.requester(), dump.extack())?;
    Instance::of(&net).blocks().with(|nodes| {
        dump.set_generation(nodes.generation());
        while let Some(node) = nodes.from(dump.cursor().saturating_add(1)) {
            if passes(node.lab(), filter) {
                // If the piece is full, the next one begins with this block.
                dump.item(bindings::VNET_CMD_BLOCK_GET, |writer| {
                    tell::block(writer, node, nodes, &net)
                })?;
            }
            dump.set_cursor(node.id());
        }
        Ok(())
    })
}

/// `block-set`.
pub(crate) fn set(request: &Request<'_>) -> Result {
    let net = target(request)?;
    let rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let place = find(request, nodes)?;
        let node = nodes.get(place).ok_or(ENOENT)?;
        let (id, kind) = (node.id(), node.kind());
        let mut values = node.values().copy()?;
        params::read(request, kind, &mut values, params::When::Set)?;
        nodes
            .set(place, values, &rtnl)
            .map_err(|refused| params::refuse(request, kind, refused))?;
        notify(&net, bindings::VNET_CMD_BLOCK_SET_NTF, nodes, id);
        Ok(())
    })
}

/// `block-del`.
pub(crate) fn del(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let place = find(request, nodes)?;
        if nodes.is_bound(place) {
            let name = attrs.get(bindings::VNET_A_BLOCK_NAME);
            return Err(extack.refuse(name, c"the block is bound", EBUSY));
        }
        if let Some(message) = subscribe::in_the_way(nodes, place) {
            let name = attrs.get(bindings::VNET_A_BLOCK_NAME);
            return Err(extack.refuse(name, message, EBUSY));
        }
        if let Some(node) = nodes.get(place) {
            notify(&net, bindings::VNET_CMD_BLOCK_DEL_NTF, nodes, node.id());
        }
        nodes.remove(place, &rtnl)
    })
}

/// `block-replace`.
pub(crate) fn replace(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let net = target(request)?;
    let rtnl = rtnl::lock();
    Instance::of(&net).blocks().with(|nodes| {
        let place = find(request, nodes)?;
        let node = nodes.get(place).ok_or(ENOENT)?;
        let (id, old) = (node.id(), node.kind());
        let given = attrs.get(bindings::VNET_A_BLOCK_KIND);
        let kind = given.map_or(Ok(old), |kind| type_of(kind, extack))?;
        let mut values = match core::ptr::eq(kind, old) {
            true => node.values().copy()?,
            false => Values::defaults(kind.params)?,
        };
        params::read(request, kind, &mut values, params::When::New)?;
        let state = attrs.get(bindings::VNET_A_BLOCK_STATE);
        let keep = state.map_or(bindings::vnet_block_state_VNET_BLOCK_STATE_KEEP, Attr::u32)
            == bindings::vnet_block_state_VNET_BLOCK_STATE_KEEP;
        let subscribers = subscribe::subscribers(nodes, id)?;
        nodes
            .replace(place, (kind, values), keep, (&net, &rtnl))
            .map_err(|error| match error {
                ReplaceError::State => extack.refuse(
                    given,
                    c"the state cannot be handed over to this type; say state drop",
                    code::eopnotsupp(),
                ),
                ReplaceError::Held => extack.refuse(
                    given,
                    c"the block holds packets that it cannot let go yet; again later, or say state drop",
                    EAGAIN,
                ),
                ReplaceError::Subscription => extack.refuse(
                    given,
                    c"a subscription does not go with this type; say state drop",
                    code::eopnotsupp(),
                ),
                ReplaceError::Port => extack.refuse(
                    given,
                    c"the block is bound by a port that the new one does not have",
                    EBUSY,
                ),
                ReplaceError::Refused(refused) => params::refuse(request, kind, refused),
                ReplaceError::Bind(error) => bind::refuse(error, extack),
            })?;
        notify(&net, bindings::VNET_CMD_BLOCK_SET_NTF, nodes, id);
        subscribe::tell_lost(&net, nodes, id, &subscribers);
        Ok(())
    })
}

/// Names that a request may have.
const NAMES: [u32; 8] = [
    bindings::VNET_A_BLOCK_NAME,
    bindings::VNET_A_BLOCK_KIND,
    bindings::VNET_A_BLOCK_LAB,
    bindings::VNET_A_BLOCK_UPPER,
    bindings::VNET_A_BLOCK_UPPER_PORT,
    bindings::VNET_A_BLOCK_LOWER,
    bindings::VNET_A_BLOCK_LOWER_PORT,
    bindings::VNET_A_BLOCK_PUBLISHER,
];

/// Refuses empty names.
fn check_names(request: &Request<'_>) -> Result {
    let given = NAMES.iter().filter_map(|name| request.attrs().get(*name));
    for name in given {
        if name.text().is_empty() {
            return Err(request
                .extack()
                .refuse(Some(name), c"the name is empty", EINVAL));
        }
    }
    Ok(())
}

/// The namespace that a request to change something means.
fn target<'a>(request: &Request<'a>) -> Result<Target<'a>> {
    check_names(request)?;
    let fd = request.attrs().get(bindings::VNET_A_BLOCK_NETNS_FD);
    Target::find_capable(fd, request.requester(), request.extack())
}

/// The type that a request names.
fn type_of(attr: Attr<'_>, extack: ExtAck) -> Result<&'static Type> {
    Type::of(attr.text())
        .ok_or_else(|| extack.refuse(Some(attr), c"there is no such type of blocks", ENOENT))
}

/// The place of the block that a request names.
fn find(request: &Request<'_>, nodes: &Nodes) -> Result<usize> {
    let (attrs, extack) = (request.attrs(), request.extack());
    let name = attrs.require(
        bindings::VNET_A_BLOCK_NAME,
        extack,
        c"the name of a block is needed",
    )?;
    nodes
        .find(name.text())
        .ok_or_else(|| extack.refuse(Some(name), c"there is no such block", ENOENT))
}

/// Tells the listeners in the namespace of a block.
fn notify(net: &Net, command: u32, nodes: &Nodes, id: u32) {
    if let Some(node) = nodes.by_id(id) {
        let room = tell::room(node.values(), node.kind(), node.publishers());
        netlink::notify(net, command, room, |writer| {
            tell::block(writer, node, nodes, net)
        });
    }
}
