// SPDX-License-Identifier: GPL-2.0

//! `pipe`: the link model as a block, with the same parameters for both ways.
//!
//! The two ways share nothing but these. What the model loses is dropped here with the cause of
//! blocks that comes closest; a copy that the model makes is a packet that the block generates.

mod way;

use self::way::Way;
use super::prelude::*;
use crate::{
    model::{
        params::{
            ETHERNET_OVERHEAD,
            MAX_OVERHEAD,
            MAX_RATE,
            MAX_TIME, //
        },
        Counters,
        Distribution,
        EffectField,
        Field,
        Jitter,
        LineLimit,
        Order,
        Probability,
        QueueLimit,
        Reorder, //
    },
    net::soft_timer::SoftTimer,
    pipe::config::{
        Config,
        Parameters,
        Refusal, //
    },
    sync::{
        rcu::RcuBox,
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};

/// Places of the parameters.
const RATE: usize = 0;
const OVERHEAD: usize = 1;
const DELAY: usize = 2;
const QUEUE_PACKETS: usize = 3;
const QUEUE_BYTES: usize = 4;
const LINE_PACKETS: usize = 5;
const LINE_BYTES: usize = 6;
const DUPLICATE: usize = 7;
const BER: usize = 8;
const LOSS: usize = 9;
const CORRUPT: usize = 10;
const JITTER: usize = 11;
const DISTRIBUTION: usize = 12;
const FREE: usize = 13;
const REORDER: usize = 14;
const SEED: usize = 15;
const DUPLICATED: usize = 16;
const CORRUPTED: usize = 17;
const REORDERED: usize = 18;

/// A probability in parts of 10^19.
const fn probability(name: &'static CStr, doc: &'static CStr, most: Probability) -> Param {
    Param::uint(name, doc, 0..=most.parts(), 0).unit(c"1e-19")
}

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"pipe",
    doc: c"a link: rate, delay and impairments, the same for each way",
    passage: Passage::Through,
    ports: FRAMES_THROUGH,
    params: &[
        Param::uint(
            c"rate",
            c"0, or at least 100; 0 is without a limit",
            0..=MAX_RATE,
            0,
        )
        .unit(c"bit/s"),
        Param::uint(
            c"overhead",
            c"what a frame takes on the wire beside its own bytes",
            0..=MAX_OVERHEAD as u64,
            ETHERNET_OVERHEAD as u64,
        )
        .unit(c"bytes"),
        Param::uint(c"delay", c"propagation", 0..=MAX_TIME, 0).unit(c"ns"),
        Param::uint(
            c"queue-packets",
            c"most frames that wait for the wire in each way",
            1..=65536,
            1000,
        )
        .unit(c"packets"),
        Param::uint(
            c"queue-bytes",
            c"most bytes that wait for the wire in each way",
            1..=1 << 28,
            1 << 24,
        )
        .unit(c"bytes"),
        Param::uint(
            c"line-packets",
            c"most frames in the delay line of each way",
            1..=65536,
            65536,
        )
        .unit(c"packets"),
        Param::uint(
            c"line-bytes",
            c"most bytes in the delay line of each way",
            1..=1 << 28,
            1 << 26,
        )
        .unit(c"bytes"),
        probability(
            c"duplicate",
            c"that a frame is sent twice",
            Probability::ONE,
        ),
        probability(
            c"ber",
            c"that a bit on the wire is wrong; the frame is lost then; 0, or at least 1e-15",
            Probability::HALF,
        ),
        probability(c"loss", c"that a frame is lost", Probability::ONE),
        probability(
            c"corrupt",
            c"that one bit of a frame is flipped",
            Probability::ONE,
        ),
        Param::uint(
            c"jitter",
            c"standard deviation of the delay, or half the width if uniform",
            0..=MAX_TIME,
            0,
        )
        .unit(c"ns"),
        Param::uint(
            c"distribution",
            c"of the jitter: 0 uniform, 1 normal, 2 pareto, 3 pareto-normal",
            0..=3,
            1,
        ),
        Param::new(
            c"free",
            c"whether frames may overtake by their jitter",
            Kind::Bool(false),
        ),
        probability(
            c"reorder",
            c"that a frame overtakes, without delay and jitter",
            Probability::ONE,
        ),
        Param::uint(c"seed", c"of all draws", 0..=u64::MAX, 0),
        Param::reading(c"duplicated", c"frames that were sent twice").unit(c"packets"),
        Param::reading(c"corrupted", c"frames of which a bit was flipped").unit(c"packets"),
        Param::reading(c"reordered", c"frames that overtook another one").unit(c"packets"),
    ],
    events: &[EventUse::raises(
        Event::Congestion,
        c"from three quarters of a limit of the queue on, until both ways hold at most a quarter",
    )],
    state: true,
    make,
};

/// Both ways; replacements share them.
struct Ways {
    up: Arc<SoftTimer<Way>>,
    down: Arc<SoftTimer<Way>>,
    conditions: Arc<Conditions>,
}

/// Parameters of both ways, checked.
type Prepared = [RcuBox<Parameters>; 2];

#[pin_data]
struct Pipe {
    ways: Arc<Ways>,
    /// Parameters for the time from the start on. The lock protects them; nothing is locked under
    /// it.
    #[pin]
    prepared: SpinLockBh<Option<Prepared>>,
}

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let prepared = prepare(values)?;
    let old = of_type::<Pipe>(old);
    let ways = match old {
        Some(old) => old.ways.clone(),
        None => {
            let [up, down] = &prepared;
            let conditions = Conditions::new()?;
            let ways = Ways {
                up: way::new(site, UPPER, up, &conditions)?,
                down: way::new(site, LOWER, down, &conditions)?,
                conditions,
            };
            Arc::new(ways, GFP_KERNEL)?
        }
    };
    let block = pin_init!(Pipe {
        ways,
        prepared <- new_spinlock_bh!(Some(prepared), "vnet_fb_pipe_params"),
    });
    Ok(Arc::pin_init(block, GFP_KERNEL)?)
}

fn prepare(values: &Values) -> Result<Prepared, Refused> {
    Ok([compile(values, 0)?, compile(values, 1)?])
}

/// The parameters of a way, which draws as a direction of a link: 0 that from a, 1 that from b.
fn compile(values: &Values, direction: u32) -> Result<RcuBox<Parameters>, Refused> {
    // What is large is on the heap.
    let mut config = KBox::new(Config::new(values.uint(SEED), direction), GFP_KERNEL)?;
    read_params(values, &mut config);
    read_effects(values, &mut config);
    config.compile()?.map_err(|refusal| match refusal {
        Refusal::Param(error) if error.field == Field::Rate => {
            Refused::param(RATE, c"the rate is below 100 bit/s", EINVAL)
        }
        Refusal::Effect(error) if error.field == EffectField::Ber => {
            Refused::param(BER, c"the bit error rate is below 1e-15", EINVAL)
        }
        Refusal::Effect(error) if error.field == EffectField::Jitter => {
            Refused::param(JITTER, c"uniform jitter is above the delay", EINVAL)
        }
        Refusal::Effect(error) if error.field == EffectField::Reorder => Refused::param(
            REORDER,
            c"without a delay there is nothing to overtake",
            EINVAL,
        ),
        // The declaration has the model's ranges.
        _ => Refused {
            param: None,
            message: Some(c"the link model refuses the parameters"),
            error: EINVAL,
        },
    })
}

fn read_params(values: &Values, config: &mut Config) {
    let params = &mut config.params;
    params.rate = Some(values.uint(RATE)).filter(|rate| *rate != 0);
    params.overhead = values.uint(OVERHEAD) as u32;
    params.delay = values.uint(DELAY);
    let shapes = params.rate.is_some() || params.delay != 0 || values.uint(JITTER) != 0;
    // Where nothing is held a limit would only cost time.
    if shapes {
        params.queue = QueueLimit {
            packets: Some(values.uint(QUEUE_PACKETS) as u32),
            bytes: Some(values.uint(QUEUE_BYTES)),
            time: None,
        };
        params.line = LineLimit {
            packets: Some(values.uint(LINE_PACKETS) as u32),
            bytes: Some(values.uint(LINE_BYTES)),
        };
    }
}

fn read_effects(values: &Values, config: &mut Config) {
    let chance = |place| Probability::new(values.uint(place)).unwrap_or(Probability::ZERO);
    let effects = &mut config.effects;
    effects.duplicate = chance(DUPLICATE);
    effects.ber = chance(BER);
    effects.loss = chance(LOSS);
    effects.corrupt = chance(CORRUPT);
    let amount = values.uint(JITTER);
    effects.jitter = (amount != 0).then_some(Jitter {
        amount,
        distribution: match values.uint(DISTRIBUTION) {
            0 => Distribution::Uniform,
            1 => Distribution::Normal,
            2 => Distribution::Pareto,
            _ => Distribution::ParetoNormal,
        },
        correlation: Probability::ZERO,
        order: match values.uint(FREE) {
            0 => Order::Keep,
            _ => Order::Free,
        },
    });
    let reorder = chance(REORDER);
    effects.reorder = (reorder != Probability::ZERO).then_some(Reorder::Random(reorder));
}

impl Pipe {
    fn change(&self, prepared: &Prepared) {
        let [up, down] = prepared;
        way::change(&self.ways.up, up);
        way::change(&self.ways.down, down);
    }

    /// The sum of a counter of both ways.
    fn sum(&self, of: fn(&Counters) -> u64) -> Value {
        let (up, down) = (self.ways.up.read(of), self.ways.down.read(of));
        Value::Uint(up.wrapping_add(down))
    }
}

impl Block for Pipe {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let way = if from == LOWER {
            &self.ways.up
        } else {
            &self.ways.down
        };
        way::receive(way, packet, run)
    }

    fn start(&self, _values: &Values, _rtnl: &Rtnl) {
        let prepared = self.prepared.lock().take();
        match prepared {
            Some(prepared) => self.change(&prepared),
            None => {
                way::resume(&self.ways.up);
                way::resume(&self.ways.down);
            }
        }
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.change(&prepare(values)?);
        Ok(())
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.ways.conditions)
    }

    fn read(&self, place: usize) -> Result<Value> {
        Ok(match place {
            DUPLICATED => self.sum(|counters| counters.duplicated.frames),
            CORRUPTED => self.sum(|counters| counters.corrupted.frames),
            REORDERED => self.sum(|counters| counters.reordered.frames),
            _ => Value::Absent,
        })
    }

    fn can_release(&self) -> bool {
        true
    }

    fn release(&self, _rtnl: &Rtnl) -> bool {
        [&self.ways.up, &self.ways.down]
            .into_iter()
            .all(|one| way::release(one))
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Pipe| &other.ways, &self.ways) {
            way::close(&self.ways.up);
            way::close(&self.ways.down);
        }
    }
}
