//! One file for each published class of faults in readers of GGUF, refused with its reason: counts, tensors, keys.

use rstest::rstest;

use crate::{
    model::{Model, Tensor, list, text, texts, u32, value},
    refuse_for,
};

fn llama() -> Model {
    Model::whole("llama")
}

fn at(position: usize, number: u64) -> Vec<u8> {
    let mut file = Model::least("llama").bytes();
    file[position..position + 8].copy_from_slice(&number.to_le_bytes());
    file
}

fn tensor(dimensions: &[u64], kind: u32) -> Vec<u8> {
    llama().weigh("x", dimensions, kind, 128).bytes()
}

fn key(key: &str, value: Vec<u8>) -> Vec<u8> {
    llama().with(key, value).bytes()
}

#[rstest]
#[case::cve_2024_21802_five_dimensions(tensor(&[32, 1, 1, 1, 1], 0), "number of dimensions")]
#[case::cve_2024_21836_tensor_count_overflows(at(8, u64::MAX / 64), "number of tensors")]
#[case::cve_2024_23605_key_count_overflows(at(16, u64::MAX / 32), "number of keys")]
#[case::cve_2024_21825_array_of_texts_overflows(
    key("x", list(8, u64::MAX / 8 + 2, &[])),
    "length of an array"
)]
#[case::cve_2024_21825_array_of_numbers_overflows(
    key("x", list(10, u64::MAX / 8 + 2, &[])),
    "length of an array"
)]
#[case::cve_2024_23496_string_length_wraps(at(24, u64::MAX), "length of a string")]
#[case::cve_2025_49847_token_longer_than_a_buffer(
    key("tokenizer.ggml.tokens", texts(&["x".repeat(70_000)])),
    "length of a token"
)]
#[case::cve_2025_53630_sizes_of_tensors_add_up_to_more_than_memory(
    llama()
        .weigh("x", &[1 << 61], 30, 0)
        .weigh("y", &[1 << 61], 30, 0)
        .bytes(),
    "cut short"
)]
#[case::cve_2026_27940_size_of_the_whole_overflows(tensor(&[i64::MAX as u64 / 32 * 32], 30), "size in bytes")]
#[case::cve_2026_33298_bytes_of_a_tensor_overflow(
    tensor(&[1 << 21, 1 << 21, 1 << 20], 30),
    "cut short"
)]
#[case::cve_2026_33298_elements_of_a_tensor_overflow(
    tensor(&[1 << 32, 1 << 31], 41),
    "tensor's size"
)]
#[case::cve_2026_7482_tensor_beyond_the_end_of_the_file(tensor(&[1 << 20], 0), "cut short")]
fn an_advisory_s_file_is_refused(#[case] file: Vec<u8>, #[case] reason: &str) {
    refuse_for(&file, reason);
}

#[rstest]
// llama.cpp pulls 24263 and ggml 1517: a division by a dimension of zero.
#[case::a_dimension_of_zero(tensor(&[32, 0], 0), "dimension")]
#[case::a_negative_dimension(tensor(&[32, u64::MAX], 0), "dimension")]
#[case::rows_of_half_a_block(tensor(&[48, 2], 2), "whole blocks")]
// Types that ggml removed have blocks of zero elements: a division by zero.
#[case::a_type_that_was_removed(tensor(&[32, 2], 31), "tensor's type")]
#[case::a_negative_type(tensor(&[32, 2], u32::MAX), "tensor's type")]
// No function multiplies these: a call of address zero.
#[case::a_type_for_results_alone(tensor(&[256, 2], 15), "tensor's type")]
#[case::weights_of_whole_numbers(tensor(&[32, 1], 26), "computed with")]
#[case::a_quantized_vector(tensor(&[32], 8), "computed with")]
// llama.cpp cuts names at a zero byte after it looked for twins.
#[case::a_tensor_s_name_with_a_zero_byte(llama().weigh("w\0", &[32], 0, 128).bytes(), "no name")]
#[case::a_tensor_without_a_name(llama().weigh("", &[32], 0, 128).bytes(), "no name")]
#[case::a_tensor_s_name_of_64_bytes(llama().weigh(&"n".repeat(64), &[32], 0, 128).bytes(), "tensor's name")]
#[case::a_tensor_twice(llama().weigh("w", &[32], 0, 128).bytes(), "there twice")]
#[case::tensors_that_overlap(
    llama().tensor(Tensor { name: b"x".into(), dimensions: vec![32], kind: 0, offset: Some(0), bytes: 128 }).bytes(),
    "doesn't begin"
)]
fn a_bad_tensor_is_refused(#[case] file: Vec<u8>, #[case] reason: &str) {
    refuse_for(&file, reason);
}

#[rstest]
// llama.cpp pull 24263: an assertion.
#[case::a_key_without_a_name(key("", u32(1)), "no name")]
#[case::a_key_with_a_zero_byte(key("llama.block_count\0", u32(9)), "no name")]
#[case::a_key_of_two_thousand_bytes(key(&"k".repeat(2000), u32(9)), "length of a key")]
#[case::a_truth_of_two(key("x", value(7, &[2])), "truth value")]
// gguf-py follows them in recursion until its stack ends.
#[case::an_array_within_an_array(key("x", list(9, 1, &[9; 24])), "within an array")]
#[case::an_array_of_no_kind(key("x", list(13, 0, &[])), "array's elements")]
// ggml pull 1516: padding that overflows.
#[case::an_alignment_of_gigabytes(key("general.alignment", u32(1 << 31)), "alignment")]
#[case::an_alignment_of_zero(key("general.alignment", u32(0)), "alignment")]
#[case::an_alignment_of_48(key("general.alignment", u32(48)), "alignment")]
// llama.cpp pull 26318: an assertion on its kind.
#[case::an_alignment_of_another_kind(key("general.alignment", value(10, &32u64.to_le_bytes())), "wrong kind")]
#[case::an_architecture_with_a_zero_byte(Model::least("llama\0x").bytes(), "behind its end")]
#[case::a_text_with_a_zero_byte(key("tokenizer.ggml.model", text("none\0gpt2")), "behind its end")]
#[case::an_architecture_that_is_a_format(Model::least("%s%s%n").bytes(), "architecture")]
#[case::no_architecture(Model::least("").bytes(), "lacks an architecture")]
#[case::a_part_of_a_model(key("split.count", value(2, &[3, 0])), "one of 3 files")]
#[case::a_part_of_strange_parts(key("split.count", text("3")), "split.count")]
fn a_bad_key_is_refused(#[case] file: Vec<u8>, #[case] reason: &str) {
    refuse_for(&file, reason);
}

#[test]
fn a_key_twice_is_refused() {
    let mut model = llama();
    model.keys.push((b"llama.block_count".into(), u32(1)));
    refuse_for(&model.bytes(), "there twice");
}

#[test]
fn names_that_are_no_text_are_refused() {
    let mut model = llama();
    model.keys.push((vec![0xff], u32(1)));
    refuse_for(&model.bytes(), "no text");
}

#[test]
fn a_model_without_tensors_is_refused() {
    let mut model = llama();
    model.tensors.clear();
    refuse_for(&model.bytes(), "lacks weights");
}
