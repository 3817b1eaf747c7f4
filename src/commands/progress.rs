//! How far a long command has come: a bar on a terminal, nothing anywhere else.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over within this time needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears on standard error where that is a terminal, once its work takes longer than
/// a second, and is gone when the work is done.
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    shown: Cell<bool>,
    wanted: bool,
}

impl Progress {
    /// Returns the bar for work of `total` parts, such as `commits`; never shown where `quiet`.
    pub(super) fn new(total: usize, parts: &'static str, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {eta:>4}");
        bar.set_style(style.expect("the template is ours"));
        bar.set_message(parts);
        Self { bar, began: Instant::now(), shown: Cell::new(false), wanted: !quiet }
    }

    /// Says that so many of so many parts are done.
    pub(super) fn at(&self, done: usize, total: usize) {
        if self.wanted && !self.shown.get() && self.began.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown.set(true);
        }
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    /// Runs what writes to the terminal, with the bar out of the way.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
