// SPDX-License-Identifier: GPL-2.0

//! `convert` and `graph`: a lab as a picture or in the format of another tool.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use vnet_topology::plan::Plan;
use vnet_topology::{export, picture};

use super::source::Source;
use crate::cli::{Cli, Foreign};
use crate::error::{Error, Result};
use crate::output;
use crate::place::{self, Place};

/// `convert`
#[derive(Debug, Args)]
pub struct Convert {
    /// Topology file, or one that can be imported; `-` reads standard input.
    pub file: PathBuf,

    /// Format of another tool. What it has no place for is left out; clab lists it.
    #[arg(long, value_name = "FORMAT")]
    pub to: Format,

    /// Write it to this file instead of the output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Value of one of the file's variables; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = crate::cli::variable)]
    pub vars: Vec<(String, String)>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,
}

/// Formats of other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Graphviz.
    Dot,
    /// Mermaid, which many places that show Markdown draw.
    Mermaid,
    /// GraphML, for yEd, Gephi, NetworkX.
    Graphml,
    /// containerlab.
    Clab,
}

/// `graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// Topology file, or one that can be imported; without one, the lab that is up.
    pub file: Option<PathBuf>,

    /// Write it to this file, whose ending says the format: .svg, .html, .dot or .mmd.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Format, where the name of the output does not tell [default: svg].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Picture>,

    /// Value of one of the file's variables; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = crate::cli::variable)]
    pub vars: Vec<(String, String)>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,
}

/// Formats of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    /// A picture that every browser shows.
    Svg,
    /// The same, to be moved, magnified and asked; one file that loads nothing.
    Html,
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// Writes a lab in the format of another tool.
pub fn convert(cli: &Cli, convert: &Convert) -> Result<u8> {
    let plan = compile(cli, &convert.file, &convert.vars, &convert.foreign)?;
    let text = match convert.to {
        Format::Dot => export::dot(&plan),
        Format::Mermaid => export::mermaid(&plan),
        Format::Graphml => export::graphml(&plan),
        Format::Clab => export::containerlab(&plan),
    };
    write(convert.output.as_deref(), &text)
}

/// Draws a lab.
pub fn graph(cli: &Cli, graph: &Graph) -> Result<u8> {
    let format = format(graph)?;
    let plan = match &graph.file {
        Some(file) => compile(cli, file, &graph.vars, &graph.foreign)?,
        None => running(cli)?,
    };
    let text = match format {
        Picture::Svg => picture::svg(&plan),
        Picture::Html => picture::html(&plan),
        Picture::Dot => export::dot(&plan),
        Picture::Mermaid => export::mermaid(&plan),
    };
    write(graph.output.as_deref(), &text)
}

fn compile(cli: &Cli, file: &Path, vars: &[(String, String)], foreign: &Foreign) -> Result<Plan> {
    let source = Source {
        file,
        lab: cli.lab.as_deref(),
        seed: None,
        vars,
        foreign,
        quiet: false,
    };
    source.compile()
}

/// The plan of the lab that is up.
fn running(cli: &Cli) -> Result<Plan> {
    let found = place::select(cli)?;
    let lab = &found.lab;
    Ok(match found.place()? {
        Place::Here => super::inspect::plan(lab)?,
        Place::Guest(guest) => {
            let json = place::ask(&guest, lab, ["inspect", "--plan"])?;
            vnet_lab::state::parse(&json)?
        }
    })
}

fn format(graph: &Graph) -> Result<Picture> {
    let ending = graph
        .output
        .as_deref()
        .and_then(Path::extension)
        .and_then(|ending| ending.to_str());
    match (graph.format, ending) {
        (Some(format), _) => Ok(format),
        (None, Some("svg")) => Ok(Picture::Svg),
        (None, Some("html" | "htm")) => Ok(Picture::Html),
        (None, Some("dot" | "gv")) => Ok(Picture::Dot),
        (None, Some("mmd" | "mermaid")) => Ok(Picture::Mermaid),
        (None, _) if graph.output.is_none() => Ok(Picture::Svg),
        (None, _) => Err(Error::Message(
            "the name of the output does not tell the format: let it end in .svg, .html, .dot or .mmd, or say --format"
                .into(),
        )),
    }
}

fn write(file: Option<&Path>, text: &str) -> Result<u8> {
    match file {
        Some(file) => super::write(file, text)?,
        None => output::print(text)?,
    }
    Ok(0)
}
