// SPDX-License-Identifier: GPL-2.0

//! `fb add`, `rm`, `set`, `bind`, `unbind`, `replace`

use std::os::fd::AsRawFd;

use vnet_lab::chain::values;
use vnet_lab::error::near;
use vnet_topology::chain;
use vnet_topology::plan::{ParamPlan, PortPlan};
use vnet_uapi::{Block, BlockParam, BlockParamAccess, BlockState, BlockType, PortKey};

use super::given::Pair as Given;
use super::report::subscriptions;
use super::{failed, Add, Bind, Here, Replace, Rm, Set};
use crate::error::{Error, Result};

/// Makes a block.
pub(super) fn add(here: &mut Here, add: &Add, more: &[Given]) -> Result<()> {
    let node = here.node(&add.node)?;
    let what = format!("cannot make block {} in {}", add.name, add.node);
    chain::check_name(&add.name).map_err(Error::Message)?;
    let types = here.types()?;
    let kind = type_of(&types, &add.kind)?;
    let given = [&add.params[..], more].concat();
    let param = read(kind, &given, true)?;
    let missing = kind.param.iter().filter(|declared| {
        let name = declared.name.as_deref();
        declared.required == Some(1) && !given.iter().any(|(given, _)| Some(&**given) == name)
    });
    let missing: Vec<&str> = missing.filter_map(|p| p.name.as_deref()).collect();
    if !missing.is_empty() {
        let message = format!(
            "a block of type {} needs {}=VALUE",
            add.kind,
            missing.join("=VALUE and ")
        );
        return Err(failed(what, message));
    }
    let block = Block {
        name: Some(add.name.clone()),
        kind: Some(add.kind.clone()),
        param,
        ..Block::default()
    };
    let client = here.module.client();
    client
        .block_new(node.netns().as_raw_fd(), block)
        .map_err(|error| failed(what, error))?;
    Ok(())
}

/// Removes blocks.
pub(super) fn remove(here: &mut Here, rm: &Rm) -> Result<()> {
    let node = here.node(&rm.node)?;
    let fd = node.netns().as_raw_fd();
    for name in &rm.names {
        let what = format!("cannot remove block {name} of {}", rm.node);
        let block = here.block(&rm.node, fd, name)?;
        let bound = block.port.iter().any(|port| port.peer.is_some());
        let concerned: Vec<Pair> = pairs(&here.blocks(fd)?)
            .into_iter()
            .filter(|(subscriber, publisher)| subscriber == name || publisher == name)
            .collect();
        if let (Some((subscriber, publisher)), false) = (concerned.first(), rm.unbind) {
            let message = format!(
                "{subscriber} is subscribed to {publisher}; end that first: `vnetctl fb unsubscribe`, or --unbind"
            );
            return Err(failed(what, message));
        }
        if bound && !rm.unbind {
            let message =
                "it is bound; take it out of its chain first: `vnetctl fb unbind`, or --unbind";
            return Err(failed(what, message));
        }
        here.all_or_none(fd, |client| {
            for port in block.port.iter().filter(|port| port.peer.is_some()) {
                part(client, fd, name, port).map_err(|error| failed(&what, error))?;
            }
            for (subscriber, publisher) in &concerned {
                client
                    .block_unsubscribe(fd, subscriber, publisher)
                    .map_err(|error| failed(&what, error))?;
            }
            client
                .block_del(fd, name)
                .map_err(|error| failed(&what, error))
        })?;
    }
    Ok(())
}

/// Changes parameters.
pub(super) fn set(here: &mut Here, set: &Set, more: &[Given]) -> Result<()> {
    let node = here.node(&set.node)?;
    let fd = node.netns().as_raw_fd();
    let block = here.block(&set.node, fd, &set.name)?;
    let types = here.types()?;
    let kind = type_of(&types, block.kind.as_deref().unwrap_or_default())?;
    let param = read(kind, &[&set.params[..], more].concat(), false)?;
    let client = here.module.client();
    client.block_set(fd, &set.name, param).map_err(|error| {
        failed(
            format!("cannot change block {} of {}", set.name, set.node),
            error,
        )
    })
}

/// Binds neighbours of a chain. When one cannot be bound, those before it are unbound again.
pub(super) fn bind(here: &mut Here, bind: &Bind) -> Result<()> {
    let node = here.node(&bind.node)?;
    let fd = node.netns().as_raw_fd();
    let hops = bind.hops()?;
    for hop in &hops {
        here.block(&bind.node, fd, &hop.name)?;
    }
    here.all_or_none(fd, |client| {
        for binding in chain::bindings(&hops) {
            let what = || {
                let (lower, upper) = (show(&binding.lower), show(&binding.upper));
                format!("cannot bind {lower} to {upper} above it in {}", bind.node)
            };
            client
                .block_bind(fd, key(&binding.upper), key(&binding.lower))
                .map_err(|error| failed(what(), error))?;
        }
        Ok(())
    })
}

/// Takes bindings apart, all or none.
pub(super) fn unbind(here: &mut Here, bind: &Bind) -> Result<()> {
    let node = here.node(&bind.node)?;
    let fd = node.netns().as_raw_fd();
    let hops = bind.hops()?;
    let refused = |what: String, error: vnet_uapi::Error| {
        failed(format!("cannot unbind {what} in {}", bind.node), error)
    };
    if let [hop] = &hops[..] {
        let block = here.block(&bind.node, fd, &hop.name)?;
        let named = [&hop.lower, &hop.upper];
        let meant = |port: &&vnet_uapi::BlockPort| {
            let all = named.iter().all(|name| name.is_none());
            all || named.iter().any(|name| **name == port.name)
        };
        for name in named.iter().filter_map(|name| name.as_deref()) {
            let known = || block.port.iter().filter_map(|port| port.name.as_deref());
            if !known().any(|port| port == name) {
                let ports: Vec<&str> = known().collect();
                let message = format!(
                    "block {} of {} has no port {name}; it has {}",
                    hop.name,
                    bind.node,
                    ports.join(", ")
                );
                return Err(Error::Message(message));
            }
        }
        let bound: Vec<_> = block
            .port
            .iter()
            .filter(meant)
            .filter(|port| port.peer.is_some())
            .collect();
        if bound.is_empty() {
            return Err(Error::Message(format!(
                "{} of {} is not bound; `vnetctl fb show` tells what is",
                bind.chain[0], bind.node
            )));
        }
        return here.all_or_none(fd, |client| {
            bound.into_iter().try_for_each(|port| {
                part(client, fd, &hop.name, port)
                    .map_err(|error| refused(bind.chain[0].clone(), error))
            })
        });
    }
    here.all_or_none(fd, |client| {
        for binding in chain::bindings(&hops) {
            let what = || format!("{} and {}", show(&binding.lower), show(&binding.upper));
            client
                .block_unbind(fd, Some(key(&binding.upper)), Some(key(&binding.lower)))
                .map_err(|error| refused(what(), error))?;
        }
        Ok(())
    })
}

/// Puts another block in the place of one.
pub(super) fn replace(here: &mut Here, replace: &Replace, more: &[Given]) -> Result<()> {
    let node = here.node(&replace.node)?;
    let fd = node.netns().as_raw_fd();
    let block = here.block(&replace.node, fd, &replace.name)?;
    let types = here.types()?;
    let old = block.kind.as_deref().unwrap_or_default();
    let kind = type_of(&types, replace.kind.as_deref().unwrap_or(old))?;
    let param = read(kind, &[&replace.params[..], more].concat(), true)?;
    let state = match replace.drop_state {
        true => BlockState::Drop,
        false => BlockState::Keep,
    };
    let client = here.module.client();
    client
        .block_replace(fd, &replace.name, replace.kind.clone(), param, state)
        .map_err(|error| {
            let what = format!("cannot replace block {} of {}", replace.name, replace.node);
            match (error.errno(), &replace.kind) {
                (Some(libc::EOPNOTSUPP), Some(new)) => Error::Message(format!(
                    "{what}: the state of a {old} cannot be handed over to a {new}; --drop-state does without it"
                )),
                _ => failed(what, error),
            }
        })
}

impl Here {
    /// The types that the module has.
    pub(super) fn types(&mut self) -> Result<Vec<BlockType>> {
        let types = self.module.client().block_types();
        types.map_err(|error| failed("cannot read the types of blocks", error))
    }

    /// All blocks of a namespace.
    pub(super) fn blocks(&mut self, netns: i32) -> Result<Vec<Block>> {
        let blocks = self.module.client().blocks(netns);
        blocks.map_err(|error| failed("cannot read the blocks", error))
    }

    /// A block of a node.
    pub(super) fn block(&mut self, node: &str, netns: i32, name: &str) -> Result<Block> {
        match self.module.client().block(netns, name) {
            Ok(block) => Ok(block),
            Err(error) if error.errno() == Some(libc::ENOENT) => {
                let blocks = self.blocks(netns)?;
                let known = || blocks.iter().filter_map(|block| block.name.as_deref());
                let hint = match (near(name, known()), known().next()) {
                    (Some(near), _) => format!("; did you mean {near}?"),
                    (None, Some(_)) => {
                        format!("; it has {}", known().collect::<Vec<_>>().join(", "))
                    }
                    (None, None) => "; make one with `vnetctl fb add`".into(),
                };
                Err(Error::Message(format!(
                    "node {node} has no block {name}{hint}"
                )))
            }
            Err(error) => Err(failed(format!("cannot read block {name} of {node}"), error)),
        }
    }

    /// Binds and subscribes as it was before what a command that has failed has changed.
    fn restore(&mut self, netns: i32, before: &[Block]) -> Result<()> {
        let now = self.blocks(netns)?;
        let (old, new) = (joints(before), joints(&now));
        let (told, tells) = (pairs(before), pairs(&now));
        let client = self.module.client();
        for (upper, lower) in new.iter().filter(|joint| !old.contains(joint)) {
            client
                .block_unbind(netns, Some(port_key(upper)), Some(port_key(lower)))
                .map_err(|error| failed("cannot undo a binding", error))?;
        }
        for (upper, lower) in old.iter().filter(|joint| !new.contains(joint)) {
            client
                .block_bind(netns, port_key(upper), port_key(lower))
                .map_err(|error| failed("cannot restore a binding", error))?;
        }
        for (subscriber, publisher) in tells.iter().filter(|pair| !told.contains(pair)) {
            client
                .block_unsubscribe(netns, subscriber, publisher)
                .map_err(|error| failed("cannot undo a subscription", error))?;
        }
        for (subscriber, publisher) in told.iter().filter(|pair| !tells.contains(pair)) {
            client
                .block_subscribe(netns, subscriber, publisher)
                .map_err(|error| failed("cannot restore a subscription", error))?;
        }
        Ok(())
    }

    /// What `change` does to bindings and subscriptions of a namespace, or nothing if it fails.
    pub(super) fn all_or_none(
        &mut self,
        netns: i32,
        change: impl FnOnce(&mut vnet_uapi::Client) -> Result<()>,
    ) -> Result<()> {
        let before = self.blocks(netns)?;
        let result = change(self.module.client());
        if result.is_err() {
            self.restore(netns, &before)?;
        }
        result
    }
}

/// Block and port.
type Place = (String, String);

/// All bindings: the lower port of the block above, the upper one of the block below.
fn joints(blocks: &[Block]) -> Vec<(Place, Place)> {
    let joints = blocks.iter().flat_map(|block| {
        let lower =
            |port: &&vnet_uapi::BlockPort| port.side == Some(vnet_uapi::BlockSide::Lower as u32);
        block.port.iter().filter(lower).filter_map(|port| {
            let above = (block.name.clone()?, port.name.clone()?);
            Some((above, (port.peer.clone()?, port.peer_port.clone()?)))
        })
    });
    joints.collect()
}

/// Subscriber and publisher.
type Pair = (String, String);

/// All subscriptions.
fn pairs(blocks: &[Block]) -> Vec<Pair> {
    let of = |block: &Block| -> Vec<Pair> {
        let name = block.name.clone().unwrap_or_default();
        let publishers = subscriptions(block);
        publishers
            .map(|publisher| (name.clone(), publisher.to_owned()))
            .collect()
    };
    blocks.iter().flat_map(of).collect()
}

fn port_key((block, port): &Place) -> PortKey {
    PortKey {
        block: block.clone(),
        port: Some(port.clone()),
    }
}

/// The type of that name.
pub(super) fn type_of<'t>(types: &'t [BlockType], name: &str) -> Result<&'t BlockType> {
    let found = types.iter().find(|kind| kind.name.as_deref() == Some(name));
    found.ok_or_else(|| {
        let known = || types.iter().filter_map(|kind| kind.name.as_deref());
        let hint = match near(name, known()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        };
        Error::Message(format!("there is no type of blocks {name}; {hint}"))
    })
}

/// Reads parameters, and refuses those that cannot be given now.
fn read(kind: &BlockType, params: &[Given], making: bool) -> Result<Vec<BlockParam>> {
    let one = |(name, value): &Given| {
        let declared = values::find(kind, name).map_err(|error| error.to_string())?;
        match declared.access.and_then(BlockParamAccess::from_number) {
            Some(BlockParamAccess::Told) => {
                return Err(format!(
                    "{name} is a reading of the block and cannot be set"
                ))
            }
            Some(BlockParamAccess::Initial) if !making => {
                return Err(format!(
                    "{name} is given when a block is made; use `vnetctl fb replace` to change it"
                ))
            }
            _ => {}
        }
        let value = ParamPlan::Text(value.clone());
        values::read(kind, name, &value).map_err(|error| error.to_string())
    };
    params
        .iter()
        .map(|param| one(param).map_err(Error::Message))
        .collect()
}

/// Takes the binding of a port apart.
fn part(
    client: &mut vnet_uapi::Client,
    netns: i32,
    name: &str,
    port: &vnet_uapi::BlockPort,
) -> std::result::Result<(), vnet_uapi::Error> {
    let end = PortKey {
        block: name.into(),
        port: port.name.clone(),
    };
    match port.side == Some(vnet_uapi::BlockSide::Lower as u32) {
        true => client.block_unbind(netns, Some(end), None),
        false => client.block_unbind(netns, None, Some(end)),
    }
}

fn key(port: &PortPlan) -> PortKey {
    PortKey {
        block: port.block.clone(),
        port: port.port.clone(),
    }
}

fn show(port: &PortPlan) -> String {
    match &port.port {
        Some(name) => format!("{}:{name}", port.block),
        None => port.block.clone(),
    }
}
