//! Whether a tag's signature is good, and whose it is.

mod openpgp;
mod signers;
mod ssh;

use std::process::Command;

use super::decode::signature_start;
use crate::history::{Answer, ByteSlice, Oid, Seconds, Signed};
use signers::Signers;

/// A signed object, taken apart as git does: the signature is what begins with the last line that
/// begins one, and was made over everything before.
struct Parts<'a> {
    payload: Vec<u8>,
    signature: &'a [u8],
}

/// Returns whether the annotated tag `tag`, whose bytes are `data` and which claims to be made at
/// `at`, carries a good signature by a signer that `allowed` (the text of an ssh
/// `allowed_signers` file) lists. `git` makes a call of git in the tag's repository.
///
/// # Errors
/// Where git cannot be started for an `OpenPGP` signature.
pub fn check(
    git: impl FnOnce() -> Command,
    tag: Oid,
    data: &[u8],
    at: Option<Seconds>,
    allowed: &str,
) -> Answer<Signed> {
    let Some(parts) = parts(data) else {
        return Ok(Signed::Not);
    };
    let signers = Signers::parse(allowed);
    if parts.signature.starts_with(b"-----BEGIN SSH SIGNATURE-----") {
        return Ok(ssh::check(&parts.payload, parts.signature, at, &signers));
    }
    if parts.signature.starts_with(b"-----BEGIN PGP ") {
        return openpgp::check(git(), tag, &signers);
    }
    Ok(Signed::Badly("it is neither an SSH nor an OpenPGP signature".to_owned()))
}

fn parts(data: &[u8]) -> Option<Parts<'_>> {
    let start = signature_start(data)?;
    Some(Parts { payload: without_header_signatures(&data[..start]), signature: &data[start..] })
}

/// Returns the bytes without the headers `gpgsig` and `gpgsig-sha256`: the signature of the same
/// object under the other hash, which git leaves out of what is signed.
fn without_header_signatures(data: &[u8]) -> Vec<u8> {
    let head = data.find(b"\n\n").map_or(data.len(), |at| at + 1);
    let mut kept = vec![];
    let mut dropping = false;
    for line in data[..head].lines_with_terminator() {
        let continues = dropping && line.starts_with(b" ");
        dropping = continues || line.starts_with(b"gpgsig ") || line.starts_with(b"gpgsig-sha256 ");
        if !dropping {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(&data[head..]);
    kept
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gix::hash::Kind as Hash;

    use super::*;
    use crate::history::History;
    use crate::repository::{Environment, Repository};

    fn run(command: &mut Command) -> Vec<u8> {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A repository whose tags are signed by the key `name`; none where ssh-keygen is not here.
    struct Scene {
        dir: tempfile::TempDir,
    }

    impl Scene {
        fn new(hash: &str) -> Option<Self> {
            if Command::new("ssh-keygen").arg("-?").output().is_err() {
                eprintln!("skipped: there is no ssh-keygen here");
                return None;
            }
            let scene = Self { dir: tempfile::tempdir().unwrap() };
            run(scene.git().args(["init", "-q", "--object-format", hash]));
            run(scene.git().args(["commit", "-q", "--allow-empty", "-m", "one"]));
            Some(scene)
        }

        fn path(&self) -> &Path {
            self.dir.path()
        }

        fn git(&self) -> Command {
            let mut git = Command::new("git");
            git.current_dir(self.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
            git.env("HOME", self.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
            for role in ["AUTHOR", "COMMITTER"] {
                git.env(format!("GIT_{role}_NAME"), "Ops")
                    .env(format!("GIT_{role}_EMAIL"), "ops@example.com");
                git.env(format!("GIT_{role}_DATE"), "1767225600 +0000");
            }
            git
        }

        /// Makes a key and returns its public half as `type base64`.
        fn key(&self, name: &str, options: &[&str]) -> String {
            let file = self.path().join(name);
            run(Command::new("ssh-keygen").args(["-q", "-N", "", "-C", "x", "-f"]).arg(&file).args(options));
            let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
            public.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
        }

        /// Makes a signed tag and returns its bytes.
        fn tag(&self, name: &str, key: &str) -> Vec<u8> {
            let key = format!("user.signingkey={}", self.path().join(key).display());
            run(self.git().args(["-c", "gpg.format=ssh", "-c", &key, "tag", "-s", "-m", "text", name]));
            run(self.git().args(["cat-file", "tag", name]))
        }
    }

    impl Scene {
        /// Returns the repository as a history, and the id of a tag.
        fn open(&self, tag: &str) -> (Repository, Oid) {
            let path = std::env::var_os("PATH").unwrap();
            let environment = Environment::new(self.path()).with("PATH", path).with("HOME", self.path());
            let id = String::from_utf8(run(self.git().args(["rev-parse", tag]))).unwrap();
            (Repository::open(&environment, None).unwrap(), Oid::from_hex(id.trim().as_bytes()).unwrap())
        }
    }

    fn judge(data: &[u8], allowed: &str) -> Signed {
        let git = || Command::new("false");
        check(git, Oid::null(Hash::Sha1), data, Some(1_767_225_600), allowed).unwrap()
    }

    fn why(data: &[u8], allowed: &str) -> String {
        match judge(data, allowed) {
            Signed::Badly(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn gits_own_ssh_signatures_are_good() {
        let Some(scene) = Scene::new("sha1") else { return };
        let kinds: [(&str, &[&str]); 4] = [
            ("ed25519", &["-t", "ed25519"]),
            ("p256", &["-t", "ecdsa", "-b", "256"]),
            ("p384", &["-t", "ecdsa", "-b", "384"]),
            ("rsa", &["-t", "rsa", "-b", "2048"]),
        ];
        for (name, options) in kinds {
            let key = scene.key(name, options);
            let data = scene.tag(name, name);
            assert_eq!(
                judge(&data, &format!("ops@example.com {key}\n")),
                Signed::By("ops@example.com".into())
            );
        }
    }

    #[test]
    fn tags_of_sha_256_repositories_are_read_alike() {
        let Some(scene) = Scene::new("sha256") else { return };
        let key = scene.key("k", &["-t", "ed25519"]);
        let data = scene.tag("v1", "k");
        let allowed = format!("ops {key}\n");
        assert_eq!(judge(&data, &allowed), Signed::By("ops".into()));
        let text = String::from_utf8(data).unwrap();
        let both = text.replacen("\ntagger", "\ngpgsig -----BEGIN\n a\n b\ntagger", 1);
        assert_eq!(judge(both.as_bytes(), &allowed), Signed::By("ops".into()), "the other hash's signature");
    }

    #[test]
    fn a_changed_tag_an_unknown_key_and_an_expired_one_do_not_count() {
        let Some(scene) = Scene::new("sha1") else { return };
        let (key, other) = (scene.key("k", &["-t", "ed25519"]), scene.key("o", &["-t", "ed25519"]));
        let data = scene.tag("v1", "k");
        let allowed = format!("ops {key}\n");
        let changed = String::from_utf8(data.clone()).unwrap().replacen("\ntext\n", "\nTEXT\n", 1);
        assert!(why(changed.as_bytes(), &allowed).contains("not a signature of this tag"));
        assert!(why(&data, &format!("ops {other}\nbroken\n")).contains("line 2"));
        assert!(why(&data, "").contains("is not listed"));
        assert!(why(&data, &format!("ops valid-before=\"20251231\" {key}\n")).contains("any more"));
        assert!(why(&data, &format!("ops cert-authority {key}\n")).contains("authority"));
        let again = format!("ops valid-before=\"20251231\" {key}\nlater valid-after=\"20260101\" {key}\n");
        assert_eq!(judge(&data, &again), Signed::By("later".into()));
    }

    #[test]
    fn a_signature_for_another_purpose_does_not_count() {
        let Some(scene) = Scene::new("sha1") else { return };
        let key = scene.key("k", &["-t", "ed25519"]);
        let data = scene.tag("v1", "k");
        let parts = parts(&data).unwrap();
        let file = scene.path().join("payload");
        std::fs::write(&file, &parts.payload).unwrap();
        run(Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", "file", "-f"])
            .arg(scene.path().join("k"))
            .arg(&file));
        let signature = std::fs::read(file.with_extension("sig")).unwrap();
        let forged = [parts.payload.as_slice(), &signature].concat();
        assert_eq!(why(&forged, &format!("ops {key}\n")), "it was made for `file`, not for `git`");
    }

    #[test]
    fn no_bytes_in_a_signature_break_anything() {
        let Some(scene) = Scene::new("sha1") else { return };
        let key = scene.key("k", &["-t", "ed25519"]);
        let data = scene.tag("v1", "k");
        let allowed = format!("ops {key}\n");
        let start = data.len() - parts(&data).unwrap().signature.len();
        for at in start..data.len() {
            for byte in [0, b'A', b'\n', 0xff] {
                let mut changed = data.clone();
                changed[at] = byte;
                if changed != data && judge(&changed, &allowed) == Signed::By("ops".into()) {
                    // Only what stands behind the armor, or between its lines, may change.
                    assert!(
                        byte == b'\n' || at >= data.len() - 1,
                        "byte {at} became {byte}: {}",
                        String::from_utf8_lossy(&changed)
                    );
                }
            }
            // Without the last line's end the signature is whole.
            let whole = at == data.len() - 1;
            assert_eq!(judge(&data[..at], &allowed) == Signed::By("ops".into()), whole, "cut at {at}");
        }
        for junk in
            ["-----BEGIN SSH SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----\n\n-----END SSH SIGNATURE-----"]
        {
            assert!(matches!(judge(junk.as_bytes(), &allowed), Signed::Badly(_)));
        }
    }

    #[test]
    fn a_tag_without_a_signature_has_none() {
        assert_eq!(judge(b"object 0\ntype commit\ntag v1\n\ntext\n", ""), Signed::Not);
        let x509 = b"tag v1\n\ntext\n-----BEGIN SIGNED MESSAGE-----\n";
        assert!(why(x509, "").contains("neither"));
        assert!(why(b"tag v1\n\n-----BEGIN PGP SIGNATURE-----\n", "").contains("no OpenPGP key is listed"));
    }

    #[test]
    fn an_openpgp_signature_is_gpgs_business() {
        let Some(scene) = Scene::new("sha1") else { return };
        let gpg = |arguments: &[&str]| {
            let mut gpg = Command::new("gpg");
            gpg.env("HOME", scene.path())
                .env("LC_ALL", "C")
                .env_remove("GNUPGHOME")
                .args(["--batch", "-q"])
                .args(arguments);
            gpg
        };
        if gpg(&["--version"]).output().is_err() {
            eprintln!("skipped: there is no gpg here");
            return;
        }
        run(&mut gpg(&[
            "--passphrase",
            "",
            "--quick-gen-key",
            "Ops <ops@example.com>",
            "ed25519",
            "sign",
            "0",
        ]));
        run(scene.git().args(["tag", "-s", "-u", "ops@example.com", "-m", "text", "v1"]));
        let (repository, tag) = scene.open("v1");
        let keys = String::from_utf8(run(&mut gpg(&["--with-colons", "--list-keys"]))).unwrap();
        let fingerprint =
            keys.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
        let judge = |allowed: &str| repository.signature(tag, allowed).unwrap();
        assert_eq!(judge(&format!("# openpgp ops {fingerprint}\n")), Signed::By("ops".into()));
        let other = "F".repeat(40);
        let refused = judge(&format!("# openpgp ops {other}\n"));
        assert_eq!(refused, Signed::Badly(format!("the OpenPGP key {fingerprint} is not listed")));
        run(Command::new("gpgconf")
            .env("HOME", scene.path())
            .env_remove("GNUPGHOME")
            .args(["--kill", "all"]));
    }
}
