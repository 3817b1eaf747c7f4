//! The branch or tag that a merge says it took in, read from its subject.
//!
//! A subject is a hint: it can be edited, translated or made up. What is not recognised gives no
//! name, and nothing rests on a name alone.

/// Returns the short name of what was merged, where the subject has one of the forms that git,
/// GitLab, GitHub, Bitbucket or git-flow write.
#[must_use]
pub fn merged_name(subject: &str) -> Option<&str> {
    let subject = unmarked(subject);
    let name = of_git(subject).or_else(|| of_pull_request(subject)).or_else(|| of_bitbucket(subject))?;
    let name = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name);
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// Whether the subject says that a tag was merged.
#[must_use]
pub fn merges_a_tag(subject: &str) -> bool {
    unmarked(subject).starts_with("Merge tag ")
}

/// Returns the subject without what pipelines and trackers put before it: `[skip ci] `, `[SHOP-17] `,
/// `SHOP-17: `.
fn unmarked(subject: &str) -> &str {
    let mut rest = subject;
    while let Some((mark, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if mark.is_empty() || mark.contains('[') {
            return rest;
        }
        rest = after.trim_start();
    }
    let key = rest.split_once(' ').filter(|(key, _)| is_ticket(key.trim_end_matches(':')));
    key.map_or(rest, |(_, rest)| rest.trim_start())
}

/// Whether a word is the key of a ticket: `SHOP-17`.
fn is_ticket(word: &str) -> bool {
    word.split_once('-').is_some_and(|(project, number)| {
        let is_project = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        project.len() >= 2
            && project.starts_with(|first: char| first.is_ascii_uppercase())
            && project.bytes().all(is_project)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `Merge branch 'x'`, `Merge branch 'x' into y`, `Merge branch x of <url> into y`,
/// `Merge remote-tracking branch 'origin/x'`, `Merge tag 'x'`, `Merge commit …` (no name).
fn of_git(subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix("Merge ")?;
    if let Some(rest) =
        rest.strip_prefix("remote-tracking branch ").or_else(|| rest.strip_prefix("remote branch "))
    {
        // `origin/feature/x`: the first part is the remote.
        let name = first_word(rest)?;
        let name = name.strip_prefix("refs/remotes/").unwrap_or(name);
        return name.split_once('/').map(|(_, branch)| branch);
    }
    let rest = rest.strip_prefix("branch ").or_else(|| rest.strip_prefix("tag "))?;
    first_word(rest)
}

/// `Merge pull request #1 from owner/branch` (GitHub), `Merge pull request 'Title' (#1) from branch
/// into line` (Gitea, Forgejo), `Merge pull request #1 in KEY/repository from branch to line`
/// (Bitbucket Server).
fn of_pull_request(subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix("Merge pull request ")?;
    let (head, from) = rest.rsplit_once(" from ")?;
    let word = from.split_whitespace().next()?;
    if head.starts_with('\'') {
        // Branches of forks are `owner:branch`.
        return Some(word.split_once(':').map_or(word, |(_, branch)| branch));
    }
    if head.split_once(" in ").is_some_and(|(number, _)| number.starts_with('#')) {
        return Some(word);
    }
    word.split_once('/').map(|(_, branch)| branch).or(Some(word))
}

/// `Merged in branch (pull request #1)`, `Merged branch into line (pull request #1)`; Azure's
/// `Merged PR 1: title` and `Pull request #1: title` have no name.
fn of_bitbucket(subject: &str) -> Option<&str> {
    if let Some(rest) = subject.strip_prefix("Merged in ") {
        let (branch, rest) = rest.split_once(' ')?;
        return rest.starts_with("(pull request #").then_some(branch);
    }
    let (branch, rest) = subject.strip_prefix("Merged ")?.split_once(' ')?;
    (rest.starts_with("into ") && rest.contains("(pull request #")).then_some(branch)
}

/// A name in quotes, or a bare word.
fn first_word(text: &str) -> Option<&str> {
    for quote in ['\'', '"', '`'] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split_once(quote).map(|(name, _)| name);
        }
    }
    text.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::{merged_name, merges_a_tag};

    #[test]
    fn every_known_form_gives_the_branch() {
        for (subject, name) in [
            ("Merge branch 'feature/a'", "feature/a"),
            ("Merge branch 'hotfix/x' into 'release-1.0.0'", "hotfix/x"),
            ("Merge branch hotfix/x into develop", "hotfix/x"),
            ("Merge branch 'release-1.0.0' of https://example.org/a.git into develop", "release-1.0.0"),
            ("Merge remote-tracking branch 'origin/feature/a' into develop", "feature/a"),
            ("Merge tag 'v1.0.0' into develop", "v1.0.0"),
            ("Merge tag 'v1.0.0'", "v1.0.0"),
            ("Merge pull request #12 from someone/feature/a", "feature/a"),
            ("Merge pull request #12 from feature-a", "feature-a"),
            ("Merge pull request 'Add it' (#3) from feature/a into develop", "feature/a"),
            ("Merge pull request 'From a to b' (#3) from someone:feature/a into develop", "feature/a"),
            ("Merge pull request #7 in SHOP/basket from feature/a to develop", "feature/a"),
            ("Merged in feature/a (pull request #7)", "feature/a"),
            ("Merged feature/a into develop (pull request #7)", "feature/a"),
            ("Merge branch 'develop' of git.example.org:shop/basket into develop", "develop"),
            ("Merge branch \"feature/a\"", "feature/a"),
            ("Merge branch 'feature/a' (early part)", "feature/a"),
            ("Merge branch 'feature/été' into develop", "feature/été"),
            ("Merge remote-tracking branch 'refs/remotes/origin/feature/a'", "feature/a"),
            ("Merge tag 'v1.0.0' of https://example.org/a.git", "v1.0.0"),
            ("Merge branch 'refs/heads/feature/a'", "feature/a"),
            ("[skip ci] Merge branch 'main' into develop", "main"),
            ("[ci skip][SHOP-1] Merge pull request #12 from someone/feature/a", "feature/a"),
            ("SHOP-17: Merge branch 'feature/a'", "feature/a"),
            ("SHOP-17 Merged in feature/a (pull request #7)", "feature/a"),
        ] {
            assert_eq!(merged_name(subject), Some(name), "{subject}");
        }
    }

    #[test]
    fn what_is_no_merge_subject_gives_no_name() {
        for subject in [
            "",
            "Merge",
            "Merge branch",
            "Merge commit 'abc'",
            "Add it",
            "Fusionner la branche 'a'",
            "Merge branch ''",
            "Merge branch 'two words'",
            "Merge branch 'feature/\u{1b}[2J'",
            "Merge branches 'a' and 'b'",
            "Merge remote-tracking branch 'origin'",
            "Merge pull request #12",
            "Merged PR 12: Add it",
            "Merged the two ways of doing it",
            "Merged in the end",
            "Merge \"Add it\" into stable",
            "Zweig 'a' zusammengeführt",
            "[] Merge branch 'a'",
            "[skip ci Merge branch 'a'",
            "[[skip] ci] Merge branch 'a'",
            "[skip ci]",
            "SHOP-17",
            "shop-17: Merge branch 'a'",
            "gitk: Merge branch 'new' of https://example.org/gitk",
            "(skip ci) Merge branch 'a'",
        ] {
            assert_eq!(merged_name(subject), None, "{subject}");
        }
    }

    #[test]
    fn a_tag_is_told_from_a_branch() {
        assert!(merges_a_tag("Merge tag 'v1.0.0'"));
        assert!(merges_a_tag("[skip ci] Merge tag 'v1.0.0' into develop"));
        assert!(!merges_a_tag("Merge branch 'v1.0.0'"));
    }
}
