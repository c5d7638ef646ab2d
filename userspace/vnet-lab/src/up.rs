// SPDX-License-Identifier: GPL-2.0

//! Bringing a lab up, and making of one that is up what an edited plan says.
//!
//! Both are the same: the differences between the plan and what there is make a list of operations ([`Changes`]), which
//! are carried out in a fixed order, creation first and removal last. When one fails, a lab that was not there before is
//! removed again, and one that was becomes what it was: by the same means, with the plans exchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::resource::{getrlimit, setrlimit, Resource};
use vnet_topology::plan::{NodePlan, Plan};

use crate::build::{Site, Wanted};
use crate::cancel::Cancel;
use crate::chain;
use crate::changes::{Changes, Facts, Operation};
use crate::down;
use crate::error::{near, Context, Error, Result};
use crate::node::control::{Control, State};
use crate::paths::LabPaths;
use crate::ping;
use crate::programs::{self, Job};
use crate::state::{self, Lock};
use crate::wait;
use crate::wire::{media, LinkBackend};

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
    /// The program that makes nodes when it is called [`crate::node::spawn::HELPER`].
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
    /// Something has failed, and what was done is being undone.
    Undoing,
}

/// What has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The lab was not there and is now.
    Made,
    /// It was there, as the plan has it.
    Unchanged,
    /// It was there, and this has changed.
    Changed(Vec<Operation>),
}

/// Brings a lab up, or makes it what the plan says.
pub fn up(plan: &Plan, backend: &mut dyn LinkBackend, options: &mut Options<'_>) -> Result<Done> {
    let paths = LabPaths::new(&plan.lab)?;
    raise_descriptor_limit();
    let _lock = Lock::take(&paths)?;
    let Some(mut old) = state::load(&paths)? else {
        // Without a plan it has never been up: someone was killed while making it.
        if paths.exists() {
            (options.progress)(Step::CleaningUp);
            down::remove(&paths, backend)?;
        }
        let result = make(plan, &paths, backend, options);
        return match result {
            Ok(()) => Ok(Done::Made),
            Err(problem) if stays(&problem) => Err(problem),
            Err(problem) => {
                (options.progress)(Step::Undoing);
                undone(problem, down::remove(&paths, backend).map(drop))
            }
        };
    };
    backend.read_back(&mut old)?;
    let mut facts = facts(&old, &paths, backend)?;
    facts.chains = chain::preview(&old, plan, &facts.nodes, &paths, backend)?;
    let changes = Changes::between(Some(&old), plan, &facts);
    if changes.is_empty() {
        // What is not seen in the kernel, like labels, may differ all the same.
        state::store(&paths, plan)?;
        let mut site = Site::new(plan, &paths);
        site.find_nodes(&names(plan))?;
        converge(&mut site, options)?;
        return Ok(Done::Unchanged);
    }
    let operations = changes.operations();
    let result = apply(
        &mut Site::new(plan, &paths),
        Some(&old),
        &changes,
        backend,
        options,
    );
    match result {
        Ok(()) => Ok(Done::Changed(operations)),
        Err(problem) if stays(&problem) => Err(problem),
        Err(problem) => {
            (options.progress)(Step::Undoing);
            undone(problem, restore(&old, plan, &paths, backend, options))
        }
    }
}

/// Makes nodes of a lab anew, as if their power had been off: with their links, addresses, files and programs.
pub fn restart(
    lab: &str,
    nodes: &[String],
    backend: &mut dyn LinkBackend,
    options: &mut Options<'_>,
) -> Result<()> {
    let paths = LabPaths::new(lab)?;
    raise_descriptor_limit();
    let _lock = Lock::take(&paths)?;
    let plan = state::require(&paths)?;
    for name in nodes {
        if !plan.nodes.iter().any(|node| node.name == *name) {
            return Err(Error::NoNode {
                lab: lab.into(),
                node: name.clone(),
                near: near(name, plan.nodes.iter().map(|node| node.name.as_str())),
            });
        }
    }
    // To those that are to go, the rest is done that is done to those that have died.
    let mut facts = facts(&plan, &paths, backend)?;
    facts.nodes.retain(|name| !nodes.contains(name));
    let changes = Changes::between(Some(&plan), &plan, &facts);
    let mut site = Site::new(&plan, &paths);
    apply(&mut site, Some(&plan), &changes, backend, options)
}

/// What would be done to make a lab what the plan says.
pub fn preview(plan: &Plan, backend: &mut dyn LinkBackend) -> Result<Vec<Operation>> {
    let paths = LabPaths::new(&plan.lab)?;
    let mut old = state::load(&paths)?;
    let facts = match &mut old {
        Some(old) => {
            backend.read_back(old)?;
            let mut facts = facts(old, &paths, backend)?;
            facts.chains = chain::preview(old, plan, &facts.nodes, &paths, backend)?;
            facts
        }
        None => Facts::default(),
    };
    Ok(Changes::between(old.as_ref(), plan, &facts).operations())
}

/// Whether all operations have been carried out, and only what was expected of them has not come.
fn stays(problem: &Error) -> bool {
    matches!(problem, Error::NotConverged { .. })
}

fn undone(problem: Error, undo: Result<()>) -> Result<Done> {
    Err(match undo {
        Ok(()) => problem,
        Err(undo) => Error::Undo {
            problem: Box::new(problem),
            undo: Box::new(undo),
        },
    })
}

/// Makes a lab of nothing.
fn make(
    plan: &Plan,
    paths: &LabPaths,
    backend: &mut dyn LinkBackend,
    options: &mut Options<'_>,
) -> Result<()> {
    let mut site = Site::new(plan, paths);
    if !site.has_cgroups() {
        (options.progress)(Step::Note(
            "no cgroup v2 hierarchy here: nodes have no limits, their processes are found by namespace only".into(),
        ));
    }
    fs::create_dir_all(paths.root())
        .context(|| format!("cannot make {}", paths.root().display()))?;
    let changes = Changes::between(None, plan, &Facts::default());
    apply(&mut site, None, &changes, backend, options)
}

/// Makes a lab again what it was before a change that has failed somewhere.
fn restore(
    old: &Plan,
    failed: &Plan,
    paths: &LabPaths,
    backend: &mut dyn LinkBackend,
    options: &mut Options<'_>,
) -> Result<()> {
    let facts = facts(old, paths, backend)?;
    let mut changes = Changes::between(Some(failed), old, &facts);
    // What the change was about to remove is still there.
    changes.add_nodes.retain(|node| {
        changes.replaced_nodes.contains(node.name.as_str()) || !facts.nodes.contains(&node.name)
    });
    changes.add_links.retain(|link| {
        changes.replaced_links.contains(link.name.as_str()) || !facts.links.contains(&link.name)
    });
    changes.add_media.retain(|medium| {
        changes.replaced_media.contains(medium.name.as_str()) || !facts.media.contains(&medium.name)
    });
    // Someone who has interrupted the change does not want this to be interrupted by the same signal.
    let mut options = Options {
        program: options.program.clone(),
        wait: Wait::Ready,
        limit: options.limit,
        cancel: Cancel::new()?,
        progress: &mut *options.progress,
    };
    apply(
        &mut Site::new(old, paths),
        Some(failed),
        &changes,
        backend,
        &mut options,
    )
}

/// Carries the operations out.
fn apply<'a>(
    site: &mut Site<'a>,
    old: Option<&Plan>,
    changes: &Changes<'a>,
    backend: &mut dyn LinkBackend,
    options: &mut Options<'_>,
) -> Result<()> {
    let (plan, paths) = (site.plan, site.paths);
    let cancel = options.cancel.clone();
    let lab = paths.lab();
    if !changes.replaced_links.is_empty() {
        let names: Vec<&str> = changes.replaced_links.iter().copied().collect();
        backend.remove_links(lab, Some(&names))?;
    }
    remove_media(backend, lab, &changes.replaced_media)?;
    down::remove_nodes(paths, &owned(&changes.replaced_nodes))?;

    let added: BTreeSet<&str> = changes
        .add_nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    if old.is_some() {
        let living = names(plan).difference(&added).copied().collect();
        site.find_nodes(&living)?;
        if changes.hosts {
            site.write_hosts()?;
        }
    }
    (options.progress)(Step::Nodes(changes.add_nodes.len()));
    site.make_nodes(&options.program, &changes.add_nodes)?;
    cancel.check()?;
    site.make_instances(backend, &added)?;
    (options.progress)(Step::Links(
        changes.add_links.len() + changes.add_media.len(),
    ));
    site.make_links(backend, &changes.add_links)?;
    site.make_media(backend, &changes.add_media)?;
    cancel.check()?;
    for (old, new) in &changes.change_links {
        backend.change_link(lab, old, new)?;
    }
    for (old, new) in &changes.change_media {
        media::change(media::client(backend)?, lab, old, new)?;
    }

    (options.progress)(Step::Interfaces);
    let touched = configure(site, old, changes, &added)?;
    cancel.check()?;
    route(site, changes, &added)?;
    let mut watched = site.watched();
    watched.retain(|node| touched.contains(node.plan.name.as_str()));
    wait::interfaces(plan, &mut watched, &cancel, INTERFACES_LIMIT)?;

    chain::apply(old, plan, &site.nodes, backend, &mut |text| {
        (options.progress)(Step::Note(text));
    })?;
    start_programs(site, changes, options)?;
    let removed: Vec<&str> = changes.remove_links.iter().copied().collect();
    if !removed.is_empty() {
        backend.remove_links(lab, Some(&removed))?;
    }
    remove_media(backend, lab, &changes.remove_media)?;
    down::remove_nodes(paths, &owned(&changes.remove_nodes))?;
    state::store(paths, plan)?;
    converge(site, options)?;
    check_daemons(plan, paths)
}

fn remove_media(backend: &mut dyn LinkBackend, lab: &str, names: &BTreeSet<&str>) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().copied().collect();
    media::remove(media::client(backend)?, lab, Some(&names)).map(drop)
}

/// Interfaces and addresses of new nodes and of those in which they change; returns their names.
fn configure<'a>(
    site: &mut Site<'a>,
    old: Option<&Plan>,
    changes: &Changes<'a>,
    added: &BTreeSet<&'a str>,
) -> Result<BTreeSet<&'a str>> {
    let mut touched = added.clone();
    let ends = old.map(Plan::ends).unwrap_or_default();
    for name in added {
        site.configure(name, None)?;
    }
    for change in &changes.change_nodes {
        for (name, value) in &change.sysctls {
            site.set_sysctl(&change.new.name, name, value)?;
        }
        if change.interfaces {
            site.configure(&change.new.name, Some(&Wanted::of(&ends, change.old)))?;
            touched.insert(&change.new.name);
        }
    }
    Ok(touched)
}

/// Routes, once all interfaces are up on both sides.
fn route<'a>(site: &mut Site<'a>, changes: &Changes<'a>, added: &BTreeSet<&str>) -> Result<()> {
    for name in added {
        site.route(name, None)?;
    }
    for change in changes.change_nodes.iter().filter(|change| change.routes) {
        site.route(&change.new.name, Some(change.old))?;
    }
    Ok(())
}

fn start_programs(site: &Site<'_>, changes: &Changes<'_>, options: &mut Options<'_>) -> Result<()> {
    let mut jobs = Vec::new();
    for node in &changes.add_nodes {
        jobs.push(Job::all(site.node(&node.name)?, node));
    }
    for change in &changes.change_nodes {
        let node = site.node(&change.new.name)?;
        for file in &change.files {
            programs::rewrite(node, file)?;
        }
        programs::stop(site.paths, node, &change.stop)?;
        let mut job = Job::all(node, change.new);
        job.daemons
            .retain(|daemon| change.start.contains(&daemon.name.as_str()));
        if !change.commands {
            job.commands.clear();
        }
        jobs.push(job);
    }
    jobs.retain(|job| !job.is_empty());
    if jobs.is_empty() {
        return Ok(());
    }
    (options.progress)(Step::Programs(jobs.len()));
    programs::start(site.paths, &jobs, &options.cancel, &mut |node| {
        (options.progress)(Step::Started(node.into()));
    })
}

fn converge(site: &mut Site<'_>, options: &mut Options<'_>) -> Result<()> {
    let plan = site.plan;
    let result = match options.wait {
        Wait::Ready => Ok(()),
        Wait::Routes => {
            (options.progress)(Step::Waiting(Wait::Routes));
            wait::routes(plan, &mut site.watched(), &options.cancel, options.limit)
        }
        Wait::Ping => {
            (options.progress)(Step::Waiting(Wait::Ping));
            ping::all(site, &options.cancel, options.limit)
        }
    };
    result.map_err(|error| match error {
        Error::Timeout { seconds, missing } => Error::NotConverged {
            lab: plan.lab.clone(),
            seconds,
            missing,
        },
        other => other,
    })
}

/// A daemon may have died while something else was waited for.
fn check_daemons(plan: &Plan, paths: &LabPaths) -> Result<()> {
    for node in plan.nodes.iter().filter(|node| !node.daemons.is_empty()) {
        check_node(node, paths)?;
    }
    Ok(())
}

fn check_node(node: &NodePlan, paths: &LabPaths) -> Result<()> {
    let dead = |_| Error::DeadNode {
        lab: paths.lab().into(),
        node: node.name.clone(),
    };
    let states = Control::connect(&paths.node(&node.name))
        .map_err(dead)?
        .status()?;
    for daemon in &node.daemons {
        let state = states.iter().find(|state| state.name == daemon.name);
        match state.map(|state| state.state) {
            None | Some(State::Running) => {}
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
    Ok(())
}

/// What the kernel has of a plan.
fn facts(plan: &Plan, paths: &LabPaths, backend: &mut dyn LinkBackend) -> Result<Facts> {
    let lives = |node: &&NodePlan| Control::connect(&paths.node(&node.name)).is_ok();
    Ok(Facts {
        nodes: plan
            .nodes
            .iter()
            .filter(lives)
            .map(|node| node.name.clone())
            .collect(),
        links: backend.links(&plan.lab)?.into_keys().collect(),
        pulled: backend.pulled(&plan.lab)?,
        media: match plan.media.is_empty() {
            true => BTreeSet::new(),
            false => media::whole(media::client(backend)?, plan)?,
        },
        chains: BTreeMap::new(),
    })
}

fn names(plan: &Plan) -> BTreeSet<&str> {
    plan.nodes.iter().map(|node| node.name.as_str()).collect()
}

fn owned(names: &BTreeSet<&str>) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A node takes three descriptors here, and the usual limit is 1024.
fn raise_descriptor_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let most = fs::read_to_string("/proc/sys/fs/nr_open").ok();
        let most = most.and_then(|text| text.trim().parse().ok());
        // Root may go beyond the hard limit.
        for limit in most.into_iter().chain([hard]) {
            if setrlimit(Resource::RLIMIT_NOFILE, limit, limit).is_ok() {
                return;
            }
        }
    }
}
