//! The vocabulary: llama.cpp reads its lists side by side, some of them by bare address.

use crate::{Array, GgufError, Header, Kind, Value, tokens};

/// Special tokens that end or begin a text: a file that places them outside its vocabulary would never end an answer.
const BOUNDS: [&str; 4] = [
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
];
/// How some converters write that there is no such token.
const NONE: u64 = u32::MAX as u64;

/// Checks the vocabulary, if there is one.
pub(crate) fn check(header: &Header) -> Result<(), GgufError> {
    let tokens = list(header, tokens::KEY, &[Kind::Text])?.map(|list| list.count);
    // To llama.cpp a vocabulary may be "none", and then each question for a token ends the process.
    let none = ["none", "no_vocab"].map(Some);
    if tokens == Some(0) || none.contains(&header.text("tokenizer.ggml.model")) {
        return Err(GgufError::Lacks("a vocabulary"));
    }
    for (key, kinds) in [
        ("tokenizer.ggml.scores", &[Kind::F32, Kind::I32][..]),
        ("tokenizer.ggml.token_type", &[Kind::I32][..]),
    ] {
        let Some(list) = list(header, key, kinds)? else {
            continue;
        };
        if tokens.is_some_and(|tokens| tokens != list.count) {
            return Err(GgufError::Unsound(format!(
                "{key} has {} entries for {} tokens",
                list.count,
                tokens.unwrap_or_default()
            )));
        }
    }
    list(header, "tokenizer.ggml.merges", &[Kind::Text])?;
    list(header, "tokenizer.ggml.suppress_tokens", &[Kind::I32])?;
    let map = list(
        header,
        "tokenizer.ggml.precompiled_charsmap",
        &[Kind::U8, Kind::I8],
    )?;
    if map.is_some_and(|map| map.count < 8) {
        return Err(GgufError::Unsound(
            "tokenizer.ggml.precompiled_charsmap is too short".into(),
        ));
    }
    for key in BOUNDS {
        match header.values.get(key) {
            None => {}
            Some(Value::Unsigned(id)) if *id == NONE || tokens.is_none_or(|n| *id < n) => {}
            Some(_) => {
                return Err(GgufError::Unsound(format!(
                    "{key} is no token of the vocabulary"
                )));
            }
        }
    }
    Ok(())
}

fn list<'a>(header: &'a Header, key: &str, kinds: &[Kind]) -> Result<Option<&'a Array>, GgufError> {
    match header.values.get(key) {
        None => Ok(None),
        Some(Value::Array(array)) if kinds.contains(&array.kind) => Ok(Some(array)),
        Some(_) => Err(GgufError::Unsound(format!(
            "{key} is no list of the right kind"
        ))),
    }
}
