//! Downloads against a server on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use super::*;

const BODY: &[u8] = b"the whole file, byte for byte";

/// Serves the body to a number of requests, honoring ranges, and tells each request's range.
fn serve(requests: usize) -> Result<(String, mpsc::Receiver<Option<usize>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/file", listener.local_addr()?);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || -> Result<()> {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream?;
            let mut range = None;
            for line in BufReader::new(stream.try_clone()?).lines() {
                let line = line?.to_ascii_lowercase();
                if let Some(from) = line.strip_prefix("range: bytes=") {
                    range = from.trim_end_matches('-').parse().ok();
                }
                if line.is_empty() {
                    break;
                }
            }
            let start = range.unwrap_or(0);
            let (status, body) = if range.is_some() {
                ("206 Partial Content", &BODY[start..])
            } else {
                ("200 OK", BODY)
            };
            let place = format!(
                "Content-Range: bytes {start}-{}/{}\r\n",
                BODY.len() - 1,
                BODY.len()
            );
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{place}Connection: close\r\n\r\n",
                body.len()
            )?;
            stream.write_all(body)?;
            tell.send(range)?;
        }
        Ok(())
    });
    Ok((address, told))
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!(
        "tandem-xtask-download-{name}-{}",
        std::process::id()
    ));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn expected() -> Expected {
    Expected {
        sha256: digest::of(BODY),
        size: Some(BODY.len() as u64),
    }
}

#[test]
fn a_file_arrives_whole() -> Result<()> {
    let folder = folder("whole")?;
    let (address, _told) = serve(1)?;
    from(&address, &folder.join("file"), &expected())?;
    assert_eq!(fs::read(folder.join("file"))?, BODY);
    assert_eq!(folder.read_dir()?.count(), 1);
    Ok(fs::remove_dir_all(folder)?)
}

#[test]
fn a_part_is_continued() -> Result<()> {
    let folder = folder("part")?;
    fs::write(folder.join("file.part"), &BODY[..9])?;
    let (address, told) = serve(1)?;
    from(&address, &folder.join("file"), &expected())?;
    assert_eq!(told.recv()?, Some(9));
    assert_eq!(fs::read(folder.join("file"))?, BODY);
    Ok(fs::remove_dir_all(folder)?)
}

#[test]
fn a_wrong_file_is_refused_and_removed() -> Result<()> {
    let folder = folder("wrong")?;
    let (address, _told) = serve(1)?;
    let other = Expected {
        sha256: digest::of(b"another"),
        size: Some(BODY.len() as u64),
    };
    assert!(from(&address, &folder.join("file"), &other).is_err());
    assert_eq!(folder.read_dir()?.count(), 0);
    Ok(fs::remove_dir_all(folder)?)
}

#[test]
fn the_next_source_is_tried() -> Result<()> {
    let folder = folder("next")?;
    let (address, _told) = serve(1)?;
    let sources = ["http://127.0.0.1:1/gone".to_owned(), address];
    from_any(&sources, &folder.join("file"), &expected())?;
    Ok(fs::remove_dir_all(folder)?)
}

#[test]
fn only_https_leaves_the_machine() {
    assert!(protocol("https://example.org/x").is_ok_and(|only| only == "=https"));
    assert!(protocol("http://127.0.0.1:80/x").is_ok());
    for refused in [
        "http://example.org/x",
        "http://127.0.0.1@example.org/x",
        "http://127.0.0.1.example.org/",
        "ftp://x",
    ] {
        assert!(protocol(refused).is_err(), "{refused}");
    }
}
