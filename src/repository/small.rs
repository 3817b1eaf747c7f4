//! Small loose objects, as the commits and tags of an ordinary push are: read and inflated in one
//! go, which takes half as long as piece by piece.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use gix::objs::Kind;
use libdeflater::Decompressor;

use crate::history::Oid;

/// So much of a file is read, and so much may come of it.
const FILE: u64 = 4 << 10;
const ROOM: usize = 32 << 10;

/// What became of the attempt to read a small object.
pub(super) enum Small {
    /// There is no such file.
    Absent,
    /// It was read.
    Read(Kind),
    /// It is not small, or something is wrong with it: for others to find out.
    Unclear,
}

/// Room for what is read and for what comes of it.
#[derive(Default)]
pub(super) struct Room {
    file: Vec<u8>,
    whole: Vec<u8>,
}

impl Room {
    /// Reads the loose object `id` below `directory` into `data`.
    pub(super) fn read(
        &mut self,
        directory: &Path,
        id: &Oid,
        inflate: &mut Decompressor,
        data: &mut Vec<u8>,
    ) -> Small {
        let hex = id.to_hex().to_string();
        let mut file = match File::open(directory.join(&hex[..2]).join(&hex[2..])) {
            Ok(file) => file.take(FILE + 1),
            Err(error) if error.kind() == ErrorKind::NotFound => return Small::Absent,
            Err(_) => return Small::Unclear,
        };
        self.file.clear();
        let length = file.read_to_end(&mut self.file);
        if !length.is_ok_and(|length| length as u64 <= FILE) {
            return Small::Unclear;
        }
        self.inflated(inflate, data).map_or(Small::Unclear, Small::Read)
    }

    /// Inflates what was read: a header, and the object.
    fn inflated(&mut self, inflate: &mut Decompressor, data: &mut Vec<u8>) -> Option<Kind> {
        self.whole.resize(ROOM, 0);
        let length = inflate.zlib_decompress(&self.file, &mut self.whole).ok()?;
        let whole = self.whole.get(..length)?;
        let (kind, size, begins) = gix::objs::decode::loose_header(whole).ok()?;
        let object = whole.get(begins..)?;
        if object.len() as u64 != size {
            return None;
        }
        data.clear();
        data.extend_from_slice(object);
        Some(kind)
    }
}
