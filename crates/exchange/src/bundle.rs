//! A file, a folder or a packed file, all the same to the readers: names, and the bytes behind each.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{self, File},
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use tandem_sealing::{Cost, Opener, Secret};
use zip::{ZipArchive, result::ZipError};

use crate::{Content, ExchangeError, limits};

pub(crate) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// One of the files.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name with its folders, separated by `/`.
    pub(crate) name: String,
    /// Its bytes, as its directory says.
    pub(crate) bytes: u64,
}

/// Where the bytes are.
enum Source {
    One(PathBuf),
    Folder(PathBuf),
    Packed(Box<ZipArchive<Box<dyn ReadSeek>>>),
}

/// What was chosen to be read.
pub(crate) struct Bundle {
    path: PathBuf,
    source: Source,
    /// Bytes that a packed file may still expand to.
    left: u64,
    pub(crate) entries: Vec<Entry>,
    places: HashMap<String, usize>,
}

/// What was chosen, once more, for the attachments in it: these are read while conversations are.
pub struct Files {
    bundle: RefCell<Bundle>,
}

impl Bundle {
    /// Opens `path` and lists what is in it. A sealed file needs its passphrase.
    pub(crate) fn open(path: &Path, passphrase: Option<&str>) -> Result<Self, ExchangeError> {
        let metadata = fs::metadata(path).map_err(|error| ExchangeError::io(path, error))?;
        let (source, entries) = if metadata.is_dir() {
            (Source::Folder(path.to_owned()), walk(path)?)
        } else {
            open_file(path, metadata.len(), passphrase)?
        };
        let places = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.name.clone(), at))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            source,
            left: limits::FREE.max(metadata.len().saturating_mul(limits::EXPANSION)),
            entries,
            places,
        })
    }

    /// Whether there is a file `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Gives the bytes of the file `name` to `take`.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut dyn Read) -> T,
    ) -> Result<T, ExchangeError> {
        let path = self.path.clone();
        let io = |error| ExchangeError::io(&path, error);
        if !self.has(name) {
            return Err(io(io::ErrorKind::NotFound.into()));
        }
        match &mut self.source {
            Source::One(path) => {
                let file = File::open(path).map_err(io)?;
                Ok(take(&mut BufReader::new(file)))
            }
            Source::Folder(root) => {
                let file = File::open(root.join(name)).map_err(io)?;
                Ok(take(&mut BufReader::new(file)))
            }
            Source::Packed(archive) => {
                let file = archive
                    .by_name(name)
                    .map_err(|error| packed(&path, error))?;
                Ok(take(&mut Bounded {
                    inner: file,
                    left: &mut self.left,
                }))
            }
        }
    }

    /// The bytes of the file `name`, `most` at most.
    pub(crate) fn bytes(&mut self, name: &str, most: u64) -> Result<Vec<u8>, ExchangeError> {
        let mut bytes = Vec::new();
        let read = self.read(name, |from| from.take(most + 1).read_to_end(&mut bytes))?;
        read.map_err(|error| ExchangeError::Attachment(error.to_string()))?;
        if bytes.len() as u64 > most {
            return Err(ExchangeError::TooLarge("a file in it is too large"));
        }
        Ok(bytes)
    }
}

impl Files {
    pub(crate) fn new(bundle: Bundle) -> Self {
        Self {
            bundle: RefCell::new(bundle),
        }
    }

    /// The bytes of an attachment.
    pub fn load(&self, content: &Content) -> Result<Vec<u8>, ExchangeError> {
        match content {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Stored { key, .. } => self.bundle.borrow_mut().bytes(key, limits::ATTACHMENT),
        }
    }

    /// The first bytes of a file, to see what it is.
    pub(crate) fn head(&self, name: &str) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        let read = self
            .bundle
            .borrow_mut()
            .read(name, |from| from.take(64).read_to_end(&mut head));
        matches!(read, Ok(Ok(_))).then_some(head)
    }

    /// The file `name`, if there is one.
    pub(crate) fn entry(&self, name: &str) -> Option<Entry> {
        let bundle = self.bundle.borrow();
        let place = bundle.places.get(name)?;
        bundle.entries.get(*place).cloned()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let bundle = self.bundle.borrow();
        bundle
            .entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect()
    }
}

/// No more than what a packed file may expand to.
struct Bounded<'a, R> {
    inner: R,
    left: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        *self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

fn open_file(
    path: &Path,
    bytes: u64,
    passphrase: Option<&str>,
) -> Result<(Source, Vec<Entry>), ExchangeError> {
    let io = |error| ExchangeError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let mut head = Vec::new();
    (&mut file).take(16).read_to_end(&mut head).map_err(io)?;
    file.rewind().map_err(io)?;
    if tandem_sealing::is_sealed(&head) {
        let passphrase = passphrase.ok_or(ExchangeError::PassphraseNeeded)?;
        let secret = Secret::Passphrase(passphrase, Cost::default());
        let opener = Opener::new(file, &secret).map_err(ExchangeError::Sealed)?;
        return unpack(path, Box::new(BufReader::new(opener)));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return unpack(path, Box::new(BufReader::new(file)));
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Err(ExchangeError::Database);
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok((Source::One(path.to_owned()), vec![Entry { name, bytes }]))
}

fn unpack(path: &Path, file: Box<dyn ReadSeek>) -> Result<(Source, Vec<Entry>), ExchangeError> {
    let mut archive = ZipArchive::new(file).map_err(|error| packed(path, error))?;
    if archive.len() > limits::ENTRIES {
        return Err(ExchangeError::TooLarge("there are too many files in it"));
    }
    let mut entries = Vec::with_capacity(archive.len().min(1024));
    for at in 0..archive.len() {
        let file = archive
            .by_index_raw(at)
            .map_err(|error| packed(path, error))?;
        if file.encrypted() {
            return Err(ExchangeError::Locked);
        }
        // A name that isn't text is nobody's.
        let Ok(name) = file.name() else { continue };
        if file.is_file() && !name.starts_with("__MACOSX/") {
            entries.push(Entry {
                name: name.into_owned(),
                bytes: file.size(),
            });
        }
    }
    Ok((Source::Packed(Box::new(archive)), entries))
}

fn packed(path: &Path, error: ZipError) -> ExchangeError {
    match error {
        ZipError::Io(error) => ExchangeError::io(path, error),
        _ => ExchangeError::Damaged {
            conversations: 0,
            why: "the packed file is broken or not whole".to_owned(),
        },
    }
}

/// The files below `root`. Links aren't followed: they may lead out of it, or in a ring.
fn walk(root: &Path) -> Result<Vec<Entry>, ExchangeError> {
    let mut entries = Vec::new();
    let mut waiting = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        let io = |error| ExchangeError::io(&folder, error);
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type().map_err(io)?;
            let name = format!("{prefix}{name}");
            if kind.is_dir() && depth < limits::FOLDERS {
                waiting.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_file() {
                let bytes = entry.metadata().map_err(io)?.len();
                entries.push(Entry { name, bytes });
            }
            if entries.len() > limits::ENTRIES || waiting.len() > limits::ENTRIES {
                return Err(ExchangeError::TooLarge("there are too many files in it"));
            }
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}
