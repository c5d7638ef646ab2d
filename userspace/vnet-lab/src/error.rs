// SPDX-License-Identifier: GPL-2.0

//! What can go wrong with a lab, in words that say what was being done.

use std::io;

use vnet_topology::plan::FORMAT;

/// The result of most functions here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a lab.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such lab.
    #[error(
        "lab {lab} is not up{}",
        hint(near, "`vnetctl ps` lists those that are")
    )]
    NoLab {
        /// What was asked for.
        lab: String,
        /// The most similar name that exists.
        near: Option<String>,
    },
    /// The lab has no such node.
    #[error(
        "lab {lab} has no node {node}{}",
        hint(near, "`vnetctl ps` lists its nodes")
    )]
    NoNode {
        /// The lab.
        lab: String,
        /// What was asked for.
        node: String,
        /// The most similar name that exists.
        near: Option<String>,
    },
    /// The lab has no such link.
    #[error(
        "lab {lab} has no link {link}{}",
        hint(near, "`vnetctl link show` lists its links")
    )]
    NoLink {
        /// The lab.
        lab: String,
        /// What was asked for.
        link: String,
        /// The most similar name that exists.
        near: Option<String>,
    },
    /// The lab has no such medium.
    #[error(
        "lab {lab} has no medium {medium}{}",
        hint(near, "`vnetctl medium show` lists its media")
    )]
    NoMedium {
        /// The lab.
        lab: String,
        /// What was asked for.
        medium: String,
        /// The most similar name that exists.
        near: Option<String>,
    },
    /// The node's first process has gone.
    #[error("node {node} is dead: its first process is gone; run `vnetctl up` with the lab's file to renew it, or `vnetctl down -l {lab}`")]
    DeadNode {
        /// The lab.
        lab: String,
        /// The node.
        node: String,
    },
    /// A name that cannot be one of a lab or node.
    #[error("\"{0}\" cannot be a name: take letters, digits and hyphens")]
    Name(String),
    /// Someone else changes the lab.
    #[error("another vnetctl is changing lab {0}; try again when it is done")]
    Busy(String),
    /// A signal or the caller ended it.
    #[error("interrupted")]
    Interrupted,
    /// The plan comes from another version of the tool.
    #[error("the plan has format {0}, this version knows {FORMAT}; use the same vnetctl inside and outside")]
    Format(u32),
    /// The plan wants something that cannot be had here.
    #[error("{0}")]
    Unsupported(String),
    /// A system call failed.
    #[error("{what}: {}{}", plain(source), advice(source))]
    System {
        /// What was being done.
        what: String,
        /// The error; its text is in the message already.
        source: io::Error,
    },
    /// The kernel refused a request.
    #[error("{what}: {problem}")]
    Kernel {
        /// What was being done.
        what: String,
        /// What the kernel said.
        problem: vnet_uapi::Error,
    },
    /// A node could not be made.
    #[error("node {node}: {problem}")]
    Setup {
        /// The node.
        node: String,
        /// What failed in it.
        problem: String,
    },
    /// A daemon could not be started.
    #[error("node {node}: daemon {daemon} cannot be started: {problem}")]
    NoStart {
        /// The node.
        node: String,
        /// The daemon.
        daemon: String,
        /// Why.
        problem: String,
    },
    /// A daemon has ended though it should run.
    #[error("node {node}: daemon {daemon} {status}{}", tail(log))]
    Died {
        /// The node.
        node: String,
        /// The daemon.
        daemon: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// A daemon runs but does not become ready.
    #[error(
        "node {node}: daemon {daemon} is not ready after {seconds:.1} s: {expected}; `ready` of the daemon says what is waited for, and how long{}",
        tail(log)
    )]
    NotReady {
        /// The node.
        node: String,
        /// The daemon.
        daemon: String,
        /// How long it was waited for.
        seconds: f64,
        /// What did not come.
        expected: String,
        /// The end of its log.
        log: String,
    },
    /// A command of the plan failed.
    #[error("node {node}: command `{command}` {status}{}", tail(log))]
    Failed {
        /// The node.
        node: String,
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The end of its output.
        log: String,
    },
    /// The lab is up, but does not work as a whole.
    #[error("lab {lab} is up, but {missing} after {seconds} s; it stays up to be looked at (`vnetctl route show`, `vnetctl logs NODE`), --timeout lets it take longer")]
    NotConverged {
        /// The lab.
        lab: String,
        /// The limit.
        seconds: u64,
        /// What is missing.
        missing: String,
    },
    /// Something that was waited for did not come in time.
    #[error("not within {seconds} s: {missing}; try again when the machine has less to do")]
    Timeout {
        /// The limit.
        seconds: u64,
        /// What is missing.
        missing: String,
    },
    /// Undoing failed as well.
    #[error("{problem}\nwhat had been made could not all be removed: {undo}\n`vnetctl down` removes what is left")]
    Undo {
        /// What failed first.
        problem: Box<Error>,
        /// What failed then.
        undo: Box<Error>,
    },
    /// Something answered what makes no sense.
    #[error("{0}; if it is not gone with `vnetctl down` and `vnetctl up`, it is a mistake in vnetctl: please report it")]
    Protocol(String),
}

/// Adds to an error what was being done.
pub trait Context<T> {
    /// `what` says what was being done, as in "cannot open /dev/x".
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::System {
            what: what(),
            source,
        })
    }
}

impl<T> Context<T> for nix::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(io::Error::from).context(what)
    }
}

impl<T> Context<T> for Result<T, vnet_uapi::Error> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|problem| Error::Kernel {
            what: what(),
            problem,
        })
    }
}

impl<T> Context<T> for Result<T, vnet_uapi::Refusal> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(vnet_uapi::Error::from).context(what)
    }
}

/// The most similar one of the names that exist, if any is similar enough to be a misspelling.
pub fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let enough = (wanted.len() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= enough)
        .min()
        .map(|(_, name)| name.to_owned())
}

fn hint(near: &Option<String>, else_this: &str) -> String {
    match near {
        Some(name) => format!("; did you mean {name}?"),
        None => format!("; {else_this}"),
    }
}

/// What can be done about an error of the system that is not about the object at hand.
fn advice(error: &io::Error) -> &'static str {
    use nix::errno::Errno;
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPERM | Errno::EACCES) if !nix::unistd::geteuid().is_root() => {
            "; labs in this kernel need root, those with --kernel uml do not"
        }
        Some(Errno::ENOMEM) => {
            "; take a smaller lab, or give an embedded kernel more with --memory"
        }
        Some(Errno::ENOSPC | Errno::EDQUOT) => "; make room there",
        Some(Errno::EMFILE | Errno::ENFILE) => "; allow more open files (`ulimit -n`)",
        Some(Errno::EAGAIN) => "; allow more processes (`ulimit -u`), or take a smaller lab",
        _ => "",
    }
}

fn tail(log: &str) -> String {
    match log.trim_end() {
        "" => "; its log is empty".into(),
        text => format!("; the end of its log:\n{}", indent(text)),
    }
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Without the number that std puts behind it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let names = ["pc1", "pc2", "router1"];
        assert_eq!(near("pc3", names).as_deref(), Some("pc1"));
        assert_eq!(near("ruoter1", names).as_deref(), Some("router1"));
        assert_eq!(near("switch", names), None);
    }

    #[test]
    fn messages_say_what_and_why() {
        let error: Result<()> =
            Err(nix::errno::Errno::ENOENT).context(|| "cannot open /x".to_owned());
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot open /x: No such file or directory"
        );
        let error = Error::Died {
            node: "r1".into(),
            daemon: "ospfd".into(),
            status: "exited with status 1".into(),
            log: "a\nb\n".into(),
        };
        assert_eq!(
            error.to_string(),
            "node r1: daemon ospfd exited with status 1; the end of its log:\n    a\n    b"
        );
    }
}
