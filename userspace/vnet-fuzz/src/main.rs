// SPDX-License-Identifier: GPL-2.0

//! Damages topology files and gives them to whatever reads such files. Each input is a function of the seed and its
//! number, so that a bad one can be had again: `vnet-fuzz --target gml --only 4711`.
//!
//! A reader fails that panics, that takes longer than [`TIME`], or more memory than [`MEMORY`].

mod corpus;
mod mutate;
mod target;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use nix::sys::resource::{setrlimit, Resource};

use mutate::Mutator;
use target::{Target, TARGETS};

/// Longest time for an input.
const TIME: Duration = Duration::from_secs(5);
/// Most memory of a process, bytes.
const MEMORY: u64 = 1 << 30;

/// Damaged topology files for everything that reads such files.
#[derive(Debug, Parser)]
struct Arguments {
    /// Inputs for each reader.
    #[arg(long, default_value_t = 1_000_000)]
    inputs: u64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this reader.
    #[arg(long)]
    target: Option<String>,
    /// Only the input of this number, which is printed.
    #[arg(long, requires = "target")]
    only: Option<u64>,
    /// Where the number of the present input is kept: what a process that is gone was at.
    #[arg(long, hide = true)]
    mark: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| {
            arguments
                .target
                .as_ref()
                .is_none_or(|name| name == target.name)
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("vnet-fuzz: the readers are {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let good = match (&arguments.mark, arguments.only) {
        (Some(mark), _) => many(chosen[0], &arguments, mark),
        (None, Some(number)) => one(chosen[0], arguments.seed, number),
        // Not `all`, which would stop at the first.
        (None, None) => {
            chosen
                .iter()
                .filter(|target| !watch(target, &arguments))
                .count()
                == 0
        }
    };
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Runs a reader's inputs in a process of its own, since some failures end it; true if all went well.
fn watch(target: &Target, arguments: &Arguments) -> bool {
    let begin = Instant::now();
    let mark =
        std::env::temp_dir().join(format!("vnet-fuzz-{}-{}", std::process::id(), target.name));
    let status = Command::new("/proc/self/exe")
        .arg(format!("--inputs={}", arguments.inputs))
        .arg(format!("--seed={}", arguments.seed))
        .arg(format!("--target={}", target.name))
        .arg("--mark")
        .arg(&mark)
        .status();
    let number = std::fs::read(&mark).ok();
    let number = number.and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let _ = std::fs::remove_file(&mark);
    let seconds = begin.elapsed().as_secs_f64();
    match status {
        Ok(status) if status.success() => {
            println!(
                "{}: {} inputs, {seconds:.0} s",
                target.name, arguments.inputs
            );
            true
        }
        status => {
            println!(
                "{}: FAILED at input {}: {status:?}\n  vnet-fuzz --seed {} --target {} --only {}",
                target.name,
                number.unwrap_or(0),
                arguments.seed,
                target.name,
                number.unwrap_or(0),
            );
            false
        }
    }
}

/// Gives a reader all of its inputs; false, panic or death at the first that is too much for it.
fn many(target: &Target, arguments: &Arguments, mark: &PathBuf) -> bool {
    if let Err(error) = setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY) {
        eprintln!("vnet-fuzz: cannot bound the memory: {error}");
        return false;
    }
    let Ok(mark) = File::create(mark) else {
        eprintln!("vnet-fuzz: cannot write {}", mark.display());
        return false;
    };
    let mutator = Mutator::new(target, arguments.seed);
    static AT: AtomicU64 = AtomicU64::new(0);
    thread::spawn(|| {
        // One that does not come to an end cannot be stopped but with the process.
        let mut last = (u64::MAX, Instant::now());
        loop {
            thread::sleep(Duration::from_millis(200));
            let at = AT.load(Ordering::Relaxed);
            if at != last.0 {
                last = (at, Instant::now());
            } else if last.1.elapsed() > TIME {
                eprintln!("vnet-fuzz: longer than {} s", TIME.as_secs());
                std::process::exit(3);
            }
        }
    });
    for number in 0..arguments.inputs {
        AT.store(number, Ordering::Relaxed);
        if mark.write_all_at(&number.to_le_bytes(), 0).is_err() {
            return false;
        }
        let input = mutator.input(number);
        if panic::catch_unwind(|| (target.read)(&input)).is_err() {
            return false;
        }
    }
    true
}

/// Gives a reader one input and shows what comes of it.
fn one(target: &Target, seed: u64, number: u64) -> bool {
    let input = Mutator::new(target, seed).input(number);
    println!("{input}\n---");
    let begin = Instant::now();
    let good = panic::catch_unwind(|| (target.read)(&input)).is_ok();
    println!("{:.3} s", begin.elapsed().as_secs_f64());
    good
}
