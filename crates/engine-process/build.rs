//! Puts llama.cpp's backends where the engine looks for them in development, and lets the engine find its
//! libraries beside itself.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=DEP_LLAMA_BACKENDS_DIR");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo::rustc-link-arg-bins=-Wl,-rpath,@executable_path"),
        Ok("linux") => println!("cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN"),
        _ => {}
    }
    let (Ok(from), Ok(out)) = (env::var("DEP_LLAMA_BACKENDS_DIR"), env::var("OUT_DIR")) else { return Ok(()) };
    // OUT_DIR is <target>/<profile>/build/<package>/out.
    let Some(profile) = Path::new(&out).ancestors().nth(3) else { return Ok(()) };
    let to = profile.join("backends");
    fs::create_dir_all(&to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}
