// SPDX-License-Identifier: GPL-2.0
//! Frames: how the byte stream is cut.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0, 1 | `A9` `76` |
//! | 2 | kind |
//! | 3 | exclusive or of all other header bytes and `5A` |
//! | 4..8 | stream, little endian |
//! | 8..12 | length of what follows, little endian, at most [`MAX_PAYLOAD`] |
//!
//! Lines into a guest do not corrupt bytes, so there is no checksum over the payload; the header's is there to tell a
//! frame from noise while looking for the first one and to notice a broken sender soon.

use super::msg::{Kind, HELLO_MAGIC};

/// Bytes of a header.
pub const HEADER: usize = 12;

/// Longest payload. Command lines and environments must fit.
pub const MAX_PAYLOAD: usize = 512 * 1024;

/// Longest `Hello`, which bounds how far noise can lead a receiver astray.
const MAX_HELLO: usize = 4096;

const MAGIC: [u8; 2] = [0xa9, b'v'];

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// The stream it belongs to, 0 for the connection itself.
    pub stream: u32,
    /// Its content.
    pub payload: Vec<u8>,
}

/// The byte stream cannot be understood any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// What should be a header is none.
    #[error("a frame should begin here but {0:02x?} is no header")]
    Header([u8; HEADER]),
    /// A kind that this version does not know.
    #[error("unknown kind of frame {0}")]
    Kind(u8),
    /// Longer than allowed.
    #[error("a frame of {0} bytes is too long")]
    Length(u32),
}

fn checksum(header: &[u8; HEADER]) -> u8 {
    header
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 3)
        .fold(0x5a, |sum, (_, byte)| sum ^ byte)
}

fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// Appends a frame to `out`. The payload is given in two parts because data has a channel number in front of it.
pub fn encode(out: &mut Vec<u8>, kind: Kind, stream: u32, head: &[u8], tail: &[u8]) {
    let length = head.len() + tail.len();
    debug_assert!(length <= MAX_PAYLOAD, "callers bound what they send");
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&MAGIC);
    header[2] = kind as u8;
    header[4..8].copy_from_slice(&stream.to_le_bytes());
    header[8..].copy_from_slice(&(length as u32).to_le_bytes());
    header[3] = checksum(&header);
    out.reserve(HEADER + length);
    out.extend_from_slice(&header);
    out.extend_from_slice(head);
    out.extend_from_slice(tail);
}

/// Cuts frames out of a byte stream that arrives in arbitrary pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    greeted: bool,
    #[cfg(test)]
    skipped: u64,
}

impl Decoder {
    /// Takes in what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes of noise skipped before the greeting.
    #[cfg(test)]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next complete frame, if there is one. After an error the stream is of no further use.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if !self.greeted {
            self.hunt();
        }
        let rest = &self.buffer[self.start..];
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        if header[..2] != MAGIC || header[3] != checksum(header) {
            return Err(FrameError::Header(*header));
        }
        let kind = Kind::from_byte(header[2]).ok_or(FrameError::Kind(header[2]))?;
        let stream = word(&header[4..8]);
        let length = word(&header[8..]);
        if length as usize > MAX_PAYLOAD {
            return Err(FrameError::Length(length));
        }
        let Some(payload) = rest.get(HEADER..HEADER + length as usize) else {
            return Ok(None);
        };
        let frame = Frame {
            kind,
            stream,
            payload: payload.to_vec(),
        };
        self.start += HEADER + length as usize;
        self.greeted = true;
        Ok(Some(frame))
    }

    /// Skips to the first position at which a greeting begins, or may begin once more has arrived.
    fn hunt(&mut self) {
        while self.start < self.buffer.len() && !may_greet(&self.buffer[self.start..]) {
            self.start += 1;
            #[cfg(test)]
            {
                self.skipped += 1;
            }
        }
    }
}

/// Whether these bytes are, as far as they go, the beginning of a `Hello` frame.
fn may_greet(bytes: &[u8]) -> bool {
    if !MAGIC.starts_with(&bytes[..bytes.len().min(2)]) {
        return false;
    }
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return bytes.get(2).is_none_or(|kind| *kind == Kind::Hello as u8);
    };
    let payload = &bytes[HEADER..];
    header[2] == Kind::Hello as u8
        && header[3] == checksum(header)
        && word(&header[4..8]) == 0
        && (HELLO_MAGIC.len()..=MAX_HELLO).contains(&(word(&header[8..]) as usize))
        && HELLO_MAGIC.starts_with(&payload[..payload.len().min(HELLO_MAGIC.len())])
}
