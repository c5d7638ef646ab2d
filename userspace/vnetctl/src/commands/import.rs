// SPDX-License-Identifier: GPL-2.0

//! `import`

use super::source;
use crate::cli::Import;
use crate::error::{Error, Result};
use crate::output;

/// Makes a topology file of one of another tool.
pub fn run(import: &Import) -> Result<u8> {
    let imported = source::import(&import.file, &import.foreign)?;
    source::warn(&import.file, &imported);
    let yaml = imported.topology.to_yaml();
    let name = match &import.output {
        Some(file) => {
            super::write(file, &yaml)?;
            file.display().to_string()
        }
        None => {
            output::print(&yaml)?;
            "what was made".into()
        }
    };
    // What is wrong with it is better known now than when it is brought up.
    match vnet_topology::compile(&name, &yaml) {
        Ok(_) => Ok(0),
        Err(report) => Err(Error::Topology(Box::new(report))),
    }
}
