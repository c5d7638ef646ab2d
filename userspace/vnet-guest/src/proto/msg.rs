// SPDX-License-Identifier: GPL-2.0
//! What the frames mean.

use super::frame::{self, Frame};
use super::wire::{Malformed, Reader, Writer};

/// The first bytes of a `Hello`'s payload, so long that noise does not contain them.
pub const HELLO_MAGIC: &[u8; 16] = b"\x00\xffvnet channel\r\n";

/// The kinds of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Greeting.
    Hello = 1,
    /// Supervisor to client: the guest can be used.
    Ready = 2,
    /// Supervisor to client: the guest is gone.
    Bye = 3,
    /// Asks for a `Pong`.
    Ping = 4,
    /// Answers a `Ping`.
    Pong = 5,
    /// Asks the guest to power off.
    PowerOff = 6,
    /// Agent to supervisor: so many bytes of the line have been read.
    Ack = 7,
    /// Opens a stream: run a program.
    Spawn = 16,
    /// Opens a stream: write a file.
    Put = 17,
    /// Opens a stream: read a file.
    Get = 18,
    /// The stream is open.
    Spawned = 19,
    /// The stream could not be opened or has failed; it is closed.
    Failed = 20,
    /// The program has ended, the file is complete; the stream is closed.
    Exit = 21,
    /// Bytes of a channel.
    Data = 22,
    /// Permission to send more.
    Credit = 23,
    /// No more bytes on a channel, says who writes.
    Eof = 24,
    /// No more bytes on a channel, says who reads.
    Stop = 25,
    /// The terminal's size.
    Winsize = 26,
    /// A signal.
    Signal = 27,
    /// The client has no more interest in the stream.
    Reset = 28,
}

impl Kind {
    /// The inverse of `as u8`.
    pub fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::*;
        [
            Hello, Ready, Bye, Ping, Pong, PowerOff, Ack, Spawn, Put, Get, Spawned, Failed, Exit,
            Data, Credit, Eof, Stop, Winsize, Signal, Reset,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }

    /// Whether a client opens a stream with it.
    pub fn opens(self) -> bool {
        matches!(self, Kind::Spawn | Kind::Put | Kind::Get)
    }

    /// Whether the agent closes a stream with it.
    pub fn closes(self) -> bool {
        matches!(self, Kind::Failed | Kind::Exit)
    }
}

/// The first thing that each end says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// [`super::VERSION`].
    pub version: u16,
    /// Version of the program.
    pub program: String,
    /// Release of the kernel it runs on.
    pub kernel: String,
    /// Most bytes that may be on their way to it, 0 for any number.
    pub window: u32,
    /// Why the guest cannot be used; empty if it can.
    pub trouble: String,
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// Program and arguments.
    pub argv: Vec<Vec<u8>>,
    /// Variables, as `NAME=value`.
    pub env: Vec<Vec<u8>>,
    /// Working directory, `/` if empty.
    pub cwd: Vec<u8>,
    /// Its terminal, if it is to have one.
    pub tty: Option<Winsize>,
    /// Credit for channels 1 and 2.
    pub credit: u32,
}

/// A terminal's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Winsize {
    /// Rows of characters.
    pub rows: u16,
    /// Columns of characters.
    pub columns: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

/// Why a stream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// No such program or file.
    NotFound = 1,
    /// Not executable.
    NotExecutable = 2,
    /// Anything else.
    Other = 3,
}

/// A channel of a stream.
pub type Channel = u8;
/// Towards the guest.
pub const STDIN: Channel = 0;
/// From the guest.
pub const STDOUT: Channel = 1;
/// From the guest.
pub const STDERR: Channel = 2;

/// A frame's content, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Each stands for the kind of the same name.
pub enum Msg {
    Hello(Hello),
    /// The guest's description, JSON.
    Ready(Vec<u8>),
    /// Why, and the kernel's last lines.
    Bye {
        reason: String,
        log: String,
    },
    Ping(u64),
    Pong(u64),
    PowerOff,
    Ack(u32),
    Spawn(Spawn),
    /// The file appears under `path` with `mode` once it is complete.
    Put {
        path: Vec<u8>,
        mode: u32,
    },
    Get {
        path: Vec<u8>,
        credit: u32,
    },
    /// Credit for channel 0.
    Spawned {
        credit: u32,
    },
    Failed {
        why: Failure,
        text: String,
    },
    /// The status, or the signal's number and true.
    Exit {
        value: u8,
        signal: bool,
    },
    Data(Channel, Vec<u8>),
    Credit(Channel, u32),
    Eof(Channel),
    Stop(Channel),
    Winsize(Winsize),
    /// To the program only, or to its process group.
    Signal {
        number: u8,
        group: bool,
    },
    Reset,
}

impl Msg {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Msg::Hello(_) => Kind::Hello,
            Msg::Ready(_) => Kind::Ready,
            Msg::Bye { .. } => Kind::Bye,
            Msg::Ping(_) => Kind::Ping,
            Msg::Pong(_) => Kind::Pong,
            Msg::PowerOff => Kind::PowerOff,
            Msg::Ack(_) => Kind::Ack,
            Msg::Spawn(_) => Kind::Spawn,
            Msg::Put { .. } => Kind::Put,
            Msg::Get { .. } => Kind::Get,
            Msg::Spawned { .. } => Kind::Spawned,
            Msg::Failed { .. } => Kind::Failed,
            Msg::Exit { .. } => Kind::Exit,
            Msg::Data(..) => Kind::Data,
            Msg::Credit(..) => Kind::Credit,
            Msg::Eof(_) => Kind::Eof,
            Msg::Stop(_) => Kind::Stop,
            Msg::Winsize(_) => Kind::Winsize,
            Msg::Signal { .. } => Kind::Signal,
            Msg::Reset => Kind::Reset,
        }
    }

    /// Appends the message as a frame.
    pub fn encode(&self, stream: u32, out: &mut Vec<u8>) {
        let mut w = Writer::default();
        match self {
            Msg::Hello(hello) => {
                w.0.extend_from_slice(HELLO_MAGIC);
                w.u16(hello.version).u32(hello.window);
                w.bytes(hello.program.as_bytes())
                    .bytes(hello.kernel.as_bytes())
                    .bytes(hello.trouble.as_bytes());
            }
            Msg::Ready(info) => w.0.extend_from_slice(info),
            Msg::Bye { reason, log } => {
                w.bytes(reason.as_bytes()).bytes(log.as_bytes());
            }
            Msg::Ping(value) | Msg::Pong(value) => {
                w.u64(*value);
            }
            Msg::PowerOff | Msg::Reset => {}
            Msg::Ack(bytes) => {
                w.u32(*bytes);
            }
            Msg::Spawn(spawn) => {
                w.list(spawn.argv.iter().map(Vec::as_slice))
                    .list(spawn.env.iter().map(Vec::as_slice));
                w.bytes(&spawn.cwd)
                    .u32(spawn.credit)
                    .u8(spawn.tty.is_some().into());
                if let Some(size) = &spawn.tty {
                    put_winsize(&mut w, size);
                }
            }
            Msg::Put { path, mode } => {
                w.bytes(path).u32(*mode);
            }
            Msg::Get { path, credit } => {
                w.bytes(path).u32(*credit);
            }
            Msg::Spawned { credit } => {
                w.u32(*credit);
            }
            Msg::Failed { why, text } => {
                w.u8(*why as u8).bytes(text.as_bytes());
            }
            Msg::Exit { value, signal } => {
                w.u8(*value).u8((*signal).into());
            }
            Msg::Data(channel, data) => return encode_data(out, stream, *channel, data),
            Msg::Credit(channel, bytes) => {
                w.u8(*channel).u32(*bytes);
            }
            Msg::Eof(channel) | Msg::Stop(channel) => {
                w.u8(*channel);
            }
            Msg::Winsize(size) => put_winsize(&mut w, size),
            Msg::Signal { number, group } => {
                w.u8(*number).u8((*group).into());
            }
        }
        frame::encode(out, self.kind(), stream, &w.0, &[]);
    }

    /// Understands a frame.
    pub fn decode(frame: &Frame) -> Result<Msg, Malformed> {
        let mut r = Reader(&frame.payload);
        let msg = match frame.kind {
            Kind::Hello => {
                r.0 = r.0.strip_prefix(HELLO_MAGIC).ok_or(Malformed)?;
                let version = r.u16()?;
                if version != super::VERSION {
                    // What follows may have another shape. The number is all that is needed to say so.
                    r.rest();
                    return Ok(Msg::Hello(Hello {
                        version,
                        window: 0,
                        program: String::new(),
                        kernel: String::new(),
                        trouble: String::new(),
                    }));
                }
                Msg::Hello(Hello {
                    version,
                    window: r.u32()?,
                    program: r.text()?,
                    kernel: r.text()?,
                    trouble: r.text()?,
                })
            }
            Kind::Ready => Msg::Ready(r.rest().to_vec()),
            Kind::Bye => Msg::Bye {
                reason: r.text()?,
                log: r.text()?,
            },
            Kind::Ping => Msg::Ping(r.u64()?),
            Kind::Pong => Msg::Pong(r.u64()?),
            Kind::PowerOff => Msg::PowerOff,
            Kind::Ack => Msg::Ack(r.u32()?),
            Kind::Spawn => Msg::Spawn(Spawn {
                argv: r.list()?,
                env: r.list()?,
                cwd: r.bytes()?.to_vec(),
                credit: r.u32()?,
                tty: if r.bool()? {
                    Some(get_winsize(&mut r)?)
                } else {
                    None
                },
            }),
            Kind::Put => Msg::Put {
                path: r.bytes()?.to_vec(),
                mode: r.u32()?,
            },
            Kind::Get => Msg::Get {
                path: r.bytes()?.to_vec(),
                credit: r.u32()?,
            },
            Kind::Spawned => Msg::Spawned { credit: r.u32()? },
            Kind::Failed => Msg::Failed {
                why: match r.u8()? {
                    1 => Failure::NotFound,
                    2 => Failure::NotExecutable,
                    _ => Failure::Other,
                },
                text: r.text()?,
            },
            Kind::Exit => Msg::Exit {
                value: r.u8()?,
                signal: r.bool()?,
            },
            Kind::Data => Msg::Data(channel(&mut r)?, r.rest().to_vec()),
            Kind::Credit => Msg::Credit(channel(&mut r)?, r.u32()?),
            Kind::Eof => Msg::Eof(channel(&mut r)?),
            Kind::Stop => Msg::Stop(channel(&mut r)?),
            Kind::Winsize => Msg::Winsize(get_winsize(&mut r)?),
            Kind::Signal => Msg::Signal {
                number: r.u8()?,
                group: r.bool()?,
            },
            Kind::Reset => Msg::Reset,
        };
        r.end()?;
        Ok(msg)
    }
}

/// Appends a `Data` frame without copying the data into a message first.
pub fn encode_data(out: &mut Vec<u8>, stream: u32, channel: Channel, data: &[u8]) {
    frame::encode(out, Kind::Data, stream, &[channel], data);
}

fn channel(r: &mut Reader<'_>) -> Result<Channel, Malformed> {
    r.u8().and_then(|channel| {
        if channel <= STDERR {
            Ok(channel)
        } else {
            Err(Malformed)
        }
    })
}

fn put_winsize(w: &mut Writer, size: &Winsize) {
    w.u16(size.rows)
        .u16(size.columns)
        .u16(size.width)
        .u16(size.height);
}

fn get_winsize(r: &mut Reader<'_>) -> Result<Winsize, Malformed> {
    Ok(Winsize {
        rows: r.u16()?,
        columns: r.u16()?,
        width: r.u16()?,
        height: r.u16()?,
    })
}
