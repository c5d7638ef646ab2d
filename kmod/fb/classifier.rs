// SPDX-License-Identifier: GPL-2.0

//! `classifier`: rules on header fields say by which port a frame leaves.

use super::{
    prelude::*,
    rules::{
        self,
        fields,
        number,
        MAX_RULES, //
    }, //
};
use crate::{
    model::headers::{
        Headers,
        Rule, //
        LOOKED_AT,
    },
    sync::rcu::{
        RcuBox,
        RcuPtr, //
    }, //
};

const LOWER: u32 = 0;
const OTHER: u32 = 1;
const UPPER: u32 = 2;

/// Places of the parameters.
const PORTS: usize = 0;
const RULES: usize = 1;

/// Places of the fields of a rule: the port, then what matches.
const PORT: usize = 0;
const MATCH: usize = 1;

static FIELDS: &[Param] = fields![number(c"port", c"number of the upper port", 63).required(),];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"classifier",
    doc: c"the first rule that a frame from lower matches says by which upper port it leaves",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Frame, c"where the other ports lead"),
        Port::upper(
            c"other",
            Carries::Frame,
            c"frames that no rule matches; what enters leads to lower",
        ),
        Port::upper(
            c"upper",
            Carries::Frame,
            c"frames that a rule for the port matches; what enters leads to lower",
        )
        .numbered(PORTS),
    ],
    params: &[
        Param::uint(c"ports", c"number of upper ports", 1..=64, 2).access(Access::Initial),
        Param::new(
            c"rules",
            c"the rules, in the order in which they are tried",
            Kind::Records(MAX_RULES, FIELDS),
        ),
    ],
    events: &[],
    state: false,
    make,
};

struct Classifier {
    ports: u32,
    /// The rules; replaced as a whole.
    rules: RcuPtr<KVVec<Rule>>,
}

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let ports = values.uint(PORTS) as u32;
    let classifier = Classifier {
        ports,
        rules: RcuPtr::new(RcuBox::new(rules_of(values, ports)?)?),
    };
    Ok(Arc::new(classifier, GFP_KERNEL)?)
}

fn rules_of(values: &Values, ports: u32) -> Result<KVVec<Rule>, Refused> {
    let records = values.records(RULES);
    let mut rules = KVVec::with_capacity(records.len(), GFP_KERNEL)?;
    for record in records {
        rules.push(rule_of(record, ports)?, GFP_KERNEL)?;
    }
    Ok(rules)
}

fn rule_of(record: &Values, ports: u32) -> Result<Rule, Refused> {
    let target = record.uint(PORT) as u32;
    if target >= ports {
        let message = c"a rule names a port that the block does not have";
        return Err(Refused::param(RULES, message, EINVAL));
    }
    rules::rule_of(record, MATCH, target, RULES)
}

impl Block for Classifier {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from != LOWER {
            return Verdict::leave(packet, LOWER);
        }
        let len = packet.len().min(LOOKED_AT);
        let headers = packet.first(len).and_then(Headers::of);
        let Some(headers) = headers else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        let mut rules = self.rules.read(run.rcu()).iter();
        let found = rules.find(|rule| rule.matches(&headers));
        let port = found.map_or(OTHER, |rule| UPPER.wrapping_add(rule.target));
        Verdict::leave(packet, port)
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        let rules = rules_of(values, self.ports)?;
        self.rules.replace(RcuBox::new(rules)?);
        Ok(())
    }
}
