// SPDX-License-Identifier: GPL-2.0

//! Defaults of a direction's parameters, and what their values are called.

use vnet_model::discipline::DEFAULT_QUANTUM;
use vnet_model::params::DEFAULT_WHOLE_TIME;
use vnet_model::{Codel, Pie};

use super::direction::{
    DelayLimitPlan, DirectionPlan, DisciplinePlan, Distribution, DropFrom, FourStatePlan,
    GilbertElliottPlan, JitterPlan, LossPlan, Order, PatternPlan, QueuePlan, RuleAction, RulePlan,
    DEFAULT_OVERHEAD,
};
use crate::probability::Probability;

/// Default size of a table of flows.
pub const DEFAULT_FLOWS: u32 = 1024;
/// Default of the probability at the upper threshold of RED, in parts of 10^19.
const DEFAULT_RED_PROBABILITY: u64 = vnet_model::Probability::PARTS / 50;
/// Default of RED's averaging weight.
const DEFAULT_RED_WEIGHT: u32 = 9;

impl Default for DirectionPlan {
    fn default() -> Self {
        DirectionPlan {
            rate: None,
            overhead: DEFAULT_OVERHEAD,
            delay: 0,
            queue: QueuePlan::default(),
            duplicate: Probability::ZERO,
            ber: Probability::ZERO,
            loss: LossPlan::default(),
            corrupt: Probability::ZERO,
            jitter: JitterPlan::default(),
            reorder: None,
            delay_limit: DelayLimitPlan::default(),
            whole_time: DEFAULT_WHOLE_TIME,
        }
    }
}

impl QueuePlan {
    /// Whether no bound is set, so that the module's default holds, and nothing else either.
    pub fn is_default(&self) -> bool {
        *self == QueuePlan::default()
    }
}

impl DisciplinePlan {
    /// What the disciplines are called.
    pub const NAMES: [&'static str; 8] = [
        "fifo", "wfq", "drr", "red", "codel", "pie", "fq-codel", "device",
    ];

    /// The discipline of that name with the default of each parameter (RED's thresholds have none, and are 0).
    pub fn named(name: &str) -> Option<Self> {
        let codel = Codel::default();
        let pie = Pie::default();
        Some(match name {
            "fifo" => DisciplinePlan::Fifo,
            "wfq" => DisciplinePlan::Wfq {
                flows: DEFAULT_FLOWS,
                weights: Vec::new(),
                matches: Vec::new(),
            },
            "drr" => DisciplinePlan::Drr {
                flows: DEFAULT_FLOWS,
                quantum: DEFAULT_QUANTUM,
            },
            "red" => DisciplinePlan::Red {
                min: 0,
                max: 0,
                probability: Probability::from_parts(DEFAULT_RED_PROBABILITY).unwrap_or_default(),
                weight: DEFAULT_RED_WEIGHT,
                gentle: true,
            },
            "codel" => DisciplinePlan::Codel {
                target: codel.target,
                interval: codel.interval,
                floor: codel.floor,
            },
            "pie" => DisciplinePlan::Pie {
                target: pie.target,
                interval: pie.update,
                alpha: pie.alpha,
                beta: pie.beta,
            },
            "fq-codel" => DisciplinePlan::FqCodel {
                flows: DEFAULT_FLOWS,
                quantum: DEFAULT_QUANTUM,
                target: codel.target,
                interval: codel.interval,
                floor: codel.floor,
            },
            "device" => DisciplinePlan::Device,
            _ => return None,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            DisciplinePlan::Fifo => "fifo",
            DisciplinePlan::Wfq { .. } => "wfq",
            DisciplinePlan::Drr { .. } => "drr",
            DisciplinePlan::Red { .. } => "red",
            DisciplinePlan::Codel { .. } => "codel",
            DisciplinePlan::Pie { .. } => "pie",
            DisciplinePlan::FqCodel { .. } => "fq-codel",
            DisciplinePlan::Device => "device",
        }
    }

    pub(super) fn is_fifo(&self) -> bool {
        *self == DisciplinePlan::Fifo
    }
}

impl DropFrom {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            DropFrom::Tail => "tail",
            DropFrom::Head => "head",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [DropFrom::Tail, DropFrom::Head]
            .into_iter()
            .find(|drop| drop.name() == name)
    }
}

impl LossPlan {
    /// Whether nothing is lost.
    pub fn is_default(&self) -> bool {
        *self == LossPlan::default()
    }
}

impl GilbertElliottPlan {
    /// With the defaults of what is not given.
    pub fn new(
        p: Probability,
        r: Option<Probability>,
        h: Option<Probability>,
        k: Option<Probability>,
    ) -> Self {
        GilbertElliottPlan {
            p,
            r: r.unwrap_or(p.complement()),
            h: h.unwrap_or(Probability::ZERO),
            k: k.unwrap_or(Probability::ONE),
        }
    }
}

impl FourStatePlan {
    /// With the defaults of what is not given: `p31`, `p32`, `p23`, `p14`.
    pub fn new(p13: Probability, rest: [Option<Probability>; 4]) -> Self {
        let [p31, p32, p23, p14] = rest;
        FourStatePlan {
            p13,
            p31: p31.unwrap_or(p13.complement()),
            p32: p32.unwrap_or(Probability::ZERO),
            p23: p23.unwrap_or(Probability::ONE),
            p14: p14.unwrap_or(Probability::ZERO),
        }
    }
}

impl PatternPlan {
    /// Loses every n-th frame.
    pub fn every(n: u64) -> Self {
        PatternPlan {
            period: n,
            rules: vec![RulePlan::drop(n)],
        }
    }
}

impl RulePlan {
    /// Loses a frame.
    pub fn drop(frame: u64) -> Self {
        RulePlan {
            frame,
            action: RuleAction::Drop,
        }
    }
}

impl JitterPlan {
    /// Whether there is none.
    pub fn is_default(&self) -> bool {
        *self == JitterPlan::default()
    }
}

impl Distribution {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Distribution::Uniform,
        Distribution::Normal,
        Distribution::Pareto,
        Distribution::ParetoNormal,
        Distribution::Table,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Distribution::Uniform => "uniform",
            Distribution::Normal => "normal",
            Distribution::Pareto => "pareto",
            Distribution::ParetoNormal => "pareto-normal",
            Distribution::Table => "table",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(super) fn is_uniform(&self) -> bool {
        *self == Distribution::Uniform
    }
}

impl Order {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Order::Keep => "keep",
            Order::Free => "free",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Order::Keep, Order::Free]
            .into_iter()
            .find(|order| order.name() == name)
    }

    pub(super) fn is_keep(&self) -> bool {
        *self == Order::Keep
    }
}

impl DelayLimitPlan {
    /// Whether there is no bound.
    pub fn is_default(&self) -> bool {
        *self == DelayLimitPlan::default()
    }
}
