// SPDX-License-Identifier: GPL-2.0

//! The text of a topology file.

use std::fmt::Write as _;

use super::text::{block, flow, flow_list, number, scalar};
use super::{End, File, Interface, Link, Medium, Node, Parameters, Topology};

impl Topology {
    /// The text of the file.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut out);
        // What has the form of a variable is none: `$${` is a literal `${`.
        out.replace("${", "$${")
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for line in &self.comment {
            writeln!(out, "{}", format!("# {line}").trim_end())?;
        }
        gap(out);
        for (key, value) in [("name", &self.name), ("description", &self.description)] {
            if let Some(value) = value {
                writeln!(out, "{key}: {}", scalar(value))?;
            }
        }
        let mut addressing = Vec::new();
        for (key, value) in [("ipv4", &self.ipv4), ("ipv6", &self.ipv6)] {
            if let Some(value) = value {
                addressing.push(format!("{key}: {}", flow(value)));
            }
        }
        if self.allow_overlap {
            addressing.push("overlap: allow".into());
        }
        if !addressing.is_empty() {
            writeln!(out, "addressing: {{{}}}", addressing.join(", "))?;
        }
        if self.routing.is_some() || !self.link_defaults.is_empty() {
            gap(out);
            writeln!(out, "defaults:")?;
            if let Some(routing) = &self.routing {
                writeln!(out, "  router: {{routing: {routing}}}")?;
            }
            if !self.link_defaults.is_empty() {
                writeln!(out, "  link: {}", parameters(&self.link_defaults))?;
            }
        }
        gap(out);
        writeln!(out, "nodes:")?;
        for node in &self.nodes {
            node.write(out)?;
        }
        if !self.links.is_empty() {
            gap(out);
            writeln!(out, "links:")?;
        }
        for link in &self.links {
            link.write(out)?;
        }
        if !self.media.is_empty() {
            gap(out);
            writeln!(out, "media:")?;
        }
        for medium in &self.media {
            medium.write(out)?;
        }
        Ok(())
    }
}

/// An empty line between what there is and what comes.
fn gap(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

impl Medium {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "  {}:", scalar(&self.name))?;
        writeln!(out, "    ports:")?;
        for port in &self.ports {
            writeln!(out, "      - {}", port.flow())?;
        }
        for (key, value) in &self.parameters.0 {
            writeln!(out, "    {key}: {}", parameter(value))?;
        }
        if !self.pairs.is_empty() {
            writeln!(out, "    pairs:")?;
        }
        for (pair, special) in &self.pairs {
            writeln!(out, "      {}: {}", scalar(pair), parameters(special))?;
        }
        Ok(())
    }
}

impl Node {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let mut short: Vec<String> = vec![format!("kind: {}", self.kind)];
        for (key, value) in [
            ("device", &self.device),
            ("gateway", &self.gateway),
            ("router-id", &self.router_id),
            ("cpu", &self.cpu),
            ("memory", &self.memory),
        ] {
            if let Some(value) = value {
                short.push(format!("{key}: {}", flow(value)));
            }
        }
        for (key, list) in [("routing", &self.routing), ("frr", &self.frr)] {
            match list.as_slice() {
                [] => {}
                [one] => short.push(format!("{key}: {}", flow(one))),
                several => short.push(format!("{key}: {}", flow_list(several))),
            }
        }
        if let Some(asn) = self.asn {
            short.push(format!("asn: {asn}"));
        }
        if self.stp {
            short.push("stp: true".into());
        }
        if let Some((x, y)) = self.position {
            short.push(format!("position: [{}, {}]", number(x), number(y)));
        }
        let long = !(self.interfaces.is_empty()
            && self.routes.is_empty()
            && self.sysctls.is_empty()
            && self.env.is_empty()
            && self.labels.is_empty()
            && self.files.is_empty()
            && self.daemons.is_empty()
            && self.commands.is_empty());
        let name = scalar(&self.name);
        match (long, short.len()) {
            (false, 1) => return writeln!(out, "  {name}: {}", self.kind),
            (false, _) => return writeln!(out, "  {name}: {{{}}}", short.join(", ")),
            (true, _) => {}
        }
        writeln!(out, "  {name}:")?;
        for line in &short {
            writeln!(out, "    {line}")?;
        }
        if !self.interfaces.is_empty() {
            writeln!(out, "    interfaces:")?;
            for interface in &self.interfaces {
                writeln!(
                    out,
                    "      {}: {}",
                    scalar(&interface.name),
                    interface.flow()
                )?;
            }
        }
        if !self.routes.is_empty() {
            writeln!(out, "    routes:")?;
            for route in &self.routes {
                writeln!(out, "      - {}", scalar(route))?;
            }
        }
        for (key, map) in [
            ("sysctls", &self.sysctls),
            ("env", &self.env),
            ("labels", &self.labels),
        ] {
            if !map.is_empty() {
                writeln!(out, "    {key}:")?;
                for (key, value) in map {
                    writeln!(out, "      {}: {}", scalar(key), scalar(value))?;
                }
            }
        }
        if !self.files.is_empty() {
            writeln!(out, "    files:")?;
            for file in &self.files {
                file.write(out)?;
            }
        }
        if !self.daemons.is_empty() {
            writeln!(out, "    daemons:")?;
            for daemon in &self.daemons {
                writeln!(out, "      - name: {}", scalar(&daemon.name))?;
                writeln!(out, "        command: {}", flow_list(&daemon.command))?;
                if let Some(socket) = &daemon.socket {
                    writeln!(out, "        ready: {{socket: {}}}", flow(socket))?;
                }
            }
        }
        if !self.commands.is_empty() {
            writeln!(out, "    commands:")?;
            for command in &self.commands {
                write!(out, "      - ")?;
                block(out, command, 8)?;
            }
        }
        Ok(())
    }
}

impl Interface {
    fn flow(&self) -> String {
        let addresses = self.addresses.as_deref().map(|list| match list {
            [] => "none".to_owned(),
            [one] => flow(one),
            several => flow_list(several),
        });
        let Some((parent, id)) = &self.vlan else {
            return addresses.unwrap_or_else(|| "none".into());
        };
        let addresses = addresses.map_or(String::new(), |list| format!(", addresses: {list}"));
        format!("{{parent: {}, vlan: {id}{addresses}}}", flow(parent))
    }
}

impl File {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        if self.mode.is_none() && self.owner.is_none() {
            write!(out, "      {}: ", scalar(&self.path))?;
            return block(out, &self.content, 8);
        }
        writeln!(out, "      {}:", scalar(&self.path))?;
        if let Some(mode) = &self.mode {
            writeln!(out, "        mode: {mode}")?;
        }
        if let Some(owner) = &self.owner {
            writeln!(out, "        owner: {}", scalar(owner))?;
        }
        write!(out, "        content: ")?;
        block(out, &self.content, 10)
    }
}

impl Link {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let ends = format!("[{}, {}]", self.ends[0].flow(), self.ends[1].flow());
        let mut fields = Vec::new();
        if let Some(name) = &self.name {
            fields.push(format!("name: {}", flow(name)));
        }
        fields.push(format!("ends: {ends}"));
        fields.extend(
            self.both
                .0
                .iter()
                .map(|(key, value)| format!("{key}: {}", parameter(value))),
        );
        for (key, direction) in [("forward", &self.forward), ("backward", &self.backward)] {
            if !direction.is_empty() {
                fields.push(format!("{key}: {}", parameters(direction)));
            }
        }
        if let Some(mtu) = self.mtu {
            fields.push(format!("mtu: {mtu}"));
        }
        if self.down {
            fields.push("up: false".into());
        }
        if fields.len() == 1 {
            return writeln!(out, "  - {ends}");
        }
        let line = format!("  - {{{}}}", fields.join(", "));
        if line.len() <= 120 {
            return writeln!(out, "{line}");
        }
        let mut lead = "  - ";
        for field in fields {
            writeln!(out, "{lead}{field}")?;
            lead = "    ";
        }
        Ok(())
    }
}

impl End {
    fn flow(&self) -> String {
        if self.addresses.is_none() && self.mac.is_none() && self.vlan.is_none() {
            let short = match &self.interface {
                Some(interface) => format!("{}:{interface}", self.node),
                None => self.node.clone(),
            };
            return flow(&short);
        }
        let mut fields = vec![format!("node: {}", flow(&self.node))];
        if let Some(interface) = &self.interface {
            fields.push(format!("interface: {}", flow(interface)));
        }
        match self.addresses.as_deref() {
            None => {}
            Some([]) => fields.push("addresses: none".into()),
            Some([one]) => fields.push(format!("addresses: {}", flow(one))),
            Some(several) => fields.push(format!("addresses: {}", flow_list(several))),
        }
        if let Some(mac) = &self.mac {
            fields.push(format!("mac: {}", flow(mac)));
        }
        match &self.vlan {
            None => {}
            Some((Some(untagged), tagged)) if tagged.is_empty() => {
                fields.push(format!("vlan: {untagged}"))
            }
            Some((untagged, tagged)) => {
                let tagged: Vec<String> = tagged.iter().map(u16::to_string).collect();
                let untagged = untagged.map_or(String::new(), |id| format!("untagged: {id}, "));
                fields.push(format!(
                    "vlan: {{{untagged}tagged: [{}]}}",
                    tagged.join(", ")
                ));
            }
        }
        format!("{{{}}}", fields.join(", "))
    }
}

/// A value that is a map in the flow style already, or a scalar.
fn parameter(value: &str) -> String {
    match value.starts_with('{') && value.ends_with('}') {
        true => value.to_owned(),
        false => flow(value),
    }
}

fn parameters(parameters: &Parameters) -> String {
    let fields: Vec<String> = parameters
        .0
        .iter()
        .map(|(key, value)| format!("{key}: {}", parameter(value)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}
