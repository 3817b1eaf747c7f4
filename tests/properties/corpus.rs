//! What the fuzz targets keep is replayed, so that they stay alive where there is no cargo-fuzz.

#[path = "../../fuzz/src/lib.rs"]
mod entries;

use std::path::Path;

/// What a target does with any bytes; whether it understood them.
type Entry = fn(&[u8]) -> bool;

/// The targets, by the names of their files.
const TARGETS: [(&str, Entry); 6] = [
    ("gitlab_answer", entries::gitlab_answer),
    ("hook_lines", entries::hook_lines),
    ("merge_subject", entries::merge_subject),
    ("policy", entries::policy),
    ("push_options", entries::push_options),
    ("tag_object", entries::tag_object),
];

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("it is in this repository");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("it can be read").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_seed_of_the_fuzz_targets_is_replayed() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let known: Vec<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz.join("targets")), known, "every target is replayed");
    for (target, entry) in TARGETS {
        let seeds = fuzz.join("corpus").join(target);
        let read = |name: &String| std::fs::read(seeds.join(name)).expect("it is in this repository");
        let understood = names(&seeds).iter().filter(|name| entry(&read(name))).count();
        let all = names(&seeds).len();
        assert!(0 < understood && understood < all, "{target}: {understood} of {all} seeds are understood");
    }
}
