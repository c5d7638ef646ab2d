// SPDX-License-Identifier: GPL-2.0

//! Queue disciplines: which frame waits, which is sent next, which is dropped.
//!
//! [`Queueing`] is what a user sets, beside [`super::Params`]; checked and prepared it becomes part
//! of the direction's compiled parameters ([`super::Compiled::with_queueing`]). The state of all
//! disciplines is in the direction's [`room::Room`].

pub(super) mod room;

mod codel;
mod drr;
mod flows;
mod fq_codel;
mod pie;
mod red;
mod wfq;

pub use self::{
    codel::Codel,
    flows::Flow,
    pie::Pie,
    red::Red, //
};

use self::{
    pie::PreparedPie,
    red::PreparedRed, //
};
use super::params::{
    Params,
    MAX_TIME, //
};

/// Smallest quantum, bytes on the wire. A frame may need as many rounds as quanta.
pub const MIN_QUANTUM: u32 = 64;
/// Largest quantum, bytes on the wire.
pub const MAX_QUANTUM: u32 = 1 << 20;
/// Default quantum: a full Ethernet frame on the wire.
pub const DEFAULT_QUANTUM: u32 = 1538;

/// The discipline of the queue in front of the serialiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discipline {
    /// One queue, first in, first out.
    #[default]
    Fifo,
    /// Weighted fair queueing of flows, by start tags (start-time fair queueing).
    Wfq,
    /// Deficit round robin of flows.
    Drr {
        /// Bytes on the wire that a flow may send in a round.
        quantum: u32,
    },
    /// One queue with random early detection.
    Red(Red),
    /// One queue with CoDel.
    Codel(Codel),
    /// One queue with PIE.
    Pie(Pie),
    /// Deficit round robin of flows, new ones first, with CoDel in each.
    FqCodel {
        /// Bytes on the wire that a flow may send in a round.
        quantum: u32,
        /// CoDel's parameters.
        codel: Codel,
    },
    /// No queue of the link's own: the device asks the stack for frames as the wire takes them.
    /// The queue's limit says how far ahead; the default is two frames or 100 us.
    Device,
}

/// Which frame is dropped when the queue is at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropFrom {
    /// The arriving one; with flows, the youngest of the longest flow.
    Tail,
    /// The oldest one; with flows, the oldest of the longest flow.
    Head,
}

/// Queueing as a user sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queueing {
    /// The discipline.
    pub discipline: Discipline,
    /// Where to drop; none is the head with fq-codel, else the tail.
    pub drop: Option<DropFrom>,
    /// Whether a discipline that controls delay marks frames instead, where they allow it.
    pub ecn: bool,
}

/// Which part of the queueing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueingField {
    /// [`Queueing::drop`].
    Drop,
    /// [`Queueing::ecn`].
    Ecn,
    /// The quantum of drr or fq-codel.
    Quantum,
    /// [`Red::min`] or [`Red::max`].
    RedThreshold,
    /// [`Red::probability`].
    RedProbability,
    /// [`Red::weight`].
    RedWeight,
    /// The target of codel, fq-codel or pie.
    Target,
    /// The interval of codel or fq-codel, or the update interval of pie.
    Interval,
    /// [`Pie::alpha`].
    PieAlpha,
    /// [`Pie::beta`].
    PieBeta,
}

/// Why queueing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueingError {
    /// The part.
    pub field: QueueingField,
    /// What is wrong with it, in a form fit for a netlink extack.
    pub reason: &'static str,
}

/// [`Queueing`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedQueueing {
    pub(super) discipline: PreparedDiscipline,
    /// Drop the oldest.
    pub(super) head: bool,
    pub(super) ecn: bool,
    queueing: Queueing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PreparedDiscipline {
    Fifo,
    Wfq,
    Drr { quantum: u32 },
    Red(PreparedRed),
    Codel(Codel),
    Pie(PreparedPie),
    FqCodel { quantum: u32, codel: Codel },
    Device,
}

impl Queueing {
    /// Checks the queueing of a direction with the parameters `params` and prepares it.
    pub fn prepare(&self, params: &Params) -> Result<PreparedQueueing, QueueingError> {
        let discipline = match &self.discipline {
            Discipline::Fifo => PreparedDiscipline::Fifo,
            Discipline::Wfq => PreparedDiscipline::Wfq,
            Discipline::Device => PreparedDiscipline::Device,
            Discipline::Drr { quantum } => PreparedDiscipline::Drr {
                quantum: check_quantum(*quantum)?,
            },
            Discipline::Red(red) => PreparedDiscipline::Red(red.prepare(params)?),
            Discipline::Codel(codel) => PreparedDiscipline::Codel(codel.check()?),
            Discipline::Pie(pie) => PreparedDiscipline::Pie(pie.prepare()?),
            Discipline::FqCodel { quantum, codel } => PreparedDiscipline::FqCodel {
                quantum: check_quantum(*quantum)?,
                codel: codel.check()?,
            },
        };
        let marks = discipline.controls_delay();
        if self.ecn && !marks {
            return refuse(
                QueueingField::Ecn,
                "the discipline has nothing to mark with ecn",
            );
        }
        if self.drop.is_some() && self.discipline == Discipline::Device {
            return refuse(QueueingField::Drop, "the device's queue drops nothing");
        }
        let default = match discipline {
            PreparedDiscipline::FqCodel { .. } => DropFrom::Head,
            _ => DropFrom::Tail,
        };
        Ok(PreparedQueueing {
            discipline,
            head: self.drop.unwrap_or(default) == DropFrom::Head,
            ecn: self.ecn,
            queueing: *self,
        })
    }
}

impl PreparedQueueing {
    /// First in, first out.
    pub(super) const FIFO: Self = Self {
        discipline: PreparedDiscipline::Fifo,
        head: false,
        ecn: false,
        queueing: Queueing {
            discipline: Discipline::Fifo,
            drop: None,
            ecn: false,
        },
    };

    /// What the user set.
    pub const fn queueing(&self) -> &Queueing {
        &self.queueing
    }

    /// Whether the discipline keeps flows apart, for which it needs a table.
    pub const fn needs_flows(&self) -> bool {
        matches!(
            self.discipline,
            PreparedDiscipline::Wfq
                | PreparedDiscipline::Drr { .. }
                | PreparedDiscipline::FqCodel { .. }
        )
    }
}

impl PreparedDiscipline {
    /// Whether frames are dropped or marked one by one before the queue is full.
    pub(super) const fn controls_delay(&self) -> bool {
        matches!(
            self,
            Self::Red(_) | Self::Codel(_) | Self::Pie(_) | Self::FqCodel { .. }
        )
    }
}

fn refuse<T>(field: QueueingField, reason: &'static str) -> Result<T, QueueingError> {
    Err(QueueingError { field, reason })
}

fn check_quantum(quantum: u32) -> Result<u32, QueueingError> {
    if quantum < MIN_QUANTUM {
        return refuse(QueueingField::Quantum, "quantum is below 64 bytes");
    }
    if quantum > MAX_QUANTUM {
        return refuse(QueueingField::Quantum, "quantum is above 1 MiB");
    }
    Ok(quantum)
}

fn check_time(field: QueueingField, time: u64) -> Result<u64, QueueingError> {
    let (zero, above) = match field {
        QueueingField::Target => ("target is zero", "target is above 100 s"),
        _ => ("interval is zero", "interval is above 100 s"),
    };
    if time == 0 {
        return refuse(field, zero);
    }
    if time > MAX_TIME {
        return refuse(field, above);
    }
    Ok(time)
}
