//! The bytes of one file: those that a sync made safe, and what was written since.

/// Bytes that a drive writes whole or not at all.
const SECTOR: usize = 512;

/// One file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// What a reader sees.
    pub now: Vec<u8>,
    safe: Vec<u8>,
    /// In order.
    since: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    /// No more than a sector, and inside one.
    Bytes(usize, Vec<u8>),
    Length(usize),
}

impl File {
    /// A file whose bytes are safe.
    pub fn safe(bytes: Vec<u8>) -> Self {
        Self {
            safe: bytes.clone(),
            now: bytes,
            since: Vec::new(),
        }
    }

    /// Writes.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.now, at, bytes);
        let mut rest = bytes;
        let mut at = at;
        while !rest.is_empty() {
            let (sector, more) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            self.since.push(Write::Bytes(at, sector.to_vec()));
            at += sector.len();
            rest = more;
        }
    }

    /// Cuts or extends.
    pub fn set_length(&mut self, length: usize) {
        self.now.resize(length, 0);
        self.since.push(Write::Length(length));
    }

    /// All of it is safe.
    pub fn sync(&mut self) {
        if !self.since.is_empty() {
            self.since.clear();
            self.safe.clone_from(&self.now);
        }
    }

    /// What a loss of power leaves: each write since the last sync is kept with `percent` chance, whatever became of the
    /// others, so a sector may hold any of its states and a file any of its lengths.
    pub fn cut_power(&mut self, random: &mut fastrand::Rng, percent: u8) {
        for write in self.since.drain(..) {
            if random.u8(..100) >= percent {
                continue;
            }
            match write {
                Write::Bytes(at, bytes) => put(&mut self.safe, at, &bytes),
                Write::Length(length) => self.safe.resize(length, 0),
            }
        }
        self.now.clone_from(&self.safe);
    }
}

fn put(all: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if all.len() < end {
        all.resize(end, 0);
    }
    all[at..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_torn_into_its_sectors_and_what_was_synced_stays() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut file = File::default();
            file.write(0, &[1; 4096]);
            file.sync();
            file.write(0, &[2; 4096]);
            file.write(0, &[3; 1024]);
            file.cut_power(&mut fastrand::Rng::with_seed(seed), 50);
            assert_eq!(file.now.len(), 4096);
            for sector in file.now.chunks(SECTOR) {
                assert!(sector.iter().all(|byte| *byte == sector[0]));
            }
            seen.extend([file.now[0], file.now[4095]]);
            assert_ne!(file.now[4095], 3);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn nothing_or_all_may_be_kept() {
        for (percent, length) in [(0, 0), (100, 5_000)] {
            let mut file = File::default();
            file.write(0, &[1; 6_000]);
            file.set_length(5_000);
            file.cut_power(&mut fastrand::Rng::with_seed(1), percent);
            assert_eq!(file.now.len(), length);
            assert_eq!(file.now, file.safe);
        }
    }
}
