// SPDX-License-Identifier: GPL-2.0

//! The committed `src/generated.rs` is what the spec says. With VNET_REGEN=1 in the environment it is written anew.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn generated_source_is_current() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = here.join("../../../Documentation/netlink/specs/vnet.yaml");
    let target = here.join("../src/generated.rs");
    let yaml = std::fs::read_to_string(&spec).expect("the spec is readable");
    let source = format(&vnet_uapi_codegen::generate(&yaml).expect("the spec is understood"));
    if std::env::var_os("VNET_REGEN").is_some() {
        std::fs::write(&target, &source).expect("the result can be written");
        return;
    }
    let committed = std::fs::read_to_string(&target).unwrap_or_default();
    assert!(
        committed == source,
        "src/generated.rs is not what the spec says; renew it with VNET_REGEN=1 cargo test -p vnet-uapi-codegen"
    );
}

/// As rustfmt would have it, which is part of every toolchain.
fn format(source: &str) -> String {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2021", "--emit", "stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is installed");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(source.as_bytes())
        .expect("rustfmt reads");
    let output = child.wait_with_output().expect("rustfmt ends");
    assert!(
        output.status.success(),
        "rustfmt refuses the generated source"
    );
    String::from_utf8(output.stdout).expect("source is text")
}
