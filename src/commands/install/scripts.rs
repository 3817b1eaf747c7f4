//! The text of the hooks that are put in place.

/// How the name of a hook goes on that was there before.
pub(super) const EARLIER: &str = ".before-flowcheck";
/// How every hook of ours begins.
const MARK: &str = "#!/bin/sh\n# flowcheck: ";
/// Says that the directory was made for the hook.
const MADE: &str = "# Its directory was made for it.\n";

const CHAINED: &str = include_str!("chained.sh");

/// Returns the hook `name` as the repository's `hooks/` has it, with the program's full path.
pub(super) fn hook(name: &str, binary: &str) -> String {
    let text = match name {
        "pre-push" => include_str!("../../../hooks/pre-push"),
        "post-receive" => include_str!("../../../hooks/post-receive"),
        _ => include_str!("../../../hooks/pre-receive"),
    };
    let program = quoted(binary);
    text.replace("command -v flowcheck", &format!("command -v {program}"))
        .replace("exec flowcheck", &format!("exec {program}"))
}

/// Returns the hook `name` where another is there already and runs beside it.
pub(super) fn chained(name: &str, binary: &str) -> String {
    let alone = hook(name, binary);
    let commands = alone.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    CHAINED.replace("JUDGE", &commands).replace("HOOK", name)
}

/// Returns the hook with a note that its directory goes when it goes.
pub(super) fn with_directory(text: &str) -> String {
    text.replacen('\n', &format!("\n{MADE}"), 2).replacen(MADE, "", 1)
}

/// Whether the hook's directory was made for it.
pub(super) fn made_its_directory(text: &str) -> bool {
    text.contains(MADE)
}

/// Whether a hook was put in place by flowcheck.
pub(in super::super) fn is_ours(text: &[u8]) -> bool {
    text.starts_with(MARK.as_bytes())
}

/// Returns a word that a shell reads as it is.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_names_its_program_in_full() {
        assert!(hook("pre-receive", "/opt/flowcheck").ends_with("\nexec /opt/flowcheck pre-receive\n"));
        assert!(hook("pre-push", "/a b/it's").contains(r"exec '/a b/it'\''s' pre-push"));
        for name in ["pre-push", "pre-receive", "post-receive"] {
            for text in [hook(name, "/x"), chained(name, "/x"), with_directory(&hook(name, "/x"))] {
                assert!(is_ours(text.as_bytes()), "{text}");
                assert!(!text.contains("JUDGE") && !text.contains("HOOK"), "{text}");
            }
        }
    }

    #[test]
    fn a_hook_knows_whether_its_directory_was_made_for_it() {
        let text = hook("pre-push", "/x");
        assert!(!made_its_directory(&text));
        assert!(made_its_directory(&with_directory(&text)));
        assert_eq!(with_directory(&text).replace(MADE, ""), text);
    }
}
