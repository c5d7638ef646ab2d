// SPDX-License-Identifier: GPL-2.0

//! Operations on links.

use super::{
    filter_of,
    maker,
    passes,
    Target,
    LINK_GET, //
};
use crate::{
    bindings,
    instance::Instance,
    net::{
        device::{
            self,
            NetDevice,
            Removal, //
        },
        extack::{
            code,
            ExtAck, //
        },
        link_ops::{
            EndOptions,
            Pair, //
        },
        netlink::{
            self,
            Attr,
            Attrs,
            Dump,
            Nest,
            Request,
            Writer,
            END_POLICY, //
        },
        netns::Net,
        rtnl::{
            self,
            Rtnl, //
        }, //
    },
    pipe::{
        settings::{
            self,
            name_of,
            Options, //
        },
        Ethernet,
        Link,
        Side, //
    },
    registry, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Entries of a table of an end's attributes.
const END_TABLE: usize = bindings::VNET_A_END_PAD as usize + 1;

/// The attribute of each end.
const END_KINDS: [(Side, u32); 2] = [
    (Side::A, bindings::VNET_A_LINK_END_A),
    (Side::B, bindings::VNET_A_LINK_END_B),
];

/// `link-new`.
pub(crate) fn new(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let mut options = Options::new(attrs.get(bindings::VNET_A_LINK_SEED).map(Attr::uint))?;
    options.mtu = attrs.get(bindings::VNET_A_LINK_MTU).map(Attr::u32);
    read_common(&mut options, &attrs, extack)?;
    if let Some(lab) = attrs.get(bindings::VNET_A_LINK_LAB) {
        options.label.lab = Some(name_of(lab, extack)?);
    }

    let end = |kind, message| -> Result<Nest<'_, END_TABLE>> {
        attrs
            .require(kind, extack, message)?
            .nested(&END_POLICY, extack)
    };
    let end_a = end(bindings::VNET_A_LINK_END_A, c"a link needs end-a")?;
    let end_b = end(bindings::VNET_A_LINK_END_B, c"a link needs end-b")?;
    let net_of = |end: &Nest<'_, END_TABLE>| {
        let fd = end.get(bindings::VNET_A_END_NETNS_FD);
        Target::find_capable(fd, request.requester(), extack)
    };
    let (net_a, net_b) = (net_of(&end_a)?, net_of(&end_b)?);
    read_ends(&mut options, [&end_a, &end_b], extack)?;
    options.maker = maker(request.requester(), &[&net_a, &net_b]);
    let reply = request.prepare_reply(options.room())?;

    let rtnl = rtnl::lock();
    let pair = Pair::<Ethernet>::new(
        [&net_a, &net_b],
        [end_options(&end_a, extack)?, end_options(&end_b, extack)?],
        extack,
        &rtnl,
    )?;
    let link = Link::create(pair, options, extack)?;
    notify_new(&link, &rtnl);
    // Both namespaces have been checked.
    reply.send(bindings::VNET_CMD_LINK_NEW, |writer| {
        fill(&link, writer, &|_: &Net| true, &rtnl)
    })
}

/// `link-get` of one.
pub(crate) fn get(request: &Request<'_>) -> Result {
    let rtnl = rtnl::lock();
    let link = find(request, &rtnl)?;
    if !is_visible(&link, request.requester(), &rtnl) {
        request
            .extack()
            .set_msg(c"CAP_NET_ADMIN is needed in the user namespace of an end of the link");
        return Err(EPERM);
    }
    let may_see = |net: &Net| request.requester().may_see(net);
    request.reply(LINK_GET, link.room(), |writer| {
        fill(&link, writer, &may_see, &rtnl)
    })
}

/// `link-get` of all.
pub(crate) fn dump(dump: &mut Dump<'_>) -> Result {
    let filter = filter_of(dump, bindings::VNET_A_LINK_LAB)?;
    let rtnl = rtnl::lock();
    loop {
        let from = dump.cursor().saturating_add(1);
        let (generation, next) = registry::with(|registry| {
            let links = registry.links();
            Ok((links.generation(), links.from(from)))
        })?;
        dump.set_generation(generation);
        let Some((id, link)) = next else {
            return Ok(());
        };
        let named = link.with_label(|label| passes(label.lab.as_deref(), filter));
        if named && is_visible(&link, dump.requester(), &rtnl) {
            let requester = dump.requester();
            let may_see = |net: &Net| requester.may_see(net);
            // If the piece is full, the next one begins with this link.
            dump.item(LINK_GET, |writer| fill(&link, writer, &may_see, &rtnl))?;
        }
        dump.set_cursor(id);
    }
}

/// `link-set`.
pub(crate) fn set(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let rtnl = rtnl::lock();
    let link = find(request, &rtnl)?;
    check_capable(&link, request, &rtnl)?;
    let mut options = Options::of(&link)?;
    options.mtu = attrs.get(bindings::VNET_A_LINK_MTU).map(Attr::u32);
    read_common(&mut options, &attrs, extack)?;
    for (side, kind) in END_KINDS {
        let Some(attr) = attrs.get(kind) else {
            continue;
        };
        let end: Nest<'_, END_TABLE> = attr.nested(&END_POLICY, extack)?;
        let fixed = [
            bindings::VNET_A_END_NETNS_FD,
            bindings::VNET_A_END_IFNAME,
            bindings::VNET_A_END_ADDRESS,
        ];
        if let Some(attr) = fixed.into_iter().find_map(|kind| end.get(kind)) {
            return Err(extack.refuse(
                Some(attr),
                c"a device is renamed, moved or given an address by rtnetlink",
                code::eopnotsupp(),
            ));
        }
        refuse_read_only(&end, extack)?;
        if let Some(tx) = end.get(bindings::VNET_A_END_TX) {
            options.read_direction(side, tx, extack)?;
        }
    }
    link.change(options, extack, &rtnl)
}

/// `link-del`.
pub(crate) fn del(request: &Request<'_>) -> Result {
    let rtnl = rtnl::lock();
    let link = find(request, &rtnl)?;
    check_capable(&link, request, &rtnl)?;
    Removal::immediate(&rtnl, |removal| link.delete(removal));
    Ok(())
}

/// Attributes that a new and a changed link have in common.
fn read_common<'a>(options: &mut Options, attrs: &impl Attrs<'a>, extack: ExtAck) -> Result {
    if let Some(name) = attrs.get(bindings::VNET_A_LINK_NAME) {
        options.label.name = Some(name_of(name, extack)?);
    }
    if let Some(connected) = attrs.get(bindings::VNET_A_LINK_CONNECTED) {
        options.connected = connected.u32() != 0;
    }
    Ok(())
}

/// Parameters of both ends of a new link.
fn read_ends(options: &mut Options, ends: [&Nest<'_, END_TABLE>; 2], extack: ExtAck) -> Result {
    for (side, end) in Side::BOTH.into_iter().zip(ends) {
        refuse_read_only(end, extack)?;
        if let Some(tx) = end.get(bindings::VNET_A_END_TX) {
            options.read_direction(side, tx, extack)?;
        }
    }
    Ok(())
}

/// Refuses what an end only tells.
fn refuse_read_only(end: &Nest<'_, END_TABLE>, extack: ExtAck) -> Result {
    let told = [
        bindings::VNET_A_END_NETNS_INODE,
        bindings::VNET_A_END_INSTANCE,
        bindings::VNET_A_END_IFINDEX,
        bindings::VNET_A_END_STATS,
        bindings::VNET_A_END_UP,
        bindings::VNET_A_END_CARRIER,
    ];
    match told.into_iter().find_map(|kind| end.get(kind)) {
        Some(attr) => Err(extack.refuse(Some(attr), c"the attribute is read only", EINVAL)),
        None => Ok(()),
    }
}

/// Name and address of a new end.
fn end_options<'a>(end: &Nest<'a, END_TABLE>, extack: ExtAck) -> Result<EndOptions<'a>> {
    device_options(
        end.get(bindings::VNET_A_END_IFNAME),
        end.get(bindings::VNET_A_END_ADDRESS),
        extack,
    )
}

/// Name and address of a new device.
pub(super) fn device_options<'a>(
    name: Option<Attr<'a>>,
    address: Option<Attr<'a>>,
    extack: ExtAck,
) -> Result<EndOptions<'a>> {
    if let Some(name) = name {
        if !device::is_valid_name(name.text()) {
            return Err(extack.refuse(Some(name), c"this cannot be a device's name", EINVAL));
        }
    }
    let bytes = address.and_then(Attr::address);
    if bytes.is_some_and(|bytes| !device::is_valid_address(bytes)) {
        return Err(extack.refuse(
            address,
            c"the address is not that of one Ethernet device",
            code::eaddrnotavail(),
        ));
    }
    Ok(EndOptions {
        name: name.map(Attr::text),
        address: bytes,
        mtu: None,
    })
}

/// The link that a request means: by number, or by the device of an end.
fn find(request: &Request<'_>, rtnl: &Rtnl) -> Result<Arc<Link>> {
    let (attrs, extack) = (request.attrs(), request.extack());
    let id = attrs.get(bindings::VNET_A_LINK_ID);
    let ifindex = attrs.get(bindings::VNET_A_LINK_IFINDEX);
    let fd = attrs.get(bindings::VNET_A_LINK_NETNS_FD);
    match (id, ifindex) {
        (Some(id), None) if fd.is_none() => {
            registry::with(|registry| Ok(registry.links().get(id.u32())))?
                .ok_or_else(|| extack.refuse(Some(id), c"there is no such link", ENOENT))
        }
        (None, Some(ifindex)) => {
            let net = Target::find(fd, request.requester(), extack)?;
            let device = net
                .device(ifindex.u32(), rtnl)
                .ok_or_else(|| extack.refuse(Some(ifindex), c"there is no such device", ENODEV))?;
            let end = device::private_of::<Ethernet>(device).ok_or_else(|| {
                extack.refuse(
                    Some(ifindex),
                    c"the device is not the end of a link",
                    EINVAL,
                )
            })?;
            Ok(end.link().clone())
        }
        _ => Err(extack.refuse(
            fd.or(id),
            c"name the link by id, or by ifindex with or without netns-fd",
            EINVAL,
        )),
    }
}

/// Whether the requester may see a link: one of its ends is enough.
fn is_visible(link: &Link, requester: netlink::Requester<'_>, rtnl: &Rtnl) -> bool {
    Side::BOTH.into_iter().any(|side| {
        link.device(side, rtnl)
            .is_some_and(|device| requester.may_see(device.net()))
    })
}

/// Refuses a link of which the requester may not administrate both ends.
pub(super) fn check_capable(link: &Link, request: &Request<'_>, rtnl: &Rtnl) -> Result {
    for side in Side::BOTH {
        if let Some(device) = link.device(side, rtnl) {
            request
                .requester()
                .check_capable(device.net(), request.extack())?;
        }
    }
    Ok(())
}

/// Describes a link to those who may see what is in the namespaces for which `may_see` holds; of an
/// end elsewhere they learn only what crosses the link.
fn fill(
    link: &Link,
    writer: &mut Writer<'_>,
    may_see: &impl Fn(&Net) -> bool,
    rtnl: &Rtnl,
) -> Result {
    writer.u32(bindings::VNET_A_LINK_ID, link.id())?;
    link.with_label(|label| {
        if let Some(name) = &label.name {
            writer.text(bindings::VNET_A_LINK_NAME, name)?;
        }
        if let Some(lab) = &label.lab {
            writer.text(bindings::VNET_A_LINK_LAB, lab)?;
        }
        Ok::<(), Error>(())
    })?;
    writer.uint(bindings::VNET_A_LINK_SEED, link.seed())?;
    writer.u32(
        bindings::VNET_A_LINK_CONNECTED,
        u32::from(link.is_connected()),
    )?;
    let mtu = Side::BOTH
        .into_iter()
        .filter_map(|side| link.device(side, rtnl))
        .map(NetDevice::mtu)
        .min();
    if let Some(mtu) = mtu {
        writer.u32(bindings::VNET_A_LINK_MTU, mtu)?;
    }
    for (side, kind) in END_KINDS {
        writer.nest(kind, |nest| fill_end(link, side, nest, may_see, rtnl))?;
    }
    Ok(())
}

/// Describes an end.
fn fill_end(
    link: &Link,
    side: Side,
    writer: &mut Writer<'_>,
    may_see: &impl Fn(&Net) -> bool,
    rtnl: &Rtnl,
) -> Result {
    let device = link.device(side, rtnl);
    if let Some(device) = device.filter(|device| may_see(device.net())) {
        let net = device.net();
        writer.uint(bindings::VNET_A_END_NETNS_INODE, net.inode())?;
        if let Some(id) = Instance::of(net).id() {
            writer.u32(bindings::VNET_A_END_INSTANCE, id)?;
        }
        writer.text(bindings::VNET_A_END_IFNAME, device.name(rtnl))?;
        writer.u32(bindings::VNET_A_END_IFINDEX, device.ifindex())?;
        writer.bytes(bindings::VNET_A_END_ADDRESS, &device.address(rtnl))?;
        writer.u32(bindings::VNET_A_END_UP, u32::from(device.is_running()))?;
        writer.u32(
            bindings::VNET_A_END_CARRIER,
            u32::from(device.has_carrier()),
        )?;
    }
    let lane = link.lane_from(side);
    lane.with_params(|params| settings::put_direction(writer, bindings::VNET_A_END_TX, params))?;
    lane.read(|reading| settings::put_stats(writer, bindings::VNET_A_END_STATS, &reading, true))
}

/// A link was made.
pub(crate) fn notify_new(link: &Link, rtnl: &Rtnl) {
    notify(link, bindings::VNET_CMD_LINK_NEW_NTF, rtnl);
}

/// A link was changed.
pub(crate) fn notify_changed(link: &Link, rtnl: &Rtnl) {
    notify(link, bindings::VNET_CMD_LINK_SET_NTF, rtnl);
}

/// A link goes.
pub(crate) fn notify_removed(link: &Link, rtnl: &Rtnl) {
    notify(link, bindings::VNET_CMD_LINK_DEL_NTF, rtnl);
}

/// Tells the listeners in the namespaces of both ends, each of its own end, and those in the
/// namespace of who made the link.
fn notify(link: &Link, command: u32, rtnl: &Rtnl) {
    let [a, b] = Side::BOTH.map(|side| link.device(side, rtnl).map(NetDevice::net));
    let tell = |to: &Net| {
        let own = |net: &Net| net.is_same(to);
        netlink::notify(to, command, link.room(), |writer| {
            fill(link, writer, &own, rtnl)
        });
    };
    if let Some(net) = a {
        tell(net);
    }
    match (a, b) {
        (Some(a), Some(b)) if a.is_same(b) => {}
        (_, Some(net)) => tell(net),
        _ => {}
    }
    if let Some(maker) = link.maker() {
        maker.with_net(|net| {
            // It had to have the rights to both ends.
            let all = |_: &Net| true;
            netlink::notify(net, command, link.room(), |writer| {
                fill(link, writer, &all, rtnl)
            });
        });
    }
}
