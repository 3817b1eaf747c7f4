//! The chart answers what rules ask of a history, from its lanes where it can.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::chart::{Chart, Content};
use crate::history::{Answer, Commit, History, Object, Oid, PatchId, Seconds, Signed, Survey, Unreadable};

/// What was asked before.
#[derive(Default)]
pub(super) struct Known {
    /// What the tips that were asked about last contain, newest first.
    contents: RefCell<Vec<(Vec<u32>, Rc<Content>)>>,
    /// What single tips contain, and how much that is.
    single: RefCell<(HashMap<u32, Rc<Content>>, usize)>,
    objects: RefCell<HashMap<Oid, Object>>,
    bases: RefCell<HashMap<(u32, u32), Vec<Oid>>>,
    patches: RefCell<HashMap<Trees, Option<PatchId>>>,
    touched: RefCell<HashMap<Trees, u64>>,
    outlines: RefCell<Outlines>,
    merges: RefCell<HashMap<(Oid, Oid), bool>>,
    /// Whether contents that were not compared before are to stay so.
    frugal: Cell<bool>,
    signatures: RefCell<HashMap<Oid, Signed>>,
    canvas: RefCell<Canvas>,
    /// The subject that was asked for last: who names a commit often names it twice.
    subject: RefCell<Option<(Oid, String)>>,
}

/// The commits whose trees a patch lies between.
type Trees = (Option<Oid>, Oid);

/// How many sets of tips are remembered.
const REMEMBERED: usize = 24;

/// How many places of what single tips contain are remembered.
const KEPT: usize = 4 << 20;

impl Known {
    pub(super) fn content(&self, tips: &[u32], find: impl FnOnce() -> Content) -> Rc<Content> {
        let mut known = self.contents.borrow_mut();
        if let Some(at) = known.iter().position(|(of, _)| of == tips) {
            known[..=at].rotate_right(1);
        } else {
            known.truncate(REMEMBERED - 1);
            known.insert(0, (tips.to_vec(), Rc::new(find())));
        }
        Rc::clone(&known[0].1)
    }

    pub(super) fn content_of_one(&self, tip: u32, find: impl FnOnce() -> Content) -> Rc<Content> {
        let mut single = self.single.borrow_mut();
        let (known, size) = &mut *single;
        if let Some(content) = known.get(&tip) {
            return Rc::clone(content);
        }
        let content = Rc::new(find());
        *size += content.size();
        if *size > KEPT {
            known.clear();
            *size = content.size();
        }
        known.insert(tip, Rc::clone(&content));
        content
    }
}

/// Returns the answer that is known, else finds and keeps it.
fn kept<K: std::hash::Hash + Eq, V: Clone>(
    known: &RefCell<HashMap<K, V>>,
    key: K,
    find: impl FnOnce() -> Answer<V>,
) -> Answer<V> {
    if let Some(value) = known.borrow().get(&key) {
        return Ok(value.clone());
    }
    let value = find()?;
    known.borrow_mut().insert(key, value.clone());
    Ok(value)
}

impl Chart<'_> {
    /// Returns the date of a commit, as claimed.
    pub(super) fn date_of(&self, number: u32) -> Answer<Seconds> {
        self.survey.date(number).map_or_else(|| self.history.date(self.survey.id(number)), Ok)
    }

    fn numbers(&self, ids: &[Oid]) -> Option<Vec<u32>> {
        ids.iter().map(|id| self.number(id)).collect()
    }

    /// Runs `ask`, in which contents that were not compared before are not compared.
    pub(super) fn frugally<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.known.frugal.set(true);
        let answer = ask();
        self.known.frugal.set(false);
        answer
    }

    fn may_compare(&self, commit: Oid) -> Answer<()> {
        if self.known.frugal.get() { Err(Unreadable::NotCompared(commit)) } else { Ok(()) }
    }

    /// What has an outline was compared, if only with most of the others at once.
    fn may_look_into(&self, commit: Oid) -> Answer<()> {
        let outlines = self.known.outlines.borrow();
        match self.number(&commit).and_then(|number| outlines.of(number)) {
            Some(_) => Ok(()),
            None => self.may_compare(commit),
        }
    }

    /// Finds the outlines of all that `tip` has and `below` has not.
    fn outline_all(&self, tip: u32, below: &[u32]) -> Answer<()> {
        let below = self.contents_of(below);
        let open = {
            let outlines = self.known.outlines.borrow();
            self.listed(&[tip], |commit| !outlines.is_whole(commit) && !self.has(&below, commit))
        };
        let mut plain = open.clone();
        plain.retain(|commit| self.is_plain(*commit) && self.known.outlines.borrow().of(*commit).is_none());
        let ids = self.ids(&plain);
        ids.first().map_or(Ok(()), |first| self.may_compare(*first))?;
        for (commit, outline) in plain.into_iter().zip(self.history.outlines(&ids)?) {
            self.known.outlines.borrow_mut().add(commit, outline, self.survey.len());
        }
        if below.is_empty() {
            self.known.outlines.borrow_mut().end(&open, self.survey.len());
        }
        Ok(())
    }

    fn is_plain(&self, commit: u32) -> bool {
        self.survey.parents(commit).len() < 2
    }

    fn outline_of(&self, commit: u32) -> Answer<u64> {
        if let Some(known) = self.known.outlines.borrow().of(commit) {
            return Ok(known);
        }
        let id = self.survey.id(commit);
        self.may_compare(id)?;
        let outline = self.history.outlines(&[id])?[0];
        self.known.outlines.borrow_mut().add(commit, outline, self.survey.len());
        Ok(outline)
    }

    fn ids(&self, numbers: &[u32]) -> Vec<Oid> {
        numbers.iter().map(|number| self.survey.id(*number)).collect()
    }

    /// Whether `ancestor` is among `descendant` and its ancestors.
    pub(super) fn contains(&self, descendant: u32, ancestor: u32) -> bool {
        if ancestor >= descendant {
            return ancestor == descendant;
        }
        let on_line = self.place(descendant).and_then(|place| self.line_has(place, ancestor));
        on_line.unwrap_or_else(|| self.has(&self.contents_of(&[descendant]), ancestor))
    }

    /// Both commits paint what they reach, from the highest number down: a commit's paint is final
    /// when its turn comes. What lies below a common ancestor is stale.
    fn best_common(&self, a: u32, b: u32) -> Vec<u32> {
        const BOTH: u8 = 3;
        let mut canvas = self.known.canvas.borrow_mut();
        canvas.stretch(self.survey.len());
        canvas.add(a, 1);
        canvas.add(b, 2);
        let mut common = vec![];
        let mut commit = a.max(b) + 1;
        while canvas.fresh > 0 && commit > 0 {
            if canvas.is_bare_below(commit) {
                commit -= BLOCK;
                continue;
            }
            commit -= 1;
            let mut colours = canvas.paint[commit as usize];
            if colours == 0 {
                continue;
            }
            canvas.fresh -= usize::from(colours & Canvas::STALE == 0);
            if colours == BOTH {
                common.push(commit);
                colours |= Canvas::STALE;
            }
            for &parent in self.survey.parents(commit) {
                canvas.add(parent, colours);
            }
        }
        canvas.wipe();
        common
    }
}

/// What the changes of commits touch at the top of the tree.
#[derive(Default)]
struct Outlines {
    /// Per commit: its outline, and whether all that it contains have theirs.
    known: Vec<(Option<u64>, bool)>,
    alike: HashMap<u64, Vec<u32>>,
}

impl Outlines {
    fn of(&self, commit: u32) -> Option<u64> {
        self.known.get(commit as usize)?.0
    }

    fn is_whole(&self, commit: u32) -> bool {
        self.known.get(commit as usize).is_some_and(|(_, whole)| *whole)
    }

    fn add(&mut self, commit: u32, outline: u64, commits: usize) {
        self.known.resize(commits, (None, false));
        self.known[commit as usize].0 = Some(outline);
        self.alike.entry(outline).or_default().push(commit);
    }

    /// Says that the commits `whole`, and all that they contain, have their outlines.
    fn end(&mut self, whole: &[u32], commits: usize) {
        self.known.resize(commits, (None, false));
        for commit in whole {
            self.known[*commit as usize].1 = true;
        }
    }
}

/// The paint of one question, and what to wipe off after it.
#[derive(Default)]
struct Canvas {
    paint: Vec<u8>,
    /// Per block of commits whether any is painted.
    blocks: Vec<bool>,
    painted: Vec<u32>,
    /// How many are painted, not stale, and have not had their turn.
    fresh: usize,
}

/// So many commits are passed by at once where none is painted.
const BLOCK: u32 = 256;

impl Canvas {
    /// What lies below a common ancestor.
    const STALE: u8 = 4;

    fn stretch(&mut self, commits: usize) {
        self.paint.resize(commits, 0);
        self.blocks.resize(commits.div_ceil(BLOCK as usize), false);
    }

    /// Whether a whole block ends before `commit` and nothing in it is painted.
    fn is_bare_below(&self, commit: u32) -> bool {
        commit.is_multiple_of(BLOCK) && !self.blocks[(commit / BLOCK) as usize - 1]
    }

    fn add(&mut self, commit: u32, colours: u8) {
        let paint = &mut self.paint[commit as usize];
        let was = std::mem::replace(paint, *paint | colours);
        let is_fresh = |paint: u8| paint != 0 && paint & Self::STALE == 0;
        match (is_fresh(was), is_fresh(*paint)) {
            (false, true) => self.fresh += 1,
            (true, false) => self.fresh -= 1,
            _ => {}
        }
        if was == 0 {
            self.blocks[(commit / BLOCK) as usize] = true;
            self.painted.push(commit);
        }
    }

    fn wipe(&mut self) {
        for commit in self.painted.drain(..) {
            self.paint[commit as usize] = 0;
            self.blocks[(commit / BLOCK) as usize] = false;
        }
        self.fresh = 0;
    }
}

impl History for Chart<'_> {
    fn object(&self, id: Oid) -> Answer<Object> {
        if self.number(&id).is_some() {
            return Ok(Object::Commit);
        }
        kept(&self.known.objects, id, || self.history.object(id))
    }

    fn is_commit(&self, id: Oid) -> Answer<bool> {
        if self.number(&id).is_some() { Ok(true) } else { self.history.is_commit(id) }
    }

    fn commit(&self, id: Oid) -> Answer<Commit> {
        self.history.commit(id)
    }

    fn date(&self, id: Oid) -> Answer<Seconds> {
        match self.number(&id).and_then(|number| self.survey.date(number)) {
            Some(date) => Ok(date),
            None => self.history.date(id),
        }
    }

    fn subject(&self, id: Oid) -> Answer<String> {
        let mut last = self.known.subject.borrow_mut();
        if last.as_ref().is_none_or(|(of, _)| *of != id) {
            *last = Some((id, self.history.subject(id)?));
        }
        Ok(last.as_ref().map(|(_, subject)| subject.clone()).unwrap_or_default())
    }

    fn survey(&self, tips: &[Oid]) -> Answer<Survey> {
        self.history.survey(tips)
    }

    fn parents(&self, id: Oid) -> Answer<Vec<Oid>> {
        match self.number(&id) {
            Some(number) => Ok(self.ids(self.survey.parents(number))),
            None => self.history.parents(id),
        }
    }

    fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        match (self.number(&ancestor), self.number(&descendant)) {
            (Some(ancestor), Some(descendant)) => Ok(self.contains(descendant, ancestor)),
            _ => self.history.is_ancestor(ancestor, descendant),
        }
    }

    fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        let (Some(first), Some(second)) = (self.number(&a), self.number(&b)) else {
            return self.history.merge_bases(a, b);
        };
        kept(&self.known.bases, (first, second), || {
            let mut bases = self.ids(&self.best_common(first, second));
            bases.sort();
            Ok(bases)
        })
    }

    fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        let (Some(tips), Some(hidden)) = (self.numbers(tips), self.numbers(hidden)) else {
            return self.history.introduced(tips, hidden);
        };
        if let (&[tip], &[below]) = (&tips[..], &hidden[..])
            && let Some(place) = self.place(tip)
            && self.survey.parents(tip).first() == Some(&below)
            && self.is_line(place)
        {
            let here = |commit| self.taken_at(place.lane, commit) == Some(place.at);
            return Ok(self.ids(&self.listed(&tips, here)));
        }
        let hidden = self.contents_of(&hidden);
        Ok(self.ids(&self.listed(&tips, |commit| !self.has(&hidden, commit))))
    }

    fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        let numbers = self.numbers(commits);
        let tips: Option<Vec<Vec<u32>>> = groups.iter().map(|group| self.numbers(group)).collect();
        let (Some(commits), Some(groups)) = (numbers, tips) else {
            return self.history.reached(commits, groups);
        };
        let reached = groups.iter().map(|group| {
            if group.is_empty() {
                return vec![false; commits.len()];
            }
            let content = self.contents_of(group);
            commits.iter().map(|commit| self.has(&content, *commit)).collect()
        });
        Ok(reached.collect())
    }

    fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>> {
        let (Some(mut a), Some(mut b)) = (self.number(&tip), self.number(&other)) else {
            return self.history.trunk_meets(tip, other);
        };
        // Whichever is higher steps down, so neither passes the other.
        while a != b {
            let (high, low) = (a.max(b), a.min(b));
            let Some(at) = self.down_to(high, low) else { return Ok(None) };
            (a, b) = (at, low);
        }
        Ok(Some(self.survey.id(a)))
    }

    fn on_trunk(&self, commit: Oid, tip: Oid) -> Answer<bool> {
        match (self.number(&commit), self.number(&tip)) {
            (Some(commit), Some(tip)) => Ok(self.down_to(tip, commit) == Some(commit)),
            _ => self.history.on_trunk(commit, tip),
        }
    }

    fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        kept(&self.known.patches, (from, to), || {
            self.may_look_into(to)?;
            self.history.patch(from, to)
        })
    }

    fn touched(&self, from: Option<Oid>, to: Oid) -> Answer<u64> {
        kept(&self.known.touched, (from, to), || {
            self.may_look_into(to)?;
            self.history.touched(from, to)
        })
    }

    fn outlines(&self, commits: &[Oid]) -> Answer<Vec<u64>> {
        match self.numbers(commits) {
            Some(numbers) => numbers.into_iter().map(|number| self.outline_of(number)).collect(),
            None => self.history.outlines(commits),
        }
    }

    fn alike(&self, fixes: &[Oid], tip: Oid, below: &[Oid]) -> Answer<Vec<Vec<Oid>>> {
        let (Some(tip), Some(below), Some(fixes)) =
            (self.number(&tip), self.numbers(below), self.numbers(fixes))
        else {
            return self.history.alike(fixes, tip, below);
        };
        self.outline_all(tip, &below)?;
        let (tip, below) = (self.contents_of(&[tip]), self.contents_of(&below));
        let made =
            |commit: &u32| self.is_plain(*commit) && self.has(&tip, *commit) && !self.has(&below, *commit);
        let alike = |fix: u32| {
            let outline = self.outline_of(fix)?;
            let outlines = self.known.outlines.borrow();
            let alike = outlines.alike.get(&outline).into_iter().flatten().copied();
            let alike: Vec<u32> = alike.filter(made).collect();
            Ok(self.ids(&alike))
        };
        fixes.into_iter().map(alike).collect()
    }

    fn merge_changes_nothing(&self, into: Oid, from: Oid) -> Answer<bool> {
        kept(&self.known.merges, (into, from), || {
            self.may_compare(into)?;
            self.history.merge_over(&self.merge_bases(into, from)?, into, from)
        })
    }

    fn differs(&self, from: Option<Oid>, to: Oid) -> Answer<bool> {
        self.may_look_into(to)?;
        self.history.differs(from, to)
    }

    fn merge_over(&self, bases: &[Oid], into: Oid, from: Oid) -> Answer<bool> {
        self.history.merge_over(bases, into, from)
    }

    fn file(&self, commit: Oid, path: &str) -> Answer<Option<Vec<u8>>> {
        self.history.file(commit, path)
    }

    fn signature(&self, tag: Oid, allowed: &str) -> Answer<Signed> {
        kept(&self.known.signatures, tag, || self.history.signature(tag, allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::{Dice, grown};
    use super::*;
    use crate::history::{Memory, NewCommit};

    /// A chart with some lines, cut from one another, and some tips beside them.
    fn charted<'a>(dice: &mut Dice, memory: &'a Memory, ids: &[Oid]) -> Chart<'a> {
        let mut chart = Chart::read(memory, ids).expect("a history in memory is whole");
        let mut lines: Vec<Oid> = vec![];
        for _ in 0..=dice.below(4) {
            let tip = ids[ids.len() - 1 - dice.below(ids.len() / 2)];
            let base = lines.first().copied();
            let cut = base.and_then(|base| memory.trunk_meets(tip, base).expect("it is whole"));
            let number = |id: Oid| chart.number(&id).expect("it was read");
            let (tip_number, cut) = (number(tip), cut.map(number));
            chart.add_line(tip_number, cut);
            lines.push(tip);
        }
        chart.link_lines();
        for tip in dice.some(ids, 6) {
            let tip = chart.number(&tip).expect("it was read");
            chart.add_beside(tip);
        }
        chart
    }

    #[test]
    fn a_chart_answers_as_the_definitions_do() {
        for seed in 0..150 {
            let mut dice = Dice(seed);
            let commits = 8 + dice.below(30);
            let (memory, ids) = grown(&mut dice, commits);
            let chart = charted(&mut dice, &memory, &ids);
            for _ in 0..60 {
                let (a, b) = (ids[dice.below(ids.len())], ids[dice.below(ids.len())]);
                assert_eq!(chart.is_ancestor(a, b), memory.is_ancestor(a, b), "seed {seed}");
                assert_eq!(chart.merge_bases(a, b), memory.merge_bases(a, b), "seed {seed}");
                assert_eq!(chart.trunk_meets(a, b), memory.trunk_meets(a, b), "seed {seed}");
                assert_eq!(chart.on_trunk(a, b), memory.on_trunk(a, b), "seed {seed}");
                let (tips, hidden) = (dice.some(&ids, 3), dice.some(&ids, 3));
                assert_eq!(
                    chart.introduced(&tips, &hidden),
                    memory.introduced(&tips, &hidden),
                    "seed {seed}"
                );
                assert_eq!(
                    chart.reached(&ids, &[tips.clone(), hidden.clone(), vec![]]),
                    memory.reached(&ids, &[tips, hidden, vec![]]),
                    "seed {seed}"
                );
                if let Some(first) = memory.parents(a).expect("it is whole").first() {
                    assert_eq!(chart.introduced(&[a], &[*first]), memory.introduced(&[a], &[*first]));
                }
            }
        }
    }

    /// Adds a chain of commits above another; returns it, oldest first.
    fn chain(memory: &mut Memory, above: Option<Oid>, commits: u32) -> Vec<Oid> {
        let mut chain: Vec<Oid> = vec![];
        for n in 0..commits {
            let parents = chain.last().copied().or(above).into_iter().collect();
            let message = format!("{n} {above:?}");
            chain.push(memory.add_commit(&NewCommit { parents, message, ..NewCommit::default() }));
        }
        chain
    }

    #[test]
    fn what_is_common_is_found_below_many_commits_that_are_not_asked_about() {
        let mut memory = Memory::default();
        let trunk = chain(&mut memory, None, 3);
        let first = chain(&mut memory, Some(trunk[1]), 2 * BLOCK);
        let second = chain(&mut memory, Some(trunk[2]), 2 * BLOCK + 7);
        let (low, high) = (first[0], *first.last().expect("it has some"));
        let tips = [high, *second.last().expect("it has some")];
        for tips in [tips, [tips[1], tips[0]]] {
            let chart = Chart::read(&memory, &tips).expect("a history in memory is whole");
            for other in [second[0], tips[1], tips[0]] {
                for one in [low, high] {
                    let is_first = first.contains(&other);
                    let common = if is_first { one } else { trunk[1] };
                    assert_eq!(chart.merge_bases(one, other), Ok(vec![common]));
                    assert_eq!(chart.merge_bases(other, one), Ok(vec![common]));
                }
            }
        }
    }

    #[test]
    fn what_a_commit_has_of_a_line_is_its_highest_step_there() {
        for seed in 0..100 {
            let mut dice = Dice(seed);
            let (memory, ids) = grown(&mut dice, 30);
            let chart = charted(&mut dice, &memory, &ids);
            for number in 0..30 {
                let content = chart.content([number]);
                for lane in (0..chart.lanes()).filter(|lane| chart.begins_whole(*lane)) {
                    let steps = (0..).zip(chart.trunk(lane)).skip(1);
                    let has = |commit: &u32| {
                        memory.is_ancestor(chart.survey.id(*commit), chart.survey.id(number)) == Ok(true)
                    };
                    let highest = steps.filter(|(_, commit)| has(commit)).map(|(at, _)| at).last();
                    let upto = content.upto(lane).checked_sub(1).filter(|at| *at > 0);
                    assert_eq!(upto, highest, "seed {seed}");
                }
            }
        }
    }
}
