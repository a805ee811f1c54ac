//! What can still be read of a damaged vault is copied, row by row, to a new one; the damaged files are kept.

mod mend;
mod rows;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rows::Readable;

use crate::{
    KeyStore, OsKeyring, Unlock, Vault, VaultError,
    counter::{Counter, Kept},
    database::{Database, drop_index},
    key_file::KeyFile,
    keys::Key,
    owner::Owner,
    place::Place,
    settle::settle,
    swap::{self, Aside},
    tree,
    vault::{blocking, find_key, key_lost},
};

/// What was saved out of a damaged vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescued {
    /// Conversations that are in the new vault, those included whose title or folder is lost.
    pub conversations: u64,
    /// Messages that are in the new vault.
    pub messages: u64,
    /// Places of messages that couldn't be read. Some of them may have been deleted before.
    pub lost_messages: u64,
    /// Other rows that couldn't be read, as far as they can be counted: titles, folders, tags, settings.
    pub lost_others: u64,
    /// The folder in which the damaged files are kept.
    pub kept: PathBuf,
}

impl Vault {
    /// Copies all that can be read of the vault in `dir` into a new file, which takes its place; the damaged files are
    /// kept aside. The vault must not be open. `now_ms` is in milliseconds since 1970 UTC.
    ///
    /// Fails with [`VaultError::BeyondRescue`] when nothing can be read; nothing is changed then. When it is interrupted,
    /// the next start has the old files or the new ones.
    pub async fn rescue(dir: &Path, unlock: Unlock, now_ms: i64) -> Result<Rescued, VaultError> {
        Self::rescue_with(dir, unlock, Arc::new(OsKeyring::new()), now_ms).await
    }

    /// [`Vault::rescue`] with another keyring.
    pub async fn rescue_with(
        dir: &Path,
        unlock: Unlock,
        keys: Arc<dyn KeyStore>,
        now_ms: i64,
    ) -> Result<Rescued, VaultError> {
        let place = Place::new(dir)?;
        let there = place.clone();
        let (owner, key, staged, counter, given) = blocking(move || {
            let owner = Owner::take(&there)?;
            settle(&there, keys.as_ref())?;
            let key = find_key(&there, &unlock, keys.as_ref())?;
            let file = KeyFile::read(&there)?.ok_or_else(|| key_lost(&there))?;
            let counting = key.for_counter()?;
            let given = match Counter::new(there.counter(), counting.clone(), file.vault).kept()? {
                Kept::Number(number) => number,
                Kept::Missing | Kept::Damaged => 0,
            };
            let staged = swap::stage(&there)?;
            // Both have them then: a file whose row is lost here would be swept away at the next start.
            tree::link(&there.attachments(), &staged.attachments())?;
            let counter = Counter::new(staged.counter(), counting, file.vault);
            Ok((owner, key, staged, counter, given))
        })
        .await?;
        let key = key.for_database()?;
        let saved = save(&place, &staged, &key, given).await;
        blocking(move || {
            let (mut rescued, number) = match saved {
                Ok(saved) => saved,
                Err(error) => {
                    // Not decided: it would go at the next start too.
                    let _ = swap::settle(&place);
                    return Err(error);
                }
            };
            counter.set(number)?;
            counter.close();
            rescued.kept = place
                .dir()
                .join(swap::decide(&place, Aside::Damaged, now_ms)?);
            drop(owner);
            Ok(rescued)
        })
        .await
    }
}

/// Fills the staged vault. Returns what was saved, and the number of its last commit.
async fn save(
    place: &Place,
    staged: &Place,
    key: &Key,
    given: u64,
) -> Result<(Rescued, u64), VaultError> {
    let mut old = Readable::open(place, key).await?;
    let new = Database::open(staged, key, 0).await?;
    let saved = fill(&mut old, &new, given).await;
    old.close().await;
    drop_index(place);
    let closed = new.close().await;
    let saved = saved?;
    closed?;
    Ok(saved)
}

async fn fill(
    old: &mut Readable,
    new: &Database,
    given: u64,
) -> Result<(Rescued, u64), VaultError> {
    let (lost_messages, lost_others) = rows::copy_all(old, new).await?;
    let (conversations, messages) = mend::mend(new).await?;
    if conversations == 0 && lost_messages > 0 {
        return Err(VaultError::BeyondRescue {
            path: old.path().to_owned(),
        });
    }
    let number = given + 1;
    new.set_commits(number).await?;
    new.verify().await?;
    let rescued = Rescued {
        conversations,
        messages,
        lost_messages,
        lost_others,
        kept: PathBuf::new(),
    };
    Ok((rescued, number))
}
