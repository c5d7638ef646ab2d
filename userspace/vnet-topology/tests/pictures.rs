// SPDX-License-Identifier: GPL-2.0

//! Pictures and formats of other tools.

use vnet_topology::generate::{generate, Settings, Shape};
use vnet_topology::plan::Plan;
use vnet_topology::{compile, export, picture};

const SMALL: &str = "
name: small
nodes:
  pc1: {kind: host, position: [0, 0]}
  r1: {kind: router, position: [10, 0], labels: {site: \"<a & b>\"}}
  sw: {kind: switch, position: [10, 10]}
  pc2: {position: [20, 10]}
links:
  - {ends: [pc1, r1], rate: 10mbit, delay: 2ms}
  - {ends: [r1, sw], forward: {delay: 1.23456ms}}
  - {ends: [r1, sw], mtu: 9000}
  - [sw, pc2]
";

fn plan(text: &str) -> Plan {
    compile("small.yaml", text).unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

fn shape(shape: &Shape, hosts: usize) -> Plan {
    let settings = Settings {
        hosts,
        ..Settings::default()
    };
    plan(&generate(shape, &settings).unwrap().to_yaml())
}

#[test]
fn formats() {
    let plan = plan(SMALL);
    insta::assert_snapshot!("dot", export::dot(&plan));
    insta::assert_snapshot!("mermaid", export::mermaid(&plan));
    insta::assert_snapshot!("graphml", export::graphml(&plan));
    insta::assert_snapshot!("clab", export::containerlab(&plan));
}

#[test]
fn a_picture() {
    insta::assert_snapshot!(picture::svg(&plan(SMALL)));
}

#[test]
fn a_page_loads_nothing() {
    let page = picture::html(&plan(SMALL));
    for word in ["src=", "href=", "url(", "@import", "fetch("] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("http").count(), 1, "the name space of SVG");
    assert!(page.contains("\"pc1\":") && !page.contains("@DATA@"));
    // What a label says must not end the script.
    assert!(page.contains("\\u003ca & b>"));
}

/// At no size do symbols, with their names below, cover each other.
#[test]
fn nodes_do_not_cover_each_other() {
    let plans = [
        shape(&Shape::Star { leaves: 4 }, 0),
        shape(
            &Shape::Grid {
                width: 6,
                height: 5,
            },
            0,
        ),
        shape(
            &Shape::Tree {
                depth: 3,
                fanout: 3,
            },
            1,
        ),
        shape(&Shape::Ring { nodes: 30 }, 1),
        shape(
            &Shape::Random {
                nodes: 200,
                degree: 2.2,
            },
            0,
        ),
        shape(
            &Shape::Waxman {
                nodes: 200,
                alpha: 0.2,
                beta: 0.1,
                side: 1000.0,
            },
            0,
        ),
    ];
    for plan in &plans {
        let places = picture::layout(plan);
        assert_eq!(places.len(), plan.nodes.len());
        for (index, a) in places.iter().enumerate() {
            assert!(a.0.is_finite() && a.1.is_finite());
            for b in &places[..index] {
                let apart = (a.0 - b.0).abs() > 32.0 || (a.1 - b.1).abs() > 47.0;
                assert!(apart, "{}: {a:?} {b:?}", plan.lab);
            }
        }
        assert_eq!(places, picture::layout(plan), "not the same again");
    }
}

#[test]
fn places_of_the_file_are_kept() {
    let places = picture::layout(&plan(SMALL));
    let [pc1, r1, sw, pc2] = ["pc1", "r1", "sw", "pc2"].map(|name| {
        let plan = plan(SMALL);
        let index = plan.nodes.iter().position(|node| node.name == name);
        places[index.unwrap()]
    });
    assert!(pc1.0 < r1.0 && (pc1.1 - r1.1).abs() < 1.0);
    assert!(r1.1 < sw.1 && (r1.0 - sw.0).abs() < 1.0);
    assert!(sw.0 < pc2.0);
}

#[test]
fn nothing_is_a_picture_too() {
    let empty = plan("name: e\nnodes: {a: host}\n");
    assert!(picture::svg(&empty).ends_with("</svg>\n"));
    assert!(picture::html(&empty).contains("</html>"));
}
