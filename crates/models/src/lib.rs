//! Model files: the catalog of those that Tandem knows, and what a file says of itself after it was checked.

mod catalog;
mod digest;
mod inspect;

pub use catalog::{CatalogError, Entry, catalog};
pub use digest::{DigestError, verify};
pub use inspect::{ModelFile, inspect};
pub use tandem_gguf::GgufError;
