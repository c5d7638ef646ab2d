// SPDX-License-Identifier: GPL-2.0

//! `vlink`: a virtual device, as the end of a chain.
//!
//! ```text
//!        stack, sockets
//!             |
//!       virtual device             what is sent through it leaves by `lower`; what enters there it
//!           vlink                  receives
//!             | lower
//!           chain
//! ```
//!
//! With `mux` below, several virtual networks share one device. The device may be moved to another
//! namespace; it goes with the block.

use super::{
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    net::{
        device::{
            self,
            DeviceCell,
            Driver,
            NetDevice,
            Removal,
            Stats, //
        },
        extack::ExtAck,
        link_ops::EndOptions,
        napi::{
            Napi,
            NoPoll, //
        },
        port_ops::{
            NewPort,
            PortKind,
            Published, //
        }, //
    },
    sync::{
        counter::Counter,
        percpu::{
            self,
            BottomHalf,
            PerCpu, //
        }, //
    }, //
};
use kernel::{
    str::CString,
    sync::rcu, //
};

/// Places of the parameters.
const DEVICE: usize = 0;
const ADDRESS: usize = 1;
const MTU: usize = 2;
const IFINDEX: usize = 3;

/// Longest name of a device.
const NAME_MAX: usize = 15;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"vlink",
    doc: c"a virtual device at the end of a chain",
    passage: Passage::Nowhere,
    ports: &[Port::lower(
        c"lower",
        Carries::Frame,
        c"what is sent through the device; what enters is received by it",
    )],
    params: &[
        Param::new(c"device", c"name of the new device", Kind::Text(NAME_MAX))
            .access(Access::Initial)
            .required(),
        Param::new(
            c"address",
            c"its Ethernet address; a random one if absent",
            Kind::Data(6, 6),
        )
        .access(Access::Initial),
        Param::uint(
            c"mtu",
            c"its MTU when it is made; the default leaves room for the tag of mux",
            68..=65535,
            1494,
        )
        .access(Access::Initial)
        .unit(c"bytes"),
        Param::reading(c"ifindex", c"index of the device; 0 when it is gone"),
    ],
    events: &[EventUse::raises(
        Event::Carrier,
        c"when the device comes up, goes down or away",
    )],
    state: true,
    make,
};

/// Counters of one CPU.
#[derive(Default)]
struct Local {
    rx_packets: Counter,
    rx_bytes: Counter,
    tx_packets: Counter,
    tx_bytes: Counter,
    tx_dropped: Counter,
}

/// What block, replacements and device share.
pub(crate) struct Ends {
    outlet: Arc<Outlet>,
    /// The device, until it goes.
    device: DeviceCell,
    made: Plan,
    conditions: Arc<Conditions>,
    counters: PerCpu<Local>,
}

/// What a device is made with.
struct Plan {
    name: CString,
    address: Option<[u8; 6]>,
    mtu: u32,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        *self.name == *other.name && self.address == other.address && self.mtu == other.mtu
    }
}

struct Vlink(Arc<Ends>);

fn make(site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let plan = plan_of(values)?;
    // A block keeps its device even if it drops its state: two cannot have one name.
    let own = of_type::<Vlink>(site.before).map(|before| &before.0);
    if let Some(ends) = own.filter(|ends| ends.made == plan) {
        return Ok(Arc::new(Vlink(ends.clone()), GFP_KERNEL)?);
    }
    let ends = attach(site, plan)?;
    let block = Arc::new(Vlink(ends.clone()), GFP_KERNEL);
    Ok(block.inspect_err(|_| remove(&ends.device, site.rtnl))?)
}

fn plan_of(values: &Values) -> Result<Plan, Refused> {
    let name = values.text(DEVICE).unwrap_or(c"");
    if !device::is_valid_name(name.to_bytes()) {
        let message = c"this cannot be the name of a device";
        return Err(Refused::param(DEVICE, message, EINVAL));
    }
    let address = values.data(ADDRESS).first_chunk().copied();
    if address.is_some_and(|address| !device::is_valid_address(&address)) {
        let message = c"this is not the address of one device";
        return Err(Refused::param(ADDRESS, message, EINVAL));
    }
    Ok(Plan {
        name: CString::try_from_fmt(fmt!("{}", name.to_str()?))?,
        address,
        mtu: values.uint(MTU) as u32,
    })
}

fn attach(site: &Site<'_>, plan: Plan) -> Result<Arc<Ends>, Refused> {
    if site.net.device_of_name(&plan.name, site.rtnl).is_some() {
        let message = c"there is a device of this name";
        return Err(Refused::param(DEVICE, message, EEXIST));
    }
    let ends = Ends {
        outlet: site.outlet.clone(),
        device: DeviceCell::empty(),
        made: plan,
        conditions: Conditions::new()?,
        counters: PerCpu::new()?,
    };
    let ends = Arc::new(ends, GFP_KERNEL)?;
    ends.tell_carrier(false);
    let options = EndOptions {
        name: Some(ends.made.name.to_bytes()),
        address: ends.made.address.as_ref(),
        mtu: Some(ends.made.mtu),
    };
    let extack = ExtAck::none();
    let mut device = NewPort::<VirtualDevice>::new(site.net, options, extack, site.rtnl)?;
    device.without_offloads();
    device
        .register(ends.clone(), &ends.device, extack, site.rtnl)
        .inspect_err(|_| remove(&ends.device, site.rtnl))?;
    Ok(ends)
}

/// Removes the device, if it is there.
fn remove(cell: &DeviceCell, rtnl: &Rtnl) {
    if cell.get(rtnl).is_some() {
        Removal::immediate(rtnl, |removal| removal.queue(cell));
    }
}

impl Ends {
    /// Tells whether the device is up, if that has changed.
    fn tell_carrier(&self, carrier: bool) {
        if self.conditions.set_carrier(carrier) {
            self.outlet.raise(&percpu::disable_bottom_half());
        }
    }

    /// Sends a packet of the stack into the chain.
    fn transmit(&self, mut packet: SkBuff, bh: &BottomHalf) {
        let (local, len) = (self.counters.here(bh), u64::from(packet.len()));
        // What is not taken is dropped here, and counted by the device.
        packet.leave_device();
        let left = match packet.prepare() {
            Ok(_) => self.outlet.offer(packet, LOWER, bh),
            Err(_) => Some(packet),
        };
        match left {
            None => {
                local.tx_packets.add(1);
                local.tx_bytes.add(len);
            }
            Some(_) => local.tx_dropped.add(1),
        }
    }
}

impl Block for Vlink {
    fn receive(&self, packet: SkBuff, _from: u32, run: &Run<'_>) -> Verdict {
        let ends = &self.0;
        let device = ends.device.get_rcu(run.rcu());
        let Some(device) = device.filter(|device| device.is_running()) else {
            return Verdict::drop(packet, Cause::NoDevice);
        };
        let (local, len) = (ends.counters.here(run.bh()), packet.len());
        if !device.receive_new(packet, run.bh()) {
            return Verdict::lost(Cause::Malformed);
        }
        local.rx_packets.add(1);
        local.rx_bytes.add(u64::from(len));
        Verdict::consumed()
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.0.conditions)
    }

    fn read(&self, place: usize) -> Result<Value> {
        if place != IFINDEX {
            return Ok(Value::Absent);
        }
        let guard = rcu::read_lock();
        let device = self.0.device.get_rcu(&guard);
        Ok(Value::Uint(
            device.map_or(0, |device| u64::from(device.ifindex())),
        ))
    }

    fn stop(&self, successor: Option<&dyn Block>, rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Vlink| &other.0, &self.0) {
            remove(&self.0.device, rtnl);
        }
    }
}

/// The driver of the devices.
pub(crate) struct VirtualDevice;

impl Driver for VirtualDevice {
    type Private = Arc<Ends>;
    type Poll = NoPoll;

    fn napi(_ends: &Arc<Ends>) -> Option<&Napi<NoPoll>> {
        None
    }

    fn open(device: &NetDevice, ends: &Arc<Ends>, _rtnl: &Rtnl) -> Result {
        device.set_carrier(true);
        ends.tell_carrier(true);
        Ok(())
    }

    fn stop(device: &NetDevice, ends: &Arc<Ends>, _rtnl: &Rtnl) {
        device.set_carrier(false);
        ends.tell_carrier(false);
    }

    fn start_xmit(_device: &NetDevice, ends: &Arc<Ends>, packet: SkBuff) {
        ends.transmit(packet, &percpu::disable_bottom_half());
    }

    fn stats(ends: &Arc<Ends>) -> Stats {
        let mut stats = Stats::default();
        for local in ends.counters.all() {
            for (sum, counter) in [
                (&mut stats.rx_packets, &local.rx_packets),
                (&mut stats.rx_bytes, &local.rx_bytes),
                (&mut stats.tx_packets, &local.tx_packets),
                (&mut stats.tx_bytes, &local.tx_bytes),
                (&mut stats.tx_dropped, &local.tx_dropped),
            ] {
                *sum = sum.wrapping_add(counter.get());
            }
        }
        stats
    }

    fn mtu_changed(_ends: &Arc<Ends>, _mtu: u32, _rtnl: &Rtnl) {}

    fn iflink(ends: &Arc<Ends>) -> Option<u32> {
        let guard = rcu::read_lock();
        ends.device.get_rcu(&guard).map(NetDevice::ifindex)
    }

    fn speed(_ends: &Arc<Ends>) -> Option<u64> {
        None
    }
}

/// The operations of the kind, once they are registered.
static PUBLISHED: Published = Published::new();

impl PortKind for VirtualDevice {
    const KIND: &'static CStr = c"vnet-vlink";
    const NAME_PATTERN: &'static CStr = c"vlink%d";
    const NOT_BY_RTNETLINK: &'static CStr =
        c"a virtual device is made with its block, by block-new";

    fn published() -> &'static Published {
        &PUBLISHED
    }

    fn delete(ends: &Arc<Ends>, removal: &mut Removal<'_>) {
        removal.queue(&ends.device);
    }
}
