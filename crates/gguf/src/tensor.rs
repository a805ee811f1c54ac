//! The tensors that a header lists.

use std::io::Read;

use crate::{GgufError, reader::Reader};

/// Bytes of a tensor's name at most, as in ggml (`GGML_MAX_NAME`, its end included).
const MAX_NAME: usize = 63;

/// The type of a tensor's elements, by ggml's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TensorType(pub u32);

impl TensorType {
    /// Elements and bytes of one block; `None` for a type that this reader doesn't know. Source: ggml's
    /// `type_traits` (`ggml.c`).
    #[expect(clippy::match_same_arms, reason = "a table, by number")]
    pub fn block(self) -> Option<(u64, u64)> {
        Some(match self.0 {
            0 | 26 => (1, 4),
            1 | 25 | 30 => (1, 2),
            2 => (32, 18),
            3 => (32, 20),
            6 => (32, 22),
            7 => (32, 24),
            8 => (32, 34),
            9 => (32, 36),
            10 => (256, 84),
            11 => (256, 110),
            12 => (256, 144),
            13 => (256, 176),
            14 => (256, 210),
            15 => (256, 292),
            16 => (256, 66),
            17 => (256, 74),
            18 => (256, 98),
            19 => (256, 50),
            20 => (32, 18),
            21 => (256, 110),
            22 => (256, 82),
            23 => (256, 136),
            24 => (1, 1),
            27 | 28 => (1, 8),
            29 => (256, 56),
            34 => (256, 54),
            35 => (256, 66),
            39 => (32, 17),
            40 => (64, 36),
            _ => return None,
        })
    }
}

/// A tensor of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: TensorType,
    /// Elements in all.
    pub elements: u64,
    /// Where it begins, in bytes from the start of the data.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

pub(crate) fn read(reader: &mut Reader<impl Read>) -> Result<TensorInfo, GgufError> {
    let name = reader.string()?;
    if name.len() > MAX_NAME {
        return Err(GgufError::Absurd {
            what: "the length of a tensor's name",
            value: name.len() as u64,
        });
    }
    let dimensions = reader.u32()?;
    if !(1..=4).contains(&dimensions) {
        return Err(GgufError::Absurd {
            what: "a tensor's number of dimensions",
            value: u64::from(dimensions),
        });
    }
    let mut elements = 1u64;
    let mut row = 0;
    for index in 0..dimensions {
        let size = reader.u64()?;
        if size == 0 || i64::try_from(size).is_err() {
            return Err(GgufError::Absurd {
                what: "a tensor's dimension",
                value: size,
            });
        }
        if index == 0 {
            row = size;
        }
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
    if row % block != 0 {
        return Err(GgufError::Unsound(format!(
            "tensor {name:?} has rows that are no whole blocks"
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
        elements,
        offset,
        bytes,
    })
}
