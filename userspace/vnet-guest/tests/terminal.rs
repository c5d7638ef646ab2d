// SPDX-License-Identifier: GPL-2.0
//! The command in a terminal, and its signals.

#![allow(unsafe_code)] // A terminal's size, and what a program begins with.

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{eventually, runs, send, sh, Lab};
use nix::fcntl::{fcntl, FcntlArg, FdFlag};
use nix::pty::{openpty, Winsize};
use nix::sys::signal::{signal, SigHandler, Signal};
use nix::sys::termios::{tcgetattr, LocalFlags};
use nix::unistd::Pid;
use vnet_guest::{ExecIo, ExecRequest, Input, Sink, Tty};

mod ioctl {
    use nix::libc;
    nix::ioctl_write_ptr_bad!(set_winsize, libc::TIOCSWINSZ, libc::winsize);
}

/// The command-line program on a terminal of its own.
struct Session {
    master: File,
    slave: OwnedFd,
    child: Child,
    seen: String,
}

impl Session {
    fn new(lab: &Lab, words: &[&str]) -> Session {
        let size = Winsize {
            ws_row: 33,
            ws_col: 77,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        for fd in [&pty.master, &pty.slave] {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        let inner = lab.program("exec", &[], words);
        let stdio = || Stdio::from(pty.slave.try_clone().unwrap());
        // A session with this terminal, as a shell would have.
        let child = heedful(&mut Command::new("setsid"))
            .args(["--ctty", "--wait"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env("VNET_RUNTIME_DIR", common::runtime())
            .env("TERM", "vt52")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        Session {
            master: pty.master.into(),
            slave: pty.slave,
            child,
            seen: String::new(),
        }
    }

    fn expect(&mut self, text: &str) {
        let mut buffer = [0; 1024];
        while !self.seen.contains(text) {
            let n = self.master.read(&mut buffer).unwrap();
            self.seen += &String::from_utf8_lossy(&buffer[..n]);
        }
        let at = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..at);
    }

    fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave)
            .unwrap()
            .local_flags
            .intersects(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    fn status(mut self) -> Option<i32> {
        let status = self.child.wait().unwrap().code();
        assert!(!self.is_raw(), "the terminal is put back");
        status
    }
}

#[test]
fn a_shell_on_a_terminal() {
    let lab = Lab::new("shell");
    let mut session = Session::new(&lab, &["sh"]);
    session.type_in("echo size=`stty size` term=$TERM tty=`tty`\n");
    session.expect("size=33 77 term=vt52 tty=/dev/pts/");
    assert!(session.is_raw());
    let size = Winsize {
        ws_row: 50,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the pointer is to a winsize that lives for the call.
    unsafe { ioctl::set_winsize(std::os::fd::AsRawFd::as_raw_fd(&session.slave), &size) }.unwrap();
    session.type_in("sleep 0.3; stty size\n");
    session.expect("50 100");
    // What the keyboard sends goes to the program there, not to the one here.
    session.type_in("sleep 1000\n");
    std::thread::sleep(Duration::from_millis(200));
    session.type_in("\x03");
    session.type_in("echo status=$?\n");
    session.expect("status=130");
    session.type_in("exit 42\n");
    assert_eq!(session.status(), Some(42));
}

#[test]
fn end_of_file_on_a_terminal() {
    let lab = Lab::new("ctrl-d");
    let mut session = Session::new(&lab, &["cat"]);
    session.type_in("hello\n");
    session.expect("hello\r\nhello\r\n");
    session.type_in("\x04");
    assert_eq!(session.status(), Some(0));
}

#[test]
fn a_terminal_that_goes_hangs_up_on_the_program() {
    let lab = Lab::new("hangup");
    let mut session = Session::new(&lab, &["sh", "-c", "echo here; exec sleep 424242"]);
    session.expect("here");
    eventually("it runs", || runs("sleep 424242"));
    drop(session.master);
    drop(session.slave);
    eventually("it ends", || !runs("sleep 424242"));
    session.child.wait().unwrap();
}

#[test]
fn a_terminal_from_a_program() {
    let lab = Lab::new("asked-for");
    let request = ExecRequest {
        tty: Tty::Always,
        ..sh("tty; cat; echo done")
    };
    let io = ExecIo {
        stdin: Input::Bytes(b"typed\n".to_vec()),
        stdout: Sink::Capture,
        stderr: Sink::Capture,
    };
    let output = lab.guest.exec_output(&request, io).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("/dev/pts/") && text.contains("typed\r\n") && text.ends_with("done\r\n"),
        "{text}"
    );
    assert!(output.status.success());
}

/// Lets a command heed the signals that are ignored under nohup and in the background of a script, here
/// and in whatever is started.
fn heedful(command: &mut Command) -> &mut Command {
    // SAFETY: Between fork and exec there are but system calls.
    unsafe {
        command.pre_exec(|| {
            for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
                signal(ignored, SigHandler::SigDfl)?;
            }
            Ok(())
        })
    }
}

fn start(lab: &Lab, script: &str) -> (Child, Pid) {
    let mut command = lab.program("exec", &[], &["sh", "-c", script]);
    let mut child = heedful(&mut command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    assert_eq!(&ready, b"ready\n");
    let pid = Pid::from_raw(child.id() as i32);
    (child, pid)
}

#[test]
fn signals_reach_the_program() {
    let lab = Lab::new("signals");
    for (signal, code) in [
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
        (Signal::SIGQUIT, 131),
        (Signal::SIGINT, 130),
        (Signal::SIGUSR1, 138),
    ] {
        let (mut child, pid) = start(&lab, "echo ready; exec sleep 1000");
        send(pid, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
    }
    // A program that handles one ends as it likes.
    let (mut child, pid) = start(
        &lab,
        "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done",
    );
    send(pid, Signal::SIGTERM);
    let mut rest = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .unwrap();
    assert_eq!(
        (rest.as_str(), child.wait().unwrap().code()),
        ("bye\n", Some(5))
    );
}

#[test]
fn the_keyboards_signals_reach_the_whole_group() {
    let lab = Lab::new("group");
    let (mut child, pid) = start(&lab, "echo ready; sleep 31337 | cat; echo never");
    eventually("it runs", || runs("sleep 31337"));
    send(pid, Signal::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("all end", || !runs("sleep 31337"));
}

#[test]
fn a_guest_that_stands_still_is_given_up_when_the_user_insists() {
    let lab = Lab::new("patience");
    let (mut child, pid) = start(&lab, "echo ready; exec sleep 1000");
    send(lab.kernel(), Signal::SIGSTOP);
    for _ in 0..5 {
        send(pid, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(125));
    send(lab.kernel(), Signal::SIGCONT);
}

#[test]
fn a_program_that_ignores_signals_is_not_given_up() {
    let lab = Lab::new("ignores");
    let (mut child, pid) = start(&lab, "trap '' INT; echo ready; sleep 4; exit 6");
    for _ in 0..6 {
        send(pid, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(6));
}
