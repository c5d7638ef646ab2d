// SPDX-License-Identifier: GPL-2.0

//! What the wire does to frames: copies, bit errors, loss, corruption, jitter, reordering.
//!
//! [`Effects`] is what a user sets, beside [`super::Params`]; checked and prepared it becomes part
//! of the direction's compiled parameters ([`super::Compiled::with_effects`]). A frame's fate is
//! decided when its serialisation begins, and happens to it when that has ended: what is lost has
//! used the wire. Each effect draws on its own, and every chain steps for every frame, so that no
//! effect changes what another one does; the first that loses a frame, in the order below, is the
//! cause that is counted.

use super::{
    ber::{
        ErrorRate,
        Memo, //
    },
    counters::Cause,
    jitter::{
        Distribution,
        Jitter,
        JitterState,
        Order,
        PreparedJitter, //
    },
    loss::{
        FourState,
        FourStateChances,
        FourStateState,
        GilbertElliott,
        GilbertElliottChances,
        GilbertElliottState, //
    },
    params::{
        Params,
        MAX_TIME, //
    },
    pattern::{
        Action,
        Pattern,
        PreparedPattern,
        Rule,
        MAX_FLIPS, //
    },
    probability::{
        Chance,
        Probability, //
    },
    random::{
        Effect,
        Source,
        Subject, //
    },
    units::{
        mul_high,
        Reciprocal, //
    }, //
};

/// Least bit error rate but for none, 1e-15, in parts of 10^19.
const LEAST_BER: u64 = 10_000;

/// Which frames overtake: they skip delay and jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reorder {
    /// Each with this probability.
    Random(Probability),
    /// Every n-th, counted from when it is set; at least 2.
    Every(u64),
}

/// Effects as a user sets them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Seed and direction of all draws.
    pub source: Source,
    /// Probability that a frame is sent twice.
    pub duplicate: Probability,
    /// Probability that a bit on the wire is in error, up to one half; a frame with an error is lost.
    pub ber: Probability,
    /// Probability that a frame is lost.
    pub loss: Probability,
    /// Loss in two states.
    pub gilbert_elliott: Option<GilbertElliott>,
    /// Loss in four states.
    pub four_state: Option<FourState>,
    /// What happens to frames by their number.
    pub pattern: Option<Pattern>,
    /// Probability that one bit of a frame is flipped.
    pub corrupt: Probability,
    /// Variation of the delay.
    pub jitter: Option<Jitter>,
    /// Frames that overtake.
    pub reorder: Option<Reorder>,
}

/// Which effect was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectField {
    /// [`Effects::ber`].
    Ber,
    /// [`Effects::four_state`].
    LossFourState,
    /// [`Jitter::amount`].
    Jitter,
    /// [`Jitter::correlation`].
    JitterCorrelation,
    /// [`Effects::reorder`].
    Reorder,
}

/// Why effects were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectError {
    /// The effect.
    pub field: EffectField,
    /// What is wrong with it, in a form fit for a netlink extack.
    pub reason: &'static str,
}

/// [`Effects`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedEffects {
    source: Source,
    pub(super) duplicate: Option<Chance>,
    ber: Option<ErrorRate>,
    loss: Option<Chance>,
    gilbert_elliott: Option<GilbertElliottChances>,
    four_state: Option<FourStateChances>,
    pattern: Option<PreparedPattern>,
    corrupt: Option<Chance>,
    jitter: Option<PreparedJitter>,
    /// Frames need not keep their order.
    pub(super) free: bool,
    reorder: Option<PreparedReorder>,
    effects: Effects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PreparedReorder {
    Random(Chance),
    Every(Reciprocal),
}

impl Effects {
    /// Checks the effects of a direction with the parameters `params` and prepares them in place;
    /// none if nothing is set.
    pub(super) fn prepare(
        &self,
        params: &Params,
        prepared: &mut Option<PreparedEffects>,
    ) -> Result<(), EffectError> {
        let nothing = Self {
            source: self.source,
            ..Self::default()
        };
        if *self == nothing {
            *prepared = None;
            return Ok(());
        }
        let refuse = |field, reason| Err(EffectError { field, reason });
        if self.ber > Probability::HALF {
            return refuse(EffectField::Ber, "bit error rate is above 0.5");
        }
        if self.ber != Probability::ZERO && self.ber.parts() < LEAST_BER {
            return refuse(EffectField::Ber, "bit error rate is below 1e-15");
        }
        let four_state = match &self.four_state {
            None => None,
            Some(four_state) => match four_state.prepare() {
                None => {
                    return refuse(
                        EffectField::LossFourState,
                        "probabilities to leave a state add up to more than 1",
                    )
                }
                chances => chances,
            },
        };
        if let Some(jitter) = &self.jitter {
            if jitter.amount > MAX_TIME {
                return refuse(EffectField::Jitter, "jitter is above 100 s");
            }
            if jitter.distribution == Distribution::Uniform && jitter.amount > params.delay {
                return refuse(EffectField::Jitter, "uniform jitter is above the delay");
            }
            if jitter.correlation >= Probability::ONE {
                return refuse(EffectField::JitterCorrelation, "correlation is not below 1");
            }
        }
        if self.reorder.is_some() && params.delay == 0 {
            return refuse(
                EffectField::Reorder,
                "reorder has nothing to overtake without a delay",
            );
        }
        let reorder = match self.reorder {
            None => None,
            Some(Reorder::Random(probability)) => probability.chance().map(PreparedReorder::Random),
            Some(Reorder::Every(0 | 1)) => {
                return refuse(
                    EffectField::Reorder,
                    "reorder-every is below 2: not every frame can overtake",
                );
            }
            Some(Reorder::Every(n)) => Some(PreparedReorder::Every(Reciprocal::new(n))),
        };
        *prepared = Some(PreparedEffects {
            source: self.source,
            duplicate: self.duplicate.chance(),
            ber: ErrorRate::new(self.ber),
            loss: self.loss.chance(),
            gilbert_elliott: self.gilbert_elliott.map(|model| model.prepare()),
            four_state,
            pattern: self.pattern.map(|pattern| pattern.prepare()),
            corrupt: self.corrupt.chance(),
            jitter: self
                .jitter
                .filter(|jitter| jitter.amount != 0)
                .map(|jitter| jitter.prepare()),
            free: self
                .jitter
                .is_some_and(|jitter| jitter.order == Order::Free),
            reorder,
            effects: *self,
        });
        Ok(())
    }
}

impl PreparedEffects {
    /// What the user set.
    pub const fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Whether frames may leave the delay line in another order than they entered it.
    pub(super) const fn overtakes(&self) -> bool {
        self.free || self.reorder.is_some()
    }

    /// Whether to send a copy of the frame.
    #[inline]
    pub(super) fn duplicates(&self, subject: Subject) -> bool {
        self.hit(&self.duplicate, Effect::Duplicate, subject)
    }

    #[inline]
    fn hit(&self, chance: &Option<Chance>, effect: Effect, subject: Subject) -> bool {
        match chance {
            Some(chance) => chance.hits(self.source.draw(effect, subject)[0]),
            None => false,
        }
    }
}

/// What will happen to a frame at the end of its serialisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It is lost.
    pub(super) lost: Option<Cause>,
    /// Bits that flip.
    pub(super) flips: [Option<u32>; MAX_FLIPS + 1],
    /// It skips delay and jitter and overtakes.
    pub(super) early: bool,
    /// What its delay differs by, ns.
    pub(super) deviation: i64,
}

/// A change of effects.
#[derive(Clone, Copy)]
struct Changes<'a> {
    old: Option<&'a PreparedEffects>,
    new: Option<&'a PreparedEffects>,
}

impl Changes<'_> {
    /// Whether the effect that `of` selects is among them.
    fn any<T: PartialEq>(&self, of: impl Fn(&PreparedEffects) -> Option<T>) -> bool {
        self.old.and_then(&of) != self.new.and_then(&of)
    }
}

/// State of the effects of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct EffectState {
    memo: Memo,
    gilbert_elliott: GilbertElliottState,
    four_state: FourStateState,
    jitter: JitterState,
    /// Number of the frame from which the pattern counts.
    pattern_origin: u64,
    /// Number of the frame from which every n-th is counted.
    reorder_origin: u64,
}

impl EffectState {
    /// Follows a change of the effects: those that changed start afresh, with the next frame that
    /// arrives, `next`.
    pub(super) fn follow(
        &mut self,
        old: Option<&PreparedEffects>,
        new: Option<&PreparedEffects>,
        next: u64,
    ) {
        let changed = Changes { old, new };
        if changed.any(|effects| effects.ber) {
            self.memo = Memo::default();
        }
        if changed.any(|effects| effects.gilbert_elliott) {
            self.gilbert_elliott = GilbertElliottState::default();
        }
        if changed.any(|effects| effects.four_state) {
            self.four_state = FourStateState::default();
        }
        if changed.any(|effects| effects.jitter) {
            self.jitter = JitterState::default();
        }
        if changed.any(|effects| effects.pattern) {
            self.restart_pattern(next);
        }
        if changed.any(|effects| effects.reorder) {
            self.reorder_origin = next;
        }
    }

    /// Lets the pattern count from `next` on.
    pub(super) fn restart_pattern(&mut self, next: u64) {
        self.pattern_origin = next;
    }

    /// The fate of the frame `subject` of `bytes` L2 bytes and `bits` bits on the wire.
    pub(super) fn decide(
        &mut self,
        effects: &PreparedEffects,
        subject: Subject,
        bytes: u32,
        bits: u64,
        rules: &[Rule],
        table: &[i16],
    ) -> Fate {
        let mut fate = Fate::default();
        let draw = |effect| effects.source.draw(effect, subject);
        let mut lose = |lost: bool, cause| {
            if lost && fate.lost.is_none() {
                fate.lost = Some(cause);
            }
        };

        if let Some(rate) = &effects.ber {
            if let Some(chance) = self.memo.loss(rate, bits) {
                lose(chance.hits(draw(Effect::Ber)[0]), Cause::Ber);
            }
        }
        lose(
            effects.hit(&effects.loss, Effect::LossRandom, subject),
            Cause::LossRandom,
        );
        if let Some(chances) = &effects.gilbert_elliott {
            let lost = self
                .gilbert_elliott
                .loses(chances, draw(Effect::LossGilbertElliott));
            lose(lost, Cause::LossGilbertElliott);
        }
        if let Some(chances) = &effects.four_state {
            let lost = self
                .four_state
                .loses(chances, draw(Effect::LossFourState)[0]);
            lose(lost, Cause::LossFourState);
        }
        if let Some(chance) = &effects.corrupt {
            let [hit, place] = draw(Effect::Corrupt);
            if chance.hits(hit) {
                fate.flip(mul_high(place, u64::from(bytes) * 8) as u32);
            }
        }
        if let Some(jitter) = &effects.jitter {
            fate.deviation = self
                .jitter
                .deviation(jitter, draw(Effect::Jitter)[0], table);
        }
        fate.early = match &effects.reorder {
            None => false,
            Some(PreparedReorder::Random(chance)) => chance.hits(draw(Effect::Reorder)[0]),
            Some(PreparedReorder::Every(n)) => {
                let index = subject.number.wrapping_sub(self.reorder_origin);
                n.div_rem(index.wrapping_add(1)).1 == 0
            }
        };
        if let Some(pattern) = &effects.pattern {
            // A frame that was handed in before the pattern was set is none of its frames; neither
            // is a copy.
            let index = subject.number.wrapping_sub(self.pattern_origin);
            if !subject.copy && index >> 63 == 0 {
                for rule in pattern.rules(index, rules) {
                    fate.apply(rule.action);
                }
            }
        }
        fate
    }
}

impl Fate {
    fn flip(&mut self, bit: u32) {
        if let Some(place) = self.flips.iter_mut().find(|place| place.is_none()) {
            *place = Some(bit);
        }
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Drop => self.lost = self.lost.or(Some(Cause::LossPattern)),
            Action::Flip(bit) => self.flip(bit),
            Action::Delay(delay) => {
                // Checked not to be above 100 s; the deviation is below 2^48.
                self.deviation = self.deviation.saturating_add(delay as i64);
            }
        }
    }
}
