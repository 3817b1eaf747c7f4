//! The deadline of a hook, whatever it waits for: a disk, a program, an input that does not end.
//!
//! Walks over history look at the clock by themselves; this is for all that cannot.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who may speak: the hook, or the deadline. Only one ever does.
pub(super) struct Deadline {
    end: Instant,
    is_taken: Arc<Mutex<bool>>,
}

impl Deadline {
    /// Calls `at_end` once `left` is over, unless the hook has begun to speak; it ends the process.
    pub(super) fn after(left: Duration, at_end: impl FnOnce() + Send + 'static) -> Self {
        let is_taken = Arc::new(Mutex::new(false));
        let word = is_taken.clone();
        std::thread::spawn(move || {
            std::thread::sleep(left);
            if take(&word) {
                at_end();
            }
        });
        Self { end: Instant::now() + left, is_taken }
    }

    /// Takes the word; where it is too late for that, this process is about to end.
    pub(super) fn is_met(&self) {
        if Instant::now() >= self.end || !take(&self.is_taken) {
            loop {
                std::thread::park();
            }
        }
    }
}

fn take(word: &Mutex<bool>) -> bool {
    let mut is_taken = word.lock().unwrap_or_else(PoisonError::into_inner);
    !std::mem::replace(&mut *is_taken, true)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn who_is_in_time_speaks_alone() {
        let (said, heard) = channel();
        Deadline::after(Duration::from_secs(3600), move || said.send(()).unwrap()).is_met();
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn who_is_late_does_not_speak() {
        let (said, heard) = channel();
        let deadline = Deadline::after(Duration::ZERO, move || said.send("late").unwrap());
        let (met, in_time) = channel();
        std::thread::spawn(move || {
            deadline.is_met();
            met.send(()).unwrap();
        });
        assert_eq!(heard.recv(), Ok("late"));
        assert!(in_time.try_recv().is_err());
    }
}
