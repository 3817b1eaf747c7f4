//! `flowcheck update`: server hook for one ref: the same judgement.

use std::ffi::OsString;

use gix::hash::Kind as Hash;

use super::hook::{self, Hook};
use super::host::HostArgs;
use super::{Exit, Failure, Global};
use crate::history::RefName;
use crate::input::{Garbled, HookLine, Unusable, absent_or_id};

/// What `flowcheck update` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// The ref that is pushed
    #[arg(value_name = "REF")]
    name: OsString,
    /// The object that it points to
    old: OsString,
    /// The object that it shall point to
    new: OsString,
    /// What gitolite adds to a VREF; not looked at
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let read = |hash, _: &_, _: &_| Ok(vec![line(args, hash)?]);
    hook::run(global, &Hook { name: "update", host: &args.host, read: &read, is_whole: false })
}

fn line(args: &Args, hash: Hash) -> Result<HookLine, Unusable> {
    let id = |text| absent_or_id(&hook::bytes(text), hash);
    let line = id(&args.old).and_then(|old| {
        let name = hook::bytes(&args.name);
        if name.is_empty() {
            return Err(Garbled::Form("REF OLD NEW"));
        }
        Ok(HookLine { old, new: id(&args.new)?, name: RefName::new(name) })
    });
    line.map_err(|why| Unusable::Line { line: 1, why })
}
