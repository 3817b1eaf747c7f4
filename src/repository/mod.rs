//! git in: refs, commits, records, signatures.
