//! Ways to spoil a model file.

use fastrand::Rng;

use super::anatomy::{Anatomy, Field};

/// What is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    HeaderBits,
    CutShort,
    Counts,
    Kinds,
    Names,
    Values,
    Swapped,
    Shape,
    Texts,
    Vocabulary,
    TensorNames,
    TensorSizes,
    TensorTypes,
    TensorOffsets,
    Weights,
}

/// All of them, in turn.
pub(crate) const WAYS: [Way; 15] = [
    Way::HeaderBits,
    Way::CutShort,
    Way::Counts,
    Way::Kinds,
    Way::Names,
    Way::Values,
    Way::Swapped,
    Way::Shape,
    Way::Texts,
    Way::Vocabulary,
    Way::TensorNames,
    Way::TensorSizes,
    Way::TensorTypes,
    Way::TensorOffsets,
    Way::Weights,
];

/// What to do to a sound file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// Bytes to write, and where.
    pub(crate) patches: Vec<(usize, Vec<u8>)>,
    /// The length to cut it to.
    pub(crate) length: Option<usize>,
}

/// A change of this kind to a file of `length` bytes that begins with `head`.
pub(crate) fn change(
    way: Way,
    anatomy: &Anatomy,
    head: &[u8],
    length: usize,
    dice: &mut Rng,
) -> Change {
    let mut change = Change::default();
    let patches = &mut change.patches;
    match way {
        Way::CutShort => change.length = Some(dice.usize(..length)),
        Way::HeaderBits => {
            // The vocabulary is nearly all of the header: every other bit is flipped elsewhere.
            let fields = [
                0..anatomy.lists[0].start,
                anatomy.entries[0].name.start..anatomy.data,
                0..anatomy.data,
            ];
            for _ in 0..dice.usize(1..9) {
                let field = pick(dice, &fields);
                let at = dice.usize(field);
                patches.push((at, vec![head[at] ^ (1 << dice.u8(..8))]));
            }
        }
        Way::Counts => put(patches, &pick(dice, &anatomy.counts), head, dice),
        Way::Kinds => {
            let kind = pick(dice, &anatomy.kinds);
            patches.push((kind.start, dice.u32(..14).to_le_bytes().into()));
        }
        Way::Names => noise(patches, &pick(dice, &anatomy.names), 4, dice),
        Way::Values => {
            let scalar = dice.usize(..anatomy.scalars.len());
            put(patches, &anatomy.scalars[scalar].value, head, dice);
        }
        Way::Swapped => {
            let numbers: Vec<_> = anatomy
                .scalars
                .iter()
                .map(|scalar| scalar.value.clone())
                .filter(|value| value.len() == 4)
                .collect();
            let (one, other) = (pick(dice, &numbers), pick(dice, &numbers));
            patches.push((one.start, head[other.clone()].into()));
            patches.push((other.start, head[one].into()));
        }
        Way::Shape => {
            let own: Vec<_> = anatomy
                .scalars
                .iter()
                .filter(|scalar| scalar.key.starts_with("llama."))
                .collect();
            for _ in 0..dice.usize(1..3) {
                let value = &own[dice.usize(..own.len())].value;
                // Small numbers that may fit: divisors and multiples of what is there.
                let number = u32::from_le_bytes([0, 1, 2, 3].map(|at| head[value.start + at]));
                let number = match dice.u8(..5) {
                    0 => dice.u32(..65),
                    1 => number / dice.u32(2..5),
                    2 => number.wrapping_mul(dice.u32(2..5)),
                    3 => number.wrapping_add(1),
                    _ => dice.u32(..),
                };
                patches.push((value.start, number.to_le_bytes().into()));
            }
        }
        Way::Texts => noise(patches, &pick(dice, &anatomy.texts), 16, dice),
        Way::Vocabulary => noise(patches, &pick(dice, &anatomy.lists), 64, dice),
        Way::TensorNames => noise(patches, &entry(anatomy, dice).name, 3, dice),
        Way::TensorSizes => {
            for _ in 0..dice.usize(1..3) {
                let sizes = &entry(anatomy, dice).dimensions;
                put(patches, &pick(dice, sizes), head, dice);
            }
        }
        Way::TensorTypes => {
            let kind = &entry(anatomy, dice).kind;
            patches.push((kind.start, dice.u32(..44).to_le_bytes().into()));
        }
        Way::TensorOffsets => put(patches, &entry(anatomy, dice).offset, head, dice),
        Way::Weights => {
            let most = 1 << dice.usize(..16);
            let at = dice.usize(anatomy.data..length);
            noise(patches, &(at..length.min(at + (1 << 20))), most, dice);
        }
    }
    change
}

fn pick(dice: &mut Rng, all: &[Field]) -> Field {
    all[dice.usize(..all.len())].clone()
}

fn entry<'a>(anatomy: &'a Anatomy, dice: &mut Rng) -> &'a super::anatomy::Entry {
    &anatomy.entries[dice.usize(..anatomy.entries.len())]
}

/// Writes another number: near the old one, at the edge of what a number can be, or any.
fn put(patches: &mut Vec<(usize, Vec<u8>)>, field: &Field, head: &[u8], dice: &mut Rng) {
    let mut bytes = [0; 8];
    bytes[..field.len()].copy_from_slice(&head[field.clone()]);
    let old = u64::from_le_bytes(bytes);
    let new = match dice.u8(..6) {
        0 => dice.u64(..4),
        1 => old.wrapping_add(dice.u64(1..33)),
        2 => old.wrapping_sub(dice.u64(1..33)),
        3 => 1 << dice.u32(..64),
        4 => u64::MAX - dice.u64(..4),
        _ => dice.u64(..),
    };
    patches.push((field.start, new.to_le_bytes()[..field.len()].into()));
}

/// Up to `most` bytes of a field, in one run, made anew.
fn noise(patches: &mut Vec<(usize, Vec<u8>)>, field: &Field, most: usize, dice: &mut Rng) {
    if field.is_empty() {
        return;
    }
    let length = dice.usize(1..=most.min(field.len()));
    let at = dice.usize(field.start..=field.end - length);
    patches.push((at, (0..length).map(|_| dice.u8(..)).collect()));
}
