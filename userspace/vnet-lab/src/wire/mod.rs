// SPDX-License-Identifier: GPL-2.0

//! Links and instances: what the module does for a lab.

pub mod attributes;
pub mod media;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsRawFd;

use vnet_topology::plan::{DirectionPlan, EndPlan, LinkPlan, Plan};
use vnet_uapi::{Client, End, Instance, InstanceKey, Link, LinkKey};

use crate::error::{near, Context, Error, Result};
use crate::node::Node;
use attributes::{decode_as, difference, encode};

/// A link to be made, with the nodes at its ends.
#[derive(Clone, Copy, Debug)]
pub struct Wire<'a> {
    /// What it is.
    pub plan: &'a LinkPlan,
    /// The nodes, in the order of the plan's ends.
    pub nodes: [&'a Node; 2],
}

/// What makes links. There is one such thing in earnest; tests of the rest use veth pairs.
pub trait LinkBackend {
    /// Makes instances of the nodes' namespaces.
    fn add_instances(&mut self, lab: &str, nodes: &[&Node]) -> Result<()>;

    /// Makes links; returns the indexes of their devices, in the order of the ends.
    fn add_links(&mut self, lab: &str, wires: &[Wire<'_>]) -> Result<Vec<[u32; 2]>>;

    /// Gives a link the parameters of the new plan, without losing or reordering a packet, and plugs its cable.
    fn change_link(&mut self, lab: &str, old: &LinkPlan, new: &LinkPlan) -> Result<()>;

    /// Removes the links of a lab that have one of these names, or all of them with all media. Says how many there were.
    fn remove_links(&mut self, lab: &str, names: Option<&[&str]>) -> Result<usize>;

    /// Names of the links of a lab that exist, with the indexes of their devices.
    fn links(&mut self, lab: &str) -> Result<BTreeMap<String, [u32; 2]>>;

    /// Names of those whose cable is pulled.
    fn pulled(&mut self, lab: &str) -> Result<BTreeSet<String>>;

    /// Gives the links of a plan the parameters that the kernel has of them; others may have changed them.
    fn read_back(&mut self, plan: &mut Plan) -> Result<()>;

    /// The connection to the module, which makes media and functional blocks, where there is such a thing.
    fn client(&mut self) -> Option<&mut Client> {
        None
    }
}

/// The module, by generic netlink.
#[derive(Debug)]
pub struct Kernel {
    client: Client,
}

impl Kernel {
    /// Connects to the module of the running kernel.
    pub fn open() -> Result<Self> {
        let client = Client::open().context(|| "no emulator here".into())?;
        Ok(Kernel { client })
    }

    /// The connection itself.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The link of that name.
    pub fn link(&mut self, lab: &str, name: &str) -> Result<Link> {
        let mut links = self.lab_links(lab)?;
        let position = links
            .iter()
            .position(|link| link.name.as_deref() == Some(name));
        match position {
            Some(position) => Ok(links.swap_remove(position)),
            None => Err(Error::NoLink {
                lab: lab.into(),
                link: name.into(),
                near: near(name, links.iter().filter_map(|link| link.name.as_deref())),
            }),
        }
    }

    /// All links of a lab.
    pub fn lab_links(&mut self, lab: &str) -> Result<Vec<Link>> {
        let mut links = self
            .client
            .links(Some(lab))
            .context(|| "cannot list the links".into())?;
        // What carries another lab's mark is none of our business, whatever the kernel thinks of the filter.
        links.retain(|link| link.lab.as_deref() == Some(lab));
        Ok(links)
    }

    /// All instances of a lab.
    pub fn lab_instances(&mut self, lab: &str) -> Result<Vec<Instance>> {
        let mut instances = self
            .client
            .instances(Some(lab))
            .context(|| "cannot list the instances".into())?;
        instances.retain(|instance| instance.lab.as_deref() == Some(lab));
        Ok(instances)
    }
}

impl LinkBackend for Kernel {
    fn client(&mut self) -> Option<&mut Client> {
        Some(&mut self.client)
    }

    fn add_instances(&mut self, lab: &str, nodes: &[&Node]) -> Result<()> {
        let requests: Vec<Instance> = nodes
            .iter()
            .map(|node| Instance {
                netns_fd: Some(node.netns().as_raw_fd() as u32),
                name: Some(node.name.clone()),
                lab: Some(lab.into()),
                ..Default::default()
            })
            .collect();
        let outcomes = self
            .client
            .instances_new(&requests)
            .context(|| "cannot make the instances".into())?;
        for (outcome, node) in outcomes.into_iter().zip(nodes) {
            outcome.context(|| format!("cannot make an instance of node {}", node.name))?;
        }
        Ok(())
    }

    fn add_links(&mut self, lab: &str, wires: &[Wire<'_>]) -> Result<Vec<[u32; 2]>> {
        let requests: Vec<Link> = wires.iter().map(|wire| request(lab, wire)).collect();
        let outcomes = self
            .client
            .links_new(&requests)
            .context(|| "cannot make the links".into())?;
        outcomes
            .into_iter()
            .zip(wires)
            .map(|(outcome, wire)| {
                let name = &wire.plan.name;
                let link = outcome.context(|| format!("cannot make link {name}"))?;
                indexes(&link).ok_or_else(|| {
                    Error::Protocol(format!(
                        "the kernel does not tell the devices of link {name}"
                    ))
                })
            })
            .collect()
    }

    fn change_link(&mut self, lab: &str, old: &LinkPlan, new: &LinkPlan) -> Result<()> {
        let link = self.link(lab, &old.name)?;
        let id = link.id.unwrap_or_default();
        let end = |side: usize| {
            let old = encode(&old.directions[side]);
            let tx = difference(&old, &encode(&new.directions[side]))?;
            Some(End {
                tx: Some(tx),
                ..Default::default()
            })
        };
        let change = Link {
            mtu: (old.mtu != new.mtu).then_some(new.mtu),
            connected: (link.connected == Some(0)).then_some(1),
            end_a: end(0),
            end_b: end(1),
            ..Default::default()
        };
        self.client
            .link_set(LinkKey::Id(id), change)
            .context(|| format!("cannot change link {}", new.name))
    }

    fn remove_links(&mut self, lab: &str, names: Option<&[&str]>) -> Result<usize> {
        let keys: Vec<LinkKey> = self
            .lab_links(lab)?
            .iter()
            .filter(|link| {
                names.is_none_or(|names| {
                    link.name
                        .as_deref()
                        .is_some_and(|name| names.contains(&name))
                })
            })
            .filter_map(|link| link.id.map(LinkKey::Id))
            .collect();
        let mut found = keys.len();
        let outcomes = self
            .client
            .links_del(&keys)
            .context(|| "cannot remove the links".into())?;
        for outcome in outcomes {
            match outcome {
                // One that went with a namespace in the meantime.
                Err(refusal) if matches!(refusal.errno, libc::ENOENT | libc::ENODEV) => {}
                other => other.context(|| "cannot remove a link".into())?,
            }
        }
        if names.is_none() {
            found += media::remove(&mut self.client, lab, None)?;
        }
        // The namespaces themselves may live on in the hands of others.
        if names.is_none() {
            let instances = self.lab_instances(lab)?.into_iter();
            let keys: Vec<InstanceKey> = instances
                .filter_map(|instance| instance.id.map(InstanceKey::Id))
                .collect();
            // What is refused has gone with its namespace.
            let _ = self.client.instances_del(&keys);
        }
        Ok(found)
    }

    fn links(&mut self, lab: &str) -> Result<BTreeMap<String, [u32; 2]>> {
        let links = self.lab_links(lab)?;
        Ok(links
            .into_iter()
            .filter_map(|link| {
                let indexes = indexes(&link)?;
                Some((link.name?, indexes))
            })
            .collect())
    }

    fn pulled(&mut self, lab: &str) -> Result<BTreeSet<String>> {
        let links = self.lab_links(lab)?.into_iter();
        let pulled = links.filter(|link| link.connected == Some(0));
        Ok(pulled.filter_map(|link| link.name).collect())
    }

    fn read_back(&mut self, plan: &mut Plan) -> Result<()> {
        let links = self.lab_links(&plan.lab)?;
        let named = |link: Link| Some((link.name.clone()?, link));
        let links: BTreeMap<String, Link> = links.into_iter().filter_map(named).collect();
        for plan in &mut plan.links {
            let Some(link) = links.get(&plan.name) else {
                continue;
            };
            plan.mtu = link.mtu.unwrap_or(plan.mtu);
            for (plan, end) in plan.directions.iter_mut().zip([&link.end_a, &link.end_b]) {
                if let Some(tx) = end.as_ref().and_then(|end| end.tx.as_ref()) {
                    *plan = decode_as(tx, plan);
                }
            }
        }
        media::read_back(&mut self.client, plan)
    }
}

fn indexes(link: &Link) -> Option<[u32; 2]> {
    let index = |end: &Option<End>| end.as_ref()?.ifindex;
    Some([index(&link.end_a)?, index(&link.end_b)?])
}

fn request(lab: &str, wire: &Wire<'_>) -> Link {
    let plan = wire.plan;
    let end = |side: usize| {
        let EndPlan { interface, mac, .. } = &plan.ends[side];
        Some(End {
            netns_fd: Some(wire.nodes[side].netns().as_raw_fd() as u32),
            ifname: Some(interface.clone()),
            address: Some(mac.0),
            tx: difference(
                &encode(&DirectionPlan::default()),
                &encode(&plan.directions[side]),
            ),
            ..Default::default()
        })
    };
    Link {
        name: Some(plan.name.clone()),
        lab: Some(lab.into()),
        mtu: Some(plan.mtu),
        seed: Some(plan.seed),
        end_a: end(0),
        end_b: end(1),
        ..Default::default()
    }
}
