// SPDX-License-Identifier: GPL-2.0
//! The agent's loop: one thread, one poll, nothing that waits anywhere else.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{kill, killpg, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{read, Pid};

use super::spawn;
use super::stream::{failed, Status, Stream};
use crate::link::{Link, FILL};
use crate::proto::msg::{Hello, Kind, Msg, STDIN};
use crate::proto::{self, frame::Frame, LINE_ACK, WINDOW};

/// Outputs are read only while less than this waits to be sent: then a credit or a signal's answer never waits long,
/// and programs take turns.
const QUEUE_LOW: usize = 32 * 1024;

/// Why the agent stopped serving.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to power off.
    PowerOff,
    /// The supervisor has gone.
    Disconnected,
    /// A signal asked the whole system to stop.
    Signalled,
}

/// The state of the loop.
pub struct Server {
    link: Link,
    signals: SignalFd,
    streams: BTreeMap<u32, Stream>,
    /// Outputs of programs that have ended, still held open by what those have started: read and thrown away, because
    /// a daemon should not die of its next message.
    leftovers: Vec<OwnedFd>,
    files: (u64, u64),
    greeted: bool,
    /// Whether the supervisor is to hear what has been read of the line.
    acks: bool,
    ended: Option<Ended>,
}

/// What a descriptor in the poll set belongs to.
enum Who {
    Link,
    Signals,
    Stream(u32),
    Leftover(usize),
}

impl Server {
    /// Blocks the signals it wants to hear of and greets.
    pub fn new(channel: OwnedFd, hello: Hello, files: (u64, u64)) -> io::Result<Server> {
        let mut mask = SigSet::empty();
        for signal in [
            Signal::SIGCHLD,
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGPWR,
        ] {
            mask.add(signal);
        }
        mask.thread_block()?;
        // Not one to hear of: a program that reads no more is seen by the failing write.
        SigSet::from(Signal::SIGPIPE).thread_block()?;
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let mut link = Link::new(channel)?;
        let acks = hello.window > 0;
        link.send(0, &Msg::Hello(hello));
        Ok(Server {
            link,
            signals,
            streams: BTreeMap::new(),
            leftovers: Vec::new(),
            files,
            greeted: false,
            acks,
            ended: None,
        })
    }

    /// Serves until something ends it. Programs are left as they are.
    pub fn serve(&mut self) -> io::Result<Ended> {
        loop {
            let busy = self.move_streams();
            if self.link.flush().is_err() {
                // The line hung up: the same as its end of file.
                return Ok(Ended::Disconnected);
            }
            if let Some(ended) = self.ended.take() {
                return Ok(ended);
            }
            for who in self.wait(busy)? {
                self.attend(who)?;
            }
        }
    }

    /// Lets each stream move what it can; whether another turn may find more at once.
    fn move_streams(&mut self) -> bool {
        let mut busy = false;
        let mut closed = Vec::new();
        for stream in self.streams.values_mut() {
            let out = self.link.out();
            if let Some(failure) = stream.pump_in(out) {
                closed.push((stream.id, failure));
                continue;
            }
            if self.link.queued() >= QUEUE_LOW {
                continue;
            }
            let out = self.link.out();
            if stream.status.is_none() {
                continue;
            }
            match stream.finished(out) {
                Some(Ok(Status { value, signal })) => {
                    closed.push((stream.id, Msg::Exit { value, signal }))
                }
                Some(Err(failure)) => closed.push((stream.id, failure)),
                None => {
                    busy |= stream
                        .outlets
                        .iter()
                        .any(|outlet| outlet.waiting().is_some())
                }
            }
        }
        for (id, last) in closed {
            self.close(id, Some(&last));
        }
        busy && self.link.queued() < QUEUE_LOW
    }

    /// Forgets a stream, after its last word.
    fn close(&mut self, id: u32, last: Option<&Msg>) {
        let Some(stream) = self.streams.remove(&id) else {
            return;
        };
        if let Some(last) = last {
            self.link.send(id, last);
        }
        if let Some(leader) = stream.leader {
            // The client is gone, or the stream is beyond repair: as if the program's terminal had been closed.
            // Errors say that there is nobody left to tell.
            let _ = killpg(leader, Signal::SIGHUP);
            let _ = killpg(leader, Signal::SIGCONT);
        } else if stream.pending.is_none() && stream.terminal.is_none() {
            self.leftovers
                .extend(stream.outlets.into_iter().filter_map(|outlet| outlet.fd));
        }
    }

    fn wait(&self, busy: bool) -> io::Result<Vec<Who>> {
        let mut who = vec![Who::Link, Who::Signals];
        let to_write = if self.link.can_flush() {
            PollFlags::POLLOUT
        } else {
            PollFlags::empty()
        };
        let mut fds = vec![
            PollFd::new(self.link.as_fd(), PollFlags::POLLIN | to_write),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        let may_read = self.link.queued() < QUEUE_LOW;
        for stream in self.streams.values() {
            if let Some(fd) = stream.inlet.as_ref().and_then(|inlet| inlet.waiting()) {
                fds.push(PollFd::new(fd, PollFlags::POLLOUT));
                who.push(Who::Stream(stream.id));
            }
            for fd in stream
                .outlets
                .iter()
                .filter(|_| may_read)
                .filter_map(|outlet| outlet.waiting())
            {
                fds.push(PollFd::new(fd, PollFlags::POLLIN));
                who.push(Who::Stream(stream.id));
            }
        }
        for (at, fd) in self.leftovers.iter().enumerate() {
            fds.push(PollFd::new(fd.as_fd(), PollFlags::POLLIN));
            who.push(Who::Leftover(at));
        }
        loop {
            match poll(
                &mut fds,
                if busy {
                    PollTimeout::ZERO
                } else {
                    PollTimeout::NONE
                },
            ) {
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        let ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
        let mut found: Vec<Who> = who
            .into_iter()
            .zip(ready)
            .filter(|(_, ready)| *ready)
            .map(|(who, _)| who)
            .collect();
        // A stream with several descriptors gets one turn, as any other; leftovers go from the back, so that removing
        // one leaves the places of the others as they are.
        found.dedup_by(|a, b| matches!((a, b), (Who::Stream(a), Who::Stream(b)) if a == b));
        found.reverse();
        Ok(found)
    }

    fn attend(&mut self, who: Who) -> io::Result<()> {
        match who {
            Who::Link => self.receive()?,
            Who::Signals => self.take_signals()?,
            Who::Stream(id) => self.send_output(id),
            Who::Leftover(at) => {
                let mut nothing = [0; 4096];
                match read(&self.leftovers[at], &mut nothing) {
                    Ok(n) if n > 0 => {}
                    Err(Errno::EAGAIN | Errno::EINTR) => {}
                    _ => drop(self.leftovers.swap_remove(at)),
                }
            }
        }
        Ok(())
    }

    fn send_output(&mut self, id: u32) {
        if self.link.queued() >= QUEUE_LOW {
            return;
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if let Err(failure) = stream.pump_out(self.link.out()) {
            self.close(id, Some(&failure));
        }
    }

    fn take_signals(&mut self) -> io::Result<()> {
        while let Some(info) = self.signals.read_signal()? {
            if info.ssi_signo != Signal::SIGCHLD as u32 {
                self.ended = Some(Ended::Signalled);
            }
        }
        // One signal may stand for many children, and for orphans that process 1 has inherited.
        loop {
            let (pid, status) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (
                    pid,
                    Status {
                        value: code as u8,
                        signal: false,
                    },
                ),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (
                    pid,
                    Status {
                        value: signal as u8,
                        signal: true,
                    },
                ),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            if let Some(stream) = self
                .streams
                .values_mut()
                .find(|stream| stream.leader == Some(pid))
            {
                stream.leader = None;
                stream.status = Some(status);
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        if !self.link.fill(FILL)? {
            self.ended = Some(Ended::Disconnected);
            return Ok(());
        }
        // What is left below that makes the window a little smaller, and does no harm.
        if self.acks && self.link.unacked() >= LINE_ACK {
            let bytes = self.link.take_unacked();
            self.link.send(0, &Msg::Ack(bytes));
        }
        loop {
            match self.link.next_frame() {
                Ok(Some(frame)) => self.handle(&frame),
                Ok(None) => return Ok(()),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }

    fn handle(&mut self, frame: &Frame) {
        let id = frame.stream;
        let Ok(msg) = Msg::decode(frame) else {
            // Frames are intact, so this is one client's mistake and concerns that client only.
            if frame.kind.opens() || self.streams.contains_key(&id) {
                self.link
                    .send(id, &failed(format!("malformed {:?}", frame.kind)));
                self.close(id, None);
            }
            return;
        };
        match msg {
            Msg::Hello(hello) => self.greet(&hello),
            // Nothing else before the greeting; afterwards only what a supervisor says.
            _ if !self.greeted => {}
            Msg::Ping(value) => self.link.send(0, &Msg::Pong(value)),
            Msg::PowerOff => self.ended = Some(Ended::PowerOff),
            Msg::Spawn(_) | Msg::Put { .. } | Msg::Get { .. } => self.open(id, &msg),
            _ => self.pass_on(id, msg, frame.kind),
        }
    }

    fn greet(&mut self, hello: &Hello) {
        // Another version is the supervisor's to complain about: it has seen our number.
        self.greeted = hello.version == proto::VERSION;
    }

    fn open(&mut self, id: u32, msg: &Msg) {
        if self.streams.contains_key(&id) {
            self.link
                .send(id, &failed("a stream of this number is open already"));
            return self.close(id, None);
        }
        let stream = match msg {
            Msg::Spawn(request) => spawn::spawn(id, request, self.files),
            Msg::Put { path, mode } => spawn::put(id, path, *mode),
            Msg::Get { path, credit } => spawn::get(id, path, *credit),
            _ => return,
        };
        match stream {
            Ok(stream) => {
                self.link.send(id, &Msg::Spawned { credit: WINDOW });
                self.streams.insert(id, stream);
            }
            Err(failure) => self.link.send(id, &failure),
        }
    }

    fn pass_on(&mut self, id: u32, msg: Msg, kind: Kind) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match msg {
            Msg::Data(STDIN, data) => {
                if stream
                    .inlet
                    .as_mut()
                    .is_some_and(|inlet| inlet.receive(&data).is_err())
                {
                    self.link.send(id, &failed("more was sent than granted"));
                    self.close(id, None);
                }
            }
            Msg::Eof(STDIN) => {
                if let Some(inlet) = &mut stream.inlet {
                    inlet.receive_eof();
                }
            }
            Msg::Credit(channel, credit) => {
                for outlet in stream
                    .outlets
                    .iter_mut()
                    .filter(|outlet| outlet.channel == channel)
                {
                    outlet.grant(credit);
                }
            }
            Msg::Stop(channel) => stream.stop(channel),
            Msg::Winsize(size) => {
                if let Some(terminal) = &stream.terminal {
                    spawn::set_winsize(terminal, &size);
                }
            }
            Msg::Signal { number, group } => {
                if let (Some(leader), Ok(signal)) =
                    (stream.leader, Signal::try_from(i32::from(number)))
                {
                    // It may have ended by itself meanwhile; as it is not reaped yet, nobody else has its number.
                    let _ = if group {
                        killpg(leader, signal)
                    } else {
                        kill(leader, signal)
                    };
                }
            }
            Msg::Reset => self.close(id, None),
            _ => {
                self.link.send(id, &failed(format!("unexpected {kind:?}")));
                self.close(id, None);
            }
        }
    }

    /// The programs that still run.
    pub fn leaders(&self) -> impl Iterator<Item = Pid> + '_ {
        self.streams.values().filter_map(|stream| stream.leader)
    }
}
