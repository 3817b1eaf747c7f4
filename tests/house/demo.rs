//! The demo is what a newcomer runs first: it holds, and it leaves nothing behind.

use std::process::Command;

#[test]
fn the_demo_plays_to_its_end_and_cleans_up() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let output = Command::new(env!("CARGO_BIN_EXE_flowcheck"))
        .arg("demo")
        .env("TMPDIR", place.path())
        // As inside a hook, where git sets these: the demo has to play on its own stage.
        .env("GIT_DIR", "/nowhere")
        .env("GL_REPOSITORY", "project-1")
        .output()
        .expect("the binary was built");
    let told = String::from_utf8(output.stdout).expect("the demo writes UTF-8");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complained}");
    assert!(!told.contains('\x1b'), "colour is for terminals");
    let left: Vec<_> = std::fs::read_dir(place.path()).expect("it is ours").collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    for line in told.lines().filter(|line| !line.contains("git ") && !line.contains("flowcheck ")) {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
}
