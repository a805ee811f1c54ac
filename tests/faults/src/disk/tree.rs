//! Files and folders of the disk, the loss of power, and faults.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::{OsStr, OsString},
};

use anyhow::Result as Done;
use fuser::Errno;
use serde::{Deserialize, Serialize};

use super::{
    sectors::File,
    server::{self, Fault},
};

/// A file or folder of an image: everything is safe there.
#[derive(Serialize, Deserialize)]
enum Saved {
    File(#[serde(with = "serde_bytes")] Vec<u8>),
    Folder(BTreeMap<OsString, u64>),
}

/// The number of the disk's own folder.
pub const ROOT: u64 = 1;

/// One file or folder.
#[derive(Clone, Debug)]
pub enum Node {
    /// A file.
    File(File),
    /// A folder.
    Folder(Folder),
}

/// Names of a folder: those that a reader sees, and those that a sync made safe.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// What a reader sees.
    pub now: BTreeMap<OsString, u64>,
    safe: BTreeMap<OsString, u64>,
}

/// What a call sets in folders, all or nothing: a name gets a node, or none.
type Names = Vec<(u64, OsString, Option<u64>)>;

/// What a call does, as far as faults care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It reads, or looks for something.
    Read,
    /// It opens a file to be written.
    OpenToWrite,
    /// It changes bytes or names, and needs room.
    Grow,
    /// It changes bytes or names, and needs none.
    Change,
    /// It syncs.
    Sync,
}

/// The whole disk.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: HashMap<u64, Node>,
    /// Changes of folders that no sync made safe, in order.
    since: Vec<Names>,
    next: u64,
    /// Syncs are taken and not carried out: for seeing that this is found out.
    pub deaf: bool,
    /// Calls that change something or sync until the power goes, and what of the rest is kept then.
    cut: Option<(u64, fastrand::Rng, u8)>,
    dead: bool,
    fault: Option<Fault>,
    /// Calls that could have failed so, and those that did.
    seen: u64,
    struck: u64,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: HashMap::from([(ROOT, Node::Folder(Folder::default()))]),
            since: Vec::new(),
            next: ROOT + 1,
            deaf: false,
            cut: None,
            dead: false,
            fault: None,
            seen: 0,
            struck: 0,
        }
    }
}

impl Tree {
    /// Makes it empty. Numbers of nodes are never used twice, because the system remembers them.
    pub fn format(&mut self) {
        *self = Self {
            next: self.next,
            ..Self::default()
        };
    }

    /// Everything that is there, as if it were synced.
    pub fn save(&self) -> Done<Vec<u8>> {
        let nodes: BTreeMap<u64, Saved> = self
            .nodes
            .iter()
            .map(|(&number, node)| {
                let saved = match node {
                    Node::File(file) => Saved::File(file.now.clone()),
                    Node::Folder(folder) => Saved::Folder(folder.now.clone()),
                };
                (number, saved)
            })
            .collect();
        Ok(postcard::to_stdvec(&(self.next, nodes))?)
    }

    /// Makes it what was saved.
    pub fn load(&mut self, saved: &[u8]) -> Done<()> {
        let (next, nodes): (u64, BTreeMap<u64, Saved>) = postcard::from_bytes(saved)?;
        self.format();
        self.next = self.next.max(next);
        self.nodes = nodes
            .into_iter()
            .map(|(number, node)| {
                let node = match node {
                    Saved::File(bytes) => Node::File(File::safe(bytes)),
                    Saved::Folder(names) => Node::Folder(Folder {
                        now: names.clone(),
                        safe: names,
                    }),
                };
                (number, node)
            })
            .collect();
        Ok(())
    }

    /// The power goes at the `calls`th call from now on that changes or syncs; then `percent` of what wasn't synced is
    /// kept.
    pub fn cut_power_at(&mut self, calls: u64, random: fastrand::Rng, percent: u8) {
        self.cut = Some((calls, random, percent));
    }

    /// Whether the power is gone.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// The power is back.
    pub fn power_on(&mut self) {
        self.dead = false;
        self.cut = None;
    }

    /// The power goes now.
    pub fn cut_power(&mut self, random: &mut fastrand::Rng, percent: u8) {
        self.dead = true;
        self.cut = None;
        for names in std::mem::take(&mut self.since) {
            if random.u8(..100) < percent {
                self.make_safe(&names);
            }
        }
        let mut numbers: Vec<_> = self.nodes.keys().copied().collect();
        // The map's own order is another each time.
        numbers.sort_unstable();
        for number in numbers {
            match self.nodes.get_mut(&number) {
                Some(Node::File(file)) => file.cut_power(random, percent),
                Some(Node::Folder(folder)) => folder.now.clone_from(&folder.safe),
                None => {}
            }
        }
        let mut reached = HashSet::from([ROOT]);
        let mut look = vec![ROOT];
        while let Some(number) = look.pop() {
            if let Some(Node::Folder(folder)) = self.nodes.get(&number) {
                look.extend(folder.now.values().filter(|&&inner| reached.insert(inner)));
            }
        }
        self.nodes.retain(|number, _| reached.contains(number));
    }

    /// Lets a call fail.
    pub fn fail(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.seen = 0;
        self.struck = 0;
    }

    /// Lets none fail any more. Says how many did.
    pub fn mend(&mut self) -> u64 {
        self.fault = None;
        self.struck
    }

    /// How many calls since [`Self::fail`] could have failed so.
    pub fn calls_seen(&self) -> u64 {
        self.seen
    }

    /// What stands in the way of a call. Asked for each, first of all.
    pub fn stop(&mut self, kind: Kind) -> Option<Errno> {
        if self.dead {
            return Some(Errno::EIO);
        }
        let fault = self.fault.as_ref()?;
        let (can, errno) = match fault.errno {
            server::Errno::Enospc => (matches!(kind, Kind::Grow | Kind::Sync), Errno::ENOSPC),
            server::Errno::Erofs => (
                matches!(kind, Kind::Grow | Kind::Change | Kind::OpenToWrite),
                Errno::EROFS,
            ),
            server::Errno::Eio => (true, Errno::EIO),
        };
        if !can {
            return None;
        }
        self.seen += 1;
        let strikes = self.seen == fault.at || fault.lasting && self.seen > fault.at;
        strikes.then(|| {
            self.struck += 1;
            errno
        })
    }

    /// After a change, or before a sync: whether the power went.
    pub fn tick(&mut self) -> Option<Errno> {
        let (calls, _, _) = self.cut.as_mut()?;
        *calls = calls.saturating_sub(1);
        if *calls > 0 {
            return None;
        }
        let (_, mut random, percent) = self.cut.take()?;
        self.cut_power(&mut random, percent);
        Some(Errno::EIO)
    }

    /// The node of this number.
    pub fn node(&self, number: u64) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    /// The file of this number.
    pub fn file(&mut self, number: u64) -> Result<&mut File, Errno> {
        match self.nodes.get_mut(&number) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Folder(_)) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    /// The folder of this number.
    pub fn folder(&self, number: u64) -> Result<&Folder, Errno> {
        match self.nodes.get(&number) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    /// What is called so there.
    pub fn find(&self, parent: u64, name: &OsStr) -> Result<u64, Errno> {
        self.folder(parent)?
            .now
            .get(name)
            .copied()
            .ok_or(Errno::ENOENT)
    }

    /// Whether one of its names is such a one.
    pub fn is_called(&self, number: u64, such: impl Fn(&OsStr) -> bool) -> bool {
        self.nodes.values().any(|node| match node {
            Node::Folder(folder) => folder
                .now
                .iter()
                .any(|(name, inner)| *inner == number && such(name)),
            Node::File(_) => false,
        })
    }

    /// A new node there.
    pub fn make(&mut self, parent: u64, name: &OsStr, node: Node) -> Result<u64, Errno> {
        if self.find(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.folder(parent)?;
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, node);
        self.set(vec![(parent, name.to_owned(), Some(number))]);
        Ok(number)
    }

    /// Another name for a file.
    pub fn link(&mut self, number: u64, parent: u64, name: &OsStr) -> Result<(), Errno> {
        if self.find(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.file(number)?;
        self.folder(parent)?;
        self.set(vec![(parent, name.to_owned(), Some(number))]);
        Ok(())
    }

    /// Takes a name away. The node stays for whoever has it open.
    pub fn unlink(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        let number = self.find(parent, name)?;
        if let Node::Folder(folder) = self.node(number)?
            && !folder.now.is_empty()
        {
            return Err(Errno::ENOTEMPTY);
        }
        self.set(vec![(parent, name.to_owned(), None)]);
        Ok(())
    }

    /// Gives it another name, in place of what was called so.
    pub fn rename(
        &mut self,
        from: (u64, &OsStr),
        to: (u64, &OsStr),
        replace: bool,
    ) -> Result<(), Errno> {
        let number = self.find(from.0, from.1)?;
        if !replace && self.find(to.0, to.1).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.set(vec![
            (from.0, from.1.to_owned(), None),
            (to.0, to.1.to_owned(), Some(number)),
        ]);
        Ok(())
    }

    /// Makes a file's bytes safe.
    pub fn sync_file(&mut self, number: u64) -> Result<(), Errno> {
        let deaf = self.deaf;
        let file = self.file(number)?;
        if !deaf {
            file.sync();
        }
        Ok(())
    }

    /// Makes a folder's names safe.
    pub fn sync_folder(&mut self, number: u64) -> Result<(), Errno> {
        self.folder(number)?;
        if self.deaf {
            return Ok(());
        }
        let (safe, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.since)
            .into_iter()
            .partition(|names| names.iter().any(|(folder, _, _)| *folder == number));
        self.since = rest;
        for names in safe {
            self.make_safe(&names);
        }
        Ok(())
    }

    fn set(&mut self, names: Names) {
        for (folder, name, number) in &names {
            if let Some(Node::Folder(folder)) = self.nodes.get_mut(folder) {
                put(&mut folder.now, name, *number);
            }
        }
        self.since.push(names);
    }

    fn make_safe(&mut self, names: &Names) {
        for (folder, name, number) in names {
            if let Some(Node::Folder(folder)) = self.nodes.get_mut(folder) {
                put(&mut folder.safe, name, *number);
            }
        }
    }
}

fn put(names: &mut BTreeMap<OsString, u64>, name: &OsStr, number: Option<u64>) {
    match number {
        Some(number) => names.insert(name.to_owned(), number),
        None => names.remove(name),
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_rename_is_whole_or_not_at_all_and_a_sync_of_the_folder_makes_it_safe() {
        for synced in [false, true] {
            let (mut old, mut new) = (0, 0);
            for seed in 0..50 {
                let mut tree = Tree::default();
                for (name, byte) in [("a", 1), ("b", 2)] {
                    let file = tree
                        .make(ROOT, OsStr::new(name), Node::File(File::default()))
                        .unwrap();
                    tree.file(file).unwrap().write(0, &[byte]);
                }
                let saved = tree.save().unwrap();
                tree.load(&saved).unwrap();
                tree.rename((ROOT, OsStr::new("b")), (ROOT, OsStr::new("a")), true)
                    .unwrap();
                if synced {
                    tree.sync_folder(ROOT).unwrap();
                }
                tree.cut_power(&mut fastrand::Rng::with_seed(seed), 50);
                let a = tree.find(ROOT, OsStr::new("a")).unwrap();
                match tree.file(a).unwrap().now[0] {
                    1 => {
                        old += 1;
                        tree.find(ROOT, OsStr::new("b")).unwrap();
                    }
                    _ => {
                        new += 1;
                        tree.find(ROOT, OsStr::new("b")).unwrap_err();
                    }
                }
            }
            assert_eq!(old == 0, synced);
            assert!(new > 0);
        }
    }

    #[test]
    fn faults_strike_the_calls_that_can_fail_so() {
        let mut tree = Tree::default();
        tree.fail(Fault {
            errno: server::Errno::Enospc,
            at: 2,
            lasting: true,
        });
        let kinds = [Kind::Grow, Kind::Read, Kind::Grow, Kind::Change, Kind::Sync];
        let struck: Vec<_> = kinds.map(|kind| tree.stop(kind).is_some()).into();
        assert_eq!(struck, [false, false, true, false, true]);
        assert_eq!(tree.mend(), 2);
        assert!(tree.stop(Kind::Grow).is_none());
    }
}
