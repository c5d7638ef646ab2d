// SPDX-License-Identifier: GPL-2.0
//! The protocol between client, supervisor and agent.
//!
//! One byte stream in each direction carries **frames** ([`frame`]), each of which belongs to a **stream** or, with
//! stream number 0, to the connection. What a frame means is in [`msg`]. The same protocol runs on both hops:
//!
//! ```text
//!   client ──Unix socket── supervisor ──serial line or virtio port── agent ──pipes, pty── program
//! ```
//!
//! The supervisor passes frames of streams on unread and only translates stream numbers; everything else below is
//! between client and agent.
//!
//! **Greeting.** Both ends of each hop first send `Hello`. Until it has seen one, a receiver skips whatever else
//! arrives (a console may have shared the line before); from then on each byte counts, and anything malformed ends
//! the connection. On the Unix socket the supervisor's `Ready` follows as soon as the guest can be used.
//!
//! **Streams.** A client opens a stream with `Spawn`, `Put` or `Get` under a number of its choice. The agent answers
//! `Spawned` or `Failed`. A stream ends with the agent's `Exit` or `Failed`, or with the client's `Reset` (also sent by
//! the supervisor for a client that has gone). Frames for streams that do not exist (any more) are ignored: they were
//! under way when it ended.
//!
//! **Channels** of a stream are 0 (to the guest: stdin, file contents), 1 (from the guest: stdout, terminal, file
//! contents) and 2 (from the guest: stderr). The writing end says `Eof` after its last `Data`; the reading end says
//! `Stop` when it wants no more, upon which the agent closes its end of the pipe and the program gets its `SIGPIPE`.
//!
//! **Flow control** is by credit, per channel, end to end. The writing end may send as many bytes of `Data` as it has
//! been granted: at first by `Spawn`, `Get` (channels 1 and 2) and `Spawned` (channel 0), later by `Credit`. Whoever
//! grants has room for all of it. So each hop's receiver can always read on, whatever any program or client does, and
//! hence every writer's bytes leave sooner or later: no deadlock, and a reader that stands still holds up nobody else.

//!
//! **The line's window.** A serial line of User-Mode Linux loses its input for good once the guest's terminal layer has
//! asked it to pause (its `throttle` operation removes the interrupt and nothing puts it back), which happens as soon
//! as the reader is [`LINE_WINDOW`] and a bit behind. So an agent on such a line announces that window in its `Hello`
//! and says `Ack` for what it has read, and the supervisor never has more than that on the way.

pub mod frame;
pub mod msg;
pub mod wire;

#[cfg(test)]
mod tests;

/// The version of all this. Both ends must have the same: they are the same binary.
pub const VERSION: u16 = 2;

/// Credit granted per channel at first, and the bound of what a receiver holds for it.
pub const WINDOW: u32 = 256 * 1024;

/// Most bytes in one `Data` frame. Small enough that a keystroke does not wait long behind one on a slow line.
pub const CHUNK: usize = 16 * 1024;

/// How much a receiver consumes before it tells the sender so.
pub const GRANT: u32 = WINDOW / 4;

/// Most bytes on their way into a serial line. The terminal layer holds 4096 and asks to pause above 3968.
pub const LINE_WINDOW: u32 = 3840;

/// How much the agent reads from a serial line before it says so.
pub const LINE_ACK: u32 = 1024;

/// Counts what was consumed and says when to grant it.
#[derive(Debug, Default)]
pub struct Grants {
    pending: u32,
}

impl Grants {
    /// `n` more bytes were consumed; returns the credit to send now, if any.
    pub fn consumed(&mut self, n: usize) -> Option<u32> {
        self.pending = self
            .pending
            .saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
        (self.pending >= GRANT).then(|| std::mem::take(&mut self.pending))
    }
}
