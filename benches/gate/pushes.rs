//! Pushes in the middle of being received: their objects wait in a quarantine.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::flow;
use crate::git::{Run as _, alone, git};
use crate::server::Server;

/// A push that waits for the judgement.
pub struct Push {
    /// What it is.
    pub title: String,
    /// What the hook reads.
    pub lines: String,
    /// What the refs shall point to.
    pub tips: Vec<String>,
    /// Whether it is let in.
    pub accepted: bool,
    /// Whether it is the push that most figures are about.
    pub typical: bool,
    /// How many new commits it brings.
    pub commits: usize,
    server: PathBuf,
    quarantine: PathBuf,
}

impl Push {
    /// Gives `command` the environment that git gives to a hook.
    pub fn receive(&self, mut command: Command) -> Command {
        alone(&mut command);
        command
            .current_dir(&self.server)
            .env("GIT_DIR", ".")
            .env("GIT_OBJECT_DIRECTORY", &self.quarantine)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.server.join("objects"));
        command
    }

    /// Returns git's own question what is new.
    pub fn rev_list(&self) -> Command {
        let mut command = self.git();
        command.args(["rev-list", "--count"]).args(&self.tips).args(["--not", "--all"]);
        command
    }
}

/// Returns the pushes that are measured on `server`.
pub fn all(server: &Server) -> Vec<Push> {
    let line = server.id(&format!("refs/heads/{}", server.integration));
    let topic = "refs/heads/feature/new";
    let mut pushes = vec![];
    for count in [1, 100, 10_000] {
        let mut push = start(server, &format!("a topic with {count} new commits"));
        let tip = push.chain(&line, count);
        (push.typical, push.commits) = (count <= 100, count);
        pushes.push(push.creates(topic, tip));
    }
    let mut push = start(server, "1,000 new topics");
    for (at, tip) in push.fan(&line, 1000).into_iter().enumerate() {
        push = push.creates(&format!("{topic}-{at}"), tip);
    }
    pushes.push(push);
    let mut push = start(server, "a branch of no kind");
    let tip = push.chain(&line, 1);
    pushes.push(push.creates("refs/heads/wrong", tip).rejected());
    if server.flow {
        pushes.extend(of_the_flow(server, &line));
    }
    pushes
}

fn of_the_flow(server: &Server, develop: &str) -> Vec<Push> {
    let version = format!("v1.{}.0", flow::LAST);
    let release = server.id(&format!("refs/heads/release-1.{}.0", flow::LAST));
    let (tag, tree) =
        (server.id(&format!("{version}^{{commit}}")), server.id(&format!("{version}^{{tree}}")));
    let master = server.id("refs/heads/master");
    let hotfix = "refs/heads/hotfix/new";

    let mut right = start(server, "a hotfix from its release");
    let tip = right.chain(&release, 1);
    let right = right.creates(hotfix, tip);
    let mut wrong = start(server, "a hotfix from develop");
    let tip = wrong.chain(develop, 1);
    let wrong = wrong.creates(hotfix, tip).rejected();
    let mut lost = start(server, "a feature from a release");
    let tip = lost.chain(&release, 1);
    let lost = lost.creates("refs/heads/feature/new", tip).rejected();
    let name = format!("{version}-hotfix1");
    let next = start(server, "a version tag");
    let object = next.tag(&name, &release);
    let next = next.creates(&format!("refs/tags/{name}"), object);
    let early = start(server, "a version tag on develop");
    let object = early.tag(&name, develop);
    let early = early.creates(&format!("refs/tags/{name}"), object).rejected();
    let back = |title: &str, line: &str, old: &str, tree: &str, what: &str, accepted: bool| {
        let push = start(server, title);
        let name = line.rsplit('/').next().unwrap_or_default();
        let merge = push.merge(tree, old, what, &format!("Merge tag '{version}' into {name}"));
        let push = push.moves(line, old, merge);
        if accepted { push } else { push.rejected() }
    };
    let whole = server.id(&format!("{release}^{{tree}}"));
    let develop_ref = "refs/heads/develop";
    vec![
        right,
        wrong,
        lost,
        next,
        early,
        back("a merge-back into develop", develop_ref, develop, &tree, &tag, true),
        back("a merge-back into master", "refs/heads/master", &master, &tree, &tag, true),
        back("a merge-back that is not confirmed", "refs/heads/master", &master, &whole, &release, false),
    ]
}

fn start(server: &Server, title: &str) -> Push {
    let quarantine = server.path.join("quarantine").join(title.replace([' ', ','], "-"));
    let _ = std::fs::remove_dir_all(&quarantine);
    std::fs::create_dir_all(quarantine.join("pack")).expect("the directory can be made");
    Push {
        title: title.to_owned(),
        lines: String::new(),
        tips: vec![],
        accepted: true,
        typical: false,
        commits: 1,
        server: server.path.clone(),
        quarantine,
    }
}

impl Push {
    fn creates(self, name: &str, new: String) -> Self {
        let zeros = "0".repeat(new.len());
        self.moves(name, &zeros, new)
    }

    fn moves(mut self, name: &str, old: &str, new: String) -> Self {
        writeln!(self.lines, "{old} {new} {name}").expect("a string can be written");
        self.tips.push(new);
        self
    }

    fn rejected(self) -> Self {
        Self { accepted: false, ..self }
    }

    fn git(&self) -> Command {
        self.receive(git(&self.server))
    }

    /// Puts `count` commits on top of `from`, one above the other; returns the last.
    fn chain(&mut self, from: &str, count: usize) -> String {
        let parent = |at: usize| if at == 0 { from.to_owned() } else { format!(":{at}") };
        self.commits(count, parent).pop().expect("there is at least one")
    }

    /// Puts `count` commits on top of `from`, one beside the other.
    fn fan(&mut self, from: &str, count: usize) -> Vec<String> {
        self.commits(count, |_| from.to_owned())
    }

    fn commits(&self, count: usize, parent: impl Fn(usize) -> String) -> Vec<String> {
        let marks = self.quarantine.join("marks");
        let mut import = self.git();
        import.args(["fast-import", "--quiet", "--force"]);
        import.arg(format!("--export-marks={}", marks.display()));
        import.fed(|stream| {
            for at in 0..count {
                let who = format!("A U Thor <a@example.com> {} +0000", 1_760_000_000 + at);
                let text = format!("new {at}\n");
                writeln!(stream, "commit refs/bench/{at}\nmark :{}\nauthor {who}\ncommitter {who}", at + 1)?;
                writeln!(stream, "data {}\n{text}from {}", text.len(), parent(at))?;
                writeln!(stream, "M 100644 inline new/{}\ndata {}\n{text}", at % 10, text.len())?;
            }
            Ok(())
        });
        // fast-import made refs, which a push in the middle does not have.
        let _ = std::fs::remove_dir_all(self.server.join("refs/bench"));
        let text = std::fs::read_to_string(&marks).expect("the marks were written");
        std::fs::remove_file(marks).expect("the marks were written");
        let mut ids: Vec<(usize, String)> = text.lines().filter_map(mark).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    fn merge(&self, tree: &str, into: &str, from: &str, subject: &str) -> String {
        self.git().args(["commit-tree", tree, "-p", into, "-p", from, "-m", subject]).said()
    }

    fn tag(&self, name: &str, commit: &str) -> String {
        let text = format!(
            "object {commit}\ntype commit\ntag {name}\ntagger A U Thor <a@example.com> 1760000000 +0000\n\n{name}\n"
        );
        self.git().arg("mktag").fed(|stdin| stdin.write_all(text.as_bytes()))
    }
}

fn mark(line: &str) -> Option<(usize, String)> {
    let (mark, id) = line.strip_prefix(':')?.split_once(' ')?;
    Some((mark.parse().ok()?, id.to_owned()))
}

/// Where the shell hook is.
pub fn shell_hook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/gate/shell-hook.sh")
}
