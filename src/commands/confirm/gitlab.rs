//! GitLab's own word on what runs in an environment: its Deployments API.
//!
//! For a pipeline, never for a hook: it needs the network and a token. The token goes to the one
//! server that was named and nowhere else; redirects are refused.

use std::fmt;
use std::time::Duration;

use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::history::name::escape;
use crate::input::deployments::{self, NotProven, Search};

pub(super) use crate::input::deployments::{Claim, Proven};

/// How many pages of deployments are looked at: a hundred each.
const PAGES: u32 = 20;
/// How often a request is made before "later" is taken for "no".
const ATTEMPTS: u32 = 3;
/// The longest pause that a server may ask for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where to ask, and as whom.
#[derive(Clone)]
pub(super) struct Server {
    /// The API's address, e.g. `https://gitlab.example.com/api/v4`.
    pub(super) api: String,
    /// The project: its number, or its full path.
    pub(super) project: String,
    /// The token.
    pub(super) token: Token,
    /// How long one request may take.
    pub(super) timeout: Duration,
}

/// A token and the header that it goes into. Never printed.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) variable: &'static str,
    pub(super) header: &'static str,
    pub(super) secret: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.variable)
    }
}

impl Token {
    /// Returns the first token that the environment has.
    pub(super) fn find(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let places = [
            ("FLOWCHECK_GITLAB_TOKEN", "PRIVATE-TOKEN"),
            ("GITLAB_TOKEN", "PRIVATE-TOKEN"),
            ("CI_JOB_TOKEN", "JOB-TOKEN"),
        ];
        places.into_iter().find_map(|(variable, header)| {
            let secret = get(variable).map(|secret| secret.trim().to_owned())?;
            (!secret.is_empty()).then_some(Self { variable, header, secret })
        })
    }
}

/// Why GitLab does not bear a claim out, or could not be asked. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("use `{0}` as the address of GitLab's API")]
    Address(String),
    #[error("reach GitLab at {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("get an answer from GitLab at {host} within {seconds} s")]
    TimedOut { host: String, seconds: f32 },
    #[error("ask GitLab: it sends us on to `{0}`, and the token stays here")]
    Redirected(String),
    #[error("ask GitLab: it does not accept the token in {variable} ({status})")]
    Refused { variable: &'static str, status: u16 },
    #[error("find the project `{project}`: GitLab has none that the token in {variable} may see")]
    NoProject { project: String, variable: &'static str },
    #[error("ask GitLab: it is busy, and still was after {0} attempts")]
    Busy(u32),
    #[error("ask GitLab: it answers {0}")]
    Status(u16),
    #[error(transparent)]
    NotProven(#[from] NotProven),
}

/// Asks whether the newest successful deployment by a job is the one that is claimed.
pub(super) fn prove(server: &Server, claim: &Claim<'_>) -> Result<Proven, Failure> {
    let client = Client::new(server)?;
    let mut search = Search::new(*claim);
    let mut page = Some("1".to_owned());
    for _ in 0..PAGES {
        let Some(number) = page else { break };
        let (body, next) = client.page(claim.environment, &number)?;
        if let Some(proven) = search.page(&body)? {
            return Ok(proven);
        }
        page = next;
    }
    Err(search.ended().into())
}

struct Client<'a> {
    server: &'a Server,
    agent: Agent,
    host: String,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server) -> Result<Self, Failure> {
        let address = || Failure::Address(escape(server.api.as_bytes()));
        let uri: Uri = server.api.parse().map_err(|_| address())?;
        let authority = uri.authority().ok_or_else(address)?;
        // A name and password in the address would be shown with it.
        if !matches!(uri.scheme_str(), Some("https" | "http")) || authority.as_str().contains('@') {
            return Err(Failure::Address("an address without http(s), or with a password".to_owned()));
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(server.timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("flowcheck/", env!("CARGO_PKG_VERSION")));
        if matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]") {
            config = config.proxy(None);
        }
        Ok(Self { server, agent: config.build().into(), host: authority.to_string() })
    }

    /// Returns one page of deployments, newest first, and the number of the next page.
    fn page(&self, environment: &str, page: &str) -> Result<(String, Option<String>), Failure> {
        let mut answer = self.get(environment, page)?;
        let next = deployments::next_page(header(&answer, "x-next-page"), header(&answer, "link"));
        let body = answer.body_mut().read_to_string().map_err(|error| self.unreachable(error))?;
        Ok((body, next))
    }

    fn get(&self, environment: &str, page: &str) -> Result<Response<Body>, Failure> {
        for attempt in 1..=ATTEMPTS {
            let answer = self.get_once(environment, page)?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => {
                    if attempt < ATTEMPTS {
                        std::thread::sleep(pause(&answer));
                    }
                }
                status => return Err(self.refused(status, &answer)),
            }
        }
        Err(Failure::Busy(ATTEMPTS))
    }

    fn get_once(&self, environment: &str, page: &str) -> Result<Response<Body>, Failure> {
        let Server { api, project, token, .. } = self.server;
        self.agent
            .get(format!("{}/projects/{}/deployments", api.trim_end_matches('/'), encoded(project)))
            .query("environment", environment)
            .query("status", "success")
            .query("order_by", "id")
            .query("sort", "desc")
            .query("per_page", "100")
            .query("page", page)
            .header(token.header, &token.secret)
            .call()
            .map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: ureq::Error) -> Failure {
        match error {
            ureq::Error::Timeout(_) => {
                Failure::TimedOut { host: self.host.clone(), seconds: self.server.timeout.as_secs_f32() }
            }
            other => {
                Failure::Unreachable { host: self.host.clone(), why: escape(other.to_string().as_bytes()) }
            }
        }
    }

    fn refused(&self, status: StatusCode, answer: &Response<Body>) -> Failure {
        let variable = self.server.token.variable;
        match status {
            status if status.is_redirection() => {
                Failure::Redirected(escape(header(answer, "location").unwrap_or_default().as_bytes()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Failure::Refused { variable, status: status.as_u16() }
            }
            StatusCode::NOT_FOUND => {
                Failure::NoProject { project: escape(self.server.project.as_bytes()), variable }
            }
            status => Failure::Status(status.as_u16()),
        }
    }
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

fn pause(answer: &Response<Body>) -> Duration {
    let seconds = header(answer, "retry-after").and_then(|seconds| seconds.trim().parse().ok());
    seconds.map_or(Duration::from_secs(1), Duration::from_secs).min(PATIENCE)
}

/// Returns a project's path as one part of an address.
fn encoded(project: &str) -> String {
    project.bytes().fold(String::new(), |mut encoded: String, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
            return encoded;
        }
        encoded + &format!("%{byte:02X}")
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Instant;

    use serde_json::{Value, json};

    use super::*;

    const COMMIT: &str = "a91957a858320c0e17f3a0eca7cfacbff50ea29a";
    const OTHER: &str = "be6ff1a4c7d6b7d1f8e0d0cb4c2b0a6a3a0d4f5e";

    /// A request as the server saw it: the request line and the headers.
    type Seen = Arc<Mutex<Vec<String>>>;

    /// A GitLab that gives these answers one after the other, each on a connection of its own.
    struct Fake {
        port: u16,
        seen: Seen,
    }

    impl Fake {
        fn new(answers: Vec<String>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let seen = Seen::default();
            let log = Arc::clone(&seen);
            thread::spawn(move || {
                for answer in answers {
                    let (stream, _) = listener.accept().unwrap();
                    serve(stream, &answer, &log);
                }
            });
            Self { port, seen }
        }

        fn server(&self) -> Server {
            Server {
                api: format!("http://127.0.0.1:{}/api/v4", self.port),
                project: "group/shop".into(),
                token: Token {
                    variable: "GITLAB_TOKEN",
                    header: "PRIVATE-TOKEN",
                    secret: "glpat-secret".into(),
                },
                timeout: Duration::from_secs(5),
            }
        }

        fn prove(&self) -> Result<Proven, Failure> {
            prove(&self.server(), &Claim { environment: "prod", tag: "v1.0.0", commit: COMMIT })
        }

        fn requests(&self) -> Vec<String> {
            self.seen.lock().unwrap().clone()
        }
    }

    fn serve(mut stream: TcpStream, answer: &str, log: &Seen) {
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reader.read_line(&mut request).unwrap() > 2 {}
        log.lock().unwrap().push(request);
        if answer == "silence" {
            thread::sleep(Duration::from_secs(3));
        }
        // A client that has given up is no concern of the server's.
        let _ = stream.write_all(answer.as_bytes());
    }

    fn answer(status: &str, headers: &str, body: &Value) -> String {
        let body = body.to_string();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
            body.len()
        )
    }

    fn ok(deployments: &[Value]) -> String {
        answer("200 OK", "", &json!(deployments))
    }

    /// A deployment in the form of GitLab's documentation (doc/api/deployments.md).
    fn deployment(id: u64, tag: &str, sha: &str) -> Value {
        json!({
            "id": id, "iid": id - 40, "ref": tag, "sha": sha,
            "created_at": "2016-08-11T11:32:35.444Z", "updated_at": "2016-08-11T11:34:01.123Z",
            "status": "success",
            "user": {"name": "Administrator", "state": "active", "username": "root", "id": 1},
            "environment": {"external_url": "https://about.gitlab.com", "id": 9, "name": "prod"},
            "deployable": {
                "commit": {"author_email": "admin@example.com", "id": sha, "short_id": &sha[..8], "title": "Merge"},
                "coverage": null, "created_at": "2016-08-11T11:32:24.456Z",
                "finished_at": "2016-08-11T11:32:35.145Z", "id": id + 500, "name": "deploy",
                "ref": tag, "runner": null, "stage": "deploy", "started_at": null, "status": "success",
                "tag": true,
                "pipeline": {"id": 37, "ref": tag, "sha": sha, "status": "success"}
            }
        })
    }

    fn made_by_the_api(id: u64, tag: &str) -> Value {
        let mut deployment = deployment(id, tag, COMMIT);
        deployment["deployable"] = Value::Null;
        deployment
    }

    fn said(result: Result<Proven, Failure>) -> String {
        result.expect_err("the claim is not borne out").to_string()
    }

    #[test]
    fn the_newest_deployment_proves_its_tag() {
        let fake = Fake::new(vec![ok(&[deployment(42, "v1.0.0", COMMIT), deployment(41, "v0.9.0", OTHER)])]);
        assert_eq!(fake.prove().unwrap(), Proven { job: "542".into(), job_id: 542 });
        let request = fake.requests().remove(0);
        let asked = "GET /api/v4/projects/group%2Fshop/deployments?environment=prod&status=success&order_by=id\
                     &sort=desc&per_page=100&page=1 HTTP/1.1\r\n";
        assert!(request.starts_with(asked), "{request}");
        assert!(request.to_lowercase().contains("private-token: glpat-secret"), "{request}");
    }

    #[test]
    fn a_rolled_back_tag_is_refused_and_so_is_one_that_never_was_live() {
        let fake = Fake::new(vec![ok(&[deployment(43, "v0.9.0", OTHER), deployment(42, "v1.0.0", COMMIT)])]);
        assert_eq!(
            said(fake.prove()),
            "confirm `v1.0.0`: it ran in `prod`, and `v0.9.0` took its place (deployment 43)"
        );
        let fake = Fake::new(vec![ok(&[deployment(43, "v0.9.0", OTHER)])]);
        assert!(said(fake.prove()).contains("what runs in `prod` now is `v0.9.0`"));
        let fake = Fake::new(vec![ok(&[])]);
        assert!(said(fake.prove()).contains("no deployment"));
    }

    #[test]
    fn the_highest_id_is_the_newest_whatever_the_order() {
        let fake = Fake::new(vec![ok(&[deployment(42, "v1.0.0", COMMIT), deployment(43, "v0.9.0", OTHER)])]);
        assert!(said(fake.prove()).contains("took its place"));
    }

    #[test]
    fn a_deployment_that_somebody_made_through_the_api_says_nothing() {
        let fake = Fake::new(vec![ok(&[made_by_the_api(50, "v1.0.0"), deployment(43, "v0.9.0", OTHER)])]);
        assert!(said(fake.prove()).contains("`v0.9.0`"));
        let fake = Fake::new(vec![ok(&[made_by_the_api(50, "v1.0.0")])]);
        assert!(said(fake.prove()).contains("no deployment"));
        let fake = Fake::new(vec![ok(&[made_by_the_api(50, "v0.9.0"), deployment(42, "v1.0.0", COMMIT)])]);
        assert!(fake.prove().is_ok());
    }

    #[test]
    fn a_branch_of_the_tags_name_and_another_commit_are_no_proof() {
        let mut branch = deployment(42, "v1.0.0", COMMIT);
        branch["deployable"]["tag"] = json!(false);
        assert!(Fake::new(vec![ok(&[branch])]).prove().is_err());
        let fake = Fake::new(vec![ok(&[deployment(42, "v1.0.0", OTHER)])]);
        assert!(said(fake.prove()).contains("was of commit be6ff1a4"));
    }

    #[test]
    fn what_was_not_asked_for_does_not_count() {
        let mut failed = deployment(44, "v1.0.0", COMMIT);
        failed["status"] = json!("failed");
        let mut elsewhere = deployment(43, "v1.0.0", COMMIT);
        elsewhere["environment"]["name"] = json!("staging");
        let fake = Fake::new(vec![ok(&[failed, elsewhere])]);
        assert!(said(fake.prove()).contains("no deployment"));
    }

    #[test]
    fn pages_are_followed_by_either_header() {
        let first = |headers| answer("200 OK", headers, &json!([made_by_the_api(50, "v1.0.0")]));
        let last = answer("200 OK", "x-next-page: \r\n", &json!([deployment(42, "v1.0.0", COMMIT)]));
        for header in [
            "x-next-page: 2\r\n",
            "link: <http://elsewhere.example/api/v4/x?page=1&per_page=100>; rel=\"first\", <http://elsewhere.example/x?order_by=id&page=2&per_page=100>; rel=\"next\"\r\n",
        ] {
            let fake = Fake::new(vec![first(header), last.clone()]);
            assert!(fake.prove().is_ok(), "{header}");
            let requests = fake.requests();
            assert_eq!(requests.len(), 2);
            assert!(requests[1].contains("&page=2 "), "{}", requests[1]);
            assert!(requests[1].contains("127.0.0.1"), "{}", requests[1]);
        }
    }

    #[test]
    fn pages_without_end_end() {
        let page = answer("200 OK", "x-next-page: 2\r\n", &json!([made_by_the_api(50, "v1.0.0")]));
        let fake = Fake::new(vec![page; PAGES as usize + 1]);
        assert!(said(fake.prove()).contains("no deployment"));
        assert_eq!(fake.requests().len(), PAGES as usize);
    }

    #[test]
    fn a_refusal_names_the_variable_and_never_the_token() {
        for (status, expected) in [
            ("401 Unauthorized", "does not accept the token in GITLAB_TOKEN (401)"),
            ("403 Forbidden", "does not accept the token in GITLAB_TOKEN (403)"),
            ("404 Not Found", "find the project `group/shop`"),
            ("500 Internal Server Error", "answers 500"),
        ] {
            let fake = Fake::new(vec![answer(status, "", &json!({"message": "glpat-secret"}))]);
            let failure = fake.prove().unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
            assert!(
                !format!("{failure} {failure:?} {:?}", fake.server().token).contains("glpat"),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn a_busy_server_is_asked_again_when_it_says_so() {
        let busy = answer("429 Too Many Requests", "retry-after: 1\r\n", &json!({}));
        let fake = Fake::new(vec![busy, ok(&[deployment(42, "v1.0.0", COMMIT)])]);
        let began = Instant::now();
        assert!(fake.prove().is_ok());
        assert!(began.elapsed() >= Duration::from_secs(1));
        let busy = answer("503 Service Unavailable", "retry-after: 0\r\n", &json!({}));
        let fake = Fake::new(vec![busy; 4]);
        assert!(said(fake.prove()).contains("busy"));
        assert_eq!(fake.requests().len(), 3);
    }

    #[test]
    fn the_token_does_not_follow_a_redirect() {
        let other = Fake::new(vec![ok(&[deployment(42, "v1.0.0", COMMIT)])]);
        let location = format!("location: http://127.0.0.1:{}/api/v4\r\n", other.port);
        for status in
            ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
        {
            let fake = Fake::new(vec![answer(status, &location, &json!({}))]);
            assert!(said(fake.prove()).contains("sends us on"), "{status}");
        }
        assert_eq!(other.requests(), Vec::<String>::new());
    }

    #[test]
    fn silence_ends() {
        let fake = Fake::new(vec!["silence".into()]);
        let server = Server { timeout: Duration::from_millis(300), ..fake.server() };
        let began = Instant::now();
        let claim = Claim { environment: "prod", tag: "v1.0.0", commit: COMMIT };
        assert!(matches!(prove(&server, &claim), Err(Failure::TimedOut { .. })));
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_no_proof() {
        for body in [json!({"message": "hello"}), json!([{"id": 1}]), json!("x")] {
            assert!(matches!(
                Fake::new(vec![answer("200 OK", "", &body)]).prove(),
                Err(Failure::NotProven(NotProven::Garbled(_)))
            ));
        }
        let fake = Fake::new(vec!["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[".into()]);
        assert!(fake.prove().is_err());
        let nobody = Server { api: "http://127.0.0.1:1/api/v4".into(), ..fake.server() };
        let claim = Claim { environment: "prod", tag: "v1.0.0", commit: COMMIT };
        assert!(matches!(prove(&nobody, &claim), Err(Failure::Unreachable { .. })));
        for api in ["ftp://x/api", "gitlab.example.com", "https://me:glpat-secret@x/api", ""] {
            let server = Server { api: api.into(), ..fake.server() };
            let failure = prove(&server, &claim).unwrap_err();
            assert!(matches!(failure, Failure::Address(_)), "{api}: {failure}");
            assert!(!failure.to_string().contains("glpat"));
        }
    }

    #[test]
    fn a_token_comes_from_the_environment() {
        let find = |set: &[(&str, &str)]| {
            Token::find(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(find(&[]).is_none());
        let job = find(&[("GITLAB_TOKEN", " "), ("CI_JOB_TOKEN", "x\n")]).unwrap();
        assert_eq!((job.header, job.secret.as_str()), ("JOB-TOKEN", "x"));
        let own = find(&[("CI_JOB_TOKEN", "x"), ("FLOWCHECK_GITLAB_TOKEN", "y")]).unwrap();
        assert_eq!((own.header, own.variable), ("PRIVATE-TOKEN", "FLOWCHECK_GITLAB_TOKEN"));
    }
}
