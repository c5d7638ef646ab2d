// SPDX-License-Identifier: GPL-2.0

//! What holds for every topology: it compiles, no address is there twice, everybody is reached, and adding a link
//! changes nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use proptest::prelude::*;
use vnet_topology::plan::{NodeKind, Plan};
use vnet_topology::{compile, compile_with, Options};

/// A connected network: routers in a tree with some more links, hosts and switches on it.
#[derive(Clone, Debug)]
struct Network {
    /// For each router but the first: the earlier one that it is linked to.
    parents: Vec<prop::sample::Index>,
    /// More links between routers.
    extra: Vec<(prop::sample::Index, prop::sample::Index)>,
    /// Switches, each at a router, with so many hosts.
    switches: Vec<(prop::sample::Index, usize)>,
    /// Hosts, each at a router.
    hosts: Vec<prop::sample::Index>,
    ospf: bool,
    rates: Vec<u64>,
}

fn network() -> impl Strategy<Value = Network> {
    (
        prop::collection::vec(any::<prop::sample::Index>(), 0..7),
        prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..4),
        prop::collection::vec((any::<prop::sample::Index>(), 1..5usize), 0..3),
        prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        any::<bool>(),
        prop::collection::vec(100..400_000_000_000u64, 1..8),
    )
        .prop_map(|(parents, extra, switches, hosts, ospf, rates)| Network {
            parents,
            extra,
            switches,
            hosts,
            ospf,
            rates,
        })
}

/// Nodes with their kinds, and links by the names of their ends.
type Lists = (BTreeMap<String, &'static str>, Vec<(String, String)>);

impl Network {
    fn lists(&self) -> Lists {
        let mut nodes = BTreeMap::new();
        let mut links = Vec::new();
        let routers = self.parents.len() + 1;
        let router = |index: usize| format!("r{index}");
        for index in 0..routers {
            nodes.insert(router(index), "router");
        }
        for (index, parent) in self.parents.iter().enumerate() {
            links.push((router(index + 1), router(parent.index(index + 1))));
        }
        for (a, b) in &self.extra {
            let (a, b) = (a.index(routers), b.index(routers));
            if a != b {
                links.push((router(a), router(b)));
            }
        }
        for (index, (at, hosts)) in self.switches.iter().enumerate() {
            let switch = format!("s{index}");
            nodes.insert(switch.clone(), "switch");
            links.push((switch.clone(), router(at.index(routers))));
            for host in 0..*hosts {
                let host = format!("h{index}-{host}");
                nodes.insert(host.clone(), "host");
                links.push((host, switch.clone()));
            }
        }
        for (index, at) in self.hosts.iter().enumerate() {
            let host = format!("pc{index}");
            nodes.insert(host.clone(), "host");
            links.push((host, router(at.index(routers))));
        }
        (nodes, links)
    }

    fn yaml(&self, (nodes, links): &Lists) -> String {
        let mut text = String::new();
        if self.ospf {
            text.push_str("defaults: {router: {routing: ospf}}\n");
        }
        text.push_str("nodes:\n");
        for (name, kind) in nodes {
            writeln!(text, "  {name}: {kind}").unwrap();
        }
        text.push_str("links:\n");
        for (index, (a, b)) in links.iter().enumerate() {
            let rate = self.rates[index % self.rates.len()];
            writeln!(text, "  - {{ends: [{a}, {b}], rate: {rate}bit}}").unwrap();
        }
        text
    }
}

fn plan(text: &str) -> Plan {
    compile("test.yaml", text)
        .unwrap_or_else(|report| panic!("{text}\n{}", report.render(false, 100)))
}

/// Where a packet goes: by the most specific route of each node, until it is at its destination.
fn reaches(plan: &Plan, from: &str, to: IpAddr) -> bool {
    let owner: HashMap<IpAddr, &str> = plan
        .links
        .iter()
        .flat_map(|link| &link.ends)
        .flat_map(|end| {
            end.addresses
                .iter()
                .map(|net| (net.addr(), end.node.as_str()))
        })
        .collect();
    let mut at = from;
    for _ in 0..plan.nodes.len() {
        let ends: Vec<_> = plan.ends_of(at).collect();
        let connected = ends
            .iter()
            .flat_map(|(_, end)| &end.addresses)
            .any(|net| net.contains(&to));
        let next = match connected {
            true => to,
            false => {
                let routes = &plan.node(at).unwrap().routes;
                let fitting = routes
                    .iter()
                    .filter(|route| route.destination.contains(&to));
                match fitting.max_by_key(|route| route.destination.prefix_len()) {
                    Some(route) => route.via.unwrap(),
                    None => return false,
                }
            }
        };
        if next == to {
            return owner.contains_key(&to);
        }
        at = owner[&next];
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn addresses_names_and_macs_are_unique(network in network()) {
        let plan = plan(&network.yaml(&network.lists()));
        let mut addresses = HashSet::new();
        let mut macs = HashSet::new();
        let mut interfaces = HashSet::new();
        for end in plan.links.iter().flat_map(|link| &link.ends) {
            let switch = plan.node(&end.node).unwrap().kind == NodeKind::Switch;
            prop_assert_eq!(end.addresses.len(), if switch { 0 } else { 2 });
            for net in &end.addresses {
                prop_assert!(addresses.insert(net.addr()), "{} twice", net);
            }
            prop_assert!(macs.insert(end.mac));
            prop_assert!(end.mac.is_local() && !end.mac.is_multicast());
            prop_assert!(end.interface.len() <= 15);
            prop_assert!(interfaces.insert((&end.node, &end.interface)));
        }
        for bridge in plan.nodes.iter().filter_map(|node| node.bridge.as_ref()) {
            prop_assert!(macs.insert(bridge.mac));
        }
    }

    #[test]
    fn everybody_reaches_everybody(mut network in network()) {
        network.ospf = false;
        let plan = plan(&network.yaml(&network.lists()));
        let hosts = || plan.nodes.iter().filter(|node| node.kind == NodeKind::Host);
        for from in hosts() {
            for to in hosts().flat_map(|node| plan.ends_of(&node.name)).flat_map(|(_, end)| &end.addresses) {
                prop_assert!(reaches(&plan, &from.name, to.addr()), "{} to {}", from.name, to);
            }
        }
    }

    #[test]
    fn one_more_link_at_the_end_changes_nothing_else(network in network(), a in any::<prop::sample::Index>()) {
        let mut lists = network.lists();
        let before = plan(&network.yaml(&lists));
        lists.0.insert("new".into(), "host");
        let routers = network.parents.len() + 1;
        lists.1.push(("new".into(), format!("r{}", a.index(routers))));
        let after = plan(&network.yaml(&lists));
        prop_assert_eq!(&before.links[..], &after.links[..before.links.len()]);
        for node in &before.nodes {
            let now = after.node(&node.name).unwrap();
            prop_assert_eq!(&node.interfaces, &now.interfaces);
            prop_assert_eq!(&node.bridge, &now.bridge);
            prop_assert_eq!(&node.sysctls, &now.sysctls);
            // Static routers learn one more prefix of each family.
            for route in &node.routes {
                prop_assert!(now.routes.contains(route));
            }
        }
    }

    /// In front of the others, too: except where two hashes meet, which with these few names they do not.
    #[test]
    fn one_more_link_in_front_changes_nothing_else(routers in 2..12usize) {
        let mut links: Vec<String> = (1..routers).map(|index| format!("[r{index}, r{}]", index - 1)).collect();
        let nodes: String = (0..routers).map(|index| format!("r{index}: router, ")).collect();
        let text = |links: &[String]| format!("nodes: {{{nodes} new: host}}\nlinks: [{}]\n", links.join(", "));
        let before = plan(&text(&links));
        links.insert(0, "[new, r0]".into());
        let after = plan(&text(&links));
        prop_assert_eq!(&before.links[..], &after.links[1..]);
    }

    #[test]
    fn the_same_file_gives_the_same_plan(network in network()) {
        let text = network.yaml(&network.lists());
        prop_assert_eq!(plan(&text), plan(&text));
    }

    /// The seed and the lab's name change what they are for, and nothing else.
    #[test]
    fn the_seed_changes_only_seeds(network in network(), seed in any::<u64>()) {
        let text = network.yaml(&network.lists());
        let options = Options { seed: Some(seed), ..Options::default() };
        let mut plan = compile_with("test.yaml", &text, &options).unwrap().plan;
        let normal = self::plan(&text);
        plan.seed = normal.seed;
        for (link, other) in plan.links.iter_mut().zip(&normal.links) {
            link.seed = other.seed;
        }
        prop_assert_eq!(plan, normal);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Also where there are so many subnets that routes are put together.
    #[test]
    fn everybody_reaches_everybody_in_a_large_lab(seed in any::<u64>()) {
        use vnet_topology::generate::{generate, Settings, Shape};
        let settings = Settings { seed, ..Settings::default() };
        let yaml = generate(&Shape::Random { nodes: 60, degree: 3.5 }, &settings).unwrap().to_yaml();
        let plan = plan(&yaml);
        let router = plan.node("r1").unwrap();
        // Of two families.
        prop_assert!(router.routes.len() < 2 * plan.links.len() * 3 / 4, "{}", router.routes.len());
        let hosts: Vec<_> = plan.nodes.iter().filter(|node| node.kind == NodeKind::Host).collect();
        for (index, from) in hosts.iter().enumerate().step_by(7) {
            for to in hosts.iter().skip(index % 5).step_by(5).flat_map(|node| plan.ends_of(&node.name)) {
                for net in &to.1.addresses {
                    prop_assert!(reaches(&plan, &from.name, net.addr()), "{} to {}", from.name, net);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text is, there is a plan or a report that can be shown.
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Err(report) = compile("x.yaml", &text) {
            report.render(false, 80);
        }
    }

    /// A valid file with pieces moved, removed and doubled.
    #[test]
    fn no_damaged_file_makes_it_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4usize), 1..6),
    ) {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../topologies");
        let mut files: Vec<_> = std::fs::read_dir(directory).unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .collect();
        files.sort();
        let text = std::fs::read_to_string(which.get(&files)).unwrap();
        // Comments are of no interest here.
        let text: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n', ',', ':', '[', ']', '{', '}', '/']).collect();
        for (from, to, kind) in &edits {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            match kind {
                0 => { words.remove(from); }
                1 => words.swap(from, to),
                2 => { let word = words[from]; words.insert(to, word); }
                _ => words[from] = "\u{e4}0:",
            }
        }
        if let Err(report) = compile("x.yaml", &words.concat()) {
            report.render(false, 80);
        }
    }
}
