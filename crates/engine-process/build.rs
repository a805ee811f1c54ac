//! Puts llama.cpp's libraries and backends beside the engine, where it looks for them in development as well as
//! when installed, and tells the linker that it does.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=DEP_LLAMA_BACKENDS_DIR");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo::rustc-link-arg-bins=-Wl,-rpath,@executable_path"),
        Ok("linux") => println!("cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN"),
        _ => {}
    }
    let (Ok(backends), Ok(out)) = (env::var("DEP_LLAMA_BACKENDS_DIR"), env::var("OUT_DIR")) else {
        return Ok(());
    };
    let backends = Path::new(&backends);
    // OUT_DIR is <target>/<profile>/build/<package>/out.
    let Some(profile) = Path::new(&out).ancestors().nth(3) else {
        return Ok(());
    };
    copy(backends, &profile.join("backends"), is_wanted)?;
    // llama-cpp-sys-2 links `libllama.so` there, which only points to a `libllama.so.0` that it leaves behind.
    for library in ["lib", "lib64", "bin"] {
        let library = backends.with_file_name(library);
        if library.is_dir() {
            copy(&library, profile, is_library)?;
        }
    }
    Ok(())
}

/// Not the one for AMX: it is chosen by the processor's word alone, whether the system lets programs use those
/// instructions or not, and GCC before 13 drops the stores that set them up (`_tile_loadconfig` names 8 of the 64 bytes
/// that it reads). Processors that have it run the next best variant.
fn is_wanted(name: &str) -> bool {
    !name.contains("ggml-cpu-sapphirerapids")
}

fn is_library(name: &str) -> bool {
    [".so", ".dylib", ".dll"]
        .iter()
        .any(|kind| name.contains(kind))
}

/// Copies files, and what links point to.
fn copy(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default();
        let to = to.join(name);
        if !path.is_file() || !wanted(&name.to_string_lossy()) {
            // An earlier build may have wanted it.
            let _ = fs::remove_file(to);
            continue;
        }
        // Written under another name first: a running engine may have the old one open.
        let fresh = to.with_extension("fresh");
        fs::copy(&path, &fresh)?;
        fs::rename(fresh, to)?;
    }
    Ok(())
}
