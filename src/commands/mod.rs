//! One file per command: read, judge, report; exit codes.
//!
//! The only layer, with `repository`, that sees standard input and output, files, the clock, the
//! environment or processes.

mod arrival;
mod audit;
mod check;
mod clone;
mod compare;
mod completions;
mod confirm;
mod deadline;
mod demo;
mod direct;
mod doctor;
mod event_log;
mod explain;
mod fleet;
mod graph;
mod hook;
mod host;
mod in_force;
mod init;
mod install;
mod kept;
mod lock;
mod man;
mod merge;
mod next;
mod output;
mod policy;
mod post_receive;
mod pre_commit;
mod pre_push;
mod pre_receive;
mod progress;
mod report;
mod rules;
mod sort;
mod status;
mod target;
mod uninstall;
mod update;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the long help and the man page say after the options.
const ENDING: &str = "\
Exit codes:
  0  accepted, or clean
  1  rejected, or findings that count
  2  no judgement was possible; nothing is wrong with the commits

New here? `flowcheck demo` plays a whole sprint with real pushes.";

/// Holds a git branching model: where a branch came from, what a merge brings in, whether prod
/// was confirmed first.
#[derive(Debug, Parser)]
#[command(name = "flowcheck", version, max_term_width = 80, after_long_help = ENDING)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// The repository (default: the one that git would find from here)
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The policy to judge by (default: see `flowcheck help policy`)
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How to say it; FORMAT or FORMAT=FILE, repeatable
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Vec<String>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Say less
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Server hook: judges the push that standard input describes
    PreReceive(pre_receive::Args),
    /// Server hook for one ref: the same judgement
    Update(update::Args),
    /// Server hook: checks again what has become true, appends to the event log
    PostReceive(post_receive::Args),
    /// Client hook: judges what is about to arrive on a remote
    PrePush(pre_push::Args),
    /// Judges what would happen if these refs were pushed now
    Check(check::Args),
    /// Judges the history of a repository
    Audit(audit::Args),
    /// Joins the parts of an audit of many repositories
    #[command(subcommand)]
    Report(report::Command),
    /// Shows every release with its state and what is owed
    Status(status::Args),
    /// Draws the flow as a picture: SVG
    Graph(graph::Args),
    /// Records that a version tag runs well in an environment
    Confirm(confirm::Args),
    /// Prints the next version tag of a release line
    Next(next::Args),
    /// Puts versions from standard input into flow order
    Sort(sort::Args),
    /// Prints what a pipeline for this ref deploys, and where
    Target(target::Args),
    /// Shows how a ref is judged: kind, base, clauses, evidence
    Why(why::Args),
    /// Prints a rule's page: what it asks, why, and a picture of each side
    Explain(explain::Args),
    /// Lists all rules with their levels
    Rules(rules::Args),
    /// Writes a commented policy.toml
    Init(init::Args),
    /// Checks, shows, describes or tests a policy
    #[command(after_long_help = policy::DISCOVERY)]
    #[command(subcommand)]
    Policy(policy::Command),
    /// Puts the local hook in place beside whatever is there
    Install(install::Args),
    /// Takes the hook out again
    Uninstall(uninstall::Args),
    /// Proves that the hook runs and sees every ref
    Doctor(doctor::Args),
    /// Plays one whole sprint with real pushes and shows what is said
    Demo(demo::Args),
    /// Prints a completion script for a shell
    Completions(completions::Args),
    /// Writes the man pages
    Man(man::Args),
    /// Keeps a repository's lock until a push has ended
    #[command(hide = true)]
    KeepLock(lock::Args),
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FailOn {
    /// What would reject a push.
    #[default]
    Error,
    /// Warnings as well, and what a policy only evaluates.
    Warn,
    /// Nothing.
    Never,
}

impl FailOn {
    /// Whether errors, or what is only said, make the exit code 1.
    fn counts(self, errors: bool, minor: bool) -> bool {
        match self {
            Self::Error => errors,
            Self::Warn => errors || minor,
            Self::Never => false,
        }
    }

    /// Returns how a command ends that has reached `verdict`.
    fn exit(self, verdict: &crate::verdict::Verdict) -> Exit {
        let counts = verdict.counts();
        let found = self.counts(counts.errors > 0, counts.warnings + counts.evaluated > 0);
        if found { Exit::Findings } else { Exit::Clean }
    }
}

/// How a command that could do its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Accepted or clean: 0.
    Clean,
    /// Rejected, or findings that count: 1.
    Findings,
}

/// Why a command could not do its work: exit 2. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A hook has said already why it could not.
    #[error("judge the push")]
    Said,
    /// The repository cannot be opened.
    #[error(transparent)]
    Repository(#[from] crate::repository::Failure),
    /// What a hook was given cannot be judged.
    #[error(transparent)]
    Input(#[from] crate::input::Unusable),
    /// A question has no answer.
    #[error("judge the push: {0}")]
    Judge(#[source] crate::history::Unreadable),
    /// The repository cannot be read.
    #[error("read the repository: {0}")]
    History(#[source] crate::history::Unreadable),
    /// A command has no such form of answer.
    #[error("answer in the form `{asked}`: there are {known}")]
    NoSuchForm {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: &'static str,
    },
    /// There is nothing to learn a policy from.
    #[error(
        "learn a policy: no branch has a commit yet\nhint: `flowcheck init` writes the default, to begin with"
    )]
    NothingToLearn,
    /// A name or date does not say where to begin.
    #[error("begin at `{0}`: it is neither a commit here nor a date like 2026-01-31")]
    Since(String),
    /// No ref was named and none is checked out.
    #[error("tell for which ref: none is checked out; name one")]
    NoBranch,
    /// The history is not all here.
    #[error(
        "audit a shallow clone: its history is not all here\nhint: git fetch --unshallow --tags\nhint: in GitLab CI: GIT_DEPTH: 0; in GitHub Actions: fetch-depth: 0\nhint: --allow-shallow judges what is here, and says so"
    )]
    Shallow,
    /// A baseline cannot be read.
    #[error("read the baseline `{}`: {why}", path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The parts of an audit cannot be joined.
    #[error(transparent)]
    Fleet(#[from] crate::report::fleet::NoFleet),
    /// Standard input cannot be read.
    #[error("read standard input: {0}")]
    StandardInput(#[source] std::io::Error),
    /// Standard output cannot be written.
    #[error("write to standard output: {0}")]
    Output(#[source] std::io::Error),
    /// A file cannot be written.
    #[error("write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file exists that would be overwritten.
    #[error("write `{}`: it exists, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read.
    #[error("read `{path}`: {why}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// A path is no text, and policies are quoted.
    #[error("name the policy `{}`: the path is not UTF-8", .0.display())]
    NotText(PathBuf),
    /// This program cannot be named.
    #[error("find this program's own file: {0}")]
    Itself(#[source] std::io::Error),
    /// There is no room for what is needed for a moment only.
    #[error("make a temporary directory: {0}")]
    Temporary(#[source] std::io::Error),
    /// git cannot be run.
    #[error("run git: {0}")]
    Git(#[source] std::io::Error),
    /// Hooks of a server go into a bare repository.
    #[error("put a server's hooks into `{}`: it is a clone with a work tree", .0.display())]
    NotBare(PathBuf),
    /// The policy cannot be found.
    #[error(transparent)]
    Undiscovered(#[from] crate::policy::discovery::Undiscovered),
    /// There is no such preset.
    #[error(transparent)]
    Preset(#[from] crate::policy::UnknownPreset),
    /// The policy has mistakes.
    #[error("use the policy: {}", .0.summary())]
    Policy(Box<crate::policy::Mistakes>),
    /// There is nothing to check.
    #[error(transparent)]
    Check(#[from] check::NoCheck),
    /// A merge cannot be tried.
    #[error(transparent)]
    Merge(#[from] merge::NoMerge),
    /// A rule does not exist.
    #[error(transparent)]
    Rule(#[from] crate::report::UnknownRule),
    /// The local hook was started by nobody who pushes.
    #[error("tell where the push goes: git gives the remote's name to this hook")]
    NoRemote,
    /// There is no next version tag.
    #[error(transparent)]
    Next(#[from] next::NoNext),
    /// What shall be sorted is no version.
    #[error(transparent)]
    Sort(#[from] sort::NoVersion),
    /// A format does not exist.
    #[error(transparent)]
    Format(#[from] crate::report::UnknownFormat),
    /// There is no record now.
    #[error(transparent)]
    Confirm(#[from] confirm::Trouble),
    /// There is no lock for the push.
    #[error(transparent)]
    Lock(#[from] lock::NoLock),
    /// The demo could not be played to its end.
    #[error(transparent)]
    Demo(#[from] demo::Trouble),
}

/// Returns what is said where a command could not do its work.
fn failed(failure: &Failure) -> String {
    let text = format!("flowcheck: could not {failure}");
    let lines = text.lines().map(|line| crate::history::name::escape(line.as_bytes()));
    lines.map(|line| crate::report::wrap(&line, "", "  ")).collect()
}

/// Runs the command line and returns the exit code: 0 clean, 1 findings, 2 could not judge.
#[must_use]
pub fn main() -> ExitCode {
    ended(&if direct::asks_for_version(std::env::args_os()) {
        output::print(direct::VERSION).map(|()| Exit::Clean)
    } else {
        run(&direct::command(std::env::args_os()).unwrap_or_else(Cli::parse))
    })
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    match &cli.command {
        Command::PreReceive(args) => pre_receive::run(&cli.global, args),
        Command::Update(args) => update::run(&cli.global, args),
        Command::PostReceive(args) => Ok(post_receive::run(&cli.global, args)),
        Command::PrePush(args) => match doctor::witness_file() {
            Some(file) => doctor::witness(&file),
            None => pre_push::run(&cli.global, args),
        },
        Command::Check(args) => check::run(&cli.global, args),
        Command::Audit(args) => audit::run(&cli.global, args),
        Command::Report(command) => report::run(&cli.global, command),
        Command::Status(args) => status::run(&cli.global, args),
        Command::Graph(args) => graph::run(&cli.global, args),
        Command::Confirm(args) => confirm::run(&cli.global, args),
        Command::Next(args) => next::run(&cli.global, args),
        Command::Sort(args) => sort::run(&cli.global, args),
        Command::Target(args) => target::run(&cli.global, args),
        Command::Why(args) => why::run(&cli.global, args),
        Command::Explain(args) => explain::run(&cli.global, args),
        Command::Rules(args) => rules::run(&cli.global, args),
        Command::Init(args) => init::run(&cli.global, args),
        Command::Policy(command) => policy::run(&cli.global, command),
        Command::Install(args) => install::run(&cli.global, args),
        Command::Uninstall(args) => uninstall::run(&cli.global, args),
        Command::Doctor(args) => doctor::run(&cli.global, args),
        Command::Demo(args) => demo::run(&cli.global, args),
        Command::Completions(args) => completions::run(&cli.global, args),
        Command::Man(args) => man::run(&cli.global, args),
        Command::KeepLock(args) => Ok(lock::run(args)),
    }
}

fn ended(ended: &Result<Exit, Failure>) -> ExitCode {
    match ended {
        Ok(Exit::Clean) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Err(Failure::Said) => ExitCode::from(2),
        Err(failure) => {
            output::tell(&failed(failure));
            ExitCode::from(2)
        }
    }
}
