// SPDX-License-Identifier: GPL-2.0

//! Waiting until the hosts of a lab reach each other.
//!
//! A request is sent as soon as the routing tables on the way there and back lead from host to host; notifications tell
//! when that may have changed. Requests on the off chance would have routers answer with errors, which they send only so
//! many of in a second: the user's first traceroute would lack answers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use nix::errno::Errno;
use nix::sys::socket::{
    recv, sendto, socket, AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType,
    SockaddrStorage,
};
use vnet_topology::plan::{NodeKind, Plan};

use crate::build::Site;
use crate::cancel::Cancel;
use crate::error::{Context, Error, Result};
use crate::lans::Lans;
use crate::netns;
use crate::node::Node;
use crate::paths_through::Network;

/// A request that has no answer after this time is repeated. Answers and changed routes are noticed at once.
const REPEAT: Duration = Duration::from_millis(500);
/// How often hosts are tried that the routing tables do not join: there may be ways that the tables do not show.
const LONG_SHOT: Duration = Duration::from_secs(3);

/// One host that is to reach another.
#[derive(Clone, Debug)]
struct Pair {
    from: usize,
    source: IpAddr,
    target: IpAddr,
    to: String,
}

/// The sockets of a host, one for each family.
struct Host {
    name: String,
    sockets: [Option<OwnedFd>; 2],
}

/// Waits until each host gets answers from an address of each other host, in each family that both have.
pub fn all(site: &mut Site<'_>, cancel: &Cancel, limit: Duration) -> Result<()> {
    let addresses = addresses(site.plan);
    let names: Vec<String> = addresses.keys().cloned().collect();
    let nodes = names
        .iter()
        .map(|name| site.node(name))
        .collect::<Result<Vec<&Node>>>()?;
    let hosts: Vec<Host> = netns::visit(nodes, |node| {
        Ok(Host {
            name: node.name.clone(),
            sockets: [open(false)?, open(true)?],
        })
    })?;
    let mut pairs = pairs(&Lans::of(site.plan), &names, &addresses);
    let mut network = Network::new(site.watched());
    let deadline = Instant::now() + limit;
    let mut long_shot = Instant::now() + LONG_SHOT;
    while !pairs.is_empty() {
        let now = Instant::now();
        if now >= deadline {
            return Err(Error::Timeout {
                seconds: limit.as_secs(),
                missing: describe(&hosts, &pairs),
            });
        }
        network.refresh()?;
        let desperate = now >= long_shot;
        if desperate {
            long_shot = now + LONG_SHOT;
        }
        let ready = |pair: &Pair| {
            desperate
                || network.joined(&hosts[pair.from].name, pair.target)
                    && network.joined(&pair.to, pair.source)
        };
        send(&hosts, pairs.iter().filter(|(_, pair)| ready(pair)));
        let repeat = deadline.min(now + REPEAT);
        collect(&hosts, &mut pairs, &network, cancel, repeat)?;
    }
    Ok(())
}

/// An address at which a host is reached, with its interface.
#[derive(Clone, Debug)]
struct Reached {
    interface: String,
    net: IpNet,
}

/// Where hosts are reached: the first address of each family on each of their interfaces.
fn addresses(plan: &Plan) -> BTreeMap<String, Vec<Reached>> {
    let ends = plan.ends();
    let mut all = BTreeMap::new();
    for node in plan.nodes.iter().filter(|node| node.kind == NodeKind::Host) {
        let ends = ends.get(node.name.as_str()).into_iter().flatten();
        let on_links = ends.map(|(_, end)| (&end.interface, &end.addresses));
        let vlans = node.interfaces.iter().filter(|have| have.vlan.is_some());
        let on_vlans = vlans.map(|have| (&have.name, &have.addresses));
        let mut list = Vec::new();
        for (interface, nets) in on_links.chain(on_vlans) {
            for ipv6 in [false, true] {
                let first = nets.iter().find(|net| net.addr().is_ipv6() == ipv6);
                list.extend(first.map(|net| Reached {
                    interface: interface.clone(),
                    net: *net,
                }));
            }
        }
        all.insert(node.name.clone(), list);
    }
    all
}

/// Each host with each other one in each family that both have, by the first addresses. Hosts that have addresses of one
/// subnet but are on LANs that VLANs keep apart are not to reach each other.
fn pairs(
    lans: &Lans<'_>,
    names: &[String],
    addresses: &BTreeMap<String, Vec<Reached>>,
) -> BTreeMap<u32, Pair> {
    let mut pairs = BTreeMap::new();
    for (from, name) in names.iter().enumerate() {
        for to in names.iter().filter(|to| *to != name) {
            for ipv6 in [false, true] {
                let first = |node: &str| {
                    let mut list = addresses[node].iter();
                    list.find(|reached| reached.net.addr().is_ipv6() == ipv6)
                };
                let (Some(source), Some(target)) = (first(name), first(to)) else {
                    continue;
                };
                let neighbours = source.net.contains(&target.net.addr());
                let apart = !lans.joined((name, &source.interface), (to, &target.interface));
                if neighbours && apart {
                    continue;
                }
                let pair = Pair {
                    from,
                    source: source.net.addr(),
                    target: target.net.addr(),
                    to: to.clone(),
                };
                pairs.insert(pairs.len() as u32, pair);
            }
        }
    }
    pairs
}

/// A raw ICMP socket in the namespace of the calling thread; `None` without IPv6 in the kernel.
fn open(ipv6: bool) -> Result<Option<OwnedFd>> {
    let (family, protocol) = match ipv6 {
        false => (AddressFamily::Inet, SockProtocol::Icmp),
        true => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    match socket(family, SockType::Raw, flags, protocol) {
        Ok(socket) => Ok(Some(socket)),
        Err(Errno::EAFNOSUPPORT) if ipv6 => Ok(None),
        Err(error) => Err(error).context(|| "cannot open an ICMP socket".into()),
    }
}

fn send<'a>(hosts: &[Host], pairs: impl Iterator<Item = (&'a u32, &'a Pair)>) {
    for (number, pair) in pairs {
        let ipv6 = pair.target.is_ipv6();
        let Some(socket) = &hosts[pair.from].sockets[usize::from(ipv6)] else {
            continue;
        };
        let target: SockaddrStorage = match pair.target {
            IpAddr::V4(address) => SocketAddrV4::new(address, 0).into(),
            IpAddr::V6(address) => SocketAddrV6::new(address, 0, 0, 0).into(),
        };
        // No route yet is no error but what is waited for to end.
        let _ = sendto(
            socket.as_raw_fd(),
            &request(*number, ipv6),
            &target,
            MsgFlags::empty(),
        );
    }
}

/// Takes answers until all are there, routes change, or it is time to repeat the requests.
fn collect(
    hosts: &[Host],
    pairs: &mut BTreeMap<u32, Pair>,
    network: &Network<'_>,
    cancel: &Cancel,
    until: Instant,
) -> Result<()> {
    let sockets: Vec<(usize, bool, &OwnedFd)> = hosts
        .iter()
        .enumerate()
        .flat_map(|(host, Host { sockets, .. })| {
            let each = [false, true].into_iter().zip(sockets);
            each.filter_map(move |(ipv6, socket)| Some((host, ipv6, socket.as_ref()?)))
        })
        .collect();
    let own = sockets.iter().map(|(_, _, socket)| socket.as_fd());
    let fds: Vec<_> = own.chain(network.fds()).collect();
    while !pairs.is_empty() && !network.has_news() {
        let ready = cancel.wait(&fds, Some(until))?;
        if ready.is_empty() && Instant::now() >= until {
            return Ok(());
        }
        for index in ready {
            let Some((host, ipv6, socket)) = sockets.get(index).copied() else {
                return Ok(());
            };
            let mut buffer = [0; 2048];
            while let Ok(length) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                let Some(number) = answer(&buffer[..length], ipv6) else {
                    continue;
                };
                if pairs.get(&number).is_some_and(|pair| pair.from == host) {
                    pairs.remove(&number);
                }
            }
        }
    }
    Ok(())
}

const ECHO_REQUEST: [u8; 2] = [8, 128];
const ECHO_REPLY: [u8; 2] = [0, 129];
/// Marks our own requests among those of others in the same host.
const MARK: &[u8; 8] = b"vnet-up\0";

/// An echo request. Its number goes where others have identifier and sequence number.
fn request(number: u32, ipv6: bool) -> Vec<u8> {
    let mut packet = vec![ECHO_REQUEST[usize::from(ipv6)], 0, 0, 0];
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(MARK);
    // For IPv6 the kernel does it, as it covers the addresses, too.
    if !ipv6 {
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// The number of the request that a packet answers.
fn answer(packet: &[u8], ipv6: bool) -> Option<u32> {
    // IPv4 raw sockets deliver the IP header as well.
    let start = match ipv6 {
        false => usize::from(packet.first()? & 15) * 4,
        true => 0,
    };
    let message = packet.get(start..)?;
    let is_reply = *message.first()? == ECHO_REPLY[usize::from(ipv6)];
    let number = u32::from_be_bytes(message.get(4..8)?.try_into().ok()?);
    (is_reply && message.get(8..16)? == MARK).then_some(number)
}

fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn describe(hosts: &[Host], pairs: &BTreeMap<u32, Pair>) -> String {
    let Some(pair) = pairs.values().next() else {
        return String::new();
    };
    let first = format!(
        "{} gets no answer from {} ({})",
        hosts[pair.from].name, pair.to, pair.target
    );
    match pairs.len() {
        1 => first,
        more => format!("{first}, and {} more", more - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_match() {
        for ipv6 in [false, true] {
            let mut packet = request(0x12345678, ipv6);
            assert_eq!(answer(&packet, ipv6), None, "a request is no answer");
            packet[0] = ECHO_REPLY[usize::from(ipv6)];
            let packet = match ipv6 {
                true => packet,
                false => [&[0x45; 1][..], &[0; 19], &packet].concat(),
            };
            assert_eq!(answer(&packet, ipv6), Some(0x12345678));
        }
        assert_eq!(answer(&[0x45], false), None);
    }

    #[test]
    fn the_checksum_makes_the_sum_vanish() {
        assert_eq!(checksum(&request(7, false)), 0);
    }
}
