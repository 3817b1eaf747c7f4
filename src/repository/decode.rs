//! Commits and tags from their bytes; what a judgement does not rest on may be malformed.

use gix::hash::Kind as Hash;

use crate::history::walk::Header;
use crate::history::{
    Answer, BString, ByteSlice, Commit, Oid, Seconds, Signature, Tag, Unreadable, subject_of,
};

/// Reads the part of a commit that a walk needs.
pub(super) fn header(id: Oid, data: &[u8]) -> Answer<Header> {
    let (_, parents, rest) = top(id, data)?;
    let committer = field(head(rest).0, "committer");
    Ok(Header { parents, date: committer.and_then(seconds_of).unwrap_or(0) })
}

/// Reads a commit.
///
/// # Errors
/// Where its tree or a parent is no id.
pub fn commit(id: Oid, data: &[u8]) -> Answer<Commit> {
    let (tree, parents, rest) = top(id, data)?;
    let (head, message) = head(rest);
    Ok(Commit {
        tree,
        parents,
        author: field(head, "author").and_then(signature),
        committer: field(head, "committer").and_then(signature),
        message: message.into(),
    })
}

/// Reads the subject of a commit and nothing else.
pub(super) fn subject(data: &[u8]) -> String {
    subject_of(head(data).1)
}

/// Reads an annotated tag.
///
/// # Errors
/// Where it does not say what it is of.
pub fn tag(id: Oid, data: &[u8]) -> Answer<Tag> {
    let (head, message) = head(data);
    let target = field(head, "object").and_then(|hex| oid(hex, id.kind()));
    let target = target.ok_or_else(|| damaged(id, "no `object` header"))?;
    let (message, signature_block) = match signature_start(message) {
        Some(at) => (&message[..at], Some(BString::from(&message[at..]))),
        None => (message, None),
    };
    Ok(Tag {
        target,
        name: field(head, "tag").unwrap_or_default().into(),
        tagger: field(head, "tagger").and_then(signature),
        message: message.into(),
        signature: signature_block,
    })
}

/// Returns where the signature in the message of a tag begins: git takes the last such line.
pub(super) fn signature_start(message: &[u8]) -> Option<usize> {
    const BEGINS: [&str; 4] = [
        "-----BEGIN PGP SIGNATURE-----",
        "-----BEGIN PGP MESSAGE-----",
        "-----BEGIN SSH SIGNATURE-----",
        "-----BEGIN SIGNED MESSAGE-----",
    ];
    let mut at = 0;
    let mut start = None;
    for line in message.lines_with_terminator() {
        if BEGINS.iter().any(|begin| line.starts_with(begin.as_bytes())) {
            start = Some(at);
        }
        at += line.len();
    }
    start
}

/// Reads `tree` and the `parent` lines, which git writes first and in this order.
fn top(id: Oid, data: &[u8]) -> Answer<(Oid, Vec<Oid>, &[u8])> {
    let hash = id.kind();
    let (tree, mut rest) =
        leading(data, b"tree ", hash).ok_or_else(|| damaged(id, "it does not begin with a tree"))?;
    let mut parents = vec![];
    while let Some((parent, after)) = leading(rest, b"parent ", hash) {
        parents.push(parent);
        rest = after;
    }
    if rest.starts_with(b"parent") {
        return Err(damaged(id, "a parent is no id"));
    }
    Ok((tree, parents, rest))
}

fn leading<'a>(data: &'a [u8], name: &[u8], hash: Hash) -> Option<(Oid, &'a [u8])> {
    let rest = data.strip_prefix(name)?;
    let (hex, rest) = rest.split_at_checked(hash.len_in_hex())?;
    Some((oid(hex, hash)?, rest.strip_prefix(b"\n")?))
}

fn oid(hex: &[u8], hash: Hash) -> Option<Oid> {
    Oid::from_hex(hex).ok().filter(|id| id.kind() == hash)
}

fn damaged(id: Oid, why: &str) -> Unreadable {
    Unreadable::Damaged { id, why: why.to_owned() }
}

/// Splits what comes before the first empty line from what follows it.
fn head(data: &[u8]) -> (&[u8], &[u8]) {
    if let Some(message) = data.strip_prefix(b"\n") {
        return (b"", message);
    }
    match data.find(b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, b""),
    }
}

fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.lines().find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "))
}

/// Reads `name <address> seconds zone`, where git looks for the parts.
fn signature(line: &[u8]) -> Option<Signature> {
    let open = line.find_byte(b'<')?;
    let close = open + line[open..].find_byte(b'>')?;
    Some(Signature {
        name: line[..open].trim().into(),
        email: line[open + 1..close].into(),
        time: seconds_of(line)?,
    })
}

fn seconds_of(line: &[u8]) -> Option<Seconds> {
    let after = &line[line.rfind_byte(b'>')? + 1..];
    let seconds = after.trim_start();
    let end = seconds.find_byteset(b" \t").unwrap_or(seconds.len());
    seconds[..end].to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Oid {
        Oid::null(Hash::Sha1)
    }

    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";

    #[test]
    fn a_malformed_author_does_not_hide_the_parents() {
        let text = format!("{TREE}parent {}\nauthor nobody\ncommitter <>> junk\n\nsubject\n", id());
        let read = commit(id(), text.as_bytes()).unwrap();
        assert_eq!(read.parents, [id()]);
        assert_eq!((read.author.clone(), read.committer.clone()), (None, None));
        assert_eq!(read.subject(), "subject");
        assert_eq!(header(id(), text.as_bytes()).unwrap().date, 0);
    }

    #[test]
    fn a_parent_line_that_is_no_id_is_not_skipped() {
        let text = format!("{TREE}parent 12\n\n");
        assert!(matches!(commit(id(), text.as_bytes()), Err(Unreadable::Damaged { .. })));
    }

    #[test]
    fn dates_may_be_negative_or_far_ahead() {
        let text = format!("{TREE}author A <a@b> -5 +0000\ncommitter A <a@b> 9999999999 +0000\n\n");
        let read = commit(id(), text.as_bytes()).unwrap();
        assert_eq!(read.author.unwrap().time, -5);
        assert_eq!(read.committer.unwrap().time, 9_999_999_999);
    }

    #[test]
    fn the_signature_of_a_tag_is_no_part_of_its_message() {
        let text = format!(
            "object {}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nmsg\n-----BEGIN SSH SIGNATURE-----\nx\n",
            id()
        );
        let read = tag(id(), text.as_bytes()).unwrap();
        assert_eq!(read.message, "msg\n");
        assert_eq!(read.name, "v1");
        assert!(read.signature.unwrap().starts_with(b"-----BEGIN SSH"));
    }
}
