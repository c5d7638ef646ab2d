// SPDX-License-Identifier: GPL-2.0

//! What a frame has to have to be in a class: `protocol udp destination-port 5060 weight 8`.

use std::fmt;

use ipnet::IpNet;

use crate::dscp;
use crate::plan::MatchPlan;
use crate::units::{count, UnitError};

/// What can be asked of a frame, and the weight.
pub(crate) const KEYS: [&str; 7] = [
    "protocol",
    "source",
    "destination",
    "source-port",
    "destination-port",
    "dscp",
    "weight",
];

/// Names of protocols; of several the first one is shown.
const PROTOCOLS: [(&str, u8); 9] = [
    ("tcp", 6),
    ("udp", 17),
    ("icmp", 1),
    ("icmpv6", 58),
    ("sctp", 132),
    ("dccp", 33),
    ("gre", 47),
    ("esp", 50),
    ("ospf", 89),
];

/// Sets one of [`KEYS`].
pub(crate) fn set(plan: &mut MatchPlan, key: &str, text: &str) -> Result<(), UnitError> {
    let port = |what| count(text, what, 0, 65_535).map(|port| Some(port as u16));
    match key {
        "protocol" => plan.protocol = Some(protocol(text)?),
        "source" => plan.source = Some(network(text)?),
        "destination" => plan.destination = Some(network(text)?),
        "source-port" => plan.source_port = port("a port")?,
        "destination-port" => plan.destination_port = port("a port")?,
        "dscp" => {
            plan.dscp = Some(dscp::parse(text).ok_or_else(|| UnitError {
                message: format!("`{text}` is not a DSCP"),
                help: dscp::HELP.into(),
            })?);
        }
        // Within the limits it fits.
        _ => plan.weight = count(text, "a weight", 1, 1024)? as u32,
    }
    Ok(())
}

fn protocol(text: &str) -> Result<u8, UnitError> {
    let named = PROTOCOLS.iter().find(|(name, _)| *name == text);
    match named {
        Some((_, number)) => Ok(*number),
        None => match text.parse() {
            Ok(number) => Ok(number),
            Err(_) => Err(UnitError {
                message: format!("`{text}` is not an IP protocol"),
                help: "a protocol is a number from 0 to 255, or tcp, udp, icmp, icmpv6, sctp, dccp, gre, esp, ospf".into(),
            }),
        },
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, UnitError> {
    let parsed = match text.contains('/') {
        true => text.parse().ok(),
        false => text
            .parse()
            .ok()
            .map(|address: std::net::IpAddr| address.into()),
    };
    match parsed {
        Some(net) if net == IpNet::trunc(&net) => Ok(net),
        Some(net) => Err(UnitError {
            message: format!("`{text}` has bits set behind its length"),
            help: format!("the network is {}", net.trunc()),
        }),
        None => Err(UnitError {
            message: format!("`{text}` is neither an address nor a network"),
            help: "write it as in 10.0.0.0/24, 10.0.0.1 or fd00::/64".into(),
        }),
    }
}

impl MatchPlan {
    /// Whether nothing is asked of a frame.
    pub fn is_empty(&self) -> bool {
        *self
            == MatchPlan {
                weight: self.weight,
                ..MatchPlan::default()
            }
    }
}

/// In the words of `link set`.
impl fmt::Display for MatchPlan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MatchPlan {
            protocol,
            source,
            destination,
            source_port,
            destination_port,
            dscp,
            weight,
        } = self;
        if let Some(protocol) = protocol {
            match PROTOCOLS.iter().find(|(_, number)| number == protocol) {
                Some((name, _)) => write!(out, "protocol {name} ")?,
                None => write!(out, "protocol {protocol} ")?,
            }
        }
        for (name, net) in [("source", source), ("destination", destination)] {
            if let Some(net) = net {
                write!(out, "{name} {net} ")?;
            }
        }
        for (name, port) in [
            ("source-port", source_port),
            ("destination-port", destination_port),
        ] {
            if let Some(port) = port {
                write!(out, "{name} {port} ")?;
            }
        }
        if let Some(code) = dscp {
            write!(out, "dscp {} ", dscp::show(*code))?;
        }
        write!(out, "weight {weight}")
    }
}
