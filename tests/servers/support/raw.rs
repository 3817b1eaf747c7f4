//! A client that sends what git's own never would.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// One command of a push: old id, new id, and the name as bytes.
pub type Line<'a> = (&'a str, &'a str, &'a [u8]);

/// Sends the lines to a `git receive-pack` and returns all that came back.
pub fn push(receiver: &mut Command, lines: &[Line<'_>], pack: &[u8]) -> String {
    receiver.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = receiver.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut request = vec![];
    for (at, (old, new, name)) in lines.iter().enumerate() {
        let mut line = [old.as_bytes(), b" ", new.as_bytes(), b" ", *name].concat();
        if at == 0 {
            line.extend(b"\0report-status side-band-64k");
        }
        request.extend(format!("{:04x}", line.len() + 4).bytes());
        request.extend(line);
    }
    request.extend(b"0000");
    request.extend(pack);
    // The server speaks first, and not more than a pipe holds.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&request)));
    let (mut said, mut complained) = (vec![], vec![]);
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut complained).unwrap();
    writer.join().unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&[words(&said), complained].concat()).into_owned()
}

/// Returns what was said after the list of refs, without the packets it came in.
fn words(mut said: &[u8]) -> Vec<u8> {
    let mut words = vec![];
    let mut is_list = true;
    while let Some((length, rest)) = said.split_at_checked(4) {
        let length = std::str::from_utf8(length).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some(packet) = length.and_then(|length| rest.get(..length.saturating_sub(4))) else { break };
        is_list &= !packet.is_empty();
        // The first byte of a packet tells words from the report.
        words.extend(packet.iter().skip(1).filter(|_| !is_list));
        said = &rest[packet.len()..];
    }
    words
}

/// Returns a pack with all that `commits` have.
pub fn pack(clone: &Path, commits: &[&str]) -> Vec<u8> {
    let mut packer = super::command::command(clone, "git");
    let revisions = commits.join("\n") + "\n";
    let ended =
        super::command::run(packer.args(["pack-objects", "--revs", "--stdout", "-q"]), revisions.as_bytes());
    assert!(ended.accepted(), "{}", ended.text());
    ended.stdout
}

/// Returns a pack with all that a clone has.
pub fn whole_pack(clone: &Path) -> Vec<u8> {
    let refs = super::command::git(clone, &["for-each-ref", "--format=%(objectname)"]);
    pack(clone, &refs.lines().collect::<Vec<_>>())
}
