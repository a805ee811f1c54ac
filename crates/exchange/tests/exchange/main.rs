//! What the readers make of the real formats, what they do with hostile ones, and what comes back from our own.
#![allow(clippy::unwrap_used, clippy::doc_markdown)]

mod formats;
mod hostile;
mod round;
mod support;
