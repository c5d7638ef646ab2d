// SPDX-License-Identifier: GPL-2.0

//! The first process of a node: starts its programs, reaps them and whatever else loses its parent, and says how they
//! fare. It ends only with the node.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{killpg, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, setsid, Pid};

use super::control::{Answer, Program, ProgramState, Request, State};
use super::NodeSpec;

/// A request that is longer is nonsense.
const LONGEST: usize = 1 << 20;

struct Init<'a> {
    spec: &'a NodeSpec,
    programs: Vec<Entry>,
    connections: Vec<Connection>,
    /// Number of the connection that came last.
    last: u64,
}

/// A program that was started, and over which connection.
struct Entry {
    state: ProgramState,
    owner: u64,
}

struct Connection {
    number: u64,
    stream: UnixStream,
    input: Vec<u8>,
    alive: bool,
}

/// Never returns: the node ends when it is killed.
pub fn run(listener: UnixListener, spec: &NodeSpec) -> ! {
    match serve(&listener, spec) {
        Ok(never) => match never {},
        // Without its first process the kernel ends the node, which is noticed.
        Err(_) => std::process::exit(1),
    }
}

enum Never {}

fn serve(listener: &UnixListener, spec: &NodeSpec) -> io::Result<Never> {
    detach()?;
    let signals = SigSet::all();
    signals.thread_block()?;
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let signal_fd =
        SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    listener.set_nonblocking(true)?;
    let mut init = Init {
        spec,
        programs: Vec::new(),
        connections: Vec::new(),
        last: 0,
    };
    loop {
        init.wait(listener, &signal_fd)?;
        while let Ok(Some(_)) = signal_fd.read_signal() {}
        init.reap();
        if let Ok((stream, _)) = listener.accept() {
            init.accept(stream);
        }
        for index in 0..init.connections.len() {
            init.read(index);
        }
        init.connections.retain(|connection| connection.alive);
    }
}

/// Lets go of everything that came from the one who made the node.
fn detach() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null");
    let null: OwnedFd = match null {
        Ok(file) => file.into(),
        // A root without devices: a descriptor that reads as the end of a file does as well.
        Err(_) => {
            let (reader, _) = nix::unistd::pipe()?;
            reader
        }
    };
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

impl Init<'_> {
    fn wait(&self, listener: &UnixListener, signal_fd: &SignalFd) -> io::Result<()> {
        let mut fds = vec![
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(signal_fd.as_fd(), PollFlags::POLLIN),
        ];
        for connection in &self.connections {
            fds.push(PollFd::new(connection.stream.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn accept(&mut self, stream: UnixStream) {
        // One that does not read what it is told must not keep the node waiting.
        if stream.set_nonblocking(true).is_ok() {
            self.last += 1;
            self.connections.push(Connection {
                number: self.last,
                stream,
                input: Vec::new(),
                alive: true,
            });
        }
    }

    fn read(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        let mut buffer = [0; 4096];
        loop {
            match connection.stream.read(&mut buffer) {
                Ok(0) => connection.alive = false,
                Ok(length) => {
                    connection.input.extend_from_slice(&buffer[..length]);
                    if connection.input.len() > LONGEST {
                        connection.alive = false;
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => connection.alive = false,
            }
            break;
        }
        while let Some(end) = self.connections[index]
            .input
            .iter()
            .position(|b| *b == b'\n')
        {
            let line: Vec<u8> = self.connections[index].input.drain(..=end).collect();
            let answer = match serde_json::from_slice(&line) {
                Ok(request) => self.answer(request, index),
                Err(error) => Answer::Refused(error.to_string()),
            };
            self.connections[index].send(&answer);
        }
    }

    fn answer(&mut self, request: Request, index: usize) -> Answer {
        match request {
            Request::Start(program) => match self.start(&program) {
                Ok(process) => {
                    self.programs
                        .retain(|entry| entry.state.name != program.name);
                    self.programs.push(Entry {
                        state: ProgramState {
                            name: program.name,
                            process,
                            state: State::Running,
                        },
                        owner: self.connections[index].number,
                    });
                    Answer::Started(process)
                }
                Err(error) => Answer::NotStarted(error),
            },
            Request::Status => Answer::Status(
                self.programs
                    .iter()
                    .map(|entry| entry.state.clone())
                    .collect(),
            ),
            Request::Signal(name, signal) => self.signal(&name, signal, index),
        }
    }

    fn start(&self, program: &Program) -> Result<i32, String> {
        let (path, arguments) = program.argv.split_first().ok_or("it has no program")?;
        if self.running(&program.name).is_some() {
            return Err("it runs already".into());
        }
        let log = format!("/var/log/{}.log", program.name);
        let output = open_log(&log).map_err(|error| format!("cannot open {log}: {error}"))?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(path);
        command
            .args(arguments)
            .env_clear()
            .envs(environment(self.spec))
            .envs(&program.env)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        // SAFETY: both calls are async-signal-safe.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(|| {
                // We take all signals by descriptor; programs must get theirs.
                SigSet::empty().thread_set_mask()?;
                setsid().map(drop).map_err(io::Error::from)
            });
        }
        match command.spawn() {
            // The handle is dropped: the child is reaped like all others.
            Ok(child) => Ok(child.id() as i32),
            Err(error) => Err(format!("{path}: {}", plain(&error))),
        }
    }

    fn running(&self, name: &str) -> Option<i32> {
        self.programs
            .iter()
            .map(|entry| &entry.state)
            .find(|state| state.name == name && state.state == State::Running)
            .map(|state| state.process)
    }

    fn signal(&mut self, name: &str, signal: i32, index: usize) -> Answer {
        let asking = self.connections[index].number;
        let Some(entry) = self
            .programs
            .iter_mut()
            .find(|entry| entry.state.name == name && entry.state.state == State::Running)
        else {
            return Answer::NotRunning;
        };
        entry.owner = asking;
        // The whole group: a shell's line is more than the shell.
        let group = Pid::from_raw(entry.state.process);
        match Signal::try_from(signal).and_then(|signal| killpg(group, signal)) {
            Ok(()) => Answer::Sent,
            Err(error) => Answer::Refused(error.desc().into()),
        }
    }

    fn reap(&mut self) {
        loop {
            let (process, state) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(process, status)) => (process, State::Exited(status)),
                Ok(WaitStatus::Signaled(process, signal, _)) => {
                    (process, State::Killed(signal as i32))
                }
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(_) => continue,
            };
            self.ended(process.as_raw(), state);
        }
    }

    fn ended(&mut self, process: i32, state: State) {
        let Some(entry) = self
            .programs
            .iter_mut()
            .find(|entry| entry.state.process == process && entry.state.state == State::Running)
        else {
            return;
        };
        entry.state.state = state;
        let news = Answer::Ended(entry.state.name.clone(), state);
        let owner = entry.owner;
        if let Some(connection) = self
            .connections
            .iter_mut()
            .find(|connection| connection.number == owner)
        {
            connection.send(&news);
        }
    }
}

impl Connection {
    fn send(&mut self, answer: &Answer) {
        let mut line = serde_json::to_vec(answer).unwrap_or_default();
        line.push(b'\n');
        if self.stream.write_all(&line).is_err() {
            self.alive = false;
        }
    }
}

/// Environment of what runs in a node.
fn environment(spec: &NodeSpec) -> BTreeMap<String, String> {
    let mut list = super::enter::base_environment();
    list.extend(spec.env.clone());
    list
}

/// Opened for appending, so that a log that is cut short while the program runs stays readable.
fn open_log(path: &str) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}
