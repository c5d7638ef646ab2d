// SPDX-License-Identifier: GPL-2.0

//! Rules on header fields as records of parameters, for the types that have some.

use super::{
    block::Refused,
    param::{
        Kind,
        Param,
        Uint,
        Values, //
    },
};
use crate::model::headers::{
    Address,
    Rule, //
};
use kernel::prelude::*;

/// Most rules of a block.
pub(super) const MAX_RULES: usize = 256;

/// A field that matches anything unless it is given.
pub(super) const fn number(name: &'static CStr, doc: &'static CStr, max: u64) -> Param {
    Param::new(
        name,
        doc,
        Kind::Uint(Uint {
            min: 0,
            max,
            default: None,
            unit: None,
        }),
    )
}

/// Places of the fields of a rule, behind those that a type adds.
const ETHERTYPE: usize = 0;
const ETH_SOURCE: usize = 1;
const ETH_DESTINATION: usize = 2;
const PROTOCOL: usize = 3;
const DSCP: usize = 4;
const SOURCE: usize = 5;
const SOURCE_PREFIX: usize = 6;
const DESTINATION: usize = 7;
const DESTINATION_PREFIX: usize = 8;
const SOURCE_PORT: usize = 9;
const DESTINATION_PORT: usize = 10;

/// The fields of a rule: those that a type adds, and those that say what matches.
macro_rules! fields {
    ($($own:expr,)*) => {
        &[
            $($own,)*
            $crate::fb::rules::number(c"ethertype", c"Ethernet type, behind VLAN tags", 0xffff),
            Param::new(c"eth-source", c"Ethernet source address", Kind::Data(6, 6)),
            Param::new(
                c"eth-destination",
                c"Ethernet destination address",
                Kind::Data(6, 6),
            ),
            $crate::fb::rules::number(c"protocol", c"IP protocol", 255),
            $crate::fb::rules::number(c"dscp", c"DS code point", 63),
            Param::new(
                c"source",
                c"IP source address or network, 4 or 16 bytes",
                Kind::Data(4, 16),
            ),
            $crate::fb::rules::number(
                c"source-prefix",
                c"its length in bits; all if absent",
                128,
            ),
            Param::new(
                c"destination",
                c"IP destination address or network, 4 or 16 bytes",
                Kind::Data(4, 16),
            ),
            $crate::fb::rules::number(
                c"destination-prefix",
                c"its length in bits; all if absent",
                128,
            ),
            $crate::fb::rules::number(c"source-port", c"TCP, UDP, DCCP or SCTP port", 0xffff),
            $crate::fb::rules::number(
                c"destination-port",
                c"TCP, UDP, DCCP or SCTP port",
                0xffff,
            ),
        ]
    };
}
pub(super) use fields;

/// The rule of a record whose fields begin at `first`; `place` is that of the parameter to blame.
pub(super) fn rule_of(
    record: &Values,
    first: usize,
    target: u32,
    place: usize,
) -> Result<Rule, Refused> {
    let refuse = |message| Refused::param(place, message, EINVAL);
    let at = |field: usize| first.wrapping_add(field);
    let given = |field| record.given(at(field));
    let network = |address: usize, prefix: usize| {
        let bytes = record.data(at(address));
        if bytes.is_empty() {
            return match given(prefix) {
                Some(_) => Err(refuse(c"a rule has a prefix length without an address")),
                None => Ok(None),
            };
        }
        let address = Address::of(bytes).ok_or_else(|| refuse(c"an address has 4 or 16 bytes"))?;
        let bits = given(prefix).map_or(address.bits(), |bits| bits as u8);
        if bits > address.bits() {
            return Err(refuse(c"a prefix is longer than its address"));
        }
        Ok(Some((address, bits)))
    };
    let (source, destination) = (
        network(SOURCE, SOURCE_PREFIX)?,
        network(DESTINATION, DESTINATION_PREFIX)?,
    );
    if let (Some((a, _)), Some((b, _))) = (source, destination) {
        if a.bits() != b.bits() {
            return Err(refuse(c"source and destination are of different families"));
        }
    }
    Ok(Rule {
        ethertype: given(ETHERTYPE).map(|value| value as u16),
        eth_source: record.data(at(ETH_SOURCE)).first_chunk().copied(),
        eth_destination: record.data(at(ETH_DESTINATION)).first_chunk().copied(),
        protocol: given(PROTOCOL).map(|value| value as u8),
        dscp: given(DSCP).map(|value| value as u8),
        source,
        destination,
        source_port: given(SOURCE_PORT).map(|value| value as u16),
        destination_port: given(DESTINATION_PORT).map(|value| value as u16),
        target,
    })
}
