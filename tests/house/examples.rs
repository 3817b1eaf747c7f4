//! Every `console` block of the pages is run, and says what it shows.
//!
//! The blocks of a page play in one empty directory, one after the other. `$ ` begins a command,
//! `> ` continues it. Where lines follow, the command's output has to be these: `...` alone stands
//! for any lines, `[..]` for any part of one. Where none follow, the command has to succeed.
//! A block of another kind that names a file (```` ```toml hotfix.toml ````) is written there. What
//! cannot be run says why: ```` ```console not run: it needs a GitLab ````.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fences::{Fence, fences, pages};
use crate::{text, top};

/// A step of a page.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A command, and what the page shows of its output.
    Run { at: usize, line: String, shown: Vec<String> },
    /// A file that the page shows.
    Write { name: String, text: String },
}

#[test]
fn what_the_readmes_show_is_what_happens() {
    play(&top().join("README.md"), 1);
    play(&top().join("README.zh.md"), 1);
}

#[test]
fn what_the_other_pages_show_is_what_happens() {
    let is_readme = |page: &PathBuf| {
        page.parent() == Some(top())
            && page.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("README"))
    };
    for page in pages().iter().filter(|page| !is_readme(page)) {
        play(page, 0);
    }
}

#[test]
fn no_command_hides_in_a_block_that_is_not_run() {
    let mut wrong = vec![];
    for page in pages() {
        for fence in fences(&text(&page)) {
            let place = format!("{}:{}", page.display(), fence.at);
            match (fence.kind.as_str(), fence.note.as_str()) {
                ("console", "") => {}
                ("console", note) if note.strip_prefix("not run: ").is_some_and(|why| why.len() > 10) => {}
                ("console", note) => wrong.push(format!("{place}: `{note}` is no reason")),
                ("sh" | "bash" | "shell", _)
                    if !fence.lines.first().is_some_and(|first| first.starts_with("#!")) =>
                {
                    wrong.push(format!("{place}: commands stand in a console block"));
                }
                ("", _) => wrong.push(format!("{place}: a block says what it is, at least `text`")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plays the blocks of `page` after the first `skip` console blocks.
fn play(page: &Path, skip: usize) {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("the directory is ours");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowcheck"), bin.join("flowcheck")).expect("it is empty");
    let mut directory = home.path().join("here");
    std::fs::create_dir(&directory).expect("the directory is ours");
    for (hour, step) in steps(&fences(&text(page)), skip).into_iter().enumerate() {
        match step {
            Step::Write { name, text } => {
                std::fs::write(directory.join(name), text).expect("the directory is ours");
            }
            Step::Run { line, .. } if line.starts_with("cd ") => directory = directory.join(&line[3..]),
            Step::Run { at, line, shown } => {
                let (succeeded, said) = run(&line, &directory, &bin, hour);
                let place = format!("{}:{at}: $ {line}", page.display());
                if shown.is_empty() {
                    assert!(succeeded, "{place}\nfailed:\n{said}");
                    continue;
                }
                let said: Vec<&str> = said.lines().map(str::trim_end).collect();
                assert!(matches(&shown, &said), "{place}\nsays:\n{}", said.join("\n"));
            }
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

/// Returns what is done in these blocks, without the first `skip` console blocks.
fn steps(fences: &[Fence], skip: usize) -> Vec<Step> {
    let mut consoles = 0;
    let mut steps = vec![];
    for fence in fences {
        consoles += usize::from(fence.kind == "console");
        match (fence.kind.as_str(), fence.note.as_str()) {
            ("console", "") if consoles > skip => steps.extend(commands(fence)),
            ("console", _) | (_, "") => {}
            (_, name) => {
                let text = fence.lines.join("\n") + "\n";
                steps.push(Step::Write { name: name.to_owned(), text });
            }
        }
    }
    steps
}

/// Returns the commands of a console block.
fn commands(fence: &Fence) -> Vec<Step> {
    let mut found: Vec<Step> = vec![];
    for (at, text) in (fence.at..).zip(&fence.lines) {
        if let Some(command) = text.strip_prefix("$ ") {
            found.push(Step::Run { at, line: command.to_owned(), shown: vec![] });
            continue;
        }
        let Some(Step::Run { line, shown, .. }) = found.last_mut() else {
            panic!("line {at}: a console block begins with a command");
        };
        match text.strip_prefix("> ") {
            Some(more) if shown.is_empty() => *line = format!("{line}\n{more}"),
            _ => shown.push(text.clone()),
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
```toml a.toml
x = 1
```
```toml
y = 1
```
```console
$ cat <<end
> a
> end
a
$ true
```
```console not run: it would never end
$ cat
```
";
    let run = |at, line: &str, shown: &[&str]| Step::Run {
        at,
        line: line.to_owned(),
        shown: shown.iter().map(|&line| line.to_owned()).collect(),
    };
    let file = Step::Write { name: "a.toml".to_owned(), text: "x = 1\n".to_owned() };
    assert_eq!(steps(&fences(page), 1), [file, run(11, "cat <<end\na\nend", &["a"]), run(15, "true", &[])]);
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
