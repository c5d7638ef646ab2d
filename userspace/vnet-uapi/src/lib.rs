// SPDX-License-Identifier: GPL-2.0

//! The control interface of `vnet.ko` in Rust.
//!
//! [`generated`] holds the numbers and message types of the generic netlink family; it is made from
//! `Documentation/netlink/specs/vnet.yaml`. [`Client`] speaks to the kernel with them. [`netlink`] is the transport
//! underneath, which serves rtnetlink just as well.

pub mod attr;
mod client;
mod error;
mod extack;
// A set of one attribute is decoded as any other.
#[allow(missing_docs, clippy::single_match)]
pub mod generated;
mod message;
pub mod netlink;

pub use client::{Client, InstanceKey, LinkKey, Notification, PortKey};
pub use error::{Error, Refusal};
pub use generated::{
    Block, BlockCarries, BlockCounters, BlockDropCause, BlockEvent, BlockField, BlockParam,
    BlockParamAccess, BlockParamKind, BlockPort, BlockRecord, BlockSide, BlockState,
    BlockSubscription, BlockType, BlockTypeEvent, BlockTypeField, BlockTypeParam, BlockTypePort,
    Command, Direction, Drop, DropCause, End, Instance, Link, Record, Side, Stats, Trace,
};
pub use message::VnetMessage;
