// SPDX-License-Identifier: GPL-2.0

//! What the headers of an Ethernet frame say of its flow.

/// Bytes from the beginning of a frame that are looked at, at most.
pub const LOOKED_AT: u32 = 14 + 8 + 60 + 4;

const VLAN: [u16; 2] = [0x8100, 0x88a8];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
const DCCP: u8 = 33;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// Headers of a frame. What is not there is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Ethernet destination address.
    pub eth_destination: [u8; 6],
    /// Ethernet source address.
    pub eth_source: [u8; 6],
    /// Ethernet type, behind VLAN tags.
    pub ethertype: u16,
    /// The IP header.
    pub ip: Option<Ip>,
    /// Source and destination port, unless the packet is a fragment.
    pub ports: Option<[u16; 2]>,
}

/// What an IP header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source address.
    pub source: Address,
    /// Destination address.
    pub destination: Address,
    /// Protocol, in IPv6 that of the first header behind.
    pub protocol: u8,
    /// DS code point.
    pub dscp: u8,
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// IPv4.
    V4(u32),
    /// IPv6.
    V6(u128),
}

impl Address {
    /// An address of 4 or 16 bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if let Ok(bytes) = bytes.try_into() {
            return Some(Self::V4(u32::from_be_bytes(bytes)));
        }
        let bytes = bytes.try_into().ok()?;
        Some(Self::V6(u128::from_be_bytes(bytes)))
    }

    /// Whether the first `bits` are those of `other`.
    pub fn is_within(self, other: Self, bits: u8) -> bool {
        let bits = u32::from(bits);
        match (self, other) {
            (Self::V4(a), Self::V4(b)) => {
                let rest = 32u32.saturating_sub(bits);
                (a ^ b).checked_shr(rest).unwrap_or(0) == 0
            }
            (Self::V6(a), Self::V6(b)) => {
                let rest = 128u32.saturating_sub(bits);
                (a ^ b).checked_shr(rest).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Number of bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::V4(_) => 32,
            Self::V6(_) => 128,
        }
    }

    /// The address in two words.
    pub(super) fn words(self) -> [u64; 2] {
        match self {
            Self::V4(address) => [0, u64::from(address)],
            Self::V6(address) => [(address >> 64) as u64, address as u64],
        }
    }
}

/// The number at a place.
fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let end = at.checked_add(2)?;
    Some(u16::from_be_bytes(bytes.get(at..end)?.try_into().ok()?))
}

impl Headers {
    /// The headers of a frame of which these are the first bytes; none if it has no Ethernet header.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let mut headers = Self {
            eth_destination: *frame.first_chunk()?,
            eth_source: *frame.get(6..)?.first_chunk()?,
            ethertype: word(frame, 12)?,
            ..Self::default()
        };
        let mut at = 14usize;
        for _ in 0..2 {
            if VLAN.contains(&headers.ethertype) {
                match word(frame, at.wrapping_add(2)) {
                    Some(inner) => headers.ethertype = inner,
                    None => return Some(headers),
                }
                at = at.wrapping_add(4);
            }
        }
        let rest = frame.get(at..).unwrap_or(&[]);
        let found = match headers.ethertype {
            IPV4 => ipv4(rest),
            IPV6 => ipv6(rest),
            _ => None,
        };
        if let Some((ip, behind)) = found {
            headers.ip = Some(ip);
            headers.ports = behind.and_then(|behind| ports(ip.protocol, behind));
        }
        Some(headers)
    }

    /// A number that is the same for both directions of a flow, and else depends on all of the flow.
    pub fn symmetric_hash(&self, seed: u64) -> u32 {
        let mut state = seed;
        let Some(ip) = &self.ip else {
            let mac = |address: &[u8; 6]| {
                let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                address.iter().fold(0u64, fold)
            };
            let (a, b) = (mac(&self.eth_source), mac(&self.eth_destination));
            mix(&mut state, a.min(b));
            mix(&mut state, a.max(b));
            mix(&mut state, u64::from(self.ethertype));
            return (state >> 32) as u32;
        };
        let [from, to] = self.ports.unwrap_or([0; 2]);
        let (a, b) = ((ip.source, from), (ip.destination, to));
        for (address, port) in [a.min(b), a.max(b)] {
            for word in address.words() {
                mix(&mut state, word);
            }
            mix(&mut state, u64::from(port));
        }
        mix(&mut state, u64::from(ip.protocol));
        (state >> 32) as u32
    }
}

/// One round of the finaliser of SplitMix64 (Steele, Lea, Flood 2014) over state and word.
pub(super) fn mix(state: &mut u64, word: u64) {
    let mut z = (*state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    *state = z ^ (z >> 31);
}

/// An IPv4 header, and what is behind it unless the packet is a fragment.
fn ipv4(packet: &[u8]) -> Option<(Ip, Option<&[u8]>)> {
    let first = *packet.first()?;
    let len = usize::from(first & 15).wrapping_mul(4);
    if first >> 4 != 4 || len < 20 {
        return None;
    }
    let ip = Ip {
        source: Address::of(packet.get(12..16)?)?,
        destination: Address::of(packet.get(16..20)?)?,
        protocol: *packet.get(9)?,
        dscp: *packet.get(1)? >> 2,
    };
    // More fragments, or not the first one.
    let fragment = word(packet, 6)? & 0x3fff != 0;
    Some((ip, packet.get(len..).filter(|_| !fragment)))
}

/// An IPv6 header, and what is behind it.
fn ipv6(packet: &[u8]) -> Option<(Ip, Option<&[u8]>)> {
    let first = word(packet, 0)?;
    if first >> 12 != 6 {
        return None;
    }
    let ip = Ip {
        source: Address::of(packet.get(8..24)?)?,
        destination: Address::of(packet.get(24..40)?)?,
        protocol: *packet.get(6)?,
        dscp: (first >> 6 & 0x3f) as u8,
    };
    Some((ip, packet.get(40..)))
}

/// The ports of protocols that have some.
fn ports(protocol: u8, header: &[u8]) -> Option<[u16; 2]> {
    match protocol {
        TCP | UDP | DCCP | SCTP | UDP_LITE => Some([word(header, 0)?, word(header, 2)?]),
        _ => None,
    }
}

/// What frames a rule matches: those that have everything that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Ethernet type.
    pub ethertype: Option<u16>,
    /// Ethernet source address.
    pub eth_source: Option<[u8; 6]>,
    /// Ethernet destination address.
    pub eth_destination: Option<[u8; 6]>,
    /// IP protocol.
    pub protocol: Option<u8>,
    /// DS code point.
    pub dscp: Option<u8>,
    /// Source network.
    pub source: Option<(Address, u8)>,
    /// Destination network.
    pub destination: Option<(Address, u8)>,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination port.
    pub destination_port: Option<u16>,
    /// Number of what is done with them.
    pub target: u32,
}

impl Rule {
    /// Whether a frame with these headers matches.
    pub fn matches(&self, headers: &Headers) -> bool {
        fn is<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let ip = headers.ip.as_ref();
        let network = |wanted: Option<(Address, u8)>, found: Option<Address>| {
            wanted.is_none_or(|(network, bits)| {
                found.is_some_and(|address| address.is_within(network, bits))
            })
        };
        is(self.ethertype, Some(headers.ethertype))
            && is(self.eth_source, Some(headers.eth_source))
            && is(self.eth_destination, Some(headers.eth_destination))
            && is(self.protocol, ip.map(|ip| ip.protocol))
            && is(self.dscp, ip.map(|ip| ip.dscp))
            && network(self.source, ip.map(|ip| ip.source))
            && network(self.destination, ip.map(|ip| ip.destination))
            && is(self.source_port, headers.ports.map(|[from, _]| from))
            && is(self.destination_port, headers.ports.map(|[_, to]| to))
    }
}
