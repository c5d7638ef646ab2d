// SPDX-License-Identifier: GPL-2.0

//! What the controllers send to each other.
//!
//! All are of one kind, a report; it also is the probe by which loss, delay and rate are measured. Numbers are big-endian;
//! what follows the check is padding, so that it is as long as the packets for which it stands.
//!
//! ```text
//!   "VA" 1 flags | from 8 | to 8 | sequence 4 | version: number 4, by 8 | wish 1 | phases 1 | quiet 1 | available 1
//!   | needs 1 | loss 4 | repaired 4 | rate 8 | sent 8 | answered: sent 8, held 8 | check 4
//! ```

use crate::agree::{Envelope, Status, Version};
use crate::layer::{Layer, Layers, PerLayer, Phase};
use crate::policy::Needs;
use crate::Nanos;

/// Bytes of a report without padding.
pub const LENGTH: usize = 85;

const MAGIC: [u8; 3] = *b"VA\x01";
const SECOND: u8 = 1;

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it was sent right after the one with the number before.
    pub second: bool,
    /// From whom to whom.
    pub envelope: Envelope,
    /// The state of the sending end.
    pub status: Status,
    /// What its applications need.
    pub needs: Needs,
    /// What did not arrive at it, in parts of a million.
    pub loss: u32,
    /// What its stack had to repair, in parts of a million.
    pub repaired: u32,
    /// The rate at which reports come to it, bit/s; 0 if it cannot be told.
    pub rate: u64,
    /// When it was sent, by the sender's clock.
    pub sent: Nanos,
    /// When the last report came from the other end was sent, by that one's clock; 0 if there was none.
    pub answered: Nanos,
    /// How long ago that one came.
    pub held: Nanos,
}

impl Report {
    /// As bytes, of which there are `length` or as many as it takes.
    pub fn encode(&self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length.max(LENGTH));
        let status = &self.status;
        let phases = Layer::ALL.into_iter().rev();
        let phases = phases.fold(0, |bits, layer| bits << 2 | status.phases[layer] as u8);
        bytes.extend(MAGIC);
        bytes.push(if self.second { SECOND } else { 0 });
        bytes.extend(self.envelope.from.to_be_bytes());
        bytes.extend(self.envelope.to.to_be_bytes());
        bytes.extend(self.envelope.sequence.to_be_bytes());
        bytes.extend(status.version.number.to_be_bytes());
        bytes.extend(status.version.by.to_be_bytes());
        let (wish, quiet, available) = (status.wish, status.quiet, status.available);
        bytes.extend([wish.bits(), phases, quiet.bits(), available.bits()]);
        bytes.push(self.needs.bits());
        bytes.extend(self.loss.to_be_bytes());
        bytes.extend(self.repaired.to_be_bytes());
        for number in [self.rate, self.sent, self.answered, self.held] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(check_of(&bytes).to_be_bytes());
        bytes.resize(length.max(LENGTH), 0);
        bytes
    }

    /// From bytes; none if they are no report, or one that was damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, rest) = bytes.split_at_checked(LENGTH - 4)?;
        if u32::from_be_bytes(*rest.first_chunk()?) != check_of(body) {
            return None;
        }
        let mut reader = Reader(body.strip_prefix(&MAGIC)?);
        let [flags] = reader.take()?;
        let envelope = Envelope {
            from: reader.long()?,
            to: reader.long()?,
            sequence: reader.number()?,
        };
        let version = Version {
            number: reader.number()?,
            by: reader.long()?,
        };
        let [wish, phases, quiet, available, needs] = reader.take()?;
        let mut all = PerLayer::default();
        for layer in Layer::ALL {
            all[layer] = match phases >> (2 * layer as u8) & 3 {
                0 => Phase::Out,
                1 => Phase::Listening,
                2 => Phase::Sending,
                _ => Phase::Strict,
            };
        }
        Some(Report {
            second: flags & SECOND != 0,
            envelope,
            status: Status {
                version,
                wish: Layers::from_bits(wish),
                phases: all,
                quiet: Layers::from_bits(quiet),
                available: Layers::from_bits(available),
            },
            needs: Needs::from_bits(needs),
            loss: reader.number()?,
            repaired: reader.number()?,
            rate: reader.long()?,
            sent: reader.long()?,
            answered: reader.long()?,
            held: reader.long()?,
        })
    }
}

/// Takes numbers from the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}

/// CRC-32 (IEEE 802.3): below the control channel there may be nothing that checks.
fn check_of(bytes: &[u8]) -> u32 {
    let mut check = u32::MAX;
    for byte in bytes {
        check ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = check & 1 != 0;
            check = check >> 1 ^ if odd { 0xedb8_8320 } else { 0 };
        }
    }
    !check
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut phases = PerLayer::default();
        phases[Layer::Fec] = Phase::Sending;
        phases[Layer::Crypt] = Phase::Strict;
        phases[Layer::Compress] = Phase::Listening;
        Report {
            second: true,
            envelope: Envelope {
                from: u64::MAX - 1,
                to: 5,
                sequence: 1 << 31,
            },
            status: Status {
                version: Version { number: 9, by: 77 },
                wish: Layers::from_bits(9),
                phases,
                quiet: Layers::from_bits(6),
                available: Layers::from_bits(15),
            },
            needs: Needs::from_bits(5),
            loss: 12_345,
            repaired: 678,
            rate: 10_000_000,
            sent: 1 << 60,
            answered: 3,
            held: 4,
        }
    }

    #[test]
    fn reports_are_read_as_they_were_written() {
        for length in [0, LENGTH, 500] {
            let bytes = report().encode(length);
            assert_eq!(bytes.len(), length.max(LENGTH));
            assert_eq!(Report::decode(&bytes), Some(report()));
        }
    }

    #[test]
    fn what_is_damaged_is_no_report() {
        let good = report().encode(100);
        for bit in 0..LENGTH * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Report::decode(&bytes), None, "bit {bit}");
        }
        for length in 0..LENGTH {
            assert_eq!(Report::decode(&good[..length]), None);
        }
        assert_eq!(check_of(b"123456789"), 0xcbf4_3926);
    }
}
