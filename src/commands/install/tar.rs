//! A tar archive of a few small files (POSIX ustar), as `gitaly hooks set` reads it.

/// A file or directory in the archive.
#[derive(Debug)]
pub(super) struct Packed {
    /// Its path; at most 100 bytes, a directory's ends with `/`.
    pub path: String,
    /// Its bytes; `None`: a directory.
    pub bytes: Option<Vec<u8>>,
    /// Its permissions.
    pub mode: u32,
}

const BLOCK: usize = 512;

/// Returns the archive.
pub(super) fn archive(files: &[Packed]) -> Vec<u8> {
    let mut out = vec![];
    for file in files {
        let bytes = file.bytes.as_deref().unwrap_or_default();
        out.extend_from_slice(&header(file, bytes.len()));
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks end an archive.
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn header(file: &Packed, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &file.path);
    put(100, &format!("{:07o}", file.mode));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    // No time: the same files give the same archive.
    put(136, "00000000000");
    put(148, "        ");
    put(156, if file.bytes.is_some() { "0" } else { "5" });
    put(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\u{0} ").as_bytes());
    header
}
