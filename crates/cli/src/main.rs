//! The assistant in a terminal.
fn main() {}
