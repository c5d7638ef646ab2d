// SPDX-License-Identifier: GPL-2.0

//! `cp`: files and directories between nodes and here.
//!
//! What is copied goes as an archive from one end to the other. An end in a node is this same program, run in the node:
//! paths mean there what they mean to the node's other programs.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use clap::Args;
use tar::{Archive, Builder, EntryType};
use vnet_guest::{ExecIo, ExecRequest, Input, Sink, Tty};

use crate::cli::Cli;
use crate::complete;
use crate::error::{Error, Result};
use crate::place::{self, Found, Place};

/// `cp`
#[derive(Debug, Args)]
pub struct Cp {
    /// What to copy: a path here, or NODE:PATH. Directories are copied with all that is in them.
    #[arg(add = complete::places())]
    pub from: String,

    /// Where to: a path here, or NODE:PATH. Into it if it is a directory.
    #[arg(add = complete::places())]
    pub to: String,
}

/// `pack`
#[derive(Debug, Args)]
pub struct Pack {
    /// File or directory.
    pub path: PathBuf,
}

/// `unpack`
#[derive(Debug, Args)]
pub struct Unpack {
    /// Where to.
    pub path: PathBuf,
    /// What it is called if that is a directory.
    pub name: OsString,
}

/// An end of the copy.
enum End {
    Here(PathBuf),
    Node { node: String, path: String },
}

impl End {
    /// `NODE:PATH`, or a path; `./a:b` is a path.
    fn of(text: &str) -> Result<End> {
        match text.split_once(':') {
            Some((node, path)) if !node.contains('/') && !node.is_empty() => match path {
                "" => Err(Error::Message(format!(
                    "{text} has no path: say {node}:/PATH"
                ))),
                path => Ok(End::Node {
                    node: node.into(),
                    path: path.into(),
                }),
            },
            _ => Ok(End::Here(text.into())),
        }
    }

    /// What it is called in the directory that it goes to.
    fn name(&self) -> OsString {
        let path = match self {
            End::Here(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
            End::Node { path, .. } => path.into(),
        };
        path.file_name().unwrap_or("root".as_ref()).to_owned()
    }
}

/// Copies.
pub fn run(cli: &Cli, cp: &Cp) -> Result<u8> {
    let (from, to) = (End::of(&cp.from)?, End::of(&cp.to)?);
    if let (End::Here(_), End::Here(_)) = (&from, &to) {
        return Err("neither is in a node: say NODE:PATH for what is".into());
    }
    let found = place::select(cli)?;
    let name = from.name();
    let (reader, writer) = io::pipe().map_err(|error| {
        Error::Message(format!("cannot make a pipe: {}", super::reason(&error)))
    })?;
    let (sent, received) = thread::scope(|scope| {
        let sender = scope.spawn(|| match &from {
            End::Here(path) => archive(path, writer),
            End::Node { node, path } => in_node(
                &found,
                node,
                &["pack".into(), "--".into(), path.into()],
                Input::Null,
                Sink::Writer(Box::new(writer)),
            ),
        });
        let received = match &to {
            End::Here(path) => extract(path, &name, reader),
            End::Node { node, path } => in_node(
                &found,
                node,
                &["unpack".into(), "--".into(), path.into(), name.clone()],
                Input::Reader(Box::new(reader)),
                Sink::Null,
            ),
        };
        let failed = || Err(Error::Message("the sending thread panicked".into()));
        (sender.join().unwrap_or_else(|_| failed()), received)
    });
    // If nothing came, the sender knows why; a sender that was cut off does not.
    match (sent, received) {
        (Err(error), _) if !is_cut_off(&error) => Err(error),
        (_, Err(error)) | (Err(error), _) => Err(error),
        (Ok(()), Ok(())) => Ok(0),
    }
}

/// What a sender says whose receiver has gone.
fn is_cut_off(error: &Error) -> bool {
    error.to_string().contains("Broken pipe") || matches!(error, Error::Told(141))
}

/// Runs this program in a node.
fn in_node(
    found: &Found,
    node: &str,
    words: &[OsString],
    input: Input,
    output: Sink,
) -> Result<()> {
    let mut arguments: Vec<OsString> = ["exec", node, "--", "/proc/self/exe"]
        .map(Into::into)
        .into();
    arguments.extend_from_slice(words);
    let status = match found.place()? {
        Place::Guest(guest) => {
            let mut request = ExecRequest::new(place::inside(&found.lab, arguments));
            request.tty = Tty::Never;
            let io = ExecIo {
                stdin: input,
                stdout: output,
                stderr: Sink::Inherit,
            };
            guest.exec(&request, io)?.code()
        }
        Place::Here => beside(&found.lab, &arguments, input, output)
            .map_err(|error| Error::Message(format!("cannot copy: {}", super::reason(&error))))?,
    };
    match status {
        0 => Ok(()),
        status => Err(Error::Told(status)),
    }
}

/// Runs this program beside itself in this kernel; its exit status.
fn beside(lab: &str, arguments: &[OsString], input: Input, output: Sink) -> io::Result<u8> {
    let mut child = Command::new("/proc/self/exe")
        .args(["--kernel=host", "--lab", lab])
        .args(arguments)
        .stdin(match &input {
            Input::Reader(_) => Stdio::piped(),
            _ => Stdio::null(),
        })
        .stdout(match &output {
            Sink::Writer(_) => Stdio::piped(),
            _ => Stdio::null(),
        })
        .spawn()?;
    // Who does not read any more says so with its status.
    if let (Input::Reader(mut reader), Some(mut stdin)) = (input, child.stdin.take()) {
        let _ = io::copy(&mut reader, &mut stdin);
    }
    if let (Sink::Writer(mut writer), Some(mut stdout)) = (output, child.stdout.take()) {
        let _ = io::copy(&mut stdout, &mut writer);
    }
    let status = child
        .wait()?
        .code()
        .and_then(|code| u8::try_from(code).ok());
    Ok(status.unwrap_or(1))
}

/// Writes a path as an archive to the output.
pub fn pack(pack: &Pack) -> Result<u8> {
    archive(&pack.path, io::stdout().lock())?;
    Ok(0)
}

/// Unpacks an archive from the input.
pub fn unpack(unpack: &Unpack) -> Result<u8> {
    extract(&unpack.path, &unpack.name, io::stdin().lock())?;
    Ok(0)
}

fn archive(path: &Path, to: impl Write) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut builder = Builder::new(io::BufWriter::with_capacity(1 << 16, to));
        builder.follow_symlinks(false);
        // What is named itself may be a link; what is found in a directory is copied as it is.
        let kind = fs::metadata(path)?;
        if kind.is_dir() {
            builder.append_dir_all(".", path)?;
        } else if kind.is_file() {
            builder.append_file("file", &mut File::open(path)?)?;
        } else {
            return Err(io::Error::other("neither a file nor a directory"));
        }
        builder.into_inner()?.flush()
    };
    write().map_err(|error| {
        Error::Message(format!(
            "cannot read {}: {}",
            path.display(),
            super::reason(&error)
        ))
    })
}

/// Unpacks what [`archive`] has made; nothing goes outside of the place that it is for.
fn extract(path: &Path, name: &OsString, from: impl Read) -> Result<()> {
    let target = match path.is_dir() {
        true => path.join(name),
        false => path.to_owned(),
    };
    let read = || -> io::Result<()> {
        let mut archive = Archive::new(io::BufReader::with_capacity(1 << 16, from));
        archive.set_overwrite(true);
        let mut entries = archive.entries()?;
        let Some(first) = entries.next() else {
            // Who should have sent something says why not.
            return Ok(());
        };
        let mut first = first?;
        if first.header().entry_type() != EntryType::Directory {
            return write_file(&mut first, &target);
        }
        fs::create_dir_all(&target)?;
        for entry in entries {
            entry?.unpack_in(&target)?;
        }
        Ok(())
    };
    read().map_err(|error| {
        Error::Message(format!(
            "cannot write {}: {}",
            target.display(),
            super::reason(&error)
        ))
    })
}

/// A file that exists stays the same one, with its mode: it may be one of the node's own, which is mounted.
fn write_file(entry: &mut tar::Entry<'_, impl Read>, target: &Path) -> io::Result<()> {
    let new = !target.exists();
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(target)?;
    if new {
        let mode = entry.header().mode()? & 0o7777;
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    io::copy(entry, &mut file)?;
    Ok(())
}
