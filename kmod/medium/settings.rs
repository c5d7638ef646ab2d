// SPDX-License-Identifier: GPL-2.0

//! What a medium is made with, and how it is changed.

use super::Medium;
use crate::{
    bindings,
    instance::Instance,
    model::Direction,
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            DIRECTION_POLICY,
            MEDIUM_PAIR_POLICY, //
        }, //
    },
    pipe::{
        config::{
            Config,
            LaneMemory,
            Parameters, //
        },
        frame::FrameList,
        settings::{
            compile_direction,
            read_direction,
            DirectionNest, //
        },
        Label, //
    },
    sync::rcu::RcuBox, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Fewest ports.
pub(crate) const MIN_PORTS: usize = 2;
/// Most ports: one for each bit of a mask.
pub(crate) const MAX_PORTS: usize = bindings::VNET_MEDIUM_PORTS_MAX as usize;
/// Size and number of frames of a super-packet that a way has to take as a whole, if any may stay
/// whole.
const WHOLE: (u32, u32) = (1 << 20, 1 << 10);

/// Entries of a table of a pair's attributes.
const PAIR_TABLE: usize = bindings::VNET_A_MEDIUM_PAIR_PAD as usize + 1;

/// Parameters that a way has not got, as it has neither queue nor serialiser.
const NOT_OF_WAYS: [u32; 7] = [
    bindings::VNET_A_DIRECTION_RATE,
    bindings::VNET_A_DIRECTION_OVERHEAD,
    bindings::VNET_A_DIRECTION_QUEUE_PACKETS,
    bindings::VNET_A_DIRECTION_QUEUE_BYTES,
    bindings::VNET_A_DIRECTION_QUEUE_TIME,
    bindings::VNET_A_DIRECTION_WHOLE_TIME,
    bindings::VNET_A_DIRECTION_QUEUEING,
];

/// What a medium is made with, or should be from now on.
pub(crate) struct Options {
    /// Name and lab. In a change no name means that it stays, and the lab always stays.
    pub(crate) label: Label,
    /// Who asks, if from a third namespace; only for a new medium.
    pub(crate) maker: Option<Arc<Instance>>,
    /// Seed; only for a new medium.
    pub(crate) seed: u64,
    /// MTU of all devices, if it is given.
    pub(crate) mtu: Option<u32>,
    /// The medium that is changed.
    medium: Option<Arc<Medium>>,
    /// Transmitters; none that do not change.
    ports: KVec<Option<KBox<Config>>>,
    /// Ways by [`way_index`]; none that do not change or do not exist.
    pairs: KVVec<Option<KBox<Config>>>,
}

/// Where the way of a pair stands, in a medium of so many ports.
pub(super) const fn way_index(ports: usize, from: usize, to: usize) -> usize {
    from.wrapping_mul(ports).wrapping_add(to)
}

/// The stream of random decisions of a way; those below [`MAX_PORTS`] are the transmitters'. It does
/// not depend on how many ports there are.
const fn way_stream(from: usize, to: usize) -> u32 {
    let from = from.wrapping_add(1);
    from.wrapping_mul(MAX_PORTS).wrapping_add(to) as u32
}

impl Options {
    /// Those of a new medium.
    pub(crate) fn new(seed: u64, ports: usize) -> Result<Self> {
        let mut options = Self::unchanged(seed, ports, None)?;
        for port in 0..ports {
            options.port(port)?;
            for other in (0..ports).filter(|other| *other != port) {
                options.pair(port, other)?;
            }
        }
        Ok(options)
    }

    /// No change of a medium yet.
    pub(crate) fn of(medium: &Arc<Medium>) -> Result<Self> {
        Self::unchanged(medium.seed(), medium.ports(), Some(medium.clone()))
    }

    fn unchanged(seed: u64, count: usize, medium: Option<Arc<Medium>>) -> Result<Self> {
        let mut ports = KVec::with_capacity(count, GFP_KERNEL)?;
        let mut pairs = KVVec::with_capacity(count.saturating_mul(count), GFP_KERNEL)?;
        for _ in 0..count {
            ports.push(None, GFP_KERNEL)?;
            for _ in 0..count {
                pairs.push(None, GFP_KERNEL)?;
            }
        }
        Ok(Self {
            label: Label::default(),
            maker: None,
            seed,
            mtu: None,
            medium,
            ports,
            pairs,
        })
    }

    /// The configuration of a transmitter, to be changed.
    #[inline(never)]
    fn port(&mut self, port: usize) -> Result<&mut Config> {
        let slot = self.ports.get_mut(port).ok_or(EINVAL)?;
        if slot.is_none() {
            let stream = port as u32;
            let config = match &self.medium {
                None => Config::new(self.seed, stream),
                Some(medium) => medium
                    .with_port(port, |params| params.config(self.seed, stream))
                    .ok_or(EINVAL)?,
            };
            *slot = Some(KBox::new(config, GFP_KERNEL)?);
        }
        slot.as_deref_mut().ok_or(EINVAL)
    }

    /// The configuration of a way, to be changed.
    #[inline(never)]
    fn pair(&mut self, from: usize, to: usize) -> Result<&mut Config> {
        let index = way_index(self.ports.len(), from, to);
        let slot = self.pairs.get_mut(index).ok_or(EINVAL)?;
        if slot.is_none() {
            let stream = way_stream(from, to);
            let config = match &self.medium {
                None => Config::new(self.seed, stream),
                Some(medium) => medium
                    .with_pair(from, to, |params| params.config(self.seed, stream))
                    .ok_or(EINVAL)?,
            };
            *slot = Some(KBox::new(config, GFP_KERNEL)?);
        }
        slot.as_deref_mut().ok_or(EINVAL)
    }

    /// Reads the parameters of a transmitter.
    pub(crate) fn read_port(&mut self, port: usize, attr: Attr<'_>, extack: ExtAck) -> Result {
        read_direction(self.port(port)?, attr, extack)
    }

    /// Reads a nest `pair`: the parameters of one or of many ways.
    pub(crate) fn read_pairs(&mut self, attr: Attr<'_>, extack: ExtAck) -> Result {
        let nest: Nest<'_, PAIR_TABLE> = attr.nested(&MEDIUM_PAIR_POLICY, extack)?;
        if let Some(stats) = nest.get(bindings::VNET_A_MEDIUM_PAIR_STATS) {
            return Err(extack.refuse(Some(stats), c"the attribute is read only", EINVAL));
        }
        let ports = self.ports.len();
        let one = |kind| match nest.get(kind) {
            None => Ok(None),
            Some(attr) if (attr.u32() as usize) < ports => Ok(Some(attr.u32() as usize)),
            Some(attr) => Err(extack.refuse(Some(attr), c"there is no such port", EINVAL)),
        };
        let from = one(bindings::VNET_A_MEDIUM_PAIR_FROM)?;
        let to = one(bindings::VNET_A_MEDIUM_PAIR_TO)?;
        if from.is_some() && from == to {
            return Err(extack.refuse(
                nest.get(bindings::VNET_A_MEDIUM_PAIR_TO),
                c"a port does not hear itself",
                EINVAL,
            ));
        }
        let params = nest.require(
            bindings::VNET_A_MEDIUM_PAIR_PARAMS,
            extack,
            c"a pair needs params",
        )?;
        let named: DirectionNest<'_> = params.nested(&DIRECTION_POLICY, extack)?;
        if let Some(attr) = NOT_OF_WAYS.into_iter().find_map(|kind| named.get(kind)) {
            return Err(extack.refuse(
                Some(attr),
                c"rate, overhead and queue belong to a port, not to a pair",
                EINVAL,
            ));
        }
        let range = |port: Option<usize>| match port {
            Some(port) => port..port.saturating_add(1),
            None => 0..ports,
        };
        for from in range(from) {
            for to in range(to).filter(|to| *to != from) {
                read_direction(self.pair(from, to)?, params, extack)?;
            }
        }
        Ok(())
    }

    /// The parameters that change, checked and prepared.
    pub(crate) fn compile(&mut self, extack: ExtAck) -> Result<Compiled> {
        let ports = self.ports.len();
        for from in 0..ports {
            // What is lost to bit errors on a way depends on the sender's overhead.
            let overhead = match self.ports.get(from) {
                Some(Some(config)) => config.params.overhead,
                _ => continue,
            };
            for to in (0..ports).filter(|to| *to != from) {
                self.pair(from, to)?.params.overhead = overhead;
            }
        }
        let mut compiled = Compiled {
            ports: KVec::with_capacity(ports, GFP_KERNEL)?,
            pairs: KVVec::with_capacity(self.pairs.len(), GFP_KERNEL)?,
        };
        for config in self.ports.iter() {
            let ready = Ready::new(config.as_deref(), extack)?;
            if ready
                .as_ref()
                .is_some_and(|ready| ready.params.pushes_back())
            {
                extack
                    .set_msg(c"a port of a medium has a queue of its own, not that of the device");
                return Err(EINVAL);
            }
            compiled.ports.push(ready, GFP_KERNEL)?;
        }
        for config in self.pairs.iter() {
            let ready = Ready::new(config.as_deref(), extack)?;
            compiled.pairs.push(ready, GFP_KERNEL)?;
        }
        Ok(compiled)
    }
}

/// Parameters that change, prepared.
pub(crate) struct Compiled {
    /// Of transmitters.
    pub(super) ports: KVec<Option<Ready>>,
    /// Of ways.
    pub(super) pairs: KVVec<Option<Ready>>,
}

/// Parameters of a direction with the memory that goes with them.
pub(super) struct Ready {
    /// The parameters.
    pub(super) params: RcuBox<Parameters>,
    /// The memory; that of the parameters before when these are in force.
    pub(super) memory: Option<LaneMemory>,
}

impl Ready {
    fn new(config: Option<&Config>, extack: ExtAck) -> Result<Option<Self>> {
        let Some(config) = config else {
            return Ok(None);
        };
        let params = compile_direction(config, None, extack)?;
        let memory = Some(params.memory()?);
        Ok(Some(Self { params, memory }))
    }

    /// Puts the parameters in force at `now`.
    pub(super) fn swap_into(&mut self, way: &mut Direction<FrameList, LaneMemory>, now: u64) {
        if let Some(memory) = self.memory.take() {
            self.memory = Some(way.set_memory(now, **self.params, memory));
        }
    }
}

/// Whether a super-packet can cross a way as a whole.
pub(super) fn keeps_whole(params: &Parameters) -> bool {
    let (bytes, frames) = WHOLE;
    params.keeps_whole(bytes, frames)
}
