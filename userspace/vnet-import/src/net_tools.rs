// SPDX-License-Identifier: GPL-2.0

//! `ifconfig` and `route`, with which older labs set everything, in the words of `ip`, which is what guests have.

use std::net::IpAddr;

use crate::interfaces::prefixed;

/// The programs.
const PROGRAMS: &[&str] = &["ifconfig", "route"];

/// A script with its lines in words of `ip`; and the lines for which there are none.
pub(crate) fn translate(script: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(script.len());
    let mut left = Vec::new();
    for line in script.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let program = words
            .first()
            .map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        let translated = match program {
            "ifconfig" => ifconfig(&words[1..]),
            "route" => route(&words[1..]),
            _ => None,
        };
        match translated {
            Some(translated) => {
                let indent = &line[..line.len() - line.trim_start().len()];
                out.push_str(indent);
                out.push_str(&translated.join(" && "));
            }
            None => {
                if PROGRAMS.contains(&program) {
                    left.push(line.trim().to_owned());
                }
                out.push_str(line);
            }
        }
        out.push('\n');
    }
    (out, left)
}

/// `ifconfig DEVICE [ADDRESS[/LENGTH]] [netmask MASK] [mtu N] [hw ether MAC] [up|down]`; what has an address is up.
fn ifconfig(words: &[&str]) -> Option<Vec<String>> {
    let (device, mut rest) = words.split_first()?;
    let (mut address, mut mask, mut state) = (None, None, None);
    let mut commands = Vec::new();
    while !rest.is_empty() {
        rest = match rest {
            ["up", rest @ ..] => {
                state = Some("up");
                rest
            }
            ["down", rest @ ..] => {
                state = Some("down");
                rest
            }
            ["netmask", value, rest @ ..] => {
                mask = Some(*value);
                rest
            }
            ["broadcast", _, rest @ ..] | ["inet", rest @ ..] => rest,
            ["mtu", mtu, rest @ ..] if mtu.parse::<u32>().is_ok() => {
                commands.push(format!("ip link set {device} mtu {mtu}"));
                rest
            }
            ["hw", "ether", mac, rest @ ..] => {
                commands.push(format!("ip link set {device} address {mac}"));
                rest
            }
            ["inet6" | "add", value, rest @ ..] if *value != "add" => {
                let value = prefixed(value, None)?;
                commands.push(format!("ip address add {value} dev {device}"));
                rest
            }
            ["inet6", rest @ ..] => rest,
            [value, rest @ ..] if address.is_none() => {
                address = Some(*value);
                rest
            }
            _ => return None,
        };
    }
    if let Some(address) = address {
        // Without a mask it would be that of the old classes.
        if mask.is_none() && !address.contains('/') {
            return None;
        }
        let address = prefixed(address, mask)?;
        commands.push(format!("ip address replace {address} dev {device}"));
        state = state.or(Some("up"));
    }
    if let Some(state) = state {
        commands.push(format!("ip link set {device} {state}"));
    }
    (!commands.is_empty()).then_some(commands)
}

/// `route add|del [-net|-host] NET [netmask MASK] [gw ROUTER] [metric N] [dev DEVICE]`.
fn route(words: &[&str]) -> Option<Vec<String>> {
    let (action, mut rest) = match words {
        ["add", rest @ ..] => ("add", rest),
        ["del", rest @ ..] => ("del", rest),
        _ => return None,
    };
    let (mut to, mut mask, mut host, mut tail) = (None, None, false, String::new());
    while !rest.is_empty() {
        rest = match rest {
            ["-net", rest @ ..] => rest,
            ["-host", rest @ ..] => {
                host = true;
                rest
            }
            ["netmask", value, rest @ ..] => {
                mask = Some(*value);
                rest
            }
            ["gw", router, rest @ ..] => {
                tail.push_str(&format!(" via {}", router.parse::<IpAddr>().ok()?));
                rest
            }
            ["metric", number, rest @ ..] if number.parse::<u32>().is_ok() => {
                tail.push_str(&format!(" metric {number}"));
                rest
            }
            ["dev", device, rest @ ..] => {
                tail.push_str(&format!(" dev {device}"));
                rest
            }
            [device] if to.is_some() => {
                tail.push_str(&format!(" dev {device}"));
                &[]
            }
            [value, rest @ ..] if to.is_none() => {
                to = Some(*value);
                rest
            }
            _ => return None,
        };
    }
    let to = match to? {
        "default" | "0.0.0.0" => "default".to_owned(),
        net if mask.is_none() && !net.contains('/') && !host => return None,
        net => prefixed(net, mask)?,
    };
    (!tail.is_empty()).then(|| vec![format!("ip route {action} {to}{tail}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_words_of_ip() {
        for (line, wanted) in [
            (
                "ifconfig eth0 10.0.0.1/24 up",
                "ip address replace 10.0.0.1/24 dev eth0 && ip link set eth0 up",
            ),
            (
                "  /sbin/ifconfig eth1 10.0.0.1 netmask 255.255.255.252 broadcast 10.0.0.3",
                "  ip address replace 10.0.0.1/30 dev eth1 && ip link set eth1 up",
            ),
            (
                "ifconfig eth0 hw ether 02:00:00:00:00:01",
                "ip link set eth0 address 02:00:00:00:00:01",
            ),
            (
                "ifconfig eth0 inet6 add 2001::1/64",
                "ip address add 2001::1/64 dev eth0",
            ),
            ("ifconfig eth0 down", "ip link set eth0 down"),
            (
                "route add default gw 10.0.0.1",
                "ip route add default via 10.0.0.1",
            ),
            (
                "route add default gw 10.0.0.1 dev eth0",
                "ip route add default via 10.0.0.1 dev eth0",
            ),
            (
                "route add -net 10.9.0.0 netmask 255.255.0.0 gw 10.0.0.2 metric 3",
                "ip route add 10.9.0.0/16 via 10.0.0.2 metric 3",
            ),
            (
                "route del -net 10.9.0.0/16 eth0",
                "ip route del 10.9.0.0/16 dev eth0",
            ),
            (
                "route add -host 10.9.0.1 gw 10.0.0.2",
                "ip route add 10.9.0.1/32 via 10.0.0.2",
            ),
            ("echo route", "echo route"),
        ] {
            assert_eq!(
                translate(line),
                (format!("{wanted}\n"), Vec::new()),
                "{line}"
            );
        }
    }

    #[test]
    fn what_it_does_not_know_stays_and_is_told() {
        for line in [
            "ifconfig",
            "ifconfig eth0",
            "ifconfig eth0 10.0.0.1",
            "ifconfig eth0 10.0.0.1/24 promisc",
            "route -n",
            "route add -net 10.0.0.0 gw 10.0.0.1",
            "route add default gw router",
        ] {
            assert_eq!(
                translate(line),
                (format!("{line}\n"), vec![line.to_owned()])
            );
        }
    }
}
