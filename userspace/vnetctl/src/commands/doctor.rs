// SPDX-License-Identifier: GPL-2.0

//! `doctor`

use std::fs;

use nix::unistd::geteuid;
use vnet_lab::cgroup::Cgroups;
use vnet_uapi::Client;

use crate::error::Result;
use crate::output;

/// What was looked at, and what was found.
struct Finding {
    good: bool,
    what: &'static str,
    text: String,
}

/// Looks for what could keep labs from working; 1 if no kind of lab can work.
pub fn run() -> Result<u8> {
    let host = [module(), rights(), cgroups()];
    let guests = [guest("uml"), guest("debian")];
    let mut text = String::from("labs in this kernel (--kernel host):\n");
    host.iter()
        .for_each(|finding| text.push_str(&finding.line()));
    text.push_str("labs in embedded kernels:\n");
    guests
        .iter()
        .for_each(|finding| text.push_str(&finding.line()));
    let works =
        host[..2].iter().all(|finding| finding.good) || guests.iter().any(|finding| finding.good);
    text.push_str(match works {
        true => "labs can be brought up\n",
        false => "no lab can be brought up here yet\n",
    });
    output::print(&text)?;
    Ok(u8::from(!works))
}

impl Finding {
    fn line(&self) -> String {
        let mark = if self.good { "ok  " } else { "no  " };
        format!("  {mark}{:<10}{}\n", self.what, self.text)
    }
}

fn module() -> Finding {
    let version = fs::read_to_string("/sys/module/vnet/version").unwrap_or_default();
    let (good, text) = match Client::open() {
        Ok(_) => (true, format!("the module vnet is loaded {}", version.trim())),
        Err(vnet_uapi::Error::NoFamily(_)) => (
            false,
            "the module vnet is not loaded; build it with `make -C KERNEL M=$PWD modules` and load it with insmod".into(),
        ),
        Err(error) => (false, error.to_string()),
    };
    Finding {
        good,
        what: "module",
        text: text.trim_end().into(),
    }
}

fn rights() -> Finding {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    // From linux/capability.h.
    let missing: Vec<&str> = [(12, "CAP_NET_ADMIN"), (21, "CAP_SYS_ADMIN")]
        .iter()
        .filter(|(bit, _)| effective & (1 << bit) == 0)
        .map(|(_, name)| *name)
        .collect();
    match missing.is_empty() && geteuid().is_root() {
        true => Finding {
            good: true,
            what: "rights",
            text: "you are root".into(),
        },
        false => Finding {
            good: false,
            what: "rights",
            text: match missing.is_empty() {
                true => "run vnetctl as root".into(),
                false => format!("run vnetctl as root: {} missing", missing.join(" and ")),
            },
        },
    }
}

fn cgroups() -> Finding {
    match Cgroups::find() {
        Some(_) => Finding {
            good: true,
            what: "cgroups",
            text: "nodes can have limits".into(),
        },
        None => Finding {
            good: false,
            what: "cgroups",
            text:
                "no cgroup v2 hierarchy that may be written to: labs work, but nodes have no limits"
                    .into(),
        },
    }
}

fn guest(form: &'static str) -> Finding {
    let manifest =
        vnet_guest::cache_dir().map(|cache| cache.join("guests").join(format!("{form}.json")));
    match manifest {
        Ok(path) if path.exists() => Finding {
            good: true,
            what: form,
            text: format!("built: {}", path.display()),
        },
        _ => Finding {
            good: false,
            what: form,
            text: match form {
                "debian" => "not built; run: make guests KERNEL=debian".into(),
                _ => "not built; run: make guests".into(),
            },
        },
    }
}
