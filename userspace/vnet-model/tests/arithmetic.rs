// SPDX-License-Identifier: GPL-2.0

//! The integer arithmetic against 128-bit divisions, and what is refused.

use proptest::prelude::*;
use vnet_model::{
    units::{bits_in, mul_div, wire_bits, Reciprocal},
    Cause, Field, Params, QueueLimit, Stamp,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn reciprocal_divides(n in any::<u64>(), shift in 0u32..64, d in 1u64..) {
        let divisor = (d >> shift).max(1);
        let (q, r) = Reciprocal::new(divisor).div_rem(n);
        prop_assert_eq!((q, r), (n / divisor, n % divisor));
    }

    #[test]
    fn mul_div_is_exact(a in any::<u64>(), b in any::<u64>(), c in 2u64..1 << 63) {
        let a = a % c;
        let exact = u128::from(a) * u128::from(b) / u128::from(c);
        prop_assert_eq!(u128::from(mul_div(a, b, c)), exact);
    }

    #[test]
    fn bits_in_is_exact(rate in 0u64..=400_000_000_000, ns in 0u64..=100_000_000_000) {
        let exact = u128::from(rate) * u128::from(ns) / 1_000_000_000;
        prop_assert_eq!(u128::from(bits_in(rate, ns)), exact.min(u64::MAX.into()));
    }
}

#[test]
fn edges_do_not_panic() {
    assert_eq!(Reciprocal::new(0).div_rem(7), (7, 0));
    for divisor in [1, 2, 3, u64::MAX - 1, u64::MAX] {
        for n in [0, 1, divisor - 1, divisor, u64::MAX - 1, u64::MAX] {
            assert_eq!(
                Reciprocal::new(divisor).div_rem(n),
                (n / divisor, n % divisor)
            );
        }
    }
    assert_eq!(mul_div(0, 0, 0), u64::MAX);
    assert_eq!(wire_bits(u64::MAX, u64::MAX, u32::MAX), u64::MAX);
    assert_eq!(bits_in(u64::MAX, u64::MAX), u64::MAX);
    assert_eq!(Stamp::new(0, 1).frames, 1);
    assert_eq!(Stamp::new(70_000, 1).frames, 65_535);
}

#[test]
fn what_cannot_be_emulated_is_refused() {
    let refused = |params: Params| params.compile().expect_err("refused").field;
    let ok = Params::default();
    assert!(ok.compile().is_ok());
    let rate = |rate| Params {
        rate: Some(rate),
        ..ok
    };
    assert_eq!(refused(rate(0)), Field::Rate);
    assert_eq!(refused(rate(99)), Field::Rate);
    assert_eq!(refused(rate(400_000_000_001)), Field::Rate);
    assert!(rate(100).compile().is_ok() && rate(400_000_000_000).compile().is_ok());
    assert_eq!(
        refused(Params {
            overhead: 1001,
            ..ok
        }),
        Field::Overhead
    );
    assert_eq!(
        refused(Params {
            delay: 100_000_000_001,
            ..ok
        }),
        Field::Delay
    );
    let mut params = ok;
    params.queue.time = Some(100_000_000_001);
    assert_eq!(refused(params), Field::QueueTime);
    params = ok;
    params.line.packets = Some(0);
    assert_eq!(refused(params), Field::LinePackets);
    params.line.packets = None;
    params.line.bytes = Some(0);
    assert_eq!(refused(params), Field::LineBytes);
    assert_eq!(
        refused(Params {
            whole_time: 100_000_000_001,
            ..ok
        }),
        Field::WholeTime
    );
}

#[test]
fn super_packets_stay_whole_within_bounds() {
    let with = |rate, packets| {
        Params {
            rate,
            queue: QueueLimit {
                packets,
                ..QueueLimit::default()
            },
            ..Params::default()
        }
        .compile()
        .expect("valid")
    };
    // 44 frames of 1514 bytes: 54 us at 10 Gbit/s, 541 us at 1 Gbit/s.
    let (bytes, frames) = (44 * 1514, 44);
    assert!(with(None, None).keeps_whole(bytes, frames));
    assert!(with(Some(10_000_000_000), None).keeps_whole(bytes, frames));
    assert!(!with(Some(1_000_000_000), None).keeps_whole(bytes, frames));
    assert!(
        with(Some(1_000_000_000), None).keeps_whole(bytes, 1),
        "a frame is no super-packet"
    );
    assert!(!with(Some(10_000_000_000), Some(100)).keeps_whole(bytes, frames));
    assert!(with(Some(10_000_000_000), Some(352)).keeps_whole(bytes, frames));
    assert_eq!(with(Some(1_000_000_000), None).max_whole_bytes(), 12_500);
}

#[test]
fn causes_have_distinct_names() {
    let mut names: Vec<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    for (index, cause) in Cause::ALL.iter().enumerate() {
        assert_eq!(*cause as usize, index);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Cause::COUNT);
}

#[test]
fn congestion_begins_at_three_quarters_and_ends_at_one() {
    use vnet_model::watermark::is_congested;

    let course = |limit: u64, fills: &[u64]| -> Vec<bool> {
        let mut state = false;
        let step = |fill: &u64| {
            state = is_congested(state, *fill, limit);
            state
        };
        fills.iter().map(step).collect()
    };
    assert_eq!(
        course(40, &[29, 30, 31, 11, 10, 29, 30]),
        [false, true, true, true, false, false, true]
    );
    assert_eq!(course(1, &[0, 1, 0]), [false, true, false]);
    assert_eq!(course(0, &[0, 5]), [false, false]);
    assert_eq!(course(u64::MAX, &[u64::MAX, u64::MAX / 4]), [true, false]);
}

#[test]
fn a_bucket_tells_when_it_is_nearly_full_again() {
    use vnet_model::bucket::Bucket;

    for (rate, depth) in [(1_000, 4), (7, 1_000), (1_000_000_000, 3), (1, 1)] {
        let mut bucket = Bucket::new(rate, depth, 5);
        assert!(bucket.take(depth));
        let at = bucket.due_at_most_a_quarter().unwrap();
        bucket.advance(at - 1);
        let (used, all) = bucket.used();
        assert!(used > all / 4, "{rate} {depth}: early");
        bucket.advance(at);
        let (used, all) = bucket.used();
        assert!(used <= all / 4, "{rate} {depth}: late");
    }
    assert_eq!(Bucket::new(0, 4, 0).empty().due_at_most_a_quarter(), None);
}
