//! The system's calls, carried out on the tree.

use std::{
    ffi::OsStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenAccMode, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};

use super::{
    sectors::File,
    tree::{Folder, Kind, Node, Tree},
};

/// The system remembers nothing: what a power cut took must not be seen any more.
const NEVER: Duration = Duration::ZERO;
const GENERATION: Generation = Generation(0);
const HANDLE: FileHandle = FileHandle(0);

pub(super) struct Calls(Arc<Mutex<Tree>>);

impl Calls {
    pub(super) fn new(tree: Arc<Mutex<Tree>>) -> Self {
        Self(tree)
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that reads.
    fn look<T>(&self, call: impl FnOnce(&mut Tree) -> Result<T, Errno>) -> Result<T, Errno> {
        self.carry_out(Kind::Read, call)
    }

    /// A call that changes something: when the power goes, it may be on the disk or not, or in part.
    fn change<T>(
        &self,
        kind: Kind,
        call: impl FnOnce(&mut Tree) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let mut tree = self.tree();
        if let Some(errno) = tree.stop(kind) {
            return Err(errno);
        }
        let done = call(&mut tree)?;
        tree.tick().map_or(Ok(done), Err)
    }

    fn carry_out<T>(
        &self,
        kind: Kind,
        call: impl FnOnce(&mut Tree) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let mut tree = self.tree();
        match tree.stop(kind) {
            Some(errno) => Err(errno),
            None => call(&mut tree),
        }
    }

    /// When the power goes in the midst of a sync, nothing of it counts.
    fn sync(&self, call: impl FnOnce(&mut Tree) -> Result<(), Errno>) -> Result<(), Errno> {
        let mut tree = self.tree();
        if let Some(errno) = tree.stop(Kind::Sync).or_else(|| tree.tick()) {
            return Err(errno);
        }
        call(&mut tree)
    }
}

fn attributes(tree: &Tree, number: u64) -> Result<FileAttr, Errno> {
    let (kind, size) = match tree.node(number)? {
        Node::File(file) => (FileType::RegularFile, file.now.len() as u64),
        Node::Folder(_) => (FileType::Directory, 0),
    };
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: if kind == FileType::Directory {
            0o700
        } else {
            0o600
        },
        nlink: 1,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        flags: 0,
        blksize: 4096,
    })
}

/// Memory that is shared with a file goes through the system's pages; nothing else does.
fn manner(shared: bool) -> FopenFlags {
    if shared {
        FopenFlags::empty()
    } else {
        FopenFlags::FOPEN_DIRECT_IO
    }
}

/// SQLite's index of a log is memory with a name.
fn is_shared(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(b"-shm")
}

fn entry(reply: ReplyEntry, found: Result<FileAttr, Errno>) {
    match found {
        Ok(found) => reply.entry(&NEVER, &found, GENERATION),
        Err(errno) => reply.error(errno),
    }
}

fn empty(reply: ReplyEmpty, done: Result<(), Errno>) {
    match done {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

fn size(bytes: u64) -> Result<usize, Errno> {
    usize::try_from(bytes).map_err(|_| Errno::EFBIG)
}

impl Filesystem for Calls {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.look(|tree| {
            let number = tree.find(parent.0, name)?;
            attributes(tree, number)
        });
        entry(reply, found);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.look(|tree| attributes(tree, ino.0)) {
            Ok(found) => reply.attr(&NEVER, &found),
            Err(errno) => reply.error(errno),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        length: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let done = self.change(Kind::Change, |tree| {
            if let Some(length) = length {
                let length = size(length)?;
                tree.file(ino.0)?.set_length(length);
            }
            attributes(tree, ino.0)
        });
        match done {
            Ok(found) => reply.attr(&NEVER, &found),
            Err(errno) => reply.error(errno),
        }
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let made = self.change(Kind::Grow, |tree| {
            let number = tree.make(parent.0, name, Node::Folder(Folder::default()))?;
            attributes(tree, number)
        });
        entry(reply, made);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(
            reply,
            self.change(Kind::Change, |tree| tree.unlink(parent.0, name)),
        );
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(
            reply,
            self.change(Kind::Change, |tree| tree.unlink(parent.0, name)),
        );
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if flags.contains(RenameFlags::RENAME_EXCHANGE) {
            return reply.error(Errno::EINVAL);
        }
        let replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        let done = self.change(Kind::Grow, |tree| {
            tree.rename((parent.0, name), (newparent.0, newname), replace)
        });
        empty(reply, done);
    }

    fn link(
        &self,
        _: &Request,
        ino: INodeNo,
        newparent: INodeNo,
        newname: &OsStr,
        reply: ReplyEntry,
    ) {
        let done = self.change(Kind::Grow, |tree| {
            tree.link(ino.0, newparent.0, newname)?;
            attributes(tree, ino.0)
        });
        entry(reply, done);
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let kind = match flags.acc_mode() {
            OpenAccMode::O_RDONLY => Kind::Read,
            _ => Kind::OpenToWrite,
        };
        let opened = self.carry_out(kind, |tree| {
            tree.file(ino.0)?;
            Ok(tree.is_called(ino.0, is_shared))
        });
        match opened {
            Ok(shared) => reply.opened(HANDLE, manner(shared)),
            Err(errno) => reply.error(errno),
        }
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.change(Kind::Grow, |tree| {
            let number = tree.make(parent.0, name, Node::File(File::default()))?;
            attributes(tree, number)
        });
        match made {
            Ok(found) => {
                reply.created(&NEVER, &found, GENERATION, HANDLE, manner(is_shared(name)));
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let cut = |tree: &mut Tree| {
            let bytes = &tree.file(ino.0)?.now;
            let from = size(offset)?.min(bytes.len());
            let end = from.saturating_add(size(length.into())?).min(bytes.len());
            Ok(bytes[from..end].to_vec())
        };
        // A page of shared memory that can't be read ends the process, whatever it is. On a disk it was just written and
        // is in the system's memory; here it is always read anew.
        let shared = self.tree().is_called(ino.0, is_shared);
        let read = if shared {
            cut(&mut self.tree())
        } else {
            self.look(cut)
        };
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.change(Kind::Grow, |tree| {
            let at = size(offset)?;
            tree.file(ino.0)?.write(at, data);
            u32::try_from(data.len()).map_err(|_| Errno::EFBIG)
        });
        match written {
            Ok(length) => reply.written(length),
            Err(errno) => reply.error(errno),
        }
    }

    fn flush(
        &self,
        _: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _lock_owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn fsync(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _datasync: bool,
        reply: ReplyEmpty,
    ) {
        empty(reply, self.sync(|tree| tree.sync_file(ino.0)));
    }

    fn fsyncdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _datasync: bool,
        reply: ReplyEmpty,
    ) {
        empty(reply, self.sync(|tree| tree.sync_folder(ino.0)));
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listed = self.look(|tree| {
            let names = tree.folder(ino.0)?.now.clone();
            let kinds = names.into_iter().filter_map(|(name, number)| {
                let kind = attributes(tree, number).ok()?.kind;
                Some((name, number, kind))
            });
            Ok(kinds.collect::<Vec<_>>())
        });
        match listed {
            Ok(listed) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                for (index, (name, number, kind)) in (1..).zip(listed).skip(from) {
                    if reply.add(INodeNo(number), index, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn statfs(&self, _: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        const BLOCKS: u64 = 1 << 20;
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, 4096, 255, 4096);
    }
}
