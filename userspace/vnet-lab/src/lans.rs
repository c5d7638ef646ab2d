// SPDX-License-Identifier: GPL-2.0

//! Which interfaces of a plan are on the same LAN: joined by links, switches and VLANs.

use std::collections::{BTreeMap, BTreeSet};

use vnet_topology::plan::{EndPlan, Plan};

/// A place that frames pass: a node, an interface of it (none for the inside of a switch), and the VLAN by which frames
/// are told apart there (0 without a tag).
type Place<'a> = (&'a str, Option<&'a str>, u16);

/// The LANs of a plan.
pub struct Lans<'a> {
    numbers: BTreeMap<Place<'a>, usize>,
    /// What an interface with addresses is: the end of a link and a VLAN on it.
    vlans: BTreeMap<(&'a str, &'a str), (&'a str, u16)>,
    /// Each place leads to another one on the same LAN, the last one to itself.
    parents: Vec<usize>,
}

impl<'a> Lans<'a> {
    /// Of a plan.
    pub fn of(plan: &'a Plan) -> Self {
        let mut lans = Lans {
            numbers: BTreeMap::new(),
            vlans: BTreeMap::new(),
            parents: Vec::new(),
        };
        let mut tags = BTreeSet::from([0]);
        for node in &plan.nodes {
            for interface in &node.interfaces {
                if let Some(vlan) = &interface.vlan {
                    tags.insert(vlan.id);
                    let what = (vlan.parent.as_str(), vlan.id);
                    lans.vlans.insert((&node.name, &interface.name), what);
                }
            }
        }
        let bridges: BTreeMap<&str, bool> = plan
            .nodes
            .iter()
            .filter_map(|node| Some((node.name.as_str(), node.bridge.as_ref()?.vlan_filtering)))
            .collect();
        for link in &plan.links {
            let [one, other] = &link.ends;
            for tag in &tags {
                lans.join(
                    (&one.node, Some(&one.interface), *tag),
                    (&other.node, Some(&other.interface), *tag),
                );
            }
            for end in &link.ends {
                lans.enter(end, &bridges, &tags);
            }
        }
        for medium in &plan.media {
            for port in &medium.ports {
                let end = &port.end;
                for tag in &tags {
                    // No node has the name of a medium.
                    lans.join(
                        (&end.node, Some(&end.interface), *tag),
                        (&medium.name, None, *tag),
                    );
                }
                lans.enter(end, &bridges, &tags);
            }
        }
        lans
    }

    /// Joins a port of a switch with the VLANs of the switch that it is in.
    fn enter(&mut self, end: &'a EndPlan, bridges: &BTreeMap<&str, bool>, tags: &BTreeSet<u16>) {
        let port = |tag| (end.node.as_str(), Some(end.interface.as_str()), tag);
        let inside = |vlan| (end.node.as_str(), None, vlan);
        match (bridges.get(end.node.as_str()), &end.vlan) {
            (None, _) | (Some(true), None) => {}
            (Some(false), _) => {
                for tag in tags {
                    self.join(port(*tag), inside(*tag));
                }
            }
            (Some(true), Some(vlan)) => {
                if let Some(untagged) = vlan.untagged {
                    self.join(port(0), inside(untagged));
                }
                for tag in &vlan.tagged {
                    self.join(port(*tag), inside(*tag));
                }
            }
        }
    }

    /// Whether frames pass between two interfaces, each given by its node and name.
    pub fn joined(&self, one: (&str, &str), other: (&str, &str)) -> bool {
        match (self.lan(one), self.lan(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }

    fn lan(&self, (node, interface): (&str, &str)) -> Option<usize> {
        let (interface, tag) = match self.vlans.get(&(node, interface)) {
            Some(vlan) => *vlan,
            None => (interface, 0),
        };
        let number = *self.numbers.get(&(node, Some(interface), tag))?;
        Some(self.root(number))
    }

    fn root(&self, mut number: usize) -> usize {
        while self.parents[number] != number {
            number = self.parents[number];
        }
        number
    }

    /// The same; the way there is half as long afterwards.
    fn shorten(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn number(&mut self, place: Place<'a>) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry(place).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn join(&mut self, one: Place<'a>, other: Place<'a>) {
        let (one, other) = (self.number(one), self.number(other));
        let (one, other) = (self.shorten(one), self.shorten(other));
        self.parents[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlans_keep_apart() {
        let text = "
name: t
addressing: {overlap: allow}
nodes:
  a: host
  b: host
  c: host
  s: switch
  t: {kind: host, interfaces: {v4: {parent: eth0, vlan: 4, addresses: 10.0.0.9/24}}}
links:
  - [a:eth0, {node: s, vlan: 4}]
  - [b:eth0, {node: s, vlan: 6}]
  - [c:eth0, {node: s, vlan: 6}]
  - [t:eth0, {node: s, vlan: {tagged: [4, 6]}}]
";
        let plan = vnet_topology::compile("t.yaml", text).unwrap();
        let lans = Lans::of(&plan);
        assert!(lans.joined(("a", "eth0"), ("t", "v4")));
        assert!(lans.joined(("b", "eth0"), ("c", "eth0")));
        assert!(!lans.joined(("a", "eth0"), ("b", "eth0")));
        assert!(!lans.joined(("b", "eth0"), ("t", "v4")));
        assert!(!lans.joined(("a", "eth0"), ("t", "eth0")));
    }
}
