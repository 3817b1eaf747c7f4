//! The history that is measured: the flow, played for years, the same on every machine.
//!
//! Features go into develop; releases are cut from it, get bugfixes, are tagged, confirmed and
//! merged back. When it ends, the last release is to be merged back, and a hotfix of it to be tagged.

use std::io::{Result, Write};

use crate::stream::Stream;

/// Writes the history as `git fast-import` reads it.
pub fn play(stream: impl Write, commits: usize, branches: usize) -> Result<()> {
    Flow { stream: Stream::new(stream) }.play(commits, branches)
}

/// How many releases were shipped.
pub const RELEASES: usize = 40;
/// The release that is confirmed and merged back nowhere, and has a hotfix without a tag.
pub const LAST: usize = RELEASES;
/// How many refs there are beside the topics.
const OTHERS: usize = 2 * RELEASES + 7;

const FILES: usize = 1000;
/// What each file holds: the number of the commit that wrote it; 0: it is not there.
type Tree = Vec<usize>;

/// Where a line or a topic stands.
#[derive(Clone)]
struct Tip {
    mark: usize,
    tree: Tree,
}

struct Flow<W> {
    stream: Stream<W>,
}

impl<W: Write> Flow<W> {
    fn play(mut self, commits: usize, branches: usize) -> Result<()> {
        let start = self.commit("refs/heads/develop", "Begin", &[], &[])?;
        let mut develop = Tip { mark: start, tree: vec![0; FILES] };
        self.stream.reset("refs/heads/master", start)?;
        let mut master = develop.clone();
        let mut recent = vec![start];
        let (mut topics, mut releases) = (0, 0);
        while self.stream.mark < commits || releases < RELEASES {
            let from = recent[recent.len() - 1 - topics % recent.len().min(8)];
            let (tip, changes) = self.topic(topics, from)?;
            if topics < branches.saturating_sub(OTHERS) {
                self.stream.reset(&format!("refs/heads/feature/{topics}"), tip)?;
            }
            let subject = format!("Merge branch 'feature/{topics}' into 'develop'");
            self.merge("refs/heads/develop", &subject, &mut develop, tip, &changes)?;
            topics += 1;
            recent.push(develop.mark);
            if releases < RELEASES && self.stream.mark > (releases + 1) * commits / (RELEASES + 1) {
                let release = self.ship(releases, &develop, releases + 3 > RELEASES)?;
                self.merge_back(releases, &release, &mut develop, &mut master)?;
                releases += 1;
                recent = vec![develop.mark];
            }
        }
        let mut last = self.ship(LAST, &develop, true)?;
        self.fix(LAST, &mut last, "hotfix/1")?;
        self.stream.reset(&line(LAST), last.mark)
    }

    fn topic(&mut self, number: usize, from: usize) -> Result<(usize, Vec<usize>)> {
        let mut tip = from;
        let mut changes = vec![];
        for step in 0..=(number * 7 % 5) {
            tip = self.commit("refs/flow/topic", &format!("Step {step} of topic {number}"), &[tip], &[])?;
            changes.push(tip);
        }
        Ok((tip, changes))
    }

    /// Cuts a release, mends it and tags it.
    fn ship(&mut self, number: usize, develop: &Tip, open: bool) -> Result<Tip> {
        let mut release = develop.clone();
        for bug in 0..3 {
            self.fix(number, &mut release, &format!("bugfix/{bug}"))?;
        }
        if open {
            self.stream.reset(&line(number), release.mark)?;
        }
        self.tag(&format!("v1.{number}.0"), release.mark, &format!("Release 1.{number}.0\n"))?;
        Ok(release)
    }

    fn fix(&mut self, number: usize, release: &mut Tip, branch: &str) -> Result<()> {
        let subject = format!("Fix 1.{number}.0");
        let fix = self.commit("refs/flow/topic", &subject, &[release.mark], &[])?;
        let subject = format!("Merge branch '{branch}' into 'release-1.{number}.0'");
        self.merge("refs/flow/release", &subject, release, fix, &[fix])
    }

    fn merge_back(
        &mut self,
        number: usize,
        release: &Tip,
        develop: &mut Tip,
        master: &mut Tip,
    ) -> Result<()> {
        for (into, name) in [(develop, "develop"), (master, "master")] {
            let news = differences(&into.tree, &release.tree);
            let subject = format!("Merge tag 'v1.{number}.0' into {name}");
            self.merge(&format!("refs/heads/{name}"), &subject, into, release.mark, &news)?;
        }
        Ok(())
    }

    /// Merges `from` into a line; `changes` are the commits whose files come along.
    fn merge(
        &mut self,
        line: &str,
        subject: &str,
        into: &mut Tip,
        from: usize,
        changes: &[usize],
    ) -> Result<()> {
        into.mark = self.commit(line, subject, &[into.mark, from], changes)?;
        for change in changes {
            into.tree[change % FILES] = *change;
        }
        Ok(())
    }

    /// Writes a commit: a merge takes over what `changes` wrote, any other one writes a file.
    fn commit(
        &mut self,
        reference: &str,
        subject: &str,
        parents: &[usize],
        changes: &[usize],
    ) -> Result<usize> {
        // Clocks differ by some minutes, as in any team.
        let mark = self.stream.mark + 1;
        let who =
            format!("A U Thor <a@example.com> {} +0000", 1_400_000_000 + mark * 300 + mark * 7919 % 900);
        let own = [mark];
        let written = if parents.len() < 2 { &own } else { changes };
        let files = written
            .iter()
            .map(|change| (format!("src{}/file{}", change % 40, change / 40 % 25), change.to_string()));
        self.stream.commit(reference, subject, &who, parents, files)
    }

    fn tag(&mut self, name: &str, mark: usize, message: &str) -> Result<()> {
        let who = format!("A U Thor <a@example.com> {} +0000", 1_400_000_000 + self.stream.mark * 300 + 1000);
        self.stream.tag(name, format_args!(":{mark}"), &who, message)
    }
}

fn line(number: usize) -> String {
    format!("refs/heads/release-1.{number}.0")
}

/// The commits whose files `there` has and `here` has not.
fn differences(here: &Tree, there: &Tree) -> Vec<usize> {
    let differ = here.iter().zip(there).filter(|(here, there)| here != there && **there != 0);
    differ.map(|(_, there)| *there).collect()
}
