//! What is said beside the rules: why a command could not do its work, and the commands' own help.

use clap::CommandFactory as _;

use crate::top;

/// The heading of the first section.
pub const FIRST: &str = "== could not ...\n";

/// Returns both sections as `messages.txt` holds them.
pub fn page() -> String {
    let mut text = FIRST.to_owned();
    for (file, errors) in errors() {
        text.extend(["\n", &file, "\n"]);
        for error in errors {
            text.extend(["  ", &error.replace('\n', "\n    "), "\n"]);
        }
    }
    text += "\n== the commands, of themselves\n";
    for (name, help) in helps() {
        text.extend(["\n$ ", &name, " --help\n", &help]);
    }
    text
}

/// Returns the text of every error, file by file.
fn errors() -> Vec<(String, Vec<String>)> {
    let mut files = vec![];
    sources(&top().join("src"), &mut files);
    let error =
        regex::Regex::new(r#"#\[error\(\s*"((?:[^"\\]|\\.|\\\n)*)""#).expect("it is written right here");
    let mut found = vec![];
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source is text");
        let texts: Vec<String> = error.captures_iter(&source).map(|caught| plain(&caught[1])).collect();
        let name = file.strip_prefix(top()).expect("it is below the top").display().to_string();
        if !texts.is_empty() {
            found.push((name, texts));
        }
    }
    assert!(found.len() > 10, "the errors were not found: {found:?}");
    found
}

fn sources(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir)
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the text that a literal of Rust stands for.
fn plain(literal: &str) -> String {
    let continued = regex::Regex::new(r"\\\n\s*").expect("it is written right here");
    continued.replace_all(literal, "").replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
}

/// Returns the help of every command, as a terminal shows it.
pub fn helps() -> Vec<(String, String)> {
    let mut found = vec![];
    let mut command = flowcheck::commands::Cli::command();
    command.build();
    walk(&command, "flowcheck", &mut found);
    found
}

fn walk(command: &clap::Command, name: &str, found: &mut Vec<(String, String)>) {
    // What every command takes is said once, by flowcheck itself.
    let is_first = found.is_empty();
    let own = |arg: clap::Arg| if is_first || !arg.is_global_set() { arg } else { arg.hide(true) };
    let help = command.clone().mut_args(own).term_width(80).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    found.push((name.to_owned(), lines.join("\n") + "\n"));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set())
    {
        walk(inner, &format!("{name} {}", inner.get_name()), found);
    }
}

#[test]
fn no_help_is_wider_than_a_terminal() {
    for (name, help) in helps() {
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}
