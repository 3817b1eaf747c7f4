//! `flowcheck target`: prints what a pipeline for this ref deploys, and where.

use serde::Serialize;

use super::output;
use super::{Exit, Failure, Global, in_force};
use crate::facts::{Deployment, deployment_of};
use crate::history::RefName;
use crate::report;
use crate::repository::{Environment, Repository};

/// What `flowcheck target` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The branch or tag (default: the ref that the pipeline runs for, else the current branch)
    #[arg(value_name = "REF")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    version: u32,
    r#ref: String,
    kind: &'a str,
    image_tag: Option<&'a str>,
    environment: Option<&'a str>,
    deploy: &'a str,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let name = match &args.name {
        Some(name) => named(name, &repository)?,
        None => of_pipeline().map_or_else(|| current(&repository), Ok)?,
    };
    let target = deployment_of(&policy, &name);
    let text = match global.format.last().map_or("text", String::as_str) {
        "text" => text(&name, &target),
        "dotenv" => variables(&target, "FLOWCHECK_"),
        "github" => variables(&target, "").to_ascii_lowercase(),
        "json" => json(&name, &target),
        other => {
            let known = "text, dotenv, github and json";
            return Err(Failure::NoSuchForm { asked: other.to_owned(), known });
        }
    };
    output::print(&text)?;
    if let Some(environment) = &target.undeployable {
        output::tell(&report::wrap(&report::undeployable(&name, environment), "flowcheck: ", "  "));
    }
    Ok(Exit::Clean)
}

fn deploy(target: &Deployment) -> &'static str {
    match (&target.environment, target.auto) {
        (None, _) => "none",
        (Some(_), true) => "auto",
        (Some(_), false) => "manual",
    }
}

fn text(name: &RefName, target: &Deployment) -> String {
    let image = match &target.image_tag {
        Some(tag) => format!("image {tag}"),
        None => "no image".to_owned(),
    };
    let place = match (&target.environment, target.auto) {
        (Some(environment), true) => format!("deployed to {environment} automatically"),
        (Some(environment), false) => format!("deployed to {environment} by hand"),
        (None, _) => "deployed nowhere".to_owned(),
    };
    format!("{}: {image}, {place}\n", name.short())
}

/// Returns `KEY=value` lines. Values are names that the policy knows, so nothing needs quoting;
/// what is not there is empty.
fn variables(target: &Deployment, prefix: &str) -> String {
    let image = target.image_tag.as_deref().unwrap_or_default();
    let environment = target.environment.as_deref().unwrap_or_default();
    format!(
        "{prefix}KIND={}\n{prefix}IMAGE_TAG={image}\n{prefix}ENVIRONMENT={environment}\n{prefix}DEPLOY={}\n",
        target.kind,
        deploy(target)
    )
}

fn json(name: &RefName, target: &Deployment) -> String {
    let row = Row {
        version: 1,
        r#ref: name.to_string(),
        kind: &target.kind,
        image_tag: target.image_tag.as_deref(),
        environment: target.environment.as_deref(),
        deploy: deploy(target),
    };
    serde_json::to_string_pretty(&row).unwrap_or_default() + "\n"
}

/// Returns the ref called `name`: as it is, a branch or a tag that stands, else a branch.
fn named(name: &str, repository: &Repository) -> Result<RefName, Failure> {
    if name.starts_with("refs/") {
        return Ok(RefName::new(name));
    }
    let tag = RefName::of_tag(name);
    let tags = repository.refs(&["refs/tags/"]).map_err(Failure::History)?;
    Ok(if tags.get(&tag).is_some() { tag } else { RefName::of_branch(name) })
}

/// Returns the ref that a pipeline of GitLab or GitHub runs for.
fn of_pipeline() -> Option<RefName> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(tag) = variable("CI_COMMIT_TAG") {
        return Some(RefName::of_tag(&tag));
    }
    if let Some(branch) = variable("CI_COMMIT_BRANCH") {
        return Some(RefName::of_branch(&branch));
    }
    variable("GITHUB_REF").filter(|name| name.starts_with("refs/")).map(RefName::new)
}

fn current(repository: &Repository) -> Result<RefName, Failure> {
    match repository.default_branch().map_err(Failure::History)? {
        Some(branch) => Ok(branch),
        None => Err(Failure::NoBranch),
    }
}
