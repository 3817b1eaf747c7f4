//! `flowcheck audit --fleet DIR`: judges the history of every repository below a directory.
//!
//! Each repository is audited by a process of its own: one that cannot be read, or takes all
//! memory, ends alone.

use std::collections::HashMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::output::{self, Output, print};
use super::progress::Progress;
use super::{Exit, FailOn, Failure, Global, audit};
use crate::history::name::escape;
use crate::report::Format;
use crate::report::fleet::{Entry, Fleet, Header, Judgement, Line as _, Shard};
use crate::repository::{Environment, Found, VARIABLES, below};

/// What an audit of many repositories takes.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "of-a-fleet")]
pub struct Args {
    /// Audit every repository below this directory
    #[arg(long = "fleet", value_name = "DIR", conflicts_with_all = ["baseline", "write_baseline", "compare_policy", "statistics"])]
    pub dir: Option<PathBuf>,
    /// Only the I-th of N parts, which are the same on every machine
    #[arg(long, value_name = "I/N", requires = "dir")]
    shard: Option<Shard>,
    /// What the repositories are called: a file of lines `PATH NAME`
    #[arg(long, value_name = "FILE", requires = "dir")]
    names: Option<PathBuf>,
    /// How many are audited at a time (default: one per processor)
    #[arg(long, value_name = "N", requires = "dir")]
    jobs: Option<NonZeroUsize>,
}

/// A repository to be audited, and what it is called.
struct Member {
    name: String,
    path: String,
    found: Found,
}

pub(super) fn run(global: &Global, args: &Args, dir: &Path, all: &audit::Args) -> Result<Exit, Failure> {
    let reports = Reports::asked_for(global)?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let members = members(&Environment::of_process()?.dir().join(dir), args, shard)?;
    let fleet = audit_all(&members, shard, args.jobs, &reports, &Auditor::of(global, all)?)?;
    reports.say(&fleet)?;
    exit(&fleet, all.fail_on())
}

/// Returns how a fleet's audit ends: what could not be judged comes before what was found.
pub(super) fn exit(fleet: &Fleet, fail_on: FailOn) -> Result<Exit, Failure> {
    if fleet.ended(Judgement::Unjudged) > 0 {
        return Err(Failure::Said);
    }
    let found = fleet.entries.iter().any(|entry| fail_on.counts(entry.errors() > 0, entry.warnings() > 0));
    Ok(if found { Exit::Findings } else { Exit::Clean })
}

/// Returns the repositories of a part, in the order of their paths.
fn members(dir: &Path, args: &Args, shard: Shard) -> Result<Vec<Member>, Failure> {
    let table = args.names.as_deref().map(names).transpose()?.unwrap_or_default();
    let mut members = vec![];
    for found in below(dir)? {
        let path = escape(found.path.as_os_str().as_encoded_bytes());
        if is_no_code(&path) || !shard.has(&path) {
            continue;
        }
        let key = path.rsplit('/').next().unwrap_or(&path).trim_end_matches(".git");
        let known = table.get(path.as_str()).or_else(|| table.get(key)).cloned();
        let name = known.or_else(|| found.full_path()).unwrap_or_else(|| path.clone());
        members.push(Member { name, path, found });
    }
    Ok(members)
}

/// Whether GitLab keeps something else than a project's code here: wikis, designs, snippets, and
/// the pools that forks share objects through.
fn is_no_code(path: &str) -> bool {
    let beside = ["@pools/", "@snippets/", "@groups/", "+gitaly/"];
    path.ends_with(".wiki.git")
        || path.ends_with(".design.git")
        || beside.iter().any(|dir| path.starts_with(dir) || path.contains(&format!("/{dir}")))
}

/// Reads a table of lines `PATH NAME`; a path may be its last part alone, without `.git`.
fn names(file: &Path) -> Result<HashMap<String, String>, Failure> {
    let unread = |why: String| Failure::Read { path: escape(file.as_os_str().as_encoded_bytes()), why };
    let text = std::fs::read_to_string(file).map_err(|error| unread(error.to_string()))?;
    let mut names = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((path, name)) = line.split_once(char::is_whitespace) else {
            return Err(unread(format!("line {} has a path and no name", at + 1)));
        };
        names.insert(path.to_owned(), name.trim().to_owned());
    }
    Ok(names)
}

/// What every repository is audited with.
struct Auditor {
    program: PathBuf,
    args: Vec<OsString>,
}

impl Auditor {
    fn of(global: &Global, all: &audit::Args) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::Itself)?;
        let mut args: Vec<OsString> =
            ["audit", "--format", "json", "--fail-on", "never"].map(OsString::from).to_vec();
        if let Some(policy) = &global.policy {
            args.extend(["--policy".into(), Environment::of_process()?.dir().join(policy).into()]);
        }
        args.extend(all.of_each());
        Ok(Self { program, args })
    }

    /// Audits one repository in a process that knows of no other.
    fn audit(&self, member: &Member) -> Entry {
        let mut command = Command::new(&self.program);
        for name in VARIABLES.iter().filter(|name| is_of_a_repository(name)) {
            command.env_remove(name);
        }
        let ended = command
            .args(&self.args)
            .current_dir(&member.found.git_dir)
            .env("GIT_DIR", &member.found.git_dir)
            .env_remove("FLOWCHECK_FORMAT")
            .stdin(Stdio::null())
            .output();
        let (name, path) = (member.name.clone(), member.path.clone());
        match ended {
            Ok(ended) => Entry::of_audit(name, path, &ended.stdout, &String::from_utf8_lossy(&ended.stderr)),
            Err(error) => Entry::unjudged(name, path, &format!("run {}: {error}", self.program.display())),
        }
    }
}

/// Whether a variable speaks of one repository, and not of the machine.
fn is_of_a_repository(name: &str) -> bool {
    !name.starts_with("GIT_CONFIG_") && name.starts_with("GIT_") && name != "GIT_EXEC_PATH"
}

/// Audits every repository, several at a time, and streams the lines in the order of the paths.
fn audit_all(
    members: &[Member],
    shard: Shard,
    jobs: Option<NonZeroUsize>,
    reports: &Reports,
    auditor: &Auditor,
) -> Result<Fleet, Failure> {
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let progress = Progress::new(members.len(), "repositories", reports.quiet);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    progress.aside(|| reports.stream(&Header::new(shard, members.len()).line()))?;
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(members.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(member) = members.get(at) else { break };
                    if sender.send((at, auditor.audit(member))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = HashMap::new();
        let mut fleet = Fleet { shard, entries: vec![] };
        let mut done = 0;
        for (at, entry) in receiver {
            done += 1;
            waiting.insert(at, entry);
            while let Some(entry) = waiting.remove(&fleet.entries.len()) {
                progress.aside(|| reports.stream(&entry.line()))?;
                fleet.entries.push(entry);
            }
            progress.at(done, members.len());
        }
        Ok(fleet)
    })
}

/// The reports on a fleet that are asked for.
pub(super) struct Reports {
    requests: Vec<(Format, Option<PathBuf>)>,
    streams: bool,
    quiet: bool,
}

impl Reports {
    /// Returns what `--format` asks for; by default the lines go to standard output as they come.
    pub(super) fn asked_for(global: &Global) -> Result<Self, Failure> {
        Self::or(global, Format::Json)
    }

    /// Returns what `--format` asks for, else `usual` on standard output.
    pub(super) fn or(global: &Global, usual: Format) -> Result<Self, Failure> {
        let mut requests = vec![];
        for (format, file) in Output::asked(global, usual)? {
            if !matches!(format, Format::Json | Format::Text | Format::Markdown) {
                let asked = format.name().to_owned();
                return Err(Failure::NoSuchForm { asked, known: "text, json, markdown" });
            }
            requests.push((format, file));
        }
        let streams = requests.iter().any(|(format, file)| *format == Format::Json && file.is_none());
        Ok(Self { requests, streams, quiet: global.quiet })
    }

    fn stream(&self, line: &str) -> Result<(), Failure> {
        if self.streams { print(line) } else { Ok(()) }
    }

    /// Writes what was not streamed, and the summary for whoever watches.
    fn say(&self, fleet: &Fleet) -> Result<(), Failure> {
        self.write(fleet, self.streams)?;
        if self.streams && !self.quiet {
            output::tell(&fleet.text());
        }
        Ok(())
    }

    /// Writes every report that is asked for; lines on standard output unless they are there.
    pub(super) fn write(&self, fleet: &Fleet, streamed: bool) -> Result<(), Failure> {
        for (format, file) in &self.requests {
            let text = match format {
                Format::Json => fleet.lines(),
                Format::Markdown => fleet.markdown(),
                _ => fleet.text(),
            };
            match file {
                Some(file) => output::write_whole(file, text.as_bytes())?,
                None if *format == Format::Json && streamed => {}
                None => print(&text)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gitlab_keeps_beside_a_project_s_code_is_passed_over() {
        for path in ["@hashed/ab/cd/ef.wiki.git", "@hashed/ab/cd/ef.design.git", "@pools/ab/cd/ef.git"] {
            assert!(is_no_code(path), "{path}");
        }
        for path in ["@hashed/ab/cd/ef.git", "shop/pools/web.git", "wiki.git"] {
            assert!(!is_no_code(path), "{path}");
        }
    }

    #[test]
    fn names_are_read_from_a_table_and_a_bad_line_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# hash  name\n\nabcd\tshop/web\r\n@hashed/x.git  shop/the api\n")
            .unwrap();
        let table = names(file.path()).unwrap();
        assert_eq!(table["abcd"], "shop/web");
        assert_eq!(table["@hashed/x.git"], "shop/the api");
        std::fs::write(file.path(), "abcd\n").unwrap();
        assert!(names(file.path()).unwrap_err().to_string().ends_with("line 1 has a path and no name"));
    }
}
