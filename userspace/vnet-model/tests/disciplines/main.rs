// SPDX-License-Identifier: GPL-2.0

//! Queue disciplines: shares, order, drops, and the controllers against references in floating point.

#[path = "../common/mod.rs"]
mod common;

mod codel;
mod control;
mod device;
mod every;
mod fair;
mod fifo;
mod pie;
mod red;

use common::{take_log, with_queueing, FullDirection, TestMemory};
use vnet_model::{
    Cause, Codel, Direction, Discipline, Effect, Outcome, Params, Pie, Probability, QueueLimit,
    Queueing, Red, Source, Subject,
};

const MS: u64 = 1_000_000;

fn params(packets: u32) -> Params {
    Params {
        rate: Some(8_000_000),
        overhead: 0,
        queue: QueueLimit {
            packets: Some(packets),
            ..QueueLimit::default()
        },
        ..Params::default()
    }
}

fn queueing(discipline: Discipline) -> Queueing {
    Queueing {
        discipline,
        ..Queueing::default()
    }
}

fn of(params: Params, queueing: Queueing, memory: TestMemory) -> FullDirection {
    Direction::with_memory(with_queueing(params, queueing), memory)
}

fn all() -> Vec<Discipline> {
    let codel = Codel::default();
    vec![
        Discipline::Fifo,
        Discipline::Wfq,
        Discipline::Drr { quantum: 300 },
        Discipline::Red(red()),
        Discipline::Codel(codel),
        Discipline::Pie(Pie::default()),
        Discipline::FqCodel {
            quantum: 1538,
            codel,
        },
        Discipline::Device,
    ]
}

fn red() -> Red {
    Red {
        min: 20_000,
        max: 60_000,
        probability: Probability::new(Probability::PARTS / 10).expect("valid"),
        weight: 6,
        gentle: true,
    }
}

/// What was dropped since the last call, by the frames' numbers (ids count from 0 as they do).
fn dropped() -> Vec<(u64, Cause)> {
    take_log()
        .into_iter()
        .filter_map(|decision| match decision.outcome {
            Outcome::Dropped(cause) => Some((decision.number, cause)),
            Outcome::Due(_) => None,
        })
        .collect()
}

fn draw(effect: Effect, number: u64) -> u64 {
    let subject = Subject {
        number,
        copy: false,
    };
    Source {
        seed: 9,
        direction: 1,
    }
    .draw(effect, subject)[0]
}
