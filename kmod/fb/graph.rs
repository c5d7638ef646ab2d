// SPDX-License-Identifier: GPL-2.0

//! The blocks of a namespace and how they are bound.
//!
//! # Invariants
//!
//! - Every binding stands at both its ports.
//! - A block is subscribed to blocks that are there, raise what it takes, and are not subscribed to it,
//!   not even by others.
//! - `model::graph` agrees with the graph, and each block has the program of what hangs together with it
//!   published, perhaps with other blocks that did once.
//! - A change is done as a whole or not at all.

pub(crate) mod node;

mod compile;
mod subscribe;

pub(crate) use self::subscribe::SubscribeError;

use self::node::{
    Body,
    Bound,
    Node, //
};
use super::{
    block::{
        Refused,
        Site,
        Type, //
    },
    counters::Counters,
    outlet::Outlet,
    param::Values,
    program::Entry, //
};
use crate::{
    model::graph as model,
    net::{
        extack::code,
        netns::Net,
        rtnl::{
            self,
            Rtnl, //
        }, //
    },
    sync::turns::Turns, //
};
use kernel::{
    new_mutex,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Mutex, //
    }, //
};

/// Most blocks of a namespace.
const MAX_BLOCKS: usize = 1024;

/// The graph of a namespace.
#[pin_data]
pub(crate) struct Graph {
    turns: Arc<Turns<Entry>>,
    /// Protects everything but the packets. RTNL is taken before it by those who change something.
    #[pin]
    nodes: Mutex<Nodes>,
}

/// The blocks.
pub(crate) struct Nodes {
    /// In the order of their numbers.
    nodes: KVVec<Node>,
    generation: u32,
}

/// What a new block is to be.
pub(crate) struct Plan {
    /// Its name.
    pub(crate) name: CString,
    /// Its lab.
    pub(crate) lab: Option<CString>,
    /// Its type.
    pub(crate) kind: &'static Type,
    /// Its parameters, checked.
    pub(crate) values: Values,
}

/// Why blocks are not bound.
pub(crate) enum BindError {
    /// It makes no sense.
    Refused(model::Refusal),
    /// There is no memory.
    Error(Error),
}

impl<E: Into<Error>> From<E> for BindError {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Graph {
    /// An empty graph.
    pub(crate) fn new(turns: Arc<Turns<Entry>>) -> impl PinInit<Self> {
        pin_init!(Self {
            turns,
            nodes <- new_mutex!(Nodes { nodes: KVVec::new(), generation: 1 }, "vnet_blocks"),
        })
    }

    /// Calls `then` with the blocks.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&mut Nodes) -> R) -> R {
        then(&mut self.nodes.lock())
    }

    /// Makes a block that nothing is bound to; its number.
    pub(crate) fn add(&self, plan: Plan, net: &Net, rtnl: &Rtnl) -> Result<u32, Refused> {
        /// The last number that was given.
        static LAST: Atomic<u32> = Atomic::new(0);

        let outlet = Arc::new(Outlet::new(self.turns.clone())?, GFP_KERNEL)?;
        let parting = Outlet::parting()?;
        let counters = Arc::new(Counters::new()?, GFP_KERNEL)?;
        let bounds = plan.kind.bounds(&plan.values)?;
        let mut nodes = self.nodes.lock();
        if nodes.nodes.len() >= MAX_BLOCKS {
            return Err(Refused {
                param: None,
                message: Some(c"too many blocks in the network namespace"),
                error: ENOSPC,
            });
        }
        nodes.nodes.reserve(1, GFP_KERNEL)?;
        let site = Site {
            net,
            outlet: &outlet,
            rtnl,
            before: None,
        };
        let block = (plan.kind.make)(&site, &plan.values, None)?;
        let id = LAST.fetch_add(1, Relaxed).wrapping_add(1);
        nodes.nodes.push(
            Node {
                id,
                name: plan.name,
                lab: plan.lab,
                body: Body {
                    kind: plan.kind,
                    values: plan.values,
                    block,
                    bounds,
                },
                publishers: KVec::new(),
                counters,
                outlet,
                parting,
            },
            GFP_KERNEL,
        )?;
        let place = nodes.nodes.len().wrapping_sub(1);
        match nodes.compile(&[place]) {
            Ok(entries) => nodes.publish(entries),
            Err(error) => {
                if let Some(node) = nodes.nodes.pop() {
                    node.body.block.stop(None, rtnl);
                }
                return Err(error.into());
            }
        }
        if let Some(Node { body, .. }) = nodes.nodes.last() {
            body.block.start(&body.values, rtnl);
        }
        Ok(id)
    }

    /// Removes all blocks.
    pub(crate) fn clear(&self) {
        if self.nodes.lock().nodes.is_empty() {
            return;
        }
        let rtnl = rtnl::lock();
        let mut nodes = self.nodes.lock();
        for node in &nodes.nodes {
            node.body.block.stop(None, &rtnl);
        }
        while let Some(node) = nodes.nodes.pop() {
            node.outlet.publish(node.parting);
        }
    }
}

impl Nodes {
    /// A number that changes with each change of the set.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// The place of the block of a name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        let mut nodes = self.nodes.iter();
        nodes.position(|node| node.name.to_bytes() == name)
    }

    /// The block at a place.
    pub(crate) fn get(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }

    /// The block of a number.
    pub(crate) fn by_id(&self, id: u32) -> Option<&Node> {
        self.nodes.get(self.place_of(id)?)
    }

    /// The block with the lowest number from `id` on.
    pub(crate) fn from(&self, id: u32) -> Option<&Node> {
        let place = self.nodes.partition_point(|node| node.id < id);
        self.nodes.get(place)
    }

    fn place_of(&self, id: u32) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }

    /// Whether a port of the block at a place is bound.
    pub(crate) fn is_bound(&self, place: usize) -> bool {
        let bounds = self.nodes.get(place).map(|node| &node.body.bounds);
        bounds.is_some_and(|bounds| bounds.iter().any(|bound| bound.peer.is_some()))
    }

    /// What a port is bound to.
    pub(crate) fn peer(&self, port: (usize, usize)) -> Option<(usize, usize)> {
        let (id, port) = self.bound(port)?.peer?;
        Some((self.place_of(id)?, port))
    }

    /// Changes parameters of a block.
    pub(crate) fn set(&mut self, place: usize, values: Values, rtnl: &Rtnl) -> Result<(), Refused> {
        let node = self.nodes.get_mut(place).ok_or(ENOENT)?;
        node.body.block.set(&values, rtnl)?;
        node.body.values = values;
        Ok(())
    }

    /// Removes a block, unless it is bound or has to do with a subscription.
    pub(crate) fn remove(&mut self, place: usize, rtnl: &Rtnl) -> Result {
        if self.is_bound(place) || self.is_subscribed(place) {
            return Err(EBUSY);
        }
        let node = self.nodes.get(place).ok_or(ENOENT)?;
        node.body.block.stop(None, rtnl);
        let node = self.nodes.remove(place)?;
        node.outlet.publish(node.parting);
        self.changed();
        Ok(())
    }

    /// Binds two free ports, of blocks at places.
    pub(crate) fn bind(&mut self, a: (usize, usize), b: (usize, usize)) -> Result<(), BindError> {
        self.join(a, Some(b));
        self.join(b, Some(a));
        match self.check_and_compile(&[a.0]) {
            Ok(entries) => {
                self.publish(entries);
                Ok(())
            }
            Err(error) => {
                self.join(a, None);
                self.join(b, None);
                Err(error)
            }
        }
    }

    /// Takes the binding of a port apart.
    pub(crate) fn unbind(&mut self, a: (usize, usize)) -> Result {
        let peer = self.peer(a).ok_or(code::enotconn())?;
        self.join(a, None);
        self.join(peer, None);
        match self.compile(&[a.0, peer.0]) {
            Ok(entries) => {
                self.publish(entries);
                Ok(())
            }
            Err(error) => {
                self.join(a, Some(peer));
                self.join(peer, Some(a));
                Err(error)
            }
        }
    }

    /// Puts another block into the place of one, with its state if `keep`.
    pub(crate) fn replace(
        &mut self,
        place: usize,
        (kind, values): (&'static Type, Values),
        keep: bool,
        (net, rtnl): (&Net, &Rtnl),
    ) -> Result<(), ReplaceError> {
        let node = self.nodes.get(place).ok_or(ENOENT)?;
        let same = core::ptr::eq(node.body.kind, kind);
        let convert = keep && !same && node.body.kind.state;
        if convert && !node.body.block.can_release() {
            return Err(ReplaceError::State);
        }
        if keep && !self.subscriptions_fit(place, kind) {
            return Err(ReplaceError::Subscription);
        }
        let subscribed = self.is_subscribed(place);
        // Also those who do not hear of it any more then must forget what they have heard.
        let mut roots = KVec::new();
        for root in Iterator::chain(core::iter::once(place), self.subscribers(node.id)) {
            roots.push(root, GFP_KERNEL)?;
        }
        let mut bounds = kind.bounds(&values)?;
        let moves = moves(node, &mut bounds)?;
        let before = Some(&*node.body.block);
        let site = Site {
            net,
            outlet: &node.outlet,
            rtnl,
            before,
        };
        let old = before.filter(|_| keep && same);
        let mut other = Body {
            block: (kind.make)(&site, &values, old).map_err(ReplaceError::Refused)?,
            kind,
            values,
            bounds,
        };
        self.swap(place, &mut other, moves.iter().copied());
        let compiled = match self.check_and_compile(&roots) {
            // Packets still pass the old one.
            Ok(_) if convert && !other.block.release(rtnl) => Err(ReplaceError::Held),
            compiled => compiled.map_err(ReplaceError::Bind),
        };
        if compiled.is_err() {
            self.swap(
                place,
                &mut other,
                moves.iter().map(|(from, to)| (*to, *from)),
            );
        }
        let body = &self.nodes.get(place).ok_or(ENOENT)?.body;
        match compiled {
            Ok(entries) => {
                self.publish(entries);
                if let Some(Node { body, outlet, .. }) = self.nodes.get(place) {
                    // It must not begin with what it is told not to do.
                    outlet.notice();
                    body.block.start(&body.values, rtnl);
                    other.block.stop(Some(&*body.block), rtnl);
                }
                if subscribed {
                    self.prune();
                    self.settle(rtnl);
                }
                Ok(())
            }
            Err(error) => {
                other.block.stop(Some(&*body.block), rtnl);
                if matches!(error, ReplaceError::Held) {
                    body.block.start(&body.values, rtnl);
                }
                Err(error)
            }
        }
    }

    /// Exchanges the body of a block, and tells those bound to it the new numbers of its ports.
    fn swap(
        &mut self,
        place: usize,
        other: &mut Body,
        moves: impl Iterator<Item = (usize, usize)> + Clone,
    ) {
        let Some(node) = self.nodes.get_mut(place) else {
            return;
        };
        core::mem::swap(&mut node.body, other);
        let id = node.id;
        let all = moves.clone();
        for (from, to) in moves {
            // The body that goes knows what was bound, by its own numbers.
            let Some((peer, port)) = other.bounds.get(from).and_then(|bound| bound.peer) else {
                continue;
            };
            // A block may be bound to itself.
            let mut own = all.clone().filter(|_| peer == id);
            let port = own
                .find(|(from, _)| *from == port)
                .map_or(port, |(_, to)| to);
            if let Some(at) = self.place_of(peer) {
                self.join((at, port), Some((place, to)));
            }
        }
    }

    fn bound(&self, (place, port): (usize, usize)) -> Option<&Bound> {
        self.nodes.get(place)?.body.bounds.get(port)
    }

    /// Notes what a port is bound to.
    fn join(&mut self, (place, port): (usize, usize), to: Option<(usize, usize)>) {
        let to = to.and_then(|(place, port)| Some((self.nodes.get(place)?.id, port)));
        let node = self.nodes.get_mut(place);
        if let Some(bound) = node.and_then(|node| node.body.bounds.get_mut(port)) {
            bound.peer = to;
        }
    }

    /// Notes a change that a dump should see.
    fn changed(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }
}

/// Why a block is not replaced.
pub(crate) enum ReplaceError {
    /// The other type cannot take over the state.
    State,
    /// The block holds something that it cannot let go at present.
    Held,
    /// The other type does not raise, or take, what there are subscriptions to.
    Subscription,
    /// The other type has no port of the same name and kind where something is bound.
    Port,
    /// The parameters make no sense.
    Refused(Refused),
    /// The bindings make no sense with the other type.
    Bind(BindError),
}

impl<E: Into<Error>> From<E> for ReplaceError {
    fn from(error: E) -> Self {
        Self::Refused(error.into().into())
    }
}

/// Gives new ports the bindings of the old ones with the same names; which ones are which.
fn moves(node: &Node, bounds: &mut KVec<Bound>) -> Result<KVec<(usize, usize)>, ReplaceError> {
    let mut moves = KVec::new();
    for (from, old) in node.body.bounds.iter().enumerate() {
        if old.peer.is_none() {
            continue;
        }
        let same = |new: &Bound| *new.name == *old.name && new.side == old.side;
        let to = bounds.iter().position(same).ok_or(ReplaceError::Port)?;
        if let Some(new) = bounds.get_mut(to) {
            new.peer = old.peer;
        }
        moves.push((from, to), GFP_KERNEL)?;
    }
    Ok(moves)
}
