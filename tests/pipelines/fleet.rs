//! The examples that audit a whole server: jobs beside each other, and one that joins them.

use serde_json::Value;

use crate::stage::{Stage, variables};
use crate::yaml;

fn fleet_of_three() -> Stage {
    let stage = Stage::new();
    for name in ["api", "web"] {
        let path = format!("servers/group/{name}.git");
        stage.git("", &["clone", "-q", "--bare", "servers/group/shop.git", &path]);
    }
    stage
}

fn script(of: &Value) -> String {
    yaml::strings(of).join("\n")
}

#[test]
fn parallel_jobs_of_gitlab_audit_a_server_and_one_joins_them() {
    let stage = fleet_of_three();
    let file = yaml::document(&crate::text("docs/fleet/fleet.gitlab-ci.yml"));
    let parts = file["audit"]["parallel"].as_i64().expect("a number").to_string();
    let servers = stage.path("servers");
    for index in 1..=file["audit"]["parallel"].as_i64().expect("a number") {
        let node = variables(&[
            ("FLEET_DIR", servers.to_str().expect("it is text")),
            ("CI_NODE_INDEX", &index.to_string()),
            ("CI_NODE_TOTAL", &parts),
        ]);
        let ended = stage.sh("work", &script(&file["audit"]["script"]), &node);
        assert_eq!(ended.code, 0, "{}", ended.said);
    }
    let joined = stage.sh("work", &script(&file["report"]["script"]), &variables(&[]));
    assert!(joined.answer.starts_with("3 repositories: "), "{}{}", joined.answer, joined.said);
    assert!(stage.path("work/fleet.md").is_file() && stage.path("work/fleet.jsonl").is_file());
}

#[test]
fn the_pods_of_an_indexed_job_write_parts_that_can_be_joined() {
    let stage = fleet_of_three();
    let job = yaml::document(&crate::text("docs/fleet/fleet.kubernetes.yaml"));
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(yaml::strings(&container["command"]), ["/bin/sh", "-euc"]);
    let (servers, out) = (stage.path("servers"), stage.path("work"));
    for index in 0..job["spec"]["completions"].as_i64().expect("a number") {
        let pod = variables(&[
            ("FLEET_DIR", servers.to_str().expect("it is text")),
            ("FLEET_OUT", out.to_str().expect("it is text")),
            ("JOB_COMPLETION_INDEX", &index.to_string()),
        ]);
        let ended = stage.sh("work", &script(&container["args"]), &pod);
        assert_eq!(ended.code, 0, "{}", ended.said);
    }
    let joined = stage.sh("work", "flowcheck report merge part-*.jsonl", &variables(&[]));
    assert!(joined.answer.starts_with("3 repositories: "), "{}{}", joined.answer, joined.said);
}
