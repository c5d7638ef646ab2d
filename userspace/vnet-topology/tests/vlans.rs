// SPDX-License-Identifier: GPL-2.0

//! Which ends share a LAN, across switches, trunks and VLANs on hosts.

use vnet_topology::plan::Plan;

fn plan(text: &str) -> Plan {
    vnet_topology::compile("lab.yaml", text)
        .unwrap_or_else(|report| panic!("{}", report.render(false, 100)))
}

/// The IPv4 subnet of an interface.
fn subnet(plan: &Plan, node: &str, interface: &str) -> String {
    let ends = plan
        .ends_of(node)
        .filter(|(_, end)| end.interface == interface);
    let ends = ends.flat_map(|(_, end)| end.addresses.clone());
    let own = plan
        .node(node)
        .unwrap()
        .interfaces
        .iter()
        .filter(|own| own.name == interface);
    let own = own.flat_map(|own| own.addresses.clone());
    let found: Vec<String> = ends
        .chain(own)
        .filter(|net| net.addr().is_ipv4())
        .map(|net| net.trunc().to_string())
        .collect();
    assert_eq!(found.len(), 1, "{node} {interface}");
    found[0].clone()
}

#[test]
fn a_router_on_a_stick() {
    let plan = plan(
        "
nodes:
  s: switch
  red: host
  blue: host
  r:
    kind: router
    interfaces:
      r10: {vlan: 10, parent: eth0}
      r20: {vlan: 20, parent: eth0, addresses: 172.16.0.1/24}
links:
  - ends: [{node: r, interface: eth0, addresses: none}, {node: s, vlan: {tagged: [10, 20]}}]
  - ends: [red, {node: s, vlan: 10}]
  - ends: [blue, {node: s, vlan: 20}]
",
    );
    assert_eq!(subnet(&plan, "r", "r10"), subnet(&plan, "red", "to-s"));
    assert_eq!(subnet(&plan, "r", "r20"), subnet(&plan, "blue", "to-s"));
    assert_eq!(subnet(&plan, "blue", "to-s"), "172.16.0.0/24");
    // Each has its default route, to the router in its VLAN.
    for host in ["red", "blue"] {
        assert!(plan
            .node(host)
            .unwrap()
            .routes
            .iter()
            .any(|route| route.destination.prefix_len() == 0));
    }
}

#[test]
fn tags_pass_through_a_switch_without_vlans() {
    let plan = plan(
        "
nodes:
  s: switch
  a: {interfaces: {v5: {vlan: 5, parent: to-s}}}
  b: {interfaces: {v5: {vlan: 5, parent: to-s}, v6: {vlan: 6, parent: to-s}}}
links: [[a, s], [b, s]]
",
    );
    assert_eq!(subnet(&plan, "a", "v5"), subnet(&plan, "b", "v5"));
    assert_eq!(subnet(&plan, "a", "to-s"), subnet(&plan, "b", "to-s"));
    assert_ne!(subnet(&plan, "a", "to-s"), subnet(&plan, "a", "v5"));
    assert_ne!(subnet(&plan, "b", "v6"), subnet(&plan, "b", "v5"));
}

#[test]
fn tags_on_a_link_without_switches() {
    let plan = plan(
        "
nodes:
  a: {kind: router, interfaces: {v5: {vlan: 5, parent: to-b}}}
  b: {kind: router, routing: ospf, interfaces: {v5: {vlan: 5, parent: to-a}}}
links: [[a, b]]
",
    );
    assert_eq!(subnet(&plan, "a", "v5"), subnet(&plan, "b", "v5"));
    assert_ne!(subnet(&plan, "a", "to-b"), subnet(&plan, "a", "v5"));
}
