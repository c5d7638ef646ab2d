// SPDX-License-Identifier: GPL-2.0

//! Addresses: checks of the given ones, and assignment of the others.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::pool::{number, pick_address, Prefixes};
use super::{EndId, Lab};
use crate::decode::Problems;
use crate::file::{Addressing, Pool};
use crate::hash::hash;
use crate::plan::NodeKind;
use crate::report::{At, Problem, Span};

/// Checks all given addresses and assigns the others.
pub(crate) fn resolve(problems: &Problems, addressing: &Addressing, lab: &mut Lab<'_>) {
    for lan in 0..lab.lans.len() {
        for ipv6 in [false, true] {
            check_fit(problems, lab, lan, ipv6);
        }
    }
    check_clashes(problems, addressing, lab);
    check_prefixes(problems, addressing, lab);
    // With these wrong, what would be assigned is of no use.
    if !problems.has_errors() {
        assign(problems, addressing, lab);
    }
}

fn of_family(ipv6: bool) -> impl Fn(&&At<IpNet>) -> bool {
    move |at| at.value.addr().is_ipv6() == ipv6
}

/// The given addresses of a family on a LAN must be in common subnets.
fn check_fit(problems: &Problems, lab: &Lab<'_>, lan: usize, ipv6: bool) {
    let members = &lab.lans[lan].members;
    let given: Vec<(usize, &At<IpNet>)> = members
        .iter()
        .enumerate()
        .flat_map(|(member, &id)| {
            lab.end(id)
                .addresses
                .iter()
                .filter(of_family(ipv6))
                .map(move |at| (member, at))
        })
        .collect();
    let mut users: HashMap<IpNet, Vec<usize>> = HashMap::new();
    for (member, at) in &given {
        users.entry(at.value.trunc()).or_default().push(*member);
    }
    if users.len() < 2 {
        return;
    }
    let shared = |member: usize, at: &At<IpNet>| {
        users
            .get(&at.value.trunc())
            .is_some_and(|users| users.iter().any(|&user| user != member))
    };
    let mut reported: Vec<usize> = Vec::new();
    for &(member, at) in &given {
        let alone = !given
            .iter()
            .any(|&(other, at)| other == member && shared(member, at));
        if !alone || reported.contains(&member) {
            continue;
        }
        // On a link of two, both are alone: one message shows both.
        let Some(&(other, with)) = given.iter().find(|&&(other, _)| other != member) else {
            continue;
        };
        reported.push(member);
        if members.len() == 2 {
            reported.push(other);
        }
        let (first, second) = (
            lab.node_of(members[other]).name(),
            lab.node_of(members[member]).name(),
        );
        let same_network =
            at.value.contains(&with.value.addr()) || with.value.contains(&at.value.addr());
        problems.add(
            Problem::new(
                at.span.clone(),
                format!("`{}` of `{second}` does not fit its link", at.value),
            )
            .label(format!("in {}", at.value.trunc()))
            .also(with.span.clone(), format!("`{first}` on the same link is in {}", with.value.trunc()))
            .help(match same_network {
                true => "give both ends the same prefix length".to_owned(),
                false => format!(
                    "the ends of a link, and all that a switch joins, are in one subnet: give `{second}` an address in {}",
                    with.value.trunc()
                ),
            }),
        );
    }
}

/// An address has one owner.
fn check_clashes(problems: &Problems, addressing: &Addressing, lab: &Lab<'_>) {
    // Where overlaps are allowed, an address is unique on its LAN and in its node only.
    let mut owners: HashMap<(Option<usize>, IpAddr), (&Span, String)> = HashMap::new();
    for (node_index, node) in lab.nodes.iter().enumerate() {
        let ends = node.ends.iter().flat_map(|&id| {
            let end = lab.end(id);
            end.addresses
                .iter()
                .map(move |at| (at, end.lan, end.interface.as_str()))
        });
        let own = node.params.interfaces.iter().flat_map(|interface| {
            let scope = Some(lab.lans.len() + node_index);
            interface
                .addresses()
                .iter()
                .map(move |at| (at, scope, interface.name.value.as_str()))
        });
        for (at, scope, interface) in ends.chain(own) {
            let scope = scope.filter(|_| addressing.allow_overlap);
            let who = format!("`{}` has it on `{interface}`", node.name());
            if let Some((first, other)) = owners.get(&(scope, at.value.addr())) {
                let mut problem = Problem::new(
                    at.span.clone(),
                    format!("the address {} is taken", at.value.addr()),
                );
                // From `defaults` the same place may be used by several nodes.
                problem = match *first == &at.span {
                    true => problem.label(format!("{other}, {who}")),
                    false => problem.label(who).also((*first).clone(), other.clone()),
                };
                problems.add(problem.help("give one of them another address"));
                continue;
            }
            owners.insert((scope, at.value.addr()), (&at.span, who));
        }
    }
}

/// Two LANs do not share a prefix: routing could not tell them apart.
fn check_prefixes(problems: &Problems, addressing: &Addressing, lab: &Lab<'_>) {
    if addressing.allow_overlap {
        return;
    }
    struct Use<'a> {
        net: IpNet,
        /// LANs first, then nodes with interfaces of their own.
        place: usize,
        at: &'a At<IpNet>,
        what: String,
    }
    let mut uses: Vec<Use<'_>> = Vec::new();
    for (lan, members) in lab.lans.iter().map(|lan| &lan.members).enumerate() {
        for &id in members {
            uses.extend(lab.end(id).addresses.iter().map(|at| Use {
                net: at.value.trunc(),
                place: lan,
                at,
                what: format!("on link `{}`", lab.links[id.link].name),
            }));
        }
    }
    for (index, node) in lab.nodes.iter().enumerate() {
        for interface in &node.params.interfaces {
            uses.extend(interface.addresses().iter().map(|at| Use {
                net: at.value.trunc(),
                place: lab.lans.len() + index,
                at,
                what: format!("on `{}` of `{}`", interface.name.value, node.name()),
            }));
        }
    }
    // Sorted by first address and length, whatever overlaps a prefix comes after it and before its end.
    uses.sort_by_key(|u| {
        (
            u.net.addr().is_ipv6(),
            number(u.net.network()),
            u.net.prefix_len(),
            u.place,
        )
    });
    let mut open: Option<usize> = None;
    let mut reported: Option<(IpNet, usize)> = None;
    for index in 0..uses.len() {
        let this = &uses[index];
        if let Some(first) = open
            .map(|open| &uses[open])
            .filter(|first| first.net.contains(&this.net))
        {
            // A loopback's own /32 inside a LAN's prefix is its owner's business only if it is not somebody's on the LAN,
            // which the check for clashes finds.
            let single = this.net.prefix_len() == this.net.max_prefix_len();
            if first.place != this.place && !single && reported != Some((this.net, this.place)) {
                reported = Some((this.net, this.place));
                let message = match first.net == this.net {
                    true => format!("{} is used twice", this.net),
                    false => format!("{} overlaps {}", this.net, first.net),
                };
                problems.add(
                    Problem::new(this.at.span.clone(), message)
                        .label(this.what.clone())
                        .also(first.at.span.clone(), first.what.clone())
                        .help("give each link its own prefix; where that is meant (private networks behind NAT), set `addressing: {overlap: allow}`"),
                );
            }
            continue;
        }
        open = Some(index);
    }
}

/// The default pools: 10.0.0.0/8, and a /48 of the unique local addresses that is the lab's own (RFC 4193).
pub(crate) fn default_pool(lab: &str, ipv6: bool) -> IpNet {
    match ipv6 {
        false => IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8)),
        true => {
            let global = u128::from(hash("ipv6-pool", &[lab]) & 0xff_ffff_ffff);
            IpNet::V6(Ipv6Net::new_assert(
                ((0xfd << 120) | (global << 80)).into(),
                48,
            ))
        }
    }
}

fn assign(problems: &Problems, addressing: &Addressing, lab: &mut Lab<'_>) {
    let mut prefixes = Prefixes::default();
    let mut given: HashMap<usize, Vec<IpNet>> = HashMap::new();
    for node in &lab.nodes {
        for at in node
            .params
            .interfaces
            .iter()
            .flat_map(|interface| interface.addresses())
        {
            prefixes.add(&at.value.trunc());
        }
    }
    for (index, lan) in lab.lans.iter().enumerate() {
        for at in lan.members.iter().flat_map(|&id| &lab.end(id).addresses) {
            prefixes.add(&at.value.trunc());
            let nets = given.entry(index).or_default();
            if !nets.contains(&at.value.trunc()) {
                nets.push(at.value.trunc());
            }
        }
    }
    for lan in 0..lab.lans.len() {
        let wanting: Vec<EndId> = lab.lans[lan]
            .members
            .iter()
            .copied()
            .filter(|&id| lab.end(id).automatic)
            .collect();
        if wanting.is_empty() {
            continue;
        }
        let nets: Vec<IpNet> = match given.get(&lan) {
            // The first subnet of each family that the others have.
            Some(nets) => [false, true]
                .iter()
                .filter_map(|&ipv6| {
                    nets.iter()
                        .find(|net| net.addr().is_ipv6() == ipv6)
                        .copied()
                })
                .collect(),
            None => [(false, &addressing.ipv4), (true, &addressing.ipv6)]
                .into_iter()
                .filter_map(|(ipv6, pool)| allocate(problems, lab, &mut prefixes, lan, ipv6, pool))
                .collect(),
        };
        for net in nets {
            number_members(problems, lab, lan, &wanting, &net);
        }
    }
}

/// The prefix from which automatic addresses of a family come, if there are any.
pub(crate) fn pool(addressing: &Addressing, lab: &str, ipv6: bool) -> Option<IpNet> {
    let pool = if ipv6 {
        &addressing.ipv6
    } else {
        &addressing.ipv4
    };
    prefix_of(pool, lab, ipv6)
}

fn prefix_of(pool: &Option<At<Pool>>, lab: &str, ipv6: bool) -> Option<IpNet> {
    match pool.as_ref().map_or(Pool::Auto, |pool| pool.value) {
        Pool::None => None,
        Pool::Auto => Some(default_pool(lab, ipv6)),
        Pool::Prefix(net) => Some(net),
    }
}

/// Allocates the subnet of a LAN.
fn allocate(
    problems: &Problems,
    lab: &Lab<'_>,
    prefixes: &mut Prefixes,
    lan: usize,
    ipv6: bool,
    pool: &Option<At<Pool>>,
) -> Option<IpNet> {
    let pool_net = prefix_of(pool, &lab.name, ipv6)?;
    let lan = &lab.lans[lan];
    let length = match ipv6 {
        true => 64,
        false => {
            // A small pool would soon be used up by links of two.
            let usual = if lan.point_to_point && pool_net.prefix_len() > 16 {
                30
            } else {
                24
            };
            let needed = (lan.members.len() as u64 + 2)
                .next_power_of_two()
                .trailing_zeros();
            usual.min(32u8.saturating_sub(needed as u8))
        }
    };
    let net = prefixes.allocate(&pool_net, length, &lan.key);
    if net.is_none() {
        let link = &lab.links[lan.members[0].link];
        let mut problem = Problem::new(
            link.file.span.clone(),
            format!(
                "no free subnet is left in {pool_net} for link `{}`",
                link.name
            ),
        )
        .help("give a larger pool under `addressing`, or give the addresses of this link");
        if let Some(pool) = pool {
            problem = problem.also(pool.span.clone(), "the pool");
        }
        problems.add(problem);
    }
    net
}

/// Gives the ends that want one an address of the subnet.
fn number_members(
    problems: &Problems,
    lab: &mut Lab<'_>,
    lan: usize,
    wanting: &[EndId],
    net: &IpNet,
) {
    let mut taken: std::collections::HashSet<IpAddr> = lab.lans[lan]
        .members
        .iter()
        .flat_map(|&id| lab.end(id).addresses.iter().map(|at| at.value.addr()))
        .collect();
    let point_to_point = lab.lans[lan].point_to_point;
    for &id in wanting {
        let (node, link) = (lab.node_of(id).name(), &lab.links[id.link]);
        // 1 and 2 for the two ends of a link; on a /31 or /127 0 and 1.
        let small = net.prefix_len() + 1 >= net.max_prefix_len();
        let preferred = point_to_point.then_some(id.end as u64 + u64::from(!small));
        let span = lab.end(id).span.clone();
        match pick_address(net, preferred, &[node, &link.name], |addr| {
            taken.contains(&addr)
        }) {
            Some(found) => {
                taken.insert(found.addr());
                lab.end_mut(id).addresses.push(At::new(found, span));
            }
            None => problems.add(
                Problem::new(span, format!("no address is left in {net} for `{node}`"))
                    .help("give the link a larger prefix, or `addresses: none` to this end"),
            ),
        }
    }
}

/// The router on a LAN that an address belongs to, and the address of that router in a common subnet with `net`.
pub(crate) fn address_in(lab: &Lab<'_>, id: EndId, net: &IpNet) -> Option<IpAddr> {
    lab.end(id)
        .addresses
        .iter()
        .find(|at| at.value.trunc() == net.trunc())
        .map(|at| at.value.addr())
}

/// Lines of `/etc/hosts`: the addresses of a node's own interfaces first, then those of its links.
pub(crate) fn host_addresses(lab: &Lab<'_>, node: usize) -> Vec<IpAddr> {
    let node = &lab.nodes[node];
    if node.kind.kind() == NodeKind::Switch {
        return Vec::new();
    }
    let own = node
        .params
        .interfaces
        .iter()
        .flat_map(|interface| interface.addresses());
    let ends = node.ends.iter().flat_map(|&id| &lab.end(id).addresses);
    own.chain(ends)
        .map(|at| at.value.addr())
        .filter(|addr| !addr.is_loopback())
        .collect()
}
