// SPDX-License-Identifier: GPL-2.0

//! Netlink attributes: what the generated message types are encoded and decoded with.

use netlink_packet_core::{DecodeError, NlasIterator, NLA_F_NESTED, NLA_HEADER_SIZE};

/// A set of attributes of the spec as a Rust type.
pub trait Attributes: Sized {
    /// Names and numbers of the set.
    const SPEC: SetSpec;

    /// Appends all attributes that have a value.
    fn encode(&self, out: &mut Encoder);

    /// Reads attributes; those that are not known are skipped, as a newer kernel may send more.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// An attribute set as the spec has it.
#[derive(Debug)]
pub struct SetSpec {
    /// Name of the set.
    pub name: &'static str,
    /// Its attributes.
    pub attributes: &'static [AttrSpec],
}

/// One attribute of a set.
#[derive(Debug)]
pub struct AttrSpec {
    /// Its number on the wire.
    pub number: u16,
    /// Its name in the spec.
    pub name: &'static str,
    /// The set inside, if it is a nest.
    pub nested: Option<&'static SetSpec>,
}

impl SetSpec {
    /// The attribute of that number.
    pub fn find(&self, number: u16) -> Option<&'static AttrSpec> {
        self.attributes
            .iter()
            .find(|attribute| attribute.number == number)
    }
}

/// Builds the attributes of a message.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// The attributes of one set.
    pub fn encode(set: &impl Attributes) -> Vec<u8> {
        let mut encoder = Encoder::default();
        set.encode(&mut encoder);
        encoder.bytes
    }

    /// A 32-bit number.
    pub fn u32(&mut self, number: u16, value: u32) {
        self.bytes(number, &value.to_ne_bytes());
    }

    /// A `uint`: 4 bytes where they are enough, else 8.
    pub fn uint(&mut self, number: u16, value: u64) {
        match u32::try_from(value) {
            Ok(short) => self.u32(number, short),
            Err(_) => self.bytes(number, &value.to_ne_bytes()),
        }
    }

    /// A text, terminated by a zero byte.
    pub fn string(&mut self, number: u16, value: &str) {
        let start = self.begin(number);
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.end(start);
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, number: u16, value: &[u8]) {
        let start = self.begin(number);
        self.bytes.extend_from_slice(value);
        self.end(start);
    }

    /// A set inside.
    pub fn nest(&mut self, number: u16, set: &impl Attributes) {
        let start = self.begin(number | NLA_F_NESTED);
        set.encode(self);
        self.end(start);
    }

    fn begin(&mut self, number: u16) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&number.to_ne_bytes());
        start
    }

    /// Sets the length, which does not count the padding that follows.
    fn end(&mut self, start: usize) {
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// The attributes in `bytes`: number without flags, and value.
pub fn iterate(bytes: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), DecodeError>> {
    // The value that NlaBuffer hands out does not live as long as the buffer that it iterates over.
    let mut position = 0;
    NlasIterator::new(bytes).map(move |item| {
        let item = item?;
        let start = position + NLA_HEADER_SIZE;
        let end = start + item.value_length();
        position = end.next_multiple_of(4);
        Ok((item.kind(), &bytes[start..end]))
    })
}

/// A 32-bit number.
pub fn u32(value: &[u8]) -> Result<u32, DecodeError> {
    array(value).map(u32::from_ne_bytes)
}

/// A `uint` of either width.
pub fn uint(value: &[u8]) -> Result<u64, DecodeError> {
    match value.len() {
        4 => u32(value).map(u64::from),
        _ => array(value).map(u64::from_ne_bytes),
    }
}

/// Bytes of a fixed length.
pub fn array<const LENGTH: usize>(value: &[u8]) -> Result<[u8; LENGTH], DecodeError> {
    value
        .try_into()
        .map_err(|_| DecodeError::invalid_number(LENGTH, value.len()))
}

/// A text, without the zero byte at its end.
pub fn string(value: &[u8]) -> Result<String, DecodeError> {
    let end = value.iter().position(|byte| *byte == 0);
    let text = &value[..end.unwrap_or(value.len())];
    Ok(String::from_utf8(text.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::{Direction, Drop, End, Link, Stats};

    fn link() -> Link {
        Link {
            name: Some("wan".into()),
            seed: Some(u64::MAX),
            end_a: Some(End {
                address: Some([2, 0, 0, 0, 0, 1]),
                tx: Some(Direction {
                    rate: Some(10_000_000_000),
                    delay: Some(20_000_000),
                    ..Default::default()
                }),
                stats: Some(Stats {
                    drop: vec![
                        Drop {
                            cause: Some(0),
                            frames: Some(7),
                            bytes: Some(1 << 40),
                        },
                        Drop::default(),
                    ],
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let bytes = Encoder::encode(&link());
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(Link::decode(&bytes).unwrap(), link());
    }

    #[test]
    fn uint_takes_four_bytes_where_they_do() {
        let mut encoder = Encoder::default();
        encoder.uint(1, u32::MAX.into());
        encoder.uint(2, 1 << 32);
        assert_eq!(encoder.bytes.len(), 8 + 12);
        let values: Vec<u64> = iterate(&encoder.bytes)
            .map(|item| uint(item.unwrap().1).unwrap())
            .collect();
        assert_eq!(values, [u32::MAX.into(), 1 << 32]);
    }

    #[test]
    fn damaged_attributes_are_errors() {
        let bytes = Encoder::encode(&link());
        assert!(Link::decode(&bytes[..bytes.len() - 5]).is_err());
        let mut encoder = Encoder::default();
        encoder.bytes(1, &[1, 2, 3]);
        assert!(Link::decode(&encoder.bytes).is_err(), "id of three bytes");
    }

    #[test]
    fn unknown_attributes_are_skipped() {
        let mut encoder = Encoder::default();
        encoder.u32(999, 1);
        encoder.string(2, "x");
        let link = Link::decode(&encoder.bytes).unwrap();
        assert_eq!(link.name.as_deref(), Some("x"));
    }
}
