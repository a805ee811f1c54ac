//! Reads and checks the header of a GGUF model file, in safe Rust, before llama.cpp sees it.
//!
//! A model file is untrusted. Every count, length and offset is checked against the file's real size, nothing is
//! allocated on the word of the file alone, and nothing here panics. The format: version 2 and 3 of
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

mod adapter;
mod array;
mod error;
mod header;
mod kind;
mod layout;
mod own;
mod reader;
mod shape;
mod template;
mod tensor;
mod tensor_type;
mod tokens;
mod value;
mod vocabulary;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

pub use array::Array;
pub use error::GgufError;
pub use header::Header;
pub use kind::Kind;
pub use tensor::TensorInfo;
pub use tensor_type::TensorType;
pub use value::Value;

/// Opens the file at `path` and checks its header.
pub fn inspect(path: &Path) -> Result<Header, GgufError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    check(BufReader::with_capacity(1 << 16, file), length)
}

/// Opens the adapter file at `path` and checks its header.
pub fn inspect_adapter(path: &Path) -> Result<Header, GgufError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    check_adapter(BufReader::with_capacity(1 << 16, file), length)
}

/// Checks the header at the start of `stream`, which belongs to a file of `length` bytes.
pub fn check(stream: impl Read, length: u64) -> Result<Header, GgufError> {
    header::read(stream, length)
}

/// The same for an adapter's file.
pub fn check_adapter(stream: impl Read, length: u64) -> Result<Header, GgufError> {
    header::read_adapter(stream, length)
}
