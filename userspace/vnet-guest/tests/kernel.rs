// SPDX-License-Identifier: GPL-2.0
//! The same with a real kernel. Needs a built guest with this version's `vnetctl` in it:
//!
//! ```text
//! VNET_TEST_FORM=uml cargo test --test kernel -- --ignored
//! ```

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{alive, eventually, send, sh, Lab, SOON};
use nix::sys::signal::Signal;
use vnet_guest::{down, Down, ExecIo, ExecRequest, Form, Guest, Input, Sink, Tty};

fn form() -> Form {
    std::env::var("VNET_TEST_FORM").map_or(Form::Uml, |form| form.parse().unwrap())
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|i| ((i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

#[test]
#[ignore = "needs a built guest"]
fn a_kernel_of_its_own() {
    let lab = Lab::of("real", form());
    assert_ne!(
        lab.guest.info().kernel,
        std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap()
            .trim()
    );
    assert_eq!(
        lab.sh("uname -r").stdout,
        format!("{}\n", lab.guest.info().kernel).into_bytes()
    );
    assert!(lab.sh("grep -q ^vnet /proc/modules").status.success());
    assert_eq!(lab.sh("cat /proc/1/comm").stdout, b"vnetctl\n");
    assert_eq!(lab.sh("exit 7").status.code(), 7);
    assert_eq!(lab.sh("kill -9 $$").status.code(), 137);
    assert_eq!(
        lab.guest
            .run_captured(["no-such-program"], b"")
            .unwrap_err()
            .exit_code(),
        127
    );

    // Orphans are process 1's children, and do not stay as zombies.
    lab.sh("(sleep 0.1 &) ; (sleep 0.1 &)");
    eventually("orphans are reaped", || {
        lab.sh("! grep -l '^State:.Z' /proc/[0-9]*/status")
            .status
            .success()
    });

    let request = ExecRequest {
        tty: Tty::Always,
        ..sh("tty; stty size; read x; echo $x")
    };
    let io = ExecIo {
        stdin: Input::Bytes(b"typed\n".to_vec()),
        stdout: Sink::Capture,
        stderr: Sink::Null,
    };
    let text = String::from_utf8(lab.guest.exec_output(&request, io).unwrap().stdout).unwrap();
    assert!(
        text.contains("/dev/pts/") && text.contains("24 80") && text.contains("typed"),
        "{text}"
    );
}

#[test]
#[ignore = "needs a built guest"]
fn nothing_is_lost_on_the_line() {
    let lab = Lab::of("line", form());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let lab = &lab;
            scope.spawn(move || {
                let data = noise(seed, 700_000);
                let output = lab.sh_with("exec tee /dev/stderr", &data);
                assert!(output.stdout == data && output.stderr == data);
                let path = format!("/tmp/file-{seed}");
                lab.guest
                    .put(Path::new(&path), 0o644, &mut data.as_slice())
                    .unwrap();
                let mut back = Vec::new();
                lab.guest.get(Path::new(&path), &mut back).unwrap();
                assert!(back == data);
            });
        }
        for i in 0..50 {
            assert_eq!(
                lab.sh(&format!("echo {i}")).stdout,
                format!("{i}\n").into_bytes()
            );
        }
    });
    println!("5.6 MB in, 8.4 MB out, 50 commands: {:?}", start.elapsed());
    println!("ping: {:?}", lab.guest.ping(SOON).unwrap());
}

#[test]
#[ignore = "needs a built guest"]
fn whoever_is_killed() {
    for whom in ["guest", "supervisor"] {
        let lab = Lab::of(&format!("killed-{whom}"), form());
        let (supervisor, kernel) = (lab.supervisor(), lab.kernel());
        send(
            if whom == "guest" { kernel } else { supervisor },
            Signal::SIGKILL,
        );
        assert!(lab.guest.wait_gone(SOON));
        eventually("both end", || !alive(supervisor) && !alive(kernel));
        assert!(Guest::connect(&lab.name).unwrap().is_none());
        assert_eq!(down(&lab.name, SOON).unwrap(), Down::CleanedUp);
    }
    let lab = Lab::of("stopped", form());
    let kernel = lab.kernel();
    send(kernel, Signal::SIGSTOP);
    assert_eq!(
        down("stopped", Duration::from_millis(500)).unwrap(),
        Down::Killed
    );
    eventually("it ends", || !alive(kernel));
    // And one that is told to from inside ends by itself.
    let lab = Lab::of("poweroff", form());
    let error = lab
        .guest
        .exec(&sh("kill -TERM 1; sleep 100"), ExecIo::captured(""))
        .unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
}
