// SPDX-License-Identifier: GPL-2.0

//! What the operations of the generic netlink family do.
//!
//! `Documentation/netlink/specs/vnet.yaml` defines them; `net::entry` calls them.

pub(crate) mod block;
pub(crate) mod instance;
pub(crate) mod link;
pub(crate) mod medium;
pub(crate) mod trace;

use crate::{
    bindings,
    instance::Instance,
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Dump,
            Requester, //
        },
        netns::{
            Net,
            NetRef, //
        }, //
    },
    pipe::settings::name_of, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A namespace that a request means: the one of a file descriptor, or the requester's own.
enum Target<'a> {
    Own(&'a Net),
    Given(NetRef),
}

impl core::ops::Deref for Target<'_> {
    type Target = Net;

    fn deref(&self) -> &Net {
        match self {
            Self::Own(net) => net,
            Self::Given(net) => net,
        }
    }
}

impl<'a> Target<'a> {
    /// Finds the namespace, without regard to what the requester may do there.
    fn find(fd: Option<Attr<'_>>, requester: Requester<'a>, extack: ExtAck) -> Result<Self> {
        let Some(fd) = fd else {
            return Ok(Self::Own(requester.net()));
        };
        match NetRef::from_fd(fd.u32()) {
            Ok(net) => Ok(Self::Given(net)),
            Err(error) => Err(extack.refuse(
                Some(fd),
                c"the file descriptor is not that of a network namespace",
                error,
            )),
        }
    }

    /// Finds a namespace that the requester may administrate.
    fn find_capable(
        fd: Option<Attr<'_>>,
        requester: Requester<'a>,
        extack: ExtAck,
    ) -> Result<Self> {
        let target = Self::find(fd, requester, extack)?;
        requester
            .check_capable(&target, extack)
            .inspect_err(|_| extack.blame(fd))?;
        Ok(target)
    }

    /// Finds a namespace that the requester may look into.
    fn find_visible(
        fd: Option<Attr<'_>>,
        requester: Requester<'a>,
        extack: ExtAck,
    ) -> Result<Self> {
        let target = Self::find(fd, requester, extack)?;
        if requester.net().is_same(&target) {
            return Ok(target);
        }
        requester
            .check_capable(&target, extack)
            .inspect_err(|_| extack.blame(fd))?;
        Ok(target)
    }
}

/// The requester's instance, unless it is `own` one: an object that another namespace asked for
/// tells that one of its changes, too.
fn maker(requester: Requester<'_>, own: &[&Net]) -> Option<Arc<Instance>> {
    let net = requester.net();
    let other = own.iter().all(|own| !own.is_same(net));
    other.then(|| Instance::of(net))
}

/// The name that a dump is restricted to, if it is one.
fn filter_of<'a>(dump: &Dump<'a>, kind: u32) -> Result<Option<Attr<'a>>> {
    let filter = dump.attrs().get(kind);
    if let Some(filter) = filter {
        name_of(filter, dump.extack())?;
    }
    Ok(filter)
}

/// Whether a name passes a filter of a dump.
fn passes(name: Option<&CStr>, filter: Option<Attr<'_>>) -> bool {
    filter.is_none_or(|filter| name.is_some_and(|name| name.to_bytes() == filter.text()))
}

/// The number of a dump's command, for readers of the code.
const INSTANCE_GET: u32 = bindings::VNET_CMD_INSTANCE_GET;
/// As above.
const LINK_GET: u32 = bindings::VNET_CMD_LINK_GET;
