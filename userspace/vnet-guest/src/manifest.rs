// SPDX-License-Identifier: GPL-2.0
//! What the scripts in `qemu/` have built: one manifest per form.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::GuestConfig;
use crate::error::{Error, Result};

/// A manifest, `FORM.json` in the cache's `guests` directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The form's name.
    pub form: String,
    /// The kernel's version.
    #[serde(default)]
    pub version: String,
    /// The kernel: UML's program, or what QEMU boots.
    pub kernel: PathBuf,
    /// The module.
    #[serde(default)]
    pub module: Option<PathBuf>,
    /// Directory that is the guest's root (UML).
    #[serde(default)]
    pub root: Option<PathBuf>,
    /// Directory with the tool and the module (UML).
    #[serde(default)]
    pub bin: Option<PathBuf>,
    /// Root file system (QEMU).
    #[serde(default)]
    pub image: Option<PathBuf>,
    /// Initial RAM disk (QEMU).
    #[serde(default)]
    pub initrd: Option<PathBuf>,
    /// `kvm` or `tcg`, found by a boot probe when the guest was built.
    #[serde(default)]
    pub accel: Option<String>,
    /// QEMU's program.
    #[serde(default)]
    pub qemu: Option<String>,
    /// CPUs.
    #[serde(default)]
    pub smp: Option<u32>,
    /// Memory.
    #[serde(default)]
    pub mem: Option<String>,
    /// More words for the kernel's command line.
    #[serde(default)]
    pub append: Option<String>,
}

impl Manifest {
    /// Reads the manifest for a configuration and checks that what it names is there.
    pub fn load(config: &GuestConfig) -> Result<Manifest> {
        let form = config.form;
        let path = match &config.manifest {
            Some(path) => path.clone(),
            None => cache_dir()?.join("guests").join(format!("{form}.json")),
        };
        let bad = |reason: String| Error::BadManifest {
            path: path.clone(),
            reason,
            make: form.make_hint(),
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoManifest {
                    form: form.to_string(),
                    path,
                    make: form.make_hint(),
                });
            }
            Err(error) => return Err(Error::io(format!("cannot read {}", path.display()))(error)),
        };
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        if manifest.form != form.as_str() {
            return Err(bad(format!("it is for form `{}`", manifest.form)));
        }
        for file in manifest.files() {
            if !file.is_absolute() {
                return Err(bad(format!("`{}` is not an absolute path", file.display())));
            }
            if !file.exists() {
                return Err(bad(format!("{} does not exist", file.display())));
            }
        }
        Ok(manifest)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        [
            Some(&self.kernel),
            self.module.as_ref(),
            self.root.as_ref(),
            self.bin.as_ref(),
        ]
        .into_iter()
        .chain([self.image.as_ref(), self.initrd.as_ref()])
        .flatten()
        .map(PathBuf::as_path)
    }
}

/// Where built guests are kept: `$VNET_CACHE`, or `vnet` in the user's cache (`$XDG_CACHE_HOME`,
/// `$HOME/.cache`), as the scripts say that build them (`qemu/lib.sh`).
pub fn cache_dir() -> Result<PathBuf> {
    cache_dir_by(|name| std::env::var_os(name))
}

fn cache_dir_by(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let dir = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    dir("VNET_CACHE")
        .or_else(|| dir("XDG_CACHE_HOME").map(|cache| cache.join("vnet")))
        .or_else(|| dir("HOME").map(|home| home.join(".cache/vnet")))
        .ok_or_else(|| Error::RuntimeDir {
            reason: "none of VNET_CACHE, XDG_CACHE_HOME and HOME says where guests are kept".into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Form;

    #[test]
    fn the_cache_is_where_the_scripts_have_it() {
        let dir = |set: &[(&str, &str)]| {
            cache_dir_by(|name| {
                let found = set.iter().find(|(wanted, _)| *wanted == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let (cache, xdg, home) = (
            ("VNET_CACHE", "/c"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
        );
        assert_eq!(dir(&[home, xdg, cache]).unwrap(), Path::new("/c"));
        assert_eq!(dir(&[home, xdg]).unwrap(), Path::new("/x/vnet"));
        assert_eq!(
            dir(&[home, ("XDG_CACHE_HOME", "")]).unwrap(),
            Path::new("/h/.cache/vnet")
        );
        assert!(dir(&[]).is_err());
    }

    fn load(text: &str) -> Result<Manifest> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("uml.json");
        fs::write(&path, text).unwrap();
        Manifest::load(&GuestConfig {
            manifest: Some(path),
            ..GuestConfig::new(Form::Uml)
        })
    }

    #[test]
    fn a_missing_manifest_says_what_to_run() {
        let config = GuestConfig {
            manifest: Some("/nonexistent/debian.json".into()),
            ..GuestConfig::new(Form::Debian)
        };
        let text = Manifest::load(&config).unwrap_err().to_string();
        assert!(
            text.contains("/nonexistent/debian.json") && text.contains("make guests KERNEL=debian"),
            "{text}"
        );
    }

    #[test]
    fn what_it_names_must_be_there() {
        assert!(load(r#"{"form":"uml","kernel":"/bin/sh","root":"/"}"#).is_ok());
        for (text, part) in [
            (
                r#"{"form":"uml","kernel":"/nonexistent"}"#,
                "does not exist",
            ),
            (r#"{"form":"uml","kernel":"sh"}"#, "not an absolute path"),
            (
                r#"{"form":"debian","kernel":"/bin/sh"}"#,
                "for form `debian`",
            ),
            (r#"{"form":"uml"}"#, "missing field `kernel`"),
            ("{", "EOF"),
        ] {
            let error = load(text).unwrap_err().to_string();
            assert!(
                error.contains(part) && error.contains("make guests"),
                "{error}"
            );
        }
    }
}
