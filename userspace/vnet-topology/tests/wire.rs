// SPDX-License-Identifier: GPL-2.0

//! Parameters of links: what is written, where, and what becomes of it.

use vnet_topology::plan::{
    ClassPlan, DelayLimitPlan, DirectionPlan, DisciplinePlan, Distribution, DropFrom,
    FourStatePlan, GilbertElliottPlan, JitterPlan, LossPlan, Order, PatternPlan, Plan, Probability,
    ReorderPlan, RuleAction, RulePlan,
};
use vnet_topology::{compile, diff};

fn plan(link: &str) -> Plan {
    let text = format!("nodes: {{a: host, b: host}}\nlinks: [{{ends: [a, b], {link}}}]\n");
    compile("t.yaml", &text).unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

/// The forward direction of a link with these parameters.
fn direction(link: &str) -> DirectionPlan {
    let plan = plan(link);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    plan.links[0].directions[0].clone()
}

fn probability(text: &str) -> Probability {
    text.parse().unwrap()
}

fn drops(frames: &[u64]) -> Vec<RulePlan> {
    frames.iter().map(|frame| RulePlan::drop(*frame)).collect()
}

#[test]
fn probabilities_are_exact() {
    let wire =
        direction("ber: 1e-15, duplicate: 0.1%, corrupt: 0.0001, loss: 33.3333333333333333%");
    assert_eq!(wire.ber.parts(), 10_000);
    assert_eq!(wire.duplicate, probability("0.001"));
    assert_eq!(wire.corrupt, probability("0.01%"));
    assert_eq!(wire.loss.random.parts(), 3_333_333_333_333_333_330);
    let json = serde_json::to_string(&wire).unwrap();
    assert!(json.contains(r#""ber":"1e-15""#), "{json}");
}

#[test]
fn all_kinds_of_loss() {
    let expected = LossPlan {
        random: probability("1%"),
        gilbert_elliott: Some(GilbertElliottPlan::new(
            probability("1%"),
            Some(probability("20%")),
            None,
            Some(probability("99%")),
        )),
        four_state: Some(FourStatePlan::new(probability("5%"), [None; 4])),
        pattern: Some(PatternPlan::every(100)),
    };
    let parts =
        "gilbert-elliott: {p: 1%, r: 20%, k: 99%}, four-state: {p13: 5%}, pattern: {every: 100}";
    assert_eq!(
        direction(&format!("loss: {{random: 1%, {parts}}}")).loss,
        expected
    );
    assert_eq!(
        direction(&format!("loss: [1%, {{{parts}}}]")).loss,
        expected
    );
    let chain = expected.gilbert_elliott.unwrap();
    assert_eq!((chain.h, chain.k), (Probability::ZERO, probability("0.99")));
    assert_eq!(expected.four_state.unwrap().p31, probability("95%"));
}

#[test]
fn patterns() {
    let pattern = |text: &str| {
        direction(&format!("delay: 1ms, loss: {{pattern: {text}}}"))
            .loss
            .pattern
            .unwrap()
    };
    assert_eq!(pattern("{frames: [9, 7, 9]}").rules, drops(&[7, 9]));
    assert_eq!(pattern("{frames: 7, period: 10}").period, 10);
    let rules = pattern(
        "{period: 50, rules: [{frame: 9, delay: 5ms}, {frame: 7, drop}, {frame: 9, flip: 100}]}",
    );
    assert_eq!(
        rules.rules,
        [
            RulePlan::drop(7),
            RulePlan {
                frame: 9,
                action: RuleAction::Delay(5_000_000)
            },
            RulePlan {
                frame: 9,
                action: RuleAction::Flip(100)
            },
        ]
    );
}

#[test]
fn jitter_and_reordering() {
    let wire = direction(
        "delay: 10ms, jitter: {amount: 2ms, distribution: pareto-normal, correlation: 25%, order: free}, reorder: 5%",
    );
    assert_eq!(
        wire.jitter,
        JitterPlan {
            amount: 2_000_000,
            distribution: Distribution::ParetoNormal,
            correlation: probability("0.25"),
            order: Order::Free,
            table: Vec::new(),
        }
    );
    assert_eq!(wire.reorder, Some(ReorderPlan::Random(probability("5%"))));
    let wire = direction("delay: 10ms, jitter: 2ms, reorder: {every: 7}");
    assert_eq!(
        (wire.jitter.amount, wire.jitter.order),
        (2_000_000, Order::Keep)
    );
    assert_eq!(wire.reorder, Some(ReorderPlan::Every(7)));
    assert_eq!(
        direction("reorder: 0, jitter: 0, loss: none"),
        DirectionPlan::default()
    );
}

#[test]
fn a_table_is_read_from_beside_the_topology() {
    let directory = std::env::temp_dir().join(format!("vnet-table-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("half.dist"), "# mine\n-4096 0\n4096\n").unwrap();
    let text = "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], delay: 5ms, jitter: {amount: 1ms, table: half.dist}}]\n";
    let source = directory.join("t.yaml");
    let plan = compile(source.to_str().unwrap(), text);
    std::fs::remove_dir_all(&directory).unwrap();
    let jitter = plan.unwrap().links[0].directions[0].jitter.clone();
    assert_eq!(jitter.distribution, Distribution::Table);
    assert_eq!(jitter.table, [-4096, 0, 4096]);
}

#[test]
fn queues() {
    let queue = direction("queue: {discipline: {codel: {target: 3ms}}, ecn: true, drop: head, limit: [1000 packets, 1MB]}").queue;
    assert_eq!(
        queue.discipline,
        DisciplinePlan::Codel {
            target: 3_000_000,
            interval: 100_000_000,
            floor: 1514
        }
    );
    assert_eq!((queue.ecn, queue.drop), (true, Some(DropFrom::Head)));
    assert_eq!(
        (queue.packets, queue.bytes, queue.time),
        (Some(1000), Some(1_000_000), None)
    );
    let queue =
        direction("queue: {discipline: wfq, flows: 16, weights: {af41: 5, EF: 10, 0: 2}}").queue;
    let class = |dscp, weight| ClassPlan { dscp, weight };
    assert_eq!(
        queue.discipline,
        DisciplinePlan::Wfq {
            flows: 16,
            weights: vec![class(0, 2), class(34, 5), class(46, 10)],
            matches: Vec::new(),
        }
    );
    for name in ["drr", "pie", "fq-codel", "device", "fifo"] {
        let queue = direction(&format!("queue: {{discipline: {name}}}")).queue;
        assert_eq!(Some(queue.discipline), DisciplinePlan::named(name));
    }
    let queue = direction(
        "queue: {discipline: {red: {min: 30KB, max: 90KB, probability: 10%, gentle: false}}}",
    )
    .queue;
    assert_eq!(
        queue.discipline,
        DisciplinePlan::Red {
            min: 30_000,
            max: 90_000,
            probability: probability("0.1"),
            weight: 9,
            gentle: false
        }
    );
}

#[test]
fn the_delay_line() {
    let limit = |text: &str| direction(&format!("delay_limit: {text}")).delay_limit;
    let expected = DelayLimitPlan {
        packets: Some(10),
        bytes: Some(64_000),
    };
    assert_eq!(limit("[10 packets, 64KB]"), expected);
    assert_eq!(limit("{packets: 10, bytes: 64KB}"), expected);
    assert_eq!(direction("whole_time: 0").whole_time, 0);
}

#[test]
fn the_more_specific_place_wins_part_by_part() {
    let text = "
defaults:
  link:
    delay: 10ms
    jitter: {amount: 1ms, distribution: normal}
    loss: {random: 1%, gilbert-elliott: {p: 1%}}
    queue: {discipline: codel, ecn: true, limit: 50 packets}
nodes: {a: host, b: host}
links:
  - ends: [a, b]
    jitter: {order: free}
    loss: {gilbert-elliott: none}
    forward: {queue: {limit: 1MB}, loss: 5%}
    backward: {queue: {discipline: pie}, jitter: 3ms}
";
    let plan = compile("t.yaml", text).unwrap();
    let [forward, backward] = &plan.links[0].directions;
    assert_eq!(
        (
            forward.jitter.amount,
            forward.jitter.distribution,
            forward.jitter.order
        ),
        (1_000_000, Distribution::Normal, Order::Free)
    );
    assert_eq!(
        (
            backward.jitter.amount,
            backward.jitter.distribution,
            backward.jitter.order
        ),
        (3_000_000, Distribution::Uniform, Order::Keep)
    );
    assert_eq!(
        (forward.loss.random, forward.loss.gilbert_elliott),
        (probability("5%"), None)
    );
    assert_eq!(
        (backward.loss.random, backward.loss.gilbert_elliott),
        (probability("1%"), None)
    );
    // Another bound, the same discipline; another discipline without what belonged to the first one, the same bound.
    assert_eq!(
        (
            forward.queue.packets,
            forward.queue.bytes,
            forward.queue.ecn
        ),
        (None, Some(1_000_000), true)
    );
    assert_eq!(forward.queue.discipline.name(), "codel");
    assert_eq!(
        (backward.queue.packets, backward.queue.ecn),
        (Some(50), false)
    );
    assert_eq!(backward.queue.discipline.name(), "pie");
}

#[test]
fn each_parameter_changes_alone() {
    let base = "delay: 10ms, loss: {gilbert-elliott: {p: 1%, r: 20%}}, queue: {discipline: {fq-codel: {target: 5ms}}}";
    let changed = |from: &str, to: &str| {
        assert!(base.contains(from));
        let changes = diff::direction(&direction(base), &direction(&base.replace(from, to)));
        changes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert_eq!(
        changed("r: 20%", "r: 30%"),
        "loss gilbert-elliott r: 0.2 -> 0.3"
    );
    assert_eq!(
        changed("target: 5ms", "target: 7ms"),
        "queue target: 5ms -> 7ms"
    );
    assert_eq!(
        changed("delay: 10ms", "delay: 10ms, ber: 1e-9"),
        "ber: 0 -> 1e-9"
    );
    assert_eq!(
        changed(
            "delay: 10ms",
            "delay: 10ms, jitter: {amount: 1ms, order: free}"
        ),
        "jitter amount: 0 -> 1ms; jitter order: keep -> free"
    );
    assert_eq!(
        changed("delay: 10ms", "delay: 10ms, reorder: 1%"),
        "reorder: - -> random 0.01"
    );
    assert_eq!(
        changed("delay: 10ms", "delay: 10ms, delay_limit: 64KB"),
        "delay_limit bytes: - -> 64KB"
    );
    assert_eq!(
        changed(
            "loss: {gilbert-elliott: {p: 1%, r: 20%}}",
            "loss: {pattern: {every: 7}}"
        ),
        "loss gilbert-elliott: h 0 k 1 p 0.01 r 0.2 -> -; loss pattern: - -> period 7 1 rules"
    );
    assert_eq!(
        changed("discipline: {fq-codel: {target: 5ms}}", "discipline: pie"),
        "queue discipline: fq-codel floor 1514B flows 1024 interval 100ms quantum 1538B target 5ms -> pie alpha 2 beta 20 interval 15ms target 15ms"
    );
    let weights =
        |text: &str| direction(&format!("queue: {{discipline: wfq, weights: {{{text}}}}}"));
    let changes = diff::direction(&weights("ef: 10, af41: 5"), &weights("ef: 11, be: 2"));
    let text: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "queue weights af41: 5 -> -",
            "queue weights cs0: - -> 2",
            "queue weights ef: 10 -> 11"
        ]
    );
}

#[test]
fn seeds_are_functions_of_the_topology_and_the_name() {
    let seeds = |head: &str, link: &str| {
        let text = format!("{head}\nnodes: {{a: host, b: host, c: host}}\nlinks: [{{ends: [a, b]{link}}}, [b, c]]\n");
        let plan = compile("t.yaml", &text).unwrap();
        [plan.links[0].seed, plan.links[1].seed]
    };
    let [first, second] = seeds("", "");
    assert_ne!(first, second);
    assert_eq!(seeds("seed: 1", ""), [first, second]);
    assert_eq!(seeds("", ", seed: 7"), [7, second]);
    assert_ne!(seeds("seed: 2", "")[0], first);
    assert_ne!(seeds("", ", name: other")[0], first);
}
