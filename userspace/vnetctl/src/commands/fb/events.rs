// SPDX-License-Identifier: GPL-2.0

//! `fb events`

use std::os::fd::AsFd;

use serde::Serialize;
use vnet_lab::error::Context;
use vnet_lab::netns;
use vnet_uapi::{Block, BlockSide, Client, Command, Notification};

use super::report::{subscriptions, BlockReport};
use super::{Events, Here};
use crate::error::{Error, Result};
use crate::{interrupt, output};

/// What has happened to a block, which is told as it is then.
#[derive(Debug, Serialize)]
struct Event {
    event: &'static str,
    block: BlockReport,
}

/// Prints changes as they happen.
pub(super) fn run(here: &mut Here, events: &Events) -> Result<()> {
    let nodes = here.nodes(&events.nodes)?;
    let cancel = interrupt::cancel()?;
    // The kernel tells each namespace of its own blocks only.
    let mut clients = netns::visit(&nodes, |node| {
        let what = || format!("cannot listen in {}", node.name);
        let mut client = Client::open().context(what)?;
        client.subscribe().context(what)?;
        Ok(client)
    })?;
    let mut left = events.count.unwrap_or(u64::MAX);
    while left > 0 {
        let sockets: Vec<_> = clients.iter().map(|client| client.as_fd()).collect();
        for ready in cancel.wait(&sockets, None)? {
            let told = match clients[ready].notifications(false) {
                Ok(told) => told,
                Err(error) if error.errno() == Some(libc::ENOBUFS) => {
                    eprintln!(
                        "vnetctl: changes in {} came faster than they were read; some are not told",
                        nodes[ready].name
                    );
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for notification in told {
                let Notification::Block(command, block) = notification else {
                    continue;
                };
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                print(&nodes[ready].name, command, &block, events.json)?;
            }
        }
    }
    Ok(())
}

fn print(node: &str, command: Command, block: &Block, json: bool) -> Result<()> {
    let event = match command {
        Command::BlockNewNtf => "new",
        Command::BlockSetNtf => "set",
        Command::BlockDelNtf => "removed",
        Command::BlockBindNtf => "bound",
        Command::BlockUnbindNtf => "unbound",
        Command::BlockSubscribeNtf => "subscribed",
        Command::BlockUnsubscribeNtf => "unsubscribed",
        _ => "changed",
    };
    let line = match json {
        true => {
            let block = BlockReport::new(node, block);
            serde_json::to_string(&Event { event, block })
                .map_err(|error| Error::Message(error.to_string()))?
        }
        false => words(node, event, block),
    };
    output::print(&format!("{line}\n"))
}

fn words(node: &str, event: &str, block: &Block) -> String {
    let name = block.name.as_deref().unwrap_or_default();
    let kind = block.kind.as_deref().unwrap_or_default();
    let mut line = format!("{node} {event} {kind} {name}");
    if event == "bound" || event == "unbound" {
        let lower = block
            .port
            .iter()
            .filter(|port| port.side == Some(BlockSide::Lower as u32));
        let below: Vec<String> = lower
            .filter_map(|port| {
                Some(format!(
                    "{}:{}",
                    port.peer.as_ref()?,
                    port.peer_port.as_ref()?
                ))
            })
            .collect();
        line.push_str(&match below.is_empty() {
            true => ", nothing below".to_owned(),
            false => format!(", below: {}", below.join(" ")),
        });
    }
    if event == "subscribed" || event == "unsubscribed" {
        let names: Vec<&str> = subscriptions(block).collect();
        line.push_str(&match names.is_empty() {
            true => ", to nothing".to_owned(),
            false => format!(", to {}", names.join(", ")),
        });
    }
    line
}
