//! Files of adapters.

use rstest::rstest;
use tandem_gguf::check_adapter;

use crate::model::{Model, f32, text, u32, value};

fn adapter() -> Model {
    Model::least("llama")
        .with("general.type", text("adapter"))
        .with("adapter.type", text("lora"))
        .with("adapter.lora.alpha", f32(16.0))
        .weigh("blk.0.attn_q.weight.lora_a", &[32, 4], 0, 512)
        .weigh("blk.0.attn_q.weight.lora_b", &[4, 32], 0, 512)
        .weigh("token_embd.weight.lora_a", &[4, 8], 0, 128)
        .weigh("token_embd.weight.lora_b", &[4, 32], 0, 512)
        .weigh("blk.0.ffn_up_exps.weight.lora_a", &[32, 4, 2], 0, 1024)
        .weigh("blk.0.ffn_up_exps.weight.lora_b", &[4, 32, 2], 0, 1024)
}

#[test]
fn a_sound_adapter_is_read() {
    let file = adapter().bytes();
    assert_eq!(
        check_adapter(&file[..], file.len() as u64)
            .unwrap()
            .tensors
            .len(),
        7
    );
}

fn refuse_for(model: &Model, reason: &str) {
    let file = model.bytes();
    let error = check_adapter(&file[..], file.len() as u64).unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
}

#[rstest]
#[case::a_model("general.type", text("model"), "the mark")]
#[case::another_adapter("adapter.type", text("ia3"), "the mark")]
#[case::no_strength("adapter.lora.alpha", f32(f32::NAN), "strength")]
// An assertion of llama.cpp.
#[case::a_strength_of_whole_numbers("adapter.lora.alpha", u32(16), "wrong kind")]
#[case::a_strength_of_eight_bytes(
    "adapter.lora.alpha",
    value(12, &16f64.to_le_bytes()),
    "wrong kind"
)]
fn a_false_adapter_is_refused(#[case] key: &str, #[case] value: Vec<u8>, #[case] reason: &str) {
    refuse_for(&adapter().with(key, value), reason);
}

// llama.cpp compares the embedding's pair with the model alone, and none's other dimensions.
#[rstest]
#[case::of_two_ranks("x", &[32, 4], &[8, 32])]
#[case::of_the_embedding_in_two_ranks("token_embd.weight", &[4, 8], &[8, 32])]
#[case::of_other_experts("x", &[32, 4, 2], &[4, 32, 3])]
#[case::of_other_dimensions("x", &[32, 4], &[4, 32, 2])]
#[case::of_vectors("x", &[32], &[32])]
fn a_pair_is_refused(#[case] name: &str, #[case] a: &[u64], #[case] b: &[u64]) {
    let bytes =
        |dimensions: &[u64]| usize::try_from(4 * dimensions.iter().product::<u64>()).unwrap();
    let mut model = adapter();
    model
        .tensors
        .retain(|tensor| !tensor.name.starts_with(b"token_embd"));
    let model = model
        .weigh(&format!("{name}.lora_a"), a, 0, bytes(a))
        .weigh(&format!("{name}.lora_b"), b, 0, bytes(b));
    refuse_for(&model, "fit each other");
}
