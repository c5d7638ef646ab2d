// SPDX-License-Identifier: GPL-2.0
//! Opening streams: starting programs, opening files.

#![allow(unsafe_code)] // The child's set-up between fork and exec, and a terminal's size.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::libc;
use nix::pty::openpty;
use nix::sys::resource::{setrlimit, Resource};
use nix::sys::signal::{signal, SigHandler, SigSet, Signal};
use nix::unistd::{setsid, Pid};

use super::stream::{failed, Inlet, Outlet, Pending, Status, Stream};
use crate::link::set_nonblocking;
use crate::proto::msg::{Failure, Msg, Spawn, Winsize, STDERR, STDOUT};

/// What a program finds in its environment unless the request says otherwise.
const ENVIRONMENT: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/lib/vnet:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("LANG", "C.UTF-8"),
];

mod ioctl {
    use nix::libc;
    nix::ioctl_write_ptr_bad!(set_winsize, libc::TIOCSWINSZ, libc::winsize);
    nix::ioctl_write_int_bad!(set_controlling, libc::TIOCSCTTY);
}

fn kernel_winsize(size: &Winsize) -> libc::winsize {
    libc::winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: size.width,
        ws_ypixel: size.height,
    }
}

/// Tells a terminal its size; the program in it gets `SIGWINCH`.
pub fn set_winsize(terminal: &OwnedFd, size: &Winsize) {
    // SAFETY: the pointer is to a winsize that lives for the call, which TIOCSWINSZ only reads.
    // A terminal whose program has just gone may refuse: nobody is left to care.
    let _ = unsafe { ioctl::set_winsize(terminal.as_raw_fd(), &kernel_winsize(size)) };
}

fn base_command(spawn: &Spawn) -> Result<Command, Msg> {
    let [program, args @ ..] = spawn.argv.as_slice() else {
        return Err(failed("no program was named"));
    };
    let mut command = Command::new(OsStr::from_bytes(program));
    command.args(args.iter().map(|arg| OsStr::from_bytes(arg)));
    command.env_clear().envs(ENVIRONMENT);
    for variable in &spawn.env {
        let at = variable
            .iter()
            .position(|byte| *byte == b'=')
            .filter(|at| *at > 0);
        let (name, value) = at
            .map(|at| variable.split_at(at))
            .ok_or_else(|| failed("a variable without a name"))?;
        command.env(OsStr::from_bytes(name), OsStr::from_bytes(&value[1..]));
    }
    let cwd = if spawn.cwd.is_empty() {
        Path::new("/")
    } else {
        Path::new(OsStr::from_bytes(&spawn.cwd))
    };
    // Checked here because the error of a failed start does not say whether it was the program or the directory.
    match cwd.metadata() {
        Ok(meta) if meta.is_dir() => command.current_dir(cwd),
        Ok(_) => return Err(failed(format!("{}: not a directory", cwd.display()))),
        Err(error) => return Err(failed(format!("{}: {error}", cwd.display()))),
    };
    Ok(command)
}

/// Why a program did not start.
fn not_started(program: &[u8], error: &io::Error) -> Msg {
    let program = String::from_utf8_lossy(program);
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR) => Msg::Failed {
            why: Failure::NotFound,
            text: program.into_owned(),
        },
        Some(libc::EACCES | libc::ENOEXEC | libc::EISDIR | libc::EPERM | libc::ETXTBSY) => {
            Msg::Failed {
                why: Failure::NotExecutable,
                text: format!("{program}\n{error}"),
            }
        }
        _ => failed(format!("cannot start {program}: {error}")),
    }
}

/// Starts a program. `files` are the soft and hard limits of open files that it is to have.
pub fn spawn(id: u32, spawn: &Spawn, files: (u64, u64)) -> Result<Stream, Msg> {
    let mut command = base_command(spawn)?;
    let terminal = spawn.tty.is_some();
    // SAFETY: between fork and exec the closure only makes system calls (sigprocmask, setsid, ioctl, setrlimit),
    // which are async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            // A session of its own: signals to its group reach what it starts, and nothing else.
            setsid()?;
            // What the agent does not want to be interrupted by is no business of the program's, nor what
            // is ignored here since the guest was started under nohup or in the background of a script.
            SigSet::empty().thread_set_mask()?;
            for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
                signal(ignored, SigHandler::SigDfl)?;
            }
            if terminal {
                ioctl::set_controlling(0, 0)?;
            }
            setrlimit(Resource::RLIMIT_NOFILE, files.0, files.1)?;
            Ok(())
        });
    }
    let started = match &spawn.tty {
        Some(size) => on_terminal(id, &mut command, size, spawn.credit),
        None => on_pipes(id, &mut command, spawn.credit),
    };
    started.map_err(|error| not_started(&spawn.argv[0], &error))
}

fn on_terminal(id: u32, command: &mut Command, size: &Winsize, credit: u32) -> io::Result<Stream> {
    let pty = openpty(&kernel_winsize(size), None)?;
    cloexec(&pty.master)?;
    cloexec(&pty.slave)?;
    set_nonblocking(&pty.master)?;
    command
        .stdin(pty.slave.try_clone()?)
        .stdout(pty.slave.try_clone()?)
        .stderr(pty.slave);
    let child = command.spawn();
    // The command keeps its ends of the terminal open otherwise, and the terminal would never hang up.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let leader = Pid::from_raw(child?.id() as i32);
    Ok(Stream {
        id,
        leader: Some(leader),
        status: None,
        inlet: Some(Inlet::new(pty.master.try_clone()?, true)),
        outlets: vec![Outlet::new(pty.master.try_clone()?, STDOUT, credit)],
        terminal: Some(pty.master),
        pending: None,
    })
}

fn on_pipes(id: u32, command: &mut Command, credit: u32) -> io::Result<Stream> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let leader = Pid::from_raw(child.id() as i32);
    let gone = || io::Error::other("a pipe is missing");
    let ours = |fd: OwnedFd| set_nonblocking(&fd).map(|()| fd);
    let stdin = ours(child.stdin.take().ok_or_else(gone)?.into())?;
    let stdout = ours(child.stdout.take().ok_or_else(gone)?.into())?;
    let stderr = ours(child.stderr.take().ok_or_else(gone)?.into())?;
    Ok(Stream {
        id,
        leader: Some(leader),
        status: None,
        inlet: Some(Inlet::new(stdin, false)),
        outlets: vec![
            Outlet::new(stdout, STDOUT, credit),
            Outlet::new(stderr, STDERR, credit),
        ],
        terminal: None,
        pending: None,
    })
}

fn cloexec(fd: impl AsFd) -> io::Result<()> {
    use nix::fcntl::{fcntl, FcntlArg, FdFlag};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}

fn file_failure(path: &Path, error: &io::Error) -> Msg {
    match error.kind() {
        ErrorKind::NotFound => Msg::Failed {
            why: Failure::NotFound,
            text: path.display().to_string(),
        },
        _ => failed(format!("{}: {error}", path.display())),
    }
}

/// Opens a file for writing, beside its final place.
pub fn put(id: u32, path: &[u8], mode: u32) -> Result<Stream, Msg> {
    let path = PathBuf::from(OsStr::from_bytes(path));
    let mut name = path
        .file_name()
        .map(OsString::from)
        .ok_or_else(|| failed("no file was named"))?;
    name.push(format!(".vnet-{id}"));
    let temporary = path.with_file_name(name);
    // A directory in the place of the file would be noticed only in the end, after everything was sent.
    if path.is_dir() {
        return Err(failed(format!("{}: is a directory", path.display())));
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(|error| file_failure(&path, &error))?;
    let pending = Pending { temporary, path };
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o7777))
        .map_err(|error| file_failure(&pending.path, &error))?;
    Ok(Stream {
        id,
        leader: None,
        status: None,
        inlet: Some(Inlet::new(file.into(), false)),
        outlets: Vec::new(),
        terminal: None,
        pending: Some(pending),
    })
}

/// Opens a file for reading.
pub fn get(id: u32, path: &[u8], credit: u32) -> Result<Stream, Msg> {
    let path = PathBuf::from(OsStr::from_bytes(path));
    // Non-blocking, so that a FIFO or a device cannot hold up everybody.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&path)
        .and_then(|file: File| {
            if file.metadata()?.is_dir() {
                Err(ErrorKind::IsADirectory.into())
            } else {
                Ok(file)
            }
        })
        .map_err(|error| file_failure(&path, &error))?;
    Ok(Stream {
        id,
        leader: None,
        status: Some(Status {
            value: 0,
            signal: false,
        }),
        inlet: None,
        outlets: vec![Outlet::new(file.into(), STDOUT, credit)],
        terminal: None,
        pending: None,
    })
}
