//! Models that are wrong in a few places and right in all others: random bytes alone never come past the first key.

use std::sync::LazyLock;

use crate::model::{self, Model, Tensor, f32, list, numbers, text, texts, u32, value};

/// Names behind the architecture's, and others.
const NAMES: [&str; 27] = [
    "block_count",
    "context_length",
    "embedding_length",
    "vocab_size",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "feed_forward_length",
    "expert_count",
    "expert_used_count",
    "expert_group_count",
    "expert_group_used_count",
    "nextn_predict_layers",
    "rope.dimension_count",
    "rope.freq_base",
    "ssm.group_count",
    "general.alignment",
    "general.file_type",
    "split.count",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.scores",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.precompiled_charsmap",
    "tokenizer.chat_template",
    "adapter.lora.alpha",
    "x.lora_a",
    "x.lora_b",
];
const WORDS: [&str; 8] = [
    "",
    "llama",
    "mamba2",
    "<0x0A>",
    "<0x-1>",
    "[EMPTY_1]",
    "{% if a %}{{ ((({'b': \"}}",
    "{# {%- for a in b -%}{{ c }}{% endfor %}",
];

static SHAPES: LazyLock<Vec<Model>> = LazyLock::new(model::shapes);

/// xorshift: the mutator must do the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self((u64::from(seed) << 1 | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % most
    }

    /// Small ones, powers of two and their neighbors, and any.
    pub(crate) fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(70) as u64,
            1 => (1 << self.below(64)) + self.below(3) as u64 - 1,
            2 => u64::MAX - self.below(70) as u64,
            _ => (self.below(1 << 31) as u64) << 32 | self.below(1 << 31) as u64,
        }
    }

    fn one<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// One of the sound shapes with up to four edits.
pub(crate) fn model(dice: &mut Dice) -> Model {
    let mut model = dice.one(&SHAPES);
    for _ in 0..dice.below(5) {
        model = edited(model, dice);
    }
    model
}

fn edited(mut model: Model, dice: &mut Dice) -> Model {
    let key = dice.below(model.keys.len());
    let tensor = dice.below(model.tensors.len().max(1));
    match dice.below(8) {
        0 => model.keys[key].1 = any_value(dice),
        1 | 2 => {
            let architecture = dice.one(&["llama", "qwen2", "mamba2", "deci"]);
            let name = dice.one(&NAMES);
            let value = any_value(dice);
            model = model
                .with("general.architecture", text(architecture))
                .with(name, value.clone())
                .with(&format!("{architecture}.{name}"), value);
        }
        3 => model.keys[key].0 = dice.one(&WORDS).into(),
        4 => model.version = dice.below(5) as u32,
        5 => model.alignment = 1 << dice.below(8),
        6 if !model.tensors.is_empty() => {
            let tensor = &mut model.tensors[tensor];
            match dice.below(5) {
                0 => tensor.kind = dice.below(50) as u32,
                1 => tensor.name = dice.one(&WORDS).into(),
                2 => tensor.offset = Some(dice.number()),
                3 => tensor.bytes = dice.below(2000),
                _ => tensor.dimensions = dimensions(dice),
            }
        }
        _ => {
            let dimensions = dimensions(dice);
            model = model.tensor(Tensor {
                name: dice.one(&NAMES).into(),
                dimensions,
                kind: dice.below(45) as u32,
                offset: None,
                bytes: dice.below(300),
            });
        }
    }
    model
}

fn dimensions(dice: &mut Dice) -> Vec<u64> {
    (0..dice.below(6)).map(|_| dice.number()).collect()
}

fn any_value(dice: &mut Dice) -> Vec<u8> {
    let number = dice.number();
    let bytes = [number.to_le_bytes(), dice.number().to_le_bytes()].concat();
    match dice.below(8) {
        0 | 1 => u32(number as u32),
        2 => f32(f32::from_bits(number as u32)),
        3 => text(dice.one(&WORDS)),
        4 => numbers(&vec![number as u32; dice.below(4)]),
        5 => texts(&[dice.one(&WORDS), dice.one(&WORDS)]),
        6 => list(dice.below(14) as u32, dice.below(18) as u64, &bytes),
        _ => value(dice.below(14) as u32, &bytes),
    }
}
