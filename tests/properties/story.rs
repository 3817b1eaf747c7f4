//! A story: commits, and pushes that happen one after another. It can be played and printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use flowcheck::facts::{RecordName, RefKind, kind_of};
use flowcheck::history::{
    BString, History, Memory, NewCommit, NewTag, Oid, RefName, Refs, Seconds, Signature,
};
use flowcheck::policy::Policy;
use flowcheck::push::{Push, Pusher, RefUpdate};
use flowcheck::scenario::worded;
use flowcheck::verdict::Outcome;

use crate::models::Model;
use crate::obvious::Fired;

type Files = BTreeMap<String, Vec<u8>>;

const START: Seconds = 1_704_704_400;

/// What a commit does to the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// It adds a file of its own name; a merge unites its parents.
    Usual,
    /// It has exactly the files of another commit.
    TreeOf(usize),
    /// It makes the change of another commit.
    SameChange(usize),
    /// It brings what merging another commit would bring.
    Squash(usize),
    /// A merge that adds a file of its own.
    Evil,
    /// Nothing at all.
    Empty,
    /// A policy of its own, that makes sense or does not.
    Policy { makes_sense: bool },
}

/// A commit before it has an id; its number is its name.
#[derive(Debug, Clone)]
pub struct Sketch {
    pub parents: Vec<usize>,
    pub content: Content,
    pub date: Seconds,
}

/// What an annotated tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    NoResult,
    OtherVersion,
    OtherHeader,
    Lightweight,
    OtherRepository,
}

/// What a ref is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Commit(usize),
    Tag { at: usize, header: Option<String>, below: Below },
    Record { at: usize, time: Seconds, flaw: Option<Flaw> },
}

impl Target {
    /// The commit it speaks of.
    pub fn at(&self) -> usize {
        match self {
            Self::Commit(at) | Self::Tag { at, .. } | Self::Record { at, .. } => *at,
        }
    }
}

/// One push.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The push option that asks for an override, if there is one.
    pub option: Option<&'static str>,
    /// Full names; `None` deletes.
    pub updates: Vec<(String, Option<Target>)>,
    pub by: &'static str,
    pub now: Seconds,
    /// It becomes true whatever the judge says.
    pub forced: bool,
}

/// A whole story.
#[derive(Debug, Clone)]
pub struct Story {
    pub model: Model,
    pub commits: Vec<Sketch>,
    pub pushes: Vec<Sent>,
}

/// Where a story is played.
pub struct Stage {
    pub policy: Rc<Policy>,
    pub memory: Memory,
    pub refs: Refs,
    author: &'static str,
    ids: Vec<Oid>,
    files: Vec<Files>,
}

impl Stage {
    pub fn new(model: &Model, author: &'static str) -> Self {
        Self {
            policy: Rc::clone(&model.policy),
            memory: Memory::default(),
            refs: Refs::default(),
            author,
            ids: vec![],
            files: vec![],
        }
    }

    pub fn add(&mut self, sketch: &Sketch) {
        let at = self.ids.len();
        let files = self.files_of(at, sketch);
        let id = self.memory.add_commit(&NewCommit {
            parents: sketch.parents.iter().map(|parent| self.ids[*parent]).collect(),
            files: files.clone(),
            by: self.by(sketch.date),
            message: format!("c{at}\n"),
        });
        self.ids.push(id);
        self.files.push(files);
    }

    pub fn id(&self, commit: usize) -> Oid {
        self.ids[commit]
    }

    fn by(&self, time: Seconds) -> Signature {
        let email: BString = format!("{}@example.org", self.author).into();
        Signature { name: self.author.into(), email, time }
    }

    fn files_of(&self, at: usize, sketch: &Sketch) -> Files {
        let mut files = sketch.parents.first().map(|first| self.files[*first].clone()).unwrap_or_default();
        let mut tip = sketch.parents.first().copied();
        for &further in sketch.parents.iter().skip(1) {
            files = self.merged(tip, &files, further);
            tip = None;
        }
        match sketch.content {
            Content::TreeOf(other) => self.files[other].clone(),
            Content::SameChange(other) => {
                let before = self.first_parent(other).map(|at| self.files[at].clone()).unwrap_or_default();
                three_way(&before, &files, &self.files[other])
            }
            Content::Squash(other) => self.merged(sketch.parents.first().copied(), &files, other),
            Content::Empty => files,
            Content::Policy { makes_sense } => {
                let text = if makes_sense {
                    "version = 1\n[lines]\nintegration = 'develop'\n"
                } else {
                    "nonsense\n"
                };
                files.insert(".flowcheck.toml".to_owned(), format!("{text}# c{at}\n").into_bytes());
                files
            }
            Content::Usual if sketch.parents.len() > 1 => files,
            Content::Usual | Content::Evil => {
                files.insert(format!("c{at}.txt"), format!("c{at}\n").into_bytes());
                files
            }
        }
    }

    fn first_parent(&self, commit: usize) -> Option<usize> {
        let parents = self.memory.parents(self.ids[commit]).expect("it was added");
        let first = parents.first()?;
        self.ids.iter().position(|id| id == first)
    }

    fn merged(&self, ours: Option<usize>, files: &Files, theirs: usize) -> Files {
        let base = ours.and_then(|ours| {
            let bases = self.memory.merge_bases(self.ids[ours], self.ids[theirs]).expect("they were added");
            let base = bases.first().copied()?;
            Some(self.memory.files(base))
        });
        three_way(&base.unwrap_or_default(), files, &self.files[theirs])
    }

    /// Makes what a ref is set to. Where signatures are asked for, most tags have one.
    fn object(&mut self, name: &RefName, target: &Target, now: Seconds) -> Oid {
        let id = self.made(name, target, now);
        if !target.at().is_multiple_of(5) {
            self.memory.sign(id, "release@example.org");
        }
        id
    }

    fn made(&mut self, name: &RefName, target: &Target, now: Seconds) -> Oid {
        let short = name.tag().map(ToString::to_string).unwrap_or_default();
        match target {
            Target::Commit(at) => self.ids[*at],
            Target::Tag { at, header, below } => {
                let commit = self.ids[*at];
                let by = self.by(now - 60);
                let target = match below {
                    Below::Commit => commit,
                    Below::Tree => self.memory.commit(commit).expect("it was added").tree,
                    Below::Blob => self.memory.add_blob(b"a blob\n"),
                    Below::Tag => {
                        let inner = NewTag {
                            target: commit,
                            name: short.clone(),
                            by: by.clone(),
                            message: "inner\n".into(),
                        };
                        self.memory.add_tag(&inner)
                    }
                };
                let name = header.clone().unwrap_or_else(|| short.clone());
                self.memory.add_tag(&NewTag { target, name, by, message: format!("{short}\n") })
            }
            Target::Record { at, time, flaw } => self.record(&short, self.ids[*at], *time, *flaw),
        }
    }

    fn record(&mut self, short: &str, commit: Oid, time: Seconds, flaw: Option<Flaw>) -> Oid {
        let Some(record) = RecordName::parse(short).filter(|_| flaw != Some(Flaw::Lightweight)) else {
            return commit;
        };
        let version = if flaw == Some(Flaw::OtherVersion) { "v9.9.9" } else { &record.version_tag };
        let mut message = format!(
            "A record\n\nEnvironment: {}\nVersion: {version}\nCommit: {commit}\n",
            record.environment
        );
        let result = if record.revokes { "rolled-back" } else { "success" };
        if flaw != Some(Flaw::NoResult) {
            writeln!(message, "Result: {result}").expect("a string can be written to");
        }
        let repository = self.policy.confirmation.repository.clone();
        if let Some(repository) = repository {
            let named = if flaw == Some(Flaw::OtherRepository) { "a/fork" } else { &repository };
            writeln!(message, "Repository: {named}").expect("a string can be written to");
        }
        let name = if flaw == Some(Flaw::OtherHeader) { "deployed/x" } else { short };
        let by = self.by(time);
        self.memory.add_tag(&NewTag { target: commit, name: name.to_owned(), by, message })
    }

    /// The push as a server sees it; what would change nothing is left out.
    pub fn push(&mut self, sent: &Sent) -> Push {
        let mut updates = vec![];
        for (name, target) in &sent.updates {
            let name = RefName::new(name.as_str());
            let old = self.refs.get(&name).map(|entry| entry.id);
            let new = target.as_ref().map(|target| self.object(&name, target, sent.now));
            if old != new {
                updates.push(RefUpdate { name, old, new });
            }
        }
        let pusher = Pusher { name: Some(sent.by.to_owned()), id: None };
        let options = sent.option.into_iter().map(BString::from).collect();
        Push { pusher: Some(pusher), options, now: sent.now, ..Push::new(self.refs.clone(), updates) }
    }

    /// Makes a push true.
    pub fn accept(&mut self, push: &Push) {
        self.refs = push.after();
    }
}

fn three_way(base: &Files, ours: &Files, theirs: &Files) -> Files {
    let mut files = ours.clone();
    let names: BTreeSet<&String> = base.keys().chain(theirs.keys()).collect();
    for name in names {
        if base.get(name) == theirs.get(name) {
            continue;
        }
        match theirs.get(name) {
            Some(content) => files.insert(name.clone(), content.clone()),
            None => files.remove(name),
        };
    }
    files
}

/// Whether a push with these findings is let pass: what is owed once it is true stops nobody.
pub fn passes(fired: &Fired) -> bool {
    fired.iter().all(|(rule, _, outcome)| *outcome != Outcome::Rejected || *rule == "merge-back-missing")
}

impl Story {
    /// Plays the story: `judge` sees the stage and each push and says whether it is let pass;
    /// it may end the play with `Err`.
    pub fn play<E>(
        &self,
        author: &'static str,
        mut judge: impl FnMut(&Stage, &Push, &Sent) -> Result<bool, E>,
    ) -> Result<(), E> {
        self.play_on(author, |stage, push, sent| judge(stage, push, sent)).map(drop)
    }

    /// Plays the story with a judge that may add to the stage; returns the stage at the end.
    pub fn play_on<E>(
        &self,
        author: &'static str,
        mut judge: impl FnMut(&mut Stage, &Push, &Sent) -> Result<bool, E>,
    ) -> Result<Stage, E> {
        let mut stage = Stage::new(&self.model, author);
        for sketch in &self.commits {
            stage.add(sketch);
        }
        for sent in &self.pushes {
            let push = stage.push(sent);
            if !push.updates.is_empty() && (judge(&mut stage, &push, sent)? || sent.forced) {
                stage.accept(&push);
            }
        }
        Ok(stage)
    }

    /// Prints the story as a scenario file; `expect` says what is expected of each push.
    pub fn scenario(&self, title: &str, expect: &[Fired]) -> String {
        let mut text =
            format!("title = \"{title}\"\npolicy = \"{}\"\nhistory = \"\"\ncommits = [\n", self.model.name);
        let used = self.used();
        let mut files = String::new();
        let mut others: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for &at in &used {
            let sketch = &self.commits[at];
            let parents: Vec<String> = sketch.parents.iter().map(|parent| format!("c{parent}")).collect();
            let _ = writeln!(text, "  \"c{at}: {}\",", parents.join(" "));
            let mut other =
                |key, of: usize| others.entry(key).or_default().push(format!("c{at} = \"c{of}\""));
            match sketch.content {
                Content::Usual => {}
                Content::TreeOf(of) => other("tree_of", of),
                Content::SameChange(of) => other("same_change", of),
                Content::Squash(of) => other("squash", of),
                Content::Evil => {
                    let _ = write!(files, " c{at} = {{ \"c{at}.txt\" = \"c{at}\" }},");
                }
                Content::Empty => {
                    let _ = write!(files, " c{at} = {{}},");
                }
                Content::Policy { makes_sense } => {
                    let text = if makes_sense { "a policy" } else { "nonsense" };
                    let _ = write!(files, " c{at} = {{ \".flowcheck.toml\" = \"{text}\" }},");
                }
            }
        }
        text.push_str("]\n");
        for (key, list) in others {
            let _ = writeln!(text, "{key} = {{ {} }}", list.join(", "));
        }
        if !files.is_empty() {
            let _ = writeln!(text, "files = {{{} }}", files.trim_end_matches(','));
        }
        for (n, sent) in self.pushes.iter().enumerate() {
            self.print_push(&mut text, sent, expect.get(n));
        }
        text
    }

    fn print_push(&self, text: &mut String, sent: &Sent, expect: Option<&Fired>) {
        let (mut wanted, mut gone) = (vec![], vec![]);
        for (name, target) in &sent.updates {
            let name = RefName::new(name.as_str());
            let label = match name.tag() {
                Some(tag) => format!("tag: {tag}"),
                None => name.short(),
            };
            match target {
                None => gone.push(format!("\"{label}\"")),
                Some(target) => wanted.push(self.print_target(&name, &label, target)),
            }
        }
        text.push_str("\n[[push]]\n");
        if !wanted.is_empty() {
            let _ = writeln!(text, "set = {{ {} }}", wanted.join(", "));
        }
        if !gone.is_empty() {
            let _ = writeln!(text, "delete = [{}]", gone.join(", "));
        }
        if sent.by != "dev" {
            let _ = writeln!(text, "by = \"{}\"", sent.by);
        }
        if let Some(option) = sent.option {
            let _ = writeln!(text, "options = [\"{option}\"]");
        }
        if sent.forced {
            text.push_str("forced = true\n");
        }
        let said = expect.map(|fired| {
            // A push says nothing about what is owed.
            let said = fired.iter().filter(|(rule, _, _)| *rule != "merge-back-missing");
            let each = said
                .map(|(rule, name, outcome)| format!("\"{}\"", worded(outcome.name(), rule, &name.short())));
            each.collect::<Vec<_>>().join(", ")
        });
        let _ = writeln!(text, "expect = [{}]", said.unwrap_or_default());
    }

    fn print_target(&self, name: &RefName, label: &str, target: &Target) -> String {
        match target {
            Target::Commit(at) => format!("\"{}\" = \"c{at}\"", label.replace("tag: ", "light-tag: ")),
            Target::Tag { at, header: None, below: Below::Commit } => format!("\"{label}\" = \"c{at}\""),
            Target::Tag { at, header, below } => {
                let header =
                    header.as_ref().map(|header| format!(", header = \"{header}\"")).unwrap_or_default();
                let below = format!("{below:?}").to_lowercase();
                format!("\"{label}\" = {{ at = \"c{at}\", of = \"{below}\"{header} }}")
            }
            Target::Record { at, flaw, .. } => match (kind_of(&self.model.policy, name), flaw) {
                (RefKind::Record(record), None) => {
                    let word = if record.revokes { "rolled-back" } else { "confirmed" };
                    let place = if record.environment == "prod" {
                        String::new()
                    } else {
                        format!(" in {}", record.environment)
                    };
                    format!("\"{word}: {}{place}\" = \"c{at}\"", record.version_tag)
                }
                _ => format!("\"{label}\" = {{ at = \"c{at}\", message = \"{flaw:?}\" }}"),
            },
        }
    }

    /// The commits that some push needs.
    fn used(&self) -> BTreeSet<usize> {
        let targets = self.pushes.iter().flat_map(|sent| &sent.updates);
        let mut todo: Vec<usize> = targets.filter_map(|(_, target)| Some(target.as_ref()?.at())).collect();
        let mut used = BTreeSet::new();
        while let Some(at) = todo.pop() {
            if used.insert(at) {
                todo.extend(&self.commits[at].parents);
                match self.commits[at].content {
                    Content::TreeOf(of) | Content::SameChange(of) | Content::Squash(of) => todo.push(of),
                    Content::Usual | Content::Evil | Content::Empty | Content::Policy { .. } => {}
                }
            }
        }
        used
    }
}

/// The clock when the push number `n` is sent.
pub fn clock(n: usize) -> Seconds {
    START + 100_000 + 3600 * i64::try_from(n).expect("a story is short")
}
