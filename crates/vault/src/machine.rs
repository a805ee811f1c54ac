//! Which machine this is, told to nobody: a name that is another one for each vault.

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The name of this machine for the vault `vault`, or nothing where the system has no lasting id. It tells only whether
/// two names are of one machine.
pub(crate) fn name(vault: Uuid) -> Option<String> {
    id().map(|id| name_of(vault, &id))
}

fn name_of(vault: Uuid, id: &str) -> String {
    let hash = Sha256::digest(format!("tandem machine v1|{vault}|{id}"));
    Base64::encode_string(&hash[..16])
}

/// <https://www.freedesktop.org/software/systemd/man/latest/machine-id.html>: it says not to show the id to others.
#[cfg(target_os = "linux")]
fn id() -> Option<String> {
    let read = |path| std::fs::read_to_string(path).ok();
    let id = read("/etc/machine-id").or_else(|| read("/var/lib/dbus/machine-id"))?;
    let id = id.trim();
    // An image that was never started says `uninitialized`.
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Not told apart on other systems.
#[cfg(not(target_os = "linux"))]
fn id() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_machine_and_one_vault_and_holds_neither() {
        let (vault, id) = (Uuid::from_u128(1), "3d1219c7c4c5404aaa1f6d2a48adfda4");
        let name = name_of(vault, id);
        assert_eq!(name, name_of(vault, id));
        assert_ne!(name, name_of(Uuid::from_u128(2), id));
        assert_ne!(name, name_of(vault, "3d1219c7c4c5404aaa1f6d2a48adfda5"));
        assert!(!name.contains(&id[..8]));
    }
}
