// SPDX-License-Identifier: GPL-2.0

//! Headers of frames, and token buckets.

use proptest::prelude::*;
use vnet_model::{
    bucket::Bucket,
    headers::{Address, Headers},
};

proptest! {
    #[test]
    fn any_bytes_are_understood_or_not(frame in prop::collection::vec(any::<u8>(), 0..120)) {
        let headers = Headers::of(&frame);
        prop_assert_eq!(headers.is_some(), frame.len() >= 14);
    }

    #[test]
    fn both_directions_hash_alike(
        addresses: ([u8; 4], [u8; 4]), ports: (u16, u16), seed: u64,
    ) {
        let frame = |(a, b): ([u8; 4], [u8; 4]), (p, q): (u16, u16)| {
            let mut frame = vec![2; 12];
            frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
            frame.extend(a);
            frame.extend(b);
            frame.extend(p.to_be_bytes());
            frame.extend(q.to_be_bytes());
            Headers::of(&frame).unwrap()
        };
        let (a, b) = addresses;
        let (p, q) = ports;
        let there = frame((a, b), (p, q));
        prop_assert_eq!(there.ports, Some([p, q]));
        prop_assert_eq!(there.ip.unwrap().source, Address::V4(u32::from_be_bytes(a)));
        prop_assert_eq!(
            there.symmetric_hash(seed),
            frame((b, a), (q, p)).symmetric_hash(seed)
        );
    }

    #[test]
    fn networks(a: u32, b: u32, bits in 0..=32u8) {
        let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
        let within = Address::V4(a).is_within(Address::V4(b), bits);
        prop_assert_eq!(within, a & mask == b & mask);
    }

    #[test]
    fn a_bucket_gives_no_more_than_its_rate(
        rate in 1..1_000_000_000_000u64,
        depth in 1..100_000u64,
        steps in prop::collection::vec((0..10_000_000u64, 0..1000u64), 1..100),
    ) {
        let mut bucket = Bucket::new(rate, depth, 0);
        let (mut now, mut taken) = (0, 0u128);
        for (wait, tokens) in steps {
            now += wait;
            bucket.advance(now);
            if let Some(due) = bucket.due(tokens) {
                let mut later = bucket;
                later.advance(due.max(now));
                prop_assert!(later.take(tokens));
                if due > now {
                    let mut sooner = bucket;
                    sooner.advance(due - 1);
                    prop_assert!(!sooner.take(tokens));
                }
            }
            if bucket.take(tokens) {
                taken += u128::from(tokens);
            }
            let most = u128::from(depth) + u128::from(now) * u128::from(rate) / 1_000_000_000;
            prop_assert!(taken <= most);
        }
    }
}
