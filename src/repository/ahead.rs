//! Subjects that somebody will ask for, read on a thread of its own meanwhile.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gix::hash::Kind as Hash;
use gix::objs::Kind;

use super::decode;
use super::objects::Objects;
use super::place::ObjectDirectories;
use crate::history::Oid;

/// From so many subjects on a thread is worth it.
const MANY: usize = 2000;
/// How many subjects are handed over at once.
const BATCH: usize = 512;
/// How many batches wait for whoever asks.
const WAITING: usize = 64;

/// The subjects that are to come, in the order in which they will be asked for.
#[derive(Debug)]
pub(super) struct Ahead {
    batches: Receiver<Batch>,
    batch: std::vec::IntoIter<(Oid, String)>,
}

type Batch = Vec<(Oid, String)>;

impl Ahead {
    /// Begins to read the subjects of `commits`, unless they are few or there is one processor.
    pub(super) fn begin(directories: &ObjectDirectories, hash: Hash, commits: Vec<Oid>) -> Option<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if commits.len() < MANY || processors < 2 {
            return None;
        }
        let directories = directories.clone();
        let (sender, batches) = sync_channel(WAITING);
        let read = move || read(&Objects::open(&directories, hash), &commits, &sender);
        std::thread::Builder::new().spawn(read).ok()?;
        Some(Self { batches, batch: vec![].into_iter() })
    }

    /// Returns the subject of `id` where that is the next one; what is asked for out of turn, or
    /// could not be read, is for others to find.
    pub(super) fn take(&mut self, id: Oid) -> Option<String> {
        if self.batch.len() == 0 {
            self.batch = self.batches.recv().ok()?.into_iter();
        }
        let is_next = self.batch.as_slice().first().is_some_and(|(next, _)| *next == id);
        if is_next { self.batch.next().map(|(_, subject)| subject) } else { None }
    }
}

/// Reads until the end, until something cannot be read, or until nobody listens any more.
fn read(objects: &Objects, commits: &[Oid], sender: &SyncSender<Batch>) {
    let mut data = vec![];
    for commits in commits.chunks(BATCH) {
        let mut batch = Batch::with_capacity(commits.len());
        for &id in commits {
            if objects.read(id, &mut data) != Ok(Kind::Commit) {
                // Whoever asks for it finds out why.
                let _ = sender.send(batch);
                return;
            }
            batch.push((id, decode::subject(&data)));
        }
        if sender.send(batch).is_err() {
            return;
        }
    }
}
