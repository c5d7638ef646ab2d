// SPDX-License-Identifier: GPL-2.0

//! Whatever a file contains, an importer ends with a topology or an error, and what it writes is YAML.

use proptest::prelude::*;
use vnet_import::{import_text, Format, Nothing, Options};

const FILES: &[(Format, &str)] = &[
    (Format::Imunes, include_str!("files/experiment.imn")),
    (Format::Imunes, include_str!("files/legacy.imn")),
    (Format::GraphMl, include_str!("files/cities.graphml")),
    (Format::Gml, include_str!("files/cities.gml")),
    (Format::Repetita, include_str!("files/triangle.graph")),
    (Format::Containerlab, include_str!("files/lab.clab.yml")),
    (Format::Kathara, include_str!("files/lab.conf")),
    (Format::Core, include_str!("files/scenario.xml")),
];

fn try_import(format: Format, text: &str) {
    if let Ok(imported) = import_text(format, text, &Options::default(), &Nothing) {
        // It may be wrong, but it can be read.
        if let Err(report) = vnet_topology::compile("x.yaml", &imported.topology.to_yaml()) {
            let text = report.render(false, 100);
            assert!(!text.contains("this is not YAML"), "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(which in 0..FILES.len(), text in any::<String>()) {
        try_import(FILES[which].0, &text);
    }

    #[test]
    fn damaged_files(
        which in 0..FILES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5usize), 1..8),
    ) {
        let (format, text) = FILES[which];
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n', ',', ':', '[', ']', '{', '}', '"', '<', '>', '/', '=']).collect();
        for (from, to, kind) in &edits {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            match kind {
                0 => { words.remove(from); }
                1 => words.swap(from, to),
                2 => { let word = words[from]; words.insert(to, word); }
                3 => words[from] = "-1e99 ",
                _ => words[from] = "\u{e4}\u{1f600} ",
            }
        }
        try_import(format, &words.concat());
    }
}
