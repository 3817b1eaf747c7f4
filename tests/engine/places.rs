//! Finding a repository, and refusing one that is not understood.

use flowcheck::history::{History, RefName};
use flowcheck::repository::{Environment, Failure, Repository};

use crate::disk::Disk;

/// A clone with one commit, its path, and the id of the commit.
fn clone(disk: &Disk) -> (std::path::PathBuf, String) {
    let path = disk.path("work");
    std::fs::create_dir(&path).unwrap();
    disk.run(&path, &["init", "-q", "-b", "develop"]);
    std::fs::create_dir_all(path.join("deep/er")).unwrap();
    std::fs::write(path.join("deep/er/file"), "content\n").unwrap();
    std::fs::write(path.join(".flowcheck.toml"), "version = 1\n").unwrap();
    disk.run(&path, &["add", "."]);
    disk.run(&path, &["commit", "-q", "-m", "one"]);
    let id = disk.run(&path, &["rev-parse", "HEAD"]);
    (path, id)
}

#[test]
fn from_below_the_top_of_a_work_tree() {
    let disk = Disk::new();
    let (path, id) = clone(&disk);
    let path = path.canonicalize().unwrap();
    let repository = Repository::at(&path.join("deep/er")).unwrap();
    assert_eq!(repository.worktree(), Some(path.as_path()));
    assert_eq!(repository.git_dir(), path.join(".git"));
    let head = repository.head().unwrap().unwrap();
    assert_eq!(head.to_string(), id);
    assert_eq!(repository.file(head, ".flowcheck.toml").unwrap().as_deref(), Some(&b"version = 1\n"[..]));
    assert_eq!(repository.file(head, "deep/er/file").unwrap().as_deref(), Some(&b"content\n"[..]));
    assert_eq!(repository.file(head, "deep"), Ok(None));
    assert_eq!(repository.file(head, "nothing"), Ok(None));
}

#[test]
fn from_a_linked_work_tree() {
    let disk = Disk::new();
    let (path, id) = clone(&disk);
    let linked = disk.path("linked");
    disk.run(&path, &["worktree", "add", "-q", "-b", "feature/a", linked.to_str().unwrap()]);
    let repository = Repository::at(&linked).unwrap();
    assert_eq!(repository.worktree(), Some(linked.canonicalize().unwrap().as_path()));
    assert_eq!(repository.default_branch(), Ok(Some(RefName::of_branch("feature/a"))));
    assert_eq!(repository.refs(&["refs/heads/"]).unwrap().len(), 2);
    assert_eq!(repository.head().unwrap().unwrap().to_string(), id);
    assert_eq!(repository.common_dir().canonicalize().unwrap(), path.join(".git").canonicalize().unwrap());
    // As a hook in a linked work tree sees it.
    let environment = Environment::new(&linked).with("GIT_DIR", repository.git_dir().as_os_str());
    let by_variable = Repository::open(&environment, None).unwrap();
    assert_eq!(
        by_variable.worktree().map(|path| path.canonicalize().unwrap()),
        repository.worktree().map(Into::into)
    );
    assert_eq!(by_variable.default_branch(), repository.default_branch());
}

#[test]
fn from_a_hook_in_a_bare_repository() {
    let disk = Disk::new();
    let server = disk.init("server.git", &[]);
    let environment = Environment::new(&server).with("GIT_DIR", ".");
    let repository = Repository::open(&environment, None).unwrap();
    assert_eq!(repository.worktree(), None);
    assert_eq!(repository.default_branch(), Ok(Some(RefName::of_branch("main"))));
    assert_eq!(repository.head(), Ok(None));
    assert!(repository.refs(&["refs/"]).unwrap().is_empty());
}

#[test]
fn where_there_is_none() {
    let disk = Disk::new();
    let nowhere = disk.path("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    let ceiling = disk.path("").parent().unwrap().to_owned();
    let environment = Environment::new(&nowhere).with("GIT_CEILING_DIRECTORIES", ceiling.as_os_str());
    assert!(matches!(Repository::open(&environment, None), Err(Failure::NotFound(_))));
    let environment = Environment::new(&nowhere).with("GIT_DIR", "missing.git");
    assert!(matches!(Repository::open(&environment, None), Err(Failure::NotFound(_))));
}

#[test]
fn what_is_not_understood_is_refused() {
    let disk = Disk::new();
    let (path, _) = clone(&disk);
    let namespace = Environment::new(&path).with("GIT_NAMESPACE", "a");
    assert!(matches!(Repository::open(&namespace, None), Err(Failure::Namespace)));
    for known in ["noop", "preciousObjects", "worktreeConfig", "partialClone"] {
        disk.run(&path, &["config", &format!("extensions.{known}"), "false"]);
    }
    assert!(Repository::at(&path).is_ok());
    disk.run(&path, &["config", "core.repositoryformatversion", "1"]);
    assert!(Repository::at(&path).is_ok());
    disk.run(&path, &["config", "extensions.refStorage", "clay-tablets"]);
    let refused = Repository::at(&path).unwrap_err().to_string();
    assert_eq!(
        refused,
        "read this repository: `extensions.refstorage = clay-tablets` is not known to flowcheck"
    );
    let config = path.join(".git/config");
    let text = std::fs::read_to_string(&config).unwrap().replace("refStorage = clay-tablets", "brandNew = 1");
    std::fs::write(&config, text).unwrap();
    let refused = Repository::at(&path).unwrap_err().to_string();
    assert!(refused.contains("`extensions.brandnew = 1`"), "{refused}");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("repositoryformatversion = 1", "repositoryformatversion = 2");
    std::fs::write(&config, text).unwrap();
    assert!(matches!(Repository::at(&path), Err(Failure::Version(2))));
}

#[test]
fn a_setting_is_the_one_git_would_take() {
    let disk = Disk::new();
    let (path, _) = clone(&disk);
    let home = disk.path("home");
    std::fs::create_dir(&home).unwrap();
    let environment = Environment::new(&path).with("HOME", home.as_os_str()).with("GIT_CONFIG_NOSYSTEM", "1");
    let asked =
        |environment: &Environment| Repository::open(environment, None).unwrap().config("flowcheck.policy");
    assert_eq!(asked(&environment), None);
    std::fs::write(home.join(".gitconfig"), "[flowcheck]\n\tpolicy = user.toml\n").unwrap();
    assert_eq!(asked(&environment).as_deref(), Some("user.toml"));
    disk.run(&path, &["config", "flowcheck.policy", "repository.toml"]);
    assert_eq!(asked(&environment).as_deref(), Some("repository.toml"));
    let command_line = environment
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_CONFIG_KEY_0", "flowcheck.policy")
        .with("GIT_CONFIG_VALUE_0", "line.toml");
    assert_eq!(asked(&command_line).as_deref(), Some("line.toml"));
}
