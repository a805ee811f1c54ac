//! New keys: everything is encrypted anew, under a new data key.
//!
//! A copy of the database is written beside it under the new key and checked. Then `keys.json` is replaced by one with the
//! new wraps that says so: this alone decides. Killed before, the vault is the old one and the copy is removed at the next
//! start; killed after, the next start puts the copy in place.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::Arc,
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use zeroize::Zeroizing;

use crate::{
    KeyStore, Phrase, Unlock, Vault, VaultError,
    custody::wrap_known,
    database::{Seal, options, sealed},
    durable, entry,
    kdf::Kdf,
    key_file::KeyFile,
    keys::Key,
    place::Place,
    vault::{Trust, blocking, key_of},
    wrap::{PASSPHRASE, PHRASE},
};

/// A new data key and the key file that goes with it.
struct New {
    dek: Key,
    file: KeyFile,
}

impl Vault {
    /// Gives the vault new keys and returns it anew; this one is closed. `phrase` becomes its recovery phrase; a vault that
    /// a passphrase locks needs that, and keeps it. Takes as long as copying the database; other calls wait meanwhile, and
    /// fail with [`VaultError::Closed`] afterwards.
    ///
    /// Keys, phrase and key files of before open only copies and backups of before. When it fails before anything was
    /// decided, the vault is as it was, and open, unless the disk failed at the last step: then it is closed. Fails with
    /// [`VaultError::WrongKey`] for another passphrase and [`VaultError::Twin`] when another folder needs the keyring's key.
    pub async fn rotate(
        &self,
        phrase: &Phrase,
        passphrase: Option<Zeroizing<String>>,
    ) -> Result<Self, VaultError> {
        if self.ways()?.keyring {
            self.refuse_twin()?;
        }
        let custody = self.custody()?;
        let (place, keys) = (custody.place.clone(), Arc::clone(&custody.keys));
        let before = custody.file()?;
        let (secret, old, store, there) = (
            phrase.secret(),
            before.clone(),
            Arc::clone(&keys),
            place.clone(),
        );
        let new = blocking(move || make(&there, &old, &secret, passphrase, store.as_ref())).await?;
        let copied = self.copy_under(&place, &new.dek.for_database()?).await;
        if let Err(error) = copied {
            let (there, store, made) = (place.clone(), Arc::clone(&keys), new.file.entry());
            blocking(move || {
                if let Some(made) = made {
                    // One that stays opens nothing.
                    let _ = store.remove(made);
                }
                discard(&there)
            })
            .await?;
            return Err(error);
        }
        let owner = self.take_owner().ok_or(VaultError::Closed)?;
        let there = place.clone();
        let new = blocking(move || {
            custody.close();
            new.file.replace(&there, &before)?;
            finish(&there)?;
            Ok(new)
        })
        .await?;
        let (vault, entry, store) = (new.file.vault, new.file.entry(), Arc::clone(&keys));
        let opened = Self::with_key(place, owner, keys, new.dek, new.file, Trust::Database).await?;
        opened.settled().await?;
        blocking(move || {
            entry::note(vault, entry, store.as_ref());
            Ok(())
        })
        .await?;
        // Where the keyring refuses, the next start tries again.
        let _ = opened.tidy_keyring().await?;
        Ok(opened)
    }

    /// Writes and checks the copy, and closes the database before anything else is written to it.
    async fn copy_under(&self, place: &Place, key: &Key) -> Result<(), VaultError> {
        let there = place.clone();
        blocking(move || discard(&there)).await?;
        self.database.empty_log().await?;
        // Whoever holds the one connection is alone.
        let mut held = self
            .pool()
            .acquire()
            .await
            .map_err(|error| self.fault(error))?;
        copy(&mut held, place, key)
            .await
            .map_err(|error| self.fault(error))?;
        let facts = facts(&mut held).await.map_err(|error| self.fault(error))?;
        check(place, key, &facts).await?;
        let closing = self.pool().close();
        held.close().await.map_err(|error| self.fault(error))?;
        closing.await;
        Ok(())
    }
}

/// Makes the new key and all its wraps.
fn make(
    place: &Place,
    before: &KeyFile,
    phrase: &[u8],
    passphrase: Option<Zeroizing<String>>,
    keys: &dyn KeyStore,
) -> Result<New, VaultError> {
    if matches!(KeyFile::read(place)?, Some(there) if there != *before) {
        return Err(VaultError::KeysChanged {
            path: place.key_file(),
        });
    }
    let dek = Key::random()?;
    let mut file = before.clone();
    file.swap = true;
    let kdf = Kdf::for_phrase()?;
    file.put(wrap_known(place, file.vault, PHRASE, kdf, phrase, &dek)?);
    if before.wrap(PASSPHRASE).is_some() {
        let passphrase = passphrase.ok_or(VaultError::WrongKey)?;
        key_of(place, before, &Unlock::Passphrase(passphrase.clone()), keys)?;
        let (kdf, secret) = (Kdf::tuned()?, passphrase.as_bytes());
        file.put(wrap_known(
            place, file.vault, PASSPHRASE, kdf, secret, &dek,
        )?);
    }
    if let Some(old) = before.wrap(crate::wrap::KEYRING) {
        if entry::is_used(file.vault, old, keys) {
            file.stale.push(entry::name_of(file.vault, old));
        }
        file.put(entry::make(file.vault, &dek, keys)?);
    }
    Ok(New { dek, file })
}

/// Copies the database under another key.
async fn copy(held: &mut SqliteConnection, place: &Place, key: &Key) -> Result<(), sqlx::Error> {
    let path = place.next_database();
    // Made here, with its mode.
    durable::private_file()
        .write(true)
        .create_new(true)
        .open(&path)?;
    // The key is bound, not written into the statement. It is in quotes for a pragma, and bare here.
    let pragma = key.pragma();
    sqlx::query("ATTACH DATABASE ?1 AS next KEY ?2")
        .persistent(false)
        .bind(path.to_str())
        .bind(pragma.trim_matches('"'))
        .execute(&mut *held)
        .await?;
    let exported = export(held).await;
    let detached = sqlx::query("DETACH DATABASE next")
        .persistent(false)
        .execute(&mut *held)
        .await;
    exported.and(detached.map(drop))
}

async fn export(held: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // It is worth nothing before it is whole and synced: no journal is needed.
    for statement in [
        // Before the first page, as for every new database (docs/adr/0012).
        "PRAGMA next.cipher_hmac_algorithm = HMAC_SHA256",
        "PRAGMA next.journal_mode = OFF",
        "PRAGMA next.synchronous = OFF",
        "SELECT sqlcipher_export('next')",
    ] {
        sqlx::query(statement)
            .persistent(false)
            .fetch_all(&mut *held)
            .await?;
    }
    Ok(())
}

/// What must be the same in a copy: tables, indices, triggers, and how much is in each table.
async fn facts(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let parts: Vec<(String, String, Option<String>)> =
        sqlx::query_as("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
            .persistent(false)
            .fetch_all(&mut *connection)
            .await?;
    let mut facts = Vec::with_capacity(parts.len());
    for (kind, name, sql) in parts {
        let sql = sql.unwrap_or_default();
        let stored = kind == "table" && !sql.starts_with("CREATE VIRTUAL");
        let count = if stored {
            let quoted = name.replace('"', "\"\"");
            let count: i64 =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM \"{quoted}\"")))
                    .persistent(false)
                    .fetch_one(&mut *connection)
                    .await?;
            count
        } else {
            0
        };
        facts.push(format!("{kind} {name} {count} {sql}"));
    }
    let said: i64 = sqlx::query_scalar("SELECT coalesce(sum(length(text)), 0) FROM messages")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
    facts.push(format!("letters {said}"));
    Ok(facts)
}

/// Reads the whole copy under its key, and syncs it.
async fn check(place: &Place, key: &Key, expected: &[String]) -> Result<(), VaultError> {
    let path = place.next_database();
    let unsound = |why: String| VaultError::Damaged {
        path: path.clone(),
        why,
    };
    let fault = |error| crate::database::typed(error, &path);
    let mut copy = sealed(options(&path), key, Seal::Sha256)
        .connect()
        .await
        .map_err(fault)?;
    let mut wrong = None;
    for check in ["PRAGMA cipher_integrity_check", "PRAGMA integrity_check"] {
        let found: Vec<String> = sqlx::query_scalar(check)
            .fetch_all(&mut copy)
            .await
            .map_err(fault)?;
        wrong = wrong.or(found.into_iter().find(|line| line != "ok"));
    }
    if wrong.is_none() && facts(&mut copy).await.map_err(fault)? != expected {
        wrong = Some("the copy isn't what was copied".to_owned());
    }
    // Empties the log into the file and removes it.
    copy.close().await.map_err(fault)?;
    if let Some(why) = wrong {
        return Err(unsound(why));
    }
    let place = place.clone();
    blocking(move || {
        let path = place.next_database();
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| VaultError::from_io(&path, error))?;
        durable::sync_dir(place.dir())
    })
    .await
}

/// Brings the folder to one state after an interruption, for the vault's owner alone. The mark in `keys.json` stays until
/// the database was opened: [`Vault::settled`] is due then.
pub(crate) fn settle(place: &Place, file: &KeyFile) -> Result<(), VaultError> {
    if file.swap {
        finish(place)
    } else {
        // Nothing was decided: the copy is worth nothing.
        discard(place)
    }
}

/// Puts the new database in the place of the old one, as `keys.json` decided.
fn finish(place: &Place) -> Result<(), VaultError> {
    // The decision is on the disk before anything follows from it.
    durable::sync_dir(place.dir())?;
    let next = place.next_database();
    let there = next
        .try_exists()
        .map_err(|error| VaultError::from_io(&next, error))?;
    if there {
        // The old log belongs to the old database.
        for name in ["vault.db-wal", "vault.db-shm", "vault.db-journal"] {
            remove(&place.dir().join(name))?;
        }
        fs::rename(&next, place.database())
            .map_err(|error| VaultError::from_io(place.database(), error))?;
        durable::sync_dir(place.dir())?;
    }
    // What was computed of conversations is under the old key, and no loss.
    match fs::remove_dir_all(place.states()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::from_io(place.states(), error))
        }
        _ => Ok(()),
    }
}

fn discard(place: &Place) -> Result<(), VaultError> {
    let next = place.next_database();
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = next.clone().into_os_string();
        name.push(end);
        remove(Path::new(&name))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::from_io(path, error))
        }
        _ => Ok(()),
    }
}
