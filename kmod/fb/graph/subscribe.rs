// SPDX-License-Identifier: GPL-2.0

//! Who is subscribed to whose events.

use super::{
    super::{
        block::Type,
        event::{
            Conditions,
            Event, //
        }, //
    },
    Nodes, //
};
use crate::{
    model::graph as model,
    net::rtnl::Rtnl,
    sync::rcu, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Most blocks that one is subscribed to, and most subscribers of one.
const MAX: usize = 64;

/// Why a block is not subscribed to another one.
pub(crate) enum SubscribeError {
    /// It is the same one.
    Itself,
    /// It is subscribed already.
    Already,
    /// The other one raises nothing.
    Silent,
    /// The block takes nothing.
    Deaf,
    /// It takes other events than those that are raised.
    Other,
    /// The other one is subscribed to this one, perhaps by others.
    Ring,
    /// One of them has too many.
    TooMany,
    /// There is no memory.
    Error(Error),
}

impl<E: Into<Error>> From<E> for SubscribeError {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Type {
    fn has(&self, raised: bool) -> impl Iterator<Item = Event> + '_ {
        let uses = self.events.iter();
        uses.filter(move |one| one.raised == raised)
            .map(|one| one.event)
    }

    /// Whether it raises something.
    pub(super) fn raises(&self) -> bool {
        self.has(true).next().is_some()
    }

    /// Whether it takes something that the other one raises.
    fn hears(&self, other: &Self) -> bool {
        let mut raised = other.has(true);
        raised.any(|event| self.has(false).any(|taken| taken == event))
    }
}

impl Nodes {
    /// Subscribes a block to another one, by their places.
    pub(crate) fn subscribe(
        &mut self,
        subscriber: usize,
        publisher: usize,
        rtnl: &Rtnl,
    ) -> Result<(), SubscribeError> {
        let id = self.may_subscribe(subscriber, publisher)?;
        let node = self.nodes.get_mut(subscriber).ok_or(ENOENT)?;
        node.publishers.push(id, GFP_KERNEL)?;
        match self.compile(&[subscriber, publisher]) {
            Ok(entries) => {
                self.publish(entries);
                self.settle(rtnl);
                Ok(())
            }
            Err(error) => {
                if let Some(node) = self.nodes.get_mut(subscriber) {
                    node.publishers.pop();
                }
                Err(error.into())
            }
        }
    }

    /// The number of the publisher, if there is nothing against it.
    fn may_subscribe(&self, subscriber: usize, publisher: usize) -> Result<u32, SubscribeError> {
        let (Some(to), Some(node)) = (self.nodes.get(publisher), self.nodes.get(subscriber)) else {
            return Err(ENOENT.into());
        };
        if subscriber == publisher {
            return Err(SubscribeError::Itself);
        }
        if node.publishers.contains(&to.id) {
            return Err(SubscribeError::Already);
        }
        let (kind, other) = (node.body.kind, to.body.kind);
        if !other.raises() {
            return Err(SubscribeError::Silent);
        }
        if kind.has(false).next().is_none() {
            return Err(SubscribeError::Deaf);
        }
        if !kind.hears(other) {
            return Err(SubscribeError::Other);
        }
        if node.publishers.len() >= MAX || self.subscribers(to.id).count() >= MAX {
            return Err(SubscribeError::TooMany);
        }
        let mut marks = KVVec::from_elem(model::Seen::default(), self.nodes.len(), GFP_KERNEL)?;
        let next = |place: usize| {
            let ids = self
                .nodes
                .get(place)
                .map_or(&[][..], |node| node.publishers());
            ids.iter().filter_map(|id| self.place_of(*id))
        };
        if model::reaches(publisher, subscriber, next, &mut marks) {
            return Err(SubscribeError::Ring);
        }
        Ok(to.id)
    }

    /// Ends a subscription; an error of memory, or `ENOENT` if there is none.
    pub(crate) fn unsubscribe(
        &mut self,
        subscriber: usize,
        publisher: usize,
        rtnl: &Rtnl,
    ) -> Result {
        let id = self.nodes.get(publisher).ok_or(ENOENT)?.id;
        let node = self.nodes.get_mut(subscriber).ok_or(ENOENT)?;
        let place = node.publishers.iter().position(|one| *one == id);
        let place = place.ok_or(ENOENT)?;
        node.publishers.remove(place)?;
        match self.compile(&[subscriber, publisher]) {
            Ok(entries) => {
                self.publish(entries);
                self.settle(rtnl);
                Ok(())
            }
            Err(error) => {
                if let Some(node) = self.nodes.get_mut(subscriber) {
                    // There is room: it has just been there.
                    node.publishers.insert_within_capacity(place, id).ok();
                }
                Err(error)
            }
        }
    }

    /// The places of those that are subscribed to the block of a number.
    pub(crate) fn subscribers(&self, id: u32) -> impl Iterator<Item = usize> + '_ {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(move |(_, node)| node.publishers.contains(&id))
            .map(|(place, _)| place)
    }

    /// Whether the block at a place is subscribed to something, or something to it.
    pub(crate) fn is_subscribed(&self, place: usize) -> bool {
        self.nodes.get(place).is_some_and(|node| {
            !node.publishers.is_empty() || self.subscribers(node.id).next().is_some()
        })
    }

    /// Whether all subscriptions of the block at a place, by it and to it, make sense for a type.
    pub(super) fn subscriptions_fit(&self, place: usize, kind: &Type) -> bool {
        let Some(node) = self.nodes.get(place) else {
            return true;
        };
        let kind_of = |place: usize| self.nodes.get(place).map(|node| node.body.kind);
        let publishers = node.publishers.iter();
        let mut above = publishers.filter_map(|id| kind_of(self.place_of(*id)?));
        let mut below = self.subscribers(node.id).filter_map(kind_of);
        above.all(|publisher| kind.hears(publisher)) && below.all(|taker| taker.hears(kind))
    }

    /// What a step of the program needs: who is told, and what is heard, as far as types go together.
    /// `steps` has the step of each place.
    pub(super) fn events_of(
        &self,
        place: usize,
        steps: &[u32],
    ) -> Result<(KVec<u32>, KVec<Arc<Conditions>>)> {
        let (mut told, mut heard) = (KVec::new(), KVec::new());
        let Some(node) = self.nodes.get(place) else {
            return Ok((told, heard));
        };
        for id in &node.publishers {
            let publisher = self.by_id(*id).filter(|to| node.kind().hears(to.kind()));
            if let Some(conditions) = publisher.and_then(|to| to.block().conditions()) {
                heard.push(conditions.clone(), GFP_KERNEL)?;
            }
        }
        if node.kind().raises() {
            let subscribers = self.subscribers(node.id);
            for step in subscribers.filter_map(|place| steps.get(place)) {
                told.push(*step, GFP_KERNEL)?;
            }
        }
        Ok((told, heard))
    }

    /// Forgets subscriptions that do not fit any more.
    pub(super) fn prune(&mut self) {
        for place in 0..self.nodes.len() {
            let Some(node) = self.nodes.get_mut(place) else {
                return;
            };
            let kind = node.body.kind;
            let mut ids = core::mem::take(&mut node.publishers);
            ids.retain(|id| self.by_id(*id).is_some_and(|to| kind.hears(to.kind())));
            if let Some(node) = self.nodes.get_mut(place) {
                node.publishers = ids;
            }
        }
    }

    /// Sees to it that nobody is told any more what the program before this one would have told, and
    /// that all know what holds.
    pub(super) fn settle(&self, rtnl: &Rtnl) {
        rcu::wait_for_readers(rtnl);
        for node in &self.nodes {
            node.outlet.notice();
        }
    }
}
