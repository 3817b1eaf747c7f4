//! A picture made into commits, tags and refs: the same ones in memory and in a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;

use super::picture::{Label, Mistake, Picture, Placed, Sketch};
use super::{Answer, BString, Commit, History, Memory, NewCommit, NewTag, Object, Oid, Ref, RefName, Refs};
use super::{Seconds, Signature};

/// The date of the first commit of a picture: 2024-01-08T09:00:00Z. The others follow a minute
/// apart, as time runs in the picture.
pub const FIRST_DATE: Seconds = 1_704_704_400;

const MINUTE: Seconds = 60;

/// What a picture leaves open, by the names of its commits.
///
/// A commit that is not a merge adds the file `<name>.txt`, a merge unites its parents' files.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Files that a commit writes instead of the one of its own name; `None` removes one.
    pub files: BTreeMap<String, BTreeMap<String, Option<String>>>,
    /// Dates; what comes later in the picture is never earlier.
    pub dates: BTreeMap<String, Seconds>,
    /// Authors.
    pub authors: BTreeMap<String, String>,
    /// `M = "S"`: M has exactly the files of S.
    pub tree_of: BTreeMap<String, String>,
    /// `X = "H"`: X makes the change that H made, as a cherry-pick does.
    pub same_change: BTreeMap<String, String>,
    /// `X = "S"`: X brings, as one commit, what merging S would bring.
    pub squash: BTreeMap<String, String>,
}

/// What makes a tag unlike the usual one.
#[derive(Debug, Clone, Default)]
pub struct TagDetails {
    /// The `tag` header inside the object.
    pub header: Option<String>,
    /// The message; `{commit}` in it stands for the id of the commit.
    pub message: Option<String>,
    /// The tagger's date.
    pub date: Option<Seconds>,
    /// The tagger's name.
    pub by: Option<String>,
    /// What it points to.
    pub of: TagOf,
}

/// What a tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TagOf {
    /// The commit.
    #[default]
    Commit,
    /// The commit's tree.
    Tree,
    /// A blob.
    Blob,
    /// Another annotated tag of the commit.
    Tag,
}

/// An object as it was made, to be made again in a repository.
#[derive(Debug, Clone)]
enum Made {
    Blob(Oid, Vec<u8>),
    Commit(Oid, NewCommit),
    Tag(Oid, NewTag),
}

impl Made {
    fn id(&self) -> Oid {
        match self {
            Self::Blob(id, _) | Self::Commit(id, _) | Self::Tag(id, _) => *id,
        }
    }
}

/// A picture made into a history and its refs.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// All commits and tags.
    pub history: Memory,
    /// The refs that the labels ask for.
    pub refs: Refs,
    commits: BTreeMap<String, Oid>,
    made: Vec<Made>,
    records: BTreeMap<(String, String), (u32, Seconds)>,
}

/// Draws a picture that is part of our own text.
///
/// # Panics
/// With the mistakes, where the picture has some.
#[must_use]
pub fn draw(text: &str) -> Drawn {
    Picture::read(text)
        .and_then(|picture| Drawn::new(&picture, &Details::default()).map_err(|mistake| vec![mistake]))
        .unwrap_or_else(|mistakes| panic!("could not draw the picture\n{}", mistakes[0]))
}

impl Drawn {
    /// Makes the objects and refs of a picture.
    ///
    /// # Errors
    /// With the first label that cannot be placed, or (in row 0) a detail that goes round in a
    /// circle.
    pub fn new(picture: &Picture, details: &Details) -> Result<Self, Mistake> {
        let mut drawn = Self {
            history: Memory::default(),
            refs: Refs::default(),
            commits: BTreeMap::new(),
            made: vec![],
            records: BTreeMap::new(),
        };
        let in_no_row = |what| Mistake { row: 0, column: 0, line: String::new(), what };
        drawn.add_commits(picture, details).map_err(in_no_row)?;
        // Records stand where their tags stand, so tags come first.
        let (records, others): (Vec<&Placed>, Vec<&Placed>) =
            picture.labels.iter().partition(|placed| matches!(placed.label, Label::Record { .. }));
        for placed in others.into_iter().chain(records) {
            let here = |what| Mistake { row: placed.row, column: placed.column, line: String::new(), what };
            let refs = drawn.refs.clone();
            let at = placed.at.as_deref().and_then(|at| drawn.commit(at));
            let (name, id) = drawn.place(&placed.label, at, &TagDetails::default(), &refs).map_err(here)?;
            if drawn.refs.get(&name).is_some() {
                return Err(here(format!("`{}` would stand at two commits", name.short())));
            }
            drawn.refs.set(Ref::new(name, id));
        }
        Ok(drawn)
    }

    /// Returns the commit called `name` in the picture.
    #[must_use]
    pub fn commit(&self, name: &str) -> Option<Oid> {
        self.commits.get(name).copied()
    }

    /// Returns the names of the commits.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.commits.keys().map(String::as_str).collect()
    }

    /// Adds a label, for histories of our own.
    ///
    /// # Panics
    /// Where there is no such commit or the label makes no sense.
    #[must_use]
    pub fn at(mut self, commit: &str, label: &str) -> Self {
        let at = self[commit];
        let refs = self.refs.clone();
        let (name, id) = Label::read(label)
            .and_then(|label| self.place(&label, Some(at), &TagDetails::default(), &refs))
            .unwrap_or_else(|mistake| panic!("could not place the label `{label}`: {mistake}"));
        self.refs.set(Ref::new(name, id));
        self
    }

    /// Returns the ref that a label stands for and what it points to; tag objects are made.
    /// `refs` say where a record's version tag stands.
    ///
    /// # Errors
    /// With a sentence, where the label stands at no commit.
    pub fn place(
        &mut self,
        label: &Label,
        at: Option<Oid>,
        details: &TagDetails,
        refs: &Refs,
    ) -> Result<(RefName, Oid), String> {
        let at = match label {
            Label::Record { version_tag, .. } if at.is_none() => {
                let tag = refs.get(&RefName::of_tag(version_tag)).map(|entry| entry.id);
                tag.and_then(|tag| self.peel(tag)).ok_or_else(|| {
                    format!("`{version_tag}` is not set here; write `{version_tag}@COMMIT`, or set it before")
                })?
            }
            _ => at.ok_or("it stands at no commit")?,
        };
        match label {
            Label::Branch(name) => Ok((RefName::of_branch(name), at)),
            Label::LightTag(name) => Ok((RefName::of_tag(name), self.target(at, name, details.of))),
            Label::Ref(name) => Ok((RefName::new(name.as_str()), at)),
            Label::Tag(name) => {
                let usual = Usual { message: format!("{name}\n"), by: "dev", date: self.date(at) + 10 };
                Ok((RefName::of_tag(name), self.add_tag(name, at, details, usual)))
            }
            Label::Record { revokes, version_tag, environment } => {
                let (name, usual) = self.record(*revokes, version_tag, environment, at);
                Ok((RefName::of_tag(&name), self.add_tag(&name, at, details, usual)))
            }
        }
    }

    /// Whether `id` is a tag object, a tree or a blob is no matter here: returns the commit below.
    #[must_use]
    pub fn peel(&self, id: Oid) -> Option<Oid> {
        match self.history.object(id).ok()? {
            Object::Commit => Some(id),
            Object::Tag(tag) => self.peel(tag.target),
            Object::Tree | Object::Blob => None,
        }
    }

    /// Returns the newest date that a commit or a tag claims.
    #[must_use]
    pub fn newest_date(&self) -> Seconds {
        let date = |made: &Made| match made {
            Made::Blob(..) => None,
            Made::Commit(_, commit) => Some(commit.by.time),
            Made::Tag(_, tag) => Some(tag.by.time),
        };
        self.made.iter().filter_map(date).max().unwrap_or(FIRST_DATE)
    }

    /// Returns every commit, tag and blob that was made on its own.
    #[must_use]
    pub fn everything(&self) -> BTreeSet<Oid> {
        self.made.iter().map(Made::id).collect()
    }

    /// Returns every object that `refs` need, as far as it was drawn.
    ///
    /// # Errors
    /// Where the history cannot be read.
    pub fn needed(&self, refs: &Refs) -> Answer<BTreeSet<Oid>> {
        let mut needed = BTreeSet::new();
        for entry in refs {
            let mut at = entry.id;
            needed.insert(at);
            while let Object::Tag(tag) = self.history.object(at)? {
                at = tag.target;
                needed.insert(at);
            }
            if matches!(self.history.object(at)?, Object::Commit) {
                needed.extend(self.history.ancestors(at)?);
            }
        }
        Ok(needed)
    }

    /// Returns the stream that makes git's `fast-import` write the objects among `wanted`. It
    /// leaves one ref behind, `refs/drawn`.
    #[must_use]
    pub fn fast_import(&self, wanted: &BTreeSet<Oid>) -> Vec<u8> {
        let marks: BTreeMap<Oid, usize> = self.made.iter().map(Made::id).zip(1..).collect();
        let mut stream = vec![];
        for made in self.made.iter().filter(|made| wanted.contains(&made.id())) {
            let mark = marks[&made.id()];
            match made {
                Made::Blob(_, content) => {
                    stream.extend_from_slice(format!("blob\nmark :{mark}\n").as_bytes());
                    add_data(&mut stream, content);
                }
                Made::Commit(_, commit) => write_commit(&mut stream, commit, mark, &marks),
                Made::Tag(_, tag) => {
                    // Only commits, blobs and tags have marks; a tree is named by its id.
                    let target =
                        marks.get(&tag.target).map_or(tag.target.to_string(), |mark| format!(":{mark}"));
                    let head = format!("tag {}\nmark :{mark}\nfrom {target}\n", tag.name);
                    stream.extend_from_slice(head.as_bytes());
                    add_signature(&mut stream, "tagger", &tag.by);
                    add_data(&mut stream, tag.message.as_bytes());
                    // Two objects may have one name; the ref is not wanted, the object stays.
                    let none = Oid::null(tag.target.kind());
                    stream
                        .extend_from_slice(format!("reset refs/tags/{}\nfrom {none}\n", tag.name).as_bytes());
                }
            }
        }
        stream
    }

    fn add_commits(&mut self, picture: &Picture, details: &Details) -> Result<(), String> {
        let mut trees = Trees::new(picture, details);
        let mut date = FIRST_DATE - MINUTE;
        for sketch in &picture.commits {
            let parents: Vec<Oid> = sketch.parents.iter().map(|parent| self.commits[parent]).collect();
            date += MINUTE;
            let after = parents.iter().map(|parent| self.date(*parent) + MINUTE).max().unwrap_or(date);
            let given = details.dates.get(&sketch.name).copied();
            let author = details.authors.get(&sketch.name).map_or("dev", String::as_str);
            let new = NewCommit {
                parents,
                files: trees.of(&sketch.name)?,
                by: person(author, given.unwrap_or(date.max(after))),
                message: format!("{}\n", sketch.subject.clone().unwrap_or_else(|| subject(sketch, picture))),
            };
            let id = self.history.add_commit(&new);
            self.commits.insert(sketch.name.clone(), id);
            self.made.push(Made::Commit(id, new));
        }
        Ok(())
    }

    fn add_tag(&mut self, name: &str, at: Oid, details: &TagDetails, usual: Usual<'_>) -> Oid {
        let new = NewTag {
            target: self.target(at, name, details.of),
            name: details.header.clone().unwrap_or_else(|| name.to_owned()),
            by: person(details.by.as_deref().unwrap_or(usual.by), details.date.unwrap_or(usual.date)),
            message: match &details.message {
                Some(message) => message.replace("{commit}", &at.to_string()),
                None => usual.message,
            },
        };
        let id = self.history.add_tag(&new);
        self.made.push(Made::Tag(id, new));
        id
    }

    fn target(&mut self, at: Oid, name: &str, of: TagOf) -> Oid {
        match of {
            TagOf::Commit => at,
            TagOf::Tree => self.history.commit(at).map_or(at, |commit| commit.tree),
            TagOf::Blob => {
                let content = format!("{name}\n").into_bytes();
                let id = self.history.add_blob(&content);
                self.made.push(Made::Blob(id, content));
                id
            }
            TagOf::Tag => {
                let usual = Usual { message: format!("{name}\n"), by: "dev", date: self.date(at) + 5 };
                self.add_tag(name, at, &TagDetails::default(), usual)
            }
        }
    }

    fn record(&mut self, revokes: bool, tag: &str, environment: &str, at: Oid) -> (String, Usual<'static>) {
        let earliest = self.date(at) + 20;
        let (n, date) =
            self.records.entry((environment.to_owned(), tag.to_owned())).or_insert((0, earliest - 1));
        *n += 1;
        *date = earliest.max(*date + 1);
        let (space, done, result) = if revokes {
            ("rolled-back", "Rolled back", "rolled-back\nReason: a fault in prod")
        } else {
            ("deployed", "Deployed", "success")
        };
        let name = format!("{space}/{environment}/{tag}/{n}");
        let message = format!(
            "{done} {tag} in {environment}\n\nEnvironment: {environment}\nVersion: {tag}\nCommit: {at}\nResult: {result}\n"
        );
        (name, Usual { message, by: "ci", date: *date })
    }

    fn date(&self, commit: Oid) -> Seconds {
        self.history.commit(commit).ok().and_then(date_of).unwrap_or(FIRST_DATE)
    }
}

impl Index<&str> for Drawn {
    type Output = Oid;

    fn index(&self, name: &str) -> &Oid {
        self.commits.get(name).unwrap_or_else(|| panic!("the picture has no commit `{name}`"))
    }
}

struct Usual<'a> {
    message: String,
    by: &'a str,
    date: Seconds,
}

fn date_of(commit: Commit) -> Option<Seconds> {
    commit.committer.map(|by| by.time)
}

fn person(name: &str, time: Seconds) -> Signature {
    Signature { name: BString::from(name), email: BString::from(format!("{name}@example.com")), time }
}

/// Returns the subject that git would propose, as far as the labels know the names.
fn subject(commit: &Sketch, picture: &Picture) -> String {
    let [_, second, ..] = commit.parents.as_slice() else {
        return commit.name.clone();
    };
    let labelled = |at: &str, kind: fn(&Label) -> Option<String>| {
        let mut labels = picture.labels.iter().filter(|placed| placed.at.as_deref() == Some(at));
        labels.find_map(|placed| kind(&placed.label))
    };
    let branch = |label: &Label| match label {
        Label::Branch(name) => Some(format!("branch '{name}'")),
        _ => None,
    };
    let tag = |label: &Label| match label {
        Label::Tag(name) | Label::LightTag(name) => Some(format!("tag '{name}'")),
        _ => None,
    };
    let what = labelled(second, branch).or_else(|| labelled(second, tag)).unwrap_or_else(|| second.clone());
    format!("Merge {what}")
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of every commit, found when they are asked for.
struct Trees<'a> {
    sketches: BTreeMap<&'a str, (usize, &'a Sketch)>,
    details: &'a Details,
    known: BTreeMap<String, Files>,
    asked: BTreeSet<String>,
}

impl<'a> Trees<'a> {
    fn new(picture: &'a Picture, details: &'a Details) -> Self {
        let sketches = picture.commits.iter().enumerate();
        Self {
            sketches: sketches.map(|(at, sketch)| (&*sketch.name, (at, sketch))).collect(),
            details,
            known: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    fn of(&mut self, name: &str) -> Result<Files, String> {
        if let Some(files) = self.known.get(name) {
            return Ok(files.clone());
        }
        if !self.asked.insert(name.to_owned()) {
            return Err(format!("the files of `{name}` would depend on themselves"));
        }
        let files = self.make(name)?;
        self.known.insert(name.to_owned(), files.clone());
        Ok(files)
    }

    fn make(&mut self, name: &str) -> Result<Files, String> {
        let Some(&(_, sketch)) = self.sketches.get(name) else {
            return Err(format!("there is no commit `{name}`"));
        };
        let details = self.details;
        if let Some(other) = details.tree_of.get(name) {
            return self.of(other);
        }
        let parents: Vec<&str> = sketch.parents.iter().map(String::as_str).collect();
        let mut files = self.united(&parents)?;
        if let Some(other) = details.squash.get(name) {
            let first = parents.first().copied().into_iter();
            files = self.united(&first.chain([other.as_str()]).collect::<Vec<_>>())?;
        } else if let Some(other) = details.same_change.get(name) {
            let before = match self.sketches.get(other.as_str()).and_then(|(_, other)| other.parents.first())
            {
                Some(parent) => self.of(parent)?,
                None => Files::new(),
            };
            files = three_way(&before, &files, &self.of(other)?);
        } else if parents.len() < 2 && !details.files.contains_key(name) {
            files.insert(format!("{name}.txt"), format!("{name}\n").into_bytes());
        }
        for (path, content) in details.files.get(name).into_iter().flatten() {
            match content {
                Some(content) => files.insert(path.clone(), content.clone().into_bytes()),
                None => files.remove(path),
            };
        }
        Ok(files)
    }

    /// Merges; where both sides changed a file, the first has it its way.
    fn united(&mut self, names: &[&str]) -> Result<Files, String> {
        let [first, others @ ..] = names else { return Ok(Files::new()) };
        let mut files = self.of(first)?;
        let mut merged = self.ancestors(first);
        for other in others {
            let theirs = self.ancestors(other);
            // The last common one in the picture's order is no ancestor of another common one.
            let base = merged.intersection(&theirs).max().map(|at| self.name_of(*at));
            let base = base.map_or(Ok(Files::new()), |base| self.of(&base))?;
            files = three_way(&base, &files, &self.of(other)?);
            merged.extend(theirs);
        }
        Ok(files)
    }

    fn ancestors(&self, name: &str) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![name];
        while let Some(&(at, sketch)) = todo.pop().and_then(|name| self.sketches.get(name)) {
            if seen.insert(at) {
                todo.extend(sketch.parents.iter().map(String::as_str));
            }
        }
        seen
    }

    fn name_of(&self, at: usize) -> String {
        let found = self.sketches.values().find(|(place, _)| *place == at);
        found.map(|(_, sketch)| sketch.name.clone()).unwrap_or_default()
    }
}

fn three_way(base: &Files, ours: &Files, theirs: &Files) -> Files {
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let merged = names.into_iter().filter_map(|name| {
        let (base, ours, theirs) = (base.get(name), ours.get(name), theirs.get(name));
        let kept = if ours == base { theirs } else { ours };
        Some((name.clone(), kept?.clone()))
    });
    merged.collect()
}

fn write_commit(stream: &mut Vec<u8>, commit: &NewCommit, mark: usize, marks: &BTreeMap<Oid, usize>) {
    // Without this a commit that names no parent would get the one before it.
    stream.extend_from_slice(b"reset refs/drawn\n");
    stream.extend_from_slice(format!("commit refs/drawn\nmark :{mark}\n").as_bytes());
    add_signature(stream, "author", &commit.by);
    add_signature(stream, "committer", &commit.by);
    add_data(stream, commit.message.as_bytes());
    for (n, parent) in commit.parents.iter().enumerate() {
        let role = if n == 0 { "from" } else { "merge" };
        stream.extend_from_slice(format!("{role} :{}\n", marks[parent]).as_bytes());
    }
    stream.extend_from_slice(b"deleteall\n");
    for (path, content) in &commit.files {
        stream.extend_from_slice(format!("M 100644 inline {path}\n").as_bytes());
        add_data(stream, content);
    }
}

fn add_signature(stream: &mut Vec<u8>, role: &str, by: &Signature) {
    stream.extend_from_slice(format!("{role} {} <{}> {} +0000\n", by.name, by.email, by.time).as_bytes());
}

fn add_data(stream: &mut Vec<u8>, data: &[u8]) {
    stream.extend_from_slice(format!("data {}\n", data.len()).as_bytes());
    stream.extend_from_slice(data);
    stream.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, details: &Details) -> Drawn {
        let picture = Picture::read(text).expect("the picture is whole");
        Drawn::new(&picture, details).expect("the details make sense")
    }

    fn one<T: From<&'static str>>(name: &str, value: &'static str) -> BTreeMap<String, T> {
        BTreeMap::from([(name.to_owned(), T::from(value))])
    }

    fn files(drawn: &Drawn, name: &str) -> String {
        drawn.history.files(drawn[name]).into_keys().collect::<Vec<_>>().join(" ")
    }

    const FORK: &str = r"
A---B---M   (develop)
 \     /
  R---S     (release-1.0.0, tag: v1.0.0)
   \
    H";

    #[test]
    fn each_commit_adds_a_file_of_its_name_and_a_merge_unites() {
        let drawn = draw(FORK);
        assert_eq!(files(&drawn, "H"), "A.txt H.txt R.txt");
        assert_eq!(files(&drawn, "M"), "A.txt B.txt R.txt S.txt");
        let merge = drawn.history.commit(drawn["M"]).expect("it was drawn");
        assert_eq!(merge.subject(), "Merge branch 'release-1.0.0'");
        assert_eq!(merge.parents, [drawn["B"], drawn["S"]]);
    }

    #[test]
    fn what_one_side_removed_stays_removed() {
        let removes = BTreeMap::from([("A.txt".to_owned(), None)]);
        let details = Details { files: BTreeMap::from([("S".to_owned(), removes)]), ..Details::default() };
        assert_eq!(files(&with(FORK, &details), "M"), "B.txt R.txt");
    }

    #[test]
    fn a_change_can_be_made_again_or_squashed_or_a_tree_taken_whole() {
        let details = Details { same_change: one("B", "S"), tree_of: one("M", "S"), ..Details::default() };
        let drawn = with(FORK, &details);
        assert_eq!(files(&drawn, "B"), "A.txt S.txt");
        assert_eq!(files(&drawn, "M"), "A.txt R.txt S.txt");
        let (h, s) = (drawn["H"], drawn["S"]);
        let change = |from: &str, to: &str| drawn.history.patch(Some(drawn[from]), drawn[to]).expect("drawn");
        assert_eq!(change("A", "B"), change("R", "S"));
        assert_ne!(h, s);

        let details = Details { squash: one("B", "S"), ..Details::default() };
        let drawn = with(FORK, &details);
        assert_eq!(files(&drawn, "B"), "A.txt R.txt S.txt");
        let change = |from: &str, to: &str| drawn.history.patch(Some(drawn[from]), drawn[to]).expect("drawn");
        assert_eq!(change("A", "B"), change("A", "S"));
    }

    #[test]
    fn files_that_depend_on_themselves_are_refused() {
        let picture = Picture::read(FORK).expect("the picture is whole");
        let mut tree_of: BTreeMap<String, String> = one("S", "H");
        tree_of.extend(one("H", "S"));
        let details = Details { tree_of, ..Details::default() };
        let mistake = Drawn::new(&picture, &details).expect_err("a circle");
        assert_eq!(mistake.what, "the files of `H` would depend on themselves");
    }

    #[test]
    fn time_runs_with_the_picture_and_never_back() {
        let details =
            Details { dates: BTreeMap::from([("R".to_owned(), FIRST_DATE + 7200)]), ..Details::default() };
        let drawn = with(FORK, &details);
        let dates: Vec<_> =
            ["A", "R", "B", "H", "S", "M"].map(|name| drawn.date(drawn[name]) - FIRST_DATE).into();
        assert_eq!(dates, [0, 7200, 120, 7260, 7260, 7320]);
    }

    #[test]
    fn records_say_all_that_is_asked_of_them_and_follow_each_other() {
        let drawn = draw("A (tag: v1.0.0, confirmed: v1.0.0, rolled-back: v1.0.0)");
        let tag = |name: &str| {
            let id = drawn.refs.get(&RefName::of_tag(name)).expect("it was drawn").id;
            match drawn.history.object(id) {
                Ok(Object::Tag(tag)) => tag,
                other => panic!("{name} is {other:?}"),
            }
        };
        let deployed = tag("deployed/prod/v1.0.0/1");
        let back = tag("rolled-back/prod/v1.0.0/2");
        assert_eq!((deployed.target, back.target), (drawn["A"], drawn["A"]));
        let expected = format!(
            "Deployed v1.0.0 in prod\n\nEnvironment: prod\nVersion: v1.0.0\nCommit: {}\nResult: success\n",
            drawn["A"]
        );
        assert_eq!(deployed.message, expected);
        assert!(back.message.to_string().ends_with("Result: rolled-back\nReason: a fault in prod\n"));
        assert!(deployed.tagger.map(|by| by.time) < back.tagger.map(|by| by.time));
    }

    #[test]
    fn a_record_needs_its_tag() {
        let picture = Picture::read("A (confirmed: v1.0.0)").expect("the picture is whole");
        let mistake = Drawn::new(&picture, &Details::default()).expect_err("no tag");
        assert_eq!(mistake.what, "`v1.0.0` is not set here; write `v1.0.0@COMMIT`, or set it before");
    }
}
