// SPDX-License-Identifier: GPL-2.0

//! The random source: known answers, and that its streams are uniform and independent.

mod common;

use common::stats;
use vnet_model::{random::philox, seed_of, Effect, Source, Subject};

const N: u64 = 2_000_000;

fn subject(number: u64) -> Subject {
    Subject {
        number,
        copy: false,
    }
}

fn source(seed: u64, direction: u32) -> Source {
    Source { seed, direction }
}

/// Of Random123's known answers.
#[test]
fn known_answers() {
    assert_eq!(
        philox([0; 4], [0; 2]),
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    );
    assert_eq!(
        philox([u32::MAX; 4], [u32::MAX; 2]),
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    );
    assert_eq!(
        philox(
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0]
        ),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

/// What a draw is for is part of what makes runs repeatable, so that none of this may change.
#[test]
fn draws_do_not_change() {
    let draw = |effect, number, copy| source(42, 1).draw(effect, Subject { number, copy });
    assert_eq!(
        draw(Effect::LossRandom, 7, false),
        [0x2361_d9fb_187b_f7ff, 0xd55e_4b6f_9429_96dc]
    );
    let block = philox([7, 1, 3 | 1 << 8, 1], [42, 0]);
    assert_eq!(
        draw(Effect::LossRandom, 7 + (1 << 32), true)[0],
        u64::from(block[0]) << 32 | u64::from(block[1])
    );
}

type Stream = Box<dyn Fn(u64) -> [u64; 2]>;

/// The streams that a test compares: neighbours in everything that tells streams apart.
fn streams() -> Vec<(&'static str, Stream)> {
    let loss = Effect::LossRandom;
    vec![
        (
            "base",
            Box::new(move |n| source(1, 0).draw(loss, subject(n))),
        ),
        (
            "seed",
            Box::new(move |n| source(2, 0).draw(loss, subject(n))),
        ),
        (
            "high seed",
            Box::new(move |n| source(1 << 32 | 1, 0).draw(loss, subject(n))),
        ),
        (
            "direction",
            Box::new(move |n| source(1, 1).draw(loss, subject(n))),
        ),
        (
            "effect",
            Box::new(move |n| source(1, 0).draw(Effect::LossGilbertElliott, subject(n))),
        ),
        (
            "copy",
            Box::new(move |number| source(1, 0).draw(loss, Subject { number, copy: true })),
        ),
        (
            "late",
            Box::new(move |n| source(1, 0).draw(loss, subject(n + (1 << 32)))),
        ),
    ]
}

#[test]
fn every_byte_is_uniform() {
    for (name, draw) in streams() {
        println!("{name}");
        let mut counts = vec![[0u64; 256]; 16];
        for n in 0..N / 4 {
            let [a, b] = draw(n);
            for (place, byte) in a
                .to_le_bytes()
                .into_iter()
                .chain(b.to_le_bytes())
                .enumerate()
            {
                counts[place][usize::from(byte)] += 1;
            }
        }
        for count in &counts {
            stats::chi_square(count, &[(N / 4) as f64 / 256.0; 256]);
        }
    }
}

#[test]
fn high_bits_are_uniform_in_pairs() {
    // Successive draws of a stream, and the same draw of two streams.
    let streams = streams();
    let (_, base) = &streams[0];
    for (name, other) in &streams {
        println!("{name}");
        let mut counts = vec![0u64; 4096];
        for n in 0..N / 2 {
            let next = if *name == "base" {
                base(n + 1)
            } else {
                other(n)
            };
            counts[(base(n)[0] >> 58 << 6 | next[0] >> 58) as usize] += 1;
        }
        stats::chi_square(&counts, &[(N / 2) as f64 / 4096.0; 4096]);
    }
}

#[test]
fn coins_are_independent() {
    for p in [0.5, 0.1, 0.01] {
        let last = (p * 2f64.powi(64)) as u64;
        let coins: Vec<bool> = (0..N)
            .map(|n| source(3, 0).draw(Effect::Ber, subject(n))[0] < last)
            .collect();
        let hits = coins.iter().filter(|coin| **coin).count() as u64;
        stats::binomial(N, p, hits);
        stats::independent(&coins);
        stats::geometric_runs(&coins, true, p);
        stats::geometric_runs(&coins, false, 1.0 - p);
    }
}

#[test]
fn ten_million_coins_of_each_effect() {
    const DRAWS: u64 = 10_000_000;
    for effect in [
        Effect::Duplicate,
        Effect::Ber,
        Effect::LossRandom,
        Effect::Corrupt,
        Effect::Reorder,
    ] {
        let source = source(effect as u64, 1);
        let mut hits = [0; 3];
        for number in 0..DRAWS {
            let draw = source.draw(effect, subject(number))[0];
            for (hits, bits) in hits.iter_mut().zip([1, 7, 14]) {
                *hits += u64::from(draw >> (64 - bits) == 0);
            }
        }
        for (hits, bits) in hits.into_iter().zip([1, 7, 14]) {
            stats::binomial(DRAWS, 0.5f64.powi(bits), hits);
        }
    }
}

/// Flipping any bit of what a draw is for flips each bit of the draw half of the time.
#[test]
fn avalanche() {
    let rounds = 4096u64;
    for bit in 0..128 {
        let mut flips = [0u64; 128];
        for round in 0..rounds {
            let base = philox([round as u32, 5, 6, 7], [8, 9]);
            let mut counter = [round as u32, 5, 6, 7];
            let mut key = [8, 9];
            // The number, the effect's low byte, the direction and the seed.
            match bit {
                0..96 => counter[bit / 32] ^= 1 << (bit % 32),
                _ => key[(bit - 96) / 32] ^= 1 << (bit % 32),
            }
            let other = philox(counter, key);
            for (place, flip) in flips.iter_mut().enumerate() {
                let differ = base[place / 32] ^ other[place / 32];
                *flip += u64::from(differ >> (place % 32) & 1);
            }
        }
        for flip in flips {
            stats::binomial(rounds, 0.5, flip);
        }
    }
}

#[test]
fn seeds_follow_from_names() {
    // FNV-1a's beginning, and what tests/link/plugin.py computes.
    assert_eq!(seed_of(&[]), 0xcbf2_9ce4_8422_2325);
    assert_eq!(seed_of(&[b"va", b"vb"]), 0x03f7_30e6_74cd_e118);
    let all: [&[&[u8]]; 5] = [
        &[b"va", b"vb"],
        &[b"vb", b"va"],
        &[b"vav", b"b"],
        &[b"vavb"],
        &[b"va", b"vb", b""],
    ];
    for (place, names) in all.iter().enumerate() {
        for others in &all[..place] {
            assert_ne!(seed_of(names), seed_of(others), "{names:?} {others:?}");
        }
    }
}
