//! Where the tensors lie.

use crate::{GgufError, Header, Value};

/// Every tensor lies within the file, aligned, after the one before it.
pub(crate) fn check(header: &Header, header_end: u64) -> Result<(), GgufError> {
    let alignment = alignment(header)?;
    let start = header_end.next_multiple_of(alignment);
    let mut expected = 0u64;
    for tensor in &header.tensors {
        // As llama.cpp wants it: no gap and no overlap beyond the padding.
        if tensor.offset != expected {
            return Err(GgufError::Unsound(format!(
                "tensor {:?} doesn't begin where it should",
                tensor.name
            )));
        }
        let beyond = || GgufError::Absurd {
            what: "a tensor's size in bytes",
            value: tensor.bytes,
        };
        let end = tensor.offset.checked_add(tensor.bytes).ok_or_else(beyond)?;
        let needed = end.checked_add(start).ok_or_else(beyond)?;
        if needed > header.length {
            return Err(GgufError::Truncated {
                needed,
                length: header.length,
            });
        }
        expected = end.checked_next_multiple_of(alignment).ok_or_else(beyond)?;
    }
    Ok(())
}

/// The format asks for a multiple of 8; llama.cpp for a power of two.
fn alignment(header: &Header) -> Result<u64, GgufError> {
    match header.values.get("general.alignment") {
        None => Ok(32),
        Some(Value::Unsigned(n)) if n.is_power_of_two() && (8..=1 << 16).contains(n) => Ok(*n),
        Some(_) => Err(GgufError::Unsound(
            "the alignment is no power of two from 8 to 65536".into(),
        )),
    }
}
