// SPDX-License-Identifier: GPL-2.0

//! Statistical checks, each with a false alarm rate of at most 10^-6 (for a good generator; seeds
//! are fixed, so a check that passes once passes always).

/// ln(2 / 10^-6).
const BUDGET: f64 = 14.51;
/// Standard normal quantile of 1 - 10^-6.
const Z: f64 = 4.76;

/// Relative entropy of two coins.
fn divergence(q: f64, p: f64) -> f64 {
    let term = |q: f64, p: f64| if q == 0.0 { 0.0 } else { q * (q / p).ln() };
    term(q, p) + term(1.0 - q, 1.0 - p)
}

/// `hits` of `n` draws are plausible for the probability `p`: by Chernoff's bound, which holds for
/// any n and p.
#[track_caller]
pub fn binomial(n: u64, p: f64, hits: u64) {
    let q = hits as f64 / n as f64;
    let d = n as f64 * divergence(q, p);
    assert!(
        d < BUDGET,
        "{hits} of {n} for p = {p:e}: {q:e}, divergence {d:.2}"
    );
}

/// Counts are plausible for the expected ones, which are made sure not to be too small.
#[track_caller]
pub fn chi_square(counts: &[u64], expected: &[f64]) {
    assert_eq!(counts.len(), expected.len());
    let mut sum = 0.0;
    let mut freedom = -1.0;
    for (count, expected) in counts.iter().zip(expected) {
        assert!(
            *expected >= 5.0,
            "expected {expected} is too small for the test"
        );
        sum += (*count as f64 - expected).powi(2) / expected;
        freedom += 1.0;
    }
    // Wilson and Hilferty's approximation; both tails.
    let k: f64 = freedom;
    let z = ((sum / k).cbrt() - (1.0 - 2.0 / (9.0 * k))) / (2.0 / (9.0 * k)).sqrt();
    assert!(
        z.abs() < 4.9,
        "chi-square {sum:.1} with {k} degrees, z = {z:.2}"
    );
}

/// A sample, which is sorted, is plausible for a distribution function: Dvoretzky, Kiefer, Wolfowitz
/// and Massart's bound. `slack` is what the sampled distribution may be off.
///
/// Of a large sample the function is computed at the ends of short runs of values. Since it ascends,
/// no value between them is farther off than a whole run's difference of the ends, which is
/// what has to be within the bound: a little more than is asked of the values themselves.
#[track_caller]
pub fn distribution(sorted: &[f64], slack: f64, cdf: impl Fn(f64) -> f64) {
    let n = sorted.len() as f64;
    let bound = (BUDGET / (2.0 * n)).sqrt() + slack;
    let run = (sorted.len() / 200_000).max(1);
    let mut worst: (f64, f64) = (0.0, 0.0);
    for (i, values) in sorted.chunks(run).enumerate() {
        let (first, last) = (values[0], values[values.len() - 1]);
        let begin = (i * run) as f64 / n;
        let end = (i * run + values.len()) as f64 / n;
        for (gap, x) in [(cdf(last) - begin, last), (end - cdf(first), first)] {
            if gap > worst.0 {
                worst = (gap, x);
            }
        }
    }
    assert!(
        worst.0 < bound,
        "distance {:.2e} at {}, bound {bound:.2e}",
        worst.0,
        worst.1
    );
}

/// The mean of n values with the given standard deviation is plausible.
#[track_caller]
pub fn mean(n: u64, expected: f64, deviation: f64, mean: f64) {
    let z = (mean - expected) / (deviation / (n as f64).sqrt());
    assert!(z.abs() < Z + 0.15, "mean {mean} for {expected}, z = {z:.2}");
}

/// Coins are plausible as independent of those `lag` before, for lags 1 to 8.
#[track_caller]
pub fn independent(coins: &[bool]) {
    let n = coins.len() as f64;
    let p = coins.iter().filter(|coin| **coin).count() as f64 / n;
    for lag in 1..=8 {
        let both = coins
            .windows(lag + 1)
            .filter(|window| window[0] && window[lag])
            .count() as f64;
        let m = n - lag as f64;
        let deviation = (m * p * p * (1.0 - p * p)).sqrt();
        let z = (both - m * p * p) / deviation;
        assert!(z.abs() < 5.2, "lag {lag}: z = {z:.2}");
    }
}

/// Lengths of the runs of `value` are plausible as geometric: each further one with probability
/// `stay`.
#[track_caller]
pub fn geometric_runs(coins: &[bool], value: bool, stay: f64) {
    let mut lengths: Vec<u64> = Vec::new();
    let mut total = 0.0;
    for run in coins.chunk_by(|a, b| a == b).filter(|run| run[0] == value) {
        if lengths.len() < run.len() {
            lengths.resize(run.len(), 0);
        }
        lengths[run.len() - 1] += 1;
        total += 1.0;
    }
    // Merge the tail until each bin is expected often enough.
    let (mut counts, mut expected) = (Vec::new(), Vec::new());
    let mut left: f64 = total;
    let mut rest: u64 = lengths.iter().sum();
    for (i, count) in lengths.iter().enumerate() {
        let here = total * stay.powi(i as i32) * (1.0 - stay);
        if here < 5.0 || left - here < 10.0 {
            break;
        }
        counts.push(*count);
        expected.push(here);
        left -= here;
        rest -= count;
    }
    counts.push(rest);
    expected.push(left);
    chi_square(&counts, &expected);
}
