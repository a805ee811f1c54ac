//! The header as a whole.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use crate::{
    GgufError, TensorInfo, Value, adapter, error::shown, layout, reader::Reader, shape, template,
    tensor, value, vocabulary,
};

const MAX_KEYS: u64 = 1 << 16;
const MAX_TENSORS: u64 = 1 << 16;
/// Bytes of a key at most; the format allows more, and none comes near.
const MAX_KEY: usize = 1 << 10;
/// Bytes of an architecture's name at most.
const MAX_ARCHITECTURE: usize = 64;

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

/// A model's header.
pub(crate) fn read(stream: impl Read, length: u64) -> Result<Header, GgufError> {
    let header = parse(stream, length)?;
    shape::check(&header)?;
    vocabulary::check(&header)?;
    template::check(&header)?;
    Ok(header)
}

/// An adapter's header: it has no vocabulary and no shape of its own.
pub(crate) fn read_adapter(stream: impl Read, length: u64) -> Result<Header, GgufError> {
    let header = parse(stream, length)?;
    adapter::check(&header)?;
    Ok(header)
}

fn parse(stream: impl Read, length: u64) -> Result<Header, GgufError> {
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
    let header = Header {
        version,
        values: values(&mut reader, key_count)?,
        tensors: tensors(&mut reader, tensor_count)?,
        length,
    };
    check(&header, reader.position())?;
    Ok(header)
}

fn values(reader: &mut Reader<impl Read>, count: u64) -> Result<HashMap<String, Value>, GgufError> {
    let mut values = HashMap::new();
    for _ in 0..count {
        let key = reader.name("the length of a key", MAX_KEY)?;
        let value = value::read(reader, &key)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(GgufError::Unsound(format!(
                "the key {} stands there twice",
                shown(&key)
            )));
        }
    }
    Ok(values)
}

fn tensors(reader: &mut Reader<impl Read>, count: u64) -> Result<Vec<TensorInfo>, GgufError> {
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let tensor = tensor::read(reader)?;
        if !names.insert(tensor.name.clone()) {
            return Err(GgufError::Unsound(format!(
                "the tensor {:?} stands there twice",
                tensor.name
            )));
        }
        tensors.push(tensor);
    }
    Ok(tensors)
}

/// What can be seen when all of it was read.
fn check(header: &Header, end: u64) -> Result<(), GgufError> {
    match header.values.get("split.count") {
        None | Some(Value::Unsigned(0 | 1)) => {}
        Some(Value::Unsigned(parts)) => return Err(GgufError::Split(*parts)),
        Some(_) => return Err(GgufError::Unsound("split.count is no number".into())),
    }
    let architecture = header.architecture();
    if architecture.is_empty() {
        return Err(GgufError::Lacks("an architecture"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if architecture.len() > MAX_ARCHITECTURE || !architecture.chars().all(plain) {
        return Err(GgufError::Unsound(
            "its architecture is no name of one".into(),
        ));
    }
    if header.tensors.is_empty() {
        return Err(GgufError::Lacks("weights"));
    }
    layout::check(header, end)
}
