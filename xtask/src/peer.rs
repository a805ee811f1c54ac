//! llama.cpp's own programs, built from the source that a Python package carries as the engine's libraries are built,
//! with the same variants for processors: the peer that the engine is measured against.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::digest::Expected;
use crate::pip::Wheel;
use crate::place::Place;
use crate::report::Outcome;
use crate::{cargo, command, pip, stamp};

const PACKAGE: &str = "llama-cpp-python";
const VERSION: &str = "0.3.36";
const SHA256: &str = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e";
const PROGRAMS: [&str; 2] = ["llama-bench", "llama-server"];

/// The processors' variants, as the engine has them: all but the one for AMX, which GCC before 13 breaks.
#[cfg(target_arch = "x86_64")]
const VARIANTS: &[&str] = &[
    "x64",
    "sse42",
    "sandybridge",
    "ivybridge",
    "piledriver",
    "haswell",
    "skylakex",
    "cannonlake",
    "cascadelake",
    "icelake",
    "cooperlake",
    "zen4",
    "alderlake",
];
/// Elsewhere the engine is measured against programs built for the very processor.
#[cfg(not(target_arch = "x86_64"))]
const VARIANTS: &[&str] = &[];

fn folder(place: &Place) -> PathBuf {
    place.setup().join("peer")
}

/// Where its programs lie, beside what they load.
pub(crate) fn programs(place: &Place) -> PathBuf {
    folder(place).join("build/bin")
}

/// Builds it once.
pub(crate) fn build(place: &Place) -> Result<Outcome> {
    let folder = folder(place);
    let seal = place.setup().join("stamps/peer");
    let key = format!("{VERSION} {SHA256} {PROGRAMS:?} {VARIANTS:?}");
    if stamp::holds(&seal, &key) && programs(place).join(PROGRAMS[0]).is_file() {
        return Ok(Outcome::Already("it is built".into()));
    }
    let package = Wheel {
        package: PACKAGE.into(),
        version: VERSION.into(),
    };
    let archive = pip::download_source(&package, &place.setup().join("wheels/peer"))?;
    Expected::sha256(SHA256).verify(&archive)?;
    let source = folder.join("source");
    fs::create_dir_all(&source)?;
    command::run(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .args(["--strip-components=3", "-C"])
            .arg(&source)
            .arg(format!("llama_cpp_python-{VERSION}/vendor/llama.cpp")),
    )?;
    let flags: &[&str] = if VARIANTS.is_empty() {
        &["-DGGML_NATIVE=ON"]
    } else {
        &[
            "-DGGML_NATIVE=OFF",
            "-DGGML_BACKEND_DL=ON",
            "-DGGML_CPU_ALL_VARIANTS=ON",
        ]
    };
    let cmake = || cargo::cargo_with(place, "cmake".as_ref());
    command::run(
        cmake()
            .args(["-G", "Ninja", "-S"])
            .arg(&source)
            .arg("-B")
            .arg(folder.join("build"))
            .args(flags)
            .args([
                "-DCMAKE_BUILD_TYPE=Release",
                "-DBUILD_SHARED_LIBS=ON",
                "-DLLAMA_CURL=OFF",
                "-DLLAMA_OPENSSL=OFF",
                "-DLLAMA_BUILD_TESTS=OFF",
                "-DLLAMA_BUILD_EXAMPLES=OFF",
            ]),
    )?;
    command::run(
        cmake()
            .arg("--build")
            .arg(folder.join("build"))
            .arg("--target")
            .args(PROGRAMS)
            .args(VARIANTS.iter().map(|variant| format!("ggml-cpu-{variant}"))),
    )?;
    // Built along, whatever was asked for; its programs would take it first.
    let broken = programs(place).join("libggml-cpu-sapphirerapids.so");
    if broken.exists() {
        fs::remove_file(broken)?;
    }
    stamp::press(&seal, &key)?;
    Ok(Outcome::Done)
}
