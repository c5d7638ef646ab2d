// SPDX-License-Identifier: GPL-2.0

//! What can be told from configurations of FRR and Quagga.

/// Where vnet's FRR has its configuration.
pub(crate) const CONFIG: &str = "/etc/frr/frr.conf";

/// Beginnings of lines, and the daemon that they need.
const SIGNS: &[(&str, &str)] = &[
    ("router ospf6", "ospf6d"),
    ("router ospf", "ospfd"),
    ("router ripng", "ripngd"),
    ("router rip", "ripd"),
    ("router isis", "isisd"),
    ("router openfabric", "fabricd"),
    ("router bgp", "bgpd"),
    ("router babel", "babeld"),
    ("router eigrp", "eigrpd"),
    ("router pim6", "pim6d"),
    ("router pim", "pimd"),
    ("ip pim", "pimd"),
    ("ipv6 pim", "pim6d"),
    ("ip nhrp", "nhrpd"),
    ("mpls ldp", "ldpd"),
    ("bfd", "bfdd"),
    ("ip route ", "staticd"),
    ("ipv6 route ", "staticd"),
];

/// The daemons beyond zebra that a configuration is for.
pub(crate) fn daemons(config: &str) -> Vec<String> {
    let mut daemons: Vec<String> = Vec::new();
    for line in config.lines() {
        let line = line.trim();
        let sign = SIGNS.iter().find(|(sign, _)| {
            let rest = line.strip_prefix(sign);
            rest.is_some_and(|rest| sign.ends_with(' ') || rest.is_empty() || rest.starts_with(' '))
        });
        if let Some((_, daemon)) = sign {
            if !daemons.iter().any(|known| known == daemon) {
                daemons.push((*daemon).to_owned());
            }
        }
    }
    daemons
}

/// Whether a configuration gives interfaces their addresses.
pub(crate) fn sets_addresses(config: &str) -> bool {
    let sets = |line: &str| {
        line.trim().starts_with("ip address ") || line.trim().starts_with("ipv6 address ")
    };
    config.lines().any(sets)
}

/// The daemons that a file `/etc/frr/daemons` starts.
pub(crate) fn started(file: &str) -> Vec<String> {
    let lines = file.lines().filter_map(|line| line.trim().split_once('='));
    lines
        .filter(|(name, value)| name.ends_with('d') && value.trim() == "yes")
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_of_a_configuration() {
        let config = "interface eth0\n ip address 10.0.0.1/24\n!\nrouter ospf6\nrouter ospf\nip route 0.0.0.0/0 10.0.0.2\nrouter bgp 7\n";
        assert_eq!(daemons(config), ["ospf6d", "ospfd", "staticd", "bgpd"]);
        assert!(sets_addresses(config));
    }
}
