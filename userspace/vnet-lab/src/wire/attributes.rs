// SPDX-License-Identifier: GPL-2.0

//! Directions of plans as attributes of the control interface, and back.

use std::net::IpAddr;

use ipnet::IpNet;
use vnet_topology::plan::{
    ClassPlan, DelayLimitPlan, DirectionPlan, DisciplinePlan, Distribution, DropFrom,
    FourStatePlan, GilbertElliottPlan, JitterPlan, LossPlan, MatchPlan, Order, PatternPlan,
    Probability, QueuePlan, ReorderPlan, RuleAction, RulePlan, DEFAULT_FLOWS, DEFAULT_OVERHEAD,
};
use vnet_uapi::generated::{self as uapi, Direction, PatternAction, Queueing};

/// A direction with every attribute. As soon as one bound of the queue is given, those that are 0 do not exist; all 0
/// means the default.
pub fn encode(plan: &DirectionPlan) -> Direction {
    let DirectionPlan {
        rate,
        overhead,
        delay,
        queue,
        duplicate,
        ber,
        loss,
        corrupt,
        jitter,
        reorder,
        delay_limit,
        whole_time,
    } = plan;
    let (reorder, reorder_every) = match reorder {
        // One takes the place of the other.
        None => (Some(0), None),
        Some(ReorderPlan::Random(probability)) => (Some(probability.parts()), None),
        Some(ReorderPlan::Every(n)) => (None, Some(*n)),
    };
    let with_jitter = jitter.amount > 0;
    let with_table = jitter.distribution == Distribution::Table;
    Direction {
        rate: Some(rate.unwrap_or(0)),
        overhead: Some(*overhead),
        delay: Some(*delay),
        queue_packets: Some(queue.packets.unwrap_or(0)),
        queue_bytes: Some(queue.bytes.unwrap_or(0)),
        queue_time: Some(queue.time.unwrap_or(0)),
        line_packets: Some(delay_limit.packets.unwrap_or(0)),
        line_bytes: Some(delay_limit.bytes.unwrap_or(0)),
        whole_time: Some(*whole_time),
        queueing: Some(queueing(queue)),
        loss: Some(loss.random.parts()),
        ber: Some(ber.parts()),
        duplicate: Some(duplicate.parts()),
        corrupt: Some(corrupt.parts()),
        loss_gilbert_elliott: Some(gilbert_elliott(loss)),
        loss_four_state: Some(four_state(loss)),
        loss_pattern: Some(pattern(loss)),
        jitter: Some(jitter.amount),
        // Without jitter there is nothing to say about it; and a table says what the distribution is.
        jitter_distribution: (with_jitter && !with_table)
            .then_some(distribution_number(jitter.distribution)),
        jitter_correlation: with_jitter.then_some(jitter.correlation.parts()),
        jitter_order: with_jitter.then_some(match jitter.order {
            Order::Keep => uapi::Order::Keep as u32,
            Order::Free => uapi::Order::Free as u32,
        }),
        jitter_table: with_table.then(|| {
            let numbers = jitter.table.iter();
            numbers.flat_map(|number| number.to_ne_bytes()).collect()
        }),
        reorder,
        reorder_every,
    }
}

/// What has to be said to make `new` of `old`; attributes that are the same are not named.
pub fn difference(old: &Direction, new: &Direction) -> Option<Direction> {
    fn changed<T: PartialEq + Clone>(old: &Option<T>, new: &Option<T>) -> Option<T> {
        new.as_ref().filter(|_| old != new).cloned()
    }
    let change = Direction {
        rate: changed(&old.rate, &new.rate),
        overhead: changed(&old.overhead, &new.overhead),
        delay: changed(&old.delay, &new.delay),
        queue_packets: changed(&old.queue_packets, &new.queue_packets),
        queue_bytes: changed(&old.queue_bytes, &new.queue_bytes),
        queue_time: changed(&old.queue_time, &new.queue_time),
        line_packets: changed(&old.line_packets, &new.line_packets),
        line_bytes: changed(&old.line_bytes, &new.line_bytes),
        whole_time: changed(&old.whole_time, &new.whole_time),
        queueing: changed(&old.queueing, &new.queueing),
        loss: changed(&old.loss, &new.loss),
        ber: changed(&old.ber, &new.ber),
        duplicate: changed(&old.duplicate, &new.duplicate),
        corrupt: changed(&old.corrupt, &new.corrupt),
        loss_gilbert_elliott: changed(&old.loss_gilbert_elliott, &new.loss_gilbert_elliott),
        loss_four_state: changed(&old.loss_four_state, &new.loss_four_state),
        loss_pattern: changed(&old.loss_pattern, &new.loss_pattern),
        jitter: changed(&old.jitter, &new.jitter),
        jitter_distribution: changed(&old.jitter_distribution, &new.jitter_distribution),
        jitter_correlation: changed(&old.jitter_correlation, &new.jitter_correlation),
        jitter_order: changed(&old.jitter_order, &new.jitter_order),
        jitter_table: changed(&old.jitter_table, &new.jitter_table),
        reorder: changed(&old.reorder, &new.reorder),
        reorder_every: changed(&old.reorder_every, &new.reorder_every),
    };
    (change != Direction::default()).then_some(change)
}

fn queueing(queue: &QueuePlan) -> Queueing {
    let mut out = Queueing {
        drop: Some(match queue.drop {
            None => uapi::DropFrom::Default as u32,
            Some(DropFrom::Tail) => uapi::DropFrom::Tail as u32,
            Some(DropFrom::Head) => uapi::DropFrom::Head as u32,
        }),
        // What a discipline does not have is refused.
        ecn: queue.ecn.then_some(1),
        ..Default::default()
    };
    let kind = match &queue.discipline {
        DisciplinePlan::Fifo => uapi::Discipline::Fifo,
        DisciplinePlan::Wfq {
            flows,
            weights,
            matches,
        } => {
            out.flows = Some(*flows);
            let by_dscp = weights.iter().map(|class| uapi::Class {
                dscp: Some(class.dscp.into()),
                weight: Some(class.weight),
                ..Default::default()
            });
            out.class = by_dscp.chain(matches.iter().map(class_of)).collect();
            uapi::Discipline::Wfq
        }
        DisciplinePlan::Drr { flows, quantum } => {
            (out.flows, out.quantum) = (Some(*flows), Some(*quantum));
            uapi::Discipline::Drr
        }
        DisciplinePlan::Red {
            min,
            max,
            probability,
            weight,
            gentle,
        } => {
            (out.min_bytes, out.max_bytes) = (Some(*min), Some(*max));
            out.probability = Some(probability.parts());
            (out.weight, out.gentle) = (Some(*weight), Some((*gentle).into()));
            uapi::Discipline::Red
        }
        DisciplinePlan::Codel {
            target,
            interval,
            floor,
        } => {
            (out.target, out.interval, out.floor) = (Some(*target), Some(*interval), Some(*floor));
            uapi::Discipline::Codel
        }
        DisciplinePlan::Pie {
            target,
            interval,
            alpha,
            beta,
        } => {
            (out.target, out.interval) = (Some(*target), Some(*interval));
            (out.alpha, out.beta) = (Some(*alpha), Some(*beta));
            uapi::Discipline::Pie
        }
        DisciplinePlan::FqCodel {
            flows,
            quantum,
            target,
            interval,
            floor,
        } => {
            (out.flows, out.quantum) = (Some(*flows), Some(*quantum));
            (out.target, out.interval, out.floor) = (Some(*target), Some(*interval), Some(*floor));
            uapi::Discipline::FqCodel
        }
        DisciplinePlan::Device => {
            out.drop = None;
            uapi::Discipline::Device
        }
    };
    out.kind = Some(kind as u32);
    out
}

fn gilbert_elliott(loss: &LossPlan) -> uapi::GilbertElliott {
    let Some(chain) = &loss.gilbert_elliott else {
        return uapi::GilbertElliott::default();
    };
    uapi::GilbertElliott {
        p: Some(chain.p.parts()),
        r: Some(chain.r.parts()),
        h: Some(chain.h.parts()),
        k: Some(chain.k.parts()),
    }
}

fn four_state(loss: &LossPlan) -> uapi::FourState {
    let Some(chain) = &loss.four_state else {
        return uapi::FourState::default();
    };
    uapi::FourState {
        p13: Some(chain.p13.parts()),
        p31: Some(chain.p31.parts()),
        p32: Some(chain.p32.parts()),
        p23: Some(chain.p23.parts()),
        p14: Some(chain.p14.parts()),
    }
}

fn pattern(loss: &LossPlan) -> uapi::Pattern {
    let Some(pattern) = &loss.pattern else {
        return uapi::Pattern::default();
    };
    let rule = |rule: &RulePlan| {
        let (action, value) = match rule.action {
            RuleAction::Drop => (PatternAction::Drop, None),
            RuleAction::Flip(bit) => (PatternAction::Flip, Some(bit.into())),
            RuleAction::Delay(time) => (PatternAction::Delay, Some(time)),
        };
        uapi::PatternRule {
            frame: Some(rule.frame),
            action: Some(action as u32),
            value,
        }
    };
    uapi::Pattern {
        period: Some(pattern.period),
        rule: pattern.rules.iter().map(rule).collect(),
    }
}

fn distribution_number(distribution: Distribution) -> u32 {
    match distribution {
        Distribution::Uniform => uapi::Distribution::Uniform as u32,
        Distribution::Normal => uapi::Distribution::Normal as u32,
        Distribution::Pareto => uapi::Distribution::Pareto as u32,
        Distribution::ParetoNormal => uapi::Distribution::ParetoNormal as u32,
        Distribution::Table => uapi::Distribution::Table as u32,
    }
}

/// The direction that the kernel has. What it does not tell has its default; what only a newer kernel knows is taken
/// for the default, too.
pub fn decode(direction: &Direction) -> DirectionPlan {
    let default = DirectionPlan::default();
    DirectionPlan {
        rate: set(direction.rate),
        overhead: direction.overhead.unwrap_or(DEFAULT_OVERHEAD),
        delay: direction.delay.unwrap_or(0),
        queue: QueuePlan {
            packets: direction.queue_packets.filter(|packets| *packets > 0),
            bytes: set(direction.queue_bytes),
            time: set(direction.queue_time),
            ..decode_queueing(&direction.queueing.clone().unwrap_or_default())
        },
        duplicate: probability(direction.duplicate).unwrap_or_default(),
        ber: probability(direction.ber).unwrap_or_default(),
        loss: decode_loss(direction),
        corrupt: probability(direction.corrupt).unwrap_or_default(),
        jitter: decode_jitter(direction),
        reorder: match (set(direction.reorder_every), set(direction.reorder)) {
            (Some(n), _) => Some(ReorderPlan::Every(n)),
            (None, parts) => probability(parts).map(ReorderPlan::Random),
        },
        delay_limit: DelayLimitPlan {
            packets: direction.line_packets.filter(|packets| *packets > 0),
            bytes: set(direction.line_bytes),
        },
        whole_time: direction.whole_time.unwrap_or(default.whole_time),
    }
}

/// A value of which 0 means none.
/// [`decode`], with the quantiles of `known`: the kernel tells that there is a table, and not what is in it.
pub fn decode_as(direction: &Direction, known: &DirectionPlan) -> DirectionPlan {
    let mut plan = decode(direction);
    if plan.jitter.distribution == Distribution::Table {
        plan.jitter.table.clone_from(&known.jitter.table);
    }
    plan
}

fn set(value: Option<u64>) -> Option<u64> {
    value.filter(|value| *value > 0)
}

fn probability(parts: Option<u64>) -> Option<Probability> {
    parts.and_then(Probability::from_parts)
}

fn decode_queueing(from: &Queueing) -> QueuePlan {
    let kind = from.kind.and_then(uapi::Discipline::from_number);
    let named = kind.and_then(|kind| DisciplinePlan::named(kind.name()));
    let mut discipline = named.unwrap_or_default();
    match &mut discipline {
        DisciplinePlan::Fifo | DisciplinePlan::Device => {}
        DisciplinePlan::Wfq {
            flows,
            weights,
            matches,
        } => {
            *flows = from.flows.unwrap_or(DEFAULT_FLOWS);
            let all: Vec<MatchPlan> = from.class.iter().filter_map(match_of).collect();
            let only_dscp = |class: &MatchPlan| MatchPlan {
                dscp: class.dscp,
                weight: class.weight,
                ..MatchPlan::default()
            };
            for class in all {
                match class.dscp {
                    Some(dscp) if class == only_dscp(&class) => weights.push(ClassPlan {
                        dscp,
                        weight: class.weight,
                    }),
                    _ => matches.push(class),
                }
            }
            weights.sort_unstable();
        }
        DisciplinePlan::Drr { flows, quantum } => {
            put(flows, from.flows);
            put(quantum, from.quantum);
        }
        DisciplinePlan::Red {
            min,
            max,
            probability: at_max,
            weight,
            gentle,
        } => {
            put(min, from.min_bytes);
            put(max, from.max_bytes);
            put(at_max, probability(from.probability));
            put(weight, from.weight);
            put(gentle, from.gentle.map(|gentle| gentle != 0));
        }
        DisciplinePlan::Codel {
            target,
            interval,
            floor,
        } => {
            put(target, from.target);
            put(interval, from.interval);
            put(floor, from.floor);
        }
        DisciplinePlan::Pie {
            target,
            interval,
            alpha,
            beta,
        } => {
            put(target, from.target);
            put(interval, from.interval);
            put(alpha, from.alpha);
            put(beta, from.beta);
        }
        DisciplinePlan::FqCodel {
            flows,
            quantum,
            target,
            interval,
            floor,
        } => {
            put(flows, from.flows);
            put(quantum, from.quantum);
            put(target, from.target);
            put(interval, from.interval);
            put(floor, from.floor);
        }
    }
    QueuePlan {
        discipline,
        drop: match from.drop.and_then(uapi::DropFrom::from_number) {
            None | Some(uapi::DropFrom::Default) => None,
            Some(uapi::DropFrom::Tail) => Some(DropFrom::Tail),
            Some(uapi::DropFrom::Head) => Some(DropFrom::Head),
        },
        ecn: from.ecn == Some(1),
        ..Default::default()
    }
}

/// A class by more than the DSCP.
fn class_of(class: &MatchPlan) -> uapi::Class {
    let address = |net: Option<IpNet>| {
        net.map(|net| match net.addr() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        })
    };
    let bits = |net: Option<IpNet>| net.map(|net| net.prefix_len().into());
    uapi::Class {
        dscp: class.dscp.map(Into::into),
        weight: Some(class.weight),
        protocol: class.protocol.map(Into::into),
        source: address(class.source),
        source_prefix: bits(class.source),
        destination: address(class.destination),
        destination_prefix: bits(class.destination),
        source_port: class.source_port.map(Into::into),
        destination_port: class.destination_port.map(Into::into),
    }
}

/// A class; none of one that nobody could have made.
fn match_of(class: &uapi::Class) -> Option<MatchPlan> {
    let network = |address: &Option<Vec<u8>>, bits: Option<u32>| {
        let bytes = address.as_deref()?;
        let address = match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(bytes), _) => IpAddr::from(bytes),
            (_, Ok(bytes)) => IpAddr::from(bytes),
            _ => return None,
        };
        let bits = bits.map_or(Some(IpNet::from(address).prefix_len()), |bits| {
            u8::try_from(bits).ok()
        });
        IpNet::new(address, bits?).ok()
    };
    let byte = |value: Option<u32>| value.and_then(|value| u8::try_from(value).ok());
    let short = |value: Option<u32>| value.and_then(|value| u16::try_from(value).ok());
    Some(MatchPlan {
        protocol: byte(class.protocol),
        source: network(&class.source, class.source_prefix),
        destination: network(&class.destination, class.destination_prefix),
        source_port: short(class.source_port),
        destination_port: short(class.destination_port),
        dscp: byte(class.dscp),
        weight: class.weight?,
    })
}

fn put<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn decode_loss(direction: &Direction) -> LossPlan {
    let chain = direction.loss_gilbert_elliott.as_ref().and_then(|from| {
        let [r, h, k] = [from.r, from.h, from.k].map(probability);
        Some(GilbertElliottPlan::new(probability(from.p)?, r, h, k))
    });
    let four_state = direction.loss_four_state.as_ref().and_then(|from| {
        let rest = [from.p31, from.p32, from.p23, from.p14].map(probability);
        Some(FourStatePlan::new(probability(from.p13)?, rest))
    });
    let rule = |rule: &uapi::PatternRule| {
        let value = rule.value.unwrap_or(0);
        Some(RulePlan {
            frame: rule.frame?,
            action: match PatternAction::from_number(rule.action.unwrap_or(0))? {
                PatternAction::Drop => RuleAction::Drop,
                PatternAction::Flip => RuleAction::Flip(u32::try_from(value).ok()?),
                PatternAction::Delay => RuleAction::Delay(value),
            },
        })
    };
    let pattern = direction.loss_pattern.as_ref().map(|from| PatternPlan {
        period: from.period.unwrap_or(0),
        rules: from.rule.iter().filter_map(rule).collect(),
    });
    LossPlan {
        random: probability(direction.loss).unwrap_or_default(),
        gilbert_elliott: chain,
        four_state,
        pattern: pattern.filter(|pattern| !pattern.rules.is_empty()),
    }
}

fn decode_jitter(direction: &Direction) -> JitterPlan {
    let bytes = direction.jitter_table.as_deref().unwrap_or_default();
    let table: Vec<i16> = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_ne_bytes([pair[0], pair[1]]))
        .collect();
    let number = direction.jitter_distribution.unwrap_or(0);
    let named = uapi::Distribution::from_number(number)
        .and_then(|distribution| Distribution::named(distribution.name()));
    JitterPlan {
        amount: direction.jitter.unwrap_or(0),
        distribution: match table.is_empty() {
            true => named.unwrap_or_default(),
            false => Distribution::Table,
        },
        correlation: probability(direction.jitter_correlation).unwrap_or_default(),
        order: match direction.jitter_order.and_then(uapi::Order::from_number) {
            Some(uapi::Order::Free) => Order::Free,
            _ => Order::Keep,
        },
        table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(words: &str) -> DirectionPlan {
        let words: Vec<String> = words.split(' ').map(String::from).collect();
        let mut plan = DirectionPlan::default();
        let change = vnet_topology::words::Change::parse(&words).unwrap();
        change.apply(&mut plan).unwrap();
        plan
    }

    #[test]
    fn names_are_as_long_as_the_module_takes_them() {
        let longest = vnet_topology::names::MAX_OBJECT_NAME as u64;
        assert_eq!(longest, vnet_uapi::generated::NAME_MAX);
    }

    const PLANS: [&str; 11] = [
        "overhead 24",
        "rate 10mbit delay 20ms overhead 10 queue-packets 7 whole-time 0",
        "loss 1% ber 1e-9 corrupt 0.001 duplicate 0.1%",
        "loss gilbert-elliott p 1% r 20% loss four-state p13 1% p14 0.1%",
        "delay 3ms loss pattern period 50 frames 7,11 flip 8:100 delay 9:5ms",
        "delay 10ms jitter 2ms distribution pareto-normal correlation 25% order free reorder 5%",
        "delay 10ms reorder every 50 delay-limit packets 100 bytes 64KB jitter 1ms table -8192,0,9000",
        "queue codel target 3ms ecn on packets 1000 bytes 64KB",
        "queue wfq weights ef:10,af41:5 flows 7 drop head",
        "queue wfq weights ef:10 match protocol udp source fd00::/64 weight 8 match destination 10.1.0.0/16 source-port 80 dscp af41 weight 3",
        "queue red min 30KB max 90KB probability 10% weight 7 gentle off ecn on",
    ];

    #[test]
    fn what_is_encoded_is_decoded() {
        for words in PLANS {
            let plan = plan(words);
            assert_eq!(decode(&encode(&plan)), plan, "{words}");
        }
        for name in DisciplinePlan::NAMES.iter().filter(|name| **name != "red") {
            let plan = plan(&format!("queue {name}"));
            assert_eq!(decode(&encode(&plan)), plan, "{name}");
        }
        assert_eq!(decode(&Direction::default()), DirectionPlan::default());
    }

    #[test]
    fn one_bound_of_a_queue_excludes_the_defaults() {
        let direction = encode(&plan("queue-bytes 9000"));
        assert_eq!(direction.queue_packets, Some(0));
        assert_eq!(direction.queue_bytes, Some(9000));
        assert_eq!(direction.queue_time, Some(0));
    }

    #[test]
    fn only_what_differs_is_named() {
        let change = |old: &str, new: &str| difference(&encode(&plan(old)), &encode(&plan(new)));
        for words in PLANS {
            assert_eq!(change(words, words), None, "{words}");
        }
        assert_eq!(
            change("delay 1ms loss 1%", "delay 2ms loss 1%"),
            Some(Direction {
                delay: Some(2_000_000),
                ..Default::default()
            })
        );
        let off = change(
            "delay 1ms reorder every 5 loss pattern every 7",
            "delay 1ms",
        )
        .unwrap();
        assert_eq!(off.reorder, Some(0));
        assert_eq!(off.loss_pattern, Some(uapi::Pattern::default()));
        let on = change("delay 1ms reorder 5%", "delay 1ms reorder every 7").unwrap();
        assert_eq!((on.reorder, on.reorder_every), (None, Some(7)));
    }

    #[test]
    fn a_discipline_is_told_nothing_that_it_does_not_have() {
        let fifo = encode(&plan("queue fifo")).queueing.unwrap();
        assert_eq!(
            (fifo.ecn, fifo.flows, fifo.quantum, fifo.target),
            (None, None, None, None)
        );
        let device = encode(&plan("queue device")).queueing.unwrap();
        assert_eq!(device.drop, None);
    }
}
