//! By the system's own sandbox: no network, no program, no file of the person's but the model.
//!
//! What graphics need of the system is left alone, since it differs between versions of it and nothing of the person's
//! lies there.

use std::{
    env,
    ffi::{CStr, CString, c_char, c_int},
    io,
    path::Path,
    ptr,
};

use crate::sandbox::profile;

unsafe extern "C" {
    // Of libSystem. Marked as deprecated since 10.8 without a successor for programs outside the store; browsers use it.
    fn sandbox_init(profile: *const c_char, flags: u64, error: *mut *mut c_char) -> c_int;
    fn sandbox_free_error(error: *mut c_char);
}

/// Restricts this process.
pub(super) fn restrict<'a>(models: impl Iterator<Item = &'a Path>) -> io::Result<()> {
    let own = env::current_exe()?;
    let own = own.parent().unwrap_or_else(|| Path::new("/"));
    let text = profile::text(own, models)?;
    let text = CString::new(text).map_err(io::Error::other)?;
    let mut error = ptr::null_mut();
    // SAFETY: `text` ends with a zero and outlives the call; `error` is set to a text of the library's or left null.
    let result = unsafe { sandbox_init(text.as_ptr(), 0, &raw mut error) };
    if result == 0 {
        return Ok(());
    }
    let words = if error.is_null() {
        "no reason was given".to_owned()
    } else {
        // SAFETY: the library's text, which ends with a zero, read before it is freed.
        let words = unsafe { CStr::from_ptr(error) }
            .to_string_lossy()
            .into_owned();
        // SAFETY: freed once, by the function that is made for it.
        unsafe { sandbox_free_error(error) };
        words
    };
    Err(io::Error::other(words))
}
