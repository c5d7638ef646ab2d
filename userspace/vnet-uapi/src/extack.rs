// SPDX-License-Identifier: GPL-2.0

//! Extended acknowledgements: the kernel's words and the attribute that it means.

use crate::attr::{self, SetSpec};
use crate::error::Refusal;

// enum nlmsgerr_attrs of include/uapi/linux/netlink.h
const MSG: u16 = 1;
const OFFSET: u16 = 2;
const MISSING_TYPE: u16 = 5;
const MISSING_NEST: u16 = 6;

/// Length of the netlink message header.
pub(crate) const HEADER: usize = 16;

/// A refused request, so that offsets into it can be turned into names.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The message as it was sent, with its header.
    pub bytes: &'a [u8],
    /// Where its attributes start.
    pub attributes: usize,
    /// What they are; `None` where no names are known.
    pub spec: Option<&'static SetSpec>,
}

/// What the attributes of an acknowledgement say.
pub(crate) fn decode(errno: i32, tlvs: &[u8], request: Request<'_>) -> Refusal {
    let mut refusal = Refusal::new(errno);
    let mut missing_type = None;
    let mut missing_nest = None;
    for item in attr::iterate(tlvs) {
        // A damaged rest must not hide the error itself.
        let Ok((number, value)) = item else { break };
        match number {
            MSG => refusal.message = attr::string(value).ok(),
            OFFSET => refusal.attribute = offset(value).and_then(|at| request.path_to(at)),
            MISSING_TYPE => missing_type = attr::u32(value).ok(),
            MISSING_NEST => missing_nest = offset(value),
            _ => {}
        }
    }
    if let Some(number) = missing_type {
        refusal.missing = request.path_to_missing(missing_nest, number as u16);
    }
    refusal
}

fn offset(value: &[u8]) -> Option<usize> {
    attr::u32(value).ok().map(|offset| offset as usize)
}

impl Request<'_> {
    /// Name of the attribute that starts at `target`, counted from the start of the message.
    fn path_to(&self, target: usize) -> Option<String> {
        self.find(target).map(|(path, _)| path)
    }

    /// Name of an attribute that is not there, in the nest that starts at `nest`.
    fn path_to_missing(&self, nest: Option<usize>, number: u16) -> Option<String> {
        let (prefix, spec) = match nest {
            None => (String::new(), self.spec?),
            Some(at) => {
                let (path, spec) = self.find(at)?;
                (path + ".", spec?)
            }
        };
        Some(prefix + spec.find(number)?.name)
    }

    fn find(&self, target: usize) -> Option<(String, Option<&'static SetSpec>)> {
        let bytes = self.bytes.get(self.attributes..)?;
        find_in(bytes, self.attributes, self.spec?, target)
    }
}

/// Looks for the attribute at `target` in `bytes`, which start at `base`.
fn find_in(
    bytes: &[u8],
    base: usize,
    spec: &'static SetSpec,
    target: usize,
) -> Option<(String, Option<&'static SetSpec>)> {
    const ATTRIBUTE_HEADER: usize = 4;
    let mut position = base;
    for item in attr::iterate(bytes) {
        let (number, value) = item.ok()?;
        let start = position;
        let end = start + ATTRIBUTE_HEADER + value.len();
        position = end.next_multiple_of(4);
        if !(start..end).contains(&target) {
            continue;
        }
        let attribute = spec.find(number)?;
        if start == target {
            return Some((attribute.name.into(), attribute.nested));
        }
        let (path, nested) = find_in(value, start + ATTRIBUTE_HEADER, attribute.nested?, target)?;
        return Some((format!("{}.{path}", attribute.name), nested));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attr::{Attributes, Encoder};
    use crate::generated::{Direction, End, Link};

    /// Header of 16 + 4 bytes, then: lab (8 bytes), end-a { tx { rate, delay } }.
    fn message() -> Vec<u8> {
        let link = Link {
            lab: Some("l".into()),
            end_a: Some(End {
                tx: Some(Direction {
                    rate: Some(1),
                    delay: Some(2),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut bytes = vec![0; 20];
        bytes.extend(Encoder::encode(&link));
        bytes
    }

    fn tlvs(items: &[(u16, u32)], message: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut push = |number: u16, value: &[u8]| {
            out.extend_from_slice(&(value.len() as u16 + 4).to_ne_bytes());
            out.extend_from_slice(&number.to_ne_bytes());
            out.extend_from_slice(value);
            out.resize(out.len().next_multiple_of(4), 0);
        };
        if let Some(text) = message {
            push(MSG, format!("{text}\0").as_bytes());
        }
        for (number, value) in items {
            push(*number, &value.to_ne_bytes());
        }
        out
    }

    fn decode_link(items: &[(u16, u32)], message_text: Option<&str>) -> Refusal {
        let bytes = message();
        let request = Request {
            bytes: &bytes,
            attributes: 20,
            spec: Some(&Link::SPEC),
        };
        decode(libc::EINVAL, &tlvs(items, message_text), request)
    }

    #[test]
    fn offsets_become_names() {
        // 20: lab, 28: end-a, 32: tx, 36: rate, 44: delay
        for (at, path) in [
            (20, Some("lab")),
            (28, Some("end-a")),
            (32, Some("end-a.tx")),
            (36, Some("end-a.tx.rate")),
            (44, Some("end-a.tx.delay")),
            (46, None),
            (4000, None),
        ] {
            let refusal = decode_link(&[(OFFSET, at)], Some("no"));
            assert_eq!(refusal.attribute.as_deref(), path, "offset {at}");
        }
    }

    #[test]
    fn the_kernels_words_come_first() {
        let refusal = decode_link(&[(OFFSET, 36)], Some("rate is too low"));
        assert_eq!(
            refusal.to_string(),
            "rate is too low (attribute end-a.tx.rate)"
        );
        assert_eq!(decode_link(&[], None).to_string(), "Invalid argument");
    }

    #[test]
    fn missing_attributes_are_named() {
        let refusal = decode_link(&[(MISSING_TYPE, 8)], None);
        assert_eq!(refusal.missing.as_deref(), Some("end-b"));
        let refusal = decode_link(&[(MISSING_TYPE, 1), (MISSING_NEST, 32)], None);
        assert_eq!(refusal.missing.as_deref(), Some("end-a.tx.rate"));
    }

    #[test]
    fn damaged_acknowledgements_do_not_hide_the_error() {
        let request = Request {
            bytes: &[],
            attributes: 20,
            spec: Some(&Link::SPEC),
        };
        assert_eq!(
            decode(libc::EPERM, &[200, 0, 1, 0], request).errno,
            libc::EPERM
        );
    }
}
