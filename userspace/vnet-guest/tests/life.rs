// SPDX-License-Identifier: GPL-2.0
//! Beginning and end: whoever is killed, and when, no lab is left that cannot be ended or started again.

mod common;

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{alive, config, eventually, runs, runtime, send, sh, Lab, PROGRAM, SOON};
use nix::sys::signal::{signal, SigHandler, Signal};
use vnet_guest::{
    down, kernel_log, list, Down, Error, ExecIo, Form, Guest, GuestConfig, Input, Sink,
};

const LIMIT: Duration = Duration::from_secs(5);

fn gone(lab: &str) -> bool {
    !runtime().join(lab).exists()
}

#[test]
fn up_and_down() {
    let lab = Lab::new("updown");
    let info = lab.guest.info().clone();
    assert_eq!((info.lab.as_str(), info.form), ("updown", Form::Loopback));
    let again = Guest::start("updown", &config(Form::Loopback), &mut |_| {}).unwrap_err();
    assert!(matches!(again, Error::AlreadyRunning { .. }), "{again}");
    let second = Guest::connect("updown").unwrap().unwrap();
    assert_eq!(second.info(), &info);
    let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
    assert_eq!(down("updown", LIMIT).unwrap(), Down::Stopped);
    assert!(gone("updown"));
    eventually("all processes end", || !alive(supervisor) && !alive(kernel));
    assert_eq!(down("updown", LIMIT).unwrap(), Down::NotRunning);
    assert!(Guest::connect("updown").unwrap().is_none());
    assert!(second.wait_gone(SOON));
    let error = second.run_captured(["true"], b"").unwrap_err();
    assert!(
        matches!(&error, Error::GuestDied { reason, .. } if reason.contains("powered off")),
        "{error}"
    );
}

#[test]
fn two_labs_by_name() {
    let (a, b) = (Lab::new("two-a"), Lab::new("two-b"));
    let names = || -> Vec<String> {
        list()
            .unwrap()
            .into_iter()
            .map(|e| e.lab)
            .filter(|name| name.starts_with("two-"))
            .collect()
    };
    assert_eq!(names(), ["two-a", "two-b"]);
    assert_eq!(down("two-a", LIMIT).unwrap(), Down::Stopped);
    assert_eq!(names(), ["two-b"]);
    assert!(b.sh("true").status.success());
    assert!(a.guest.run_captured(["true"], b"").is_err());
}

#[test]
fn only_one_of_many_starters_wins() {
    runtime();
    let results: Vec<_> = std::thread::scope(|scope| {
        let starters: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| Guest::start("race", &config(Form::Loopback), &mut |_| {})))
            .collect();
        starters
            .into_iter()
            .map(|starter| starter.join().unwrap())
            .collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(error, Error::AlreadyRunning { .. }), "{error}");
    }
    assert_eq!(down("race", LIMIT).unwrap(), Down::Stopped);
}

#[test]
fn a_killed_guest_is_reported_with_its_log() {
    let lab = Lab::new("guest-killed");
    let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
    // The agent's stderr is the console.
    let script = format!("echo last words >/proc/{kernel}/fd/2; exec sleep 1000");
    let error = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            lab.guest
                .exec(&sh(&script), ExecIo::captured(""))
                .unwrap_err()
        });
        eventually("the log", || {
            kernel_log("guest-killed").unwrap() == b"last words\n"
        });
        send(kernel, Signal::SIGKILL);
        waiting.join().unwrap()
    });
    let text = error.to_string();
    assert!(
        text.contains("SIGKILL") && text.contains("last words"),
        "{text}"
    );
    eventually("the supervisor ends", || !alive(supervisor));
    assert!(Guest::connect("guest-killed").unwrap().is_none());
    assert!(!list()
        .unwrap()
        .iter()
        .any(|entry| entry.lab == "guest-killed"));
    // For whoever wants to know why.
    assert_eq!(kernel_log("guest-killed").unwrap(), b"last words\n");
    assert_eq!(down("guest-killed", LIMIT).unwrap(), Down::CleanedUp);
    assert!(gone("guest-killed"));
    assert_eq!(down("guest-killed", LIMIT).unwrap(), Down::NotRunning);
}

#[test]
fn a_killed_supervisor_takes_its_guest_along() {
    let lab = Lab::new("super-killed");
    let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
    send(supervisor, Signal::SIGKILL);
    eventually("the guest ends", || !alive(kernel));
    assert!(lab.guest.wait_gone(SOON));
    assert!(Guest::connect("super-killed").unwrap().is_none());
    // What it left is no hindrance to a new start, nor to going down.
    let guest = Guest::start("super-killed", &config(Form::Loopback), &mut |_| {}).unwrap();
    assert!(guest.run_captured(["true"], b"").unwrap().status.success());
    let supervisor = common::supervisor("super-killed").unwrap();
    send(supervisor, Signal::SIGKILL);
    assert!(guest.wait_gone(SOON));
    eventually("the supervisor ends", || !alive(supervisor));
    assert!(Guest::connect("super-killed").unwrap().is_none());
    assert_eq!(down("super-killed", LIMIT).unwrap(), Down::CleanedUp);
    assert!(gone("super-killed"));
}

#[test]
fn down_ends_what_stands_still() {
    for (name, whom) in [("still-guest", 0), ("still-super", 1), ("still-both", 2)] {
        let lab = Lab::new(name);
        let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
        if whom != 1 {
            send(kernel, Signal::SIGSTOP);
        }
        if whom != 0 {
            send(supervisor, Signal::SIGSTOP);
        }
        assert_eq!(
            down(name, Duration::from_millis(300)).unwrap(),
            Down::Killed
        );
        assert!(gone(name));
        eventually("all processes end", || !alive(supervisor) && !alive(kernel));
    }
}

#[test]
fn down_without_a_socket() {
    let lab = Lab::new("socketless");
    let kernel = lab.kernel();
    std::fs::remove_file(runtime().join("socketless/socket")).unwrap();
    assert_eq!(down("socketless", LIMIT).unwrap(), Down::Killed);
    eventually("the guest ends", || !alive(kernel));
}

#[test]
fn a_guest_that_nobody_can_find_any_more_ends() {
    let lab = Lab::new("orphan");
    let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
    // As a log-out does with the user's runtime directory.
    std::fs::remove_dir_all(runtime().join("orphan")).unwrap();
    eventually("all processes end", || !alive(supervisor) && !alive(kernel));
    assert_eq!(down("orphan", LIMIT).unwrap(), Down::NotRunning);
}

#[test]
fn a_killed_client_takes_its_program_along() {
    let lab = Lab::new("client-killed");
    for terminal in [false, true] {
        // Of this run: what another one has left is found by the same search.
        let mark = format!("sleep {}{:07}", 5 + u8::from(terminal), std::process::id());
        let script = format!("echo here; {mark}; exit 1");
        let options: &[&str] = if terminal { &["-t"] } else { &[] };
        let mut client = lab
            .program("exec", options, &["sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        client
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut [0; 4])
            .unwrap();
        eventually("it runs", || runs(&mark));
        client.kill().unwrap();
        client.wait().unwrap();
        eventually("it ends", || !runs(&mark));
    }
}

#[test]
#[allow(unsafe_code)]
fn programs_do_not_ignore_what_whoever_starts_the_guest_ignores() {
    // As a shell does for what a script starts in the background. It stays so for the other tests here.
    // SAFETY: to ignore a signal interferes with no handler.
    unsafe { signal(Signal::SIGINT, SigHandler::SigIgn) }.unwrap();
    let lab = Lab::new("deaf");
    let output = lab.sh("sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status");
    let text = String::from_utf8(output.stdout).unwrap();
    let ignored = u64::from_str_radix(text.trim(), 16).unwrap();
    assert_eq!(ignored & 0b111, 0, "hang-up, interrupt, quit: {text}");
}

#[test]
fn dropping_the_guest_ends_its_programs() {
    let lab = Lab::new("dropped");
    let other = Guest::connect("dropped").unwrap().unwrap();
    let sleeping = std::thread::spawn(move || {
        let io = ExecIo {
            stdin: Input::Null,
            stdout: Sink::Null,
            stderr: Sink::Null,
        };
        other.exec(&sh("sleep 0.3; kill -0 $$"), io)
    });
    assert!(sleeping.join().unwrap().unwrap().success());
    assert!(lab.sh("true").status.success());
}

/// A script that plays the kernel. The channel is its stdin, `{in}` its other half.
fn fake_kernel(name: &str, script: &str) -> (tempfile::TempDir, GuestConfig) {
    runtime();
    let temp = tempfile::Builder::new().prefix(name).tempdir().unwrap();
    let kernel = temp.path().join("kernel");
    std::fs::write(&kernel, format!("#!/bin/bash\n{script}\n")).unwrap();
    std::fs::set_permissions(&kernel, std::fs::Permissions::from_mode(0o755)).unwrap();
    let manifest = temp.path().join("uml.json");
    let text = format!(
        r#"{{"form":"uml","kernel":"{}","root":"/","bin":"/"}}"#,
        kernel.display()
    );
    std::fs::write(&manifest, text).unwrap();
    (
        temp,
        GuestConfig {
            manifest: Some(manifest),
            ..config(Form::Uml)
        },
    )
}

fn refused(name: &str, script: &str, limit: Duration) -> String {
    let (_temp, mut config) = fake_kernel(name, script);
    config.boot_timeout = limit;
    let error = Guest::start(name, &config, &mut |_| {}).unwrap_err();
    assert!(Guest::connect(name).unwrap().is_none());
    down(name, LIMIT).unwrap();
    assert!(gone(name));
    error.to_string()
}

#[test]
fn a_kernel_that_does_not_start_says_why() {
    let text = refused("ends", "echo cannot map memory >&2; exit 3", SOON);
    assert!(
        text.contains("exit status 3") && text.contains("cannot map memory"),
        "{text}"
    );
    let text = refused("panics", "echo Kernel panic; kill -ABRT $$", SOON);
    assert!(
        text.contains("SIGABRT") && text.contains("Kernel panic"),
        "{text}"
    );
    let text = refused(
        "hangs",
        "echo waiting; sleep 100",
        Duration::from_millis(1500),
    );
    assert!(
        text.contains("did not say hello within 1 s") && text.contains("waiting"),
        "{text}"
    );
    let (temp, config) = fake_kernel("missing", "");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(temp.path().join("kernel"), mode).unwrap();
    let error = Guest::start("missing", &config, &mut |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("kernel: Permission denied"), "{error}");
    assert!(gone("missing"));
}

#[test]
fn a_line_that_only_makes_noise_is_no_agent() {
    // The beginning of a frame, and of a greeting, among other things.
    let script = r"printf 'Linux version\r\n\251v\251v\1\0vnet' >&0; exec sleep 100";
    let text = refused("noise", script, Duration::from_millis(1000));
    assert!(text.contains("did not say hello"), "{text}");
}

#[test]
fn noise_before_the_greeting_is_skipped() {
    // This agent reads where it writes, not from the pipe, which is enough to greet.
    let script =
        format!(r"printf 'Linux version\r\n\251v\251v\1' >&0; exec {PROGRAM} agent --stdin");
    let (_temp, config) = fake_kernel("noisy", &script);
    let guest = Guest::start("noisy", &config, &mut |_| {}).unwrap();
    assert_eq!(guest.info().form, Form::Uml);
    assert_eq!(
        down("noisy", Duration::from_millis(300)).unwrap(),
        Down::Killed
    );
}

#[test]
fn an_interrupted_start_leaves_nothing() {
    let (temp, config) = fake_kernel(
        "interrupted",
        "echo $$ >\"$(dirname \"$0\")/pid\"; exec sleep 1000",
    );
    let cache = temp.path().join("guests");
    std::fs::create_dir(&cache).unwrap();
    std::fs::rename(config.manifest.unwrap(), cache.join("uml.json")).unwrap();
    let mut starter = std::process::Command::new(PROGRAM)
        .args(["start", "interrupted", "uml"])
        .env("VNET_RUNTIME_DIR", runtime())
        .env("VNET_CACHE", temp.path())
        .spawn()
        .unwrap();
    let file = temp.path().join("pid");
    let read = |file: &Path| {
        std::fs::read_to_string(file)
            .unwrap_or_default()
            .trim()
            .parse()
            .ok()
    };
    eventually("the kernel runs", || read(&file).is_some());
    let kernel = nix::unistd::Pid::from_raw(read(&file).unwrap());
    assert!(list()
        .unwrap()
        .iter()
        .any(|entry| entry.lab == "interrupted" && entry.info.is_none()));
    starter.kill().unwrap();
    starter.wait().unwrap();
    eventually("the kernel ends", || !alive(kernel));
    eventually("the lab is free", || {
        Guest::connect("interrupted").is_ok_and(|guest| guest.is_none())
    });
    down("interrupted", LIMIT).unwrap();
    assert!(gone("interrupted"));
}

#[test]
fn down_during_the_start() {
    let (_temp, config) = fake_kernel("early-down", "exec sleep 1000");
    std::thread::scope(|scope| {
        let starter = scope.spawn(|| Guest::start("early-down", &config, &mut |_| {}));
        eventually("it is being started", || {
            list()
                .unwrap()
                .iter()
                .any(|entry| entry.lab == "early-down")
        });
        let waiting = scope.spawn(|| Guest::connect("early-down"));
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        assert_eq!(down("early-down", LIMIT).unwrap(), Down::Stopped);
        assert!(start.elapsed() < LIMIT);
        assert!(starter.join().unwrap().is_err());
        assert!(matches!(waiting.join().unwrap(), Err(_) | Ok(None)));
    });
}

#[test]
fn the_supervisor_keeps_nothing_of_its_starter() {
    // A reader of the starter's output sees its end, though the supervisor lives on.
    runtime();
    let output = std::process::Command::new(PROGRAM)
        .args(["start", "detached", "loopback"])
        .env("VNET_RUNTIME_DIR", runtime())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    let supervisor = common::supervisor("detached").unwrap();
    assert_eq!(nix::unistd::getsid(Some(supervisor)), Ok(supervisor));
    assert_eq!(
        std::fs::read_link(format!("/proc/{supervisor}/cwd")).unwrap(),
        PathBuf::from("/")
    );
    assert_eq!(down("detached", LIMIT).unwrap(), Down::Stopped);
}

#[test]
fn strangers_files_are_not_touched() {
    let error = Guest::start("../etc", &config(Form::Loopback), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::LabName { .. }), "{error}");
    assert!(down("a/b", LIMIT).is_err());
    assert!(Guest::connect("").is_err());
}
