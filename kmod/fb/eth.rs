// SPDX-License-Identifier: GPL-2.0

//! `eth`: a device, with the graph between the device and its stack.
//!
//! ```text
//!        stack, bridge                 what is sent leaves by `host`, downwards; what enters
//!             |                        there is received by the stack
//!           host
//!           eth
//!           wire
//!             |                        what is received leaves by `wire`, upwards; what enters
//!           device                     there is transmitted by the device
//! ```
//!
//! A port that nothing is bound to is a wire: packets go on as if there was no block.

use super::{
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    net::{
        device::{
            DeviceCell,
            NetDevice, //
        },
        extack::code,
        hook::{
            Hooks,
            Tap, //
        }, //
    },
    registry::{
        self,
        DeviceUser, //
    },
    sync::percpu::{
        self,
        BottomHalf, //
    }, //
};
use kernel::{
    new_mutex,
    str::CString,
    sync::{
        rcu,
        Mutex, //
    }, //
};

const WIRE: u32 = 0;
const HOST: u32 = 1;

/// Places of the parameters.
const DEVICE: usize = 0;
const IFINDEX: usize = 1;

/// Longest name of a device.
const NAME_MAX: usize = 15;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"eth",
    doc: c"a device: what it receives and sends passes through the graph",
    passage: Passage::Nowhere,
    ports: &[
        Port::upper(
            c"wire",
            Carries::Frame,
            c"what the device receives; what enters is transmitted",
        ),
        Port::lower(
            c"host",
            Carries::Frame,
            c"what the stack sends through the device; what enters is received by the stack",
        ),
    ],
    params: &[
        Param::new(
            c"device",
            c"name of the device when the block is made",
            Kind::Text(NAME_MAX),
        )
        .access(Access::Initial)
        .required(),
        Param::reading(c"ifindex", c"index of the device; 0 when it is gone"),
    ],
    events: &[EventUse::raises(
        Event::Carrier,
        c"when the device comes up with carrier, loses that, goes down or away",
    )],
    state: true,
    make,
};

/// What the hooks of the device need.
struct Ends {
    outlet: Arc<Outlet>,
    /// The device, until it goes.
    device: DeviceCell,
    conditions: Arc<Conditions>,
}

/// The device in use; replacements share it.
#[pin_data]
struct Attachment {
    ends: Arc<Ends>,
    name: CString,
    /// Protects the hooks; taken under RTNL.
    #[pin]
    used: Mutex<Option<Used>>,
}

struct Used {
    hooks: Hooks<Ends>,
    /// The number of the attachment in the registry.
    number: u32,
}

struct Eth(Arc<Attachment>);

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let name = values.text(DEVICE).unwrap_or(c"");
    let old = of_type::<Eth>(old);
    if let Some(old) = old.filter(|old| *old.0.name == *name) {
        return Ok(Arc::new(Eth(old.0.clone()), GFP_KERNEL)?);
    }
    let attachment = attach(site, name)?;
    let block = Arc::new(Eth(attachment.clone()), GFP_KERNEL);
    Ok(block.inspect_err(|_| attachment.detach(site.rtnl))?)
}

fn attach(site: &Site<'_>, name: &CStr) -> Result<Arc<Attachment>, Refused> {
    let device = site
        .net
        .device_of_name(name, site.rtnl)
        .ok_or_else(|| Refused::param(DEVICE, c"there is no such device", ENODEV))?;
    if !device.is_ethernet() {
        let message = c"the device is not an Ethernet device";
        return Err(Refused::param(DEVICE, message, EINVAL));
    }
    let ends = Ends {
        outlet: site.outlet.clone(),
        device: DeviceCell::empty(),
        conditions: Conditions::new()?,
    };
    let ends = Arc::new(ends, GFP_KERNEL)?;
    let name = CString::try_from_fmt(fmt!("{}", name.to_str()?))?;
    let kept = ends.clone();
    let attachment = Arc::pin_init(
        pin_init!(Attachment {
            ends: kept,
            name,
            used <- new_mutex!(None, "vnet_eth"),
        }),
        GFP_KERNEL,
    )?;
    let user: Arc<dyn DeviceUser> = attachment.clone();
    let number = registry::with(|registry| registry.add_device_user(device, user, site.rtnl))?;
    match Hooks::attach(device, ends, site.rtnl) {
        Ok(hooks) => {
            *attachment.used.lock() = Some(Used { hooks, number });
            attachment.ends.device.fill(device, site.rtnl);
            attachment.ends.tell_carrier(device.carries());
            Ok(attachment)
        }
        Err(error) => {
            forget(device, number);
            let message = c"the kernel has no hooks on what devices receive and send";
            if error == code::eopnotsupp() {
                return Err(Refused::param(DEVICE, message, error));
            }
            Err(error.into())
        }
    }
}

fn forget(device: &NetDevice, number: u32) {
    let _ = registry::with(|registry| {
        registry.remove_device_user(device, number);
        Ok(())
    });
}

impl Attachment {
    /// Lets go of the device, if it has not been done.
    fn detach(&self, rtnl: &Rtnl) {
        let used = self.used.lock().take();
        if let Some(used) = used {
            forget(used.hooks.device(), used.number);
            self.ends.device.clear(rtnl);
            self.ends.tell_carrier(false);
            used.hooks.detach(rtnl);
        }
    }
}

impl DeviceUser for Attachment {
    fn device_gone(&self, rtnl: &Rtnl) {
        self.detach(rtnl);
    }

    fn device_changed(&self, device: &NetDevice, _rtnl: &Rtnl) {
        self.ends.tell_carrier(device.carries());
    }
}

impl Tap for Ends {
    #[inline]
    fn wants_received(&self) -> bool {
        self.outlet.is_bound(WIRE)
    }

    #[inline]
    fn received(&self, packet: SkBuff, bh: &BottomHalf) {
        if let Some(packet) = self.outlet.offer(packet, WIRE, bh) {
            // It came from the device with the header that it needs.
            self.past(|device| drop_result(device.receive(packet, bh)));
        }
    }

    #[inline]
    fn wants_sent(&self) -> bool {
        self.outlet.is_bound(HOST)
    }

    #[inline]
    fn sent(&self, packet: SkBuff, bh: &BottomHalf) {
        if let Some(packet) = self.outlet.offer(packet, HOST, bh) {
            // What the device does not take it counts.
            self.past(|device| drop_result(device.transmit(packet, bh)));
        }
    }
}

fn drop_result(_taken: bool) {}

impl Ends {
    /// Tells whether the device has carrier, if that has changed.
    fn tell_carrier(&self, carrier: bool) {
        if self.conditions.set_carrier(carrier) {
            self.outlet.raise(&percpu::disable_bottom_half());
        }
    }

    /// The binding went while a packet was on its way to it.
    fn past(&self, then: impl FnOnce(&NetDevice)) {
        let guard = rcu::read_lock();
        if let Some(device) = self.device.get_rcu(&guard) {
            then(device);
        }
    }
}

impl Block for Eth {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let device = self.0.ends.device.get_rcu(run.rcu());
        let Some(device) = device.filter(|device| device.is_running()) else {
            return Verdict::drop(packet, Cause::NoDevice);
        };
        let (taken, cause) = match from {
            HOST => (device.receive(packet, run.bh()), Cause::Malformed),
            _ => (device.transmit(packet, run.bh()), Cause::Refused),
        };
        match taken {
            true => Verdict::consumed(),
            false => Verdict::lost(cause),
        }
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.0.ends.conditions)
    }

    fn read(&self, place: usize) -> Result<Value> {
        if place != IFINDEX {
            return Ok(Value::Absent);
        }
        let guard = rcu::read_lock();
        let device = self.0.ends.device.get_rcu(&guard);
        Ok(Value::Uint(
            device.map_or(0, |device| u64::from(device.ifindex())),
        ))
    }

    fn stop(&self, successor: Option<&dyn Block>, rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Eth| &other.0, &self.0) {
            self.0.detach(rtnl);
        }
    }
}
