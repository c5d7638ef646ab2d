// SPDX-License-Identifier: GPL-2.0

//! Operations on broadcast media.

use super::{
    filter_of,
    link::device_options,
    maker,
    passes,
    Target, //
};
use crate::{
    bindings,
    instance::Instance,
    medium::{
        settings::{
            Options,
            MAX_PORTS,
            MIN_PORTS, //
        },
        Medium,
        Station, //
    },
    model::seed_of,
    net::{
        device::{
            NetDevice,
            Removal, //
        },
        extack::{
            code,
            ExtAck, //
        },
        netlink::{
            self,
            Attr,
            Attrs,
            Dump,
            Nest,
            Request,
            Writer,
            MEDIUM_PORT_POLICY, //
        },
        netns::Net,
        port_ops::NewPort,
        rtnl::{
            self,
            Rtnl, //
        }, //
    },
    pipe::settings::{
        name_of,
        put_direction,
        put_stats, //
    },
    registry, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Entries of a table of a port's attributes.
const PORT_TABLE: usize = bindings::VNET_A_MEDIUM_PORT_PAD as usize + 1;
/// Room for the description of a medium without its ports.
const ROOM: usize = 512;

/// The attributes of a port.
type PortNest<'a> = Nest<'a, PORT_TABLE>;

/// What a port is made of.
struct NewPlace<'a> {
    nest: PortNest<'a>,
    net: Target<'a>,
}

/// `medium-new`.
pub(crate) fn new(request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    let seed = match attrs.get(bindings::VNET_A_MEDIUM_SEED) {
        Some(seed) => seed.uint(),
        None => {
            let name = attrs.get(bindings::VNET_A_MEDIUM_NAME);
            name.map_or(0, |name| seed_of(&[name.text()]))
        }
    };
    let places = read_places(request)?;
    let mut options = Options::new(seed, places.len())?;
    for (number, place) in places.iter().enumerate() {
        if let Some(tx) = place.nest.get(bindings::VNET_A_MEDIUM_PORT_TX) {
            options.read_port(number, tx, extack)?;
        }
    }
    read_common(&mut options, request)?;
    if let Some(lab) = attrs.get(bindings::VNET_A_MEDIUM_LAB) {
        options.label.lab = Some(name_of(lab, extack)?);
    }
    let mut nets: KVec<&Net> = KVec::with_capacity(places.len(), GFP_KERNEL)?;
    for place in places.iter() {
        nets.push(&place.net, GFP_KERNEL)?;
    }
    options.maker = maker(request.requester(), &nets);
    let reply = request.prepare_reply(ROOM)?;

    let rtnl = rtnl::lock();
    let mut devices = KVec::with_capacity(places.len(), GFP_KERNEL)?;
    for place in places.iter() {
        let ifname = place.nest.get(bindings::VNET_A_MEDIUM_PORT_IFNAME);
        let address = place.nest.get(bindings::VNET_A_MEDIUM_PORT_ADDRESS);
        let device = device_options(ifname, address, extack)?;
        let port = NewPort::<Station>::new(&place.net, device, extack, &rtnl)?;
        devices.push(port, GFP_KERNEL)?;
    }
    let medium = Medium::create(devices, options, extack, &rtnl)?;
    notify(&medium, bindings::VNET_CMD_MEDIUM_NEW_NTF, None, &rtnl);
    reply.send(bindings::VNET_CMD_MEDIUM_NEW, |writer| {
        fill(&medium, writer, &rtnl)
    })
}

/// The ports of a new medium.
fn read_places<'a>(request: &Request<'a>) -> Result<KVec<NewPlace<'a>>> {
    let extack = request.extack();
    let mut places = KVec::new();
    for attr in request.all() {
        if attr.kind() != bindings::VNET_A_MEDIUM_PORT {
            continue;
        }
        if places.len() == MAX_PORTS {
            return Err(extack.refuse(Some(attr), c"a medium has at most 64 ports", E2BIG));
        }
        let nest: PortNest<'_> = attr.nested(&MEDIUM_PORT_POLICY, extack)?;
        refuse_read_only(&nest, extack)?;
        if let Some(number) = nest.get(bindings::VNET_A_MEDIUM_PORT_NUMBER) {
            return Err(extack.refuse(
                Some(number),
                c"the ports of a new medium are numbered in their order",
                EINVAL,
            ));
        }
        let fd = nest.get(bindings::VNET_A_MEDIUM_PORT_NETNS_FD);
        let net = Target::find_capable(fd, request.requester(), extack)?;
        places.push(NewPlace { nest, net }, GFP_KERNEL)?;
    }
    if places.len() < MIN_PORTS {
        extack.miss(bindings::VNET_A_MEDIUM_PORT);
        return Err(extack.refuse(None, c"a medium needs at least two ports", EINVAL));
    }
    Ok(places)
}

/// Attributes that a new and a changed medium have in common.
fn read_common(options: &mut Options, request: &Request<'_>) -> Result {
    let (attrs, extack) = (request.attrs(), request.extack());
    options.mtu = attrs.get(bindings::VNET_A_MEDIUM_MTU).map(Attr::u32);
    if let Some(name) = attrs.get(bindings::VNET_A_MEDIUM_NAME) {
        options.label.name = Some(name_of(name, extack)?);
    }
    for attr in request.all() {
        if attr.kind() == bindings::VNET_A_MEDIUM_PAIR {
            options.read_pairs(attr, extack)?;
        }
    }
    Ok(())
}

/// Refuses what a port only tells.
fn refuse_read_only(port: &PortNest<'_>, extack: ExtAck) -> Result {
    let told = [
        bindings::VNET_A_MEDIUM_PORT_NETNS_INODE,
        bindings::VNET_A_MEDIUM_PORT_INSTANCE,
        bindings::VNET_A_MEDIUM_PORT_IFINDEX,
        bindings::VNET_A_MEDIUM_PORT_STATS,
        bindings::VNET_A_MEDIUM_PORT_UP,
    ];
    match told.into_iter().find_map(|kind| port.get(kind)) {
        Some(attr) => Err(extack.refuse(Some(attr), c"the attribute is read only", EINVAL)),
        None => Ok(()),
    }
}

/// `medium-get` of one.
pub(crate) fn get(request: &Request<'_>) -> Result {
    let rtnl = rtnl::lock();
    let id = request.attrs().get(bindings::VNET_A_MEDIUM_ID);
    let medium = find(id, request.extack())?;
    check_visible(&medium, request.requester(), request.extack(), &rtnl)?;
    request.reply(bindings::VNET_CMD_MEDIUM_GET, ROOM, |writer| {
        fill(&medium, writer, &rtnl)
    })
}

/// `medium-get` of all.
pub(crate) fn dump(dump: &mut Dump<'_>) -> Result {
    let filter = filter_of(dump, bindings::VNET_A_MEDIUM_LAB)?;
    let rtnl = rtnl::lock();
    loop {
        let from = dump.cursor().saturating_add(1);
        let (generation, next) = registry::with(|registry| {
            let media = registry.media();
            Ok((media.generation(), media.from(from)))
        })?;
        dump.set_generation(generation);
        let Some((id, medium)) = next else {
            return Ok(());
        };
        let named = medium.with_label(|label| passes(label.lab.as_deref(), filter));
        if named && is_visible(&medium, dump.requester(), &rtnl) {
            // If the piece is full, the next one begins with this medium.
            dump.item(bindings::VNET_CMD_MEDIUM_GET, |writer| {
                fill(&medium, writer, &rtnl)
            })?;
        }
        dump.set_cursor(id);
    }
}

/// `medium-port-get`.
pub(crate) fn dump_ports(dump: &mut Dump<'_>) -> Result {
    let rtnl = rtnl::lock();
    let medium = find_for(dump, &rtnl)?;
    while (dump.cursor() as usize) < medium.ports() {
        let port = dump.cursor() as usize;
        let requester = dump.requester();
        dump.item(bindings::VNET_CMD_MEDIUM_PORT_GET, |writer| {
            writer.u32(bindings::VNET_A_MEDIUM_ID, medium.id())?;
            writer.nest(bindings::VNET_A_MEDIUM_PORT, |nest| {
                fill_port(&medium, port, nest, &|net| requester.may_see(net), &rtnl)
            })
        })?;
        dump.set_cursor(dump.cursor().saturating_add(1));
    }
    Ok(())
}

/// `medium-pair-get`.
pub(crate) fn dump_pairs(dump: &mut Dump<'_>) -> Result {
    let rtnl = rtnl::lock();
    let medium = find_for(dump, &rtnl)?;
    let ports = medium.ports();
    loop {
        let cursor = dump.cursor() as usize;
        let (Some(from), Some(to)) = (cursor.checked_div(ports), cursor.checked_rem(ports)) else {
            return Ok(());
        };
        if from >= ports {
            return Ok(());
        }
        if from != to {
            dump.item(bindings::VNET_CMD_MEDIUM_PAIR_GET, |writer| {
                writer.u32(bindings::VNET_A_MEDIUM_ID, medium.id())?;
                writer.nest(bindings::VNET_A_MEDIUM_PAIR, |nest| {
                    fill_pair(&medium, from, to, nest)
                })
            })?;
        }
        dump.set_cursor(dump.cursor().saturating_add(1));
    }
}

/// The medium of which a dump tells.
fn find_for(dump: &mut Dump<'_>, rtnl: &Rtnl) -> Result<Arc<Medium>> {
    let generation = registry::with(|registry| Ok(registry.media().generation()))?;
    dump.set_generation(generation);
    let id = dump.attrs().get(bindings::VNET_A_MEDIUM_ID);
    let medium = find(id, dump.extack())?;
    check_visible(&medium, dump.requester(), dump.extack(), rtnl)?;
    Ok(medium)
}

/// `medium-set`.
pub(crate) fn set(request: &Request<'_>) -> Result {
    let extack = request.extack();
    let rtnl = rtnl::lock();
    let medium = find(request.attrs().get(bindings::VNET_A_MEDIUM_ID), extack)?;
    check_capable(&medium, request, &rtnl)?;
    let mut options = Options::of(&medium)?;
    for attr in request.all() {
        if attr.kind() == bindings::VNET_A_MEDIUM_PORT {
            change_port(&mut options, &medium, attr, extack)?;
        }
    }
    read_common(&mut options, request)?;
    medium.change(options, extack, &rtnl)
}

/// Changes the transmitter that a nest of `medium-set` names.
fn change_port(options: &mut Options, medium: &Medium, attr: Attr<'_>, extack: ExtAck) -> Result {
    let nest: PortNest<'_> = attr.nested(&MEDIUM_PORT_POLICY, extack)?;
    refuse_read_only(&nest, extack)?;
    let fixed = [
        bindings::VNET_A_MEDIUM_PORT_NETNS_FD,
        bindings::VNET_A_MEDIUM_PORT_IFNAME,
        bindings::VNET_A_MEDIUM_PORT_ADDRESS,
    ];
    if let Some(attr) = fixed.into_iter().find_map(|kind| nest.get(kind)) {
        return Err(extack.refuse(
            Some(attr),
            c"a device is renamed, moved or given an address by rtnetlink",
            code::eopnotsupp(),
        ));
    }
    let number = nest.require(
        bindings::VNET_A_MEDIUM_PORT_NUMBER,
        extack,
        c"a port is named by its number",
    )?;
    let port = number.u32() as usize;
    if port >= medium.ports() {
        return Err(extack.refuse(Some(number), c"there is no such port", EINVAL));
    }
    match nest.get(bindings::VNET_A_MEDIUM_PORT_TX) {
        Some(tx) => options.read_port(port, tx, extack),
        None => Ok(()),
    }
}

/// `medium-del`.
pub(crate) fn del(request: &Request<'_>) -> Result {
    let rtnl = rtnl::lock();
    let id = request.attrs().get(bindings::VNET_A_MEDIUM_ID);
    let medium = find(id, request.extack())?;
    check_capable(&medium, request, &rtnl)?;
    Removal::immediate(&rtnl, |removal| medium.delete(removal));
    Ok(())
}

/// The medium of a number.
fn find(id: Option<Attr<'_>>, extack: ExtAck) -> Result<Arc<Medium>> {
    let Some(id) = id else {
        extack.miss(bindings::VNET_A_MEDIUM_ID);
        return Err(extack.refuse(None, c"name the medium by id", EINVAL));
    };
    registry::with(|registry| Ok(registry.media().get(id.u32())))?
        .ok_or_else(|| extack.refuse(Some(id), c"there is no such medium", ENOENT))
}

/// The medium of a number, if the requester may administrate all its ports.
pub(super) fn find_capable(
    request: &Request<'_>,
    id: Attr<'_>,
    rtnl: &Rtnl,
) -> Result<Arc<Medium>> {
    let medium = find(Some(id), request.extack())?;
    check_capable(&medium, request, rtnl)?;
    Ok(medium)
}

/// Whether the requester may see a medium: one of its ports is enough.
fn is_visible(medium: &Medium, requester: netlink::Requester<'_>, rtnl: &Rtnl) -> bool {
    medium
        .devices(rtnl)
        .any(|device| requester.may_see(device.net()))
}

/// Refuses a medium that the requester may not see.
fn check_visible(
    medium: &Medium,
    requester: netlink::Requester<'_>,
    extack: ExtAck,
    rtnl: &Rtnl,
) -> Result {
    if is_visible(medium, requester, rtnl) {
        return Ok(());
    }
    extack.set_msg(c"CAP_NET_ADMIN is needed in the user namespace of a port of the medium");
    Err(EPERM)
}

/// Refuses a medium of which the requester may not administrate all ports.
fn check_capable(medium: &Medium, request: &Request<'_>, rtnl: &Rtnl) -> Result {
    medium.devices(rtnl).try_for_each(|device| {
        request
            .requester()
            .check_capable(device.net(), request.extack())
    })
}

/// Describes a medium as it is.
fn fill(medium: &Medium, writer: &mut Writer<'_>, rtnl: &Rtnl) -> Result {
    fill_with(medium, medium.devices(rtnl).count(), writer, rtnl)
}

/// Describes a medium of which so many ports are left.
fn fill_with(medium: &Medium, left: usize, writer: &mut Writer<'_>, rtnl: &Rtnl) -> Result {
    writer.u32(bindings::VNET_A_MEDIUM_ID, medium.id())?;
    medium.with_label(|label| {
        if let Some(name) = &label.name {
            writer.text(bindings::VNET_A_MEDIUM_NAME, name)?;
        }
        if let Some(lab) = &label.lab {
            writer.text(bindings::VNET_A_MEDIUM_LAB, lab)?;
        }
        Ok::<(), Error>(())
    })?;
    writer.uint(bindings::VNET_A_MEDIUM_SEED, medium.seed())?;
    if let Some(mtu) = medium.devices(rtnl).map(NetDevice::mtu).min() {
        writer.u32(bindings::VNET_A_MEDIUM_MTU, mtu)?;
    }
    writer.u32(bindings::VNET_A_MEDIUM_PORTS, left as u32)
}

/// Describes a port to those who may see what is in the namespaces for which `may_see` holds.
fn fill_port(
    medium: &Medium,
    port: usize,
    writer: &mut Writer<'_>,
    may_see: &impl Fn(&Net) -> bool,
    rtnl: &Rtnl,
) -> Result {
    writer.u32(bindings::VNET_A_MEDIUM_PORT_NUMBER, port as u32)?;
    let device = medium.device(port, rtnl);
    if let Some(device) = device.filter(|device| may_see(device.net())) {
        let net = device.net();
        writer.uint(bindings::VNET_A_MEDIUM_PORT_NETNS_INODE, net.inode())?;
        if let Some(id) = Instance::of(net).id() {
            writer.u32(bindings::VNET_A_MEDIUM_PORT_INSTANCE, id)?;
        }
        writer.text(bindings::VNET_A_MEDIUM_PORT_IFNAME, device.name(rtnl))?;
        writer.u32(bindings::VNET_A_MEDIUM_PORT_IFINDEX, device.ifindex())?;
        writer.bytes(bindings::VNET_A_MEDIUM_PORT_ADDRESS, &device.address(rtnl))?;
        writer.u32(
            bindings::VNET_A_MEDIUM_PORT_UP,
            u32::from(device.is_running()),
        )?;
    }
    let put = medium.with_port(port, |params| {
        put_direction(writer, bindings::VNET_A_MEDIUM_PORT_TX, params)
    });
    put.unwrap_or(Ok(()))?;
    let put = medium.read_port(port, |reading| {
        put_stats(writer, bindings::VNET_A_MEDIUM_PORT_STATS, &reading, false)
    });
    put.unwrap_or(Ok(()))
}

/// Describes a way.
fn fill_pair(medium: &Medium, from: usize, to: usize, writer: &mut Writer<'_>) -> Result {
    writer.u32(bindings::VNET_A_MEDIUM_PAIR_FROM, from as u32)?;
    writer.u32(bindings::VNET_A_MEDIUM_PAIR_TO, to as u32)?;
    let put = medium.with_pair(from, to, |params| {
        put_direction(writer, bindings::VNET_A_MEDIUM_PAIR_PARAMS, params)
    });
    put.unwrap_or(Ok(()))?;
    let put = medium.read_way(from, to, |reading| {
        put_stats(writer, bindings::VNET_A_MEDIUM_PAIR_STATS, &reading, true)
    });
    put.unwrap_or(Ok(()))
}

/// A medium was changed.
pub(crate) fn notify_changed(medium: &Medium, rtnl: &Rtnl) {
    notify(medium, bindings::VNET_CMD_MEDIUM_SET_NTF, None, rtnl);
}

/// A medium goes.
pub(crate) fn notify_removed(medium: &Medium, rtnl: &Rtnl) {
    notify_left(medium, bindings::VNET_CMD_MEDIUM_DEL_NTF, 0, None, rtnl);
}

/// A port has gone; `instance` is that of its namespace.
pub(crate) fn notify_unplugged(medium: &Medium, instance: Option<Arc<Instance>>, rtnl: &Rtnl) {
    notify(
        medium,
        bindings::VNET_CMD_MEDIUM_DEL_NTF,
        instance.as_deref(),
        rtnl,
    );
}

/// Tells the listeners in the namespaces of all ports, in that of a port that has gone, and in that
/// of who made the medium.
fn notify(medium: &Medium, command: u32, gone: Option<&Instance>, rtnl: &Rtnl) {
    notify_left(medium, command, medium.devices(rtnl).count(), gone, rtnl);
}

/// The same about a medium of which so many ports are left.
fn notify_left(medium: &Medium, command: u32, left: usize, gone: Option<&Instance>, rtnl: &Rtnl) {
    let tell = |net: &Net| {
        netlink::notify(net, command, ROOM, |writer| {
            fill_with(medium, left, writer, rtnl)
        });
    };
    for (number, device) in medium.devices(rtnl).enumerate() {
        let net = device.net();
        let told = medium
            .devices(rtnl)
            .take(number)
            .any(|other| other.net().is_same(net));
        if !told {
            tell(net);
        }
    }
    let others = [gone, medium.maker().map(|maker| &**maker)];
    for instance in others.into_iter().flatten() {
        instance.with_net(|net| {
            if !medium.devices(rtnl).any(|device| device.net().is_same(net)) {
                tell(net);
            }
        });
    }
}
