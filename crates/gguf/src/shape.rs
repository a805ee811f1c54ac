//! The numbers that shape a model: llama.cpp counts, divides and allocates by them, and aborts on some.
//!
//! Only what is there is checked: a number that is missing, or of a wrong kind of integer, llama.cpp refuses in words.

use crate::{
    GgufError, Header,
    own::{Own, in_range},
};

/// Layers at most (`LLAMA_MAX_LAYERS`).
const MAX_LAYERS: u64 = 512;
/// Experts at most (`LLAMA_MAX_EXPERTS`).
const MAX_EXPERTS: u64 = 1024;
/// Elements of any vector of a model at most.
const MAX_WIDTH: u64 = 1 << 24;
/// Tokens of context at most.
const MAX_CONTEXT: u64 = 1 << 30;
/// The last kind of pooling (`LLAMA_POOLING_TYPE_RANK`).
const MAX_POOLING: u64 = 4;
/// The ways to stretch rotations (`LLAMA_ROPE_SCALING_TYPES`).
const SCALINGS: [&str; 4] = ["none", "linear", "yarn", "longrope"];
/// Architectures without attention: they say that they have no heads. Source: `llm_arch_is_recurrent`.
const WITHOUT_HEADS: [&str; 6] = ["mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"];
/// Widths and steps that are nothing in no model: llama.cpp divides by them.
const DIVISORS: [&str; 6] = [
    "embedding_length",
    "attention.key_length",
    "attention.value_length",
    "wkv.head_size",
    "ssm.time_step_rank",
    "experts_per_group",
];
/// Architectures that divide by their groups of state; others say that they have none.
const WITH_GROUPS: [&str; 5] = [
    "mamba2",
    "falcon-h1",
    "granitehybrid",
    "nemotron_h",
    "nemotron_h_moe",
];
/// Names that llama.cpp reads one number or one for each layer from.
const PER_LAYER: [&str; 4] = [
    "attention.head_count",
    "attention.head_count_kv",
    "feed_forward_length",
    "expert_used_count",
];
/// Numbers with a fraction that stand under a root, as a base or in a divisor.
const REALS: [&str; 6] = [
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.group_norm_epsilon",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.scaling.factor",
];

/// Checks the shape.
pub(crate) fn check(header: &Header) -> Result<(), GgufError> {
    let own = Own(header);
    let layers = own.number("block_count", 1..=MAX_LAYERS)?;
    own.number("context_length", 1..=MAX_CONTEXT)?;
    own.number("vocab_size", 0..=crate::tokens::MAX_TOKENS)?;
    own.number("nextn_predict_layers", 0..=layers.unwrap_or(MAX_LAYERS))?;
    for name in DIVISORS {
        own.number(name, 1..=MAX_WIDTH)?;
    }
    let least = u64::from(WITH_GROUPS.contains(&header.architecture()));
    own.number("ssm.group_count", least..=MAX_WIDTH)?;
    for name in PER_LAYER {
        for number in own.numbers(name, layers)? {
            in_range(&own.key(name), number, 0..=MAX_WIDTH)?;
        }
    }
    for name in REALS {
        own.real(name)?;
    }
    for name in ["rope.dimension_count", "rope.dimension_count_swa"] {
        let rotated = own.number(name, 0..=MAX_WIDTH)?;
        if rotated.is_some_and(|n| n % 2 == 1) {
            return Err(own.unsound(name, "is odd"));
        }
    }
    // Minus one stands for none.
    if own.number_alone("pooling_type") != Some(u64::from(u32::MAX)) {
        own.number("pooling_type", 0..=MAX_POOLING)?;
    }
    let scaling = own.text("rope.scaling.type");
    if scaling.is_some_and(|name| !SCALINGS.contains(&name)) {
        return Err(own.unsound("rope.scaling.type", "is unknown"));
    }
    heads(own)?;
    experts(own, layers)
}

/// Keys and values are shared by whole groups of heads.
fn heads(own: Own) -> Result<(), GgufError> {
    let (name, name_shared) = ("attention.head_count", "attention.head_count_kv");
    let heads = own.number_alone(name);
    if heads == Some(0) && !WITHOUT_HEADS.contains(&own.0.architecture()) {
        return Err(own.unsound(name, "is 0"));
    }
    match (heads, own.number_alone(name_shared)) {
        (Some(heads), Some(shared)) if shared > 0 && heads % shared != 0 => {
            Err(own.unsound(name_shared, "doesn't divide the heads"))
        }
        _ => Ok(()),
    }
}

/// llama.cpp asserts all of this.
fn experts(own: Own, layers: Option<u64>) -> Result<(), GgufError> {
    let experts = own.number("expert_count", 0..=MAX_EXPERTS)?.unwrap_or(0);
    let used = own.numbers("expert_used_count", layers)?;
    let most = used.into_iter().max().unwrap_or(0);
    if most > experts || (experts > 0 && most == 0) {
        return Err(own.unsound("expert_used_count", "doesn't fit the experts"));
    }
    let groups = own
        .number("expert_group_count", 0..=MAX_EXPERTS)?
        .unwrap_or(0);
    let used_groups = own
        .number("expert_group_used_count", 0..=MAX_EXPERTS)?
        .unwrap_or(0);
    let splits = groups < 2 || (experts % groups == 0 && (1..groups).contains(&used_groups));
    if groups > 0 && (groups >= experts || !splits) {
        return Err(own.unsound("expert_group_count", "doesn't fit the experts"));
    }
    Ok(())
}
