// SPDX-License-Identifier: GPL-2.0

//! `/etc/network/interfaces`, which the service `networking` of Debian reads, as commands.

use std::net::{IpAddr, Ipv4Addr};

/// What `ifup --all` would do, a command a line. The second list is what is not carried over.
pub(crate) fn commands(file: &str) -> (Vec<String>, Vec<String>) {
    let mut out = (Vec::new(), Vec::new());
    let mut stanza: Option<Stanza<'_>> = None;
    for line in file.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [word, ..] if word.starts_with('#') => {}
            // All of them are up anyway.
            ["auto" | "allow-hotplug" | "allow-auto", ..] => {}
            ["iface", device, family, method, ..] => {
                if let Some(stanza) = stanza.take() {
                    stanza.end(&mut out);
                }
                stanza = Some(Stanza {
                    device,
                    six: *family == "inet6",
                    method,
                    options: Vec::new(),
                });
            }
            ["source" | "source-directory" | "mapping" | "iface" | "no-auto-down" | "no-scripts", ..] =>
            {
                out.1.push(line.to_owned());
            }
            [key, ..] => match &mut stanza {
                Some(stanza) => stanza.options.push((key, line[key.len()..].trim())),
                None => out.1.push(line.to_owned()),
            },
        }
    }
    if let Some(stanza) = stanza {
        stanza.end(&mut out);
    }
    out
}

/// An interface and what is said of it.
struct Stanza<'f> {
    device: &'f str,
    six: bool,
    method: &'f str,
    options: Vec<(&'f str, &'f str)>,
}

impl Stanza<'_> {
    fn end(self, (commands, left): &mut (Vec<String>, Vec<String>)) {
        let device = self.device;
        match self.method {
            "static" => {}
            "loopback" | "manual" => {}
            // What is there anyway without a word, as far as the kernel does it.
            "auto" if self.six => {}
            method => left.push(format!("iface {device} {method}")),
        }
        let find = |wanted: &str| {
            let mut all = self.options.iter();
            all.find_map(|(key, value)| (*key == wanted).then_some(*value))
        };
        let all = |wanted: &'static [&'static str]| {
            let some = self.options.iter();
            some.filter(move |(key, _)| wanted.contains(key))
        };
        commands.extend(all(&["pre-up"]).map(|(_, command)| (*command).to_owned()));
        if let (Some(mtu), true) = (find("mtu"), device != "lo") {
            commands.push(format!("ip link set {device} mtu {mtu}"));
        }
        if let (Some(mac), true) = (find("hwaddress"), device != "lo") {
            let mac = mac.trim_start_matches("ether").trim();
            commands.push(format!("ip link set {device} address {mac}"));
        }
        commands.push(format!("ip link set {device} up"));
        if let Some(address) = find("address") {
            match prefixed(address, find("netmask")) {
                Some(address) => commands.push(format!("ip address add {address} dev {device}")),
                None => left.push(format!("address {address} of {device}")),
            }
        }
        if let Some(gateway) = find("gateway") {
            let family = if self.six { "-6 " } else { "" };
            commands.push(format!(
                "ip {family}route add default via {gateway} dev {device}"
            ));
        }
        let after = all(&["up", "post-up"]);
        commands.extend(after.map(|(_, command)| (*command).to_owned()));
        for (key, value) in &self.options {
            let known = [
                "address",
                "netmask",
                "gateway",
                "mtu",
                "hwaddress",
                "up",
                "post-up",
                "pre-up",
                // What follows from the address, or happens at the end.
                "network",
                "broadcast",
                "down",
                "post-down",
                "pre-down",
            ];
            if !known.contains(key) {
                left.push(format!("{key} {value} of {device}"));
            }
        }
    }
}

/// An address with the length of its prefix, which may stand beside it as a number or a mask.
pub(crate) fn prefixed(address: &str, mask: Option<&str>) -> Option<String> {
    if address.parse::<ipnet::IpNet>().is_ok() {
        return Some(address.to_owned());
    }
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = match mask {
        None => most,
        Some(mask) => match mask.parse::<Ipv4Addr>() {
            Ok(mask) => ipnet::ipv4_mask_to_prefix(mask).ok()?,
            Err(_) => mask.parse().ok().filter(|length| *length <= most)?,
        },
    };
    Some(format!("{address}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_become_commands() {
        let (commands, left) = commands(
            "# a comment\nauto lo eth0\niface lo inet loopback\n\
             iface eth0 inet static\n\taddress 10.0.0.1\n\tnetmask 255.255.255.0\n\tgateway 10.0.0.2\n\
             \tmtu 1400\n\tbroadcast 10.0.0.255\n\tup ip route add 10.9.0.0/16 via 10.0.0.2\n\
             iface eth0 inet6 static\n address 2001:db8::1/64\n dns-nameservers 1.2.3.4\n\
             iface eth1 inet static\naddress 10.1.0.1\nnetmask 255.0.255.0\n\
             iface eth2 inet dhcp\nsource /etc/network/interfaces.d/*\n",
        );
        assert_eq!(
            commands,
            [
                "ip link set lo up",
                "ip link set eth0 mtu 1400",
                "ip link set eth0 up",
                "ip address add 10.0.0.1/24 dev eth0",
                "ip route add default via 10.0.0.2 dev eth0",
                "ip route add 10.9.0.0/16 via 10.0.0.2",
                "ip link set eth0 up",
                "ip address add 2001:db8::1/64 dev eth0",
                "ip link set eth1 up",
                "ip link set eth2 up",
            ]
        );
        assert_eq!(
            left,
            [
                "dns-nameservers 1.2.3.4 of eth0",
                "address 10.1.0.1 of eth1",
                "source /etc/network/interfaces.d/*",
                "iface eth2 dhcp",
            ]
        );
    }

    #[test]
    fn masks() {
        for (address, mask, wanted) in [
            ("10.0.0.1/8", None, Some("10.0.0.1/8")),
            ("10.0.0.1", Some("24"), Some("10.0.0.1/24")),
            ("10.0.0.1", None, Some("10.0.0.1/32")),
            ("2001::1", Some("64"), Some("2001::1/64")),
            ("2001::1", Some("129"), None),
            ("10.0.0.1", Some("33"), None),
            ("x", None, None),
        ] {
            assert_eq!(
                prefixed(address, mask).as_deref(),
                wanted,
                "{address} {mask:?}"
            );
        }
    }
}
