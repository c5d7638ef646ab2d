// SPDX-License-Identifier: GPL-2.0

//! Writing topology files: what generators and importers make.
//!
//! Values are texts as the format has them (`10mbit`, `20ms`), and absent ones are left out.

use std::fmt::Write as _;

/// A topology file to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// Comment at the beginning, by lines.
    pub comment: Vec<String>,
    /// Name of the lab.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// `ipv4:` and `ipv6:` of `addressing`.
    pub ipv4: Option<String>,
    /// See `ipv4`.
    pub ipv6: Option<String>,
    /// Whether two links may have the same prefix.
    pub allow_overlap: bool,
    /// Defaults of all links.
    pub link_defaults: Parameters,
    /// `routing:` of all routers.
    pub routing: Option<String>,
    /// Nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// Links in the order of the file.
    pub links: Vec<Link>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// `host`, `router`, `switch` or `hub`.
    pub kind: String,
    /// Place on a picture.
    pub position: Option<(f64, f64)>,
    /// `routing:`, one or several.
    pub routing: Vec<String>,
    /// `asn:`.
    pub asn: Option<u32>,
    /// `frr:`, more daemons of FRR.
    pub frr: Vec<String>,
    /// `gateway:`.
    pub gateway: Option<String>,
    /// `router-id:`.
    pub router_id: Option<String>,
    /// Whether the spanning tree protocol runs.
    pub stp: bool,
    /// Interfaces that are not the end of a link.
    pub interfaces: Vec<Interface>,
    /// Routes, in the short form.
    pub routes: Vec<String>,
    /// Kernel parameters.
    pub sysctls: Vec<(String, String)>,
    /// Environment.
    pub env: Vec<(String, String)>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Files.
    pub files: Vec<File>,
    /// Daemons.
    pub daemons: Vec<Daemon>,
    /// Shell lines.
    pub commands: Vec<String>,
    /// `cpu:`.
    pub cpu: Option<String>,
    /// `memory:`.
    pub memory: Option<String>,
}

/// An interface that is not the end of a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Addresses; an empty list is `none`.
    pub addresses: Option<Vec<String>>,
    /// A VLAN: the interface that it is on, and its number.
    pub vlan: Option<(String, u16)>,
}

/// A file of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Path in the node.
    pub path: String,
    /// Content.
    pub content: String,
    /// Permissions in octal.
    pub mode: Option<String>,
    /// `user:group`.
    pub owner: Option<String>,
}

/// A daemon of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Daemon {
    /// Name.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Path of the Unix socket that tells that it is up.
    pub socket: Option<String>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Name.
    pub name: Option<String>,
    /// The ends.
    pub ends: [End; 2],
    /// Parameters of both directions.
    pub both: Parameters,
    /// From the first end to the second.
    pub forward: Parameters,
    /// From the second end to the first.
    pub backward: Parameters,
    /// `mtu:`.
    pub mtu: Option<u32>,
    /// Whether it is down at the start.
    pub down: bool,
}

/// One end of a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct End {
    /// Name of the node.
    pub node: String,
    /// Name of the interface.
    pub interface: Option<String>,
    /// Addresses; an empty list is `none`.
    pub addresses: Option<Vec<String>>,
    /// MAC address.
    pub mac: Option<String>,
    /// VLAN of untagged frames, and those of tagged ones.
    pub vlan: Option<(Option<u16>, Vec<u16>)>,
}

/// Parameters of a direction by their keys, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    /// Sets a parameter.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// With one parameter more.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl End {
    /// An end that is only a node.
    pub fn of(node: impl Into<String>) -> Self {
        End {
            node: node.into(),
            ..End::default()
        }
    }
}

impl Topology {
    /// The text of the file.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut out);
        // What a text has of the form of a variable is none.
        out.replace("$${", "$$${")
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
        Ok(())
    }
}

/// An empty line between what there is and what comes.
fn gap(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

impl Node {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let mut short: Vec<String> = vec![format!("kind: {}", self.kind)];
        for (key, value) in [
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

fn flow_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| flow(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A coordinate without more digits than it needs.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// A scalar of a block: plain where YAML (1.1 or 1.2) would give the text back, else quoted.
pub fn scalar(text: &str) -> String {
    let indicator = |c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c);
    // `-c` is plain, `- c` is not.
    let first_fine = match text.chars().next() {
        None => false,
        Some('-') => text
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(c) => !indicator(c) && !c.is_whitespace(),
    };
    let printable = text
        .chars()
        .all(|c| c == ' ' || c.is_ascii_graphic() || (c.is_alphanumeric() && !c.is_ascii()));
    let plain = first_fine
        && printable
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.ends_with(' ')
        && !is_special(text);
    match plain {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// A scalar within `[]` or `{}`.
fn flow(text: &str) -> String {
    // A colon within a word is plain, but YAML 1.1 readers take `a:1` for base 60.
    let special = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}');
    let ipv6 = text.matches(':').count() > 1 && text.contains("::");
    match text.contains(special) || ipv6 {
        true => quoted(text),
        false => scalar(text),
    }
}

/// Words that some YAML reader takes for something else.
fn is_special(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "null"
            | "~"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".inf"
            | ".nan"
            | "<<"
            | "="
    )
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text of several lines as a literal block where that is exact, else quoted; with the end of the line.
fn block(out: &mut String, text: &str, indent: usize) -> std::fmt::Result {
    let fine = |line: &str| {
        line.chars().all(|c| {
            c == '\t' || (!c.is_control() && !"\u{2028}\u{2029}\u{feff}\u{85}".contains(c))
        })
    };
    let lines: Vec<&str> = text.split('\n').collect();
    let starts_plain = lines
        .first()
        .is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    if lines.len() < 2 || !starts_plain || !lines.iter().all(|line| fine(line)) {
        return writeln!(out, "{}", scalar(text));
    }
    let content = text.trim_end_matches('\n');
    let style = match text.len() - content.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    writeln!(out, "{style}")?;
    let body = match style {
        "|-" => text,
        _ => &text[..text.len() - 1],
    };
    for line in body.split('\n') {
        match line.is_empty() {
            true => writeln!(out)?,
            false => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{parse, Data, Value};
    use proptest::prelude::*;

    fn field<'a>(value: &'a Value, key: &str) -> &'a Value {
        match &value.data {
            Data::Map(entries) => entries
                .iter()
                .find(|(k, _)| k.text == key)
                .map(|(_, v)| v)
                .unwrap(),
            _ => panic!("not a map"),
        }
    }

    fn text(value: &Value) -> String {
        match &value.data {
            Data::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_looks_like_a_variable_comes_back() {
        let command = "echo ${1} $${HOME} $$${x} ${a:-b}";
        let node = Node {
            name: "a".into(),
            kind: "host".into(),
            commands: vec![command.into()],
            ..Node::default()
        };
        let topology = Topology {
            nodes: vec![node],
            ..Topology::default()
        };
        let plan = crate::compile("x.yaml", &topology.to_yaml()).unwrap();
        assert_eq!(plan.nodes[0].commands[0].argv.last().unwrap(), command);
    }

    proptest! {
        /// Whatever is written is read back.
        #[test]
        fn texts_come_back(content in "(\\PC|[ \n\t:#'\"-]){0,60}", name in "[a-z]{1,5}|no|on|~|\"|- x|a: b|x #y") {
            let node = Node {
                name: "a".into(),
                kind: "host".into(),
                files: vec![File { path: "/x".into(), content: content.clone(), ..File::default() },
                            File { path: "/y".into(), content: content.clone(), mode: Some("0600".into()), owner: None }],
                commands: vec![content.clone()],
                labels: vec![(name.clone(), content.clone())],
                ..Node::default()
            };
            let yaml = Topology { nodes: vec![node], ..Topology::default() }.to_yaml();
            let tree = parse(&yaml).unwrap_or_else(|problem| panic!("{problem}\n{yaml}"));
            let node = field(field(&tree, "nodes"), "a");
            prop_assert_eq!(text(field(field(node, "files"), "/x")), content.clone(), "{}", yaml);
            prop_assert_eq!(text(field(field(field(node, "files"), "/y"), "content")), content.clone(), "{}", yaml);
            prop_assert_eq!(text(field(field(node, "labels"), &name)), content.clone(), "{}", yaml);
            let Data::List(commands) = &field(node, "commands").data else { panic!() };
            prop_assert_eq!(text(&commands[0]), content);
        }

        #[test]
        fn flow_texts_come_back(value in "\\PC{1,20}") {
            let parsed = parse(&format!("x: [{}]\n", flow(&value))).unwrap();
            let Data::List(items) = &field(&parsed, "x").data else { panic!() };
            prop_assert_eq!(text(&items[0]), value);
        }
    }
}
