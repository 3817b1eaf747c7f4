//! The hook as a setting of git (2.54 and later): a block in the repository's own configuration.
//!
//! The block is written and removed as text, so that removing it restores the file byte for byte.

use super::scripts::quoted;

const FIRST: &str = "# flowcheck: put here by `flowcheck install`\n";
/// Says that the file had no newline at its end.
const FIRST_AFTER_NOTHING: &str = "# flowcheck: put here, after a newline, by `flowcheck install`\n";
const LAST: &str = "# flowcheck: end\n";

/// Whether the settings have the block.
pub(in super::super) fn is_set(settings: &[u8]) -> bool {
    without(settings).is_some()
}

/// Returns the settings with the block.
pub(super) fn with(settings: &[u8], binary: &str) -> Vec<u8> {
    let command = format!("{} pre-push", quoted(binary)).replace('\\', r"\\").replace('"', "\\\"");
    let ended = settings.is_empty() || settings.ends_with(b"\n");
    let first = if ended { FIRST.to_owned() } else { format!("\n{FIRST_AFTER_NOTHING}") };
    let block = format!("{first}[hook \"flowcheck\"]\n\tcommand = \"{command}\"\n\tevent = pre-push\n{LAST}");
    [settings, block.as_bytes()].concat()
}

/// Returns the settings without the block; `None` where they have none.
pub(super) fn without(settings: &[u8]) -> Option<Vec<u8>> {
    let find = |text: &str, from: usize| {
        settings[from..].windows(text.len()).position(|part| part == text.as_bytes()).map(|at| from + at)
    };
    let plain = find(FIRST, 0);
    let after_nothing = find(FIRST_AFTER_NOTHING, 0);
    let from = plain.or_else(|| after_nothing.map(|at| at.saturating_sub(1)))?;
    let end = find(LAST, from)? + LAST.len();
    Some([&settings[..from], &settings[end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_the_block_out_restores_every_byte() {
        let cases = ["", "[core]\n\tbare = false\n", "[core]\n\tbare = false", "# caf\u{e9}\r\n[a]\r\n"];
        for settings in cases {
            let with = with(settings.as_bytes(), "/opt/flow check");
            assert!(is_set(&with));
            assert_eq!(without(&with).as_deref(), Some(settings.as_bytes()));
            let later = [with.as_slice(), b"[b]\n"].concat();
            let restored = without(&later).expect("the block is there");
            assert_eq!(restored, [settings.as_bytes(), b"[b]\n"].concat());
        }
        assert_eq!(without(b"[core]\n"), None);
    }
}
