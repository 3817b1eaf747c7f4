//! Packages hold what they promise, and can be made here.

use std::path::Path;
use std::process::Command;

use crate::{text, top};

/// Runs packaging/release.sh and returns whether it succeeded, and what it said.
fn release(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("bash")
        .arg(top().join("packaging/release.sh"))
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .expect("bash is there, for git's own tests need it");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_release_is_packed_and_installs() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    // The program that the tests have built is large: what is packed stands for it.
    let stand_in = place.path().join("flowcheck");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_flowcheck"));
    std::fs::write(&stand_in, script).expect("the directory is ours");
    std::fs::set_permissions(&stand_in, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let out = place.path().join("out");
    let paths = [stand_in, out.clone()].map(|path| path.to_str().expect("it is text").to_owned());
    let (succeeded, said) = release(&[
        "--trial",
        "--binary",
        &paths[0],
        "--target",
        "x86_64-unknown-linux-gnu",
        "--out",
        &paths[1],
    ]);
    assert!(succeeded, "{said}");
    let version = env!("CARGO_PKG_VERSION");
    let tarball = format!("flowcheck-{version}-x86_64-unknown-linux-gnu.tar.gz");
    let sums = text(&out.join("SHA256SUMS"));
    assert!(sums.contains(&tarball), "{sums}");
    for file in [
        "usr/bin/git-flowcheck",
        "usr/share/man/man1/flowcheck-pre-receive.1.gz",
        "usr/share/man/man1/git-flowcheck.1.gz",
        "usr/share/bash-completion/completions/flowcheck",
        "usr/share/flowcheck/hooks/pre-receive",
        "usr/share/flowcheck/policy.schema.json",
        "usr/share/doc/flowcheck/copyright",
    ] {
        assert!(out.join("root").join(file).exists(), "{file} is not packed");
    }
    for (shell, option, file) in [
        ("bash", "-n", "bash-completion/completions/flowcheck"),
        ("zsh", "-n", "zsh/vendor-completions/_flowcheck"),
        ("fish", "--no-execute", "fish/vendor_completions.d/flowcheck.fish"),
    ] {
        let file = out.join("root/usr/share").join(file);
        // A shell that is not here reads nothing here.
        if let Ok(output) = Command::new(shell).arg(option).arg(&file).output() {
            assert!(output.status.success(), "{shell} cannot read {}", file.display());
        }
    }
}

#[test]
fn what_is_no_release_is_not_packed() {
    let (succeeded, said) = release(&["--binary", "/bin/true", "--trial"]);
    assert!(!succeeded && said.contains("/bin/true is not flowcheck"), "{said}");
    let (succeeded, said) = release(&["--fast"]);
    assert!(!succeeded && said.contains("there is no option `--fast`"), "{said}");
}

#[test]
fn the_rpm_lists_what_the_tree_has() {
    let manifest: toml::Table = text(&top().join("Cargo.toml")).parse().expect("it is TOML");
    let rpm = &manifest["package"]["metadata"]["generate-rpm"]["assets"];
    let assets = rpm.as_array().expect("it is a list");
    let script = text(&top().join("packaging/release.sh"));
    for asset in assets {
        let source = asset["source"].as_str().expect("it is text");
        let Some(inside) = source.strip_prefix("target/packages/root/usr/") else {
            assert!(top().join(source).is_file(), "{source}");
            continue;
        };
        let directory = Path::new(inside).parent().expect("it is in a directory");
        let inside_share = directory.strip_prefix("share").unwrap_or(directory);
        let named = inside_share.to_str().expect("it is text").replace("doc/flowcheck", "$doc");
        assert!(script.contains(&named), "release.sh makes no {named}");
    }
}

/// No engine builds the image here: what can be read of it is read.
#[test]
fn the_container_file_can_be_read() {
    let file = text(&top().join("packaging/Containerfile"));
    let script = text(&top().join("packaging/release.sh"));
    let words = ["FROM", "RUN", "COPY", "USER", "WORKDIR", "CMD"];
    let lines: Vec<&str> = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines[0].starts_with("FROM docker.io/") && lines[0].contains(':'), "{}", lines[0]);
    for line in &lines {
        let (word, rest) = line.split_once(' ').expect("an instruction has arguments");
        assert!(words.contains(&word), "{line}");
        match word {
            "COPY" => {
                let from = rest.split(' ').next().expect("it has a source");
                assert!(script.contains(&format!("/{from}\"")), "the tarball has no {from}");
            }
            "RUN" => {
                let read = Command::new("sh").args(["-n", "-c", rest]).status().expect("there is a shell");
                assert!(read.success(), "{line}");
            }
            "CMD" => assert!(serde_json::from_str::<Vec<String>>(rest).is_ok(), "{line}"),
            _ => {}
        }
    }
}
