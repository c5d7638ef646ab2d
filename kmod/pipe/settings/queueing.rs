// SPDX-License-Identifier: GPL-2.0

//! Queue disciplines as netlink attributes.

use super::super::config::{
    Class,
    Classes,
    Config,
    Parameters,
    DEFAULT_FLOWS,
    MAX_MATCHES, //
};
use crate::{
    bindings,
    model::{
        discipline::DEFAULT_QUANTUM,
        headers::{
            Address,
            Rule, //
        },
        Codel,
        Discipline,
        DropFrom,
        Pie,
        Probability,
        Queueing,
        QueueingField,
        Red, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            Writer,
            CLASS_POLICY,
            QUEUEING_POLICY, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Default of RED's probability: 2 %.
const RED_PROBABILITY: u64 = Probability::PARTS / 50;
/// Default of RED's weight.
const RED_WEIGHT: u32 = 9;

/// Entries of a table of a class's attributes.
const CLASS_TABLE: usize = bindings::VNET_A_CLASS_DESTINATION_PORT as usize + 1;

/// The attributes of a class.
type ClassNest<'a> = Nest<'a, CLASS_TABLE>;

/// Changes the discipline, or what a request names of it.
pub(super) fn read(config: &mut Config, attr: Attr<'_>, extack: ExtAck) -> Result {
    const TABLE: usize = bindings::VNET_A_QUEUEING_PAD as usize + 1;

    let nest: Nest<'_, TABLE> = attr.nested(&QUEUEING_POLICY, extack)?;
    if let Some(kind) = nest.get(bindings::VNET_A_QUEUEING_KIND) {
        config.queueing = Queueing {
            discipline: discipline_of(kind.u32()),
            ..Queueing::default()
        };
        config.flows = DEFAULT_FLOWS;
        config.tables.classes = None;
    }
    let is_class = |child: &Attr<'_>| child.kind() == bindings::VNET_A_QUEUEING_CLASS;
    for child in attr.children().filter(|child| !is_class(child)) {
        if !set(config, child, extack)? {
            return Err(extack.refuse(Some(child), has_no(child.kind()), EINVAL));
        }
    }
    let first = attr.children().find(is_class);
    if first.is_some() {
        if config.queueing.discipline != Discipline::Wfq {
            return Err(extack.refuse(first, c"only wfq has weights", EINVAL));
        }
        let mut given = KVec::new();
        for child in attr.children().filter(is_class) {
            read_class(&mut given, child, extack)?;
        }
        let classes = Classes::new(given)?
            .ok_or_else(|| extack.refuse(first, c"a weight is out of range", EINVAL))?;
        config.tables.classes = Some(Arc::new(classes, GFP_KERNEL_ACCOUNT)?);
    }
    Ok(())
}

/// The discipline of a number, with its defaults.
fn discipline_of(number: u32) -> Discipline {
    match number {
        bindings::vnet_discipline_VNET_DISCIPLINE_WFQ => Discipline::Wfq,
        bindings::vnet_discipline_VNET_DISCIPLINE_DRR => Discipline::Drr {
            quantum: DEFAULT_QUANTUM,
        },
        bindings::vnet_discipline_VNET_DISCIPLINE_RED => Discipline::Red(Red {
            min: 0,
            max: 0,
            probability: Probability::new(RED_PROBABILITY).unwrap_or_default(),
            weight: RED_WEIGHT,
            gentle: true,
        }),
        bindings::vnet_discipline_VNET_DISCIPLINE_CODEL => Discipline::Codel(Codel::default()),
        bindings::vnet_discipline_VNET_DISCIPLINE_PIE => Discipline::Pie(Pie::default()),
        bindings::vnet_discipline_VNET_DISCIPLINE_FQ_CODEL => Discipline::FqCodel {
            quantum: DEFAULT_QUANTUM,
            codel: Codel::default(),
        },
        bindings::vnet_discipline_VNET_DISCIPLINE_DEVICE => Discipline::Device,
        _ => Discipline::Fifo,
    }
}

/// Sets one parameter; false if the discipline does not have it.
fn set(config: &mut Config, attr: Attr<'_>, extack: ExtAck) -> Result<bool> {
    let queueing = &mut config.queueing;
    match attr.kind() {
        bindings::VNET_A_QUEUEING_KIND | bindings::VNET_A_QUEUEING_PAD => return Ok(true),
        bindings::VNET_A_QUEUEING_DROP => {
            queueing.drop = match attr.u32() {
                bindings::vnet_drop_from_VNET_DROP_FROM_TAIL => Some(DropFrom::Tail),
                bindings::vnet_drop_from_VNET_DROP_FROM_HEAD => Some(DropFrom::Head),
                _ => None,
            };
            return Ok(true);
        }
        bindings::VNET_A_QUEUEING_ECN => {
            queueing.ecn = attr.u32() != 0;
            return Ok(true);
        }
        _ => {}
    }
    Ok(match &mut queueing.discipline {
        Discipline::Fifo | Discipline::Device => false,
        Discipline::Wfq => set_flows(&mut config.flows, attr),
        Discipline::Drr { quantum } => {
            set_flows(&mut config.flows, attr) || set_quantum(quantum, attr)
        }
        Discipline::FqCodel { quantum, codel } => {
            set_flows(&mut config.flows, attr)
                || set_quantum(quantum, attr)
                || set_codel(codel, attr)
        }
        Discipline::Codel(codel) => set_codel(codel, attr),
        Discipline::Pie(pie) => set_pie(pie, attr),
        Discipline::Red(red) => set_red(red, attr, extack)?,
    })
}

/// Why a parameter that the discipline does not have is refused. It is named, as programs like `ip`
/// show the reason without the attribute.
fn has_no(kind: u32) -> &'static CStr {
    match kind {
        bindings::VNET_A_QUEUEING_FLOWS => c"the discipline has no parameter flows",
        bindings::VNET_A_QUEUEING_QUANTUM => c"the discipline has no parameter quantum",
        bindings::VNET_A_QUEUEING_TARGET => c"the discipline has no parameter target",
        bindings::VNET_A_QUEUEING_INTERVAL => c"the discipline has no parameter interval",
        bindings::VNET_A_QUEUEING_FLOOR => c"the discipline has no parameter floor",
        bindings::VNET_A_QUEUEING_ALPHA => c"the discipline has no parameter alpha",
        bindings::VNET_A_QUEUEING_BETA => c"the discipline has no parameter beta",
        bindings::VNET_A_QUEUEING_MIN_BYTES => c"the discipline has no parameter min",
        bindings::VNET_A_QUEUEING_MAX_BYTES => c"the discipline has no parameter max",
        bindings::VNET_A_QUEUEING_PROBABILITY => c"the discipline has no parameter probability",
        bindings::VNET_A_QUEUEING_WEIGHT => c"the discipline has no parameter weight",
        bindings::VNET_A_QUEUEING_GENTLE => c"the discipline has no parameter gentle",
        _ => c"the discipline has no such parameter",
    }
}

fn set_flows(flows: &mut u32, attr: Attr<'_>) -> bool {
    let fits = attr.kind() == bindings::VNET_A_QUEUEING_FLOWS;
    if fits {
        *flows = attr.u32();
    }
    fits
}

fn set_quantum(quantum: &mut u32, attr: Attr<'_>) -> bool {
    let fits = attr.kind() == bindings::VNET_A_QUEUEING_QUANTUM;
    if fits {
        *quantum = attr.u32();
    }
    fits
}

fn set_codel(codel: &mut Codel, attr: Attr<'_>) -> bool {
    match attr.kind() {
        bindings::VNET_A_QUEUEING_TARGET => codel.target = attr.uint(),
        bindings::VNET_A_QUEUEING_INTERVAL => codel.interval = attr.uint(),
        bindings::VNET_A_QUEUEING_FLOOR => codel.floor = attr.u32(),
        _ => return false,
    }
    true
}

fn set_pie(pie: &mut Pie, attr: Attr<'_>) -> bool {
    match attr.kind() {
        bindings::VNET_A_QUEUEING_TARGET => pie.target = attr.uint(),
        bindings::VNET_A_QUEUEING_INTERVAL => pie.update = attr.uint(),
        bindings::VNET_A_QUEUEING_ALPHA => pie.alpha = attr.u32(),
        bindings::VNET_A_QUEUEING_BETA => pie.beta = attr.u32(),
        _ => return false,
    }
    true
}

fn set_red(red: &mut Red, attr: Attr<'_>, extack: ExtAck) -> Result<bool> {
    match attr.kind() {
        bindings::VNET_A_QUEUEING_MIN_BYTES => red.min = attr.uint(),
        bindings::VNET_A_QUEUEING_MAX_BYTES => red.max = attr.uint(),
        bindings::VNET_A_QUEUEING_WEIGHT => red.weight = attr.u32(),
        bindings::VNET_A_QUEUEING_GENTLE => red.gentle = attr.u32() != 0,
        bindings::VNET_A_QUEUEING_PROBABILITY => {
            red.probability = Probability::new(attr.uint()).ok_or_else(|| {
                extack.refuse(
                    Some(attr),
                    c"a probability is above 1 (10^19 parts)",
                    EINVAL,
                )
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn read_class(given: &mut KVec<Class>, attr: Attr<'_>, extack: ExtAck) -> Result {
    let nest: ClassNest<'_> = attr.nested(&CLASS_POLICY, extack)?;
    let weight = nest.require(
        bindings::VNET_A_CLASS_WEIGHT,
        extack,
        c"a class needs a weight",
    )?;
    let number = |kind| nest.get(kind).map(Attr::u32);
    let class = Class {
        rule: Rule {
            protocol: number(bindings::VNET_A_CLASS_PROTOCOL).map(|value| value as u8),
            dscp: number(bindings::VNET_A_CLASS_DSCP).map(|value| value as u8),
            source: network(
                &nest,
                bindings::VNET_A_CLASS_SOURCE,
                bindings::VNET_A_CLASS_SOURCE_PREFIX,
                extack,
            )?,
            destination: network(
                &nest,
                bindings::VNET_A_CLASS_DESTINATION,
                bindings::VNET_A_CLASS_DESTINATION_PREFIX,
                extack,
            )?,
            source_port: number(bindings::VNET_A_CLASS_SOURCE_PORT).map(|value| value as u16),
            destination_port: number(bindings::VNET_A_CLASS_DESTINATION_PORT)
                .map(|value| value as u16),
            ..Rule::default()
        },
        weight: weight.u32(),
    };
    if let (Some((a, _)), Some((b, _))) = (class.rule.source, class.rule.destination) {
        if a.bits() != b.bits() {
            return Err(extack.refuse(
                nest.get(bindings::VNET_A_CLASS_DESTINATION),
                c"source and destination are of different families",
                EINVAL,
            ));
        }
    }
    if class.rule == Rule::default() {
        return Err(extack.refuse(
            Some(attr),
            c"a class has nothing that a frame could match",
            EINVAL,
        ));
    }
    let dscp = class.only_dscp();
    if dscp.is_some() && given.iter().any(|other| other.only_dscp() == dscp) {
        let dscp = nest.get(bindings::VNET_A_CLASS_DSCP);
        return Err(extack.refuse(dscp, c"the class is there already", EINVAL));
    }
    let matches = given.iter().filter(|other| other.only_dscp().is_none());
    if dscp.is_none() && matches.count() == MAX_MATCHES {
        return Err(extack.refuse(
            Some(attr),
            c"there are at most 64 classes by more than a DSCP",
            EINVAL,
        ));
    }
    given.push(class, GFP_KERNEL_ACCOUNT)?;
    Ok(())
}

/// A network: an address, and the length of its prefix.
fn network(
    nest: &ClassNest<'_>,
    address: u32,
    prefix: u32,
    extack: ExtAck,
) -> Result<Option<(Address, u8)>> {
    let bits = nest.get(prefix);
    let Some(bytes) = nest.get(address) else {
        return match bits {
            Some(_) => Err(extack.refuse(bits, c"a prefix length without an address", EINVAL)),
            None => Ok(None),
        };
    };
    let Some(address) = Address::of(bytes.bytes()) else {
        return Err(extack.refuse(Some(bytes), c"an address has 4 or 16 bytes", EINVAL));
    };
    match bits {
        None => Ok(Some((address, address.bits()))),
        Some(bits) if bits.u32() <= u32::from(address.bits()) => {
            Ok(Some((address, bits.u32() as u8)))
        }
        Some(_) => Err(extack.refuse(bits, c"a prefix is longer than its address", EINVAL)),
    }
}

fn put_class(writer: &mut Writer<'_>, class: &Class) -> Result {
    let rule = &class.rule;
    for (kind, value) in [
        (bindings::VNET_A_CLASS_DSCP, rule.dscp.map(u32::from)),
        (
            bindings::VNET_A_CLASS_PROTOCOL,
            rule.protocol.map(u32::from),
        ),
        (
            bindings::VNET_A_CLASS_SOURCE_PORT,
            rule.source_port.map(u32::from),
        ),
        (
            bindings::VNET_A_CLASS_DESTINATION_PORT,
            rule.destination_port.map(u32::from),
        ),
        (bindings::VNET_A_CLASS_WEIGHT, Some(class.weight)),
    ] {
        if let Some(value) = value {
            writer.u32(kind, value)?;
        }
    }
    for (kind, prefix, network) in [
        (
            bindings::VNET_A_CLASS_SOURCE,
            bindings::VNET_A_CLASS_SOURCE_PREFIX,
            rule.source,
        ),
        (
            bindings::VNET_A_CLASS_DESTINATION,
            bindings::VNET_A_CLASS_DESTINATION_PREFIX,
            rule.destination,
        ),
    ] {
        if let Some((address, bits)) = network {
            match address {
                Address::V4(number) => writer.bytes(kind, &number.to_be_bytes())?,
                Address::V6(number) => writer.bytes(kind, &number.to_be_bytes())?,
            }
            writer.u32(prefix, u32::from(bits))?;
        }
    }
    Ok(())
}

/// The attribute within `attr` that is to blame, or else `attr` itself.
pub(super) fn culprit(attr: Attr<'_>, field: QueueingField) -> Attr<'_> {
    let kind = match field {
        QueueingField::Drop => bindings::VNET_A_QUEUEING_DROP,
        QueueingField::Ecn => bindings::VNET_A_QUEUEING_ECN,
        QueueingField::Quantum => bindings::VNET_A_QUEUEING_QUANTUM,
        QueueingField::RedThreshold => bindings::VNET_A_QUEUEING_MAX_BYTES,
        QueueingField::RedProbability => bindings::VNET_A_QUEUEING_PROBABILITY,
        QueueingField::RedWeight => bindings::VNET_A_QUEUEING_WEIGHT,
        QueueingField::Target => bindings::VNET_A_QUEUEING_TARGET,
        QueueingField::Interval => bindings::VNET_A_QUEUEING_INTERVAL,
        QueueingField::PieAlpha => bindings::VNET_A_QUEUEING_ALPHA,
        QueueingField::PieBeta => bindings::VNET_A_QUEUEING_BETA,
    };
    attr.children()
        .find(|child| child.kind() == kind)
        .unwrap_or(attr)
}

/// Writes the discipline, unless it is the default.
pub(super) fn put(writer: &mut Writer<'_>, parameters: &Parameters) -> Result {
    let queueing = parameters.queueing();
    if *queueing == Queueing::default() {
        return Ok(());
    }
    writer.nest(bindings::VNET_A_DIRECTION_QUEUEING, |nest| {
        nest.u32(
            bindings::VNET_A_QUEUEING_KIND,
            kind_of(&queueing.discipline),
        )?;
        if let Some(drop) = queueing.drop {
            nest.u32(
                bindings::VNET_A_QUEUEING_DROP,
                match drop {
                    DropFrom::Tail => bindings::vnet_drop_from_VNET_DROP_FROM_TAIL,
                    DropFrom::Head => bindings::vnet_drop_from_VNET_DROP_FROM_HEAD,
                },
            )?;
        }
        if queueing.ecn {
            nest.u32(bindings::VNET_A_QUEUEING_ECN, 1)?;
        }
        if parameters.needs_flows() {
            nest.u32(bindings::VNET_A_QUEUEING_FLOWS, parameters.flows())?;
        }
        put_discipline(nest, &queueing.discipline)?;
        let Some(classes) = &parameters.tables().classes else {
            return Ok(());
        };
        classes.given.iter().try_for_each(|class| {
            nest.nest(bindings::VNET_A_QUEUEING_CLASS, |writer| {
                put_class(writer, class)
            })
        })
    })
}

fn kind_of(discipline: &Discipline) -> u32 {
    match discipline {
        Discipline::Fifo => bindings::vnet_discipline_VNET_DISCIPLINE_FIFO,
        Discipline::Wfq => bindings::vnet_discipline_VNET_DISCIPLINE_WFQ,
        Discipline::Drr { .. } => bindings::vnet_discipline_VNET_DISCIPLINE_DRR,
        Discipline::Red(_) => bindings::vnet_discipline_VNET_DISCIPLINE_RED,
        Discipline::Codel(_) => bindings::vnet_discipline_VNET_DISCIPLINE_CODEL,
        Discipline::Pie(_) => bindings::vnet_discipline_VNET_DISCIPLINE_PIE,
        Discipline::FqCodel { .. } => bindings::vnet_discipline_VNET_DISCIPLINE_FQ_CODEL,
        Discipline::Device => bindings::vnet_discipline_VNET_DISCIPLINE_DEVICE,
    }
}

fn put_discipline(writer: &mut Writer<'_>, discipline: &Discipline) -> Result {
    match discipline {
        Discipline::Fifo | Discipline::Wfq | Discipline::Device => Ok(()),
        Discipline::Drr { quantum } => writer.u32(bindings::VNET_A_QUEUEING_QUANTUM, *quantum),
        Discipline::Codel(codel) => put_codel(writer, codel),
        Discipline::FqCodel { quantum, codel } => {
            writer.u32(bindings::VNET_A_QUEUEING_QUANTUM, *quantum)?;
            put_codel(writer, codel)
        }
        Discipline::Pie(pie) => {
            writer.uint(bindings::VNET_A_QUEUEING_TARGET, pie.target)?;
            writer.uint(bindings::VNET_A_QUEUEING_INTERVAL, pie.update)?;
            writer.u32(bindings::VNET_A_QUEUEING_ALPHA, pie.alpha)?;
            writer.u32(bindings::VNET_A_QUEUEING_BETA, pie.beta)
        }
        Discipline::Red(red) => {
            writer.uint(bindings::VNET_A_QUEUEING_MIN_BYTES, red.min)?;
            writer.uint(bindings::VNET_A_QUEUEING_MAX_BYTES, red.max)?;
            writer.uint(
                bindings::VNET_A_QUEUEING_PROBABILITY,
                red.probability.parts(),
            )?;
            writer.u32(bindings::VNET_A_QUEUEING_WEIGHT, red.weight)?;
            writer.u32(bindings::VNET_A_QUEUEING_GENTLE, u32::from(red.gentle))
        }
    }
}

fn put_codel(writer: &mut Writer<'_>, codel: &Codel) -> Result {
    writer.uint(bindings::VNET_A_QUEUEING_TARGET, codel.target)?;
    writer.uint(bindings::VNET_A_QUEUEING_INTERVAL, codel.interval)?;
    writer.u32(bindings::VNET_A_QUEUEING_FLOOR, codel.floor)
}
