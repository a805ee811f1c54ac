//! Loading a model: the file is checked, layers are fitted to the devices, progress is told.

use std::{ffi::CString, num::NonZeroU32, path::Path, pin::pin, time::Instant};

use llama_cpp_2::{
    context::params::LlamaContextParams,
    llama_backend::LlamaBackend,
    max_devices,
    model::{LlamaLoraAdapter, LlamaModel, params::LlamaModelParams},
};
use tandem_gguf::{GgufError, Header};
use tandem_protocol::{Chosen, Event, Load, LoadProblem, Offload};

use crate::{backends, drafter::same_vocabulary, logs, outbox::Outbox, template::Template};

/// The least context that a fit may choose, in tokens.
const LEAST_CONTEXT: u32 = 2048;
/// Tokens computed in one go. Smaller ones would hear a cancel sooner and read a prompt slower.
pub(crate) const BATCH: u32 = 512;

/// Characters of a refusal.
const MOST_WORDS: usize = 300;

/// A model in memory, and what was chosen for it.
pub(crate) struct Opened {
    pub model: LlamaModel,
    /// In the order of the request.
    pub adapters: Vec<LlamaLoraAdapter>,
    pub drafter: Option<LlamaModel>,
    pub template: Template,
    pub chosen: Chosen,
    /// Whether the host chose the number of threads.
    pub threads_chosen: bool,
    pub began: Instant,
}

/// Loads the model, telling its progress; a refusal is the event to send.
pub(crate) fn open(backend: &LlamaBackend, load: &Load, outbox: &Outbox) -> Result<Opened, Event> {
    let began = Instant::now();
    let path = Path::new(&load.path);
    // The host checked the file as well; it may have changed since.
    let header = tandem_gguf::inspect(path)
        .map_err(|error| refused(problem_of(&error), error.to_string()))?;
    let wanted = if load.context == 0 {
        u32::MAX
    } else {
        load.context
    };
    let trained = header
        .context()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(LEAST_CONTEXT);
    let mut context = wanted.min(trained).max(1);

    let gpu = if load.offload == Offload::None {
        None
    } else {
        backends::preferred_gpu()
    };
    let told = outbox.clone();
    let mut last = -1i32;
    let params = LlamaModelParams::default().with_progress_callback(move |progress| {
        #[expect(clippy::cast_possible_truncation, reason = "whole percents")]
        let percent = (progress * 100.0) as i32;
        // A host that is gone ends the load.
        percent == last || {
            last = percent;
            told.send(&Event::Loading { progress }).is_ok()
        }
    });
    let mut params = pin!(match (&gpu, load.offload) {
        (None, _) | (_, Offload::None) => params.with_n_gpu_layers(0),
        (Some(_), Offload::All) =>
            params.with_n_gpu_layers(header_layers(&header).saturating_add(1)),
        (Some(_), Offload::Auto) => params,
    });
    if gpu.is_some() && load.offload == Offload::Auto {
        context = fit(path, context, load.margin, params.as_mut())?;
    }
    logs::forget();
    let mut model = LlamaModel::load_from_file(backend, path, &params).map_err(|error| {
        let words = logs::last_error().unwrap_or_else(|| error.to_string());
        refused(problem_in(&words), words)
    })?;
    let adapters = load
        .adapters
        .iter()
        .map(|path| adapter(&mut model, Path::new(path)))
        .collect::<Result<_, _>>()?;
    let drafter = drafter(backend, &model, load, gpu.is_some())?;

    let layers = model.n_layer() + 1;
    let gpu_layers = match (&gpu, u32::try_from(params.n_gpu_layers())) {
        (None, _) => 0,
        (Some(_), Ok(chosen)) => chosen.min(layers),
        (Some(_), Err(_)) => layers,
    };
    let device = gpu
        .filter(|_| gpu_layers > 0)
        .map_or_else(|| "CPU".to_owned(), |device| device.name);
    let chosen = Chosen {
        device,
        gpu_layers,
        layers,
        context,
        threads: threads(load.threads),
    };
    let template = Template::of(&model);
    Ok(Opened {
        model,
        adapters,
        drafter,
        template,
        chosen,
        threads_chosen: load.threads > 0,
        began,
    })
}

/// An adapter for `model`, from a file as untrusted as the model's own.
fn adapter(model: &mut LlamaModel, path: &Path) -> Result<LlamaLoraAdapter, Event> {
    tandem_gguf::inspect_adapter(path)
        .map_err(|error| refused(problem_of(&error), format!("the adapter: {error}")))?;
    logs::forget();
    model.lora_adapter_init(path).map_err(|error| {
        let words = logs::last_error().unwrap_or_else(|| error.to_string());
        refused(LoadProblem::BadFile, format!("the adapter: {words}"))
    })
}

/// The model that drafts, if one is wanted and has the same vocabulary.
fn drafter(
    backend: &LlamaBackend,
    model: &LlamaModel,
    load: &Load,
    gpu: bool,
) -> Result<Option<LlamaModel>, Event> {
    if load.drafter.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&load.drafter);
    let refuse = |problem, words: String| refused(problem, format!("the drafting model: {words}"));
    tandem_gguf::inspect(path).map_err(|error| refuse(problem_of(&error), error.to_string()))?;
    let mut params = LlamaModelParams::default();
    if !gpu {
        params = params.with_n_gpu_layers(0);
    }
    logs::forget();
    let drafter = LlamaModel::load_from_file(backend, path, &params).map_err(|error| {
        let words = logs::last_error().unwrap_or_else(|| error.to_string());
        refuse(problem_in(&words), words)
    })?;
    Ok(same_vocabulary(model, &drafter).then_some(drafter))
}

/// llama.cpp's own fit of layers and context to the devices' free memory.
fn fit(
    path: &Path,
    context: u32,
    margin: u64,
    params: std::pin::Pin<&mut LlamaModelParams>,
) -> Result<u32, Event> {
    let path = path
        .to_str()
        .and_then(|path| CString::new(path).ok())
        .ok_or_else(|| refused(LoadProblem::Unreadable, "the file's path is no text"))?;
    let mut context_params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(context))
        .with_n_batch(BATCH)
        .with_n_ubatch(BATCH);
    let mut margins = vec![usize::try_from(margin).unwrap_or(usize::MAX); max_devices()];
    let level = llama_cpp_sys_2::GGML_LOG_LEVEL_ERROR;
    match params.fit_params(
        &path,
        &mut context_params,
        &mut margins,
        LEAST_CONTEXT,
        level,
    ) {
        Ok(fitted) => Ok(if fitted.n_ctx == 0 {
            context
        } else {
            fitted.n_ctx.min(context)
        }),
        // Nothing fits the GPU: llama.cpp's defaults go to the CPU where they must.
        Err(_) => Ok(context),
    }
}

fn header_layers(header: &Header) -> u32 {
    let layers = header.number(&format!("{}.block_count", header.architecture()));
    layers
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(u32::MAX - 1)
}

/// Physical cores, as far as this process may use them: two threads of one core only wait for each other.
fn threads(wanted: u32) -> u32 {
    if wanted > 0 {
        return wanted;
    }
    let allowed = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(num_cpus::get_physical().min(allowed))
        .unwrap_or(1)
        .max(1)
}

/// A refusal. llama.cpp quotes the file in its words, and the file may hold anything.
pub(crate) fn refused(problem: LoadProblem, words: impl AsRef<str>) -> Event {
    let message = words
        .as_ref()
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST_WORDS)
        .collect();
    Event::NotLoaded { problem, message }
}

fn problem_of(error: &GgufError) -> LoadProblem {
    match error {
        GgufError::Io(_) => LoadProblem::Unreadable,
        _ => LoadProblem::BadFile,
    }
}

/// What llama.cpp's last error line speaks of.
pub(crate) fn problem_in(words: &str) -> LoadProblem {
    if words.contains("alloc") || words.contains("memory") {
        LoadProblem::OutOfMemory
    } else if words.contains("unknown model architecture")
        || words.contains("unknown pre-tokenizer")
    {
        LoadProblem::Unsupported
    } else {
        LoadProblem::BadFile
    }
}
