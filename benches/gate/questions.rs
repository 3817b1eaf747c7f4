//! Single questions in process, opening the repository included, beside git's own command.

use std::process::Command;
use std::time::Duration;

use flowcheck::history::{History as _, Oid};
use flowcheck::repository::Repository;

use crate::Plan;
use crate::git::git;
use crate::measure::{Job, here, turns};
use crate::server::{Graph, Server};
use crate::table::{Table, ms, ratio};

struct Question<'a> {
    title: &'a str,
    ours: Box<dyn Fn(&Repository) + 'a>,
    theirs: Job<'a>,
}

/// Prints what each question costs.
pub fn print(plan: &Plan, server: &Server, graph: Graph) {
    let id = |name: &str| Oid::from_hex(server.id(name).as_bytes()).expect("git says an id");
    let tip = id("HEAD");
    let root = Oid::from_hex(server.root().as_bytes()).expect("git says an id");
    let near = id("HEAD~30");
    let far = id(&server.halfway());
    let all = Repository::at(&server.path).expect("it can be opened");
    let all = all.refs(&["refs/heads/", "refs/tags/"]).expect("refs can be read");
    let heads: Vec<Oid> = all.iter().map(|entry| entry.peeled.unwrap_or(entry.id)).collect();
    let others: Vec<Oid> = heads.iter().copied().filter(|head| *head != tip).collect();
    let command = |args: Vec<String>| {
        move || -> Command {
            let mut command = git(&server.path);
            command.args(&args);
            command
        }
    };
    let job = |args: &[&str]| {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Job { code: None, ..Job::new(command(args)) }
    };
    let is_ancestor = |a: Oid, b: Oid| job(&["merge-base", "--is-ancestor", &a.to_string(), &b.to_string()]);
    let merge_base = |a: Oid, b: Oid| job(&["merge-base", "--all", &a.to_string(), &b.to_string()]);
    let ours_is_ancestor = |a: Oid, b: Oid| -> Box<dyn Fn(&Repository)> {
        Box::new(move |repository| {
            repository.is_ancestor(a, b).expect("it can be answered");
        })
    };
    let ours_bases = |a: Oid, b: Oid| -> Box<dyn Fn(&Repository)> {
        Box::new(move |repository| {
            repository.merge_bases(a, b).expect("it can be answered");
        })
    };
    let side = id(&server.side());
    let questions = [
        Question {
            title: "is-ancestor, near: yes",
            ours: ours_is_ancestor(near, tip),
            theirs: is_ancestor(near, tip),
        },
        Question {
            title: "is-ancestor, near: no",
            ours: ours_is_ancestor(tip, side),
            theirs: is_ancestor(tip, side),
        },
        Question {
            title: "is-ancestor, far: yes",
            ours: ours_is_ancestor(root, tip),
            theirs: is_ancestor(root, tip),
        },
        Question {
            title: "is-ancestor, far: no",
            ours: ours_is_ancestor(tip, far),
            theirs: is_ancestor(tip, far),
        },
        Question { title: "merge-base, near", ours: ours_bases(side, near), theirs: merge_base(side, near) },
        Question { title: "merge-base, far", ours: ours_bases(far, side), theirs: merge_base(far, side) },
        Question {
            title: "HEAD without all other refs",
            ours: Box::new(|repository| {
                repository.introduced(&[tip], &others).expect("it can be answered");
            }),
            theirs: job(&["rev-list", "HEAD", "--not", "--exclude=HEAD", "--branches=release*", "--tags"]),
        },
        Question {
            title: "everything",
            ours: Box::new(|repository| {
                repository.introduced(&heads, &[]).expect("it can be answered");
            }),
            theirs: job(&["rev-list", "--count", "--all"]),
        },
    ];
    let mut table = Table::new(&["question, ms", "flowcheck", "git", "ratio"]);
    for question in &questions {
        let ours = || here(|| (question.ours)(&Repository::at(&server.path).expect("it can be opened")));
        let theirs = || question.theirs.run();
        let both: [&dyn Fn() -> Duration; 2] = [&ours, &theirs];
        let times = turns(&both, plan.runs.min(11), |job| job());
        table.row(vec![question.title.to_owned(), ms(times[0]), ms(times[1]), ratio(times[0], times[1])]);
    }
    table.print(&format!("Questions, commit-graph: {}", graph.name()));
}
