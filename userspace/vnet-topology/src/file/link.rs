// SPDX-License-Identifier: GPL-2.0

//! Links as written in the file.

use std::net::IpAddr;

use ipnet::IpNet;

use super::wire::{self, DirectionParams};
use crate::decode::{items, refused, scalar, texts, Fields, Problems};
use crate::names::check_interface;
use crate::plan::MacAddr;
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::{count, UnitError};

/// Parameters of a link.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkParams {
    pub both: DirectionParams,
    /// From the first end to the second.
    pub forward: DirectionParams,
    /// From the second end to the first.
    pub backward: DirectionParams,
    pub mtu: Option<At<u32>>,
    pub up: Option<At<bool>>,
}

/// A link.
#[derive(Debug)]
pub(crate) struct Link {
    pub name: Option<At<String>>,
    pub seed: Option<At<u64>>,
    pub ends: [End; 2],
    /// Where messages about the whole link point to.
    pub span: Span,
    pub params: LinkParams,
    /// The medium of which it is a port; its second end is the medium.
    pub medium: Option<usize>,
}

/// One end of a link.
#[derive(Debug)]
pub(crate) struct End {
    pub node: At<String>,
    pub interface: Option<At<String>>,
    /// `None`: to be assigned; empty: none at all.
    pub addresses: Option<Vec<At<IpNet>>>,
    pub mac: Option<At<MacAddr>>,
    pub vlan: Option<At<PortVlan>>,
}

/// VLANs of a switch port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortVlan {
    pub untagged: Option<u16>,
    pub tagged: Vec<u16>,
}

/// What other tools call the parameters of a link.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    (
        "bandwidth",
        "the rate of a link is `rate`, as in `rate: 100mbit`",
    ),
    ("bw", "the rate of a link is `rate`, as in `rate: 100mbit`"),
    ("speed", "the rate of a link is `rate`, as in `rate: 1gbit`"),
    (
        "latency",
        "the one-way delay of a link is `delay`, as in `delay: 20ms`",
    ),
    (
        "endpoints",
        "the ends of a link are `ends`, as in `ends: [r1:eth0, r2]`",
    ),
    (
        "nodes",
        "the ends of a link are `ends`, as in `ends: [r1:eth0, r2]`",
    ),
    (
        "from",
        "the ends of a link are `ends`, as in `ends: [r1, r2]`",
    ),
    (
        "to",
        "the ends of a link are `ends`, as in `ends: [r1, r2]`",
    ),
    (
        "delay-limit",
        "the bound of the delay line is `delay_limit`",
    ),
    (
        "drop",
        "the loss of frames is `loss`; where a full queue drops is `queue: {drop: head}`",
    ),
    (
        "corruption",
        "the probability of a flipped bit is `corrupt`",
    ),
    ("duplication", "the probability of a copy is `duplicate`"),
    (
        "aqm",
        "the discipline of the queue is under `queue`, as in `queue: {discipline: fq-codel}`",
    ),
    (
        "qdisc",
        "the discipline of the queue is under `queue`, as in `queue: {discipline: fq-codel}`",
    ),
    (
        "limit",
        "the bound of the queue is `queue`, as in `queue: 100 packets`",
    ),
    (
        "buffer",
        "the bound of the queue is `queue`, as in `queue: 64KB`",
    ),
    (
        "addresses",
        "addresses belong to an end: `ends: [{node: r1, addresses: 10.0.0.1/24}, r2]`",
    ),
    ("weight", "the cost of a link for routing is `cost`"),
    ("metric", "the cost of a link for routing is `cost`"),
];

/// Reads one item of `links`.
pub(super) fn read(problems: &Problems, value: &Value) -> Option<Link> {
    // `- [a, b]` is short for `- ends: [a, b]`.
    if let Data::List(ends) = &value.data {
        return Some(Link {
            name: None,
            seed: None,
            ends: read_ends(problems, &value.span, ends)?,
            span: value.span.clone(),
            params: LinkParams::default(),
            medium: None,
        });
    }
    let mut fields = Fields::of(problems, value, "a link")?.foreign(FOREIGN);
    // Gone by now; only to know them.
    let _ = (fields.get("for"), fields.get("template"));
    let name = fields.text("name", "the name of the link");
    let ends = fields.get_with_key("ends");
    let seed = fields.scalar("seed", "a number", |text| {
        count(text, "a seed", 0, u64::MAX)
    });
    let params = read_params(&mut fields);
    fields.finish();
    let Some((key, ends)) = ends else {
        problems.add(
            Problem::new(value.span.clone(), "the link has no `ends`")
                .help("say which two nodes it joins, as in `ends: [r1, r2]`"),
        );
        return None;
    };
    let list = match &ends.data {
        Data::List(list) => list.as_slice(),
        Data::Null => &[],
        _ => std::slice::from_ref(ends),
    };
    let place = if list.is_empty() {
        &key.span
    } else {
        &ends.span
    };
    let ends = read_ends(problems, place, list)?;
    let span = ends[0].node.span.start..ends[1].node.span.end.max(ends[0].node.span.end);
    Some(Link {
        name,
        seed,
        ends,
        span,
        params,
        medium: None,
    })
}

fn read_ends(problems: &Problems, span: &Span, list: &[Value]) -> Option<[End; 2]> {
    match list {
        [a, b] => {
            // Both, so that the problems of both are found.
            let (a, b) = (read_end(problems, a), read_end(problems, b));
            Some([a?, b?])
        }
        _ => {
            problems.add(
                Problem::new(span.clone(), format!("a link has 2 ends, this one {}", list.len())).help(
                    "write two nodes, as in `ends: [r1, r2]`; for a LAN of more nodes link each of them to a switch",
                ),
            );
            None
        }
    }
}

fn read_end(problems: &Problems, value: &Value) -> Option<End> {
    match &value.data {
        Data::Text(text) => read_short_end(problems, text, &value.span),
        Data::Map(_) => read_long_end(problems, value),
        _ => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("expected the end of a link, found {}", value.describe()),
                )
                .help(END_HELP),
            );
            None
        }
    }
}

const END_HELP: &str =
    "an end is `node`, `node:interface`, or a map with node, interface, addresses, mac, vlan";

fn read_short_end(problems: &Problems, text: &str, span: &Span) -> Option<End> {
    let (node, interface) = match text.split_once(':') {
        Some((node, interface)) => (node, Some(interface)),
        None => (text, None),
    };
    // A quoted text is longer in the file than it is.
    let part = |start: usize, length: usize| match span.len() == text.len() {
        true => span.start + start..span.start + start + length,
        false => span.clone(),
    };
    let interface = match interface {
        Some(name) => {
            let span = part(node.len() + 1, name.len());
            problems
                .keep(check_interface(name).map_err(|message| refused(&span, message, END_HELP)))?;
            Some(At::new(name.to_owned(), span))
        }
        None => None,
    };
    Some(End {
        node: At::new(node.to_owned(), part(0, node.len())),
        interface,
        addresses: None,
        mac: None,
        vlan: None,
    })
}

fn read_long_end(problems: &Problems, value: &Value) -> Option<End> {
    let mut fields = Fields::of(problems, value, "the end of a link")?.foreign(END_FOREIGN);
    let end = read_end_fields(&mut fields);
    fields.finish();
    end.or_else(|| no_node(problems, value, "the end of a link"))
}

/// A port of a medium: like the end of a link, with parameters of its own.
pub(super) struct Port {
    pub end: End,
    pub params: DirectionParams,
    /// Groups of ports that it is in.
    pub groups: Vec<At<String>>,
}

/// Reads a port of a medium.
pub(super) fn read_port(problems: &Problems, value: &Value) -> Option<Port> {
    if !matches!(value.data, Data::Map(_)) {
        return Some(Port {
            end: read_end(problems, value)?,
            params: DirectionParams::default(),
            groups: Vec::new(),
        });
    }
    let mut fields = Fields::of(problems, value, "a port")?.foreign(FOREIGN);
    // Gone by now; only to know it.
    let _ = fields.get("for");
    let end = read_end_fields(&mut fields);
    let params = wire::read(&mut fields);
    let groups = fields.get("group").map_or(Vec::new(), |value| {
        texts(problems, value, "the name of a group")
    });
    fields.finish();
    let end = end.or_else(|| no_node(problems, value, "the port"))?;
    Some(Port {
        end,
        params,
        groups,
    })
}

fn no_node(problems: &Problems, value: &Value, what: &str) -> Option<End> {
    problems.add(Problem::new(value.span.clone(), format!("{what} has no `node`")).help(END_HELP));
    None
}

const END_FOREIGN: &[(&str, &str)] = &[
        ("address", "write `addresses`, with one address or a list of them"),
        ("ip", "write `addresses`, with one address or a list of them"),
        ("ipv4", "write `addresses`, with one address or a list of them"),
        ("ipv6", "write `addresses`, with one address or a list of them"),
        ("name", "the node is `node`, the interface `interface`"),
        ("rate", "the rate in one direction is under `forward` (from the first end to the second) or `backward`"),
        ("delay", "the delay in one direction is under `forward` (from the first end to the second) or `backward`"),
];

/// Reads what an end has as a map; nothing if it has no node.
fn read_end_fields(fields: &mut Fields<'_, '_>) -> Option<End> {
    let problems = fields.problems;
    let node = fields.text("node", "the name of a node");
    let interface = fields
        .text("interface", "the name of the interface")
        .and_then(|name| {
            let help = "an interface name has at most 15 characters, as in eth0";
            let checked =
                check_interface(&name.value).map_err(|message| refused(&name.span, message, help));
            problems.keep(checked).map(|()| name)
        });
    let addresses = fields
        .get_with_key("addresses")
        .map(|(key, value)| read_addresses(problems, key, value));
    let mac = fields.scalar("mac", "a MAC address", read_mac);
    let vlan = fields
        .get_with_key("vlan")
        .and_then(|(key, value)| read_vlan(problems, key, value));
    Some(End {
        node: node?,
        interface,
        addresses,
        mac,
        vlan,
    })
}

/// Reads addresses of an interface, each with its prefix length. `none` is an empty list.
pub(super) fn read_addresses(problems: &Problems, key: &Key, value: &Value) -> Vec<At<IpNet>> {
    if matches!(value.data, Data::Null) {
        problems.add(
            Problem::new(key.span.clone(), "`addresses` has no value")
                .help("write addresses as in 10.0.0.1/24; `none` for none; leave the key out to have them assigned"),
        );
    }
    let texts = texts(
        problems,
        value,
        "an address with its prefix length, as in 10.0.0.1/24",
    );
    if let [only] = texts.as_slice() {
        if only.value == "none" {
            return Vec::new();
        }
    }
    texts
        .into_iter()
        .filter_map(|text| {
            let read = read_address(&text.value)
                .map_err(|error| refused(&text.span, error.message, &error.help));
            problems
                .keep(read)
                .map(|net| At::new(net, text.span.clone()))
        })
        .collect()
}

fn read_address(text: &str) -> Result<IpNet, UnitError> {
    let refuse = |message: String, help: &str| {
        Err(UnitError {
            message,
            help: help.into(),
        })
    };
    let net: IpNet = match text.parse() {
        Ok(net) => net,
        Err(_) => return match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => refuse(
                format!("`{text}` has no prefix length"),
                &format!("write it with the length of its prefix, as in {text}/24"),
            ),
            Ok(IpAddr::V6(_)) => refuse(
                format!("`{text}` has no prefix length"),
                &format!("write it with the length of its prefix, as in {text}/64"),
            ),
            Err(_) => refuse(
                format!("`{text}` is not an address"),
                "write an address with the length of its prefix, as in 10.0.0.1/24 or fd00::1/64",
            ),
        },
    };
    match usable(&net) {
        Ok(()) => Ok(net),
        Err(message) => refuse(
            format!("`{text}` {message}"),
            "give an address that an interface can have",
        ),
    }
}

/// Whether an interface can have this address.
fn usable(net: &IpNet) -> Result<(), &'static str> {
    let addr = net.addr();
    if addr.is_unspecified() {
        return Err("is the unspecified address");
    }
    if addr.is_multicast() {
        return Err("is a multicast address");
    }
    match net {
        IpNet::V4(net) => {
            let inner = net.prefix_len() < 31;
            match addr {
                _ if inner && net.addr() == net.network() => {
                    Err("is the address of the network itself")
                }
                _ if inner && net.addr() == net.broadcast() => {
                    Err("is the broadcast address of its network")
                }
                IpAddr::V4(addr) if addr.octets()[0] == 0 || addr.octets()[0] >= 240 => {
                    Err("is a reserved address")
                }
                _ => Ok(()),
            }
        }
        IpNet::V6(net) => {
            if net.prefix_len() < 127 && net.addr() == net.network() {
                return Err("is the anycast address of the routers of its network");
            }
            match (net.addr().segments()[0] & 0xffc0) == 0xfe80 {
                true => Err("is a link-local address, which the kernel assigns itself"),
                false => Ok(()),
            }
        }
    }
}

fn read_mac(text: &str) -> Result<MacAddr, UnitError> {
    let refuse = |message: String| {
        Err(UnitError {
            message,
            help: "write it as in 02:00:5e:10:00:01; leave it out to have one assigned".into(),
        })
    };
    match text.parse::<MacAddr>() {
        Err(_) => refuse(format!("`{text}` is not a MAC address")),
        Ok(mac) if mac.is_multicast() => refuse(format!(
            "`{text}` is a group address, which no interface can have"
        )),
        Ok(mac) if mac.is_zero() => refuse("an interface cannot have the zero address".into()),
        Ok(mac) => Ok(mac),
    }
}

pub(super) fn vlan_id(text: &str) -> Result<u16, UnitError> {
    // Within the limits it fits.
    count(text, "a VLAN", 1, 4094).map(|id| id as u16)
}

fn read_vlan(problems: &Problems, key: &Key, value: &Value) -> Option<At<PortVlan>> {
    const WHAT: &str = "a VLAN from 1 to 4094, or a map with `untagged` and `tagged`";
    if !matches!(value.data, Data::Map(_)) {
        let id = scalar(problems, value, key, WHAT, vlan_id)?;
        return Some(id.map(|id| PortVlan {
            untagged: Some(id),
            tagged: Vec::new(),
        }));
    }
    let mut fields = Fields::of(problems, value, "`vlan`")?;
    let untagged = fields.scalar("untagged", "a VLAN from 1 to 4094", vlan_id);
    let mut tagged = Vec::new();
    if let Some(value) = fields.get("tagged") {
        for text in texts(problems, value, "a VLAN from 1 to 4094") {
            let id = vlan_id(&text.value)
                .map_err(|error| refused(&text.span, error.message, &error.help));
            tagged.extend(problems.keep(id));
        }
    }
    tagged.sort_unstable();
    tagged.dedup();
    fields.finish();
    let vlan = PortVlan {
        untagged: untagged.map(|id| id.value),
        tagged,
    };
    Some(At::new(vlan, key.span.clone()))
}

/// Reads an MTU.
pub(super) fn mtu(text: &str) -> Result<u32, UnitError> {
    // Within the limits it fits.
    count(text, "the MTU", 68, 65_535).map(|mtu| mtu as u32)
}

/// Reads the parameters of a link.
pub(super) fn read_params(fields: &mut Fields<'_, '_>) -> LinkParams {
    let both = wire::read(fields);
    let mut params = LinkParams {
        both,
        mtu: fields.scalar("mtu", "a number of bytes", mtu),
        up: fields.boolean("up"),
        ..LinkParams::default()
    };
    for (key, what, direction) in [
        ("forward", "`forward`", &mut params.forward),
        ("backward", "`backward`", &mut params.backward),
    ] {
        if let Some(value) = fields.get(key) {
            if let Some(mut inner) = Fields::of(fields.problems, value, what) {
                inner = inner.foreign(FOREIGN);
                *direction = wire::read(&mut inner);
                inner.finish();
            }
        }
    }
    params
}

/// The list of items below a key, for fields that take one or several.
pub(super) fn list_of<'v>(fields: &mut Fields<'v, '_>, key: &'static str) -> &'v [Value] {
    fields.get(key).map_or(&[], items)
}
