// SPDX-License-Identifier: GPL-2.0

//! `mux`: several virtual networks over one device, told apart by the number of a link.
//!
//! ```text
//!   +-------------+--------+-----------+------+------ ...
//!   | destination | source | protocol  | link | Ethernet type and the rest
//!   +-------------+--------+-----------+------+------ ...
//!         6           6         2          4
//! ```
//!
//! The addresses are those of the frame that is carried, so that switches on the way learn them.

use super::{
    prelude::*,
    rules::number, //
};
use crate::sync::rcu::{
    RcuBox,
    RcuPtr, //
};

const OTHER: u32 = 1;
/// The first numbered port.
const FIRST: u32 = 2;

/// Places of the parameters.
const PORTS: usize = 0;
const PROTOCOL: usize = 1;
const LINKS: usize = 2;

/// Most ports.
const MAX_PORTS: usize = 64;
/// Bytes in front of the tag: both addresses.
const ADDRESSES: u32 = 12;
/// Bytes of the tag.
const TAG: usize = 6;

static LINK: &[Param] = &[number(c"link", c"number of the link", u32::MAX as u64).required()];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"mux",
    doc: c"several virtual networks share what is below; each has a port and the number of a link",
    passage: Passage::Through,
    ports: &[
        Port::lower(
            c"lower",
            Carries::Frame,
            c"frames of all links, with tags; leads to the port of the link, and without a tag to other",
        ),
        Port::upper(
            c"other",
            Carries::Frame,
            c"frames without a tag; what enters leads to lower as it is",
        ),
        Port::upper(
            c"upper",
            Carries::Frame,
            c"frames of a link, without the tag; what enters gets it and leads to lower",
        )
        .numbered(PORTS),
    ],
    params: &[
        Param::uint(c"ports", c"number of links", 1..=MAX_PORTS as u64, 2).access(Access::Initial),
        Param::uint(c"protocol", c"Ethernet type of the tag", 0x600..=0xffff, 0x88b6),
        Param::new(
            c"links",
            c"numbers of the links, in the order of the ports; those of 0, 1, ... if absent",
            Kind::Records(MAX_PORTS, LINK),
        ),
    ],
    events: &[],
    state: false,
    make,
};

/// What tags say.
struct Plan {
    protocol: [u8; 2],
    links: KVec<u32>,
}

struct Mux {
    ports: u32,
    /// Replaced as a whole.
    plan: RcuPtr<Plan>,
}

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let ports = values.uint(PORTS) as u32;
    let mux = Mux {
        ports,
        plan: RcuPtr::new(RcuBox::new(plan_of(values, ports)?)?),
    };
    Ok(Arc::new(mux, GFP_KERNEL)?)
}

fn plan_of(values: &Values, ports: u32) -> Result<Plan, Refused> {
    let mut links = KVec::with_capacity(ports as usize, GFP_KERNEL)?;
    let given = values.records(LINKS);
    if given.is_empty() {
        for link in 0..ports {
            links.push(link, GFP_KERNEL)?;
        }
    } else if given.len() != ports as usize {
        let message = c"there are not as many links as ports";
        return Err(Refused::param(LINKS, message, EINVAL));
    }
    for record in given {
        let link = record.uint(0) as u32;
        if links.contains(&link) {
            let message = c"two ports have the same link";
            return Err(Refused::param(LINKS, message, EINVAL));
        }
        links.push(link, GFP_KERNEL)?;
    }
    Ok(Plan {
        protocol: (values.uint(PROTOCOL) as u16).to_be_bytes(),
        links,
    })
}

impl Plan {
    /// The tag of the frames that enter by a numbered port.
    fn tag(&self, port: u32) -> Option<[u8; TAG]> {
        let link = self.links.get(port.checked_sub(FIRST)? as usize)?;
        let ([a, b], [c, d, e, f]) = (self.protocol, link.to_be_bytes());
        Some([a, b, c, d, e, f])
    }

    /// The link of a frame with a tag.
    fn link(&self, head: &[u8]) -> Option<u32> {
        let (tag, _) = head.get(ADDRESSES as usize..)?.split_first_chunk::<TAG>()?;
        let [a, b, link @ ..] = *tag;
        ([a, b] == self.protocol).then_some(u32::from_be_bytes(link))
    }
}

impl Mux {
    /// Where a frame from below goes.
    fn up(&self, mut packet: SkBuff, plan: &Plan) -> Verdict {
        const LOOKED_AT: u32 = ADDRESSES + TAG as u32;
        let head = packet.first(packet.len().min(LOOKED_AT));
        let Some(link) = head.and_then(|head| plan.link(head)) else {
            return Verdict::leave(packet, OTHER);
        };
        let Some(place) = plan.links.iter().position(|other| *other == link) else {
            return Verdict::drop(packet, Cause::Filtered);
        };
        if !packet.cut(ADDRESSES, TAG as u32) {
            return Verdict::drop(packet, Cause::NoMemory);
        }
        Verdict::leave(packet, FIRST.wrapping_add(place as u32))
    }
}

impl Block for Mux {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let plan = self.plan.read(run.rcu());
        match from {
            LOWER => return self.up(packet, plan),
            OTHER => return Verdict::leave(packet, LOWER),
            _ => {}
        }
        let Some(tag) = plan.tag(from) else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        // Nobody could cut an offload packet behind a tag that he does not know.
        if packet.is_gso() {
            return cut(packet, &tag, run);
        }
        match packet.insert(ADDRESSES, &tag) {
            true => Verdict::leave(packet, LOWER),
            false => Verdict::drop(packet, Cause::NoMemory),
        }
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        let plan = plan_of(values, self.ports)?;
        self.plan.replace(RcuBox::new(plan)?);
        Ok(())
    }
}

/// Sends the segments of an offload packet.
fn cut(packet: SkBuff, tag: &[u8; TAG], run: &Run<'_>) -> Verdict {
    let mut segments = match packet.segment() {
        Ok(segments) => segments,
        Err(packet) => return Verdict::drop(packet, Cause::Malformed),
    };
    while let Some(mut segment) = segments.pop_front() {
        match segment.insert(ADDRESSES, tag) {
            true => run.emit(segment, LOWER),
            false => run.failed(Cause::NoMemory, segment.len()),
        }
    }
    Verdict::consumed()
}
