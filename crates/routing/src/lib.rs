//! Pure: where a turn runs, and why.
