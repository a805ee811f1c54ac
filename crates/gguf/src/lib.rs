//! Pure: reads and checks a GGUF header.
