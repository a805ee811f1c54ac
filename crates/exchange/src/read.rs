//! What is in a file, whatever it is called.

use std::{ops::ControlFlow, path::Path};

use serde_json::Value;

use crate::{
    Conversation, ExchangeError, Files, Kind, LeftOut, Reason,
    bundle::Bundle,
    chatgpt::{self, Assets},
    claude,
    draft::Draft,
    jan,
    json::{self, Broken},
    limits, lm_studio, ollama, open_webui,
    stored::{ARCHIVE, MANIFEST, Manifest, Stored, VERSION},
    value::{list, text},
};

/// A file or folder that was chosen to be read.
pub struct Export {
    bundle: Bundle,
    files: Files,
    layout: Layout,
    now_ms: i64,
}

/// How conversations lie in it.
enum Layout {
    /// Our archive.
    Archive(Manifest),
    /// Jan's folders of threads.
    Threads(Vec<String>),
    /// Files of JSON.
    Json(Vec<String>),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it is.
    pub kind: Kind,
    /// Conversations that were given out.
    pub conversations: u64,
    /// Their messages.
    pub messages: u64,
    /// Further versions of a message, or of a conversation's beginning.
    pub branches: u64,
    /// Their attachments.
    pub attachments: u64,
    /// What can't be taken.
    pub left_out: LeftOut,
    /// Whether the taker stopped before the end.
    pub stopped: bool,
}

/// What takes conversations, one by one; the files give the bytes of their attachments.
pub type Taker<'a> = dyn FnMut(Kind, Conversation, &Files) -> ControlFlow<()> + 'a;

impl Export {
    /// Opens a file or a folder. A sealed archive needs its passphrase. `now_ms`, in milliseconds since 1970 UTC, tells
    /// dates that can be from those that can't.
    pub fn open(path: &Path, passphrase: Option<&str>, now_ms: i64) -> Result<Self, ExchangeError> {
        let mut bundle = Bundle::open(path, passphrase)?;
        let layout = layout(&mut bundle)?;
        let files = Files::new(Bundle::open(path, passphrase)?);
        Ok(Self {
            bundle,
            files,
            layout,
            now_ms,
        })
    }

    /// Gives all conversations to `take`, in the order of the file.
    ///
    /// Fails with [`ExchangeError::Unrecognized`] where there are none, and with [`ExchangeError::Damaged`] where the
    /// file breaks off; what was given out before is whole.
    pub fn read(mut self, take: &mut Taker<'_>) -> Result<Summary, ExchangeError> {
        let mut reading = Reading {
            files: &self.files,
            assets: Assets::new(&self.files),
            now_ms: self.now_ms,
            take,
            loose: Vec::new(),
            newer: false,
            told: None,
            summary: Summary {
                kind: Kind::Tandem,
                conversations: 0,
                messages: 0,
                branches: 0,
                attachments: 0,
                left_out: LeftOut::default(),
                stopped: false,
            },
        };
        match &self.layout {
            Layout::Archive(manifest) => {
                reading.told = Some(Kind::Tandem);
                for name in &manifest.files {
                    reading.file(&mut self.bundle, name)?;
                }
                reading.must_be_whole(manifest)?;
            }
            Layout::Threads(folders) => {
                for folder in folders {
                    if let Some(draft) = jan::read(&mut self.bundle, folder, self.now_ms)? {
                        reading.draft(Kind::Jan, draft);
                    }
                    if reading.summary.stopped {
                        break;
                    }
                }
            }
            Layout::Json(names) => {
                for name in names {
                    reading.file(&mut self.bundle, name)?;
                }
            }
        }
        reading.finish()
    }
}

/// Looks at names to see where conversations are, and at contents to see whose.
fn layout(bundle: &mut Bundle) -> Result<Layout, ExchangeError> {
    if bundle.has(MANIFEST)
        && let Ok(found) = serde_json::from_slice::<Value>(&bundle.bytes(MANIFEST, 64 << 20)?)
        && text(&found, "format") == ARCHIVE
    {
        let version = found.get("version").and_then(Value::as_u64);
        if version > Some(u64::from(VERSION)) {
            return Err(ExchangeError::Newer);
        }
        return serde_json::from_value(found)
            .map(Layout::Archive)
            .map_err(|_| ExchangeError::Damaged {
                conversations: 0,
                why: "its table of contents can't be read".to_owned(),
            });
    }
    let names = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        let names = bundle.entries.iter().map(|entry| &entry.name);
        names.filter(|name| is(name)).cloned().collect()
    };
    // The file itself was chosen: nobody else's can be meant.
    if bundle.entries.len() == 1 {
        let only = names(&|_| true);
        if !only[0].ends_with("thread.json") {
            return Ok(Layout::Json(only));
        }
    }
    let accounts = names(&|name| {
        let last = name.rsplit('/').next().unwrap_or_default();
        last.strip_prefix("conversations")
            .and_then(|rest| rest.strip_suffix(".json"))
            .is_some_and(|rest| {
                rest.chars()
                    .all(|letter| letter == '-' || letter.is_ascii_digit())
            })
    });
    if !accounts.is_empty() {
        return Ok(Layout::Json(accounts));
    }
    let threads = jan::folders(bundle);
    if !threads.is_empty() {
        return Ok(Layout::Threads(threads));
    }
    let studio = names(&|name| name.ends_with(".conversation.json"));
    if !studio.is_empty() {
        return Ok(Layout::Json(studio));
    }
    Ok(Layout::Json(names(&|name| {
        Path::new(name).extension().is_some_and(|ending| {
            ending.eq_ignore_ascii_case("json") || ending.eq_ignore_ascii_case("jsonl")
        })
    })))
}

struct Reading<'a, 't> {
    files: &'a Files,
    assets: Assets,
    now_ms: i64,
    take: &'a mut Taker<'t>,
    /// Messages that stand in a file without a conversation around them.
    loose: Vec<Value>,
    /// Whether something of a later Tandem was met.
    newer: bool,
    told: Option<Kind>,
    summary: Summary,
}

impl Reading<'_, '_> {
    fn file(&mut self, bundle: &mut Bundle, name: &str) -> Result<(), ExchangeError> {
        if self.summary.stopped {
            return Ok(());
        }
        let read = bundle.read(name, |from| {
            json::each(from, &mut |value| {
                self.element(value, name);
                if self.summary.stopped {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        })?;
        match read {
            Ok(()) => self.settle_loose(),
            Err(Broken::Stopped) => {}
            Err(broken) => {
                self.settle_loose();
                return Err(self.broken(bundle, name, broken));
            }
        }
        if self.newer {
            return Err(ExchangeError::Newer);
        }
        Ok(())
    }

    fn broken(&self, bundle: &Bundle, name: &str, broken: Broken) -> ExchangeError {
        let conversations = self.summary.conversations;
        match broken {
            // A file that isn't JSON at all is just another kind of file.
            Broken::Syntax(_) if conversations == 0 && bundle.entries.len() == 1 => {
                ExchangeError::Unrecognized
            }
            Broken::Syntax(why) => ExchangeError::Damaged { conversations, why },
            Broken::Read(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                ExchangeError::Damaged {
                    conversations,
                    why: "a part of it was changed or is missing".to_owned(),
                }
            }
            Broken::Read(error) => ExchangeError::io(name, error),
            Broken::TooLarge | Broken::Stopped => ExchangeError::TooLarge(
                "one conversation in it is larger than 128 MB, or all of it than 8 GB",
            ),
        }
    }

    fn element(&mut self, value: Value, name: &str) {
        let now_ms = self.now_ms;
        if let Some(version) = value.get("tandem").and_then(Value::as_u64) {
            if version > u64::from(VERSION) {
                self.newer = true;
                return;
            }
            match serde_json::from_value::<Stored>(value) {
                Ok(stored) => self.draft(Kind::Tandem, stored.draft(self.files, now_ms)),
                Err(_) => self.summary.left_out.add(Reason::Unreadable),
            }
        } else if value.get("mapping").is_some_and(Value::is_object) {
            let draft = chatgpt::draft(&value, self.files, &self.assets, now_ms);
            self.known(Kind::ChatGpt, draft, &value);
        } else if value.get("chat_messages").is_some_and(Value::is_array) {
            self.known(Kind::Claude, claude::draft(&value, now_ms), &value);
        } else if open_webui::is_chat(&value) {
            self.known(Kind::OpenWebUi, open_webui::draft(&value, now_ms), &value);
        } else if list(&value, "messages")
            .first()
            .is_some_and(|first| first.get("versions").is_some())
        {
            let draft = lm_studio::draft(&value, name, now_ms);
            self.known(Kind::LmStudio, draft, &value);
        } else if list(&value, "messages")
            .first()
            .is_some_and(|first| first.get("role").is_some())
        {
            self.known(Kind::Ollama, ollama::draft(&value, now_ms), &value);
        } else if value.get("role").is_some_and(Value::is_string) && value.get("content").is_some()
        {
            if self.loose.len() < limits::MESSAGES {
                self.loose.push(value);
            } else {
                self.summary.left_out.add(Reason::TooMany);
            }
        }
    }

    /// Messages without a conversation around them are one conversation.
    fn settle_loose(&mut self) {
        let loose = std::mem::take(&mut self.loose);
        let Some(first) = loose.first() else { return };
        if text(first, "object") == "thread.message" {
            let draft = jan::draft(&Value::Null, &loose, self.now_ms);
            self.draft(Kind::Jan, draft);
        } else {
            let draft = ollama::from_list(&loose, "", self.now_ms);
            self.draft(Kind::Ollama, draft);
        }
    }

    fn known(&mut self, kind: Kind, mut draft: Draft, value: &Value) {
        if draft.id.is_empty() {
            draft.id = ollama::digest(value);
        }
        self.draft(kind, draft);
    }

    fn draft(&mut self, kind: Kind, draft: Draft) {
        let kind = *self.told.get_or_insert(kind);
        self.summary.kind = kind;
        match draft.build(self.now_ms) {
            Ok(mut conversation) => {
                if conversation.id.is_empty() {
                    conversation.id.clone_from(&conversation.messages[0].id);
                }
                let summary = &mut self.summary;
                summary.conversations += 1;
                summary.messages += conversation.messages.len() as u64;
                summary.branches += conversation.branches();
                let attachments = conversation
                    .messages
                    .iter()
                    .map(|m| m.attachments.len() as u64);
                summary.attachments += attachments.sum::<u64>();
                summary.left_out.absorb(&conversation.left_out);
                summary.stopped = (self.take)(kind, conversation, self.files).is_break();
            }
            Err(left_out) => self.summary.left_out.absorb(&left_out),
        }
    }

    fn must_be_whole(&self, manifest: &Manifest) -> Result<(), ExchangeError> {
        let unread = self.summary.left_out.count(Reason::Unreadable)
            + self.summary.left_out.count(Reason::EmptyConversations);
        if self.summary.stopped || self.summary.conversations + unread == manifest.conversations {
            return Ok(());
        }
        Err(ExchangeError::Damaged {
            conversations: self.summary.conversations,
            why: format!("it says that it holds {}", manifest.conversations),
        })
    }

    fn finish(self) -> Result<Summary, ExchangeError> {
        // Only what can't be taken is no conversation either, but an export that holds none by right is one.
        let known = self.told.is_some() || self.summary.left_out.count(Reason::Unreadable) > 0;
        if known || self.summary.stopped {
            Ok(self.summary)
        } else {
            Err(ExchangeError::Unrecognized)
        }
    }
}
