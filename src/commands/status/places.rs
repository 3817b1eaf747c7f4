//! What is deployed where: records tell it of version tags, the policy of the tips of lines.

use crate::facts::{LineId, ReleaseStatus, State, When};
use crate::policy::{Deploys, Environment, LineRole};
use crate::report::status::{Deployed, Place};
use crate::rules::Context;

/// Returns the environments in the order of the policy.
pub(super) fn of(cx: &Context<'_>, releases: &[ReleaseStatus]) -> Vec<Place> {
    let place = |environment: &Environment| Place {
        name: environment.name.clone(),
        auto: environment.auto,
        by_record: environment.from == Deploys::Tag,
        holds: match environment.from {
            Deploys::Tag => recorded(releases, &environment.name),
            Deploys::Line(role) => tips(cx, releases, role),
        },
    };
    cx.policy.environments.iter().map(place).collect()
}

/// The newest version tag whose newest record says that it runs there.
fn recorded(releases: &[ReleaseStatus], environment: &str) -> Vec<Deployed> {
    let newest = releases.iter().flat_map(|release| &release.versions).rev().find_map(|version| {
        let here = version.standings.iter().find(|standing| standing.environment == environment);
        here.filter(|standing| standing.deployed).map(|standing| (version, standing))
    });
    let deployed = newest.map(|(version, standing)| Deployed {
        name: version.tag.clone(),
        commit: version.commit,
        since: standing.since,
        by: standing.by.clone(),
        record: Some(standing.record.short()),
    });
    deployed.into_iter().collect()
}

/// The tips of the lines of a role; of the release lines those that are open, newest first.
fn tips(cx: &Context<'_>, releases: &[ReleaseStatus], role: LineRole) -> Vec<Deployed> {
    let lines: Vec<LineId> = match role {
        LineRole::Integration => vec![LineId::Integration],
        LineRole::Production => vec![LineId::Production],
        LineRole::Release => {
            let open = releases.iter().rev().filter(|release| release.state != State::Closed);
            open.map(|release| LineId::Release(release.release)).collect()
        }
    };
    let deployed = lines.into_iter().filter_map(|line| {
        let tip = cx.facts.tip(line, When::After)?;
        let date = cx.facts.ask(cx.facts.history.commit(tip))?.committer.map_or(0, |by| by.time);
        Some(Deployed {
            name: cx.facts.line_name(line),
            commit: Some(tip),
            since: date,
            by: String::new(),
            record: None,
        })
    });
    deployed.collect()
}
