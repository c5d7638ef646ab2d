// SPDX-License-Identifier: GPL-2.0

//! A little of what `make fuzz` does, and files that are small but become large.

use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{getrusage, UsageWho};
use vnet_import::{import_text, Format, Nothing, Options};

#[test]
fn a_short_run() {
    let output = Command::new(env!("CARGO_BIN_EXE_vnet-fuzz"))
        .arg("--inputs=300")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    assert_eq!(told.lines().count(), 9, "{told}");
}

/// Each line is nine times the one before.
fn bomb(head: &str) -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![alias; 9].join(", ")
        ));
    }
    text + head
}

/// Processor time of this thread, which does not count what others take from it.
fn processor_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| {
            Duration::new(time.tv_sec() as u64, 0) + Duration::from_micros(time.tv_usec() as u64)
        })
        .sum()
}

fn quickly<T>(what: impl FnOnce() -> T) -> T {
    let begin = processor_time();
    let result = what();
    let took = processor_time() - begin;
    assert!(took < Duration::from_secs(5), "{took:?}");
    result
}

#[test]
fn aliases_do_not_multiply() {
    let text = bomb("nodes: {a: {labels: *a9}}\n");
    let report = quickly(|| vnet_topology::compile("bomb.yaml", &text)).unwrap_err();
    let told = report.render(false, 100);
    assert!(told.contains("alias"), "{told}");
    let text = bomb("topology: {nodes: {a: {kind: linux, exec: *a9}}}\n");
    let refused =
        quickly(|| import_text(Format::Containerlab, &text, &Options::default(), &Nothing));
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("alias"), "{told}");
}

#[test]
fn repetition_does_not_multiply() {
    let text = "nodes: {\"r${i}${j}${k}\": {for: {i: 1..9999, j: 1..9999, k: 1..9999}}}\n";
    quickly(|| vnet_topology::compile("many.yaml", text)).unwrap_err();
}

#[test]
fn depth_is_bounded() {
    let deep = |begin: &str, end: &str| begin.repeat(100_000) + &end.repeat(100_000);
    quickly(|| vnet_topology::compile("deep.yaml", &deep("[", "]"))).unwrap_err();
    let deep_files = [
        (Format::Containerlab, deep("{a: ", "}")),
        (Format::Imunes, deep("{\"a\": ", "}")),
        (Format::Imunes, deep("node n0 {", "}")),
        (Format::GraphMl, deep("<a>", "</a>")),
        (Format::Gml, deep("graph [ ", "]")),
        (Format::Core, deep("<scenario>", "</scenario>")),
    ];
    for (format, text) in deep_files {
        let read = || import_text(format, &text, &Options::default(), &Nothing);
        assert!(quickly(read).is_err(), "{format:?}");
    }
}
