// SPDX-License-Identifier: GPL-2.0

//! What reads files.

use vnet_import::{import_text, Format, Nothing, Options};

use crate::corpus;

/// A reader.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Files that are right.
    pub files: &'static [&'static str],
    /// Words that mean something in them.
    pub words: &'static [&'static str],
    /// Reads a text; it may refuse it.
    pub read: fn(&str),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "topology",
        files: corpus::TOPOLOGIES,
        words: corpus::YAML,
        read: topology,
    },
    Target {
        name: "imunes-json",
        files: corpus::IMUNES_JSON,
        words: corpus::JSON,
        read: |text| import(Format::Imunes, text),
    },
    Target {
        name: "imunes-tcl",
        files: corpus::IMUNES_TCL,
        words: corpus::TCL,
        read: |text| import(Format::Imunes, text),
    },
    Target {
        name: "graphml",
        files: corpus::GRAPHML,
        words: corpus::XML,
        read: |text| import(Format::GraphMl, text),
    },
    Target {
        name: "gml",
        files: corpus::GML,
        words: corpus::GML_WORDS,
        read: |text| import(Format::Gml, text),
    },
    Target {
        name: "repetita",
        files: corpus::REPETITA,
        words: corpus::REPETITA_WORDS,
        read: |text| import(Format::Repetita, text),
    },
    Target {
        name: "containerlab",
        files: corpus::CONTAINERLAB,
        words: corpus::YAML,
        read: |text| import(Format::Containerlab, text),
    },
    Target {
        name: "kathara",
        files: corpus::KATHARA,
        words: corpus::KATHARA_WORDS,
        read: |text| import(Format::Kathara, text),
    },
    Target {
        name: "core",
        files: corpus::CORE,
        words: corpus::XML,
        read: |text| import(Format::Core, text),
    },
];

fn topology(text: &str) {
    if let Err(report) = vnet_topology::compile("x.yaml", text) {
        // What is shown to people is made by other code, which may have its own mistakes.
        let _ = report.render(false, 100);
    }
}

/// Whatever an importer makes can be read: it may be wrong, but it is YAML.
fn import(format: Format, text: &str) {
    let Ok(imported) = import_text(format, text, &Options::default(), &Nothing) else {
        return;
    };
    let yaml = imported.topology.to_yaml();
    if let Err(report) = vnet_topology::compile("x.yaml", &yaml) {
        let told = report.render(false, 100);
        assert!(!told.contains("not YAML"), "{told}");
    }
}
