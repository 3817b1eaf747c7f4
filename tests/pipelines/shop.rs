//! The example of a whole flow, `docs/gitlab/shop.gitlab-ci.yml`: for each kind of ref its jobs
//! run, and what they build, deploy and record is what the flow says.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::gitlab::{File, Job};
use crate::stage::{Stage, Variables, variables};
use crate::yaml;

fn example() -> File {
    File::new(yaml::document(&crate::text("docs/gitlab/shop.gitlab-ci.yml")))
}

/// The variables of a pipeline for a branch, a tag, or (`!topic>line`) a merge request.
fn pipeline(stage: &Stage, of: &str) -> Variables {
    let shown = |name: &str| stage.path(name).display().to_string();
    let mut all = variables(&[
        ("CI_COMMIT_REF_NAME", of),
        ("CI_DEFAULT_BRANCH", "develop"),
        ("CI_JOB_ID", "77"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_PATH", "group/shop"),
        ("CI_REGISTRY", "registry.example"),
        ("CI_REGISTRY_IMAGE", "registry.example/shop"),
        ("CI_REGISTRY_PASSWORD", "secret"),
        ("CI_REGISTRY_USER", "ci"),
        ("CI_SERVER_HOST", "git.example"),
        ("GITLAB_USER_EMAIL", "ann@shop.example"),
        ("GITLAB_USER_LOGIN", "ann"),
        ("GITLAB_USER_NAME", "Ann"),
        ("INTEGRATION_HOST", "deploy@integration.example"),
        ("INTEGRATION_KEY", &shown("key")),
        ("FLOWCHECK_DEPLOY_KEY", &shown("key")),
        ("SSH_KNOWN_HOSTS", &shown("hosts")),
    ]);
    if let Some((topic, line)) = of.strip_prefix('!').and_then(|of| of.split_once('>')) {
        all.insert("CI_PIPELINE_SOURCE".into(), "merge_request_event".into());
        all.insert("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME".into(), topic.into());
        all.insert("CI_MERGE_REQUEST_TARGET_BRANCH_NAME".into(), line.into());
    } else if of.starts_with('v') || of.starts_with("deployed/") {
        all.insert("CI_COMMIT_TAG".into(), of.into());
    } else {
        all.insert("CI_COMMIT_BRANCH".into(), of.into());
    }
    all
}

fn names(jobs: &[Job]) -> Vec<String> {
    let mark = |job: &Job| if job.by_hand { format!("{} by hand", job.name) } else { job.name.clone() };
    jobs.iter().map(mark).collect()
}

/// Runs the jobs that start by themselves and those that are clicked; what `target` says goes into
/// the later ones.
fn play(stage: &Stage, of: &str, clicked: &[&str], more: &[(&str, &str)]) -> Vec<String> {
    std::fs::write(stage.path("key"), "").expect("the directory is ours");
    let mut variables = pipeline(stage, of);
    variables.extend(self::variables(more));
    let jobs = example().jobs(&variables);
    for job in jobs.iter().filter(|job| !job.by_hand || clicked.contains(&job.name.as_str())) {
        let ended = job.run(stage, "ci", &variables);
        assert_eq!(ended.code, 0, "{of}: {}: {}{}", job.name, ended.said, ended.answer);
        if job.name == "target" {
            let said = std::fs::read_to_string(stage.path("ci").join(job.report("dotenv")));
            let said = said.expect("the report is there");
            variables.extend(
                said.lines()
                    .filter_map(|line| line.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
        }
    }
    stage.record()
}

const BUILD: [&str; 5] = [
    "make [test]",
    "docker [login] [--username] [ci] [--password-stdin] [registry.example]",
    "docker [build] [--pull] [--tag] [",
    "] [.]",
    "docker [push] [",
];

/// What is noted while the image of a ref is built.
fn built(tag: &str) -> Vec<String> {
    let image = format!("registry.example/shop:{tag}");
    vec![
        BUILD[0].to_owned(),
        BUILD[1].to_owned(),
        format!("{}{image}{}", BUILD[2], BUILD[3]),
        format!("{}{image}]", BUILD[4]),
    ]
}

#[test]
fn every_kind_of_ref_has_the_jobs_of_the_flow() {
    let stage = Stage::new();
    let lines = ["target", "test", "image"];
    let version = ["target", "test", "image", "prod by hand", "confirm by hand", "roll-back by hand"];
    for (of, expected) in [
        ("feature/basket", &["test"][..]),
        ("bugfix/1.0.0-rounding", &["test"]),
        ("hotfix/1.0.0-login", &["test"]),
        ("!feature/basket>develop", &["flowcheck", "test"]),
        ("develop", &[&lines[..], &["integration"]].concat()),
        ("release-1.0.0", &[&lines[..], &["alpha"]].concat()),
        ("master", &lines),
        ("v1.0.0", &version),
        ("v1.0.0-hotfix10", &version),
        ("v1.0.0-hotfix0", &["test"]),
        ("v1.0", &["test"]),
        ("deployed/prod/v1.0.0/77", &[]),
    ] {
        let mut expected: Vec<String> = expected.iter().map(|&name| name.to_owned()).collect();
        let mut jobs = names(&example().jobs(&pipeline(&stage, of)));
        expected.sort();
        jobs.sort();
        assert_eq!(jobs, expected, "{of}");
    }
    let mut variables = pipeline(&stage, "feature/basket");
    variables.insert("CI_OPEN_MERGE_REQUESTS".into(), "group/shop!1".into());
    assert!(example().jobs(&variables).is_empty(), "it is tested as a merge request");
}

#[test]
fn the_rules_and_the_policy_are_of_one_opinion() {
    let stage = Stage::new();
    for of in ["feature/a", "develop", "master", "release-1.0.0", "v1.0.0", "v1.0.0-hotfix1", "v1.0"] {
        let variables = pipeline(&stage, of);
        let jobs = example().jobs(&variables);
        let said = stage.sh("work", "flowcheck target --format json", &variables);
        let target: serde_json::Value = serde_json::from_str(&said.answer).expect("it is JSON");
        assert_eq!(jobs.iter().any(|job| job.name == "image"), target["image_tag"].is_string(), "{of}");
        let deploying = jobs.iter().find(|job| ["integration", "alpha", "prod"].contains(&job.name.as_str()));
        assert_eq!(deploying.and_then(Job::environment), target["environment"].as_str(), "{of}");
        let by_hand = deploying.map_or("none", |job| if job.by_hand { "manual" } else { "auto" });
        assert_eq!(target["deploy"], by_hand, "{of}");
    }
}

#[test]
fn each_line_goes_where_the_flow_says() {
    let stage = Stage::new();
    stage.check_out("origin/develop");
    let over_ssh = "ssh [-i] [DIR/key] [-o] [IdentitiesOnly=yes] [-o] [UserKnownHostsFile=DIR/hosts] \
                    [deploy@integration.example] [cd /srv/shop && export IMAGE=registry.example/shop \
                    IMAGE_TAG=develop && docker-compose pull && docker-compose up --detach]";
    let develop = [built("develop"), vec![over_ssh.to_owned()]].concat();
    assert_eq!(play(&stage, "develop", &[], &[]), develop);

    stage.check_out("origin/release-1.0.0");
    let alpha = [
        "kubectl [--namespace] [alpha] [set] [image] [deployment/shop] [shop=registry.example/shop:release-1.0.0]",
        "kubectl [--namespace] [alpha] [rollout] [restart] [deployment/shop]",
        "kubectl [--namespace] [alpha] [rollout] [status] [deployment/shop] [--timeout] [10m]",
    ];
    let release = [built("release-1.0.0"), alpha.map(str::to_owned).to_vec()].concat();
    assert_eq!(play(&stage, "release-1.0.0", &[], &[]), release);

    stage.check_out("origin/master");
    assert_eq!(play(&stage, "master", &[], &[]), built("master"), "kept, and deployed nowhere");
    assert_eq!(play(&stage, "feature/basket", &[], &[]), ["make [test]"]);
    stage.check_out("v1.0.0");
    assert_eq!(play(&stage, "v1.0.0", &[], &[]), built("v1.0.0"), "a person has to click");
}

fn in_prod(version: &str) -> Vec<String> {
    vec![
        format!(
            "kubectl [--namespace] [prod] [set] [image] [deployment/shop] [shop=registry.example/shop:{version}]"
        ),
        "kubectl [--namespace] [prod] [rollout] [status] [deployment/shop] [--timeout] [10m]".to_owned(),
    ]
}

/// A GitLab that answers one question: what runs in prod. Returns the address of its API.
fn deployments(newest: &str, commit: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it has one");
    let body = json!([{
        "id": 9, "sha": commit, "status": "success", "environment": {"name": "prod"},
        "deployable": {"id": 76, "ref": newest, "tag": true, "web_url": "https://git.example/group/shop/-/jobs/76"},
    }])
    .to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().expect("it is open"));
        while reader.read_line(&mut request).is_ok_and(|read| read > 2) {}
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes());
    });
    format!("http://{address}/api/v4")
}

/// Deploys a version and confirms it; returns what was noted.
fn shipped(stage: &Stage, version: &str, job: &str) -> Vec<String> {
    stage.git("work", &["fetch", "-q", "--tags"]);
    let commit = stage.git("work", &["rev-parse", &format!("{version}^{{commit}}")]);
    stage.check_out(version);
    let api = deployments(version, &commit);
    let more = [
        ("CI_API_V4_URL", api.as_str()),
        ("CI_PROJECT_ID", "7"),
        ("CI_JOB_TOKEN", "token"),
        ("CI_JOB_ID", job),
    ];
    play(stage, version, &["prod", "confirm"], &more)
}

const TO_THE_SERVER: &str = "ssh [-i] [DIR/key] [-o] [IdentitiesOnly=yes] [-o] [UserKnownHostsFile=DIR/hosts] \
                             [git@git.example] [git-receive-pack 'group/shop.git']";

#[test]
fn a_version_goes_to_prod_is_confirmed_and_is_rolled_back() {
    let stage = Stage::new();
    let first = [built("v1.0.0"), in_prod("v1.0.0"), vec![TO_THE_SERVER.to_owned()]].concat();
    assert_eq!(shipped(&stage, "v1.0.0", "77"), first);
    let records = |stage: &Stage| stage.git("servers/group/shop.git", &["tag", "--list", "*/prod/*"]);
    assert_eq!(records(&stage), "deployed/prod/v1.0.0/77");

    stage.git("work", &["switch", "-q", "-c", "hotfix/1.0.0-login", "release-1.0.0"]);
    stage.commit("Mend the login");
    stage.git("work", &["switch", "-q", "release-1.0.0"]);
    stage.git("work", &["merge", "-q", "--no-ff", "--no-edit", "hotfix/1.0.0-login"]);
    stage.git("work", &["tag", "-am", "Shop 1.0.0, login mended", "v1.0.0-hotfix1"]);
    stage.git("work", &["push", "-q", "origin", "release-1.0.0", "v1.0.0-hotfix1"]);
    shipped(&stage, "v1.0.0-hotfix1", "78");

    stage.check_out("v1.0.0");
    let more = [("RUNNING", "registry.example/shop:v1.0.0-hotfix1"), ("CI_JOB_ID", "79")];
    let back = play(&stage, "v1.0.0", &["roll-back"], &more);
    let asked = "kubectl [--namespace] [prod] [get] [deployment/shop] [--output] \
                 [jsonpath={.spec.template.spec.containers[0].image}]";
    let expected =
        [built("v1.0.0"), vec![asked.to_owned()], in_prod("v1.0.0"), vec![TO_THE_SERVER.to_owned()]].concat();
    assert_eq!(back, expected);
    assert_eq!(
        records(&stage).lines().collect::<Vec<_>>(),
        ["deployed/prod/v1.0.0-hotfix1/78", "deployed/prod/v1.0.0/77", "rolled-back/prod/v1.0.0-hotfix1/79"]
    );
    let status = stage.sh("servers/group/shop.git", "flowcheck status", &Variables::new());
    assert!(status.answer.starts_with("prod runs v1.0.0 since "), "{}", status.answer);
}

#[test]
fn what_gitlab_does_not_bear_out_is_not_confirmed() {
    let stage = Stage::new();
    stage.check_out("v1.0.0");
    let api = deployments("v0.9.0", &"b".repeat(40));
    let mut variables = pipeline(&stage, "v1.0.0");
    variables.extend(self::variables(&[
        ("CI_API_V4_URL", api.as_str()),
        ("CI_PROJECT_ID", "7"),
        ("CI_JOB_TOKEN", "token"),
    ]));
    std::fs::write(stage.path("key"), "").expect("the directory is ours");
    let jobs = example().jobs(&variables);
    let confirm = jobs.iter().find(|job| job.name == "confirm").expect("it is there");
    let ended = confirm.run(&stage, "ci", &variables);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.said.contains("`v0.9.0`"), "{}", ended.said);
    assert_eq!(stage.git("servers/group/shop.git", &["tag", "--list", "*/prod/*"]), "");
}

#[test]
fn a_merge_request_is_judged_in_its_pipeline() {
    let stage = Stage::new();
    stage.check_out("origin/release-1.0.0");
    let variables = pipeline(&stage, "!release-1.0.0>develop");
    let jobs = example().jobs(&variables);
    let job = jobs.iter().find(|job| job.name == "flowcheck").expect("it is there");
    let ended = job.run(&stage, "ci", &variables);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.answer.contains("error[unconfirmed-merge-back]: "), "{}", ended.answer);
    let report = std::fs::read(stage.path("ci").join(job.report("codequality"))).expect("it was written");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("it is JSON");
    assert_eq!(report[0]["check_name"], "unconfirmed-merge-back");
}
