//! Every module names only modules that stand below it in ARCHITECTURE.md's table.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{files, text, top};

/// A module named by a line of a file.
#[derive(Debug, PartialEq, Eq)]
struct Mention {
    line: usize,
    module: String,
}

#[test]
fn a_module_names_only_what_stands_below_it() {
    let layers = layers(&text(&top().join("ARCHITECTURE.md")));
    let sources = files(&top().join("src"), "rs");
    assert!(sources.len() > 20, "src/ was not read");
    let wrong: Vec<String> = sources.iter().flat_map(|source| objections(source, &layers)).collect();
    assert!(wrong.is_empty(), "against the table in ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

/// Returns what `source` names against the table.
fn objections(source: &Path, layers: &BTreeMap<String, usize>) -> Vec<String> {
    let inside = source.strip_prefix(top().join("src")).expect("the file is below src/");
    let own =
        inside.with_extension("").iter().next().expect("a file has a name").to_string_lossy().into_owned();
    if own == "lib" {
        return vec![];
    }
    let Some(height) = layers.get(&own) else {
        return vec![format!("src/{}: `{own}` has no row", inside.display())];
    };
    let depth = inside.iter().count() - usize::from(inside.ends_with("mod.rs"));
    mentions(&text(source), depth)
        .into_iter()
        .filter(|mention| mention.module != own)
        .filter(|mention| layers.get(&mention.module).is_none_or(|below| below >= height))
        .map(|mention| {
            format!("src/{}:{}: `{own}` names `{}`", inside.display(), mention.line, mention.module)
        })
        .collect()
}

/// Returns the modules of the table with their heights: 0 at the bottom.
fn layers(architecture: &str) -> BTreeMap<String, usize> {
    let rows: Vec<Vec<String>> = architecture
        .lines()
        .skip_while(|line| !line.starts_with("| layer"))
        .skip(2)
        .map_while(|line| line.strip_prefix('|')?.split('|').next())
        .map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect())
        .collect();
    assert!(rows.len() > 5, "the table of layers was not found");
    let heights = rows.into_iter().rev().enumerate();
    heights.flat_map(|(height, row)| row.into_iter().map(move |module| (module, height))).collect()
}

/// Returns the modules at the top of the crate that a file at `depth` names, outside comments and
/// outside its tests at the end.
fn mentions(source: &str, depth: usize) -> Vec<Mention> {
    let climb = "super::".repeat(depth);
    let mut found = vec![];
    let mut open_list = false;
    for (at, line) in source.lines().take_while(|line| *line != "#[cfg(test)]").enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        let mut words = vec![];
        if open_list {
            words.extend(words_at_the_top(code));
            open_list = !code.starts_with("};");
        }
        for root in ["crate::", climb.as_str()] {
            for (start, _) in code.match_indices(root) {
                let rest = &code[start + root.len()..];
                match rest.strip_prefix('{') {
                    Some(list) => {
                        words.extend(words_at_the_top(list));
                        open_list = !list.contains("};");
                    }
                    None => words.push(first_word(rest)),
                }
            }
        }
        let named = words.into_iter().filter(|word| !word.is_empty());
        found.extend(named.map(|module| Mention { line: at + 1, module: module.to_owned() }));
    }
    found
}

/// Returns the first word of each item of a `use` list, not looking into inner lists.
fn words_at_the_top(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let items = list.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    items.map(|item| first_word(item.trim_start())).filter(|word| !word.is_empty()).collect()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[test]
fn every_way_to_name_a_module_is_seen() {
    let source = "\
use crate::facts::{Facts, When};
// crate::rules is only talked about
use crate::{policy::{Policy, Line}, push};
use crate::{
    report::text,
    input,
};
fn f() -> crate::history::Oid { super::super::verdict::judge() }
#[cfg(test)]
mod tests { use crate::commands; }
";
    let named: Vec<String> = mentions(source, 2).into_iter().map(|mention| mention.module).collect();
    assert_eq!(named, ["facts", "policy", "push", "report", "input", "history", "verdict"]);
}

#[test]
fn a_lower_module_that_names_a_higher_one_is_told() {
    let layers = layers(&text(&top().join("ARCHITECTURE.md")));
    assert!(layers["rules"] > layers["facts"]);
    assert_eq!(layers["finding"], layers["push"]);
    let upside_down =
        BTreeMap::from([("rules".to_owned(), 0), ("facts".to_owned(), 1), ("finding".to_owned(), 1)]);
    let told = objections(&top().join("src/rules/mod.rs"), &upside_down);
    assert!(told.iter().any(|line| line.ends_with("`rules` names `facts`")), "{told:?}");
}
