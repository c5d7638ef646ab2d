// SPDX-License-Identifier: GPL-2.0
//! The command lines of the kernels.

use std::path::{Path, PathBuf};

use super::initrd::{self, Initrd};
use super::report::{Spec, Wire};
use super::tsc;
use crate::config::{Form, GuestConfig};
use crate::error::{Error, Result};
use crate::manifest::{cache_dir, Manifest};
use crate::rundir::LabDir;

/// How long a guest may take to power off before it is killed.
const END_LIMIT_UML: u64 = 5_000;
const END_LIMIT_QEMU: u64 = 20_000;

struct Command {
    program: PathBuf,
    args: Vec<String>,
    wire: Wire,
    initrd: Option<Initrd>,
    processors: Option<PathBuf>,
}

/// What the supervisor of a lab is to start.
pub fn spec(dir: &LabDir, config: &GuestConfig) -> Result<Spec> {
    let Command {
        program,
        args,
        wire,
        initrd,
        processors,
    } = match config.form {
        Form::Uml | Form::UmlDebug => uml(dir, config)?,
        Form::Debian => qemu(dir, config)?,
        Form::Loopback | Form::LoopbackPty => loopback(config),
    };
    Ok(Spec {
        lab: dir.lab.clone(),
        dir: dir.path.clone(),
        form: config.form,
        program,
        args,
        wire,
        initrd,
        processors,
        boot_limit: config.boot_timeout.as_millis() as u64,
        end_limit: if config.form == Form::Debian {
            END_LIMIT_QEMU
        } else {
            END_LIMIT_UML
        },
    })
}

/// Words for the kernel that do not depend on the form.
fn common_words(config: &GuestConfig, manifest: &Manifest) -> Vec<String> {
    let mut words: Vec<String> = manifest
        .append
        .iter()
        .flat_map(|s| s.split_whitespace())
        .map(str::to_owned)
        .collect();
    if !config.module {
        words.push("vnet.module=none".into());
    }
    words.extend(config.append.iter().cloned());
    words
}

fn field<'a>(value: Option<&'a PathBuf>, name: &str, config: &GuestConfig) -> Result<&'a Path> {
    value
        .map(PathBuf::as_path)
        .ok_or_else(|| Error::BadManifest {
            path: config
                .manifest
                .clone()
                .unwrap_or_else(|| format!("{}.json", config.form).into()),
            reason: format!("it has no `{name}`"),
            make: config.form.make_hint(),
        })
}

fn uml(dir: &LabDir, config: &GuestConfig) -> Result<Command> {
    let manifest = Manifest::load(config)?;
    let root = field(manifest.root.as_ref(), "root", config)?;
    let bin = match &manifest.bin {
        Some(bin) => bin.clone(),
        None => cache_dir()?
            .join("guests")
            .join(format!("bin-{}", config.form)),
    };
    let memory = config
        .memory
        .clone()
        .or(manifest.mem.clone())
        .unwrap_or_else(|| "1G".into());
    let smp = config.smp.or(manifest.smp).unwrap_or(1);
    let mut args = vec![
        format!("mem={memory}"),
        "rootfstype=hostfs".into(),
        format!("rootflags={}", root.display()),
        "ro".into(),
        // Console and channel are the descriptors that the supervisor hands over; nothing else opens a terminal.
        "con=null".into(),
        "con0=null,fd:1".into(),
        "ssl=null".into(),
        "ssl0=fd:{in},fd:0".into(),
        // Its own small files, else under the user's home, go with the lab.
        format!("uml_dir={}", dir.path.display()),
        "umid=uml".into(),
        "init=/usr/sbin/vnet-init".into(),
        format!("vnet.bin={}", bin.display()),
        "quiet".into(),
        "panic=-1".into(),
    ];
    if smp > 1 {
        args.push(format!("ncpus={smp}"));
    }
    // Faster than ptrace; with several CPUs there is no other way.
    args.push(format!("seccomp={}", if smp > 1 { "on" } else { "auto" }));
    if config.time_travel {
        args.push("time-travel=inf-cpu".into());
    }
    args.extend(common_words(config, &manifest));
    Ok(Command {
        program: manifest.kernel,
        args,
        wire: Wire::Split,
        initrd: None,
        processors: match smp {
            1 => Some(cache_dir()?.join("lock")),
            _ => None,
        },
    })
}

fn qemu(dir: &LabDir, config: &GuestConfig) -> Result<Command> {
    let manifest = Manifest::load(config)?;
    let initrd = Initrd {
        base: field(manifest.initrd.as_ref(), "initrd", config)?.into(),
        bin: field(manifest.bin.as_ref(), "bin", config)?.into(),
        path: dir.path.join("initrd"),
    };
    let image = field(manifest.image.as_ref(), "image", config)?
        .display()
        .to_string();
    let memory = config
        .memory
        .clone()
        .or(manifest.mem.clone())
        .unwrap_or_else(|| "1G".into());
    let smp = config.smp.or(manifest.smp).unwrap_or(2);
    // KVM only where a boot probe found it working: the device may exist, answer, and never run a guest.
    let (accel, cpu) = match manifest.accel.as_deref() {
        Some("kvm") => ("kvm", "host"),
        // One thread for all processors: with several, one may run into the breakpoint with which another has just
        // patched the kernel's text (static keys), and that panics.
        _ => ("tcg,thread=single", "max"),
    };
    let mut words: Vec<String> = [
        "console=ttyS0",
        "quiet",
        "panic=-1",
        "mitigations=off",
        "nowatchdog",
        // On a busy machine QEMU may be late with the few ticks by which the kernel finds out whether it has any.
        "no_timer_check",
    ]
    .map(str::to_owned)
    .into();
    if accel != "kvm" {
        words.extend(tsc::frequency().map(|khz| format!("tsc_early_khz={khz}")));
    }
    words.push(format!("vnet.bin=/{}", initrd::WHERE));
    words.extend(common_words(config, &manifest));
    // Read only, so that any number of labs can share it. A comma in a name is doubled.
    let drive = format!(
        "file={},if=none,id=root,format=raw,readonly=on",
        image.replace(',', ",,")
    );
    let options = [
        ("-M", "q35"),
        ("-accel", accel),
        ("-cpu", cpu),
        ("-smp", &smp.to_string()),
        ("-m", &memory),
        ("-kernel", &manifest.kernel.display().to_string()),
        ("-initrd", &initrd.path.display().to_string()),
        ("-append", &words.join(" ")),
        ("-drive", &drive),
        ("-device", "virtio-blk-pci,drive=root"),
        // The console is what the kernel's process writes, the agent's line what it was given as stdin.
        ("-serial", "file:/dev/fd/1"),
        ("-chardev", "socket,id=agent,fd=0"),
        ("-device", "virtio-serial-pci"),
        (
            "-device",
            "virtserialport,chardev=agent,name=org.vnet.agent",
        ),
        ("-display", "none"),
    ];
    let mut args: Vec<String> = ["-nodefaults", "-no-user-config", "-no-reboot"]
        .map(str::to_owned)
        .into();
    args.extend(
        options
            .iter()
            .flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]),
    );
    let program = manifest
        .qemu
        .unwrap_or_else(|| "qemu-system-x86_64".into())
        .into();
    Ok(Command {
        program,
        args,
        wire: Wire::Socket,
        initrd: Some(initrd),
        processors: None,
    })
}

/// The agent as a process of this machine: another command of the supervisor's program.
fn loopback(config: &GuestConfig) -> Command {
    let wire = if config.form == Form::LoopbackPty {
        Wire::Pty
    } else {
        Wire::Socket
    };
    Command {
        program: "/proc/self/exe".into(),
        args: vec!["agent".into(), "--stdin".into()],
        wire,
        initrd: None,
        processors: None,
    }
}
