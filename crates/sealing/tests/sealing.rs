//! What a sealed file promises.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use tandem_sealing::{Cost, Opener, PIECE, SealError, Sealer, Secret, is_sealed};

/// Bytes of the header, of a full piece and of a seal, as docs/archive.md gives them.
const HEADER: usize = 57;
const WHOLE: usize = PIECE + 16;
const KEY: [u8; 32] = [7; 32];

fn seal(content: &[u8], secret: &Secret<'_>) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), secret).unwrap();
    sealer.write_all(content).unwrap();
    sealer.finish().unwrap()
}

fn open(sealed: &[u8], secret: &Secret<'_>) -> Result<Vec<u8>, SealError> {
    let mut opener = Opener::new(Cursor::new(sealed), secret)?;
    let mut content = Vec::new();
    opener.read_to_end(&mut content)?;
    Ok(content)
}

fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect()
}

#[test]
fn content_of_any_length_comes_back() {
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 5] {
        let sealed = seal(&content(length), &Secret::Key(&KEY));
        assert!(is_sealed(&sealed));
        assert_eq!(sealed.len(), HEADER + length + 16 * (length / PIECE + 1));
        assert_eq!(
            open(&sealed, &Secret::Key(&KEY)).unwrap(),
            content(length),
            "{length}"
        );
    }
}

#[test]
fn a_passphrase_opens_it_and_another_does_not() {
    let sealed = seal(
        b"what was said",
        &Secret::Passphrase("right", Cost::default()),
    );
    let secret = |words| Secret::Passphrase(words, Cost::default());
    assert_eq!(open(&sealed, &secret("right")).unwrap(), b"what was said");
    assert!(matches!(
        open(&sealed, &secret("wrong")),
        Err(SealError::Wrong)
    ));
    assert!(matches!(
        open(&sealed, &Secret::Key(&KEY)),
        Err(SealError::OtherSecret)
    ));
    assert!(!sealed.windows(9).any(|window| window == b"what was "));
}

#[test]
fn a_file_that_asks_for_too_much_work_or_too_little_is_refused_at_once() {
    let sealed = seal(b"x", &Secret::Passphrase("p", Cost::default()));
    for memory in [0, 1, 1024, 2 * 1024 * 1024, u32::MAX] {
        let mut greedy = sealed.clone();
        greedy[10..14].copy_from_slice(&memory.to_le_bytes());
        let opened = open(&greedy, &Secret::Passphrase("p", Cost::default()));
        assert!(matches!(opened, Err(SealError::Header)), "{memory}");
    }
}

#[test]
fn another_kind_of_file_and_a_later_layout_are_told_apart() {
    let key = Secret::Key(&KEY);
    assert!(matches!(open(b"PK", &key), Err(SealError::NotSealed)));
    assert!(matches!(open(&[0; 200], &key), Err(SealError::NotSealed)));
    let mut later = seal(b"x", &key);
    later[8] = 2;
    assert!(matches!(open(&later, &key), Err(SealError::Newer)));
}

#[test]
fn a_cut_or_lengthened_file_does_not_open() {
    let sealed = seal(&content(2 * PIECE + 100), &Secret::Key(&KEY));
    let lengths = [
        HEADER,
        HEADER + 16,
        HEADER + WHOLE,
        HEADER + 2 * WHOLE,
        HEADER + 2 * WHOLE + 16,
        sealed.len() - 1,
    ];
    for length in lengths {
        let opened = open(&sealed[..length], &Secret::Key(&KEY));
        assert!(matches!(opened, Err(SealError::Wrong)), "cut to {length}");
    }
    for more in [1, 16, WHOLE] {
        let longer = [sealed.clone(), vec![0; more]].concat();
        assert!(open(&longer, &Secret::Key(&KEY)).is_err(), "{more} more");
    }
}

#[test]
fn pieces_in_another_order_or_of_another_file_are_noticed() {
    let sealed = seal(&content(3 * PIECE), &Secret::Key(&KEY));
    let piece = |n: usize| sealed[HEADER + n * WHOLE..HEADER + (n + 1) * WHOLE].to_vec();
    let end = sealed[HEADER + 3 * WHOLE..].to_vec();
    let swapped = [
        sealed[..HEADER].to_vec(),
        piece(1),
        piece(0),
        piece(2),
        end.clone(),
    ]
    .concat();
    assert!(open(&swapped, &Secret::Key(&KEY)).is_err());
    let twice = [
        sealed[..HEADER].to_vec(),
        piece(0),
        piece(0),
        piece(2),
        end.clone(),
    ]
    .concat();
    assert!(open(&twice, &Secret::Key(&KEY)).is_err());
    let fewer = [sealed[..HEADER].to_vec(), piece(0), piece(1), end].concat();
    assert!(open(&fewer, &Secret::Key(&KEY)).is_err());
    let other = seal(&content(3 * PIECE), &Secret::Key(&KEY));
    let mixed = [&sealed[..HEADER + WHOLE], &other[HEADER + WHOLE..]].concat();
    assert!(open(&mixed, &Secret::Key(&KEY)).is_err());
}

#[test]
fn any_part_can_be_read_alone() {
    let whole = content(3 * PIECE + 10);
    let sealed = seal(&whole, &Secret::Key(&KEY));
    let mut opener = Opener::new(Cursor::new(&sealed), &Secret::Key(&KEY)).unwrap();
    assert_eq!(opener.length(), whole.len() as u64);
    for at in [3 * PIECE + 3, 0, PIECE - 2, 2 * PIECE] {
        opener.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut part = [0; 5];
        opener.read_exact(&mut part).unwrap();
        assert_eq!(part, whole[at..at + 5], "{at}");
    }
    assert!(
        opener
            .seek(SeekFrom::End(-i64::try_from(whole.len()).unwrap() - 1))
            .is_err()
    );
    opener.seek(SeekFrom::End(100)).unwrap();
    assert_eq!(opener.read(&mut [0; 5]).unwrap(), 0);
}

proptest! {
    #[test]
    fn a_change_of_any_byte_is_noticed(length in 0_usize..70_000, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut sealed = seal(&content(length), &Secret::Key(&KEY));
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(open(&sealed, &Secret::Key(&KEY)).is_err());
    }
}
