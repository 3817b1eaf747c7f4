//! What is said beside the rules: why a command could not do its work, what commands and reports
//! say besides, and the commands' own help.

use clap::CommandFactory as _;

use crate::top;

/// The heading of the first section.
pub const FIRST: &str = "== could not ...\n";

/// Returns these sections as `messages.txt` holds them.
pub fn page() -> String {
    let mut text = FIRST.to_owned();
    text += &listed(&errors());
    text += "\n== words of commands and reports\n";
    text += &listed(&words());
    text += "\n== the commands, of themselves\n";
    for (name, help) in helps() {
        text.extend(["\n$ ", &name, " --help\n", &help]);
    }
    text
}

/// What stands in a file of the sources.
type Texts = Vec<(String, Vec<String>)>;

fn listed(files: &Texts) -> String {
    let mut text = String::new();
    for (file, texts) in files {
        text.extend(["\n", file, "\n"]);
        for said in texts {
            text.extend(["  ", &said.trim_end_matches('\n').replace('\n', "\n    "), "\n"]);
        }
    }
    text
}

/// Returns the text of every error, file by file.
fn errors() -> Texts {
    let error = pattern(r#"#\[error\(\s*"((?:[^"\\]|\\.|\\\n)*)""#);
    let found = texts(&["src"], &|source| caught(&error, source));
    assert!(found.len() > 10, "the errors were not found: {found:?}");
    found
}

/// Returns what the other literals of commands and reports say: those with two words or more. What
/// the demo plays is seen by playing it.
fn words() -> Texts {
    let literal = pattern(r#""((?:[^"\\]|\\.|\\\n)*)""#);
    let aside = [
        r"(?m)^\s*//.*$",
        // The tests, what a macro is told, what cannot happen, and the quotes that begin no literal.
        r"(?s)#\[cfg\(test\)\].*",
        r#"#!?\[(?:"(?:[^"\\]|\\.|\\\n)*"|[^"\]])*\]"#,
        r#"\.expect\(\s*"[^"]*"\s*\)"#,
        r"'(?:\\.|[^\\'])'",
    ]
    .map(pattern);
    let drawn = pattern(r"^(M\{|<\?xml|translate)|fc-|\{to_y\}");
    let sentence = pattern(r"[[:alpha:]`}:,] +[[:alpha:]`{]");
    let mut found = texts(&["src/commands", "src/report"], &|source| {
        let source =
            aside.iter().fold(source.to_owned(), |source, aside| aside.replace_all(&source, "").into());
        let mut said = caught(&literal, &source);
        said.retain(|text| sentence.is_match(text) && !drawn.is_match(text));
        said.dedup();
        said
    });
    found.retain(|(name, _)| !name.contains("/demo") && !name.ends_with("tests.rs"));
    for file in ["doctor.rs", "install/client.rs", "status/mod.rs", "why/mod.rs"] {
        assert!(found.iter().any(|(name, _)| name.ends_with(file)), "nothing was found in {file}");
    }
    found
}

fn pattern(regex: &str) -> regex::Regex {
    regex::Regex::new(regex).expect("it is written right here")
}

fn caught(literal: &regex::Regex, source: &str) -> Vec<String> {
    literal.captures_iter(source).map(|caught| plain(&caught[1])).collect()
}

/// Returns what `of` finds in the files below these directories.
fn texts(directories: &[&str], of: &dyn Fn(&str) -> Vec<String>) -> Texts {
    let mut files = vec![];
    for directory in directories {
        sources(&top().join(directory), &mut files);
    }
    let mut found = vec![];
    for file in files {
        let name = file.strip_prefix(top()).expect("it is below the top").display().to_string();
        let texts = of(&std::fs::read_to_string(&file).expect("a source is text"));
        if !texts.is_empty() {
            found.push((name, texts));
        }
    }
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
    let continued = pattern(r"\\\n\s*");
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
