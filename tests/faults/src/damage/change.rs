//! Ways in which a disk, a copying program or an enemy changes the files of a vault.

use std::collections::BTreeMap;

/// The files of a vault's folder, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Bytes of a page; of what precedes one in the log; and of the log's own beginning.
const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;
const LOG_HEADER: usize = 32;

/// The database, its log.
pub const DATABASE: &str = "vault.db";
/// The write-ahead log.
pub const LOG: &str = "vault.db-wal";

/// What is done to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// One bit.
    Bit,
    /// Several bits in several places.
    Bits,
    /// The end is gone.
    Cut,
    /// Pages at the end are gone.
    CutPages,
    /// A range is zero.
    Zeros,
    /// A range is something else.
    Noise,
    /// Something is behind the end.
    Longer,
    /// Two pages have changed places.
    Swapped,
    /// One page is there twice, in place of another.
    Doubled,
    /// The file is gone.
    Gone,
    /// The file is empty.
    Empty,
    /// An older state of this file alone.
    OlderFile,
    /// An older state of one page: what no seal of a page can tell.
    OlderPage,
}

impl Change {
    /// Whether it is counted apart: each page is sealed by itself, with its number and without its age.
    pub fn is_apart(self) -> bool {
        self == Self::OlderPage
    }

    /// What reports call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bit => "one bit flipped",
            Self::Bits => "several bits flipped",
            Self::Cut => "cut short",
            Self::CutPages => "cut at a page",
            Self::Zeros => "a range zeroed",
            Self::Noise => "a range overwritten",
            Self::Longer => "something behind the end",
            Self::Swapped => "two pages swapped",
            Self::Doubled => "a page copied over another",
            Self::Gone => "gone",
            Self::Empty => "empty",
            Self::OlderFile => "an older state of the file",
            Self::OlderPage => "an older state of a page",
        }
    }

    fn random(random: &mut fastrand::Rng) -> Self {
        match random.u8(..100) {
            0..30 => Self::Bit,
            30..38 => Self::Bits,
            38..46 => Self::Cut,
            46..53 => Self::CutPages,
            53..62 => Self::Zeros,
            62..71 => Self::Noise,
            71..74 => Self::Longer,
            74..82 => Self::Swapped,
            82..89 => Self::Doubled,
            89 => Self::Gone,
            90 => Self::Empty,
            91..96 => Self::OlderFile,
            _ => Self::OlderPage,
        }
    }
}

/// Changes one file at random, and says which and how.
pub fn spoil(random: &mut fastrand::Rng, files: &mut Files, older: &Files) -> (String, Change) {
    let mut change = Change::random(random);
    let mut names: Vec<String> = Vec::new();
    let from = if change == Change::OlderFile {
        older
    } else {
        &*files
    };
    for (name, bytes) in from {
        let weight = match name.as_str() {
            DATABASE => 12,
            // A log without content is no log.
            LOG if bytes.is_empty() => 0,
            LOG => 10,
            _ => 2,
        };
        names.extend(std::iter::repeat_n(name.clone(), weight));
    }
    let name = if change == Change::OlderPage {
        DATABASE.to_owned()
    } else {
        random.choice(names).unwrap_or_else(|| DATABASE.to_owned())
    };
    let paged = name == DATABASE || name == LOG;
    if !paged && matches!(change, Change::CutPages | Change::Swapped | Change::Doubled) {
        change = Change::Bits;
    }
    let old = older.get(&name).cloned();
    match change {
        Change::Gone => {
            files.remove(&name);
        }
        Change::OlderFile => match old {
            Some(old) => {
                files.insert(name.clone(), old);
            }
            None => {
                files.remove(&name);
            }
        },
        _ => {
            if let Some(bytes) = files.get_mut(&name) {
                rewrite(
                    random,
                    change,
                    name == LOG,
                    bytes,
                    old.as_deref().unwrap_or(&[]),
                );
            }
        }
    }
    (name, change)
}

/// Where the pages of a file begin, and their length.
fn pages(log: bool, length: usize) -> Vec<(usize, usize)> {
    let (first, step) = if log { (LOG_HEADER, FRAME) } else { (0, PAGE) };
    (first..length)
        .step_by(step)
        .filter(|at| at + step <= length)
        .map(|at| (at, step))
        .collect()
}

fn rewrite(random: &mut fastrand::Rng, change: Change, log: bool, bytes: &mut Vec<u8>, old: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let pages = pages(log, bytes.len());
    let flip = |random: &mut fastrand::Rng, bytes: &mut Vec<u8>| {
        let at = random.usize(..bytes.len());
        bytes[at] ^= 1 << random.u8(..8);
    };
    let range = |random: &mut fastrand::Rng, length: usize| {
        let from = random.usize(..length);
        let most = [16, 512, PAGE, 4 * PAGE][random.usize(..4)];
        from..length.min(from + 1 + random.usize(..most))
    };
    match change {
        Change::Bit => flip(random, bytes),
        Change::Bits => (0..random.usize(2..20)).for_each(|_| flip(random, bytes)),
        Change::Cut => bytes.truncate(random.usize(..bytes.len())),
        Change::CutPages => {
            if let Some((at, _)) = random.choice(pages) {
                bytes.truncate(at);
            }
        }
        Change::Zeros => {
            let range = range(random, bytes.len());
            bytes[range].fill(0);
        }
        Change::Noise => {
            let range = range(random, bytes.len());
            random.fill(&mut bytes[range]);
        }
        Change::Longer => {
            let mut more = vec![0; random.usize(1..2 * PAGE)];
            if random.bool() {
                random.fill(&mut more);
            }
            bytes.extend(more);
        }
        Change::Swapped | Change::Doubled => {
            let (Some(&(one, step)), Some(&(other, _))) =
                (random.choice(&pages), random.choice(&pages))
            else {
                return;
            };
            let (first, second) = (
                bytes[one..one + step].to_vec(),
                bytes[other..other + step].to_vec(),
            );
            bytes[one..one + step].copy_from_slice(&second);
            if change == Change::Swapped {
                bytes[other..other + step].copy_from_slice(&first);
            }
        }
        Change::Empty => bytes.clear(),
        Change::OlderPage => {
            let changed: Vec<_> = pages
                .into_iter()
                .filter(|&(at, step)| {
                    old.get(at..at + step)
                        .is_some_and(|old| old != &bytes[at..at + step])
                })
                .collect();
            if let Some((at, step)) = random.choice(changed) {
                bytes[at..at + step].copy_from_slice(&old[at..at + step]);
            }
        }
        Change::Gone | Change::OlderFile => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_happens_and_nearly_all_change_something() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut fill = |length| {
            let mut bytes = vec![0; length];
            random.fill(&mut bytes);
            bytes
        };
        let files: Files = [
            (DATABASE.to_owned(), fill(12 * PAGE)),
            (LOG.to_owned(), fill(LOG_HEADER + 5 * FRAME)),
            ("keys.json".to_owned(), fill(400)),
        ]
        .into();
        let older: Files = [(DATABASE.to_owned(), fill(9 * PAGE))].into();
        let mut seen = std::collections::BTreeSet::new();
        let mut unchanged = 0;
        for seed in 0..2_000 {
            let mut spoiled = files.clone();
            let (_, change) = spoil(&mut fastrand::Rng::with_seed(seed), &mut spoiled, &older);
            seen.insert(change);
            unchanged += u32::from(spoiled == files);
        }
        assert_eq!(seen.len(), 13);
        // A page that is swapped with itself.
        assert!(unchanged < 60, "{unchanged}");
    }
}
