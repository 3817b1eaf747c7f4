//! The deadline of a hook: for a program or an input that does not end, for contents, for a push of
//! many refs.
//!
//! Walks over history look at the clock by themselves, and an ordinary push is judged before a
//! thread that watches it would have begun: on a busy machine, ending one takes longer than all
//! the rest. So there is one only once something begins that cannot look at the clock. A disk that
//! hangs is not seen before: git, which waits for the hook, hangs at the same one.

use std::cell::Cell;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Who may speak: the hook, or the deadline. Only one ever does.
#[derive(Clone)]
pub(super) struct Deadline {
    end: Instant,
    is_taken: Arc<Mutex<bool>>,
    /// What is called when the time is over; `None`: a thread has it.
    at_end: Rc<Cell<Option<AtEnd>>>,
}

type AtEnd = Box<dyn FnOnce() + Send>;

impl Deadline {
    /// Calls `at_end` once `left` is over, unless the hook has begun to speak; it ends the process.
    pub(super) fn after(left: Duration, at_end: impl FnOnce() + Send + 'static) -> Self {
        let at_end: AtEnd = Box::new(at_end);
        let at_end = Rc::new(Cell::new(Some(at_end)));
        Self { end: Instant::now() + left, is_taken: Arc::default(), at_end }
    }

    /// Makes sure that the time ends even where nobody looks at the clock from now on.
    pub(super) fn watch(&self) {
        let Some(at_end) = self.at_end.take() else { return };
        let (end, word) = (self.end, self.is_taken.clone());
        std::thread::spawn(move || {
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            if take(&word) {
                at_end();
            }
        });
    }

    /// Takes the word; where it is too late for that, this process is about to end.
    pub(super) fn is_met(&self) {
        if Instant::now() < self.end && take(&self.is_taken) {
            return;
        }
        if let Some(at_end) = self.at_end.take() {
            at_end();
        }
        loop {
            std::thread::park();
        }
    }

    /// Returns `input`, whose end is awaited no longer than the time lasts.
    pub(super) fn awaiting<R: Read + AsFd>(&self, input: R) -> impl Read {
        Awaited { input, deadline: self.clone() }
    }
}

/// Who writes at all has begun by then.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

struct Awaited<R> {
    input: R,
    deadline: Deadline,
}

impl<R: Read + AsFd> Read for Awaited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut asked = [PollFd::new(&self.input, PollFlags::IN)];
        if !matches!(poll(&mut asked, Some(&SOON)), Ok(ready) if ready > 0) {
            self.deadline.watch();
        }
        self.input.read(buffer)
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
        let deadline = Deadline::after(Duration::from_secs(3600), move || said.send(()).unwrap());
        deadline.watch();
        deadline.is_met();
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn who_is_late_does_not_speak() {
        for is_watched in [true, false] {
            let (said, heard) = channel();
            let (met, in_time) = channel();
            std::thread::spawn(move || {
                let deadline = Deadline::after(Duration::ZERO, move || said.send("late").unwrap());
                if is_watched {
                    deadline.watch();
                }
                deadline.is_met();
                met.send(()).unwrap();
            });
            assert_eq!(heard.recv(), Ok("late"));
            assert!(in_time.try_recv().is_err());
        }
    }

    #[test]
    fn an_input_that_is_there_needs_no_watching() {
        let deadline = Deadline::after(Duration::from_secs(3600), || ());
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"all of it").unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let mut text = String::new();
        deadline.awaiting(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "all of it");
        assert!(deadline.at_end.take().is_some());
    }

    #[test]
    fn an_input_that_does_not_end_ends_with_the_time() {
        let (said, heard) = channel();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        std::thread::spawn(move || {
            let deadline = Deadline::after(Duration::ZERO, move || said.send("late").unwrap());
            deadline.awaiting(ours).read_to_end(&mut vec![]).unwrap();
        });
        assert_eq!(heard.recv(), Ok("late"));
        drop(theirs);
    }
}
