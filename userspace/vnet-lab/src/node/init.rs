// SPDX-License-Identifier: GPL-2.0

//! The first process of a node that is awake: starts its programs, reaps them and whatever else loses its parent, and
//! says how they fare. It ends only with the node.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::prctl;
use nix::sys::signal::{killpg, signal, SigHandler, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{setsid, Pid};

use super::control::{Answer, Program, ProgramState, Request, State};
use super::rest::{CONNECTION, LISTENER, SPEC};
use super::{setup, NodeSpec, Order};

/// A request that is longer is nonsense.
const LONGEST: usize = 1 << 20;

struct Init<'a> {
    spec: &'a NodeSpec,
    /// Why the node is of no use, if it could not be made what its spec says.
    problem: Option<String>,
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

/// What [`super::rest`] has left, from its descriptors. Never returns: the node ends when it is killed.
pub fn awake() -> ! {
    let _ = prctl::set_name(c"vnet-init");
    let first = inherited(CONNECTION).map(UnixStream::from);
    let ended = match (inherited(LISTENER), inherited(SPEC)) {
        (Some(listener), Some(spec)) => serve(&listener.into(), first, spec.into()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    match ended {
        Ok(never) => match never {},
        // Without its first process the kernel ends the node, which is noticed.
        Err(_) => std::process::exit(1),
    }
}

enum Never {}

/// A descriptor that was open when the program began.
fn inherited(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: the descriptor is not used by anyone else: nothing has been opened before, and each is asked for once.
    #[allow(unsafe_code)]
    unsafe {
        let flags = libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
        (flags >= 0).then(|| OwnedFd::from_raw_fd(descriptor))
    }
}

fn serve(listener: &UnixListener, first: Option<UnixStream>, spec: File) -> io::Result<Never> {
    let mut order: Order = serde_json::from_reader(BufReader::new(spec))?;
    let spec = order.nodes.pop().ok_or(io::ErrorKind::InvalidData)?;
    let problem = setup::prepare(&spec, &order.hosts).err();
    let signals = SigSet::all();
    signals.thread_block()?;
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let signal_fd =
        SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    listener.set_nonblocking(true)?;
    let mut init = Init {
        spec: &spec,
        problem: problem.map(|problem| problem.to_string()),
        programs: Vec::new(),
        connections: Vec::new(),
        last: 0,
    };
    if let Some(stream) = first {
        init.accept(stream);
    }
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
        if let Some(problem) = &self.problem {
            return Answer::Refused(problem.clone());
        }
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
        // SAFETY: these are system calls only; the process has one thread, so even what allocates would do no harm.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(|| {
                // The node's first process is spared when memory runs out; programs are not.
                let _ = std::fs::write("/proc/self/oom_score_adj", "0");
                // We take all signals by descriptor; programs must get theirs, also those that are ignored
                // here since the lab was brought up under nohup or in the background of a script.
                SigSet::empty().thread_set_mask()?;
                for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
                    signal(ignored, SigHandler::SigDfl)?;
                }
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
