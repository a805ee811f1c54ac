//! The header as a whole.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use crate::{GgufError, TensorInfo, Value, reader::Reader, tensor, value};

const MAX_KEYS: u64 = 1 << 16;
const MAX_TENSORS: u64 = 1 << 16;

/// A checked header.
#[derive(Clone, Debug)]
pub struct Header {
    /// The format's version: 2 or 3.
    pub version: u32,
    /// The metadata.
    pub values: HashMap<String, Value>,
    /// The tensors.
    pub tensors: Vec<TensorInfo>,
    /// Bytes of the file.
    pub length: u64,
}

impl Header {
    /// The text under `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number under `key`.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(Value::Unsigned(number)) => Some(*number),
            _ => None,
        }
    }

    /// The model's architecture, such as `llama`. Every checked header has one.
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    /// Tokens of context that the model was trained for.
    pub fn context(&self) -> Option<u64> {
        self.number(&format!("{}.context_length", self.architecture()))
    }

    /// Weights in all.
    pub fn parameters(&self) -> u64 {
        self.tensors
            .iter()
            .fold(0, |sum, t| sum.saturating_add(t.elements))
    }

    /// The quantization's usual name, such as `Q4_K_M`; `None` when the file doesn't say or it isn't known here.
    /// Source: `llama_ftype` in `llama.h`.
    pub fn quantization(&self) -> Option<&'static str> {
        Some(match self.number("general.file_type")? {
            0 => "F32",
            1 => "F16",
            2 => "Q4_0",
            3 => "Q4_1",
            7 => "Q8_0",
            8 => "Q5_0",
            9 => "Q5_1",
            10 => "Q2_K",
            11 => "Q3_K_S",
            12 => "Q3_K_M",
            13 => "Q3_K_L",
            14 => "Q4_K_S",
            15 => "Q4_K_M",
            16 => "Q5_K_S",
            17 => "Q5_K_M",
            18 => "Q6_K",
            32 => "BF16",
            _ => return None,
        })
    }
}

pub(crate) fn read(stream: impl Read, length: u64) -> Result<Header, GgufError> {
    if length == 0 {
        return Err(GgufError::Empty);
    }
    let mut reader = Reader::new(stream, length);
    if length < 4 || &reader.bytes::<4>()? != b"GGUF" {
        return Err(GgufError::NotGguf);
    }
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(GgufError::Version(version));
    }
    // A name, a dimension, a type and an offset are the least that a tensor takes; a key and a kind and a byte, a value.
    let tensor_count = reader.count("the number of tensors", MAX_TENSORS, 32)?;
    let key_count = reader.count("the number of keys", MAX_KEYS, 13)?;

    let mut values = HashMap::new();
    for _ in 0..key_count {
        let key = reader.string()?;
        let value = value::read(&mut reader, 0)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(GgufError::Unsound(format!(
                "the key {key:?} stands there twice"
            )));
        }
    }
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..tensor_count {
        let tensor = tensor::read(&mut reader)?;
        if !names.insert(tensor.name.clone()) {
            return Err(GgufError::Unsound(format!(
                "the tensor {:?} stands there twice",
                tensor.name
            )));
        }
        tensors.push(tensor);
    }

    let header = Header {
        version,
        values,
        tensors,
        length,
    };
    check_data(&header, reader.position())?;
    if header.architecture().is_empty() {
        return Err(GgufError::Lacks("an architecture"));
    }
    if header.tensors.is_empty() {
        return Err(GgufError::Lacks("weights"));
    }
    Ok(header)
}

/// Every tensor lies within the file, aligned, after the one before it.
fn check_data(header: &Header, header_end: u64) -> Result<(), GgufError> {
    let alignment = match header.values.get("general.alignment") {
        None => 32,
        Some(Value::Unsigned(n)) if n.is_power_of_two() && (8..=1 << 16).contains(n) => *n,
        Some(_) => {
            return Err(GgufError::Unsound(
                "the alignment is no power of two".into(),
            ));
        }
    };
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
        let end = tensor.offset.checked_add(tensor.bytes);
        let needed = end.and_then(|end| end.checked_add(start));
        match needed {
            Some(needed) if needed <= header.length => {}
            Some(needed) => {
                return Err(GgufError::Truncated {
                    needed,
                    length: header.length,
                });
            }
            None => {
                return Err(GgufError::Absurd {
                    what: "a tensor's offset",
                    value: tensor.offset,
                });
            }
        }
        expected = end
            .and_then(|end| end.checked_next_multiple_of(alignment))
            .ok_or(GgufError::Absurd {
                what: "a tensor's offset",
                value: tensor.offset,
            })?;
    }
    Ok(())
}
