// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::convert::{Convert, Graph};
use crate::commands::cp::{Cp, Pack, Unpack};
use crate::commands::exec::Exec;
use crate::commands::fb::Fb;
use crate::commands::inspect::Inspect;
use crate::commands::medium::Medium;
use crate::commands::restart::Restart;
use crate::commands::route::Route;
use crate::commands::shapes::Generate;
use crate::complete;

/// Emulated networks in the Linux kernel.
///
/// A topology file describes nodes and links; `vnetctl up FILE` makes a running lab of it, in which unmodified programs
/// run: `vnetctl exec NODE PROGRAM`. Where the kernel module vnet is not loaded, or may not be used, the lab lives in an
/// embedded kernel that needs no rights at all.
#[derive(Debug, Parser)]
#[command(
    name = "vnetctl",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Kernel in which the lab lives [default: host where the module can be used, else uml].
    #[arg(long, global = true, value_name = "KERNEL", env = "VNET_KERNEL")]
    pub kernel: Option<Kernel>,

    /// Lab, if more than one is up; with `up`: its name instead of the file's.
    #[arg(short, long, global = true, value_name = "LAB", env = "VNET_LAB", add = complete::labs())]
    pub lab: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where a lab can live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// This machine's own kernel, with the module vnet; needs root.
    Host,
    /// User-Mode Linux: a kernel as an unprivileged process.
    Uml,
    /// The same with the kernel's debugging aids.
    UmlDebug,
    /// QEMU with an unmodified Debian kernel.
    Debian,
}

impl Kernel {
    /// The kernel of a form of guest; `None` for forms that only tests have.
    pub fn of(form: Option<vnet_guest::Form>) -> Option<Self> {
        [Kernel::Host, Kernel::Uml, Kernel::UmlDebug, Kernel::Debian]
            .into_iter()
            .find(|kernel| kernel.form() == form)
    }

    /// The form of guest; `None` for the machine's own kernel.
    pub fn form(self) -> Option<vnet_guest::Form> {
        match self {
            Kernel::Host => None,
            Kernel::Uml => Some(vnet_guest::Form::Uml),
            Kernel::UmlDebug => Some(vnet_guest::Form::UmlDebug),
            Kernel::Debian => Some(vnet_guest::Form::Debian),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring a lab up, or make of one that is up what the edited file says.
    ///
    /// Only what differs is touched, and changed parameters of a link lose no packet.
    #[command(alias = "apply")]
    Up(Up),
    /// Show what `up` would do. Exit status 0: nothing; 2: something.
    Plan(Plan),
    /// Take labs down; no error if they are not up.
    Down(Down),
    /// List labs and nodes.
    Ps(Ps),
    /// Run a program in a node; without one, a shell. Or in several nodes.
    ///
    /// Terminal, signals and exit status pass through. 125: vnetctl itself failed; 126: the program cannot be executed;
    /// 127: there is no such program; 128+N: signal N ended it.
    Exec(Exec),
    /// Open a shell in a node.
    Shell(Shell),
    /// Copy files and directories between nodes and here.
    Cp(Cp),
    /// Make nodes anew, as if their power had been off.
    ///
    /// Their processes end, what they have changed in their files is gone; links, addresses, routes, daemons and commands
    /// are made again as the applied file has them.
    Restart(Restart),
    /// Show routes.
    #[command(subcommand, alias = "routes")]
    Route(Route),
    /// Show and change links.
    #[command(subcommand, alias = "links")]
    Link(Link),
    /// Show and change broadcast media: LANs, radios, region tables.
    #[command(subcommand, alias = "media")]
    Medium(Medium),
    /// Build and rearrange chains of functional blocks on devices while packets pass.
    #[command(subcommand)]
    Fb(Fb),
    /// Show the kernel's view of nodes: limits, frames in flight, counters.
    #[command(subcommand)]
    Instance(Instance),
    /// Show nodes with their interfaces and what these are connected to.
    Inspect(Inspect),
    /// Show nodes with all that is known of them.
    #[command(subcommand)]
    Node(Node),
    /// Show the output of a node's daemons.
    Logs(Logs),
    /// Check a topology file without touching anything.
    Check(Check),
    /// Make a topology file of one of another tool: IMUNES, Topology Zoo, Repetita, containerlab, Kathara, CORE.
    ///
    /// What cannot be carried over is listed. `up`, `plan` and `check` take such files, too.
    Import(Import),
    /// Write a topology in the format of another tool.
    Convert(Convert),
    /// Draw a topology file, or a lab that is up.
    ///
    /// Nodes stand where the file puts them; a layout finds a place for the others.
    Graph(Graph),
    /// Write a topology file of a common shape to begin with.
    #[command(name = "gen")]
    Generate(Generate),
    /// Print the JSON schema of topology files, for editors.
    Schema,
    /// Look for what could keep labs from working.
    Doctor,
    /// Print a completion script for a shell.
    Completion(Completion),
    /// Print the manual page.
    Man(Man),
    /// Write a file or directory as an archive.
    #[command(hide = true)]
    Pack(Pack),
    /// Unpack such an archive.
    #[command(hide = true)]
    Unpack(Unpack),
    /// Apply a compiled plan to the running kernel.
    #[command(hide = true)]
    ApplyPlan(ApplyPlan),
    /// Show what applying a compiled plan to the running kernel would do.
    #[command(hide = true)]
    PreviewPlan(Plan),
}

impl Command {
    /// The exit status when the tool itself fails.
    pub fn failure_status(&self) -> u8 {
        match self {
            Command::Exec(_) | Command::Shell(_) => vnet_lab::node::enter::EXIT_TOOL,
            _ => 1,
        }
    }
}

/// What `up` waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Wait {
    /// Interfaces, addresses and daemons.
    #[default]
    Ready,
    /// Also until every node has a route to every subnet of the lab.
    Routes,
    /// Also until every host gets answers from every other one.
    Ping,
}

/// Options about waiting.
#[derive(Clone, Copy, Debug, Args)]
pub struct Waiting {
    /// What to wait for.
    #[arg(long, value_name = "WHAT", default_value = "ready", env = "VNET_WAIT")]
    pub wait: Wait,

    /// How long routes or hosts may take.
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = time, env = "VNET_TIMEOUT")]
    pub timeout: Duration,
}

/// `up`
#[derive(Debug, Args)]
pub struct Up {
    /// Topology file, or one that can be imported; `-` reads standard input.
    pub file: PathBuf,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub waiting: Waiting,

    /// Value of one of the file's variables; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,

    /// Leave out devices of the machine: `rj45` nodes are switches that lead nowhere else.
    #[arg(long, env = "VNET_WITHOUT_DEVICES", value_parser = FalseyValueParser::new())]
    pub without_devices: bool,

    /// Memory of an embedded kernel, as in 2G.
    #[arg(long, value_name = "SIZE", env = "VNET_MEMORY")]
    pub memory: Option<String>,

    /// Seed of all random decisions, instead of the file's.
    #[arg(long, value_name = "NUMBER", env = "VNET_SEED")]
    pub seed: Option<u64>,
}

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// Topology file, or one that can be imported; `-` reads standard input.
    pub file: PathBuf,

    /// Value of one of the file's variables; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,

    /// Leave out devices of the machine: `rj45` nodes are switches that lead nowhere else.
    #[arg(long, env = "VNET_WITHOUT_DEVICES", value_parser = FalseyValueParser::new())]
    pub without_devices: bool,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `down`
#[derive(Debug, Args)]
pub struct Down {
    /// Topology file of the lab.
    #[arg(conflicts_with = "all")]
    pub file: Option<PathBuf>,

    /// All labs.
    #[arg(short, long)]
    pub all: bool,
}

/// `ps`
#[derive(Debug, Args)]
pub struct Ps {
    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,

    /// A table with more columns: first processes, names of namespaces, programs.
    #[arg(short, long, env = "VNET_WIDE", value_parser = FalseyValueParser::new())]
    pub wide: bool,
}

/// `shell`
#[derive(Debug, Args)]
pub struct Shell {
    /// Node.
    #[arg(add = complete::nodes())]
    pub node: String,
}

/// `link`
#[derive(Debug, Subcommand)]
pub enum Link {
    /// Show links: what is configured, and what was measured.
    Show(LinkShow),
    /// Change parameters of a running link; what is not named stays as it is.
    ///
    /// PARAMETERS are names and values; `none` or `0` switches off, and what `link show NAME` prints can be typed here:
    ///
    /// rate 10mbit|unlimited, delay 20ms, overhead 24, whole-time 100us
    ///
    /// loss 1%, loss gilbert-elliott p 1% [r 20%] [h 0] [k 100%], loss four-state p13 1% [p31 p32 p23 p14],
    /// loss pattern every 100, loss pattern [period 50] frames 7,9 flip 8:BIT delay 9:TIME
    ///
    /// ber 1e-9, corrupt 0.1%, duplicate 0.1%
    ///
    /// jitter 2ms [distribution normal|pareto|pareto-normal|uniform] [table FILE] [correlation 25%] [order keep|free],
    /// reorder 1%, reorder every 50
    ///
    /// queue [fifo|wfq|drr|red|codel|pie|fq-codel|device] with packets 100, bytes 64KB, time 50ms (0: no such bound),
    /// drop tail|head, ecn on|off, flows 1024, weights ef:10,af41:5,
    /// match protocol udp source 10.1.0.0/16 destination-port 5060 weight 8 [match …], quantum 1538B, target 5ms, interval 100ms,
    /// floor 1514B, alpha 2, beta 20, min 30KB, max 90KB, probability 2%, weight 9, gentle on|off;
    /// also queue-packets, queue-bytes, queue-time
    ///
    /// delay-limit packets 1000 bytes 1MB
    ///
    /// mtu 1500, cable plugged|pulled
    Set(LinkSet),
    /// Pull the cable of a link: both ends lose carrier, and what is on the wire is lost.
    Down(LinkName),
    /// Plug the cable of a link again.
    Up(LinkName),
    /// Tell what is decided about each frame: sent or dropped, when, why, and when it is due at the far end.
    ///
    /// The log begins with the first reader and ends with it. A reader that is killed by a signal it cannot catch leaves
    /// it behind; --off ends it. Times are those of the kernel's monotonic clock.
    Trace(LinkTrace),
}

/// `link trace`
#[derive(Debug, Args)]
pub struct LinkTrace {
    /// Link.
    #[arg(add = complete::links())]
    pub name: String,

    /// Only what this node sends.
    #[arg(long, value_name = "NODE", add = complete::nodes())]
    pub from: Option<String>,

    #[command(flatten)]
    pub options: crate::commands::trace::Options,
}

/// `link down`, `link up`
#[derive(Debug, Args)]
pub struct LinkName {
    /// Link.
    #[arg(add = complete::links())]
    pub name: String,
}

/// `link show`
#[derive(Debug, Args)]
pub struct LinkShow {
    /// Links, in detail; a table of all without a name.
    #[arg(add = complete::links())]
    pub names: Vec<String>,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,

    /// A table with more columns: all parameters, drops by cause, lateness.
    #[arg(short, long, env = "VNET_WIDE", value_parser = FalseyValueParser::new())]
    pub wide: bool,

    /// Measure rates over this time instead of since the lab came up.
    #[arg(short, long, value_name = "TIME", value_parser = time)]
    pub interval: Option<Duration>,
}

/// `link set`
#[derive(Debug, Args)]
pub struct LinkSet {
    /// Link.
    #[arg(add = complete::links())]
    pub name: String,

    /// Only what this node sends.
    #[arg(long, value_name = "NODE", add = complete::nodes())]
    pub from: Option<String>,

    /// Names and values.
    #[arg(required = true, value_name = "PARAMETERS")]
    pub parameters: Vec<String>,
}

/// `instance`
#[derive(Debug, Subcommand)]
pub enum Instance {
    /// Show instances.
    Show(Names),
}

/// `node`
#[derive(Debug, Subcommand)]
pub enum Node {
    /// Show nodes.
    Show(Names),
}

/// Which ones to show, and how.
#[derive(Debug, Args)]
pub struct Names {
    /// Nodes; all without a name.
    #[arg(add = complete::nodes())]
    pub names: Vec<String>,

    /// As JSON.
    #[arg(long, env = "VNET_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// `logs`
#[derive(Debug, Args)]
pub struct Logs {
    /// Node.
    #[arg(add = complete::nodes())]
    pub node: String,

    /// Daemon; all of the node without a name.
    #[arg(add = complete::daemons())]
    pub daemon: Option<String>,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Topology files, or such that can be imported; `-` reads standard input.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,

    /// Value of one of the files' variables; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,

    /// Print the compiled plan as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What files of other tools do not say.
#[derive(Clone, Debug, Default, Args)]
pub struct Foreign {
    /// Imported files: rate of links that have none, as in 1gbit.
    #[arg(long, value_name = "RATE", value_parser = rate, env = "VNET_DEFAULT_RATE")]
    pub default_rate: Option<String>,

    /// Imported files: routing of routers where the file does not say it.
    #[arg(long, value_name = "PROTOCOL", value_parser = vnet_topology::generate::ROUTING.to_vec(), env = "VNET_ROUTING")]
    pub routing: Option<String>,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// File: .imn, .graphml, .gml, .graph, .clab.yml, lab.conf or CORE's .xml.
    pub file: PathBuf,

    /// Write it to this file instead of the output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub foreign: Foreign,
}

/// `completion`
#[derive(Debug, Args)]
pub struct Completion {
    /// Shell.
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Of this command, as in `link set`; else of vnetctl itself.
    pub command: Vec<String>,

    /// Write a page for each command into this directory instead.
    #[arg(short, long, conflicts_with = "command")]
    pub directory: Option<PathBuf>,
}

/// `apply-plan`
#[derive(Debug, Args)]
pub struct ApplyPlan {
    /// File with the plan; `-` reads it from standard input.
    pub file: PathBuf,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub waiting: Waiting,
}

/// `NAME=VALUE`
pub fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.into(), value.into())),
        None => Err("expected NAME=VALUE".into()),
    }
}

fn rate(text: &str) -> Result<String, String> {
    vnet_topology::units::rate(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// Reads a time.
pub fn time(text: &str) -> Result<Duration, String> {
    vnet_topology::units::time(text)
        .map(Duration::from_nanos)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_the_program_to_run_are_its_own() {
        let cli = Cli::parse_from([
            "vnetctl", "exec", "pc1", "ping", "-c", "1", "-l", "2", "pc2",
        ]);
        let Command::Exec(exec) = cli.command else {
            panic!("not exec");
        };
        assert_eq!(exec.command, ["ping", "-c", "1", "-l", "2", "pc2"]);
        assert_eq!(cli.lab, None);
    }

    #[test]
    fn with_several_nodes_there_is_no_name() {
        for line in [
            "vnetctl exec --all ping -c 1 --all",
            "vnetctl exec --label a=b --label c -- ping -c 1 --all",
        ] {
            let cli = Cli::parse_from(line.split(' '));
            let Command::Exec(exec) = cli.command else {
                panic!("not exec");
            };
            assert!(exec.several());
            assert_eq!(exec.words(), ["ping", "-c", "1", "--all"], "{line}");
        }
        assert!(Cli::try_parse_from(["vnetctl", "exec"]).is_err());
    }
}
