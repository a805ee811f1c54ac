//! Files that lie.
#![allow(clippy::unwrap_used)]

mod adapters;
mod known_contents;
mod known_faults;
mod model;

use model::{Model, text};
use proptest::prelude::*;
use rstest::rstest;
use tandem_gguf::{GgufError, check};

fn sound() -> Vec<u8> {
    Model::least("llama").bytes()
}

fn with(position: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = sound();
    file[position..position + bytes.len()].copy_from_slice(bytes);
    file
}

fn refuse(file: &[u8]) -> GgufError {
    check(file, file.len() as u64).unwrap_err()
}

fn refuse_for(file: &[u8], reason: &str) {
    let message = refuse(file).to_string();
    assert!(message.contains(reason), "{message}");
}

#[test]
fn a_sound_file_is_read() {
    let file = sound();
    let header = check(&file[..], file.len() as u64).unwrap();
    assert_eq!(header.architecture(), "llama");
    assert_eq!(header.parameters(), 32);
}

#[test]
fn sound_files_of_every_shape_are_read() {
    for model in model::shapes() {
        let file = model.bytes();
        let header = check(&file[..], file.len() as u64).unwrap();
        assert_eq!(header.tensors.len(), model.tensors.len());
    }
}

#[rstest]
#[case::an_empty_file(vec![], "empty")]
#[case::a_text_file(b"Dear diary, today I".to_vec(), "not a GGUF")]
#[case::a_version_of_tomorrow(with(4, &9u32.to_le_bytes()), "version 9")]
#[case::a_file_of_the_other_byte_order(with(4, &3u32.to_be_bytes()), "version 50331648")]
#[case::a_billion_tensors(with(8, &u64::MAX.to_le_bytes()), "number of tensors")]
#[case::a_billion_keys(with(16, &(1u64 << 40).to_le_bytes()), "number of keys")]
#[case::a_key_longer_than_the_file(with(24, &(1u64 << 20).to_le_bytes()), "cut short")]
#[case::a_key_of_all_memory(with(24, &u64::MAX.to_le_bytes()), "length of a string")]
#[case::a_value_of_no_kind(with(52, &77u32.to_le_bytes()), "kind of a value")]
#[case::a_tensor_of_no_dimension(with(78, &0u32.to_le_bytes()), "number of dimensions")]
#[case::a_tensor_larger_than_memory(with(82, &(u64::MAX / 2).to_le_bytes()), "size")]
#[case::a_tensor_of_no_type(with(90, &999u32.to_le_bytes()), "tensor's type")]
#[case::a_tensor_elsewhere(with(94, &64u64.to_le_bytes()), "doesn't begin")]
fn a_lying_file_is_refused_with_its_reason(#[case] file: Vec<u8>, #[case] reason: &str) {
    refuse_for(&file, reason);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for file in [sound(), Model::whole("llama").bytes()] {
        for end in 0..file.len() {
            check(&file[..end], end as u64).unwrap_err();
        }
    }
}

#[test]
fn a_file_that_ends_before_the_length_it_tells_is_refused() {
    let file = Model::whole("llama").bytes();
    for end in 0..600 {
        check(&file[..end], file.len() as u64).unwrap_err();
    }
}

#[test]
fn what_is_refused_can_be_shown() {
    let long = "x".repeat(1 << 20);
    let bad = "\u{1b}[2J\0".to_owned() + &long;
    for model in [
        Model::least(&bad),
        Model::least("llama").with(&bad, text("")),
        Model::least("llama").with(&bad[..1000], text("")),
        Model::least("llama").weigh(&bad, &[32], 0, 128),
    ] {
        let message = refuse(&model.bytes()).to_string();
        assert!(message.len() < 1000 && !message.contains(char::is_control));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = check(&bytes[..], bytes.len() as u64);
    }

    #[test]
    fn no_change_of_a_sound_file_makes_it_panic(
        shape in 0..model::shapes().len(),
        changes: Vec<(usize, u8)>,
        length: u64,
    ) {
        let mut file = model::shapes()[shape].bytes();
        let size = file.len();
        for (position, byte) in changes {
            file[position % size] = byte;
        }
        let _ = check(&file[..], size as u64);
        let _ = check(&file[..], length);
    }
}
