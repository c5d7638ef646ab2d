// SPDX-License-Identifier: GPL-2.0

//! What a link can be told and tells, as netlink attributes.
//!
//! Generic netlink and rtnetlink have the same attributes for a direction and for its counters;
//! they differ only in how a direction is named: by the end where it begins, or as `tx` and `rx`
//! of a device.

mod direction;
mod effects;
mod queueing;
mod stats;

pub(crate) use self::{
    direction::{
        compile as compile_direction,
        put_direction,
        read as read_direction,
        DirectionNest, //
    },
    stats::{
        number_of,
        put_stats, //
    }, //
};

use super::{
    config::{
        Config,
        Parameters,
        Tables, //
    },
    End,
    Label,
    Link,
    Side, //
};
use crate::{
    bindings,
    instance::Instance,
    model::seed_of,
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Table,
            Writer, //
        }, //
    },
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};

/// Room for the description of a link without its tables, in bytes: names, ends, two directions of
/// up to 30 parameters, their counters, drops for 20 causes and a histogram of 31 ranges each.
const ROOM: usize = 7000;
/// Room for a rule of a pattern.
const RULE_ROOM: usize = 40;
/// Room for the weight of a traffic class.
const CLASS_ROOM: usize = 20;

/// What a link is made with, or should be from now on.
pub(crate) struct Options {
    /// Name and lab. In a change no name means that it stays, and the lab always stays.
    pub(crate) label: Label,
    /// Who asks, if from a third namespace; only for a new link.
    pub(crate) maker: Option<Arc<Instance>>,
    /// Seed, if it is known; only for a new link.
    seed: Option<u64>,
    /// MTU of both devices, if it is given.
    pub(crate) mtu: Option<u32>,
    /// Whether the cable is plugged.
    pub(crate) connected: bool,
    /// What both directions are set to; large, so on the heap.
    pub(crate) directions: [KBox<Config>; 2],
}

impl Options {
    /// Those of a new link with `seed`; if there is none, [`Self::settle_seed`] has to be called.
    pub(crate) fn new(seed: Option<u64>) -> Result<Self> {
        Self::with(seed, |side| Config::new(seed.unwrap_or(0), side as u32))
    }

    fn with(seed: Option<u64>, config: impl Fn(Side) -> Config) -> Result<Self> {
        Ok(Self {
            label: Label::default(),
            maker: None,
            seed,
            mtu: None,
            connected: true,
            directions: [
                KBox::new(config(Side::A), GFP_KERNEL)?,
                KBox::new(config(Side::B), GFP_KERNEL)?,
            ],
        })
    }

    /// The present state of a link, to be changed.
    pub(crate) fn of(link: &Link) -> Result<Self> {
        let mut options = Self::with(Some(link.seed()), |side| {
            link.lane_from(side)
                .with_params(|params| params.config(link.seed(), side as u32))
        })?;
        options.connected = link.is_connected();
        Ok(options)
    }

    /// The seed of a new link with this number and devices of these names.
    ///
    /// One that is not given follows from the names of link and lab, or else from those of its devices:
    /// the same commands make the same decisions, and links with other names others. Devices that are
    /// named by the kernel have no name yet, so there the number counts.
    pub(crate) fn settle_seed(&mut self, id: u32, devices: [&CStr; 2]) -> u64 {
        if let Some(seed) = self.seed {
            return seed;
        }
        let [a, b] = devices.map(CStr::to_bytes);
        let seed = if let Some(name) = &self.label.name {
            let lab = self.label.lab.as_ref();
            let lab = lab.map_or(&[][..], |lab| lab.to_bytes());
            seed_of(&[lab, name.to_bytes()])
        } else if a.contains(&b'%') || b.contains(&b'%') {
            seed_of(&[a, b, &id.to_be_bytes()])
        } else {
            seed_of(&[a, b])
        };
        self.seed = Some(seed);
        for config in &mut self.directions {
            config.effects.source.seed = seed;
        }
        seed
    }

    /// The parameters, checked and prepared.
    pub(crate) fn compile(&self, extack: ExtAck) -> Result<[RcuBox<Parameters>; 2]> {
        let [a, b] = &self.directions;
        Ok([
            direction::compile(a, None, extack)?,
            direction::compile(b, None, extack)?,
        ])
    }

    /// Room that the description of a link with these parameters takes in a message, in bytes.
    pub(crate) fn room(&self) -> usize {
        let [a, b] = &self.directions;
        room_for([&a.tables, &b.tables])
    }

    /// Reads `IFLA_INFO_DATA` of the device at `side`.
    pub(crate) fn read_link(&mut self, side: Side, attrs: &Table<'_>, extack: ExtAck) -> Result {
        let nests = [
            (bindings::IFLA_VNET_TX, side),
            (bindings::IFLA_VNET_RX, side.other()),
        ];
        for (kind, side) in nests {
            if let Some(nest) = attrs.get(kind) {
                self.read_direction(side, nest, extack)?;
            }
        }
        if let Some(name) = attrs.get(bindings::IFLA_VNET_NAME) {
            self.label.name = Some(name_of(name, extack)?);
        }
        if let Some(lab) = attrs.get(bindings::IFLA_VNET_LAB) {
            self.label.lab = Some(name_of(lab, extack)?);
        }
        if let Some(connected) = attrs.get(bindings::IFLA_VNET_CONNECTED) {
            self.connected = connected.u32() != 0;
        }
        Ok(())
    }

    /// Reads the parameters of the direction that begins at `side`.
    pub(crate) fn read_direction(&mut self, side: Side, attr: Attr<'_>, extack: ExtAck) -> Result {
        let [a, b] = &mut self.directions;
        let config = match side {
            Side::A => a,
            Side::B => b,
        };
        direction::read(config, attr, extack)
    }
}

/// Room that the description of a link with these tables takes in a message, in bytes.
pub(crate) fn room_for(tables: [&Tables; 2]) -> usize {
    tables.iter().fold(ROOM, |room, tables| {
        let rules = tables.rules.as_ref().map_or(0, |rules| rules.len());
        let classes = tables
            .classes
            .as_ref()
            .map_or(0, |classes| classes.given.len());
        room.saturating_add(rules.saturating_mul(RULE_ROOM))
            .saturating_add(classes.saturating_mul(CLASS_ROOM))
    })
}

/// A name from a request; the policy has refused those that are too long.
pub(crate) fn name_of(attr: Attr<'_>, extack: ExtAck) -> Result<CString> {
    let text = attr.text();
    if text.is_empty() {
        return Err(extack.refuse(Some(attr), c"the name is empty", EINVAL));
    }
    let Ok(text) = core::str::from_utf8(text) else {
        return Err(extack.refuse(Some(attr), c"the name is not UTF-8", EINVAL));
    };
    CString::try_from_fmt(fmt!("{text}"))
}

/// Writes `IFLA_INFO_DATA` of a device.
pub(crate) fn fill_link(end: &End, writer: &mut Writer<'_>) -> Result {
    let link = end.link();
    writer.u32(bindings::IFLA_VNET_ID, link.id())?;
    link.with_label(|label| {
        if let Some(name) = &label.name {
            writer.text(bindings::IFLA_VNET_NAME, name)?;
        }
        if let Some(lab) = &label.lab {
            writer.text(bindings::IFLA_VNET_LAB, lab)?;
        }
        Ok::<(), Error>(())
    })?;
    writer.bytes(bindings::IFLA_VNET_SEED, &link.seed().to_ne_bytes())?;
    writer.u32(
        bindings::IFLA_VNET_CONNECTED,
        u32::from(link.is_connected()),
    )?;
    let nests = [
        (
            end.side(),
            bindings::IFLA_VNET_TX,
            bindings::IFLA_VNET_TX_STATS,
        ),
        (
            end.side().other(),
            bindings::IFLA_VNET_RX,
            bindings::IFLA_VNET_RX_STATS,
        ),
    ];
    for (side, params_kind, stats_kind) in nests {
        let lane = link.lane_from(side);
        lane.with_params(|params| put_direction(writer, params_kind, params))?;
        lane.read(|reading| put_stats(writer, stats_kind, &reading, false))?;
    }
    Ok(())
}
