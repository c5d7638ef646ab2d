// SPDX-License-Identifier: GPL-2.0

//! The plans of the examples, whole. A change here is a change of what users get: look at it.

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
