//! Bytes in: hook lines and history, read strictly.
