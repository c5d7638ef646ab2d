// SPDX-License-Identifier: GPL-2.0

//! What the kernel asks of the code: that no path can panic, even with overflow checks (a panic is
//! a crash of the machine there), and that nothing is called that the kernel does not have, such as
//! the 128-bit division. Both show in the names that an object file refers to.

use std::{env, fs, path::Path, process::Command};

#[test]
fn object_refers_to_nothing_the_kernel_lacks() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/instances.rs");
    for overflow_checks in ["on", "off"] {
        let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{overflow_checks}.o"));
        let status = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition=2021", "--crate-type=lib", "--emit=obj"])
            .args(["-Copt-level=2", "-Cpanic=abort", "-Ccodegen-units=1"])
            .arg(format!("-Coverflow-checks={overflow_checks}"))
            .args(["--cap-lints=allow", "-o"])
            .arg(&object)
            .arg(&source)
            .status()
            .expect("rustc runs");
        assert!(status.success());
        let object = fs::read(&object).expect("the object");
        for name in [
            "panic",
            "unwrap_failed",
            "expect_failed",
            "divti",
            "modti",
            "mulodi",
            "muloti",
            "multi3",
            "floatdi",
            "fixdf",
            "slice_index",
            "handle_alloc",
        ] {
            let found = object
                .windows(name.len())
                .any(|window| window == name.as_bytes());
            assert!(
                !found,
                "overflow checks {overflow_checks}: refers to {name}"
            );
        }
        // That names are found at all.
        assert!(object.windows(6).any(|window| window == b"memcpy"));
    }
}
