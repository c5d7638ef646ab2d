// SPDX-License-Identifier: GPL-2.0

//! `link show NAME`: everything about a link.

use std::fmt::Write as _;

use vnet_lab::wire::attributes::decode;
use vnet_topology::units::show_time;
use vnet_topology::words;
use vnet_uapi::Stats;

use super::link::{causes_of, rounded_rate, rounded_time, state, DirectionReport, LinkReport};
use crate::error::Result;
use crate::output;

/// Prints links one after the other.
pub fn print(links: &[LinkReport]) -> Result<()> {
    let texts: Vec<String> = links.iter().map(describe).collect();
    output::print(&texts.join("\n"))
}

fn describe(link: &LinkReport) -> String {
    let mut text = String::new();
    let cable = match link.connected {
        true => "plugged",
        false => "pulled",
    };
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "link {}  id {}  mtu {}  seed {}  cable {cable}",
        link.name, link.id, link.mtu, link.seed
    );
    for direction in &link.directions {
        let (from, to) = (&direction.from, &direction.to);
        let _ = writeln!(text, "{from} -> {to}  {}", state(link, direction));
        for (name, value) in words::show(&decode(&direction.configured)) {
            let _ = writeln!(text, "    {name:<12}{value}");
        }
        text.push_str(&measured(direction));
        text.push_str(&counters(&direction.counters));
    }
    text
}

fn measured(direction: &DirectionReport) -> String {
    let measured = &direction.measured;
    let used = match measured.utilisation {
        Some(part) => format!("  {:.1}% of the rate", part * 100.0),
        None => String::new(),
    };
    format!(
        "    measured    {} on the wire{used}  {:.0} frames/s over {:.1} s\n",
        rounded_rate(measured.wire_rate),
        measured.frame_rate,
        measured.seconds
    )
}

fn counters(stats: &Stats) -> String {
    let mut text = String::new();
    for (name, frames, bytes) in [
        ("sent", stats.sent_frames, stats.sent_bytes),
        (
            "duplicated",
            stats.duplicated_frames,
            stats.duplicated_bytes,
        ),
        ("delivered", stats.delivered_frames, stats.delivered_bytes),
        ("queued", stats.queued_frames, stats.queued_bytes),
        ("in flight", stats.in_flight_frames, stats.in_flight_bytes),
        ("marked", stats.marked_frames, stats.marked_bytes),
        ("corrupted", stats.corrupted_frames, stats.corrupted_bytes),
        ("reordered", stats.reordered_frames, stats.reordered_bytes),
    ] {
        let (frames, bytes) = (frames.unwrap_or(0), bytes.unwrap_or(0));
        let _ = writeln!(text, "    {name:<12}{frames} frames, {bytes} bytes");
    }
    for (cause, frames, bytes) in causes_of(stats) {
        let _ = writeln!(
            text,
            "    dropped     {cause}: {frames} frames, {bytes} bytes"
        );
    }
    for (name, count) in [
        ("copies-failed", stats.copies_failed),
        ("delays-cut", stats.delays_cut),
    ] {
        if let Some(count) = count.filter(|count| *count > 0) {
            let _ = writeln!(text, "    {name} {count}");
        }
    }
    text.push_str(&lateness(stats));
    text
}

/// How late packets were handed over: mean, largest, and how many in which range.
fn lateness(stats: &Stats) -> String {
    let Some(count) = stats.late_count.filter(|count| *count > 0) else {
        return String::new();
    };
    let mut text = format!(
        "    late        mean {}  max {}\n",
        rounded_time(stats.late_sum.unwrap_or(0) / count),
        rounded_time(stats.late_max.unwrap_or(0))
    );
    let total: u64 = stats
        .late_histogram
        .iter()
        .filter_map(|bucket| bucket.count)
        .sum();
    for bucket in &stats.late_histogram {
        let (from, number) = (bucket.from.unwrap_or(0), bucket.count.unwrap_or(0));
        let below = show_time((from.max(1)).saturating_mul(if from == 0 { 1 } else { 2 }));
        let part = number as f64 * 100.0 / total.max(1) as f64;
        let range = format!("below {below}");
        let _ = writeln!(
            text,
            "                {range:<16}{number:>10}  {part:>5.1}%"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use vnet_uapi::generated::LateBucket;

    #[test]
    fn the_histogram_of_lateness() {
        let bucket = |from, count| LateBucket {
            from: Some(from),
            count: Some(count),
        };
        let stats = Stats {
            late_count: Some(4),
            late_sum: Some(4000),
            late_max: Some(3000),
            late_histogram: vec![bucket(0, 1), bucket(1024, 3)],
            ..Default::default()
        };
        assert_eq!(
            lateness(&stats),
            "    late        mean 1us  max 3us\n                below 1ns                1   25.0%\n                below 2.048us            3   75.0%\n"
        );
        assert_eq!(lateness(&Stats::default()), "");
    }
}
