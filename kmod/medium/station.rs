// SPDX-License-Identifier: GPL-2.0

//! The devices of a medium: what the stack sends, and what a poll hands to it.

use super::{
    air::{
        self,
        Air, //
    },
    Medium,
    Outlet,
    Receiver, //
};
use crate::{
    instance::Instance,
    model::Cause,
    net::{
        clock,
        device::{
            Driver,
            NetDevice,
            Removal,
            Stats, //
        },
        napi::{
            Napi,
            Poll,
            Polling, //
        },
        port_ops::{
            PortKind,
            Published, //
        },
        rtnl::Rtnl,
        skbuff::{
            SkBuff,
            WireSize, //
        }, //
    },
    pipe::frame::{
        unfit,
        Flow,
        Frame,
        FrameList, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::ordering::Relaxed,
        rcu, //
    }, //
};

impl Medium {
    /// Sends a packet.
    fn transmit(&self, number: usize, mut skb: SkBuff) {
        let Some(port) = self.ports.get(number) else {
            return;
        };
        let size = match skb.prepare() {
            Ok(size) => size,
            Err(error) => {
                let size = WireSize::of_unknown(&skb);
                return self.refuse(number, Frame::new(skb, size), unfit(error));
            }
        };
        let guard = rcu::read_lock();
        let params = port.params.read(&guard);
        let whole = size.frames <= 1
            || (port.apart.load(Relaxed) == 0 && params.keeps_whole(size.bytes, size.frames));
        let flow = Flow::of(&mut skb, params);
        drop(guard);
        if whole {
            return self.send(number, |air, now| {
                air.admit(number, now, Frame::new(skb, size), flow);
            });
        }
        let mut segments = match skb.segment() {
            Ok(segments) => segments,
            Err(skb) => return self.refuse(number, Frame::new(skb, size), Cause::Segmentation),
        };
        self.send(number, |air, now| {
            while let Some(mut skb) = segments.pop_front() {
                let size = skb
                    .wire_size()
                    .unwrap_or_else(|| WireSize::of_unknown(&skb));
                air.admit(number, now, Frame::new(skb, size), flow);
            }
        });
    }

    /// Has frames enter a transmitter, and sees to what follows from it.
    #[inline]
    fn send(&self, number: usize, enter: impl FnOnce(&mut Air, u64)) {
        let mut air = self.air.lock();
        let now = clock::now();
        enter(&mut air, now);
        let touched = air.carry_from(number, now);
        air.plan(touched, now);
        let waste = air.take_waste();
        drop(air);
        drop(waste);
    }

    /// Counts a packet that cannot be sent, and drops it.
    #[cold]
    fn refuse(&self, number: usize, frame: Frame, cause: Cause) {
        self.with_air(|air, _| air.refuse(number, frame, cause));
    }
}

impl Poll for Receiver {
    fn poll(napi: &Napi<Self>, polling: Polling<'_>, budget: usize) -> usize {
        let (medium, port) = (&napi.medium, napi.port);
        let mut due = FrameList::default();

        let mut air = medium.air.lock();
        let lap = air.begin_poll(port);
        let now = clock::now();
        let touched = air.carry(now);
        let work = air.collect(port, now, budget, &mut due);
        air.plan(touched & !air::bit(port), now);
        if work < budget {
            // Should the timer fire before the poll is completed, the poll is repeated.
            air.end_poll(port, now);
        }
        let waste = air.take_waste();
        drop(air);
        drop(waste);

        polling.receive(due.into_skbs());
        if let (Some(lap), Some(port)) = (lap, medium.ports.get(port)) {
            port.softirq_time.add(lap.end(), Relaxed);
        }
        work
    }
}

/// The driver of the devices.
pub(crate) struct Station;

impl Driver for Station {
    type Private = Outlet;
    type Poll = Receiver;

    fn napi(outlet: &Outlet) -> Option<&Napi<Receiver>> {
        Some(&outlet.napi)
    }

    fn open(device: &NetDevice, outlet: &Outlet, _rtnl: &Rtnl) -> Result {
        let instance = Instance::of(device.net());
        outlet.medium.move_quota(outlet.port, &instance)?;
        let napi = outlet.napi.clone();
        outlet
            .medium
            .with_air(|air, _| air.port_up(outlet.port, instance, napi));
        device.set_carrier(true);
        Ok(())
    }

    fn stop(device: &NetDevice, outlet: &Outlet, _rtnl: &Rtnl) {
        let time = outlet.medium.ports.get(outlet.port);
        let time = time.map_or(0, |port| port.softirq_time.load(Relaxed));
        let parts = outlet
            .medium
            .with_air(|air, _| air.port_down(outlet.port, time));
        drop(parts);
        device.set_carrier(false);
    }

    #[inline]
    fn start_xmit(_device: &NetDevice, outlet: &Outlet, skb: SkBuff) {
        outlet.medium.transmit(outlet.port, skb);
    }

    fn stats(outlet: &Outlet) -> Stats {
        let (sent, lost, received) = outlet.medium.with_air(|air, _| {
            let sent = air.read_port(outlet.port, |reading| {
                (reading.counters.sent, reading.counters.all_drops())
            });
            let (sent, lost) = sent.unwrap_or_default();
            (sent, lost, air.delivered_to(outlet.port))
        });
        Stats {
            rx_packets: received.frames,
            rx_bytes: received.bytes,
            tx_packets: sent.frames,
            tx_bytes: sent.bytes,
            tx_dropped: lost.frames,
        }
    }

    fn mtu_changed(outlet: &Outlet, mtu: u32, rtnl: &Rtnl) {
        let smallest = outlet.medium.devices(rtnl).map(NetDevice::mtu).min();
        let smallest = smallest.map_or(mtu, |smallest| smallest.min(mtu));
        outlet.medium.with_air(|air, _| air.mtu = smallest);
    }

    fn iflink(_outlet: &Outlet) -> Option<u32> {
        // There is no one other end. That it is not the device itself has the core tell of carrier at
        // once, and not a second later.
        None
    }

    fn speed(outlet: &Outlet) -> Option<u64> {
        outlet
            .medium
            .with_port(outlet.port, |params| params.params().rate)
            .flatten()
    }
}

/// The operations of the kind, once they are registered.
static PUBLISHED: Published = Published::new();

impl PortKind for Station {
    const KIND: &'static CStr = c"vnet-port";
    const NAME_PATTERN: &'static CStr = c"vnet%d";
    const NOT_BY_RTNETLINK: &'static CStr = c"a port is made with its medium, by medium-new";

    fn published() -> &'static Published {
        &PUBLISHED
    }

    fn delete(outlet: &Outlet, removal: &mut Removal<'_>) {
        outlet.medium.unplug(outlet.port, removal);
    }
}
