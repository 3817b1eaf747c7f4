//! SSH signatures (PROTOCOL.sshsig), checked in process: a server need not have `ssh-keygen`.

use ssh_key::{PublicKey, SshSig};

use super::signers::Signers;
use crate::history::{Seconds, Signed};

/// The purpose that git signs for; a signature made for another one proves nothing here.
const NAMESPACE: &str = "git";

/// Whether `armor` is a good signature of `payload` by a signer that counted at the moment `at`.
pub(super) fn check(payload: &[u8], armor: &[u8], at: Option<Seconds>, signers: &Signers) -> Signed {
    match judge(payload, armor, at, signers) {
        Ok(principals) => Signed::By(principals),
        Err(why) => Signed::Badly(why),
    }
}

fn judge(payload: &[u8], armor: &[u8], at: Option<Seconds>, signers: &Signers) -> Result<String, String> {
    let signature = SshSig::from_pem(whole_lines(armor))
        .map_err(|error| format!("the signature cannot be read ({error})"))?;
    if signature.version() != SshSig::VERSION {
        return Err(format!("the signature is of version {}", signature.version()));
    }
    if signature.namespace() != NAMESPACE {
        return Err(format!("it was made for `{}`, not for `{NAMESPACE}`", signature.namespace()));
    }
    let key = PublicKey::from(signature.public_key().clone());
    let fingerprint = key.fingerprint(ssh_key::HashAlg::Sha256);
    if key.key_data().is_other() {
        return Err(format!("keys of the kind {} (certificates, say) are not supported", key.algorithm()));
    }
    let listed: Vec<_> = signers.ssh.iter().filter(|signer| signer.key == *key.key_data()).collect();
    // Asked before the signature itself: what is not listed is not worth the arithmetic.
    let mut refusal = None;
    let admitted = listed.into_iter().find(|signer| match signer.admits(NAMESPACE, at) {
        Ok(()) => true,
        Err(why) => {
            refusal.get_or_insert(why);
            false
        }
    });
    let Some(signer) = admitted else {
        return Err(
            refusal.map_or_else(|| not_listed(&fingerprint.to_string(), signers), |why| why.to_string())
        );
    };
    key.verify(NAMESPACE, payload, &signature)
        .map_err(|error| format!("it is not a signature of this tag by {fingerprint} ({error})"))?;
    Ok(signer.principals.clone())
}

fn not_listed(fingerprint: &str, signers: &Signers) -> String {
    match signers.unreadable.first() {
        Some(line) => {
            format!("the key {fingerprint} is not listed (line {line} of the allowed signers makes no sense)")
        }
        None => format!("the key {fingerprint} is not listed"),
    }
}

/// Returns the armor without what may follow its last line, and with `\n` at the end of each.
fn whole_lines(armor: &[u8]) -> String {
    let text = String::from_utf8_lossy(armor);
    let mut lines = String::new();
    for line in text.lines() {
        lines.extend([line.trim_end(), "\n"]);
        if line.starts_with("-----END ") {
            break;
        }
    }
    lines
}
