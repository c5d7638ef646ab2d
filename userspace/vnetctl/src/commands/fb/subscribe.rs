// SPDX-License-Identifier: GPL-2.0

//! `fb subscribe`, `unsubscribe`

use std::os::fd::AsRawFd;

use super::report::subscriptions;
use super::{failed, Here, Subscribe, Unsubscribe};
use crate::error::{Error, Result};

/// Subscribes a block to others, to all or none.
pub(super) fn subscribe(here: &mut Here, given: &Subscribe) -> Result<()> {
    let node = here.node(&given.node)?;
    let fd = node.netns().as_raw_fd();
    for name in given.publishers.iter().chain([&given.name]) {
        here.block(&given.node, fd, name)?;
    }
    here.all_or_none(fd, |client| {
        for publisher in &given.publishers {
            client
                .block_subscribe(fd, &given.name, publisher)
                .map_err(|error| {
                    let what = format!("cannot subscribe {} to {publisher}", given.name);
                    failed(format!("{what} in {}", given.node), error)
                })?;
        }
        Ok(())
    })
}

/// Ends subscriptions, all or none.
pub(super) fn unsubscribe(here: &mut Here, given: &Unsubscribe) -> Result<()> {
    let node = here.node(&given.node)?;
    let fd = node.netns().as_raw_fd();
    let block = here.block(&given.node, fd, &given.name)?;
    let all: Vec<String> = subscriptions(&block).map(str::to_owned).collect();
    if all.is_empty() {
        return Err(Error::Message(format!(
            "{} of {} is not subscribed to anything",
            given.name, given.node
        )));
    }
    let publishers = match given.publishers.is_empty() {
        true => &all,
        false => &given.publishers,
    };
    here.all_or_none(fd, |client| {
        for publisher in publishers {
            client
                .block_unsubscribe(fd, &given.name, publisher)
                .map_err(|error| {
                    let what = format!("cannot unsubscribe {} from {publisher}", given.name);
                    failed(format!("{what} in {}", given.node), error)
                })?;
        }
        Ok(())
    })
}
