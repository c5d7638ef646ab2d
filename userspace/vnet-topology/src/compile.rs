// SPDX-License-Identifier: GPL-2.0

//! The compiler: from the text of a topology file to a plan, or to everything that is wrong with it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::decode::Problems;
use crate::expand;
use crate::file::{self, Content, File, Kind, LinkParams, Seed};
use crate::names::check_lab;
use crate::plan::{
    BridgePlan, CommandPlan, DaemonPlan, EndPlan, FilePlan, HostEntry, InterfaceKind,
    InterfacePlan, LimitsPlan, LinkPlan, NodeKind, NodePlan, Plan, PortVlanPlan, Restart,
    RoutePlan, VlanInterfacePlan, FORMAT,
};
use crate::report::{At, Problem, Report};
use crate::resolve::direction::{self, ReadFile};
use crate::resolve::{
    address, chain, identity, lan, links, medium, nodes, outside, route, router, EndId, Lab,
    NodeState,
};
use crate::tree;

/// MTU of a link that does not say one, bytes.
pub const DEFAULT_MTU: u32 = 1500;

/// Ageing of the addresses that a hub learns: it floods all.
const HUB_AGEING: u64 = 0;

/// What the caller decides rather than the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the lab, instead of the file's.
    pub lab: Option<String>,
    /// Seed, instead of the file's.
    pub seed: Option<u64>,
    /// Variables of the file (`vars`) with other values.
    pub vars: BTreeMap<String, String>,
    /// Whether `files: … source:` may read files beside the topology.
    pub read_files: bool,
}

/// A plan, and what was probably not meant.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The plan.
    pub plan: Plan,
    /// Warnings; empty if there are none.
    pub warnings: Report,
    /// Whether the file asks for a random seed, and the plan has one that was drawn.
    pub drawn_seed: bool,
}

/// Compiles a topology file. `source_name` is its path: for messages, for the name of a lab that has none, and to find
/// the files it refers to.
pub fn compile(source_name: &str, text: &str) -> Result<Plan, Report> {
    let options = Options {
        read_files: true,
        ..Options::default()
    };
    compile_with(source_name, text, &options).map(|compiled| compiled.plan)
}

/// Compiles a topology file with what the caller decides, and keeps the warnings.
pub fn compile_with(source_name: &str, text: &str, options: &Options) -> Result<Compiled, Report> {
    let problems = Problems::default();
    let plan = compile_into(&problems, source_name, text, options);
    let report = Report::new(source_name, text, problems.take());
    match plan {
        Some((plan, drawn_seed)) if !report.has_errors() => Ok(Compiled {
            plan,
            warnings: report,
            drawn_seed,
        }),
        _ => Err(report),
    }
}

fn compile_into(
    problems: &Problems,
    source_name: &str,
    text: &str,
    options: &Options,
) -> Option<(Plan, bool)> {
    let tree = problems.keep(tree::parse(text))?;
    let tree = expand::expand(problems, tree, &options.vars);
    if problems.has_errors() {
        // What could not be expanded would be reported again by everybody who reads it.
        return None;
    }
    let file = file::read(problems, &tree);
    let (seed, drawn_seed) = seed(&file, options);
    let nodes = nodes::resolve(problems, &file);
    let mut lab = Lab {
        name: lab_name(problems, source_name, &file, options)?,
        seed,
        nodes,
        links: Vec::new(),
        lans: Vec::new(),
    };
    lab.links = links::resolve(problems, &file, &mut lab.nodes);
    lan::resolve(problems, &mut lab);
    let bridges = identity::resolve(problems, &mut lab);
    let identities = router::Identities {
        ids: identity::router_ids(problems, &lab),
        asns: identity::asns(&lab),
    };
    address::resolve(problems, &file.addressing, &mut lab);
    if problems.has_errors() {
        return None;
    }
    outside::check(problems, &lab);
    let pool = |ipv6| address::pool(&file.addressing, &lab.name, ipv6);
    let mut routes = route::resolve(problems, &lab, &file.defaults.link, pool);
    let mut plans: Vec<NodePlan> = Vec::new();
    for (index, node) in lab.nodes.iter().enumerate() {
        let mut plan = node_plan(&lab, node);
        plan.routes = std::mem::take(&mut routes[index]);
        if let Some(&mac) = bridges.get(&index) {
            plan.bridge = Some(bridge_plan(node, mac));
        }
        if router::wanted(node) {
            router::configure(&lab, &file.defaults.link, &identities, index, &mut plan);
        }
        plan.outside = outside::device(source_name, text, node);
        outside::translate(problems, &lab, node, &mut plan);
        add_programs(problems, source_name, options, node, &mut plan);
        plans.push(plan);
    }
    let mut hosts: Vec<HostEntry> = Vec::new();
    for (index, node) in lab.nodes.iter().enumerate() {
        hosts.extend(
            address::host_addresses(&lab, index)
                .into_iter()
                .map(|address| HostEntry {
                    address,
                    names: vec![node.name().to_owned()],
                }),
        );
    }
    plans.sort_by(|a, b| a.name.cmp(&b.name));
    let read_file = |source: &str| read_source(source_name, options, source);
    let mut plan = Plan {
        format: FORMAT,
        lab: lab.name.clone(),
        seed: lab.seed,
        nodes: plans,
        links: (0..lab.links.len())
            .map(|link| link_plan(problems, &read_file, &lab, &file.defaults.link, link))
            .collect(),
        media: Vec::new(),
        hosts,
    };
    chain::resolve(problems, &file, &mut plan.nodes, &plan.links);
    medium::resolve(problems, &read_file, &file.media, &lab, &mut plan);
    Some((plan, drawn_seed))
}

/// What was asked for, else what the file says, else the name of the file.
fn lab_name(
    problems: &Problems,
    source_name: &str,
    file: &File,
    options: &Options,
) -> Option<String> {
    if let Some(name) = &options.lab {
        let refused = |message| Problem::new(0..0, format!("the name of the lab: {message}"));
        return problems
            .keep(check_lab(name).map_err(refused))
            .map(|()| name.clone());
    }
    if let Some(name) = &file.name {
        return Some(name.value.clone());
    }
    let stem = Path::new(source_name)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let name: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .take(crate::names::MAX_LAB_NAME)
        .collect();
    Some(match check_lab(&name) {
        Ok(()) => name,
        Err(_) => "lab".into(),
    })
}

/// The seed, and whether it was drawn.
fn seed(file: &File, options: &Options) -> (u64, bool) {
    let random = || {
        use std::hash::{BuildHasher, Hasher};
        std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish()
    };
    match (options.seed, file.seed.as_ref().map(|seed| seed.value)) {
        (Some(seed), _) | (None, Some(Seed::Fixed(seed))) => (seed, false),
        (None, Some(Seed::Random)) => (random(), true),
        (None, None) => (identity::DEFAULT_SEED, false),
    }
}

fn node_plan(lab: &Lab<'_>, node: &NodeState<'_>) -> NodePlan {
    let mut plan = NodePlan::new(node.name(), node.kind.kind());
    let mut sysctl = |key: &str, value: &str| plan.sysctls.insert(key.into(), value.into());
    // Addresses are unique, as the compiler has seen to; so nobody has to wait a second for their detection.
    sysctl("net.ipv6.conf.default.accept_dad", "0");
    if node.kind.kind() == NodeKind::Router {
        sysctl("net.ipv4.ip_forward", "1");
        sysctl("net.ipv6.conf.all.forwarding", "1");
        // A router of a network with asymmetric paths has to forward what comes from the other side.
        sysctl("net.ipv4.conf.all.rp_filter", "0");
        sysctl("net.ipv4.conf.default.rp_filter", "0");
    }
    for (key, value) in &node.params.sysctls {
        plan.sysctls.insert(key.value.clone(), value.value.clone());
    }
    for interface in &node.params.interfaces {
        plan.interfaces.push(InterfacePlan {
            name: interface.name.value.clone(),
            kind: match interface.name.value.as_str() {
                "lo" => InterfaceKind::Loopback,
                _ => InterfaceKind::Dummy,
            },
            addresses: interface.addresses().iter().map(|at| at.value).collect(),
            mtu: interface.mtu.as_ref().map(|mtu| mtu.value),
            vlan: None,
        });
    }
    for &id in node.ends.iter().filter(|id| id.vlan != 0) {
        let state = lab.end(id);
        plan.interfaces.push(InterfacePlan {
            name: state.interface.clone(),
            kind: InterfaceKind::Vlan,
            addresses: state.addresses.iter().map(|at| at.value).collect(),
            mtu: None,
            vlan: Some(VlanInterfacePlan {
                parent: lab.end(EndId { vlan: 0, ..id }).interface.clone(),
                id: id.vlan,
            }),
        });
    }
    plan.position = node.file.position;
    plan.labels = text_map(&node.params.labels);
    plan.env = text_map(&node.params.env);
    plan.limits = LimitsPlan {
        cpu: node.params.cpu.as_ref().map(|cpu| cpu.value),
        memory: node.params.memory.as_ref().map(|memory| memory.value),
        pids: node.params.pids.as_ref().map(|pids| pids.value),
    };
    plan
}

fn text_map(entries: &[(At<String>, At<String>)]) -> BTreeMap<String, String> {
    let pair = |(key, value): &(At<String>, At<String>)| (key.value.clone(), value.value.clone());
    entries.iter().map(pair).collect()
}

fn bridge_plan(node: &NodeState<'_>, mac: crate::plan::MacAddr) -> BridgePlan {
    BridgePlan {
        name: links::BRIDGE.into(),
        mac,
        vlan_filtering: node.vlan_filtering,
        stp: node.params.stp.as_ref().is_some_and(|stp| stp.value),
        ageing: match node.kind {
            Kind::Hub => Some(HUB_AGEING),
            _ => node.params.ageing.as_ref().map(|ageing| ageing.value),
        },
    }
}

/// Files, daemons and commands of the file; a file or daemon that the compiler made as well is replaced.
fn add_programs(
    problems: &Problems,
    source_name: &str,
    options: &Options,
    node: &NodeState<'_>,
    plan: &mut NodePlan,
) {
    for file in &node.params.files {
        let content = match &file.content {
            Content::Text(text) => text.clone(),
            Content::Source(source) => {
                match read_source(source_name, options, &source.value) {
                    Ok(content) => content,
                    Err(error) => {
                        problems.add(
                        Problem::new(source.span.clone(), format!("cannot read `{}`: {error}", source.value))
                            .help("a source is a text file, its path is relative to the topology file"),
                    );
                        continue;
                    }
                }
            }
        };
        let file = FilePlan {
            path: file.path.value.clone(),
            mode: file.mode.unwrap_or(0o644),
            owner: file.owner.clone(),
            content,
        };
        match plan.files.iter_mut().find(|made| made.path == file.path) {
            Some(made) => {
                // The daemon that reads it runs as its owner.
                let owner = file.owner.clone().or_else(|| made.owner.clone());
                *made = FilePlan { owner, ..file };
            }
            None => plan.files.push(file),
        }
    }
    let mut own: Vec<&At<String>> = Vec::new();
    for daemon in &node.params.daemons {
        if let Some(first) = own.iter().find(|name| name.value == daemon.name.value) {
            problems.add(
                Problem::new(
                    daemon.name.span.clone(),
                    format!("`{}` has two daemons `{}`", node.name(), daemon.name.value),
                )
                .also(first.span.clone(), "the first one")
                .help("give each a `name` of its own"),
            );
            continue;
        }
        own.push(&daemon.name);
        let made = DaemonPlan {
            name: daemon.name.value.clone(),
            argv: daemon.argv.clone(),
            env: text_map(&daemon.env),
            ready: daemon.ready.clone(),
            ready_timeout: daemon.ready_timeout,
            restart: Restart::No,
        };
        match plan.daemons.iter_mut().find(|old| old.name == made.name) {
            Some(old) => *old = made,
            None => plan.daemons.push(made),
        }
    }
    let commands = node.params.commands.iter();
    plan.commands
        .extend(commands.map(|argv| CommandPlan { argv: argv.clone() }));
}

fn read_source(source_name: &str, options: &Options, source: &str) -> io::Result<String> {
    if !options.read_files {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "no files are read here",
        ));
    }
    let directory = Path::new(source_name).parent().unwrap_or(Path::new(""));
    std::fs::read_to_string(directory.join(source))
}

fn link_plan(
    problems: &Problems,
    read_file: ReadFile<'_>,
    lab: &Lab<'_>,
    defaults: &LinkParams,
    index: usize,
) -> LinkPlan {
    let link = &lab.links[index];
    let none = LinkParams::default();
    let defaults = match link.file.medium {
        // A port of a medium is no link.
        Some(_) => &none,
        None => defaults,
    };
    let params = &link.file.params;
    let end = |end: usize| {
        let id = EndId {
            link: index,
            end,
            vlan: 0,
        };
        let state = &link.ends[end];
        EndPlan {
            node: lab.nodes[state.node].name().to_owned(),
            interface: state.interface.clone(),
            mac: state.mac,
            addresses: state.addresses.iter().map(|at| at.value).collect(),
            vlan: lab.nodes[state.node].vlan_filtering.then(|| {
                let vlan = lan::port_vlan(lab, id);
                PortVlanPlan {
                    untagged: vlan.untagged,
                    tagged: vlan.tagged,
                }
            }),
        }
    };
    let way = |forward: bool| {
        direction::plan(
            problems,
            read_file,
            defaults,
            params,
            forward,
            &link.file.span,
        )
    };
    LinkPlan {
        name: link.name.clone(),
        mtu: params
            .mtu
            .as_ref()
            .or(defaults.mtu.as_ref())
            .map_or(DEFAULT_MTU, |mtu| mtu.value),
        seed: link.file.seed.as_ref().map_or_else(
            || identity::link_seed(lab.seed, &link.name),
            |seed| seed.value,
        ),
        up: params
            .up
            .as_ref()
            .or(defaults.up.as_ref())
            .is_none_or(|up| up.value),
        ends: [end(0), end(1)],
        directions: [way(true), way(false)],
    }
}

/// The default route, for those who look for it in a plan.
pub fn is_default_route(route: &RoutePlan) -> bool {
    route.destination.prefix_len() == 0
}
