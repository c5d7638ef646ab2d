// SPDX-License-Identifier: GPL-2.0

//! What of a node belongs to the network: interfaces of its own, routes, kernel parameters.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::decode::{refused, text_map, Fields, Problems};
use crate::file::link::{read_addresses, vlan_id};
use crate::names::check_interface;
use crate::report::{At, Problem};
use crate::tree::{Data, Value};
use crate::units::count;

/// An interface that is not the end of a link.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub name: At<String>,
    /// `None`: not given.
    pub given: Option<Vec<At<IpNet>>>,
    pub mtu: Option<At<u32>>,
    /// A VLAN on the end of a link.
    pub vlan: Option<VlanOf>,
}

/// Which VLAN on which interface.
#[derive(Clone, Debug)]
pub(crate) struct VlanOf {
    pub parent: At<String>,
    pub id: At<u16>,
}

impl Interface {
    /// The addresses that the file gives.
    pub fn addresses(&self) -> &[At<IpNet>] {
        self.given.as_deref().unwrap_or_default()
    }
}

/// A route of a node.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub to: At<IpNet>,
    pub via: Option<At<IpAddr>>,
    pub interface: Option<At<String>>,
    pub metric: Option<u32>,
}

pub(super) fn read_interfaces(problems: &Problems, value: &Value) -> Vec<Interface> {
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
                    given: Some(read_addresses(problems, key, value)),
                    mtu: None,
                    vlan: None,
                });
            }
            let mut fields = Fields::of(problems, value, "an interface")?;
            let addresses = fields.get_with_key("addresses");
            let id = fields.scalar("vlan", "a VLAN from 1 to 4094", vlan_id);
            let parent = fields.text("parent", "the end of a link of this node");
            let vlan = match (id, parent) {
                (Some(id), Some(parent)) => Some(VlanOf { parent, id }),
                (None, None) => None,
                (id, parent) => {
                    let span = id.map(|at| at.span).or(parent.map(|at| at.span));
                    problems.add(
                        Problem::new(span.unwrap_or_else(|| key.span.clone()), "a VLAN needs `vlan` and `parent`")
                            .help("as in `vlan10: {parent: eth0, vlan: 10}`, where eth0 is the end of a link"),
                    );
                    None
                }
            };
            let interface = Interface {
                name,
                vlan,
                given: addresses.map(|(key, value)| read_addresses(problems, key, value)),
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

pub(super) fn read_route(problems: &Problems, value: &Value) -> Option<Route> {
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

pub(super) fn read_sysctls(problems: &Problems, value: &Value) -> Vec<(At<String>, At<String>)> {
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
