// SPDX-License-Identifier: GPL-2.0

//! What the wire does to frames, as netlink attributes.

use super::{
    super::config::{
        Config,
        Tables, //
    },
    direction::DirectionNest, //
};
use crate::{
    bindings,
    model::{
        Action,
        Distribution,
        EffectField,
        Effects,
        FourState,
        GilbertElliott,
        Jitter,
        Order,
        Pattern,
        Probability,
        Reorder,
        Rule, //
    },
    net::{
        extack::ExtAck,
        netlink::{
            Attr,
            Attrs,
            Nest,
            Writer,
            FOUR_STATE_POLICY,
            GILBERT_ELLIOTT_POLICY,
            PATTERN_POLICY,
            PATTERN_RULE_POLICY, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Most rules of a pattern.
const MAX_RULES: usize = 256;
/// Fewest and most entries of a table of quantiles.
const TABLE_SIZES: core::ops::RangeInclusive<usize> = 2..=16383;

/// Changes the effects that a request names.
pub(super) fn read(config: &mut Config, attrs: &DirectionNest<'_>, extack: ExtAck) -> Result {
    let effects = &mut config.effects;
    for (kind, place) in [
        (bindings::VNET_A_DIRECTION_LOSS, &mut effects.loss),
        (bindings::VNET_A_DIRECTION_BER, &mut effects.ber),
        (bindings::VNET_A_DIRECTION_DUPLICATE, &mut effects.duplicate),
        (bindings::VNET_A_DIRECTION_CORRUPT, &mut effects.corrupt),
    ] {
        if let Some(attr) = attrs.get(kind) {
            *place = probability(attr, extack)?;
        }
    }
    if let Some(attr) = attrs.get(bindings::VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT) {
        effects.gilbert_elliott = read_gilbert_elliott(attr, extack)?;
    }
    if let Some(attr) = attrs.get(bindings::VNET_A_DIRECTION_LOSS_FOUR_STATE) {
        effects.four_state = read_four_state(attr, extack)?;
    }
    if let Some(attr) = attrs.get(bindings::VNET_A_DIRECTION_LOSS_PATTERN) {
        read_pattern(effects, &mut config.tables, attr, extack)?;
    }
    read_jitter(effects, &mut config.tables, attrs, extack)?;
    read_reorder(effects, attrs, extack)
}

fn probability(attr: Attr<'_>, extack: ExtAck) -> Result<Probability> {
    Probability::new(attr.uint()).ok_or_else(|| {
        extack.refuse(
            Some(attr),
            c"a probability is above 1 (10^19 parts)",
            EINVAL,
        )
    })
}

fn optional(attr: Option<Attr<'_>>, default: Probability, extack: ExtAck) -> Result<Probability> {
    attr.map_or(Ok(default), |attr| probability(attr, extack))
}

fn read_gilbert_elliott(attr: Attr<'_>, extack: ExtAck) -> Result<Option<GilbertElliott>> {
    const TABLE: usize = bindings::VNET_A_GILBERT_ELLIOTT_PAD as usize + 1;

    let nest: Nest<'_, TABLE> = attr.nested(&GILBERT_ELLIOTT_POLICY, extack)?;
    if attr.children().next().is_none() {
        return Ok(None);
    }
    let p = nest.require(
        bindings::VNET_A_GILBERT_ELLIOTT_P,
        extack,
        c"Gilbert-Elliott loss needs p",
    )?;
    let p = probability(p, extack)?;
    let of = |kind, default| optional(nest.get(kind), default, extack);
    Ok(Some(GilbertElliott {
        p,
        r: of(bindings::VNET_A_GILBERT_ELLIOTT_R, p.complement())?,
        h: of(bindings::VNET_A_GILBERT_ELLIOTT_H, Probability::ZERO)?,
        k: of(bindings::VNET_A_GILBERT_ELLIOTT_K, Probability::ONE)?,
    }))
}

fn read_four_state(attr: Attr<'_>, extack: ExtAck) -> Result<Option<FourState>> {
    const TABLE: usize = bindings::VNET_A_FOUR_STATE_PAD as usize + 1;

    let nest: Nest<'_, TABLE> = attr.nested(&FOUR_STATE_POLICY, extack)?;
    if attr.children().next().is_none() {
        return Ok(None);
    }
    let p13 = nest.require(
        bindings::VNET_A_FOUR_STATE_P13,
        extack,
        c"four-state loss needs p13",
    )?;
    let p13 = probability(p13, extack)?;
    let of = |kind, default| optional(nest.get(kind), default, extack);
    Ok(Some(FourState {
        p13,
        p31: of(bindings::VNET_A_FOUR_STATE_P31, p13.complement())?,
        p32: of(bindings::VNET_A_FOUR_STATE_P32, Probability::ZERO)?,
        p23: of(bindings::VNET_A_FOUR_STATE_P23, Probability::ONE)?,
        p14: of(bindings::VNET_A_FOUR_STATE_P14, Probability::ZERO)?,
    }))
}

fn read_pattern(
    effects: &mut Effects,
    tables: &mut Tables,
    attr: Attr<'_>,
    extack: ExtAck,
) -> Result {
    const TABLE: usize = bindings::VNET_A_PATTERN_PAD as usize + 1;

    let nest: Nest<'_, TABLE> = attr.nested(&PATTERN_POLICY, extack)?;
    let period = nest.get(bindings::VNET_A_PATTERN_PERIOD);
    let pattern = Pattern {
        period: period.map_or(0, Attr::uint),
    };
    let is_rule = |child: &Attr<'_>| child.kind() == bindings::VNET_A_PATTERN_RULE;
    let mut rules = KVVec::new();
    for child in attr.children().filter(is_rule) {
        if rules.len() == MAX_RULES {
            return Err(extack.refuse(Some(child), c"a pattern has at most 256 rules", EINVAL));
        }
        rules.push(read_rule(child, extack)?, GFP_KERNEL_ACCOUNT)?;
    }
    if rules.is_empty() {
        if period.is_some() {
            return Err(extack.refuse(period, c"a pattern without rules has no period", EINVAL));
        }
        effects.pattern = None;
        tables.rules = None;
        return Ok(());
    }
    if let Err(error) = pattern.check(&rules) {
        extack.blame(attr.children().filter(is_rule).nth(error.index));
        extack.set_text(error.reason);
        return Err(EINVAL);
    }
    effects.pattern = Some(pattern);
    tables.rules = Some(Arc::new(rules, GFP_KERNEL_ACCOUNT)?);
    Ok(())
}

fn read_rule(attr: Attr<'_>, extack: ExtAck) -> Result<Rule> {
    const TABLE: usize = bindings::VNET_A_PATTERN_RULE_PAD as usize + 1;

    let nest: Nest<'_, TABLE> = attr.nested(&PATTERN_RULE_POLICY, extack)?;
    let frame = nest.require(
        bindings::VNET_A_PATTERN_RULE_FRAME,
        extack,
        c"a rule needs the number of its frame",
    )?;
    let action = nest.require(
        bindings::VNET_A_PATTERN_RULE_ACTION,
        extack,
        c"a rule needs an action",
    )?;
    let value = nest.get(bindings::VNET_A_PATTERN_RULE_VALUE);
    let action = match action.u32() {
        bindings::vnet_pattern_action_VNET_PATTERN_ACTION_DROP if value.is_some() => {
            return Err(extack.refuse(value, c"drop takes no value", EINVAL));
        }
        bindings::vnet_pattern_action_VNET_PATTERN_ACTION_DROP => Action::Drop,
        _ if value.is_none() => {
            return Err(extack.refuse(Some(action), c"flip and delay need a value", EINVAL));
        }
        bindings::vnet_pattern_action_VNET_PATTERN_ACTION_FLIP => {
            let bit = u32::try_from(value.map_or(0, Attr::uint));
            Action::Flip(bit.map_err(|_| extack.refuse(value, c"no frame has that bit", EINVAL))?)
        }
        _ => Action::Delay(value.map_or(0, Attr::uint)),
    };
    Ok(Rule {
        frame: frame.uint(),
        action,
    })
}

fn read_jitter(
    effects: &mut Effects,
    tables: &mut Tables,
    attrs: &DirectionNest<'_>,
    extack: ExtAck,
) -> Result {
    let amount = attrs.get(bindings::VNET_A_DIRECTION_JITTER);
    let distribution = attrs.get(bindings::VNET_A_DIRECTION_JITTER_DISTRIBUTION);
    let correlation = attrs.get(bindings::VNET_A_DIRECTION_JITTER_CORRELATION);
    let order = attrs.get(bindings::VNET_A_DIRECTION_JITTER_ORDER);
    let table = attrs.get(bindings::VNET_A_DIRECTION_JITTER_TABLE);
    let others = table.or(distribution).or(correlation).or(order);
    let old = match (amount, effects.jitter) {
        (None, _) if others.is_none() => return Ok(()),
        (None, None) => {
            return Err(extack.refuse(
                others,
                c"without jitter there is no distribution, correlation or order of it",
                EINVAL,
            ));
        }
        (Some(amount), _) if amount.uint() == 0 => {
            if others.is_some() {
                return Err(extack.refuse(
                    others,
                    c"the jitter is 0: it has no distribution, correlation or order",
                    EINVAL,
                ));
            }
            effects.jitter = None;
            tables.jitter = None;
            return Ok(());
        }
        (_, Some(jitter)) => jitter,
        (_, None) => Jitter {
            amount: 0,
            distribution: Distribution::Uniform,
            correlation: Probability::ZERO,
            order: Order::Keep,
        },
    };
    let mut jitter = Jitter {
        amount: amount.map_or(old.amount, Attr::uint),
        distribution: distribution.map_or(old.distribution, |attr| distribution_of(attr.u32())),
        correlation: optional(correlation, old.correlation, extack)?,
        order: match order.map(Attr::u32) {
            None => old.order,
            Some(bindings::vnet_order_VNET_ORDER_FREE) => Order::Free,
            Some(_) => Order::Keep,
        },
    };
    if let Some(table) = table {
        if distribution.is_some() && jitter.distribution != Distribution::Table {
            return Err(extack.refuse(
                distribution,
                c"a table goes with the distribution table",
                EINVAL,
            ));
        }
        jitter.distribution = Distribution::Table;
        tables.jitter = Some(Arc::new(read_table(table, extack)?, GFP_KERNEL_ACCOUNT)?);
    }
    if jitter.distribution != Distribution::Table {
        tables.jitter = None;
    } else if tables.jitter.is_none() {
        return Err(extack.refuse(
            distribution,
            c"the distribution needs a jitter-table",
            EINVAL,
        ));
    }
    effects.jitter = Some(jitter);
    Ok(())
}

fn read_table(attr: Attr<'_>, extack: ExtAck) -> Result<KVVec<i16>> {
    let entries = attr.bytes().chunks_exact(2);
    if !entries.remainder().is_empty() || !TABLE_SIZES.contains(&entries.len()) {
        return Err(extack.refuse(
            Some(attr),
            c"a table has 2 to 16383 entries of 16 bits",
            EINVAL,
        ));
    }
    let mut table = KVVec::with_capacity(entries.len(), GFP_KERNEL_ACCOUNT)?;
    for entry in entries.filter_map(|entry| entry.first_chunk()) {
        table.push(i16::from_ne_bytes(*entry), GFP_KERNEL_ACCOUNT)?;
    }
    Ok(table)
}

fn read_reorder(effects: &mut Effects, attrs: &DirectionNest<'_>, extack: ExtAck) -> Result {
    let random = attrs.get(bindings::VNET_A_DIRECTION_REORDER);
    let every = attrs.get(bindings::VNET_A_DIRECTION_REORDER_EVERY);
    let (random, every) = match (random, every) {
        (None, None) => return Ok(()),
        (random, every) => (
            optional(random, Probability::ZERO, extack)?,
            every.map_or(0, Attr::uint),
        ),
    };
    effects.reorder = match (random, every) {
        (Probability::ZERO, 0) => None,
        (Probability::ZERO, every) => Some(Reorder::Every(every)),
        (random, 0) => Some(Reorder::Random(random)),
        _ => {
            return Err(extack.refuse(
                attrs.get(bindings::VNET_A_DIRECTION_REORDER),
                c"give either reorder or reorder-every",
                EINVAL,
            ));
        }
    };
    Ok(())
}

fn distribution_of(number: u32) -> Distribution {
    match number {
        bindings::vnet_distribution_VNET_DISTRIBUTION_NORMAL => Distribution::Normal,
        bindings::vnet_distribution_VNET_DISTRIBUTION_PARETO => Distribution::Pareto,
        bindings::vnet_distribution_VNET_DISTRIBUTION_PARETO_NORMAL => Distribution::ParetoNormal,
        bindings::vnet_distribution_VNET_DISTRIBUTION_TABLE => Distribution::Table,
        _ => Distribution::Uniform,
    }
}

/// The attribute of an effect.
pub(super) fn kind_of(field: EffectField) -> u32 {
    match field {
        EffectField::Ber => bindings::VNET_A_DIRECTION_BER,
        EffectField::LossFourState => bindings::VNET_A_DIRECTION_LOSS_FOUR_STATE,
        EffectField::Jitter => bindings::VNET_A_DIRECTION_JITTER,
        EffectField::JitterCorrelation => bindings::VNET_A_DIRECTION_JITTER_CORRELATION,
        EffectField::Reorder => bindings::VNET_A_DIRECTION_REORDER,
    }
}

/// Writes the effects that there are.
pub(super) fn put(writer: &mut Writer<'_>, effects: &Effects, tables: &Tables) -> Result {
    for (kind, probability) in [
        (bindings::VNET_A_DIRECTION_LOSS, effects.loss),
        (bindings::VNET_A_DIRECTION_BER, effects.ber),
        (bindings::VNET_A_DIRECTION_DUPLICATE, effects.duplicate),
        (bindings::VNET_A_DIRECTION_CORRUPT, effects.corrupt),
    ] {
        if probability != Probability::ZERO {
            writer.uint(kind, probability.parts())?;
        }
    }
    if let Some(model) = &effects.gilbert_elliott {
        let values = [
            (bindings::VNET_A_GILBERT_ELLIOTT_P, model.p),
            (bindings::VNET_A_GILBERT_ELLIOTT_R, model.r),
            (bindings::VNET_A_GILBERT_ELLIOTT_H, model.h),
            (bindings::VNET_A_GILBERT_ELLIOTT_K, model.k),
        ];
        put_chain(
            writer,
            bindings::VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT,
            &values,
        )?;
    }
    if let Some(model) = &effects.four_state {
        let values = [
            (bindings::VNET_A_FOUR_STATE_P13, model.p13),
            (bindings::VNET_A_FOUR_STATE_P31, model.p31),
            (bindings::VNET_A_FOUR_STATE_P32, model.p32),
            (bindings::VNET_A_FOUR_STATE_P23, model.p23),
            (bindings::VNET_A_FOUR_STATE_P14, model.p14),
        ];
        put_chain(writer, bindings::VNET_A_DIRECTION_LOSS_FOUR_STATE, &values)?;
    }
    if let (Some(pattern), Some(rules)) = (&effects.pattern, &tables.rules) {
        writer.nest(bindings::VNET_A_DIRECTION_LOSS_PATTERN, |nest| {
            nest.uint(bindings::VNET_A_PATTERN_PERIOD, pattern.period)?;
            rules.iter().try_for_each(|rule| put_rule(nest, rule))
        })?;
    }
    if let Some(jitter) = &effects.jitter {
        put_jitter(writer, jitter)?;
    }
    match effects.reorder {
        None => Ok(()),
        Some(Reorder::Random(probability)) => {
            writer.uint(bindings::VNET_A_DIRECTION_REORDER, probability.parts())
        }
        Some(Reorder::Every(n)) => writer.uint(bindings::VNET_A_DIRECTION_REORDER_EVERY, n),
    }
}

fn put_chain(writer: &mut Writer<'_>, kind: u32, values: &[(u32, Probability)]) -> Result {
    writer.nest(kind, |nest| {
        values
            .iter()
            .try_for_each(|(kind, value)| nest.uint(*kind, value.parts()))
    })
}

fn put_rule(writer: &mut Writer<'_>, rule: &Rule) -> Result {
    let (action, value) = match rule.action {
        Action::Drop => (bindings::vnet_pattern_action_VNET_PATTERN_ACTION_DROP, None),
        Action::Flip(bit) => (
            bindings::vnet_pattern_action_VNET_PATTERN_ACTION_FLIP,
            Some(u64::from(bit)),
        ),
        Action::Delay(delay) => (
            bindings::vnet_pattern_action_VNET_PATTERN_ACTION_DELAY,
            Some(delay),
        ),
    };
    writer.nest(bindings::VNET_A_PATTERN_RULE, |nest| {
        nest.uint(bindings::VNET_A_PATTERN_RULE_FRAME, rule.frame)?;
        nest.u32(bindings::VNET_A_PATTERN_RULE_ACTION, action)?;
        value.map_or(Ok(()), |value| {
            nest.uint(bindings::VNET_A_PATTERN_RULE_VALUE, value)
        })
    })
}

fn put_jitter(writer: &mut Writer<'_>, jitter: &Jitter) -> Result {
    let distribution = match jitter.distribution {
        Distribution::Uniform => bindings::vnet_distribution_VNET_DISTRIBUTION_UNIFORM,
        Distribution::Normal => bindings::vnet_distribution_VNET_DISTRIBUTION_NORMAL,
        Distribution::Pareto => bindings::vnet_distribution_VNET_DISTRIBUTION_PARETO,
        Distribution::ParetoNormal => bindings::vnet_distribution_VNET_DISTRIBUTION_PARETO_NORMAL,
        Distribution::Table => bindings::vnet_distribution_VNET_DISTRIBUTION_TABLE,
    };
    let order = match jitter.order {
        Order::Keep => bindings::vnet_order_VNET_ORDER_KEEP,
        Order::Free => bindings::vnet_order_VNET_ORDER_FREE,
    };
    writer.uint(bindings::VNET_A_DIRECTION_JITTER, jitter.amount)?;
    writer.u32(bindings::VNET_A_DIRECTION_JITTER_DISTRIBUTION, distribution)?;
    writer.uint(
        bindings::VNET_A_DIRECTION_JITTER_CORRELATION,
        jitter.correlation.parts(),
    )?;
    writer.u32(bindings::VNET_A_DIRECTION_JITTER_ORDER, order)
}
