//! The lines that git writes to its hooks, taken apart byte by byte.
//!
//! The pusher chooses the names, so they may hold anything but the newline that ends them; whether
//! a name is well formed is a question for the rule `ref-namespace`.

use gix::hash::Kind as Hash;

use super::{Garbled, LONGEST_INPUT, LONGEST_LINE, Unusable};
use crate::history::{BString, ByteSlice, Oid, RefName};

/// `old SP new SP ref`, as a server's hooks get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookLine {
    /// What the ref points to, as the input has it: to be compared, never to be believed.
    pub old: Option<Oid>,
    /// What it shall point to.
    pub new: Option<Oid>,
    /// The ref.
    pub name: RefName,
}

/// `local-ref SP local-oid SP remote-ref SP remote-oid`, as the local hook gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrePushLine {
    /// What the pusher typed; any expression, `(delete)` where the ref goes away.
    pub local: BString,
    /// What the ref on the remote shall point to.
    pub new: Option<Oid>,
    /// The ref on the remote.
    pub name: RefName,
    /// What it points to there.
    pub old: Option<Oid>,
}

/// Reads the lines of `pre-receive` and `post-receive`.
///
/// # Errors
/// With the first line that git would not have written, or where there are more than `limit`.
pub fn server_lines(input: &[u8], hash: Hash, limit: usize) -> Result<Vec<HookLine>, Unusable> {
    read(input, limit, |line| {
        let form = Garbled::Form("old new ref");
        let (old, rest) = line.split_once_str(b" ").ok_or(form)?;
        let (new, name) = rest.split_once_str(b" ").ok_or(form)?;
        if name.is_empty() {
            return Err(form);
        }
        Ok(HookLine {
            old: absent_or_id(old, hash)?,
            new: absent_or_id(new, hash)?,
            name: RefName::new(name),
        })
    })
}

/// Reads the lines of `pre-push`. What the pusher typed may hold spaces (`:/a message`), so a line
/// is read from its end.
///
/// # Errors
/// With the first line that git would not have written, or where there are more than `limit`.
pub fn pre_push_lines(input: &[u8], hash: Hash, limit: usize) -> Result<Vec<PrePushLine>, Unusable> {
    read(input, limit, |line| {
        let form = Garbled::Form("local-ref local-id remote-ref remote-id");
        let (rest, old) = line.rsplit_once_str(b" ").ok_or(form)?;
        let (rest, name) = rest.rsplit_once_str(b" ").ok_or(form)?;
        let (local, new) = rest.rsplit_once_str(b" ").ok_or(form)?;
        if name.is_empty() || local.is_empty() {
            return Err(form);
        }
        Ok(PrePushLine {
            local: local.into(),
            new: absent_or_id(new, hash)?,
            name: RefName::new(name),
            old: absent_or_id(old, hash)?,
        })
    })
}

/// Reads an id as git writes it: lower-case hexadecimal of the repository's length; zeros stand
/// for an absent ref.
///
/// # Errors
/// [`Garbled::Id`] for anything else.
pub fn absent_or_id(hex: &[u8], hash: Hash) -> Result<Option<Oid>, Garbled> {
    let wrong = Garbled::Id(hash.len_in_hex());
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if hex.len() != hash.len_in_hex() || !hex.iter().all(lower) {
        return Err(wrong);
    }
    let id = Oid::from_hex(hex).map_err(|_| wrong)?;
    Ok((!id.is_null()).then_some(id))
}

fn read<T>(
    input: &[u8],
    limit: usize,
    parse: impl Fn(&[u8]) -> Result<T, Garbled>,
) -> Result<Vec<T>, Unusable> {
    if input.len() > LONGEST_INPUT {
        return Err(Unusable::TooLong);
    }
    let mut lines = vec![];
    for (at, line) in input.lines_with_terminator().enumerate() {
        if at == limit {
            return Err(Unusable::TooMany { limit });
        }
        lines.push(whole(line).and_then(&parse).map_err(|why| Unusable::Line { line: at + 1, why })?);
    }
    Ok(lines)
}

fn whole(line: &[u8]) -> Result<&[u8], Garbled> {
    if line.len() > LONGEST_LINE {
        return Err(Garbled::Overlong);
    }
    line.strip_suffix(b"\n").ok_or(Garbled::Unended)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn one(line: &str) -> Result<Vec<HookLine>, Unusable> {
        server_lines(line.as_bytes(), Hash::Sha1, 10)
    }

    fn why(line: &str) -> Garbled {
        match one(line) {
            Err(Unusable::Line { line: 1, why }) => why,
            other => panic!("expected a garbled line, got {other:?}"),
        }
    }

    #[test]
    fn zeros_stand_for_an_absent_ref() {
        let lines = one(&format!("{ZERO} {A} refs/heads/x\n{A} {ZERO} refs/heads/y\n")).unwrap();
        assert_eq!((lines[0].old, lines[0].new.is_some()), (None, true));
        assert_eq!((lines[1].old.is_some(), lines[1].new), (true, None));
        assert_eq!(lines[1].name, RefName::new("refs/heads/y"));
    }

    #[test]
    fn no_input_is_no_line() {
        assert_eq!(one(""), Ok(vec![]));
    }

    #[test]
    fn the_rest_of_a_line_is_the_name_whatever_it_holds() {
        for name in
            ["refs/heads/a b", "refs/heads/a\r", "refs/heads/\0", "HEAD", "../x", " ", "refs/heads/\u{1b}[2J"]
        {
            let lines = one(&format!("{ZERO} {A} {name}\n")).unwrap();
            assert_eq!(lines[0].name, RefName::new(name));
        }
    }

    #[test]
    fn a_line_that_git_would_not_write_is_named() {
        let form = Garbled::Form("old new ref");
        assert_eq!(why("\n"), form);
        assert_eq!(why(&format!("{A}\n")), form);
        assert_eq!(why(&format!("{A} {A}\n")), form);
        assert_eq!(why(&format!("{A} {A} \n")), form);
        assert_eq!(why(&format!("{A} {A} refs/heads/x")), Garbled::Unended);
        assert_eq!(why(&format!("{A}  {A} refs/heads/x\n")), Garbled::Id(40));
        assert_eq!(why(&format!("{}\t{A} x y\n", &A[1..])), Garbled::Id(40));
        assert_eq!(why(&format!("{} {A} refs/heads/x\n", A.to_uppercase())), Garbled::Id(40));
        assert_eq!(why(&format!("{A}{} {A} refs/heads/x\n", &A[..24])), Garbled::Id(40));
        assert_eq!(why(&format!("{A} {A} refs/heads/{}\n", "x".repeat(LONGEST_LINE))), Garbled::Overlong);
    }

    #[test]
    fn the_number_of_the_wrong_line_is_said() {
        let input = format!("{ZERO} {A} refs/heads/x\n{ZERO} {A}\n");
        let text = one(&input).unwrap_err().to_string();
        assert_eq!(text, "read line 2 of the hook's input: it is not of the form `old new ref`");
    }

    #[test]
    fn a_newline_inside_a_name_makes_a_line_that_must_stand_for_itself() {
        let input = format!("{ZERO} {A} refs/heads/a\nforged\n");
        assert!(matches!(one(&input), Err(Unusable::Line { line: 2, .. })));
    }

    #[test]
    fn ids_are_as_long_as_the_repository_has_them() {
        let long = "b".repeat(64);
        let line = format!("{} {long} refs/heads/x\n", "0".repeat(64));
        assert!(server_lines(line.as_bytes(), Hash::Sha256, 1).is_ok());
        assert_eq!(why(&line), Garbled::Id(40));
    }

    #[test]
    fn more_refs_than_the_limit_are_not_read() {
        let input = format!("{ZERO} {A} refs/heads/x\n").repeat(11);
        assert_eq!(one(&input), Err(Unusable::TooMany { limit: 10 }));
    }

    #[test]
    fn a_hundred_thousand_lines_are_read_in_a_moment() {
        let input = format!("{ZERO} {A} refs/heads/x\n").repeat(100_000);
        assert_eq!(server_lines(input.as_bytes(), Hash::Sha1, 100_000).unwrap().len(), 100_000);
    }

    #[test]
    fn what_the_pusher_typed_may_hold_spaces() {
        let input = format!(":/a message {A} refs/heads/x {ZERO}\n(delete) {ZERO} refs/heads/y {A}\n");
        let lines = pre_push_lines(input.as_bytes(), Hash::Sha1, 10).unwrap();
        assert_eq!(lines[0].local, ":/a message");
        assert_eq!(lines[0].old, None);
        assert_eq!(lines[1].new, None);
        assert!(pre_push_lines(b"a b c\n", Hash::Sha1, 10).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = server_lines(&input, Hash::Sha1, 5);
            let _ = pre_push_lines(&input, Hash::Sha256, 5);
        }

        #[test]
        fn what_is_read_is_what_was_written(
            lines in prop::collection::vec(("[0-9a-f]{40}", "[0-9a-f]{40}", "[^\n]{1,30}"), 0..5)
        ) {
            let texts: Vec<String> = lines.iter().map(|(old, new, name)| format!("{old} {new} {name}\n")).collect();
            let input = texts.concat();
            let read = server_lines(input.as_bytes(), Hash::Sha1, 5).unwrap();
            let shown = |id: Option<Oid>| id.map_or_else(|| ZERO.to_owned(), |id| id.to_string());
            let again: Vec<_> = read
                .iter()
                .map(|line| (shown(line.old), shown(line.new), line.name.full().to_string()))
                .collect();
            prop_assert_eq!(again, lines);
        }
    }
}
