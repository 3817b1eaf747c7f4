//! `flowcheck demo`: plays one whole sprint with real pushes and shows what is said.
//!
//! Nothing is canned. Every push goes through git to a real server whose hook is this binary, and
//! what the script expects is compared with what really came.

mod player;
mod script;
mod theatre;

use std::io::{self, Write};

use anstream::AutoStream;

use super::{Color, Exit, Failure, Global};
use player::Player;
use theatre::Theatre;

/// What `flowcheck demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep the server and the clone to look around in
    #[arg(long)]
    keep: bool,
}

/// Why the demo could not be played to its end. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The machine refuses something the stage is made of.
    #[error("set the stage: {what}")]
    Stage {
        /// What was wanted.
        what: &'static str,
        /// Why it was refused.
        source: io::Error,
    },
    /// A command that has nothing to do with flowcheck failed.
    #[error("go on after `{line}`, which failed:\n{said}")]
    Command {
        /// The command.
        line: String,
        /// What it said.
        said: String,
    },
    /// Nobody reads on.
    #[error("write to standard output")]
    Output(#[source] io::Error),
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    match play(global.color, args) {
        Err(Trouble::Output(failure)) if failure.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Clean),
        ended => Ok(ended?),
    }
}

fn play(color: Color, args: &Args) -> Result<Exit, Trouble> {
    let mut out = AutoStream::new(io::stdout().lock(), color.into());
    let theatre = Theatre::open(args.keep)?;
    let mut player = Player::new(&theatre, &mut out);
    for act in script::acts() {
        player.act(&act)?;
    }
    let exit = player.bow()?;
    if args.keep {
        writeln!(out, "kept: {}", theatre.place().display()).map_err(Trouble::Output)?;
    }
    Ok(exit)
}
