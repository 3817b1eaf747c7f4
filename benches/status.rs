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

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
        let status = || said(Command::new(&binary).arg("-C").arg(&path).args(["status", "--format", format]));
        assert!(status().contains(&format!("1.{}.0", releases - 1)), "{}", status());
        let refs = || said(git(&path).args(["for-each-ref"]));
        let [ours, theirs] = medians([&|| drop(status()), &|| drop(refs())], runs);
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
    said(git(path).args(["init", "-q", "--bare", "-b", "develop", "."]));
    let mut tags = vec![];
    import(path, &["--export-marks=marks"], |stream| {
        let mut flow = Flow { stream, mark: 0, tags: vec![], clock: 1_500_000_000 };
        flow.play(releases)?;
        tags = flow.tags;
        Ok(())
    });
    let marks = std::fs::read_to_string(path.join("marks")).expect("git wrote the marks");
    let ids: Vec<&str> = marks.lines().filter_map(|line| line.split_once(' ').map(|(_, id)| id)).collect();
    import(path, &[], |stream| {
        tags.iter().try_for_each(|(tag, mark, clock)| record(stream, tag, ids[mark - 1], *clock))
    });
    said(git(path).args(["pack-refs", "--all"]));
    said(git(path).args(["commit-graph", "write", "--reachable", "--no-progress"]));
    std::fs::write(path.join("ready"), "").expect("the directory can be written");
}

fn import(path: &Path, more: &[&str], write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
    let mut command = git(path);
    command.args(["fast-import", "--quiet"]).args(more).stdin(Stdio::piped());
    let mut child = command.spawn().expect("git can be run");
    let mut stream = BufWriter::new(child.stdin.take().expect("it was asked for"));
    write(&mut stream).expect("git reads its input");
    drop(stream);
    assert!(child.wait().expect("it was started").success());
}

fn record(stream: &mut dyn Write, tag: &str, commit: &str, clock: usize) -> std::io::Result<()> {
    let message = format!(
        "{tag} runs well in prod\n\nEnvironment: prod\nVersion: {tag}\nCommit: {commit}\nResult: success\n"
    );
    let who = format!("Ops <ops@example.com> {clock} +0000");
    let name = format!("deployed/prod/{tag}/1");
    write!(stream, "tag {name}\nfrom {commit}\ntagger {who}\ndata {}\n{message}\n", message.len())
}

/// The flow, played release by release.
struct Flow<'w> {
    stream: &'w mut dyn Write,
    mark: usize,
    clock: usize,
    /// The version tags, each with its commit's mark and its moment.
    tags: Vec<(String, usize, usize)>,
}

impl Flow<'_> {
    fn play(&mut self, releases: usize) -> std::io::Result<()> {
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
    ) -> std::io::Result<usize> {
        self.mark += 1;
        self.clock += 3600;
        let (mark, who) = (self.mark, format!("Ann <ann@example.com> {} +0000", self.clock));
        writeln!(self.stream, "commit {reference}\nmark :{mark}\nauthor {who}\ncommitter {who}")?;
        write!(self.stream, "data {}\n{subject}\n", subject.len() + 1)?;
        for (at, parent) in parents.iter().enumerate() {
            writeln!(self.stream, "{} :{parent}", if at == 0 { "from" } else { "merge" })?;
        }
        for file in files {
            writeln!(self.stream, "M 100644 inline {file}\ndata {}\n{file}", file.len())?;
        }
        writeln!(self.stream)?;
        Ok(mark)
    }

    fn tag(&mut self, name: &str, mark: usize) -> std::io::Result<()> {
        let who = format!("Ann <ann@example.com> {} +0000", self.clock + 60);
        self.tags.push((name.to_owned(), mark, self.clock + 120));
        write!(self.stream, "tag {name}\nfrom :{mark}\ntagger {who}\ndata {}\n{name}\n\n", name.len() + 1)
    }
}

/// Returns the median time of each of `what`; they take turns.
fn medians<const N: usize>(what: [&dyn Fn(); N], runs: usize) -> [Duration; N] {
    let mut times = vec![vec![]; N];
    for _ in 0..=runs {
        for (at, run) in what.iter().enumerate() {
            let start = Instant::now();
            run();
            times[at].push(start.elapsed());
        }
    }
    std::array::from_fn(|at| {
        // The first run warmed up.
        let times = &mut times[at][1..];
        times.sort_unstable();
        times[times.len() / 2]
    })
}

fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.stdin(Stdio::null());
    command
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
