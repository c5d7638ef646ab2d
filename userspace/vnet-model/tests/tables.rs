// SPDX-License-Identifier: GPL-2.0

//! What bridges learn, and what flows did.

use proptest::prelude::*;
use std::collections::HashMap;
use vnet_model::{
    flows::{Flows, Key, Meter},
    forwarding::{is_group, is_link_local, Entry, Forwarding},
    headers::Headers,
};

const AGEING: u64 = 1000;

fn table(addresses: u64) -> Forwarding<Vec<Entry>> {
    let size = Forwarding::<Vec<Entry>>::size(addresses);
    Forwarding::new(vec![Entry::default(); size])
}

fn station(number: u16) -> [u8; 6] {
    let [a, b] = number.to_be_bytes();
    [2, 0, 0, 0, a, b]
}

#[test]
fn kinds_of_addresses() {
    assert!(is_group(&[1, 0, 0x5e, 0, 0, 1]) && is_group(&[0xff; 6]) && !is_group(&station(1)));
    assert!(is_link_local(&[1, 0x80, 0xc2, 0, 0, 15]));
    assert!(!is_link_local(&[1, 0x80, 0xc2, 0, 0, 16]));
}

#[test]
fn addresses_age_and_move() {
    let mut table = table(16);
    table.learn(&station(1), 3, 0, AGEING);
    assert_eq!(table.port_of(&station(1), AGEING - 1, AGEING), Some(3));
    assert_eq!(table.port_of(&station(1), AGEING, AGEING), None);
    table.learn(&station(1), 4, 10, AGEING);
    assert_eq!(table.port_of(&station(1), 10, AGEING), Some(4));
    assert_eq!((table.moved, table.displaced), (1, 0));
    table.learn(&station(1), 5, 10 + AGEING, AGEING);
    assert_eq!(table.moved, 1, "what had aged has not moved");
    table.flush();
    assert_eq!(table.known(10 + AGEING, AGEING).count(), 0);
}

proptest! {
    #[test]
    fn a_bridge_knows_the_last_port_or_none(
        steps in prop::collection::vec((0u16..60, 0u32..4, 0u64..100), 1..300),
    ) {
        let mut table = table(16);
        let mut truth = HashMap::new();
        let mut now = 0;
        for (number, port, pause) in steps {
            now += pause;
            table.learn(&station(number), port, now, AGEING);
            truth.insert(number, (port, now));
            prop_assert_eq!(table.port_of(&station(number), now, AGEING), Some(port));
            for (number, (port, seen)) in &truth {
                let found = table.port_of(&station(*number), now, AGEING);
                prop_assert!(found.is_none() || (found == Some(*port) && now - seen < AGEING));
            }
            let known = table.known(now, AGEING).count();
            prop_assert!(known <= table.capacity());
            let alive = truth.values().filter(|(_, seen)| now - seen < AGEING).count();
            prop_assert!(alive <= known + table.displaced as usize);
        }
    }

    #[test]
    fn flows_count_all_or_are_displaced(
        steps in prop::collection::vec((0u8..40, 1u32..1500, 0u64..50), 1..300),
    ) {
        let mut table = Flows::new(vec![None; Flows::<Vec<_>>::size(16)]);
        let mut now = 0;
        let (mut packets, mut bytes) = (0, 0);
        for (number, len, pause) in steps {
            now += pause;
            let mut frame = vec![2; 12];
            frame.extend([0x88, 0xb5]);
            frame[5] = number;
            let key = Key::of(&Headers::of(&frame).unwrap());
            // Nothing is idle for so long.
            table.entry(&key, now, u64::MAX).unwrap().count(len, now, 100);
            packets += 1;
            bytes += u64::from(len);
        }
        let told: Vec<_> = table.live(now, u64::MAX).collect();
        let sum = |what: fn(&Meter) -> u64| told.iter().map(|flow| what(&flow.meter)).sum::<u64>();
        prop_assert!(told.len() <= table.capacity());
        if table.displaced == 0 {
            prop_assert_eq!((sum(|m| m.packets), sum(|m| m.bytes)), (packets, bytes));
        } else {
            prop_assert!(sum(|m| m.packets) < packets);
        }
    }
}

#[test]
fn the_rate_is_that_of_the_last_complete_window() {
    const WINDOW: u64 = 1_000_000_000;
    let mut meter = Meter::default();
    for millisecond in 0..1500 {
        meter.count(125, millisecond * 1_000_000, WINDOW);
    }
    assert_eq!((meter.packets, meter.bytes), (1500, 187_500));
    assert_eq!(meter.rate(1_500_000_000, WINDOW), 1_000_000);
    assert_eq!(meter.rate(2_000_000_000, WINDOW), 500_000);
    assert_eq!(meter.rate(3_000_000_000, WINDOW), 0);
}

#[test]
fn an_idle_flow_begins_anew() {
    let mut table = Flows::new(vec![None; Flows::<Vec<_>>::size(4)]);
    let key = Key::of(&Headers::of(&[2; 14]).unwrap());
    table.entry(&key, 0, AGEING).unwrap().count(60, 0, 100);
    table
        .entry(&key, AGEING, AGEING)
        .unwrap()
        .count(60, AGEING, 100);
    let flows: Vec<_> = table.live(AGEING, AGEING).collect();
    assert_eq!(
        (flows.len(), flows[0].meter.packets, flows[0].first),
        (1, 1, AGEING)
    );
    assert_eq!(table.displaced, 0);
}
