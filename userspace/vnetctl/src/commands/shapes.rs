// SPDX-License-Identifier: GPL-2.0

//! `gen` and `schema`: a topology file to begin with, and what can be in one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vnet_topology::generate::{self, Settings, Shape, ROUTING};
use vnet_topology::units;

use crate::error::{Error, Result};
use crate::output;

/// `gen`
#[derive(Debug, Args)]
pub struct Generate {
    /// Shape.
    #[command(subcommand)]
    pub shape: ShapeName,

    /// Hosts at each router (of a tree or fat tree: at each router at the edge).
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 1)]
    pub hosts: usize,

    /// Rate of all links, as in 100mbit.
    #[arg(long, global = true, value_name = "RATE", value_parser = rate)]
    pub rate: Option<u64>,

    /// Delay of all links, as in 5ms.
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub delay: Option<u64>,

    /// Routing of all routers.
    #[arg(long, global = true, value_name = "PROTOCOL", default_value = "static", value_parser = ROUTING.to_vec())]
    pub routing: String,

    /// Seed of random shapes.
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        default_value_t = 1,
        env = "VNET_SEED"
    )]
    pub seed: u64,

    /// Write it to this file instead of the output.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Shapes.
#[derive(Clone, Debug, Subcommand)]
pub enum ShapeName {
    /// Routers in a row.
    Line {
        /// Routers.
        nodes: usize,
    },
    /// Routers in a circle.
    Ring {
        /// Routers.
        nodes: usize,
    },
    /// Routers around one in the middle.
    Star {
        /// Routers around it.
        leaves: usize,
    },
    /// A tree of routers.
    Tree {
        /// Levels below the root.
        depth: usize,
        /// Routers below each.
        fanout: usize,
    },
    /// Routers in rows and columns.
    Grid {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The fat tree of a data centre.
    FatTree {
        /// Ports of each router; even.
        k: usize,
    },
    /// A connected random graph.
    Random {
        /// Routers.
        nodes: usize,
        /// Links of a router on average.
        #[arg(default_value_t = 3.0)]
        degree: f64,
    },
    /// Waxman's random graph: near routers are linked more often; delays follow from distances.
    Waxman {
        /// Routers.
        nodes: usize,
        /// Probability of the shortest links.
        #[arg(long, default_value_t = 0.4)]
        alpha: f64,
        /// How probable long links are.
        #[arg(long, default_value_t = 0.2)]
        beta: f64,
        /// Side of the square that they are in, km.
        #[arg(long, default_value_t = 1000.0)]
        side: f64,
    },
}

impl From<ShapeName> for Shape {
    fn from(name: ShapeName) -> Shape {
        match name {
            ShapeName::Line { nodes } => Shape::Line { nodes },
            ShapeName::Ring { nodes } => Shape::Ring { nodes },
            ShapeName::Star { leaves } => Shape::Star { leaves },
            ShapeName::Tree { depth, fanout } => Shape::Tree { depth, fanout },
            ShapeName::Grid { width, height } => Shape::Grid { width, height },
            ShapeName::FatTree { k } => Shape::FatTree { k },
            ShapeName::Random { nodes, degree } => Shape::Random { nodes, degree },
            ShapeName::Waxman {
                nodes,
                alpha,
                beta,
                side,
            } => Shape::Waxman {
                nodes,
                alpha,
                beta,
                side,
            },
        }
    }
}

fn rate(text: &str) -> Result<u64, String> {
    match units::rate(text).map_err(|error| error.to_string())? {
        Some(rate) => Ok(rate),
        None => Err("leave it out for unlimited links".into()),
    }
}

fn time(text: &str) -> Result<u64, String> {
    units::time(text).map_err(|error| error.to_string())
}

/// Writes a topology file.
pub fn generate(generate: &Generate) -> Result<u8> {
    let settings = Settings {
        seed: generate.seed,
        hosts: generate.hosts,
        rate: generate.rate,
        delay: generate.delay.unwrap_or(0),
        routing: generate.routing.clone(),
    };
    let topology = generate::generate(&generate.shape.clone().into(), &settings)
        .map_err(|error| Error::Message(error.to_string()))?;
    let yaml = topology.to_yaml();
    match &generate.output {
        Some(file) => super::write(file, &yaml)?,
        None => output::print(&yaml)?,
    }
    Ok(0)
}

/// Prints the JSON schema of topology files.
pub fn schema() -> Result<u8> {
    output::json(&vnet_topology::schema())?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn written(line: &str) -> String {
        let Command::Generate(given) = Cli::parse_from(line.split(' ')).command else {
            panic!("{line}");
        };
        let settings = Settings {
            seed: given.seed,
            hosts: given.hosts,
            rate: given.rate,
            delay: given.delay.unwrap_or(0),
            routing: given.routing.clone(),
        };
        let topology = generate::generate(&given.shape.into(), &settings);
        topology.unwrap().to_yaml()
    }

    #[test]
    fn the_first_line_tells_what_to_type() {
        for shape in [
            "line 2",
            "ring 3",
            "star 2",
            "tree 1 2",
            "grid 2 2",
            "fat-tree 2",
            "random 5 2.5",
            "waxman 5 --beta 0.3",
        ] {
            let text = written(&format!(
                "vnetctl gen {shape} --hosts 2 --rate 1mbit --delay 2ms --routing ospf --seed 7"
            ));
            let told = text.lines().next().unwrap();
            let told = told.strip_prefix("# Generated by ").unwrap();
            assert_eq!(written(told), text, "{told}");
        }
    }
}
