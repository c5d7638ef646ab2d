// SPDX-License-Identifier: GPL-2.0

//! Errors as the user sees them.

use std::io::{self, IsTerminal};

use vnet_topology::Report;

/// The result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in the running kernel.
    #[error("{0}")]
    Lab(#[from] vnet_lab::Error),
    /// Something about an embedded kernel.
    #[error("{0}")]
    Guest(#[from] vnet_guest::Error),
    /// The topology file.
    #[error("the topology has errors")]
    Topology(Box<Report>),
    /// A command in a guest has said itself what was wrong.
    #[error("")]
    Told(u8),
    /// Anything else that the user has to know.
    #[error("{0}")]
    Message(String),
}

impl Error {
    /// Tells the user.
    pub fn print(&self) {
        match self {
            Error::Told(_) => {}
            Error::Topology(report) => {
                let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                eprint!("{}", report.render(color, crate::output::width()));
            }
            other => eprintln!("vnetctl: {other}"),
        }
    }

    /// The exit status, where the error determines it.
    pub fn status(&self) -> Option<u8> {
        match self {
            Error::Told(status) => Some(*status),
            // As a shell has it for SIGINT.
            Error::Lab(vnet_lab::Error::Interrupted) => Some(130),
            _ => None,
        }
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Error::Message(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Error::Message(message.into())
    }
}

impl From<vnet_uapi::Error> for Error {
    fn from(error: vnet_uapi::Error) -> Self {
        Error::Message(error.to_string())
    }
}
