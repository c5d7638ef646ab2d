// SPDX-License-Identifier: GPL-2.0

//! What of a node belongs to its programs: files, daemons, commands.

use crate::decode::{refused, text_map, texts, Fields, Problems};
use crate::plan::{Owner, Ready, DEFAULT_READY_TIMEOUT};
use crate::report::{At, Problem};
use crate::tree::{Data, Value};
use crate::units::{self, UnitError};

/// A file of a node.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub path: At<String>,
    pub content: Content,
    pub mode: Option<u32>,
    pub owner: Option<Owner>,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    /// A file beside the topology.
    Source(At<String>),
}

/// A daemon of a node.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    pub name: At<String>,
    pub argv: Vec<String>,
    pub env: Vec<(At<String>, At<String>)>,
    pub ready: Ready,
    /// ns.
    pub ready_timeout: u64,
}

pub(super) fn read_files(problems: &Problems, value: &Value) -> Vec<File> {
    let Data::Map(entries) = &value.data else {
        problems.add(
            Problem::new(
                value.span.clone(),
                format!("`files` is a map, not {}", value.describe()),
            )
            .help("write `files: {/etc/motd: \"hello\\n\"}`"),
        );
        return Vec::new();
    };
    let mut files = Vec::new();
    for (key, value) in entries {
        let path = At::new(key.text.clone(), key.span.clone());
        if !key.text.starts_with('/')
            || key.text.ends_with('/')
            || key.text.split('/').any(|part| part == "..")
        {
            problems.add(refused(
                &key.span,
                format!("`{}` is not an absolute path of a file", key.text),
                "give the path inside the node, as in /etc/motd",
            ));
            continue;
        }
        let (content, mode, owner) = match &value.data {
            Data::Text(text) => (Content::Text(text.clone()), None, None),
            Data::Null => (Content::Text(String::new()), None, None),
            _ => {
                let Some(mut fields) = Fields::of(problems, value, "a file") else {
                    continue;
                };
                let content = fields.text("content", "the content of the file");
                let source = fields.text("source", "a path beside the topology file");
                let mode = fields.scalar("mode", "permissions in octal, as in 0644", mode);
                let owner = fields.scalar("owner", "`user:group`", owner);
                fields.finish();
                let content = match (content, source) {
                    (Some(content), None) => Content::Text(content.value),
                    (None, Some(source)) => Content::Source(source),
                    _ => {
                        problems.add(
                            Problem::new(key.span.clone(), format!("`{}` needs `content` or `source`", key.text))
                                .help("`content` is the text itself, `source` a file beside the topology file"),
                        );
                        continue;
                    }
                };
                (content, mode, owner)
            }
        };
        files.push(File {
            path,
            content,
            mode: mode.map(|at| at.value),
            owner: owner.map(|at| at.value),
        });
    }
    files
}

fn mode(text: &str) -> Result<u32, UnitError> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o7777 && digits.len() >= 3 => Ok(mode),
        _ => Err(UnitError {
            message: format!("`{text}` is not a file mode"),
            help: "permissions are octal, as in 0644 or 0755".into(),
        }),
    }
}

fn owner(text: &str) -> Result<Owner, UnitError> {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let good = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match good(user) && good(group) {
        true => Ok(Owner {
            user: user.into(),
            group: group.into(),
        }),
        false => Err(UnitError {
            message: format!("`{text}` is not an owner"),
            help: "write `user` or `user:group`, as in frr:frr".into(),
        }),
    }
}

/// Programs: a text is a line for the shell, a list is the program with its arguments.
fn argv(problems: &Problems, value: &Value) -> Option<Vec<String>> {
    let argv = match &value.data {
        Data::Text(line) if !line.trim().is_empty() => {
            vec!["/bin/sh".into(), "-c".into(), line.clone()]
        }
        Data::List(words) if !words.is_empty() => {
            let read = texts(problems, value, "a word of the command");
            if read.len() != words.len() {
                return None;
            }
            read.into_iter().map(|word| word.value).collect()
        }
        _ => {
            problems.add(
                Problem::new(
                    value.span.clone(),
                    format!("expected a command, found {}", value.describe()),
                )
                .help("write a line for the shell, or a list of the program and its arguments"),
            );
            return None;
        }
    };
    if argv.iter().any(|word| word.contains('\0')) {
        problems.add(Problem::new(
            value.span.clone(),
            "a command cannot contain a zero byte",
        ));
        return None;
    }
    Some(argv)
}

pub(super) fn read_command(problems: &Problems, value: &Value) -> Option<Vec<String>> {
    argv(problems, value)
}

pub(super) fn read_daemon(problems: &Problems, value: &Value) -> Option<Daemon> {
    let plain = |argv: Vec<String>, name: String| Daemon {
        name: At::new(name, value.span.clone()),
        argv,
        env: Vec::new(),
        ready: Ready::Started,
        ready_timeout: DEFAULT_READY_TIMEOUT,
    };
    match &value.data {
        Data::Text(line) => {
            let name = program_name(line.split_whitespace().next().unwrap_or_default());
            return Some(plain(argv(problems, value)?, name));
        }
        Data::List(_) => {
            let argv = argv(problems, value)?;
            let name = program_name(&argv[0]);
            return Some(plain(argv, name));
        }
        _ => {}
    }
    let mut fields = Fields::of(problems, value, "a daemon")?;
    let name = fields.text("name", "a name for logs and messages");
    let command = fields.get("command");
    let env = fields.get("env").map_or(Vec::new(), |value| {
        text_map(problems, value, "`NAME: value` pairs")
    });
    let ready = fields
        .get("ready")
        .map_or(Some(Ready::Started), |value| read_ready(problems, value));
    let timeout = fields.scalar("timeout", "a time, as in 10s", units::time);
    fields.finish();
    let Some(command) = command else {
        problems.add(
            Problem::new(value.span.clone(), "the daemon has no `command`").help(
                "`command` is a line for the shell, or a list of the program and its arguments",
            ),
        );
        return None;
    };
    let argv = argv(problems, command)?;
    let name = name.unwrap_or_else(|| {
        let first = match &command.data {
            Data::Text(line) => line.split_whitespace().next().unwrap_or_default(),
            _ => &argv[0],
        };
        At::new(program_name(first), command.span.clone())
    });
    Some(Daemon {
        name,
        argv,
        env,
        ready: ready?,
        ready_timeout: timeout.map_or(DEFAULT_READY_TIMEOUT, |timeout| timeout.value),
    })
}

fn program_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn read_ready(problems: &Problems, value: &Value) -> Option<Ready> {
    const HELP: &str = "write `started`, `{pid-file: /run/x.pid}` or `{socket: /run/x.sock}`";
    if let Data::Text(text) = &value.data {
        if text == "started" {
            return Some(Ready::Started);
        }
        problems.add(refused(
            &value.span,
            format!("`{text}` does not say when a daemon is ready"),
            HELP,
        ));
        return None;
    }
    let mut fields = Fields::of(problems, value, "`ready`")?;
    let pid_file = fields.text("pid-file", "the path of a file");
    let socket = fields.text("socket", "the path of a Unix socket");
    fields.finish();
    match (pid_file, socket) {
        (Some(path), None) => Some(Ready::PidFile(path.value)),
        (None, Some(path)) => Some(Ready::Socket(path.value)),
        _ => {
            problems.add(refused(
                &value.span,
                "`ready` names one way to tell".into(),
                HELP,
            ));
            None
        }
    }
}
