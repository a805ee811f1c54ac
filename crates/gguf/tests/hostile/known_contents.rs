//! Vocabularies, shapes and templates that made readers of GGUF read, divide or recurse too far.

use rstest::rstest;

use crate::{
    model::{Model, f32, list, numbers, text, texts, u32, value},
    refuse_for,
};

fn llama() -> Model {
    Model::whole("llama")
}

fn key(key: &str, value: Vec<u8>) -> Vec<u8> {
    llama().with(key, value).bytes()
}

#[rstest]
// llama.cpp pull 20735: scores and types were read past their end.
#[case::fewer_scores("scores", list(6, 7, &[0; 28]), "7 entries for 8 tokens")]
#[case::fewer_types("token_type", list(5, 1, &[0; 4]), "1 entries for 8 tokens")]
// llama.cpp pull 26690: bytes were read as numbers of four.
#[case::scores_of_bytes("scores", list(0, 8, &[0; 8]), "right kind")]
#[case::types_of_bytes("token_type", list(1, 8, &[0; 8]), "right kind")]
#[case::suppressed_tokens_of_bytes("suppress_tokens", list(0, 4, &[0; 4]), "right kind")]
#[case::tokens_of_numbers("tokens", list(4, 8, &[0; 32]), "right kind")]
#[case::tokens_of_one_text("tokens", text("abc"), "right kind")]
#[case::merges_of_numbers("merges", list(4, 1, &[0; 4]), "right kind")]
#[case::no_tokens("tokens", list(8, 0, &[]), "lacks a vocabulary")]
// An assertion of llama.cpp: as many texts as tokens.
#[case::a_token_twice("tokens", texts(&["a", "b", "a"]), "twice")]
#[case::a_token_twice_up_to_a_zero_byte("tokens", texts(&["a", "a\0b"]), "twice")]
#[case::a_token_named_like_an_empty_one("tokens", texts(&["[EMPTY_1]", ""]), "twice")]
// llama.cpp issue 27226: a write before the table of bytes.
#[case::a_byte_of_minus_one("tokens", texts(&["<0x-1>"]), "names none")]
#[case::a_charsmap_without_a_map("precompiled_charsmap", list(0, 3, &[0; 3]), "too short")]
#[case::a_vocabulary_of_none("model", text("none"), "lacks a vocabulary")]
#[case::an_end_outside_the_vocabulary("eos_token_id", u32(8), "no token")]
#[case::a_negative_end("eos_token_id", value(5, &[0xff; 4]), "no token")]
fn a_bad_vocabulary_is_refused(#[case] name: &str, #[case] value: Vec<u8>, #[case] reason: &str) {
    refuse_for(&key(&format!("tokenizer.ggml.{name}"), value), reason);
}

#[rstest]
// llama.cpp pull 25821: a write beyond the arrays of 512 layers.
#[case::too_many_layers("block_count", u32(513), "block_count is 513")]
#[case::no_layers("block_count", u32(0), "block_count is 0")]
#[case::layers_in_words("block_count", text("two"), "no whole number")]
#[case::no_width("embedding_length", u32(0), "embedding_length is 0")]
#[case::a_width_of_gigabytes("embedding_length", u32(1 << 31), "embedding_length")]
#[case::no_context("context_length", u32(0), "context_length is 0")]
#[case::a_context_of_all_memory("context_length", u32(u32::MAX), "context_length")]
#[case::a_vocabulary_of_all_memory("vocab_size", u32(u32::MAX), "vocab_size")]
#[case::no_heads("attention.head_count", u32(0), "head_count is 0")]
#[case::heads_that_do_not_share("attention.head_count_kv", u32(3), "divide the heads")]
#[case::more_shared_heads_than_heads("attention.head_count_kv", u32(8), "divide the heads")]
#[case::no_length_of_keys("attention.key_length", u32(0), "key_length is 0")]
#[case::no_size_of_a_head("wkv.head_size", u32(0), "head_size is 0")]
#[case::heads_for_one_layer("attention.head_count", numbers(&[4]), "one for each layer")]
#[case::heads_for_three_layers("attention.head_count_kv", numbers(&[2, 2, 2]), "one for each layer")]
#[case::heads_that_are_fractions("attention.head_count", list(6, 2, &[0; 8]), "no whole numbers")]
#[case::a_layer_of_negative_width("feed_forward_length", list(5, 2, &[0xff; 8]), "can't be")]
#[case::an_odd_rotation("rope.dimension_count", u32(7), "is odd")]
#[case::a_base_that_is_no_number("rope.freq_base", f32(f32::NAN), "no number")]
#[case::a_base_without_bounds("rope.freq_base", f32(f32::INFINITY), "no number")]
// An assertion of ggml.
#[case::a_negative_epsilon("attention.layer_norm_rms_epsilon", f32(-1.0), "no number")]
// Assertions of llama.cpp.
#[case::an_unknown_stretch_of_rotations("rope.scaling.type", text("twice"), "type is unknown")]
#[case::an_unknown_pooling("pooling_type", u32(5), "pooling_type is 5")]
#[case::too_many_experts("expert_count", u32(2000), "expert_count is 2000")]
#[case::experts_that_are_never_used("expert_count", u32(8), "fit the experts")]
#[case::more_used_experts_than_there_are("expert_used_count", u32(2), "fit the experts")]
#[case::groups_of_no_experts("expert_group_count", u32(2), "fit the experts")]
#[case::more_predicted_layers_than_there_are(
    "nextn_predict_layers",
    u32(3),
    "nextn_predict_layers"
)]
fn a_bad_shape_is_refused(#[case] name: &str, #[case] value: Vec<u8>, #[case] reason: &str) {
    refuse_for(&key(&format!("llama.{name}"), value), reason);
}

#[rstest]
#[case::uneven_groups(u32(3), u32(1))]
#[case::all_groups_used(u32(2), u32(2))]
#[case::a_group_for_each_expert(u32(8), u32(1))]
fn bad_groups_of_experts_are_refused(#[case] groups: Vec<u8>, #[case] used: Vec<u8>) {
    let model = llama()
        .with("llama.expert_count", u32(8))
        .with("llama.expert_used_count", u32(2))
        .with("llama.expert_group_count", groups)
        .with("llama.expert_group_used_count", used);
    refuse_for(&model.bytes(), "fit the experts");
}

#[test]
fn a_division_by_no_groups_of_state_is_refused() {
    let model = Model::least("mamba2").with("mamba2.ssm.group_count", u32(0));
    refuse_for(&model.bytes(), "group_count is 0");
}

#[rstest]
#[case::deep_blocks("{% if a %}".repeat(101), "nested too deeply")]
#[case::deep_brackets(format!("{{{{ {}1 }}}}", "(".repeat(101)), "nested too deeply")]
#[case::deep_dictionaries(format!("{{{{ {} }}}}", "{1:".repeat(101)), "nested too deeply")]
#[case::a_template_of_megabytes("x".repeat((1 << 20) + 1), "chat template")]
fn a_bad_template_is_refused(#[case] template: String, #[case] reason: &str) {
    for name in [
        "tokenizer.chat_template",
        "tokenizer.chat_template.tool_use",
    ] {
        refuse_for(&key(name, text(&template)), reason);
    }
}
