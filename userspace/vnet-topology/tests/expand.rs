// SPDX-License-Identifier: GPL-2.0

//! Variables, repetition and templates: the short form compiles to the same plan as the long one.

use vnet_topology::plan::Plan;
use vnet_topology::{compile, compile_with, Options};

fn plan(text: &str) -> Plan {
    compile("lab.yaml", text).unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

fn same(short: &str, long: &str) {
    assert_eq!(plan(short), plan(long));
}

#[test]
fn a_ring_by_repetition() {
    same(
        "
vars: {n: 4, rate: 10mbit}
nodes:
  r${i}: {for: {i: '1..${n}'}, kind: router}
links:
  - {for: {i: '1..${n}'}, ends: ['r${i}', 'r${i % n + 1}'], rate: '${rate}'}
",
        "
nodes: {r1: router, r2: router, r3: router, r4: router}
links:
  - {ends: [r1, r2], rate: 10mbit}
  - {ends: [r2, r3], rate: 10mbit}
  - {ends: [r3, r4], rate: 10mbit}
  - {ends: [r4, r1], rate: 10mbit}
",
    );
}

#[test]
fn a_mesh_has_an_inner_range_that_depends_on_the_outer() {
    same(
        "
nodes:
  r${i}: {for: {i: 1..3}, kind: router}
links:
  - {for: {i: 1..3, j: '${i+1}..3'}, ends: ['r${i}', 'r${j}']}
",
        "
nodes: {r1: router, r2: router, r3: router}
links: [[r1, r2], [r1, r3], [r2, r3]]
",
    );
}

#[test]
fn lists_and_templates() {
    same(
        "
templates:
  node:
    base: {labels: {made: by hand}, cpu: 0.5}
    site: {kind: router, routing: ospf, labels: {site: x}}
  link:
    dsl: {rate: 16mbit, backward: {rate: 1mbit}}
nodes:
  core: router
  ${city}: {for: {city: [graz, linz]}, template: [base, site], labels: {city: '${city}', site: y}}
links:
  - {for: {city: [graz, linz]}, template: dsl, ends: [core, '${city}'], delay: 3ms}
",
        "
nodes:
  core: router
  graz: {kind: router, routing: ospf, cpu: 0.5, labels: {made: by hand, site: y, city: graz}}
  linz: {kind: router, routing: ospf, cpu: 0.5, labels: {made: by hand, site: y, city: linz}}
links:
  - {ends: [core, graz], rate: 16mbit, backward: {rate: 1mbit}, delay: 3ms}
  - {ends: [core, linz], rate: 16mbit, backward: {rate: 1mbit}, delay: 3ms}
",
    );
}

#[test]
fn shell_variables_stay() {
    let plan =
        plan("vars: {x: 1}\nnodes: {a: {commands: ['echo ${x} ${HOME} $${x} ${PATH:-y}']}}\n");
    assert_eq!(
        plan.nodes[0].commands[0].argv[2],
        "echo 1 ${HOME} ${x} ${PATH:-y}"
    );
}

#[test]
fn the_caller_sets_variables() {
    let text = "vars: {n: 2, m: '${n}'}\nnodes: {'r${i}': {for: {i: '1..${m}'}}}\n";
    let with = |name: &str, value: &str| {
        let options = Options {
            vars: [(name.to_owned(), value.to_owned())].into(),
            ..Options::default()
        };
        compile_with("x.yaml", text, &options)
    };
    assert_eq!(plan(text).nodes.len(), 2);
    assert_eq!(with("n", "5").unwrap().plan.nodes.len(), 5);
    insta::assert_snapshot!(with("k", "5").unwrap_err().to_string(), @"the file has no variable `k` to set");
}
