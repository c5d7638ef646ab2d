// SPDX-License-Identifier: GPL-2.0

//! The examples of the documentation are right: every YAML block compiles, and in `link-parameters.md` it means the same
//! as the words beside it.

use std::path::{Path, PathBuf};

use vnet_topology::plan::{DirectionPlan, LinkPlan};
use vnet_topology::words::Change;
use vnet_topology::{compile_with, Options};

fn documentation(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Documentation");
    std::fs::read_to_string(path.join(name)).unwrap()
}

/// A place with the file that examples name.
fn place(test: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&place).unwrap();
    let guide = documentation("link-parameters.md");
    let table = guide.split("```text\n").nth(1).unwrap();
    let table = table.split("```").next().unwrap();
    std::fs::write(place.join("measured.dist"), table).unwrap();
    place
}

/// The YAML blocks of a text.
fn blocks(text: &str) -> Vec<&str> {
    text.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Links of a file that has these, between the nodes that they name.
fn links(place: &Path, block: &str) -> Vec<LinkPlan> {
    let nodes = [
        "a", "b", "c", "r1", "r2", "fifo", "codel", "fq-codel", "base", "mobile", "left", "right",
        "home", "isp",
    ];
    let nodes: Vec<String> = nodes.map(|node| format!("{node}: host")).to_vec();
    let text = format!("nodes: {{{}}}\nlinks:\n{block}", nodes.join(", "));
    let options = Options {
        read_files: true,
        ..Options::default()
    };
    let file = place.join("topology.yaml");
    match compile_with(file.to_str().unwrap(), &text, &options) {
        Ok(compiled) => compiled.plan.links,
        Err(report) => panic!("{block}: {}", report.render(false, 100)),
    }
}

#[test]
fn links_compile() {
    let place = place("links");
    for name in ["links.md", "topology.md", "link-parameters.md"] {
        let text = documentation(name);
        let blocks = blocks(&text);
        let found = blocks.iter().filter(|block| block.starts_with("- "));
        let compiled: Vec<_> = found.map(|block| links(&place, block)).collect();
        assert!(compiled.len() > 2, "{name}");
        assert!(compiled.iter().all(|links| !links.is_empty()));
    }
}

#[test]
fn whole_files_compile() {
    for block in blocks(&documentation("topology.md")) {
        if block.starts_with("nodes:") || block.starts_with("vars:") {
            if let Err(report) = compile_with("t.yaml", block, &Options::default()) {
                panic!("{block}: {}", report.render(false, 100));
            }
        }
    }
}

#[test]
fn words_mean_the_same() {
    let place = place("words");
    let text = documentation("link-parameters.md");
    let mut compared = 0;
    for section in text.split("\n## ").skip(1) {
        let Some(block) = blocks(section).pop() else {
            continue;
        };
        let wanted = links(&place, block).remove(0);
        let mut directions = [DirectionPlan::default(), DirectionPlan::default()];
        let mut mtu = 1500;
        let mut any = false;
        for line in section.lines() {
            let Some(line) = line.strip_prefix("    vnetctl link set a-b ") else {
                continue;
            };
            any = true;
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let mut sides = 0..2;
            if words[0] == "--from" {
                sides = match words[1].as_str() {
                    "a" => 0..1,
                    _ => 1..2,
                };
                words.drain(..2);
            }
            for word in &mut words {
                if word == "measured.dist" {
                    *word = place.join("measured.dist").to_str().unwrap().to_owned();
                }
            }
            let change = Change::parse(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
            mtu = change.mtu.unwrap_or(mtu);
            for direction in &mut directions[sides] {
                change
                    .apply(direction)
                    .unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
        if any {
            compared += 1;
            assert_eq!(
                (&wanted.directions, wanted.mtu),
                (&directions, mtu),
                "{section}"
            );
        }
    }
    assert!(compared >= 30, "{compared}");
}
