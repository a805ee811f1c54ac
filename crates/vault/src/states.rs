//! What the engine computed of conversations, sealed in files beside the database: they spare it reading a conversation
//! again, and their loss costs nothing but that.
//!
//! A file is a random nonce and the state in pieces, each sealed with its place and whether it is the last (STREAM over
//! XChaCha20-Poly1305), under a key made from the data key for this alone. Conversation and binding are sealed along: a
//! file that was changed, cut, swapped or made for another model doesn't open, and is removed.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::Payload};
use hkdf::Hkdf;
use sha2::Sha256;
use tandem_conversation::ConversationId;

use crate::{VaultError, durable, keys::Key};

/// Bytes of all files at most.
const BUDGET: u64 = 2 << 30;
/// Bytes of a piece, and of its seal.
const PIECE: usize = 1 << 20;
const SEAL: usize = 16;
/// Bytes of the nonce: the algorithm's own, less a piece's number and the mark of the last.
const NONCE: usize = 19;

/// Sealed states of conversations. Clones share the files; calls block.
#[derive(Clone, Debug)]
pub struct States {
    dir: PathBuf,
    key: Key,
}

impl States {
    pub(crate) fn new(dir: PathBuf, key: Key) -> Self {
        Self { dir, key }
    }

    /// Keeps a conversation's state in place of the one before, and drops the oldest ones over the budget.
    pub fn put(
        &self,
        conversation: ConversationId,
        binding: &str,
        state: &[u8],
    ) -> Result<(), VaultError> {
        durable::private_dir(&self.dir)?;
        let path = self.path(conversation)?;
        let fresh = path.with_extension("new");
        let written = self.write(&fresh, conversation, binding, state);
        if let Err(error) = written.and_then(|()| fs::rename(&fresh, &path)) {
            remove(&fresh);
            return Err(VaultError::from_io(&path, error));
        }
        self.drop_oldest();
        Ok(())
    }

    /// A conversation's state, whole and as it was put under this binding, or nothing. What doesn't open is removed.
    pub fn get(&self, conversation: ConversationId, binding: &str) -> Option<Vec<u8>> {
        let path = self.path(conversation).ok()?;
        let file = File::open(&path).ok()?;
        let state = self.read(&file, conversation, binding);
        if state.is_none() {
            tracing::info!("a conversation's kept state doesn't fit and is dropped");
            remove(&path);
        } else if let Err(error) = file.set_modified(SystemTime::now()) {
            // It only goes sooner than it should.
            tracing::debug!(%error, "a state's time can't be set");
        }
        state
    }

    /// Forgets a conversation's state.
    pub fn forget(&self, conversation: ConversationId) {
        if let Ok(path) = self.path(conversation) {
            remove(&path);
            // One that was being written when the program ended.
            remove(&path.with_extension("new"));
        }
    }

    /// Forgets the states of all conversations but these: a deletion may have been cut off.
    pub fn keep_only(&self, conversations: &[ConversationId]) {
        let known: Vec<_> = conversations
            .iter()
            .filter_map(|&conversation| self.path(conversation).ok())
            .collect();
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if !known.contains(&path) {
                remove(&path);
            }
        }
    }

    /// A name that tells nobody which conversation it is of.
    fn path(&self, conversation: ConversationId) -> Result<PathBuf, VaultError> {
        let mut name = [0; 16];
        let purpose = [b"tandem state of ".as_slice(), conversation.0.as_bytes()].concat();
        Hkdf::<Sha256>::new(None, self.key.bytes())
            .expand(&purpose, &mut name)
            .map_err(|error| VaultError::Database(error.to_string()))?;
        Ok(self
            .dir
            .join(format!("{:032x}.state", u128::from_be_bytes(name))))
    }

    fn write(
        &self,
        path: &Path,
        conversation: ConversationId,
        binding: &str,
        state: &[u8],
    ) -> io::Result<()> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let mut file = durable::private_file()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        file.write_all(&nonce)?;
        let bound = bound_to(conversation, binding);
        let mut sealer = EncryptorBE32::from_aead(self.cipher(), &nonce.into());
        let failed = |_| io::Error::other("a state can't be sealed");
        // The last piece may be empty, and is always there: a file that ends without it was cut.
        let (pieces, rest) = state.as_chunks::<PIECE>();
        for piece in pieces {
            file.write_all(
                &sealer
                    .encrypt_next(Payload {
                        msg: piece,
                        aad: &bound,
                    })
                    .map_err(failed)?,
            )?;
        }
        file.write_all(
            &sealer
                .encrypt_last(Payload {
                    msg: rest,
                    aad: &bound,
                })
                .map_err(failed)?,
        )
    }

    fn read(&self, file: &File, conversation: ConversationId, binding: &str) -> Option<Vec<u8>> {
        let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
        let sealed = length.checked_sub(NONCE)?;
        let mut file = BufReader::new(file);
        let mut nonce = [0; NONCE];
        file.read_exact(&mut nonce).ok()?;
        let bound = bound_to(conversation, binding);
        let mut opener = DecryptorBE32::from_aead(self.cipher(), &nonce.into());
        let mut state = Vec::with_capacity(sealed);
        let mut piece = vec![0; PIECE + SEAL];
        for _ in 0..sealed / piece.len() {
            file.read_exact(&mut piece).ok()?;
            state.extend(
                opener
                    .decrypt_next(Payload {
                        msg: &piece,
                        aad: &bound,
                    })
                    .ok()?,
            );
        }
        piece.truncate(sealed % piece.len());
        file.read_exact(&mut piece).ok()?;
        state.extend(
            opener
                .decrypt_last(Payload {
                    msg: &piece,
                    aad: &bound,
                })
                .ok()?,
        );
        Some(state)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.bytes().into())
    }

    fn drop_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in files {
            if bytes <= BUDGET {
                return;
            }
            bytes -= length;
            remove(&path);
        }
    }
}

fn bound_to(conversation: ConversationId, binding: &str) -> Vec<u8> {
    [conversation.0.as_bytes().as_slice(), binding.as_bytes()].concat()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a conversation's kept state can't be removed");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    const BINDING: &str = "engine 1, model a";

    fn states(dir: &Path) -> States {
        States::new(dir.to_owned(), Key::from_slice(&[7; 32]).unwrap())
    }

    fn conversation(number: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(number))
    }

    fn only_file(dir: &Path) -> PathBuf {
        let files: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        files[0].clone()
    }

    #[test]
    fn a_state_comes_back_as_it_was_put() {
        let dir = tempfile::tempdir().unwrap();
        let states = states(dir.path());
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let state: Vec<u8> = (0..length)
                .map(|n| u8::try_from(n % 251).unwrap())
                .collect();
            states.put(conversation(1), BINDING, &state).unwrap();
            assert_eq!(
                states.get(conversation(1), BINDING),
                Some(state),
                "{length}"
            );
        }
        only_file(dir.path());
    }

    #[test]
    fn nothing_of_it_is_in_the_clear() {
        let dir = tempfile::tempdir().unwrap();
        states(dir.path())
            .put(conversation(1), BINDING, &b"a secret".repeat(1000))
            .unwrap();
        let path = only_file(dir.path());
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"a secret"));
        assert!(
            !path
                .to_string_lossy()
                .contains(&conversation(1).0.simple().to_string())
        );
    }

    #[test]
    fn another_model_conversation_or_key_gets_nothing_and_the_file_goes() {
        let dir = tempfile::tempdir().unwrap();
        let own = states(dir.path());
        let other_key = States::new(dir.path().to_owned(), Key::from_slice(&[8; 32]).unwrap());
        own.put(conversation(1), BINDING, b"state").unwrap();
        assert_eq!(own.get(conversation(2), BINDING), None);
        assert_eq!(other_key.get(conversation(1), BINDING), None);
        assert_eq!(own.get(conversation(1), "engine 2"), None);
        assert_eq!(own.get(conversation(1), BINDING), None);
        // Under another's name it is another's no more than before.
        own.put(conversation(1), BINDING, b"state").unwrap();
        fs::rename(only_file(dir.path()), own.path(conversation(2)).unwrap()).unwrap();
        assert_eq!(own.get(conversation(2), BINDING), None);
    }

    #[test]
    fn a_changed_or_cut_file_gives_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let states = states(dir.path());
        let state = vec![3; 2 * PIECE];
        states.put(conversation(1), BINDING, &state).unwrap();
        let whole = fs::read(only_file(dir.path())).unwrap();
        let path = states.path(conversation(1)).unwrap();
        for length in [
            0,
            NONCE,
            NONCE + SEAL,
            NONCE + PIECE + SEAL,
            NONCE + 2 * (PIECE + SEAL),
            whole.len() - 1,
        ] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(
                states.get(conversation(1), BINDING),
                None,
                "cut to {length}"
            );
        }
        for at in (0..whole.len()).step_by(whole.len() / 50) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert_eq!(
                states.get(conversation(1), BINDING),
                None,
                "changed at {at}"
            );
        }
        // Pieces in another order.
        let (first, second) = (
            NONCE..NONCE + PIECE + SEAL,
            NONCE + PIECE + SEAL..NONCE + 2 * (PIECE + SEAL),
        );
        let swapped = [
            &whole[..NONCE],
            &whole[second.clone()],
            &whole[first],
            &whole[second.end..],
        ]
        .concat();
        fs::write(&path, swapped).unwrap();
        assert_eq!(states.get(conversation(1), BINDING), None);
    }

    #[test]
    fn states_of_conversations_that_are_no_more_go() {
        let dir = tempfile::tempdir().unwrap();
        let states = states(dir.path());
        states.put(conversation(1), BINDING, b"one").unwrap();
        states.put(conversation(2), BINDING, b"two").unwrap();
        states.keep_only(&[conversation(2)]);
        assert_eq!(states.get(conversation(1), BINDING), None);
        assert_eq!(states.get(conversation(2), BINDING), Some(b"two".to_vec()));
    }

    #[test]
    fn a_forgotten_state_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let states = states(dir.path());
        states.put(conversation(1), BINDING, b"state").unwrap();
        states.forget(conversation(1));
        states.forget(conversation(1));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
