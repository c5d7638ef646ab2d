// SPDX-License-Identifier: GPL-2.0
//! The process in the guest that does what clients ask for.
//!
//! `vnetctl agent --init` is process 1: the script `/sbin/vnet-init` has mounted `/proc`, `/sys`, `/dev`, `/dev/pts`,
//! `/run`, `/tmp` and the cgroup file system and then became it. It loads the module, greets the supervisor (also with
//! the reason why the guest cannot be used, if so), serves, and powers the guest off when told to or when the
//! supervisor has gone. Started without `--init`, on a descriptor it inherited, it is the test double of a guest.

mod serve;
mod spawn;
mod stream;
mod system;

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitCode;

use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::signal::{killpg, Signal};
use nix::sys::utsname::uname;
use nix::unistd::isatty;

use crate::proto::{self, msg::Hello};
use serve::{Ended, Server};
pub(crate) use system::make_raw;

/// Where the guest's root has the module.
const MODULE: &str = "/usr/lib/vnet/vnet.ko";

#[derive(Debug, Default)]
struct Args {
    init: bool,
    module: Option<PathBuf>,
    stdin: bool,
}

fn parse(args: Vec<OsString>) -> Result<Args, String> {
    let mut parsed = Args::default();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--init") => parsed.init = true,
            Some("--stdin") => parsed.stdin = true,
            Some("--module") => {
                parsed.module = Some(args.next().ok_or("--module needs a path")?.into())
            }
            _ => return Err(format!("unknown argument {}", arg.to_string_lossy())),
        }
    }
    if parsed.init == parsed.stdin {
        return Err("expected --init (as process 1) or --stdin (with the channel there)".into());
    }
    Ok(parsed)
}

/// Runs the agent with the arguments after `agent`. As process 1 it does not return.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let args = match parse(args) {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("vnetctl agent: {problem}");
            return ExitCode::from(125);
        }
    };
    let result = run(&args);
    if let Err(error) = &result {
        eprintln!("vnetctl agent: {error}");
    }
    if args.init {
        system::power_off();
        // Process 1 must not end: the kernel would panic, and hide what was said above.
        loop {
            nix::unistd::pause();
        }
    }
    ExitCode::from(if result.is_ok() { 0 } else { 125 })
}

fn run(args: &Args) -> std::io::Result<()> {
    let trouble =
        if args.init && system::command_line_word("vnet.module").as_deref() != Some("none") {
            let path = args.module.clone().unwrap_or_else(|| MODULE.into());
            system::load_module(&path).err().unwrap_or_default()
        } else {
            String::new()
        };
    let channel = if args.stdin {
        inherited()?
    } else {
        system::open_channel()?
    };
    // A program costs three descriptors here, and must not inherit more than it would have got elsewhere.
    let files = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, files.1, files.1)?;
    let hello = Hello {
        version: proto::VERSION,
        // Which of the two kinds of line it is can be seen from whether it is a terminal.
        window: if isatty(&channel).unwrap_or(false) {
            proto::LINE_WINDOW
        } else {
            0
        },
        program: env!("CARGO_PKG_VERSION").into(),
        kernel: uname()
            .map(|names| names.release().to_string_lossy().into_owned())
            .unwrap_or_default(),
        trouble,
    };
    let mut server = Server::new(channel, hello, files)?;
    let ended = server.serve()?;
    if !args.init {
        for leader in server.leaders() {
            // One that has ended meanwhile is fine, too.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    } else if ended == Ended::Disconnected {
        eprintln!("vnetctl agent: the supervisor has gone, powering off");
    }
    Ok(())
}

/// The channel as stdin, moved away from there so that programs do not meet it.
fn inherited() -> std::io::Result<OwnedFd> {
    let channel = std::io::stdin().as_fd().try_clone_to_owned()?;
    system::make_raw(&channel)?;
    Ok(channel)
}
