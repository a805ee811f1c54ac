//! The values of a header's keys.

use std::io::Read;

use crate::{Array, GgufError, Kind, array, reader::Reader};

/// Keys whose value must be of one kind: by the first everything behind the header is placed, on the second llama.cpp
/// aborts.
const KINDS: [(&str, Kind); 2] = [
    ("general.alignment", Kind::U32),
    ("adapter.lora.alpha", Kind::F32),
];

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
    /// An array. Its elements were checked; few are kept.
    Array(Array),
}

/// The value of `key`.
pub(crate) fn read(reader: &mut Reader<impl Read>, key: &str) -> Result<Value, GgufError> {
    let kind = kind(reader, "the kind of a value")?;
    let wanted = KINDS.iter().find(|(name, _)| *name == key);
    if wanted.is_some_and(|(_, wanted)| *wanted != kind) {
        return Err(GgufError::Unsound(format!(
            "{key} is of the wrong kind of value"
        )));
    }
    match kind {
        Kind::Text => text(reader),
        Kind::Array => array::read(reader, key).map(Value::Array),
        other => number(reader, other),
    }
}

/// llama.cpp reads texts up to their first zero byte: what is checked here must be what is read there.
fn text(reader: &mut Reader<impl Read>) -> Result<Value, GgufError> {
    let text = reader.string()?;
    if text.contains('\0') {
        return Err(GgufError::Unsound("a text goes on behind its end".into()));
    }
    Ok(Value::Text(text))
}

pub(crate) fn kind(reader: &mut Reader<impl Read>, what: &'static str) -> Result<Kind, GgufError> {
    let number = reader.u32()?;
    Kind::of(number).ok_or(GgufError::Absurd {
        what,
        value: u64::from(number),
    })
}

/// A number or a truth value; nothing else comes here.
pub(crate) fn number(reader: &mut Reader<impl Read>, kind: Kind) -> Result<Value, GgufError> {
    Ok(match kind {
        Kind::U8 => Value::Unsigned(u64::from(reader.bytes::<1>()?[0])),
        Kind::I8 => signed(i64::from(i8::from_le_bytes(reader.bytes()?))),
        Kind::U16 => Value::Unsigned(u64::from(u16::from_le_bytes(reader.bytes()?))),
        Kind::I16 => signed(i64::from(i16::from_le_bytes(reader.bytes()?))),
        Kind::U32 => Value::Unsigned(u64::from(reader.u32()?)),
        Kind::I32 => signed(i64::from(i32::from_le_bytes(reader.bytes()?))),
        Kind::F32 => Value::Float(f64::from(f32::from_le_bytes(reader.bytes()?))),
        Kind::Bool => match reader.bytes::<1>()?[0] {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => {
                return Err(GgufError::Absurd {
                    what: "a truth value",
                    value: u64::from(other),
                });
            }
        },
        Kind::U64 => Value::Unsigned(reader.u64()?),
        Kind::I64 => signed(i64::from_le_bytes(reader.bytes()?)),
        Kind::F64 => Value::Float(f64::from_le_bytes(reader.bytes()?)),
        Kind::Text | Kind::Array => {
            return Err(GgufError::Unsound("a number was expected".into()));
        }
    })
}

fn signed(value: i64) -> Value {
    u64::try_from(value).map_or(Value::Negative(value), Value::Unsigned)
}
