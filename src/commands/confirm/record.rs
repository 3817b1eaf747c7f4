//! Writes a record: the tag object, and the ref.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Trouble;
use crate::facts::NewRecord;
use crate::history::name::escape;
use crate::repository::Repository;

/// Makes the tag. Signatures are git's, which knows the user's keys and agents; so are reftables.
pub(super) fn make(repository: &Repository, new: &NewRecord, signed: bool) -> Result<(), Trouble> {
    if signed || repository.has_reftables() {
        return with_git(repository, new, signed);
    }
    with_libgit2(repository, new)
        .map_err(|error| Trouble::Git {
            doing: "make the record".to_owned(),
            why: error.message().to_owned(),
        })?
        .ok_or(Trouble::Nobody)
}

/// Takes the tag away again.
pub(super) fn drop(repository: &Repository, name: &str) -> Result<(), Trouble> {
    let output = git(repository).args(["tag", "-d", "--", name]).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(refused("drop the record", &output.stderr)),
        Err(error) => Err(refused("run git", error.to_string().as_bytes())),
    }
}

/// Returns `git` in the repository, in the user's own environment: keys and tokens are there.
pub(super) fn git(repository: &Repository) -> Command {
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(repository.git_dir());
    git.current_dir(repository.worktree().unwrap_or(repository.git_dir()));
    git
}

fn with_libgit2(repository: &Repository, new: &NewRecord) -> Result<Option<()>, git2::Error> {
    let git = git2::Repository::open(repository.git_dir())?;
    let Some((name, email)) = identity(repository) else { return Ok(None) };
    let tagger = git2::Signature::now(&name, &email)?;
    let commit = git.find_object(git2::Oid::from_bytes(new.commit.as_slice())?, None)?;
    let tag = new.parts.tag();
    let id = git.tag_annotation_create(&tag, &commit, &tagger, &new.message())?;
    git.reference(&format!("refs/tags/{tag}"), id, false, "flowcheck confirm")?;
    Ok(Some(()))
}

fn with_git(repository: &Repository, new: &NewRecord, signed: bool) -> Result<(), Trouble> {
    let (name, email) = identity(repository).ok_or(Trouble::Nobody)?;
    let mut git = git(repository);
    git.env("GIT_COMMITTER_NAME", name).env("GIT_COMMITTER_EMAIL", email).env_remove("GIT_COMMITTER_DATE");
    git.args(["tag", if signed { "-s" } else { "-a" }, "--cleanup=verbatim", "-F", "-", "--"]);
    git.arg(new.parts.tag()).arg(new.commit.to_string());
    let failed = |error: std::io::Error| refused("run git", error.to_string().as_bytes());
    let mut child =
        git.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let message = new.message();
    let written = child.stdin.take().expect("it is piped").write_all(message.as_bytes());
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(refused(if signed { "sign the record" } else { "make the record" }, &output.stderr));
    }
    written.map_err(failed)
}

/// Returns who records: as git has it, else who started the pipeline.
fn identity(repository: &Repository) -> Option<(String, String)> {
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let name = get("GIT_COMMITTER_NAME").or_else(|| repository.config("user.name"));
    let email = get("GIT_COMMITTER_EMAIL").or_else(|| repository.config("user.email"));
    Some((name.or_else(|| get("GITLAB_USER_NAME"))?, email.or_else(|| get("GITLAB_USER_EMAIL"))?))
}

fn refused(doing: &str, said: &[u8]) -> Trouble {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<String> = text.lines().map(|line| escape(line.as_bytes())).collect();
    Trouble::Git { doing: doing.to_owned(), why: lines.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::RecordName;
    use crate::history::{History as _, Oid, Signed};
    use crate::repository::Environment;

    #[test]
    fn a_record_is_signed_with_the_users_key() {
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            eprintln!("skipped: there is no ssh-keygen here");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).current_dir(dir.path()).args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"]);
        run("git", &["init", "-q"]);
        for (name, value) in [
            ("user.name", "Ops"),
            ("user.email", "ops@example.com"),
            ("gpg.format", "ssh"),
            ("user.signingkey", "key"),
        ] {
            run("git", &["config", name, value]);
        }
        run("git", &["commit", "-q", "--allow-empty", "-m", "one"]);
        let commit = Oid::from_hex(run("git", &["rev-parse", "HEAD"]).as_bytes()).unwrap();
        let parts = RecordName::parse("deployed/prod/v1.0.0/1").unwrap();
        let new = NewRecord { parts, commit, repository: None, job: None, reason: None };
        let repository = Repository::open(&Environment::new(dir.path()), None).unwrap();
        make(&repository, &new, true).unwrap();
        let tag = Oid::from_hex(run("git", &["rev-parse", "deployed/prod/v1.0.0/1"]).as_bytes()).unwrap();
        let allowed = format!("ops {}", std::fs::read_to_string(dir.path().join("key.pub")).unwrap());
        assert_eq!(repository.signature(tag, &allowed), Ok(Signed::By("ops".into())));
        let message =
            run("git", &["for-each-ref", "--format=%(contents:subject)%0a%0a%(contents:body)", "refs/tags"]);
        assert_eq!(message.trim(), new.message().trim());

        run("git", &["config", "user.signingkey", "nowhere"]);
        let again = NewRecord { parts: RecordName::parse("deployed/prod/v1.0.0/2").unwrap(), ..new };
        let refused = make(&repository, &again, true).unwrap_err().to_string();
        assert!(refused.starts_with("sign the record: "), "{refused}");
    }
}
