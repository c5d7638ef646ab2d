// SPDX-License-Identifier: GPL-2.0

//! `down`

use std::time::Duration;

use vnet_guest::Down as GuestDown;
use vnet_lab::wire::Kernel as Module;

use super::source::Source;
use crate::cli::{Cli, Down, Foreign, Kernel};
use crate::error::Result;
use crate::output;
use crate::place::{self, Found};

/// How long a guest may take to power off before it is killed.
const OFF: Duration = Duration::from_secs(10);

/// Takes labs down.
pub fn run(cli: &Cli, down: &Down) -> Result<u8> {
    if down.all {
        let labs = place::labs(cli)?;
        if labs.is_empty() {
            output::print("no lab is up\n")?;
        }
        for found in &labs {
            take_down(found)?;
        }
        return Ok(0);
    }
    let name = match (&cli.lab, &down.file) {
        (Some(lab), _) => lab.clone(),
        (None, Some(file)) => {
            let source = Source {
                file,
                lab: None,
                seed: None,
                vars: &[],
                foreign: &Foreign::default(),
                quiet: true,
            };
            source.compile()?.lab
        }
        (None, None) => match place::labs(cli)?.as_slice() {
            [] => {
                output::print("no lab is up\n")?;
                return Ok(0);
            }
            _ => place::select(cli)?.lab,
        },
    };
    let labs: Vec<Found> = place::labs(cli)?
        .into_iter()
        .filter(|found| found.lab == name)
        .collect();
    for found in &labs {
        take_down(found)?;
    }
    if labs.is_empty() && !remains(cli, &name)? {
        output::print(&format!("lab {name} is not up\n"))?;
    }
    Ok(0)
}

/// What is not listed as a lab may have left something all the same.
fn remains(cli: &Cli, lab: &str) -> Result<bool> {
    let mut found = false;
    if cli.kernel != Some(Kernel::Host) {
        found |= vnet_guest::down(lab, OFF)? != GuestDown::NotRunning;
    }
    if cli.kernel.is_none_or(|kernel| kernel == Kernel::Host) {
        if let Ok(mut module) = Module::open() {
            found |= vnet_lab::down::down(lab, &mut module)?;
        }
    }
    if found {
        output::print(&format!("what was left of lab {lab} is gone\n"))?;
    }
    Ok(found)
}

fn take_down(found: &Found) -> Result<()> {
    match found.form {
        None => {
            let mut module = Module::open()?;
            vnet_lab::down::down(&found.lab, &mut module)?;
        }
        Some(_) => match vnet_guest::down(&found.lab, OFF)? {
            GuestDown::Killed => {
                eprintln!(
                    "vnetctl: the guest of lab {} did not power off and was killed",
                    found.lab
                );
            }
            GuestDown::Stopped | GuestDown::CleanedUp | GuestDown::NotRunning => {}
        },
    }
    output::print(&format!("lab {} is down\n", found.lab))
}
