// SPDX-License-Identifier: GPL-2.0
//! Labs without kernels: the agent is a process of this machine, everything else is real.

#![allow(dead_code)] // Each test program uses some of it.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use vnet_guest::{ExecIo, ExecRequest, Form, Guest, GuestConfig, Output};

/// The crate's own program, which has the commands of agent and supervisor.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_vnet-guest");

/// Long enough for a machine that builds kernels meanwhile.
pub const SOON: Duration = Duration::from_secs(30);

/// The runtime directory of this test program.
pub fn runtime() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        // Made by the crate itself, with the mode that it wants.
        let path = PathBuf::from(format!(
            "{}/run-{}",
            env!("CARGO_TARGET_TMPDIR"),
            std::process::id()
        ));
        std::env::set_var("VNET_RUNTIME_DIR", &path);
        path
    })
}

pub fn config(form: Form) -> GuestConfig {
    GuestConfig {
        supervisor: Some(vec![PROGRAM.into(), "guest-supervisor".into()]),
        ..GuestConfig::new(form)
    }
}

/// A lab that goes down with its test.
pub struct Lab {
    pub name: String,
    pub guest: Guest,
}

impl Lab {
    pub fn new(name: &str) -> Lab {
        Lab::of(name, Form::Loopback)
    }

    pub fn of(name: &str, form: Form) -> Lab {
        runtime();
        let guest = Guest::start(name, &config(form), &mut |_| {}).unwrap();
        Lab {
            name: name.into(),
            guest,
        }
    }

    pub fn sh(&self, script: &str) -> Output {
        self.sh_with(script, b"")
    }

    pub fn sh_with(&self, script: &str, stdin: &[u8]) -> Output {
        self.guest
            .exec_output(&sh(script), ExecIo::captured(stdin))
            .unwrap()
    }

    /// The command-line program, doing something with this lab.
    pub fn program(
        &self,
        command: &str,
        options: &[&str],
        words: &[&str],
    ) -> std::process::Command {
        let mut program = std::process::Command::new(PROGRAM);
        program
            .arg(command)
            .args(options)
            .arg(&self.name)
            .args(words)
            .env("VNET_RUNTIME_DIR", runtime());
        program
    }

    pub fn supervisor(&self) -> Pid {
        supervisor(&self.name).unwrap()
    }

    pub fn kernel(&self) -> Pid {
        children(self.supervisor())[0]
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = vnet_guest::down(&self.name, Duration::from_secs(5));
    }
}

pub fn sh(script: &str) -> ExecRequest {
    ExecRequest::new(["sh", "-c", script])
}

fn processes() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether there is a process with a command line that begins like this.
pub fn runs(beginning: &str) -> bool {
    processes().any(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.starts_with(beginning)
    })
}

pub fn supervisor(lab: &str) -> Option<Pid> {
    let mark = format!("{{\"lab\":\"{lab}\"");
    let dir = runtime().to_str().unwrap();
    processes()
        .find(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains("guest-supervisor") && line.contains(&mark) && line.contains(dir)
        })
        .map(Pid::from_raw)
}

pub fn children(parent: Pid) -> Vec<Pid> {
    processes()
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after = stat
                .rsplit_once(')')
                .map(|(_, rest)| rest)
                .unwrap_or_default();
            after.split_whitespace().nth(1) == Some(&parent.to_string())
        })
        .map(Pid::from_raw)
        .collect()
}

pub fn alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().next().map(str::to_owned));
    state.is_some_and(|state| state != "Z" && state != "X")
}

pub fn send(pid: Pid, signal: Signal) {
    kill(pid, signal).unwrap();
}

/// Waits until something is so.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
