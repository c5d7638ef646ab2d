// SPDX-License-Identifier: GPL-2.0

//! Jitter: distributions in 10^7 draws each, moments, and correlation.

mod common;

use common::stats;
use vnet_model::{
    jitter::{JitterState, PreparedJitter},
    Distribution, Effect, Jitter, Order, Probability, Source, Subject,
};

const AMOUNT: u64 = 1_000_000_000;
/// Of each distribution.
const DRAWS: u64 = 10_000_000;

fn prepared(distribution: Distribution, correlation: f64) -> PreparedJitter {
    Jitter {
        amount: AMOUNT,
        distribution,
        correlation: Probability::new((correlation * 1e19) as u64).expect("below 1"),
        order: Order::Free,
    }
    .prepare()
}

/// Deviations in units of the amount.
fn sample(jitter: &PreparedJitter, n: u64, table: &[i16]) -> Vec<f64> {
    let source = Source {
        seed: 5,
        direction: 0,
    };
    let mut state = JitterState::default();
    (0..n)
        .map(|number| {
            let subject = Subject {
                number,
                copy: false,
            };
            let draw = source.draw(Effect::Jitter, subject)[0];
            state.deviation(jitter, draw, table) as f64 / AMOUNT as f64
        })
        .collect()
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / 2f64.sqrt())
}

const PARETO_DEVIATION: f64 = 0.866_025_403_784_438_6;

fn pareto_cdf(x: f64) -> f64 {
    let value = x * PARETO_DEVIATION + 1.5;
    if value <= 1.0 {
        0.0
    } else {
        1.0 - value.powi(-3)
    }
}

/// Inverts the quantile function, a sum of those of the normal and of the Pareto distribution.
fn pareto_normal_cdf(x: f64) -> f64 {
    let quantile = |z: f64| {
        let tail = 0.5 * libm::erfc(z / 2f64.sqrt());
        let pareto = (tail.powf(-1.0 / 3.0) - 1.5) / PARETO_DEVIATION;
        (0.25 * z + 0.75 * pareto) * 1.066_377_912_146_328_3
    };
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if quantile(middle) < x {
            low = middle;
        } else {
            high = middle;
        }
    }
    normal_cdf(low)
}

/// Even between the quantiles of a table, which ascend.
fn table_cdf(table: &[i16], x: f64) -> f64 {
    let value = x * 8192.0;
    let next = table.partition_point(|entry| f64::from(*entry) <= value);
    if next == 0 || next == table.len() {
        return if next == 0 { 0.0 } else { 1.0 };
    }
    let (from, to) = (f64::from(table[next - 1]), f64::from(table[next]));
    ((next - 1) as f64 + (value - from) / (to - from)) / (table.len() - 1) as f64
}

fn cdf(distribution: Distribution, x: f64) -> f64 {
    match distribution {
        Distribution::Uniform => ((x + 1.0) / 2.0).clamp(0.0, 1.0),
        Distribution::Normal => normal_cdf(x),
        Distribution::Pareto => pareto_cdf(x),
        Distribution::ParetoNormal => pareto_normal_cdf(x),
        Distribution::Table => unreachable!(),
    }
}

const ALL: [Distribution; 4] = [
    Distribution::Uniform,
    Distribution::Normal,
    Distribution::Pareto,
    Distribution::ParetoNormal,
];

/// Draws have the distribution and its mean.
fn is_distributed(distribution: Distribution) {
    let mut values = sample(&prepared(distribution, 0.0), DRAWS, &[]);
    let mean = values.iter().sum::<f64>() / DRAWS as f64;
    let deviation = match distribution {
        Distribution::Uniform => 3f64.sqrt().recip(),
        _ => 1.0,
    };
    stats::mean(DRAWS, 0.0, deviation, mean);
    values.sort_unstable_by(f64::total_cmp);
    stats::distribution(&values, 1e-4, |x| cdf(distribution, x));
}

// Each is a test of its own, so that they run beside each other.

#[test]
fn uniform() {
    is_distributed(Distribution::Uniform);
}

#[test]
fn normal() {
    is_distributed(Distribution::Normal);
}

#[test]
fn pareto() {
    is_distributed(Distribution::Pareto);
}

#[test]
fn pareto_normal() {
    is_distributed(Distribution::ParetoNormal);
}

/// The standard deviation is the amount. That of the Pareto distribution converges too slowly to
/// be seen in a sample (its fourth moment is infinite), so the quantiles are summed instead.
#[test]
fn deviations() {
    for (distribution, exact) in [
        (Distribution::Uniform, 3f64.sqrt().recip()),
        (Distribution::Normal, 1.0),
        (Distribution::Pareto, 1.0),
        (Distribution::ParetoNormal, 1.0),
    ] {
        let jitter = prepared(distribution, 0.0);
        let n = 1_000_000u64;
        // The middle of each of n parts of the draws, and finer parts towards the heavy end.
        let mut sum = 0.0;
        let mut add = |from: f64, width: f64| {
            let draw = ((from + width / 2.0) * 2f64.powi(64)) as u64;
            let value = JitterState::default().deviation(&jitter, draw, &[]) as f64;
            sum += (value / AMOUNT as f64).powi(2) * width;
        };
        for part in 1..n {
            add(part as f64 / n as f64, 1.0 / n as f64);
        }
        let mut width = 1.0 / n as f64;
        for _ in 0..20 {
            for part in 0..1000 {
                add(
                    width / 2.0 * (1.0 + f64::from(part) / 1000.0),
                    width / 2000.0,
                );
            }
            width /= 2.0;
        }
        let deviation = sum.sqrt();
        assert!(
            (deviation / exact - 1.0).abs() < 3e-3,
            "{distribution:?}: {deviation} for {exact}"
        );
    }
}

/// A correlated jitter has the same distribution, and the correlation of its normal process.
#[test]
fn correlation() {
    for distribution in ALL {
        for rho in [0.25, 0.9] {
            println!("{distribution:?} {rho}");
            let n: u64 = 400_000;
            let mut values = sample(&prepared(distribution, rho), n, &[]);
            let mut product = 0.0;
            for pair in values.windows(2) {
                product += pair[0] * pair[1];
            }
            let lag = product / n as f64;
            match distribution {
                Distribution::Normal => assert!((lag - rho).abs() < 0.02, "{lag}"),
                Distribution::Uniform => {
                    // Of the uniform distribution, by the normal process's.
                    let exact = 6.0 / std::f64::consts::PI * (rho / 2.0).asin() / 3.0;
                    assert!((lag - exact).abs() < 0.02, "{lag} for {exact}");
                }
                _ => assert!(lag > rho * 0.5, "{lag}"),
            }
            // Every so many-th value is nearly independent of the last.
            let stride = if rho > 0.5 { 64 } else { 8 };
            values = values.into_iter().step_by(stride).collect();
            values.sort_unstable_by(f64::total_cmp);
            stats::distribution(&values, 2e-4, |x| cdf(distribution, x));
        }
    }
}

#[test]
fn tables_are_interpolated() {
    // From -1 to 1 in steps that grow to both sides, and far out to one.
    let mut table: Vec<i16> = (-16i16..=16).map(|i| i * i.abs() * 32).collect();
    table.push(i16::MAX);
    let mut values = sample(&prepared(Distribution::Table, 0.0), DRAWS, &table);
    values.sort_unstable_by(f64::total_cmp);
    stats::distribution(&values, 0.0, |x| table_cdf(&table, x));
    // One value is a constant, none is no jitter.
    let jitter = prepared(Distribution::Table, 0.0);
    assert!(sample(&jitter, 10, &[8192]).iter().all(|x| *x == 1.0));
    assert!(sample(&jitter, 10, &[]).iter().all(|x| *x == 0.0));
    // The extremes do not overflow.
    let far = Jitter {
        amount: 100_000_000_000,
        distribution: Distribution::Table,
        correlation: Probability::ZERO,
        order: Order::Keep,
    }
    .prepare();
    let at = |draw| JitterState::default().deviation(&far, draw, &[i16::MIN, i16::MAX]);
    assert_eq!(at(u64::MAX), -400_000_000_000);
    assert!((399_000_000_000..400_000_000_000).contains(&at(0)));
}

/// Quantiles fall with the draw, without steps back between the entries of the tables.
#[test]
fn quantiles_are_monotonic() {
    for distribution in ALL {
        let jitter = prepared(distribution, 0.0);
        let mut last = i64::MAX;
        let mut draw: u64 = 0;
        let mut step = 1;
        loop {
            let value = JitterState::default().deviation(&jitter, draw, &[]);
            assert!(value <= last, "{distribution:?} at {draw:x}");
            last = value;
            // Finely at both ends.
            let edge = draw.min(!draw).max(1 << 20);
            step = step.max(1).min(edge >> 6).max(edge >> 14);
            match draw.checked_add(step) {
                Some(next) => draw = next,
                None => break,
            }
        }
    }
}

#[test]
fn uniform_stays_within_its_bounds() {
    let jitter = prepared(Distribution::Uniform, 0.0);
    let at = |draw| JitterState::default().deviation(&jitter, draw, &[]);
    assert_eq!(at(0), AMOUNT as i64);
    assert_eq!(at(u64::MAX), -(AMOUNT as i64));
    assert_eq!(at(1 << 63), 0);
}
