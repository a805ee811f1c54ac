//! A desktop of its own for one test: an X server without a screen, a session bus, a keyring, a home folder.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// A bus that starts nothing by itself: what is on it was put there.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Everything a session of a person consists of. Dropping it ends it all and removes the folder.
pub struct Desktop {
    folder: TempDir,
    display: String,
    bus: String,
    /// Ended in reverse order.
    children: Vec<Child>,
}

impl Desktop {
    /// Starts one with a screen of `width` × `height` pixels and an unlocked keyring.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut desktop = Self::without_keyring(width, height)?;
        desktop.add_keyring()?;
        Ok(desktop)
    }

    /// Starts one where no keyring answers.
    pub fn without_keyring(width: u32, height: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("desktop").tempdir()?;
        for name in ["home", "run", "tmp"] {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(folder.path().join(name))?;
        }
        let mut desktop = Self {
            folder,
            display: String::new(),
            bus: String::new(),
            children: vec![],
        };
        let screen = format!("{width}x{height}x24");
        let (xvfb, number) = first_line(desktop.command("Xvfb").args([
            "-displayfd",
            "1",
            "-nolisten",
            "tcp",
            "-screen",
            "0",
            &screen,
        ]))?;
        desktop.children.push(xvfb);
        desktop.display = format!(":{number}");
        let config = desktop.folder().join("bus.conf");
        let socket = desktop.folder().join("run/bus");
        fs::write(&config, BUS.replace("SOCKET", &socket.to_string_lossy()))?;
        let (bus, address) = first_line(
            desktop
                .command("dbus-daemon")
                .args(["--nofork", "--print-address=1", "--config-file"])
                .arg(config),
        )?;
        desktop.children.push(bus);
        desktop.bus = address;
        Ok(desktop)
    }

    fn add_keyring(&mut self) -> Result<()> {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("gnome-keyring-daemon")?;
        // Without a password there would be no keyring to unlock.
        let mut password = keyring.stdin.take().context("its input was asked for")?;
        password.write_all(b"of this test\n")?;
        drop(password);
        self.children.push(keyring);
        for _ in 0..100 {
            if self.has_secrets()? {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        bail!("the keyring did not come up")
    }

    /// Whether the keyring's name is on the bus.
    fn has_secrets(&self) -> Result<bool> {
        let reply = self
            .command("dbus-send")
            .args([
                "--session",
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus.NameHasOwner",
                "string:org.freedesktop.secrets",
            ])
            .output()
            .context("dbus-send")?;
        Ok(String::from_utf8_lossy(&reply.stdout).contains("true"))
    }

    /// A command in this session.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("XDG_") || name.starts_with("DBUS_") || name == "WAYLAND_DISPLAY" {
                command.env_remove(name);
            }
        }
        command
            .env("HOME", self.home())
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("GDK_BACKEND", "x11")
            .env("LANG", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1")
            // Xvfb has no DRI3.
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env("TANDEM_LOG", "trace");
        command
    }

    /// Moves the app's window to the corner of the screen and gives it a size, as its person would by dragging.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = [width.to_string(), height.to_string()];
        let status = self
            .command("xdotool")
            .args(["search", "--onlyvisible", "--class", "tandem-app"])
            .args(["windowmove", "0", "0", "windowsize", "--sync"])
            .args(size)
            .status()
            .context("xdotool")?;
        ensure!(status.success(), "the window could not be resized");
        Ok(())
    }

    /// Writes what the screen shows, from its corner, as a PNG. The browser engine's own pictures wait forever where
    /// nothing composes them.
    pub fn picture(&self, width: u32, height: u32, file: &Path) -> Result<()> {
        let status = self
            .command("import")
            .args(["-window", "root", "-crop"])
            .arg(format!("{width}x{height}+0+0"))
            .arg(file)
            .status()
            .context("import of ImageMagick")?;
        ensure!(status.success(), "the picture could not be taken");
        Ok(())
    }

    /// The person's home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Home, runtime and temporary folder: all that a program of this session may write to.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // One that is gone already needs nothing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a program that says on its first line where it is to be found.
fn first_line(command: &mut Command) -> Result<(Child, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{name} can't be started"))?;
    let mut line = String::new();
    let output = child.stdout.take().context("its output was asked for")?;
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.trim().is_empty(), "{name} did not come up");
    Ok((child, line.trim().to_owned()))
}
