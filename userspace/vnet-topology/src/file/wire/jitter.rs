// SPDX-License-Identifier: GPL-2.0

//! `jitter:`.

use super::Join;
use crate::decode::{scalar, Fields, Problems};
use crate::plan::{Distribution, JitterPlan, Order, Probability};
use crate::report::{At, Span};
use crate::tree::{Data, Key, Value};
use crate::units::{self, UnitError};

/// Jitter as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct JitterParams {
    /// It was not a map: what more general places say does not hold.
    alone: bool,
    amount: Option<At<u64>>,
    distribution: Option<At<Distribution>>,
    correlation: Option<At<Probability>>,
    order: Option<At<Order>>,
    /// A file beside the topology.
    pub table: Option<At<String>>,
}

const JITTER: &str =
    "a time, as in 2ms, or a map with amount, distribution, correlation, order, table";

impl Join for JitterParams {
    fn over(self, general: Self) -> Self {
        if self.alone {
            return self;
        }
        // A table is a distribution: one takes the place of the other.
        let (distribution, table) = match (&self.distribution, &self.table) {
            (None, None) => (general.distribution, general.table),
            _ => (self.distribution, self.table),
        };
        JitterParams {
            alone: general.alone,
            amount: self.amount.or(general.amount),
            distribution,
            correlation: self.correlation.or(general.correlation),
            order: self.order.or(general.order),
            table,
        }
    }
}

impl JitterParams {
    /// Where a part stands.
    pub fn place(&self, part: &str) -> Option<Span> {
        match part {
            "correlation" => self.correlation.as_ref().map(|at| at.span.clone()),
            "table" => {
                let table = self.table.as_ref().map(|at| at.span.clone());
                table.or(self.distribution.as_ref().map(|at| at.span.clone()))
            }
            _ => {
                let amount = self.amount.as_ref().map(|at| at.span.clone());
                amount.or(self.order.as_ref().map(|at| at.span.clone()))
            }
        }
    }

    /// The jitter that it makes with the table that was read for it.
    pub fn plan(&self, table: Vec<i16>) -> JitterPlan {
        let otherwise = match table.is_empty() {
            true => Distribution::Uniform,
            false => Distribution::Table,
        };
        JitterPlan {
            amount: self.amount.as_ref().map_or(0, |at| at.value),
            distribution: self.distribution.as_ref().map_or(otherwise, |at| at.value),
            correlation: self
                .correlation
                .as_ref()
                .map(|at| at.value)
                .unwrap_or_default(),
            order: self.order.as_ref().map(|at| at.value).unwrap_or_default(),
            table,
        }
    }
}

pub(super) fn read(problems: &Problems, key: &Key, value: &Value) -> Option<At<JitterParams>> {
    if !matches!(value.data, Data::Map(_)) {
        let amount = scalar(problems, value, key, JITTER, |text| match text {
            "none" => Ok(0),
            _ => units::link_time(text),
        })?;
        let span = amount.span.clone();
        let jitter = JitterParams {
            alone: true,
            amount: Some(amount),
            ..JitterParams::default()
        };
        return Some(At::new(jitter, span));
    }
    let mut fields = Fields::of(problems, value, "`jitter`")?.foreign(&[
        ("file", "a distribution from a file is `table: FILE`"),
        ("time", "how much it is is `amount`, as in `amount: 2ms`"),
    ]);
    let jitter = JitterParams {
        alone: false,
        amount: fields.scalar("amount", "a time, as in 2ms", units::link_time),
        distribution: fields.scalar("distribution", "a distribution", distribution),
        correlation: fields.scalar("correlation", "a part of 1, as in 25%", units::probability),
        order: fields.scalar("order", "keep or free", |text| {
            Order::named(text).ok_or_else(|| UnitError {
                message: format!("`{text}` is neither keep nor free"),
                help: "`keep` holds a frame back until its predecessors are out, `free` lets frames overtake".into(),
            })
        }),
        table: fields.text("table", "a file beside the topology"),
    };
    fields.finish();
    Some(At::new(jitter, key.span.clone()))
}

fn distribution(text: &str) -> Result<Distribution, UnitError> {
    Distribution::named(text).ok_or_else(|| UnitError {
        message: format!("`{text}` is not a distribution"),
        help: "distributions: uniform, normal, pareto, pareto-normal; one of your own is `table: FILE`".into(),
    })
}
