// SPDX-License-Identifier: GPL-2.0

//! `rate-limit`: drops what is beyond a rate, each way by itself.
//!
//! It holds nothing back; `queue` does.

use super::{
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    model::{
        bucket::Bucket,
        watermark, //
    },
    net::{
        clock,
        soft_timer::{
            Expire,
            SoftTimer, //
        }, //
    },
    sync::{
        percpu::{
            self,
            BottomHalf, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Places of the parameters.
const RATE: usize = 0;
const BURST: usize = 1;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"rate-limit",
    doc: c"drops what is beyond a rate, each way by itself",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::uint(
            c"rate",
            c"of each way, in bits of the packets; 0 lets only what is saved up pass",
            0..=400_000_000_000,
            1_000_000,
        )
        .unit(c"bit/s"),
        Param::uint(
            c"burst",
            c"what is saved up at most while nothing passes; longer packets never pass",
            64..=1 << 28,
            1 << 16,
        )
        .unit(c"bytes"),
    ],
    events: &[EventUse::raises(
        Event::Congestion,
        c"when a quarter of what can be saved up is left, until three quarters are there again",
    )],
    state: false,
    make,
};

/// One way.
#[pin_data]
struct Way {
    outlet: Arc<Outlet>,
    /// By which packets leave.
    port: u32,
    /// Those of the block.
    conditions: Arc<Conditions>,
    /// Protects the measure and its part of the conditions. The timer is started under it.
    #[pin]
    measure: SpinLockBh<Measure>,
}

/// What has passed in one way.
struct Measure {
    /// Of bits.
    bucket: Bucket,
    congested: bool,
}

impl Measure {
    /// Looks whether it is congested; whether that has changed, and when to look again.
    fn weigh(&mut self, condition: &Atomic<bool>) -> (bool, Option<u64>) {
        let (before, (used, depth)) = (self.congested, self.bucket.used());
        self.congested = watermark::is_congested(before, used, depth);
        condition.store(self.congested, Relaxed);
        let again = self.congested.then(|| self.bucket.due_at_most_a_quarter());
        (self.congested != before, again.flatten())
    }
}

impl Way {
    /// Has something done at the present time; what follows from it for those who listen.
    fn at_work<R>(
        timer: &SoftTimer<Self>,
        bh: &BottomHalf,
        look: bool,
        then: impl FnOnce(&mut Bucket, u64) -> R,
    ) -> R {
        let (result, changed) = {
            let mut measure = timer.measure.lock();
            let now = clock::now();
            let result = then(&mut measure.bucket, now);
            let (changed, again) = measure.weigh(timer.conditions.congestion(timer.port));
            if let Some(at) = again.filter(|_| changed || look) {
                timer.start(at);
            }
            (result, changed)
        };
        if changed {
            timer.outlet.raise(bh);
        }
        result
    }
}

impl Expire for Way {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        Self::at_work(timer, bh, true, |bucket, now| bucket.advance(now));
    }
}

/// Both ways; replacements share them.
struct Ways {
    up: Arc<SoftTimer<Way>>,
    down: Arc<SoftTimer<Way>>,
    conditions: Arc<Conditions>,
}

struct RateLimit(Arc<Ways>);

/// Rate and depth, in bits.
fn sizes(values: &Values) -> (u64, u64) {
    (values.uint(RATE), values.uint(BURST).saturating_mul(8))
}

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<RateLimit>(old);
    let ways = match old {
        Some(old) => old.0.clone(),
        None => {
            let conditions = Conditions::new()?;
            let ways = Ways {
                up: way(site, values, UPPER, &conditions)?,
                down: way(site, values, LOWER, &conditions)?,
                conditions,
            };
            Arc::new(ways, GFP_KERNEL)?
        }
    };
    Ok(Arc::new(RateLimit(ways), GFP_KERNEL)?)
}

fn way(
    site: &Site<'_>,
    values: &Values,
    port: u32,
    conditions: &Arc<Conditions>,
) -> Result<Arc<SoftTimer<Way>>> {
    let (rate, depth) = sizes(values);
    let full = Measure {
        bucket: Bucket::new(rate, depth, clock::now()),
        congested: false,
    };
    let (outlet, conditions) = (site.outlet.clone(), conditions.clone());
    let way = pin_init!(Way {
        outlet,
        port,
        conditions,
        measure <- new_spinlock_bh!(full, "vnet_rate_limit"),
    });
    Arc::pin_init(SoftTimer::new(way), GFP_KERNEL)
}

impl RateLimit {
    fn change(&self, values: &Values) {
        let (rate, depth) = sizes(values);
        let bh = percpu::disable_bottom_half();
        for way in [&self.0.up, &self.0.down] {
            Way::at_work(way, &bh, true, |bucket, now| {
                bucket.change(rate, depth, now)
            });
        }
    }
}

impl Block for RateLimit {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let way = match from {
            LOWER => &self.0.up,
            _ => &self.0.down,
        };
        let bits = u64::from(packet.len()).saturating_mul(8);
        let passes = Way::at_work(way, run.bh(), false, |bucket, now| {
            bucket.advance(now);
            bucket.take(bits)
        });
        match passes {
            true => Verdict::leave(packet, way.port),
            false => Verdict::drop(packet, Cause::Rate),
        }
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.change(values);
        Ok(())
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.0.conditions)
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if !takes_over(successor, |other: &RateLimit| &other.0, &self.0) {
            self.0.up.cancel();
            self.0.down.cancel();
        }
    }
}
