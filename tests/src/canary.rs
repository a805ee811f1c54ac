//! Looks for a sentence in the clear, in every form that a program may have written it.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Result;

/// The files below `folder` that hold `sentence` in the clear, as UTF-8 or UTF-16.
pub fn hits(folder: &Path, sentence: &str) -> Result<Vec<PathBuf>> {
    let utf16: Vec<u16> = sentence.encode_utf16().collect();
    let forms = [
        sentence.as_bytes().to_vec(),
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
    ];
    let mut hits = vec![];
    for file in files(folder)? {
        let mut bytes = vec![];
        match fs::File::open(&file).and_then(|mut open| open.read_to_end(&mut bytes)) {
            Ok(_) => {}
            // Removed since it was listed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        }
        if forms.iter().any(|form| contains(&bytes, form)) {
            hits.push(file);
        }
    }
    Ok(hits)
}

/// All plain files below `folder`.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    memchr::memmem::find(bytes, form).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_sentence_is_found_in_each_form_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let wide: Vec<u8> = "secret".encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(folder.path().join("plain"), "a secret here").unwrap();
        fs::write(deep.join("wide"), wide).unwrap();
        fs::write(deep.join("other"), "nothing").unwrap();
        let mut names: Vec<_> = hits(folder.path(), "secret")
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["plain", "wide"]);
    }
}
