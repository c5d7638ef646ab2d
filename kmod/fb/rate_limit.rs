// SPDX-License-Identifier: GPL-2.0

//! `rate-limit`: drops what is beyond a rate, each way by itself.
//!
//! It holds nothing back; `queue` does.

use super::prelude::*;
use crate::{
    model::bucket::Bucket,
    net::clock,
    sync::spinlock_bh::{
        new_spinlock_bh,
        SpinLockBh, //
    }, //
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
    state: false,
    make,
};

/// A bucket of bits for each way; replacements share them.
#[pin_data]
struct Buckets {
    /// Protects the bucket; nothing is locked under it.
    #[pin]
    up: SpinLockBh<Bucket>,
    /// As `up`.
    #[pin]
    down: SpinLockBh<Bucket>,
}

struct RateLimit(Arc<Buckets>);

/// Rate and depth, in bits.
fn sizes(values: &Values) -> (u64, u64) {
    (values.uint(RATE), values.uint(BURST).saturating_mul(8))
}

fn make(_site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<RateLimit>(old);
    let buckets = match old {
        Some(old) => old.0.clone(),
        None => {
            let (rate, depth) = sizes(values);
            let full = Bucket::new(rate, depth, clock::now());
            let buckets = pin_init!(Buckets {
                up <- new_spinlock_bh!(full, "vnet_rate_limit_up"),
                down <- new_spinlock_bh!(full, "vnet_rate_limit_down"),
            });
            Arc::pin_init(buckets, GFP_KERNEL)?
        }
    };
    Ok(Arc::new(RateLimit(buckets), GFP_KERNEL)?)
}

impl RateLimit {
    fn change(&self, values: &Values) {
        let (rate, depth) = sizes(values);
        for bucket in [&self.0.up, &self.0.down] {
            bucket.lock().change(rate, depth, clock::now());
        }
    }
}

impl Block for RateLimit {
    fn receive(&self, packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        let (bucket, to) = match from {
            LOWER => (&self.0.up, UPPER),
            _ => (&self.0.down, LOWER),
        };
        let bits = u64::from(packet.len()).saturating_mul(8);
        let passes = {
            let mut bucket = bucket.lock();
            bucket.advance(clock::now());
            bucket.take(bits)
        };
        match passes {
            true => Verdict::leave(packet, to),
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
}
