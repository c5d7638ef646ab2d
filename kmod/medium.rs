// SPDX-License-Identifier: GPL-2.0

//! Broadcast media: a shared wire or a radio channel with a device at each port.
//!
//! What a port sends is delayed by its own transmitter (queue, serialiser, impairments), and then goes
//! to each other port on a way of its own (delay, jitter, loss, bit errors of that pair). The ports
//! do not share a rate and do not collide: each transmitter is a full-duplex one, as on a hub that
//! repeats into as many wires as there are receivers.
//!
//! Each receiver gets each frame, as on a shared wire: it is the stack that ignores what is for
//! another address. So what happens on a way does not depend on who listens, and a device may be
//! promiscuous or part of a bridge without being told anything.
//!
//! # Vocabulary
//!
//! - *Port*: a device and its transmitter, with a number from 0.
//! - *Way*, or *pair*: from one port to another.
//!
//! # Ownership
//!
//! ```text
//!  registry --Arc--> Medium <--Arc-- Outlet (private data of the device of a port)
//!                      |    <--Arc-- Napi<Receiver> <--Arc-- Outlet
//!                      +-- while a port is up --Arc--> its Napi<Receiver>
//! ```
//!
//! A port goes with its device or its namespace; the others stay. With the last one goes the medium.
//!
//! # Locking
//!
//! RTNL protects creation, removal and parameters. One lock protects all that is on the medium; frames
//! are freed and handed to the stack outside of it. Nothing is locked under it.

mod air;
pub(crate) mod settings;
mod station;

pub(crate) use self::station::Station;

use self::{
    air::Air,
    settings::{
        keeps_whole,
        way_index,
        Compiled,
        Options, //
    }, //
};
use crate::{
    control,
    instance::Instance,
    model::{
        Cause,
        Decision, //
    },
    net::{
        clock,
        device::{
            DeviceCell,
            NetDevice,
            Removal, //
        },
        extack::ExtAck,
        napi::Napi,
        port_ops::NewPort,
        rtnl::Rtnl, //
    },
    pipe::{
        config::Parameters,
        lane::Reading,
        trace::{
            Extract,
            Trace, //
        },
        Label, //
    },
    registry,
    sync::{
        rcu::{
            RcuBox,
            RcuPtr, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        new_mutex,
        rcu,
        Arc,
        Mutex, //
    }, //
};

/// What is known of a port without the medium's lock.
struct Port {
    /// The device; changed under RTNL.
    device: DeviceCell,
    /// Parameters of the transmitter. Replaced under RTNL; readers hold RCU.
    params: RcuPtr<Parameters>,
    /// Whether super-packets have to be segmented, because a way decides about each packet.
    apart: Atomic<u32>,
    /// Softirq time spent on delivery, ns.
    softirq_time: Atomic<u64>,
}

/// A medium.
#[pin_data]
pub(crate) struct Medium {
    id: u32,
    seed: u64,
    /// Protects the label.
    #[pin]
    label: Mutex<Label>,
    /// Who asked for the medium, if from a third namespace. It is told of changes, too.
    maker: Option<Arc<Instance>>,
    ports: KVec<Port>,
    /// The instances whose quota the ports take; changed under RTNL.
    #[pin]
    homes: Mutex<Homes>,
    /// Parameters of the ways; changed under RTNL.
    #[pin]
    pairs: Mutex<KVVec<Option<RcuBox<Parameters>>>>,
    /// All that is on the medium, shared by all senders and polls.
    #[pin]
    air: SpinLockBh<Air>,
}

/// The private data of a device.
pub(crate) struct Outlet {
    medium: Arc<Medium>,
    port: usize,
    napi: Arc<Napi<Receiver>>,
}

/// What the NAPI instance of a device polls.
pub(crate) struct Receiver {
    medium: Arc<Medium>,
    port: usize,
}

/// Instances from whose quotas a port each was taken; gives them back when dropped.
struct Homes(KVec<Option<Arc<Instance>>>);

impl Drop for Homes {
    fn drop(&mut self) {
        for home in self.0.iter().flatten() {
            home.account().give_link();
        }
    }
}

/// Takes a medium that could not be completed out of the registry.
struct Registered<'a>(&'a Medium);

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let id = self.0.id;
        let _ = registry::with(|registry| Ok(registry.media().remove(id)));
    }
}

impl Medium {
    /// Makes a medium of devices, and registers all of them.
    pub(crate) fn create(
        mut devices: KVec<NewPort<Station>>,
        mut options: Options,
        extack: ExtAck,
        rtnl: &Rtnl,
    ) -> Result<Arc<Self>> {
        if let Some(mtu) = options.mtu {
            devices.iter_mut().for_each(|device| device.set_mtu(mtu));
        }
        let homes = Self::take_quota(&devices, extack)?;
        let mtu = devices.iter().map(NewPort::mtu).min().unwrap_or(0);
        let compiled = options.compile(extack)?;
        let medium = Self::allocate(options, compiled, homes, mtu)?;
        let guard = Registered(&medium);
        registry::with(|registry| registry.media().insert(medium.id, medium.clone()))?;
        if let Err(error) = medium.register(devices, extack, rtnl) {
            Removal::immediate(rtnl, |removal| {
                medium
                    .ports
                    .iter()
                    .for_each(|port| removal.queue(&port.device));
            });
            return Err(error);
        }
        core::mem::forget(guard);
        Ok(medium)
    }

    /// Takes a port each from the quotas of namespaces.
    fn take_quota(devices: &[NewPort<Station>], extack: ExtAck) -> Result<Homes> {
        let mut homes = Homes(KVec::with_capacity(devices.len(), GFP_KERNEL)?);
        for device in devices {
            let instance = Instance::of(device.net());
            if !instance.account().take_link() {
                extack.set_msg(c"too many links in the network namespace or its user namespace");
                return Err(ENOSPC);
            }
            homes.0.push(Some(instance), GFP_KERNEL)?;
        }
        Ok(homes)
    }

    /// A medium without devices.
    #[inline(never)]
    fn allocate(
        options: Options,
        mut compiled: Compiled,
        homes: Homes,
        mtu: u32,
    ) -> Result<Arc<Self>> {
        let mut air = Air::new(mtu);
        let mut ports = KVec::with_capacity(compiled.ports.len(), GFP_KERNEL)?;
        let mut pairs = KVVec::with_capacity(compiled.pairs.len(), GFP_KERNEL)?;
        for ready in compiled.ports {
            let mut ready = ready.ok_or(EINVAL)?;
            air.add_port(&mut ready)?;
            let port = Port {
                device: DeviceCell::empty(),
                params: RcuPtr::new(ready.params),
                apart: Atomic::new(0),
                softirq_time: Atomic::new(0),
            };
            ports.push(port, GFP_KERNEL)?;
        }
        for ready in compiled.pairs.iter_mut() {
            air.add_way(ready.as_mut())?;
        }
        for ready in compiled.pairs {
            pairs.push(ready.map(|ready| ready.params), GFP_KERNEL)?;
        }
        let id = registry::with(|registry| Ok(registry.media().next_id()))?;
        let medium = Arc::pin_init(
            pin_init!(Self {
                id,
                seed: options.seed,
                label <- new_mutex!(options.label, "vnet_medium_label"),
                maker: options.maker,
                ports,
                homes <- new_mutex!(homes, "vnet_medium_homes"),
                pairs <- new_mutex!(pairs, "vnet_medium_pairs"),
                air <- new_spinlock_bh!(air, "vnet_medium"),
            }),
            GFP_KERNEL,
        )?;
        medium.update_apart();
        Ok(medium)
    }

    fn register(
        self: &Arc<Self>,
        devices: KVec<NewPort<Station>>,
        extack: ExtAck,
        rtnl: &Rtnl,
    ) -> Result {
        for (number, device) in devices.into_iter().enumerate() {
            let port = self.ports.get(number).ok_or(EINVAL)?;
            let receiver = Receiver {
                medium: self.clone(),
                port: number,
            };
            let outlet = Outlet {
                medium: self.clone(),
                port: number,
                napi: Arc::pin_init(Napi::new(receiver), GFP_KERNEL)?,
            };
            device.register(outlet, &port.device, extack, rtnl)?;
        }
        Ok(())
    }

    /// Number of the medium.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Seed of its random decisions.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Who asked for it, if from a third namespace.
    pub(crate) fn maker(&self) -> Option<&Arc<Instance>> {
        self.maker.as_ref()
    }

    /// Calls `then` with name and lab.
    pub(crate) fn with_label<R>(&self, then: impl FnOnce(&mut Label) -> R) -> R {
        then(&mut self.label.lock())
    }

    /// Number of ports that it was made with.
    pub(crate) fn ports(&self) -> usize {
        self.ports.len()
    }

    /// The device of a port, if it is registered.
    pub(crate) fn device<'a>(&'a self, port: usize, rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        self.ports.get(port)?.device.get(rtnl)
    }

    /// All devices.
    pub(crate) fn devices<'a>(&'a self, rtnl: &'a Rtnl) -> impl Iterator<Item = &'a NetDevice> {
        self.ports
            .iter()
            .filter_map(move |port| port.device.get(rtnl))
    }

    /// Calls `then` with the parameters of a transmitter.
    pub(crate) fn with_port<R>(
        &self,
        port: usize,
        then: impl FnOnce(&Parameters) -> R,
    ) -> Option<R> {
        let port = self.ports.get(port)?;
        Some(then(port.params.read(&rcu::read_lock())))
    }

    /// Calls `then` with the parameters of a way.
    pub(crate) fn with_pair<R>(
        &self,
        from: usize,
        to: usize,
        then: impl FnOnce(&Parameters) -> R,
    ) -> Option<R> {
        let pairs = self.pairs.lock();
        let params = pairs.get(way_index(self.ports.len(), from, to))?.as_ref()?;
        Some(then(params))
    }

    /// Calls `then` with what was locked and brought up to date.
    fn with_air<R>(&self, then: impl FnOnce(&mut Air, u64) -> R) -> R {
        let mut air = self.air.lock();
        let now = clock::now();
        let touched = air.carry(now);
        let result = then(&mut air, now);
        air.plan(touched, now);
        let waste = air.take_waste();
        drop(air);
        drop(waste);
        result
    }

    /// Calls `then` with counters and contents of a transmitter.
    pub(crate) fn read_port<R>(
        &self,
        port: usize,
        then: impl FnOnce(Reading<'_>) -> R,
    ) -> Option<R> {
        self.with_air(|air, _| air.read_port(port, then))
    }

    /// Calls `then` with counters and contents of a way.
    pub(crate) fn read_way<R>(
        &self,
        from: usize,
        to: usize,
        then: impl FnOnce(Reading<'_>) -> R,
    ) -> Option<R> {
        self.with_air(|air, _| air.read_way(from, to, then))
    }

    /// Begins another log of decisions, or ends it: that of a transmitter, or of the way from there to
    /// another port, see [`TraceSlot::put`](crate::pipe::trace::TraceSlot). False if there is none.
    pub(crate) fn set_trace(
        &self,
        from: usize,
        to: Option<usize>,
        trace: Option<KBox<Trace>>,
    ) -> bool {
        // What was decided before does not belong into it.
        let unused = self.with_air(|air, _| Some(air.log(from, to)?.put(trace)));
        unused.is_some()
    }

    /// Reads from such a log, if it is kept, what fits into `records`, see [`Trace::read`].
    pub(crate) fn read_trace(
        &self,
        from: usize,
        to: Option<usize>,
        since: Option<u64>,
        records: KVVec<Decision>,
    ) -> Option<Extract> {
        self.with_air(|air, _| Some(air.log(from, to)?.get()?.read(since, records)))
    }

    /// Brings the counters of the instances up to date.
    pub(crate) fn settle(&self) {
        self.with_air(|air, _| {
            for (number, port) in self.ports.iter().enumerate() {
                air.settle(number, port.softirq_time.load(Relaxed));
            }
        });
    }

    /// Changes parameters; nothing is changed if anything is refused.
    pub(crate) fn change(&self, mut options: Options, extack: ExtAck, rtnl: &Rtnl) -> Result {
        let compiled = options.compile(extack)?;
        if let Some(mtu) = options.mtu {
            self.change_mtu(mtu, extack, rtnl)?;
        }
        self.apply(compiled);
        if let Some(name) = options.label.name {
            let old = self.with_label(|label| label.name.replace(name));
            drop(old);
        }
        registry::with(|registry| {
            registry.media().changed();
            Ok(())
        })?;
        control::medium::notify_changed(self, rtnl);
        Ok(())
    }

    /// Puts new parameters in force, all at the same time.
    fn apply(&self, mut compiled: Compiled) {
        self.with_air(|air, now| {
            for (port, ready) in compiled.ports.iter_mut().enumerate() {
                if let Some(ready) = ready {
                    air.set_transmitter(port, now, ready);
                }
            }
            for (index, ready) in compiled.pairs.iter_mut().enumerate() {
                if let Some(ready) = ready {
                    air.set_way(index, now, ready);
                }
            }
            air.plan(u64::MAX, now);
        });
        for (port, ready) in self.ports.iter().zip(compiled.ports) {
            if let Some(ready) = ready {
                port.params.replace(ready.params);
            }
        }
        let mut pairs = self.pairs.lock();
        for (slot, ready) in pairs.iter_mut().zip(compiled.pairs) {
            if let Some(ready) = ready {
                *slot = Some(ready.params);
            }
        }
        drop(pairs);
        self.update_apart();
    }

    /// Notes from which ports super-packets can go as a whole.
    fn update_apart(&self) {
        let pairs = self.pairs.lock();
        for (from, port) in self.ports.iter().enumerate() {
            let whole = (0..self.ports.len()).all(|to| {
                let index = way_index(self.ports.len(), from, to);
                match pairs.get(index) {
                    Some(Some(params)) => keeps_whole(params),
                    _ => true,
                }
            });
            port.apart.store(u32::from(!whole), Relaxed);
        }
    }

    /// Changes the MTU of all devices. If one refuses, those before it are as they were.
    fn change_mtu(&self, mtu: u32, extack: ExtAck, rtnl: &Rtnl) -> Result {
        let mut changed: KVec<(&NetDevice, u32)> =
            KVec::with_capacity(self.ports.len(), GFP_KERNEL)?;
        for device in self.devices(rtnl) {
            let old = device.mtu();
            if let Err(error) = device.set_mtu(mtu, rtnl) {
                for (device, old) in changed.iter() {
                    // It was possible a moment ago.
                    let _ = device.set_mtu(*old, rtnl);
                }
                extack.set_msg(c"a device refused the MTU");
                return Err(error);
            }
            changed.push((device, old), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Removes the medium with all its devices. Does nothing if that has begun already.
    pub(crate) fn delete(&self, removal: &mut Removal<'_>) {
        let known = registry::with(|registry| Ok(registry.media().remove(self.id)));
        if let Ok(Some(medium)) = known {
            control::medium::notify_removed(&medium, removal.rtnl());
            for port in 0..self.ports.len() {
                self.silence(port);
            }
            for port in self.ports.iter() {
                removal.queue(&port.device);
            }
            let homes = core::mem::replace(&mut *self.homes.lock(), Homes(KVec::new()));
            drop(homes);
        }
    }

    /// Removes a port, and with the last one the medium.
    fn unplug(&self, number: usize, removal: &mut Removal<'_>) {
        let Some(port) = self.ports.get(number) else {
            return;
        };
        let rtnl = removal.rtnl();
        if port.device.get(rtnl).is_none() {
            return;
        }
        if self.devices(rtnl).count() == 1 {
            return self.delete(removal);
        }
        self.silence(number);
        let net = port
            .device
            .get(rtnl)
            .map(|device| Instance::of(device.net()));
        removal.queue(&port.device);
        let home = self.homes.lock().0.get_mut(number).and_then(Option::take);
        if let Some(home) = home {
            home.account().give_link();
        }
        let _ = registry::with(|registry| {
            registry.media().changed();
            Ok(())
        });
        control::medium::notify_unplugged(self, net, rtnl);
    }

    /// A port goes; what is under way from and to it is lost.
    fn silence(&self, number: usize) {
        let time = self
            .ports
            .get(number)
            .map_or(0, |port| port.softirq_time.load(Relaxed));
        self.with_air(|air, _| {
            air.silence(number, Cause::Removed, Cause::Removed);
            air.settle(number, time);
        });
    }

    /// A device goes up in a namespace, which may not be the one it was made in.
    fn move_quota(&self, port: usize, instance: &Arc<Instance>) -> Result {
        let mut homes = self.homes.lock();
        let home = homes.0.get_mut(port).ok_or(ENODEV)?;
        if home
            .as_ref()
            .is_some_and(|home| Arc::ptr_eq(home, instance))
        {
            return Ok(());
        }
        if !instance.account().take_link() {
            return Err(ENOSPC);
        }
        if let Some(old) = home.replace(instance.clone()) {
            old.account().give_link();
        }
        Ok(())
    }
}
