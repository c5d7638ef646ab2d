// SPDX-License-Identifier: GPL-2.0

//! Nodes as written in the file.

mod network;
mod programs;
mod routing;

use std::net::IpAddr;

use super::link::list_of;
use crate::decode::{refused, scalar, text_map, texts, Fields, Problems};
use crate::plan::NodeKind;
use crate::report::At;
use crate::tree::{Data, Key, Value};
use crate::units::{self, count, UnitError};
use network::{read_interfaces, read_route, read_sysctls};
pub(crate) use network::{Interface, Route};
use programs::{read_command, read_daemon, read_files};
pub(crate) use programs::{Content, Daemon, File};
pub(crate) use routing::{Protocols, Routing, Suite};

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub name: At<String>,
    pub kind: Option<At<Kind>>,
    pub position: Option<[i32; 2]>,
    /// Device of the machine, of an rj45 node.
    pub device: Option<At<String>>,
    /// The rj45 node behind which the addresses of a router and of all that it forwards are hidden.
    pub nat: Option<At<String>>,
    pub params: NodeParams,
}

/// `kind:` of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Host,
    Router,
    Switch,
    /// A switch that learns nothing.
    Hub,
    /// A switch with a device of the machine.
    Rj45,
    /// A broadcast medium: no node, but a LAN as that of a hub.
    Medium,
}

impl Kind {
    pub fn kind(self) -> NodeKind {
        match self {
            Kind::Host => NodeKind::Host,
            Kind::Router => NodeKind::Router,
            Kind::Switch | Kind::Hub | Kind::Rj45 | Kind::Medium => NodeKind::Switch,
        }
    }
}

/// `gateway:` of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gateway {
    None,
    Address(IpAddr),
    Node(String),
}

/// What can stand in `defaults` as well as at a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeParams {
    pub routing: Option<At<Routing>>,
    pub gateway: Option<At<Gateway>>,
    /// Autonomous system of BGP.
    pub asn: Option<At<u32>>,
    /// More daemons of FRR.
    pub frr: Vec<At<FrrDaemon>>,
    pub router_id: Option<At<std::net::Ipv4Addr>>,
    pub interfaces: Vec<Interface>,
    pub routes: Vec<Route>,
    pub sysctls: Vec<(At<String>, At<String>)>,
    pub env: Vec<(At<String>, At<String>)>,
    pub labels: Vec<(At<String>, At<String>)>,
    pub files: Vec<File>,
    pub daemons: Vec<Daemon>,
    pub commands: Vec<Vec<String>>,
    /// Thousandths of a processor.
    pub cpu: Option<At<u32>>,
    /// Bytes.
    pub memory: Option<At<u64>>,
    pub pids: Option<At<u32>>,
    pub stp: Option<At<bool>>,
    /// ns.
    pub ageing: Option<At<u64>>,
}

/// What other tools call the fields of a node.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("image", "nodes are not containers: they see the file system of the guest, and `files` of their own"),
    ("exec", "commands that run once are under `commands`, programs that keep running under `daemons`"),
    ("cmd", "commands that run once are under `commands`, programs that keep running under `daemons`"),
    ("command", "commands that run once are under `commands`, programs that keep running under `daemons`"),
    ("startup", "commands that run once are under `commands`, programs that keep running under `daemons`"),
    ("binds", "files that only this node sees are under `files`: `files: {/etc/x.conf: {source: x.conf}}`"),
    ("volumes", "files that only this node sees are under `files`: `files: {/etc/x.conf: {source: x.conf}}`"),
    ("environment", "environment variables are under `env`"),
    ("type", "what a node is is `kind`: host, router, switch, hub or rj45"),
    ("addresses", "addresses belong to the end of a link, or to an interface: `interfaces: {lo: 10.255.0.1/32}`"),
    ("loopback", "write `interfaces: {lo: 10.255.0.1/32}`"),
    ("mem", "the limit of memory is `memory`, as in 256MiB"),
    ("default-route", "the default route of a host is `gateway`, a node or an address"),
];

/// Reads one entry of `nodes`.
pub(super) fn read(problems: &Problems, key: &Key, value: &Value) -> Node {
    let mut node = Node {
        name: At::new(key.text.clone(), key.span.clone()),
        kind: None,
        position: None,
        device: None,
        nat: None,
        params: NodeParams::default(),
    };
    // `pc1: host` is short for `pc1: {kind: host}`.
    if let Data::Text(_) = &value.data {
        node.kind = scalar(problems, value, key, "the kind of a node", kind);
    } else if let Some(mut fields) = Fields::of(problems, value, "a node") {
        fields = fields.foreign(FOREIGN);
        // Gone by now; only to know them.
        let _ = (fields.get("for"), fields.get("template"));
        node.kind = read_kind(&mut fields);
        node.position = fields
            .get("position")
            .and_then(|value| read_position(problems, value));
        node.device = fields.scalar(
            "device",
            "a network device of the machine, as in eth1",
            |text| match crate::names::check_interface(text) {
                Ok(()) => Ok(text.to_owned()),
                Err(message) => Err(UnitError {
                    message,
                    help: "`ip link` lists the devices of the machine".into(),
                }),
            },
        );
        node.nat = fields.text("nat", "an rj45 node that the router has a link to");
        node.params = read_params(&mut fields);
        fields.finish();
    }
    node
}

/// A place on a picture, `[x, y]`.
fn read_position(problems: &Problems, value: &Value) -> Option<[i32; 2]> {
    let coordinate = |item: &Value| match &item.data {
        Data::Text(text) => text
            .parse::<f64>()
            .ok()
            .filter(|number| number.abs() <= 1e6),
        _ => None,
    };
    if let Data::List(items) = &value.data {
        if let [x, y] = items.as_slice() {
            if let (Some(x), Some(y)) = (coordinate(x), coordinate(y)) {
                // Within the limits it fits.
                return Some([x.round() as i32, y.round() as i32]);
            }
        }
    }
    problems.add(refused(
        &value.span,
        "not a position on a picture".into(),
        "write two numbers from -1000000 to 1000000, right and down, as in [120, 40]",
    ));
    None
}

pub(super) fn read_kind(fields: &mut Fields<'_, '_>) -> Option<At<Kind>> {
    fields.scalar("kind", "host, router, switch, hub or rj45", kind)
}

fn kind(text: &str) -> Result<Kind, UnitError> {
    choice(
        text,
        "a kind of node",
        &[
            ("host", Kind::Host),
            ("router", Kind::Router),
            ("switch", Kind::Switch),
            ("hub", Kind::Hub),
            ("rj45", Kind::Rj45),
        ],
    )
}

/// One of several words.
fn choice<T: Copy>(text: &str, what: &str, choices: &[(&str, T)]) -> Result<T, UnitError> {
    let names = || choices.iter().map(|(name, _)| *name);
    match choices.iter().find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let all = names().collect::<Vec<_>>().join(", ");
            Err(UnitError {
                message: format!("`{}` is not {what}", crate::tree::shorten(text)),
                help: match crate::names::nearest(text, names()) {
                    Some(near) => format!("did you mean `{near}`? There are: {all}"),
                    None => format!("there are: {all}"),
                },
            })
        }
    }
}

/// A daemon of FRR.
pub(crate) type FrrDaemon = &'static str;

/// Those that `frr` can name: what `routing` starts, too, and what needs a configuration of the user's own.
const FRR_DAEMONS: &[(&str, FrrDaemon)] = &[
    ("babeld", "babeld"),
    ("bfdd", "bfdd"),
    ("bgpd", "bgpd"),
    ("eigrpd", "eigrpd"),
    ("fabricd", "fabricd"),
    ("isisd", "isisd"),
    ("ldpd", "ldpd"),
    ("nhrpd", "nhrpd"),
    ("ospf6d", "ospf6d"),
    ("ospfd", "ospfd"),
    ("pathd", "pathd"),
    ("pbrd", "pbrd"),
    ("pim6d", "pim6d"),
    ("pimd", "pimd"),
    ("ripd", "ripd"),
    ("ripngd", "ripngd"),
    ("staticd", "staticd"),
    ("vrrpd", "vrrpd"),
    ("zebra", "zebra"),
];

fn read_frr(problems: &Problems, value: &Value) -> Vec<At<FrrDaemon>> {
    let read = |text: At<String>| {
        let daemon = choice(&text.value, "a daemon of FRR", FRR_DAEMONS)
            .map_err(|error| refused(&text.span, error.message, &error.help));
        Some(At::new(problems.keep(daemon)?, text.span))
    };
    texts(problems, value, "a daemon of FRR")
        .into_iter()
        .filter_map(read)
        .collect()
}

/// Reads what can stand in `defaults` as well as at a node.
pub(super) fn read_params(fields: &mut Fields<'_, '_>) -> NodeParams {
    let problems = fields.problems;
    NodeParams {
        routing: fields
            .get_with_key("routing")
            .and_then(|(key, value)| routing::read(problems, key, value)),
        gateway: fields.scalar("gateway", "a node, an address or `none`", |text| {
            Ok(match (text, text.parse()) {
                ("none", _) => Gateway::None,
                (_, Ok(address)) => Gateway::Address(address),
                (_, Err(_)) => Gateway::Node(text.to_owned()),
            })
        }),
        router_id: fields.scalar("router-id", "an IPv4 address", |text| match text
            .parse::<std::net::Ipv4Addr>()
        {
            Ok(id) if !id.is_unspecified() => Ok(id),
            _ => Err(UnitError {
                message: format!("`{text}` is not a router id"),
                help:
                    "a router id is written as an IPv4 address, as in 10.255.0.1; it is not 0.0.0.0"
                        .into(),
            }),
        }),
        asn: fields.scalar("asn", "the number of an autonomous system", |text| {
            count(
                text,
                "the number of an autonomous system",
                1,
                u64::from(u32::MAX) - 1,
            )
            .map(|asn| asn as u32)
        }),
        frr: fields
            .get("frr")
            .map_or(Vec::new(), |value| read_frr(problems, value)),
        interfaces: fields
            .get("interfaces")
            .map_or(Vec::new(), |value| read_interfaces(problems, value)),
        routes: list_of(fields, "routes")
            .iter()
            .filter_map(|item| read_route(problems, item))
            .collect(),
        sysctls: fields
            .get("sysctls")
            .map_or(Vec::new(), |value| read_sysctls(problems, value)),
        env: fields.get("env").map_or(Vec::new(), |value| {
            text_map(problems, value, "`NAME: value` pairs")
        }),
        labels: fields.get("labels").map_or(Vec::new(), |value| {
            text_map(problems, value, "`label: value` pairs")
        }),
        files: fields
            .get("files")
            .map_or(Vec::new(), |value| read_files(problems, value)),
        daemons: list_of(fields, "daemons")
            .iter()
            .filter_map(|item| read_daemon(problems, item))
            .collect(),
        commands: list_of(fields, "commands")
            .iter()
            .filter_map(|item| read_command(problems, item))
            .collect(),
        cpu: fields.scalar("cpu", "a number of processors, as in 0.5", units::cpus),
        memory: fields.scalar(
            "memory",
            "a size, as in 256MiB",
            |text| match units::size(text)? {
                size if size < 1 << 20 => Err(UnitError {
                    message: format!("`{text}` is less than 1 MiB, which no program can run in"),
                    help: units::SIZE_UNITS.into(),
                }),
                size => Ok(size),
            },
        ),
        pids: fields.scalar("pids", "a number of processes", |text| {
            count(text, "the number of processes", 1, 4_194_304).map(|pids| pids as u32)
        }),
        stp: fields.boolean("stp"),
        ageing: fields.scalar("ageing", "a time, as in 300s", units::time),
    }
}
