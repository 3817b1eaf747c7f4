//! What the environment says: which server this is, who pushes, which push options came along.
//!
//! Only the variables listed here are ever read, and their values are never printed: beside them
//! a web server may keep the pusher's password.

use std::collections::BTreeMap;
use std::fmt;

use super::Unusable;
use crate::history::name::escape;
use crate::history::{BStr, BString, ByteSlice};
use crate::policy::Server;
use crate::push::Pusher;

/// The variables that are read, beside `GIT_PUSH_OPTION_<n>` and the one that the policy names.
const VARIABLES: [&str; 40] = [
    "BB_HOOK_TYPE",
    "BB_PROJECT_KEY",
    "BB_REPO_SLUG",
    "BB_USER_NAME",
    "CI_MERGE_REQUEST_PROJECT_PATH",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
    "CI_MERGE_REQUEST_SQUASH_ON_MERGE",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_PROJECT_PATH",
    "GIT_NAMESPACE",
    "GIT_PUSH_OPTION_COUNT",
    "GITEA_INTERNAL_PUSH",
    "GITEA_PUSHER_NAME",
    "GITEA_REPO_IS_WIKI",
    "GITEA_REPO_NAME",
    "GITEA_REPO_USER_NAME",
    "GITHUB_BASE_REF",
    "GITHUB_HEAD_REF",
    "GITHUB_REF",
    "GITHUB_REPO_NAME",
    "GITHUB_SHA",
    "GITHUB_USER_LOGIN",
    "GL_ID",
    "GL_PROTOCOL",
    "GL_REPO",
    "GL_REPOSITORY",
    "GL_USER",
    "GL_USERNAME",
    "PRE_COMMIT",
    "PRE_COMMIT_LOCAL_BRANCH",
    "PRE_COMMIT_REMOTE_BRANCH",
    "PRE_COMMIT_REMOTE_NAME",
    "PRE_COMMIT_TO_REF",
    "REMOTE_USER",
    "SSH_CONNECTION",
    "FLOWCHECK",
    "FLOWCHECK_FORMAT",
    "FLOWCHECK_POLICY",
    "GIT_QUARANTINE_PATH",
];

/// How many push options are read: a push has a handful.
const MOST_OPTIONS: usize = 1000;

/// What runs the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// GitLab.
    GitLab,
    /// Gitea or Forgejo.
    Gitea,
    /// GitHub Enterprise Server.
    Ghes,
    /// Bitbucket Data Center.
    Bitbucket,
    /// gitolite.
    Gitolite,
    /// git's own `http-backend`.
    Http,
    /// Anything else, such as git over ssh.
    Plain,
}

/// The variables that count, as they were when the hook started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, BString>);

impl Environment {
    /// Reads the listed variables; empty ones count as unset. `user_variable` is the one that the
    /// policy names for plain servers.
    #[must_use]
    pub fn read(user_variable: Option<&str>, get: impl Fn(&str) -> Option<BString>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let listed = VARIABLES.into_iter().chain(user_variable);
        let mut read = Self(listed.filter_map(|name| Some((name.to_owned(), get(name)?))).collect());
        for n in 0..read.option_count() {
            let name = format!("GIT_PUSH_OPTION_{n}");
            if let Some(value) = get(&name) {
                read.0.insert(name, value);
            }
        }
        read
    }

    /// Returns the value of a listed variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&BStr> {
        self.0.get(name).map(|value| value.as_bstr())
    }

    /// Returns the push options, in the order they were given.
    #[must_use]
    pub fn push_options(&self) -> Vec<BString> {
        (0..self.option_count())
            .filter_map(|n| self.0.get(&format!("GIT_PUSH_OPTION_{n}")).cloned())
            .collect()
    }

    /// Returns what runs the hook: what the policy pins, else what the variables show.
    ///
    /// A policy that names the variable of a plain server has a plain server: there, a client may
    /// be able to set the others.
    #[must_use]
    pub fn host(&self, server: &Server) -> Host {
        match server.kind.as_str() {
            "gitlab" => Host::GitLab,
            "gitea" => Host::Gitea,
            "ghes" => Host::Ghes,
            "bitbucket" => Host::Bitbucket,
            "gitolite" => Host::Gitolite,
            "http" => Host::Http,
            "plain" => Host::Plain,
            _ if server.user_variable.is_some() => Host::Plain,
            _ => self.detected(),
        }
    }

    fn detected(&self) -> Host {
        let has = |name| self.0.contains_key(name);
        // GitLab runs hooks far from sshd: where sshd is, it is a client that says so.
        if has("GL_REPOSITORY") && has("GL_PROTOCOL") && !has("SSH_CONNECTION") {
            Host::GitLab
        } else if has("GITEA_REPO_NAME") {
            Host::Gitea
        } else if has("GITHUB_REPO_NAME") && has("GITHUB_USER_LOGIN") {
            Host::Ghes
        } else if has("BB_HOOK_TYPE") {
            Host::Bitbucket
        } else if has("GL_USER") && has("GL_REPO") {
            Host::Gitolite
        } else if has("REMOTE_USER") {
            Host::Http
        } else {
            Host::Plain
        }
    }

    /// Returns who pushes, from the variables of this host alone.
    #[must_use]
    pub fn pusher(&self, host: Host, server: &Server) -> Pusher {
        let name = match host {
            Host::GitLab => Some("GL_USERNAME"),
            Host::Gitea => Some("GITEA_PUSHER_NAME"),
            Host::Ghes => Some("GITHUB_USER_LOGIN"),
            Host::Bitbucket => Some("BB_USER_NAME"),
            Host::Gitolite => Some("GL_USER"),
            Host::Http => Some("REMOTE_USER"),
            Host::Plain => server.user_variable.as_deref(),
        };
        let id = (host == Host::GitLab).then_some("GL_ID");
        Pusher { name: self.text(name), id: self.text(id) }
    }

    /// Returns what this host calls the repository, harmless to print; `None` where it says nothing.
    #[must_use]
    pub fn repository(&self, host: Host) -> Option<String> {
        let parts: &[&str] = match host {
            Host::GitLab => &["GL_REPOSITORY"],
            Host::Gitea => &["GITEA_REPO_USER_NAME", "GITEA_REPO_NAME"],
            Host::Ghes => &["GITHUB_REPO_NAME"],
            Host::Bitbucket => &["BB_PROJECT_KEY", "BB_REPO_SLUG"],
            Host::Gitolite => &["GL_REPO"],
            Host::Http | Host::Plain => return None,
        };
        let parts: Option<Vec<String>> =
            parts.iter().map(|name| self.get(name).map(|part| escape(part))).collect();
        Some(parts?.join("/"))
    }

    /// Whether what is pushed to is no code: a wiki, a snippet, or the forge pushing to itself.
    #[must_use]
    pub fn is_exempt(&self, host: Host) -> bool {
        let is_true = |name| self.get(name).is_some_and(|value| value == "true");
        match host {
            Host::GitLab => self.get("GL_REPOSITORY").is_some_and(|name| !name.starts_with(b"project-")),
            Host::Gitea => is_true("GITEA_REPO_IS_WIKI") || is_true("GITEA_INTERNAL_PUSH"),
            _ => false,
        }
    }

    /// Whether the push is a click on a web page, which shows marked lines only.
    #[must_use]
    pub fn is_web(&self, host: Host) -> bool {
        host == Host::GitLab && self.get("GL_PROTOCOL").is_some_and(|protocol| protocol == "web")
    }

    /// Checks that refs are called here as the pusher calls them.
    ///
    /// # Errors
    /// [`Unusable::Namespace`] where git runs inside a namespace.
    pub fn without_namespace(&self) -> Result<(), Unusable> {
        if self.0.contains_key("GIT_NAMESPACE") { Err(Unusable::Namespace) } else { Ok(()) }
    }

    fn option_count(&self) -> usize {
        let count = self.get("GIT_PUSH_OPTION_COUNT").and_then(|count| count.to_str().ok()?.parse().ok());
        count.unwrap_or(0).min(MOST_OPTIONS)
    }

    fn text(&self, name: Option<&str>) -> Option<String> {
        self.get(name?)?.to_str().ok().map(str::to_owned)
    }
}

/// Shows which variables are there, never what they hold.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto() -> Server {
        Server { kind: "auto".to_owned(), user_variable: None, lock: false }
    }

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::read(Some("FLOW_USER"), |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| BString::from(*value))
        })
    }

    const GITLAB: [(&str, &str); 4] = [
        ("GL_REPOSITORY", "project-7"),
        ("GL_PROTOCOL", "ssh"),
        ("GL_USERNAME", "alice"),
        ("GL_ID", "key-12"),
    ];

    #[test]
    fn each_server_is_known_by_its_variables() {
        type Variables<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Variables<'_>, Host, &str); 7] = [
            (&GITLAB, Host::GitLab, "alice"),
            (&[("GITEA_REPO_NAME", "r"), ("GITEA_PUSHER_NAME", "bob")], Host::Gitea, "bob"),
            (&[("GITHUB_REPO_NAME", "r"), ("GITHUB_USER_LOGIN", "carol")], Host::Ghes, "carol"),
            (&[("BB_HOOK_TYPE", "PRE"), ("BB_USER_NAME", "dave")], Host::Bitbucket, "dave"),
            (&[("GL_USER", "erin"), ("GL_REPO", "r")], Host::Gitolite, "erin"),
            (&[("REMOTE_USER", "frank")], Host::Http, "frank"),
            (&[], Host::Plain, "somebody"),
        ];
        for (variables, host, who) in cases {
            let environment = environment(variables);
            assert_eq!(environment.host(&auto()), host);
            assert_eq!(environment.pusher(host, &auto()).shown(), who);
        }
    }

    #[test]
    fn gitlab_says_which_key_it_was() {
        let pusher = environment(&GITLAB).pusher(Host::GitLab, &auto());
        assert!(pusher.is_among(&["key-12".to_owned()]));
        assert!(pusher.is_among(&["alice".to_owned()]));
    }

    #[test]
    fn a_plain_server_believes_only_the_variable_that_its_administrator_names() {
        let environment =
            environment(&[("REMOTE_USER", "mallory"), ("GL_USERNAME", "mallory"), ("FLOW_USER", "alice")]);
        let server = Server { user_variable: Some("FLOW_USER".to_owned()), ..auto() };
        let host = environment.host(&server);
        assert_eq!((host, environment.pusher(host, &server).shown().as_str()), (Host::Plain, "alice"));

        let pinned = Server { kind: "plain".to_owned(), ..auto() };
        let host = environment.host(&pinned);
        assert_eq!(environment.pusher(host, &pinned), Pusher::default());
    }

    #[test]
    fn behind_sshd_is_no_gitlab() {
        let claimed = [&GITLAB[..], &[("SSH_CONNECTION", "192.0.2.7 1 192.0.2.1 22")]].concat();
        assert_eq!(environment(&claimed).host(&auto()), Host::Plain);
        let pinned = Server { kind: "gitlab".to_owned(), ..auto() };
        assert_eq!(environment(&claimed).host(&pinned), Host::GitLab);
    }

    #[test]
    fn a_pinned_server_is_not_guessed() {
        let pinned = Server { kind: "gitolite".to_owned(), ..auto() };
        assert_eq!(environment(&GITLAB).host(&pinned), Host::Gitolite);
    }

    #[test]
    fn wikis_and_snippets_are_no_code() {
        for (repository, exempt) in
            [("project-7", false), ("wiki-7", true), ("design-7", true), ("snippet-7", true)]
        {
            let environment = environment(&[("GL_REPOSITORY", repository), ("GL_PROTOCOL", "ssh")]);
            assert_eq!(environment.is_exempt(Host::GitLab), exempt, "{repository}");
            assert!(!environment.is_exempt(Host::Plain));
        }
        for variable in ["GITEA_REPO_IS_WIKI", "GITEA_INTERNAL_PUSH"] {
            assert!(environment(&[(variable, "true")]).is_exempt(Host::Gitea));
            assert!(!environment(&[(variable, "false")]).is_exempt(Host::Gitea));
        }
    }

    #[test]
    fn push_options_come_in_order_and_a_wrong_count_is_none() {
        let options = |count| {
            let given = [
                ("GIT_PUSH_OPTION_COUNT", count),
                ("GIT_PUSH_OPTION_0", "a"),
                ("GIT_PUSH_OPTION_1", "b=c d"),
            ];
            environment(&given).push_options()
        };
        assert_eq!(options("2"), ["a", "b=c d"]);
        assert_eq!(options("1"), ["a"]);
        assert_eq!(options("99999999"), ["a", "b=c d"]);
        assert!(options("0").is_empty() && options("").is_empty() && options("-1").is_empty());
    }

    #[test]
    fn a_namespace_is_refused() {
        assert_eq!(environment(&[("GIT_NAMESPACE", "x")]).without_namespace(), Err(Unusable::Namespace));
        assert_eq!(environment(&[("GIT_NAMESPACE", "")]).without_namespace(), Ok(()));
    }

    #[test]
    fn nothing_else_is_read_and_no_value_is_shown() {
        let asked = std::cell::RefCell::new(vec![]);
        let environment = Environment::read(None, |name| {
            asked.borrow_mut().push(name.to_owned());
            Some("secret".into())
        });
        assert!(!asked.borrow().iter().any(|name| name.contains("AUTHORIZATION")));
        assert_eq!(asked.borrow().len(), VARIABLES.len());
        assert!(!format!("{environment:?}").contains("secret"));
    }

    #[test]
    fn a_name_that_is_no_text_is_nobody() {
        let environment =
            Environment::read(None, |name| (name == "REMOTE_USER").then(|| BString::from(&b"\xff"[..])));
        assert_eq!(environment.pusher(Host::Http, &auto()).name, None);
    }
}
