// SPDX-License-Identifier: GPL-2.0
//! A connection to a supervisor, shared by the threads that use its streams.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};

use super::types::{ExitStatus, GuestInfo};
use crate::error::{Error, Result};
use crate::proto::frame::{Decoder, Frame};
use crate::proto::msg::{encode_data, Channel, Failure, Msg, STDERR, STDIN, STDOUT};

/// Data that is not nested in anything stays whole when a thread panics.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The program ended, the file is complete.
    Exit(ExitStatus),
    /// The agent could not, or gave up.
    Failed(Failure, String),
    /// The connection is gone.
    Lost,
}

/// One output of a stream.
#[derive(Debug, Default)]
pub struct Incoming {
    /// What has arrived and was not taken yet; credit bounds it.
    pub chunks: VecDeque<Vec<u8>>,
    /// Nothing more will arrive.
    pub eof: bool,
}

/// What is known of a stream.
#[derive(Debug, Default)]
pub struct State {
    /// Channels 1 and 2.
    pub incoming: [Incoming; 2],
    /// How much may be sent on channel 0.
    pub credit: u32,
    /// The program reads no more.
    pub input_stopped: bool,
    /// How it ended, if it has.
    pub end: Option<End>,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    /// Its number on this connection.
    pub id: u32,
    /// What is known of it.
    pub state: Mutex<State>,
    /// Told of every change.
    pub changed: Condvar,
}

impl Stream {
    /// Changes the state and tells everybody.
    pub fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_all();
    }

    /// Waits until `look` finds what it is looking for.
    pub fn wait<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = look(&mut state) {
                return found;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    next: u32,
    streams: HashMap<u32, Arc<Stream>>,
    pings: HashMap<u64, std::sync::mpsc::Sender<()>>,
    /// Why the connection is of no more use, and the kernel's last lines.
    lost: Option<(String, String)>,
}

/// The connection.
#[derive(Debug)]
pub struct Conn {
    socket: UnixStream,
    writer: Mutex<()>,
    table: Mutex<Table>,
    /// Notified when the connection is lost.
    gone: Condvar,
    /// What the supervisor said about its guest.
    pub info: GuestInfo,
}

pub fn send_all(mut socket: &UnixStream, bytes: &[u8]) -> io::Result<()> {
    // The standard library writes to sockets with MSG_NOSIGNAL.
    socket.write_all(bytes)
}

impl Conn {
    /// Takes over a socket after the greetings; what has arrived behind them is in `decoder`.
    pub fn start(socket: UnixStream, decoder: Decoder, info: GuestInfo) -> Result<Arc<Conn>> {
        let conn = Arc::new(Conn {
            socket,
            writer: Mutex::new(()),
            table: Mutex::default(),
            gone: Condvar::new(),
            info,
        });
        let reader = Arc::clone(&conn);
        std::thread::Builder::new()
            .name("guest".into())
            .spawn(move || reader.read_all(decoder))
            .map_err(Error::io("cannot start a thread"))?;
        Ok(conn)
    }

    /// Sends a message.
    pub fn send(&self, stream: u32, msg: &Msg) {
        let mut out = Vec::new();
        msg.encode(stream, &mut out);
        self.send_frame(&out);
    }

    /// Sends data on channel 0, for which there must be credit.
    pub fn send_data(&self, stream: u32, data: &[u8]) {
        let mut out = Vec::new();
        encode_data(&mut out, stream, STDIN, data);
        self.send_frame(&out);
    }

    fn send_frame(&self, frame: &[u8]) {
        let _turn = lock(&self.writer);
        // If the supervisor has gone the reader notices, with what it had to say in the end.
        let _ = send_all(&self.socket, frame);
    }

    /// Opens a stream.
    pub fn open(&self, msg: &Msg) -> Result<Arc<Stream>> {
        let stream = {
            let mut table = lock(&self.table);
            if table.lost.is_some() {
                drop(table);
                return Err(self.lost());
            }
            table.next = table.next.wrapping_add(1);
            let id = table.next;
            let stream = Arc::new(Stream {
                id,
                state: Mutex::default(),
                changed: Condvar::new(),
            });
            table.streams.insert(id, Arc::clone(&stream));
            stream
        };
        let mut out = Vec::new();
        msg.encode(stream.id, &mut out);
        self.send_frame(&out);
        Ok(stream)
    }

    /// Forgets a stream; the agent ends its program if it still runs.
    pub fn close(&self, stream: &Stream) {
        lock(&self.table).streams.remove(&stream.id);
        if lock(&stream.state).end.is_none() {
            self.send(stream.id, &Msg::Reset);
        }
    }

    /// Sends a ping and waits for the answer.
    pub fn ping(&self, limit: Duration) -> Result<Duration> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let start = Instant::now();
        let value = {
            let mut table = lock(&self.table);
            if table.lost.is_some() {
                drop(table);
                return Err(self.lost());
            }
            table.next = table.next.wrapping_add(1);
            let value = u64::from(table.next);
            table.pings.insert(value, sender);
            value
        };
        self.send(0, &Msg::Ping(value));
        match receiver.recv_timeout(limit) {
            Ok(()) => Ok(start.elapsed()),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err(self.lost()),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                lock(&self.table).pings.remove(&value);
                Err(Error::Timeout {
                    what: format!("an answer of the guest of lab `{}`", self.info.lab),
                    limit,
                })
            }
        }
    }

    /// Waits until the supervisor has closed the connection; false if it has not in time.
    pub fn wait_gone(&self, limit: Duration) -> bool {
        let table = lock(&self.table);
        let (table, _) = self
            .gone
            .wait_timeout_while(table, limit, |table| table.lost.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        table.lost.is_some()
    }

    /// The error that stands for a lost connection.
    pub fn lost(&self) -> Error {
        let (reason, log) = lock(&self.table)
            .lost
            .clone()
            .unwrap_or_else(|| ("it went".into(), String::new()));
        Error::GuestDied {
            lab: self.info.lab.clone(),
            reason,
            log,
        }
    }

    /// Closes the connection; the programs started over it end.
    pub fn shutdown(&self) {
        // The only reason to fail is that it is closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn read_all(&self, mut decoder: Decoder) {
        // Signals are for the threads that know what to do about them.
        let _ = SigSet::all().thread_block();
        let mut buffer = vec![0; 64 * 1024];
        let mut bye = None;
        let reason = 'all: loop {
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => match self.handle(&frame) {
                        Ok(Some(last)) => bye = Some(last),
                        Ok(None) => {}
                        Err(reason) => break 'all reason,
                    },
                    Ok(None) => break,
                    Err(error) => break 'all error.to_string(),
                }
            }
            match (&self.socket).read(&mut buffer) {
                Ok(0) => break "its supervisor has gone".into(),
                Ok(n) => decoder.feed(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break "its supervisor has gone".into(),
            }
        };
        self.shutdown();
        let streams = {
            let mut table = lock(&self.table);
            table.lost = Some(bye.unwrap_or((reason, String::new())));
            table.pings.clear();
            std::mem::take(&mut table.streams)
        };
        self.gone.notify_all();
        for stream in streams.into_values() {
            stream.update(|state| {
                state.end.get_or_insert(End::Lost);
            });
        }
    }

    /// Handles a frame; returns what a good-bye said.
    fn handle(&self, frame: &Frame) -> Result<Option<(String, String)>, String> {
        let msg = Msg::decode(frame).map_err(|_| format!("malformed {:?}", frame.kind))?;
        match msg {
            Msg::Bye { reason, log } => return Ok(Some((reason, log))),
            Msg::Pong(value) => {
                if let Some(sender) = lock(&self.table).pings.remove(&value) {
                    // Whoever asked may have given up.
                    let _ = sender.send(());
                }
                return Ok(None);
            }
            _ => {}
        }
        let Some(stream) = lock(&self.table).streams.get(&frame.stream).cloned() else {
            return Ok(None);
        };
        match msg {
            Msg::Data(channel, data) => stream.update(|state| {
                if let Some(incoming) = incoming(state, channel) {
                    incoming.chunks.push_back(data);
                }
            }),
            Msg::Eof(channel) => stream.update(|state| {
                if let Some(incoming) = incoming(state, channel) {
                    incoming.eof = true;
                }
            }),
            Msg::Spawned { credit } | Msg::Credit(STDIN, credit) => {
                stream.update(|state| state.credit = state.credit.saturating_add(credit));
            }
            Msg::Stop(STDIN) => stream.update(|state| state.input_stopped = true),
            Msg::Exit { value, signal } => stream.update(|state| {
                let status = if signal {
                    ExitStatus::Signal(value.into())
                } else {
                    ExitStatus::Code(value)
                };
                state.end = Some(End::Exit(status));
            }),
            Msg::Failed { why, text } => {
                stream.update(|state| state.end = Some(End::Failed(why, text)))
            }
            _ => return Err(format!("unexpected {:?}", frame.kind)),
        }
        Ok(None)
    }
}

fn incoming(state: &mut State, channel: Channel) -> Option<&mut Incoming> {
    match channel {
        STDOUT => Some(&mut state.incoming[0]),
        STDERR => Some(&mut state.incoming[1]),
        _ => None,
    }
}

/// Keeps `SIGPIPE` away from this thread, so that a closed output is an error to handle, whatever the program has
/// made of that signal.
pub fn no_sigpipe() {
    // Blocking a valid signal cannot fail.
    let _ = SigSet::from(Signal::SIGPIPE).thread_block();
}
