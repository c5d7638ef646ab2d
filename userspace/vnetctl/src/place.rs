// SPDX-License-Identifier: GPL-2.0

//! Where labs live, and finding the one that is meant.
//!
//! A lab lives in the kernel that this program runs on, or in a guest of its own. What is to be done with one in a guest
//! is done by this same program inside it.

use std::ffi::OsString;

use nix::unistd::geteuid;
use vnet_guest::{ExecIo, ExecRequest, Guest};
use vnet_lab::error::near;
use vnet_lab::wire::Kernel as Module;

use crate::cli::{Cli, Kernel};
use crate::error::{Error, Result};

/// Where a lab lives.
pub enum Place {
    /// In the running kernel.
    Here,
    /// In a guest.
    Guest(Box<Guest>),
}

/// A lab that is up, somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub lab: String,
    /// The form of its guest; `None` in the running kernel.
    pub form: Option<vnet_guest::Form>,
}

impl Found {
    /// The name of its kernel, as for `--kernel`.
    pub fn kernel(&self) -> String {
        match self.form {
            None => "host".into(),
            Some(form) => form.to_string(),
        }
    }

    /// Connects to it.
    pub fn place(&self) -> Result<Place> {
        match self.form {
            None => Ok(Place::Here),
            Some(_) => match Guest::connect(&self.lab)? {
                Some(guest) => Ok(Place::Guest(Box::new(guest))),
                None => Err(Error::Message(format!(
                    "lab {} has just ended; `vnetctl up` with its file makes it anew",
                    self.lab
                ))),
            },
        }
    }
}

/// Why labs cannot live in the running kernel; `None` if they can.
pub fn obstacle() -> Option<String> {
    match Module::open() {
        Err(error) => Some(match error {
            vnet_lab::Error::Kernel {
                problem: vnet_uapi::Error::NoFamily(_),
                ..
            } => "the module vnet is not loaded here".into(),
            other => other.to_string(),
        }),
        Ok(_) if !geteuid().is_root() => Some("labs in this kernel need root".into()),
        Ok(_) => None,
    }
}

/// The kernel that `up` uses for a lab: the one it is up in already, else the best there is.
pub fn kernel_for_up(cli: &Cli, lab: &str) -> Result<Kernel> {
    if let Some(kernel) = cli.kernel {
        return Ok(kernel);
    }
    let mut same = labs(cli)?.into_iter().filter(|found| found.lab == lab);
    if let Some(kernel) = same.next().and_then(|found| Kernel::of(found.form)) {
        return Ok(kernel);
    }
    match obstacle() {
        None => Ok(Kernel::Host),
        Some(reason) => {
            eprintln!("vnetctl: {reason}: using an embedded kernel (--kernel uml)");
            Ok(Kernel::Uml)
        }
    }
}

/// All labs that are up, as far as `--kernel` does not exclude them.
pub fn labs(cli: &Cli) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    if cli.kernel.is_none_or(|kernel| kernel == Kernel::Host) {
        let labs = vnet_lab::paths::labs()?.into_iter();
        found.extend(labs.map(|lab| Found { lab, form: None }));
    }
    if cli.kernel != Some(Kernel::Host) {
        for entry in vnet_guest::list()? {
            // One that does not answer has no form that we know of; it is listed all the same.
            let form = entry.info.map(|info| info.form);
            let wanted = cli.kernel.and_then(Kernel::form);
            if wanted.is_none() || form.is_none() || wanted == form {
                found.push(Found {
                    lab: entry.lab,
                    form: form.or(wanted).or(Some(vnet_guest::Form::Uml)),
                });
            }
        }
    }
    found.sort_by(|a, b| a.lab.cmp(&b.lab));
    Ok(found)
}

/// The lab that is meant: the one of `-l`, else the only one.
pub fn select(cli: &Cli) -> Result<Found> {
    let mut labs = labs(cli)?;
    if let Some(name) = &cli.lab {
        let mut same: Vec<&Found> = labs.iter().filter(|found| found.lab == *name).collect();
        return match (same.pop(), same.is_empty()) {
            (Some(found), true) => Ok(found.clone()),
            (Some(_), false) => Err(Error::Message(format!(
                "lab {name} is up in this kernel and in a guest; say which with --kernel"
            ))),
            (None, _) => {
                let hint = match near(name, labs.iter().map(|found| found.lab.as_str())) {
                    Some(near) => format!("; did you mean {near}?"),
                    None => list(&labs),
                };
                Err(Error::Message(format!("lab {name} is not up{hint}")))
            }
        };
    }
    match labs.len() {
        0 => Err("no lab is up; start one with `vnetctl up FILE`".into()),
        1 => Ok(labs.remove(0)),
        _ => Err(Error::Message(format!(
            "more than one lab is up, say which with -l{}",
            list(&labs)
        ))),
    }
}

fn list(labs: &[Found]) -> String {
    match labs {
        [] => "; no lab is".into(),
        labs => {
            let names: Vec<&str> = labs.iter().map(|found| found.lab.as_str()).collect();
            format!("; up: {}", names.join(", "))
        }
    }
}

/// Runs this program in a guest, with everything passed through; returns its exit status.
pub fn forward<I, S>(guest: &Guest, lab: &str, arguments: I) -> Result<u8>
where
    I: IntoIterator<Item = S>,
    S: Into<OsString>,
{
    let status = guest.exec(&ExecRequest::new(inside(lab, arguments)), ExecIo::inherit())?;
    Ok(status.code())
}

/// Runs this program in a guest without input and prints what it prints; returns its exit status.
pub fn relay<I, S>(guest: &Guest, lab: &str, arguments: I) -> Result<u8>
where
    I: IntoIterator<Item = S>,
    S: Into<OsString>,
{
    relay_with(guest, lab, arguments, "")
}

/// The same with something to read.
pub fn relay_with<I, S>(guest: &Guest, lab: &str, arguments: I, input: &str) -> Result<u8>
where
    I: IntoIterator<Item = S>,
    S: Into<OsString>,
{
    let output = guest.run_captured(inside(lab, arguments), input.as_bytes())?;
    crate::output::print(&String::from_utf8_lossy(&output.stdout))?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.status.code())
}

/// Runs this program in a guest and returns what it prints.
pub fn ask<I, S>(guest: &Guest, lab: &str, arguments: I) -> Result<Vec<u8>>
where
    I: IntoIterator<Item = S>,
    S: Into<OsString>,
{
    let output = guest.run_captured(inside(lab, arguments), b"")?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Error::Message(format!(
            "in the guest of lab {lab}: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))),
    }
}

/// What runs this program in a guest.
pub fn inside<I, S>(lab: &str, arguments: I) -> Vec<OsString>
where
    I: IntoIterator<Item = S>,
    S: Into<OsString>,
{
    let mut argv: Vec<OsString> = ["vnetctl", "--kernel", "host", "--lab", lab]
        .map(OsString::from)
        .into();
    argv.extend(arguments.into_iter().map(Into::into));
    argv
}
