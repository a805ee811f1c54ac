//! The guard against any bytes: it may refuse them, in words that can be shown, and nothing else.
#![no_main]

mod edit;
#[path = "../../tests/hostile/model.rs"]
mod model;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tandem_gguf::{Header, check, check_adapter};

use edit::Dice;

/// Bytes before the file: whether its length is a lie or it is read as an adapter, and the lie.
const FRAME: usize = 9;

fuzz_target!(|data: &[u8]| {
    let Some((frame, file)) = data.split_first_chunk::<FRAME>() else {
        return;
    };
    let [kind, lie @ ..] = *frame;
    let length = match kind {
        1 => u64::from_le_bytes(lie),
        2 => (file.len() as u64).saturating_add(u64::from(lie[0])),
        _ => file.len() as u64,
    };
    let result = if kind == 3 {
        check_adapter(file, length)
    } else {
        check(file, length)
    };
    match result {
        Ok(header) => believe(&header, length),
        Err(error) => {
            let words = error.to_string();
            assert!(!words.is_empty() && words.len() < 1000, "{words}");
            assert!(!words.contains(char::is_control), "{words:?}");
        }
    }
});

/// What llama.cpp relies on in a header that was let through.
fn believe(header: &Header, length: u64) {
    assert!(!header.architecture().is_empty());
    assert!(!header.tensors.is_empty());
    let mut end = 0u64;
    for tensor in &header.tensors {
        assert!(tensor.offset >= end, "{tensor:?} overlaps");
        end = tensor.offset.checked_add(tensor.bytes).unwrap();
        assert!(end <= length, "{tensor:?} is not in the file");
        assert!(tensor.kind.block().is_some());
    }
    assert!(header.parameters() > 0);
    let (_, _) = (header.context(), header.quantization());
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::new(seed);
    // Half of the time the bytes as they are; otherwise a model that was built anew, wrong in a few places.
    if dice.below(2) == 0 && size >= FRAME {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut made = vec![0; FRAME];
    if dice.below(8) == 0 {
        made[0] = 1 + dice.below(3) as u8;
        made[1..].copy_from_slice(&dice.number().to_le_bytes());
    }
    made.extend(edit::model(&mut dice).bytes());
    made.truncate(max_size);
    data[..made.len()].copy_from_slice(&made);
    if dice.below(2) == 0 {
        return fuzzer_mutate(data, made.len(), max_size);
    }
    made.len()
});
