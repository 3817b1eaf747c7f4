//! Ancestry over a history of any size: exact whatever the dates say, fast where a table helps.
//!
//! A table (git's commit-graph) gives a commit a row, its parents' rows and its *level*: one more
//! than the highest level of its parents. Commits that have no row are read one by one and
//! numbered behind the table. Walks go by levels alone, so a commit's colours are final when its
//! turn comes; where levels are unknown and not worth their price, dates choose what is read
//! next, but never what is answered.

mod ancestry;
mod sets;
mod shallow;
mod survey;
mod trunk;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Answer, IdMap, IdSet, Oid, Seconds, Unreadable};

/// Where a walk reads commits.
pub trait Commits {
    /// Returns how many commits the table has; rows count from 0.
    fn rows(&self) -> u32;

    /// Returns the row of `id`.
    fn row_of(&self, id: &Oid) -> Option<u32>;

    /// Returns the commit in a row.
    fn id_of(&self, row: u32) -> Oid;

    /// Returns the level of a row.
    fn level_of(&self, row: u32) -> u32;

    /// Returns the committer's date of a row, where the table has it for certain.
    fn date_of(&self, row: u32) -> Option<Seconds> {
        let _ = row;
        None
    }

    /// Whether each level is known to be one more than the highest of the parents' levels.
    fn is_sound(&self) -> bool {
        false
    }

    /// Appends the rows of the parents of a row, first parent first; `false` where the table
    /// makes no sense there.
    fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool;

    /// Returns what the commit itself says.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read(&self, id: Oid) -> Answer<Header>;

    /// Whether the history may stop before its roots.
    fn is_shallow(&self) -> bool;

    /// Whether the history stops at `id`.
    fn is_boundary(&self, id: &Oid) -> bool;

    /// Whether `id` came with the push that is judged: no commit that was here before it can
    /// have `id` among its ancestors.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn is_fresh(&self, id: &Oid) -> Answer<bool>;

    /// Whether `id` and all its ancestors were here before the push that is judged.
    fn is_settled(&self, id: &Oid) -> bool;

    /// Is called every few thousand steps of a walk.
    ///
    /// # Errors
    /// [`Unreadable::Deadline`] where the time is over.
    fn pause(&self) -> Answer<()>;

    /// Is told that the table contradicts itself; it will not be asked again.
    fn distrust(&self);
}

/// The part of a commit that a walk needs.
#[derive(Debug, Clone)]
pub struct Header {
    /// The parents, first parent first.
    pub parents: Vec<Oid>,
    /// The committer's date, as claimed: what is read next may depend on it, no answer does.
    pub date: Seconds,
}

/// Ancestry over [`Commits`].
#[derive(Debug)]
pub struct Walk<C> {
    commits: C,
    rows: Cell<u32>,
    late: RefCell<Late>,
    steps: Cell<u32>,
    /// Room for the parents of one row.
    parents: RefCell<Vec<u32>>,
    /// The commits that were listed last: who asked for them asks about them.
    listed: RefCell<Vec<u32>>,
}

/// Why a walk ends without an answer.
#[derive(Debug)]
enum Stop {
    /// The table contradicts itself: begin again without it.
    Contradiction,
    /// There is no answer.
    Unreadable(Unreadable),
}

impl From<Unreadable> for Stop {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

type Step<T> = Result<T, Stop>;

/// The commits that have no row, numbered as they are met.
#[derive(Debug, Default)]
struct Late {
    numbers: IdMap<Oid, u32>,
    list: Vec<LateCommit>,
}

#[derive(Debug)]
struct LateCommit {
    id: Oid,
    /// `None`: not read yet.
    parents: Option<Box<[u32]>>,
    date: Seconds,
    /// 0: not known yet.
    level: u32,
    /// Whether it came with the push; `None`: not asked yet.
    fresh: Option<bool>,
}

/// The steps between two looks at the clock.
const STEPS: u32 = 4096;

impl<C: Commits> Walk<C> {
    /// Returns the walk over `commits`.
    pub fn new(commits: C) -> Self {
        let rows = Cell::new(commits.rows());
        Self {
            commits,
            rows,
            late: RefCell::default(),
            steps: Cell::new(0),
            parents: RefCell::default(),
            listed: RefCell::default(),
        }
    }

    /// Returns where the commits are read.
    pub fn commits(&self) -> &C {
        &self.commits
    }

    /// Returns the parents of `id`, first parent first.
    ///
    /// # Errors
    /// Where the commit cannot be read, or the history stops at it.
    pub fn parents(&self, id: Oid) -> Answer<Vec<Oid>> {
        self.answer(|| {
            let mut parents = vec![];
            let commit = self.number(&id);
            self.parents_into(commit, &mut parents)?;
            if !parents.is_empty() && self.commits.is_boundary(&id) {
                return Err(Unreadable::Shallow(id).into());
            }
            Ok(parents.into_iter().map(|parent| self.id(parent)).collect())
        })
    }

    /// Asks, and asks again without the table where the table contradicts itself.
    fn answer<T>(&self, ask: impl Fn() -> Step<T>) -> Answer<T> {
        loop {
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(Stop::Unreadable(why)) => return Err(why),
                Err(Stop::Contradiction) => {
                    self.commits.distrust();
                    self.rows.set(0);
                    self.late.take();
                    self.listed.take();
                }
            }
        }
    }

    /// Returns the number of `id`: its row, or a number behind the table.
    fn number(&self, id: &Oid) -> u32 {
        let rows = self.rows.get();
        if rows > 0
            && let Some(row) = self.commits.row_of(id)
        {
            return row;
        }
        let mut late = self.late.borrow_mut();
        let Late { numbers, list } = &mut *late;
        *numbers.entry(*id).or_insert_with(|| {
            let number = u32::try_from(list.len()).expect("fewer than 2^32 commits fit in memory");
            list.push(LateCommit { id: *id, parents: None, date: 0, level: 0, fresh: None });
            rows + number
        })
    }

    /// Returns the number of a commit that is asked about; its level is sound.
    fn asked(&self, id: &Oid) -> Step<u32> {
        let commit = self.number(id);
        self.sound_level(commit)?;
        Ok(commit)
    }

    fn all_asked(&self, ids: &[Oid]) -> Step<Vec<u32>> {
        let listed = self.listed.borrow();
        // What is asked for is mostly a part of what was listed, in the same order.
        let is_part = ids.len() > listed.len() / 32;
        let mut listed = listed.iter().copied().filter(|_| is_part);
        let number =
            |id: &Oid| listed.find(|known| self.id(*known) == *id).unwrap_or_else(|| self.number(id));
        let numbers: Vec<u32> = ids.iter().map(number).collect();
        for number in &numbers {
            self.sound_level(*number)?;
        }
        Ok(numbers)
    }

    fn id(&self, commit: u32) -> Oid {
        match commit.checked_sub(self.rows.get()) {
            None => self.commits.id_of(commit),
            Some(late) => self.late.borrow().list[late as usize].id,
        }
    }

    /// Returns the level where it is known, else 0.
    fn level(&self, commit: u32) -> u32 {
        match commit.checked_sub(self.rows.get()) {
            None => self.commits.level_of(commit),
            Some(late) => self.late.borrow().list[late as usize].level,
        }
    }

    fn has_row(&self, commit: u32) -> bool {
        commit < self.rows.get()
    }

    /// Whether `commit` came with the push; asked once.
    fn is_fresh(&self, commit: u32) -> Step<bool> {
        let Some(late) = commit.checked_sub(self.rows.get()) else { return Ok(false) };
        let (id, known) = {
            let entry = &self.late.borrow().list[late as usize];
            (entry.id, entry.fresh)
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let fresh = self.commits.is_fresh(&id)?;
        self.late.borrow_mut().list[late as usize].fresh = Some(fresh);
        Ok(fresh)
    }

    /// Reads a late commit's header, once.
    fn load(&self, late: usize) -> Step<()> {
        let id = {
            let known = &self.late.borrow().list[late];
            if known.parents.is_some() {
                return Ok(());
            }
            known.id
        };
        let header = self.commits.read(id)?;
        let parents = header.parents.iter().map(|parent| self.number(parent)).collect();
        let entry = &mut self.late.borrow_mut().list[late];
        entry.parents = Some(parents);
        entry.date = header.date;
        Ok(())
    }

    /// Appends the parents of `commit`; in a shallow history whatever the commit itself says.
    fn parents_into(&self, commit: u32, parents: &mut Vec<u32>) -> Step<()> {
        self.tick()?;
        let Some(late) = commit.checked_sub(self.rows.get()) else {
            let makes_sense = self.commits.parents_of(commit, parents);
            return if makes_sense { Ok(()) } else { Err(Stop::Contradiction) };
        };
        self.load(late as usize)?;
        let late = &self.late.borrow().list[late as usize];
        parents.extend(late.parents.iter().flatten());
        Ok(())
    }

    /// Returns the date of `commit` where it has no row; it is read for that.
    fn date(&self, commit: u32) -> Step<Seconds> {
        let Some(late) = commit.checked_sub(self.rows.get()) else { return Ok(0) };
        self.load(late as usize)?;
        Ok(self.late.borrow().list[late as usize].date)
    }

    /// Returns the level, or 0 where it is not known. In the table it must be one more than the
    /// highest of the parents' levels: a damaged one is noticed before it is used.
    fn sound_level(&self, commit: u32) -> Step<u32> {
        let level = self.level(commit);
        if !self.has_row(commit) || self.commits.is_sound() {
            return Ok(level);
        }
        let mut parents = self.parents.borrow_mut();
        parents.clear();
        let makes_sense = self.commits.parents_of(commit, &mut parents);
        let highest = parents.iter().map(|parent| self.level(*parent)).max().unwrap_or(0);
        if makes_sense && level == highest + 1 { Ok(level) } else { Err(Stop::Contradiction) }
    }

    /// Finds the levels of `commits`, reading whatever stands between them and the table.
    fn find_levels(&self, commits: &[u32]) -> Step<()> {
        self.find_levels_within(commits, usize::MAX)?;
        Ok(())
    }

    /// Finds the levels of `commits` unless more than `limit` commits had to be read; says which.
    fn find_levels_within(&self, commits: &[u32], mut limit: usize) -> Step<bool> {
        let mut parents = vec![];
        let mut todo: Vec<u32> = commits.iter().copied().filter(|commit| !self.has_row(*commit)).collect();
        while let Some(&commit) = todo.last() {
            if self.level(commit) > 0 {
                todo.pop();
                continue;
            }
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            let unknown = todo.len();
            let mut highest = 0;
            for &parent in &parents {
                let level = self.sound_level(parent)?;
                highest = highest.max(level);
                if level == 0 {
                    todo.push(parent);
                }
            }
            if todo.len() == unknown {
                let late = (commit - self.rows.get()) as usize;
                self.late.borrow_mut().list[late].level = highest + 1;
                todo.pop();
            } else if limit == 0 {
                return Ok(false);
            } else {
                limit -= 1;
            }
        }
        Ok(true)
    }

    fn tick(&self) -> Step<()> {
        let steps = self.steps.get() + 1;
        if steps < STEPS {
            self.steps.set(steps);
            return Ok(());
        }
        self.steps.set(0);
        Ok(self.commits.pause()?)
    }

    /// Returns room for a colour of every commit numbered so far.
    fn colours<T: Copy + Default>(&self) -> Colours<T> {
        let known = self.rows.get() as usize + self.late.borrow().list.len();
        Colours { few: HashMap::default(), all: vec![], known, most: (known / 64).max(32) }
    }
}

/// A colour for each commit; the default until one is set. Most walks meet few commits of a long
/// history: room for all is made only for those that meet many.
struct Colours<T> {
    few: HashMap<u32, T, BuildHasherDefault<ByNumber>>,
    /// Empty as long as there are few.
    all: Vec<T>,
    known: usize,
    /// How many are few.
    most: usize,
}

impl<T: Copy + Default> Colours<T> {
    fn get(&self, commit: u32) -> T {
        let colour = if self.all.is_empty() { self.few.get(&commit) } else { self.all.get(commit as usize) };
        colour.copied().unwrap_or_default()
    }

    fn at(&mut self, commit: u32) -> &mut T {
        if self.all.is_empty() {
            if self.few.len() < self.most {
                return self.few.entry(commit).or_default();
            }
            self.all = vec![T::default(); self.known.max(1)];
            for (commit, colour) in std::mem::take(&mut self.few) {
                *self.among_all(commit) = colour;
            }
        }
        self.among_all(commit)
    }

    fn among_all(&mut self, commit: u32) -> &mut T {
        let at = commit as usize;
        if at >= self.all.len() {
            self.all.resize((at + 1).max(self.all.len() * 2), T::default());
        }
        &mut self.all[at]
    }
}

/// Spreads numbers that follow each other.
#[derive(Debug, Default)]
struct ByNumber(u64);

impl Hasher for ByNumber {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}
