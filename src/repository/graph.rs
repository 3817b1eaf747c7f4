//! git's commit-graph files: positions, parents and levels of most commits, or nothing where
//! they cannot be trusted.

use std::path::{Path, PathBuf};

use gix::commitgraph::{File, Graph, Position};
use gix::hash::Kind as Hash;

use crate::history::{Oid, Seconds};

/// The commit-graph of a repository, which may be empty.
#[derive(Default)]
pub(super) struct Table {
    graph: Option<Graph>,
    /// Why a graph that is there is not used.
    pub trouble: Option<String>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Table").field(&self.rows()).finish()
    }
}

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
                return Self { graph: None, trouble: found.trouble };
            }
            return match Graph::new(found.files) {
                Ok(graph) => Self { graph: Some(graph), trouble: found.trouble },
                Err(error) => Self { graph: None, trouble: Some(error.to_string()) },
            };
        }
        Self::default()
    }

    pub(super) fn rows(&self) -> u32 {
        self.graph.as_ref().map_or(0, Graph::num_commits)
    }

    pub(super) fn row_of(&self, id: &Oid) -> Option<u32> {
        self.graph.as_ref()?.lookup(id).map(|position| position.0)
    }

    pub(super) fn id_of(&self, row: u32) -> Oid {
        self.graph().id_at(Position(row)).to_owned()
    }

    /// Returns the level, or 0 where git has none.
    pub(super) fn level_of(&self, row: u32) -> u32 {
        let level = self.graph().commit_at(Position(row)).generation();
        if level < HIGHEST { level } else { 0 }
    }

    /// Returns the last 34 bits of the committer's date.
    pub(super) fn date_of(&self, row: u32) -> Seconds {
        let date = self.graph().commit_at(Position(row)).committer_timestamp();
        Seconds::try_from(date).unwrap_or(0)
    }

    pub(super) fn tree_of(&self, row: u32) -> Oid {
        self.graph().commit_at(Position(row)).root_tree_id().to_owned()
    }

    pub(super) fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool {
        for parent in self.graph().commit_at(Position(row)).iter_parents() {
            let Ok(parent) = parent else { return false };
            parents.push(parent.0);
        }
        true
    }

    fn graph(&self) -> &Graph {
        self.graph.as_ref().expect("only a graph with commits has rows")
    }
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
