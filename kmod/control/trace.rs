// SPDX-License-Identifier: GPL-2.0

//! Operations on the logs of decisions, of links and of media.

use super::{
    link::check_capable,
    medium, //
};
use crate::{
    bindings,
    medium::Medium,
    model::{
        Decision,
        Outcome, //
    },
    net::{
        netlink::{
            Attr,
            Attrs,
            Request,
            Writer, //
        },
        rtnl::{
            self,
            Rtnl, //
        }, //
    },
    pipe::{
        settings,
        trace::{
            Extract,
            Trace, //
        },
        Link,
        Side, //
    },
    registry, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Records in a reply at most.
const BATCH: usize = 128;
/// Room for a record in a message, in bytes.
const RECORD_ROOM: usize = 112;
/// Room for a reply, in bytes, with everything else.
const REPLY_ROOM: usize = 128 + BATCH * RECORD_ROOM;

/// `link-trace-set`.
pub(crate) fn set(request: &Request<'_>) -> Result {
    let (link, side) = find(request, &rtnl::lock())?;
    link.lane_from(side).set_trace(wanted(request)?);
    Ok(())
}

/// `link-trace-get`.
pub(crate) fn get(request: &Request<'_>) -> Result {
    let (link, side) = find(request, &rtnl::lock())?;
    let (since, records) = reading(request)?;
    let extract = link.lane_from(side).read_trace(since, records);
    request.reply(bindings::VNET_CMD_LINK_TRACE_GET, REPLY_ROOM, |writer| {
        writer.u32(bindings::VNET_A_TRACE_ID, link.id())?;
        writer.u32(bindings::VNET_A_TRACE_END, number_of(side))?;
        put_extract(writer, extract.as_ref())
    })
}

/// `medium-trace-set`.
pub(crate) fn set_of_medium(request: &Request<'_>) -> Result {
    let (medium, from, to) = find_of_medium(request, &rtnl::lock())?;
    if medium.set_trace(from, to, wanted(request)?) {
        Ok(())
    } else {
        Err(ENOENT)
    }
}

/// `medium-trace-get`.
pub(crate) fn get_of_medium(request: &Request<'_>) -> Result {
    let (medium, from, to) = find_of_medium(request, &rtnl::lock())?;
    let (since, records) = reading(request)?;
    let extract = medium.read_trace(from, to, since, records);
    request.reply(bindings::VNET_CMD_MEDIUM_TRACE_GET, REPLY_ROOM, |writer| {
        writer.u32(bindings::VNET_A_TRACE_ID, medium.id())?;
        writer.u32(bindings::VNET_A_TRACE_FROM, from as u32)?;
        if let Some(to) = to {
            writer.u32(bindings::VNET_A_TRACE_TO, to as u32)?;
        }
        put_extract(writer, extract.as_ref())
    })
}

/// The log that is asked for; none to end it.
fn wanted(request: &Request<'_>) -> Result<Option<KBox<Trace>>> {
    let (attrs, extack) = (request.attrs(), request.extack());
    let size = attrs
        .require(bindings::VNET_A_TRACE_SIZE, extack, c"say how many records")?
        .u32() as usize;
    Ok(match size {
        0 => None,
        _ => Some(KBox::new(Trace::new(size)?, GFP_KERNEL_ACCOUNT)?),
    })
}

/// From which record on is read, and into what.
fn reading(request: &Request<'_>) -> Result<(Option<u64>, KVVec<Decision>)> {
    let since = request.attrs().get(bindings::VNET_A_TRACE_SINCE);
    let records = KVVec::with_capacity(BATCH, GFP_KERNEL)?;
    Ok((since.map(Attr::uint), records))
}

/// What was read, if the log is kept.
fn put_extract(writer: &mut Writer<'_>, extract: Option<&Extract>) -> Result {
    let Some(extract) = extract else {
        return writer.u32(bindings::VNET_A_TRACE_SIZE, 0);
    };
    writer.u32(bindings::VNET_A_TRACE_SIZE, extract.size as u32)?;
    writer.uint(bindings::VNET_A_TRACE_NEXT, extract.next)?;
    writer.uint(bindings::VNET_A_TRACE_LOST, extract.lost)?;
    let mut records = extract.records.iter();
    records.try_for_each(|record| put_record(writer, record))
}

/// The link and the end that a request means, if the requester may administrate both ends.
fn find(request: &Request<'_>, rtnl: &Rtnl) -> Result<(Arc<Link>, Side)> {
    let (attrs, extack) = (request.attrs(), request.extack());
    let id = attrs.require(bindings::VNET_A_TRACE_ID, extack, c"name the link by id")?;
    let end = attrs.require(
        bindings::VNET_A_TRACE_END,
        extack,
        c"say which end transmits",
    )?;
    let link = registry::with(|registry| Ok(registry.links().get(id.u32())))?
        .ok_or_else(|| extack.refuse(Some(id), c"there is no such link", ENOENT))?;
    check_capable(&link, request, rtnl)?;
    let side = match end.u32() {
        bindings::vnet_side_VNET_SIDE_A => Side::A,
        _ => Side::B,
    };
    Ok((link, side))
}

/// The medium, the port that transmits, and that to which the way leads if one is meant; if the
/// requester may administrate all ports.
fn find_of_medium(
    request: &Request<'_>,
    rtnl: &Rtnl,
) -> Result<(Arc<Medium>, usize, Option<usize>)> {
    let (attrs, extack) = (request.attrs(), request.extack());
    let id = attrs.require(bindings::VNET_A_TRACE_ID, extack, c"name the medium by id")?;
    let medium = medium::find_capable(request, id, rtnl)?;
    let from = attrs.require(
        bindings::VNET_A_TRACE_FROM,
        extack,
        c"say which port transmits",
    )?;
    let to = attrs.get(bindings::VNET_A_TRACE_TO);
    let number = |attr: Attr<'_>| match attr.u32() as usize {
        port if port < medium.ports() => Ok(port),
        _ => Err(extack.refuse(Some(attr), c"there is no such port", ENOENT)),
    };
    let (sender, receiver) = (number(from)?, to.map(number).transpose()?);
    if receiver == Some(sender) {
        return Err(extack.refuse(to, c"no way leads from a port to itself", EINVAL));
    }
    Ok((medium, sender, receiver))
}

fn number_of(side: Side) -> u32 {
    match side {
        Side::A => bindings::vnet_side_VNET_SIDE_A,
        Side::B => bindings::vnet_side_VNET_SIDE_B,
    }
}

fn put_record(writer: &mut Writer<'_>, record: &Decision) -> Result {
    writer.nest(bindings::VNET_A_TRACE_RECORD, |nest| {
        nest.uint(bindings::VNET_A_RECORD_NUMBER, record.number)?;
        nest.uint(bindings::VNET_A_RECORD_ENQUEUED, record.enqueued)?;
        nest.uint(bindings::VNET_A_RECORD_DECIDED, record.at)?;
        match record.outcome {
            Outcome::Due(due) => nest.uint(bindings::VNET_A_RECORD_DUE, due)?,
            Outcome::Dropped(cause) => {
                nest.u32(bindings::VNET_A_RECORD_CAUSE, settings::number_of(cause))?;
            }
        }
        nest.u32(bindings::VNET_A_RECORD_BYTES, record.bytes)?;
        nest.u32(bindings::VNET_A_RECORD_FRAMES, u32::from(record.frames))?;
        for (kind, is) in [
            (bindings::VNET_A_RECORD_COPY, record.copy),
            (bindings::VNET_A_RECORD_MARKED, record.marked),
            (bindings::VNET_A_RECORD_CORRUPTED, record.corrupted),
            (bindings::VNET_A_RECORD_REORDERED, record.reordered),
        ] {
            nest.u32(kind, u32::from(is))?;
        }
        Ok(())
    })
}
