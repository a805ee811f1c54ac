//! The memory of another process, as the system shows it to its owner.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

use anyhow::{Context, Result};

/// Bytes that are read at once, and those that two reads have in common: more than anything that is looked for.
const PIECE: u64 = 4 << 20;
const COMMON: u64 = 256;

/// Shows every piece of memory that the process can write. Neighboring pieces overlap.
pub(super) fn read(process: u32, mut show: impl FnMut(&[u8])) -> Result<()> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = File::open(format!("/proc/{process}/mem")).context(
        "the memory of another process can't be read: this needs to be its owner, or root",
    )?;
    for line in maps.lines() {
        let Some((from, to)) = writable(line) else {
            continue;
        };
        let mut at = from;
        while at < to {
            let length = PIECE.min(to - at);
            let mut bytes = vec![0; usize::try_from(length)?];
            // Some ranges are reserved and hold nothing.
            if memory.read_exact_at(&mut bytes, at).is_ok() {
                show(&bytes);
            }
            at += if length < PIECE {
                length
            } else {
                PIECE - COMMON
            };
        }
    }
    Ok(())
}

/// `7f00-7fff rw-p …`
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split(' ');
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    words.next()?.starts_with("rw").then_some(())?;
    Some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written_is_read() {
        assert_eq!(
            writable("1000-2000 rw-p 0 00:00 0 [heap]"),
            Some((0x1000, 0x2000))
        );
        assert_eq!(writable("1000-2000 r-xp 0 00:00 0 /bin/x"), None);
        assert_eq!(writable(""), None);
    }
}
