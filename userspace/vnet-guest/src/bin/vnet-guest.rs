// SPDX-License-Identifier: GPL-2.0
//! The crate by itself, for its tests and for trying things out. People use `vnetctl`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use vnet_guest::{Error, ExecIo, ExecRequest, Form, Guest, GuestConfig, Input, Tty};

const USAGE: &str =
    "usage: vnet-guest start LAB FORM [WORD...] | exec [-t|-T] [-n] [-d DIR] LAB COMMAND... \
    | put LAB PATH <FILE | get LAB PATH >FILE | ping LAB | log LAB | list | down LAB";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    match command.to_str() {
        Some("agent") => return vnet_guest::agent::main(args),
        Some("guest-supervisor") => return vnet_guest::supervisor::main(args),
        _ => {}
    }
    run(&command, &args).unwrap_or_else(|error| {
        eprintln!("vnet-guest: {error}");
        ExitCode::from(error.exit_code())
    })
}

fn connect(lab: &str) -> Result<Guest, Error> {
    Guest::connect(lab)?.ok_or_else(|| Error::NotRunning {
        lab: lab.to_owned(),
    })
}

fn run(command: &OsStr, args: &[OsString]) -> Result<ExitCode, Error> {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    match (command.to_str().unwrap_or_default(), words.as_slice()) {
        ("start", [lab, form, append @ ..]) => start(lab, form, append)?,
        ("exec", [..]) => return exec(args),
        ("put", [lab, path]) => connect(lab)?.put(Path::new(path), 0o644, &mut io::stdin())?,
        ("get", [lab, path]) => drop(connect(lab)?.get(Path::new(path), &mut io::stdout())?),
        ("ping", [lab]) => println!("{:?}", connect(lab)?.ping(Duration::from_secs(5))?),
        // A reader that has seen enough is no reason to complain.
        ("log", [lab]) => drop(io::stdout().write_all(&vnet_guest::kernel_log(lab)?)),
        ("list", []) => {
            for entry in vnet_guest::list()? {
                println!("{entry:?}");
            }
        }
        ("down", [lab]) => println!("{:?}", vnet_guest::down(lab, Duration::from_secs(10))?),
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn start(lab: &str, form: &str, append: &[&str]) -> Result<(), Error> {
    let form: Form = form.parse().map_err(|reason| Error::Agent {
        what: "start".into(),
        reason,
    })?;
    let mut config = GuestConfig::new(form);
    config.append = append.iter().map(|word| (*word).to_owned()).collect();
    config.module = !append.contains(&"vnet.module=none");
    Guest::start(lab, &config, &mut |progress| eprintln!("{progress:?}"))?;
    Ok(())
}

fn exec(args: &[OsString]) -> Result<ExitCode, Error> {
    let mut request = ExecRequest::default();
    let mut io = ExecIo::inherit();
    let mut args = args.iter();
    let mut lab = None;
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-t") => request.tty = Tty::Always,
            Some("-T") => request.tty = Tty::Never,
            Some("-n") => io.stdin = Input::Null,
            Some("-d") => request.cwd = args.next().map(Into::into),
            _ => {
                lab = arg.to_str();
                break;
            }
        }
    }
    request.argv = args.cloned().collect();
    let status = connect(lab.unwrap_or_default())?.exec(&request, io)?;
    Ok(ExitCode::from(status.code()))
}
