//! The fenced blocks of a page.

use std::path::PathBuf;

use crate::{files, top};

/// A block between two lines of backquotes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The line after the one that opens it, counted from 1.
    pub(crate) at: usize,
    /// What kind of text it is: the first word after the backquotes.
    pub(crate) kind: String,
    /// What else stands there.
    pub(crate) note: String,
    /// Its lines.
    pub(crate) lines: Vec<String>,
}

/// Returns the pages whose blocks are held: all that the repository shows to people.
pub(crate) fn pages() -> Vec<PathBuf> {
    let tops = std::fs::read_dir(top()).expect("the repository can be read");
    let tops = tops.map(|entry| entry.expect("the repository can be read").path());
    let mut pages: Vec<PathBuf> =
        tops.filter(|path| path.extension().is_some_and(|has| has == "md")).collect();
    for below in ["docs", "packaging", "templates", "fuzz", "benches"] {
        pages.extend(files(&top().join(below), "md"));
    }
    pages.sort();
    pages
}

/// Returns the blocks of `page`, also those inside a comment, which a reader does not see.
pub(crate) fn fences(page: &str) -> Vec<Fence> {
    let mut found: Vec<Fence> = vec![];
    let mut open = false;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(_), true) => open = false,
            (Some(info), false) => {
                let (kind, note) = info.split_once(' ').unwrap_or((info, ""));
                let (kind, note) = (kind.to_owned(), note.trim().to_owned());
                found.push(Fence { at: at + 2, kind, note, lines: vec![] });
                open = true;
            }
            (None, true) => {
                found.last_mut().expect("a block is open").lines.push(line.to_owned());
            }
            (None, false) => {}
        }
    }
    assert!(!open, "a block is not closed");
    found
}

#[test]
fn a_page_is_read_as_its_blocks() {
    let read = fences("Words.\n```toml a.toml\nx = 1\n```\n<!--\n```console\n$ true\n```\n-->\n");
    let [toml, console] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((toml.at, toml.kind.as_str(), toml.note.as_str()), (3, "toml", "a.toml"));
    assert_eq!(toml.lines, ["x = 1"]);
    assert_eq!((console.kind.as_str(), console.lines.as_slice()), ("console", &["$ true".to_owned()][..]));
}
