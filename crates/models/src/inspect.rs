//! What a model file says of itself.

use std::path::{Path, PathBuf};

use tandem_gguf::{GgufError, Header};

/// Characters of a name at most: it comes from an untrusted file and goes to a screen.
const MAX_NAME: usize = 80;

/// A model file whose header was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name: its own, or else its file's.
    pub name: String,
    /// How its weights are stored; empty when it doesn't say.
    pub quantization: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Tokens of context that it was trained for; 0 when it doesn't say.
    pub context: u32,
    /// Its license; empty when it doesn't say.
    pub license: String,
}

/// Checks the file's header and tells what it says.
pub fn inspect(path: &Path) -> Result<ModelFile, GgufError> {
    let header = tandem_gguf::inspect(path)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let own = shown(&header, "general.name");
    Ok(ModelFile {
        path: path.to_owned(),
        name: if own.is_empty() { clean(&stem) } else { own },
        quantization: header.quantization().unwrap_or_default().to_owned(),
        bytes: header.length,
        context: header
            .context()
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
        license: shown(&header, "general.license"),
    })
}

fn shown(header: &Header, key: &str) -> String {
    clean(header.text(key).unwrap_or_default())
}

/// Without control characters and not too long.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME)
        .collect::<String>()
        .trim()
        .to_owned()
}
