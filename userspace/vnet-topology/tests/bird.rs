// SPDX-License-Identifier: GPL-2.0

//! `routing: bird`: what BIRD is told.

use vnet_topology::plan::{NodePlan, Plan};

const TEXT: &str = "
nodes:
  r1: {kind: router, routing: [bird, ospf, bgp], asn: 1, interfaces: {lo: 10.255.0.1/32}}
  r2: {kind: router, routing: [bird, ospf], asn: 1}
  r3: {kind: router, routing: bgp, asn: 2}
  h: host
links:
  - {ends: [{node: r1, interface: eth0, addresses: 10.0.0.1/30}, {node: r2, addresses: 10.0.0.2/30}], cost: 7}
  - [{node: r1, interface: eth1, addresses: 10.0.1.1/30}, {node: r3, addresses: 10.0.1.2/30}]
  - [{node: r2, addresses: 10.0.2.1/24}, h]
addressing: {ipv6: none}
";

fn plan(text: &str) -> Plan {
    vnet_topology::compile("lab.yaml", text)
        .unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

fn config(node: &NodePlan) -> &str {
    let file = node
        .files
        .iter()
        .find(|file| file.path == "/etc/bird/bird.conf");
    &file.unwrap().content
}

/// The part of the configuration between a line and the end of its block.
fn block<'a>(config: &'a str, first: &str) -> &'a str {
    let start = config
        .find(first)
        .unwrap_or_else(|| panic!("no {first} in {config}"));
    let end = config[start..].find("\n}\n").unwrap();
    &config[start..start + end]
}

#[test]
fn one_daemon() {
    let plan = plan(TEXT);
    let node = plan.node("r1").unwrap();
    let names: Vec<&str> = node
        .daemons
        .iter()
        .map(|daemon| daemon.name.as_str())
        .collect();
    assert_eq!(names, ["bird"]);
    assert!(node.commands.is_empty());
}

#[test]
fn ospf() {
    let plan = plan(TEXT);
    let config = config(plan.node("r1").unwrap());
    let ospf = block(config, "protocol ospf v2 ospf4 {");
    assert!(
        ospf.contains("stubnet 10.255.0.1/32 { cost 1; };"),
        "{ospf}"
    );
    assert!(
        ospf.contains("interface \"eth0\" {\n            cost 7;\n            hello 1;\n            dead 4;\n            type ptp;"),
        "{ospf}"
    );
    assert!(
        ospf.contains("interface \"eth1\" {\n            cost 10;\n            stub yes;"),
        "{ospf}"
    );
    assert!(
        ospf.contains("export where proto = \"default4\";"),
        "{ospf}"
    );
    assert!(!config.contains("ospf v3"), "{config}");
}

#[test]
fn bgp() {
    let plan = plan(TEXT);
    let config = config(plan.node("r1").unwrap());
    let bgp = block(config, "protocol bgp bgp1 {");
    assert!(
        bgp.contains("local as 1;\n    neighbor 10.0.1.2 as 2;\n    direct;"),
        "{bgp}"
    );
    assert!(!config.contains("bgp2"), "{config}");
    assert!(config.contains("route 0.0.0.0/0 unreachable;"), "{config}");
}

#[test]
fn without_border_no_default_route() {
    let plan = plan(TEXT);
    let config = config(plan.node("r2").unwrap());
    assert!(!config.contains("protocol static"), "{config}");
    assert!(block(config, "protocol ospf v2").contains("export none;"));
}

#[test]
fn bird_alone_speaks_ospf() {
    let plan = plan("nodes: {a: {kind: router, routing: bird}, b: {kind: router, routing: ospf}}\nlinks: [[a, b]]\n");
    let config = config(plan.node("a").unwrap());
    for version in [2, 3] {
        assert!(block(config, &format!("protocol ospf v{version}")).contains("type ptp;"));
    }
}
