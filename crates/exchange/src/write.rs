//! Writes conversations: our archive, JSON, Markdown.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

use tandem_sealing::{Cost, Sealer, Secret};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use crate::{
    Attachment, Content, Conversation, ExchangeError, Target, markdown,
    stored::{ARCHIVE, MANIFEST, Manifest, Stored, VERSION},
    text, time,
};

/// Bytes of conversations that are gathered for one file of an archive.
const GATHER: usize = 4 << 20;

/// How conversations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our archive: everything, attachments too.
    Archive,
    /// One file of JSON: everything but the bytes of attachments.
    Json,
    /// The shown path of one conversation as one page, or of several as a packed file of pages.
    Markdown {
        /// Whether there is one only.
        one: bool,
    },
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Conversations.
    pub conversations: u64,
    /// Their messages.
    pub messages: u64,
    /// Attachments with their bytes.
    pub attachments: u64,
}

/// Gives the bytes of an attachment of the conversation that is being written.
pub type Load<'a> = dyn FnMut(&str) -> Result<Vec<u8>, ExchangeError> + 'a;

/// Writes conversations into a new file, which is in its place after [`Writer::finish`].
pub struct Writer {
    body: Body,
    written: Written,
    now_ms: i64,
}

enum Body {
    Archive(Box<Packed>, Archive),
    Json(Box<Out>),
    Page(Box<Out>),
    Pages(Box<Packed>, Names),
}

type Packed = ZipWriter<StreamWriter<Out>>;

#[derive(Default)]
struct Archive {
    gathered: Vec<u8>,
    files: Vec<String>,
    attachments: u64,
}

/// The file, sealed or not.
enum Out {
    Plain(Target),
    Sealed(Box<Sealer<Target>>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Sealed(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Sealed(file) => file.flush(),
        }
    }
}

impl Writer {
    /// Begins. With a passphrase the file is sealed, which takes a moment. `now_ms` is in milliseconds since 1970 UTC.
    pub fn begin(
        target: Target,
        format: Format,
        passphrase: Option<&str>,
        now_ms: i64,
    ) -> Result<Self, ExchangeError> {
        let path = target.path().to_owned();
        let io = |error| ExchangeError::io(&path, error);
        let mut out = match passphrase {
            None => Out::Plain(target),
            Some(passphrase) => {
                let secret = Secret::Passphrase(passphrase, Cost::default());
                let sealer = Sealer::new(target, &secret).map_err(ExchangeError::Sealed)?;
                Out::Sealed(Box::new(sealer))
            }
        };
        let body = match format {
            Format::Archive => {
                Body::Archive(Box::new(ZipWriter::new_stream(out)), Archive::default())
            }
            Format::Json => {
                let head = format!(
                    "{{\"format\":\"tandem-conversations\",\"version\":{VERSION},\"written\":\"{}\",\
                     \"conversations\":[",
                    time::shown(now_ms)
                );
                out.write_all(head.as_bytes()).map_err(io)?;
                Body::Json(Box::new(out))
            }
            Format::Markdown { one: true } => Body::Page(Box::new(out)),
            Format::Markdown { one: false } => {
                Body::Pages(Box::new(ZipWriter::new_stream(out)), Names::default())
            }
        };
        Ok(Self {
            body,
            written: Written::default(),
            now_ms,
        })
    }

    /// Writes one more. `load` gives the bytes of what is [`Content::Stored`], by its key.
    pub fn add(
        &mut self,
        conversation: &Conversation,
        load: &mut Load<'_>,
    ) -> Result<(), ExchangeError> {
        match &mut self.body {
            Body::Archive(packed, archive) => {
                let before = archive.attachments;
                archive.add(packed, conversation, load)?;
                self.written.attachments += archive.attachments - before;
            }
            Body::Json(out) => {
                if self.written.conversations > 0 {
                    out.write_all(b",").map_err(failed)?;
                }
                let stored = Stored::new(conversation, |_| Ok(None))?;
                out.write_all(b"\n").map_err(failed)?;
                serde_json::to_writer(&mut **out, &stored).map_err(|error| failed(error.into()))?;
            }
            Body::Page(out) => {
                let page = markdown::write(conversation);
                out.write_all(page.as_bytes()).map_err(failed)?;
            }
            Body::Pages(packed, names) => {
                let name = names.next(conversation);
                put(packed, &name, markdown::write(conversation).as_bytes())?;
            }
        }
        self.written.conversations += 1;
        self.written.messages += conversation.messages.len() as u64;
        Ok(())
    }

    /// Ends the file and puts it in its place.
    pub fn finish(self) -> Result<Written, ExchangeError> {
        let written = self.written;
        let out = match self.body {
            Body::Archive(mut packed, mut archive) => {
                archive.flush(&mut packed)?;
                let manifest = Manifest {
                    format: ARCHIVE.to_owned(),
                    version: VERSION,
                    written: time::shown(self.now_ms),
                    conversations: written.conversations,
                    messages: written.messages,
                    attachments: written.attachments,
                    files: archive.files,
                };
                let manifest =
                    serde_json::to_vec_pretty(&manifest).map_err(|error| failed(error.into()))?;
                put(&mut packed, MANIFEST, &manifest)?;
                packed
                    .finish()
                    .map_err(|error| failed(error.into()))?
                    .into_inner()
            }
            Body::Json(mut out) => {
                out.write_all(b"\n]}\n").map_err(failed)?;
                *out
            }
            Body::Page(out) => *out,
            Body::Pages(packed, _) => packed
                .finish()
                .map_err(|error| failed(error.into()))?
                .into_inner(),
        };
        let target = match out {
            Out::Plain(mut target) => {
                target.flush().map_err(failed)?;
                target
            }
            Out::Sealed(sealer) => sealer.finish().map_err(failed)?,
        };
        target.commit()?;
        Ok(written)
    }
}

impl Archive {
    fn add(
        &mut self,
        packed: &mut Packed,
        conversation: &Conversation,
        load: &mut Load<'_>,
    ) -> Result<(), ExchangeError> {
        let stored = Stored::new(conversation, |attachment: &Attachment| {
            let name = format!("attachments/{:06}", self.attachments + 1);
            let loaded;
            let bytes = match &attachment.content {
                Content::Bytes(bytes) => bytes,
                Content::Stored { key, .. } => {
                    loaded = load(key)?;
                    &loaded
                }
            };
            put(packed, &name, bytes)?;
            self.attachments += 1;
            Ok(Some(name))
        })?;
        serde_json::to_writer(&mut self.gathered, &stored).map_err(|error| failed(error.into()))?;
        self.gathered.push(b'\n');
        if self.gathered.len() >= GATHER {
            self.flush(packed)?;
        }
        Ok(())
    }

    fn flush(&mut self, packed: &mut Packed) -> Result<(), ExchangeError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let name = format!("conversations/{:06}.jsonl", self.files.len() + 1);
        put(packed, &name, &self.gathered)?;
        self.files.push(name);
        self.gathered.clear();
        Ok(())
    }
}

fn put(packed: &mut Packed, name: &str, bytes: &[u8]) -> Result<(), ExchangeError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(bytes.len() >= 1 << 31);
    packed
        .start_file(name, options)
        .map_err(|error| failed(error.into()))?;
    packed.write_all(bytes).map_err(failed)
}

/// Names for pages, no two alike.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// The number to try next for a name that is taken.
    numbers: HashMap<String, u32>,
}

impl Names {
    fn next(&mut self, conversation: &Conversation) -> String {
        let title = if conversation.title.is_empty() {
            "conversation"
        } else {
            &conversation.title
        };
        let date = time::shown(conversation.created_ms);
        let day = date.get(..10).unwrap_or_default();
        let title = text::file_name(&title.replace(['/', '\\', '.'], "_"));
        let base = format!("{day} {title}");
        let number = self.numbers.entry(base.to_lowercase()).or_insert(1);
        loop {
            let name = if *number == 1 {
                format!("{base}.md")
            } else {
                format!("{base} {number}.md")
            };
            *number += 1;
            // Systems that know no capitals would take one for the other.
            if self.taken.insert(name.to_lowercase()) {
                return name;
            }
        }
    }
}

fn failed(error: io::Error) -> ExchangeError {
    ExchangeError::io("the new file", error)
}
