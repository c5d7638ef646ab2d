// SPDX-License-Identifier: GPL-2.0

//! Files that other people wrote: all of them import and compile, and of those known here the numbers are right.
//!
//! They lie beside the repository, in `../shared/topologies` or where VNET_TOPOLOGIES says; without them these tests say
//! so and pass.

use std::path::{Path, PathBuf};

use vnet_import::{import, Options};
use vnet_topology::compile;
use vnet_topology::plan::{NodeKind, Plan};

/// File, and its numbers of hosts, routers, switches, links and warnings.
const KNOWN: &[(&str, [usize; 5])] = &[
    ("BGP_BGP-Anycast.imn", [4, 6, 4, 15, 0]),
    ("DNS+Mail+WEB_NETWORK.imn", [14, 4, 2, 19, 0]),
    ("OSPF_OSPF.imn", [3, 5, 0, 10, 0]),
    ("OSPF_OSPF1.imn", [2, 7, 2, 11, 0]),
    ("Ping_ping.imn", [3, 6, 2, 11, 0]),
    ("RIP_RIP.imn", [3, 5, 0, 10, 0]),
    ("Traceroute_traceroute.imn", [3, 6, 2, 11, 0]),
    ("benchmark_p-3r-p.imn", [2, 3, 0, 4, 0]),
    ("benchmark_p-p.imn", [2, 0, 0, 1, 0]),
    ("benchmark_p-r-p.imn", [2, 1, 0, 2, 0]),
    ("benchmark_p-s-p.imn", [2, 0, 1, 2, 0]),
    ("functional_tests_vlanswitch_topo.imn", [3, 0, 1, 3, 0]),
    ("br01.clab.yml", [0, 3, 1, 3, 3]),
    ("clos02.clab.yml", [4, 10, 0, 16, 14]),
    ("frr01.clab.yml", [3, 3, 0, 6, 6]),
    ("Abilene.graphml", [0, 11, 0, 14, 0]),
    ("Arpanet196912.graphml", [0, 4, 0, 4, 1]),
    ("Garr200004.gml", [0, 22, 0, 24, 2]),
    ("Geant2012.graphml", [0, 40, 0, 61, 2]),
    ("Kdl.graphml", [0, 726, 28, 899, 2]),
    ("Sanet.graphml", [0, 42, 1, 45, 1]),
    ("Telcove.graphml", [0, 73, 0, 70, 2]),
];

fn collection() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/topologies");
    let path = std::env::var_os("VNET_TOPOLOGIES").map_or_else(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!(
        "skipped: there is no {}; set VNET_TOPOLOGIES",
        path.display()
    );
    None
}

/// All files below a directory that can be imported.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let ends = |ending: &str| path.to_string_lossy().ends_with(ending);
        let wanted = [
            ".imn",
            ".graphml",
            ".gml",
            ".graph",
            ".clab.yml",
            ".clab.yaml",
            "/lab.conf",
            ".xml",
        ];
        if path.is_dir() {
            found.extend(files(&path));
        } else if wanted.iter().any(|ending| ends(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Its plan and the number of warnings.
fn load(path: &Path) -> (Plan, usize) {
    let name = path.display();
    let imported =
        import(path, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let plan = compile("imported.yaml", &imported.topology.to_yaml())
        .unwrap_or_else(|report| panic!("{name}\n{}", report.render(false, 100)));
    (plan, imported.warnings.len())
}

#[test]
fn all_import_and_compile() {
    let Some(collection) = collection() else {
        return;
    };
    let mut known = 0;
    for path in files(&collection) {
        let (plan, warnings) = load(&path);
        let kind = |kind| plan.nodes.iter().filter(|node| node.kind == kind).count();
        let numbers = [
            kind(NodeKind::Host),
            kind(NodeKind::Router),
            kind(NodeKind::Switch),
            plan.links.len(),
            warnings,
        ];
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some((_, expected)) = KNOWN.iter().find(|(known, _)| *known == name) {
            assert_eq!(numbers, *expected, "{name}");
            known += 1;
        }
    }
    println!("{known} of {} known files were there", KNOWN.len());
}

/// With static routes every node of the largest network knows every subnet.
#[test]
fn the_largest_network() {
    let Some(path) = collection().map(|path| path.join("zoo/Kdl.graphml")) else {
        return;
    };
    if !path.is_file() {
        println!("skipped: there is no {}", path.display());
        return;
    }
    let (plan, _) = load(&path);
    assert_eq!(plan.nodes.len(), 754);
    let routes: usize = plan.nodes.iter().map(|node| node.routes.len()).sum();
    // One by one they would be 754 x 895 x 2.
    assert!(routes < 400_000, "{routes}");
    assert!(routes > 754 * 2);
}
