// SPDX-License-Identifier: GPL-2.0

//! vnet: a network emulator in the kernel.
//!
//! - [`instance`]: the emulator's view of a network namespace,
//! - [`pipe`]: links, pairs of Ethernet devices that behave like a wire,
//! - [`medium`]: broadcast media, shared by many Ethernet devices,
//! - [`fb`]: functional blocks, which packets pass through on any device,
//! - [`control`]: what the generic netlink operations do,
//! - [`model`]: the arithmetic of the emulation, shared with user space for tests,
//! - [`net`] and [`sync`]: the safe layer over the C API, and the only `unsafe` code.

#[deny(unsafe_code)]
mod account;
#[allow(unsafe_code)]
mod bindings;
#[deny(unsafe_code)]
mod control;
#[deny(unsafe_code)]
mod fb;
#[deny(unsafe_code)]
mod instance;
#[deny(unsafe_code)]
mod medium;
#[path = "model/mod.rs"]
mod model;
mod net;
#[deny(unsafe_code)]
mod pipe;
#[deny(unsafe_code)]
mod registry;
mod sync;

use kernel::prelude::*;

module! {
    type: Vnet,
    name: "vnet",
    authors: ["The vnet team"],
    description: "Network emulator: instances, links and functional blocks",
    license: "GPL",
}

/// The loaded module.
///
/// Fields are dropped in the order in which they stand: first nobody can ask for anything any
/// more, then links, media and the devices of blocks go, then what is kept for the namespaces, blocks included. Who uses devices is
/// told of their end until then.
struct Vnet {
    _family: net::netlink::Registration,
    _links: net::link_ops::Registration<pipe::Ethernet>,
    _media: net::port_ops::Registration<medium::Station>,
    _virtual: net::port_ops::Registration<fb::vlink::VirtualDevice>,
    _sockets: Option<net::socket::Registration<fb::socket::Sockets>>,
    _instances: net::netns::Registration<instance::Instance>,
    _devices: net::notifier::Registration<registry::Devices>,
    _last: Last,
}

/// What is left when all objects are gone.
struct Last {
    _rounds: net::round::Rounds,
}

impl Drop for Last {
    fn drop(&mut self) {
        registry::close();
        // Callbacks of replaced parameters live in the module's text.
        sync::rcu::barrier();
    }
}

impl kernel::Module for Vnet {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        sync::registry::init();
        registry::open()?;
        let last = Last {
            _rounds: net::round::Rounds::new()?,
        };
        let devices = net::notifier::Registration::new()?;
        let instances = net::netns::Registration::new()?;
        let links = net::link_ops::Registration::new()?;
        let media = net::port_ops::Registration::new()?;
        let devices_of_blocks = net::port_ops::Registration::new()?;
        let sockets = net::socket::Registration::new()?;
        let family = net::netlink::Registration::new()?;
        Ok(Self {
            _family: family,
            _links: links,
            _media: media,
            _virtual: devices_of_blocks,
            _sockets: sockets,
            _instances: instances,
            _devices: devices,
            _last: last,
        })
    }
}
