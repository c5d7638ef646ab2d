// SPDX-License-Identifier: GPL-2.0

//! `instance show`

use vnet_lab::error::near;
use vnet_lab::wire::Kernel as Module;
use vnet_topology::units::{show_size, show_time};
use vnet_uapi::Instance;

use crate::cli::{Cli, Names};
use crate::error::{Error, Result};
use crate::output::{self, Table};
use crate::place::{self, Place};

/// Shows the kernel's view of nodes.
pub fn show(cli: &Cli, names: &Names) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, names),
        Place::Guest(guest) => place::relay(&guest, &found.lab, names.arguments("instance")),
    }
}

impl Names {
    /// The command line that shows the same in a guest.
    pub fn arguments(&self, what: &str) -> Vec<String> {
        let mut arguments = vec![what.to_owned(), "show".to_owned()];
        arguments.extend(self.json.then(|| "--json".to_owned()));
        arguments.push("--".into());
        arguments.extend_from_slice(&self.names);
        arguments
    }
}

fn here(lab: &str, names: &Names) -> Result<u8> {
    let mut instances = Module::open()?.lab_instances(lab)?;
    instances.sort_by(|a, b| a.name.cmp(&b.name));
    for name in &names.names {
        let known = || {
            instances
                .iter()
                .filter_map(|instance| instance.name.as_deref())
        };
        if !known().any(|known| known == name) {
            return Err(Error::Lab(vnet_lab::Error::NoNode {
                lab: lab.into(),
                node: name.clone(),
                near: near(name, known()),
            }));
        }
    }
    if !names.names.is_empty() {
        instances.retain(|instance| {
            instance
                .name
                .as_ref()
                .is_some_and(|name| names.names.contains(name))
        });
    }
    if names.json {
        output::json(&instances)?;
        return Ok(0);
    }
    let mut table = Table::new(&[
        "INSTANCE",
        ">ID",
        ">LINKS",
        ">FRAMES",
        ">BYTES",
        ">MAX-FRAMES",
        ">MAX-BYTES",
        ">TX-PACKETS",
        ">TX-BYTES",
        ">RX-PACKETS",
        ">RX-BYTES",
        ">DROPS",
        ">SOFTIRQ-TIME",
    ]);
    instances
        .iter()
        .for_each(|instance| table.row(row(instance)));
    table.print()?;
    Ok(0)
}

fn row(instance: &Instance) -> Vec<String> {
    let number = |value: Option<u64>| value.unwrap_or(0).to_string();
    let short = |value: Option<u32>| value.unwrap_or(0).to_string();
    vec![
        instance.name.clone().unwrap_or_default(),
        short(instance.id),
        short(instance.links),
        number(instance.frames),
        number(instance.bytes),
        number(instance.max_frames),
        show_size(instance.max_bytes.unwrap_or(0)),
        number(instance.tx_packets),
        number(instance.tx_bytes),
        number(instance.rx_packets),
        number(instance.rx_bytes),
        number(instance.drops),
        show_time(instance.softirq_time.unwrap_or(0)),
    ]
}
