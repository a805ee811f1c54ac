//! Pure: the frames between host and engine.
