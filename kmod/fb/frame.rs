// SPDX-License-Identifier: GPL-2.0

//! `frame`: puts datagrams into Ethernet frames, and takes them out.
//!
//! ```text
//!   +-------------+--------+----------+--------+----------+---------
//!   | destination | source | protocol | length | datagram | padding
//!   +-------------+--------+----------+--------+----------+---------
//!         6           6         2         2
//! ```

use super::prelude::*;
use crate::sync::rcu::{
    RcuBox,
    RcuPtr, //
};

/// Places of the parameters.
const DESTINATION: usize = 0;
const ORIGIN: usize = 1;
const PROTOCOL: usize = 2;

/// Bytes of both addresses and the type, and those of the whole header.
const ETHERNET: usize = 14;
const HEADER: usize = ETHERNET + 2;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"frame",
    doc: c"puts datagrams into Ethernet frames, and takes them out",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Frame, c"frames"),
        Port::upper(c"upper", Carries::Datagram, c"the datagrams in them"),
    ],
    params: &[
        Param::new(
            c"destination",
            c"address; that of all devices if absent",
            Kind::Data(6, 6),
        ),
        Param::new(
            c"source",
            c"own address; 02:00:00:00:00:01 if absent",
            Kind::Data(6, 6),
        ),
        Param::uint(c"protocol", c"Ethernet type", 0x600..=0xffff, 0x88b5),
    ],
    events: &[],
    state: false,
    make,
};

/// Addresses and type of what is sent.
struct Plan([u8; ETHERNET]);

/// Replaced as a whole.
struct Frame(RcuPtr<Plan>);

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let plan = RcuPtr::new(RcuBox::new(plan_of(values))?);
    Ok(Arc::new(Frame(plan), GFP_KERNEL)?)
}

fn plan_of(values: &Values) -> Plan {
    let address = |place, default: &'static [u8; 6]| match values.data(place) {
        [] => default,
        given => given.first_chunk().unwrap_or(default),
    };
    let protocol = (values.uint(PROTOCOL) as u16).to_be_bytes();
    let parts = [
        address(DESTINATION, &[0xff; 6]).as_slice(),
        address(ORIGIN, &[2, 0, 0, 0, 0, 1]),
        &protocol,
    ];
    let mut header = [0; ETHERNET];
    for (to, from) in header.iter_mut().zip(parts.into_iter().flatten()) {
        *to = *from;
    }
    Plan(header)
}

impl Plan {
    /// The header of a datagram.
    fn header(&self, len: u16) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        let len = len.to_be_bytes();
        let parts = [self.0.as_slice(), &len];
        for (to, from) in header.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        header
    }

    /// Length of the datagram behind a header, if it is for us.
    fn accept(&self, header: &[u8]) -> Option<u16> {
        let (destination, rest) = header.split_first_chunk::<6>()?;
        let (_, rest) = rest.split_first_chunk::<6>()?;
        let (protocol, rest) = rest.split_first_chunk::<2>()?;
        let own = self.0.get(6..12)?;
        let [first, ..] = *destination;
        let for_us = first & 1 != 0 || destination == own;
        let known = for_us && protocol == self.0.get(12..)?;
        known.then_some(u16::from_be_bytes(*rest.first_chunk()?))
    }
}

fn up(mut packet: SkBuff, plan: &Plan) -> Verdict {
    let Some(header) = packet.first(HEADER as u32) else {
        return Verdict::drop(packet, Cause::Malformed);
    };
    let Some(len) = plan.accept(header).map(u32::from) else {
        return Verdict::drop(packet, Cause::Filtered);
    };
    if packet.len().saturating_sub(HEADER as u32) < len {
        return Verdict::drop(packet, Cause::Malformed);
    }
    match packet.cut(0, HEADER as u32) && packet.trim(len) {
        true => Verdict::leave(packet, UPPER),
        false => Verdict::drop(packet, Cause::NoMemory),
    }
}

impl Block for Frame {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let plan = self.0.read(run.rcu());
        if from == LOWER {
            return up(packet, plan);
        }
        let Ok(len) = u16::try_from(packet.len()) else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        match packet.insert(0, &plan.header(len)) {
            true => Verdict::leave(packet, LOWER),
            false => Verdict::drop(packet, Cause::NoMemory),
        }
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.0.replace(RcuBox::new(plan_of(values))?);
        Ok(())
    }
}
