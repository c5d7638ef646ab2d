// SPDX-License-Identifier: GPL-2.0

//! What a type of blocks is.
//!
//! A type is a file with a [`Type`] and a structure that implements [`Block`]; `Documentation/blocks.md`
//! shows one.

use super::{
    counters::Cause,
    event::{
        Conditions,
        EventUse,
        Heard, //
    },
    outlet::Outlet,
    param::{
        Param,
        Value,
        Values, //
    },
    program::Run, //
};
use crate::{
    model::graph::{
        Carries,
        Passage,
        Side, //
    },
    net::{
        netns::Net,
        rtnl::Rtnl,
        skbuff::SkBuff, //
    },
};
use core::any::Any;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A type of blocks.
pub(crate) struct Type {
    /// Name.
    pub(crate) name: &'static CStr,
    /// What such a block does, in one line.
    pub(crate) doc: &'static CStr,
    /// How packets pass.
    pub(crate) passage: Passage,
    /// Ports, in the order of their numbers. Only the last one may be numbered.
    pub(crate) ports: &'static [Port],
    /// Parameters.
    pub(crate) params: &'static [Param],
    /// Events that such a block raises, and that it takes.
    pub(crate) events: &'static [EventUse],
    /// Whether there is something that a successor of another type cannot take over.
    pub(crate) state: bool,
    /// Makes a block, which does nothing by itself before it is started; with the state of `old`,
    /// which is of the same type, if there is one. The state stays as it is until then.
    pub(crate) make: fn(&Site<'_>, &Values, old: Option<&dyn Block>) -> Made,
}

/// What [`Type::make`] gives.
pub(crate) type Made = Result<Arc<dyn Block>, Refused>;

/// A port of a type.
pub(crate) struct Port {
    /// Name.
    pub(crate) name: &'static CStr,
    /// What goes through it, in one line.
    pub(crate) doc: &'static CStr,
    /// Which way it faces.
    pub(crate) side: Side,
    /// What it carries.
    pub(crate) carries: Carries,
    /// The place of the parameter that tells how many there are, with numbers after the name.
    pub(crate) numbered: Option<usize>,
}

impl Port {
    /// A port towards the wire.
    pub(crate) const fn lower(name: &'static CStr, carries: Carries, doc: &'static CStr) -> Self {
        Self {
            name,
            doc,
            side: Side::Lower,
            carries,
            numbered: None,
        }
    }

    /// A port towards the application.
    pub(crate) const fn upper(name: &'static CStr, carries: Carries, doc: &'static CStr) -> Self {
        Self {
            name,
            doc,
            side: Side::Upper,
            carries,
            numbered: None,
        }
    }

    /// The same, as often as the parameter at a place says.
    pub(crate) const fn numbered(mut self, place: usize) -> Self {
        self.numbered = Some(place);
        self
    }
}

/// The number of `lower`, in types that have no other first port.
pub(crate) const LOWER: u32 = 0;
/// The number of `upper`, in types that have it next to `lower`.
pub(crate) const UPPER: u32 = 1;

/// The ports of a type through which packets of any kind pass straight.
pub(crate) const ANY_THROUGH: &[Port] = &straight(Carries::Any);
/// The ports of a type through which frames pass straight.
pub(crate) const FRAMES_THROUGH: &[Port] = &straight(Carries::Frame);

const fn straight(carries: Carries) -> [Port; 2] {
    [
        Port::lower(c"lower", carries, c"leads to upper"),
        Port::upper(c"upper", carries, c"leads to lower"),
    ]
}

/// By which port a packet leaves that passes straight and came by `from`.
#[inline(always)]
pub(crate) fn opposite(from: u32) -> u32 {
    if from == LOWER {
        UPPER
    } else {
        LOWER
    }
}

/// Where a block is made.
pub(crate) struct Site<'a> {
    /// Its namespace.
    pub(crate) net: &'a Net,
    /// By which it emits packets that do not come out of [`Block::receive`].
    pub(crate) outlet: &'a Arc<Outlet>,
    /// Devices stay while it is held.
    pub(crate) rtnl: &'a Rtnl,
    /// The block whose place it takes, even if that is to keep nothing of its state: a device and what
    /// belongs to it cannot be had twice.
    pub(crate) before: Option<&'a dyn Block>,
}

/// Why a block cannot be as it is asked for.
pub(crate) struct Refused {
    /// The place of the parameter to blame, if it is one's fault.
    pub(crate) param: Option<usize>,
    /// The reason.
    pub(crate) message: Option<&'static CStr>,
    /// The error to return.
    pub(crate) error: Error,
}

impl Refused {
    /// Blames a parameter.
    pub(crate) fn param(place: usize, message: &'static CStr, error: Error) -> Self {
        Self {
            param: Some(place),
            message: Some(message),
            error,
        }
    }
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self {
            param: None,
            message: None,
            error: error.into(),
        }
    }
}

/// A block.
///
/// The last reference to one may be dropped in a bottom half: what has to sleep in order to end
/// ends in [`Self::stop`].
pub(crate) trait Block: AsAny + Send + Sync {
    /// Takes a packet that entered by port `from`, with bottom halves disabled, on any CPU, on
    /// several at once. May not sleep.
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict;

    /// Whether packets leave by the [`opposite`] port as they are, always. The engine does that by
    /// itself then, and does not call [`Self::receive`].
    fn is_straight(&self) -> bool {
        false
    }

    /// The block is in the graph, with these parameters: it may emit packets from here on.
    fn start(&self, _values: &Values, _rtnl: &Rtnl) {}

    /// Changes the parameters; all or none. They have been checked against the declaration.
    fn set(&self, _values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        Ok(())
    }

    /// The reading of a parameter that is only told.
    fn read(&self, _place: usize) -> Result<Value> {
        Ok(Value::Absent)
    }

    /// What holds of the block at present, if its type raises events. Always the same, and a
    /// successor has it that shares the state.
    fn conditions(&self) -> Option<&Arc<Conditions>> {
        None
    }

    /// A publisher's conditions may have changed; to be looked at under the lock of what follows from
    /// that. May not sleep, emit or raise anything; a timer can.
    fn notice(&self, _heard: &Heard<'_>) {}

    /// Whether [`Self::release`] may succeed.
    fn can_release(&self) -> bool {
        false
    }

    /// Converts the state to none, as a successor of another type will come: what is held goes on, in
    /// order and before what comes meanwhile. Whether that was done; a block that stays after all is
    /// started again.
    fn release(&self, _rtnl: &Rtnl) -> bool {
        false
    }

    /// No packet enters any more, and none may be emitted from here; what is held is dropped as
    /// removed. Timers, hooks and devices end. What a successor shares stays.
    fn stop(&self, _successor: Option<&dyn Block>, _rtnl: &Rtnl) {}
}

/// What tells a block's structure from others; every block has it.
pub(crate) trait AsAny: Any {
    /// The block as something whose structure is known at run time only.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any> AsAny for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The block, if it has the structure `T`.
pub(crate) fn of_type<T: Block>(block: Option<&dyn Block>) -> Option<&T> {
    block?.as_any().downcast_ref()
}

/// Whether a successor shares `state`, which `of` finds in blocks of its structure.
pub(crate) fn takes_over<T: Block, S>(
    successor: Option<&dyn Block>,
    of: impl FnOnce(&T) -> &Arc<S>,
    state: &Arc<S>,
) -> bool {
    of_type(successor).is_some_and(|other| Arc::ptr_eq(of(other), state))
}

/// What becomes of a packet.
#[must_use]
pub(crate) struct Verdict {
    pub(super) packet: Option<SkBuff>,
    /// The number of a port if there is a packet and it is below `LOST`, else one of the codes.
    pub(super) code: u32,
}

/// The packet was consumed.
pub(super) const CONSUMED: u32 = 0;
/// The packet is held by the block.
pub(super) const QUEUED: u32 = 1;
/// The packet was, or is to be dropped for the cause with the number that is added.
pub(super) const LOST: u32 = 1 << 16;

impl Verdict {
    /// It leaves by a port.
    #[inline(always)]
    pub(crate) fn leave(packet: SkBuff, port: u32) -> Self {
        Self {
            packet: Some(packet),
            code: port,
        }
    }

    /// It is dropped.
    #[inline]
    pub(crate) fn drop(packet: SkBuff, cause: Cause) -> Self {
        Self {
            packet: Some(packet),
            code: LOST | cause as u32,
        }
    }

    /// It ended as it should, or was handed out of the graph.
    #[inline]
    pub(crate) fn consumed() -> Self {
        Self {
            packet: None,
            code: CONSUMED,
        }
    }

    /// The block holds it, and will emit it with [`Outlet::emit_queued`] or drop it with
    /// [`Outlet::drop_queued`]; its length may not change meanwhile.
    #[inline]
    pub(crate) fn queued() -> Self {
        Self {
            packet: None,
            code: QUEUED,
        }
    }

    /// Whoever it was handed to lost it.
    #[inline]
    pub(crate) fn lost(cause: Cause) -> Self {
        Self {
            packet: None,
            code: LOST | cause as u32,
        }
    }
}
