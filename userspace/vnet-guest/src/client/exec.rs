// SPDX-License-Identifier: GPL-2.0
//! Running a program in the guest with its streams, terminal and signals connected to this process.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::Signal;

use super::conn::{Conn, End, Stream};
use super::pump::{self, Target};
use super::signals::Taken;
use super::terminal::{self, Raw};
use super::types::{ExecIo, ExecRequest, Input, Output, Sink, Tty};
use crate::error::{Error, Result};
use crate::proto::frame::MAX_PAYLOAD;
use crate::proto::msg::{Failure, Msg, Spawn, STDERR, STDOUT};
use crate::proto::WINDOW;

/// After so many requests to stop that nothing in the guest has answered, this process gives up on it.
const PATIENCE: usize = 3;

/// How long a guest may take then to answer a ping.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Runs a program and returns when it has ended and its output is written.
pub fn run(conn: &Arc<Conn>, request: &ExecRequest, io: ExecIo) -> Result<Output> {
    let inherit = matches!(io.stdin, Input::Inherit);
    let own_terminal = matches!((&io.stdin, &io.stdout), (Input::Inherit, Sink::Inherit))
        && io::stdin().is_terminal()
        && io::stdout().is_terminal();
    let tty = match request.tty {
        Tty::Auto => own_terminal,
        Tty::Always => true,
        Tty::Never => false,
    };
    let spawn = spawn_message(request, tty)?;
    // Before the program starts, so that no signal and no keystroke is lost in between.
    let taken = inherit
        .then(Taken::new)
        .transpose()
        .map_err(Error::io("cannot take signals"))?;
    let raw = (tty && own_terminal)
        .then(Raw::new)
        .transpose()
        .map_err(Error::errno("cannot set up the terminal"))?;
    let stream = conn.open(&spawn)?;
    let run = Run {
        conn,
        stream: &stream,
        raw: raw.as_ref(),
        tty,
    };
    let result = run.connect(io, taken.as_ref());
    conn.close(&stream);
    result.map_err(|error| name_program(error, request))
}

fn name_program(error: Error, request: &ExecRequest) -> Error {
    match error {
        Error::Agent { reason, .. } => {
            let program = request
                .argv
                .first()
                .map(|arg| arg.to_string_lossy().into_owned())
                .unwrap_or_default();
            Error::Agent {
                what: format!("cannot run {program}"),
                reason,
            }
        }
        error => error,
    }
}

fn spawn_message(request: &ExecRequest, tty: bool) -> Result<Msg> {
    let mut env = Vec::new();
    if let Some(term) = std::env::var_os("TERM").filter(|_| tty) {
        env.push([b"TERM=", term.as_bytes()].concat());
    }
    env.extend(
        request
            .env
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()),
    );
    let argv: Vec<Vec<u8>> = request
        .argv
        .iter()
        .map(|arg| arg.as_bytes().to_vec())
        .collect();
    let length: usize = argv.iter().chain(&env).map(|s| s.len() + 4).sum();
    if length > MAX_PAYLOAD - 8192 {
        return Err(Error::Agent {
            what: "cannot run this".into(),
            reason: format!(
                "arguments and environment of {length} bytes are too long, use stdin or a file"
            ),
        });
    }
    Ok(Msg::Spawn(Spawn {
        argv,
        env,
        cwd: request
            .cwd
            .as_ref()
            .map(|dir| dir.as_os_str().as_bytes().to_vec())
            .unwrap_or_default(),
        tty: tty.then(terminal::size),
        credit: WINDOW,
    }))
}

struct Run<'a> {
    conn: &'a Arc<Conn>,
    stream: &'a Arc<Stream>,
    raw: Option<&'a Raw>,
    tty: bool,
}

impl Run<'_> {
    fn connect(&self, io: ExecIo, taken: Option<&Taken>) -> Result<Output> {
        let eventfd = || {
            EventFd::from_flags(EfdFlags::EFD_CLOEXEC)
                .map_err(Error::errno("cannot make an eventfd"))
        };
        let (wake, over) = (eventfd()?, eventfd()?);
        let mut stdout = Vec::new();
        let mut stderr = Vec::new();
        let (out, err) = (io::stdout(), io::stderr());
        let given_up = Arc::new(AtomicBool::new(false));
        let (written_out, written_err) = thread::scope(|scope| {
            let to_stdout = target(io.stdout, out.as_fd(), &mut stdout);
            let to_stderr = target(io.stderr, err.as_fd(), &mut stderr);
            let first = scope.spawn(|| pump::output(self.conn, self.stream, STDOUT, to_stdout));
            let second = scope.spawn(|| pump::output(self.conn, self.stream, STDERR, to_stderr));
            let wake_fd = wake.as_fd();
            match io.stdin {
                Input::Inherit => drop(
                    scope.spawn(move || pump::input_from_stdin(self.conn, self.stream, wake_fd)),
                ),
                Input::Null => pump::input_from_bytes(self.conn, self.stream, &[]),
                Input::Bytes(bytes) => {
                    drop(
                        scope.spawn(move || pump::input_from_bytes(self.conn, self.stream, &bytes)),
                    );
                }
                Input::Reader(mut reader) => {
                    // Not in the scope: nobody can make a reader return.
                    let (conn, stream) = (Arc::clone(self.conn), Arc::clone(self.stream));
                    thread::spawn(move || {
                        // An input that cannot be read any further ends there.
                        if pump::input_from_reader(&conn, &stream, &mut reader).is_err() {
                            conn.send(stream.id, &Msg::Eof(crate::proto::msg::STDIN));
                        }
                    });
                }
            }
            // The outputs' threads end with the program; then everybody else may, too.
            if let Some(taken) = taken {
                let (stream, over) = (self.stream, &over);
                scope.spawn(move || {
                    stream.wait(|state| state.end.is_some().then_some(()));
                    // Its counter is far from full, here and below.
                    let _ = over.write(1);
                });
                let (sender, jobs) = mpsc::channel();
                scope.spawn(move || {
                    jobs.iter()
                        .for_each(|msg| self.conn.send(self.stream.id, &msg))
                });
                self.forward(taken, over.as_fd(), &sender, &given_up);
            }
            let joined = (first.join(), second.join());
            let _ = wake.write(1);
            joined
        });
        let status = match self.stream.wait(|state| state.end.clone()) {
            End::Exit(status) => status,
            End::Failed(Failure::NotFound, program) => return Err(Error::NotFound { program }),
            End::Failed(Failure::NotExecutable, text) => {
                let (program, reason) = text
                    .split_once('\n')
                    .unwrap_or((&text, "permission denied"));
                return Err(Error::NotExecutable {
                    program: program.into(),
                    reason: reason.into(),
                });
            }
            End::Failed(Failure::Other, reason) => {
                return Err(Error::Agent {
                    what: String::new(),
                    reason,
                })
            }
            End::Lost if given_up.load(Ordering::Relaxed) => {
                return Err(Error::Agent {
                    what: String::new(),
                    reason: "the guest does not answer".into(),
                });
            }
            End::Lost => return Err(self.conn.lost()),
        };
        for (name, written) in [("stdout", written_out), ("stderr", written_err)] {
            match written {
                Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    return Err(Error::io(format!("cannot write to {name}"))(error));
                }
                Ok(_) => {}
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    /// Passes signals on until `over` is readable. Sending is another thread's work: with a guest that stands still the
    /// socket may be full, and signals must go on arriving.
    fn forward(
        &self,
        taken: &Taken,
        over: BorrowedFd<'_>,
        to_guest: &Sender<Msg>,
        given_up: &Arc<AtomicBool>,
    ) {
        let mut asked = 0;
        // The receiver lives as long as the stream does.
        let send = |msg| drop(to_guest.send(msg));
        loop {
            let Some(signals) = taken.fd() else { return };
            let mut fds = [
                PollFd::new(over, PollFlags::POLLIN),
                PollFd::new(signals, PollFlags::POLLIN),
            ];
            if poll(&mut fds, PollTimeout::NONE).is_err() {
                continue;
            }
            if fds[0].any().unwrap_or(true) {
                return;
            }
            for signal in taken.take() {
                match signal {
                    Signal::SIGWINCH => {}
                    Signal::SIGCONT => {
                        // Without a terminal any more there will be a hang-up soon.
                        let _ = self.raw.map(Raw::again);
                    }
                    _ => {
                        // What a keyboard sends goes to all that the program has started, as from a terminal here.
                        let group = matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
                        send(Msg::Signal {
                            number: signal as u8,
                            group,
                        });
                        asked += 1;
                        if asked > PATIENCE {
                            self.check_guest(given_up);
                        }
                        continue;
                    }
                }
                if self.tty {
                    send(Msg::Winsize(terminal::size()));
                }
            }
        }
    }

    /// A program may ignore signals, that is its right. A guest that does not even answer is given up.
    fn check_guest(&self, given_up: &Arc<AtomicBool>) {
        let (conn, given_up) = (Arc::clone(self.conn), Arc::clone(given_up));
        let (sender, answer) = mpsc::channel();
        let asking = Arc::clone(&conn);
        thread::spawn(move || sender.send(asking.ping(ANSWER_LIMIT).is_ok()));
        thread::spawn(move || {
            if answer.recv_timeout(ANSWER_LIMIT) != Ok(true) {
                given_up.store(true, Ordering::Relaxed);
                conn.shutdown();
            }
        });
    }
}

fn target<'a>(sink: Sink, inherited: BorrowedFd<'a>, memory: &'a mut Vec<u8>) -> Target<'a> {
    match sink {
        Sink::Inherit => Target::Fd(inherited),
        Sink::Null => Target::Null,
        Sink::Capture => Target::Memory(memory),
        Sink::Writer(writer) => Target::Writer(writer),
    }
}
