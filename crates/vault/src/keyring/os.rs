//! Keychain on macOS, the Credential Manager on Windows, the Secret Service elsewhere.

use std::{sync::mpsc, thread, time::Duration};

use base64ct::{Base64, Encoding};
use keyring_core::{Entry, Error};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KeyStore, KeyringError};

/// The system's own keyring.
#[derive(Clone, Debug)]
pub struct OsKeyring {
    service: String,
    deadline: Duration,
}

impl Default for OsKeyring {
    fn default() -> Self {
        Self::new()
    }
}

impl OsKeyring {
    /// The keyring under Tandem's own name, with 15 seconds for each call.
    pub fn new() -> Self {
        Self {
            service: "app.tandem.vault".to_owned(),
            deadline: Duration::from_secs(15),
        }
    }

    /// The same under another service name, so that a test never meets a person's key.
    #[must_use]
    pub fn service(self, service: &str) -> Self {
        Self {
            service: service.to_owned(),
            ..self
        }
    }

    /// The same with `deadline` for each call.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    fn call<T: Send + 'static>(
        &self,
        named: Uuid,
        call: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let service = self.service.clone();
        within(self.deadline, move || {
            let entry = entry(&service, &named.to_string())?;
            call(&entry).map_err(typed)
        })
    }
}

impl KeyStore for OsKeyring {
    fn read(&self, entry: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let text = self.call(entry, |entry| entry.get_secret().map(Zeroizing::new))?;
        let text = std::str::from_utf8(&text).map_err(|_| KeyringError::Ambiguous)?;
        Base64::decode_vec(text.trim())
            .map(Zeroizing::new)
            .map_err(|_| KeyringError::Ambiguous)
    }

    fn write(&self, entry: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        // As text: some keyrings and the programs that show them can't hold arbitrary bytes.
        let text = Zeroizing::new(Base64::encode_string(key));
        self.call(entry, move |entry| entry.set_secret(text.as_bytes()))
    }

    fn remove(&self, entry: Uuid) -> Result<(), KeyringError> {
        match self.call(entry, Entry::delete_credential) {
            Err(KeyringError::Missing) => Ok(()),
            result => result,
        }
    }

    fn name(&self) -> Option<String> {
        within(self.deadline, || Ok(backend())).ok().flatten()
    }
}

/// Runs `call` on a thread of its own and waits for it no longer than `deadline`.
///
/// A locked Secret Service asks the person and answers when they do, if ever; there is no way to take the call back. The
/// thread then ends with its answer, which nobody hears, or with the process.
fn within<T: Send + 'static>(
    deadline: Duration,
    call: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let (answer, answered) = mpsc::channel();
    thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || answer.send(call()))
        .map_err(|error| KeyringError::Other(error.to_string()))?;
    match answered.recv_timeout(deadline) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(KeyringError::Hung(deadline)),
        // The thread panicked; its message went to standard error.
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(KeyringError::Other("its client stopped".to_owned()))
        }
    }
}

/// The entry of `user`, over a connection of its own.
///
/// Not `keyring::Entry`: it connects once for the life of the process, so a keyring that starts after Tandem would
/// never be found, and it locks the connection, so one call that waits for the person would hang all later ones.
#[cfg(all(unix, not(target_os = "macos")))]
fn entry(service: &str, user: &str) -> Result<Entry, KeyringError> {
    use keyring_core::api::CredentialStoreApi;
    let store = zbus_secret_service_keyring_store::Store::new()
        .map_err(|error| KeyringError::NoKeyring(error.to_string()))?;
    store.build(service, user, None).map_err(typed)
}

#[cfg(any(windows, target_os = "macos"))]
fn entry(service: &str, user: &str) -> Result<Entry, KeyringError> {
    match keyring::Entry::new(service, user) {
        Ok(entry) => Ok(entry.inner),
        Err(Error::NoDefaultStore) => {
            let why = keyring::Entry::store_status()
                .as_ref()
                .err()
                .map_or_else(String::new, ToString::to_string);
            Err(KeyringError::NoKeyring(why))
        }
        Err(error) => Err(typed(error)),
    }
}

/// The program that answers for the Secret Service, as people know it.
#[cfg(all(unix, not(target_os = "macos")))]
fn backend() -> Option<String> {
    let bus = zbus::blocking::Connection::session().ok()?;
    let service = zbus::names::BusName::try_from("org.freedesktop.secrets").ok()?;
    let process = zbus::blocking::fdo::DBusProxy::new(&bus)
        .ok()?
        .get_connection_unix_process_id(service)
        .ok()?;
    let program = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    let program: String = program.chars().filter(char::is_ascii_graphic).collect();
    Some(match program.as_str() {
        name if name.starts_with("gnome-keyring") => "GNOME Keyring".to_owned(),
        name if name.starts_with("kwallet") || name.starts_with("ksecret") => "KWallet".to_owned(),
        name if name.starts_with("keepassxc") => "KeePassXC".to_owned(),
        _ => program,
    })
}

#[cfg(target_os = "macos")]
fn backend() -> Option<String> {
    Some("Keychain".to_owned())
}

#[cfg(windows)]
fn backend() -> Option<String> {
    Some("Credential Manager".to_owned())
}

/// What the Secret Service says, beyond what every keyring does.
#[cfg(all(unix, not(target_os = "macos")))]
fn of_the_service(why: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
    use secret_service::Error as Service;
    let named = |error: &zbus::Error| match error {
        zbus::Error::MethodError(name, ..) => Some(name.to_string()),
        zbus::Error::FDO(error) => match error.as_ref() {
            zbus::fdo::Error::AccessDenied(_) => Some("AccessDenied".to_owned()),
            zbus::fdo::Error::ServiceUnknown(_) => Some("ServiceUnknown".to_owned()),
            _ => None,
        },
        _ => None,
    };
    match why.downcast_ref::<Service>()? {
        Service::Prompt | Service::PromptDisconnected => {
            Some(KeyringError::Denied(why.to_string()))
        }
        Service::Unavailable => Some(KeyringError::NoKeyring(why.to_string())),
        Service::Zbus(error) => match named(error)?.rsplit('.').next()? {
            "AccessDenied" => Some(KeyringError::Denied(why.to_string())),
            "ServiceUnknown" | "NameHasNoOwner" => Some(KeyringError::NoKeyring(why.to_string())),
            "IsLocked" => Some(KeyringError::Locked(why.to_string())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(any(windows, target_os = "macos"))]
fn of_the_service(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
    None
}

/// The error, without the bytes that some variants carry.
fn typed(error: Error) -> KeyringError {
    if let Error::NoStorageAccess(why) | Error::PlatformFailure(why) = &error
        && let Some(told) = of_the_service(why.as_ref())
    {
        return told;
    }
    match error {
        Error::NoEntry => KeyringError::Missing,
        Error::NoStorageAccess(why) => KeyringError::Locked(why.to_string()),
        Error::Ambiguous(_) | Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            KeyringError::Ambiguous
        }
        Error::NoDefaultStore => KeyringError::NoKeyring("none was set".to_owned()),
        other => KeyringError::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_hangs_ends_at_its_deadline() {
        let deadline = Duration::from_millis(50);
        let (_keep, never) = mpsc::channel::<()>();
        let result = within(deadline, move || {
            never.recv().map_err(|_| KeyringError::Missing)
        });
        assert_eq!(result, Err(KeyringError::Hung(deadline)));
    }

    #[test]
    fn a_call_that_panics_is_an_error() {
        let result = within(Duration::from_secs(10), || -> Result<(), KeyringError> {
            panic!("on purpose")
        });
        assert!(matches!(result, Err(KeyringError::Other(_))), "{result:?}");
    }

    #[test]
    fn what_a_keyring_returned_is_never_in_the_error() {
        let error = typed(Error::BadEncoding(b"secret".to_vec()));
        assert_eq!(error, KeyringError::Ambiguous);
        let error = typed(Error::BadDataFormat(b"secret".to_vec(), "why".into()));
        assert_eq!(error, KeyringError::Ambiguous);
    }
}
