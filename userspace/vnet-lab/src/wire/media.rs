// SPDX-License-Identifier: GPL-2.0

//! Broadcast media of a lab: made, changed, read back and removed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsRawFd;

use vnet_topology::plan::{DirectionPlan, MediumPlan, MediumPortPlan, Plan};
use vnet_uapi::generated::{Direction, Medium, MediumPair, MediumPort};
use vnet_uapi::Client;

use super::attributes::{decode_as, difference, encode};
use super::LinkBackend;
use crate::error::{near, Context, Error, Result};
use crate::node::Node;

/// Most pairs that one request names: a message has to fit the socket's buffer.
const PAIRS_AT_ONCE: usize = 256;

/// A medium to be made, with the nodes at its ports.
#[derive(Clone, Debug)]
pub struct Air<'a> {
    /// What it is.
    pub plan: &'a MediumPlan,
    /// The nodes, in the order of the ports.
    pub nodes: Vec<&'a Node>,
}

/// The connection to what makes media.
pub fn client(backend: &mut dyn LinkBackend) -> Result<&mut Client> {
    backend
        .client()
        .ok_or_else(|| Error::Unsupported("there are no media without the module vnet".into()))
}

/// All media of a lab, by name.
pub fn of_lab(client: &mut Client, lab: &str) -> Result<BTreeMap<String, Medium>> {
    let media = client
        .media(Some(lab))
        .context(|| "cannot list the media".into())?;
    Ok(media
        .into_iter()
        .filter(|medium| medium.lab.as_deref() == Some(lab))
        .filter_map(|medium| Some((medium.name.clone()?, medium)))
        .collect())
}

/// The medium of that name, by its number.
pub fn find(client: &mut Client, lab: &str, name: &str) -> Result<u32> {
    let media = of_lab(client, lab)?;
    match media.get(name) {
        Some(medium) => Ok(medium.id.unwrap_or_default()),
        None => Err(Error::NoMedium {
            lab: lab.into(),
            medium: name.into(),
            near: near(name, media.keys().map(String::as_str)),
        }),
    }
}

/// Names of the media of a plan that exist with all their ports.
pub fn whole(client: &mut Client, plan: &Plan) -> Result<BTreeSet<String>> {
    let media = of_lab(client, &plan.lab)?;
    let whole = plan.media.iter().filter(|plan| {
        let found = media.get(&plan.name);
        found.is_some_and(|medium| medium.ports == Some(plan.ports.len() as u32))
    });
    Ok(whole.map(|plan| plan.name.clone()).collect())
}

/// Makes a medium; returns the indexes of its devices, in the order of the ports.
pub fn add(client: &mut Client, lab: &str, air: &Air<'_>) -> Result<Vec<u32>> {
    let plan = air.plan;
    let ports = plan.ports.iter().zip(&air.nodes);
    let ports = ports.map(|(MediumPortPlan { end, tx }, node)| MediumPort {
        netns_fd: Some(node.netns().as_raw_fd() as u32),
        ifname: Some(end.interface.clone()),
        address: Some(end.mac.0),
        tx: difference(&encode(&DirectionPlan::default()), &encode(tx)),
        ..Default::default()
    });
    let mut pairs = Vec::new();
    pairs.extend(all(way_change(&DirectionPlan::default(), &plan.ways)));
    pairs.extend(plan.pairs.iter().filter_map(|pair| {
        let change = way_change(&plan.ways, &pair.way)?;
        Some(between(pair.from, pair.to, change))
    }));
    let rest = pairs.split_off(pairs.len().min(PAIRS_AT_ONCE));
    let failed = || format!("cannot make medium {}", plan.name);
    let made = client
        .medium_new(&Medium {
            name: Some(plan.name.clone()),
            lab: Some(lab.into()),
            mtu: Some(plan.mtu),
            seed: Some(plan.seed),
            port: ports.collect(),
            pair: pairs,
            ..Default::default()
        })
        .context(failed)?;
    let id = made.id.unwrap_or_default();
    set_pairs(client, id, rest).context(failed)?;
    let ports = client.medium_ports(id).context(failed)?;
    let indexes: Option<Vec<u32>> = ports.iter().map(|port| port.ifindex).collect();
    indexes
        .filter(|indexes| indexes.len() == plan.ports.len())
        .ok_or_else(|| {
            Error::Protocol(format!(
                "the kernel does not tell the devices of medium {}",
                plan.name
            ))
        })
}

/// Gives a medium the parameters of the new plan, without losing or reordering a frame.
pub fn change(client: &mut Client, lab: &str, old: &MediumPlan, new: &MediumPlan) -> Result<()> {
    let id = find(client, lab, &old.name)?;
    change_by_id(client, id, old, new).context(|| format!("cannot change medium {}", new.name))
}

/// The same for the medium of a number.
pub fn change_by_id(
    client: &mut Client,
    id: u32,
    old: &MediumPlan,
    new: &MediumPlan,
) -> std::result::Result<(), vnet_uapi::Error> {
    let ports = old.ports.iter().zip(&new.ports).enumerate();
    let ports = ports.filter_map(|(number, (old, new))| {
        Some(MediumPort {
            number: Some(number as u32),
            tx: Some(difference(&encode(&old.tx), &encode(&new.tx))?),
            ..Default::default()
        })
    });
    let mut pairs = changed_pairs(old, new);
    let rest = pairs.split_off(pairs.len().min(PAIRS_AT_ONCE));
    let request = Medium {
        mtu: (old.mtu != new.mtu).then_some(new.mtu),
        port: ports.collect(),
        pair: pairs,
        ..Default::default()
    };
    client.medium_set(id, request)?;
    set_pairs(client, id, rest)
}

/// The ways that change; in one request for all of them, if all change in the same way.
fn changed_pairs(old: &MediumPlan, new: &MediumPlan) -> Vec<MediumPair> {
    let changes: Vec<((usize, usize), Option<Direction>)> = new
        .all_pairs()
        .map(|(from, to)| ((from, to), way_change(old.way(from, to), new.way(from, to))))
        .collect();
    match changes.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, change)| change == first) => {
            all(first.clone()).into_iter().collect()
        }
        _ => changes
            .into_iter()
            .filter_map(|((from, to), change)| Some(between(from, to, change?)))
            .collect(),
    }
}

fn set_pairs(
    client: &mut Client,
    id: u32,
    pairs: Vec<MediumPair>,
) -> std::result::Result<(), vnet_uapi::Error> {
    for some in pairs.chunks(PAIRS_AT_ONCE) {
        let change = Medium {
            pair: some.to_vec(),
            ..Default::default()
        };
        client.medium_set(id, change)?;
    }
    Ok(())
}

/// What has to be said about a way; it has neither rate nor queue.
fn way_change(old: &DirectionPlan, new: &DirectionPlan) -> Option<Direction> {
    difference(&encode(old), &encode(new))
}

fn all(change: Option<Direction>) -> Option<MediumPair> {
    Some(MediumPair {
        params: Some(change?),
        ..Default::default()
    })
}

fn between(from: usize, to: usize, change: Direction) -> MediumPair {
    MediumPair {
        from: Some(from as u32),
        to: Some(to as u32),
        params: Some(change),
        ..Default::default()
    }
}

/// Removes the media of a lab that have one of these names, or all of them. Says how many there were.
pub fn remove(client: &mut Client, lab: &str, names: Option<&[&str]>) -> Result<usize> {
    let mut count = 0;
    for (name, medium) in of_lab(client, lab)? {
        if names.is_some_and(|names| !names.contains(&name.as_str())) {
            continue;
        }
        match client.medium_del(medium.id.unwrap_or_default()) {
            // One that went with its last namespace in the meantime.
            Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ENODEV)) => {}
            other => other.context(|| format!("cannot remove medium {name}"))?,
        }
        count += 1;
    }
    Ok(count)
}

/// Gives the media of a plan the parameters that the kernel has of them; others may have changed them.
pub fn read_back(client: &mut Client, plan: &mut Plan) -> Result<()> {
    if plan.media.is_empty() {
        return Ok(());
    }
    let media = of_lab(client, &plan.lab)?;
    for plan in &mut plan.media {
        let Some(medium) = media.get(&plan.name) else {
            continue;
        };
        read_one(client, medium, plan).context(|| format!("cannot read medium {}", plan.name))?;
    }
    Ok(())
}

/// Gives a medium of a plan what the kernel has of it.
pub fn read_one(
    client: &mut Client,
    medium: &Medium,
    plan: &mut MediumPlan,
) -> std::result::Result<(), vnet_uapi::Error> {
    let id = medium.id.unwrap_or_default();
    plan.mtu = medium.mtu.unwrap_or(plan.mtu);
    for port in client.medium_ports(id)? {
        let place = plan.ports.get_mut(port.number.unwrap_or_default() as usize);
        if let (Some(place), Some(tx)) = (place, &port.tx) {
            place.tx = decode_as(tx, &place.tx);
        }
    }
    for pair in client.medium_pairs(id)? {
        if let (Some(from), Some(to), Some(params)) = (pair.from, pair.to, &pair.params) {
            let (from, to) = (from as usize, to as usize);
            // The queue and the overhead that count are the sender's.
            let way = decode_as(params, plan.way(from, to)).with_sender_of(&plan.ways);
            plan.set_way(from, to, way);
        }
    }
    Ok(())
}
