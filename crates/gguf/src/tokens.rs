//! The tokens of a vocabulary, as they go by.

use std::{collections::HashSet, io::Read};

use crate::{GgufError, reader::Reader};

/// The key of the list.
pub(crate) const KEY: &str = "tokenizer.ggml.tokens";
/// Tokens at most: the largest vocabularies have about a quarter of a million.
pub(crate) const MAX_TOKENS: u64 = 2 << 20;
/// Bytes of one token at most. llama.cpp keeps this length in 32 bits, with a sign.
const MAX_TOKEN: usize = 1 << 16;

/// Reads the list. llama.cpp aborts when two tokens are the same to it: it reads each to its first zero byte, and gives
/// empty ones a name.
pub(crate) fn read(reader: &mut Reader<impl Read>, count: u64) -> Result<(), GgufError> {
    if count > MAX_TOKENS {
        return Err(GgufError::Absurd {
            what: "the number of tokens in the vocabulary",
            value: count,
        });
    }
    let mut known = HashSet::new();
    for index in 0..count {
        let mut token = reader.raw()?;
        if token.len() > MAX_TOKEN {
            return Err(GgufError::Absurd {
                what: "the length of a token",
                value: token.len() as u64,
            });
        }
        if let Some(end) = token.iter().position(|&byte| byte == 0) {
            token.truncate(end);
        }
        if token.is_empty() {
            token = format!("[EMPTY_{index}]").into_bytes();
        }
        if is_bad_byte(&token) {
            return Err(GgufError::Unsound(format!(
                "token {index} stands for a byte and names none"
            )));
        }
        if !known.insert(token) {
            return Err(GgufError::Unsound(format!(
                "token {index} stands in the vocabulary twice"
            )));
        }
    }
    Ok(())
}

/// `<0x0A>` stands for a byte; readers that take `<0x-1>` for one write before their table.
fn is_bad_byte(token: &[u8]) -> bool {
    matches!(token, [b'<', b'0', b'x', digits @ .., b'>']
        if digits.len() == 2 && !digits.iter().all(u8::is_ascii_hexdigit))
}
