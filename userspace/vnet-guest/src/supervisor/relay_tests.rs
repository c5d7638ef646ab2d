// SPDX-License-Identifier: GPL-2.0
//! The relay under arbitrary frames of several clients and of the guest.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::proto::VERSION;

#[derive(Debug, Clone)]
enum Op {
    Connect,
    Leave(usize),
    Client(usize, u32, Kind),
    /// From the guest, about the nth of all streams that there ever were.
    Guest(usize, Kind),
}

fn op() -> impl Strategy<Value = Op> {
    use Kind::*;
    let from_client = prop::sample::select(vec![
        Spawn, Spawn, Spawn, Put, Get, Data, Data, Data, Credit, Eof, Stop, Signal, Reset, Ping,
        Exit, Hello,
    ]);
    let from_guest = prop_oneof![
        Just(Data),
        Just(Spawned),
        Just(Exit),
        Just(Failed),
        Just(Credit)
    ];
    prop_oneof![
        1 => Just(Op::Connect),
        1 => (0..4usize).prop_map(Op::Leave),
        6 => (0..4usize, 0..4u32, from_client).prop_map(|(client, id, kind)| Op::Client(client, id, kind)),
        4 => (0..12usize, from_guest).prop_map(|(nth, kind)| Op::Guest(nth, kind)),
    ]
}

/// A link, its other end held open, and what has been queued on it, which is taken away.
struct Line(Link, #[allow(dead_code)] UnixStream);

fn line() -> Line {
    let (ours, theirs) = UnixStream::pair().unwrap();
    Line(Link::new(ours.into()).unwrap(), theirs)
}

fn queued(link: &mut Link) -> Vec<Frame> {
    let mut decoder = frame::Decoder::default();
    let mut greeting = Vec::new();
    Msg::Hello(hello()).encode(0, &mut greeting);
    decoder.feed(&greeting);
    decoder.feed(&std::mem::take(link.out()));
    decoder.next_frame().unwrap();
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn hello() -> Hello {
    Hello {
        version: VERSION,
        window: 0,
        program: String::new(),
        kernel: String::new(),
        trouble: String::new(),
    }
}

proptest! {
    #[test]
    fn every_frame_reaches_the_one_it_is_for(ops in vec(op(), 0..120)) {
        let mut relay = Relay::default();
        let mut guest = line().0;
        let mut others = Vec::new();
        // What should be: streams of the guest, to client and its number; all that there ever were.
        let mut streams: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
        let mut ever: Vec<u32> = Vec::new();
        for op in ops {
            let keys: Vec<u64> = relay.clients.keys().copied().collect();
            match op {
                Op::Connect => {
                    let Line(link, other) = line();
                    others.push(other);
                    relay.add(link, &hello(), Some(b"{}"));
                    let key = *relay.clients.keys().last().unwrap();
                    let mut greeting = Vec::new();
                    Msg::Hello(hello()).encode(0, &mut greeting);
                    let frame = Frame { kind: Kind::Hello, stream: 0, payload: greeting[frame::HEADER..].to_vec() };
                    prop_assert_eq!(relay.take_from_client(key, &frame, &mut guest), Asked::Nothing);
                    queued(&mut relay.clients.get_mut(&key).unwrap().link);
                }
                Op::Leave(nth) => {
                    let Some(key) = keys.get(nth).copied() else { continue };
                    relay.remove(key, &mut guest);
                    let reset: BTreeSet<u32> = queued(&mut guest)
                        .iter()
                        .map(|frame| (frame.kind == Kind::Reset, frame.stream))
                        .map(|(is, stream)| { assert!(is); stream })
                        .collect();
                    let its: BTreeSet<u32> =
                        streams.iter().filter(|(_, (owner, _))| *owner == key).map(|(id, _)| *id).collect();
                    prop_assert_eq!(reset, its);
                    streams.retain(|_, (owner, _)| *owner != key);
                }
                Op::Client(nth, id, kind) => {
                    let Some(key) = keys.get(nth).copied() else { continue };
                    let payload = vec![0; 8];
                    let known = streams.iter().find(|(_, to)| **to == (key, id)).map(|(id, _)| *id);
                    let asked = relay.take_from_client(key, &Frame { kind, stream: id, payload: payload.clone() }, &mut guest);
                    let passed = queued(&mut guest);
                    let answered = queued(&mut relay.clients.get_mut(&key).unwrap().link);
                    match (kind, known) {
                        (Kind::Exit | Kind::Hello, _) => prop_assert!(matches!(asked, Asked::Nonsense(_))),
                        (Kind::Ping, _) => prop_assert_eq!(passed.len(), 1),
                        (_, None) if kind.opens() => {
                            prop_assert_eq!(passed.len(), 1);
                            prop_assert!(!ever.contains(&passed[0].stream), "a number is used again");
                            prop_assert_eq!((passed[0].kind, &passed[0].payload), (kind, &payload));
                            streams.insert(passed[0].stream, (key, id));
                            ever.push(passed[0].stream);
                        }
                        (_, Some(_)) if kind.opens() => {
                            prop_assert!(passed.is_empty());
                            prop_assert_eq!((answered[0].kind, answered[0].stream), (Kind::Failed, id));
                        }
                        (_, Some(stream)) => {
                            prop_assert_eq!(passed, vec![Frame { kind, stream, payload }]);
                            if kind == Kind::Reset {
                                streams.remove(&stream);
                            }
                        }
                        (_, None) => prop_assert!(passed.is_empty() && answered.is_empty()),
                    }
                }
                Op::Guest(nth, kind) => {
                    let stream = ever.iter().rev().nth(nth).copied().unwrap_or(999);
                    let payload = vec![1, 2, 3];
                    prop_assert_eq!(relay.take_from_guest(&Frame { kind, stream, payload: payload.clone() }), None);
                    let to = streams.get(&stream).copied();
                    for key in keys {
                        let found = queued(&mut relay.clients.get_mut(&key).unwrap().link);
                        match to {
                            Some((owner, id)) if owner == key => {
                                prop_assert_eq!(found, vec![Frame { kind, stream: id, payload: payload.clone() }]);
                            }
                            _ => prop_assert!(found.is_empty()),
                        }
                    }
                    if kind.closes() {
                        streams.remove(&stream);
                    }
                }
            }
        }
        prop_assert_eq!(relay.streams.len(), streams.len());
    }
}
