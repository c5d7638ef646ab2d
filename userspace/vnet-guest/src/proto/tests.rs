// SPDX-License-Identifier: GPL-2.0
//! Properties of the protocol: whatever is sent arrives however it is cut, whatever arrives does no harm.

use proptest::collection::vec;
use proptest::prelude::*;

use super::frame::{Decoder, Frame, FrameError};
use super::msg::*;
use super::*;

fn text() -> impl Strategy<Value = String> {
    "[ -~äß€]{0,20}"
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..100)
}

fn winsize() -> impl Strategy<Value = Winsize> {
    any::<(u16, u16, u16, u16)>().prop_map(|(rows, columns, width, height)| Winsize {
        rows,
        columns,
        width,
        height,
    })
}

fn hello() -> impl Strategy<Value = Hello> {
    (text(), text(), text()).prop_map(|(program, kernel, trouble)| Hello {
        version: VERSION,
        window: 7,
        program,
        kernel,
        trouble,
    })
}

fn spawn() -> impl Strategy<Value = Spawn> {
    (
        vec(bytes(), 0..5),
        vec(bytes(), 0..5),
        bytes(),
        proptest::option::of(winsize()),
        any::<u32>(),
    )
        .prop_map(|(argv, env, cwd, tty, credit)| Spawn {
            argv,
            env,
            cwd,
            tty,
            credit,
        })
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::NotFound),
        Just(Failure::NotExecutable),
        Just(Failure::Other)
    ]
}

fn message() -> impl Strategy<Value = Msg> {
    prop_oneof![
        hello().prop_map(Msg::Hello),
        bytes().prop_map(Msg::Ready),
        (text(), text()).prop_map(|(reason, log)| Msg::Bye { reason, log }),
        any::<u64>().prop_map(Msg::Ping),
        any::<u64>().prop_map(Msg::Pong),
        Just(Msg::PowerOff),
        any::<u32>().prop_map(Msg::Ack),
        spawn().prop_map(Msg::Spawn),
        (bytes(), any::<u32>()).prop_map(|(path, mode)| Msg::Put { path, mode }),
        (bytes(), any::<u32>()).prop_map(|(path, credit)| Msg::Get { path, credit }),
        any::<u32>().prop_map(|credit| Msg::Spawned { credit }),
        (failure(), text()).prop_map(|(why, text)| Msg::Failed { why, text }),
        any::<(u8, bool)>().prop_map(|(value, signal)| Msg::Exit { value, signal }),
        (0..3u8, vec(any::<u8>(), 0..3000)).prop_map(|(channel, data)| Msg::Data(channel, data)),
        (0..3u8, any::<u32>()).prop_map(|(channel, n)| Msg::Credit(channel, n)),
        (0..3u8).prop_map(Msg::Eof),
        (0..3u8).prop_map(Msg::Stop),
        winsize().prop_map(Msg::Winsize),
        any::<(u8, bool)>().prop_map(|(number, group)| Msg::Signal { number, group }),
        Just(Msg::Reset),
    ]
}

/// Feeds `stream` in pieces of the given sizes, over and over, and returns all frames and the error, if any.
fn decode_in_pieces(stream: &[u8], sizes: &[usize]) -> (Decoder, Vec<Frame>, Option<FrameError>) {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    let mut rest = stream;
    for size in sizes.iter().cycle() {
        let (piece, later) = rest.split_at((*size).min(rest.len()));
        rest = later;
        decoder.feed(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (decoder, frames, Some(error)),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    (decoder, frames, None)
}

proptest! {
    #[test]
    fn messages_survive_any_cutting_after_any_noise(
        noise in vec(any::<u8>(), 0..300),
        greeting in hello(),
        messages in vec((any::<u32>(), message()), 0..20),
        sizes in vec(1..700usize, 1..10),
    ) {
        let mut stream = noise.clone();
        Msg::Hello(greeting.clone()).encode(0, &mut stream);
        for (id, message) in &messages {
            message.encode(*id, &mut stream);
        }
        let (decoder, frames, error) = decode_in_pieces(&stream, &sizes);
        prop_assert_eq!(error, None);
        prop_assert_eq!(decoder.skipped(), noise.len() as u64);
        let got: Vec<(u32, Msg)> =
            frames.iter().map(|frame| (frame.stream, Msg::decode(frame).unwrap())).collect();
        let mut sent = vec![(0, Msg::Hello(greeting))];
        sent.extend(messages);
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn noise_made_of_protocol_bytes_is_skipped(
        noise in vec(prop_oneof![Just(0xa9u8), Just(b'v'), Just(1), Just(0), Just(0x5a), Just(16)], 0..200),
        sizes in vec(1..50usize, 1..10),
    ) {
        let mut stream = noise;
        let greeting = Hello { version: VERSION,
            window: 7, program: "p".into(), kernel: "k".into(), trouble: String::new() };
        Msg::Hello(greeting.clone()).encode(0, &mut stream);
        let (_, frames, error) = decode_in_pieces(&stream, &sizes);
        prop_assert_eq!(error, None);
        prop_assert_eq!(frames.len(), 1);
        prop_assert_eq!(Msg::decode(&frames[0]), Ok(Msg::Hello(greeting)));
    }

    #[test]
    fn arbitrary_bytes_after_the_greeting_never_panic(
        junk in vec(any::<u8>(), 0..2000),
        sizes in vec(1..100usize, 1..5),
    ) {
        let mut stream = Vec::new();
        Msg::Hello(Hello { version: VERSION,
            window: 7, program: String::new(), kernel: String::new(), trouble: String::new() })
            .encode(0, &mut stream);
        stream.extend(junk);
        decode_in_pieces(&stream, &sizes);
    }

    #[test]
    fn arbitrary_payloads_never_panic(kind in any::<u8>(), payload in vec(any::<u8>(), 0..300)) {
        if let Some(kind) = Kind::from_byte(kind) {
            let _ = Msg::decode(&Frame { kind, stream: 1, payload });
        }
    }

    #[test]
    fn truncated_and_extended_payloads_are_refused(message in message(), cut in 1..20usize) {
        let mut stream = Vec::new();
        Msg::Hello(Hello { version: VERSION,
            window: 7, program: String::new(), kernel: String::new(), trouble: String::new() })
            .encode(0, &mut stream);
        message.encode(7, &mut stream);
        let (_, frames, _) = decode_in_pieces(&stream, &[100]);
        let frame = &frames[1];
        // Data and Ready end where their frame ends, whatever is in them.
        if !matches!(frame.kind, Kind::Data | Kind::Ready) {
            let mut longer = frame.clone();
            longer.payload.push(0);
            prop_assert!(Msg::decode(&longer).is_err());
            let mut shorter = frame.clone();
            shorter.payload.truncate(frame.payload.len().saturating_sub(cut));
            if shorter.payload.len() < frame.payload.len() {
                prop_assert!(Msg::decode(&shorter).is_err());
            }
        }
    }
}

#[test]
fn lists_do_not_allocate_what_cannot_follow() {
    let mut payload = u32::MAX.to_le_bytes().to_vec();
    payload.extend([0; 16]);
    assert_eq!(
        Msg::decode(&Frame {
            kind: Kind::Spawn,
            stream: 1,
            payload
        }),
        Err(wire::Malformed)
    );
}

#[test]
fn another_version_is_recognised_whatever_follows() {
    let mut payload = HELLO_MAGIC.to_vec();
    payload.extend([99, 0, 1, 2, 3]);
    let hello = Msg::decode(&Frame {
        kind: Kind::Hello,
        stream: 0,
        payload,
    });
    assert!(matches!(hello, Ok(Msg::Hello(Hello { version: 99, .. }))));
}
