//! The bare commands of a server's hooks, and the version, without clap: building its tree takes longer than reading
//! the history, and there is nothing to understand.

use std::ffi::OsString;

use super::{Cli, Command, Global, post_receive, pre_receive};

/// Returns what is meant where that is a hook's command and nothing else.
pub(super) fn command(mut args: impl Iterator<Item = OsString>) -> Option<Cli> {
    let command = args.nth(1)?;
    let command = match command.to_str()? {
        "pre-receive" => Command::PreReceive(pre_receive::Args::default()),
        "post-receive" => Command::PostReceive(post_receive::Args::default()),
        _ => return None,
    };
    args.next().is_none().then(|| Cli { global: Global::default(), command })
}

/// What is said where the version is asked for.
pub(super) const VERSION: &str = concat!("flowcheck ", env!("CARGO_PKG_VERSION"), "\n");

/// Whether the version is asked for, and nothing else.
pub(super) fn asks_for_version(mut args: impl Iterator<Item = OsString>) -> bool {
    args.nth(1).is_some_and(|arg| arg == "--version" || arg == "-V") && args.next().is_none()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    fn direct(args: &[&str]) -> Option<Cli> {
        command(args.iter().map(OsString::from))
    }

    #[test]
    fn it_is_what_clap_would_say() {
        for hook in ["pre-receive", "post-receive"] {
            let args = ["flowcheck", hook];
            let by_clap = format!("{:?}", Cli::parse_from(args));
            assert_eq!(direct(&args).map(|cli| format!("{cli:?}")), Some(by_clap));
        }
    }

    #[test]
    fn the_version_is_what_clap_would_say() {
        let asks = |args: &[&str]| asks_for_version(args.iter().map(OsString::from));
        assert_eq!(Cli::command().render_version(), VERSION);
        assert!(asks(&["flowcheck", "--version"]) && asks(&["flowcheck", "-V"]));
        assert!(
            !asks(&["flowcheck"]) && !asks(&["flowcheck", "-V", "audit"]) && !asks(&["flowcheck", "audit"])
        );
    }

    #[test]
    fn whatever_says_more_is_for_clap() {
        for args in [&["flowcheck"][..], &["flowcheck", "--help"], &["flowcheck", "pre-receive", "--quiet"]] {
            assert!(direct(args).is_none(), "{args:?}");
        }
    }
}
