// SPDX-License-Identifier: GPL-2.0

//! Kernel parameters by their dotted names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Context, Result};

/// Trees whose third part is the name of an interface, which may contain dots itself.
const PER_INTERFACE: [&str; 4] = [
    "net.ipv4.conf.",
    "net.ipv6.conf.",
    "net.ipv4.neigh.",
    "net.ipv6.neigh.",
];

/// The interface that a parameter is for; `None` if it is for none, or for all of them or for later ones.
pub fn interface(name: &str) -> Option<&str> {
    let (interface, _) = split(name)?;
    (!matches!(interface, "all" | "default" | "lo")).then_some(interface)
}

/// Sets a parameter in the network namespace of the calling thread.
pub fn set(name: &str, value: &str) -> Result<()> {
    let path = path(name);
    fs::write(&path, value)
        .context(|| format!("cannot set the kernel parameter {name} to \"{value}\""))
}

/// The file that stands for a parameter.
pub fn path(name: &str) -> PathBuf {
    let base = Path::new("/proc/sys");
    match split(name) {
        Some((interface, key)) => {
            let tree = &name[..name.len() - interface.len() - 1 - key.len()];
            base.join(tree.replace('.', "/")).join(interface).join(key)
        }
        None => base.join(name.replace('.', "/")),
    }
}

/// Interface and key.
fn split(name: &str) -> Option<(&str, &str)> {
    PER_INTERFACE
        .iter()
        .find_map(|tree| name.strip_prefix(tree))?
        .rsplit_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths() {
        for (name, expected) in [
            ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            (
                "net.ipv6.conf.all.forwarding",
                "/proc/sys/net/ipv6/conf/all/forwarding",
            ),
            (
                "net.ipv4.conf.eth0.10.rp_filter",
                "/proc/sys/net/ipv4/conf/eth0.10/rp_filter",
            ),
        ] {
            assert_eq!(path(name), Path::new(expected));
        }
    }

    #[test]
    fn those_of_single_interfaces_are_told_apart() {
        assert_eq!(
            interface("net.ipv4.conf.eth0.10.rp_filter"),
            Some("eth0.10")
        );
        assert_eq!(interface("net.ipv4.conf.all.rp_filter"), None);
        assert_eq!(interface("net.ipv4.conf.default.rp_filter"), None);
        assert_eq!(interface("net.ipv4.tcp_sack"), None);
    }
}
