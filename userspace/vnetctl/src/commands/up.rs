// SPDX-License-Identifier: GPL-2.0

//! `up`, and `apply-plan`, which is the part of it that is done in the lab's own kernel.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vnet_guest::{ExecIo, ExecRequest, Form, Guest, GuestConfig};
use vnet_lab::changes::{Action, Changes, Facts, Operation};
use vnet_lab::up::{self, Done, Options, Step};
use vnet_lab::wire::Kernel as Module;
use vnet_topology::plan::Plan;

use super::check::count;
use super::outside::Devices;
use super::source::Source;
use crate::cli::{ApplyPlan, Cli, Plan as PlanCommand, Up, Wait, Waiting};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::output;
use crate::place::{self, Place};
use crate::progress::Progress;

/// Where the plan is put in a guest.
const PLAN: &str = "/run/vnet-plan.json";
/// How long a guest that is of no use may take to power off.
const OFF: Duration = Duration::from_secs(10);

/// Compiles a file and makes a lab of it.
pub fn run(cli: &Cli, up: &Up) -> Result<u8> {
    let loaded = Source {
        file: &up.file,
        lab: cli.lab.as_deref(),
        seed: up.seed,
        vars: &up.vars,
        foreign: &up.foreign,
        quiet: false,
    }
    .load()?;
    let form = place::kernel_for_up(cli, &loaded.plan.lab)?.form();
    let devices = Devices {
        without: up.without_devices,
        form,
    };
    let plan = devices.fit(loaded)?;
    match form {
        None => here(&plan, up.waiting),
        Some(form) => in_guest(&plan, up, form),
    }
}

/// Applies a plan that another vnetctl has compiled.
pub fn apply(apply: &ApplyPlan) -> Result<u8> {
    let json = super::read(&apply.file)?;
    let plan = vnet_lab::state::parse(json.as_bytes())?;
    here(&plan, apply.waiting)
}

fn here(plan: &Plan, waiting: Waiting) -> Result<u8> {
    let begin = Instant::now();
    let cancel = interrupt::cancel()?;
    let mut backend = Module::open()?;
    let mut line = Progress::new();
    let done = up::up(
        plan,
        &mut backend,
        &mut Options {
            program: PathBuf::from("/proc/self/exe"),
            wait: waiting.wait.into(),
            limit: waiting.timeout,
            cancel,
            progress: &mut |step| tell(&mut line, step),
        },
    );
    drop(line);
    let what = plan.summary();
    match done? {
        Done::Made => output::print(&format!(
            "lab {} is up: {what} ({:.1} s)\n",
            plan.lab,
            begin.elapsed().as_secs_f64()
        ))?,
        Done::Changed(operations) => output::print(&format!(
            "{}lab {} is up: {what} ({:.1} s)\n",
            describe(&operations),
            plan.lab,
            begin.elapsed().as_secs_f64()
        ))?,
        Done::Unchanged => output::print(&format!(
            "lab {} is up already: {what}; nothing to change\n",
            plan.lab
        ))?,
    }
    Ok(0)
}

/// Operations, a line each.
pub fn describe(operations: &[Operation]) -> String {
    let mut text = String::new();
    for operation in operations {
        let sign = match operation.action {
            Action::Add => '+',
            Action::Change => '~',
            Action::Replace => '!',
            Action::Remove => '-',
        };
        text.push_str(&format!("{sign} {} {}\n", operation.kind, operation.name));
        for detail in &operation.details {
            text.push_str(&format!("      {detail}\n"));
        }
    }
    text
}

/// Shows what is being done.
pub fn tell(line: &mut Progress, step: Step) {
    match step {
        Step::Note(text) => line.note(&text),
        Step::CleaningUp => line.note("removing what an interrupted start has left"),
        Step::Nodes(0) | Step::Links(0) => {}
        Step::Undoing => line.note("this has failed; undoing what was done"),
        Step::Nodes(number) => line.show(&format!("making {} ...", count(number, "node"))),
        Step::Links(number) => line.show(&format!("making {} ...", count(number, "link"))),
        Step::Interfaces => line.show("setting up interfaces ..."),
        Step::Programs(number) => {
            line.show(&format!(
                "starting programs in {} ...",
                count(number, "node")
            ));
        }
        Step::Started(node) => line.show(&format!("programs of {node} have started ...")),
        Step::Waiting(up::Wait::Ping) => line.show("waiting until all hosts reach each other ..."),
        Step::Waiting(_) => line.show("waiting until all nodes have routes everywhere ..."),
    }
}

/// Shows what `up` would do; exit status 2 if that is anything.
pub fn preview(cli: &Cli, command: &PlanCommand) -> Result<u8> {
    let loaded = Source {
        file: &command.file,
        lab: cli.lab.as_deref(),
        seed: None,
        vars: &command.vars,
        foreign: &command.foreign,
        quiet: false,
    }
    .load()?;
    let found = place::labs(cli)?
        .into_iter()
        .find(|found| found.lab == loaded.plan.lab);
    let place = found.map(|found| found.place()).transpose()?;
    let devices = Devices {
        without: command.without_devices,
        form: match &place {
            Some(Place::Guest(guest)) => Some(guest.info().form),
            _ => None,
        },
    };
    let plan = devices.fit(loaded)?;
    match place {
        Some(Place::Guest(guest)) => {
            put_plan(&guest, &plan)?;
            let mut arguments = vec!["preview-plan", PLAN];
            arguments.extend(command.json.then_some("--json"));
            place::relay(&guest, &plan.lab, arguments)
        }
        Some(Place::Here) => preview_here(&plan, command.json),
        // Nothing is there, so no kernel has to be asked.
        None => show(
            &Changes::between(None, &plan, &Facts::default()).operations(),
            command.json,
        ),
    }
}

/// The same for a plan that another vnetctl has compiled.
pub fn preview_plan(command: &PlanCommand) -> Result<u8> {
    let json = super::read(&command.file)?;
    let plan = vnet_lab::state::parse(json.as_bytes())?;
    preview_here(&plan, command.json)
}

fn preview_here(plan: &Plan, json: bool) -> Result<u8> {
    let mut backend = Module::open()?;
    show(&up::preview(plan, &mut backend)?, json)
}

fn show(operations: &[Operation], json: bool) -> Result<u8> {
    match (json, operations) {
        (true, _) => output::json(&operations)?,
        (false, []) => output::print("nothing to change\n")?,
        (false, _) => output::print(&describe(operations))?,
    }
    Ok(if operations.is_empty() { 0 } else { 2 })
}

fn in_guest(plan: &Plan, up: &Up, form: Form) -> Result<u8> {
    let lab = &plan.lab;
    let mut line = Progress::new();
    let (guest, fresh) = match Guest::connect(lab)? {
        Some(guest) => {
            let have = guest.info().form;
            if have != form {
                return Err(Error::Message(format!(
                    "lab {lab} is up in a guest of form {have}; take it down first, or say --kernel {have}"
                )));
            }
            (guest, false)
        }
        None => {
            line.show(&format!("starting a kernel ({form}) ..."));
            let mut config = GuestConfig::new(form);
            config.memory.clone_from(&up.memory);
            (Guest::start(lab, &config, &mut |_| {})?, true)
        }
    };
    line.clear();
    let result = hand_over(&guest, plan, up.waiting);
    // A guest without a lab in it is of no use. One in which the lab does not work is.
    let empty = || place::ask(&guest, lab, ["ps", "--json"]).is_err();
    if fresh && !matches!(result, Ok(0)) && empty() {
        drop(guest);
        vnet_guest::down(lab, OFF)?;
    }
    result
}

fn put_plan(guest: &Guest, plan: &Plan) -> Result<()> {
    let json = serde_json::to_vec(plan).map_err(|error| Error::Message(error.to_string()))?;
    Ok(guest.put(Path::new(PLAN), 0o600, &mut json.as_slice())?)
}

fn hand_over(guest: &Guest, plan: &Plan, waiting: Waiting) -> Result<u8> {
    put_plan(guest, plan)?;
    let argv = [
        "vnetctl".to_owned(),
        "--kernel=host".to_owned(),
        "apply-plan".to_owned(),
        PLAN.to_owned(),
        format!("--wait={}", waiting.wait.name()),
        format!("--timeout={}ns", waiting.timeout.as_nanos()),
    ];
    let status = guest.exec(&ExecRequest::new(argv), ExecIo::inherit())?;
    match status.code() {
        0 => Ok(0),
        code => Err(Error::Told(code)),
    }
}

impl Wait {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Wait::Ready => "ready",
            Wait::Routes => "routes",
            Wait::Ping => "ping",
        }
    }
}

impl From<Wait> for up::Wait {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Ready => up::Wait::Ready,
            Wait::Routes => up::Wait::Routes,
            Wait::Ping => up::Wait::Ping,
        }
    }
}
