//! llama.cpp's backends: found beside the engine, loaded at run time, the processor's best variant among them.

use std::{
    env,
    ffi::CString,
    fs,
    path::{Path, PathBuf},
};

use llama_cpp_2::{
    LlamaBackendDeviceType, list_llama_ggml_backend_devices, llama_backend::load_backends_from_path,
};
use tandem_protocol::{Device, DeviceKind};

/// Loads every backend that this machine can use; with `plain`, of the processor's variants the one that any can run.
pub(crate) fn load(plain: bool) {
    let beside = env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned))
        .unwrap_or_default();
    let Some(folder) = candidates(&beside)
        .into_iter()
        .find(|folder| folder.is_dir())
    else {
        return;
    };
    if plain {
        load_plain(&folder);
    } else {
        load_backends_from_path(&folder);
    }
}

fn load_plain(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // `ggml-cpu-x64`, `ggml-cpu-armv8.0_1`, or one that is alone.
        let plain = match name.split_once("ggml-cpu") {
            Some((_, variant)) => ["", "-x64", "-armv8.0_1", "-apple_m1"].contains(&variant),
            None => true,
        };
        if let (true, Some(path)) = (
            plain,
            path.to_str().and_then(|path| CString::new(path).ok()),
        ) {
            // SAFETY: a text that ends with a zero; a file that is no backend is answered with null.
            unsafe { llama_cpp_sys_2::ggml_backend_load(path.as_ptr()) };
        }
    }
}

/// In development and in an archive they lie in `backends` beside the engine; an installed one has them in its
/// library folder, and a test binary one folder up.
fn candidates(beside: &Path) -> [PathBuf; 3] {
    [
        beside.join("backends"),
        beside.join("../lib/tandem/backends"),
        beside.join("../backends"),
    ]
}

/// The devices as they are now.
pub(crate) fn devices() -> Vec<Device> {
    list_llama_ggml_backend_devices()
        .into_iter()
        .map(|device| Device {
            name: device.name,
            description: device.description,
            backend: device.backend,
            kind: match device.device_type {
                LlamaBackendDeviceType::Cpu => DeviceKind::Cpu,
                LlamaBackendDeviceType::Gpu => DeviceKind::Gpu,
                LlamaBackendDeviceType::IntegratedGpu => DeviceKind::IntegratedGpu,
                LlamaBackendDeviceType::Accelerator | LlamaBackendDeviceType::Unknown => {
                    DeviceKind::Accelerator
                }
            },
            memory_total: device.memory_total as u64,
            memory_free: device.memory_free as u64,
        })
        .collect()
}

/// The device that takes a model's layers: the first with memory of its own, else the first that shares it.
pub(crate) fn preferred_gpu() -> Option<Device> {
    let devices = devices();
    let of = |kind| devices.iter().find(move |device| device.kind == kind);
    of(DeviceKind::Gpu)
        .or_else(|| of(DeviceKind::IntegratedGpu))
        .cloned()
}
