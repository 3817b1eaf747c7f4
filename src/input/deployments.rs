//! What GitLab's Deployments API answers, and whether it bears out that a version runs.
//!
//! Of its answers only successful deployments by a job of a pipeline count; a person can make the
//! others without deploying anything.

use serde::Deserialize;

use crate::history::name::escape;

/// What has to be deployed, and where.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The environment.
    pub environment: &'a str,
    /// The version tag.
    pub tag: &'a str,
    /// The version tag's commit, in full.
    pub commit: &'a str,
}

/// A deployment that bears the claim out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The job that deployed: its address where GitLab gives one, else its number.
    pub job: String,
    /// The number of the job.
    pub job_id: u64,
}

/// Why GitLab's answers do not bear a claim out. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// It is not the answer that is documented.
    #[error("read GitLab's answer: {0}")]
    Garbled(String),
    /// No job has deployed there.
    #[error("confirm `{tag}`: GitLab knows no deployment to `{environment}` by a job of a pipeline")]
    NeverDeployed {
        /// The version tag.
        tag: String,
        /// The environment.
        environment: String,
    },
    /// Another version is live, and this one never was.
    #[error("confirm `{tag}`: what runs in `{environment}` now is `{live}` (deployment {id})")]
    AnotherIsLive {
        /// The version tag.
        tag: String,
        /// The environment.
        environment: String,
        /// What is live.
        live: String,
        /// Its deployment.
        id: u64,
    },
    /// Another version is live, and this one was before.
    #[error("confirm `{tag}`: it ran in `{environment}`, and `{live}` took its place (deployment {id})")]
    Replaced {
        /// The version tag.
        tag: String,
        /// The environment.
        environment: String,
        /// What is live.
        live: String,
        /// Its deployment.
        id: u64,
    },
    /// What was deployed under this name is not what the tag is on.
    #[error("confirm `{tag}`: deployment {id} was of commit {deployed}, and the tag is on {commit}")]
    AnotherCommit {
        /// The version tag.
        tag: String,
        /// The deployment.
        id: u64,
        /// What was deployed.
        deployed: String,
        /// What the tag is on.
        commit: String,
    },
}

/// A search through pages of deployments, newest first.
#[derive(Debug)]
pub struct Search<'a> {
    claim: Claim<'a>,
    newest: Option<Deployment>,
}

impl<'a> Search<'a> {
    /// Begins the search for what bears `claim` out.
    #[must_use]
    pub fn new(claim: Claim<'a>) -> Self {
        Self { claim, newest: None }
    }

    /// Reads one page; returns the proof if it is there, `None` where the next page may have it.
    ///
    /// # Errors
    /// Where the page is garbled, or speaks against the claim.
    pub fn page(&mut self, body: &str) -> Result<Option<Proven>, NotProven> {
        let deployments: Vec<Deployment> = serde_json::from_str(body)
            .map_err(|error| NotProven::Garbled(escape(error.to_string().as_bytes())))?;
        let claim = &self.claim;
        let mut counting: Vec<Deployment> =
            deployments.into_iter().filter(|deployment| deployment.counts(claim)).collect();
        counting.sort_by_key(|deployment| std::cmp::Reverse(deployment.id));
        for deployment in counting {
            match &self.newest {
                None if deployment.is_of(claim.tag) => return deployment.proves(claim).map(Some),
                None => self.newest = Some(deployment),
                Some(live) if deployment.is_of(claim.tag) => return Err(live.replaced(claim)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Returns what is wrong with the claim where no page has borne it out.
    #[must_use]
    pub fn ended(self) -> NotProven {
        let (tag, environment) = (escaped(self.claim.tag), escaped(self.claim.environment));
        match self.newest {
            Some(live) => NotProven::AnotherIsLive { tag, environment, live: live.name(), id: live.id },
            None => NotProven::NeverDeployed { tag, environment },
        }
    }
}

/// One deployment, as far as it counts here.
#[derive(Debug, Clone, Deserialize)]
struct Deployment {
    id: u64,
    sha: String,
    status: String,
    environment: Environment,
    /// The job; null where somebody made the deployment through the API, which proves nothing.
    deployable: Option<Job>,
}

#[derive(Debug, Clone, Deserialize)]
struct Environment {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Job {
    id: u64,
    #[serde(rename = "ref")]
    name: String,
    tag: bool,
    web_url: Option<String>,
}

impl Deployment {
    /// Whether it says anything: GitLab is asked for these only, and believed only if they are.
    fn counts(&self, claim: &Claim<'_>) -> bool {
        self.status == "success" && self.environment.name == claim.environment && self.deployable.is_some()
    }

    fn is_of(&self, tag: &str) -> bool {
        self.deployable.as_ref().is_some_and(|job| job.tag && job.name == tag)
    }

    fn proves(self, claim: &Claim<'_>) -> Result<Proven, NotProven> {
        if self.sha != claim.commit {
            return Err(NotProven::AnotherCommit {
                tag: escaped(claim.tag),
                id: self.id,
                deployed: escaped(&self.sha),
                commit: claim.commit.to_owned(),
            });
        }
        let job = self.deployable.expect("only deployments by a job are looked at");
        Ok(Proven { job: job.web_url.unwrap_or_else(|| job.id.to_string()), job_id: job.id })
    }

    /// Returns what was deployed, as it is shown.
    fn name(&self) -> String {
        escaped(self.deployable.as_ref().map_or(self.sha.as_str(), |job| job.name.as_str()))
    }

    fn replaced(&self, claim: &Claim<'_>) -> NotProven {
        NotProven::Replaced {
            tag: escaped(claim.tag),
            environment: escaped(claim.environment),
            live: self.name(),
            id: self.id,
        }
    }
}

fn escaped(text: &str) -> String {
    escape(text.as_bytes())
}

/// Returns the number of the next page: from the header `x-next-page`, else from the `link` that
/// says `next` (only its number: where to ask is not the answer's to say).
#[must_use]
pub fn next_page(next: Option<&str>, link: Option<&str>) -> Option<String> {
    let number = match next {
        Some(number) => number,
        None => link?
            .split(',')
            .find(|link| link.contains("rel=\"next\""))?
            .split(['?', '&', '>'])
            .find_map(|part| part.strip_prefix("page="))?,
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| number.to_owned())
}
