//! Vulkan headers that are new enough for llama.cpp.
//!
//! Debian 12 carries 1.3.239, which lacks `vk::LayerSettingEXT`. The headers of a newer release of the
//! same distribution are taken from the machine's own mirror and unpacked beside the build; nothing is
//! installed, and the loader stays the system's.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::place::Place;
use crate::platform::{Platform, os_release};
use crate::report::Outcome;
use crate::source::{self, Source};

/// The oldest header revision of Vulkan 1.3 that llama.cpp's backend compiles with.
const OLDEST: u32 = 290;
/// The packages that hold headers.
const PACKAGES: [&str; 2] = ["libvulkan-dev", "spirv-headers"];

/// The folder of the newer headers.
fn overlay(place: &Place) -> PathBuf {
    place.setup().join("vulkan")
}

/// Fetches newer headers where the system's are too old.
pub(crate) fn headers(place: &Place) -> Result<Outcome> {
    if Platform::detect() != Some(Platform::Apt) {
        return Ok(Outcome::Already("the system's headers are used".into()));
    }
    if system_suffices(place) {
        return Ok(Outcome::Already(
            "the system's headers are new enough".into(),
        ));
    }
    let overlay = overlay(place);
    if is_whole(&overlay) {
        return Ok(Outcome::Already(
            "newer headers are unpacked already".into(),
        ));
    }
    let work = place.setup().join("vulkan-packages");
    let _ = fs::remove_dir_all(&work);
    let unpacked = download(&work)?;
    let fresh = place.setup().join("vulkan-new");
    let _ = fs::remove_dir_all(&fresh);
    lay_out(&unpacked, &fresh)?;
    let _ = fs::remove_dir_all(&overlay);
    fs::rename(&fresh, &overlay)?;
    fs::remove_dir_all(&work)?;
    if !is_whole(&overlay) {
        bail!(
            "the newer Vulkan headers are not whole; delete {} and run `cargo xtask setup` again",
            overlay.display()
        );
    }
    Ok(Outcome::Done)
}

/// The variables that make the build use the newer headers; none where the system's suffice.
pub(crate) fn variables(place: &Place) -> Vec<(&'static str, OsString)> {
    let overlay = overlay(place);
    if !cfg!(target_os = "linux") || system_suffices(place) || !is_whole(&overlay) {
        return Vec::new();
    }
    vec![
        ("VULKAN_SDK", overlay.clone().into_os_string()),
        (
            "CPLUS_INCLUDE_PATH",
            before("CPLUS_INCLUDE_PATH", &overlay.join("include")),
        ),
        ("CMAKE_PREFIX_PATH", before("CMAKE_PREFIX_PATH", &overlay)),
    ]
}

/// The folder before what the variable holds already, once.
fn before(variable: &str, folder: &Path) -> OsString {
    let held = std::env::var_os(variable).unwrap_or_default();
    let others =
        std::env::split_paths(&held).filter(|path| !path.as_os_str().is_empty() && path != folder);
    let all = std::iter::once(folder.to_path_buf()).chain(others);
    std::env::join_paths(all).unwrap_or_else(|_| folder.into())
}

/// Whether the person's own SDK, or else the system, has headers that are new enough.
fn system_suffices(place: &Place) -> bool {
    let own_sdk = std::env::var_os("VULKAN_SDK")
        .map(PathBuf::from)
        .filter(|sdk| *sdk != overlay(place));
    let include = own_sdk.map_or_else(|| PathBuf::from("/usr/include"), |sdk| sdk.join("include"));
    revision_of(&include).is_some_and(new_enough)
}

fn is_whole(overlay: &Path) -> bool {
    revision_of(&overlay.join("include")).is_some_and(new_enough)
        && overlay.join("include/spirv/unified1/spirv.hpp").is_file()
        && overlay.join("lib/libvulkan.so").exists()
}

fn revision_of(include: &Path) -> Option<(u32, u32)> {
    revision(&fs::read_to_string(include.join("vulkan/vulkan_core.h")).ok()?)
}

/// Minor version and revision of the header.
fn revision(header: &str) -> Option<(u32, u32)> {
    let after = |name: &str| {
        header.lines().find_map(|line| {
            line.strip_prefix("#define ")?
                .strip_prefix(name)?
                .strip_prefix(' ')
        })
    };
    let revision = after("VK_HEADER_VERSION")?.trim().parse().ok()?;
    let complete = after("VK_HEADER_VERSION_COMPLETE")?;
    let minor = complete.split(',').nth(2)?.trim().parse().ok()?;
    Some((minor, revision))
}

fn new_enough((minor, revision): (u32, u32)) -> bool {
    minor > 3 || (minor == 3 && revision >= OLDEST)
}

/// The release whose headers are taken, on the mirror that this machine uses for its own.
fn newer(sources: &[Source], own: &str, id: &str) -> Option<Source> {
    let suite = if id == "ubuntu" { "resolute" } else { "trixie" };
    let mirror = sources.iter().find(|source| source.suite == own)?;
    Some(Source {
        suite: suite.to_owned(),
        ..mirror.clone()
    })
}

/// Downloads the packages with lists and a cache of their own and unpacks them; gives the folder.
fn download(work: &Path) -> Result<PathBuf> {
    let id = os_release("ID").unwrap_or_default();
    let own =
        os_release("VERSION_CODENAME").context("/etc/os-release names no VERSION_CODENAME")?;
    let source = newer(&source::of_this_machine(), &own, &id).with_context(|| {
        format!("no apt source of this machine serves '{own}'; install Vulkan headers >= 1.3.{OLDEST} and set VULKAN_SDK")
    })?;
    for folder in ["lists/partial", "cache/archives/partial", "unpacked"] {
        fs::create_dir_all(work.join(folder))?;
    }
    let components = if id == "ubuntu" {
        "main universe"
    } else {
        "main"
    };
    let signed = source
        .signed_by
        .map(|key| format!("[signed-by={key}] "))
        .unwrap_or_default();
    fs::write(
        work.join("sources.list"),
        format!("deb {signed}{} {} {components}\n", source.uri, source.suite),
    )?;
    let at = work.display();
    // The hooks that other packages hang on `apt-get update` are for the system's own lists.
    let configuration = format!(
        "Dir::Etc::SourceList \"{at}/sources.list\";\nDir::Etc::SourceParts \"/dev/null\";\n\
         Dir::State::Lists \"{at}/lists\";\nDir::Cache \"{at}/cache\";\nAPT::Sandbox::User \"root\";\n\
         Acquire::Languages \"none\";\n#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n"
    );
    let file = work.join("apt.conf");
    fs::write(&file, configuration)?;
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.arg("-c").arg(&file).arg("-q").current_dir(work);
        apt
    };
    command::run(apt().arg("update"))
        .context("the newer release's lists were refused; try as root: apt-get install --only-upgrade debian-archive-keyring")?;
    command::run(apt().arg("download").args(PACKAGES))?;
    let unpacked = work.join("unpacked");
    for entry in work.read_dir()?.flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "deb")
        {
            command::run(
                Command::new("dpkg")
                    .arg("-x")
                    .arg(entry.path())
                    .arg(&unpacked),
            )?;
        }
    }
    Ok(unpacked)
}

/// Moves `usr/include` and `usr/share/cmake` into the shape of an SDK, with the system's loader in `lib`.
fn lay_out(unpacked: &Path, sdk: &Path) -> Result<()> {
    fs::create_dir_all(sdk.join("lib"))?;
    fs::create_dir_all(sdk.join("share"))?;
    fs::rename(unpacked.join("usr/include"), sdk.join("include"))?;
    fs::rename(unpacked.join("usr/share/cmake"), sdk.join("share/cmake"))?;
    let machine = unpacked
        .join("usr/lib")
        .read_dir()?
        .flatten()
        .map(|entry| entry.file_name())
        .find(|name| name.to_string_lossy().contains("linux"))
        .context("the package holds no libraries")?;
    let loader = Path::new("/usr/lib").join(machine).join("libvulkan.so.1");
    if !loader.exists() {
        bail!(
            "{} is missing; as root: apt-get install libvulkan1",
            loader.display()
        );
    }
    link(&loader, &sdk.join("lib/libvulkan.so"))
}

#[cfg(unix)]
fn link(original: &Path, name: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(original, name)?)
}

#[cfg(not(unix))]
fn link(original: &Path, name: &Path) -> Result<()> {
    fs::copy(original, name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_of_a_header_is_read() {
        let header = "// x\n#define VK_HEADER_VERSION 239\n#define VK_HEADER_VERSION_COMPLETE \
                      VK_MAKE_API_VERSION(0, 1, 3, VK_HEADER_VERSION)\n";
        assert_eq!(revision(header), Some((3, 239)));
        assert!(!new_enough((3, 239)));
        assert!(new_enough((3, 290)) && new_enough((4, 0)));
    }

    #[test]
    fn the_newer_release_comes_from_the_machine_s_own_mirror() {
        let at = |uri: &str, suite: &str| Source {
            uri: uri.into(),
            suite: suite.into(),
            signed_by: None,
        };
        let sources = [
            at("http://other.example", "stable"),
            at("http://mirror.example/debian", "bookworm"),
        ];
        assert_eq!(
            newer(&sources, "bookworm", "debian"),
            Some(at("http://mirror.example/debian", "trixie"))
        );
        assert_eq!(newer(&sources, "noble", "ubuntu"), None);
    }
}
