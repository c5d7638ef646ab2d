// SPDX-License-Identifier: GPL-2.0

//! Whether the kernel will take a direction's parameters: asked of the model, which is what the kernel asks.

use vnet_model::{
    Action, Codel, Compiled, Discipline, EffectField, Effects, Field, Jitter, LineLimit, Params,
    Pattern, Pie, QueueLimit, Queueing, QueueingField, Red, Reorder, Rule, Source, Weight,
};

use super::direction::{
    DirectionPlan, DisciplinePlan, Distribution, DropFrom, JitterPlan, LossPlan, Order,
    PatternPlan, QueuePlan, ReorderPlan, RuleAction,
};
use crate::probability::Probability;

/// Most rules of a pattern.
pub const MAX_RULES: usize = 256;
/// Most classes by more than a DSCP.
pub const MAX_MATCHES: usize = 64;
/// Most flows of a table.
pub const MAX_FLOWS: u32 = 65_536;
/// Most quantiles of a table.
pub const MAX_TABLE: usize = 16_384;
/// Least bit error rate, in parts of 10^19: 10^-15.
const MIN_BER: u64 = 10_000;

/// Why a direction is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct ParameterError {
    /// The parameter, by its keys in a topology file: `jitter`, `queue target`.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

fn refuse(parameter: &'static str, reason: impl Into<String>) -> ParameterError {
    ParameterError {
        parameter,
        reason: reason.into(),
    }
}

impl DirectionPlan {
    /// Checks all parameters, each by itself and together.
    pub fn check(&self) -> Result<(), ParameterError> {
        self.compile().map(drop)
    }

    /// The direction as the model has it.
    pub fn compile(&self) -> Result<Compiled, ParameterError> {
        if !self.ber.is_zero() && self.ber.parts() < MIN_BER {
            return Err(refuse("ber", "bit error rate is below 1e-15"));
        }
        self.queue.check_bounds()?;
        self.jitter.check()?;
        let compiled = self
            .params()
            .compile()
            .map_err(|error| refuse(field_name(error.field), error.reason))?;
        let compiled = compiled
            .with_effects(&self.effects()?)
            .map_err(|error| refuse(effect_name(error.field), error.reason))?;
        self.queue.discipline.check_tables()?;
        compiled
            .with_queueing(&self.queueing())
            .map_err(|error| refuse(queueing_name(error.field), error.reason))
    }

    fn params(&self) -> Params {
        Params {
            rate: self.rate,
            overhead: self.overhead,
            delay: self.delay,
            queue: QueueLimit {
                packets: self.queue.packets,
                bytes: self.queue.bytes,
                time: self.queue.time,
            },
            line: LineLimit {
                packets: self.delay_limit.packets,
                bytes: self.delay_limit.bytes,
            },
            whole_time: self.whole_time,
        }
    }

    fn effects(&self) -> Result<Effects, ParameterError> {
        let LossPlan {
            random,
            gilbert_elliott,
            four_state,
            pattern,
        } = &self.loss;
        Ok(Effects {
            source: Source::default(),
            duplicate: self.duplicate.model(),
            ber: self.ber.model(),
            loss: random.model(),
            gilbert_elliott: gilbert_elliott.map(|chain| vnet_model::GilbertElliott {
                p: chain.p.model(),
                r: chain.r.model(),
                h: chain.h.model(),
                k: chain.k.model(),
            }),
            four_state: four_state.map(|chain| vnet_model::FourState {
                p13: chain.p13.model(),
                p31: chain.p31.model(),
                p32: chain.p32.model(),
                p23: chain.p23.model(),
                p14: chain.p14.model(),
            }),
            pattern: pattern.as_ref().map(PatternPlan::model).transpose()?,
            corrupt: self.corrupt.model(),
            jitter: self.jitter.model(),
            reorder: self.reorder.map(|reorder| match reorder {
                ReorderPlan::Random(probability) => Reorder::Random(probability.model()),
                ReorderPlan::Every(n) => Reorder::Every(n),
            }),
        })
    }

    fn queueing(&self) -> Queueing {
        Queueing {
            discipline: self.queue.discipline.model(),
            drop: self.queue.drop.map(|drop| match drop {
                DropFrom::Tail => vnet_model::DropFrom::Tail,
                DropFrom::Head => vnet_model::DropFrom::Head,
            }),
            ecn: self.queue.ecn,
        }
    }
}

impl QueuePlan {
    /// To the kernel 0 is no bound, and not that nothing may wait.
    fn check_bounds(&self) -> Result<(), ParameterError> {
        for (parameter, zero) in [
            ("queue packets", self.packets == Some(0)),
            ("queue bytes", self.bytes == Some(0)),
            ("queue time", self.time == Some(0)),
        ] {
            if zero {
                return Err(refuse(parameter, "a queue in which nothing can wait"));
            }
        }
        Ok(())
    }
}

impl DisciplinePlan {
    fn model(&self) -> Discipline {
        match *self {
            DisciplinePlan::Fifo => Discipline::Fifo,
            DisciplinePlan::Wfq { .. } => Discipline::Wfq,
            DisciplinePlan::Drr { quantum, .. } => Discipline::Drr { quantum },
            DisciplinePlan::Red {
                min,
                max,
                probability,
                weight,
                gentle,
            } => Discipline::Red(Red {
                min,
                max,
                probability: probability.model(),
                weight,
                gentle,
            }),
            DisciplinePlan::Codel {
                target,
                interval,
                floor,
            } => Discipline::Codel(Codel {
                target,
                interval,
                floor,
            }),
            DisciplinePlan::Pie {
                target,
                interval,
                alpha,
                beta,
            } => Discipline::Pie(Pie {
                target,
                update: interval,
                alpha,
                beta,
            }),
            DisciplinePlan::FqCodel {
                quantum,
                target,
                interval,
                floor,
                ..
            } => Discipline::FqCodel {
                quantum,
                codel: Codel {
                    target,
                    interval,
                    floor,
                },
            },
            DisciplinePlan::Device => Discipline::Device,
        }
    }

    /// What is not the model's: the tables that the kernel allocates for it.
    fn check_tables(&self) -> Result<(), ParameterError> {
        let flows = match self {
            DisciplinePlan::Wfq { flows, .. }
            | DisciplinePlan::Drr { flows, .. }
            | DisciplinePlan::FqCodel { flows, .. } => *flows,
            _ => return Ok(()),
        };
        if flows == 0 || flows > MAX_FLOWS {
            return Err(refuse("queue flows", "flows are not 1 to 65536"));
        }
        let DisciplinePlan::Wfq {
            weights, matches, ..
        } = self
        else {
            return Ok(());
        };
        for class in weights {
            if class.dscp > 63 {
                return Err(refuse("queue weights", "a DSCP is not 0 to 63"));
            }
            if Weight::new(class.weight).is_none() {
                return Err(refuse("queue weights", "a weight is not 1 to 1024"));
            }
        }
        if matches.len() > MAX_MATCHES {
            return Err(refuse("queue match", "more than 64 classes"));
        }
        for class in matches {
            let families = [class.source, class.destination].map(|net| Some(net?.addr().is_ipv6()));
            if class.is_empty() {
                return Err(refuse(
                    "queue match",
                    "a class has nothing that a frame could match",
                ));
            }
            if matches!(families, [Some(a), Some(b)] if a != b) {
                return Err(refuse(
                    "queue match",
                    "source and destination are of different families",
                ));
            }
            if Weight::new(class.weight).is_none() {
                return Err(refuse("queue match", "a weight is not 1 to 1024"));
            }
        }
        Ok(())
    }
}

impl PatternPlan {
    fn model(&self) -> Result<Pattern, ParameterError> {
        if self.rules.is_empty() {
            return Err(refuse("loss pattern", "a pattern without rules"));
        }
        if self.rules.len() > MAX_RULES {
            return Err(refuse("loss pattern", "more than 256 rules"));
        }
        let rules: Vec<Rule> = self
            .rules
            .iter()
            .map(|rule| Rule {
                frame: rule.frame,
                action: match rule.action {
                    RuleAction::Drop => Action::Drop,
                    RuleAction::Flip(bit) => Action::Flip(bit),
                    RuleAction::Delay(time) => Action::Delay(time),
                },
            })
            .collect();
        let pattern = Pattern {
            period: self.period,
        };
        pattern.check(&rules).map_err(|error| {
            let reason = format!("rule {}: {}", error.index + 1, error.reason);
            refuse("loss pattern", reason)
        })?;
        self.check_fates()?;
        Ok(pattern)
    }
}

impl PatternPlan {
    /// A frame that is lost has no delay and no bits, and nothing has two delays. The kernel takes such rules; whoever
    /// wrote them meant something else.
    fn check_fates(&self) -> Result<(), ParameterError> {
        for rules in self.rules.chunk_by(|one, other| one.frame == other.frame) {
            let number =
                |is: fn(&RuleAction) -> bool| rules.iter().filter(|rule| is(&rule.action)).count();
            let (lost, delays) = (
                number(|action| matches!(action, RuleAction::Drop)),
                number(|action| matches!(action, RuleAction::Delay(_))),
            );
            let frame = rules.first().map_or(0, |rule| rule.frame);
            if lost > 0 && rules.len() > lost {
                let reason =
                    format!("frame {frame} is lost, and another rule says something else of it");
                return Err(refuse("loss pattern", reason));
            }
            if delays > 1 {
                return Err(refuse(
                    "loss pattern",
                    format!("frame {frame} has two delays"),
                ));
            }
        }
        Ok(())
    }
}

impl JitterPlan {
    fn model(&self) -> Option<Jitter> {
        (self.amount > 0).then_some(Jitter {
            amount: self.amount,
            distribution: match self.distribution {
                Distribution::Uniform => vnet_model::Distribution::Uniform,
                Distribution::Normal => vnet_model::Distribution::Normal,
                Distribution::Pareto => vnet_model::Distribution::Pareto,
                Distribution::ParetoNormal => vnet_model::Distribution::ParetoNormal,
                Distribution::Table => vnet_model::Distribution::Table,
            },
            correlation: self.correlation.model(),
            order: match self.order {
                Order::Keep => vnet_model::Order::Keep,
                Order::Free => vnet_model::Order::Free,
            },
        })
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.amount == 0 && !self.is_default() {
            return Err(refuse(
                "jitter",
                "without an amount there is no jitter that could have more parameters",
            ));
        }
        self.check_table()
    }

    fn check_table(&self) -> Result<(), ParameterError> {
        let refuse = |reason| Err(refuse("jitter table", reason));
        match (self.distribution, self.table.len()) {
            (Distribution::Table, 0) => refuse("the distribution `table` needs a table"),
            (Distribution::Table, 2..=MAX_TABLE) => {
                match self.table.windows(2).all(|pair| pair[0] <= pair[1]) {
                    true => Ok(()),
                    false => refuse("the quantiles of the table are not in ascending order"),
                }
            }
            (Distribution::Table, _) => refuse("a table has 2 to 16384 numbers"),
            (_, 0) => Ok(()),
            (_, _) => refuse("a table is itself the distribution"),
        }
    }
}

/// Whether a probability of errors per bit is one that links have.
pub(crate) fn ber_in_range(ber: Probability) -> bool {
    ber.is_zero() || (MIN_BER..=vnet_model::Probability::HALF.parts()).contains(&ber.parts())
}

fn field_name(field: Field) -> &'static str {
    match field {
        Field::Rate => "rate",
        Field::Overhead => "overhead",
        Field::Delay => "delay",
        Field::QueuePackets => "queue packets",
        Field::QueueBytes => "queue bytes",
        Field::QueueTime => "queue time",
        Field::LinePackets => "delay_limit packets",
        Field::LineBytes => "delay_limit bytes",
        Field::WholeTime => "whole_time",
    }
}

fn effect_name(field: EffectField) -> &'static str {
    match field {
        EffectField::Ber => "ber",
        EffectField::LossFourState => "loss four-state",
        EffectField::Jitter => "jitter",
        EffectField::JitterCorrelation => "jitter correlation",
        EffectField::Reorder => "reorder",
    }
}

fn queueing_name(field: QueueingField) -> &'static str {
    match field {
        QueueingField::Drop => "queue drop",
        QueueingField::Ecn => "queue ecn",
        QueueingField::Quantum => "queue quantum",
        QueueingField::RedThreshold => "queue min",
        QueueingField::RedProbability => "queue probability",
        QueueingField::RedWeight => "queue weight",
        QueueingField::Target => "queue target",
        QueueingField::Interval => "queue interval",
        QueueingField::PieAlpha => "queue alpha",
        QueueingField::PieBeta => "queue beta",
    }
}
