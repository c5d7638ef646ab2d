// SPDX-License-Identifier: GPL-2.0
//! Running programs: what goes in, what comes out, how they end.

mod common;

use std::io;
use std::path::Path;
use std::process::Stdio;

use common::{sh, Lab};
use nix::sys::signal::Signal;
use vnet_guest::{Error, ExecIo, ExecRequest, ExitStatus, Form, Input, Sink};

#[test]
fn exit_statuses() {
    let lab = Lab::new("status");
    for code in [0u8, 1, 7, 125, 126, 127, 255] {
        assert_eq!(
            lab.sh(&format!("exit {code}")).status,
            ExitStatus::Code(code)
        );
    }
    let killed = lab.sh("kill -9 $$").status;
    assert_eq!((killed, killed.code()), (ExitStatus::Signal(9), 137));
    assert_eq!(lab.sh("kill -TERM $$").status.code(), 143);
}

#[test]
fn what_cannot_be_run() {
    let lab = Lab::new("errors");
    let run = |request: &ExecRequest| lab.guest.exec(request, ExecIo::captured("")).unwrap_err();
    let missing = run(&ExecRequest::new(["no-such-program", "x"]));
    assert!(
        matches!(&missing, Error::NotFound { program } if program == "no-such-program"),
        "{missing}"
    );
    assert_eq!(missing.exit_code(), 127);
    let text = run(&ExecRequest::new(["/etc/passwd"]));
    assert!(matches!(&text, Error::NotExecutable { .. }), "{text}");
    assert_eq!(
        (
            text.exit_code(),
            text.to_string().starts_with("/etc/passwd: cannot")
        ),
        (126, true)
    );
    let nowhere = run(&ExecRequest {
        cwd: Some("/no/such".into()),
        ..ExecRequest::new(["true"])
    });
    assert_eq!(
        (
            nowhere.exit_code(),
            nowhere.to_string().contains("/no/such")
        ),
        (125, true),
        "{nowhere}"
    );
    assert_eq!(run(&ExecRequest::default()).exit_code(), 125);
    let long = run(&ExecRequest::new(["true", &"x".repeat(1 << 20)]));
    assert!(long.to_string().contains("too long"), "{long}");
    // And nothing of that has done harm.
    assert!(lab.sh("true").status.success());
}

#[test]
fn streams_are_apart_and_binary() {
    let lab = Lab::new("streams");
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let output = lab.sh_with("tee /dev/stderr", &all);
    assert_eq!(output.status, ExitStatus::Code(0));
    assert!(output.stdout == all && output.stderr == all);
    let output = lab.sh("echo out; echo err >&2; exit 3");
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!(output.status, ExitStatus::Code(3));
    assert_eq!(lab.sh_with("wc -c", &all).stdout, b"100000\n");
    assert_eq!(lab.sh("cat").stdout, b"");
}

#[test]
fn environment_and_directory() {
    let lab = Lab::new("environment");
    let request = ExecRequest {
        env: vec![
            ("A".into(), "1=2 3".into()),
            ("PATH".into(), "/bin:/usr/bin".into()),
        ],
        cwd: Some("/usr".into()),
        ..sh("echo $A; echo $PATH; echo $HOME; pwd; echo $VNET_RUNTIME_DIR")
    };
    let output = lab
        .guest
        .exec_output(&request, ExecIo::captured(""))
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "1=2 3\n/bin:/usr/bin\n/root\n/usr\n\n"
    );
}

#[test]
fn a_closed_output_ends_the_program_like_a_closed_pipe() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lab = Lab::new("closed");
    let io = ExecIo {
        stdin: Input::Null,
        stdout: Sink::Writer(Box::new(Closed)),
        stderr: Sink::Null,
    };
    assert_eq!(
        lab.guest.exec(&sh("exec yes"), io).unwrap(),
        ExitStatus::Signal(Signal::SIGPIPE as i32)
    );

    let mut child = lab
        .program("exec", &[], &["yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 2];
    io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(child.stdout.take());
    assert_eq!((first, child.wait().unwrap().code()), (*b"y\n", Some(141)));
}

#[test]
fn a_full_disk_is_reported() {
    let lab = Lab::new("full");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = lab
        .program("exec", &[], &["echo", "x"])
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (
            output.status.code(),
            error.contains("cannot write to stdout")
        ),
        (Some(125), true),
        "{error}"
    );
}

#[test]
fn a_program_that_reads_no_more_stops_its_input() {
    let lab = Lab::new("input");
    let io = ExecIo {
        stdin: Input::Reader(Box::new(io::repeat(b'x'))),
        stdout: Sink::Capture,
        stderr: Sink::Null,
    };
    let output = lab
        .guest
        .exec_output(&sh("head -c 3; exec <&-; echo; sleep 0.2; echo done"), io)
        .unwrap();
    assert_eq!(output.stdout, b"xxx\ndone\n");
}

#[test]
fn what_a_program_leaves_behind_holds_nothing_up() {
    let lab = Lab::new("background");
    let start = std::time::Instant::now();
    let output = lab.sh("(sleep 1; echo lost; echo lost >&2; sleep 0.1; echo alive > /tmp/vnet-$PPID-alive) & echo $PPID");
    assert!(
        start.elapsed() < std::time::Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
    let agent = String::from_utf8(output.stdout).unwrap();
    let mark = format!("/tmp/vnet-{}-alive", agent.trim());
    common::eventually("the background program survives its own output", || {
        Path::new(&mark).exists()
    });
    std::fs::remove_file(mark).unwrap();
}

#[test]
fn files_come_complete_or_not_at_all() {
    let lab = Lab::new("files");
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    let data: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect();
    lab.guest.put(&path, 0o750, &mut data.as_slice()).unwrap();
    assert!(std::fs::read(&path).unwrap() == data);
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o750);
    let mut back = Vec::new();
    assert_eq!(lab.guest.get(&path, &mut back).unwrap(), data.len() as u64);
    assert!(back == data);

    struct Failing(u32);
    impl io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 100 {
                return Err(io::Error::other("broken"));
            }
            buffer.fill(b'z');
            Ok(buffer.len())
        }
    }
    let error = lab.guest.put(&path, 0o600, &mut Failing(0)).unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    common::eventually("half a file goes", || {
        std::fs::read_dir(temp.path()).unwrap().count() == 1
    });
    assert!(std::fs::read(&path).unwrap() == data);

    let empty = temp.path().join("empty");
    lab.guest.put(&empty, 0o644, &mut io::empty()).unwrap();
    assert_eq!(lab.guest.get(&empty, &mut back).unwrap(), 0);

    let missing = lab.guest.get(Path::new("/no/such"), &mut back).unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    assert!(lab.guest.get(temp.path(), &mut back).is_err());
    assert!(lab.guest.put(temp.path(), 0o644, &mut io::empty()).is_err());
    assert!(lab
        .guest
        .put(Path::new("/no/such/file"), 0o644, &mut io::empty())
        .is_err());
}

#[test]
fn all_of_it_over_a_terminal_line() {
    let lab = Lab::of("pty-line", Form::LoopbackPty);
    let all: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let output = lab.sh_with("tee /dev/stderr; exit 9", &all);
    assert!(output.stdout == all && output.stderr == all);
    assert_eq!(output.status, ExitStatus::Code(9));
}
