//! What an open vault can't be sure of.

/// What can't be told of a vault that was opened. It is no fault of the data that is there, so it locks nobody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The file `counter` is missing, though changes were counted.
    #[error(
        "The file \"counter\" beside your data was missing, so nobody can tell whether this is the newest state of it. \
         It was made anew. If something is missing, restore a backup."
    )]
    CounterMissing,
    /// The file `counter` is there and doesn't open.
    #[error(
        "The file \"counter\" beside your data was damaged, so nobody can tell whether this is the newest state of it. \
         It was made anew. If something is missing, restore a backup."
    )]
    CounterDamaged,
}

impl Doubt {
    /// A stable word for the host's `{ code, message }`.
    pub fn code(self) -> &'static str {
        match self {
            Self::CounterMissing => "counter-missing",
            Self::CounterDamaged => "counter-damaged",
        }
    }
}
