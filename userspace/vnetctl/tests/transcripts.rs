// SPDX-License-Identifier: GPL-2.0

//! What one sees when typing commands, where no kernel is needed for it. To renew the transcripts:
//! `TRYCMD=overwrite cargo test -p vnetctl --test transcripts`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn transcripts() {
    // Labs that happen to be up on this machine must not be seen.
    let empty = std::env::temp_dir().join(format!("vnetctl-transcripts-{}", std::process::id()));
    fs::create_dir_all(&empty).unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o700)).unwrap();
    trycmd::TestCases::new()
        .env("VNET_RUNTIME_DIR", empty.to_str().unwrap())
        .env("VNET_CACHE", empty.to_str().unwrap())
        .env("NO_COLOR", "1")
        .case("tests/cmd/*.trycmd")
        .run();
    fs::remove_dir_all(&empty).unwrap();
}
