// SPDX-License-Identifier: GPL-2.0

//! Functional blocks.

use std::os::fd::RawFd;

use super::Client;
use crate::error::Error;
use crate::generated::{Block, BlockParam, BlockState, BlockType, Command};

/// A port of a block, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortKey {
    /// Name of the block.
    pub block: String,
    /// Name of the port; without it the first one that fits.
    pub port: Option<String>,
}

impl Client {
    /// Reads the types of blocks.
    pub fn block_types(&mut self) -> Result<Vec<BlockType>, Error> {
        self.dump(Command::BlockTypeGet, &BlockType::default())
    }

    /// Makes a block in the namespace of a descriptor.
    pub fn block_new(&mut self, netns: RawFd, block: Block) -> Result<Block, Error> {
        self.one(Command::BlockNew, &within(netns, block))
    }

    /// Reads one block.
    pub fn block(&mut self, netns: RawFd, name: &str) -> Result<Block, Error> {
        self.one(Command::BlockGet, &named(netns, name))
    }

    /// Reads all blocks of a namespace, in the order in which they were made.
    pub fn blocks(&mut self, netns: RawFd) -> Result<Vec<Block>, Error> {
        self.dump(Command::BlockGet, &within(netns, Block::default()))
    }

    /// Changes parameters of a block; the others stay as they are.
    pub fn block_set(
        &mut self,
        netns: RawFd,
        name: &str,
        param: Vec<BlockParam>,
    ) -> Result<(), Error> {
        let request = Block {
            param,
            ..named(netns, name)
        };
        self.none(Command::BlockSet, &request)
    }

    /// Removes a block that is not bound.
    pub fn block_del(&mut self, netns: RawFd, name: &str) -> Result<(), Error> {
        self.none(Command::BlockDel, &named(netns, name))
    }

    /// Binds a lower port of the block above to an upper port of the block below.
    pub fn block_bind(
        &mut self,
        netns: RawFd,
        upper: PortKey,
        lower: PortKey,
    ) -> Result<(), Error> {
        let request = binding(netns, Some(upper), Some(lower));
        self.none(Command::BlockBind, &request)
    }

    /// Takes a binding apart, of which one end is enough.
    pub fn block_unbind(
        &mut self,
        netns: RawFd,
        upper: Option<PortKey>,
        lower: Option<PortKey>,
    ) -> Result<(), Error> {
        self.none(Command::BlockUnbind, &binding(netns, upper, lower))
    }

    /// Has a block take the events of another one.
    pub fn block_subscribe(
        &mut self,
        netns: RawFd,
        name: &str,
        publisher: &str,
    ) -> Result<(), Error> {
        let request = subscription(netns, name, publisher);
        self.none(Command::BlockSubscribe, &request)
    }

    /// Ends that.
    pub fn block_unsubscribe(
        &mut self,
        netns: RawFd,
        name: &str,
        publisher: &str,
    ) -> Result<(), Error> {
        let request = subscription(netns, name, publisher);
        self.none(Command::BlockUnsubscribe, &request)
    }

    /// Puts another block in the place of one. Without a type it stays what it is.
    pub fn block_replace(
        &mut self,
        netns: RawFd,
        name: &str,
        kind: Option<String>,
        param: Vec<BlockParam>,
        state: BlockState,
    ) -> Result<(), Error> {
        let request = Block {
            kind,
            param,
            state: Some(state as u32),
            ..named(netns, name)
        };
        self.none(Command::BlockReplace, &request)
    }
}

fn within(netns: RawFd, block: Block) -> Block {
    Block {
        netns_fd: Some(netns as u32),
        ..block
    }
}

fn named(netns: RawFd, name: &str) -> Block {
    within(
        netns,
        Block {
            name: Some(name.into()),
            ..Block::default()
        },
    )
}

fn subscription(netns: RawFd, name: &str, publisher: &str) -> Block {
    Block {
        publisher: Some(publisher.into()),
        ..named(netns, name)
    }
}

fn binding(netns: RawFd, upper: Option<PortKey>, lower: Option<PortKey>) -> Block {
    let (upper, upper_port) = upper.map_or((None, None), |end| (Some(end.block), end.port));
    let (lower, lower_port) = lower.map_or((None, None), |end| (Some(end.block), end.port));
    within(
        netns,
        Block {
            upper,
            upper_port,
            lower,
            lower_port,
            ..Block::default()
        },
    )
}
