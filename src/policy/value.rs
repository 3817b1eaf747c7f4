//! Small values that policies write as text: days, stretches of time, names, globs.

use globset::{GlobBuilder, GlobMatcher};

use crate::history::Seconds;

/// Returns the milliseconds of "4s", "500ms", "15m", "12h", "7d" or "2w".
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60 * 1000,
        "h" => 3600 * 1000,
        "d" => 24 * 3600 * 1000,
        "w" => 7 * 24 * 3600 * 1000,
        _ => return None,
    };
    // A century is more than anybody means, and keeps sums of times small.
    let most = 100 * 366 * 24 * 3600 * 1000;
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|time| (1..=most).contains(time))
}

/// Returns the last second of a day in UTC; `None` where the calendar has no such day.
pub(super) fn end_of_day(date: toml::value::Date) -> Option<Seconds> {
    let year = i16::try_from(date.year).ok()?;
    let day = jiff::civil::Date::new(year, date.month.try_into().ok()?, date.day.try_into().ok()?).ok()?;
    let next = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(next.timestamp().as_second() - 1)
}

/// Whether the text can be the name of a branch, by the rules of `git check-ref-format`.
pub(super) fn is_branch_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && std::path::Path::new(part).extension().is_none_or(|extension| extension != "lock")
    };
    !name.starts_with('-')
        && !name.ends_with('.')
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
        && name.split('/').all(part)
}

/// Whether the text can be the name of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether servers commonly let clients set the variable: what sshd accepts as it is packaged, what
/// a request to a web server holds (its password among it), and what git passes on.
pub(super) fn is_for_clients(variable: &str) -> bool {
    const NAMES: [&str; 7] =
        ["LANG", "TERM", "GIT_PROTOCOL", "SSH_ORIGINAL_COMMAND", "QUERY_STRING", "PATH_INFO", "REQUEST_URI"];
    const BEGINNINGS: [&str; 3] = ["LC_", "HTTP_", "GIT_PUSH_OPTION_"];
    NAMES.contains(&variable) || BEGINNINGS.iter().any(|beginning| variable.starts_with(beginning))
}

/// Whether the text can be an image tag.
pub(super) fn is_image_tag(name: &str) -> bool {
    name.len() <= 128
        && name.chars().all(is_image_char)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether an image tag may have the character.
pub(super) fn is_image_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

/// Whether the text is the id of an object, in full.
pub(super) fn is_object(text: &str) -> bool {
    (text.len() == 40 || text.len() == 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the text is a commit's id, abbreviated or not, or a point in time.
pub(super) fn is_since(text: &str) -> bool {
    let commit = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    commit || text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}

/// Whether the text names a file beside the policy, not one elsewhere.
pub(super) fn is_beside(path: &str) -> bool {
    let inside = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', '\0', ':']) && path.split('/').all(inside)
}

/// Returns the matcher of a glob over full ref names, in which `*` stands for anything, `/` too,
/// as in git's own refspecs and in the wildcards of servers.
pub(super) fn glob(text: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(text)
        .literal_separator(false)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_time_have_a_number_and_a_unit() {
        assert_eq!(duration_ms("4s"), Some(4000));
        assert_eq!(duration_ms("7d"), Some(7 * 24 * 3600 * 1000));
        assert_eq!(duration_ms("250ms"), Some(250));
        for wrong in ["", "7", "d", "-1d", "7 years", "0s", "1.5h", "99999999999999999999d", "999999w"] {
            assert_eq!(duration_ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_in_utc() {
        let date = toml::value::Date { year: 2027, month: 1, day: 31 };
        // 2027-01-31T23:59:59Z, as date(1) has it.
        assert_eq!(end_of_day(date), Some(1_801_439_999));
        let none = toml::value::Date { year: 2027, month: 2, day: 29 };
        assert_eq!(end_of_day(none), None);
    }

    #[test]
    fn branch_names_are_gits() {
        for right in ["develop", "release/1.0", "größe", "a-b_c.d"] {
            assert!(is_branch_name(right), "{right}");
        }
        for wrong in ["", "a b", "dev*", "a..b", "/a", "a/", "a//b", ".a", "a.lock", "-a", "@", "a@{1}", "a."]
        {
            assert!(!is_branch_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_file_beside_the_policy_is_not_elsewhere() {
        for right in ["allowed_signers", "keys/allowed_signers"] {
            assert!(is_beside(right), "{right}");
        }
        for wrong in ["/etc/passwd", "../x", "a/../../x", "a//b", "c:\\x"] {
            assert!(!is_beside(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_star_in_a_glob_stands_for_anything() {
        let legacy = glob("refs/heads/legacy/*").expect("a glob of ours");
        assert!(legacy.is_match("refs/heads/legacy/a/b"));
        assert!(!legacy.is_match("refs/heads/old/legacy/a"));
        assert!(glob("refs/heads/[a").is_err());
    }
}
