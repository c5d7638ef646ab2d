// SPDX-License-Identifier: GPL-2.0

//! `restart`

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use vnet_lab::up::{self, Options};
use vnet_lab::wire::Kernel as Module;

use super::check::count;
use crate::cli::{Cli, Waiting};
use crate::complete;
use crate::error::Result;
use crate::interrupt;
use crate::output;
use crate::place::{self, Place};
use crate::progress::Progress;

/// `restart`
#[derive(Debug, Args)]
pub struct Restart {
    /// Nodes.
    #[arg(required = true, value_name = "NODE", add = complete::nodes())]
    pub nodes: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub waiting: Waiting,
}

/// Makes nodes anew.
pub fn run(cli: &Cli, restart: &Restart) -> Result<u8> {
    let found = place::select(cli)?;
    match found.place()? {
        Place::Here => here(&found.lab, restart),
        Place::Guest(guest) => {
            let mut arguments = vec![
                "restart".to_owned(),
                format!("--wait={}", restart.waiting.wait.name()),
                format!("--timeout={}ns", restart.waiting.timeout.as_nanos()),
                "--".into(),
            ];
            arguments.extend_from_slice(&restart.nodes);
            place::forward(&guest, &found.lab, arguments)
        }
    }
}

fn here(lab: &str, restart: &Restart) -> Result<u8> {
    let begin = Instant::now();
    let cancel = interrupt::cancel()?;
    let mut backend = Module::open()?;
    let mut line = Progress::new();
    let mut nodes = restart.nodes.clone();
    nodes.sort();
    nodes.dedup();
    let result = up::restart(
        lab,
        &nodes,
        &mut backend,
        &mut Options {
            program: PathBuf::from("/proc/self/exe"),
            wait: restart.waiting.wait.into(),
            limit: restart.waiting.timeout,
            cancel,
            progress: &mut |step| super::up::tell(&mut line, step),
        },
    );
    drop(line);
    result?;
    output::print(&format!(
        "{} of lab {lab} restarted ({:.1} s)\n",
        count(nodes.len(), "node"),
        begin.elapsed().as_secs_f64()
    ))?;
    Ok(0)
}
