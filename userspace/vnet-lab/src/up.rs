// SPDX-License-Identifier: GPL-2.0

//! Bringing a lab up: from a plan and what is there to a list of operations, which are carried out or undone.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::resource::{getrlimit, setrlimit, Resource};
use vnet_topology::plan::Plan;

use crate::build::Site;
use crate::cancel::Cancel;
use crate::down;
use crate::error::{Context, Error, Result};
use crate::node::control::Control;
use crate::paths::LabPaths;
use crate::ping;
use crate::programs::{self, Job};
use crate::state::{self, Lock};
use crate::wait;
use crate::wire::LinkBackend;

/// How long carriers and addresses may take.
const INTERFACES_LIMIT: Duration = Duration::from_secs(30);

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Interfaces and daemons.
    #[default]
    Ready,
    /// That every node has a route to every subnet, too.
    Routes,
    /// That every host reaches every other one, too.
    Ping,
}

/// How to bring a lab up.
pub struct Options<'a> {
    /// The program that makes nodes when called with [`crate::node::spawn::HELPER`].
    pub program: PathBuf,
    /// What to wait for.
    pub wait: Wait,
    /// How long routes and hosts may take.
    pub limit: Duration,
    /// Ends it early; what has been made is then removed.
    pub cancel: Cancel,
    /// Hears what is being done.
    pub progress: &'a mut (dyn FnMut(Step) + Send),
}

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something that deserves to be known.
    Note(String),
    /// What an interrupted start has left is being removed.
    CleaningUp,
    /// This many nodes are being made.
    Nodes(usize),
    /// This many links are being made.
    Links(usize),
    /// Interfaces get addresses and routes.
    Interfaces,
    /// This many nodes start programs.
    Programs(usize),
    /// A node has started its programs.
    Started(String),
    /// Something is waited for.
    Waiting(Wait),
}

/// What has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The lab was not there and is now.
    Made,
    /// It was there, as the plan has it.
    Unchanged,
}

/// Brings a lab up.
pub fn up(plan: &Plan, backend: &mut dyn LinkBackend, options: &mut Options<'_>) -> Result<Done> {
    let paths = LabPaths::new(&plan.lab)?;
    raise_descriptor_limit();
    let _lock = Lock::take(&paths)?;
    if let Some(applied) = state::load(&paths)? {
        let missing = missing(&applied, &paths, backend)?;
        if !missing.is_empty() {
            return Err(Error::Unsupported(format!(
                "lab {} is up, but damaged: {} {} gone; take it down with `vnetctl down -l {}` and bring it up again",
                plan.lab,
                missing.join(", "),
                if missing.len() == 1 { "is" } else { "are" },
                plan.lab
            )));
        }
        if applied != *plan {
            return Err(Error::Unsupported(format!(
                "lab {} is up with another plan; take it down first with `vnetctl down -l {}`",
                plan.lab, plan.lab
            )));
        }
        let mut site = Site::new(plan, &paths);
        converge(&mut site, options)?;
        return Ok(Done::Unchanged);
    }
    // Without a plan it has never been up: someone was killed while making it.
    if paths.exists() {
        (options.progress)(Step::CleaningUp);
        down::remove(&paths, backend)?;
    }
    let result = make(plan, &paths, backend, options);
    if let Err(problem) = result {
        return Err(match down::remove(&paths, backend) {
            Ok(_) => problem,
            Err(undo) => Error::Undo {
                problem: Box::new(problem),
                undo: Box::new(undo),
            },
        });
    }
    Ok(Done::Made)
}

fn make(
    plan: &Plan,
    paths: &LabPaths,
    backend: &mut dyn LinkBackend,
    options: &mut Options<'_>,
) -> Result<()> {
    let cancel = options.cancel.clone();
    let mut site = Site::new(plan, paths);
    if !site.has_cgroups() {
        (options.progress)(Step::Note(
            "no cgroup v2 hierarchy here: nodes have no limits, their processes are found by namespace only".into(),
        ));
    }
    fs::create_dir_all(paths.root())
        .context(|| format!("cannot make {}", paths.root().display()))?;
    let names: BTreeSet<&str> = plan.nodes.iter().map(|node| node.name.as_str()).collect();

    (options.progress)(Step::Nodes(plan.nodes.len()));
    let nodes: Vec<_> = plan.nodes.iter().collect();
    site.make_nodes(&options.program, &nodes)?;
    cancel.check()?;
    site.make_instances(backend, &names)?;

    (options.progress)(Step::Links(plan.links.len()));
    let links: Vec<_> = plan.links.iter().collect();
    site.make_links(backend, &links)?;
    cancel.check()?;

    (options.progress)(Step::Interfaces);
    for name in &names {
        site.configure(name, None)?;
    }
    cancel.check()?;
    for name in &names {
        site.route(name, None)?;
    }
    wait::interfaces(plan, &mut site.watched(), &cancel, INTERFACES_LIMIT)?;

    let jobs: Vec<Job<'_>> = plan
        .nodes
        .iter()
        .map(|node| Ok(Job::all(site.node(&node.name)?, node)))
        .collect::<Result<_>>()?;
    let count = plan
        .nodes
        .iter()
        .filter(|node| !(node.daemons.is_empty() && node.commands.is_empty()))
        .count();
    if count > 0 {
        (options.progress)(Step::Programs(count));
        programs::start(paths, &jobs, &cancel, &mut |node| {
            (options.progress)(Step::Started(node.into()))
        })?;
    }
    drop(jobs);
    state::store(paths, plan)?;
    converge_nodes(&mut site, options)?;
    check_daemons(plan, paths)
}

/// Waits for routes and hosts of a lab that is up already.
fn converge(site: &mut Site<'_>, options: &mut Options<'_>) -> Result<()> {
    if options.wait == Wait::Ready {
        return Ok(());
    }
    let names = site
        .plan
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    site.find_nodes(&names)?;
    converge_nodes(site, options)
}

fn converge_nodes(site: &mut Site<'_>, options: &mut Options<'_>) -> Result<()> {
    let plan = site.plan;
    match options.wait {
        Wait::Ready => return Ok(()),
        Wait::Routes => {
            (options.progress)(Step::Waiting(Wait::Routes));
            wait::routes(plan, &mut site.watched(), &options.cancel, options.limit)?;
        }
        Wait::Ping => {
            (options.progress)(Step::Waiting(Wait::Ping));
            ping::all(site, &options.cancel, options.limit)?;
        }
    }
    Ok(())
}

/// A daemon may have died while something else was waited for.
fn check_daemons(plan: &Plan, paths: &LabPaths) -> Result<()> {
    for node in plan.nodes.iter().filter(|node| !node.daemons.is_empty()) {
        let dead = || Error::DeadNode {
            lab: plan.lab.clone(),
            node: node.name.clone(),
        };
        let mut control = Control::connect(&paths.node(&node.name)).map_err(|_| dead())?;
        let states = control.status()?;
        for daemon in &node.daemons {
            let state = states.iter().find(|state| state.name == daemon.name);
            match state.map(|state| state.state) {
                None | Some(crate::node::control::State::Running) => {}
                Some(state) => {
                    return Err(Error::Died {
                        node: node.name.clone(),
                        daemon: daemon.name.clone(),
                        status: state.to_string(),
                        log: programs::log_tail(paths, &node.name, &daemon.name),
                    })
                }
            }
        }
    }
    Ok(())
}

/// What of an applied plan the kernel no longer has.
fn missing(plan: &Plan, paths: &LabPaths, backend: &mut dyn LinkBackend) -> Result<Vec<String>> {
    let links = backend.links(&plan.lab)?;
    let gone_nodes = plan
        .nodes
        .iter()
        .filter(|node| Control::connect(&paths.node(&node.name)).is_err())
        .map(|node| format!("node {}", node.name));
    let gone_links = plan
        .links
        .iter()
        .filter(|link| !links.contains_key(&link.name))
        .map(|link| format!("link {}", link.name));
    Ok(gone_nodes.chain(gone_links).collect())
}

/// A node takes three descriptors here, and the usual limit is 1024.
fn raise_descriptor_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
