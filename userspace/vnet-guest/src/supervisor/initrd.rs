// SPDX-License-Identifier: GPL-2.0
//! The tool and the module for a guest that cannot see the host's files: an archive behind the initial RAM disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the guest's first script looks for them.
pub const WHERE: &str = "vnet-bin";

/// What goes into a lab's RAM disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initrd {
    /// The one that all guests of the form have.
    pub base: PathBuf,
    /// Files of this directory are added.
    pub bin: PathBuf,
    /// Where it is written.
    pub path: PathBuf,
}

impl Initrd {
    /// Writes it.
    pub fn write(&self) -> io::Result<()> {
        let mut out = File::create(&self.path)?;
        let length = io::copy(&mut File::open(&self.base)?, &mut out)?;
        // The kernel takes archives that follow each other, each at a multiple of four.
        out.write_all(&vec![0; (length.next_multiple_of(4) - length) as usize])?;
        let mut archive = Vec::new();
        let mut add = |name: &[u8], mode: u32, data: &[u8]| entry(&mut archive, name, mode, data);
        add(WHERE.as_bytes(), 0o040_755, &[]);
        for file in fs::read_dir(&self.bin)? {
            let file = file?;
            // Links are followed: a build may put one there.
            if fs::metadata(file.path())?.is_file() {
                let name = Path::new(WHERE).join(file.file_name());
                add(
                    name.as_os_str().as_bytes(),
                    0o100_755,
                    &fs::read(file.path())?,
                );
            }
        }
        add(b"TRAILER!!!", 0, &[]);
        out.write_all(&archive)
    }
}

/// Appends one entry in the format `newc`.
fn entry(archive: &mut Vec<u8>, name: &[u8], mode: u32, data: &[u8]) {
    let align = |archive: &mut Vec<u8>| archive.resize(archive.len().next_multiple_of(4), 0);
    let links = if mode & 0o040_000 != 0 { 2 } else { 1 };
    let fields = [
        0,
        mode,
        0,
        0,
        links,
        0,
        data.len() as u32,
        0,
        0,
        0,
        0,
        name.len() as u32 + 1,
        0,
    ];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    archive.extend_from_slice(name);
    archive.push(0);
    align(archive);
    archive.extend_from_slice(data);
    align(archive);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn an_archiver_understands_it() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        fs::create_dir(at("bin")).unwrap();
        fs::write(at("bin/tool"), b"#!").unwrap();
        fs::write(at("bin/vnet.ko"), vec![7; 1001]).unwrap();
        // Nothing in front, so that a program that knows only one archive reads it.
        fs::write(at("base"), b"").unwrap();
        Initrd {
            base: at("base"),
            bin: at("bin"),
            path: at("out"),
        }
        .write()
        .unwrap();
        let Ok(cpio) = Command::new("cpio")
            .args(["-i", "--quiet"])
            .current_dir(temp.path())
            .stdin(File::open(at("out")).unwrap())
            .stdout(Stdio::null())
            .status()
        else {
            return; // No such program here.
        };
        assert!(cpio.success());
        assert_eq!(fs::read(at("vnet-bin/tool")).unwrap(), b"#!");
        assert_eq!(fs::read(at("vnet-bin/vnet.ko")).unwrap(), vec![7; 1001]);
    }

    #[test]
    fn it_begins_at_a_multiple_of_four() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        fs::create_dir(at("bin")).unwrap();
        fs::write(at("base"), b"12345").unwrap();
        Initrd {
            base: at("base"),
            bin: at("bin"),
            path: at("out"),
        }
        .write()
        .unwrap();
        let out = fs::read(at("out")).unwrap();
        assert_eq!(&out[..14], b"12345\0\0\x00070701");
        assert_eq!(out.len() % 4, 0);
    }
}
