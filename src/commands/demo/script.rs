//! The script of the demo: one sprint, right and wrong steps, and what each push has to meet.

/// A stage of the flow.
pub(super) struct Act {
    /// The headline.
    pub title: &'static str,
    /// The directory it plays in.
    pub directory: &'static str,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens.
pub(super) enum Step {
    /// Words to the audience.
    Say(&'static str),
    /// A command that has to work.
    Run(String),
    /// A command that has to work, and whose answer is shown.
    Show(&'static str),
    /// A push, and what has to come of it.
    Push(&'static str, Expected),
    /// The commands that the last rejection printed.
    Mend,
}

/// What has to come of a push.
pub(super) struct Expected {
    /// Whether the server takes it.
    pub accepted: bool,
    /// The rules that have to speak; a warning has `warn ` in front.
    pub rules: &'static [&'static str],
}

impl Expected {
    /// Returns the rules that have to speak, sorted.
    pub(super) fn sorted(&self) -> Vec<String> {
        let mut rules: Vec<String> = self.rules.iter().map(|&rule| rule.to_owned()).collect();
        rules.sort();
        rules
    }
}

/// Returns the sprint.
pub(super) fn acts() -> Vec<Act> {
    vec![
        server(),
        develop(),
        test(),
        deploy(),
        mend(),
        merge_back(),
        next_sprint(),
        mischief(),
        looking_back(),
    ]
}

fn act(title: &'static str, steps: Vec<Step>) -> Act {
    Act { title, directory: "shop", steps }
}

fn say(words: &'static str) -> Step {
    Step::Say(words)
}

fn run(line: impl Into<String>) -> Step {
    Step::Run(line.into())
}

/// A commit that adds a line to a file of its own.
fn work(file: &str, subject: &str) -> Step {
    run(format!("echo '{subject}' >>{file}; git add {file}\ngit commit -qm '{subject}'"))
}

fn accepted(line: &'static str) -> Step {
    Step::Push(line, Expected { accepted: true, rules: &[] })
}

fn warned(line: &'static str, rules: &'static [&'static str]) -> Step {
    Step::Push(line, Expected { accepted: true, rules })
}

fn rejected(line: &'static str, rules: &'static [&'static str]) -> Step {
    Step::Push(line, Expected { accepted: false, rules })
}

fn server() -> Act {
    Act {
        directory: ".",
        ..act(
            "An empty server",
            vec![
                say("A bare repository whose pre-receive hook is flowcheck, and a clone of it."),
                run("git init -q --bare --template= -b develop server.git"),
                run("mkdir server.git/hooks"),
                run(r"printf '#!/bin/sh\nexec flowcheck pre-receive\n' >server.git/hooks/pre-receive"),
                run("chmod +x server.git/hooks/pre-receive"),
                Step::Show("cat server.git/hooks/pre-receive"),
                run("git init -q --template= -b develop shop"),
                run("git -C shop remote add origin ../server.git"),
            ],
        )
    }
}

fn develop() -> Act {
    act(
        "Stage 1: develop",
        vec![
            say("The first push makes the two lines: develop, where work comes together, and \
                 master, which will only ever hold what has proven itself in prod."),
            work("shop.txt", "Open the shop"),
            accepted("git push origin develop develop:master"),
            say("A feature starts from develop."),
            run("git switch -qc feature/basket develop"),
            work("basket.txt", "Add the basket"),
            accepted("git push origin feature/basket"),
            say("Its branch is called something that the policy has no kind for."),
            rejected("git push origin feature/basket:my-basket", &["branch-name"]),
            say("Somebody commits straight to develop."),
            run("git switch -q develop"),
            work("shop.txt", "Mend a typo in passing"),
            rejected("git push origin develop", &["direct-commit"]),
            Step::Mend,
            say("The feature is merged, with a merge commit."),
            run("git merge -q --no-ff --no-edit feature/basket"),
            accepted("git push origin develop"),
            say("A second feature, merged the wrong way round: develop would become a side branch \
                 of the feature."),
            run("git switch -qc feature/search develop^"),
            work("search.txt", "Add the search"),
            run("git merge -q --no-edit develop"),
            rejected("git push origin feature/search:develop", &["direct-commit", "foxtrot-merge"]),
        ],
    )
}

fn test() -> Act {
    act(
        "Stage 2: test",
        vec![
            say("The release is cut from develop. Every tip of it goes to alpha."),
            rejected("git push origin develop:refs/heads/release-1.0", &["branch-name"]),
            run("git branch -q release-1.0.0 develop"),
            accepted("git push origin release-1.0.0"),
            say("Meanwhile develop goes on: the search is finished."),
            run("git switch -q develop"),
            run("git merge -q --no-ff --no-edit feature/search"),
            accepted("git push origin develop feature/search"),
            say("QA finds a fault. The bugfix is cut from develop by mistake: it would bring the \
                 search into the release."),
            run("git switch -qc bugfix/1.0.0-rounding develop"),
            work("basket.txt", "Round prices to cents"),
            rejected("git push origin bugfix/1.0.0-rounding", &["branch-origin"]),
            Step::Mend,
            say("The bugfix goes into its release, and reaches develop only with it."),
            run("git switch -q develop"),
            run("git merge -q --no-ff --no-edit bugfix/1.0.0-rounding"),
            rejected("git push origin develop", &["merge-source"]),
            Step::Mend,
            run("git switch -q release-1.0.0"),
            run("git merge -q --no-ff --no-edit bugfix/1.0.0-rounding"),
            accepted("git push origin release-1.0.0"),
            say("A feature has no business in a release that is in test."),
            run("git merge -q --no-ff --no-edit feature/search"),
            rejected("git push origin release-1.0.0", &["release-backflow"]),
            Step::Mend,
        ],
    )
}

fn deploy() -> Act {
    act(
        "Stage 3: deploy",
        vec![
            say("The release is stable and gets its tag: an image tag for prod. Names that come \
                 close are not good enough."),
            run("for t in 1.0.0 v1.0 v01.0.0 v1.0.0-rc1; do git tag -am shop $t; done"),
            rejected(
                "git push origin tag 1.0.0 tag v1.0 tag v01.0.0 tag v1.0.0-rc1",
                &["tag-name", "tag-name", "tag-name", "tag-name"],
            ),
            say("On develop, which was never in test:"),
            run("git tag -am 'Shop 1.0.0' v1.0.0 develop"),
            rejected("git push origin v1.0.0", &["tag-origin"]),
            say("A lightweight tag says neither who nor when:"),
            Step::Show("flowcheck next release-1.0.0"),
            run("git tag -f v1.0.0 release-1.0.0"),
            rejected("git push origin v1.0.0", &["tag-annotated"]),
            Step::Mend,
            Step::Show("flowcheck target v1.0.0"),
            say("From here on, a fault in the release is a hotfix, not a bugfix."),
            run("git switch -qc bugfix/1.0.0-late release-1.0.0"),
            work("basket.txt", "Round the other way"),
            rejected("git push origin bugfix/1.0.0-late", &["release-state"]),
            say("Nobody has confirmed yet that 1.0.0 runs well in prod, so it may not go back."),
            run("git switch -q develop"),
            run("git merge -q --no-ff --no-edit release-1.0.0"),
            rejected("git push origin develop", &["unconfirmed-merge-back"]),
            run("git reset -q --hard origin/develop"),
            say("Nor does it, squashed into one commit that no branch of the release has."),
            run("git switch -qc feature/one-commit"),
            run("git merge -q --squash release-1.0.0; git commit -qm 'All of 1.0.0'"),
            run("git switch -q develop"),
            run("git merge -q --no-ff --no-edit feature/one-commit"),
            rejected("git push origin develop", &["unconfirmed-merge-back"]),
            run("git reset -q --hard origin/develop"),
        ],
    )
}

fn mend() -> Act {
    act(
        "Stage 3a, 3b: confirm, roll back, mend",
        vec![
            say("Prod looks well, and somebody says so: a record that every clone can read."),
            accepted("flowcheck confirm v1.0.0 --push origin"),
            say("In the afternoon prod is rolled back. What was confirmed is so no more."),
            accepted("flowcheck confirm v1.0.0 --revoke --reason 'prices in cents' --push origin"),
            run("git merge -q --no-ff --no-edit v1.0.0"),
            rejected("git push origin develop", &["unconfirmed-merge-back"]),
            run("git reset -q --hard origin/develop"),
            say("The hotfix is cut from develop, in a hurry."),
            run("git switch -qc hotfix/1.0.0-prices develop"),
            work("prices.txt", "Show prices in euros"),
            rejected("git push origin hotfix/1.0.0-prices", &["branch-origin"]),
            Step::Mend,
            say("Its tag before its merge: the same commit as v1.0.0 mends nothing."),
            run("git tag -am 'Mend prices' v1.0.0-hotfix1 v1.0.0^{}"),
            rejected("git push origin v1.0.0-hotfix1", &["tag-lineage"]),
            run("git switch -q release-1.0.0"),
            run("git merge -q --no-ff --no-edit hotfix/1.0.0-prices"),
            run("git tag -fam 'Mend prices' v1.0.0-hotfix1"),
            accepted("git push origin release-1.0.0 v1.0.0-hotfix1"),
            say("A second hotfix; hotfixes are counted without gaps."),
            run("git switch -qc hotfix/1.0.0-tax"),
            work("tax.txt", "Add the tax"),
            run("git switch -q release-1.0.0"),
            run("git merge -q --no-ff --no-edit hotfix/1.0.0-tax"),
            accepted("git push origin hotfix/1.0.0-tax release-1.0.0"),
            run("git tag -am 'Mend tax' v1.0.0-hotfix3"),
            rejected("git push origin v1.0.0-hotfix3", &["tag-sequence"]),
            Step::Mend,
            say("A tag that was pushed stays where it is."),
            run("git tag -fam 'Mend more' v1.0.0-hotfix1 v1.0.0-hotfix2^{}"),
            rejected("git push --force origin v1.0.0-hotfix1", &["tag-immutable"]),
            Step::Mend,
        ],
    )
}

fn merge_back() -> Act {
    act(
        "Stage 4: merge back",
        vec![
            say("A release that is not merged back cannot be thrown away."),
            rejected("git push origin :release-1.0.0", &["line-deletion"]),
            say("The second hotfix runs well in prod, and is confirmed."),
            accepted("flowcheck confirm v1.0.0-hotfix2 --push origin"),
            say("What goes onto master is what runs in prod, byte for byte."),
            run("git switch -qc master origin/master"),
            run("git merge -q --no-ff --no-commit v1.0.0-hotfix2"),
            work("shop.txt", "Merge 1.0.0, and a little more"),
            rejected("git push origin master", &["production-tree"]),
            Step::Mend,
            say("And develop learns what the release has learned."),
            run("git switch -q develop"),
            run("git merge -q --no-ff --no-edit v1.0.0-hotfix2"),
            accepted("git push origin develop"),
            say("Now the release line has done its work."),
            accepted("git push origin :release-1.0.0"),
        ],
    )
}

fn next_sprint() -> Act {
    act(
        "The next sprint",
        vec![
            say("A version that was released is not released again."),
            rejected("git push origin develop:refs/heads/release-0.9.0", &["release-version"]),
            say("1.1.0 is cut from a develop that did not have the hotfixes yet: a warning, for \
                 it can still take them in."),
            run("git branch -q release-1.1.0 develop^"),
            warned("git push origin release-1.1.0", &["warn lost-fix"]),
            say("To tag it like that would take a fix out of prod again."),
            run("git tag -am 'Shop 1.1.0' v1.1.0 release-1.1.0"),
            rejected("git push origin v1.1.0", &["lost-fix"]),
            Step::Mend,
        ],
    )
}

fn mischief() -> Act {
    act(
        "Mischief",
        vec![
            say("History that others have built on is not rewritten, lines are not deleted."),
            rejected("git push --force origin develop^:develop", &["history-rewrite"]),
            rejected("git push origin :master", &["line-deletion"]),
            say("A name that differs from another by letter case alone:"),
            rejected("git push origin develop:refs/heads/feature/Basket", &["branch-lookalike"]),
            say("A replacement would make git tell another history to every question."),
            run("git replace master^ develop^"),
            rejected("git push origin 'refs/replace/*'", &["ref-namespace"]),
        ],
    )
}

fn looking_back() -> Act {
    act(
        "Looking back",
        vec![
            say("Where the releases stand:"),
            Step::Show("flowcheck status"),
            say("What the hook let in audits clean. (The dates of this play are made up: where \
                 only dates would tell, the audit says so instead of guessing.)"),
            Step::Show("flowcheck -C ../server.git audit"),
        ],
    )
}
