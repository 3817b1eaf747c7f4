//! Plays the script: runs each line, shows it, and holds what came against what was expected.

use std::io::Write;
use std::process::Output;

use anstyle::{AnsiColor, Style};

use super::script::{Act, Expected, Step};
use super::theatre::Theatre;
use super::{Exit, Trouble};

const HEADLINE: Style = Style::new().bold();
const COMMAND: Style = AnsiColor::Cyan.on_default();
const ACCEPTED: Style = AnsiColor::Green.on_default().bold();
const REJECTED: Style = AnsiColor::Yellow.on_default().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();
const WIDTH: usize = 78;

/// What was learned from a push.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    accepted: bool,
    /// The rules that spoke, sorted; a warning has `warn ` in front.
    rules: Vec<String>,
    /// The commands that the server printed.
    commands: Vec<String>,
}

/// Plays on a theatre's stage and tells what happens.
pub(super) struct Player<'a, W: Write> {
    theatre: &'a Theatre,
    out: &'a mut W,
    hour: i64,
    accepted: usize,
    rejected: usize,
    difference: Option<String>,
    printed: Vec<String>,
}

impl<'a, W: Write> Player<'a, W> {
    pub(super) fn new(theatre: &'a Theatre, out: &'a mut W) -> Self {
        Self { theatre, out, hour: 0, accepted: 0, rejected: 0, difference: None, printed: vec![] }
    }

    /// Plays one act; after a difference nothing is played any more, for all that follows rests on it.
    pub(super) fn act(&mut self, act: &Act) -> Result<(), Trouble> {
        if self.difference.is_some() {
            return Ok(());
        }
        let rule = "─".repeat(WIDTH.saturating_sub(act.title.chars().count() + 4));
        self.tell(&format!("\n{HEADLINE}── {} {rule}{HEADLINE:#}", act.title))?;
        for step in &act.steps {
            self.step(act.directory, step)?;
            if self.difference.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Says how it went; the exit code is the demo's.
    pub(super) fn bow(&mut self) -> Result<Exit, Trouble> {
        let pushes = format!("{} of {} pushes accepted", self.accepted, self.accepted + self.rejected);
        let Some(difference) = self.difference.take() else {
            self.tell(&format!("\n{ACCEPTED}{pushes}, each as the flow asks.{ACCEPTED:#}"))?;
            return Ok(Exit::Clean);
        };
        self.tell(&format!("\n{WRONG}{pushes}, and then not as expected:{WRONG:#}\n{difference}"))?;
        Ok(Exit::Findings)
    }

    fn step(&mut self, directory: &str, step: &Step) -> Result<(), Trouble> {
        match step {
            Step::Say(words) => self.tell(&format!("\n{}", fold(words))),
            Step::Run(line) => self.run(directory, line).map(drop),
            Step::Show(line) => {
                let said = self.run(directory, line)?;
                self.tell(said.trim_end())
            }
            Step::Push(line, expected) => self.push(directory, line, expected),
            Step::Mend => self.mend(directory),
        }
    }

    /// Runs the commands that the last rejection printed; a push among them has to be accepted.
    fn mend(&mut self, directory: &str) -> Result<(), Trouble> {
        self.tell("The commands that were printed, as they stand:")?;
        let printed = std::mem::take(&mut self.printed);
        if printed.is_empty() {
            self.difference = Some("  commands were expected, and none was printed".to_owned());
        }
        for line in printed {
            if self.difference.is_some() {
                break;
            }
            if line.starts_with("git push ") {
                self.push(directory, &line, &Expected { accepted: true, rules: &[] })?;
                continue;
            }
            match self.run(directory, &line) {
                Err(Trouble::Command { line, said }) => {
                    self.difference =
                        Some(format!("  $ {line}\n  was printed, and does not work:\n\n{said}"));
                }
                ended => drop(ended?),
            }
        }
        Ok(())
    }

    /// Runs a line that has to work, and returns its standard output.
    fn run(&mut self, directory: &str, line: &str) -> Result<String, Trouble> {
        let output = self.type_in(directory, line)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(Trouble::Command { line: line.to_owned(), said: String::from_utf8_lossy(&said).into_owned() })
    }

    fn type_in(&mut self, directory: &str, line: &str) -> Result<Output, Trouble> {
        for typed in line.lines() {
            self.tell(&format!("{COMMAND}$ {typed}{COMMAND:#}"))?;
        }
        self.hour += 1;
        self.theatre.run(directory, line, self.hour)
    }

    fn push(&mut self, directory: &str, line: &str, expected: &Expected) -> Result<(), Trouble> {
        let output = self.type_in(directory, line)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        for heard in said.lines().filter(|heard| heard.starts_with("remote:")) {
            self.tell(heard.trim_end())?;
        }
        let answer = answer(output.status.success(), &said);
        let (count, style) =
            if answer.accepted { (&mut self.accepted, ACCEPTED) } else { (&mut self.rejected, REJECTED) };
        *count += 1;
        self.tell(&format!("{style}{}{style:#}", verdict(answer.accepted, &answer.rules)))?;
        if answer.accepted != expected.accepted || answer.rules != expected.sorted() {
            self.difference = Some(difference(line, &answer, expected, &said));
        }
        self.printed = answer.commands;
        Ok(())
    }

    fn tell(&mut self, text: &str) -> Result<(), Trouble> {
        writeln!(self.out, "{text}").map_err(Trouble::Output)
    }
}

fn difference(line: &str, answer: &Answer, expected: &Expected, said: &str) -> String {
    let wanted = verdict(expected.accepted, &expected.sorted());
    let came = verdict(answer.accepted, &answer.rules);
    format!("  $ {line}\n  expected: {wanted}\n  came:     {came}\n\n{said}")
}

/// Returns a verdict in a few words.
fn verdict(accepted: bool, rules: &[String]) -> String {
    let word = if accepted { "accepted" } else { "rejected" };
    if rules.is_empty() { word.to_owned() } else { format!("{word}: {}", rules.join(", ")) }
}

/// Reads what a server's hook said through git's `remote: ` lines.
fn answer(accepted: bool, said: &str) -> Answer {
    let lines = || said.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim_end);
    let of = |level: &'static str, before: &'static str| {
        let rule = move |line: &str| {
            Some(line.strip_prefix(level)?.strip_prefix('[')?.split_once("]:")?.0.to_owned())
        };
        lines().filter_map(rule).map(move |rule| format!("{before}{rule}"))
    };
    let mut rules: Vec<String> = of("error", "").chain(of("warning", "warn ")).collect();
    rules.sort();
    let commands =
        lines().filter_map(|line| line.strip_prefix("hint: ")).filter(|line| line.starts_with("git "));
    Answer { accepted, rules, commands: commands.map(str::to_owned).collect() }
}

/// Breaks words into lines of a terminal's width.
fn fold(words: &str) -> String {
    let mut lines: Vec<String> = vec![];
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_commands_are_read_from_what_git_shows_of_a_hook() {
        let said = "\
remote: error[branch-origin]: `hotfix/a` has commits of `develop`        
remote:   error[not-a-finding]: a subject        
remote: warning[lost-fix]: `release-1.1.0` lacks `v1.0.0-hotfix1`        
remote: hint: git fetch origin        
remote: hint: flowcheck explain branch-origin        
remote: flowcheck: 1 error in 1 ref, push rejected        
To ../server.git
 ! [remote rejected] hotfix/a -> hotfix/a (pre-receive hook declined)
";
        assert_eq!(
            answer(false, said),
            Answer {
                accepted: false,
                rules: vec!["branch-origin".to_owned(), "warn lost-fix".to_owned()],
                commands: vec!["git fetch origin".to_owned()],
            }
        );
    }

    /// Plays a push to a server without a hook, which takes everything.
    fn play(expected: Step) -> (Exit, String) {
        let theatre = Theatre::open(false).expect("a temporary directory can be made");
        let mut out = vec![];
        let mut player = Player::new(&theatre, &mut out);
        let lines = "git init -q --bare -b develop server; git init -q -b develop shop; cd shop
            git remote add origin ../server; git commit -qm 'Open' --allow-empty";
        let stage = Act { title: "stage", directory: ".", steps: vec![Step::Run(lines.to_owned())] };
        let late = Act { title: "late", directory: ".", steps: vec![Step::Run("exit 3".to_owned())] };
        player.act(&stage).expect("git is there");
        player
            .act(&Act { title: "push", directory: "shop", steps: vec![expected] })
            .expect("a push may fail");
        if player.difference.is_some() {
            player.act(&late).expect("nothing is played after a difference");
        }
        let exit = player.bow().expect("memory takes every line");
        (exit, String::from_utf8(out).expect("the demo writes UTF-8"))
    }

    #[test]
    fn a_push_that_ends_otherwise_than_expected_is_told_and_fails_the_demo() {
        let wrong = Expected { accepted: false, rules: &["direct-commit"] };
        let (exit, told) = play(Step::Push("git push origin develop", wrong));
        assert_eq!(exit, Exit::Findings);
        assert!(told.contains("expected: rejected: direct-commit\n  came:     accepted\n"), "{told}");
    }

    #[test]
    fn a_mending_that_nothing_was_printed_for_fails_the_demo() {
        let (exit, told) = play(Step::Mend);
        assert_eq!(exit, Exit::Findings);
        assert!(told.contains("none was printed"), "{told}");
    }

    #[test]
    fn a_push_that_ends_as_expected_is_counted() {
        let right = Expected { accepted: true, rules: &[] };
        let (exit, told) = play(Step::Push("git push origin develop", right));
        assert_eq!(exit, Exit::Clean);
        assert!(told.contains("1 of 1 pushes accepted"), "{told}");
    }

    #[test]
    fn words_are_folded_at_the_width_of_a_terminal() {
        let folded = fold(&"flow ".repeat(40));
        assert!(folded.lines().all(|line| line.len() <= WIDTH));
        assert_eq!(folded.split_whitespace().count(), 40);
    }
}
