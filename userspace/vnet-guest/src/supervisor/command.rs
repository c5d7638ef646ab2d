// SPDX-License-Identifier: GPL-2.0
//! The command lines of the kernels.

use std::path::{Path, PathBuf};

use super::report::{Spec, Wire};
use crate::config::{Form, GuestConfig};
use crate::error::{Error, Result};
use crate::manifest::{cache_dir, Manifest};
use crate::rundir::LabDir;

/// How long a guest may take to power off before it is killed.
const END_LIMIT_UML: u64 = 5_000;
const END_LIMIT_QEMU: u64 = 20_000;

/// What the supervisor of a lab is to start.
pub fn spec(dir: &LabDir, config: &GuestConfig) -> Result<Spec> {
    let (program, args, wire) = match config.form {
        Form::Uml | Form::UmlDebug => uml(dir, config)?,
        Form::Debian => qemu(config)?,
        Form::Loopback | Form::LoopbackPty => loopback(config),
    };
    Ok(Spec {
        lab: dir.lab.clone(),
        dir: dir.path.clone(),
        form: config.form,
        program,
        args,
        wire,
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

type Command = (PathBuf, Vec<String>, Wire);

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
        "ssl0=fd:0,fd:0".into(),
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
    Ok((manifest.kernel, args, Wire::Socket))
}

fn qemu(config: &GuestConfig) -> Result<Command> {
    let manifest = Manifest::load(config)?;
    let memory = config
        .memory
        .clone()
        .or(manifest.mem.clone())
        .unwrap_or_else(|| "1G".into());
    let smp = config.smp.or(manifest.smp).unwrap_or(2);
    // KVM only where a boot probe found it working: the device may exist, answer, and never run a guest.
    let accel = match manifest.accel.as_deref() {
        Some("kvm") => "kvm",
        _ => "tcg,thread=multi",
    };
    let mut words = vec![
        "console=ttyS0".to_owned(),
        "quiet".into(),
        "panic=-1".into(),
    ];
    let mut args: Vec<String> = [
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-cpu",
        "max",
        "-accel",
        accel,
        "-serial",
        "file:/dev/fd/1",
        "-chardev",
        "socket,id=agent,fd=0",
        "-device",
        "virtio-serial-pci",
        "-device",
        "virtserialport,chardev=agent,name=org.vnet.agent",
    ]
    .map(str::to_owned)
    .into();
    args.extend(["-m".into(), memory, "-smp".into(), smp.to_string()]);
    args.extend(["-kernel".into(), manifest.kernel.display().to_string()]);
    if let Some(initrd) = &manifest.initrd {
        args.extend(["-initrd".into(), initrd.display().to_string()]);
    }
    if let Some(image) = &manifest.image {
        // Read only: any number of labs share it.
        let image = image.display().to_string().replace(',', ",,");
        args.extend([
            "-drive".into(),
            format!("if=virtio,format=raw,readonly=on,file={image}"),
        ]);
    }
    words.extend(common_words(config, &manifest));
    args.extend(["-append".into(), words.join(" ")]);
    let program = manifest.qemu.unwrap_or_else(|| "qemu-system-x86_64".into());
    Ok((program.into(), args, Wire::Socket))
}

/// The agent as a process of this machine: another command of the supervisor's program.
fn loopback(config: &GuestConfig) -> Command {
    let wire = if config.form == Form::LoopbackPty {
        Wire::Pty
    } else {
        Wire::Socket
    };
    (
        "/proc/self/exe".into(),
        vec!["agent".into(), "--stdin".into()],
        wire,
    )
}
