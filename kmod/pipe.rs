// SPDX-License-Identifier: GPL-2.0

//! Links: pairs of Ethernet devices that behave like a wire.
//!
//! # Ownership
//!
//! ```text
//!  registry --Arc--> Link <--Arc-- End (private data of device a)
//!                     |  ^--Arc-- End (private data of device b)
//!                     +-- lane 0: a to b; its NAPI instance belongs to device b
//!                     +-- lane 1: b to a; its NAPI instance belongs to device a
//! ```
//!
//! The devices and the registry hold the link. The devices go together; when the core has dropped
//! the private data of both, a grace period after their removal, the link is freed.
//!
//! # Locking
//!
//! RTNL protects creation, removal, parameters and carrier. Packets need nothing but the lock of
//! the lane they are in.

pub(crate) mod config;
pub(crate) mod frame;
pub(crate) mod lane;
pub(crate) mod settings;
pub(crate) mod stopwatch;
pub(crate) mod trace;

use crate::{
    bindings,
    control,
    instance::Instance,
    net::{
        device::{
            DeviceCell,
            Driver,
            NetDevice,
            Removal,
            Stats, //
        },
        extack::{
            code,
            ExtAck, //
        },
        link_ops::{
            LinkKind,
            Pair, //
        },
        napi::Napi,
        netlink::{
            Attr,
            Attrs,
            Table,
            Writer, //
        },
        netns::Net,
        rtnl::Rtnl,
        skbuff::SkBuff, //
    },
    registry, //
};
use config::{
    LaneMemory,
    Parameters, //
};
use kernel::{
    prelude::*,
    str::CString,
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
use lane::Lane;
use settings::Options;

/// The two ends, and the directions that begin there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The first end; in `ip link add`, the one that is named first.
    A = 0,
    /// The second end, the peer.
    B = 1,
}

impl Side {
    /// Both.
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other end.
    #[inline]
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Name and lab of a link.
#[derive(Default)]
pub(crate) struct Label {
    /// Name of the link.
    pub(crate) name: Option<CString>,
    /// Lab that owns it.
    pub(crate) lab: Option<CString>,
}

/// A link.
#[pin_data]
pub(crate) struct Link {
    id: u32,
    seed: u64,
    /// Protects the label.
    #[pin]
    label: Mutex<Label>,
    /// Who asked for the link, if from a third namespace. It is told of changes, too.
    maker: Option<Arc<Instance>>,
    /// The registered devices; changed under RTNL.
    devices: [DeviceCell; 2],
    /// The instances whose quota the ends take; changed under RTNL.
    #[pin]
    homes: Mutex<[Option<Arc<Instance>>; 2]>,
    /// Whether the cable is plugged; changed under RTNL.
    connected: Atomic<u32>,
    #[pin]
    from_a: Napi<Lane>,
    #[pin]
    from_b: Napi<Lane>,
}

/// An end of a link: the private data of a device.
pub(crate) struct End {
    link: Arc<Link>,
    side: Side,
}

impl End {
    /// The link.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Which end it is.
    pub(crate) fn side(&self) -> Side {
        self.side
    }
}

impl Link {
    /// Makes a link of a pair of devices, and registers all three.
    pub(crate) fn create(
        mut pair: Pair<'_, Ethernet>,
        options: Options,
        extack: ExtAck,
    ) -> Result<Arc<Self>> {
        if let Some(mtu) = options.mtu {
            pair.set_mtu(mtu);
        }
        let homes = Self::take_quota(pair.nets(), extack)?;
        let link = Self::allocate(options, homes, &pair, extack)?;
        let guard = Registered(&link);
        registry::with(|registry| registry.links().insert(link.id, link.clone()))?;
        let ends = Side::BOTH.map(|side| End {
            link: link.clone(),
            side,
        });
        pair.register(ends, &link.devices, extack)?;
        core::mem::forget(guard);
        Ok(link)
    }

    /// A link without devices. Not inlined: what is large is not on the stack when devices are
    /// registered, which goes deep.
    #[inline(never)]
    fn allocate(
        mut options: Options,
        homes: Homes,
        pair: &Pair<'_, Ethernet>,
        extack: ExtAck,
    ) -> Result<Arc<Self>> {
        let id = registry::with(|registry| Ok(registry.links().next_id()))?;
        let seed = options.settle_seed(id, pair.names());
        let [from_a, from_b] = options.compile(extack)?;
        let (memory_a, memory_b) = (from_a.memory()?, from_b.memory()?);
        let (mtu, plugged) = (pair.smallest_mtu(), options.connected);
        Arc::pin_init(
            pin_init!(Self {
                id,
                seed,
                label <- new_mutex!(options.label, "vnet_link_label"),
                maker: options.maker,
                devices: [DeviceCell::empty(), DeviceCell::empty()],
                homes <- new_mutex!(homes.keep(), "vnet_link_homes"),
                connected: Atomic::new(u32::from(plugged)),
                from_a <- Napi::new(Lane::new(from_a, memory_a, mtu, plugged)),
                from_b <- Napi::new(Lane::new(from_b, memory_b, mtu, plugged)),
            }),
            GFP_KERNEL,
        )
    }

    /// Takes an end each from the quotas of two namespaces.
    fn take_quota(nets: [&Net; 2], extack: ExtAck) -> Result<Homes> {
        let mut homes = Homes([None, None]);
        for (home, net) in homes.0.iter_mut().zip(nets) {
            let instance = Instance::of(net);
            if !instance.account().take_link() {
                extack.set_msg(c"too many links in the network namespace or its user namespace");
                return Err(ENOSPC);
            }
            *home = Some(instance);
        }
        Ok(homes)
    }

    /// Number of the link.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Who asked for it, if from a third namespace.
    pub(crate) fn maker(&self) -> Option<&Arc<Instance>> {
        self.maker.as_ref()
    }

    /// Seed of its random decisions.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Calls `then` with name and lab.
    pub(crate) fn with_label<R>(&self, then: impl FnOnce(&mut Label) -> R) -> R {
        then(&mut self.label.lock())
    }

    /// Whether the cable is plugged.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Relaxed) != 0
    }

    /// The lane that begins at an end.
    #[inline]
    pub(crate) fn lane_from(&self, side: Side) -> &Napi<Lane> {
        match side {
            Side::A => &self.from_a,
            Side::B => &self.from_b,
        }
    }

    /// The device of an end, if it is registered.
    pub(crate) fn device<'a>(&'a self, side: Side, rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        self.cell(side).get(rtnl)
    }

    fn cell(&self, side: Side) -> &DeviceCell {
        let [a, b] = &self.devices;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// Brings the counters of the instances up to date.
    pub(crate) fn settle(&self) {
        Side::BOTH
            .iter()
            .for_each(|side| self.lane_from(*side).settle());
    }

    /// Changes parameters; nothing is changed if anything is refused.
    pub(crate) fn change(&self, options: Options, extack: ExtAck, rtnl: &Rtnl) -> Result {
        let [from_a, from_b] = options.compile(extack)?;
        let changes = [
            (Side::A, self.change_of(Side::A, &from_a)?, from_a),
            (Side::B, self.change_of(Side::B, &from_b)?, from_b),
        ];
        if let Some(mtu) = options.mtu {
            self.change_mtu(mtu, extack, rtnl)?;
        }
        for (side, change, parameters) in changes {
            let lane = self.lane_from(side);
            match change {
                Change::None => {}
                Change::Parameters => lane.set_params(parameters, None),
                Change::Memory(memory) => lane.set_params(parameters, Some(memory)),
            }
        }
        if let Some(name) = options.label.name {
            let old = self.with_label(|label| label.name.replace(name));
            drop(old);
        }
        if options.connected != self.is_connected() {
            self.set_connected(options.connected, rtnl);
        }
        registry::with(|registry| {
            registry.links().changed();
            Ok(())
        })?;
        control::link::notify_changed(self, rtnl);
        Ok(())
    }

    /// What has to be changed to give new parameters to the lane that begins at `side`.
    fn change_of(&self, side: Side, new: &Parameters) -> Result<Change> {
        let (same, shares) = self
            .lane_from(side)
            .with_params(|old| (new.is_same(old), new.shares_memory(old)));
        Ok(match (same, shares) {
            (true, _) => Change::None,
            (false, true) => Change::Parameters,
            (false, false) => Change::Memory(new.memory()?),
        })
    }

    /// Room that the description of the link takes in a message, in bytes.
    pub(crate) fn room(&self) -> usize {
        let tables = |side| self.lane_from(side).with_params(|p| p.tables().clone());
        settings::room_for([&tables(Side::A), &tables(Side::B)])
    }

    /// Changes the MTU of both devices, or of none.
    fn change_mtu(&self, mtu: u32, extack: ExtAck, rtnl: &Rtnl) -> Result {
        let old = Side::BOTH.map(|side| self.device(side, rtnl).map(NetDevice::mtu));
        for side in Side::BOTH {
            let Some(device) = self.device(side, rtnl) else {
                continue;
            };
            if let Err(error) = device.set_mtu(mtu, rtnl) {
                if let (Side::B, [Some(old), _], Some(first)) =
                    (side, old, self.device(Side::A, rtnl))
                {
                    // It was possible a moment ago.
                    let _ = first.set_mtu(old, rtnl);
                }
                extack.set_msg(c"a device refused the MTU");
                return Err(error);
            }
        }
        Ok(())
    }

    fn set_connected(&self, connected: bool, rtnl: &Rtnl) {
        self.connected.store(u32::from(connected), Relaxed);
        for side in Side::BOTH {
            self.lane_from(side).set_connected(connected);
        }
        self.update_carrier(rtnl);
    }

    /// Both ends have carrier if the cable is plugged and both are up.
    fn update_carrier(&self, rtnl: &Rtnl) {
        let [a, b] = Side::BOTH.map(|side| self.device(side, rtnl));
        let up = |device: Option<&NetDevice>| device.is_some_and(NetDevice::is_running);
        let carrier = self.is_connected() && up(a) && up(b);
        for device in [a, b].into_iter().flatten() {
            device.set_carrier(carrier);
        }
    }

    /// Removes the link with both devices. Does nothing if that has begun already.
    pub(crate) fn delete(&self, removal: &mut Removal<'_>) {
        let known = registry::with(|registry| Ok(registry.links().remove(self.id)));
        if let Ok(Some(link)) = known {
            control::link::notify_removed(&link, removal.rtnl());
            self.lane_from(Side::A).remove();
            self.lane_from(Side::B).remove();
            self.settle();
            Side::BOTH
                .iter()
                .for_each(|side| removal.queue(self.cell(*side)));
            self.return_quota();
        }
    }

    fn return_quota(&self) {
        let homes = core::mem::take(&mut *self.homes.lock());
        drop(Homes(homes));
    }

    /// A device goes up in a namespace, which may not be the one it was made in.
    fn move_quota(&self, side: Side, instance: &Arc<Instance>) -> Result {
        let mut homes = self.homes.lock();
        let [a, b] = &mut *homes;
        let home = match side {
            Side::A => a,
            Side::B => b,
        };
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

    /// Index of the device at an end.
    fn ifindex(&self, side: Side) -> Option<u32> {
        let rcu = rcu::read_lock();
        self.cell(side).get_rcu(&rcu).map(NetDevice::ifindex)
    }
}

/// How a lane changes.
enum Change {
    /// Not at all.
    None,
    /// It has new parameters.
    Parameters,
    /// It has new parameters that need new memory.
    Memory(LaneMemory),
}

/// Instances from whose quotas a link end each was taken; gives them back when dropped.
struct Homes([Option<Arc<Instance>>; 2]);

impl Homes {
    /// Keeps the ends.
    fn keep(mut self) -> [Option<Arc<Instance>>; 2] {
        core::mem::take(&mut self.0)
    }
}

impl Drop for Homes {
    fn drop(&mut self) {
        for home in self.0.iter().flatten() {
            home.account().give_link();
        }
    }
}

/// Takes a link that could not be completed out of the registry.
struct Registered<'a>(&'a Link);

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let id = self.0.id;
        let _ = registry::with(|registry| Ok(registry.links().remove(id)));
        self.0.return_quota();
    }
}

/// The driver of the devices.
pub(crate) struct Ethernet;

impl Driver for Ethernet {
    type Private = End;
    type Poll = Lane;

    fn napi(end: &End) -> Option<&Napi<Lane>> {
        Some(end.link.lane_from(end.side.other()))
    }

    fn open(device: &NetDevice, end: &End, rtnl: &Rtnl) -> Result {
        let instance = Instance::of(device.net());
        end.link.move_quota(end.side, &instance)?;
        end.link
            .lane_from(end.side)
            .sender_up(instance.clone(), device.hold());
        end.link.lane_from(end.side.other()).receiver_up(instance);
        end.link.update_carrier(rtnl);
        Ok(())
    }

    fn stop(_device: &NetDevice, end: &End, rtnl: &Rtnl) {
        end.link.lane_from(end.side.other()).receiver_down();
        end.link.lane_from(end.side).sender_down();
        end.link.update_carrier(rtnl);
    }

    #[inline]
    fn start_xmit(_device: &NetDevice, end: &End, skb: SkBuff) {
        end.link.lane_from(end.side).transmit(skb);
    }

    fn stats(end: &End) -> Stats {
        let (sent, lost) = end.link.lane_from(end.side).read(|reading| {
            let counters = reading.counters;
            (counters.sent, counters.all_drops())
        });
        let back = end.link.lane_from(end.side.other());
        let received = back.read(|reading| reading.counters.delivered);
        Stats {
            rx_packets: received.frames,
            rx_bytes: received.bytes,
            tx_packets: sent.frames,
            tx_bytes: sent.bytes,
            tx_dropped: lost.frames,
        }
    }

    fn mtu_changed(end: &End, mtu: u32, rtnl: &Rtnl) {
        let other = end.link.device(end.side.other(), rtnl).map(NetDevice::mtu);
        let smallest = other.map_or(mtu, |other| other.min(mtu));
        for side in Side::BOTH {
            end.link.lane_from(side).set_mtu(smallest);
        }
    }

    fn iflink(end: &End) -> Option<u32> {
        end.link.ifindex(end.side.other())
    }

    fn speed(end: &End) -> Option<u64> {
        end.link
            .lane_from(end.side)
            .with_params(|params| params.params().rate)
    }
}

impl LinkKind for Ethernet {
    const KIND: &'static CStr = c"vnet";
    const NAME_PATTERN: &'static CStr = c"vnet%d";

    fn new_link(pair: Pair<'_, Self>, attrs: Table<'_>, extack: ExtAck) -> Result {
        let rtnl = pair.rtnl();
        let seed = attrs.get(bindings::IFLA_VNET_SEED).map(Attr::uint);
        let mut options = Options::new(seed)?;
        options.read_link(Side::A, &attrs, extack)?;
        let link = Link::create(pair, options, extack)?;
        control::link::notify_new(&link, rtnl);
        Ok(())
    }

    fn change_link(end: &End, attrs: Table<'_>, extack: ExtAck, rtnl: &Rtnl) -> Result {
        let fixed = [
            bindings::IFLA_VNET_PEER,
            bindings::IFLA_VNET_LAB,
            bindings::IFLA_VNET_SEED,
        ];
        if let Some(attr) = fixed.into_iter().find_map(|kind| attrs.get(kind)) {
            return Err(extack.refuse(
                Some(attr),
                c"only a new link can be told this",
                code::eopnotsupp(),
            ));
        }
        let mut options = Options::of(&end.link)?;
        options.read_link(end.side, &attrs, extack)?;
        end.link.change(options, extack, rtnl)
    }

    fn delete_link(end: &End, removal: &mut Removal<'_>) {
        end.link.delete(removal);
    }

    fn fill_size(end: &End) -> usize {
        end.link.room()
    }

    fn fill(end: &End, writer: &mut Writer<'_>) -> Result {
        settings::fill_link(end, writer)
    }

    fn with_peer_net<R>(end: &End, rtnl: &Rtnl, then: impl FnOnce(&Net) -> R) -> Option<R> {
        let peer = end.link.device(end.side.other(), rtnl)?;
        Some(then(peer.net()))
    }
}
