//! The values of a header's keys.

use std::io::Read;

use crate::{GgufError, reader::Reader};

/// Elements of one array at most: the largest vocabularies have about a quarter of a million.
const MAX_ELEMENTS: u64 = 8 << 20;
/// Arrays within arrays at most.
const MAX_DEPTH: u8 = 2;

/// A value, as far as Tandem needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any unsigned whole number, or a signed one that isn't negative.
    Unsigned(u64),
    /// A negative whole number.
    Negative(i64),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
    /// An array. Its elements were checked and not kept.
    Array {
        /// How many elements.
        count: u64,
    },
}

pub(crate) fn read(reader: &mut Reader<impl Read>, depth: u8) -> Result<Value, GgufError> {
    let kind = reader.u32()?;
    read_as(reader, kind, depth)
}

fn read_as(reader: &mut Reader<impl Read>, kind: u32, depth: u8) -> Result<Value, GgufError> {
    Ok(match kind {
        0 => Value::Unsigned(u64::from(reader.bytes::<1>()?[0])),
        1 => signed(i64::from(i8::from_le_bytes(reader.bytes()?))),
        2 => Value::Unsigned(u64::from(u16::from_le_bytes(reader.bytes()?))),
        3 => signed(i64::from(i16::from_le_bytes(reader.bytes()?))),
        4 => Value::Unsigned(u64::from(reader.u32()?)),
        5 => signed(i64::from(i32::from_le_bytes(reader.bytes()?))),
        6 => Value::Float(f64::from(f32::from_le_bytes(reader.bytes()?))),
        7 => match reader.bytes::<1>()?[0] {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => {
                return Err(GgufError::Absurd {
                    what: "a truth value",
                    value: u64::from(other),
                });
            }
        },
        8 => Value::Text(reader.string()?),
        9 => array(reader, depth)?,
        10 => Value::Unsigned(reader.u64()?),
        11 => signed(i64::from_le_bytes(reader.bytes()?)),
        12 => Value::Float(f64::from_le_bytes(reader.bytes()?)),
        other => {
            return Err(GgufError::Absurd {
                what: "the kind of a value",
                value: u64::from(other),
            });
        }
    })
}

fn array(reader: &mut Reader<impl Read>, depth: u8) -> Result<Value, GgufError> {
    if depth >= MAX_DEPTH {
        return Err(GgufError::Unsound("arrays are nested too deeply".into()));
    }
    let kind = reader.u32()?;
    let size = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        9 => 12,
        8 | 10..=12 => 8,
        other => {
            return Err(GgufError::Absurd {
                what: "the kind of an array's elements",
                value: u64::from(other),
            });
        }
    };
    let count = reader.count("the length of an array", MAX_ELEMENTS, size)?;
    match kind {
        8 | 9 => {
            for _ in 0..count {
                read_as(reader, kind, depth + 1)?;
            }
        }
        _ => reader.skip(count * size)?,
    }
    Ok(Value::Array { count })
}

fn signed(value: i64) -> Value {
    u64::try_from(value).map_or(Value::Negative(value), Value::Unsigned)
}
