//! Where Tandem keeps what is this person's, and where it finds what came with it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;

use crate::wire::Failure;

/// The folders of one person.
#[derive(Clone, Debug)]
pub struct Paths {
    data: PathBuf,
}

impl Paths {
    /// The usual place of this system, or `data` instead. The folder is made.
    pub fn new(data: Option<PathBuf>) -> Result<Self, Failure> {
        let usual = || {
            ProjectDirs::from("app", "Tandem", "Tandem")
                .map(|dirs| dirs.data_local_dir().to_owned())
        };
        let data = data.or_else(usual).ok_or_else(|| Failure {
            code: "paths.no-home".into(),
            message:
                "This account has no home folder. Name a folder for Tandem's data with --data."
                    .into(),
        })?;
        make(&data).map_err(|error| Failure {
            code: "paths.not-writable".into(),
            message: format!(
                "Tandem can't write to its folder {}: {error}. Make it writable and start again.",
                data.display()
            ),
        })?;
        Ok(Self { data })
    }

    /// Everything that is kept.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The vault.
    pub(crate) fn vault(&self) -> PathBuf {
        self.data.join("vault")
    }

    /// There as long as the person locked the vault, so that a start doesn't open it by itself.
    pub(crate) fn locked(&self) -> PathBuf {
        self.data.join("locked")
    }

    /// Held by the process that owns vault and engine.
    pub(crate) fn owner_lock(&self) -> PathBuf {
        self.data.join("owner.lock")
    }

    /// Where the owner listens for later processes of the same person.
    #[cfg(unix)]
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("owner.sock")
    }

    /// The log. It holds neither content nor keys.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.join("tandem.log")
    }

    /// Folders that may hold the embedded model: beside the program, installed, and in development the checkout.
    pub(crate) fn models() -> Vec<PathBuf> {
        let exe = env::current_exe().unwrap_or_default();
        let beside = exe.parent().unwrap_or(Path::new(""));
        let mut folders = vec![
            beside.join("models"),
            beside.join("../lib/tandem/models"),
            beside.join("../Resources/models"),
        ];
        if cfg!(debug_assertions) {
            folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"));
        }
        folders
    }
}

/// Makes the folder, for this person's eyes alone, and tries to write into it. One that is there stays as it is: it may
/// be shared on purpose.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A name of its own: two starts may try at once.
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    fs::write(&probe, b"")?;
    fs::remove_file(probe)
}
