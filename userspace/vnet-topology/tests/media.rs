// SPDX-License-Identifier: GPL-2.0

//! Broadcast media: from the file to the plan, and what is refused.

use vnet_topology::plan::{MediumPlan, Plan, Probability};

const MS: u64 = 1_000_000;

fn plan(text: &str) -> Plan {
    vnet_topology::compile("t.yaml", text)
        .map_err(|report| panic!("{}", report.render(false, 100)))
        .unwrap()
}

/// What is wrong with a medium `m` of the hosts a to d: the message with its place.
fn problem(medium: &str) -> String {
    let text =
        format!("name: t\nnodes: {{a: host, b: host, c: host, d: host}}\nmedia:\n  m:\n{medium}");
    let report = vnet_topology::compile("t.yaml", &text).unwrap_err();
    report.render(false, 200)
}

fn delays(medium: &MediumPlan) -> Vec<((usize, usize), u64)> {
    let pairs = medium.all_pairs();
    pairs
        .map(|(from, to)| ((from, to), medium.way(from, to).delay / MS))
        .collect()
}

#[test]
fn a_lan_in_one_line() {
    let plan = plan("name: t\nnodes: {a: host, b: host, c: host}\nmedia: {lan: {ports: [a, b, c], rate: 100mbit, delay: 2ms}}");
    assert_eq!((plan.nodes.len(), plan.links.len()), (3, 0));
    let lan = plan.medium("lan").unwrap();
    assert_eq!(lan.ports.len(), 3);
    for port in &lan.ports {
        assert_eq!((port.tx.rate, port.tx.delay), (Some(100_000_000), 0));
        assert_eq!(port.end.interface, "to-lan");
        assert_eq!(port.end.addresses.len(), 2, "one of each family");
    }
    assert_eq!((lan.ways.rate, lan.ways.delay), (None, 2 * MS));
    assert!(lan.pairs.is_empty());
    // One subnet, as on a switch.
    let subnets: std::collections::BTreeSet<_> = lan
        .ports
        .iter()
        .map(|port| port.end.addresses[0].trunc())
        .collect();
    assert_eq!(subnets.len(), 1);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn defaults_of_links_are_not_for_media() {
    let plan = plan("name: t\ndefaults: {link: {rate: 1mbit, delay: 9ms, mtu: 9000}}\nnodes: {a: host, b: host}\nmedia: {m: {ports: [a, b]}}");
    let medium = &plan.media[0];
    assert_eq!(medium.mtu, 1500);
    assert_eq!((medium.ports[0].tx.rate, medium.ways.delay), (None, 0));
}

#[test]
fn pairs_one_way_and_both() {
    let plan = plan(
        "
name: t
nodes: {a: host, b: host, c: host}
media:
  m:
    ports: [a, b, c]
    delay: 1ms
    pairs:
      a -> b: {delay: 2ms}
      b <-> c: {delay: 3ms}
      all -> a: {loss: 10%}
      c -> a: {delay: 4ms}
",
    );
    let medium = &plan.media[0];
    let expected = [
        ((0, 1), 2),
        ((0, 2), 1),
        ((1, 0), 1),
        ((1, 2), 3),
        ((2, 0), 4),
        ((2, 1), 3),
    ];
    assert_eq!(delays(medium), expected);
    let tenth: Probability = "0.1".parse().unwrap();
    for (from, to) in medium.all_pairs() {
        let loss = medium.way(from, to).loss.random;
        assert_eq!(loss == tenth, to == 0, "{from} -> {to}");
    }
    // a -> c is like all others, and needs no entry.
    assert_eq!(medium.pairs.len(), 5);
}

#[test]
fn a_table_of_regions() {
    let plan = plan(
        "
name: t
nodes: {'eu${i}': {for: {i: 1..2}, kind: host}, 'us${i}': {for: {i: 1..2}, kind: host}, sin: host}
media:
  world:
    ports:
      - {for: {i: 1..2}, node: 'eu${i}', group: eu}
      - us1
      - {node: us2, interface: wan, rate: 1mbit}
      - sin
    groups: {us: [us1, 'us2:wan']}
    pairs:
      eu <-> eu: {delay: 5ms}
      us <-> us: {delay: 6ms}
      eu <-> us: {delay: 45ms}
      all <-> sin: {delay: 90ms}
",
    );
    let world = &plan.media[0];
    let of = |from: &str, to: &str| {
        let number = |name: &str| {
            world
                .ports
                .iter()
                .position(|port| port.end.node == name)
                .unwrap()
        };
        world.way(number(from), number(to)).delay / MS
    };
    assert_eq!((of("eu1", "eu2"), of("us2", "us1")), (5, 6));
    assert_eq!((of("eu1", "us2"), of("us1", "eu2")), (45, 45));
    assert_eq!((of("sin", "eu1"), of("us2", "sin")), (90, 90));
    assert_eq!(world.ports[3].tx.rate, Some(1_000_000));
    assert_eq!(world.ports[3].end.interface, "wan");
}

#[test]
fn a_medium_is_a_lan_for_routing() {
    let plan = plan("name: t\nnodes: {h: host, r: router, s: router, x: host}\nlinks: [[h, r], [s, x]]\nmedia: {m: {ports: [r, s], rate: 10mbit}}");
    // Each router leads to what is behind the other one, by its address on the medium.
    let medium = &plan.media[0];
    for (router, peer) in [("r", 1), ("s", 0)] {
        let routes = &plan.node(router).unwrap().routes;
        assert_eq!(routes.len(), 2, "one of each family: {routes:?}");
        for route in routes {
            let mut addresses = medium.ports[peer].end.addresses.iter();
            assert!(
                addresses.any(|net| Some(net.addr()) == route.via),
                "{route:?}"
            );
        }
    }
}

#[test]
fn what_is_refused_has_a_place() {
    for (medium, line, message) in [
        (
            "    ports: [a]",
            "5:",
            "a medium has 2 to 64 ports, this one 1",
        ),
        (
            "    {rate: 1mbit}",
            "4:",
            "a medium has 2 to 64 ports, this one 0",
        ),
        ("    ports: [a, e]", "5:16", "there is no node `e`"),
        (
            "    ports: [{node: a, delay: 1ms}, b]",
            "5:30",
            "`delay` belongs to pairs, not to a port",
        ),
        (
            "    ports: [a, b]\n    pairs: {a -> b: {rate: 1mbit}}",
            "6:28",
            "`rate` belongs to a port, not to a pair",
        ),
        (
            "    ports: [a, b]\n    pairs: {a b: {loss: 1%}}",
            "6:13",
            "`a b` is no pair",
        ),
        (
            "    ports: [a, b]\n    pairs: {a -> c: {loss: 1%}}",
            "6:13",
            "`c` is no port or group of `m`",
        ),
        (
            "    ports: [a, b]\n    pairs: {a -> a: {loss: 1%}}",
            "6:13",
            "no two ports make this pair",
        ),
        (
            "    ports: [a, b]\n    groups: {east: [a, c]}",
            "6:24",
            "`c` is no port or group of `m`",
        ),
        (
            "    ports: [a, b]\n    groups: {all: [a]}",
            "6:14",
            "a group cannot be called `all`",
        ),
        (
            "    ports: [a, b]\n    ber: 1e-17",
            "6:10",
            "is not 1e-15 to 0.5",
        ),
        (
            "    ports: [a, b]\n    rate: 1mbit\n    queue: {discipline: device}",
            "7:",
            "`queue discipline`: `device` is nothing for a port of a medium",
        ),
        (
            "    ports: [a, b]\n    latency: 1ms",
            "6:5",
            "unknown key `latency` in a medium",
        ),
        (
            "    ports: [a, b]\n  m2: {ports: [a, b]}\nlinks: [[c, m2]]",
            "7:",
            "`m2` is a medium, not a node",
        ),
        (
            "    ports: [a, b]\n  d: {ports: [a, b]}",
            "6:3",
            "there is a node `d`, too",
        ),
    ] {
        let text = problem(medium);
        assert!(text.contains(message), "{medium}:\n{text}");
        assert!(
            text.contains(&format!("t.yaml:{line}")),
            "{medium}: {line}\n{text}"
        );
    }
}
