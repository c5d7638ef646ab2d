// SPDX-License-Identifier: GPL-2.0

//! Writing topology files: what generators and importers make.
//!
//! Values are texts as the format has them (`10mbit`, `20ms`), and absent ones are left out.

mod text;
mod yaml;

pub use text::scalar;

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
    /// Broadcast media in the order of the file.
    pub media: Vec<Medium>,
}

/// A broadcast medium.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Medium {
    /// Name.
    pub name: String,
    /// Its ports.
    pub ports: Vec<End>,
    /// Parameters of all ports and all pairs.
    pub parameters: Parameters,
    /// What is special about some pairs, by their keys: `a <-> b`.
    pub pairs: Vec<(String, Parameters)>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// `host`, `router`, `switch`, `hub` or `rj45`.
    pub kind: String,
    /// `device:`, of an rj45 node.
    pub device: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::text::flow;
    use super::*;
    use crate::expand::without_variables;
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
        let command = "echo ${1} $${HOME} $$${x} ${a:-b} ${a $${b}";
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
        fn texts_come_back(content in "(\\PC|[ \n\t:#'\"-]|\\$+\\{|\\}){0,60}", name in "[a-z]{1,5}|no|on|~|\"|- x|a: b|x #y") {
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
            let Data::List(commands) = &field(node, "commands").data else { panic!() };
            for value in [
                field(field(node, "files"), "/x"),
                field(field(field(node, "files"), "/y"), "content"),
                field(field(node, "labels"), &name),
                &commands[0],
            ] {
                prop_assert_eq!(without_variables(&text(value)), Ok(content.clone()), "{}", yaml);
            }
        }

        #[test]
        fn flow_texts_come_back(value in "\\PC{1,20}") {
            let parsed = parse(&format!("x: [{}]\n", flow(&value))).unwrap();
            let Data::List(items) = &field(&parsed, "x").data else { panic!() };
            prop_assert_eq!(text(&items[0]), value);
        }
    }
}
