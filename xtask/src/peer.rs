//! llama.cpp's own programs, built for this very processor from the source that a Python package carries: the peer
//! that the engine is measured against.

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

/// Where its programs lie.
pub(crate) fn folder(place: &Place) -> PathBuf {
    place.setup().join("peer")
}

/// Builds it once.
pub(crate) fn build(place: &Place) -> Result<Outcome> {
    let folder = folder(place);
    let seal = place.setup().join("stamps/peer");
    let key = format!("{VERSION} {SHA256} {PROGRAMS:?} no-amx");
    if stamp::holds(&seal, &key) && folder.join("bin").join(PROGRAMS[0]).is_file() {
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
    let cmake = || cargo::cargo_with(place, "cmake".as_ref());
    command::run(
        cmake()
            .args(["-G", "Ninja", "-S"])
            .arg(&source)
            .arg("-B")
            .arg(folder.join("build"))
            .args([
                "-DCMAKE_BUILD_TYPE=Release",
                "-DGGML_NATIVE=ON",
                // As the engine: GCC before 13 breaks what sets these instructions up.
                "-DCMAKE_CXX_FLAGS=-mno-amx-tile -mno-amx-int8 -mno-amx-bf16",
                "-DCMAKE_C_FLAGS=-mno-amx-tile -mno-amx-int8 -mno-amx-bf16",
                "-DBUILD_SHARED_LIBS=OFF",
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
            .args(PROGRAMS),
    )?;
    fs::create_dir_all(folder.join("bin"))?;
    for program in PROGRAMS {
        fs::copy(
            folder.join("build/bin").join(program),
            folder.join("bin").join(program),
        )?;
    }
    stamp::press(&seal, &key)?;
    Ok(Outcome::Done)
}
