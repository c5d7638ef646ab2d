// SPDX-License-Identifier: GPL-2.0

//! Every message: one file under `errors/` for each, and beside the snapshots what a user sees.

use vnet_topology::{compile_with, Options};

#[test]
fn messages() {
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "errors/snapshots"}, {
        insta::glob!("errors/*.yaml", |path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(path).unwrap();
            let options = Options { read_files: true, ..Options::default() };
            let report = match compile_with(name, &text, &options) {
                Ok(compiled) => compiled.warnings,
                Err(report) => report,
            };
            assert!(!report.is_empty(), "{name} has nothing wrong");
            for problem in report.problems() {
                for (span, _) in &problem.labels {
                    assert!(text.get(span.clone()).is_some(), "{name}: {span:?}");
                }
                if !name.starts_with("yaml-") && !name.starts_with("empty") {
                    assert!(problem.help.is_some() || problem.labels.iter().any(|(_, text)| text.is_some()),
                        "{name}: `{problem}` says nothing about what to do");
                }
            }
            insta::assert_snapshot!(report.render(false, 100));
        });
    });
}
