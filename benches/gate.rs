//! How long a push waits for the judgement, beside what git itself takes: `cargo bench --bench gate`.
//!
//! The histories are made by `git fast-import`, the same on every machine; every figure is the
//! median of runs that take turns, and only ratios of one run mean anything.
//!
//! | variable | means | default |
//! | --- | --- | --- |
//! | `FLOWCHECK_BENCH_COMMITS` | commits of the history | 10000 |
//! | `FLOWCHECK_BENCH_REFS` | refs | 1000 |
//! | `FLOWCHECK_BENCH_RUNS` | runs of each command | 31 |
//! | `FLOWCHECK_BENCH_DIR` | where histories are kept for the next time | a temporary directory |

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flowcheck::history::{History, Oid};
use flowcheck::repository::Repository;

fn main() {
    let commits = number("FLOWCHECK_BENCH_COMMITS", 10_000);
    let refs = number("FLOWCHECK_BENCH_REFS", 1000);
    let runs = number("FLOWCHECK_BENCH_RUNS", 31);
    let temporary = tempfile::tempdir().expect("a temporary directory can be made");
    let dir = std::env::var_os("FLOWCHECK_BENCH_DIR").map_or(temporary.path().to_owned(), PathBuf::from);
    let server = Server::prepare(&dir.join(format!("flow-{commits}-{refs}")), commits, refs);
    println!("{commits} commits, {refs} refs, medians of {runs} runs\n");
    server.bench("with a commit-graph", runs);
    let graph = server.path.join("objects/info/commit-graph");
    let aside = graph.with_extension("aside");
    std::fs::rename(&graph, &aside).expect("the graph was written");
    server.bench("without a commit-graph", runs.min(11));
    std::fs::rename(&aside, &graph).expect("the graph was put aside");
    server.bench_questions(runs.min(11));
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// A server's repository and pushes that wait in its quarantine.
struct Server {
    path: PathBuf,
    pushes: Vec<Push>,
}

/// A push in the middle of being received.
struct Push {
    title: &'static str,
    reference: &'static str,
    new: String,
    quarantine: PathBuf,
    accepted: bool,
}

impl Server {
    fn prepare(path: &Path, commits: usize, refs: usize) -> Self {
        if !path.join("ready").exists() {
            let _ = std::fs::remove_dir_all(path);
            std::fs::create_dir_all(path).expect("the directory can be made");
            git(path).args(["init", "-q", "--bare", "-b", "develop", "."]).ok();
            let mut import = git(path);
            import.args(["fast-import", "--quiet", "--export-marks=marks"]).stdin(Stdio::piped());
            let mut import = import.spawn().expect("git can be run");
            let mut stream = BufWriter::new(import.stdin.take().expect("it was asked for"));
            Flow::new(&mut stream).play(commits, refs).expect("git reads its input");
            drop(stream);
            assert!(import.wait().expect("it was started").success());
            git(path).args(["pack-refs", "--all"]).ok();
            git(path).args(["commit-graph", "write", "--reachable", "--no-progress"]).ok();
            std::fs::write(path.join("ready"), "").expect("the directory can be written");
        }
        let tip = |name: &str| git(path).args(["rev-parse", name]).said();
        let (develop, lines) =
            (tip("refs/heads/develop"), git(path).args(["branch", "--list", "release-*"]).said());
        let release = lines.lines().last().map(|line| line.trim_start_matches(['*', ' ']).to_owned());
        let release = tip(&format!("refs/heads/{}", release.expect("there are releases")));
        let pushes = [
            ("one new commit", "refs/heads/feature/new", &develop, 1, true),
            ("100 new commits", "refs/heads/feature/new", &develop, 100, true),
            ("a hotfix cut from develop", "refs/heads/hotfix/new", &develop, 1, false),
            ("a hotfix cut from its release", "refs/heads/hotfix/new", &release, 1, true),
        ];
        let push = |(title, reference, from, count, accepted): (_, _, &String, _, _)| {
            let (new, quarantine) = receive(path, from, count, title);
            Push { title, reference, new, quarantine, accepted }
        };
        Self { path: path.to_owned(), pushes: pushes.into_iter().map(push).collect() }
    }

    /// Prints what a push costs, beside git.
    fn bench(&self, title: &str, runs: usize) {
        println!(
            "{title:<34}{:>11}{:>11}{:>11}{:>10}{:>10}",
            "flowcheck", "rev-list", "rev-parse", "/ list", "/ parse"
        );
        for push in &self.pushes {
            let line = format!("{} {} {}\n", "0".repeat(push.new.len()), push.new, push.reference);
            let hook = || {
                let mut command = self.with(Command::new(env!("CARGO_BIN_EXE_flowcheck")), push);
                command.arg("pre-receive").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
                let mut child = command.spawn().expect("flowcheck can be run");
                child.stdin.take().expect("it was asked for").write_all(line.as_bytes()).expect("it reads");
                let code = child.wait().expect("it was started").code();
                assert_eq!(code, Some(i32::from(!push.accepted)), "{}", push.title);
            };
            let list = || {
                let mut command = self.with(git(&self.path), push);
                command.args(["rev-list", "--count", &push.new, "--not", "--all"]).ok();
            };
            let parse = || {
                git(&self.path).args(["rev-parse", "HEAD"]).ok();
            };
            let [hook, list, parse] = medians([&hook, &list, &parse], runs);
            println!(
                "{:<34}{:>11}{:>11}{:>11}{:>10.2}{:>10.2}",
                push.title,
                shown(hook),
                shown(list),
                shown(parse),
                hook.as_secs_f64() / list.as_secs_f64(),
                hook.as_secs_f64() / parse.as_secs_f64(),
            );
        }
        println!();
    }

    /// Prints what single questions cost in process, opening included, beside git's own command.
    fn bench_questions(&self, runs: usize) {
        println!("{:<45}{:>11}{:>11}{:>10}", "questions, in process", "flowcheck", "git", "ratio");
        let repository = || Repository::at(&self.path).expect("the repository can be opened");
        let all = repository().refs(&["refs/heads/", "refs/tags/"]).expect("refs can be read");
        let id = |name: &str| {
            Oid::from_hex(git(&self.path).args(["rev-parse", name]).said().as_bytes())
                .expect("git says an id")
        };
        let (develop, master) = (id("refs/heads/develop"), id("refs/heads/master"));
        let first = git(&self.path).args(["rev-list", "--max-parents=0", "refs/heads/develop"]).said();
        let first = Oid::from_hex(first.as_bytes()).expect("git says an id");
        let topic = id("refs/heads/feature/0");
        let heads: Vec<Oid> =
            all.iter().map(|entry| entry.peeled.unwrap_or(entry.id)).filter(|id| *id != topic).collect();
        let text = |id: Oid| id.to_string();
        let is_ancestor = |a: Oid, b: Oid| {
            git(&self.path)
                .args(["merge-base", "--is-ancestor", &text(a), &text(b)])
                .output()
                .expect("git can be run");
        };
        let ask: [Question<'_>; 6] = [
            (
                "is the root an ancestor of develop",
                &|| assert!(repository().is_ancestor(first, develop).unwrap()),
                &|| {
                    is_ancestor(first, develop);
                },
            ),
            (
                "is develop an ancestor of master",
                &|| assert!(!repository().is_ancestor(develop, master).unwrap()),
                &|| {
                    is_ancestor(develop, master);
                },
            ),
            (
                "is an old topic an ancestor of master",
                &|| assert!(repository().is_ancestor(topic, master).unwrap()),
                &|| {
                    is_ancestor(topic, master);
                },
            ),
            (
                "merge bases of an old topic and develop",
                &|| assert_eq!(repository().merge_bases(topic, develop).unwrap().len(), 1),
                &|| {
                    git(&self.path).args(["merge-base", "--all", &text(topic), &text(develop)]).ok();
                },
            ),
            (
                "everything below develop",
                &|| assert!(!repository().introduced(&[develop], &[]).unwrap().is_empty()),
                &|| {
                    git(&self.path).args(["rev-list", "--count", &text(develop)]).ok();
                },
            ),
            (
                "an old topic less all other refs",
                &|| assert!(repository().introduced(&[topic], &heads).unwrap().len() < 10),
                &|| {
                    let mut command = git(&self.path);
                    command
                        .args(["rev-list", &text(topic), "--not", "--exclude=refs/heads/feature/0", "--all"])
                        .ok();
                },
            ),
        ];
        for (title, ours, theirs) in ask {
            let [ours, theirs] = medians([ours, theirs], runs);
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            println!("{title:<45}{:>11}{:>11}{ratio:>10.2}", shown(ours), shown(theirs));
        }
    }

    fn with(&self, mut command: Command, push: &Push) -> Command {
        command
            .current_dir(&self.path)
            .env("GIT_DIR", &self.path)
            .env("GIT_OBJECT_DIRECTORY", &push.quarantine)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.path.join("objects"));
        command
    }
}

/// Puts `count` commits on top of `from` into a quarantine; returns the last one and where.
fn receive(server: &Path, from: &str, count: usize, title: &str) -> (String, PathBuf) {
    let quarantine = server.join("quarantine").join(title.replace(' ', "-"));
    let _ = std::fs::remove_dir_all(&quarantine);
    std::fs::create_dir_all(quarantine.join("pack")).expect("the directory can be made");
    let mut command = git(server);
    command
        .args(["fast-import", "--quiet", "--force"])
        .env("GIT_OBJECT_DIRECTORY", &quarantine)
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", server.join("objects"))
        .stdin(Stdio::piped());
    let mut child = command.spawn().expect("git can be run");
    let mut stream = child.stdin.take().expect("it was asked for");
    for at in 0..count {
        let who = format!("A U Thor <a@example.com> {} +0000", 1_900_000_000 + at);
        let text = format!("new {at}\n");
        write!(stream, "commit refs/bench/new\nauthor {who}\ncommitter {who}\ndata {}\n{text}", text.len())
            .and_then(|()| if at == 0 { writeln!(stream, "from {from}") } else { Ok(()) })
            .and_then(|()| writeln!(stream, "M 100644 inline new{at}\ndata 2\n1\n"))
            .expect("git reads its input");
    }
    drop(stream);
    assert!(child.wait().expect("it was started").success());
    let new = std::fs::read_to_string(server.join("refs/bench/new")).expect("the ref was written");
    std::fs::remove_file(server.join("refs/bench/new")).expect("the ref was written");
    (new.trim().to_owned(), quarantine)
}

/// The flow, played for years: features into develop, releases with bugfixes, tags, records,
/// merge-backs.
struct Flow<W> {
    stream: W,
    mark: usize,
}

impl<W: Write> Flow<W> {
    fn new(stream: W) -> Self {
        Self { stream, mark: 0 }
    }

    fn play(mut self, commits: usize, refs: usize) -> std::io::Result<()> {
        const RELEASES: usize = 40;
        let mut develop = self.commit("refs/heads/develop", "Begin", &[])?;
        let mut master = 0;
        let mut recent = vec![develop];
        let (mut topics, mut releases) = (0, 0);
        while self.mark < commits {
            let from = recent[recent.len() - 1 - topics % recent.len().min(8)];
            let tip = self.topic(topics, from)?;
            if topics < refs.saturating_sub(2 * RELEASES + 5) {
                self.reset(&format!("refs/heads/feature/{topics}"), tip)?;
            }
            let subject = format!("Merge branch 'feature/{topics}' into 'develop'");
            develop = self.commit("refs/heads/develop", &subject, &[develop, tip])?;
            topics += 1;
            recent.push(develop);
            if self.mark > (releases + 1) * commits / (RELEASES + 1) {
                (develop, master) = self.release(releases, develop, master, releases + 3 > RELEASES)?;
                releases += 1;
                recent = vec![develop];
            }
        }
        Ok(())
    }

    fn topic(&mut self, number: usize, from: usize) -> std::io::Result<usize> {
        let mut tip = from;
        for step in 0..=(number * 7 % 5) {
            tip = self.commit("refs/flow/topic", &format!("Step {step} of topic {number}"), &[tip])?;
        }
        Ok(tip)
    }

    fn release(
        &mut self,
        number: usize,
        develop: usize,
        master: usize,
        open: bool,
    ) -> std::io::Result<(usize, usize)> {
        let (version, line) = (format!("1.{number}.0"), format!("release-1.{number}.0"));
        let mut release = develop;
        for bug in 0..3 {
            let fix = self.commit("refs/flow/topic", &format!("Fix {bug} of {version}"), &[release])?;
            let subject = format!("Merge branch 'bugfix/{bug}' into '{line}'");
            release = self.commit("refs/flow/release", &subject, &[release, fix])?;
        }
        if open {
            self.reset(&format!("refs/heads/{line}"), release)?;
        }
        let tag = format!("v{version}");
        self.tag(&tag, release, &format!("Release {version}\n"))?;
        let record = format!(
            "{tag} runs well in prod\n\nEnvironment: prod\nVersion: {tag}\nResult: success\nCommit: {}\n",
            "0".repeat(40)
        );
        self.tag(&format!("deployed/prod/{tag}/{number}"), release, &record)?;
        let subject = format!("Merge branch '{line}' into 'develop'");
        let develop = self.commit("refs/heads/develop", &subject, &[develop, release])?;
        let subject = format!("Merge branch '{line}' into 'master'");
        let parents = if master == 0 { vec![release] } else { vec![master, release] };
        let master = self.commit("refs/heads/master", &subject, &parents)?;
        Ok((develop, master))
    }

    fn commit(&mut self, reference: &str, subject: &str, parents: &[usize]) -> std::io::Result<usize> {
        self.mark += 1;
        let mark = self.mark;
        // Clocks differ by some minutes, as in any team.
        let who =
            format!("A U Thor <a@example.com> {} +0000", 1_500_000_000 + mark * 300 + mark * 7919 % 900);
        writeln!(self.stream, "commit {reference}\nmark :{mark}\nauthor {who}\ncommitter {who}")?;
        write!(self.stream, "data {}\n{subject}\n", subject.len() + 1)?;
        for (at, parent) in parents.iter().enumerate() {
            writeln!(self.stream, "{} :{parent}", if at == 0 { "from" } else { "merge" })?;
        }
        if parents.len() < 2 {
            let content = mark.to_string();
            let (dir, file) = (mark % 40, mark / 40 % 25);
            writeln!(self.stream, "M 100644 inline src{dir}/file{file}\ndata {}\n{content}", content.len())?;
        }
        writeln!(self.stream)?;
        Ok(mark)
    }

    fn reset(&mut self, reference: &str, mark: usize) -> std::io::Result<()> {
        writeln!(self.stream, "reset {reference}\nfrom :{mark}\n")
    }

    fn tag(&mut self, name: &str, mark: usize, message: &str) -> std::io::Result<()> {
        let who = format!("A U Thor <a@example.com> {} +0000", 1_500_000_000 + self.mark * 300 + 1000);
        write!(self.stream, "tag {name}\nfrom :{mark}\ntagger {who}\ndata {}\n{message}\n", message.len())
    }
}

/// A title, how we answer it, and how git does.
type Question<'a> = (&'a str, &'a dyn Fn(), &'a dyn Fn());

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

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.stdin(Stdio::null());
    command
}

trait Run {
    /// Runs the command, which must succeed.
    fn ok(&mut self);
    /// Runs the command and returns what it prints.
    fn said(&mut self) -> String;
}

impl Run for Command {
    fn ok(&mut self) {
        self.said();
    }

    fn said(&mut self) -> String {
        let output = self.output().expect("git can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}
