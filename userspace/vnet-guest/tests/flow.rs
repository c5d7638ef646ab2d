// SPDX-License-Identifier: GPL-2.0
//! Much data, many streams, slow readers: nothing is lost and nobody waits for somebody else.

mod common;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{sh, Lab, SOON};
use vnet_guest::{ExecIo, Form, Input, Sink};

/// Bytes that depend on their place, so that a lost or doubled one shows.
struct Pattern {
    at: u64,
    end: u64,
}

fn byte(at: u64) -> u8 {
    (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min((self.end - self.at) as usize);
        for (i, place) in buffer[..n].iter_mut().enumerate() {
            *place = byte(self.at + i as u64);
        }
        self.at += n as u64;
        Ok(n)
    }
}

/// Checks the same and reports how many came.
struct Check {
    at: u64,
    done: mpsc::Sender<u64>,
}

impl Write for Check {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        for (i, found) in data.iter().enumerate() {
            assert_eq!(
                *found,
                byte(self.at + i as u64),
                "at {}",
                self.at + i as u64
            );
        }
        self.at += data.len() as u64;
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        let _ = self.done.send(self.at);
    }
}

fn through_cat(lab: &Lab, length: u64) {
    let (done, count) = mpsc::channel();
    let io = ExecIo {
        stdin: Input::Reader(Box::new(Pattern { at: 0, end: length })),
        stdout: Sink::Writer(Box::new(Check { at: 0, done })),
        stderr: Sink::Null,
    };
    assert!(lab.guest.exec(&sh("exec cat"), io).unwrap().success());
    assert_eq!(count.recv().unwrap(), length);
}

#[test]
fn a_hundred_megabytes_there_and_back() {
    through_cat(&Lab::new("hundred"), 100_000_000);
}

#[test]
fn the_same_over_a_terminal_line_and_several_at_once() {
    let lab = Lab::of("lines", Form::LoopbackPty);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| through_cat(&lab, 1_500_000));
        }
    });
}

#[test]
fn a_reader_that_stands_still_holds_nobody_up() {
    struct Still(mpsc::Receiver<()>, u64);
    impl Write for Still {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.1 += data.len() as u64;
            match self.0.recv() {
                Ok(()) => Ok(data.len()),
                Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for form in [Form::Loopback, Form::LoopbackPty] {
        let lab = Lab::of(&format!("still-{form}"), form);
        let (release, wait) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let still = scope.spawn(|| {
                let io = ExecIo {
                    stdin: Input::Reader(Box::new(io::repeat(b'i'))),
                    stdout: Sink::Writer(Box::new(Still(wait, 0))),
                    stderr: Sink::Null,
                };
                // It reads nothing, and writes what nobody reads.
                lab.guest.exec(&sh("exec yes"), io).unwrap()
            });
            std::thread::sleep(Duration::from_millis(200));
            let start = Instant::now();
            for i in 0..50 {
                assert_eq!(
                    lab.sh(&format!("echo {i}")).stdout,
                    format!("{i}\n").into_bytes()
                );
            }
            assert!(lab.guest.ping(SOON).unwrap() < SOON);
            through_cat(&lab, 1_000_000);
            assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
            drop(release);
            assert_eq!(still.join().unwrap().code(), 141);
        });
    }
}

#[test]
fn a_stopped_client_holds_nobody_up() {
    use nix::sys::signal::Signal;
    let lab = Lab::new("stopped");
    let mut child = lab
        .program("exec", &[], &["yes"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    std::thread::sleep(Duration::from_millis(100));
    common::send(pid, Signal::SIGSTOP);
    for _ in 0..20 {
        assert!(lab.sh("true").status.success());
    }
    through_cat(&lab, 2_000_000);
    common::send(pid, Signal::SIGKILL);
    child.wait().unwrap();
}

#[test]
fn many_at_once() {
    let lab = Lab::new("many");
    std::thread::scope(|scope| {
        for i in 0..60 {
            let lab = &lab;
            scope.spawn(move || {
                let input = vec![i as u8; 20_000 * (i % 7)];
                let output = lab.sh_with(&format!("cat; exit {i}"), &input);
                assert!(output.stdout == input);
                assert_eq!(output.status.code(), i as u8);
            });
        }
    });
}

#[test]
fn a_keystroke_passes_bulk() {
    let lab = Lab::of("keys", Form::LoopbackPty);
    std::thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let bulk = scope.spawn(|| {
            struct Until(mpsc::Receiver<()>);
            impl Write for Until {
                fn write(&mut self, data: &[u8]) -> io::Result<usize> {
                    match self.0.try_recv() {
                        Err(mpsc::TryRecvError::Empty) => Ok(data.len()),
                        _ => Err(io::ErrorKind::BrokenPipe.into()),
                    }
                }
                fn flush(&mut self) -> io::Result<()> {
                    Ok(())
                }
            }
            let io = ExecIo {
                stdin: Input::Reader(Box::new(io::repeat(0))),
                stdout: Sink::Writer(Box::new(Until(stopped))),
                stderr: Sink::Null,
            };
            lab.guest.exec(&sh("exec cat"), io).unwrap()
        });
        std::thread::sleep(Duration::from_millis(300));
        let mut times: Vec<Duration> = (0..20).map(|_| lab.guest.ping(SOON).unwrap()).collect();
        times.sort();
        assert!(times[10] < Duration::from_secs(1), "{times:?}");
        drop(stop);
        bulk.join().unwrap();
    });
}

#[test]
fn files_pass_a_full_line() {
    let lab = Lab::of("full-line", Form::LoopbackPty);
    let temp = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lab.sh("head -c 10000000 /dev/zero"));
        }
        for i in 0..100 {
            let path = temp.path().join(i.to_string());
            lab.guest.put(&path, 0o644, &mut &[i; 1000][..]).unwrap();
            let mut back = Vec::new();
            lab.guest.get(&path, &mut back).unwrap();
            assert_eq!(back, [i; 1000]);
        }
    });
}

#[test]
fn a_client_that_talks_nonsense_is_sent_away_alone() {
    let lab = Lab::new("nonsense");
    let path = common::runtime().join("nonsense/socket");
    for junk in [
        &b"GET / HTTP/1.0\r\n\r\n"[..],
        &[0xa9, b'v', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        &[0xff; 5000],
    ] {
        let mut socket = UnixStream::connect(&path).unwrap();
        socket.write_all(junk).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        assert!(lab.sh("true").status.success());
    }
    // A good greeting, then junk.
    let mut socket = UnixStream::connect(&path).unwrap();
    let mut greeting = [0; 12];
    socket.read_exact(&mut greeting).unwrap();
    let length = u32::from_le_bytes(greeting[8..].try_into().unwrap()) as usize;
    let mut rest = vec![0; length];
    socket.read_exact(&mut rest).unwrap();
    socket
        .write_all(&[&greeting[..], &rest[..], &[0x55; 100]].concat())
        .unwrap();
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap();
    assert!(lab.sh("true").status.success());
}
