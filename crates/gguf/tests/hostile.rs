//! Files that lie.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rstest::rstest;
use tandem_gguf::{GgufError, check};

/// A sound little model: one key that says `llama`, one tensor of 32 floats.
fn sound() -> Vec<u8> {
    let mut file = b"GGUF".to_vec();
    file.extend(3u32.to_le_bytes());
    file.extend(1u64.to_le_bytes());
    file.extend(1u64.to_le_bytes());
    string(&mut file, "general.architecture");
    file.extend(8u32.to_le_bytes());
    string(&mut file, "llama");
    string(&mut file, "w");
    file.extend(1u32.to_le_bytes());
    file.extend(32u64.to_le_bytes());
    file.extend(0u32.to_le_bytes());
    file.extend(0u64.to_le_bytes());
    file.resize(file.len().next_multiple_of(32) + 128, 0);
    file
}

fn string(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn with(position: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = sound();
    file[position..position + bytes.len()].copy_from_slice(bytes);
    file
}

fn refuse(file: &[u8]) -> GgufError {
    check(file, file.len() as u64).unwrap_err()
}

#[test]
fn a_sound_file_is_read() {
    let file = sound();
    let header = check(&file[..], file.len() as u64).unwrap();
    assert_eq!(header.architecture(), "llama");
    assert_eq!(header.parameters(), 32);
}

#[rstest]
#[case::an_empty_file(vec![], "empty")]
#[case::a_text_file(b"Dear diary, today I".to_vec(), "not a GGUF")]
#[case::a_version_of_tomorrow(with(4, &9u32.to_le_bytes()), "version 9")]
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
    let message = refuse(&file).to_string();
    assert!(message.contains(reason), "{message}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = sound();
    for end in 0..file.len() {
        check(&file[..end], end as u64).unwrap_err();
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = check(&bytes[..], bytes.len() as u64);
    }

    #[test]
    fn no_change_of_a_sound_file_makes_it_panic(changes: Vec<(usize, u8)>, length: u64) {
        let mut file = sound();
        let size = file.len();
        for (position, byte) in changes {
            file[position % size] = byte;
        }
        let _ = check(&file[..], size as u64);
        let _ = check(&file[..], length);
    }
}
