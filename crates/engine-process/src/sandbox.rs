//! The engine locks itself in before it touches a model file: it reads that one file and the system's own, writes
//! nowhere, opens no socket and starts no program. Whatever a hostile file makes of it stays here.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "macos", test))]
mod profile;
#[cfg(windows)]
mod windows;

use std::path::Path;

use tandem_protocol::Confinement;

/// Locks this process in, for good. Before any thread was started; tells what this system enforces.
#[cfg(target_os = "linux")]
pub(crate) fn enter<'a>(models: impl Iterator<Item = &'a Path>) -> Confinement {
    // Files first: making rules opens their paths, and the filter of calls needs the promise not to gain rights that
    // comes with them.
    let files = files::restrict(models).unwrap_or_else(|error| {
        crate::fault::report("the system doesn't restrict files", &error);
        false
    });
    let network = calls::restrict().map_or_else(
        |error| {
            crate::fault::report("the system doesn't restrict calls", &error);
            false
        },
        |()| true,
    );
    Confinement {
        files,
        writes: files,
        network,
    }
}

/// Locks this process in, for good; tells what this system enforces.
#[cfg(target_os = "macos")]
pub(crate) fn enter<'a>(models: impl Iterator<Item = &'a Path>) -> Confinement {
    let done = macos::restrict(models)
        .inspect_err(|error| {
            crate::fault::report("the system doesn't restrict the engine", error);
        })
        .is_ok();
    Confinement {
        files: done,
        writes: done,
        network: done,
    }
}

/// Locks this process in, for good; tells what this system enforces.
#[cfg(windows)]
pub(crate) fn enter<'a>(_: impl Iterator<Item = &'a Path>) -> Confinement {
    let done = windows::restrict()
        .inspect_err(|error| {
            crate::fault::report("the system doesn't restrict the engine", error);
        })
        .is_ok();
    Confinement {
        writes: done,
        ..Confinement::default()
    }
}

/// Nothing: the host says so in its report.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) fn enter<'a>(_: impl Iterator<Item = &'a Path>) -> Confinement {
    Confinement::default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::{
        env, fs,
        io::ErrorKind,
        net::{TcpListener, TcpStream, UdpSocket},
        os::unix::net::{UnixListener, UnixStream},
        path::Path,
        process::Command,
    };

    use super::*;

    const FOLDER: &str = "TANDEM_SANDBOX_FOLDER";

    /// What a taken-over engine would try. Runs in a process of its own, since there is no way back.
    #[test]
    #[ignore = "started by the test below"]
    fn inside() {
        let folder = env::var(FOLDER).unwrap();
        let folder = Path::new(&folder);
        let address = fs::read_to_string(folder.join("address")).unwrap();
        let host: i32 = fs::read_to_string(folder.join("host"))
            .unwrap()
            .parse()
            .unwrap();
        let model = folder.join("model.gguf");
        let confinement = enter(std::iter::once(model.as_path()));
        assert_eq!(
            confinement,
            Confinement {
                files: true,
                writes: true,
                network: true
            }
        );

        // What it needs.
        assert_eq!(fs::read(folder.join("model.gguf")).unwrap(), b"weights");
        assert!(fs::read("/proc/cpuinfo").is_ok());
        assert!(fs::read_dir("/usr/lib").is_ok());
        assert_eq!(std::thread::spawn(|| 7).join().unwrap(), 7);

        // What it doesn't.
        let denied = |what: &str, result: std::io::Result<()>| {
            let kind = result.expect_err(what).kind();
            assert_eq!(kind, ErrorKind::PermissionDenied, "{what}");
        };
        denied("the vault", fs::read(folder.join("vault.db")).map(drop));
        denied("its folder", fs::read_dir(folder).map(drop));
        denied(
            "another's memory",
            fs::read(format!("/proc/{host}/maps")).map(drop),
        );
        denied(
            "writing the model",
            fs::write(folder.join("model.gguf"), "x"),
        );
        denied("a new file", fs::write(folder.join("new"), "x"));
        denied(
            "a temporary file",
            fs::write(env::temp_dir().join("tandem-sandbox"), "x"),
        );
        denied("removing", fs::remove_file(folder.join("vault.db")));
        denied("TCP", TcpStream::connect(&address).map(drop));
        denied("listening", TcpListener::bind("127.0.0.1:0").map(drop));
        denied("UDP", UdpSocket::bind("127.0.0.1:0").map(drop));
        denied(
            "a local socket",
            UnixStream::connect(folder.join("socket")).map(drop),
        );
        denied("a program", Command::new("/bin/true").status().map(drop));
        let kill = rustix::process::kill_process(
            rustix::process::Pid::from_raw(host).unwrap(),
            rustix::process::Signal::TERM,
        );
        denied("a signal", kill.map_err(Into::into));
        // A thread is no way out.
        std::thread::spawn(|| assert!(UdpSocket::bind("127.0.0.1:0").is_err()))
            .join()
            .unwrap();
    }

    #[test]
    fn a_taken_over_engine_reaches_nothing() {
        let folder = env::temp_dir().join(format!("tandem-sandbox-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let _local = UnixListener::bind(folder.join("socket")).unwrap();
        fs::write(folder.join("model.gguf"), "weights").unwrap();
        fs::write(folder.join("vault.db"), "secret").unwrap();
        fs::write(
            folder.join("address"),
            server.local_addr().unwrap().to_string(),
        )
        .unwrap();
        fs::write(folder.join("host"), std::process::id().to_string()).unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "sandbox::tests::inside",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER, &folder)
            .output()
            .unwrap();
        let kept = fs::read(folder.join("vault.db"));
        fs::remove_dir_all(&folder).unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("1 passed"), "{told}");
        assert_eq!(kept.unwrap(), b"secret");
    }
}
