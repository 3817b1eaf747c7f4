//! Refs as git stores them: loose, packed, symbolic, in reftables, many, broken.

use std::path::Path;

use flowcheck::history::{History, Object, Oid, Ref, RefName, Refs, Unreadable};
use flowcheck::repository::Repository;

use crate::disk::Disk;
use crate::random::{Dates, Random, plan};

fn open(path: &Path) -> Repository {
    Repository::at(path).unwrap()
}

/// A repository with a few commits, as `refs/heads/c0` and so on.
fn made(disk: &Disk, args: &[&str]) -> (std::path::PathBuf, Vec<Oid>) {
    let path = disk.init("a.git", args);
    let plan = plan(&mut Random::new(1), 6, Dates::Honest);
    let ids = disk.import(&path, &plan);
    (path, ids)
}

/// What git says about the refs.
fn as_git_sees_them(disk: &Disk, path: &Path) -> Vec<(String, String)> {
    let text = disk.run(path, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    let pair = |line: &str| line.split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned())).unwrap();
    text.lines().map(pair).collect()
}

fn as_we_see_them(refs: &Refs) -> Vec<(String, String)> {
    refs.iter().map(|entry| (entry.name.full().to_string(), entry.id.to_string())).collect()
}

#[test]
fn loose_packed_and_both() {
    for format in ["sha1", "sha256"] {
        let disk = Disk::new();
        let (path, ids) = made(&disk, &[&format!("--object-format={format}")]);
        disk.run(&path, &["tag", "-m", "one", "v1.0.0", &ids[1].to_string()]);
        disk.run(&path, &["tag", "light", &ids[2].to_string()]);
        disk.run(&path, &["tag", "-m", "nested", "nested", "v1.0.0"]);
        disk.run(&path, &["pack-refs", "--all"]);
        disk.run(&path, &["update-ref", "refs/heads/c0", &ids[3].to_string()]);
        disk.run(&path, &["update-ref", "refs/heads/release/1.0/x", &ids[4].to_string()]);
        let repository = open(&path);
        let all = repository.refs(&["refs/"]).unwrap();
        assert_eq!(as_we_see_them(&all), as_git_sees_them(&disk, &path));
        for name in ["v1.0.0", "nested"] {
            let tag = all.get(&RefName::of_tag(name)).unwrap();
            assert_eq!(tag.peeled, Some(ids[1]), "{name}: packed-refs says what it peels to");
            assert!(matches!(repository.object(tag.id), Ok(Object::Tag(_))));
        }
        assert_eq!(all.get(&RefName::of_tag("light")).unwrap().peeled, Some(ids[2]));
        let heads = repository.refs(&["refs/heads/c", "refs/tags/"]).unwrap();
        assert_eq!(heads.len(), 6 + 3);
        assert_eq!(repository.refs(&["refs/heads/release/"]).unwrap().len(), 1);
        assert_eq!(repository.refs(&["refs/heads/releas"]).unwrap().len(), 1);
        assert!(repository.refs(&["refs/heads/nothing/"]).unwrap().is_empty());
    }
}

#[test]
fn packed_refs_of_every_age() {
    let disk = Disk::new();
    let (path, ids) = made(&disk, &[]);
    disk.run(&path, &["tag", "-m", "one", "v1", &ids[1].to_string()]);
    let expected = as_git_sees_them(&disk, &path);
    disk.run(&path, &["pack-refs", "--all"]);
    let file = path.join("packed-refs");
    let text = std::fs::read_to_string(&file).unwrap();
    let (header, entries) = text.split_once('\n').unwrap();
    assert!(header.contains("sorted"), "{header}");
    // Unsorted, and without a word about itself, as git wrote it long ago.
    let mut groups: Vec<String> = vec![];
    for line in entries.lines() {
        match groups.last_mut() {
            Some(group) if line.starts_with('^') => group.extend([line, "\n"]),
            _ => groups.push(format!("{line}\n")),
        }
    }
    groups.reverse();
    for header in ["", "# pack-refs with: peeled \n", "# pack-refs with: peeled fully-peeled \n"] {
        std::fs::write(&file, format!("{header}{}", groups.concat())).unwrap();
        let refs = open(&path).refs(&["refs/"]).unwrap();
        assert_eq!(as_we_see_them(&refs), expected, "{header:?}");
        let of_head = refs.get(&RefName::of_branch("c2")).unwrap().peeled;
        assert_eq!(of_head.is_some(), header.contains("fully"), "{header:?}");
        assert_eq!(refs.get(&RefName::of_tag("v1")).unwrap().peeled, Some(ids[1]));
    }
    // Written by hand, with everything twice.
    let branches = open(&path).refs(&["refs/heads/"]).unwrap();
    std::fs::write(&file, groups.concat().repeat(2)).unwrap();
    assert_eq!(open(&path).refs(&["refs/heads/"]).unwrap().len(), branches.len());
    std::fs::write(&file, "# pack-refs with: peeled fully-peeled sorted \nthis is no entry\n").unwrap();
    let why = open(&path).refs(&["refs/"]).unwrap_err();
    assert!(matches!(&why, Unreadable::Store(text) if text.contains("damaged")), "{why}");
}

#[test]
fn among_many_refs_only_the_asked_ones_are_read() {
    let disk = Disk::new();
    let (path, ids) = made(&disk, &[]);
    let id = ids[5].to_string();
    let mut lines: Vec<String> = vec![];
    for at in 0..30_000 {
        lines.push(format!("{id} refs/pull/{at}/head"));
        if at % 50 == 0 {
            lines.push(format!("{id} refs/heads/topic/{at}"));
            // What a peeled value looks like, between any two entries.
            lines.push(format!("{id} refs/tags/t{at}\n^{}", ids[0]));
        }
    }
    lines.sort_by(|a, b| a[41..].lines().next().cmp(&b[41..].lines().next()));
    let header = "# pack-refs with: peeled fully-peeled sorted \n";
    std::fs::write(path.join("packed-refs"), format!("{header}{}\n", lines.join("\n"))).unwrap();
    let repository = open(&path);
    let all = as_git_sees_them(&disk, &path);
    assert_eq!(as_we_see_them(&repository.refs(&["refs/"]).unwrap()), all);
    for prefix in
        ["refs/heads/", "refs/tags/", "refs/pull/", "refs/tags/t29", "refs/pull/29999/", "refs/zzz", "refs/a"]
    {
        let expected: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(prefix)).cloned().collect();
        let refs = repository.refs(&[prefix]).unwrap();
        assert_eq!(as_we_see_them(&refs), expected, "{prefix}");
        if prefix.starts_with("refs/tags/") {
            assert!(refs.iter().all(|entry| entry.peeled == Some(ids[0])), "{prefix}");
        }
    }
    // Each name alone, wherever it stands in the file.
    for (name, _) in all.iter().step_by(997) {
        let name = RefName::new(name.as_str());
        assert_eq!(repository.stands_for(&name), Ok(name));
    }
}

#[test]
fn symbolic_refs_are_judged_as_what_they_stand_for() {
    for format in ["files", "reftable"] {
        let disk = Disk::new();
        if format == "reftable" && !disk.has_reftables() {
            return;
        }
        let (path, ids) = made(&disk, &[&format!("--ref-format={format}")]);
        disk.run(&path, &["symbolic-ref", "refs/heads/alias", "refs/heads/c1"]);
        disk.run(&path, &["symbolic-ref", "refs/heads/alias2", "refs/heads/alias"]);
        disk.run(&path, &["symbolic-ref", "refs/heads/unborn", "refs/heads/nothing"]);
        disk.run(&path, &["symbolic-ref", "HEAD", "refs/heads/c2"]);
        let repository = open(&path);
        assert_eq!(repository.has_reftables(), format == "reftable");
        let refs = repository.refs(&["refs/heads/"]).unwrap();
        let c1 = RefName::of_branch("c1");
        let alias = refs.get(&RefName::of_branch("alias")).unwrap();
        let name = alias.name.clone();
        assert_eq!(alias, &Ref { symbolic: Some(c1.clone()), ..Ref::new(name, ids[1]) }, "{format}");
        assert_eq!(refs.get(&RefName::of_branch("alias2")).unwrap().id, ids[1], "{format}");
        assert_eq!(refs.get(&RefName::of_branch("unborn")), None, "{format}");
        assert_eq!(refs.len(), 6 + 2, "{format}");
        assert_eq!(repository.stands_for(&RefName::of_branch("alias2")), Ok(c1.clone()), "{format}");
        assert_eq!(repository.stands_for(&c1), Ok(c1), "{format}");
        let nothing = RefName::of_branch("nothing");
        assert_eq!(repository.stands_for(&RefName::of_branch("unborn")), Ok(nothing), "{format}");
        assert_eq!(repository.default_branch(), Ok(Some(RefName::of_branch("c2"))), "{format}");
        assert_eq!(repository.head(), Ok(Some(ids[2])), "{format}");
    }
}

#[test]
fn reftables_hold_the_same() {
    for format in ["sha1", "sha256"] {
        let disk = Disk::new();
        if !disk.has_reftables() {
            return;
        }
        let (path, ids) = made(&disk, &["--ref-format=reftable", &format!("--object-format={format}")]);
        disk.run(&path, &["tag", "-m", "one", "v1.0.0", &ids[1].to_string()]);
        let repository = open(&path);
        let refs = repository.refs(&["refs/"]).unwrap();
        assert_eq!(as_we_see_them(&refs), as_git_sees_them(&disk, &path));
        assert_eq!(repository.refs(&["refs/heads/c1", "refs/tags/"]).unwrap().len(), 2);
        assert_eq!(repository.is_ancestor(ids[0], ids[0]), Ok(true));
    }
}

#[test]
fn a_broken_ref_is_said_and_not_skipped() {
    let disk = Disk::new();
    let (path, _) = made(&disk, &[]);
    for text in ["", "no id\n", "ref: ../../etc/passwd\n", &"0".repeat(40)] {
        std::fs::write(path.join("refs/heads/broken"), text).unwrap();
        let why = open(&path).refs(&["refs/heads/"]).unwrap_err();
        assert!(
            matches!(&why, Unreadable::Store(said) if said.contains("refs/heads/broken")),
            "{text:?}: {why}"
        );
        assert!(open(&path).refs(&["refs/tags/"]).is_ok());
    }
    std::fs::remove_file(path.join("refs/heads/broken")).unwrap();
    std::fs::write(path.join("refs/heads/c1.lock"), "").unwrap();
    assert_eq!(open(&path).refs(&["refs/heads/"]).unwrap().len(), 6);
    disk.run(&path, &["symbolic-ref", "refs/heads/a", "refs/heads/b"]);
    disk.run(&path, &["symbolic-ref", "refs/heads/b", "refs/heads/a"]);
    let why = open(&path).stands_for(&RefName::of_branch("a")).unwrap_err();
    assert!(why.to_string().contains("does not end"), "{why}");
}
