// SPDX-License-Identifier: GPL-2.0

//! `queue:`.

use super::{read_bounds, read_bytes, read_packets, Bounds, Join, Places};
use crate::decode::{items, Fields, Problems};
use crate::dscp;
use crate::matching;
use crate::names::nearest;
use crate::plan::{ClassPlan, DisciplinePlan, DropFrom, MatchPlan, QueuePlan, MAX_FLOWS};
use crate::report::{At, Problem, Span};
use crate::tree::{Data, Key, Value};
use crate::units::{self, count, UnitError};

/// A queue as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueueParams {
    /// It was not a map: what more general places say does not hold.
    alone: bool,
    limit: Option<At<Bounds>>,
    discipline: Option<At<Discipline>>,
    // These go with the discipline.
    drop: Option<At<DropFrom>>,
    ecn: Option<At<bool>>,
    flows: Option<At<u32>>,
    weights: Option<At<Vec<ClassPlan>>>,
    matches: Option<At<Vec<MatchPlan>>>,
}

#[derive(Clone, Debug)]
struct Discipline {
    plan: DisciplinePlan,
    places: Places,
}

const QUEUE: &str =
    "a bound, as in `100 packets`, `64KB` or `50ms`, or a map with limit, discipline, drop, ecn, flows, weights";
const LIMIT: &str = "a bound, as in `100 packets`, `64KB` or `50ms`, or a list of them";

impl Join for QueueParams {
    fn over(self, general: Self) -> Self {
        if self.alone {
            return self;
        }
        // Another discipline does not inherit what was meant for the first one.
        let general = match self.discipline {
            Some(_) => QueueParams {
                limit: general.limit,
                ..QueueParams::default()
            },
            None => general,
        };
        QueueParams {
            alone: general.alone,
            limit: self.limit.or(general.limit),
            discipline: self.discipline.or(general.discipline),
            drop: self.drop.or(general.drop),
            ecn: self.ecn.or(general.ecn),
            flows: self.flows.or(general.flows),
            weights: self.weights.or(general.weights),
            matches: self.matches.or(general.matches),
        }
    }
}

impl QueueParams {
    /// Where a part stands.
    pub fn place(&self, part: &str) -> Option<Span> {
        match part {
            "drop" => self.drop.as_ref().map(|at| at.span.clone()),
            "ecn" => self.ecn.as_ref().map(|at| at.span.clone()),
            "flows" => self.flows.as_ref().map(|at| at.span.clone()),
            "weights" => self.weights.as_ref().map(|at| at.span.clone()),
            "match" => self.matches.as_ref().map(|at| at.span.clone()),
            "packets" | "bytes" | "time" => self.limit.as_ref().map(|at| at.span.clone()),
            _ => {
                let discipline = self.discipline.as_ref()?;
                let places = &discipline.value.places;
                let found = places.iter().find(|(name, _)| *name == part);
                Some(found.map_or(discipline.span.clone(), |(_, span)| span.clone()))
            }
        }
    }

    /// The queue that it makes.
    pub fn plan(&self, problems: &Problems) -> QueuePlan {
        let bounds = self.limit.as_ref().map(|at| at.value).unwrap_or_default();
        let discipline = self.discipline.as_ref().map(|at| at.value.plan.clone());
        let mut discipline = discipline.unwrap_or_default();
        let name = discipline.name();
        let foreign = |span: &Span, what: &str, right: &str| {
            problems.add_once(
                Problem::new(
                    span.clone(),
                    format!("`{what}` is nothing for the discipline {name}"),
                )
                .help(format!("disciplines with `{what}`: {right}")),
            );
        };
        if let Some(given) = &self.flows {
            match &mut discipline {
                DisciplinePlan::Wfq { flows, .. }
                | DisciplinePlan::Drr { flows, .. }
                | DisciplinePlan::FqCodel { flows, .. } => *flows = given.value,
                _ => foreign(&given.span, "flows", "wfq, drr, fq-codel"),
            }
        }
        if let Some(given) = &self.weights {
            match &mut discipline {
                DisciplinePlan::Wfq { weights, .. } => weights.clone_from(&given.value),
                _ => foreign(&given.span, "weights", "wfq"),
            }
        }
        if let Some(given) = &self.matches {
            match &mut discipline {
                DisciplinePlan::Wfq { matches, .. } => matches.clone_from(&given.value),
                _ => foreign(&given.span, "match", "wfq"),
            }
        }
        QueuePlan {
            packets: bounds.packets,
            bytes: bounds.bytes,
            time: bounds.time,
            discipline,
            drop: self.drop.as_ref().map(|at| at.value),
            ecn: self.ecn.as_ref().is_some_and(|at| at.value),
        }
    }
}

pub(super) fn read(problems: &Problems, key: &Key, value: &Value) -> Option<At<QueueParams>> {
    if !matches!(value.data, Data::Map(_)) {
        let limit = read_bounds(problems, key, value, QUEUE)?;
        let span = limit.span.clone();
        let queue = QueueParams {
            alone: true,
            limit: Some(limit),
            ..QueueParams::default()
        };
        return Some(At::new(queue, span));
    }
    let mut fields = Fields::of(problems, value, "`queue`")?.foreign(FOREIGN);
    let queue = QueueParams {
        alone: false,
        limit: read_limit(problems, &mut fields),
        discipline: fields
            .get_with_key("discipline")
            .and_then(|(key, value)| read_discipline(problems, key, value)),
        drop: fields.scalar("drop", "tail or head", |text| {
            DropFrom::named(text).ok_or_else(|| UnitError {
                message: format!("`{text}` is neither tail nor head"),
                help: "`tail` drops the arriving frame, `head` the oldest one".into(),
            })
        }),
        ecn: fields.boolean("ecn"),
        flows: fields.scalar("flows", "a number", |text| {
            count(text, "the number of flows", 1, u64::from(MAX_FLOWS)).map(|flows| flows as u32)
        }),
        weights: fields
            .get("weights")
            .and_then(|value| read_weights(problems, value)),
        matches: fields
            .get("match")
            .map(|value| read_matches(problems, value)),
    };
    fields.finish();
    Some(At::new(queue, key.span.clone()))
}

const FOREIGN: &[(&str, &str)] = &[
    (
        "kind",
        "the discipline is `discipline`, as in `discipline: fq-codel`",
    ),
    (
        "type",
        "the discipline is `discipline`, as in `discipline: fq-codel`",
    ),
    (
        "qdisc",
        "the discipline is `discipline`, as in `discipline: fq-codel`",
    ),
    ("target", PARAMETERS),
    ("interval", PARAMETERS),
    ("quantum", PARAMETERS),
    ("min", PARAMETERS),
    ("max", PARAMETERS),
    ("probability", PARAMETERS),
];
const PARAMETERS: &str =
    "parameters stand under their discipline, as in `discipline: {codel: {target: 5ms}}`";

/// `limit`, or `packets`, `bytes` and `time`.
fn read_limit(problems: &Problems, fields: &mut Fields<'_, '_>) -> Option<At<Bounds>> {
    let limit = fields
        .get_with_key("limit")
        .and_then(|(key, value)| read_bounds(problems, key, value, LIMIT));
    let packets = read_packets(fields);
    let bytes = read_bytes(fields);
    let time = fields.scalar("time", "a time, as in 50ms", units::link_time);
    let spans = [
        packets.as_ref().map(|at| at.span.clone()),
        bytes.as_ref().map(|at| at.span.clone()),
        time.as_ref().map(|at| at.span.clone()),
    ];
    let span = spans.into_iter().flatten().next();
    match (limit, span) {
        (None, None) => None,
        (None, Some(span)) => {
            let bounds = Bounds {
                packets: packets.map(|at| at.value),
                bytes: bytes.map(|at| at.value),
                time: time.map(|at| at.value),
            };
            Some(At::new(bounds, span))
        }
        (Some(limit), None) => Some(limit),
        (Some(limit), Some(span)) => {
            problems.add(
                Problem::new(span, "the bound of the queue is given twice")
                    .also(limit.span.clone(), "here, too")
                    .help("write all bounds under `limit`, as in `limit: [100 packets, 50ms]`"),
            );
            Some(limit)
        }
    }
}

/// `codel`, or `{codel: {target: 5ms}}`.
fn read_discipline(problems: &Problems, key: &Key, value: &Value) -> Option<At<Discipline>> {
    let (name, span, parameters) = match &value.data {
        Data::Text(text) => (text, &value.span, None),
        Data::Map(entries) => match entries.as_slice() {
            [(name, parameters)] => (&name.text, &name.span, Some(parameters)),
            _ => {
                problems.add(
                    Problem::new(value.span.clone(), "a queue has one discipline").help(
                        "write `discipline: codel`, or with parameters `discipline: {codel: {target: 5ms}}`",
                    ),
                );
                return None;
            }
        },
        Data::Null | Data::List(_) => {
            problems.add(
                Problem::new(key.span.clone(), "`discipline` has no value")
                    .help(format!("disciplines: {}", DisciplinePlan::NAMES.join(", "))),
            );
            return None;
        }
    };
    let Some(mut plan) = DisciplinePlan::named(name) else {
        let problem = Problem::new(
            span.clone(),
            format!("there is no queue discipline `{name}`"),
        );
        problems.add(
            match nearest(name, DisciplinePlan::NAMES) {
                Some(near) => problem.label(format!("did you mean `{near}`?")),
                None => problem,
            }
            .help(format!("disciplines: {}", DisciplinePlan::NAMES.join(", "))),
        );
        return None;
    };
    let mut places = Places::new();
    if let Some(parameters) = parameters {
        let mut fields = Fields::of(problems, parameters, what(&plan))?;
        places = read_parameters(&mut fields, &mut plan);
        fields.finish();
    }
    if let DisciplinePlan::Red { min: 0, max: 0, .. } = plan {
        problems.add(
            Problem::new(span.clone(), "red has no thresholds").help(
                "write between which averages of the queue the probability grows, as in `discipline: {red: {min: 30KB, max: 90KB}}`",
            ),
        );
    }
    Some(At::new(Discipline { plan, places }, span.clone()))
}

/// What messages call a discipline's parameters.
fn what(plan: &DisciplinePlan) -> &'static str {
    match plan {
        DisciplinePlan::Fifo => "`fifo`",
        DisciplinePlan::Wfq { .. } => "`wfq`",
        DisciplinePlan::Drr { .. } => "`drr`",
        DisciplinePlan::Red { .. } => "`red`",
        DisciplinePlan::Codel { .. } => "`codel`",
        DisciplinePlan::Pie { .. } => "`pie`",
        DisciplinePlan::FqCodel { .. } => "`fq-codel`",
        DisciplinePlan::Device => "`device`",
    }
}

/// Reads parameters into their places.
struct Reader<'f, 'v, 'p> {
    fields: &'f mut Fields<'v, 'p>,
    places: Places,
}

impl Reader<'_, '_, '_> {
    fn take<T>(
        &mut self,
        key: &'static str,
        what: &'static str,
        out: &mut T,
        read: impl FnOnce(&str) -> Result<T, UnitError>,
    ) {
        if let Some(at) = self.fields.scalar(key, what, read) {
            *out = at.value;
            self.places.push((key, at.span));
        }
    }

    fn time(&mut self, key: &'static str, out: &mut u64) {
        self.take(key, "a time, as in 5ms", out, units::link_time);
    }

    fn size(&mut self, key: &'static str, out: &mut u64) {
        self.take(key, "a size, as in 30KB", out, units::size);
    }

    fn short_size(&mut self, key: &'static str, out: &mut u32) {
        self.take(key, "a size, as in 1514B", out, units::short_size);
    }

    fn number(&mut self, key: &'static str, out: &mut u32) {
        self.take(key, "a number", out, |text| {
            count(text, key, 0, u64::from(u32::MAX)).map(|number| number as u32)
        });
    }
}

fn read_parameters(fields: &mut Fields<'_, '_>, plan: &mut DisciplinePlan) -> Places {
    let mut reader = Reader {
        fields,
        places: Places::new(),
    };
    match plan {
        DisciplinePlan::Fifo | DisciplinePlan::Wfq { .. } | DisciplinePlan::Device => {}
        DisciplinePlan::Drr { quantum, .. } => reader.short_size("quantum", quantum),
        DisciplinePlan::Red {
            min,
            max,
            probability,
            weight,
            gentle,
        } => {
            reader.size("min", min);
            reader.size("max", max);
            reader.take("probability", super::PROBABILITY, probability, |text| {
                units::probability(text)
            });
            reader.number("weight", weight);
            if let Some(at) = reader.fields.boolean("gentle") {
                *gentle = at.value;
            }
        }
        DisciplinePlan::Codel {
            target,
            interval,
            floor,
        } => {
            reader.time("target", target);
            reader.time("interval", interval);
            reader.short_size("floor", floor);
        }
        DisciplinePlan::Pie {
            target,
            interval,
            alpha,
            beta,
        } => {
            reader.time("target", target);
            reader.time("interval", interval);
            reader.number("alpha", alpha);
            reader.number("beta", beta);
        }
        DisciplinePlan::FqCodel {
            quantum,
            target,
            interval,
            floor,
            ..
        } => {
            reader.short_size("quantum", quantum);
            reader.time("target", target);
            reader.time("interval", interval);
            reader.short_size("floor", floor);
        }
    }
    reader.places
}

/// `[{protocol: udp, destination-port: 5060, weight: 8}]`.
fn read_matches(problems: &Problems, value: &Value) -> At<Vec<MatchPlan>> {
    let mut classes = Vec::new();
    for item in items(value) {
        let Some(mut fields) = Fields::of(problems, item, "a class of `match`") else {
            continue;
        };
        let mut class = MatchPlan::default();
        for key in matching::KEYS {
            fields.scalar(key, "what frames have", |text| {
                matching::set(&mut class, key, text)
            });
        }
        fields.finish();
        if class.weight == 0 {
            problems.add(
                Problem::new(item.span.clone(), "a class of `match` has no `weight`")
                    .help("write what its frames have, and their weight, as in\nmatch: [{protocol: udp, destination-port: 5060, weight: 8}]"),
            );
        }
        classes.push(class);
    }
    At::new(classes, value.span.clone())
}

/// `{ef: 10, af41: 5}`.
fn read_weights(problems: &Problems, value: &Value) -> Option<At<Vec<ClassPlan>>> {
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`weights` is a map, not {}", value.describe()),
            )
            .help("write the weight of each DSCP, as in `weights: {ef: 10, af41: 5}`; others have the weight 1"),
        );
        return None;
    };
    let mut classes: Vec<ClassPlan> = Vec::new();
    for (key, value) in entries {
        let Some(dscp) = dscp::parse(&key.text) else {
            let message = format!("`{}` is not a DSCP", key.text);
            problems.add(Problem::new(key.span.clone(), message).help(dscp::HELP));
            continue;
        };
        let weight =
            crate::decode::scalar(problems, value, key, "a weight from 1 to 1024", |text| {
                count(text, "a weight", 1, 1024).map(|weight| weight as u32)
            });
        let Some(weight) = weight else { continue };
        if classes.iter().any(|class| class.dscp == dscp) {
            let message = format!("DSCP {dscp} has two weights");
            problems.add(Problem::new(key.span.clone(), message).help("give each DSCP one weight"));
            continue;
        }
        classes.push(ClassPlan {
            dscp,
            weight: weight.value,
        });
    }
    classes.sort_unstable();
    Some(At::new(classes, value.span.clone()))
}
