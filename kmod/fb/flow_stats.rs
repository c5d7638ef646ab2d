// SPDX-License-Identifier: GPL-2.0

//! `flow-stats`: packets, bytes and rates of flows, and of what rules match.

mod table;

use self::table::{
    Table,
    Watch, //
};
use super::{
    prelude::*,
    rules::{
        self,
        fields, //
    }, //
};
use crate::{
    model::{
        flows::Flows,
        headers::{
            Headers,
            LOOKED_AT, //
        }, //
    },
    net::clock,
    sync::spinlock_bh::{
        new_spinlock_bh,
        SpinLockBh, //
    }, //
};

/// Places of the parameters.
const LIMIT: usize = 0;
const TIMEOUT: usize = 1;
const WINDOW: usize = 2;
const RULES: usize = 3;
const KNOWN: usize = 4;
const DISPLACED: usize = 5;
const IGNORED: usize = 6;
const TOTALS: usize = 7;
const FLOWS: usize = 8;

/// Most rules.
const MAX_RULES: usize = 64;
/// Most flows that are told.
const MAX_TOLD: usize = 32;

static RULE: &[Param] = fields![];

static TOTAL: &[Param] = &[
    Param::reading(
        c"packets",
        c"packets for which the rule was the first to match",
    )
    .unit(c"packets"),
    Param::reading(c"bytes", c"bytes of these").unit(c"bytes"),
    Param::reading(c"rate", c"in the last complete window").unit(c"bit/s"),
];

static FLOW: &[Param] = &[
    Param::reading(c"ethertype", c"Ethernet type, behind VLAN tags"),
    Param::new(
        c"source",
        c"IP address of 4 or 16 bytes, or Ethernet address of 6 if it is not IP",
        Kind::Data(4, 16),
    ),
    Param::new(c"destination", c"as source", Kind::Data(4, 16)),
    Param::reading(c"protocol", c"IP protocol, 0 if it is not IP"),
    Param::reading(c"source-port", c"if the protocol has ports"),
    Param::reading(c"destination-port", c"if the protocol has ports"),
    Param::reading(c"packets", c"packets").unit(c"packets"),
    Param::reading(c"bytes", c"bytes of these").unit(c"bytes"),
    Param::reading(c"rate", c"in the last complete window").unit(c"bit/s"),
    Param::reading(c"age", c"time since the first packet").unit(c"ms"),
    Param::reading(c"idle", c"time since the last packet").unit(c"ms"),
];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"flow-stats",
    doc: c"counts packets, bytes and rates of flows, each way of a flow by itself",
    passage: Passage::Through,
    ports: FRAMES_THROUGH,
    params: &[
        Param::uint(
            c"limit",
            c"flows that are kept, rounded up to a power of two; with another one all begin anew",
            4..=16384,
            1024,
        )
        .access(Access::Initial)
        .unit(c"flows"),
        Param::uint(
            c"timeout",
            c"after so long without a packet a flow is forgotten",
            1..=86400,
            60,
        )
        .unit(c"s"),
        Param::uint(
            c"window",
            c"rates are those of windows of this length",
            10..=10000,
            1000,
        )
        .unit(c"ms"),
        Param::new(
            c"rules",
            c"only what a rule matches is counted; without rules everything is",
            Kind::Records(MAX_RULES, RULE),
        ),
        Param::reading(c"known", c"flows that are known").unit(c"flows"),
        Param::reading(
            c"displaced",
            c"flows that were forgotten early because the table was full",
        )
        .unit(c"flows"),
        Param::reading(c"ignored", c"packets that no rule matches").unit(c"packets"),
        Param::new(
            c"totals",
            c"what each rule has matched, in the order of the rules, since they were given",
            Kind::Records(MAX_RULES, TOTAL),
        )
        .access(Access::Told),
        Param::new(
            c"flows",
            c"those with most bytes, at most 32",
            Kind::Records(MAX_TOLD, FLOW),
        )
        .access(Access::Told),
    ],
    events: &[],
    state: true,
    make,
};

/// What replacements share.
#[pin_data]
struct Shared {
    /// Protects the table; nothing is locked under it.
    #[pin]
    table: SpinLockBh<Table>,
}

#[pin_data]
struct FlowStats {
    shared: Arc<Shared>,
    /// Rules for the time from the start on, if they differ from those of the predecessor. The
    /// lock protects them; nothing is locked under it.
    #[pin]
    prepared: SpinLockBh<Option<KVVec<Watch>>>,
}

fn make(_site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let size = Flows::<KVVec<_>>::size(values.uint(LIMIT));
    let watches = watches_of(values)?;
    let old = of_type::<FlowStats>(old);
    let kept = old.filter(|old| old.shared.table.lock().capacity() == size);
    let shared = match kept {
        Some(old) => old.shared.clone(),
        None => {
            let table = Table::new(KVVec::from_elem(None, size, GFP_KERNEL)?);
            let shared = pin_init!(Shared {
                table <- new_spinlock_bh!(table, "vnet_flow_stats"),
            });
            Arc::pin_init(shared, GFP_KERNEL)?
        }
    };
    let differs = !shared.table.lock().watches_for(&watches);
    let prepared = differs.then_some(watches);
    let block = pin_init!(FlowStats {
        shared,
        prepared <- new_spinlock_bh!(prepared, "vnet_flow_stats_rules"),
    });
    Ok(Arc::pin_init(block, GFP_KERNEL)?)
}

fn watches_of(values: &Values) -> Result<KVVec<Watch>, Refused> {
    let records = values.records(RULES);
    let mut watches = KVVec::with_capacity(records.len(), GFP_KERNEL)?;
    for record in records {
        let rule = rules::rule_of(record, 0, 0, RULES)?;
        watches.push(Watch::new(rule), GFP_KERNEL)?;
    }
    Ok(watches)
}

impl FlowStats {
    /// Takes parameters over, and rules if there are other ones.
    fn change(&self, values: &Values, watches: Option<KVVec<Watch>>) {
        let mut table = self.shared.table.lock();
        table.set_times(values.uint(TIMEOUT), values.uint(WINDOW));
        let old = watches.map(|watches| table.exchange(watches));
        drop(table);
        drop(old);
    }
}

impl Block for FlowStats {
    fn receive(&self, mut packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        let len = packet.len();
        let headers = packet.first(len.min(LOOKED_AT)).and_then(Headers::of);
        {
            let mut table = self.shared.table.lock();
            table.count(headers.as_ref(), len, clock::now());
        }
        Verdict::leave(packet, opposite(from))
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        let prepared = self.prepared.lock().take();
        self.change(values, prepared);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        let watches = watches_of(values)?;
        let same = self.shared.table.lock().watches_for(&watches);
        self.change(values, (!same).then_some(watches));
        Ok(())
    }

    fn read(&self, place: usize) -> Result<Value> {
        match place {
            TOTALS => table::totals(&self.shared.table, TOTAL, MAX_RULES),
            FLOWS => table::flows(&self.shared.table, FLOW, MAX_TOLD),
            _ => {
                let table = self.shared.table.lock();
                Ok(match place {
                    KNOWN => Value::Uint(table.known(clock::now())),
                    DISPLACED => Value::Uint(table.displaced()),
                    IGNORED => Value::Uint(table.ignored()),
                    _ => Value::Absent,
                })
            }
        }
    }
}
