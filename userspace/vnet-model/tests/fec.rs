// SPDX-License-Identifier: GPL-2.0

//! Parity: any one packet of a group may be lost.

use proptest::prelude::*;
use vnet_model::fec::{Arrival, Decoder, Group, Message, Sum, HEADER, MAX_GROUP};

const LONGEST: usize = 100;

fn decoder(groups: usize) -> Decoder<Vec<Group<Vec<u8>>>> {
    let group = || Group::new(vec![0; LONGEST]);
    Decoder::new(std::iter::repeat_with(group).take(groups).collect())
}

fn sum_of(packets: &[Vec<u8>]) -> Sum<Vec<u8>> {
    let mut sum = Sum::new(vec![0; LONGEST]);
    packets.iter().for_each(|packet| sum.add(packet));
    sum
}

fn packets() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let packet = prop::collection::vec(any::<u8>(), 0..LONGEST);
    prop::collection::vec(packet, 1..=MAX_GROUP as usize)
}

proptest! {
    #[test]
    fn the_one_that_is_lost_is_recovered(packets in packets(), lost: prop::sample::Index, sum_at: prop::sample::Index) {
        let lost = lost.index(packets.len());
        let sum = sum_of(&packets);
        // The sum may come at any time.
        let sum_at = sum_at.index(packets.len());
        let mut end = decoder(1);
        let mut recovered = Vec::new();
        let count = packets.len() as u8;
        for (index, packet) in packets.iter().enumerate() {
            if index == sum_at {
                let found = end.parity(9, count, sum.lengths(), sum.bytes());
                recovered.extend(found.map(<[u8]>::to_vec));
            }
            if index != lost {
                match end.data(9, index as u8, packet) {
                    Arrival::New(found) => recovered.extend(found.map(<[u8]>::to_vec)),
                    Arrival::Again => prop_assert!(false, "each comes once"),
                }
            }
        }
        prop_assert_eq!(recovered, vec![packets[lost].clone()]);
        prop_assert_eq!(end.data(9, lost as u8, &packets[lost]), Arrival::Again);
    }

    #[test]
    fn of_two_none_is_recovered(packets in packets(), first: prop::sample::Index, second: prop::sample::Index) {
        let lost = [first.index(packets.len()), second.index(packets.len())];
        prop_assume!(lost[0] != lost[1]);
        let sum = sum_of(&packets);
        let mut end = decoder(1);
        for (index, packet) in packets.iter().enumerate().filter(|(index, _)| !lost.contains(index)) {
            prop_assert_eq!(end.data(9, index as u8, packet), Arrival::New(None));
        }
        prop_assert_eq!(end.parity(9, packets.len() as u8, sum.lengths(), sum.bytes()), None);
    }

    #[test]
    fn messages_are_read_as_they_were_written(group: u32, small in 0u8..32, lengths: u16, kind: bool, bit in 0..HEADER * 8) {
        let message = match kind {
            true => Message::Data { group, index: small },
            false => Message::Parity { group, count: small + 1, lengths },
        };
        let mut bytes = message.encode();
        prop_assert_eq!(Message::decode(&bytes), Some(message));
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Message::decode(&bytes), None);
    }
}

#[test]
fn groups_make_room_for_each_other() {
    let mut end = decoder(2);
    let packets = [vec![1, 2, 3], vec![4, 5]];
    let sum = sum_of(&packets);
    assert_eq!(end.data(10, 0, &packets[0]), Arrival::New(None));
    assert_eq!(end.data(12, 0, &[7; 50]), Arrival::New(None));
    // It is late: it passes, and does not disturb its successor.
    assert_eq!(end.data(10, 1, &packets[1]), Arrival::New(None));
    assert_eq!(end.parity(12, 1, 50, &[7; 50]), None, "nothing is missing");
    // A sender that begins anew.
    assert_eq!(end.data(4_000_000_000, 0, &packets[0]), Arrival::New(None));
    let found = end.parity(4_000_000_000, 2, sum.lengths(), sum.bytes());
    assert_eq!(found, Some(packets[1].as_slice()));
    assert_eq!(
        end.parity(4_000_000_000, 2, sum.lengths(), sum.bytes()),
        None,
        "twice"
    );
    assert_eq!(end.parity(11, 3, 0, &[0; LONGEST + 1]), None, "too long");
}
