// SPDX-License-Identifier: GPL-2.0
//! The agent under arbitrary frames in arbitrary order and pieces: it keeps to the credit it has, loses nothing,
//! mixes nothing up, and goes on whatever a client gets wrong.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use vnet_guest::proto::frame::{encode, Decoder};
use vnet_guest::proto::msg::*;
use vnet_guest::proto::{VERSION, WINDOW};

const LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
enum Op {
    Spawn {
        id: u32,
        program: usize,
        terminal: bool,
        credit: u32,
    },
    Data {
        id: u32,
        length: usize,
    },
    Eof(u32),
    Credit {
        id: u32,
        channel: Channel,
        bytes: u32,
    },
    Stop {
        id: u32,
        channel: Channel,
    },
    Winsize(u32),
    Reset(u32),
    Junk {
        id: u32,
        kind: Kind,
        payload: Vec<u8>,
    },
}

const PROGRAMS: [&str; 5] = [
    "cat",
    "true",
    "cat >&2",
    "seq 20000; cat",
    "exec <&-; sleep 0.01; exit 9",
];

fn op() -> impl Strategy<Value = Op> {
    let id = 1..5u32;
    let kinds = prop_oneof![
        Just(Kind::Data),
        Just(Kind::Credit),
        Just(Kind::Eof),
        Just(Kind::Stop),
        Just(Kind::Winsize),
        Just(Kind::Signal),
        Just(Kind::Exit),
        Just(Kind::Spawned),
        Just(Kind::Bye),
        Just(Kind::Ready),
        Just(Kind::Put),
        Just(Kind::Get),
    ];
    prop_oneof![
        3 => (id.clone(), 0..PROGRAMS.len(), prop::bool::weighted(0.2), 0..100_000u32)
            .prop_map(|(id, program, terminal, credit)| Op::Spawn { id, program, terminal, credit }),
        6 => (id.clone(), 0..20_000usize).prop_map(|(id, length)| Op::Data { id, length }),
        2 => id.clone().prop_map(Op::Eof),
        4 => (id.clone(), 0..3u8, 0..50_000u32).prop_map(|(id, channel, bytes)| Op::Credit { id, channel, bytes }),
        1 => (id.clone(), 0..3u8).prop_map(|(id, channel)| Op::Stop { id, channel }),
        1 => id.clone().prop_map(Op::Winsize),
        1 => id.clone().prop_map(Op::Reset),
        1 => (id, kinds, vec(any::<u8>(), 0..4)).prop_map(|(id, kind, payload)| Op::Junk { id, kind, payload }),
    ]
}

/// What is expected of a stream.
#[derive(Default)]
struct Model {
    program: usize,
    terminal: bool,
    /// Sent, and the number of the next byte.
    sent: Vec<u8>,
    eof: bool,
    /// Room for output, and output.
    credit: [u64; 3],
    output: [Vec<u8>; 3],
    /// Something was done to it after which its output may be cut short.
    disturbed: bool,
    ended: Option<Msg>,
}

struct Agent {
    socket: UnixStream,
    frames: Receiver<(u32, Msg)>,
    child: Child,
}

impl Agent {
    fn start() -> Agent {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_vnet-guest"))
            .args(["agent", "--stdin"])
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .spawn()
            .unwrap();
        let mut reader = ours.try_clone().unwrap();
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            let mut decoder = Decoder::default();
            let mut buffer = [0; 5000];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                decoder.feed(&buffer[..n]);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    if sender
                        .send((frame.stream, Msg::decode(&frame).unwrap()))
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
        Agent {
            socket: ours,
            frames,
            child,
        }
    }

    fn send(&mut self, id: u32, msg: &Msg, pieces: &mut impl Iterator<Item = usize>) {
        let mut out = Vec::new();
        msg.encode(id, &mut out);
        self.send_raw(&out, pieces);
    }

    fn send_raw(&mut self, mut out: &[u8], pieces: &mut impl Iterator<Item = usize>) {
        while !out.is_empty() {
            let (now, later) = out.split_at(pieces.next().unwrap().min(out.len()));
            self.socket.write_all(now).unwrap();
            out = later;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

fn spawn(program: usize, terminal: bool, credit: u32) -> Msg {
    let argv = ["sh", "-c", PROGRAMS[program]]
        .map(|s| s.as_bytes().to_vec())
        .into();
    let tty = terminal.then_some(Winsize {
        rows: 24,
        columns: 80,
        width: 0,
        height: 0,
    });
    Msg::Spawn(Spawn {
        argv,
        env: vec![],
        cwd: vec![],
        tty,
        credit,
    })
}

type Streams = BTreeMap<u32, Model>;

/// Takes one message from the agent into account.
fn note(streams: &mut Streams, id: u32, msg: Msg) {
    let Some(model) = streams.get_mut(&id) else {
        return;
    };
    match msg {
        Msg::Data(channel, data) => {
            let at = usize::from(channel);
            assert!((model.ended.is_none() || model.disturbed) && channel > 0);
            model.credit[at] = model.credit[at]
                .checked_sub(data.len() as u64)
                .expect("not more than granted");
            model.output[at].extend(data);
        }
        Msg::Exit { .. } | Msg::Failed { .. } => {
            assert!(model.ended.is_none() || model.disturbed);
            model.ended = Some(msg);
        }
        Msg::Spawned { .. }
        | Msg::Credit(STDIN, _)
        | Msg::Stop(STDIN)
        | Msg::Eof(STDOUT | STDERR) => {}
        other => panic!("unexpected {other:?}"),
    }
}

fn perform(
    agent: &mut Agent,
    streams: &mut Streams,
    old: &mut u32,
    op: Op,
    pieces: &mut impl Iterator<Item = usize>,
) {
    // Numbers are not used again: what is under way for the old stream would meet the new one.
    let find = |streams: &Streams, id: u32| streams.keys().copied().find(|key| key % 5 == id);
    match op {
        Op::Spawn {
            id,
            program,
            terminal,
            credit,
        } => {
            if find(streams, id).is_none() {
                *old += 1;
                let number = *old * 5 + id;
                let credits = [0, credit.into(), credit.into()];
                streams.insert(
                    number,
                    Model {
                        program,
                        terminal,
                        credit: credits,
                        ..Model::default()
                    },
                );
                agent.send(number, &spawn(program, terminal, credit), pieces);
            }
        }
        Op::Data { id, length } => {
            let Some(id) = find(streams, id) else { return };
            let model = streams.get_mut(&id).unwrap();
            // Within the first grant; a line at most, for a terminal.
            let length = if model.terminal { length % 60 } else { length };
            if model.eof || model.sent.len() + length > WINDOW as usize {
                return;
            }
            let start = model.sent.len();
            let data: Vec<u8> = (0..length)
                .map(|i| b'a' + ((start + i) % 23) as u8)
                .collect();
            model.sent.extend(&data);
            agent.send(id, &Msg::Data(STDIN, data), pieces);
        }
        Op::Eof(id) => {
            let Some(id) = find(streams, id) else { return };
            streams.get_mut(&id).unwrap().eof = true;
            agent.send(id, &Msg::Eof(STDIN), pieces);
        }
        Op::Credit { id, channel, bytes } => {
            let Some(id) = find(streams, id) else { return };
            streams.get_mut(&id).unwrap().credit[usize::from(channel)] += u64::from(bytes);
            agent.send(id, &Msg::Credit(channel, bytes), pieces);
        }
        Op::Stop { id, channel } => {
            let Some(id) = find(streams, id) else { return };
            streams.get_mut(&id).unwrap().disturbed = true;
            agent.send(id, &Msg::Stop(channel), pieces);
        }
        Op::Winsize(id) => {
            let Some(id) = find(streams, id) else { return };
            agent.send(id, &Msg::Winsize(Winsize::default()), pieces);
        }
        Op::Reset(id) => {
            let Some(id) = find(streams, id) else { return };
            streams.remove(&id);
            agent.send(id, &Msg::Reset, pieces);
        }
        Op::Junk { id, kind, payload } => {
            let id = find(streams, id).unwrap_or(id);
            if let Some(model) = streams.get_mut(&id) {
                model.disturbed = true;
                // It may have meant something after all.
                model.credit = [u64::MAX / 2; 3];
            }
            let mut out = Vec::new();
            encode(&mut out, kind, id, &payload, &[]);
            agent.send_raw(&out, pieces);
        }
    }
}

fn check(model: &Model) {
    if model.disturbed || model.terminal {
        return;
    }
    let exit = |value| {
        Some(Msg::Exit {
            value,
            signal: false,
        })
    };
    let text = |n: u32| {
        (1..=n)
            .map(|i| format!("{i}\n"))
            .collect::<String>()
            .into_bytes()
    };
    let nothing = Vec::new();
    let (status, stdout, stderr) = match model.program {
        0 => (0, model.sent.clone(), &nothing),
        1 => (0, vec![], &nothing),
        2 => (0, vec![], &model.sent),
        3 => (0, [text(20_000), model.sent.clone()].concat(), &nothing),
        _ => (9, vec![], &nothing),
    };
    assert_eq!(model.ended, exit(status));
    assert!(
        model.output[1] == stdout,
        "{} of {} bytes",
        model.output[1].len(),
        stdout.len()
    );
    assert!(&model.output[2] == stderr);
}

proptest! {
    // A few seconds' worth; PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_frames(ops in vec(op(), 1..60), sizes in vec(1..3000usize, 1..8)) {
        let mut agent = Agent::start();
        let mut pieces = sizes.into_iter().collect::<VecDeque<_>>().into_iter().cycle();
        let hello = Hello {
            version: VERSION,
            window: 0,
            program: String::new(),
            kernel: String::new(),
            trouble: String::new(),
        };
        agent.send(0, &Msg::Hello(hello), &mut pieces);
        let (first, greeting) = agent.frames.recv_timeout(LIMIT).unwrap();
        prop_assert!(first == 0 && matches!(greeting, Msg::Hello(_)));
        let mut streams = Streams::new();
        let mut old = 0;
        for op in ops {
            perform(&mut agent, &mut streams, &mut old, op, &mut pieces);
            while let Ok((id, msg)) = agent.frames.try_recv() {
                note(&mut streams, id, msg);
            }
        }
        // Let all end: input closed, room for everything.
        for (id, model) in &mut streams {
            if !model.eof {
                agent.send(*id, &Msg::Eof(STDIN), &mut pieces);
            }
            for channel in [STDOUT, STDERR] {
                model.credit[usize::from(channel)] += 1 << 30;
                agent.send(*id, &Msg::Credit(channel, 1 << 30), &mut pieces);
            }
        }
        while streams.values().any(|model| model.ended.is_none() && !model.disturbed) {
            let (id, msg) = agent.frames.recv_timeout(LIMIT).unwrap();
            note(&mut streams, id, msg);
        }
        agent.send(0, &Msg::Ping(77), &mut pieces);
        loop {
            let (id, msg) = agent.frames.recv_timeout(LIMIT).unwrap();
            if (id, &msg) == (0, &Msg::Pong(77)) {
                break;
            }
            note(&mut streams, id, msg);
        }
        streams.values().for_each(check);
    }
}
