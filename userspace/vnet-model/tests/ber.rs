// SPDX-License-Identifier: GPL-2.0

//! Probabilities and bit errors: against exact and floating point arithmetic, and in 10^7 draws.

mod common;

use common::stats;
use proptest::prelude::*;
use vnet_model::{
    ber::{ErrorRate, Memo},
    exponential::{decayed, hazard, PLACES},
    Chance, Effect, Probability, Source, Subject,
};

const PARTS: f64 = 1e19;

fn parts(chance: Option<Chance>) -> f64 {
    chance.map_or(0.0, |chance| chance.last() as f64 + 1.0) / 2f64.powi(64)
}

fn rate(parts: u64) -> ErrorRate {
    ErrorRate::new(Probability::new(parts).expect("a probability")).expect("a rate")
}

#[test]
fn probabilities_are_exact() {
    assert_eq!(Probability::new(Probability::PARTS + 1), None);
    assert_eq!(Probability::ZERO.chance(), None);
    assert!(Probability::ONE.chance().expect("certain").hits(u64::MAX));
    let half = Probability::HALF.chance().expect("possible");
    assert!(half.hits((1 << 63) - 1) && !half.hits(1 << 63));
    assert_eq!(Probability::ONE.complement(), Probability::ZERO);
    assert_eq!(
        Probability::HALF.plus(Probability::HALF),
        Some(Probability::ONE)
    );
    assert_eq!(
        Probability::ONE.plus(Probability::new(1).expect("small")),
        None
    );
    assert_eq!(Probability::ONE.plus(Probability::ONE), None);
    // One in 10^19 is 1.8 parts of 2^64, and is taken as two.
    let least = Probability::new(1)
        .and_then(Probability::chance)
        .expect("possible");
    assert!(least.hits(1) && !least.hits(2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn chances_are_rounded_down(p in 1u64..Probability::PARTS) {
        let chance = Probability::new(p).and_then(Probability::chance).expect("possible");
        let exact = (u128::from(p) << 64) / u128::from(Probability::PARTS);
        prop_assert_eq!(u128::from(chance.last()) + 1, exact.max(2));
    }

    /// The error bound that the model states: 2^-58, and relative to a small loss what 64 bits and
    /// the hazard's precision allow.
    #[test]
    fn survival_is_exact(
        scale in 0u32..60,
        p in 0u64..Probability::PARTS / 2,
        bits in 1u64..1 << 20,
    ) {
        let p = (p >> scale).max(1);
        let got = parts(rate(p).loss(bits));
        let exact = -libm::expm1(bits as f64 * libm::log1p(-(p as f64) / PARTS));
        let bound = if exact < 1e-3 { 2f64.powi(-62) } else { 2f64.powi(-58) };
        // The last term is the floating point reference's own.
        let bound = bound + exact * (1e-11 + 1e-8 * (1e-15 * PARTS / p as f64).min(1e-3)) + exact * 4e-16;
        prop_assert!((got - exact).abs() <= bound, "p {} bits {}: {} for {}", p, bits, got, exact);
    }

    #[test]
    fn decay_is_exact(whole in 0u32..70, part in any::<u64>()) {
        let exponent = u128::from(whole) << PLACES | u128::from(part) << (PLACES - 64);
        let got = decayed(exponent).map_or(1.0, |parts| parts as f64 / 2f64.powi(64));
        let exact = -libm::expm1(-(f64::from(whole) + part as f64 / 2f64.powi(64)) * std::f64::consts::LN_2);
        prop_assert!((got - exact).abs() <= 2f64.powi(-52), "{} for {}", got, exact);
    }
}

/// Against numbers computed with 300 bits (mpmath): 2^64 (1 - (1 - p)^n).
#[test]
fn known_losses() {
    for (p, bits, exact) in KNOWN {
        let got = rate(*p)
            .loss(*bits)
            .map_or(0, |chance| u128::from(chance.last()) + 1);
        let error = got.abs_diff(*exact);
        assert!(error <= 24, "p {p} bits {bits}: {got} for {exact}");
    }
}

const KNOWN: &[(u64, u64, u128)] = &[
    (10000, 1, 18446),
    (10000, 512, 9444732),
    (10000, 704, 12986507),
    (10000, 4800, 88544371),
    (10000, 12304, 226968739),
    (10000, 524472, 9674800755),
    (12345, 1, 22772),
    (12345, 512, 11659522),
    (12345, 704, 16031843),
    (12345, 4800, 109308026),
    (12345, 12304, 280192908),
    (12345, 524472, 11943541531),
    (1000000, 1, 1844674),
    (1000000, 512, 944473296),
    (1000000, 704, 1298650782),
    (1000000, 4800, 8854437153),
    (1000000, 12304, 22696873894),
    (1000000, 524472, 967480050411),
    (1000000000, 1, 1844674407),
    (1000000000, 512, 944473272442),
    (1000000000, 704, 1298650737141),
    (1000000000, 4800, 8854435030758),
    (1000000000, 12304, 22696859946315),
    (1000000000, 524472, 967454705464052),
    (1000000000000, 1, 1844674407370),
    (1000000000000, 512, 944449165691428),
    (1000000000000, 704, 1298605136282271),
    (1000000000000, 4800, 8852312872942314),
    (1000000000000, 12304, 22682917649890705),
    (1000000000000, 524472, 942547098658372771),
    (1000000000000000, 1, 1844674407370955),
    (1000000000000000, 512, 920747068213238551),
    (1000000000000000, 704, 1254052900692115844),
    (1000000000000000, 4800, 7032479171909337137),
    (1000000000000000, 12304, 13057385591484906083),
    (1000000000000000, 524472, 18446744073709551615),
    (10000000000000000, 1, 18446744073709551),
    (10000000000000000, 512, 7394519670653726683),
    (10000000000000000, 704, 9326143565646713427),
    (10000000000000000, 4800, 18295296190624750781),
    (10000000000000000, 12304, 18446660957284573557),
    (10000000000000000, 524472, 18446744073709551616),
    (100000000000000000, 1, 184467440737095516),
    (100000000000000000, 512, 18339310664766782454),
    (100000000000000000, 704, 18431145075106846511),
    (100000000000000000, 4800, 18446744073709551615),
    (100000000000000000, 12304, 18446744073709551615),
    (100000000000000000, 524472, 18446744073709551616),
    (2500000000000000000, 1, 4611686018427387904),
    (2500000000000000000, 512, 18446744073709551615),
    (2500000000000000000, 704, 18446744073709551615),
    (2500000000000000000, 4800, 18446744073709551616),
    (2500000000000000000, 12304, 18446744073709551616),
    (2500000000000000000, 524472, 18446744073709551616),
    (5000000000000000000, 1, 9223372036854775808),
    (5000000000000000000, 512, 18446744073709551616),
    (5000000000000000000, 704, 18446744073709551616),
    (5000000000000000000, 4800, 18446744073709551616),
    (5000000000000000000, 12304, 18446744073709551616),
    (5000000000000000000, 524472, 18446744073709551616),
];

#[test]
fn hazards_at_the_ends() {
    assert_eq!(hazard(0), 0);
    // One half is a hazard of 1, but for what 128 bits lose.
    let one = hazard(1 << 127);
    assert!((1u128 << PLACES) - one < 1 << 10, "{one:x}");
    assert_eq!(ErrorRate::new(Probability::ZERO), None);
    assert_eq!(ErrorRate::new(Probability::ONE), None);
    // The longest frame at the highest rate does not overflow.
    assert!(rate(Probability::PARTS / 2)
        .loss(u64::MAX)
        .expect("lost")
        .hits(u64::MAX));
    assert_eq!(rate(Probability::PARTS / 2).loss(0), None);
}

#[test]
fn memo_gives_the_same() {
    let rate = rate(1_000_000_000_000);
    let mut memo = Memo::default();
    for round in 0..3 {
        for bytes in (0..2000).chain([65_559]) {
            let bits = bytes * 8 + round % 2 * 8;
            assert_eq!(memo.loss(&rate, bits), rate.loss(bits));
        }
    }
}

/// 10^7 frames of each of three sizes, at rates where a good part of them is hit and where hardly
/// any is.
#[test]
fn losses_follow_the_frame_size() {
    const N: u64 = 10_000_000;
    let draws: Vec<u64> = {
        let source = Source {
            seed: 11,
            direction: 0,
        };
        (0..N)
            .map(|number| {
                source.draw(
                    Effect::Ber,
                    Subject {
                        number,
                        copy: false,
                    },
                )[0]
            })
            .collect()
    };
    for p in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10] {
        let rate = rate((p * PARTS) as u64);
        for bytes in [64u64 + 24, 576 + 24, 1514 + 24] {
            let chance = rate.loss(bytes * 8).expect("possible");
            let hits = draws.iter().filter(|draw| chance.hits(**draw)).count() as u64;
            let exact = -libm::expm1(bytes as f64 * 8.0 * libm::log1p(-p));
            stats::binomial(N, exact, hits);
        }
    }
}
