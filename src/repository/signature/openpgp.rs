//! `OpenPGP` signatures, handed to `git verify-tag`: the key ring and the arithmetic are gpg's.

use std::process::Command;

use super::signers::Signers;
use crate::history::{Answer, ByteSlice, Oid, Signed, Unreadable};

/// Whether gpg finds the signature of the tag `tag` good, by a key that is listed. `git` is a
/// call of git in the repository, with the objects of the push in sight.
pub(super) fn check(mut git: Command, tag: Oid, signers: &Signers) -> Answer<Signed> {
    if signers.openpgp.is_empty() {
        return Ok(Signed::Badly("it is an OpenPGP signature, and no OpenPGP key is listed".to_owned()));
    }
    let output = git
        .args(["-c", "gpg.format=openpgp", "verify-tag", "--raw"])
        .arg(tag.to_string())
        .output()
        .map_err(|error| Unreadable::Store(format!("git verify-tag cannot be started: {error}")))?;
    Ok(match judge(&output.stderr, signers) {
        Ok(principal) => Signed::By(principal),
        Err(why) => Signed::Badly(why),
    })
}

/// Reads gpg's status lines (`doc/DETAILS` of `GnuPG`).
fn judge(status: &[u8], signers: &Signers) -> Result<String, String> {
    let lines: Vec<Vec<&str>> = status
        .lines()
        .filter_map(|line| line.strip_prefix(b"[GNUPG:] ")?.to_str().ok())
        .map(|line| line.split_whitespace().collect())
        .collect();
    let keyword = |name: &str| lines.iter().find(|line| line.first() == Some(&name));
    for (name, why) in [
        ("BADSIG", "it is not a signature of this tag"),
        ("EXPSIG", "it has expired"),
        ("EXPKEYSIG", "its key has expired"),
        ("REVKEYSIG", "its key was revoked"),
        ("ERRSIG", "gpg cannot check it: the key ring here may lack the key"),
    ] {
        if keyword(name).is_some() {
            return Err(why.to_owned());
        }
    }
    // One signature by one key; gpg says of two what is true of each, and git takes neither.
    let valid: Vec<_> = lines.iter().filter(|line| line.first() == Some(&"VALIDSIG")).collect();
    let ([valid], Some(_)) = (valid.as_slice(), keyword("GOODSIG")) else {
        return Err("gpg does not find it good".to_owned());
    };
    // The last field is the primary key's fingerprint, the second the signing key's.
    let fingerprint = valid.get(10).or(valid.get(1)).copied().unwrap_or_default();
    signers
        .openpgp
        .iter()
        .find(|key| key.fingerprint == fingerprint)
        .map(|key| key.principal.clone())
        .ok_or_else(|| format!("the OpenPGP key {fingerprint} is not listed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    fn says(status: &str) -> Result<String, String> {
        judge(status.as_bytes(), &Signers::parse(&format!("# openpgp alice {KEY}\n")))
    }

    #[test]
    fn a_good_signature_by_a_listed_key_counts() {
        let other = "F".repeat(40);
        let good = |key: &str| {
            format!(
                "gpg: chatter\n[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1122 Alice <a@b>\n\
                 [GNUPG:] VALIDSIG {other} 2026-01-01 1767225600 0 4 0 22 10 00 {key}\n"
            )
        };
        assert_eq!(says(&good(KEY)), Ok("alice".to_owned()));
        assert_eq!(says(&good(&other)), Err(format!("the OpenPGP key {other} is not listed")));
        assert!(says(&format!("{0}{0}", good(KEY))).is_err());
    }

    #[test]
    fn anything_else_does_not() {
        for keyword in ["BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "ERRSIG"] {
            let status = format!("[GNUPG:] {keyword} 1122\n[GNUPG:] GOODSIG 1122\n[GNUPG:] VALIDSIG {KEY}\n");
            assert!(says(&status).is_err(), "{keyword}");
        }
        assert!(says("").is_err());
        assert!(says(&format!("[GNUPG:] VALIDSIG {KEY}\n")).is_err());
        assert!(says("GOODSIG\n[GNUPG:] GOODSIG \u{0}\n").is_err());
    }
}
