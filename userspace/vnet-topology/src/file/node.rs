// SPDX-License-Identifier: GPL-2.0

//! Nodes as written in the file.

use std::net::IpAddr;

use ipnet::IpNet;

use super::link::{list_of, read_addresses};
use crate::decode::{refused, scalar, text_map, texts, Fields, Problems};
use crate::names::check_interface;
use crate::plan::{NodeKind, Owner, Ready, DEFAULT_READY_TIMEOUT};
use crate::report::{At, Problem};
use crate::tree::{Data, Key, Value};
use crate::units::{self, count, UnitError};

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub name: At<String>,
    pub kind: Option<At<Kind>>,
    pub position: Option<[i32; 2]>,
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
}

impl Kind {
    pub fn kind(self) -> NodeKind {
        match self {
            Kind::Host => NodeKind::Host,
            Kind::Router => NodeKind::Router,
            Kind::Switch | Kind::Hub => NodeKind::Switch,
        }
    }
}

/// `routing:` of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    None,
    Static,
    Ospf,
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

/// An interface that is not the end of a link.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub name: At<String>,
    pub addresses: Vec<At<IpNet>>,
    pub mtu: Option<At<u32>>,
}

/// A route of a node.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub to: At<IpNet>,
    pub via: Option<At<IpAddr>>,
    pub interface: Option<At<String>>,
    pub metric: Option<u32>,
}

/// A file of a node.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub path: At<String>,
    pub content: Content,
    pub mode: Option<u32>,
    pub owner: Option<Owner>,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    /// A file beside the topology.
    Source(At<String>),
}

/// A daemon of a node.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    pub name: At<String>,
    pub argv: Vec<String>,
    pub env: Vec<(At<String>, At<String>)>,
    pub ready: Ready,
    /// ns.
    pub ready_timeout: u64,
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
    ("type", "what a node is is `kind`: host, router, switch or hub"),
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
    fields.scalar("kind", "host, router, switch or hub", kind)
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

/// Reads what can stand in `defaults` as well as at a node.
pub(super) fn read_params(fields: &mut Fields<'_, '_>) -> NodeParams {
    let problems = fields.problems;
    NodeParams {
        routing: fields.scalar("routing", "none, static or ospf", |text| {
            choice(
                text,
                "a way of routing",
                &[
                    ("none", Routing::None),
                    ("static", Routing::Static),
                    ("ospf", Routing::Ospf),
                ],
            )
        }),
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

fn read_interfaces(problems: &Problems, value: &Value) -> Vec<Interface> {
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`interfaces` is a map, not {}", value.describe()),
            )
            .help("write `interfaces: {lo: 10.255.0.1/32}`; ends of links are under `links`"),
        );
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|(key, value)| {
            if let Err(message) = check_interface(&key.text) {
                problems.add(refused(
                    &key.span,
                    message,
                    "an interface name has at most 15 characters",
                ));
                return None;
            }
            let name = At::new(key.text.clone(), key.span.clone());
            // `lo: 10.255.0.1/32` is short for `lo: {addresses: 10.255.0.1/32}`.
            if matches!(value.data, Data::Text(_) | Data::List(_)) {
                return Some(Interface {
                    name,
                    addresses: read_addresses(problems, key, value),
                    mtu: None,
                });
            }
            let mut fields = Fields::of(problems, value, "an interface")?;
            let addresses = fields.get_with_key("addresses");
            let interface = Interface {
                name,
                addresses: addresses.map_or(Vec::new(), |(key, value)| {
                    read_addresses(problems, key, value)
                }),
                mtu: fields.scalar("mtu", "a number of bytes", |text| {
                    count(text, "the MTU", 68, 65_535).map(|mtu| mtu as u32)
                }),
            };
            fields.finish();
            Some(interface)
        })
        .collect()
}

const ROUTE_HELP: &str =
    "write `10.9.0.0/16 via 10.0.0.1`, or a map with to, via, interface, metric; `default` is 0.0.0.0/0";

fn read_route(problems: &Problems, value: &Value) -> Option<Route> {
    let refuse = |message: String| {
        problems.add(refused(&value.span, message, ROUTE_HELP));
        None
    };
    let route = match &value.data {
        Data::Text(text) => {
            let mut words = text.split_whitespace();
            let at = |text: &str| At::new(text.to_owned(), value.span.clone());
            let (mut via, mut interface, mut metric) = (None, None, None);
            let to = words.next().map(at);
            while let Some(word) = words.next() {
                let Some(argument) = words.next() else {
                    return refuse(format!("`{word}` at the end of a route has no value"));
                };
                match word {
                    "via" => via = Some(at(argument)),
                    "dev" | "interface" => interface = Some(at(argument)),
                    "metric" => metric = Some(at(argument)),
                    _ => return refuse(format!("`{word}` cannot be in a route")),
                }
            }
            (to, via, interface, metric)
        }
        Data::Map(_) => {
            let mut fields = Fields::of(problems, value, "a route")?;
            let route = (
                fields.text("to", "a prefix, as in 10.9.0.0/16"),
                fields.text("via", "an address"),
                fields.text("interface", "the name of an interface"),
                fields.text("metric", "a number"),
            );
            fields.finish();
            route
        }
        _ => return refuse(format!("expected a route, found {}", value.describe())),
    };
    let (Some(to), via, interface, metric) = route else {
        return refuse("a route has no destination".into());
    };
    let via = match via {
        Some(via) => match via.value.parse::<IpAddr>() {
            Ok(address) => Some(At::new(address, via.span)),
            Err(_) => {
                problems.add(refused(
                    &via.span,
                    format!("`{}` is not an address", via.value),
                    ROUTE_HELP,
                ));
                return None;
            }
        },
        None => None,
    };
    let metric = match metric {
        Some(metric) => {
            let read = count(&metric.value, "a metric", 0, u64::from(u32::MAX))
                .map_err(|error| refused(&metric.span, error.message, &error.help));
            Some(problems.keep(read)? as u32)
        }
        None => None,
    };
    let ipv6 = via.as_ref().is_some_and(|via| via.value.is_ipv6());
    let net: IpNet = match (to.value.as_str(), to.value.parse()) {
        ("default", _) if ipv6 => IpNet::V6(ipnet::Ipv6Net::default()),
        ("default", _) => IpNet::V4(ipnet::Ipv4Net::default()),
        (_, Ok(net)) => net,
        (text, Err(_)) => match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => {
                problems.add(refused(
                    &to.span,
                    format!("`{text}` is not a prefix"),
                    ROUTE_HELP,
                ));
                return None;
            }
        },
    };
    if net.addr() != net.network() {
        problems.add(refused(
            &to.span,
            format!("`{net}` has bits set behind its length"),
            &format!("the prefix is {}", net.trunc()),
        ));
        return None;
    }
    if via
        .as_ref()
        .is_some_and(|via| via.value.is_ipv6() != net.addr().is_ipv6())
    {
        return refuse(format!(
            "the next hop to `{net}` is of the other address family"
        ));
    }
    if via.is_none() && interface.is_none() {
        return refuse(format!("the route to `{net}` leads nowhere"));
    }
    Some(Route {
        to: At::new(net, to.span),
        via,
        interface,
        metric,
    })
}

fn read_sysctls(problems: &Problems, value: &Value) -> Vec<(At<String>, At<String>)> {
    let mut sysctls = text_map(problems, value, "`net.ipv4.name: value` pairs");
    sysctls.retain(|(key, _)| {
        let name = &key.value;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        let fine = name.starts_with("net.") && name.chars().all(good) && !name.contains("..") && !name.ends_with('.');
        if !fine {
            problems.add(refused(
                &key.span,
                format!("`{name}` is not a kernel parameter that a node has for itself"),
                "give its dotted name, which begins with `net.`, as in net.ipv4.tcp_congestion_control",
            ));
        }
        fine
    });
    sysctls
}

fn read_files(problems: &Problems, value: &Value) -> Vec<File> {
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`files` is a map, not {}", value.describe()),
            )
            .help("write `files: {/etc/motd: \"hello\\n\"}`"),
        );
        return Vec::new();
    };
    let mut files = Vec::new();
    for (key, value) in entries {
        let path = At::new(key.text.clone(), key.span.clone());
        if !key.text.starts_with('/')
            || key.text.ends_with('/')
            || key.text.split('/').any(|part| part == "..")
        {
            problems.add(refused(
                &key.span,
                format!("`{}` is not an absolute path of a file", key.text),
                "give the path inside the node, as in /etc/motd",
            ));
            continue;
        }
        let (content, mode, owner) = match &value.data {
            Data::Text(text) => (Content::Text(text.clone()), None, None),
            Data::Null => (Content::Text(String::new()), None, None),
            _ => {
                let Some(mut fields) = Fields::of(problems, value, "a file") else {
                    continue;
                };
                let content = fields.text("content", "the content of the file");
                let source = fields.text("source", "a path beside the topology file");
                let mode = fields.scalar("mode", "permissions in octal, as in 0644", mode);
                let owner = fields.scalar("owner", "`user:group`", owner);
                fields.finish();
                let content = match (content, source) {
                    (Some(content), None) => Content::Text(content.value),
                    (None, Some(source)) => Content::Source(source),
                    _ => {
                        problems.add(
                            Problem::new(key.span.clone(), format!("`{}` needs `content` or `source`", key.text))
                                .help("`content` is the text itself, `source` a file beside the topology file"),
                        );
                        continue;
                    }
                };
                (content, mode, owner)
            }
        };
        files.push(File {
            path,
            content,
            mode: mode.map(|at| at.value),
            owner: owner.map(|at| at.value),
        });
    }
    files
}

fn mode(text: &str) -> Result<u32, UnitError> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o7777 && digits.len() >= 3 => Ok(mode),
        _ => Err(UnitError {
            message: format!("`{text}` is not a file mode"),
            help: "permissions are octal, as in 0644 or 0755".into(),
        }),
    }
}

fn owner(text: &str) -> Result<Owner, UnitError> {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let good = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match good(user) && good(group) {
        true => Ok(Owner {
            user: user.into(),
            group: group.into(),
        }),
        false => Err(UnitError {
            message: format!("`{text}` is not an owner"),
            help: "write `user` or `user:group`, as in frr:frr".into(),
        }),
    }
}

/// Programs: a text is a line for the shell, a list is the program with its arguments.
fn argv(problems: &Problems, value: &Value) -> Option<Vec<String>> {
    let argv = match &value.data {
        Data::Text(line) if !line.trim().is_empty() => {
            vec!["/bin/sh".into(), "-c".into(), line.clone()]
        }
        Data::List(words) if !words.is_empty() => {
            let read = texts(problems, value, "a word of the command");
            if read.len() != words.len() {
                return None;
            }
            read.into_iter().map(|word| word.value).collect()
        }
        _ => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("expected a command, found {}", value.describe()),
                )
                .help("write a line for the shell, or a list of the program and its arguments"),
            );
            return None;
        }
    };
    if argv.iter().any(|word| word.contains('\0')) {
        problems.add(Problem::new(
            value.span.clone(),
            "a command cannot contain a zero byte",
        ));
        return None;
    }
    Some(argv)
}

fn read_command(problems: &Problems, value: &Value) -> Option<Vec<String>> {
    argv(problems, value)
}

fn read_daemon(problems: &Problems, value: &Value) -> Option<Daemon> {
    let plain = |argv: Vec<String>, name: String| Daemon {
        name: At::new(name, value.span.clone()),
        argv,
        env: Vec::new(),
        ready: Ready::Started,
        ready_timeout: DEFAULT_READY_TIMEOUT,
    };
    match &value.data {
        Data::Text(line) => {
            let name = program_name(line.split_whitespace().next().unwrap_or_default());
            return Some(plain(argv(problems, value)?, name));
        }
        Data::List(_) => {
            let argv = argv(problems, value)?;
            let name = program_name(&argv[0]);
            return Some(plain(argv, name));
        }
        _ => {}
    }
    let mut fields = Fields::of(problems, value, "a daemon")?;
    let name = fields.text("name", "a name for logs and messages");
    let command = fields.get("command");
    let env = fields.get("env").map_or(Vec::new(), |value| {
        text_map(problems, value, "`NAME: value` pairs")
    });
    let ready = fields
        .get("ready")
        .map_or(Some(Ready::Started), |value| read_ready(problems, value));
    let timeout = fields.scalar("timeout", "a time, as in 10s", units::time);
    fields.finish();
    let Some(command) = command else {
        problems.add(
            Problem::new(value.span.clone(), "the daemon has no `command`").help(
                "`command` is a line for the shell, or a list of the program and its arguments",
            ),
        );
        return None;
    };
    let argv = argv(problems, command)?;
    let name = name.unwrap_or_else(|| {
        let first = match &command.data {
            Data::Text(line) => line.split_whitespace().next().unwrap_or_default(),
            _ => &argv[0],
        };
        At::new(program_name(first), command.span.clone())
    });
    Some(Daemon {
        name,
        argv,
        env,
        ready: ready?,
        ready_timeout: timeout.map_or(DEFAULT_READY_TIMEOUT, |timeout| timeout.value),
    })
}

fn program_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn read_ready(problems: &Problems, value: &Value) -> Option<Ready> {
    const HELP: &str = "write `started`, `{pid-file: /run/x.pid}` or `{socket: /run/x.sock}`";
    if let Data::Text(text) = &value.data {
        if text == "started" {
            return Some(Ready::Started);
        }
        problems.add(refused(
            &value.span,
            format!("`{text}` does not say when a daemon is ready"),
            HELP,
        ));
        return None;
    }
    let mut fields = Fields::of(problems, value, "`ready`")?;
    let pid_file = fields.text("pid-file", "the path of a file");
    let socket = fields.text("socket", "the path of a Unix socket");
    fields.finish();
    match (pid_file, socket) {
        (Some(path), None) => Some(Ready::PidFile(path.value)),
        (None, Some(path)) => Some(Ready::Socket(path.value)),
        _ => {
            problems.add(refused(
                &value.span,
                "`ready` names one way to tell".into(),
                HELP,
            ));
            None
        }
    }
}
