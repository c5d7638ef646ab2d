// SPDX-License-Identifier: GPL-2.0

//! The plans of the examples, whole. A change here is a change of what users get: look at it.

use std::collections::BTreeSet;

#[test]
fn examples() {
    insta::glob!("../../../topologies", "*.yaml", |path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let options = vnet_topology::Options {
            read_files: true,
            ..Default::default()
        };
        let compiled = vnet_topology::compile_with(path.to_str().unwrap(), &text, &options)
            .unwrap_or_else(|report| panic!("{name}: {}", report.render(false, 100)));
        assert!(
            compiled.warnings.is_empty(),
            "{}",
            compiled.warnings.render(false, 100)
        );
        let json = serde_json::to_string(&compiled.plan).unwrap();
        assert_eq!(
            serde_json::from_str::<vnet_topology::plan::Plan>(&json).unwrap(),
            compiled.plan
        );
        insta::assert_snapshot!(serde_json::to_string_pretty(&compiled.plan).unwrap());
    });
}

#[test]
fn names_of_links_are_not_too_long() {
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    let nodes = format!("nodes: {{{a}: host, {a}x: host, {b}: host, c: host}}");
    let links = format!("links: [[{a}, {b}], [{a}x, {b}], [{a}, {b}], [{a}, c]]");
    let plan = vnet_topology::compile("long.yaml", &format!("{nodes}\n{links}\n")).unwrap();
    let names: Vec<&str> = plan.links.iter().map(|link| link.name.as_str()).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), 4, "{names:?}");
    for name in &names[..3] {
        assert!(name.len() == 63 && name.starts_with(&a), "{name}");
    }
    assert!(names[2].ends_with("-2"), "{names:?}");
    assert_eq!(names[3], format!("{a}-c"));
}
