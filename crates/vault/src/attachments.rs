//! Attachments: a row with a key of its own in the database, and the sealed bytes in a file beside it.
//!
//! The file is written and on the disk before the row is; the row goes before the file does. So a row without its file is
//! damage, and a file without its row is rubbish that nobody can read, which is swept away.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use sqlx::Row;
use tandem_conversation::{ConversationId, MessageId};
use tandem_sealing::{Opener, SealError, Sealer, Secret};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Vault, VaultError, durable, keys::KEY_BYTES, rows};

/// An attachment without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Its id.
    pub id: Uuid,
    /// The message that it is attached to.
    pub message: MessageId,
    /// Its name, without folders.
    pub name: String,
    /// Its kind, such as `image/png`.
    pub mime: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A sealed file that was written and has no row yet.
pub(crate) struct Kept {
    pub(crate) id: Uuid,
    pub(crate) key: Zeroizing<[u8; KEY_BYTES]>,
}

impl Vault {
    /// The attachments of a conversation, message by message, in the order in which they were attached.
    pub async fn attachments(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<AttachmentRow>, VaultError> {
        let found = sqlx::query(
            "SELECT a.id, m.id AS message, a.name, a.mime, a.bytes
             FROM messages m JOIN attachments a ON a.message = m.row
             WHERE m.conversation = ?1 ORDER BY m.row, a.row",
        )
        .bind(conversation.0.as_bytes().as_slice())
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(AttachmentRow {
                id: rows::id(row, "id")?,
                message: MessageId(rows::id(row, "message")?),
                name: row.try_get("name")?,
                mime: row.try_get("mime")?,
                bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or(0),
            })
        };
        found
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(error))
    }

    /// The bytes of an attachment, whole and as they were.
    ///
    /// Fails with [`VaultError::NoAttachment`], and with [`VaultError::Damaged`] when its file was changed, cut or taken
    /// away.
    pub async fn attachment(&self, id: Uuid) -> Result<Vec<u8>, VaultError> {
        let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM attachments WHERE id = ?1")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        let key = Zeroizing::new(key.ok_or(VaultError::NoAttachment)?);
        let path = file(&folder(self.dir()), id);
        blocking(move || {
            let mut secret = Zeroizing::new([0; KEY_BYTES]);
            if key.len() != KEY_BYTES {
                return Err(damaged(&path, "its key is cut short"));
            }
            secret.copy_from_slice(&key);
            read(&path, &secret)
        })
        .await
    }

    /// Removes files of attachments that have no row: those of an import that was cut off, and those whose row is gone.
    /// For the start, before anything is imported. Returns how many there were.
    pub async fn sweep_attachments(&self) -> Result<u64, VaultError> {
        let known: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM attachments")
            .fetch_all(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        let known: std::collections::HashSet<String> = known
            .iter()
            .filter_map(|id| Uuid::from_slice(id).ok())
            .map(name)
            .collect();
        let folder = folder(self.dir());
        let swept = blocking(move || {
            let mut swept = 0;
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(VaultError::from_io(folder, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| VaultError::from_io(&folder, error))?;
                if !known.contains(entry.file_name().to_string_lossy().as_ref()) {
                    remove(&entry.path())?;
                    swept += 1;
                }
            }
            Ok(swept)
        })
        .await?;
        self.forget_gone().await?;
        Ok(swept)
    }

    /// Removes the files of attachments whose rows were deleted just now.
    pub(crate) async fn remove_gone(&self) -> Result<(), VaultError> {
        let gone: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM attachments_gone")
            .fetch_all(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        if gone.is_empty() {
            return Ok(());
        }
        let folder = folder(self.dir());
        blocking(move || {
            for id in gone.iter().filter_map(|id| Uuid::from_slice(id).ok()) {
                remove(&file(&folder, id))?;
            }
            durable::sync_dir(&folder)
        })
        .await?;
        self.forget_gone().await
    }

    async fn forget_gone(&self) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        sqlx::query("DELETE FROM attachments_gone")
            .execute(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
        change.commit().await
    }

    /// Seals bytes into files with keys of their own, on the disk when this returns. When one can't be written, none
    /// stays.
    pub(crate) async fn keep_files(&self, contents: Vec<Vec<u8>>) -> Result<Vec<Kept>, VaultError> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let folder = folder(self.dir());
        blocking(move || {
            durable::private_dir(&folder)?;
            let mut kept = Vec::with_capacity(contents.len());
            for content in &contents {
                match keep(&folder, content) {
                    Ok(one) => kept.push(one),
                    Err(error) => {
                        drop_files(&folder, &kept);
                        return Err(error);
                    }
                }
            }
            if let Err(error) = durable::sync_dir(&folder) {
                drop_files(&folder, &kept);
                return Err(error);
            }
            Ok(kept)
        })
        .await
    }

    /// Removes files that got no row after all.
    pub(crate) async fn drop_kept(&self, kept: Vec<Kept>) {
        let folder = folder(self.dir());
        // What stays is swept at the next start.
        let _ = blocking(move || {
            drop_files(&folder, &kept);
            Ok(())
        })
        .await;
    }
}

/// Where the files are.
fn folder(vault: &Path) -> PathBuf {
    vault.join("attachments")
}

fn file(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(name(id))
}

fn name(id: Uuid) -> String {
    id.simple().to_string()
}

fn keep(folder: &Path, content: &[u8]) -> Result<Kept, VaultError> {
    let mut id = [0; 16];
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut id).map_err(|_| VaultError::NoRandomness)?;
    getrandom::fill(key.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
    let id = uuid::Builder::from_random_bytes(id).into_uuid();
    let path = file(folder, id);
    let written = (|| -> Result<(), SealError> {
        let file = durable::private_file()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let mut sealer = Sealer::new(file, &Secret::Key(&key))?;
        sealer.write_all(content)?;
        sealer.finish()?.sync_all()?;
        Ok(())
    })();
    match written {
        Ok(()) => Ok(Kept { id, key }),
        Err(error) => {
            // Half a file, without a row.
            let _ = fs::remove_file(&path);
            Err(match error {
                SealError::Io(error) => VaultError::from_io(path, error),
                SealError::NoRandomness => VaultError::NoRandomness,
                other => VaultError::Database(other.to_string()),
            })
        }
    }
}

fn read(path: &Path, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged(path, "it is missing"));
        }
        Err(error) => return Err(VaultError::from_io(path, error)),
    };
    let opened = Opener::new(BufReader::new(file), &Secret::Key(key));
    let mut opener = opened.map_err(|error| match error {
        SealError::Io(error) => VaultError::from_io(path, error),
        _ => damaged(path, "it was changed or cut"),
    })?;
    let mut bytes = Vec::with_capacity(usize::try_from(opener.length()).unwrap_or(0));
    opener
        .read_to_end(&mut bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => damaged(path, "it was changed"),
            _ => VaultError::from_io(path, error),
        })?;
    Ok(bytes)
}

fn damaged(path: &Path, why: &str) -> VaultError {
    VaultError::Damaged {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

fn drop_files(folder: &Path, kept: &[Kept]) {
    for one in kept {
        if let Err(error) = remove(&file(folder, one.id)) {
            tracing::warn!(%error, "a file that belongs to nothing can't be removed");
        }
    }
}

fn remove(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::from_io(path, error))
        }
        _ => Ok(()),
    }
}

/// Runs what blocks off the async threads.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|error| Err(VaultError::Database(error.to_string())))
}
