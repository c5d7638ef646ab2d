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
            Ingress,
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
const INGRESS: usize = 1;
const IFINDEX: usize = 2;

/// Longest name of a device.
const NAME_MAX: usize = 15;

/// Ways to take what is received, by their names; the first one is the default.
const WAYS: [(&CStr, Ingress); 2] = [
    (c"netfilter", Ingress::Netfilter),
    (c"rx-handler", Ingress::RxHandler),
];

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
        Param::new(
            c"ingress",
            c"by which hook it gets what is received: netfilter if absent, or rx-handler",
            Kind::Text(16),
        )
        .access(Access::Initial),
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

/// The device in use; replacements share it, and with another ingress `ends`.
#[pin_data]
struct Attachment {
    ends: Arc<Ends>,
    name: CString,
    ingress: Ingress,
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

fn make(site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let name = values.text(DEVICE).unwrap_or(c"");
    let ingress = ingress_of(values)?;
    let device = site.net.device_of_name(name, site.rtnl);
    // A block keeps its device even if it drops its state: two cannot have one rx_handler. If its device
    // is gone, it gets another one of that name.
    let old = of_type::<Eth>(site.before).map(|before| &before.0);
    let same = |old: &&Arc<Attachment>| {
        let kept = || device.is_none() || old.used.lock().is_some();
        *old.name == *name && old.ingress == ingress && kept()
    };
    if let Some(old) = old.filter(same) {
        return Ok(Arc::new(Eth(old.clone()), GFP_KERNEL)?);
    }
    let device =
        device.ok_or_else(|| Refused::param(DEVICE, c"there is no such device", ENODEV))?;
    if !device.is_ethernet() {
        let message = c"the device is not an Ethernet device";
        return Err(Refused::param(DEVICE, message, EINVAL));
    }
    // Packets that are on their way must know the device's hooks, old and new ones.
    let has = |old: &&Arc<Attachment>| {
        let used = old.ends.device.get(site.rtnl);
        used.is_some_and(|used| core::ptr::eq(used, device))
    };
    let ends = match old.filter(has) {
        Some(old) => old.ends.clone(),
        None => {
            let ends = Ends {
                outlet: site.outlet.clone(),
                device: DeviceCell::empty(),
                conditions: Conditions::new()?,
            };
            Arc::new(ends, GFP_KERNEL)?
        }
    };
    let shared = old.map(|old| &old.ends);
    let attachment = attach((device, name), ends, ingress, site.rtnl)?;
    let block = Arc::new(Eth(attachment.clone()), GFP_KERNEL);
    Ok(block.inspect_err(|_| attachment.detach(shared, site.rtnl))?)
}

fn ingress_of(values: &Values) -> Result<Ingress, Refused> {
    let way = match values.text(INGRESS) {
        None => WAYS.first(),
        Some(text) => WAYS.iter().find(|(name, _)| *name == text),
    };
    let message = c"the ingress is netfilter or rx-handler";
    way.map(|(_, ingress)| *ingress)
        .ok_or_else(|| Refused::param(INGRESS, message, EINVAL))
}

/// Hooks a device, of a name.
fn attach(
    (device, name): (&NetDevice, &CStr),
    ends: Arc<Ends>,
    ingress: Ingress,
    rtnl: &Rtnl,
) -> Result<Arc<Attachment>, Refused> {
    let name = CString::try_from_fmt(fmt!("{}", name.to_str()?))?;
    let kept = ends.clone();
    let attachment = Arc::pin_init(
        pin_init!(Attachment {
            ends: kept,
            name,
            ingress,
            used <- new_mutex!(None, "vnet_eth"),
        }),
        GFP_KERNEL,
    )?;
    let user: Arc<dyn DeviceUser> = attachment.clone();
    let number = registry::with(|registry| registry.add_device_user(device, user, rtnl))?;
    match Hooks::attach(device, ends, ingress, rtnl) {
        Ok(hooks) => {
            *attachment.used.lock() = Some(Used { hooks, number });
            attachment.ends.device.fill(device, rtnl);
            attachment.ends.tell_carrier(device.carries());
            Ok(attachment)
        }
        Err(error) => {
            forget(device, number);
            Err(refusal(error, ingress))
        }
    }
}

/// Why a device cannot be hooked.
fn refusal(error: Error, ingress: Ingress) -> Refused {
    let handler = ingress == Ingress::RxHandler;
    let (place, message) = match error {
        error if error == code::eopnotsupp() => (
            DEVICE,
            c"the kernel has no hooks on what devices receive and send",
        ),
        error if handler && error == EBUSY => (
            INGRESS,
            c"the rx_handler of the device is taken: by its bridge, bond or team, by a macvlan on it, or by an eth block",
        ),
        error if handler && error == EINVAL => (INGRESS, c"the device takes no rx_handler"),
        error => return error.into(),
    };
    Refused::param(place, message, error)
}

fn forget(device: &NetDevice, number: u32) {
    let _ = registry::with(|registry| {
        registry.remove_device_user(device, number);
        Ok(())
    });
}

impl Attachment {
    /// Lets go of the device, if it has not been done; `shared` are the ends of another one, which has
    /// the device as well if they are the same.
    fn detach(&self, shared: Option<&Arc<Ends>>, rtnl: &Rtnl) {
        let used = self.used.lock().take();
        if let Some(used) = used {
            forget(used.hooks.device(), used.number);
            if !shared.is_some_and(|shared| Arc::ptr_eq(shared, &self.ends)) {
                self.ends.device.clear(rtnl);
                self.ends.tell_carrier(false);
            }
            used.hooks.detach(rtnl);
        }
    }
}

impl DeviceUser for Attachment {
    fn device_gone(&self, rtnl: &Rtnl) {
        self.detach(None, rtnl);
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
            self.past(|device| drop_result(device.receive(packet, self, bh)));
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
        let ends = &*self.0.ends;
        let device = ends.device.get_rcu(run.rcu());
        let Some(device) = device.filter(|device| device.is_running()) else {
            return Verdict::drop(packet, Cause::NoDevice);
        };
        let (taken, cause) = match from {
            HOST => (device.receive(packet, ends, run.bh()), Cause::Malformed),
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
            let other = of_type::<Eth>(successor).map(|other| &other.0.ends);
            self.0.detach(other, rtnl);
        }
    }
}
