// SPDX-License-Identifier: GPL-2.0
//! Passing frames between clients and the guest.
//!
//! There is no flow control of streams here: credit between client and agent bounds what can be on the way. What this
//! has to see to is that clients take turns on the line, and that each one's streams have numbers of their own.

use std::collections::{BTreeMap, HashMap};

use crate::link::Link;
use crate::proto::frame::{self, Frame};
use crate::proto::msg::{Failure, Hello, Kind, Msg};

/// Clients are read only while less than this waits for the guest.
pub const QUEUE_LOW: usize = 32 * 1024;

/// Read from one client before it is the next one's turn.
pub const TURN: usize = 32 * 1024;

/// A client for which this much waits has granted far more than it takes: it is not one of ours.
const QUEUE_MAX: usize = 64 << 20;

/// A client's connection.
#[derive(Debug)]
pub struct Client {
    /// The connection.
    pub link: Link,
    greeted: bool,
    /// Its numbers of streams to the guest's.
    streams: HashMap<u32, u32>,
}

/// What a client's frame asks of the supervisor itself.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing.
    Nothing,
    /// To power the guest off.
    PowerOff,
    /// It does not keep to the protocol.
    Nonsense(String),
}

/// All connections.
#[derive(Debug, Default)]
pub struct Relay {
    /// By a number that is never used twice.
    pub clients: BTreeMap<u64, Client>,
    next_client: u64,
    next_stream: u32,
    /// The guest's numbers of streams to the client and its number.
    streams: HashMap<u32, (u64, u32)>,
    next_ping: u64,
    pings: HashMap<u64, (u64, u64)>,
}

impl Relay {
    /// A new client; `ready` is what to tell it if the guest can be used already.
    pub fn add(&mut self, mut link: Link, hello: &Hello, ready: Option<&[u8]>) {
        link.send(0, &Msg::Hello(hello.clone()));
        if let Some(ready) = ready {
            link.send(0, &Msg::Ready(ready.to_vec()));
        }
        self.clients.insert(
            self.next_client,
            Client {
                link,
                greeted: false,
                streams: HashMap::new(),
            },
        );
        self.next_client += 1;
    }

    /// Tells all clients.
    pub fn tell_all(&mut self, msg: &Msg) {
        for client in self.clients.values_mut() {
            client.link.send(0, msg);
        }
    }

    /// The clients in the order of whose turn it is, a different one first each time.
    pub fn turns(&mut self, turn: u64) -> Vec<u64> {
        let mut order: Vec<u64> = self.clients.keys().copied().collect();
        if !order.is_empty() {
            let first = (turn % order.len() as u64) as usize;
            order.rotate_left(first);
        }
        order
    }

    /// A client has gone; its programs hear of it.
    pub fn remove(&mut self, key: u64, guest: &mut Link) {
        let Some(client) = self.clients.remove(&key) else {
            return;
        };
        for id in client.streams.into_values() {
            self.streams.remove(&id);
            guest.send(id, &Msg::Reset);
        }
        self.pings.retain(|_, (client, _)| *client != key);
    }

    fn new_stream(&mut self) -> u32 {
        loop {
            self.next_stream = self.next_stream.wrapping_add(1);
            if self.next_stream != 0 && !self.streams.contains_key(&self.next_stream) {
                return self.next_stream;
            }
        }
    }

    /// A frame from a client.
    pub fn take_from_client(&mut self, key: u64, frame: &Frame, guest: &mut Link) -> Asked {
        let Some(client) = self.clients.get_mut(&key) else {
            return Asked::Nothing;
        };
        if !client.greeted {
            return match Msg::decode(frame) {
                Ok(Msg::Hello(_)) => {
                    client.greeted = true;
                    Asked::Nothing
                }
                _ => Asked::Nonsense("no greeting".into()),
            };
        }
        match frame.kind {
            Kind::PowerOff => return Asked::PowerOff,
            Kind::Ping => {
                let Ok(Msg::Ping(value)) = Msg::decode(frame) else {
                    return Asked::Nonsense("malformed ping".into());
                };
                self.next_ping += 1;
                self.pings.insert(self.next_ping, (key, value));
                guest.send(0, &Msg::Ping(self.next_ping));
            }
            Kind::Spawn | Kind::Put | Kind::Get => {
                if client.streams.contains_key(&frame.stream) {
                    let text = "a stream of this number is open already".into();
                    client.link.send(
                        frame.stream,
                        &Msg::Failed {
                            why: Failure::Other,
                            text,
                        },
                    );
                    return Asked::Nothing;
                }
                let id = self.new_stream();
                self.streams.insert(id, (key, frame.stream));
                if let Some(client) = self.clients.get_mut(&key) {
                    client.streams.insert(frame.stream, id);
                }
                pass(frame, id, guest);
            }
            Kind::Data
            | Kind::Credit
            | Kind::Eof
            | Kind::Stop
            | Kind::Winsize
            | Kind::Signal
            | Kind::Reset => {
                // An unknown stream is one that has ended while this was under way.
                if let Some(id) = client.streams.get(&frame.stream).copied() {
                    pass(frame, id, guest);
                    if frame.kind == Kind::Reset {
                        client.streams.remove(&frame.stream);
                        self.streams.remove(&id);
                    }
                }
            }
            other => return Asked::Nonsense(format!("unexpected {other:?}")),
        }
        Asked::Nothing
    }

    /// A frame of a stream, or a `Pong`, from the guest. Returns a client that must go, if there is one.
    pub fn take_from_guest(&mut self, frame: &Frame) -> Option<u64> {
        if let Ok(Msg::Pong(value)) = Msg::decode(frame) {
            let (key, value) = self.pings.remove(&value)?;
            self.clients.get_mut(&key)?.link.send(0, &Msg::Pong(value));
            return None;
        }
        let (key, id) = *self.streams.get(&frame.stream)?;
        let client = self.clients.get_mut(&key)?;
        frame::encode(client.link.out(), frame.kind, id, &frame.payload, &[]);
        if frame.kind.closes() {
            client.streams.remove(&id);
            self.streams.remove(&frame.stream);
        }
        (client.link.queued() > QUEUE_MAX).then_some(key)
    }
}

fn pass(frame: &Frame, id: u32, guest: &mut Link) {
    frame::encode(guest.out(), frame.kind, id, &frame.payload, &[]);
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
