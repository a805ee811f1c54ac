//! Arrays among the values.

use std::io::Read;

use crate::{
    GgufError, Kind, Value,
    reader::{MAX_STRING, Reader},
    tokens, value,
};

/// Elements of one array at most: the largest vocabularies have about a quarter of a million.
const MAX_ELEMENTS: u64 = 8 << 20;
/// Whole numbers of an array are kept up to this many: as many as llama.cpp allows layers.
const MAX_KEPT: u64 = 512;

/// What is known of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The kind of its elements.
    pub kind: Kind,
    /// How many they are.
    pub count: u64,
    /// The elements themselves, of a short array of whole numbers; a negative one becomes a huge one, as in llama.cpp.
    pub numbers: Vec<u64>,
}

/// The array of `key`.
pub(crate) fn read(reader: &mut Reader<impl Read>, key: &str) -> Result<Array, GgufError> {
    let kind = value::kind(reader, "the kind of an array's elements")?;
    if kind == Kind::Array {
        // The format has them and llama.cpp doesn't; readers that follow them in recursion overflow their stack.
        return Err(GgufError::Unsound("an array lies within an array".into()));
    }
    let count = reader.count("the length of an array", MAX_ELEMENTS, kind.bytes())?;
    let mut numbers = Vec::new();
    match kind {
        Kind::Text if key == tokens::KEY => tokens::read(reader, count)?,
        Kind::Text => {
            for _ in 0..count {
                let length = reader.count("the length of a string", MAX_STRING, 1)?;
                reader.skip(length)?;
            }
        }
        _ if kind.is_whole() && count <= MAX_KEPT => {
            for _ in 0..count {
                numbers.push(match value::number(reader, kind)? {
                    Value::Unsigned(number) => number,
                    Value::Negative(number) => number.cast_unsigned(),
                    _ => return Err(GgufError::Unsound("a number was expected".into())),
                });
            }
        }
        _ => reader.skip(count * kind.bytes())?,
    }
    Ok(Array {
        kind,
        count,
        numbers,
    })
}
