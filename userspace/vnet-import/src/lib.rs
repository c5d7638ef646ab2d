// SPDX-License-Identifier: GPL-2.0

//! Topologies of other tools as topology files of vnet.
//!
//! Each importer reads one format and makes a [`Topology`] of it, with a [`Warning`] for everything that it could not
//! carry over. The result is written as YAML, which is what is compiled: whatever an importer does can be read and edited.
//!
//! | format | files |
//! | --- | --- |
//! | IMUNES | `.imn`, JSON and the older Tcl lists |
//! | Topology Zoo | `.graphml`, `.gml` |
//! | Repetita | `.graph` |
//! | containerlab | `.clab.yml`, `.clab.yaml` |
//! | Kathará | `lab.conf` with the files beside it |
//! | CORE | `.xml` |

mod clab;
mod core;
mod frr;
mod gml;
mod graphml;
mod imunes;
mod interfaces;
mod kathara;
mod names;
mod net_tools;
mod overlap;
mod repetita;
mod surroundings;
mod text;
mod tidy;
mod units;
mod xml;
mod yaml;
mod zoo;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::Path;

use vnet_topology::write::Topology;

pub use surroundings::{Directory, Nothing, Surroundings};

/// Formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// IMUNES, JSON or Tcl.
    Imunes,
    /// GraphML, as the Topology Zoo writes it.
    GraphMl,
    /// GML, as the Topology Zoo writes it.
    Gml,
    /// Repetita.
    Repetita,
    /// containerlab.
    Containerlab,
    /// Kathará or Netkit.
    Kathara,
    /// CORE.
    Core,
}

/// What is not in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Rate of links that have none, as the topology file has it (`1gbit`); none: unlimited.
    pub default_rate: Option<String>,
    /// `routing:` of the routers of formats that say nothing of it; none: `static`.
    pub routing: Option<String>,
}

/// A topology that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The topology.
    pub topology: Topology,
    /// What could not be carried over.
    pub warnings: Vec<Warning>,
}

/// Something that could not be carried over, or had to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// What it is about: `node r1`, `link l3`; empty for the whole file.
    pub about: String,
    /// What is different.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.about.as_str() {
            "" => out.write_str(&self.message),
            about => write!(out, "{about}: {}", self.message),
        }
    }
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("cannot read {path}: {}", surroundings::reason(.error))]
    Io {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// It is of no format that is known.
    #[error("{0} is of no format that can be imported: IMUNES .imn, GraphML, GML, Repetita .graph, containerlab .clab.yml, Kathará lab.conf, CORE .xml")]
    Unknown(String),
    /// It is not what it says to be.
    #[error("{}{message}", place(.line))]
    Syntax {
        /// Line from 1, if it is known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// It is larger than what an importer reads.
    #[error("the file is larger than 64 MiB")]
    TooLarge,
}

fn place(line: &Option<usize>) -> String {
    line.map_or(String::new(), |line| format!("line {line}: "))
}

impl ImportError {
    fn syntax(message: impl Into<String>) -> Self {
        ImportError::Syntax {
            line: None,
            message: message.into(),
        }
    }

    fn at(line: usize, message: impl Into<String>) -> Self {
        ImportError::Syntax {
            line: Some(line),
            message: message.into(),
        }
    }
}

/// Longest file that is read, bytes.
const MAX_BYTES: usize = 64 << 20;

impl Format {
    /// The format of a file, by its name and, where that does not tell, by its beginning.
    pub fn of(path: &str, text: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let begins = |word: &str| text.trim_start().starts_with(word);
        Some(match name.rsplit('.').next().unwrap_or_default() {
            "imn" => Format::Imunes,
            "graphml" => Format::GraphMl,
            "gml" => Format::Gml,
            "graph" if begins("NODES") => Format::Repetita,
            "conf" if name == "lab.conf" => Format::Kathara,
            "yml" | "yaml" if name.contains(".clab.") => Format::Containerlab,
            "yml" | "yaml" if text.lines().any(|line| line.trim_end() == "topology:") => {
                Format::Containerlab
            }
            "xml" if text.contains("<graphml") => Format::GraphMl,
            "xml" if text.contains("<scenario") => Format::Core,
            _ => return None,
        })
    }
}

/// Whether a file is for [`import`] rather than a topology file itself.
pub fn is_foreign(path: &str, text: &str) -> bool {
    Format::of(path, text).is_some()
}

/// Reads a file and what it refers to.
pub fn import(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let shown = path.display().to_string();
    let text = surroundings::read_text(path).map_err(|error| ImportError::Io {
        path: shown.clone(),
        error,
    })?;
    let format = Format::of(&shown, &text).ok_or_else(|| ImportError::Unknown(shown.clone()))?;
    let directory = Directory::new(path.parent().unwrap_or(Path::new("")));
    let mut imported = import_text(format, &text, options, &directory)?;
    if imported.topology.name.is_none() {
        // `lab.conf` has the name of its directory, also where that is not given.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = names::lab_name(&whole.to_string_lossy());
        imported.topology.name = Some(name.unwrap_or_else(|| "lab".into()));
    }
    imported.topology.comment.insert(
        0,
        format!(
            "Imported from {}.",
            path.file_name()
                .and_then(|name| name.to_str())
                .unwrap_or("a file")
        ),
    );
    Ok(imported)
}

/// Reads a text; the files that it refers to are in `surroundings`.
pub fn import_text(
    format: Format,
    text: &str,
    options: &Options,
    surroundings: &dyn Surroundings,
) -> Result<Imported, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    let mut imported = match format {
        Format::Imunes => imunes::import(text),
        Format::GraphMl => graphml::import(text, options),
        Format::Gml => gml::import(text, options),
        Format::Repetita => repetita::import(text, options),
        Format::Containerlab => clab::import(text, surroundings),
        Format::Kathara => kathara::import(text, surroundings),
        Format::Core => core::import(text),
    }?;
    tidy::interfaces(&mut imported);
    tidy::keys(&mut imported);
    Ok(imported)
}

/// Collects warnings.
#[derive(Default)]
struct Warnings {
    list: Vec<Warning>,
    known: HashSet<Warning>,
}

impl Warnings {
    fn add(&mut self, about: impl Into<String>, message: impl Into<String>) {
        let warning = Warning {
            about: about.into(),
            message: message.into(),
        };
        // A thing may be come across several times.
        if self.known.insert(warning.clone()) {
            self.list.push(warning);
        }
    }
}
