//! llama.cpp's log: its last error line is kept, to say why something failed; the rest is dropped.

use std::{
    ffi::{CStr, c_char, c_void},
    ptr::null_mut,
    sync::{Mutex, PoisonError},
};

static LAST_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// Takes the log over.
pub(crate) fn keep() {
    // SAFETY: the callback lives forever and needs no user data.
    unsafe { llama_cpp_sys_2::llama_log_set(Some(note), null_mut()) }
}

/// Forgets what was kept.
pub(crate) fn forget() {
    *LAST_ERROR.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// The first error line since [`forget`]: those after it only say that its callers failed too.
pub(crate) fn last_error() -> Option<String> {
    LAST_ERROR
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

unsafe extern "C" fn note(
    level: llama_cpp_sys_2::ggml_log_level,
    text: *const c_char,
    _: *mut c_void,
) {
    if level != llama_cpp_sys_2::GGML_LOG_LEVEL_ERROR || text.is_null() {
        return;
    }
    // SAFETY: llama.cpp hands over a string that ends with a zero and lives for the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let line = text.trim();
    let line = line
        .split_once(": ")
        .filter(|(place, _)| !place.contains(' '))
        .map_or(line, |(_, words)| words);
    let mut last = LAST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none() && !line.is_empty() {
        *last = Some(line.to_owned());
    }
}
