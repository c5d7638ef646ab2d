// SPDX-License-Identifier: GPL-2.0

//! What differs between two plans.

use vnet_topology::diff::Change;
use vnet_topology::plan::Plan;
use vnet_topology::{compile, diff};

const BEFORE: &str = "
nodes:
  pc: host
  r1: {kind: router, files: {/etc/motd: hello}, daemons: [sleep 9], labels: {site: a}}
  r2: router
  old: host
links:
  - {ends: [pc, r1], rate: 10mbit, delay: 2ms}
  - {ends: [r1, r2], queue: 100 packets}
  - [old, r2]
";

fn plan(text: &str) -> Plan {
    compile("lab.yaml", text).unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

fn shown(edits: &[(&str, &str)]) -> String {
    let mut text = BEFORE.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    diff(&plan(BEFORE), &plan(&text)).to_string()
}

#[test]
fn nothing() {
    insta::assert_snapshot!(shown(&[]), @"no changes");
}

#[test]
fn the_order_of_the_file_is_nothing() {
    insta::assert_snapshot!(shown(&[("  pc: host\n", ""), ("  old: host\n", "  old: host\n  pc: host\n")]), @"no changes");
}

#[test]
fn parameters_of_a_link() {
    insta::assert_snapshot!(
        shown(&[("delay: 2ms", "backward: {delay: 20ms}, mtu: 9000"), ("10mbit", "1.5mbit"), ("100 packets", "64KB")]),
        @r#"
    ~ link pc-r1
        forward rate: 10mbit -> 1.5mbit
        forward delay: 2ms -> 0
        backward rate: 10mbit -> 1.5mbit
        backward delay: 2ms -> 20ms
        mtu: 1500 -> 9000
    ~ link r1-r2
        forward queue packets: 100 -> -
        forward queue bytes: - -> 64KB
        backward queue packets: 100 -> -
        backward queue bytes: - -> 64KB
    0 to add, 2 to change, 0 to remove
    "#
    );
}

#[test]
fn a_node_and_its_link() {
    insta::assert_snapshot!(shown(&[("  old: host\n", ""), ("  - [old, r2]\n", "")]), @r#"
    - node old
    ~ node r1
        routes 10.95.46.0/24: via 10.163.36.2 -> -
        routes fd4c:c96b:3dd2:5f2e::/64: via fd4c:c96b:3dd2:a324::2 -> -
    - link old-r2
    0 to add, 1 to change, 2 to remove
    "#);
    insta::assert_snapshot!(shown(&[("  old: host\n", "  old: host\n  new: host\n"), ("  - [old, r2]\n", "  - [old, r2]\n  - [new, r1]\n")]), @r#"
    + node new
    ~ node r2
        routes 10.85.144.0/24: - -> via 10.163.36.1
        routes fd4c:c96b:3dd2:5590::/64: - -> via fd4c:c96b:3dd2:a324::1
    + link new-r1
    2 to add, 1 to change, 0 to remove
    "#);
}

#[test]
fn addresses() {
    insta::assert_snapshot!(shown(&[("[pc, r1]", "[{node: pc, addresses: 192.168.1.1/24}, r1]")]), @r#"
    ~ node pc
        routes 0.0.0.0/0: via 10.93.27.2 -> via 192.168.1.2
        routes ::/0: via fd4c:c96b:3dd2:5d1b::2 -> -
    ~ node r2
        routes 10.93.27.0/24: via 10.163.36.1 -> -
        routes 192.168.1.0/24: - -> via 10.163.36.1
        routes fd4c:c96b:3dd2:5d1b::/64: via fd4c:c96b:3dd2:a324::1 -> -
    ~ link pc-r1
        - ends pc addresses 10.93.27.1/24
        - ends pc addresses fd4c:c96b:3dd2:5d1b::1/64
        + ends pc addresses 192.168.1.1/24
        - ends r1 addresses 10.93.27.2/24
        - ends r1 addresses fd4c:c96b:3dd2:5d1b::2/64
        + ends r1 addresses 192.168.1.2/24
    0 to add, 3 to change, 0 to remove
    "#);
}

#[test]
fn files_daemons_labels_limits() {
    insta::assert_snapshot!(
        shown(&[("hello", "welcome"), ("[sleep 9]", "[sleep 10, cat]"), ("{site: a}", "{rack: b}, cpu: 50%, memory: 1GiB")]),
        @r#"
    ~ node r1
        ~ files /etc/motd
        + daemons cat
        ~ daemons sleep
        labels rack: - -> b
        labels site: a -> -
        limits cpu: - -> 0.5
        limits memory: - -> 1GiB
    0 to add, 1 to change, 0 to remove
    "#
    );
}

#[test]
fn secrets_are_not_shown() {
    let lab = |key: &str, file: &str, window: u32| {
        plan(&format!(
            "nodes: {{a: {{kind: host, files: {{/key: {{mode: \"0600\", content: {file}}}}}}}, b: host}}\n\
             links: [[a, b]]\n\
             chains:\n  a:\n    blocks: {{c: {{type: crypt, key: \"0x{key}\", window: {window}}}}}\n"
        ))
    };
    let (one, two) = ("11".repeat(16), "22".repeat(16));
    let before = lab(&one, "first", 64);
    for after in [
        lab(&two, "second", 64),
        lab(&one, "first", 128),
        plan("nodes: {a: host, b: host}\nlinks: [[a, b]]\n"),
    ] {
        let found = diff(&before, &after);
        let all = format!("{found}{}", serde_json::to_string(&found).unwrap());
        for hidden in [&one, &two, "first", "second"] {
            assert!(!all.contains(hidden), "{all}");
        }
    }
    insta::assert_snapshot!(diff(&before, &lab(&two, "second", 64)), @"
    ~ node a
        ~ files /key
        chains blocks c key: (secret) -> (another secret)
    0 to add, 1 to change, 0 to remove
    ");
    insta::assert_snapshot!(diff(&before, &lab(&one, "first", 128)), @"
    ~ node a
        chains blocks c window: 64 -> 128
    0 to add, 1 to change, 0 to remove
    ");
    let changed = serde_json::to_string(&diff(&before, &lab(&two, "second", 64))).unwrap();
    assert_eq!(changed.matches("(another secret)").count(), 2, "{changed}");
    assert!(before.nodes.iter().any(|node| node.is_private()));
}

#[test]
fn another_kind_of_node_takes_its_links_along() {
    let after = plan(&BEFORE.replace("r2: router", "r2: switch"));
    let diff = diff(&plan(BEFORE), &after);
    assert!(matches!(diff.nodes["r2"], Change::Replaced { .. }));
    assert!(matches!(diff.links["r1-r2"], Change::Replaced { .. }));
    assert!(matches!(diff.links["old-r2"], Change::Replaced { .. }));
    assert!(!diff.links.contains_key("pc-r1"));
}

#[test]
fn an_end_that_moves_replaces_the_link() {
    let before = plan("nodes: {a: host, b: host, c: host}\nlinks: [{name: x, ends: [a, b]}]\n");
    let after = plan("nodes: {a: host, b: host, c: host}\nlinks: [{name: x, ends: [a, c]}]\n");
    let diff = diff(&before, &after);
    assert!(
        matches!(&diff.links["x"], Change::Replaced { fields } if fields[0].path == ["ends", "1", "node"]
        || fields.iter().any(|field| field.path == ["ends", "1", "node"]))
    );
}

#[test]
fn json() {
    let after = plan(&BEFORE.replace("delay: 2ms", "delay: 3ms"));
    let diff = diff(&plan(BEFORE), &after);
    insta::assert_snapshot!(serde_json::to_string(&diff).unwrap(), @r#"{"nodes":{},"links":{"pc-r1":{"action":"changed","fields":[{"path":["forward","delay"],"from":2000000,"to":3000000},{"path":["backward","delay"],"from":2000000,"to":3000000}]}}}"#);
}
