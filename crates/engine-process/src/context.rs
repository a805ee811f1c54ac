//! A llama.cpp context behind safe calls. `llama-cpp-2` keeps the pointer of its own to itself, and with it what an
//! engine needs: ending a computation, the number of threads, and telling what was computed when one was ended.

use std::{
    ffi::c_void,
    marker::PhantomData,
    ptr::{self, NonNull},
    slice,
    sync::Arc,
};

use llama_cpp_2::{
    model::{LlamaLoraAdapter, LlamaModel},
    token::LlamaToken,
};
use llama_cpp_sys_2 as sys;

use crate::stop::Stop;

/// What a context is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Tokens that it holds.
    pub context: u32,
    /// Tokens computed in one go.
    pub batch: u32,
    /// Threads.
    pub threads: u32,
    /// Whether it makes one vector of a text instead of the next token's logits.
    pub embeddings: bool,
}

/// Which of a batch's tokens are followed by logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    None,
    Last,
    All,
}

/// Why a batch wasn't computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ComputeError {
    /// [`Stop`] ended it.
    #[error("it was stopped")]
    Stopped,
    /// The context holds no more.
    #[error("the context is full")]
    Full,
    /// llama.cpp failed with this code.
    #[error("llama.cpp failed with code {0}")]
    Failed(i32),
}

/// A context of one sequence, number 0.
pub(crate) struct Context<'m> {
    raw: NonNull<sys::llama_context>,
    vocabulary: usize,
    width: usize,
    embeddings: bool,
    /// Tokens back that a layer with a sliding window looks; 0 without such layers.
    window: i32,
    outputs: Vec<i8>,
    threads: u32,
    /// llama.cpp holds its address.
    _stop: Arc<Stop>,
    _model: PhantomData<&'m LlamaModel>,
}

impl<'m> Context<'m> {
    /// A context of `model`; `None` when llama.cpp can't make one, for which its log has words.
    pub(crate) fn new(model: &'m LlamaModel, settings: Settings, stop: Arc<Stop>) -> Option<Self> {
        // SAFETY: no arguments, and a plain structure back.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = settings.context;
        params.n_batch = settings.batch;
        params.n_ubatch = settings.batch;
        params.n_seq_max = 1;
        params.n_threads = i32::try_from(settings.threads).unwrap_or(1);
        params.n_threads_batch = params.n_threads;
        params.no_perf = true;
        params.abort_callback = Some(asked_to_stop);
        params.abort_callback_data = Arc::as_ptr(&stop).cast::<c_void>().cast_mut();
        if settings.embeddings {
            params.embeddings = true;
            // A model for chat knows no way to make one vector of many: their mean.
            params.pooling_type = sys::LLAMA_POOLING_TYPE_MEAN;
        }
        // SAFETY: the model outlives the context by 'm; the callback's data lives in `_stop`. llama.cpp writes to the
        // model only its trained context, and this process makes one context at a time.
        let raw = unsafe { sys::llama_init_from_model(raw_model(model), params) };
        Some(Self {
            raw: NonNull::new(raw)?,
            vocabulary: usize::try_from(model.n_vocab()).ok()?,
            width: usize::try_from(model.n_embd_out()).ok()?,
            embeddings: settings.embeddings,
            // SAFETY: a live model.
            window: unsafe { sys::llama_model_n_swa(raw_model(model)) },
            outputs: vec![],
            threads: settings.threads,
            _stop: stop,
            _model: PhantomData,
        })
    }

    /// Tokens that it holds.
    pub(crate) fn size(&self) -> u32 {
        // SAFETY: a live context.
        unsafe { sys::llama_n_ctx(self.raw.as_ptr()) }
    }

    /// Tokens that it has computed.
    pub(crate) fn computed(&self) -> usize {
        // SAFETY: a live context and its own memory.
        let last = unsafe { sys::llama_memory_seq_pos_max(self.memory(), 0) };
        usize::try_from(last + 1).unwrap_or(0)
    }

    /// Computes `tokens` after those that it has computed.
    pub(crate) fn compute(
        &mut self,
        tokens: &[LlamaToken],
        wanted: Wanted,
    ) -> Result<(), ComputeError> {
        let Some(last) = tokens.len().checked_sub(1) else {
            return Ok(());
        };
        self.outputs.clear();
        self.outputs
            .resize(tokens.len(), i8::from(wanted == Wanted::All));
        if wanted != Wanted::None {
            self.outputs[last] = 1;
        }
        let batch = sys::llama_batch {
            n_tokens: i32::try_from(tokens.len()).unwrap_or(i32::MAX),
            // llama.cpp reads from it alone; a `LlamaToken` is its `llama_token`.
            token: tokens.as_ptr().cast::<sys::llama_token>().cast_mut(),
            embd: ptr::null_mut(),
            pos: ptr::null_mut(),
            n_seq_id: ptr::null_mut(),
            seq_id: ptr::null_mut(),
            logits: self.outputs.as_mut_ptr(),
        };
        // SAFETY: both arrays have `n_tokens` elements and live through the call.
        match unsafe { sys::llama_decode(self.raw.as_ptr(), batch) } {
            0 => Ok(()),
            1 => Err(ComputeError::Full),
            2 => Err(ComputeError::Stopped),
            code => Err(ComputeError::Failed(code)),
        }
    }

    /// The logits after the last token of the last batch.
    pub(crate) fn last_logits(&self) -> Option<&[f32]> {
        self.row(-1)
    }

    /// The logits after a token of the last batch, by its place in it. `None` where none were wanted.
    pub(crate) fn logits(&self, place: usize) -> Option<&[f32]> {
        self.row(i32::try_from(place).ok()?)
    }

    fn row(&self, place: i32) -> Option<&[f32]> {
        // SAFETY: a live context; an unknown place is answered with null.
        let row = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), place) };
        // SAFETY: a row has an element for each token of the vocabulary and lives until the next computation, which
        // needs this context mutably.
        (!row.is_null()).then(|| unsafe { slice::from_raw_parts(row, self.vocabulary) })
    }

    /// The vector of the text that was computed.
    pub(crate) fn vector(&self) -> Option<&[f32]> {
        if !self.embeddings {
            return None;
        }
        // SAFETY: a live context; without vectors it answers with null.
        let row = unsafe { sys::llama_get_embeddings_seq(self.raw.as_ptr(), 0) };
        // SAFETY: as wide as the model, alive until the next computation.
        (!row.is_null()).then(|| unsafe { slice::from_raw_parts(row, self.width) })
    }

    /// Forgets what was computed from the token number `first` on. Some kinds of model can't forget a part, and of a state
    /// that was put back what lay behind a sliding window is missing: then `false`, and nothing left is of use.
    pub(crate) fn forget_from(&mut self, first: usize) -> bool {
        let Ok(first) = i32::try_from(first) else {
            return false;
        };
        // SAFETY: a live context and its own memory.
        let forgotten = unsafe { sys::llama_memory_seq_rm(self.memory(), 0, first, -1) };
        // SAFETY: as above.
        let oldest = unsafe { sys::llama_memory_seq_pos_min(self.memory(), 0) };
        forgotten && (self.window == 0 || oldest <= (first - self.window).max(0))
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        // SAFETY: as above. The data itself is overwritten by what comes next, and is nobody's to read until then.
        unsafe { sys::llama_memory_clear(self.memory(), false) }
    }

    /// What was computed, as bytes that [`Self::set_state`] takes.
    pub(crate) fn state(&self) -> Vec<u8> {
        // SAFETY: a live context.
        let size = unsafe { sys::llama_state_seq_get_size(self.raw.as_ptr(), 0) };
        let mut bytes = vec![0; size];
        // SAFETY: the buffer has that size.
        let written = unsafe {
            sys::llama_state_seq_get_data(self.raw.as_ptr(), bytes.as_mut_ptr(), bytes.len(), 0)
        };
        bytes.truncate(written);
        bytes
    }

    /// Puts back what [`Self::state`] gave, in place of what was computed. `false` when it doesn't fit; then nothing is
    /// left.
    pub(crate) fn set_state(&mut self, bytes: &[u8]) -> bool {
        self.clear();
        // SAFETY: llama.cpp checks what it reads against the buffer's length and the context's shape.
        let read = unsafe {
            sys::llama_state_seq_set_data(self.raw.as_ptr(), bytes.as_ptr(), bytes.len(), 0)
        };
        let whole = read == bytes.len() && read > 0;
        if !whole {
            self.clear();
        }
        whole
    }

    /// Computes with so many threads from now on.
    pub(crate) fn set_threads(&mut self, threads: u32) {
        if threads == self.threads {
            return;
        }
        self.threads = threads;
        let threads = i32::try_from(threads).unwrap_or(1);
        // SAFETY: a live context.
        unsafe { sys::llama_set_n_threads(self.raw.as_ptr(), threads, threads) }
    }

    /// Computes with this adapter, at this strength, or with none.
    pub(crate) fn set_adapter(&mut self, adapter: Option<(&'m LlamaLoraAdapter, f32)>) -> bool {
        let (mut adapters, mut strengths) = ([ptr::null_mut(); 1], [0.0f32; 1]);
        if let Some((adapter, strength)) = adapter {
            adapters[0] = raw_adapter(adapter);
            strengths[0] = strength;
        }
        // SAFETY: as many elements as counted; the adapter lives as long as the model.
        let code = unsafe {
            sys::llama_set_adapters_lora(
                self.raw.as_ptr(),
                adapters.as_mut_ptr(),
                usize::from(adapter.is_some()),
                strengths.as_mut_ptr(),
            )
        };
        code == 0
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: a live context.
        unsafe { sys::llama_get_memory(self.raw.as_ptr()) }
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `llama_init_from_model`, freed once.
        unsafe { sys::llama_free(self.raw.as_ptr()) }
    }
}

/// llama.cpp asks between the parts of a computation on the processor.
unsafe extern "C" fn asked_to_stop(stop: *mut c_void) -> bool {
    // SAFETY: the address of the `Stop` that the context keeps alive.
    let stop = unsafe { &*stop.cast::<Stop>() };
    stop.is_asked() || stop.is_late()
}

fn raw_model(model: &LlamaModel) -> *mut sys::llama_model {
    // SAFETY: `LlamaModel` is declared a transparent wrapper around this pointer; the crate is pinned exactly.
    unsafe { *ptr::from_ref(model).cast::<*mut sys::llama_model>() }
}

fn raw_adapter(adapter: &LlamaLoraAdapter) -> *mut sys::llama_adapter_lora {
    // SAFETY: as `raw_model`.
    unsafe { *ptr::from_ref(adapter).cast::<*mut sys::llama_adapter_lora>() }
}
