// SPDX-License-Identifier: GPL-2.0

//! Graphs of functional blocks: which bindings make sense.
//!
//! # Vocabulary
//!
//! - **port**: where packets enter and leave a block, both at the same port. It faces the wire
//!   (*lower*) or the application (*upper*).
//! - **binding**: a lower port of one block and an upper port of another, joined. What leaves by one
//!   enters by the other.
//! - **upwards** (ingress) is a packet that leaves by an upper port, **downwards** (egress) one that
//!   leaves by a lower port.
//! - **subscription**: one block is told what happens to another one.
//! - **step**: the passage of a packet through a block, from the port by which it enters.
//!
//! # Invariants of a graph
//!
//! - A packet that enters anywhere has left the graph after at most [`MAX_DEPTH`] steps: there is no
//!   loop, and no path is longer.
//! - Both ports of a binding carry the same.
//! - No block waits for itself: subscriptions do not form a ring.

/// Most steps that a packet may take.
pub const MAX_DEPTH: u16 = 64;

/// Which way a port faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Towards the wire.
    Lower,
    /// Towards the application.
    Upper,
}

/// What a port carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Whatever the other ports of the block that say `Any` carry.
    Any,
    /// Ethernet frames.
    Frame,
    /// Datagrams without a header.
    Datagram,
}

/// By which ports a packet may leave a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// By those of the other side.
    Through,
    /// By all but the one by which it came.
    Across,
    /// By any, that by which it came included.
    Everywhere,
    /// By none: it leaves the graph.
    Nowhere,
}

/// A port.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// The block that it belongs to, as an index.
    pub block: usize,
    /// Which way it faces.
    pub side: Side,
    /// What it carries.
    pub carries: Carries,
    /// The port that it is bound to, as an index.
    pub peer: Option<usize>,
}

/// A block: some of the ports, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Index of its first port.
    pub first: usize,
    /// Number of its ports.
    pub ports: usize,
    /// How packets pass.
    pub passage: Passage,
}

/// A graph.
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    /// The blocks.
    pub blocks: &'a [Block],
    /// All their ports.
    pub ports: &'a [Port],
}

/// What the checks note of each port.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    /// Steps from here on, when all of them are known.
    depth: u16,
    state: State,
    /// How many ways out have been looked at.
    tried: usize,
    /// The port from which we came here.
    from: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    /// On the path that is being looked at.
    Open,
    Done,
}

/// Why a binding makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// One port carries frames, the other one datagrams.
    Carries,
    /// A packet could pass the same place twice.
    Loop,
    /// A packet could take too many steps.
    TooDeep,
}

impl Graph<'_> {
    /// Whether a packet that entered a block by port `from` may leave by port `to`.
    fn passes(&self, from: usize, to: usize) -> bool {
        let (Some(a), Some(b)) = (self.ports.get(from), self.ports.get(to)) else {
            return false;
        };
        let Some(block) = self.blocks.get(a.block) else {
            return false;
        };
        match block.passage {
            Passage::Through => a.side != b.side,
            Passage::Across => from != to,
            Passage::Everywhere => true,
            Passage::Nowhere => false,
        }
    }

    /// Checks that what the ports of every binding carry is the same.
    ///
    /// `marks` has an entry for each port; what is in it does not matter.
    pub fn check_carried(&self, marks: &mut [Mark]) -> Result<(), Refusal> {
        for start in 0..self.ports.len() {
            let carries = self.ports.get(start).map(|port| port.carries);
            if !matches!(carries, Some(Carries::Frame | Carries::Datagram)) {
                continue;
            }
            clear(marks);
            // All ports that must carry the same as this one: its peer, and if that is `Any` the
            // others of its block that are, with their peers, and so on.
            let mut next = self.ports.get(start).and_then(|port| port.peer);
            while let Some(at) = next {
                let (Some(port), Some(mark)) = (self.ports.get(at), marks.get_mut(at)) else {
                    break;
                };
                if port.carries != Carries::Any && Some(port.carries) != carries {
                    return Err(Refusal::Carries);
                }
                mark.state = State::Done;
                if port.carries == Carries::Any {
                    self.open_others(at, marks);
                }
                next = marks.iter().position(|mark| mark.state == State::Open);
            }
        }
        Ok(())
    }

    /// Opens the peers of the `Any` ports of the block of `at`.
    fn open_others(&self, at: usize, marks: &mut [Mark]) {
        let block = self.ports.get(at).map(|port| port.block);
        let Some(block) = block.and_then(|block| self.blocks.get(block)) else {
            return;
        };
        let ports = self.ports.iter().skip(block.first).take(block.ports);
        for peer in ports
            .filter(|port| port.carries == Carries::Any)
            .filter_map(|port| port.peer)
        {
            match marks.get_mut(peer) {
                Some(mark) if mark.state == State::New => mark.state = State::Open,
                _ => {}
            }
        }
    }

    /// Checks that there is no loop and no path that is too long.
    ///
    /// `marks` has an entry for each port; what is in it does not matter.
    pub fn check_paths(&self, marks: &mut [Mark]) -> Result<(), Refusal> {
        clear(marks);
        for start in 0..self.ports.len() {
            self.walk(start, marks)?;
        }
        Ok(())
    }

    /// Looks at all paths of packets that enter by port `start`, depth first.
    fn walk(&self, start: usize, marks: &mut [Mark]) -> Result<(), Refusal> {
        let mut at = start;
        loop {
            let Some(mark) = marks.get_mut(at) else {
                return Ok(());
            };
            if mark.state == State::New {
                mark.state = State::Open;
                mark.depth = 1;
            }
            if mark.state == State::Open {
                if let Some(next) = self.next_way(at, mark) {
                    match marks.get_mut(next) {
                        Some(there) if there.state == State::Open => return Err(Refusal::Loop),
                        Some(there) if there.state == State::New => {
                            there.from = Some(at);
                            at = next;
                        }
                        Some(there) => {
                            let depth = there.depth;
                            lengthen(marks, at, depth)?;
                        }
                        None => {}
                    }
                    continue;
                }
                mark.state = State::Done;
            }
            let (from, depth) = (mark.from, mark.depth);
            let Some(from) = from.filter(|_| at != start) else {
                return Ok(());
            };
            lengthen(marks, from, depth)?;
            at = from;
        }
    }

    /// The next port that a packet which entered by `at` can get to.
    fn next_way(&self, at: usize, mark: &mut Mark) -> Option<usize> {
        let block = self
            .ports
            .get(at)
            .and_then(|port| self.blocks.get(port.block))?;
        while mark.tried < block.ports {
            let to = block.first.saturating_add(mark.tried);
            mark.tried = mark.tried.saturating_add(1);
            if self.passes(at, to) {
                if let Some(peer) = self.ports.get(to).and_then(|port| port.peer) {
                    return Some(peer);
                }
            }
        }
        None
    }
}

/// What [`reaches`] notes of each block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Nothing leads there, as far as is known.
    #[default]
    No,
    /// Something does; where it leads itself has to be looked at.
    Open,
    /// That has been done.
    Done,
}

/// Whether subscriptions lead from `start` to `goal`, both indices; `next` has those that a block is
/// subscribed to.
///
/// `seen` has an entry for each block, that says no.
pub fn reaches<I: Iterator<Item = usize>>(
    start: usize,
    goal: usize,
    next: impl Fn(usize) -> I,
    seen: &mut [Seen],
) -> bool {
    let mut at = Some(start);
    while let Some(here) = at {
        if here == goal {
            return true;
        }
        if let Some(seen) = seen.get_mut(here) {
            *seen = Seen::Done;
        }
        for there in next(here) {
            if let Some(seen) = seen.get_mut(there).filter(|seen| **seen == Seen::No) {
                *seen = Seen::Open;
            }
        }
        at = seen.iter().position(|seen| *seen == Seen::Open);
    }
    false
}

/// Notes that from `at` a path goes on for `depth` steps more.
fn lengthen(marks: &mut [Mark], at: usize, depth: u16) -> Result<(), Refusal> {
    if let Some(mark) = marks.get_mut(at) {
        mark.depth = mark.depth.max(depth.saturating_add(1));
        if mark.depth > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
    }
    Ok(())
}

fn clear(marks: &mut [Mark]) {
    for mark in marks {
        *mark = Mark::default();
    }
}
