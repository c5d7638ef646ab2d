// SPDX-License-Identifier: GPL-2.0

//! Operations on instances.

use super::{
    filter_of,
    maker,
    passes,
    Target,
    INSTANCE_GET, //
};
use crate::{
    account::Load,
    bindings,
    instance::{
        Identity,
        Instance, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            self,
            Attr,
            Attrs,
            Dump,
            Request,
            Table,
            Writer, //
        },
        netns::Net, //
    },
    pipe::{
        settings::name_of,
        Link, //
    },
    registry, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Room that the description of an instance takes in a message, in bytes.
const ROOM: usize = 512;

/// `instance-new`.
pub(crate) fn new(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let fd = attrs.get(bindings::VNET_A_INSTANCE_NETNS_FD);
    let net = Target::find_capable(fd, request.requester(), extack)?;
    let instance = Instance::of(&net);
    let text = |kind| {
        attrs
            .get(kind)
            .map(|attr| name_of(attr, extack))
            .transpose()
    };
    let name = text(bindings::VNET_A_INSTANCE_NAME)?;
    let lab = text(bindings::VNET_A_INSTANCE_LAB)?;
    let reply = request.prepare_reply(ROOM)?;

    registry::with(|registry| {
        if instance.id().is_some() {
            return Err(extack.refuse(fd, c"the network namespace is an instance already", EEXIST));
        }
        let id = registry.instances().next_id();
        registry.instances().insert(id, instance.clone())?;
        instance.replace_identity(Some(Identity {
            id,
            name,
            lab,
            maker: maker(request.requester(), &[&net]),
        }));
        Ok(())
    })?;
    set_limits(&instance, &attrs);
    notify(&instance, bindings::VNET_CMD_INSTANCE_NEW_NTF);
    reply.send(bindings::VNET_CMD_INSTANCE_NEW, |writer| {
        fill(&instance, writer)
    })
}

/// `instance-get` of one.
pub(crate) fn get(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let instance = find(&attrs, request, extack, false)?;
    settle_links();
    request.reply(INSTANCE_GET, ROOM, |writer| fill(&instance, writer))
}

/// `instance-get` of all.
pub(crate) fn dump(dump: &mut Dump<'_>) -> Result {
    let filter = filter_of(dump, bindings::VNET_A_INSTANCE_LAB)?;
    if dump.cursor() == 0 {
        settle_links();
    }
    loop {
        let from = dump.cursor().saturating_add(1);
        let (generation, next) = registry::with(|registry| {
            let instances = registry.instances();
            Ok((instances.generation(), instances.from(from)))
        })?;
        dump.set_generation(generation);
        let Some((id, instance)) = next else {
            return Ok(());
        };
        let requester = dump.requester();
        let visible = instance.with_net(|net| requester.may_see(net)) == Some(true)
            && instance
                .with_identity(|identity| passes(identity.lab.as_deref(), filter))
                .unwrap_or(false);
        if visible {
            // If the piece is full, the next one begins with this instance.
            dump.item(INSTANCE_GET, |writer| fill(&instance, writer))?;
        }
        dump.set_cursor(id);
    }
}

/// `instance-set`.
pub(crate) fn set(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let instance = find(&attrs, request, extack, true)?;
    if let Some(attr) = attrs.get(bindings::VNET_A_INSTANCE_NAME) {
        let old = instance.rename(name_of(attr, extack)?);
        drop(old);
    }
    set_limits(&instance, &attrs);
    // What links have been granted in excess would let packets pass a lower limit.
    settle_links();
    registry::with(|registry| {
        registry.instances().changed();
        Ok(())
    })?;
    notify(&instance, bindings::VNET_CMD_INSTANCE_SET_NTF);
    Ok(())
}

/// `instance-del`.
pub(crate) fn del(request: &Request<'_>) -> Result {
    let instance = find(&request.attrs(), request, request.extack(), true)?;
    // Two requests may come at once, and the namespace be made an instance anew in between.
    if let Some(id) = instance.id() {
        forget(&instance, id);
    }
    Ok(())
}

/// A namespace goes, and with it its instance.
pub(crate) fn gone(instance: &Arc<Instance>) {
    if let Some(id) = instance.id() {
        forget(instance, id);
    }
}

/// Takes the identity from an instance, if its number is still `id`.
fn forget(instance: &Arc<Instance>, id: u32) {
    // Whoever takes it out of the registry does the rest.
    let taken = registry::with(|registry| {
        if instance.id() != Some(id) {
            return Ok(None);
        }
        Ok(registry.instances().remove(id))
    });
    if let Ok(Some(_)) = taken {
        notify(instance, bindings::VNET_CMD_INSTANCE_DEL_NTF);
        let identity = instance.replace_identity(None);
        drop(identity);
    }
}

/// Tells the listeners in the instance's namespace, and in that of who made it.
fn notify(instance: &Instance, command: u32) {
    let tell = |net: &Net| netlink::notify(net, command, ROOM, |writer| fill(instance, writer));
    instance.with_net(tell);
    let maker = instance
        .with_identity(|identity| identity.maker.clone())
        .flatten();
    if let Some(maker) = maker {
        maker.with_net(tell);
    }
}

/// The instance that a request means: by number or by namespace. It has an identity.
fn find(
    attrs: &Table<'_>,
    request: &Request<'_>,
    extack: ExtAck,
    change: bool,
) -> Result<Arc<Instance>> {
    let requester = request.requester();
    let fd = attrs.get(bindings::VNET_A_INSTANCE_NETNS_FD);
    let Some(id) = attrs.get(bindings::VNET_A_INSTANCE_ID) else {
        let net = if change {
            Target::find_capable(fd, requester, extack)?
        } else {
            Target::find_visible(fd, requester, extack)?
        };
        let instance = Instance::of(&net);
        if instance.id().is_none() {
            return Err(extack.refuse(fd, c"the network namespace is not an instance", ENOENT));
        }
        return Ok(instance);
    };
    if fd.is_some() {
        return Err(extack.refuse(fd, c"give either id or netns-fd", EINVAL));
    }
    let missing = || extack.refuse(Some(id), c"there is no such instance", ENOENT);
    let instance =
        registry::with(|registry| Ok(registry.instances().get(id.u32())))?.ok_or_else(missing)?;
    let allowed = instance.with_net(|net| {
        if !change && requester.net().is_same(net) {
            return Ok(());
        }
        requester.check_capable(net, extack)
    });
    allowed.ok_or_else(missing)??;
    Ok(instance)
}

/// Changes the limits that a request names.
fn set_limits(instance: &Instance, attrs: &Table<'_>) {
    let uint = |kind| attrs.get(kind).map(Attr::uint);
    let budget = instance.account().budget();
    let old = budget.max();
    budget.set_max(Load {
        frames: uint(bindings::VNET_A_INSTANCE_MAX_FRAMES).unwrap_or(old.frames),
        bytes: uint(bindings::VNET_A_INSTANCE_MAX_BYTES).unwrap_or(old.bytes),
    });
    if let Some(links) = attrs.get(bindings::VNET_A_INSTANCE_MAX_LINKS) {
        instance.account().links().set_max(links.u32());
    }
}

/// Has all links and media report, so that what is told about instances is of this moment.
fn settle_links() {
    let mut from = 0;
    while let Ok(Some((id, link))) = registry::with(|registry| Ok(registry.links().from(from))) {
        Link::settle(&link);
        let Some(next) = id.checked_add(1) else {
            break;
        };
        from = next;
    }
    let mut from = 0;
    while let Ok(Some((id, medium))) = registry::with(|registry| Ok(registry.media().from(from))) {
        medium.settle();
        let Some(next) = id.checked_add(1) else {
            break;
        };
        from = next;
    }
}

/// Describes an instance.
fn fill(instance: &Instance, writer: &mut Writer<'_>) -> Result {
    instance
        .with_identity(|identity| {
            writer.u32(bindings::VNET_A_INSTANCE_ID, identity.id)?;
            if let Some(name) = &identity.name {
                writer.text(bindings::VNET_A_INSTANCE_NAME, name)?;
            }
            if let Some(lab) = &identity.lab {
                writer.text(bindings::VNET_A_INSTANCE_LAB, lab)?;
            }
            Ok::<(), Error>(())
        })
        .unwrap_or(Ok(()))?;
    let account = instance.account();
    let (max, used) = (account.budget().max(), account.budget().used());
    let totals = instance.totals();
    let (sent, received) = (totals.sent(), totals.received());
    writer.uint(bindings::VNET_A_INSTANCE_NETNS_INODE, instance.inode())?;
    writer.u32(bindings::VNET_A_INSTANCE_LINKS, account.links().used())?;
    writer.u32(bindings::VNET_A_INSTANCE_MAX_LINKS, account.links().max())?;
    writer.uint(bindings::VNET_A_INSTANCE_MAX_FRAMES, max.frames)?;
    writer.uint(bindings::VNET_A_INSTANCE_MAX_BYTES, max.bytes)?;
    writer.uint(bindings::VNET_A_INSTANCE_FRAMES, used.frames)?;
    writer.uint(bindings::VNET_A_INSTANCE_BYTES, used.bytes)?;
    writer.uint(bindings::VNET_A_INSTANCE_TX_PACKETS, sent.packets)?;
    writer.uint(bindings::VNET_A_INSTANCE_TX_BYTES, sent.bytes)?;
    writer.uint(bindings::VNET_A_INSTANCE_RX_PACKETS, received.packets)?;
    writer.uint(bindings::VNET_A_INSTANCE_RX_BYTES, received.bytes)?;
    writer.uint(bindings::VNET_A_INSTANCE_DROPS, sent.drops)?;
    writer.uint(
        bindings::VNET_A_INSTANCE_SOFTIRQ_TIME,
        totals.softirq_time(),
    )
}
