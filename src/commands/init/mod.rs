//! `flowcheck init`: writes a commented policy.toml.

mod from_history;

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::output::tell;
use super::{Exit, Failure, Global};
use crate::history::{Oid, RefName};
use crate::policy::{Line, Policy, Preset, preset};
use crate::report;
use crate::repository::{Environment, Repository};

/// What `flowcheck init` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The flow to start from: gitlab-flow, git-flow or release-lines
    #[arg(long, value_name = "NAME", default_value = "gitlab-flow")]
    preset: String,
    /// Learn it from this repository instead: from the branches that stand, from the merges and
    /// tags of its history
    #[arg(long, conflicts_with = "preset")]
    from_history: bool,
    /// Where to write it
    #[arg(value_name = "FILE", default_value = "policy.toml")]
    file: PathBuf,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let path = global.repo.as_deref().unwrap_or(Path::new("")).join(&args.file);
    if args.from_history {
        return from_history::run(global, &path);
    }
    let preset = preset(&args.preset)?;
    let text = adopted_at(preset.text, &tips(global, preset));
    write_new(&path, text.as_bytes())?;
    if !global.quiet {
        let shown = crate::history::name::escape(path.as_os_str().as_encoded_bytes());
        let wrote = format!("flowcheck: wrote {shown}: {}", preset.about);
        tell(&report::wrap(&wrote, "", "  "));
        tell(&format!("hint: change it to fit, then: flowcheck policy check {shown}\n"));
    }
    Ok(Exit::Clean)
}

/// Returns where the preset's lines stand today in the repository here, if there is one.
fn tips(global: &Global, preset: &Preset) -> Vec<Oid> {
    let tips = || {
        let environment = Environment::of_process().ok()?;
        let repository = Repository::open(&environment, global.repo.as_deref()).ok()?;
        let policy = Policy::preset(preset.name).ok()?;
        let refs = repository.refs(&["refs/heads/"]).ok()?;
        let lines = [Some(&policy.integration), policy.production.as_ref()];
        let tip = |line: &Line| Some(refs.get(&RefName::of_branch(&line.branch))?.id);
        Some(lines.into_iter().flatten().filter_map(tip).collect())
    };
    tips().unwrap_or_default()
}

/// Returns the policy with the commits where the flow is adopted: what is older was never judged.
fn adopted_at(text: &str, tips: &[Oid]) -> String {
    if tips.is_empty() {
        return text.to_owned();
    }
    let tips: Vec<_> = tips.iter().map(|tip| format!("\"{tip}\"")).collect();
    let since = format!("since = [{}]\n", tips.join(", "));
    if text.contains("\nsince = []\n") {
        return text.replacen("since = []\n", &since, 1);
    }
    format!("{text}\n# Where the flow was adopted: what is older is not judged.\n[audit]\n{since}")
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    match File::create_new(path) {
        Ok(mut file) => file.write_all(bytes).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::Exists(path.to_owned())),
        Err(error) => Err(failed(error)),
    }
}
