//! The tensors that a header lists.

use std::io::Read;

use crate::{GgufError, TensorType, reader::Reader};

/// Bytes of a tensor's name at most, as in ggml (`GGML_MAX_NAME`, its end included).
const MAX_NAME: usize = 63;

/// A tensor of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: TensorType,
    /// Its dimensions, from one to four; rows first.
    pub dimensions: Vec<u64>,
    /// Elements in all.
    pub elements: u64,
    /// Where it begins, in bytes from the start of the data.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

pub(crate) fn read(reader: &mut Reader<impl Read>) -> Result<TensorInfo, GgufError> {
    let name = reader.name("the length of a tensor's name", MAX_NAME)?;
    let count = reader.u32()?;
    if !(1..=4).contains(&count) {
        return Err(GgufError::Absurd {
            what: "a tensor's number of dimensions",
            value: u64::from(count),
        });
    }
    let mut elements = 1u64;
    let mut dimensions = Vec::new();
    for _ in 0..count {
        let size = reader.u64()?;
        if size == 0 || i64::try_from(size).is_err() {
            return Err(GgufError::Absurd {
                what: "a tensor's dimension",
                value: size,
            });
        }
        dimensions.push(size);
        elements = elements
            .checked_mul(size)
            .filter(|&n| i64::try_from(n).is_ok())
            .ok_or(GgufError::Absurd {
                what: "a tensor's size",
                value: size,
            })?;
    }
    let kind = TensorType(reader.u32()?);
    let (block, block_bytes) = kind.block().ok_or(GgufError::Absurd {
        what: "a tensor's type",
        value: u64::from(kind.0),
    })?;
    if dimensions.first().is_none_or(|row| row % block != 0) {
        return Err(GgufError::Unsound(format!(
            "tensor {name:?} has rows that are no whole blocks"
        )));
    }
    if !kind.suits(&name, count) {
        return Err(GgufError::Unsound(format!(
            "tensor {name:?} is of a type that can't be computed with"
        )));
    }
    let bytes = (elements / block)
        .checked_mul(block_bytes)
        .ok_or(GgufError::Absurd {
            what: "a tensor's size",
            value: elements,
        })?;
    let offset = reader.u64()?;
    Ok(TensorInfo {
        name,
        kind,
        dimensions,
        elements,
        offset,
        bytes,
    })
}
