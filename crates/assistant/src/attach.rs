//! Between the process that owns vault and engine and later ones of the same person: a per-user socket or pipe, a line
//! of JSON each way for each call, events in between.

mod listen;
mod remote;
mod speech;

pub(crate) use listen::listen;
pub(crate) use remote::{GONE, Remote, UNSURE};
pub(crate) use speech::pass_on;
