// SPDX-License-Identifier: GPL-2.0

//! Topology files as plans, those of other tools included.

use std::path::Path;

use vnet_import::{is_foreign, Imported, Options as ImportOptions};
use vnet_topology::plan::Plan;

use crate::cli::Foreign;
use crate::error::{Error, Result};

/// What is compiled, and with what.
pub struct Source<'a> {
    /// The file; `-` is standard input.
    pub file: &'a Path,
    /// Name of the lab instead of the file's.
    pub lab: Option<&'a str>,
    /// Seed instead of the file's.
    pub seed: Option<u64>,
    /// Values of variables.
    pub vars: &'a [(String, String)],
    /// What files of other tools do not say.
    pub foreign: &'a Foreign,
    /// Without warnings: for commands that only want to know which lab it is.
    pub quiet: bool,
}

/// What has become of a file.
pub struct Loaded {
    /// Its plan.
    pub plan: Plan,
    /// Whether it is a file of another tool.
    pub foreign: bool,
}

impl Source<'_> {
    /// Compiles; warnings are printed.
    pub fn compile(&self) -> Result<Plan> {
        self.load().map(|loaded| loaded.plan)
    }

    /// The same, with whose file it is.
    pub fn load(&self) -> Result<Loaded> {
        let text = super::read(self.file)?;
        let name = self.file.to_string_lossy();
        if !is_foreign(&name, &text) {
            return Ok(Loaded {
                plan: self.compile_text(&name, &text, true)?,
                foreign: false,
            });
        }
        let imported = import(self.file, self.foreign)?;
        if !self.quiet {
            warn(self.file, &imported);
        }
        // Whatever is wrong with it is wrong in what was made of it.
        let plan = self.compile_text(
            &format!("{name} as a topology file"),
            &imported.topology.to_yaml(),
            false,
        )?;
        Ok(Loaded {
            plan,
            foreign: true,
        })
    }

    fn compile_text(&self, name: &str, text: &str, read_files: bool) -> Result<Plan> {
        let options = vnet_topology::Options {
            lab: self.lab.map(Into::into),
            seed: self.seed,
            read_files,
            vars: self.vars.iter().cloned().collect(),
        };
        let compiled = vnet_topology::compile_with(name, text, &options)
            .map_err(|report| Error::Topology(Box::new(report)))?;
        if !compiled.warnings.is_empty() && !self.quiet {
            Error::Topology(Box::new(compiled.warnings)).print();
        }
        if compiled.drawn_seed && !self.quiet {
            let seed = compiled.plan.seed;
            eprintln!("vnetctl: the seed is {seed}; --seed {seed} repeats it");
        }
        Ok(compiled.plan)
    }
}

/// Reads a file of another tool.
pub fn import(file: &Path, foreign: &Foreign) -> Result<Imported> {
    let options = ImportOptions {
        default_rate: foreign.default_rate.clone(),
        routing: foreign.routing.clone(),
    };
    vnet_import::import(file, &options).map_err(|error| {
        Error::Message(match error {
            error
            @ (vnet_import::ImportError::Io { .. } | vnet_import::ImportError::Unknown(_)) => {
                error.to_string()
            }
            error => format!("{}: {error}", file.display()),
        })
    })
}

/// Tells what could not be carried over.
pub fn warn(file: &Path, imported: &Imported) {
    for warning in &imported.warnings {
        eprintln!("vnetctl: {}: {warning}", file.display());
    }
}
