//! The vault through its public face.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs
)]

mod backups;
mod branches;
mod conversations;
mod counter;
mod damage;
mod drafts;
mod erasing;
mod folders;
mod importing;
mod key_stores;
mod lists;
mod model;
mod opening;
mod real_keyring;
mod rekey_kills;
mod rescuing;
mod rotation;
mod searching;
mod secrecy;
mod space;
mod support;
mod ways;
