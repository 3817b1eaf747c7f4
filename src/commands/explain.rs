//! `flowcheck explain`: prints a rule's page.

use super::output::print;
use super::{Exit, Failure, Global};
use crate::report;

/// What `flowcheck explain` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rule, as messages name it in brackets
    #[arg(value_parser = clap::builder::StringValueParser::new())]
    rule: String,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let write = match global.format.last().map_or("text", String::as_str) {
        "text" => report::page,
        "json" => report::page_json,
        "markdown" => report::page_markdown,
        other => {
            return Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text, json and markdown" });
        }
    };
    print(&write(report::rule(&args.rule)?))?;
    Ok(Exit::Clean)
}
