//! The model that an engine uses.

use std::path::{Path, PathBuf};

use tandem_protocol::{Load, Offload, Permit};

/// A model to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The GGUF file.
    pub path: PathBuf,
    /// Adapters (LoRA files in GGUF) that prompts may name by their place in this list.
    pub adapters: Vec<PathBuf>,
    /// A smaller model of the same vocabulary that drafts for this one.
    pub drafter: Option<PathBuf>,
    /// Tokens of context at most.
    pub context: u32,
    /// How much goes to a GPU.
    pub offload: Offload,
    /// Bytes of a GPU's memory that are left to other programs at first; more are left after a failure.
    pub margin: u64,
    /// Threads to compute with; 0 lets the engine choose.
    pub threads: u32,
}

impl Default for Model {
    /// No model yet, with what suits any.
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            adapters: vec![],
            drafter: None,
            context: 4096,
            offload: Offload::default(),
            margin: 512 << 20,
            threads: 0,
        }
    }
}

impl Model {
    /// The files that its engine may read.
    pub(crate) fn permit(&self, plain: bool) -> Permit {
        let files = [&self.path]
            .into_iter()
            .chain(&self.adapters)
            .chain(&self.drafter);
        Permit {
            files: files.map(|path| text(path)).collect(),
            plain,
        }
    }

    /// What to load, as far as `frugality` allows.
    pub(crate) fn load(&self, frugality: &crate::frugal::Frugality) -> Load {
        Load {
            path: text(&self.path),
            adapters: self.adapters.iter().map(|path| text(path)).collect(),
            drafter: self.drafter.as_deref().map(text).unwrap_or_default(),
            context: frugality.context(self.context),
            offload: frugality.offload(self.offload),
            margin: frugality.margin(self.margin),
            threads: self.threads,
        }
    }

    /// What its states depend on, beside the engine's build: they are of no use to another model.
    pub(crate) fn identity(&self) -> String {
        let file = |path: &Path| {
            let Ok(metadata) = path.metadata() else {
                return format!("{}?", path.display());
            };
            let changed = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or(0, |since| since.as_nanos());
            format!("{} {} {changed}", path.display(), metadata.len())
        };
        let files: Vec<_> = [&self.path]
            .into_iter()
            .chain(&self.adapters)
            .map(|path| file(path))
            .collect();
        files.join("\n")
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
