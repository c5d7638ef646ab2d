// SPDX-License-Identifier: GPL-2.0

//! The slot of a chain: the places whose blocks a controller changes, and the channel by which it talks to the one at the
//! other end.
//!
//! A place has the name of its layer, in a slot with a name after that: `arq`, or `red-arq`. The places of a slot are bound
//! to each other, the lowest first. The channel is a block of type `socket` with the name `control`, or `red-control`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{recv, send, MsgFlags};
use vnet_auto::agree::Step;
use vnet_auto::controller::Observation;
use vnet_auto::{Layer, Layers, PerLayer, Phase};
use vnet_uapi::{
    Block, BlockCarries, BlockParam, BlockPort, BlockSide, BlockState, BlockType, Client,
};

use crate::error::{Context, Error, Result};
use crate::netns;
use crate::node::Node;

/// The type that does nothing.
const NOTHING: &str = "forward";
/// The parameter by which a block takes what the other end's block has not worked on, in types that may refuse it.
const PLAIN: &str = "plain";
/// The parameter by which a block works on what is sent.
const SEND: &str = "send";

/// The places of a chain in a node.
#[derive(Debug)]
pub struct Slot {
    node: Node,
    /// Name of the block at each place.
    places: PerLayer<Option<String>>,
    available: Layers,
    /// Whether what passes are Ethernet frames, and not datagrams.
    frames: bool,
    /// The family of sockets and the number of the control channel.
    channel: (i32, i32),
    /// What else blocks get when they come in.
    params: PerLayer<Vec<BlockParam>>,
}

impl Slot {
    /// The slot of that name in a node.
    pub fn find(client: &mut Client, node: Node, name: Option<&str>) -> Result<Self> {
        let what = || format!("cannot read the blocks of node {}", node.name);
        let blocks = client.blocks(node.netns().as_raw_fd()).context(what)?;
        let types = client
            .block_types()
            .context(|| "cannot read the types of blocks".into())?;
        let full = |part: &str| match name {
            Some(name) => format!("{name}-{part}"),
            None => part.to_owned(),
        };
        let wrong = |message: String| Error::Unsupported(format!("node {}: {message}", node.name));
        let mut places = PerLayer::default();
        let mut below: Option<&Block> = None;
        for layer in Layer::ALL {
            let Some(block) = find(&blocks, &full(layer.name())) else {
                continue;
            };
            let kind = block.kind.as_deref().unwrap_or_default();
            if kind != NOTHING && kind != layer.name() {
                return Err(wrong(format!(
                    "block {} is of type {kind}, which a controller does not take out; in its place there may be {NOTHING} or {}",
                    full(layer.name()),
                    layer.name(),
                )));
            }
            if let Some(below) = below.filter(|below| !is_right_above(below, block)) {
                return Err(wrong(format!(
                    "block {} is not bound to {} below it",
                    full(layer.name()),
                    below.name.as_deref().unwrap_or_default(),
                )));
            }
            places[layer] = block.name.clone();
            below = Some(block);
        }
        let Some(top) = below else {
            let names: Vec<String> = Layer::ALL.into_iter().map(|l| full(l.name())).collect();
            return Err(wrong(format!(
                "there is no place for a stack: it needs blocks {} of type {NOTHING} in a chain, or some of them in this order, the lowest first",
                names.join(", ")
            )));
        };
        let Some(frames) = carries_frames(&blocks, top) else {
            return Err(wrong(format!(
                "the chain of {} ends before it is known whether it carries frames; bind it to what is below",
                top.name.as_deref().unwrap_or_default()
            )));
        };
        let control = full("control");
        let channel = find(&blocks, &control).and_then(|block| {
            let number = |name| i32::try_from(param(block, name)?.uint?).ok();
            Some((number("family")?, number("chain")?))
        });
        let Some(channel) = channel else {
            return Err(wrong(format!(
                "there is no block {control} of type socket, by which the controllers talk"
            )));
        };
        let can = |layer: &Layer| places[*layer].is_some() && is_live(&types, *layer);
        let available = Layer::ALL.into_iter().filter(can).collect();
        Ok(Slot {
            node,
            places,
            available,
            frames,
            channel,
            params: PerLayer::default(),
        })
    }

    /// Name of the node.
    pub fn node(&self) -> &str {
        &self.node.name
    }

    /// Layers for which there is a place and a type.
    pub fn available(&self) -> Layers {
        self.available
    }

    /// What blocks of a layer get when they come in.
    pub fn give(&mut self, layer: Layer, params: Vec<BlockParam>) {
        self.params[layer] = params;
    }

    /// What each layer does now.
    pub fn phases(&self, client: &mut Client) -> Result<PerLayer<Phase>> {
        let mut phases = PerLayer::default();
        for layer in self.available.iter() {
            let block = self.block(client, layer)?;
            let number = |name| param(&block, name).and_then(|param| param.uint);
            phases[layer] = match (number(SEND), number(PLAIN)) {
                (None, _) => Phase::Out,
                (Some(0), _) => Phase::Listening,
                (Some(_), Some(0)) => Phase::Strict,
                (Some(_), _) => Phase::Sending,
            };
        }
        Ok(phases)
    }

    /// What the blocks of the layers that are in say.
    pub fn observe(&self, client: &mut Client, phases: &PerLayer<Phase>) -> Result<Observation> {
        let mut seen = Observation {
            quiet: Layer::ALL.into_iter().collect(),
            ..Observation::default()
        };
        for layer in phases.at_least(Phase::Listening).iter() {
            let block = self.block(client, layer)?;
            let counters = block.counters.clone().unwrap_or_default();
            let reading = |name| {
                param(&block, name)
                    .and_then(|param| param.uint)
                    .unwrap_or(0)
            };
            seen.quiet = seen
                .quiet
                .set(layer, counters.queued_packets.unwrap_or(0) == 0);
            match layer {
                Layer::Arq => {
                    seen.repaired += reading("again");
                    seen.passed += reading("sent");
                }
                Layer::Fec => {
                    seen.repaired += reading("recovered");
                    seen.passed += counters.in_packets.unwrap_or(0);
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    /// Makes a step of the agreement.
    pub fn step(&self, client: &mut Client, step: Step, now: Phase) -> Result<()> {
        let name = self.place(step.layer)?;
        let netns = self.node.netns().as_raw_fd();
        let what = || {
            let to = match step.to {
                Phase::Out => NOTHING.to_owned(),
                _ => step.layer.name().to_owned(),
            };
            format!("node {}: cannot make block {name} {to}", self.node.name)
        };
        let replace = |client: &mut Client, kind: &str, params| {
            client.block_replace(netns, name, Some(kind.into()), params, BlockState::Drop)
        };
        match (now, step.to) {
            (_, Phase::Out) => replace(client, NOTHING, Vec::new()),
            (Phase::Out, _) => {
                let mut params = self.params[step.layer].clone();
                params.push(number("frames", self.frames.into()));
                params.extend(does(step.layer, step.to));
                replace(client, step.layer.name(), params)
            }
            (_, to) => client.block_set(netns, name, does(step.layer, to)),
        }
        .context(what)
    }

    /// Changes a number of a layer that is in.
    pub fn tune(&self, client: &mut Client, layer: Layer, param: BlockParam) -> Result<()> {
        let name = self.place(layer)?;
        let netns = self.node.netns().as_raw_fd();
        client
            .block_set(netns, name, vec![param])
            .context(|| format!("node {}: cannot change block {name}", self.node.name))
    }

    /// Opens the control channel.
    pub fn open(&self) -> Result<Channel> {
        let (family, chain) = self.channel;
        let opened = netns::visit([&self.node], |node| {
            socket(family, chain)
                .context(|| format!("node {}: cannot open the control channel", node.name))
        })?;
        let socket = opened.into_iter().next();
        let socket = socket.ok_or_else(|| Error::Protocol("no socket was opened".into()))?;
        Ok(Channel { socket })
    }

    fn place(&self, layer: Layer) -> Result<&str> {
        self.places[layer].as_deref().ok_or_else(|| {
            let message = format!("node {} has no place for {}", self.node.name, layer.name());
            Error::Unsupported(message)
        })
    }

    fn block(&self, client: &mut Client, layer: Layer) -> Result<Block> {
        let name = self.place(layer)?;
        client
            .block(self.node.netns().as_raw_fd(), name)
            .context(|| format!("node {}: cannot read block {name}", self.node.name))
    }
}

/// Datagrams to and from the controller at the other end.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
}

impl Channel {
    /// Sends a datagram. What cannot be sent now is lost, as it may be on the wire.
    pub fn send(&self, bytes: &[u8]) -> Result<()> {
        match send(self.socket.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::ENETDOWN) => Err(gone()),
            _ => Ok(()),
        }
    }

    /// Takes a datagram, if there is one.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>> {
        match recv(self.socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => Ok(buffer.get(..length)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(Errno::ENETDOWN) => Err(gone()),
            Err(error) => Err(error).context(|| "cannot read from the control channel".into()),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn gone() -> Error {
    Error::Unsupported("the control channel is gone: its block was removed".into())
}

/// A number for a request.
pub fn number(name: &str, value: u64) -> BlockParam {
    BlockParam {
        name: Some(name.into()),
        uint: Some(value),
        ..BlockParam::default()
    }
}

fn find<'b>(blocks: &'b [Block], name: &str) -> Option<&'b Block> {
    blocks
        .iter()
        .find(|block| block.name.as_deref() == Some(name))
}

fn param<'b>(block: &'b Block, name: &str) -> Option<&'b BlockParam> {
    let mut params = block.param.iter();
    params.find(|param| param.name.as_deref() == Some(name))
}

/// Parameters of a block that is in, in a phase.
fn does(layer: Layer, phase: Phase) -> Vec<BlockParam> {
    let send = number(SEND, u64::from(phase >= Phase::Sending));
    let plain = number(PLAIN, u64::from(phase != Phase::Strict));
    match layer.is_strict() {
        true => vec![send, plain],
        false => vec![send],
    }
}

/// Whether a type can be told not to work on what is sent.
fn is_live(types: &[BlockType], layer: Layer) -> bool {
    let mut types = types.iter();
    let kind = types.find(|kind| kind.name.as_deref() == Some(layer.name()));
    kind.is_some_and(|kind| {
        let mut params = kind.param.iter();
        params.any(|param| param.name.as_deref() == Some(SEND))
    })
}

fn lower_port(block: &Block) -> Option<&BlockPort> {
    let mut ports = block.port.iter();
    ports.find(|port| port.side == Some(BlockSide::Lower as u32))
}

fn is_right_above(below: &Block, above: &Block) -> bool {
    lower_port(above).is_some_and(|port| port.peer.is_some() && port.peer == below.name)
}

/// Whether what passes a block are frames, as the first block below says to which that matters.
fn carries_frames(blocks: &[Block], start: &Block) -> Option<bool> {
    let mut block = start;
    // As many steps as there are blocks: there are no loops.
    for _ in blocks {
        let port = lower_port(block)?;
        block = find(blocks, port.peer.as_deref()?)?;
        let mut ports = block.port.iter();
        let bound = ports.find(|below| below.name == port.peer_port)?;
        match bound.carries.and_then(BlockCarries::from_number)? {
            BlockCarries::Any => {}
            BlockCarries::Frame => return Some(true),
            BlockCarries::Datagram => return Some(false),
        }
    }
    None
}

/// A socket on a chain of the namespace of the calling thread.
fn socket(family: i32, chain: i32) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: the call takes numbers only and returns a new descriptor or an error.
    #[allow(unsafe_code)]
    let fd = unsafe { libc::socket(family, kind, chain) };
    match fd {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel has just made this descriptor for us.
        #[allow(unsafe_code)]
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}
