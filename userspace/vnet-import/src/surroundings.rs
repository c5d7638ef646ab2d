// SPDX-License-Identifier: GPL-2.0

//! The files beside the one that is imported.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Longest file beside the imported one that is taken over, bytes.
const MAX_FILE: u64 = 4 << 20;
/// Most files below a directory that are taken over.
const MAX_FILES: usize = 10_000;
/// Deepest directory below which files are looked for.
const MAX_DEPTH: usize = 16;

/// Where an importer finds the files that the imported one refers to.
pub trait Surroundings {
    /// The text of a file, by its path relative to the imported one.
    fn read(&self, path: &str) -> io::Result<String>;

    /// All files below a directory, by their paths relative to it, sorted. Empty if there is none.
    fn list(&self, path: &str) -> Vec<String>;
}

/// No files at all.
pub struct Nothing;

impl Surroundings for Nothing {
    fn read(&self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A directory of the file system.
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The files below a directory.
    pub fn new(path: &Path) -> Self {
        Directory {
            path: path.to_owned(),
        }
    }

    fn root(&self) -> &Path {
        match self.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.path,
        }
    }

    /// Only what is below the directory: a lab from somewhere else has no business with other files of the user.
    fn inside(&self, path: &str) -> io::Result<PathBuf> {
        let path = Path::new(path);
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        match path.components().all(plain) {
            true => Ok(self.root().join(path)),
            false => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it is not below the imported file",
            )),
        }
    }
}

impl Surroundings for Directory {
    fn read(&self, path: &str) -> io::Result<String> {
        let path = std::fs::canonicalize(self.inside(path)?)?;
        // A symbolic link may lead out of it, too.
        if !path.starts_with(std::fs::canonicalize(self.root())?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if std::fs::metadata(&path)?.len() > MAX_FILE {
            return Err(io::Error::other("it is larger than 4 MiB"));
        }
        read_text(&path)
    }

    fn list(&self, path: &str) -> Vec<String> {
        let mut found = Vec::new();
        if let Ok(path) = self.inside(path) {
            collect(&path, "", 0, &mut found);
        }
        found.sort();
        found
    }
}

fn collect(directory: &Path, prefix: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let (Ok(kind), Some(name)) = (
            entry.file_type(),
            entry.file_name().to_str().map(str::to_owned),
        ) else {
            continue;
        };
        let path = format!("{prefix}{name}");
        if kind.is_dir() && depth < MAX_DEPTH {
            collect(&entry.path(), &format!("{path}/"), depth + 1, found);
        } else if kind.is_file() && found.len() < MAX_FILES {
            found.push(path);
        }
    }
}

/// Why a file cannot be read, in words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => {
            "it is not below the imported file, or not readable".into()
        }
        _ => error.to_string(),
    }
}

/// A text file. What is not UTF-8 is taken for Latin-1, in which old files are.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_read() {
        let top = std::env::temp_dir().join(format!("vnet-surroundings-{}", std::process::id()));
        let lab = top.join("lab");
        std::fs::create_dir_all(lab.join("a")).unwrap();
        std::fs::write(top.join("secret"), "x").unwrap();
        std::fs::write(lab.join("a/file"), "y").unwrap();
        std::os::unix::fs::symlink("../secret", lab.join("link")).unwrap();
        let files = Directory::new(&lab);
        assert_eq!(files.read("a/file").unwrap(), "y");
        assert_eq!(files.list(""), ["a/file"]);
        for path in ["../secret", "link", "/etc/hostname", "a/../../secret"] {
            let kind = files.read(path).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::PermissionDenied, "{path}");
        }
        std::fs::remove_dir_all(&top).unwrap();
    }
}
