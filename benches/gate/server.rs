//! A server's repository, and how many refs and which commit-graph it has.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::flow;
use crate::git::{Run as _, git};

/// A bare repository that is only measured.
pub struct Server {
    /// Where it is.
    pub path: PathBuf,
    /// The line that topics start from.
    pub integration: String,
    /// Whether the flow was played in it, so that there are releases.
    pub flow: bool,
}

/// How much of the history the commit-graph has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Graph {
    /// All of it.
    Full,
    /// All but the newest hundredth.
    Lagging,
    /// Nothing.
    None,
}

impl Graph {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Full, Self::Lagging, Self::None];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lagging => "lagging",
            Self::None => "none",
        }
    }
}

/// From so many refs on, the rest are somebody else's.
const OURS: usize = 1000;

impl Server {
    /// Returns a server with a made history of `commits`; what is there already is used again.
    pub fn played(dir: &Path, commits: usize) -> Self {
        let path = dir.join(format!("flow-{commits}"));
        let server = Self { path, integration: "develop".to_owned(), flow: true };
        server.prepare(|path| {
            git(path).args(["init", "-q", "--bare", "-b", "develop", "."]).ok();
            git(path).args(["fast-import", "--quiet"]).fed(|stream| flow::play(stream, commits, OURS));
            let tags = git(path)
                .args(["for-each-ref", "--format=%(refname:short) %(*objectname) %(taggerdate:unix)"])
                .arg("refs/tags/v*")
                .said();
            git(path)
                .args(["fast-import", "--quiet"])
                .fed(|stream| tags.lines().try_for_each(|tag| confirm(stream, tag)));
            for step in ["topic", "release"] {
                git(path).args(["update-ref", "-d", &format!("refs/flow/{step}")]).ok();
            }
        });
        server
    }

    /// Returns a server that has the history and the refs of the repository at `original`.
    pub fn copied(dir: &Path, original: &Path) -> Self {
        let name = original.file_name().map_or_else(|| "copy".into(), |name| name.to_string_lossy());
        let integration = git(original).args(["symbolic-ref", "--short", "HEAD"]).said();
        let server = Self { path: dir.join(format!("of-{name}")), integration, flow: false };
        server.prepare(|path| {
            std::fs::remove_dir(path).expect("it is empty");
            let parent = path.parent().expect("it is below a directory");
            git(parent).args(["clone", "-q", "--mirror", "--shared"]).arg(original).arg(path).ok();
        });
        server
    }

    fn prepare(&self, make: impl FnOnce(&Path)) {
        let path = &self.path;
        if path.join("ready").exists() {
            return;
        }
        let _ = std::fs::remove_dir_all(path);
        std::fs::create_dir_all(path).expect("the directory can be made");
        make(path);
        git(path).args(["config", "gc.auto", "0"]).ok();
        // What is measured is this repository's own hook, as its server would see it.
        std::fs::create_dir_all(path.join("hooks")).expect("the directory can be made");
        std::fs::write(path.join("hooks/pre-receive"), "").expect("the directory can be written");
        git(path).args(["pack-refs", "--all"]).ok();
        std::fs::copy(path.join("packed-refs"), path.join("all-refs")).expect("refs were packed");
        for graph in [Graph::Lagging, Graph::Full] {
            self.write_graph(graph);
        }
        std::fs::write(path.join("ready"), "").expect("the directory can be written");
    }

    fn write_graph(&self, graph: Graph) {
        let path = &self.path;
        let mut write = git(path);
        write.args(["commit-graph", "write", "--no-progress"]);
        if graph == Graph::Full {
            write.arg("--reachable").ok();
        } else {
            let count: usize = git(path).args(["rev-list", "--count", "HEAD"]).said().parse().unwrap_or(0);
            // One commit of the trunk in four is a merge of the others.
            let old = format!("HEAD~{}", count / 400);
            let old = git(path).args(["rev-parse", &old]).said();
            write.arg("--stdin-commits").fed(|stdin| writeln!(stdin, "{old}"));
        }
        std::fs::rename(path.join(GRAPH), path.join(format!("graph-{}", graph.name())))
            .expect("the graph was written");
    }

    /// Puts another commit-graph in place.
    pub fn set_graph(&self, graph: Graph) {
        let place = self.path.join(GRAPH);
        let _ = std::fs::remove_file(&place);
        if graph != Graph::None {
            let graph = self.path.join(format!("graph-{}", graph.name()));
            std::fs::hard_link(graph, place).expect("it was written");
        }
    }

    /// Leaves so many refs, or adds as many of somebody else's as are missing.
    pub fn set_refs(&self, count: usize) {
        let path = &self.path;
        std::fs::copy(path.join("all-refs"), path.join("packed-refs")).expect("refs were packed");
        let all = git(path).args(["for-each-ref", "--format=%(refname) %(objectname)"]).said();
        let refs: Vec<(&str, &str)> = all.lines().filter_map(|line| line.split_once(' ')).collect();
        let commits: Vec<&str> =
            refs.iter().filter(|(name, _)| name.starts_with("refs/heads/")).map(|entry| entry.1).collect();
        git(path).args(["update-ref", "--stdin"]).fed(|stdin| {
            for at in refs.len()..count {
                writeln!(stdin, "create refs/pull/{at}/head {}", commits[at % commits.len()])?;
            }
            let last = flow::LAST.to_string();
            let kept = |name: &str| {
                name.contains(&last)
                    || !name.contains('/')
                    || name == "refs/heads/develop"
                    || name == "refs/heads/master"
            };
            for (name, _) in refs.iter().filter(|(name, _)| count < refs.len() && !kept(name)) {
                writeln!(stdin, "delete {name}")?;
            }
            Ok(())
        });
        git(path).args(["pack-refs", "--all", "--prune"]).ok();
    }

    /// Returns the first commit.
    pub fn root(&self) -> String {
        let roots = git(&self.path).args(["rev-list", "--max-parents=0", "HEAD"]).said();
        roots.lines().next_back().unwrap_or_default().to_owned()
    }

    /// Returns a commit in the middle of the trunk.
    pub fn halfway(&self) -> String {
        let trunk = git(&self.path).args(["rev-list", "--first-parent", "--count", "HEAD"]).said();
        let trunk: usize = trunk.parse().expect("git counts");
        format!("HEAD~{}", trunk / 2)
    }

    /// Returns the name of what the newest merge took in; where there is none, of the tip's parent.
    pub fn side(&self) -> String {
        match git(&self.path).args(["rev-list", "--merges", "-n", "1", "HEAD"]).said() {
            none if none.is_empty() => "HEAD~1".to_owned(),
            merge => format!("{merge}^2"),
        }
    }

    /// Returns the policy of a server where no flow was played: one line and its topics.
    pub fn policy(&self) -> PathBuf {
        let path = self.path.join("bench-policy.toml");
        let text = format!(
            "version = 1\n[lines]\nintegration = \"{}\"\n\n[topics.feature]\nbranch = 'feature/(?<topic>.+)'\n\
             from = \"integration\"\ninto = [\"integration\"]\n\n[confirmation]\nrequire = []\n",
            self.integration
        );
        std::fs::write(&path, text).expect("the directory can be written");
        path
    }

    /// Returns the id that a name stands for.
    pub fn id(&self, name: &str) -> String {
        git(&self.path).args(["rev-parse", "--verify", name]).said()
    }
}

const GRAPH: &str = "objects/info/commit-graph";

/// Writes the record of a version tag: its name, commit and date.
fn confirm(stream: &mut impl std::io::Write, tag: &str) -> std::io::Result<()> {
    let parts: Vec<&str> = tag.split(' ').collect();
    let [name, commit, date] = parts[..] else { return Ok(()) };
    let date = date.parse::<u64>().unwrap_or(0) + 3600;
    let record = format!(
        "{name} runs well in prod\n\nEnvironment: prod\nVersion: {name}\nCommit: {commit}\nResult: success\n"
    );
    writeln!(
        stream,
        "tag deployed/prod/{name}/1\nfrom {commit}\ntagger A U Thor <a@example.com> {date} +0000"
    )?;
    writeln!(stream, "data {}\n{record}", record.len())
}
