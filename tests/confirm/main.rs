//! `flowcheck confirm` as people and pipelines call it: real repositories, a real server's hook.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A server whose hook is flowcheck, and a clone in which `v1.0.0` is ready to be confirmed.
    fn new(options: &[&str]) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.run(place.dir.path(), &[&["init", "-q", "--bare", "server"], options].concat());
        place.run(place.dir.path(), &[&["init", "-q", "-b", "develop", "clone"], options].concat());
        let server = place.server();
        place.run(&server, &["config", "receive.advertisePushOptions", "true"]);
        for steps in [
            "config user.name Ops",
            "config user.email ops@example.com",
            "remote add origin ../server",
            "commit -q --allow-empty -m one",
            "branch master",
            "branch release-1.0.0",
            "tag -a -m 1.0.0 v1.0.0",
            "push -q origin develop master release-1.0.0 v1.0.0",
        ] {
            place.run(&place.clone(), &steps.split(' ').collect::<Vec<_>>());
        }
        place.hook(&format!("exec '{}' pre-receive", env!("CARGO_BIN_EXE_flowcheck")));
        place
    }

    fn server(&self) -> PathBuf {
        self.dir.path().join("server")
    }

    fn clone(&self) -> PathBuf {
        self.dir.path().join("clone")
    }

    fn hook(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.server().join("hooks/pre-receive");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = self.command("git").current_dir(dir).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command
    }

    fn confirm(&self, arguments: &[&str]) -> Output {
        self.confirm_in(&[], arguments)
    }

    fn confirm_in(&self, pipeline: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_flowcheck"));
        command.current_dir(self.clone()).arg("confirm").args(arguments);
        command.envs(pipeline.iter().copied()).output().unwrap()
    }

    fn tags(&self, dir: &Path) -> Vec<String> {
        let format = "--format=%(refname:short)";
        let tags = self.run(dir, &["for-each-ref", format, "refs/tags/deployed", "refs/tags/rolled-back"]);
        tags.lines().map(str::to_owned).collect()
    }
}

/// Returns what was said, a failure's sentence on one line.
fn text(bytes: &[u8]) -> String {
    let said = String::from_utf8(bytes.to_vec()).unwrap();
    if said.starts_with("flowcheck: could not") { said.replace("\n  ", " ") } else { said }
}

/// Asserts that nothing was recorded, and returns why.
fn refused(place: &Place, output: &Output) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(place.tags(&place.clone()), Vec::<String>::new(), "{said}");
    said
}

#[test]
fn a_record_is_made_and_the_next_command_said() {
    let place = Place::new(&[]);
    let output = place.confirm(&["v1.0.0", "--id", "7", "--job", "https://ci.example.com/7"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "deployed/prod/v1.0.0/7\n");
    assert!(text(&output.stderr).contains("next: git push origin deployed/prod/v1.0.0/7\n"));
    let commit = place.run(&place.clone(), &["rev-parse", "v1.0.0^{commit}"]);
    let made = place.run(&place.clone(), &["cat-file", "tag", "deployed/prod/v1.0.0/7"]);
    assert!(
        made.starts_with(&format!("object {commit}\ntype commit\ntag deployed/prod/v1.0.0/7\ntagger Ops "))
    );
    let trailers = format!(
        "\n\nEnvironment: prod\nVersion: v1.0.0\nCommit: {commit}\nResult: success\nJob: https://ci.example.com/7"
    );
    assert!(made.ends_with(&trailers), "{made}");
    let parsed =
        place.run(&place.clone(), &["for-each-ref", "--format=%(trailers:key=Result)", "refs/tags/deployed"]);
    assert_eq!(parsed, "Result: success");

    let again = place.confirm(&["v1.0.0", "--id", "7"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is there already"));
}

#[test]
fn a_record_goes_through_the_servers_hook_and_a_roll_back_after_it() {
    for options in [&[][..], &["--object-format=sha256"], &["--ref-format=reftable"]] {
        let place = Place::new(options);
        let output = place.confirm(&["v1.0.0", "--id", "7", "--push", "origin"]);
        assert!(output.status.success(), "{options:?}: {}", text(&output.stderr));
        let output = place.confirm(&[
            "v1.0.0",
            "--id",
            "8",
            "--revoke",
            "--reason",
            "sessions\nare lost",
            "--push",
            "origin",
        ]);
        assert!(output.status.success(), "{options:?}: {}", text(&output.stderr));
        let expected = ["deployed/prod/v1.0.0/7", "rolled-back/prod/v1.0.0/8"];
        assert_eq!(place.tags(&place.server()), expected, "{options:?}");
        let made = place.run(&place.server(), &["cat-file", "tag", "rolled-back/prod/v1.0.0/8"]);
        assert!(made.ends_with("Result: rolled-back\nReason: sessions are lost"), "{made}");
    }
}

#[test]
fn what_cannot_be_confirmed_is_refused() {
    let place = Place::new(&[]);
    let git = |arguments: &[&str]| place.run(&place.clone(), arguments);
    git(&["tag", "v2.0.0", "HEAD^{tree}"]);
    let cases: [(&[&str], &str); 8] = [
        (&["develop"], "not the name of a version tag"),
        (&["v9.0.0"], "no such tag here"),
        (&["v2.0.0"], "does not point to a commit"),
        (&["v1.0.0", "--environment", "moon"], "knows only `integration`, `alpha`, `prod`"),
        (&["v1.0.0", "--id", "a/b"], "git takes no such name"),
        (&["v1.0.0", "--id", "a..b"], "git takes no such name"),
        (&["v1.0.0", "--revoke"], "--reason"),
        (&["v1.0.0", "--reason", "x"], "--revoke"),
    ];
    for (arguments, expected) in cases {
        let said = refused(&place, &place.confirm(arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    git(&["config", "--unset", "user.email"]);
    assert!(refused(&place, &place.confirm(&["v1.0.0"])).contains("git config user.name"));
}

#[test]
fn a_pipeline_says_who_what_and_where() {
    let place = Place::new(&[]);
    for name in ["user.name", "user.email"] {
        place.run(&place.clone(), &["config", "--unset", name]);
    }
    place.hook("echo \"option $GIT_PUSH_OPTION_0\"");
    let pipeline = [
        ("GITLAB_CI", "true"),
        ("CI_JOB_ID", "4711"),
        ("CI_JOB_URL", "https://gitlab.example.com/group/shop/-/jobs/4711"),
        ("CI_PROJECT_PATH", "group/shop"),
        ("GITLAB_USER_NAME", "Alice"),
        ("GITLAB_USER_EMAIL", "alice@example.com"),
    ];
    let output = place.confirm_in(&pipeline, &["v1.0.0", "--push", "origin"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("option ci.skip"), "{}", text(&output.stderr));
    let made = place.run(&place.server(), &["cat-file", "tag", "deployed/prod/v1.0.0/4711"]);
    assert!(made.contains("\ntagger Alice <alice@example.com> "), "{made}");
    assert!(made.ends_with("Repository: group/shop\nJob: https://gitlab.example.com/group/shop/-/jobs/4711"));
}

#[test]
fn without_a_pipeline_the_id_is_the_time() {
    let place = Place::new(&[]);
    let output = place.confirm(&["v1.0.0"]);
    let name = text(&output.stdout);
    let id = name.trim().strip_prefix("deployed/prod/v1.0.0/").unwrap();
    assert_eq!((id.len(), &id[8..9], &id[15..]), (16, "T", "Z"), "{id}");
}

#[test]
fn a_push_that_the_server_refuses_leaves_the_way_out() {
    let place = Place::new(&[]);
    place.hook("exit 1");
    let output = place.confirm(&["v1.0.0", "--id", "7", "--push", "origin"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("`git push origin deployed/prod/v1.0.0/7`"), "{said}");
    assert_eq!(place.tags(&place.clone()), ["deployed/prod/v1.0.0/7"]);
}

#[test]
fn gitlabs_word_is_asked_for_before_anything_is_recorded() {
    let place = Place::new(&[]);
    let commit = place.run(&place.clone(), &["rev-parse", "v1.0.0^{commit}"]);
    let deployment = |id: u64, tag: &str| {
        json!({"id": id, "sha": commit, "status": "success", "environment": {"name": "prod"},
               "deployable": {"id": id + 500, "ref": tag, "tag": true,
                              "web_url": format!("https://gitlab.example.com/-/jobs/{}", id + 500)}})
    };
    let api = gitlab(vec![
        json!([deployment(43, "v0.9.0"), deployment(42, "v1.0.0")]),
        json!([deployment(44, "v1.0.0")]),
    ]);
    let pipeline = [
        ("CI_API_V4_URL", api.as_str()),
        ("CI_PROJECT_ID", "12"),
        ("CI_JOB_ID", "4711"),
        ("FLOWCHECK_GITLAB_TOKEN", "glpat-secret"),
    ];
    let confirm = |pipeline: &[(&str, &str)]| place.confirm_in(pipeline, &["v1.0.0", "--from", "gitlab"]);
    let said = refused(&place, &confirm(&pipeline));
    assert!(said.contains("`v0.9.0` took its place"), "{said}");
    let said = refused(&place, &confirm(&pipeline[1..]));
    assert!(said.contains("CI_API_V4_URL"), "{said}");
    let said = refused(&place, &confirm(&pipeline[..3]));
    assert!(said.contains("no token"), "{said}");
    let output = confirm(&pipeline);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("glpat"));
    let made = place.run(&place.clone(), &["cat-file", "tag", "deployed/prod/v1.0.0/4711"]);
    assert!(made.ends_with("Job: https://gitlab.example.com/-/jobs/544"), "{made}");
}

#[test]
fn where_the_policy_asks_for_signatures_the_record_is_signed() {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        eprintln!("skipped: there is no ssh-keygen here");
        return;
    }
    let place = Place::new(&[]);
    let policy = "version = 1\n[lines]\nintegration = \"develop\"\nproduction = \"master\"\n\
                  [confirmation]\nsigned = true\nallowed-signers = \"allowed_signers\"\n";
    let key = place.dir.path().join("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let unsigned = place.confirm(&["v1.0.0", "--id", "6"]);
    assert!(unsigned.status.success(), "{}", text(&unsigned.stderr));
    for dir in [place.clone(), place.server().join("hooks")] {
        std::fs::write(dir.join("policy.toml"), policy).unwrap();
        std::fs::write(dir.join("allowed_signers"), format!("ops@example.com namespaces=\"git\" {public}"))
            .unwrap();
    }
    let mut push = place.command("git");
    let pushed =
        push.current_dir(place.clone()).args(["push", "origin", "deployed/prod/v1.0.0/6"]).output().unwrap();
    assert!(text(&pushed.stderr).contains("error[confirmation]"), "{}", text(&pushed.stderr));
    assert!(text(&pushed.stderr).contains("it is not signed"), "{}", text(&pushed.stderr));

    place.run(&place.clone(), &["config", "gpg.format", "ssh"]);
    place.run(&place.clone(), &["config", "user.signingkey", key.to_str().unwrap()]);
    let output = place.confirm(&["v1.0.0", "--id", "7", "--push", "origin"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(place.tags(&place.server()), ["deployed/prod/v1.0.0/7"]);

    // A key that nobody listed: the record is not even kept here.
    let other = place.dir.path().join("other");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(&other)
        .status();
    assert!(made.unwrap().success());
    place.run(&place.clone(), &["config", "user.signingkey", other.to_str().unwrap()]);
    let output = place.confirm(&["v1.0.0", "--id", "8"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is not listed"), "{}", text(&output.stderr));
    assert_eq!(place.tags(&place.clone()), ["deployed/prod/v1.0.0/6", "deployed/prod/v1.0.0/7"]);
}

#[test]
fn the_commands_that_a_rejection_prints_mend_the_record() {
    let place = Place::new(&[]);
    place.run(&place.clone(), &["tag", "deployed/prod/v1.0.0/7", "v1.0.0^{}"]);
    let mut push = place.command("git");
    let pushed =
        push.current_dir(place.clone()).args(["push", "origin", "deployed/prod/v1.0.0/7"]).output().unwrap();
    let said = text(&pushed.stderr);
    assert!(said.contains("error[confirmation]"), "{said}");
    let commands: Vec<&str> = said
        .lines()
        .filter_map(|line| line.trim_end().strip_prefix("remote: hint: "))
        .filter(|command| !command.starts_with("flowcheck explain"))
        .collect();
    assert_eq!(commands.len(), 2, "{said}");
    let directory = Path::new(env!("CARGO_BIN_EXE_flowcheck")).parent().unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    for command in commands {
        let mut shell = place.command("sh");
        let output =
            shell.current_dir(place.clone()).env("PATH", &path).args(["-c", command]).output().unwrap();
        assert!(output.status.success(), "{command}: {}", text(&output.stderr));
    }
    assert_eq!(place.tags(&place.server()), ["deployed/prod/v1.0.0/7"]);
}

/// Starts a GitLab that gives these answers one after the other, and returns its API's address.
fn gitlab(answers: Vec<serde_json::Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}/api/v4", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let body = answer.to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    api
}
