// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::plan::{DisciplinePlan, Distribution, Order};

fn parse(line: &str) -> Result<Change> {
    Change::parse(&line.split(' ').map(String::from).collect::<Vec<_>>())
}

/// What a line makes of a direction.
fn applied(line: &str, direction: &DirectionPlan) -> DirectionPlan {
    let mut direction = direction.clone();
    let change = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    change
        .apply(&mut direction)
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    direction
}

fn made(line: &str) -> DirectionPlan {
    applied(line, &DirectionPlan::default())
}

fn line(direction: &DirectionPlan) -> String {
    let words = show(direction).into_iter();
    let words: Vec<String> = words
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    words.join(" ")
}

const LINES: [&str; 15] = [
    "rate 10mbit delay 20ms overhead 10 whole-time 0",
    "loss 1% ber 1e-9 corrupt 0.001 duplicate 0.1%",
    "loss gilbert-elliott p 1% r 20%",
    "loss four-state p13 1% p14 0.1% loss random 5%",
    "loss pattern every 100",
    "loss pattern period 50 frames 7,11 flip 8:100 delay 9:5ms delay 4ms",
    "delay 10ms jitter 2ms distribution pareto-normal correlation 25% order free",
    "delay 10ms reorder every 50 jitter 0",
    "delay 10ms reorder 5% delay-limit packets 100 bytes 64KB",
    "queue codel target 3ms ecn on packets 1000",
    "queue fq-codel quantum 300 flows 64 drop tail time 50ms",
    "queue wfq weights ef:10,af41:5 bytes 64KB",
    "queue wfq match protocol udp destination-port 5060 weight 8 match source 10.0.0.0/24 source-port 7 dscp ef weight 2",
    "queue red min 30KB max 90KB probability 10% weight 7 gentle off",
    "queue pie target 20ms interval 10ms alpha 3 beta 25 ecn on",
];

#[test]
fn what_is_shown_can_be_typed() {
    for first in LINES {
        let wanted = made(first);
        assert_ne!(wanted, DirectionPlan::default(), "{first}");
        assert_eq!(made(&line(&wanted)), wanted, "{first}: {}", line(&wanted));
    }
    assert_eq!(
        made(&line(&DirectionPlan::default())),
        DirectionPlan::default()
    );
}

#[test]
fn equations_are_words_too() {
    assert_eq!(
        made("delay=20ms rate=10mbit loss=1%"),
        made("delay 20ms rate 10mbit loss 1%")
    );
    let change = parse("mtu=9000 cable pulled").unwrap();
    assert_eq!((change.mtu, change.connected), (Some(9000), Some(false)));
    assert!(!change.changes_directions());
    assert_eq!(made("delay_limit packets 5"), made("delay-limit packets 5"));
}

#[test]
fn what_is_not_named_stays() {
    let before = made("delay 10ms jitter 2ms distribution normal order free loss gilbert-elliott p 1% r 20% queue codel target 3ms ecn on");
    let after = applied(
        "jitter 1ms loss gilbert-elliott r 30% queue interval 50ms",
        &before,
    );
    assert_eq!(
        (
            after.jitter.amount,
            after.jitter.distribution,
            after.jitter.order
        ),
        (1_000_000, Distribution::Normal, Order::Free)
    );
    let chain = after.loss.gilbert_elliott.unwrap();
    assert_eq!(
        (chain.p.to_string(), chain.r.to_string()),
        ("0.01".into(), "0.3".into())
    );
    assert_eq!(
        after.queue.discipline,
        DisciplinePlan::Codel {
            target: 3_000_000,
            interval: 50_000_000,
            floor: 1514
        }
    );
    assert!(after.queue.ecn);
    // Another discipline begins with its defaults, and keeps the bounds.
    let other = applied("queue packets 7 queue pie", &after);
    assert_eq!((other.queue.packets, other.queue.ecn), (Some(7), false));
}

#[test]
fn everything_can_be_switched_off() {
    let delay = made("delay 10ms");
    for full in LINES {
        let off = applied(
            "rate none overhead 24 delay 10ms loss none ber 0 corrupt none duplicate 0 jitter none reorder none delay-limit none queue none queue packets 0 bytes none time 0 whole-time 100us",
            &made(full),
        );
        assert_eq!(off, delay, "{full}");
    }
    // And then something else be said.
    assert_eq!(
        applied(
            "loss none loss 1% jitter none jitter 5ms delay-limit none delay-limit packets 5",
            &made(
                "delay 10ms loss gilbert-elliott p 1% jitter 2ms order free delay-limit bytes 1MB"
            ),
        ),
        made("delay 10ms loss 1% jitter 5ms delay-limit packets 5")
    );
    assert_eq!(
        applied("loss pattern none", &made("loss pattern every 7")),
        DirectionPlan::default()
    );
    assert_eq!(
        applied("loss 0", &made("loss gilbert-elliott p 1%")),
        DirectionPlan::default()
    );
}

#[test]
fn a_table_travels_with_the_words() {
    let file = std::env::temp_dir().join(format!("vnet-words-{}.dist", std::process::id()));
    std::fs::write(&file, "-1.0 0 1.5\n").unwrap();
    let words = [
        "delay",
        "5ms",
        "jitter",
        "1ms",
        "table",
        file.to_str().unwrap(),
        "mtu",
        "1400",
    ];
    let change = Change::parse(&words.map(String::from));
    std::fs::remove_file(&file).unwrap();
    let change = change.unwrap();
    assert_eq!(change.words[5], "-8192,0,12288");
    let mut first = DirectionPlan::default();
    change.apply(&mut first).unwrap();
    assert_eq!(first.jitter.table, [-8192, 0, 12288]);
    let mut second = DirectionPlan::default();
    Change::parse(&change.words)
        .unwrap()
        .apply(&mut second)
        .unwrap();
    assert_eq!(first, second);
    // Another distribution takes its place.
    assert!(applied("jitter distribution normal", &first)
        .jitter
        .table
        .is_empty());
}

#[test]
fn mistakes_are_explained() {
    for (line, expected) in [
        ("delya 20ms", "links have no parameter delya; did you mean delay?"),
        ("delay", "delay has no value"),
        ("cable cut", "cable cut: expected plugged or pulled"),
        ("loss", "loss has no value"),
        ("loss gilbert-elliott", "loss gilbert-elliott has no value; expected none, or p, r, h, k, each with its probability"),
        ("queue cake", "queue cake: expected fifo, wfq, drr, red, codel, pie, fq-codel, device, or packets, bytes, time, drop, ecn and parameters"),
        ("jitter distribution gauss", "jitter distribution gauss: expected uniform, normal, pareto, pareto-normal or table"),
        ("queue ecn maybe", "queue ecn maybe: expected on or off"),
        ("delay-limit 5ms", "delay-limit 5ms: expected packets N, bytes SIZE, or none"),
    ] {
        assert_eq!(parse(line).map(drop).unwrap_err().to_string(), expected);
    }
    let start = |line: &str, expected: &str| {
        let error = parse(line).map(drop).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{line}: {error}");
    };
    start("delay 20", "delay 20: `20` has no unit; did you mean 20ms?");
    start("loss 1", "loss 1: `1` could be 1 % or certainty");
    start(
        "ber 0.6",
        "ber 0.6: a bit error rate of `0.6` is not 1e-15 to 0.5",
    );
    start("reorder every 1", "reorder every 1: `1` is below 2");
}

#[test]
fn what_is_given_twice_is_refused() {
    for (line, expected) in [
        (
            "rate 1mbit rate 2mbit",
            "rate is given twice, and can have one value only",
        ),
        (
            "mtu 1400 delay 1ms mtu 1500",
            "mtu is given twice, and can have one value only",
        ),
        (
            "cable pulled cable plugged",
            "cable is given twice, and can have one value only",
        ),
        (
            "whole-time 0 whole_time 1us",
            "whole-time is given twice, and can have one value only",
        ),
        (
            "queue codel queue pie",
            "queue discipline is given twice, and can have one value only",
        ),
        (
            "queue codel target 3ms target 5ms",
            "queue target is given twice, and can have one value only",
        ),
        (
            "queue-packets 5 queue packets 7",
            "queue packets is given twice, and can have one value only",
        ),
        (
            "queue packets 5 queue-packets 7",
            "queue packets is given twice, and can have one value only",
        ),
        (
            "queue target 3ms queue codel",
            "queue codel would undo queue target, which stands before it",
        ),
        (
            "queue wfq match protocol udp protocol tcp weight 2",
            "queue match protocol is given twice in a class, and can have one value only",
        ),
        (
            "loss 1% loss 2%",
            "loss random is given twice, and can have one value only",
        ),
        (
            "loss 1% loss random 2%",
            "loss random is given twice, and can have one value only",
        ),
        (
            "loss 1% loss none",
            "loss none would undo loss random, which stands before it",
        ),
        (
            "loss gilbert-elliott p 1% p 2%",
            "loss gilbert-elliott p is given twice, and can have one value only",
        ),
        (
            "loss pattern period 5 period 7 frames 3",
            "loss pattern period is given twice, and can have one value only",
        ),
        (
            "loss pattern every 5 loss pattern frames 3",
            "loss pattern is given twice, and can have one value only",
        ),
        (
            "reorder every 5 reorder 1%",
            "reorder is given twice, and can have one value only",
        ),
        (
            "delay-limit packets 5 packets 7",
            "delay-limit packets is given twice, and can have one value only",
        ),
        (
            "delay-limit packets 5 delay-limit none",
            "delay-limit none would undo delay-limit packets, which stands before it",
        ),
        (
            "jitter 5ms jitter 6ms",
            "jitter amount is given twice, and can have one value only",
        ),
        (
            "jitter order free jitter none",
            "jitter none would undo jitter order, which stands before it",
        ),
        (
            "jitter 5ms table -1,0,1 distribution normal",
            "jitter table: a table is itself the distribution, and another one is given",
        ),
        (
            "jitter 5ms distribution normal table -1,0,1",
            "jitter table: a table is itself the distribution, and another one is given",
        ),
    ] {
        assert_eq!(
            parse(line).map(drop).unwrap_err().to_string(),
            expected,
            "{line}"
        );
    }
    // What goes together.
    for line in [
        "loss none loss 1%",
        "jitter none jitter 5ms",
        "delay-limit none delay-limit packets 5",
        "loss 1% loss gilbert-elliott p 1%",
        "loss gilbert-elliott none loss 1%",
        "jitter 5ms jitter order free",
        "jitter 5ms distribution table table -1,0,1",
        "queue packets 7 queue pie queue target 5ms",
        "queue wfq match protocol udp weight 2 match protocol tcp weight 3",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn a_frame_has_one_fate() {
    for (line, expected) in [
        (
            "loss pattern frames 7 delay 7:5ms",
            "loss pattern: frame 7 is lost, and another rule says something else of it",
        ),
        (
            "loss pattern frames 8 flip 7:1 frames 7",
            "loss pattern: frame 7 is lost, and another rule says something else of it",
        ),
        (
            "loss pattern delay 7:5ms delay 7:6ms",
            "loss pattern: frame 7 has two delays",
        ),
    ] {
        let error = parse(line).unwrap().apply(&mut DirectionPlan::default());
        assert_eq!(error.unwrap_err().to_string(), expected, "{line}");
    }
    made("loss pattern flip 7:1 flip 7:2 delay 7:5ms frames 8,8");
    for line in [
        "loss pattern every 5 frames 3",
        "loss pattern every 5 delay 3:1ms",
        "loss pattern every 5 every 7",
        "loss pattern frames 3 every 5",
    ] {
        let error = parse(line).map(drop).unwrap_err().to_string();
        assert!(
            error.starts_with("loss pattern every: that is a pattern by itself"),
            "{error}"
        );
    }
    made("loss pattern every 5 delay 4ms");
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (line, expected) in [
        (
            "delay 1ms jitter 2ms",
            "jitter: uniform jitter is above the delay",
        ),
        (
            "reorder 1%",
            "reorder: reorder has nothing to overtake without a delay",
        ),
        (
            "queue target 5ms",
            "queue target: fifo has no such parameter",
        ),
        (
            "queue ecn on",
            "queue ecn: the discipline has nothing to mark with ecn",
        ),
        (
            "queue red",
            "queue min: max must be above min, and min above 0",
        ),
        ("loss gilbert-elliott r 5%", "loss gilbert-elliott needs p"),
        (
            "delay 1ms jitter 1ms distribution table",
            "jitter table: the distribution `table` needs a table",
        ),
    ] {
        let change = parse(line).unwrap();
        let error = change.apply(&mut DirectionPlan::default()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{line}");
    }
}
