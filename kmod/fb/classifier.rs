// SPDX-License-Identifier: GPL-2.0

//! `classifier`: rules on header fields say by which port a frame leaves.

use super::{
    block::{
        Block,
        Made,
        Port,
        Refused,
        Site,
        Type,
        Verdict, //
    },
    counters::Cause,
    param::{
        Access,
        Kind,
        Param,
        Uint,
        Values, //
    },
    program::Run,
};
use crate::{
    model::{
        graph::{
            Carries,
            Passage, //
        },
        headers::{
            Address,
            Headers,
            Rule,
            LOOKED_AT, //
        }, //
    },
    net::{
        rtnl::Rtnl,
        skbuff::SkBuff, //
    },
    sync::rcu::{
        RcuBox,
        RcuPtr, //
    },
};
use core::any::Any;
use kernel::{
    prelude::*,
    sync::Arc, //
};

const LOWER: u32 = 0;
const OTHER: u32 = 1;
const UPPER: u32 = 2;

/// Places of the parameters.
const PORTS: usize = 0;
const RULES: usize = 1;

/// Most rules.
const MAX_RULES: usize = 256;

/// Places of the fields of a rule.
const PORT: usize = 0;
const ETHERTYPE: usize = 1;
const ETH_SOURCE: usize = 2;
const ETH_DESTINATION: usize = 3;
const PROTOCOL: usize = 4;
const DSCP: usize = 5;
const SOURCE: usize = 6;
const SOURCE_PREFIX: usize = 7;
const DESTINATION: usize = 8;
const DESTINATION_PREFIX: usize = 9;
const SOURCE_PORT: usize = 10;
const DESTINATION_PORT: usize = 11;

/// A field that matches anything unless it is given.
const fn number(name: &'static CStr, doc: &'static CStr, max: u64) -> Param {
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

static FIELDS: &[Param] = &[
    number(c"port", c"number of the upper port", 63).required(),
    number(c"ethertype", c"Ethernet type, behind VLAN tags", 0xffff),
    Param::new(c"eth-source", c"Ethernet source address", Kind::Data(6, 6)),
    Param::new(
        c"eth-destination",
        c"Ethernet destination address",
        Kind::Data(6, 6),
    ),
    number(c"protocol", c"IP protocol", 255),
    number(c"dscp", c"DS code point", 63),
    Param::new(
        c"source",
        c"IP source address or network, 4 or 16 bytes",
        Kind::Data(4, 16),
    ),
    number(c"source-prefix", c"its length in bits; all if absent", 128),
    Param::new(
        c"destination",
        c"IP destination address or network, 4 or 16 bytes",
        Kind::Data(4, 16),
    ),
    number(
        c"destination-prefix",
        c"its length in bits; all if absent",
        128,
    ),
    number(c"source-port", c"TCP, UDP, DCCP or SCTP port", 0xffff),
    number(c"destination-port", c"TCP, UDP, DCCP or SCTP port", 0xffff),
];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"classifier",
    doc: c"the first rule that a frame from lower matches says by which upper port it leaves",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Frame, c"where the other ports lead"),
        Port::upper(
            c"other",
            Carries::Frame,
            c"frames that no rule matches; what enters leads to lower",
        ),
        Port::upper(
            c"upper",
            Carries::Frame,
            c"frames that a rule for the port matches; what enters leads to lower",
        )
        .numbered(PORTS),
    ],
    params: &[
        Param::uint(c"ports", c"number of upper ports", 1..=64, 2).access(Access::Initial),
        Param::new(
            c"rules",
            c"the rules, in the order in which they are tried",
            Kind::Records(MAX_RULES, FIELDS),
        ),
    ],
    state: false,
    make,
};

struct Classifier {
    ports: u32,
    /// The rules; replaced as a whole.
    rules: RcuPtr<KVVec<Rule>>,
}

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let ports = values.uint(PORTS) as u32;
    let classifier = Classifier {
        ports,
        rules: RcuPtr::new(RcuBox::new(rules_of(values, ports)?)?),
    };
    Ok(Arc::new(classifier, GFP_KERNEL)?)
}

fn rules_of(values: &Values, ports: u32) -> Result<KVVec<Rule>, Refused> {
    let records = values.records(RULES);
    let mut rules = KVVec::with_capacity(records.len(), GFP_KERNEL)?;
    for record in records {
        rules.push(rule_of(record, ports)?, GFP_KERNEL)?;
    }
    Ok(rules)
}

fn rule_of(record: &Values, ports: u32) -> Result<Rule, Refused> {
    let refuse = |message| Refused::param(RULES, message, EINVAL);
    let target = record.uint(PORT) as u32;
    if target >= ports {
        return Err(refuse(c"a rule names a port that the block does not have"));
    }
    let network = |address: usize, prefix: usize| {
        let bytes = record.data(address);
        if bytes.is_empty() {
            return match record.given(prefix) {
                Some(_) => Err(refuse(c"a rule has a prefix length without an address")),
                None => Ok(None),
            };
        }
        let address = Address::of(bytes).ok_or_else(|| refuse(c"an address has 4 or 16 bytes"))?;
        let bits = record
            .given(prefix)
            .map_or(address.bits(), |bits| bits as u8);
        if bits > address.bits() {
            return Err(refuse(c"a prefix is longer than its address"));
        }
        Ok(Some((address, bits)))
    };
    Ok(Rule {
        ethertype: record.given(ETHERTYPE).map(|value| value as u16),
        eth_source: record.data(ETH_SOURCE).first_chunk().copied(),
        eth_destination: record.data(ETH_DESTINATION).first_chunk().copied(),
        protocol: record.given(PROTOCOL).map(|value| value as u8),
        dscp: record.given(DSCP).map(|value| value as u8),
        source: network(SOURCE, SOURCE_PREFIX)?,
        destination: network(DESTINATION, DESTINATION_PREFIX)?,
        source_port: record.given(SOURCE_PORT).map(|value| value as u16),
        destination_port: record.given(DESTINATION_PORT).map(|value| value as u16),
        target,
    })
}

impl Block for Classifier {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from != LOWER {
            return Verdict::leave(packet, LOWER);
        }
        let len = packet.len().min(LOOKED_AT);
        let headers = packet.first(len).and_then(Headers::of);
        let Some(headers) = headers else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        let mut rules = self.rules.read(run.rcu()).iter();
        let found = rules.find(|rule| rule.matches(&headers));
        let port = found.map_or(OTHER, |rule| UPPER.wrapping_add(rule.target));
        Verdict::leave(packet, port)
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        let rules = rules_of(values, self.ports)?;
        self.rules.replace(RcuBox::new(rules)?);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
