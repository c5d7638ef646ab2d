// SPDX-License-Identifier: GPL-2.0
//! What the supervisor hears, and what it does about it.

use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::relay::{Asked, QUEUE_LOW, TURN};
use super::report::Report;
use super::run::{End, State, Supervisor, LAST_WORDS};
use crate::client::types::{GuestInfo, Progress};
use crate::link::{Link, FILL};
use crate::proto::frame::Frame;
use crate::proto::msg::{Kind, Msg};
use crate::proto::VERSION;

impl Supervisor {
    pub(super) fn hear_signals(&mut self) -> io::Result<Option<End>> {
        while let Some(info) = self.signals.read_signal()? {
            if info.ssi_signo != Signal::SIGCHLD as u32 {
                if let Some(end) = self.power_off() {
                    return Ok(Some(end));
                }
            }
        }
        let ending = matches!(self.state, State::Ending(_));
        let Some(how) = self.kernel.ended().map(str::to_owned) else {
            return Ok(None);
        };
        Ok(Some(if ending { End::Asked } else { End::Broken(how) }))
    }

    pub(super) fn accept(&mut self) {
        // Errors concern the one that wanted to connect, or come again.
        let Ok((socket, _)) = self.listener.accept() else {
            return;
        };
        let Ok(link) = Link::new(socket.into()) else {
            return;
        };
        let ready = match &self.state {
            State::Running(ready) => Some(ready.as_slice()),
            _ => None,
        };
        self.relay.add(link, &self.hello, ready);
    }

    /// Asks the guest to power off. If it is not up yet there is nothing to be careful with.
    fn power_off(&mut self) -> Option<End> {
        match self.state {
            State::Starting(_) => Some(End::Asked),
            State::Running(_) => {
                self.guest.send(0, &Msg::PowerOff);
                self.state =
                    State::Ending(Instant::now() + Duration::from_millis(self.spec.end_limit));
                None
            }
            State::Aborted | State::Ending(_) | State::Dying(..) => None,
        }
    }

    pub(super) fn hear_client(&mut self, key: u64) {
        let Some(client) = self.relay.clients.get_mut(&key) else {
            return;
        };
        if self.guest.queued() >= QUEUE_LOW {
            return;
        }
        if !matches!(client.link.fill(TURN), Ok(true)) {
            return self.relay.remove(key, &mut self.guest);
        }
        loop {
            let Some(client) = self.relay.clients.get_mut(&key) else {
                return;
            };
            let asked = match client.link.next_frame() {
                Ok(Some(frame)) => self.relay.take_from_client(key, &frame, &mut self.guest),
                Ok(None) => return,
                Err(error) => Asked::Nonsense(error.to_string()),
            };
            match asked {
                Asked::Nothing => {}
                Asked::PowerOff => {
                    if self.power_off().is_some() {
                        self.state = State::Aborted;
                    }
                }
                Asked::Nonsense(what) => {
                    eprintln!("a client was sent away: {what}");
                    return self.relay.remove(key, &mut self.guest);
                }
            }
        }
    }

    pub(super) fn hear_guest(&mut self) -> io::Result<Option<End>> {
        if !self.guest.fill(FILL)? {
            let (reason, limit) = match self.state {
                State::Ending(limit) => (String::new(), limit),
                _ => (
                    "its line was closed".to_owned(),
                    Instant::now() + LAST_WORDS,
                ),
            };
            let ending = matches!(self.state, State::Ending(_));
            self.state = State::Dying(reason, limit);
            // The kernel's process usually says why; its end comes as a signal.
            return Ok(match self.kernel.ended().map(str::to_owned) {
                _ if ending => {
                    self.state = State::Ending(limit);
                    self.kernel.kill();
                    None
                }
                Some(how) => Some(End::Broken(how)),
                None => None,
            });
        }
        loop {
            match self.guest.next_frame() {
                Ok(Some(frame)) => {
                    if let Some(end) = self.handle(&frame) {
                        return Ok(Some(end));
                    }
                }
                Ok(None) => return Ok(None),
                Err(error) => {
                    return Ok(Some(End::Broken(format!(
                        "its agent is not to be understood: {error}"
                    ))))
                }
            }
        }
    }

    fn handle(&mut self, frame: &Frame) -> Option<End> {
        if let Ok(Msg::Ack(bytes)) = Msg::decode(frame) {
            self.guest.acked(bytes);
            return None;
        }
        if frame.kind != Kind::Hello {
            if let Some(key) = self.relay.take_from_guest(frame) {
                self.relay.remove(key, &mut self.guest);
            }
            return None;
        }
        if !matches!(self.state, State::Starting(_)) {
            return None;
        }
        let Ok(Msg::Hello(hello)) = Msg::decode(frame) else {
            return Some(End::Broken("its agent's greeting is malformed".into()));
        };
        if hello.version != VERSION {
            return Some(End::Broken(format!(
                "its agent speaks protocol {}, this tool {VERSION}; run: {}",
                hello.version,
                self.spec.form.make_hint()
            )));
        }
        if !hello.trouble.is_empty() {
            return Some(End::Broken(hello.trouble));
        }
        let info = GuestInfo {
            lab: self.spec.lab.clone(),
            form: self.spec.form,
            kernel: hello.kernel,
            agent: hello.program,
            boot_ms: self.started.elapsed().as_millis() as u64,
        };
        let Ok(ready) = serde_json::to_vec(&info) else {
            return Some(End::Broken("cannot describe the guest".into()));
        };
        if let Some(initrd) = &self.spec.initrd {
            // It has been read; the directory is in memory, as a rule.
            let _ = std::fs::remove_file(&initrd.path);
        }
        self.guest.set_window(hello.window);
        self.guest.send(0, &Msg::Hello(self.hello.clone()));
        self.relay.tell_all(&Msg::Ready(ready.clone()));
        self.state = State::Running(ready);
        self.report(&Report::Progress(Progress::Ready { info }));
        self.starter = None;
        None
    }

    /// The lab's directory has changed. If it has been taken away, nobody can find this guest any more (a log-out
    /// clears the user's runtime directory): it must not stay.
    pub(super) fn look_after_directory(&mut self) -> Option<End> {
        // Only that there was something is of interest.
        let _ = self.watch.read_events();
        if self.spec.dir.join("lock").exists() {
            return None;
        }
        eprintln!("{} has been removed", self.spec.dir.display());
        self.power_off()
    }
}
