//! git's commit-graph files: positions, parents and levels of most commits, or nothing where
//! they cannot be trusted.

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::path::{Path, PathBuf};

use gix::commitgraph::{File, Graph, Position, file::Commit};
use gix::hash::Kind as Hash;

use super::sorted;
use crate::history::{Oid, Seconds};

/// The commit-graph of a repository, which may be empty.
#[derive(Default)]
pub(super) struct Table {
    graph: Option<Graph>,
    /// The rows of each file: those of one file are sorted by their ids.
    layers: Vec<Range<u32>>,
    /// How many rows were looked at one by one.
    looks: Cell<u32>,
    /// All rows, once it pays to have read them; `None`: they contradict each other.
    rows: OnceCell<Option<Vec<Row>>>,
    /// Why a graph that is there is not used.
    pub trouble: Option<String>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Table").field(&self.rows()).finish()
    }
}

/// What a walk needs of a row. In the file it stands between ids of trees and dates: a long walk, whose
/// rows are all over the file, waits for memory more than for anything else.
#[derive(Clone, Copy)]
struct Row {
    /// 0: git has none.
    level: u32,
    /// `NONE` where there is none.
    first: u32,
    /// `MORE` where the file has to be asked.
    second: u32,
    /// 0: not certain.
    date: u32,
}

const NONE: u32 = u32::MAX;
const MORE: u32 = u32::MAX - 1;

/// Once one in so many rows was looked at, all are read, in the order of the file.
const SHARE: u32 = 4;
/// Of a short table they are read at once.
const SHORT: u32 = 256;

/// git stops counting levels there.
const HIGHEST: u32 = (1 << 30) - 1;

impl Table {
    /// Opens the graph of the first directory that has one, as git does.
    pub(super) fn open(directories: &[PathBuf], hash: Hash) -> Self {
        for directory in directories {
            let found = match file(&directory.join("info/commit-graph"), hash) {
                Ok(Some(file)) => Found { files: vec![file], trouble: None },
                Ok(None) => chain(directory, directories, hash),
                Err(why) => Found { files: vec![], trouble: Some(why) },
            };
            if found.files.is_empty() && found.trouble.is_none() {
                continue;
            }
            if found.files.is_empty() {
                return Self { trouble: found.trouble, ..Self::default() };
            }
            let layers = layers(&found.files);
            return match Graph::new(found.files) {
                Ok(graph) => Self { graph: Some(graph), layers, trouble: found.trouble, ..Self::default() },
                Err(error) => Self { trouble: Some(error.to_string()), ..Self::default() },
            };
        }
        Self::default()
    }

    pub(super) fn rows(&self) -> u32 {
        self.graph.as_ref().map_or(0, Graph::num_commits)
    }

    pub(super) fn row_of(&self, id: &Oid) -> Option<u32> {
        let graph = self.graph.as_ref()?;
        let at = |row| graph.id_at(Position(row));
        self.layers.iter().find_map(|layer| sorted::place(layer.clone(), id, at))
    }

    pub(super) fn id_of(&self, row: u32) -> Oid {
        self.graph().id_at(Position(row)).to_owned()
    }

    /// Returns the level, or 0 where git has none.
    pub(super) fn level_of(&self, row: u32) -> u32 {
        match self.all() {
            Some(rows) => rows[row as usize].level,
            None => level(&self.graph().commit_at(Position(row))),
        }
    }

    /// Returns the committer's date. The file keeps its last 34 bits alone, so what may have lost
    /// some is not believed.
    pub(super) fn date_of(&self, row: u32) -> Option<Seconds> {
        let date = match self.all() {
            Some(rows) => rows[row as usize].date,
            None => date(&self.graph().commit_at(Position(row))),
        };
        (date > 0).then_some(date.into())
    }

    pub(super) fn tree_of(&self, row: u32) -> Oid {
        self.graph().commit_at(Position(row)).root_tree_id().to_owned()
    }

    pub(super) fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool {
        if let Some(rows) = self.all()
            && let Row { first, second, .. } = rows[row as usize]
            && second != MORE
        {
            parents.extend([first, second].into_iter().take_while(|parent| *parent != NONE));
            return true;
        }
        for parent in self.graph().commit_at(Position(row)).iter_parents() {
            let Ok(parent) = parent else { return false };
            parents.push(parent.0);
        }
        true
    }

    /// Whether all levels are known to be what they should be: one more than the highest of the
    /// parents' levels.
    pub(super) fn is_sound(&self) -> bool {
        self.rows.get().is_some_and(Option::is_some)
    }

    /// Returns all rows, where enough were asked for.
    fn all(&self) -> Option<&[Row]> {
        if let Some(rows) = self.rows.get() {
            return rows.as_deref();
        }
        let looks = self.looks.get() + 1;
        self.looks.set(looks);
        let graph = self.graph();
        if looks <= graph.num_commits() / SHARE + SHORT {
            return None;
        }
        self.rows.get_or_init(|| sound_rows(graph)).as_deref()
    }

    fn graph(&self) -> &Graph {
        self.graph.as_ref().expect("only a graph with commits has rows")
    }
}

fn layers(files: &[File]) -> Vec<Range<u32>> {
    let mut end = 0;
    let layer = |file: &File| {
        let begin = end;
        end = file.num_commits().saturating_add(end);
        begin..end
    };
    files.iter().map(layer).collect()
}

fn level(commit: &Commit<'_>) -> u32 {
    let level = commit.generation();
    if level < HIGHEST { level } else { 0 }
}

/// Returns the date, or 0 where that is not certain.
fn date(commit: &Commit<'_>) -> u32 {
    const PLAIN: u32 = 600_000_000;
    u32::try_from(commit.committer_timestamp()).ok().filter(|date| *date >= PLAIN).unwrap_or(0)
}

fn row(commit: Commit<'_>) -> Row {
    let mut parents = commit.iter_parents();
    let mut parent = || parents.next().map_or(NONE, |parent| parent.map_or(MORE, |parent| parent.0));
    let first = parent();
    let second = if first < MORE { parent() } else { first };
    let plain = second == NONE || second < MORE && parent() == NONE;
    Row { level: level(&commit), first, second: if plain { second } else { MORE }, date: date(&commit) }
}

/// Returns all rows, unless a level is not one more than the highest of the parents' levels.
fn sound_rows(graph: &Graph) -> Option<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::with_capacity(graph.num_commits() as usize);
    rows.extend(graph.iter_commits().map(row));
    let level = |row: u32| rows.get(row as usize).map(|row| row.level);
    let is_sound = |(at, row): (u32, &Row)| {
        let highest = if row.second == MORE {
            let parents = graph.commit_at(Position(at)).iter_parents();
            let levels = parents.map(|parent| level(parent.ok()?.0));
            levels.collect::<Option<Vec<u32>>>().map(|levels| levels.into_iter().max().unwrap_or(0))
        } else {
            let of = |parent| if parent == NONE { Some(0) } else { level(parent) };
            of(row.first).zip(of(row.second)).map(|(first, second)| first.max(second))
        };
        highest.is_some_and(|highest| row.level == highest + 1)
    };
    (0..).zip(&rows).all(is_sound).then_some(rows)
}

/// Graph files, the lowest layer first, and what is wrong with those that are missing here.
struct Found {
    files: Vec<File>,
    trouble: Option<String>,
}

fn file(path: &Path, hash: Hash) -> Result<Option<File>, String> {
    if !path.is_file() {
        return Ok(None);
    }
    let file = File::at(path).map_err(|error| error.to_string())?;
    if file.object_hash() != hash {
        return Err(format!("`{}` is made of other ids", path.display()));
    }
    Ok(Some(file))
}

/// Reads a chain of graph files; a layer may lie in the directory of an alternate. Layers above a
/// bad one are of no use, those below it are.
fn chain(directory: &Path, directories: &[PathBuf], hash: Hash) -> Found {
    let mut files: Vec<File> = vec![];
    let list = directory.join("info/commit-graphs/commit-graph-chain");
    let Ok(list) = std::fs::read_to_string(list) else { return Found { files, trouble: None } };
    for name in list.lines() {
        match layer(name, &files, directories, hash) {
            Ok(file) => files.push(file),
            Err(why) => return Found { files, trouble: Some(why) },
        }
    }
    Found { files, trouble: None }
}

fn layer(name: &str, bases: &[File], directories: &[PathBuf], hash: Hash) -> Result<File, String> {
    let id = Oid::from_hex(name.as_bytes()).map_err(|_| "the chain of graph files is damaged".to_owned())?;
    for directory in directories {
        let path = directory.join("info/commit-graphs").join(format!("graph-{name}.graph"));
        let Some(layer) = file(&path, hash)? else { continue };
        let fits = layer.checksum() == id && layer.iter_base_graph_ids().eq(bases.iter().map(File::checksum));
        return if fits {
            Ok(layer)
        } else {
            Err(format!("`{}` does not fit the layers below it", path.display()))
        };
    }
    Err(format!("the layer graph-{name}.graph is missing"))
}
