//! How long `flowcheck status` reads years of releases: `cargo bench --bench status`.
//!
//! The history is made by `git fast-import`: each release brings three features and a bugfix, is
//! tagged, confirmed and merged back; every tenth has a hotfix. Figures are medians of runs that
//! take turns with git's own.
//!
//! | variable | means | default |
//! | --- | --- | --- |
//! | `FLOWCHECK_BENCH_RELEASES` | releases of the history | 300 |
//! | `FLOWCHECK_BENCH_RUNS` | runs of each command | 15 |
//! | `FLOWCHECK_BENCH_DIR` | where the history is kept for the next time | a temporary directory |
//! | `FLOWCHECK_BENCH_BINARY` | the program | the one that was built |
//! | `FLOWCHECK_BENCH_CLOCK` | `processor`: what the processor spends, where others work as well | what passes |

#[allow(dead_code, reason = "the other bench needs more of it")]
#[path = "gate/git.rs"]
mod git;
#[allow(dead_code, reason = "the other bench needs more of it")]
#[path = "gate/measure.rs"]
mod measure;
#[allow(dead_code, reason = "the other bench needs more of it")]
#[path = "gate/stream.rs"]
mod stream;

use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use git::{Run as _, git};
use measure::{Job, medians};
use stream::Stream;

fn main() {
    let releases = number("FLOWCHECK_BENCH_RELEASES", 300);
    let runs = number("FLOWCHECK_BENCH_RUNS", 15);
    let temporary = tempfile::tempdir().expect("a temporary directory can be made");
    let dir = std::env::var_os("FLOWCHECK_BENCH_DIR").map_or(temporary.path().to_owned(), PathBuf::from);
    let path = dir.join(format!("releases-{releases}.git"));
    if !path.join("ready").exists() {
        prepare(&path, releases);
    }
    let binary =
        std::env::var_os("FLOWCHECK_BENCH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_flowcheck").into());
    println!("{releases} releases, medians of {runs} runs");
    for format in ["text", "json", "markdown"] {
        let status = || {
            let mut status = Command::new(&binary);
            status.arg("-C").arg(&path).args(["status", "--format", format]);
            status
        };
        assert!(status().said().contains(&format!("1.{}.0", releases - 1)), "{}", status().said());
        let refs = || {
            let mut refs = git(&path);
            refs.arg("for-each-ref");
            refs
        };
        let times = medians(&[&Job::new(status), &Job::new(refs)], runs);
        let [ours, theirs] = times[..] else { unreachable!("two were measured") };
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!(
            "status --format {format:<10}{ours:>12.1?}  git for-each-ref{theirs:>12.1?}  ratio{ratio:>6.1}"
        );
    }
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// Makes the repository: the flow first, then the records, which name commits.
fn prepare(path: &Path, releases: usize) {
    let _ = std::fs::remove_dir_all(path);
    std::fs::create_dir_all(path).expect("the directory can be made");
    git(path).args(["init", "-q", "--bare", "-b", "develop", "."]).ok();
    let mut tags = vec![];
    git(path).args(["fast-import", "--quiet", "--export-marks=marks"]).fed(|stream| {
        let mut flow = Flow { stream: Stream::new(stream), tags: vec![], clock: 1_500_000_000 };
        flow.play(releases)?;
        tags = flow.tags;
        Ok(())
    });
    let marks = std::fs::read_to_string(path.join("marks")).expect("git wrote the marks");
    let ids: Vec<&str> = marks.lines().filter_map(|line| line.split_once(' ').map(|(_, id)| id)).collect();
    git(path).args(["fast-import", "--quiet"]).fed(|stream| {
        let mut stream = Stream::new(stream);
        tags.iter().try_for_each(|(tag, mark, clock)| record(&mut stream, tag, ids[mark - 1], *clock))
    });
    git(path).args(["pack-refs", "--all"]).ok();
    git(path).args(["commit-graph", "write", "--reachable", "--no-progress"]).ok();
    std::fs::write(path.join("ready"), "").expect("the directory can be written");
}

fn record(stream: &mut Stream<impl Write>, tag: &str, commit: &str, clock: usize) -> Result<()> {
    let message = format!(
        "{tag} runs well in prod\n\nEnvironment: prod\nVersion: {tag}\nCommit: {commit}\nResult: success\n"
    );
    let who = format!("Ops <ops@example.com> {clock} +0000");
    stream.tag(&format!("deployed/prod/{tag}/1"), commit, &who, &message)
}

/// The flow, played release by release.
struct Flow<W> {
    stream: Stream<W>,
    clock: usize,
    /// The version tags, each with its commit's mark and its moment.
    tags: Vec<(String, usize, usize)>,
}

impl<W: Write> Flow<W> {
    fn play(&mut self, releases: usize) -> Result<()> {
        let mut develop = self.commit("refs/heads/develop", "Begin", &[], &["begin".to_owned()])?;
        let mut master = self.commit("refs/heads/master", "Begin", &[develop], &[])?;
        for at in 0..releases {
            let (version, line) = (format!("1.{at}.0"), format!("release-1.{at}.0"));
            let mut changed = vec![];
            for topic in 0..3 {
                let file = format!("{at}-{topic}");
                let tip = self.commit(
                    "refs/bench/topic",
                    &format!("Add {file}"),
                    &[develop],
                    std::slice::from_ref(&file),
                )?;
                let subject = format!("Merge branch 'feature/{file}' into 'develop'");
                changed.push(file.clone());
                develop = self.commit("refs/heads/develop", &subject, &[develop, tip], &[file])?;
            }
            let mut release = develop;
            let fixes = if at % 10 == 0 { 2 } else { 1 };
            for fix in 0..fixes {
                let file = format!("{at}-fix{fix}");
                let kind = if fix == 0 { "bugfix" } else { "hotfix" };
                let tip = self.commit(
                    "refs/bench/topic",
                    &format!("Mend {file}"),
                    &[release],
                    std::slice::from_ref(&file),
                )?;
                let subject = format!("Merge branch '{kind}/{version}-{fix}' into '{line}'");
                changed.push(file.clone());
                release = self.commit(&format!("refs/heads/{line}"), &subject, &[release, tip], &[file])?;
                let tag = if fix == 0 { format!("v{version}") } else { format!("v{version}-hotfix{fix}") };
                self.tag(&tag, release)?;
            }
            let subject = format!("Merge branch '{line}' into 'develop'");
            develop = self.commit("refs/heads/develop", &subject, &[develop, release], &changed)?;
            let subject = format!("Merge branch '{line}' into 'master'");
            master = self.commit("refs/heads/master", &subject, &[master, release], &changed)?;
        }
        Ok(())
    }

    fn commit(
        &mut self,
        reference: &str,
        subject: &str,
        parents: &[usize],
        files: &[String],
    ) -> Result<usize> {
        self.clock += 3600;
        let who = format!("Ann <ann@example.com> {} +0000", self.clock);
        let files = files.iter().map(|file| (file.clone(), file.clone()));
        self.stream.commit(reference, subject, &who, parents, files)
    }

    fn tag(&mut self, name: &str, mark: usize) -> Result<()> {
        let who = format!("Ann <ann@example.com> {} +0000", self.clock + 60);
        self.tags.push((name.to_owned(), mark, self.clock + 120));
        self.stream.tag(name, format_args!(":{mark}"), &who, &format!("{name}\n"))
    }
}
