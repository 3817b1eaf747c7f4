//! A history as people draw it: commits by name, lines between them, labels at the row's end.
//!
//! Time runs from left to right. `-` leads along a row, `/` and `\` from row to row, `|` straight
//! up or down. A line that reaches a commit along its row comes from the first parent; one that
//! reaches it from another row comes from a further parent, or from the only one.
//!
//! ```text
//! A---B---C---M      (develop)
//!      \     /
//!       R---S        (release-1.0.0, tag: v1.0.0, master@A)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::name::unknown;

/// A drawn history: what was drawn, not yet made of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// The commits, each after its parents.
    pub commits: Vec<Sketch>,
    /// The labels, in the order they are read.
    pub labels: Vec<Placed>,
}

/// One commit of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// Its name in the picture.
    pub name: String,
    /// The names of its parents, first parent first.
    pub parents: Vec<String>,
    /// The subject, where the picture gives one.
    pub subject: Option<String>,
}

/// A label and the commit it stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// What it says.
    pub label: Label,
    /// The name of the commit; `None` where the label itself knows (a record stands where its
    /// version tag stands).
    pub at: Option<String>,
    /// The row, from 1.
    pub row: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What a label makes of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// `develop`: a branch.
    Branch(String),
    /// `tag: v1.0.0`: an annotated tag.
    Tag(String),
    /// `light-tag: v1.0.0`: a lightweight tag.
    LightTag(String),
    /// `confirmed: v1.0.0`, `rolled-back: v1.0.0 in alpha`: a record about a version tag.
    Record {
        /// Whether it revokes.
        revokes: bool,
        /// The version tag's short name.
        version_tag: String,
        /// The environment.
        environment: String,
    },
    /// `refs/notes/x`: any other ref, by its full name.
    Ref(String),
}

const PREFIXES: [&str; 4] = ["tag:", "light-tag:", "confirmed:", "rolled-back:"];

impl Label {
    /// Reads a label without its `@COMMIT`.
    ///
    /// # Errors
    /// With a sentence that says what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((prefix, rest)) = text.split_once(':') else {
            return Self::plain(text);
        };
        let name = rest.trim();
        match prefix.trim() {
            "tag" => named(name).map(Self::Tag),
            "light-tag" => named(name).map(Self::LightTag),
            "confirmed" => Self::record(false, name),
            "rolled-back" => Self::record(true, name),
            other => Err(unknown(&format!("label `{other}:`"), &format!("{other}:"), &PREFIXES)),
        }
    }

    fn plain(text: &str) -> Result<Self, String> {
        let name = named(text)?;
        Ok(if name.starts_with("refs/") { Self::Ref(name) } else { Self::Branch(name) })
    }

    fn record(revokes: bool, text: &str) -> Result<Self, String> {
        let (version_tag, environment) = text.split_once(" in ").unwrap_or((text, "prod"));
        Ok(Self::Record {
            revokes,
            version_tag: named(version_tag.trim())?,
            environment: named(environment.trim())?,
        })
    }
}

fn named(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a label needs a name".to_owned());
    }
    if text.contains(char::is_whitespace) {
        return Err(format!("`{text}` has a space in it; labels are parted by commas"));
    }
    Ok(text.to_owned())
}

/// A mistake in a picture: where it is and what it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The row, from 1.
    pub row: usize,
    /// The column, from 1.
    pub column: usize,
    /// The row as it was drawn.
    pub line: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}, column {}: {}", self.row, self.column, self.what)?;
        writeln!(f, "  {}", self.line)?;
        write!(f, "  {:>1$}", '^', self.column)
    }
}

impl Picture {
    /// Reads a drawn history.
    ///
    /// # Errors
    /// With every mistake in it, from top to bottom.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        Drawing::read(text).finish(&[])
    }

    /// Reads a drawn history and the commits that were written beside it, `M: S H  subject` each.
    /// Of the drawn commits one may begin the history; a further root is written, so that a line
    /// which was forgotten is noticed.
    ///
    /// # Errors
    /// With every mistake; one in the line `n` of `written` has the row `rows of text + n`.
    pub fn read_with(text: &str, written: &[&str]) -> Result<Self, Vec<Mistake>> {
        let mut drawing = Drawing::read(text);
        drawing.find_lost_commits();
        drawing.finish(written)
    }
}

type At = (usize, usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Blank,
    /// `-`
    Dash,
    /// `/`
    Rising,
    /// `\`
    Falling,
    /// `|`
    Bar,
    Commit(usize),
}

#[derive(Debug)]
struct Dot {
    name: String,
    row: usize,
    from: usize,
    to: usize,
    parents: Vec<String>,
    subject: Option<String>,
}

/// A picture while it is read: its cells, and what has been understood of them.
struct Drawing<'a> {
    rows: Vec<&'a str>,
    cells: Vec<Vec<Cell>>,
    dots: Vec<Dot>,
    labels: Vec<Placed>,
    used: BTreeSet<At>,
    mistakes: Vec<Mistake>,
}

impl<'a> Drawing<'a> {
    fn read(text: &'a str) -> Self {
        let mut drawing = Self {
            rows: text.lines().map(str::trim_end).collect(),
            cells: vec![],
            dots: vec![],
            labels: vec![],
            used: BTreeSet::new(),
            mistakes: vec![],
        };
        for row in 0..drawing.rows.len() {
            drawing.read_row(row);
        }
        drawing.trace();
        drawing
    }

    fn finish(mut self, written: &[&str]) -> Result<Picture, Vec<Mistake>> {
        self.take_written(written);
        self.settle_labels();
        let picture = self.in_order();
        self.mistakes.sort();
        self.mistakes.dedup();
        if self.mistakes.is_empty() { Ok(picture) } else { Err(self.mistakes) }
    }

    fn find_lost_commits(&mut self) {
        let mut roots: Vec<usize> = (0..self.dots.len()).collect();
        roots.retain(|at| self.dots[*at].parents.is_empty());
        roots.sort_by_key(|at| (self.dots[*at].from, self.dots[*at].row));
        for lost in roots.into_iter().skip(1) {
            let name = &self.dots[lost].name;
            let what =
                format!("no line leads to `{name}`; a further root is written: `commits = [\"{name}:\"]`");
            self.mistake_of(lost, what);
        }
    }

    fn read_row(&mut self, row: usize) {
        let line = self.rows[row];
        let (drawn, labels) = line.find('(').map_or((line, ""), |at| line.split_at(at));
        self.cells.push(vec![]);
        let bytes = drawn.as_bytes();
        let mut column = 0;
        while column < bytes.len() {
            let rest = &drawn[column..];
            let cell = match bytes[column] {
                b' ' => Cell::Blank,
                b'-' => Cell::Dash,
                b'/' => Cell::Rising,
                b'\\' => Cell::Falling,
                b'|' => Cell::Bar,
                _ => {
                    let len = rest.bytes().take_while(|byte| is_of_a_name(*byte)).count();
                    if len == 0 {
                        let odd = rest.chars().next().expect("there is a byte, so there is a character");
                        self.mistake((row, column), format!("`{}` draws nothing", odd.escape_default()));
                        return;
                    }
                    let commit = self.dots.len();
                    self.add_dot(&rest[..len], row, column);
                    self.cells[row].extend(vec![Cell::Commit(commit); len]);
                    column += len;
                    continue;
                }
            };
            self.cells[row].push(cell);
            column += 1;
        }
        self.read_labels(row, drawn.len(), labels);
    }

    fn add_dot(&mut self, name: &str, row: usize, from: usize) {
        if self.dots.iter().any(|dot| dot.name == name) {
            self.mistake((row, from), format!("`{name}` is drawn twice"));
        }
        let (name, to) = (name.to_owned(), from + name.len() - 1);
        self.dots.push(Dot { name, row, from, to, parents: vec![], subject: None });
    }

    fn read_labels(&mut self, row: usize, start: usize, text: &str) {
        let Some(inner) = text.strip_prefix('(') else { return };
        let Some((inner, behind)) = inner.split_once(')') else {
            return self.mistake((row, start), "this parenthesis is never closed".to_owned());
        };
        if !behind.is_empty() {
            let at = start + text.len() - behind.trim_start().len();
            return self.mistake((row, at), "labels end the row; nothing may follow them".to_owned());
        }
        let mut column = start + 1;
        for part in inner.split(',') {
            let place = column + part.len() - part.trim_start().len();
            column += part.len() + 1;
            self.read_label(row, place, part.trim());
        }
    }

    fn read_label(&mut self, row: usize, column: usize, text: &str) {
        let (text, named) = match text.rsplit_once('@') {
            Some((text, name)) => (text, Some(name.trim().to_owned())),
            None => (text, None),
        };
        let label = match Label::read(text) {
            Ok(label) => label,
            Err(what) => return self.mistake((row, column), what),
        };
        let last = self.dots.iter().rfind(|dot| dot.row == row).map(|dot| dot.name.clone());
        let at = match (&label, named) {
            // A record stands where its tag stands, unless it says otherwise.
            (Label::Record { .. }, None) => None,
            (_, Some(name)) => Some(name),
            (_, None) if last.is_some() => last,
            _ => {
                let what = format!("this row has no commit; write `{}@COMMIT`", text.trim());
                return self.mistake((row, column), what);
            }
        };
        self.labels.push(Placed { label, at, row: row + 1, column: column + 1 });
    }

    fn take_written(&mut self, written: &[&str]) {
        for (n, line) in written.iter().enumerate() {
            let row = self.rows.len() + n;
            if let Err(what) = self.take_line(row, line) {
                self.mistakes.push(Mistake { row: row + 1, column: 1, line: (*line).to_owned(), what });
            }
        }
    }

    fn take_line(&mut self, row: usize, line: &str) -> Result<(), String> {
        let form = "write `NAME: PARENT PARENT  subject`, two spaces before the subject";
        let (name, rest) = line.split_once(':').ok_or_else(|| format!("`{line}` has no colon; {form}"))?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(is_of_a_name) {
            return Err(format!("`{name}` is no name of a commit; {form}"));
        }
        if self.dots.iter().any(|dot| dot.name == name) {
            return Err(format!("`{name}` is there already"));
        }
        let (parents, subject) = rest.split_once("  ").unwrap_or((rest, ""));
        let subject = subject.trim();
        self.dots.push(Dot {
            name: name.to_owned(),
            row,
            from: 0,
            to: 0,
            parents: parents.split_whitespace().map(str::to_owned).collect(),
            subject: (!subject.is_empty()).then(|| subject.to_owned()),
        });
        Ok(())
    }

    fn settle_labels(&mut self) {
        let names: Vec<String> = self.dots.iter().map(|dot| dot.name.clone()).collect();
        for label in self.labels.clone() {
            let Some(at) = label.at.as_ref().filter(|at| !names.contains(at)) else { continue };
            let what = unknown(&format!("commit `{at}`"), at, &names);
            self.mistake((label.row - 1, label.column - 1), what);
        }
    }

    fn in_order(&mut self) -> Picture {
        let names: Vec<String> = self.dots.iter().map(|dot| dot.name.clone()).collect();
        let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (&**name, at)).collect();
        let mut parents: Vec<Vec<usize>> = vec![];
        for at in 0..self.dots.len() {
            let (known, missing): (Vec<_>, Vec<_>) =
                self.dots[at].parents.iter().partition(|name| place.contains_key(name.as_str()));
            parents.push(known.iter().map(|name| place[name.as_str()]).collect());
            let missing: Vec<String> = missing.into_iter().cloned().collect();
            for name in missing {
                self.mistake_of(at, unknown(&format!("commit `{name}`"), &name, &names));
            }
        }
        // As time runs in the drawing: by column, then by row; what was written comes last.
        let mut waiting: Vec<usize> = (0..self.dots.len()).collect();
        waiting.sort_by_key(|&at| {
            let dot = &self.dots[at];
            (dot.row >= self.rows.len(), dot.from, dot.row)
        });
        let mut order: Vec<usize> = vec![];
        while let Some(next) =
            waiting.iter().position(|&at| parents[at].iter().all(|parent| order.contains(parent)))
        {
            order.push(waiting.remove(next));
        }
        if let Some(&stuck) = waiting.first().filter(|_| self.mistakes.is_empty()) {
            self.mistake_of(stuck, format!("`{}` would be its own ancestor", self.dots[stuck].name));
        }
        let commits = order
            .into_iter()
            .map(|at| Sketch {
                name: self.dots[at].name.clone(),
                parents: self.dots[at].parents.clone(),
                subject: self.dots[at].subject.clone(),
            })
            .collect();
        Picture { commits, labels: self.labels.clone() }
    }

    fn mistake_of(&mut self, dot: usize, what: String) {
        let (row, from) = (self.dots[dot].row, self.dots[dot].from);
        self.mistake((row, from), what);
    }

    fn mistake(&mut self, (row, column): At, what: String) {
        let line = self.rows.get(row).copied().unwrap_or_default();
        // Shown in columns of characters, counted in bytes until now.
        let column = line.get(..column).map_or(column, |before| before.chars().count());
        self.mistakes.push(Mistake { row: row + 1, column: column + 1, line: line.to_owned(), what });
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

/// Following the lines back in time, from right to left.
impl Drawing<'_> {
    fn trace(&mut self) {
        for commit in 0..self.dots.len() {
            let parents = self.parents(commit);
            for (n, parent) in parents.iter().enumerate() {
                if parents[..n].contains(parent) {
                    let (child, parent) = (&self.dots[commit].name, &self.dots[*parent].name);
                    let what = format!("`{child}` would have the parent `{parent}` twice");
                    self.mistake_of(commit, what);
                }
            }
            self.dots[commit].parents = parents.iter().map(|at| self.dots[*at].name.clone()).collect();
        }
        self.find_loose_ends();
    }

    fn parents(&mut self, commit: usize) -> Vec<usize> {
        let (row, from, to) = (self.dots[commit].row, self.dots[commit].from, self.dots[commit].to);
        let mut found = vec![];
        if let Some(left) = left((row, from)) {
            match self.cell(left) {
                Cell::Dash => self.along_row(left, &mut found),
                Cell::Rising | Cell::Falling if self.newer(left) == Some((row, from)) => {
                    self.sources(left, &mut found);
                }
                _ => {}
            }
        }
        for column in from..=to {
            self.landings((row, column), &mut found);
        }
        found
    }

    /// Adds what reaches the cell `at` from the rows above and below.
    fn landings(&mut self, at: At, found: &mut Vec<usize>) {
        let (row, column) = at;
        let above_left = row.checked_sub(1).zip(column.checked_sub(1));
        let above = row.checked_sub(1).map(|row| (row, column));
        let below_left = column.checked_sub(1).map(|column| (row + 1, column));
        let below = Some((row + 1, column));
        let ways =
            [(above_left, Cell::Falling), (above, Cell::Bar), (below_left, Cell::Rising), (below, Cell::Bar)];
        for (from, kind) in ways {
            let Some(from) = from.filter(|from| self.cell(*from) == kind) else { continue };
            if self.newer(from) == Some(at) {
                self.sources(from, found);
            }
        }
    }

    /// Adds the commits that the line through `at` comes from.
    fn sources(&mut self, at: At, found: &mut Vec<usize>) {
        match self.cell(at) {
            Cell::Commit(commit) => found.push(commit),
            Cell::Dash => self.along_row(at, found),
            Cell::Blank => {}
            Cell::Rising | Cell::Falling | Cell::Bar => {
                self.use_stroke(at);
                match self.older(at) {
                    Some(older) => self.sources(older, found),
                    None => self.mistake(at, format!("`{}` comes from nowhere", self.drawn(at))),
                }
            }
        }
    }

    fn use_stroke(&mut self, at: At) {
        self.used.insert(at);
        if self.cell(at) == Cell::Bar {
            let (top, bottom) = self.extent(at);
            self.used.extend((top..=bottom).map(|row| (row, at.1)));
        }
    }

    /// Follows a row to the left, from the dash `at` to what it begins with, then takes in what
    /// joins it on the way.
    fn along_row(&mut self, at: At, found: &mut Vec<usize>) {
        let mut dashes = vec![];
        let mut next = Some(at);
        let mut begins = false;
        while let Some(here) = next {
            match self.cell(here) {
                Cell::Dash => {
                    self.used.insert(here);
                    dashes.push(here);
                }
                Cell::Blank => break,
                Cell::Rising | Cell::Falling | Cell::Bar if self.crosses(here) => {}
                _ => {
                    self.sources(here, found);
                    begins = true;
                    break;
                }
            }
            next = left(here);
        }
        let without_joined = found.len();
        for dash in dashes.iter().rev() {
            self.landings(*dash, found);
        }
        if !begins && found.len() == without_joined {
            let first = dashes.last().copied().unwrap_or(at);
            self.mistake(first, "`-` comes from nowhere".to_owned());
        }
    }

    /// Returns where a slanted or upright stroke comes from.
    fn older(&self, at: At) -> Option<At> {
        match self.cell(at) {
            Cell::Rising => self.end(at, (1, -1), -1),
            Cell::Falling => self.end(at, (-1, -1), -1),
            Cell::Bar => self.bar(at).map(|(older, _)| older),
            _ => None,
        }
    }

    /// Returns where a slanted or upright stroke leads to.
    fn newer(&self, at: At) -> Option<At> {
        match self.cell(at) {
            Cell::Rising => self.end(at, (-1, 1), 1),
            Cell::Falling => self.end(at, (1, 1), 1),
            Cell::Bar => self.bar(at).map(|(_, newer)| newer),
            _ => None,
        }
    }

    /// Returns the cell that a slanted stroke goes on in: straight on, else beside it on its row.
    fn end(&self, at: At, straight: (isize, isize), beside: isize) -> Option<At> {
        let stroke = self.cell(at);
        let on = |cell| matches!(cell, Cell::Dash | Cell::Bar | Cell::Commit(_)) || cell == stroke;
        let ahead = step(at, straight).filter(|at| on(self.cell(*at)));
        ahead.or_else(|| {
            step(at, (0, beside)).filter(|at| matches!(self.cell(*at), Cell::Dash | Cell::Commit(_)))
        })
    }

    /// Returns the older and the newer end of the upright line through `at`. It runs as its ends
    /// slant; where they do not, from the top down.
    fn bar(&self, at: At) -> Option<(At, At)> {
        let ((top, bottom), column) = (self.extent(at), at.1);
        let joined = |at: At| matches!(self.cell(at), Cell::Dash | Cell::Commit(_)).then_some(at);
        let is = |at: Option<At>, cell| at.filter(|at| self.cell(*at) == cell);
        let upper = step((top, column), (-1, 0)).and_then(joined);
        let upper_older = is(step((top, column), (-1, -1)), Cell::Falling);
        let upper_newer = is(step((top, column), (-1, 1)), Cell::Rising);
        let lower = step((bottom, column), (1, 0)).and_then(joined);
        let lower_older = is(step((bottom, column), (1, -1)), Cell::Rising);
        let lower_newer = is(step((bottom, column), (1, 1)), Cell::Falling);
        match (upper, lower) {
            (Some(upper), Some(lower)) => Some((upper, lower)),
            (Some(upper), None) => {
                lower_newer.map(|newer| (upper, newer)).or_else(|| lower_older.map(|older| (older, upper)))
            }
            (None, Some(lower)) => {
                upper_older.map(|older| (older, lower)).or_else(|| upper_newer.map(|newer| (lower, newer)))
            }
            (None, None) => upper_older.zip(lower_newer).or_else(|| lower_older.zip(upper_newer)),
        }
    }

    /// Returns the first and the last row of the upright line through `at`.
    fn extent(&self, (row, column): At) -> (usize, usize) {
        let is_bar = |row: &usize| self.cell((*row, column)) == Cell::Bar;
        let top = (0..=row).rev().take_while(is_bar).last().unwrap_or(row);
        let bottom = (row..self.cells.len()).take_while(is_bar).last().unwrap_or(row);
        (top, bottom)
    }

    /// Whether the stroke at `at` goes straight through a row's dashes.
    fn crosses(&self, at: At) -> bool {
        let dash = |at: Option<At>| at.is_some_and(|at| self.cell(at) == Cell::Dash);
        let ends = match self.cell(at) {
            Cell::Rising => [(1, -1), (-1, 1)],
            Cell::Falling => [(-1, -1), (1, 1)],
            _ => [(-1, 0), (1, 0)],
        };
        let goes_on = |by| step(at, by).is_some_and(|at| self.cell(at) != Cell::Blank);
        dash(step(at, (0, -1))) && dash(step(at, (0, 1))) && ends.into_iter().all(goes_on)
    }

    fn find_loose_ends(&mut self) {
        for row in 0..self.cells.len() {
            for column in 0..self.cells[row].len() {
                let at = (row, column);
                if matches!(self.cell(at), Cell::Blank | Cell::Commit(_)) || self.used.contains(&at) {
                    continue;
                }
                // Of a line that is loose, only its end is said.
                let next = if self.cell(at) == Cell::Dash { step(at, (0, 1)) } else { self.newer(at) };
                let goes_on = next.is_some_and(|next| {
                    !matches!(self.cell(next), Cell::Blank | Cell::Commit(_)) && !self.used.contains(&next)
                });
                if !goes_on {
                    self.mistake(at, format!("`{}` leads nowhere", self.drawn(at)));
                }
            }
        }
    }

    fn cell(&self, (row, column): At) -> Cell {
        self.cells.get(row).and_then(|row| row.get(column)).copied().unwrap_or(Cell::Blank)
    }

    fn drawn(&self, at: At) -> char {
        match self.cell(at) {
            Cell::Rising => '/',
            Cell::Falling => '\\',
            Cell::Bar => '|',
            _ => '-',
        }
    }
}

fn left(at: At) -> Option<At> {
    step(at, (0, -1))
}

fn step((row, column): At, (down, right): (isize, isize)) -> Option<At> {
    Some((row.checked_add_signed(down)?, column.checked_add_signed(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parents(text: &str) -> String {
        let picture = Picture::read(text).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        let shown =
            picture.commits.iter().map(|commit| format!("{}:{}", commit.name, commit.parents.join(",")));
        shown.collect::<Vec<_>>().join(" ")
    }

    fn mistakes(text: &str) -> Vec<String> {
        Picture::read(text).expect_err("there is a mistake").iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn a_row_is_a_trunk_and_slants_are_branches_and_merges() {
        let drawn = r"
A---B---C-----M
     \       /
      R---S--
           \
            H";
        assert_eq!(parents(drawn), "A: B:A R:B C:B S:R H:S M:C,S");
    }

    #[test]
    fn a_slant_may_be_several_rows_long_and_go_on_along_a_row() {
        let drawn = r"
A---B---C---D------N
     \     /      /
      X---Y      /
       \        /
        ---P---Q";
        assert_eq!(parents(drawn), "A: B:A X:B C:B Y:X P:X D:C,Y Q:P N:D,Q");
    }

    #[test]
    fn lines_may_cross() {
        let drawn = r"
D1----D2---D3
  \       /
A--\-----/---B
    \   /
     P-Q";
        assert_eq!(parents(drawn), "D1: A: P:D1 D2:D1 Q:P D3:D2,Q B:A");
    }

    #[test]
    fn upright_lines_run_as_their_ends_slant_else_down() {
        assert_eq!(parents("A---B\n    |\n    C"), "A: B:A C:B");
        assert_eq!(parents("A---B\n \\\n  |\n  |\n   \\\n    C"), "A: B:A C:A");
        assert_eq!(parents("    M\n   /\n  |\n /\nA"), "A: M:A");
    }

    #[test]
    fn names_may_be_long_and_a_slant_may_touch_any_letter() {
        assert_eq!(parents("base---tip_1.0\n \\      /\n  topic-"), "base: topic:base tip_1.0:base,topic");
    }

    #[test]
    fn labels_belong_to_the_rows_last_commit_or_to_the_one_they_name() {
        let picture = Picture::read(
            "A---B  (develop, tag: v1@A, confirmed: v1, rolled-back: v1 in alpha)\n (master@A)",
        );
        let labels = picture.expect("the picture is whole").labels;
        let record = |revokes, environment: &str| Label::Record {
            revokes,
            version_tag: "v1".to_owned(),
            environment: environment.to_owned(),
        };
        let shown: Vec<_> = labels.into_iter().map(|placed| (placed.label, placed.at)).collect();
        assert_eq!(
            shown,
            [
                (Label::Branch("develop".to_owned()), Some("B".to_owned())),
                (Label::Tag("v1".to_owned()), Some("A".to_owned())),
                (record(false, "prod"), None),
                (record(true, "alpha"), None),
                (Label::Branch("master".to_owned()), Some("A".to_owned())),
            ]
        );
    }

    #[test]
    fn what_is_hard_to_draw_can_be_written() {
        let picture = Picture::read_with("A---B---C\n     \\\n      Z", &["M: C Z  Merge it", "R:  a root"]);
        let commits = picture.expect("the picture is whole").commits;
        let merge = commits.iter().find(|commit| commit.name == "M").expect("M was written");
        assert_eq!(merge.parents, ["C", "Z"]);
        assert_eq!(merge.subject.as_deref(), Some("Merge it"));
        let root = commits.last().expect("there are commits");
        assert_eq!(
            (root.name.as_str(), root.parents.len(), root.subject.as_deref()),
            ("R", 0, Some("a root"))
        );
    }

    #[test]
    fn a_mistake_is_shown_with_a_caret_under_it() {
        assert_eq!(mistakes("A---B\n     \\"), ["line 2, column 6: `\\` leads nowhere\n       \\\n       ^"]);
        assert_eq!(mistakes("A   B\n  /\n C"), ["line 2, column 3: `/` leads nowhere\n    /\n    ^"]);
    }

    #[test]
    fn every_mistake_is_said_where_it_is() {
        let said = |text: &str| {
            let mistakes = Picture::read(text).expect_err("there is a mistake");
            mistakes.iter().map(|m| format!("{}:{} {}", m.row, m.column, m.what)).collect::<Vec<_>>()
        };
        assert_eq!(said("A---A"), ["1:5 `A` is drawn twice"]);
        assert_eq!(said("A---"), ["1:4 `-` leads nowhere"]);
        assert_eq!(said("--A"), ["1:1 `-` comes from nowhere"]);
        assert_eq!(said("A\té"), ["1:2 `\\t` draws nothing"]);
        assert_eq!(said("  \\\n   A"), ["1:3 `\\` comes from nowhere"]);
        assert_eq!(said("A (x"), ["1:3 this parenthesis is never closed"]);
        assert_eq!(said("A (x) B"), ["1:7 labels end the row; nothing may follow them"]);
        assert_eq!(said("A (tga: v1)"), ["1:4 there is no label `tga:`; did you mean `tag:`?"]);
        assert_eq!(said("Base (x@Bsae)"), ["1:7 there is no commit `Bsae`; did you mean `Base`?"]);
        assert_eq!(said("(x)"), ["1:2 this row has no commit; write `x@COMMIT`"]);
        assert_eq!(said("A-B\n \\\n  -\n"), ["3:3 `-` leads nowhere"]);
    }

    #[test]
    fn a_commit_beside_the_history_was_forgotten_unless_it_is_written() {
        let lost = Picture::read_with("A---B\n\n  C", &[]).expect_err("no line leads to C");
        assert_eq!((lost[0].row, lost[0].column), (3, 3));
        assert_eq!(lost[0].what, "no line leads to `C`; a further root is written: `commits = [\"C:\"]`");
        assert!(Picture::read_with("A---B", &["C:"]).is_ok());
        assert!(Picture::read("A---B\n\n  C").is_ok(), "in tests of ours, two roots are two roots");
    }

    #[test]
    fn nothing_written_may_close_a_circle() {
        let mistakes = Picture::read_with("", &["A: B", "B: A"]).expect_err("a circle");
        assert_eq!(mistakes[0].what, "`A` would be its own ancestor");
    }
}
