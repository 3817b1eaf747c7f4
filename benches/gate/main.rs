//! What the judgement costs, beside what git itself takes: `cargo bench --bench gate`.
//!
//! `cargo bench --bench gate -- all` measures everything: 10,000, 100,000 and 1,000,000 commits; 10,
//! 1,000 and 60,000 refs; a full, a lagging and no commit-graph. That takes most of an hour.
//!
//! The histories are made by `git fast-import`, the same on every machine; every figure is the
//! median of runs that take turns, and only ratios of one run mean anything.
//!
//! | variable | means | default |
//! | --- | --- | --- |
//! | `FLOWCHECK_BENCH_COMMITS` | commits of the histories, with commas | 10000 |
//! | `FLOWCHECK_BENCH_REFS` | refs, with commas; beyond 1000 they are `refs/pull/*` | 1000 |
//! | `FLOWCHECK_BENCH_GRAPHS` | `full`, `lagging`, `none`, with commas | full,none |
//! | `FLOWCHECK_BENCH_RUNS` | runs of each command; slow ones run less often | 31 |
//! | `FLOWCHECK_BENCH_DIR` | where histories are kept for the next time | a temporary directory |
//! | `FLOWCHECK_BENCH_REPOSITORY` | a repository to measure instead; it is only read | |
//! | `FLOWCHECK_BENCH_CLOCK` | `processor`: what the processor spends, where others work as well | what passes |
//! | `FLOWCHECK_BENCH_PROGRAM` | the flowcheck to measure | the one that cargo builds |

mod flow;
mod git;
mod growth;
mod measure;
mod pushes;
mod questions;
mod server;
mod stream;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use git::{Run as _, git};
use measure::{Job, medians};
use server::{Graph, Server};
use table::{Table, grouped, millions, ms, ratio};

/// What is measured.
struct Plan {
    commits: Vec<usize>,
    refs: Vec<usize>,
    graphs: Vec<Graph>,
    runs: usize,
    repository: Option<PathBuf>,
    program: PathBuf,
}

fn main() {
    let plan = Plan::read();
    let temporary = tempfile::tempdir().expect("a temporary directory can be made");
    let dir = variable("FLOWCHECK_BENCH_DIR").map_or(temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&dir).expect("the directory can be made");
    println!("{}", machine(&dir));
    println!("time: {}\n", if measure::by_processor() { "of the processor" } else { "as it passes" });
    if let Some(repository) = &plan.repository {
        plan.bench(&Server::copied(&dir, repository));
        return;
    }
    for commits in &plan.commits {
        plan.bench(&Server::played(&dir, *commits));
    }
}

impl Plan {
    fn read() -> Self {
        let all = std::env::args().any(|arg| arg == "all");
        let numbers = |name: &str, usual: &str| -> Vec<usize> {
            let text = variable(name).unwrap_or_else(|| usual.to_owned());
            text.split(',').map(|part| part.trim().parse().expect("a number")).collect()
        };
        let graphs = variable("FLOWCHECK_BENCH_GRAPHS")
            .unwrap_or_else(|| if all { "full,lagging,none" } else { "full,none" }.to_owned());
        Self {
            commits: numbers("FLOWCHECK_BENCH_COMMITS", if all { "10000,100000,1000000" } else { "10000" }),
            refs: numbers("FLOWCHECK_BENCH_REFS", if all { "10,1000,60000" } else { "1000" }),
            graphs: Graph::ALL
                .into_iter()
                .filter(|graph| graphs.split(',').any(|name| name == graph.name()))
                .collect(),
            runs: numbers("FLOWCHECK_BENCH_RUNS", "31")[0],
            repository: variable("FLOWCHECK_BENCH_REPOSITORY").map(PathBuf::from),
            program: variable("FLOWCHECK_BENCH_PROGRAM")
                .map_or_else(|| env!("CARGO_BIN_EXE_flowcheck").into(), PathBuf::from),
        }
    }

    fn bench(&self, server: &Server) {
        server.set_refs(1000);
        server.set_graph(Graph::Full);
        let commits = git(&server.path).args(["rev-list", "--count", "--all"]).said();
        let commits = commits.parse().map_or(commits, grouped);
        println!("## {commits} commits\n");
        let pushes = pushes::all(server);
        self.start(server);
        growth::print(self, server, &pushes);
        self.pushes(server, &pushes);
        self.audit(server);
        for graph in &self.graphs {
            server.set_graph(*graph);
            questions::print(self, server, *graph);
        }
    }

    /// Returns the hook.
    fn hook(&self, server: &Server) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("pre-receive");
        if !server.flow {
            command.arg("--policy").arg(server.policy());
        }
        command
    }

    /// Prints what it takes to begin and to end.
    fn start(&self, server: &Server) {
        let ours = Job::new(|| {
            let mut command = Command::new(&self.program);
            command.arg("--version").current_dir(&server.path);
            command
        });
        let theirs = Job::new(|| {
            let mut command = git(&server.path);
            command.arg("rev-parse");
            command
        });
        let times = medians(&[&ours, &theirs], self.runs * 3);
        let mut table = Table::new(&["whole process", "flowcheck --version", "git rev-parse", "ratio"]);
        table.row(vec!["ms".to_owned(), ms(times[0]), ms(times[1]), ratio(times[0], times[1])]);
        let counts = [ours.instructions(), theirs.instructions()];
        table.row(vec![
            "instructions, millions".to_owned(),
            millions(counts[0]),
            millions(counts[1]),
            String::new(),
        ]);
        table.print("Start");
    }

    /// Prints what each push costs, beside git and a shell hook.
    fn pushes(&self, server: &Server, pushes: &[pushes::Push]) {
        let mut table = Table::new(&[
            "push, ms",
            "flowcheck",
            "rev-list NEW --not --all",
            "ratio",
            "rev-parse HEAD",
            "ratio",
            "far is-ancestor",
            "ratio",
            "shell hook",
            "ratio",
            "M instructions",
            "of rev-list",
            "KiB",
        ]);
        let tips = [server.id("HEAD"), server.root()];
        for push in pushes {
            let code = i32::from(!push.accepted);
            let ours = Job::reading(|| push.receive(self.hook(server)), &push.lines, code);
            let list = Job::new(|| push.rev_list());
            let parse = Job::new(|| {
                let mut command = git(&server.path);
                command.args(["rev-parse", "HEAD"]);
                command
            });
            let far = Job::new(|| {
                let mut command = git(&server.path);
                command.args(["merge-base", "--is-ancestor", &tips[1], &tips[0]]);
                command
            });
            let shell = Job::reading(|| push.receive(Command::new(pushes::shell_hook())), &push.lines, code);
            let mut jobs = vec![&ours, &list, &parse, &far];
            if server.flow {
                jobs.push(&shell);
            }
            let times = medians(&jobs, self.runs);
            let mut row = vec![push.title.clone(), ms(times[0])];
            for time in &times[1..] {
                let ratio = if row.len() == 8 { ratio(*time, times[0]) } else { ratio(times[0], *time) };
                row.extend([ms(*time), ratio]);
            }
            row.resize(10, "–".to_owned());
            row.extend([millions(ours.instructions()), millions(list.instructions())]);
            row.push(ours.memory().to_string());
            table.row(row);
        }
        table.print("Every push, 1,000 refs, full commit-graph");
    }

    /// Prints what an audit of the whole history costs.
    fn audit(&self, server: &Server) {
        let ours = Job {
            code: None,
            ..Job::new(|| {
                let mut command = Command::new(&self.program);
                command.args(["audit", "--format", "concise"]).current_dir(&server.path);
                if !server.flow {
                    command.arg("--policy").arg(server.policy());
                }
                git::alone(&mut command);
                command
            })
        };
        let log = Job::new(|| {
            let mut command = git(&server.path);
            command.args(["log", "--all", "--format=%H %P"]);
            command
        });
        let times = medians(&[&ours, &log], self.runs.min(5));
        let mut table =
            Table::new(&["ms", "flowcheck audit", "git log --all --format='%H %P'", "ratio", "KiB"]);
        let memory = ours.memory().to_string();
        table.row(vec![
            "all rules".to_owned(),
            ms(times[0]),
            ms(times[1]),
            ratio(times[0], times[1]),
            memory,
        ]);
        table.print("Audit");
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns what the figures were measured on.
fn machine(dir: &Path) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = model.map_or("an unknown processor", |(_, model)| model);
    format!("{model}, {cores} cores, {}", git(dir).arg("--version").said())
}
