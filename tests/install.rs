//! The hook is put in place beside whatever is there, runs, is proven to run, and leaves no trace.

#[path = "gits/claimed.rs"]
mod claimed_git;
#[path = "gits/newer.rs"]
mod newer_git;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

const FLOWCHECK: &str = env!("CARGO_BIN_EXE_flowcheck");

fn run(dir: &Path, program: &str, args: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(program)
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")])
        .env("GIT_COMMITTER_EMAIL", "a@b")
        .envs(variables.iter().copied())
        .output()
        .expect("the program is there")
}

fn git(dir: &Path, args: &[&str]) {
    let output = run(dir, "git", args, &[]);
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs flowcheck beside a git that reads no hooks from its settings, whatever git is here.
fn flowcheck(dir: &Path, args: &[&str]) -> (i32, String, String) {
    ended(&run(dir, FLOWCHECK, args, &[("PATH", older_git())]))
}

fn older_git() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| search_path(Path::new(env!("CARGO_TARGET_TMPDIR")), "2.53.0"))
}

/// Returns a search path whose git says that it is of this version.
fn search_path(dir: &Path, version: &str) -> String {
    let usual = std::env::var("PATH").unwrap_or_default();
    let bin = dir.join(format!("git-{version}"));
    fs::create_dir_all(&bin).expect("a directory");
    claimed_git::write(&bin, version);
    format!("{}:{usual}", bin.display())
}

fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A clone with two branches and a tag, and a server to push to.
struct Here {
    dir: TempDir,
}

impl Here {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory for this test");
        git(dir.path(), &["init", "-q", "--bare", "-b", "develop", "server.git"]);
        git(dir.path(), &["init", "-q", "-b", "develop", "clone"]);
        let here = Self { dir };
        git(&here.clone(), &["remote", "add", "origin", "../server.git"]);
        git(&here.clone(), &["commit", "-q", "--allow-empty", "-m", "first"]);
        git(&here.clone(), &["branch", "feature/a"]);
        git(&here.clone(), &["tag", "-a", "-m", "v1.0.0", "v1.0.0"]);
        here
    }

    fn clone(&self) -> PathBuf {
        self.dir.path().join("clone")
    }

    fn server(&self) -> PathBuf {
        self.dir.path().join("server.git")
    }

    fn hook(&self, name: &str) -> PathBuf {
        self.clone().join(".git/hooks").join(name)
    }

    /// Writes a program that notes its arguments and its input, and ends with `code`.
    fn witness(&self, path: &Path, name: &str, code: u8) -> PathBuf {
        let seen = self.dir.path().join(format!("{name}.seen"));
        let text = format!("#!/bin/sh\necho \"$@\" > '{0}'\ncat >> '{0}'\nexit {code}\n", seen.display());
        program(path, &text);
        seen
    }

    fn push(&self) -> (i32, String, String) {
        ended(&run(&self.clone(), "git", &["push", "-q", "../server.git", "develop", "feature/a"], &[]))
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it may run");
}

/// Returns every file below `dir` with its mode and bytes, every link with its target.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        let meta = path.symlink_metadata().expect("it is there");
        let bytes = if meta.is_symlink() {
            fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
        } else if meta.is_dir() {
            all.extend(snapshot(&path));
            vec![]
        } else {
            fs::read(&path).expect("it can be read")
        };
        all.insert(path, (meta.permissions().mode(), bytes));
    }
    all
}

/// Installs, looks at what is there in between, and takes it out again.
fn leaves_no_trace(dir: &Path, install: &[&str], between: impl FnOnce()) {
    let before = snapshot(dir);
    let (code, _, said) = flowcheck(dir, &[&["install"], install, &["--dry-run"]].concat());
    assert_eq!((code, snapshot(dir) == before), (0, true), "a dry run does nothing: {said}");
    let (code, _, said) = flowcheck(dir, &[&["install"], install].concat());
    assert_eq!(code, 0, "{said}");
    let installed = snapshot(dir);
    assert!(installed != before, "{said}");
    let (code, _, said) = flowcheck(dir, &[&["install"], install].concat());
    assert!(code == 0 && said.contains("already"), "{said}");
    assert!(snapshot(dir) == installed, "twice is once: {said}");
    between();
    assert_eq!(flowcheck(dir, &["uninstall"]).0, 0);
    assert!(snapshot(dir) == before, "not byte for byte");
    let (code, _, said) = flowcheck(dir, &["uninstall"]);
    assert_eq!((code, said.as_str()), (0, "flowcheck: no hook of flowcheck is here\n"));
}

#[test]
fn a_hook_comes_and_goes() {
    let here = Here::new();
    leaves_no_trace(&here.clone(), &[], || assert!(here.hook("pre-push").is_file()));
}

#[test]
fn a_hook_that_was_there_keeps_running_and_comes_back() {
    let here = Here::new();
    let earlier = here.witness(&here.hook("pre-push"), "earlier", 0);
    let judge_path = here.dir.path().join("a judge's program");
    let judge = here.witness(&judge_path, "judge", 0);
    let binary = judge_path.to_str().expect("it is text");
    leaves_no_trace(&here.clone(), &["--binary", binary], || {
        let (code, _, said) = here.push();
        assert_eq!(code, 0, "{said}");
    });
    let earlier = fs::read_to_string(earlier).expect("it ran");
    let judge = fs::read_to_string(judge).expect("it ran");
    let (arguments, input) = earlier.split_once('\n').expect("two parts");
    assert_eq!(arguments, "../server.git ../server.git");
    assert_eq!(judge, format!("pre-push {arguments}\n{input}"), "both see the same");
    assert_eq!(input.lines().count(), 2);
}

#[test]
fn the_first_that_objects_gives_the_exit_code_and_both_speak() {
    for (earlier, judge, expected) in [(7, 0, 7), (7, 1, 7), (0, 1, 1), (0, 2, 2)] {
        let here = Here::new();
        let seen = here.witness(&here.hook("pre-push"), "earlier", earlier);
        let judge_path = here.dir.path().join("judge");
        let judged = here.witness(&judge_path, "judge", judge);
        flowcheck(&here.clone(), &["install", "--binary", judge_path.to_str().expect("it is text")]);
        let hook = here.hook("pre-push").display().to_string();
        let output = run(&here.clone(), "sh", &["-c", &format!("printf 'a\\nb' | '{hook}' origin x")], &[]);
        assert_eq!(output.status.code(), Some(expected), "{earlier} {judge}");
        for (file, arguments) in [(seen, "origin x"), (judged, "pre-push origin x")] {
            assert_eq!(fs::read_to_string(file).expect("it ran"), format!("{arguments}\na\nb"));
        }
    }
}

#[test]
fn what_git_ignores_stays_ignored() {
    let here = Here::new();
    let seen = here.witness(&here.hook("pre-push"), "earlier", 1);
    fs::set_permissions(here.hook("pre-push"), fs::Permissions::from_mode(0o644)).expect("it may not run");
    let judge = here.dir.path().join("judge");
    here.witness(&judge, "judge", 0);
    leaves_no_trace(&here.clone(), &["--binary", judge.to_str().expect("it is text")], || {
        assert_eq!(here.push().0, 0);
    });
    assert!(!seen.exists());
}

#[test]
fn a_link_comes_back_as_a_link() {
    let here = Here::new();
    here.witness(&here.dir.path().join("shared"), "earlier", 0);
    symlink("../../../shared", here.hook("pre-push")).expect("a link");
    leaves_no_trace(&here.clone(), &[], || assert!(!here.hook("pre-push").is_symlink()));
}

#[test]
fn a_directory_that_was_made_goes_too() {
    let here = Here::new();
    fs::remove_dir_all(here.clone().join(".git/hooks")).expect("templates bring it");
    leaves_no_trace(&here.clone(), &[], || assert!(here.hook("pre-push").is_file()));
}

#[test]
fn a_file_in_the_way_is_never_overwritten() {
    let here = Here::new();
    here.witness(&here.hook("pre-push"), "earlier", 0);
    fs::write(here.hook("pre-push.before-flowcheck"), "mine").expect("a file");
    let before = snapshot(&here.clone());
    let (code, _, said) = flowcheck(&here.clone(), &["install"]);
    assert_eq!(code, 2);
    assert!(said.contains("pre-push.before-flowcheck`: it") && said.contains("is not overwritten"), "{said}");
    assert!(snapshot(&here.clone()) == before);
}

#[test]
fn where_somebody_else_looks_after_the_hooks_it_is_said_what_to_add() {
    let shared = |here: &Here| git(&here.clone(), &["config", "core.hooksPath", "/srv/hooks"]);
    let husky = |here: &Here| git(&here.clone(), &["config", "core.hooksPath", ".husky/_"]);
    let lefthook = |here: &Here| {
        fs::write(here.clone().join("lefthook.yml"), "").expect("a file");
        program(&here.hook("pre-push"), "#!/bin/sh\ncall_lefthook run pre-push \"$@\"\n");
    };
    let line = "flowcheck pre-push \"$@\"";
    let cases = [
        (&shared as &dyn Fn(&Here), ["core.hooksPath names /srv/hooks", "/srv/hooks/pre-push", line]),
        (&husky, ["husky looks after the hooks", ".husky/pre-push", line]),
        (&lefthook, ["lefthook looks after the hooks", "lefthook.yml", ".lefthook/pre-push/flowcheck"]),
    ];
    for (prepare, says) in cases {
        let here = Here::new();
        prepare(&here);
        let before = snapshot(&here.clone());
        let (code, _, said) = flowcheck(&here.clone(), &["install"]);
        assert_eq!(code, 2, "{said}");
        assert!(says.iter().all(|part| said.contains(part)), "{said}");
        assert!(snapshot(&here.clone()) == before);
    }
}

#[test]
fn pre_commit_runs_the_hook_from_the_place_it_keeps_for_others() {
    let here = Here::new();
    program(
        &here.hook("pre-push"),
        "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n",
    );
    leaves_no_trace(&here.clone(), &[], || {
        let text = fs::read_to_string(here.hook("pre-push.legacy")).expect("it is there");
        assert!(text.contains("pre-push \"$@\""), "{text}");
    });
}

#[test]
fn a_git_that_reads_hooks_from_its_settings_gets_a_setting() {
    let here = Here::new();
    let path = search_path(here.dir.path(), "2.54.0");
    let config = here.clone().join(".git/config");
    let text = fs::read_to_string(&config).expect("it is there");
    for text in [text.clone(), text.trim_end().to_owned()] {
        fs::write(&config, &text).expect("a file");
        git(&here.clone(), &["config", "--get", "core.bare"]);
        let (code, _, said) = ended(&run(&here.clone(), FLOWCHECK, &["install"], &[("PATH", &path)]));
        assert_eq!(code, 0, "{said}");
        assert!(!here.hook("pre-push").exists());
        let command = run(&here.clone(), "git", &["config", "hook.flowcheck.command"], &[]);
        assert_eq!(String::from_utf8_lossy(&command.stdout), format!("{FLOWCHECK} pre-push\n"));
        let event = run(&here.clone(), "git", &["config", "hook.flowcheck.event"], &[]);
        assert_eq!(String::from_utf8_lossy(&event.stdout), "pre-push\n");
        let again = ended(&run(&here.clone(), FLOWCHECK, &["install"], &[("PATH", &path)]));
        assert!(again.2.contains("already"), "{}", again.2);
        assert_eq!(flowcheck(&here.clone(), &["uninstall"]).0, 0);
        assert_eq!(fs::read_to_string(&config).expect("it is there"), text);
    }
}

#[test]
fn such_a_git_runs_it_beside_the_hook_that_was_there() {
    let Some(path) = newer_git::search_path() else { return };
    let here = Here::new();
    let run_with = |variables: &[(&str, &str)], program: &str, args: &[&str]| {
        ended(&run(&here.clone(), program, args, &[variables, &[("PATH", path.as_str())]].concat()))
    };
    let run_in = |program: &str, args: &[&str]| run_with(&[], program, args);
    let earlier = here.witness(&here.hook("pre-push"), "earlier", 0);
    let config = here.clone().join(".git/config");
    let before = fs::read(&config).expect("it is there");
    let (code, _, said) = run_in(FLOWCHECK, &["install"]);
    assert!(code == 0 && said.contains("change ") && said.contains(".git/config\n"), "{said}");

    let (code, _, said) = run_in("git", &["push", "-q", "origin", "develop:refs/heads/nonsense"]);
    assert!(code == 1 && said.contains("error[branch-name]: `nonsense`"), "{said}");
    let (code, _, said) = run_in("git", &["push", "-q", "origin", "develop", "feature/a"]);
    assert_eq!((code, said.as_str()), (0, ""));
    let seen = fs::read_to_string(&earlier).expect("it ran");
    assert_eq!(seen.lines().count(), 3, "its arguments and both refs: {seen}");
    let (code, said, _) = run_in(FLOWCHECK, &["doctor"]);
    assert!(code == 0 && said.contains("/.git/config\nok: the hook runs, and sees 3 of 3 refs\n"), "{said}");

    let off = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "hook.flowcheck.enabled")];
    let off = [&off[..], &[("GIT_CONFIG_VALUE_0", "false")]].concat();
    let nonsense = ["push", "-q", "origin", "develop:refs/heads/nonsense"];
    let (code, _, said) = run_with(&off, "git", &nonsense);
    assert_eq!((code, said.as_str()), (0, ""), "whoever switches it off goes without");
    let (code, said, _) = run_with(&off, FLOWCHECK, &["doctor"]);
    assert!(code == 1 && said.contains("wrong: the hook does not run\n"), "{said}");

    assert_eq!(run_in(FLOWCHECK, &["uninstall"]).0, 0);
    assert_eq!(fs::read(&config).expect("it is there"), before);
    let (code, _, said) = run_in("git", &["push", "-q", "origin", "develop:refs/heads/more"]);
    assert_eq!((code, said.as_str()), (0, ""));
}

#[test]
fn a_work_tree_shares_the_hook_of_its_repository() {
    let here = Here::new();
    git(&here.clone(), &["worktree", "add", "-q", "../second", "feature/a"]);
    let second = here.dir.path().join("second");
    assert_eq!(flowcheck(&second, &["install"]).0, 0);
    assert!(here.hook("pre-push").is_file());
    let (code, said, _) = flowcheck(&second, &["doctor"]);
    assert!(code == 0 && said.contains("ok: the hook runs, and sees 3 of 3 refs\n"), "{said}");
}

#[test]
fn the_doctor_proves_that_the_local_hook_sees_every_ref() {
    let here = Here::new();
    let (code, said, _) = flowcheck(&here.clone(), &["doctor"]);
    assert_eq!(code, 1);
    assert!(said.contains("wrong: no hook of flowcheck runs here\nhint: flowcheck install\n"), "{said}");
    flowcheck(&here.clone(), &["install"]);
    let (code, said, _) = flowcheck(&here.clone(), &["doctor"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ok: the policy is built-in\n"), "{said}");
    assert!(said.contains("ok: the hook runs, and sees 3 of 3 refs\n"), "{said}");
    assert_eq!(
        fs::read_dir(here.server().join("refs/heads")).expect("it is there").count(),
        0,
        "nothing was pushed"
    );
    fs::write(here.clone().join(".flowcheck.toml"), "version = 1\n").expect("a file");
    let (code, said, _) = flowcheck(&here.clone(), &["doctor"]);
    assert_eq!(code, 1);
    assert!(said.contains("wrong: .flowcheck.toml:1: the policy has no `lines`"), "{said}");
}

#[test]
fn the_doctor_finds_out_a_hook_that_is_given_nothing_to_read() {
    let here = Here::new();
    program(
        &here.hook("pre-push"),
        &format!("#!/bin/sh\ncat >/dev/null\nexec '{FLOWCHECK}' pre-push \"$@\"\n"),
    );
    let (code, said, _) = flowcheck(&here.clone(), &["doctor"]);
    assert_eq!(code, 1);
    assert!(said.contains("wrong: the hook runs, and sees 0 of 3 refs\n"), "{said}");
}

#[test]
fn a_server_gets_its_hooks_and_is_proven_to_judge() {
    let here = Here::new();
    let (code, said, _) = flowcheck(&here.server(), &["doctor"]);
    assert_eq!(code, 1);
    assert!(said.contains("hint: flowcheck install --server\n"), "{said}");
    let earlier = here.witness(&here.server().join("hooks/pre-receive"), "earlier", 0);
    leaves_no_trace(&here.server(), &["--server"], || {
        for hook in ["pre-receive", "post-receive"] {
            assert!(here.server().join("hooks").join(hook).is_file());
        }
    });
    git(&here.clone(), &["push", "-q", "origin", "develop"]);
    assert!(earlier.exists(), "the earlier hook is back");
    flowcheck(&here.server(), &["install", "--server"]);
    let refused = run(&here.clone(), "git", &["push", "-q", "origin", "develop:refs/heads/nonsense"], &[]);
    assert!(ended(&refused).2.contains("error[branch-name]"), "{}", ended(&refused).2);
    let (code, said, _) = flowcheck(&here.server(), &["doctor"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ok: the hook runs, and sees 1 of 1 ref\n"), "{said}");
}

#[test]
fn the_servers_hook_stops_the_push_where_flowcheck_is_gone() {
    let here = Here::new();
    flowcheck(&here.server(), &["install", "--server", "--binary", "/nowhere/flowcheck"]);
    assert_ne!(here.push().0, 0, "a server fails closed");
    flowcheck(&here.clone(), &["install", "--binary", "/nowhere/flowcheck"]);
    flowcheck(&here.server(), &["uninstall"]);
    let (code, _, said) = here.push();
    assert_eq!(code, 0, "a clone leaves it to the server: {said}");
    assert!(said.contains("the server will judge the push"), "{said}");
}

#[test]
fn giteas_directory_of_hooks_is_used() {
    let here = Here::new();
    for hook in ["pre-receive.d", "post-receive.d"] {
        fs::create_dir(here.server().join("hooks").join(hook)).expect("a directory");
    }
    leaves_no_trace(&here.server(), &["--server"], || {
        assert!(here.server().join("hooks/pre-receive.d/flowcheck").is_file());
        assert!(!here.server().join("hooks/pre-receive").exists());
    });
}

#[test]
fn a_clone_takes_no_hooks_of_a_server() {
    let here = Here::new();
    let (code, _, said) = flowcheck(&here.clone(), &["install", "--server"]);
    assert_eq!(code, 2);
    assert!(said.contains("it is a clone with a work tree"), "{said}");
}

#[test]
fn gitlab_gets_an_archive_that_it_can_set() {
    let here = Here::new();
    let dir = here.dir.path();
    let output = run(dir, FLOWCHECK, &["install", "--server", "--gitlab", "--binary", "/opt/flowcheck"], &[]);
    assert!(output.status.success());
    fs::write(dir.join("hooks.tar"), &output.stdout).expect("a file");
    let listed = run(dir, "tar", &["-tf", "hooks.tar"], &[]);
    assert_eq!(
        String::from_utf8_lossy(&listed.stdout).lines().collect::<Vec<_>>(),
        [
            "custom_hooks/",
            "custom_hooks/pre-receive.d/",
            "custom_hooks/pre-receive.d/50-flowcheck",
            "custom_hooks/post-receive.d/",
            "custom_hooks/post-receive.d/50-flowcheck",
            "custom_hooks/policy.toml",
        ]
    );
    assert!(run(dir, "tar", &["-xf", "hooks.tar"], &[]).status.success());
    let hook = dir.join("custom_hooks/pre-receive.d/50-flowcheck");
    assert_eq!(hook.metadata().expect("it is there").permissions().mode() & 0o777, 0o755);
    let text = fs::read_to_string(hook).expect("it is there");
    assert!(text.ends_with("\nexec /opt/flowcheck pre-receive\n"), "{text}");
    let policy = fs::read(dir.join("custom_hooks/policy.toml")).expect("it is there");
    assert_eq!(policy, include_bytes!("../policy.toml.example"));
    let dry = run(dir, FLOWCHECK, &["install", "--server", "--gitlab", "--dry-run"], &[]);
    assert!(dry.stdout.is_empty() && ended(&dry).2.contains("would pack custom_hooks/policy.toml"));
}

#[test]
fn the_hooks_of_the_repository_are_programs_a_shell_can_read() {
    for hook in ["pre-push", "pre-receive", "post-receive", "update"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(hook);
        assert_eq!(path.metadata().expect("it is there").permissions().mode() & 0o111, 0o111, "{hook}");
        assert!(run(Path::new("/"), "sh", &["-n", path.to_str().expect("it is text")], &[]).status.success());
    }
}

#[test]
fn install_sh_puts_the_hook_where_it_is_asked_to() {
    let here = Here::new();
    let archive = here.dir.path().join("archive");
    fs::create_dir(&archive).expect("a directory");
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(top.join("install.sh"), archive.join("install.sh")).expect("it is there");
    fs::copy(FLOWCHECK, archive.join("flowcheck")).expect("it is there");
    let install = |more: &[&str]| {
        let args = [&["install.sh", "--to", "../to"], more].concat();
        ended(&run(&archive, "sh", &args, &[("PATH", older_git())]))
    };
    let before = snapshot(&here.clone());
    assert_eq!(install(&["--hook", "../clone", "--dry-run"]).0, 0);
    assert!(snapshot(&here.clone()) == before, "a dry run does nothing");
    for repository in ["--hook=../clone", "--hook=../server.git"] {
        let (code, _, said) = install(&[repository]);
        assert_eq!(code, 0, "{said}");
    }
    let text = fs::read_to_string(here.hook("pre-push")).expect("it is there");
    let program = here.dir.path().canonicalize().expect("it is there").join("to/bin/flowcheck");
    assert!(text.contains(&format!("exec {} pre-push", program.display())), "{text}");
    assert!(here.server().join("hooks/pre-receive").is_file());
    let (code, _, said) = install(&["--hook", "../nowhere"]);
    assert!(code == 2 && said.contains("no git repository"), "{said}");
}

#[test]
fn install_sh_puts_an_archive_in_place() {
    let dir = tempfile::tempdir().expect("a directory for this test");
    let archive = dir.path().join("flowcheck 0.1");
    fs::create_dir_all(archive.join("hooks")).expect("a directory");
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["install.sh", "policy.toml.example", "hooks/pre-receive"] {
        fs::copy(top.join(file), archive.join(file)).expect("it is there");
    }
    fs::copy(FLOWCHECK, archive.join("flowcheck")).expect("it is there");
    let script = archive.join("install.sh");
    let script = script.to_str().expect("it is text");
    let to = dir.path().join("to here");
    let target = to.to_str().expect("it is text");
    let dry = run(dir.path(), "sh", &[script, "--to", target, "--dry-run"], &[]);
    assert!(dry.status.success() && !to.exists(), "{}", ended(&dry).2);
    for _ in 0..2 {
        let output = run(dir.path(), "sh", &[script, "--to", target], &[]);
        assert!(output.status.success(), "{}", ended(&output).2);
    }
    let path = format!("{}/bin:{}", to.display(), std::env::var("PATH").unwrap_or_default());
    let version = run(dir.path(), "git", &["flowcheck", "--version"], &[("PATH", &path)]);
    assert!(ended(&version).1.contains(env!("CARGO_PKG_VERSION")), "{}", ended(&version).2);
    for file in [
        "share/flowcheck/hooks/pre-receive",
        "share/man/man1/flowcheck.1",
        "share/man/man1/flowcheck-pre-push.1",
        "share/man/man1/git-flowcheck.1",
        "share/bash-completion/completions/flowcheck",
        "share/zsh/site-functions/_flowcheck",
        "share/fish/vendor_completions.d/flowcheck.fish",
    ] {
        assert!(to.join(file).metadata().is_ok_and(|file| file.len() > 0), "{file}");
    }
    let complete = to.join("share/bash-completion/completions/flowcheck");
    let sourced = run(dir.path(), "bash", &["-n", complete.to_str().expect("it is text")], &[]);
    assert!(sourced.status.success(), "{}", ended(&sourced).2);
    let wrong = run(dir.path(), "sh", &[script, "--prefix"], &[]);
    assert_eq!(wrong.status.code(), Some(2));
    fs::remove_file(archive.join("flowcheck")).expect("it is there");
    let nothing = run(dir.path(), "sh", &[script, "--to", target], &[]);
    assert!(ended(&nothing).2.contains("nothing to build it from"), "{}", ended(&nothing).2);
}
