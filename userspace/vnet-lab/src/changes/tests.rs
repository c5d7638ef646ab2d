// SPDX-License-Identifier: GPL-2.0

//! From one plan to another: what is to be done, in words.

use super::*;

const BASE: &str = "
name: t
nodes: {a: host, b: router, c: host}
links:
  - {ends: [a, b], rate: 10mbit, delay: 1ms}
  - [b, c]
";

fn plan(text: &str) -> Plan {
    vnet_topology::compile("t.yaml", text)
        .map_err(|report| report.render(false, 100))
        .unwrap()
}

fn all(plan: &Plan) -> Facts {
    Facts {
        nodes: plan.nodes.iter().map(|node| node.name.clone()).collect(),
        links: plan.links.iter().map(|link| link.name.clone()).collect(),
        media: plan
            .media
            .iter()
            .map(|medium| medium.name.clone())
            .collect(),
        ..Facts::default()
    }
}

fn words(old: &Plan, new: &Plan, facts: &Facts) -> Vec<String> {
    let list = Changes::between(Some(old), new, facts).operations();
    list.iter()
        .map(|operation| {
            let Operation {
                action,
                kind,
                name,
                details,
            } = operation;
            let details: Vec<String> = details.iter().map(ToString::to_string).collect();
            format!("{action:?} {kind} {name} {}", details.join("; "))
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[test]
fn nothing_changes_when_nothing_differs() {
    let base = plan(BASE);
    assert!(Changes::between(Some(&base), &base, &all(&base)).is_empty());
}

#[test]
fn parameters_change_in_place() {
    let base = plan(BASE);
    let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms, mtu: 9000"));
    assert_eq!(
        words(&base, &new, &all(&base)),
        ["Change link a-b mtu: 1500 -> 9000; delay: 1ms -> 2ms"]
    );
}

#[test]
fn each_parameter_is_told() {
    let base = plan(BASE);
    let new = plan(&BASE.replace(
        "delay: 1ms",
        "delay: 1ms, backward: {loss: 1%, queue: {discipline: codel}}",
    ));
    assert_eq!(
        words(&base, &new, &all(&base)),
        ["Change link a-b from b: queue discipline: fifo -> codel floor 1514B interval 100ms target 5ms; from b: loss random: 0 -> 0.01"]
    );
}

const AIR: &str = "
name: t
nodes: {a: host, b: host, c: host}
media:
  radio: {ports: [a, b, c], rate: 2mbit, delay: 1ms, pairs: {a -> c: {delay: 5ms}}}
";

#[test]
fn a_matrix_changes_in_place() {
    let base = plan(AIR);
    assert!(Changes::between(Some(&base), &base, &all(&base)).is_empty());
    let new = plan(&AIR.replace("delay: 5ms", "delay: 6ms, loss: 1%"));
    assert_eq!(
        words(&base, &new, &all(&base)),
        ["Change medium radio a -> c: delay: 5ms -> 6ms; a -> c: loss random: 0 -> 0.01"]
    );
    let new = plan(&AIR.replace("rate: 2mbit", "rate: 4mbit, loss: 1%"));
    assert_eq!(
        words(&base, &new, &all(&base)),
        ["Change medium radio rate: 2mbit -> 4mbit; loss random: 0 -> 0.01"]
    );
}

#[test]
fn a_medium_with_other_ports_is_made_anew() {
    let base = plan(AIR);
    let new = plan(&AIR.replace("rate: 2mbit", "rate: 2mbit, seed: 5"));
    let list = words(&base, &new, &all(&base));
    assert!(
        list[0].starts_with("Replace medium radio seed: "),
        "{list:?}"
    );
    let mut facts = all(&base);
    facts.media.clear();
    assert_eq!(words(&base, &base, &facts)[0], "Replace medium radio");
    let without = plan("name: t\nnodes: {a: host, b: host, c: host}\n");
    let list = words(&base, &without, &all(&base));
    assert!(list.contains(&"Remove medium radio".to_owned()), "{list:?}");
}

#[test]
fn addresses_and_routes_are_told() {
    let text = "
name: t
nodes:
  a: {kind: host, interfaces: {d0: 10.9.0.1/32}}
  b: {kind: router, routes: [10.8.0.0/16 via 10.0.0.1]}
links:
  - {ends: [{node: a, addresses: 10.0.0.1/24}, {node: b, addresses: 10.0.0.2/24}]}
";
    let base = plan(text);
    let new = plan(
        &text
            .replace(
                "10.9.0.1/32",
                "{addresses: [10.9.0.1/32, 10.9.0.2/32], mtu: 1400}",
            )
            .replace("10.0.0.2/24", "10.0.0.3/24")
            .replace("10.8.0.0/16 via", "10.7.0.0/16 via"),
    );
    assert_eq!(
        words(&base, &new, &all(&base)),
        [
            "Change node a d0 addresses: 10.9.0.1/32 -> 10.9.0.1/32, 10.9.0.2/32; \
             d0 mtu: none -> 1400; route 0.0.0.0/0: via 10.0.0.2 -> via 10.0.0.3",
            "Change node b to-a addresses: 10.0.0.2/24 -> 10.0.0.3/24; \
             route 10.7.0.0/16: none -> via 10.0.0.1; route 10.8.0.0/16: via 10.0.0.1 -> none",
            "Change hosts /etc/hosts",
        ]
    );
}

#[test]
fn what_is_made_anew_tells_why() {
    let base = plan(BASE);
    let new = plan(&BASE.replace("a: host", "a: {kind: host, env: {LANG: C}}"));
    let list = words(&base, &new, &all(&base));
    assert!(
        list.contains(&"Replace node a env LANG: - -> C".to_owned()),
        "{list:?}"
    );
}

#[test]
fn json_tells_fields() {
    let base = plan(BASE);
    let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms"));
    let list = Changes::between(Some(&base), &new, &all(&base)).operations();
    assert_eq!(
        serde_json::to_value(&list).unwrap(),
        serde_json::json!([{
            "action": "change",
            "kind": "link",
            "name": "a-b",
            "details": [{"field": "delay", "from": "1ms", "to": "2ms"}],
        }])
    );
}

#[test]
fn a_pulled_cable_is_a_difference() {
    let base = plan(BASE);
    let mut facts = all(&base);
    facts.pulled.insert("a-b".into());
    assert_eq!(
        words(&base, &base, &facts),
        ["Change link a-b cable: pulled -> plugged"]
    );
    let new = plan(&BASE.replace("delay: 1ms", "delay: 2ms"));
    assert_eq!(
        words(&base, &new, &facts),
        ["Change link a-b delay: 1ms -> 2ms; cable: pulled -> plugged"]
    );
}

#[test]
fn what_the_kernel_has_lost_is_made_anew() {
    let base = plan(BASE);
    let mut facts = all(&base);
    facts.nodes.remove("a");
    let list = words(&base, &base, &facts);
    assert!(list.contains(&"Replace node a".to_owned()), "{list:?}");
    assert!(list.contains(&"Replace link a-b".to_owned()), "{list:?}");
    assert!(!list.iter().any(|line| line.contains("b-c")), "{list:?}");
}

#[test]
fn nodes_and_links_come_and_go() {
    let base = plan(BASE);
    let new = plan("name: t\nnodes: {a: host, b: router, d: host}\nlinks:\n  - {ends: [a, b], rate: 10mbit, delay: 1ms}\n  - [b, d]\n");
    let list = words(&base, &new, &all(&base));
    for expected in ["Add node d", "Add link b-d", "Remove node c"] {
        assert!(
            list.iter().any(|line| line.starts_with(expected)),
            "{expected}: {list:?}"
        );
    }
    assert!(
        !list.iter().any(|line| line.contains("link a-b")),
        "{list:?}"
    );
}

#[test]
fn from_nothing_everything_is_added() {
    let base = plan(BASE);
    let changes = Changes::between(None, &base, &Facts::default());
    assert_eq!((changes.add_nodes.len(), changes.add_links.len()), (3, 2));
    assert!(changes.change_nodes.is_empty());
}
