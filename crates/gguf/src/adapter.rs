//! Adapters (`LoRA`): pairs of small matrices that are added to a model's large ones.

use std::collections::HashMap;

use crate::{GgufError, Header, TensorInfo, Value};

/// Checks what llama.cpp takes for granted: the marks, the strength, and that the matrices of each pair fit each other.
pub(crate) fn check(header: &Header) -> Result<(), GgufError> {
    if header.text("general.type") != Some("adapter") || header.text("adapter.type") != Some("lora")
    {
        return Err(GgufError::Lacks("the mark of a LoRA adapter"));
    }
    match header.values.get("adapter.lora.alpha") {
        None => {}
        Some(Value::Float(alpha)) if alpha.is_finite() => {}
        Some(_) => return Err(GgufError::Unsound("its strength is no number".into())),
    }
    let by_name: HashMap<&str, &TensorInfo> = header
        .tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
    for a in &header.tensors {
        let Some(name) = a.name.strip_suffix(".lora_a") else {
            continue;
        };
        // Without its other half it is refused by llama.cpp, in words.
        if let Some(b) = by_name.get(format!("{name}.lora_b").as_str())
            && !fits(name, &a.dimensions, &b.dimensions)
        {
            return Err(GgufError::Unsound(format!(
                "the matrices for {name:?} don't fit each other"
            )));
        }
    }
    Ok(())
}

/// Whether they have one rank. Those of the embedding are stored the other way round.
fn fits(name: &str, a: &[u64], b: &[u64]) -> bool {
    match (a, b) {
        ([rank, _], [other, _]) if name.ends_with("token_embd.weight") => rank == other,
        ([_, rank], [other, _]) => rank == other,
        // Of experts: one matrix for each.
        ([_, rank, count], [other, _, others]) => rank == other && count == others,
        _ => false,
    }
}
