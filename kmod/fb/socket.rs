// SPDX-License-Identifier: GPL-2.0

//! `socket`: where applications enter a chain, with `socket(family, SOCK_DGRAM, chain)`.
//!
//! ```text
//!   send, recv                     each datagram is a packet; all sockets on a chain get what
//!       |                          arrives
//!     socket
//!       | lower
//!     chain
//! ```

use super::{
    outlet::Outlet,
    prelude::*,
    rules::number, //
};
use crate::{
    net::{
        netns::Net,
        socket::{
            self,
            Family,
            Open,
            Undelivered, //
        }, //
    },
    registry,
    sync::percpu::BottomHalf, //
};

/// Places of the parameters.
const CHAIN: usize = 0;
const FAMILY: usize = 1;
const SOCKETS: usize = 2;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"socket",
    doc: c"applications send and receive datagrams by socket(family, SOCK_DGRAM, chain)",
    passage: Passage::Nowhere,
    ports: &[Port::lower(
        c"lower",
        Carries::Datagram,
        c"what applications send; what enters is received by all sockets on the chain",
    )],
    params: &[
        number(
            c"chain",
            c"the number by which applications name the chain; the protocol of the socket",
            65535,
        )
        .access(Access::Initial)
        .required(),
        Param::reading(c"family", c"the protocol family, a parameter of the module"),
        Param::reading(c"sockets", c"sockets that are open").unit(c"sockets"),
    ],
    events: &[],
    state: true,
    make,
};

/// The family of the sockets.
pub(crate) struct Sockets;

impl Family for Sockets {
    type End = Chain;

    fn end(net: &Net, number: u32) -> Option<Arc<Chain>> {
        registry::with(|registry| Ok(registry.find_chain(net.inode(), number)))
            .ok()
            .flatten()
    }
}

/// What sockets and block share; replacements share it, too.
#[pin_data]
pub(crate) struct Chain {
    outlet: Arc<Outlet>,
    /// Inode number of the namespace, and number of the chain.
    name: (u64, u32),
    #[pin]
    open: Open,
}

impl socket::End for Chain {
    fn open(&self) -> &Open {
        &self.open
    }

    fn send(&self, packet: SkBuff, bh: &BottomHalf) -> Option<SkBuff> {
        self.outlet.offer(packet, LOWER, bh)
    }
}

struct Socket(Arc<Chain>);

fn make(site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    if socket::family().is_none() {
        return Err(Refused {
            param: None,
            message: Some(
                c"the kernel has another protocol in the family; see the parameter family of the module",
            ),
            error: EBUSY,
        });
    }
    let (inode, number) = (site.net.inode(), values.uint(CHAIN) as u32);
    let there = registry::with(|registry| Ok(registry.find_chain(inode, number)))?;
    if let Some(chain) = there {
        // Its own: sockets stay open even if the state is dropped.
        if Arc::ptr_eq(&chain.outlet, site.outlet) {
            return Ok(Arc::new(Socket(chain), GFP_KERNEL)?);
        }
        let message = c"a chain of this number exists in the network namespace";
        return Err(Refused::param(CHAIN, message, EEXIST));
    }
    let outlet = site.outlet.clone();
    let chain = try_pin_init!(Chain {
        outlet,
        name: (inode, number),
        open <- Open::new(),
    });
    let chain = Arc::pin_init(chain, GFP_KERNEL)?;
    registry::with(|registry| registry.add_chain(inode, number, chain.clone()))?;
    let block = Arc::new(Socket(chain.clone()), GFP_KERNEL);
    Ok(block.inspect_err(|_| close(&chain))?)
}

/// Nobody finds the chain any more, and those who have are told.
fn close(chain: &Chain) {
    let (inode, number) = chain.name;
    let _ = registry::with(|registry| {
        registry.remove_chain(inode, number);
        Ok(())
    });
    chain.open.close();
}

impl Block for Socket {
    fn receive(&self, packet: SkBuff, _from: u32, _run: &Run<'_>) -> Verdict {
        match self.0.open.deliver(packet) {
            Ok(()) => Verdict::consumed(),
            Err(Undelivered::Nobody) => Verdict::lost(Cause::NoSocket),
            Err(Undelivered::Full) => Verdict::lost(Cause::QueueFull),
        }
    }

    fn read(&self, place: usize) -> Result<Value> {
        Ok(match place {
            FAMILY => socket::family().map_or(Value::Absent, |family| Value::Uint(family.into())),
            SOCKETS => Value::Uint(self.0.open.count() as u64),
            _ => Value::Absent,
        })
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Socket| &other.0, &self.0) {
            close(&self.0);
        }
    }
}
