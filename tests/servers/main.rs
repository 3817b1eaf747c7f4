//! Pushes through the servers that teams run: OpenSSH, nginx with git's `http-backend`, gitolite,
//! and hooks called as Gitaly, Gitea, GitHub Enterprise Server and Bitbucket call them.
//!
//! Each test starts what it needs as the user who runs it, at a free port of the loopback address.

mod attacks;
mod crowd;
mod forges;
mod formats;
mod gitaly;
mod gitolite;
mod host_wide;
mod http;
mod killed;
mod limits;
mod lock;
mod log;
mod same;
mod ssh;
mod support;
