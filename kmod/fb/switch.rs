// SPDX-License-Identifier: GPL-2.0

//! `switch`: a learning bridge between its ports.
//!
//! ```text
//!          stack (eth:host)
//!               | host
//!           [switch]               each port may lead to any other one
//!      port0 |  |  | port2
//!        eth:wire ...
//! ```

use super::prelude::*;
use crate::{
    model::{
        forwarding::{
            is_group,
            is_link_local,
            Entry,
            Forwarding,
            Mac, //
        },
        units::NANOS_PER_SEC, //
    },
    net::clock,
    sync::spinlock_bh::{
        new_spinlock_bh,
        SpinLockBh, //
    }, //
};

const PORT: u32 = 1;

/// Places of the parameters.
const PORTS: usize = 0;
const LIMIT: usize = 1;
const AGEING: usize = 2;
const FLUSH: usize = 3;
const KNOWN: usize = 4;
const MOVED: usize = 5;
const DISPLACED: usize = 6;
const FLOODED: usize = 7;
const ADDRESSES: usize = 8;

/// Places of the fields of an address.
const ADDRESS: usize = 0;
const BEHIND: usize = 1;
const AGE: usize = 2;

/// Most addresses that are told.
const MAX_TOLD: usize = 64;
/// Bytes that are looked at: both addresses.
const LOOKED_AT: u32 = 12;

static FIELDS: &[Param] = &[
    Param::new(c"address", c"Ethernet address", Kind::Data(6, 6)),
    Param::reading(
        c"port",
        c"the port behind which it is: 0 is host, n is the port with the number n - 1",
    ),
    Param::reading(c"age", c"time since it sent last").unit(c"ms"),
];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"switch",
    doc: c"a learning bridge between its ports",
    passage: Passage::Across,
    ports: &[
        Port::upper(c"host", Carries::Frame, c"one of the ports, which faces up"),
        Port::lower(c"port", Carries::Frame, c"the ports that face down").numbered(PORTS),
    ],
    params: &[
        Param::uint(c"ports", c"number of lower ports", 1..=64, 4).access(Access::Initial),
        Param::uint(
            c"limit",
            c"addresses that are kept, rounded up to a power of two; with another one all are learnt anew",
            4..=65536,
            1024,
        )
        .access(Access::Initial)
        .unit(c"addresses"),
        Param::uint(
            c"ageing",
            c"after so long without a frame an address is forgotten; 0 learns nothing",
            0..=1_000_000,
            300,
        )
        .unit(c"s"),
        Param::uint(
            c"flush",
            c"all addresses are forgotten whenever this changes",
            0..=u64::MAX,
            0,
        ),
        Param::reading(c"known", c"addresses that are known").unit(c"addresses"),
        Param::reading(
            c"moved",
            c"times that an address came up behind another port",
        ),
        Param::reading(
            c"displaced",
            c"addresses that were forgotten early because the table was full",
        )
        .unit(c"addresses"),
        Param::reading(
            c"flooded",
            c"frames that left by every port because their destination is a group or not known",
        )
        .unit(c"packets"),
        Param::new(
            c"addresses",
            c"those that sent last, at most 64",
            Kind::Records(MAX_TOLD, FIELDS),
        )
        .access(Access::Told),
    ],
    events: &[],
    state: true,
    make,
};

/// What a switch knows and is told.
struct Table {
    forwarding: Forwarding<KVVec<Entry>>,
    /// Addresses age in so many ns.
    ageing: u64,
    /// The value of `flush` in force.
    flush: u64,
    flooded: u64,
}

/// What replacements share.
#[pin_data]
struct Shared {
    /// Protects the table; nothing is locked under it, and no packet leaves.
    #[pin]
    table: SpinLockBh<Table>,
}

struct Switch {
    shared: Arc<Shared>,
    /// Number of lower ports.
    ports: u32,
}

fn make(_site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let size = Forwarding::<KVVec<Entry>>::size(values.uint(LIMIT));
    let old = of_type::<Switch>(old);
    let kept = old.filter(|old| old.shared.table.lock().forwarding.capacity() == size);
    let shared = match kept {
        Some(old) => old.shared.clone(),
        None => {
            let table = Table {
                forwarding: Forwarding::new(KVVec::from_elem(Entry::default(), size, GFP_KERNEL)?),
                ageing: 0,
                flush: values.uint(FLUSH),
                flooded: 0,
            };
            let shared = pin_init!(Shared {
                table <- new_spinlock_bh!(table, "vnet_switch"),
            });
            Arc::pin_init(shared, GFP_KERNEL)?
        }
    };
    let ports = values.uint(PORTS) as u32;
    Ok(Arc::new(Switch { shared, ports }, GFP_KERNEL)?)
}

impl Table {
    /// Learns from a frame; the port by which it leaves, if that is a certain one.
    fn decide(&mut self, destination: &Mac, source: &Mac, from: u32, now: u64) -> Option<u32> {
        if self.ageing == 0 {
            return None;
        }
        self.forwarding.learn(source, from, now, self.ageing);
        if is_group(destination) {
            return None;
        }
        self.forwarding.port_of(destination, now, self.ageing)
    }

    /// The addresses that sent last, the last one first.
    fn latest(&self, now: u64, into: &mut KVVec<Entry>) {
        for entry in self.forwarding.known(now, self.ageing) {
            let place = into.partition_point(|other| other.seen >= entry.seen);
            if place >= MAX_TOLD {
                continue;
            }
            into.truncate(MAX_TOLD - 1);
            // The caller has seen to it that there is room, so nothing is allocated.
            if into.push_within_capacity(*entry).is_err() {
                return;
            }
            if let Some(moved) = into.get_mut(place..) {
                moved.rotate_right(1);
            }
        }
    }
}

impl Switch {
    fn change(&self, values: &Values) {
        let mut table = self.shared.table.lock();
        table.ageing = values.uint(AGEING).saturating_mul(NANOS_PER_SEC);
        let flush = values.uint(FLUSH);
        if flush != table.flush {
            table.flush = flush;
            table.forwarding.flush();
        }
    }

    /// Sends a frame out of all bound ports but the one by which it came.
    fn flood(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let ports = 0..PORT.wrapping_add(self.ports);
        let mut others = ports.filter(|port| *port != from && run.is_bound(*port));
        let Some(first) = others.next() else {
            return Verdict::drop(packet, Cause::Unbound);
        };
        for port in others {
            match packet.duplicate() {
                Some(copy) => run.emit(copy, port),
                None => run.failed(Cause::NoMemory, packet.len()),
            }
        }
        Verdict::leave(packet, first)
    }

    fn addresses(&self) -> Result<Value> {
        let mut latest = KVVec::with_capacity(MAX_TOLD, GFP_KERNEL)?;
        let now = clock::now();
        self.shared.table.lock().latest(now, &mut latest);
        let mut records = KVVec::with_capacity(latest.len(), GFP_KERNEL)?;
        for entry in &latest {
            let mut record = Values::defaults(FIELDS)?;
            let mut address = KVVec::with_capacity(entry.address.len(), GFP_KERNEL)?;
            address.extend_from_slice(&entry.address, GFP_KERNEL)?;
            record.set(ADDRESS, Value::Data(address));
            record.set(BEHIND, Value::Uint(u64::from(entry.port)));
            let age = now.saturating_sub(entry.seen) / 1_000_000;
            record.set(AGE, Value::Uint(age));
            records.push(record, GFP_KERNEL)?;
        }
        Ok(Value::Records(records))
    }
}

impl Block for Switch {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let addresses = packet.first(LOOKED_AT).and_then(|bytes| {
            let (destination, rest) = bytes.split_first_chunk::<6>()?;
            Some((*destination, *rest.first_chunk::<6>()?))
        });
        let Some((destination, source)) = addresses else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        if is_link_local(&destination) {
            return Verdict::drop(packet, Cause::Filtered);
        }
        let known = {
            let mut table = self.shared.table.lock();
            let now = clock::now();
            let port = table.decide(&destination, &source, from, now);
            // A port that nothing is bound to is as good as none.
            let port = port.filter(|port| *port == from || run.is_bound(*port));
            if port.is_none() {
                table.flooded = table.flooded.wrapping_add(1);
            }
            port
        };
        match known {
            Some(port) if port == from => Verdict::drop(packet, Cause::Filtered),
            Some(port) => Verdict::leave(packet, port),
            None => self.flood(packet, from, run),
        }
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.change(values);
        Ok(())
    }

    fn read(&self, place: usize) -> Result<Value> {
        if place == ADDRESSES {
            return self.addresses();
        }
        let table = self.shared.table.lock();
        Ok(match place {
            KNOWN => {
                let known = table.forwarding.known(clock::now(), table.ageing);
                Value::Uint(known.count() as u64)
            }
            MOVED => Value::Uint(table.forwarding.moved),
            DISPLACED => Value::Uint(table.forwarding.displaced),
            FLOODED => Value::Uint(table.flooded),
            _ => Value::Absent,
        })
    }
}
