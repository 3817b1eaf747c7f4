//! Random stories once more, by real pushes: the hook of a server says what is said in memory.

#[allow(dead_code, reason = "the scenarios ask more of a server")]
#[path = "../scenarios/server.rs"]
mod server;

use flowcheck::report::{Format, Report, render};
use flowcheck::scenario::{self, Scenario};
use flowcheck::verdict::Verdict;
use server::Server;

use crate::actors::Actor;
use crate::compare::{real, worded_for};
use crate::story::passes;
use crate::{cases, first_seed, models};

#[test]
fn a_server_says_what_is_said_in_memory() {
    let model = models::all().remove(0);
    let mut pushed = 0;
    for seed in first_seed()..first_seed() + cases(8) {
        let judge = |stage: &_, push: &_, _: &_| passes(&real(stage, push));
        let (mut story, _) = Actor::tell_by_the_hook(model.clone(), seed, 26, judge);
        // git itself sends no ref whose name it calls malformed.
        let is_sent = |name: &str| gix::validate::reference::name(name.into()).is_ok();
        story.pushes.iter_mut().for_each(|sent| sent.updates.retain(|(name, _)| is_sent(name)));
        story.pushes.retain(|sent| !sent.updates.is_empty());
        let text = worded_for(&story, real);
        pushed += told_alike(&text).unwrap_or_else(|trouble| panic!("seed {seed}: {trouble}\n\n{text}"));
    }
    println!("{pushed} pushes");
    assert!(pushed > 0, "nothing was pushed");
}

/// Plays a scenario in memory and by pushes; returns how many there were.
fn told_alike(text: &str) -> Result<usize, String> {
    let scenario = Scenario::read(text).map_err(|mistakes| format!("{mistakes:?}"))?;
    let chosen = scenario.chosen()?.ok_or("it names no policy")?;
    let (_, steps) =
        scenario::hold(&scenario, &chosen.policy, &tell).map_err(|stopped| stopped.to_string())?;
    let server = Server::open(&scenario, Some(&chosen.text));
    let mut pushed = 0;
    for step in &steps {
        // What changes nothing in memory is nothing that git would send.
        let Some(said) = server.push(step.sent) else { continue };
        let said = said?;
        pushed += 1;
        if said.findings != step.said.findings || said.accepted != step.said.accepted {
            return Err(format!(
                "line {}: {:?} by git push, {:?} in memory\n{}",
                step.sent.line, said.findings, step.said.findings, said.text
            ));
        }
    }
    let last = steps.last().map(|step| &step.after).ok_or("nothing was pushed")?;
    let refs: Vec<String> = last.iter().map(|entry| format!("{} {}", entry.id, entry.name)).collect();
    if server.refs() == refs { Ok(pushed) } else { Err(format!("the refs differ: {:?}", server.refs())) }
}

fn tell(verdict: &Verdict) -> String {
    render(&Report { command: "pre-receive", verdict, verbose: true, audited: None }, Format::Text)
}
