//! What changes are the same, and what a merge would change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flowcheck::history::{History, Oid, PatchId};
use flowcheck::repository::Repository;

use crate::disk::Disk;

/// Commits files made by hand, without a work tree.
struct Store<'a> {
    disk: &'a Disk,
    path: PathBuf,
}

impl Store<'_> {
    fn commit(&self, parents: &[Oid], files: &[(&str, &[u8])]) -> Oid {
        let mut tree = vec![];
        let files: BTreeMap<_, _> = files.iter().copied().collect();
        for (name, content) in files {
            std::fs::write(self.disk.path("content"), content).unwrap();
            let content = self.disk.path("content");
            let blob = self.disk.run(&self.path, &["hash-object", "-w", content.to_str().unwrap()]);
            tree.push(format!("100644 blob {blob}\t{name}\n"));
        }
        let tree = self.disk.feed(&self.path, &["mktree"], tree.concat().as_bytes());
        let mut args = vec!["commit-tree".to_owned(), tree, "-m".to_owned(), "x".to_owned()];
        for parent in parents {
            args.extend(["-p".to_owned(), parent.to_string()]);
        }
        Oid::from_hex(self.disk.run(&self.path, &args).as_bytes()).unwrap()
    }

    fn open(&self) -> Repository {
        Repository::at(&self.path).unwrap()
    }
}

fn store<'a>(disk: &'a Disk, format: &str) -> Store<'a> {
    let path = disk.init("a.git", &[&format!("--object-format={format}")]);
    Store { disk, path }
}

fn patch(repository: &Repository, from: Oid, to: Oid) -> Option<PatchId> {
    repository.patch(Some(from), to).unwrap()
}

#[test]
fn a_change_is_the_same_wherever_it_is_made() {
    for format in ["sha1", "sha256"] {
        let disk = Disk::new();
        let store = store(&disk, format);
        let old: &[u8] = b"1\n2\n3\n4\n5\n6\n7\n8\n";
        let new: &[u8] = b"1\n2\n3\n4\nfixed\n6\n7\n8\n";
        let base = store.commit(&[], &[("a", old)]);
        let fixed = store.commit(&[base], &[("a", new)]);
        let elsewhere = store.commit(&[base], &[("a", old), ("b", b"other\n")]);
        let picked = store.commit(&[elsewhere], &[("a", new), ("b", b"other\n")]);
        let wrong = store.commit(&[elsewhere], &[("a", b"1\n2\n3\n4\nbroken\n6\n7\n8\n"), ("b", b"other\n")]);
        let repository = store.open();
        let fix = patch(&repository, base, fixed);
        assert!(fix.is_some());
        assert_eq!(fix, patch(&repository, elsewhere, picked), "{format}");
        assert_ne!(fix, patch(&repository, elsewhere, wrong), "{format}");
        assert_ne!(fix, patch(&repository, fixed, base), "{format}: the way back");
        assert_eq!(patch(&repository, base, base), None, "{format}");
        assert!(repository.patch(None, base).unwrap().is_some(), "{format}: against nothing");
    }
}

#[test]
fn what_touches_other_names_is_not_alike() {
    let disk = Disk::new();
    let store = store(&disk, "sha1");
    let base = store.commit(&[], &[("a", b"old\n")]);
    let fixed = store.commit(&[base], &[("a", b"new\n")]);
    let elsewhere = store.commit(&[base], &[("a", b"old\n"), ("b", b"other\n")]);
    let picked = store.commit(&[elsewhere], &[("a", b"new\n"), ("b", b"other\n")]);
    let repository = store.open();
    assert_eq!(repository.alike(&[fixed], picked, &[base]), Ok(vec![vec![picked]]));
    assert_eq!(repository.alike(&[fixed], elsewhere, &[base]), Ok(vec![vec![]]));
    for (to, differs) in [(fixed, true), (base, false)] {
        assert_eq!(repository.differs(Some(base), to), Ok(differs));
    }
    // So many are shared out among threads.
    let two = [fixed, elsewhere];
    let outlines = two.map(|commit| repository.outlines(&[commit]).unwrap()[0]);
    assert_ne!(outlines[0], outlines[1]);
    assert_eq!(repository.outlines(&two.repeat(1500)), Ok(outlines.repeat(1500)));
}

#[test]
fn two_changes_of_a_binary_file_are_not_the_same() {
    let disk = Disk::new();
    let store = store(&disk, "sha1");
    let base = store.commit(&[], &[("a", b"\0\x01")]);
    let one = store.commit(&[base], &[("a", b"\0\x02")]);
    let other = store.commit(&[base], &[("a", b"\0\x03")]);
    let again = store.commit(&[base, one], &[("a", b"\0\x02")]);
    let repository = store.open();
    assert_ne!(patch(&repository, base, one), patch(&repository, base, other));
    assert_eq!(patch(&repository, base, one), patch(&repository, base, again));
}

#[test]
fn a_merge_that_would_change_nothing() {
    for format in ["sha1", "sha256"] {
        let disk = Disk::new();
        let store = store(&disk, format);
        let base = store.commit(&[], &[("a", b"1\n2\n3\n4\n5\n")]);
        let fix = store.commit(&[base], &[("a", b"1\n2\n3\n4\nfixed\n")]);
        let squashed = store.commit(&[base], &[("a", b"top\n2\n3\n4\nfixed\n"), ("b", b"b\n")]);
        let without = store.commit(&[base], &[("a", b"top\n2\n3\n4\n5\n")]);
        let conflict = store.commit(&[base], &[("a", b"1\n2\n3\n4\nelse\n")]);
        let unrelated = store.commit(&[], &[("a", b"top\n2\n3\n4\nfixed\n"), ("b", b"b\n")]);
        let before: Vec<PathBuf> = objects(&store.path);
        let repository = store.open();
        assert_eq!(repository.merge_changes_nothing(squashed, fix), Ok(true), "{format}");
        assert_eq!(repository.merge_changes_nothing(without, fix), Ok(false), "{format}");
        assert_eq!(repository.merge_changes_nothing(conflict, fix), Ok(false), "{format}");
        assert_eq!(repository.merge_changes_nothing(fix, base), Ok(true), "{format}");
        assert_eq!(repository.merge_changes_nothing(squashed, unrelated), Ok(true), "{format}");
        assert_eq!(repository.merge_changes_nothing(fix, unrelated), Ok(false), "{format}");
        assert_eq!(objects(&store.path), before, "{format}: nothing is written");
    }
}

fn objects(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for dir in std::fs::read_dir(path.join("objects")).unwrap() {
        for entry in std::fs::read_dir(dir.unwrap().path()).unwrap() {
            found.push(entry.unwrap().path());
        }
    }
    found.sort();
    found
}
