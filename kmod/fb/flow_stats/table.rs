// SPDX-License-Identifier: GPL-2.0

//! The table of flows and the rules' totals, and how they are told.

use super::super::param::{
    Param,
    Value,
    Values, //
};
use crate::{
    model::{
        flows::{
            Addresses,
            Flow,
            Flows,
            Key,
            Meter, //
        },
        headers::{
            Address,
            Headers,
            Rule, //
        },
        units::NANOS_PER_SEC, //
    },
    net::clock,
    sync::spinlock_bh::SpinLockBh, //
};
use kernel::prelude::*;

/// Nanoseconds of a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// Places of the fields of a total.
const TOTAL_PACKETS: usize = 0;
const TOTAL_BYTES: usize = 1;
const TOTAL_RATE: usize = 2;

/// Places of the fields of a flow.
const ETHERTYPE: usize = 0;
const SOURCE: usize = 1;
const DESTINATION: usize = 2;
const PROTOCOL: usize = 3;
const SOURCE_PORT: usize = 4;
const DESTINATION_PORT: usize = 5;
const PACKETS: usize = 6;
const BYTES: usize = 7;
const RATE: usize = 8;
const AGE: usize = 9;
const IDLE: usize = 10;

/// A rule and what it has matched.
#[derive(Clone, Copy)]
pub(super) struct Watch {
    rule: Rule,
    meter: Meter,
}

impl Watch {
    /// A rule that has matched nothing yet.
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            meter: Meter::default(),
        }
    }
}

/// What a block has counted.
pub(super) struct Table {
    flows: Flows<KVVec<Option<Flow>>>,
    watches: KVVec<Watch>,
    /// Times after which flows are idle, and of which rates are, in ns.
    timeout: u64,
    window: u64,
    ignored: u64,
}

impl Table {
    /// An empty one without rules.
    pub(super) fn new(entries: KVVec<Option<Flow>>) -> Self {
        Self {
            flows: Flows::new(entries),
            watches: KVVec::new(),
            timeout: u64::MAX,
            window: NANOS_PER_SEC,
            ignored: 0,
        }
    }

    /// How many flows it can hold.
    pub(super) fn capacity(&self) -> usize {
        self.flows.capacity()
    }

    /// Whether the rules are these.
    pub(super) fn watches_for(&self, watches: &[Watch]) -> bool {
        let rules = watches.iter().map(|watch| watch.rule);
        self.watches.iter().map(|watch| watch.rule).eq(rules)
    }

    /// Gives it other rules; the old ones, to be freed outside of the lock.
    pub(super) fn exchange(&mut self, watches: KVVec<Watch>) -> KVVec<Watch> {
        core::mem::replace(&mut self.watches, watches)
    }

    /// Changes the times: one in seconds, the other in milliseconds.
    pub(super) fn set_times(&mut self, timeout: u64, window: u64) {
        self.timeout = timeout.saturating_mul(NANOS_PER_SEC);
        self.window = window.saturating_mul(MILLISECOND);
    }

    /// Counts a packet.
    pub(super) fn count(&mut self, headers: Option<&Headers>, len: u32, now: u64) {
        let counted = match headers {
            Some(headers) => self.matches(headers, len, now).then_some(headers),
            None => None,
        };
        let Some(headers) = counted else {
            self.ignored = self.ignored.wrapping_add(1);
            return;
        };
        let meter = self.flows.entry(&Key::of(headers), now, self.timeout);
        if let Some(meter) = meter {
            meter.count(len, now, self.window);
        }
    }

    /// Counts a packet for the first rule that matches it; whether it counts at all.
    fn matches(&mut self, headers: &Headers, len: u32, now: u64) -> bool {
        if self.watches.is_empty() {
            return true;
        }
        let mut watches = self.watches.iter_mut();
        match watches.find(|watch| watch.rule.matches(headers)) {
            Some(watch) => {
                watch.meter.count(len, now, self.window);
                true
            }
            None => false,
        }
    }

    /// Flows that are not idle.
    pub(super) fn known(&self, now: u64) -> u64 {
        self.flows.live(now, self.timeout).count() as u64
    }

    /// Flows that had to make room.
    pub(super) fn displaced(&self) -> u64 {
        self.flows.displaced
    }

    /// Packets that no rule matches.
    pub(super) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Up to `most` flows with most bytes, for which there is room in `into`.
    fn largest(&self, now: u64, most: usize, into: &mut KVVec<Flow>) {
        for flow in self.flows.live(now, self.timeout) {
            let place = into.partition_point(|other| other.meter.bytes >= flow.meter.bytes);
            if place >= most {
                continue;
            }
            into.truncate(most.saturating_sub(1));
            if into.push_within_capacity(*flow).is_err() {
                return;
            }
            if let Some(moved) = into.get_mut(place..) {
                moved.rotate_right(1);
            }
        }
    }
}

/// What each rule has matched, as records of `fields`.
pub(super) fn totals(
    table: &SpinLockBh<Table>,
    fields: &'static [Param],
    most: usize,
) -> Result<Value> {
    let mut watches = KVVec::with_capacity(most, GFP_KERNEL)?;
    let now = clock::now();
    let window = {
        let table = table.lock();
        for watch in &table.watches {
            if watches.push_within_capacity(*watch).is_err() {
                break;
            }
        }
        table.window
    };
    let mut records = KVVec::with_capacity(watches.len(), GFP_KERNEL)?;
    for Watch { meter, .. } in &watches {
        let mut record = Values::defaults(fields)?;
        record.set(TOTAL_PACKETS, Value::Uint(meter.packets));
        record.set(TOTAL_BYTES, Value::Uint(meter.bytes));
        record.set(TOTAL_RATE, Value::Uint(meter.rate(now, window)));
        records.push(record, GFP_KERNEL)?;
    }
    Ok(Value::Records(records))
}

/// The largest flows, as records of `fields`.
pub(super) fn flows(
    table: &SpinLockBh<Table>,
    fields: &'static [Param],
    most: usize,
) -> Result<Value> {
    let mut flows = KVVec::with_capacity(most, GFP_KERNEL)?;
    let now = clock::now();
    let window = {
        let table = table.lock();
        table.largest(now, most, &mut flows);
        table.window
    };
    let mut records = KVVec::with_capacity(flows.len(), GFP_KERNEL)?;
    for flow in &flows {
        records.push(record_of(flow, fields, now, window)?, GFP_KERNEL)?;
    }
    Ok(Value::Records(records))
}

fn record_of(flow: &Flow, fields: &'static [Param], now: u64, window: u64) -> Result<Values> {
    let mut record = Values::defaults(fields)?;
    record.set(ETHERTYPE, Value::Uint(u64::from(flow.key.ethertype)));
    let (source, destination) = match &flow.key.addresses {
        Addresses::Ip(source, destination) => (ip(source)?, ip(destination)?),
        Addresses::Ethernet(source, destination) => (data(source)?, data(destination)?),
    };
    record.set(SOURCE, source);
    record.set(DESTINATION, destination);
    record.set(PROTOCOL, Value::Uint(u64::from(flow.key.protocol)));
    let port = |port: Option<u16>| port.map_or(Value::Absent, |port| Value::Uint(u64::from(port)));
    record.set(SOURCE_PORT, port(flow.key.ports.map(|[from, _]| from)));
    record.set(DESTINATION_PORT, port(flow.key.ports.map(|[_, to]| to)));
    record.set(PACKETS, Value::Uint(flow.meter.packets));
    record.set(BYTES, Value::Uint(flow.meter.bytes));
    record.set(RATE, Value::Uint(flow.meter.rate(now, window)));
    let since = |time: u64| Value::Uint(now.saturating_sub(time) / MILLISECOND);
    record.set(AGE, since(flow.first));
    record.set(IDLE, since(flow.last));
    Ok(record)
}

fn ip(address: &Address) -> Result<Value> {
    match address {
        Address::V4(address) => data(&address.to_be_bytes()),
        Address::V6(address) => data(&address.to_be_bytes()),
    }
}

fn data(bytes: &[u8]) -> Result<Value> {
    let mut data = KVVec::with_capacity(bytes.len(), GFP_KERNEL)?;
    data.extend_from_slice(bytes, GFP_KERNEL)?;
    Ok(Value::Data(data))
}
