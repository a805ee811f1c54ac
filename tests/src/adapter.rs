//! A LoRA adapter for the embedded model, made of numbers without a meaning: what counts is that it changes answers.

use std::{fs, path::Path};

use anyhow::Result;

/// Layers whose query projection it changes, and the sizes of that projection and of the adapter's rank.
const LAYERS: usize = 4;
const WIDTH: usize = 576;
const RANK: usize = 4;

/// Writes it; with `scale` 0 it changes nothing.
pub fn write(path: &Path, scale: f32) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut head = b"GGUF".to_vec();
    head.extend(3u32.to_le_bytes());
    head.extend((2 * LAYERS as u64).to_le_bytes());
    head.extend(4u64.to_le_bytes());
    for (key, value) in [
        ("general.architecture", "llama"),
        ("general.type", "adapter"),
        ("adapter.type", "lora"),
    ] {
        text(&mut head, key);
        head.extend(8u32.to_le_bytes());
        text(&mut head, value);
    }
    text(&mut head, "adapter.lora.alpha");
    head.extend(6u32.to_le_bytes());
    head.extend(4f32.to_le_bytes());
    let mut data = vec![];
    for layer in 0..LAYERS {
        for (part, shape, scale) in [
            ("lora_a", [WIDTH, RANK], 1.0),
            ("lora_b", [RANK, WIDTH], scale),
        ] {
            text(&mut head, &format!("blk.{layer}.attn_q.weight.{part}"));
            head.extend(2u32.to_le_bytes());
            for size in shape {
                head.extend((size as u64).to_le_bytes());
            }
            head.extend(0u32.to_le_bytes());
            head.extend((data.len() as u64).to_le_bytes());
            for _ in 0..shape[0] * shape[1] {
                data.extend(((random.f32() - 0.5) * scale).to_le_bytes());
            }
        }
    }
    head.resize(head.len().next_multiple_of(32), 0);
    head.extend(data);
    Ok(fs::write(path, head)?)
}

fn text(head: &mut Vec<u8>, text: &str) {
    head.extend((text.len() as u64).to_le_bytes());
    head.extend(text.as_bytes());
}
