// SPDX-License-Identifier: GPL-2.0

//! Ethernet addresses.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// An Ethernet (EUI-48) address, written `02:00:5e:10:00:01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

/// Why a text is not an Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an Ethernet address: six pairs of hexadecimal digits with colons, as in 02:00:5e:10:00:01"
)]
pub struct ParseMacError;

impl MacAddr {
    /// Whether it is a group address, which no interface can have.
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether it was assigned locally rather than by the IEEE.
    pub fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// Whether all bits are zero.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    /// The IPv6 link-local address that an interface with this address has (modified EUI-64, RFC 4291 appendix A).
    pub fn link_local(self) -> Ipv6Addr {
        let [a, b, c, d, e, f] = self.0;
        let word = u16::from_be_bytes;
        Ipv6Addr::new(
            0xfe80,
            0,
            0,
            0,
            word([a ^ 2, b]),
            word([c, 0xff]),
            word([0xfe, d]),
            word([e, f]),
        )
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for MacAddr {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, ParseMacError> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or(ParseMacError)?;
            // from_str_radix alone would take a sign.
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(ParseMacError);
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| ParseMacError)?;
        }
        match parts.next() {
            None => Ok(MacAddr(bytes)),
            Some(_) => Err(ParseMacError),
        }
    }
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        let mac: MacAddr = "02:00:5e:10:0A:ff".parse().unwrap();
        assert_eq!(mac.to_string(), "02:00:5e:10:0a:ff");
        for bad in [
            "",
            "02",
            "02:00:5e:10:00",
            "02:00:5e:10:00:01:02",
            "+2:00:5e:10:00:01",
            "2:0:5e:10:0:1",
        ] {
            assert!(bad.parse::<MacAddr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn link_local_is_modified_eui64() {
        let mac = MacAddr([0x02, 0x00, 0x5e, 0x10, 0x00, 0x01]);
        assert_eq!(mac.link_local().to_string(), "fe80::5eff:fe10:1");
    }
}
