//! A history as `git fast-import` reads it, commit by commit.

use std::fmt::Display;
use std::io::{Result, Write};

/// Where a history is written to; its commits are numbered from 1.
pub struct Stream<W> {
    out: W,
    /// The number of the last commit.
    pub mark: usize,
}

impl<W: Write> Stream<W> {
    pub fn new(out: W) -> Self {
        Self { out, mark: 0 }
    }

    /// Writes a commit on a ref, with the files that it changes, and returns its number.
    pub fn commit(
        &mut self,
        reference: &str,
        subject: &str,
        who: &str,
        parents: &[usize],
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<usize> {
        self.mark += 1;
        let mark = self.mark;
        writeln!(self.out, "commit {reference}\nmark :{mark}\nauthor {who}\ncommitter {who}")?;
        write!(self.out, "data {}\n{subject}\n", subject.len() + 1)?;
        for (at, parent) in parents.iter().enumerate() {
            writeln!(self.out, "{} :{parent}", if at == 0 { "from" } else { "merge" })?;
        }
        for (path, content) in files {
            writeln!(self.out, "M 100644 inline {path}\ndata {}\n{content}", content.len())?;
        }
        writeln!(self.out)?;
        Ok(mark)
    }

    /// Sets a ref.
    pub fn reset(&mut self, reference: &str, mark: usize) -> Result<()> {
        writeln!(self.out, "reset {reference}\nfrom :{mark}\n")
    }

    /// Writes an annotated tag of a commit: of its id, or of `:` and its number.
    pub fn tag(&mut self, name: &str, commit: impl Display, who: &str, message: &str) -> Result<()> {
        write!(self.out, "tag {name}\nfrom {commit}\ntagger {who}\ndata {}\n{message}\n", message.len())
    }
}
