// SPDX-License-Identifier: GPL-2.0
//! The supervisor's loop.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::console::Console;
use super::kernel::{self, Kernel};
use super::relay::{Relay, QUEUE_LOW};
use super::report::{Report, Spec};
use crate::client::types::Progress;
use crate::link::Link;
use crate::proto::msg::{Hello, Msg};
use crate::proto::VERSION;

/// What is said when everything ended as it should.
pub const POWERED_OFF: &str = "it was powered off";

/// How long clients may take to read their last message.
const BYE_LIMIT: Duration = Duration::from_secs(1);

/// How long the kernel's process may live after its channel has closed: its console may still have something to say.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why it is over.
#[derive(Debug)]
pub enum End {
    /// Somebody asked for it.
    Asked,
    /// Somebody asked for it, and it did not obey.
    Forced,
    /// Something went wrong: this.
    Broken(String),
}

pub(super) enum State {
    /// Waiting for the agent's hello until then.
    Starting(Instant),
    /// In use; what clients are told.
    Running(Vec<u8>),
    /// Asked to end before it was up.
    Aborted,
    /// Asked to end, killed then.
    Ending(Instant),
    /// Its channel has closed for this reason; killed then.
    Dying(String, Instant),
}

/// A supervisor at work.
pub struct Supervisor {
    pub(super) spec: Spec,
    pub(super) starter: Option<File>,
    pub(super) kernel: Kernel,
    pub(super) guest: Link,
    pub(super) console: Console,
    pub(super) console_open: bool,
    pub(super) listener: UnixListener,
    pub(super) signals: SignalFd,
    pub(super) relay: Relay,
    pub(super) hello: Hello,
    pub(super) state: State,
    pub(super) started: Instant,
    pub(super) turn: u64,
    /// Of the lab's directory.
    pub(super) watch: Inotify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Guest,
    GuestHasRoom,
    Console,
    Signals,
    Listener,
    Starter,
    Directory,
    Client(u64),
}

/// Blocks the signals that the supervisor hears through a descriptor instead.
pub fn take_signals() -> io::Result<SignalFd> {
    let mut mask = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT] {
        mask.add(signal);
    }
    let mut blocked = mask;
    blocked.add(Signal::SIGHUP);
    blocked.add(Signal::SIGPIPE);
    blocked.thread_block()?;
    Ok(SignalFd::with_flags(
        &mask,
        SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
    )?)
}

fn watch(spec: &Spec) -> nix::Result<Inotify> {
    let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
    let events =
        AddWatchFlags::IN_DELETE | AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF;
    watch.add_watch(&spec.dir, events)?;
    Ok(watch)
}

impl Supervisor {
    /// Starts the kernel. If that fails, the way to the starter comes back with the reason.
    pub fn start(
        spec: Spec,
        starter: OwnedFd,
        listener: UnixListener,
        signals: SignalFd,
        log: PathBuf,
    ) -> Result<Self, (io::Error, File)> {
        let started = Instant::now();
        let starter = File::from(starter);
        let watch = match watch(&spec) {
            Ok(watch) => watch,
            Err(errno) => return Err((errno.into(), starter)),
        };
        let initrd = spec.initrd.as_ref().map_or(Ok(()), |initrd| initrd.write());
        let parts = initrd
            .and_then(|()| kernel::start(&spec))
            .and_then(|(kernel, link, console)| Ok((kernel, link, Console::new(console, log)?)));
        let (kernel, guest, console) = match parts {
            Ok(parts) => parts,
            Err(error) => return Err((error, starter)),
        };
        let mut supervisor = Supervisor {
            starter: Some(starter),
            kernel,
            guest,
            console,
            console_open: true,
            listener,
            signals,
            relay: Relay::default(),
            hello: Hello {
                version: VERSION,
                window: 0,
                program: env!("CARGO_PKG_VERSION").into(),
                kernel: String::new(),
                trouble: String::new(),
            },
            state: State::Starting(started + Duration::from_millis(spec.boot_limit)),
            started,
            turn: 0,
            watch,
            spec,
        };
        let command = std::iter::once(supervisor.spec.program.display().to_string())
            .chain(supervisor.spec.args.iter().cloned())
            .collect::<Vec<_>>()
            .join(" ");
        supervisor.report(&Report::Progress(Progress::Started { command }));
        Ok(supervisor)
    }

    /// Says something to whoever started this, as long as it listens.
    pub(super) fn report(&mut self, report: &Report) {
        if let (Some(starter), Ok(mut line)) = (&mut self.starter, serde_json::to_string(report)) {
            line.push('\n');
            if starter.write_all(line.as_bytes()).is_err() {
                self.starter = None;
            }
        }
    }

    /// Serves until it is over, then says good-bye.
    pub fn run(mut self) -> End {
        let end = loop {
            match self.step() {
                Ok(None) => {}
                Ok(Some(end)) => break end,
                Err(error) => break End::Broken(format!("the supervisor failed: {error}")),
            }
        };
        self.kernel.kill_and_wait();
        // Whatever happens to the log now, there is an end to report.
        let _ = self.console.fill();
        self.say_goodbye(&end);
        end
    }

    fn step(&mut self) -> io::Result<Option<End>> {
        // Errors of writing show as errors of reading, where they are dealt with.
        let _ = self.guest.flush();
        for client in self.relay.clients.values_mut() {
            let _ = client.link.flush();
        }
        self.turn += 1;
        for who in self.wait()? {
            if let Some(end) = self.attend(who)? {
                return Ok(Some(end));
            }
        }
        self.check_time()
    }

    fn check_time(&mut self) -> io::Result<Option<End>> {
        let now = Instant::now();
        match &self.state {
            State::Starting(limit) if now >= *limit => {
                let seconds = self.spec.boot_limit / 1000;
                Ok(Some(End::Broken(format!(
                    "its agent did not say hello within {seconds} s"
                ))))
            }
            State::Aborted => Ok(Some(End::Asked)),
            State::Ending(limit) if now >= *limit => Ok(Some(End::Forced)),
            State::Dying(reason, limit) if now >= *limit => Ok(Some(End::Broken(reason.clone()))),
            _ => Ok(None),
        }
    }

    fn timeout(&self) -> PollTimeout {
        let limit = match &self.state {
            State::Running(_) => return PollTimeout::NONE,
            State::Aborted => return PollTimeout::ZERO,
            State::Starting(limit) | State::Ending(limit) | State::Dying(_, limit) => limit,
        };
        // Rounded up: waking a little early would only mean to turn around once more.
        let left = limit.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    }

    fn wait(&mut self) -> io::Result<Vec<Who>> {
        let timeout = self.timeout();
        let turns = self.relay.turns(self.turn);
        let mut who = vec![Who::Signals, Who::Listener];
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
        ];
        if !matches!(self.state, State::Dying(..)) {
            fds.push(PollFd::new(self.guest.as_fd(), PollFlags::POLLIN));
            who.push(Who::Guest);
            if self.guest.can_flush() {
                fds.push(PollFd::new(self.guest.writer(), PollFlags::POLLOUT));
                who.push(Who::GuestHasRoom);
            }
        }
        fds.push(PollFd::new(self.watch.as_fd(), PollFlags::POLLIN));
        who.push(Who::Directory);
        if self.console_open {
            fds.push(PollFd::new(self.console.as_fd(), PollFlags::POLLIN));
            who.push(Who::Console);
        }
        if let Some(starter) = &self.starter {
            // Errors only: that it has gone.
            fds.push(PollFd::new(starter.as_fd(), PollFlags::empty()));
            who.push(Who::Starter);
        }
        let to_read = if self.guest.queued() < QUEUE_LOW {
            PollFlags::POLLIN
        } else {
            PollFlags::empty()
        };
        for key in turns {
            if let Some(client) = self.relay.clients.get(&key) {
                fds.push(PollFd::new(
                    client.link.as_fd(),
                    to_read | to_write(&client.link),
                ));
                who.push(Who::Client(key));
            }
        }
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
        Ok(who
            .into_iter()
            .zip(ready)
            .filter(|(_, ready)| *ready)
            .map(|(who, _)| who)
            .collect())
    }

    fn attend(&mut self, who: Who) -> io::Result<Option<End>> {
        match who {
            Who::Guest => return self.hear_guest(),
            // Each step begins with writing.
            Who::GuestHasRoom => {}
            Who::Console => self.console_open = self.console.fill()?,
            Who::Signals => return self.hear_signals(),
            Who::Listener => self.accept(),
            Who::Starter => {
                self.starter = None;
                if matches!(self.state, State::Starting(_)) {
                    return Ok(Some(End::Broken(
                        "the command that started it was interrupted".into(),
                    )));
                }
            }
            Who::Directory => return Ok(self.look_after_directory()),
            Who::Client(key) => self.hear_client(key),
        }
        Ok(None)
    }

    /// Tells everybody who still listens, for a moment.
    fn say_goodbye(&mut self, end: &End) {
        let (reason, log) = match end {
            End::Asked => (POWERED_OFF.to_owned(), String::new()),
            End::Forced => (
                "it did not power off in time and was killed".to_owned(),
                String::new(),
            ),
            End::Broken(reason) => (reason.clone(), self.console.tail()),
        };
        eprintln!("the guest has ended: {reason}");
        self.report(&Report::Failed {
            reason: reason.clone(),
            log: log.clone(),
        });
        self.relay.tell_all(&Msg::Bye { reason, log });
        let deadline = Instant::now() + BYE_LIMIT;
        loop {
            self.relay
                .clients
                .retain(|_, client| client.link.flush().is_ok() && client.link.queued() > 0);
            let left = deadline.saturating_duration_since(Instant::now());
            if self.relay.clients.is_empty() || left.is_zero() {
                return;
            }
            let mut fds: Vec<PollFd<'_>> = self
                .relay
                .clients
                .values()
                .map(|c| PollFd::new(c.link.as_fd(), PollFlags::POLLOUT))
                .collect();
            if poll(
                &mut fds,
                PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO),
            )
            .is_err()
            {
                return;
            }
        }
    }
}

fn to_write(link: &Link) -> PollFlags {
    if link.can_flush() {
        PollFlags::POLLOUT
    } else {
        PollFlags::empty()
    }
}
