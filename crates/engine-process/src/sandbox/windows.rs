//! By a token of low integrity and process mitigations: no file or setting of the person's can be changed, no program
//! started, no foreign code loaded. Reading and the network stay open to it: closing them takes an app container, which
//! only the parent can make.

use std::{io, mem, ptr};

use windows_sys::Win32::{
    Foundation::{CloseHandle, HANDLE},
    Security::{
        CreateWellKnownSid, GetLengthSid, SID_AND_ATTRIBUTES, SetTokenInformation,
        TOKEN_ADJUST_DEFAULT, TOKEN_MANDATORY_LABEL, TokenIntegrityLevel, WinLowLabelSid,
    },
    System::{
        SystemServices::SE_GROUP_INTEGRITY,
        Threading::{
            GetCurrentProcess, OpenProcessToken, PROCESS_MITIGATION_POLICY,
            ProcessChildProcessPolicy, ProcessExtensionPointDisablePolicy, ProcessImageLoadPolicy,
            SetProcessMitigationPolicy,
        },
    },
};

/// Bytes of the largest security identifier.
const SID: usize = 68;

/// Restricts this process.
pub(super) fn restrict() -> io::Result<()> {
    // Bits as the system's headers give them: no child processes; no extension points; no image from the network or of
    // low integrity.
    mitigate(ProcessChildProcessPolicy, 1)?;
    mitigate(ProcessExtensionPointDisablePolicy, 1)?;
    mitigate(ProcessImageLoadPolicy, 0b11)?;
    lower()
}

fn mitigate(policy: PROCESS_MITIGATION_POLICY, flags: u32) -> io::Result<()> {
    // SAFETY: each of these policies is one u32 of flags.
    let done = unsafe {
        SetProcessMitigationPolicy(policy, (&raw const flags).cast(), mem::size_of::<u32>())
    };
    told(done)
}

/// Lowers this process's own token, for good.
fn lower() -> io::Result<()> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: the handle is written to `token` and closed below.
    told(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_DEFAULT, &raw mut token) })?;
    let result = lower_token(token);
    // SAFETY: opened above, closed once.
    unsafe { CloseHandle(token) };
    result
}

fn lower_token(token: HANDLE) -> io::Result<()> {
    // In words of four bytes, as a security identifier is aligned.
    let mut sid = [0u32; SID / 4];
    let mut length = u32::try_from(SID).unwrap_or(u32::MAX);
    // SAFETY: `sid` is as large as `length` says.
    told(unsafe {
        CreateWellKnownSid(
            WinLowLabelSid,
            ptr::null_mut(),
            sid.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    let label = TOKEN_MANDATORY_LABEL {
        Label: SID_AND_ATTRIBUTES {
            Sid: sid.as_mut_ptr().cast(),
            Attributes: SE_GROUP_INTEGRITY.cast_unsigned(),
        },
    };
    // SAFETY: the identifier was made above and outlives the call.
    let size = unsafe { GetLengthSid(label.Label.Sid) }
        + u32::try_from(mem::size_of::<TOKEN_MANDATORY_LABEL>()).unwrap_or(0);
    // SAFETY: `label` is what this class of information is made of.
    told(unsafe {
        SetTokenInformation(token, TokenIntegrityLevel, (&raw const label).cast(), size)
    })
}

fn told(done: i32) -> io::Result<()> {
    if done == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
