// SPDX-License-Identifier: GPL-2.0

//! `fb`: functional blocks of nodes.

mod auto;
mod change;
mod events;
mod given;
mod graph;
mod report;
mod show;
mod subscribe;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum};
use vnet_lab::node::Node;
use vnet_lab::paths::LabPaths;
use vnet_lab::wire::Kernel as Module;
use vnet_topology::chain::{self, Hop};
use vnet_topology::plan::Plan;

use self::given::{Pair, Source};
use super::inspect;
use crate::cli::{variable, Cli};
use crate::complete;
use crate::error::{Error, Result};
use crate::place::{self, Place};

/// `fb`
#[derive(Debug, Subcommand)]
pub enum Fb {
    /// Make a block in a node.
    ///
    /// It does nothing until it is bound; `fb types` lists what there is. An eth block is where a chain meets a device:
    /// `fb add r1 eth e0 device=eth0`.
    Add(Add),
    /// Remove blocks that are not bound.
    Rm(Rm),
    /// Change parameters of a block while packets pass; what is not named stays as it is.
    Set(Set),
    /// Print the parameters of a block.
    Get(Get),
    /// Bind blocks to a chain, the lowest (nearest to the wire) first: each to the next.
    ///
    /// `fb bind r1 e0:wire c1 e0:host` has what the device receives pass c1 on its way up to the host, and what the host
    /// sends pass it on its way down. Ports can be left out: the first free one is taken. Within a chain a block has two,
    /// NAME:LOWER:UPPER.
    Bind(Bind),
    /// Take bindings apart: those between neighbours of the chain, or all of a single block or port.
    Unbind(Bind),
    /// Have a block take the events of others: `fb types TYPE` says which events it takes, and which a type raises.
    ///
    /// `fb subscribe r1 q1 eth0` has the queue q1 wait while the device of eth0 is down or has no carrier.
    Subscribe(Subscribe),
    /// End subscriptions of a block, to some blocks or to all.
    Unsubscribe(Unsubscribe),
    /// Put another block in the place of one; it has the same name and bindings, and no packet is lost.
    ///
    /// Without --type and parameters, the block is made anew as it is. The state goes over to the new block where its type
    /// can take it.
    Replace(Replace),
    /// Have controllers choose the blocks of a chain by need and by what the link is like, until they are interrupted.
    ///
    /// A controller changes the blocks fec, arq, crypt and compress of its node (SLOT-fec ... in a slot with a name),
    /// which are bound to each other in this order, and are of type forward while they are not needed. It agrees with the
    /// one at the other end, to which it talks through the socket block control (SLOT-control). Nothing is lost when the
    /// stack changes.
    Auto(auto::Auto),
    /// List blocks.
    List(List),
    /// Show how blocks are bound.
    Show(Show),
    /// Print changes of blocks as they happen, until it is interrupted.
    Events(Events),
    /// Show the types of blocks, with their ports and parameters.
    Types(Types),
}

/// `fb add`
#[derive(Debug, Args)]
pub struct Add {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Type of the block.
    #[arg(value_name = "TYPE", add = complete::block_types())]
    kind: String,

    /// Name of the block.
    name: String,

    /// Parameters.
    #[arg(value_name = "PARAMETER=VALUE", value_parser = variable)]
    params: Vec<Pair>,

    #[command(flatten)]
    from: Source,
}

/// `fb rm`
#[derive(Debug, Args)]
pub struct Rm {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Blocks.
    #[arg(required = true, value_name = "BLOCK", add = complete::blocks())]
    names: Vec<String>,

    /// Take their bindings and subscriptions apart before that.
    #[arg(short, long)]
    unbind: bool,
}

/// `fb subscribe`
#[derive(Debug, Args)]
pub struct Subscribe {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Block that takes the events.
    #[arg(value_name = "BLOCK", add = complete::blocks())]
    name: String,

    /// Blocks that raise them.
    #[arg(required = true, value_name = "PUBLISHER", add = complete::blocks())]
    publishers: Vec<String>,
}

/// `fb unsubscribe`
#[derive(Debug, Args)]
pub struct Unsubscribe {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Block that takes the events.
    #[arg(value_name = "BLOCK", add = complete::blocks())]
    name: String,

    /// Blocks that raise them; all that it is subscribed to without a name.
    #[arg(value_name = "PUBLISHER", add = complete::blocks())]
    publishers: Vec<String>,
}

/// `fb set`
#[derive(Debug, Args)]
pub struct Set {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Block.
    #[arg(value_name = "BLOCK", add = complete::blocks())]
    name: String,

    /// Parameters.
    #[arg(required_unless_present = "from", value_name = "PARAMETER=VALUE", value_parser = variable)]
    params: Vec<Pair>,

    #[command(flatten)]
    from: Source,
}

/// `fb get`
#[derive(Debug, Args)]
pub struct Get {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Block.
    #[arg(value_name = "BLOCK", add = complete::blocks())]
    name: String,

    /// Parameters; the values alone, a line each. All of them with their names without one.
    #[arg(value_name = "PARAMETER")]
    params: Vec<String>,

    /// The block as JSON, with ports and counters.
    #[arg(long, conflicts_with = "params")]
    json: bool,
}

/// `fb bind`, `fb unbind`
#[derive(Debug, Args)]
pub struct Bind {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Blocks with their ports: NAME, NAME:PORT at the ends of the chain, NAME:LOWER:UPPER within it.
    #[arg(required = true, value_name = "BLOCK", add = complete::blocks())]
    chain: Vec<String>,
}

/// `fb replace`
#[derive(Debug, Args)]
pub struct Replace {
    /// Node.
    #[arg(add = complete::nodes())]
    node: String,

    /// Block.
    #[arg(value_name = "BLOCK", add = complete::blocks())]
    name: String,

    /// Parameters; the others are those of the old block if the type stays, else the defaults.
    #[arg(value_name = "PARAMETER=VALUE", value_parser = variable)]
    params: Vec<Pair>,

    #[command(flatten)]
    from: Source,

    /// Type of the new block, if it is another one.
    #[arg(short, long = "type", value_name = "TYPE", add = complete::block_types())]
    kind: Option<String>,

    /// Drop the old block's state instead of handing it over, with the packets in it.
    #[arg(long)]
    drop_state: bool,
}

/// `fb list`
#[derive(Debug, Args)]
pub struct List {
    /// Nodes; all without a name.
    #[arg(add = complete::nodes())]
    nodes: Vec<String>,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Chains in a line each, as the topology file has them.
    #[default]
    Text,
    /// For Graphviz.
    Dot,
    /// Blocks and bindings as JSON.
    Json,
}

/// `fb show`
#[derive(Debug, Args)]
pub struct Show {
    /// Nodes; all without a name.
    #[arg(add = complete::nodes())]
    nodes: Vec<String>,

    /// How.
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// `fb events`
#[derive(Debug, Args)]
pub struct Events {
    /// Nodes; all without a name.
    #[arg(add = complete::nodes())]
    nodes: Vec<String>,

    /// End after this many.
    #[arg(short, long, value_name = "NUMBER")]
    count: Option<u64>,

    /// As JSON, a line each.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// `fb types`
#[derive(Debug, Args)]
pub struct Types {
    /// Types, in detail; a table of all without a name.
    #[arg(value_name = "TYPE", add = complete::block_types())]
    names: Vec<String>,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// Does what was asked, where the lab lives.
pub fn run(cli: &Cli, fb: &Fb) -> Result<u8> {
    // Before anything is asked or started.
    if let Fb::Bind(bind) | Fb::Unbind(bind) = fb {
        bind.hops()?;
    }
    if let Fb::Bind(bind) = fb {
        if bind.chain.len() < 2 {
            return Err(
                "a chain has at least two blocks: the lowest first, then the one above".into(),
            );
        }
    }
    let more = fb.source().map_or(Ok(Vec::new()), Source::read)?;
    let found = place::select(cli)?;
    let lab = &found.lab;
    match (found.place()?, fb) {
        (Place::Guest(guest), Fb::Events(_) | Fb::Auto(_)) => {
            place::forward(&guest, lab, fb.arguments())
        }
        (Place::Guest(guest), _) => {
            place::relay_with(&guest, lab, fb.arguments(), &given::lines(&more))
        }
        (Place::Here, fb) => here(&mut Here::open(lab)?, fb, &more),
    }
}

/// Does it in the running kernel; `more` are parameters that are not on the command line.
fn here(here: &mut Here, fb: &Fb, more: &[Pair]) -> Result<u8> {
    match fb {
        Fb::Add(add) => change::add(here, add, more),
        Fb::Rm(rm) => change::remove(here, rm),
        Fb::Set(set) => change::set(here, set, more),
        Fb::Get(get) => show::get(here, get),
        Fb::Bind(bind) => change::bind(here, bind),
        Fb::Unbind(bind) => change::unbind(here, bind),
        Fb::Subscribe(subscribe) => subscribe::subscribe(here, subscribe),
        Fb::Unsubscribe(unsubscribe) => subscribe::unsubscribe(here, unsubscribe),
        Fb::Replace(replace) => change::replace(here, replace, more),
        Fb::Auto(auto) => auto::run(here, auto),
        Fb::List(list) => show::list(here, list),
        Fb::Show(show) => show::graph(here, show),
        Fb::Events(events) => events::run(here, events),
        Fb::Types(types) => show::types(here, types),
    }?;
    Ok(0)
}

/// A lab in the running kernel.
struct Here {
    plan: Plan,
    paths: LabPaths,
    module: Module,
}

impl Here {
    fn open(lab: &str) -> Result<Self> {
        Ok(Here {
            plan: inspect::plan(lab)?,
            paths: LabPaths::new(lab)?,
            module: Module::open()?,
        })
    }

    fn node(&self, name: &str) -> Result<Node> {
        inspect::known(&self.plan, name)?;
        Ok(Node::find(&self.paths, name)?)
    }

    /// The nodes of these names, or all.
    fn nodes(&self, names: &[String]) -> Result<Vec<Node>> {
        let all = || self.plan.nodes.iter().map(|node| &node.name);
        match names {
            [] => all().map(|name| self.node(name)).collect(),
            names => names.iter().map(|name| self.node(name)).collect(),
        }
    }
}

impl Bind {
    fn hops(&self) -> Result<Vec<Hop>> {
        // For those who type the arrows, too.
        let words = self.chain.iter().map(String::as_str);
        let words: Vec<(&str, usize)> = words
            .filter(|word| *word != "->")
            .map(|word| (word, 0))
            .collect();
        let hops = chain::hops(words.into_iter())
            .map_err(|error| Error::Message(format!("{}\n{}", error.message, error.help)))?;
        match hops
            .iter()
            .find(|hop| hop.kind.is_some() || !hop.params.is_empty())
        {
            Some(hop) => Err(Error::Message(format!(
                "a chain binds blocks that are there; make {} with `vnetctl fb add`",
                hop.name
            ))),
            None => Ok(hops),
        }
    }
}

impl Fb {
    /// Where more parameters come from.
    fn source(&self) -> Option<&Source> {
        match self {
            Fb::Add(Add { from, .. })
            | Fb::Set(Set { from, .. })
            | Fb::Replace(Replace { from, .. }) => Some(from),
            _ => None,
        }
    }

    /// The command line that does the same in a guest.
    fn arguments(&self) -> Vec<String> {
        let pairs = |params: &[Pair]| -> Vec<String> {
            let all = params.iter();
            all.map(|(name, value)| format!("{name}={value}")).collect()
        };
        let flag = |set: bool, name: &str| set.then(|| name.to_owned());
        let (command, options, words): (&str, Vec<Option<String>>, Vec<String>) = match self {
            Fb::Add(add) => {
                let mut words = vec![add.node.clone(), add.kind.clone(), add.name.clone()];
                words.extend(pairs(&add.params));
                ("add", vec![add.from.option()], words)
            }
            Fb::Rm(rm) => {
                let mut words = vec![rm.node.clone()];
                words.extend_from_slice(&rm.names);
                ("rm", vec![flag(rm.unbind, "--unbind")], words)
            }
            Fb::Set(set) => {
                let mut words = vec![set.node.clone(), set.name.clone()];
                words.extend(pairs(&set.params));
                ("set", vec![set.from.option()], words)
            }
            Fb::Get(get) => {
                let mut words = vec![get.node.clone(), get.name.clone()];
                words.extend_from_slice(&get.params);
                ("get", vec![flag(get.json, "--json")], words)
            }
            Fb::Bind(bind) => ("bind", Vec::new(), bind.words()),
            Fb::Unbind(bind) => ("unbind", Vec::new(), bind.words()),
            Fb::Subscribe(all) => {
                let mut words = vec![all.node.clone(), all.name.clone()];
                words.extend_from_slice(&all.publishers);
                ("subscribe", Vec::new(), words)
            }
            Fb::Unsubscribe(all) => {
                let mut words = vec![all.node.clone(), all.name.clone()];
                words.extend_from_slice(&all.publishers);
                ("unsubscribe", Vec::new(), words)
            }
            Fb::Replace(replace) => {
                let mut words = vec![replace.node.clone(), replace.name.clone()];
                words.extend(pairs(&replace.params));
                let kind = replace.kind.as_ref().map(|kind| format!("--type={kind}"));
                let drop = flag(replace.drop_state, "--drop-state");
                let options = vec![kind, drop, replace.from.option()];
                ("replace", options, words)
            }
            Fb::Auto(auto) => {
                let (options, words) = auto.arguments();
                ("auto", options, words)
            }
            Fb::List(list) => ("list", vec![flag(list.json, "--json")], list.nodes.clone()),
            Fb::Show(show) => {
                let format = match show.format {
                    Format::Text => "text",
                    Format::Dot => "dot",
                    Format::Json => "json",
                };
                let options = vec![Some(format!("--format={format}"))];
                ("show", options, show.nodes.clone())
            }
            Fb::Events(events) => {
                let count = events.count.map(|count| format!("--count={count}"));
                let options = vec![count, flag(events.json, "--json")];
                ("events", options, events.nodes.clone())
            }
            Fb::Types(types) => (
                "types",
                vec![flag(types.json, "--json")],
                types.names.clone(),
            ),
        };
        let mut arguments = vec!["fb".to_owned(), command.to_owned()];
        arguments.extend(options.into_iter().flatten());
        arguments.push("--".into());
        arguments.extend(words);
        arguments
    }
}

impl Bind {
    fn words(&self) -> Vec<String> {
        let mut words = vec![self.node.clone()];
        words.extend_from_slice(&self.chain);
        words
    }
}

/// Why something about a block did not work.
fn failed(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Error {
    Error::Message(format!("{what}: {error}"))
}
