// SPDX-License-Identifier: GPL-2.0

//! What can go wrong between the kernel and us.

use std::fmt;
use std::io;

use netlink_packet_core::DecodeError;

/// An error of the control interface.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The running kernel has no such generic netlink family.
    #[error("this kernel has no generic netlink family \"{0}\"; load the module vnet, or use an embedded kernel with --kernel uml")]
    NoFamily(&'static str),
    /// The family has no such multicast group.
    #[error("the generic netlink family \"{0}\" has no multicast group \"{1}\": module and tool are of different versions, build both anew")]
    NoGroup(&'static str, &'static str),
    /// The socket failed.
    #[error("netlink socket: {0}")]
    Socket(#[from] io::Error),
    /// A message from the kernel could not be understood.
    #[error("message from the kernel: {0}")]
    Decode(#[from] DecodeError),
    /// The kernel refused a request.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A dump was overtaken by changes each time it was tried.
    #[error("the list changed each of the {0} times it was read; try again when fewer links come and go")]
    Unstable(u32),
    /// The kernel acknowledged a request that should have had an answer.
    #[error("the kernel sent no answer to {0}: module and tool may be of different versions, build both anew")]
    NoAnswer(&'static str),
}

impl Error {
    /// The error number if the kernel refused.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Refused(refusal) => Some(refusal.errno),
            Error::Socket(error) => error.raw_os_error(),
            _ => None,
        }
    }
}

/// Why the kernel refused a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Error number, positive.
    pub errno: i32,
    /// The kernel's own words, if it said any.
    pub message: Option<String>,
    /// Path of the attribute that it did not like, as in `end-a.tx.rate`.
    pub attribute: Option<String>,
    /// Path of the attribute that it missed.
    pub missing: Option<String>,
}

impl Refusal {
    /// A refusal of which no more is known than its number.
    pub fn new(errno: i32) -> Self {
        Refusal {
            errno,
            message: None,
            attribute: None,
            missing: None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(out, "{message}")?,
            None => {
                let text = io::Error::from_raw_os_error(self.errno).to_string();
                // std adds the number, which says nothing to a reader.
                let end = text.find(" (os error").unwrap_or(text.len());
                write!(out, "{}", &text[..end])?;
            }
        }
        match (&self.attribute, &self.missing) {
            (Some(path), _) => write!(out, " (attribute {path})"),
            (None, Some(path)) => write!(out, " (attribute {path} is missing)"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}
