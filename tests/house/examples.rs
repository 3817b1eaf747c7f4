//! Every `console` block of README.md and docs/ is run, and says what it shows.
//!
//! The blocks of a file play in one empty directory, one after the other. `$ ` begins a command,
//! `> ` continues it. Where lines follow, the command's output has to be these: `...` alone stands
//! for any lines, `[..]` for any part of one. Where none follow, the command has to succeed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{files, text, top};

/// A command as a page shows it.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    at: usize,
    line: String,
    shown: Vec<String>,
}

#[test]
fn what_the_readme_shows_is_what_happens() {
    play(&top().join("README.md"), 1);
}

#[test]
fn what_the_documentation_shows_is_what_happens() {
    let rules = top().join("docs/rules");
    let pages = files(&top().join("docs"), "md");
    for page in pages.iter().filter(|page| !page.starts_with(&rules)) {
        play(page, 0);
    }
}

/// Runs the examples of `page` after the first `skip` blocks.
fn play(page: &Path, skip: usize) {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("the directory is ours");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowcheck"), bin.join("flowcheck")).expect("it is empty");
    let mut directory = home.path().join("here");
    std::fs::create_dir(&directory).expect("the directory is ours");
    for (hour, example) in examples(&text(page), skip).iter().enumerate() {
        if let Some(to) = example.line.strip_prefix("cd ") {
            directory = directory.join(to);
            continue;
        }
        let (succeeded, said) = run(&example.line, &directory, &bin, hour);
        let place = format!("{}:{}: $ {}", page.display(), example.at, example.line);
        if example.shown.is_empty() {
            assert!(succeeded, "{place}\nfailed:\n{said}");
        } else {
            let said: Vec<&str> = said.lines().map(str::trim_end).collect();
            assert!(matches(&example.shown, &said), "{place}\nsays:\n{}", said.join("\n"));
        }
    }
}

fn run(line: &str, directory: &PathBuf, bin: &Path, hour: usize) -> (bool, String) {
    let inherited = std::env::var("PATH").unwrap_or_default();
    let date = format!("{} +0000", 1_740_992_400 + 3600 * hour);
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .current_dir(directory)
        .env_clear()
        .env("PATH", format!("{}:{inherited}", bin.display()))
        .env("HOME", bin.parent().expect("bin/ is in the home"))
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_EDITOR", "true")
        .env("GIT_AUTHOR_NAME", "Ann")
        .env("GIT_AUTHOR_EMAIL", "ann@shop.example")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", "Ann")
        .env("GIT_COMMITTER_EMAIL", "ann@shop.example")
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .expect("there is a shell, for git needs one");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the commands in the `console` blocks of `page`, without the first `skip` blocks.
fn examples(page: &str, skip: usize) -> Vec<Example> {
    let mut found: Vec<Example> = vec![];
    let mut block = 0;
    let mut inside = false;
    for (at, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
            block += usize::from(inside);
            continue;
        }
        if !inside || block <= skip {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            found.push(Example { at: at + 1, line: command.to_owned(), shown: vec![] });
            continue;
        }
        let example = found.last_mut().expect("a console block begins with a command");
        match line.strip_prefix("> ") {
            Some(more) if example.shown.is_empty() => example.line = format!("{}\n{more}", example.line),
            _ => example.shown.push(line.to_owned()),
        }
    }
    found
}

/// Whether `said` is what is `shown`.
fn matches(shown: &[String], said: &[&str]) -> bool {
    match (shown.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => {
            (0..=said.len()).any(|skipped| matches(rest, &said[skipped..]))
        }
        (Some((first, rest)), Some((line, others))) => line_matches(first, line) && matches(rest, others),
        _ => false,
    }
}

fn line_matches(shown: &str, said: &str) -> bool {
    let Some((before, after)) = shown.split_once("[..]") else { return shown == said };
    let Some(rest) = said.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| line_matches(after, &rest[at..]))
}

#[test]
fn a_page_is_read_as_commands_and_what_they_say() {
    let page = "\
```console
$ cargo test
```
Words.
```console
$ cat <<end
> a
> end
a
$ true
```
```sh
$ not run
```
";
    let read = examples(page, 1);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0], Example { at: 6, line: "cat <<end\na\nend".to_owned(), shown: vec!["a".to_owned()] });
    assert!(read[1].shown.is_empty());
}

#[test]
fn what_is_left_out_may_be_anything_and_nothing_else_may() {
    let shown = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    assert!(matches(&shown(&["a", "...", "d"]), &["a", "b", "c", "d"]));
    assert!(matches(&shown(&["a[..]c", "..."]), &["abbc"]));
    assert!(!matches(&shown(&["a", "d"]), &["a", "b", "d"]));
    assert!(!matches(&shown(&["a"]), &["a", "b"]));
    assert!(!matches(&shown(&["a[..]c"]), &["ab"]));
}
